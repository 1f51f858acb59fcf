"""Photographs of a release as examples to learn from, and as the ground truth of an evaluation."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from mic21.drafts.finetune import Example
from mic21.errors import GeometryError, ReleaseError
from mic21.geometry import rle_to_mask, segmentation_to_rle
from mic21.networks.pixels import to_rgb
from mic21.release.reader import Release

_LONGEST = 1333  # pixels of the longer side, which detectors scale what they get to


@dataclass(frozen=True, slots=True)
class Sample:
    """A photograph of a release, still encoded, its image record, and those of its annotations that are learnt from."""

    image_bytes: bytes
    record: Mapping[str, Any]
    annotations: Sequence[Mapping[str, Any]]

    @property
    def image(self) -> Image.Image:
        """The photograph, decoded anew at each call."""
        return Image.open(io.BytesIO(self.image_bytes))


def read_samples(release: Release, subdomain: str, split: str) -> list[Sample]:
    """The photographs of a subdomain, still encoded, with the annotations whose category the ontology has.

    Their `category_id` is the ontology's, where an import brought another.
    """
    keys = {row["id"]: row["key"] for row in release.categories().to_pylist() if row["key"]}
    ids = {id: release.ontology[key].id for id, key in keys.items()}
    return [
        Sample(
            sample.image_bytes,
            sample.record,
            [_linked(one, ids) for one in sample.annotations if one["category_id"] in ids],
        )
        for sample in release.samples(split)
        if sample.record.get("subdomain") == subdomain
    ]


def _linked(annotation: Mapping[str, Any], ids: Mapping[int, int]) -> dict[str, Any]:
    return {**annotation, "category_id": ids[annotation["category_id"]]}


def objects(sample: Sample) -> list[Mapping[str, Any]]:
    """The annotations that can be learnt from: crowds have no instances."""
    return [annotation for annotation in sample.annotations if not annotation.get("iscrowd")]


def to_example(sample: Sample, class_of: Mapping[int, int], *, flipped: bool = False) -> Example:
    """A photograph with its objects, made smaller where its longer side is above 1,333 pixels.

    Args:
        sample: of a release.
        class_of: id of a category → its class; annotations of other categories are left out.
        flipped: whether left becomes right.

    Raises:
        ReleaseError: a mask is malformed.
    """
    image = Image.fromarray(to_rgb(sample.image))
    width, height = image.size
    scale = min(1.0, _LONGEST / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    masks, classes = [], []
    for annotation in objects(sample):
        if annotation["category_id"] not in class_of:
            continue
        try:
            mask = rle_to_mask(segmentation_to_rle(annotation["segmentation"], height, width)).view(np.uint8)
        except GeometryError as error:
            raise ReleaseError(f"image {sample.record['id']}, annotation {annotation['id']}: {error}") from error
        if size != image.size:
            mask = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        if mask.any():
            masks.append(mask)
            classes.append(class_of[annotation["category_id"]])
    pixels = np.asarray(image.resize(size, Image.Resampling.BILINEAR) if size != image.size else image)
    stacked = np.stack(masks) if masks else np.zeros((0, size[1], size[0]), np.uint8)
    if flipped:
        pixels, stacked = pixels[:, ::-1].copy(), stacked[:, :, ::-1].copy()
    return Example(pixels, stacked, _boxes(stacked), np.array(classes, np.int64))


def _boxes(masks: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    boxes = np.zeros((len(masks), 4), np.float32)
    for box, mask in zip(boxes, masks, strict=True):
        xs, ys = mask.any(0).nonzero()[0], mask.any(1).nonzero()[0]
        box[:] = xs[0], ys[0], xs[-1] + 1, ys[-1] + 1
    return boxes


def write_truth(path: Path, samples: Sequence[Sample], category_keys: Mapping[int, str]) -> None:
    """Write the COCO file that predictions on these photographs are measured against, crowds included.

    Args:
        path: of the file.
        samples: of a release.
        category_keys: id → key of the categories that count.
    """
    truth = {
        "images": [{name: sample.record[name] for name in ("id", "width", "height")} for sample in samples],
        "categories": [{"id": id, "name": key, "key": key} for id, key in category_keys.items()],
        "annotations": [
            annotation
            for sample in samples
            for annotation in sample.annotations
            if annotation["category_id"] in category_keys
        ],
    }
    path.write_bytes(msgspec.json.encode(truth))
