"""A small release whose captions can be learnt: coloured shapes, and what each is beside."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mic21.captioner.encoders import Encoded, Mask, Pixels
from mic21.captioner.features import write_features
from mic21.captioner.pooling import pool
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.ontology import Ontology
from mic21.release.build import build_release
from mic21.release.reader import Release

COLOURS = {
    "red": ((220, 30, 30), "Червено"),
    "green": ((30, 200, 30), "Зелено"),
    "blue": ((40, 60, 230), "Синьо"),
    "yellow": ((230, 220, 40), "Жълто"),
}
THINGS = {"dog": "куче", "cat": "котка", "horse": "кон"}
_SIZE = (64, 48)


class ColourEncoder:
    """Sees colours: an encoder whose features are known, and made in no time."""

    name = "colour"
    side = 2
    grid_dim = object_dim = 4
    signature = "colour 1"

    def encode(self, image: Pixels, masks: Sequence[Mask]) -> Encoded:
        """Mean red, green and blue, 0 to 1, and one."""
        channels = np.concatenate([image / 255, np.ones((*image.shape[:2], 1))], axis=2)
        return pool(channels.transpose(2, 0, 1).astype(np.float32), masks, self.side)


def make_release(folder: Path, images: int, *, seed: int = 21, twice: bool = True) -> Release:
    """A release of pictures with one or two coloured animals, and captions in English and Bulgarian."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    ontology = Ontology.load()
    records: dict[str, list[dict[str, object]]] = {"images": [], "annotations": [], "captions": []}
    for id in range(1, images + 1):
        picture = Image.fromarray(random.integers(0, 90, (6, 8, 3), dtype=np.uint8)).resize(_SIZE)
        chosen = [(str(random.choice([*COLOURS])), str(random.choice([*THINGS]))) for _ in range(random.integers(1, 3))]
        for place, (colour, thing) in enumerate(chosen):
            left, top = 4 + 30 * place, int(random.integers(2, 20))
            box = [left, top, left + 24, top + 22]
            ImageDraw.Draw(picture).rectangle(box, fill=COLOURS[colour][0])
            x, y, right, bottom = box
            polygon = [x, y, right + 1, y, right + 1, bottom + 1, x, bottom + 1]
            records["annotations"].append(
                {
                    "id": len(records["annotations"]) + 1,
                    "image_id": id,
                    "category_id": ontology[thing].id,
                    "segmentation": [polygon],
                    "bbox": [x, y, 25, 23],
                    "area": 575.0,
                    "iscrowd": 0,
                }
            )
        picture.save(folder / f"{id}.png")
        records["images"].append(
            {"id": id, "file_name": f"{id}.png", "width": _SIZE[0], "height": _SIZE[1], "license": 1}
        )
        english = " and ".join(f"a {colour} {thing}" for colour, thing in chosen)
        bulgarian = " и ".join(f"{COLOURS[colour][1].lower()} {THINGS[thing]}" for colour, thing in chosen)
        texts = [("en", "title", english), ("bg", "title", bulgarian)]
        texts += [("en", "description", f"There is {english} here.")] if twice else []
        for language, kind, text in texts:
            caption = {"id": len(records["captions"]) + 1, "image_id": id, "caption": text}
            records["captions"].append(caption | {"language": language, "kind": kind})
    used = sorted({annotation["category_id"] for annotation in records["annotations"]})  # type: ignore[type-var]
    shared = {
        "images": records["images"],
        "licenses": [{"id": 1, "name": "CC0-1.0", "url": ""}],
        "categories": [{"id": id, "name": ontology.by_id(id).key} for id in used],  # type: ignore[arg-type]
    }
    (folder / "instances.json").write_text(json.dumps(shared | {"annotations": records["annotations"]}))
    (folder / "captions.json").write_text(json.dumps(shared | {"annotations": records["captions"]}))
    corpus = Corpus.create(folder / "corpus")
    import_coco(corpus, folder / "instances.json", images=folder, captions=folder / "captions.json")
    build_release(corpus, folder / "release", version="1.0.0")
    return Release(folder / "release")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """60 pictures."""
    return make_release(tmp_path_factory.mktemp("captioner") / "made", 60)


@pytest.fixture(scope="session")
def features(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their features in two views."""
    folder = tmp_path_factory.mktemp("captioner") / "features"
    write_features(release, ColourEncoder(), folder, views=2)
    return folder
