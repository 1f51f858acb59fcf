"""Open Images: tables of masks and boxes, a picture a mask.

The folder holds the tables as they are downloaded, at any depth: `…class-descriptions….csv`,
`…object-segmentation.csv` with the pictures it names, `…annotations-bbox.csv`, and `…rotation….csv` for
licences and authors. Images get ids in the order of their names. A picture of a mask may be smaller than its
photograph; it is then made as large. A mask stands in place of the box that it was drawn in, which it names by its
corners (`BoxXMin` and so on), since the tables of boxes have no `BoxID`.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO, TypeVar

import numpy as np
from PIL import Image

from mic21.corpus.coco.document import BuiltDocument
from mic21.corpus.foreign.source import Source
from mic21.errors import CorpusError, UsageError
from mic21.geometry import bbox, mask_to_rle

_CORNERS = ("XMin", "XMax", "YMin", "YMax")
_SAME = 1e-5  # of the photograph's side: the tables of masks have fewer digits than those of boxes

Line = TypeVar("Line")
Row = dict[str, str]
Size = tuple[int, int]


def read_open_images(source: Path, images: Path | None) -> Source:
    """Import Open Images: its tables, masks and boxes; a mask stands in place of its own box.

    Raises:
        UsageError: no folder of photographs was given: the tables do not say how large they are.
        CorpusError: a table is missing, or lacks a column.
    """
    if images is None:
        raise UsageError("--images: expected the folder of the photographs, which alone say their size, found none")
    read = Source(BuiltDocument(source.name), "open-images")
    names = _names(source)
    masks = [row for path in sorted(source.rglob("*object-segmentation*.csv")) for row in _rows(read, path)]
    boxes = [row for path in sorted(source.rglob("*annotations-bbox*.csv")) for row in _rows(read, path)]
    boxes = _without_masks(boxes, masks)
    if not masks and not boxes and not read.problems:
        raise CorpusError(f"{source}: expected …object-segmentation.csv or …annotations-bbox.csv, found neither")
    image_ids, sizes = _add_images(read, source, images, {row["ImageID"] for row in [*masks, *boxes]})
    labels = sorted({row["LabelName"] for row in [*masks, *boxes]})
    categories = {label: id for id, label in enumerate(labels, 1)}
    for label, category_id in categories.items():
        read.document.add("categories", {"id": category_id, "name": names.get(label, label), "mid": label})
    pictures = {path.name: path for path in source.rglob("*.png")}
    for id, row in enumerate([*masks, *boxes], 1):
        name = row["ImageID"]
        if name not in sizes:
            continue  # said already of the photograph
        record = {"id": id, "image_id": image_ids[name], "category_id": categories[row["LabelName"]]}
        shape = _mask(read, row, pictures, sizes[name]) if "MaskPath" in row else _box(read, row, sizes[name])
        if shape:
            read.document.add("annotations", record | shape)
    return read


def _names(source: Path) -> dict[str, str]:
    """Label → name, from a table with a head or without one."""
    names: dict[str, str] = {}
    for path in sorted(source.rglob("*class-descriptions*.csv")):
        names |= {row[0]: row[1] for row in _lines(path, csv.reader) if len(row) == 2}
    return names


def _rows(read: Source, path: Path) -> Iterator[Row]:
    """The rows of a table that say of which image and label they are; the others become problems."""
    for number, row in enumerate(_lines(path, csv.DictReader), 1):
        if "ImageID" not in row or "LabelName" not in row:
            found = ", ".join(filter(None, row))
            raise CorpusError(f"{path}: expected columns ImageID and LabelName, found {found}")
        if row["ImageID"] and row["LabelName"]:
            yield row
        else:
            read.problems.append(f"{path.name}: row {number}: expected ImageID and LabelName, found none")


def _lines(path: Path, reader: Callable[[TextIO], Iterator[Line]]) -> Iterator[Line]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from reader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: expected a table in UTF-8, found: {error}") from error


def _without_masks(boxes: Sequence[Row], masks: Sequence[Row]) -> list[Row]:
    """The boxes that no mask was drawn in."""
    drawn: dict[tuple[str, str], list[list[float]]] = {}
    for row in masks:
        drawn.setdefault((row["ImageID"], row["LabelName"]), []).append(_corners(row, "Box"))
    return [
        row
        for row in boxes
        if not any(_is_same(_corners(row), mask) for mask in drawn.get((row["ImageID"], row["LabelName"]), ()))
    ]


def _corners(row: Row, prefix: str = "") -> list[float]:
    """Left, right, top and bottom of a box, from 0 to 1; none where the row does not say them."""
    try:
        return [float(row[f"{prefix}{name}"]) for name in _CORNERS]
    except (KeyError, TypeError, ValueError):
        return []


def _is_same(one: list[float], other: list[float]) -> bool:
    return bool(one and other) and all(abs(a - b) < _SAME for a, b in zip(one, other, strict=True))


def _add_images(
    read: Source, source: Path, images: Path, wanted: set[str]
) -> tuple[Mapping[str, int], Mapping[str, Size]]:
    """Add the images; gives their ids, and the height and width of those that are there."""
    about: dict[str, Row] = {}
    for path in sorted(source.rglob("*rotation*.csv")):
        about |= {row["ImageID"]: row for row in _lines(path, csv.DictReader) if row.get("ImageID") in wanted}
    addresses = sorted({row.get("License") or "" for row in about.values()} - {""})
    licenses = {address: id for id, address in enumerate(addresses, 1)}
    for address, id in licenses.items():
        read.document.add("licenses", {"id": id, "name": "", "url": address})
    ids, sizes = {}, {}
    for id, name in enumerate(sorted(wanted), 1):
        ids[name] = id
        try:
            with Image.open(images / f"{name}.jpg") as photograph:
                width, height = photograph.size
        except OSError as error:
            read.problems.append(f"{images.name}/{name}.jpg: expected the photograph of {name}, found none ({error})")
            continue
        sizes[name] = (height, width)
        row = about.get(name, {})
        texts = {"author": row.get("Author"), "source_url": row.get("OriginalLandingURL"), "title": row.get("Title")}
        record: dict[str, object] = {"id": id, "file_name": f"{name}.jpg", "width": width, "height": height}
        record |= {field: text for field, text in texts.items() if text}
        license = licenses.get(row.get("License") or "")
        read.document.add("images", record | ({"license": license} if license else {}))
    return ids, sizes


def _mask(read: Source, row: Row, pictures: Mapping[str, Path], size: Size) -> dict[str, object] | None:
    path = pictures.get(row["MaskPath"])
    if path is None:
        read.problems.append(f"{row['MaskPath']}: expected the picture of a mask, found none")
        return None
    try:
        with Image.open(path) as picture:
            mask = picture.convert("1").resize(size[::-1], Image.Resampling.NEAREST)
    except OSError as error:
        read.problems.append(f"{row['MaskPath']}: expected the picture of a mask, found: {error}")
        return None
    rle = mask_to_rle(np.asarray(mask))
    return {"segmentation": rle.to_coco(), "bbox": list(bbox(rle)), "iscrowd": 0, "box_id": row.get("BoxID", "")}


def _box(read: Source, row: Row, size: Size) -> dict[str, object] | None:
    height, width = size
    if not (corners := _corners(row)):
        found = ", ".join(f"{row.get(name)}" for name in _CORNERS)
        read.problems.append(f"box of {row['LabelName']} in {row['ImageID']}: expected four numbers, found {found}")
        return None
    left, right, top, bottom = corners
    box = [left * width, top * height, (right - left) * width, (bottom - top) * height]
    return {"bbox": [round(number, 2) for number in box], "iscrowd": int(row.get("IsGroupOf") == "1")}
