"""A release of generated scenes: shapes on textured ground, whose masks are known to the pixel."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.geometry import mask_to_rle
from mic21.release.build import build_release
from mic21.release.reader import Release

SIZE = 128
SHAPES = ("chess_clock", "chessboard")  # a disk, a square
COLOURS = ((210, 60, 60), (60, 80, 210))


def build(folder: Path, images: int, seed: int = 21) -> Release:
    """A release of `images` scenes of the subdomain chess, one to three shapes each."""
    random = np.random.default_rng(seed)
    (folder / "scenes").mkdir(parents=True)
    records, annotations = [], []
    for id in range(1, images + 1):
        pixels, masks = scene(random)
        Image.fromarray(pixels).save(folder / "scenes" / f"{id}.png")
        records.append({"id": id, "file_name": f"{id}.png", "width": SIZE, "height": SIZE, "license": 1})
        for shape, mask in masks:
            rle = mask_to_rle(mask)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": id,
                    "category_id": shape + 1,
                    "segmentation": rle.to_coco(),
                    "area": int(mask.sum()),
                    "bbox": _bbox(mask),
                    "iscrowd": 0,
                }
            )
    document = {
        "licenses": [{"id": 1, "name": "CC0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}],
        "images": records,
        "categories": [{"id": number, "name": key, "key": key} for number, key in enumerate(SHAPES, 1)],
        "annotations": annotations,
    }
    (folder / "instances.json").write_text(json.dumps(document))
    corpus = Corpus.create(folder / "corpus")
    import_coco(corpus, folder / "instances.json", images=folder / "scenes", subdomain="chess")
    build_release(corpus, folder / "release", version="1.0.0")
    return Release(folder / "release")


def scene(random: np.random.Generator) -> tuple[npt.NDArray[np.uint8], list[tuple[int, npt.NDArray[np.bool_]]]]:
    """Pixels, and for each shape which it is and where it can be seen; later shapes lie over earlier ones."""
    coarse = random.integers(60, 196, (8, 8, 3), dtype=np.uint8)
    ground = np.asarray(Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC)).astype(float)
    pixels = ground + random.normal(0, 12, ground.shape)
    ys, xs = np.mgrid[:SIZE, :SIZE]
    seen: list[tuple[int, npt.NDArray[np.bool_]]] = []
    for _ in range(random.integers(1, 4)):
        shape, radius = int(random.integers(len(SHAPES))), random.integers(10, 25)
        x, y = random.integers(radius, SIZE - radius, 2)
        within = np.hypot(xs - x, ys - y) if shape == 0 else np.maximum(abs(xs - x), abs(ys - y))
        mask = within <= radius
        pixels[mask] = random.choice([[230, 40, 40], [40, 200, 60], [50, 60, 230]]) + random.normal(
            0, 12, (mask.sum(), 3)
        )
        seen = [(before, earlier & ~mask) for before, earlier in seen] + [(shape, mask)]
    visible = [(shape, mask) for shape, mask in seen if mask.sum() >= 60]
    return pixels.clip(0, 255).astype(np.uint8), visible


def _bbox(mask: npt.NDArray[np.bool_]) -> list[int]:
    xs, ys = mask.any(0).nonzero()[0], mask.any(1).nonzero()[0]
    return [int(value) for value in (xs[0], ys[0], xs[-1] - xs[0] + 1, ys[-1] - ys[0] + 1)]
