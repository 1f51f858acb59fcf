"""Label Studio's own JSON, exported from projects that mic21 did not make.

Brush strokes come in to the pixel, polygons as drawn, upright rectangles as boxes. Of several annotations of a task the
one that was last changed comes in. What belongs to no region, such as choices, is left where it is.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlparse

import msgspec

from mic21.corpus.coco.document import BuiltDocument
from mic21.corpus.foreign.source import Source
from mic21.errors import GeometryError
from mic21.geometry import brush_to_rle

KINDS = ("brushlabels", "polygonlabels", "rectanglelabels")


class _Result(msgspec.Struct):
    value: dict[str, Any] = {}
    id: str | None = None
    original_width: int | None = None
    original_height: int | None = None

    @property
    def kind(self) -> str | None:
        return next((name for name in self.value if name.endswith("labels")), None)


class _Annotation(msgspec.Struct):
    result: list[_Result]
    was_cancelled: bool = False
    created_at: str = ""
    updated_at: str = ""


class _Task(msgspec.Struct):
    id: int
    data: dict[str, Any]
    annotations: list[_Annotation] = []


def read_labelstudio(source: Path, images: Path | None) -> Source:
    """Import Label Studio's JSON; photographs are looked for by the last part of their address."""
    read = Source(BuiltDocument(source.name))
    tasks = list(read.read(source, _Task))
    labels = {label for _, task in tasks for region in _regions(task) if (label := _label(region))}
    categories = {label: id for id, label in enumerate(sorted(labels), 1)}
    for label, id in categories.items():
        read.document.add("categories", {"id": id, "name": label})
    id = 0
    for place, task in tasks:
        address = _address(task)
        name = _file_name(address) if address else None
        size = next(((one.original_height or 0, one.original_width or 0) for one in _regions(task)), None)
        if name is None:
            read.problems.append(f"{place}.data: expected the address of an image, found {address or 'none'}")
        elif size is not None:
            record = {"id": task.id, "file_name": name, "height": size[0], "width": size[1]}
            read.document.add("images", record | {"address": address})
            for region in _regions(task):
                id += 1
                shape = _shape(read, f"{place}, region {region.id}", region)
                if shape:
                    record = {"id": id, "image_id": task.id, "category_id": categories[_label(region) or ""]}
                    read.document.add("annotations", record | shape | {"region": region.id})
    return read


def _regions(task: _Task) -> Iterator[_Result]:
    done = [one for one in task.annotations if not one.was_cancelled]
    if done:
        last = max(done, key=lambda one: one.updated_at or one.created_at)
        yield from (one for one in last.result if one.kind and one.original_width and one.original_height)


def _label(region: _Result) -> str | None:
    labels = region.value.get(region.kind or "") if region.kind in KINDS else None
    return str(labels[0]) if isinstance(labels, list) and labels else None


def _address(task: _Task) -> str | None:
    texts = [task.data.get("image"), *task.data.values()]
    return next((text for text in texts if isinstance(text, str) and ("/" in text or "." in text)), None)


def _file_name(address: str) -> str | None:
    try:
        parsed = urlparse(address)
    except ValueError:  # http://[x/
        return None
    return PurePosixPath(parse_qs(parsed.query).get("d", [parsed.path])[0]).name or None


def _shape(read: Source, place: str, region: _Result) -> dict[str, object] | None:
    """The segmentation or box of a region, or None after noting what is wrong with it."""
    height, width, value = region.original_height or 0, region.original_width or 0, region.value
    if region.kind not in KINDS:
        read.problems.append(f"{place}: expected a label of {', '.join(KINDS)}, found {region.kind}")
        return None
    if _label(region) is None:
        read.problems.append(f"{place}: expected a list of labels in {region.kind}, found {value[region.kind]!r}")
        return None
    if value.get("rotation"):
        read.problems.append(f"{place}: expected an upright rectangle, found one turned by {value['rotation']} degrees")
        return None
    try:
        if region.kind == "brushlabels":
            return {"segmentation": brush_to_rle(value["rle"], height, width).to_coco(), "iscrowd": 0}
        if region.kind == "polygonlabels":
            return {"segmentation": [_pixels(value["points"], height, width)]}
        return {"bbox": _pixels([[value["x"], value["y"]], [value["width"], value["height"]]], height, width)}
    except (GeometryError, KeyError, TypeError, ValueError) as error:
        read.problems.append(f"{place}: expected {region.kind}, found a value that is none: {error}")
        return None


def _pixels(points: list[list[float]], height: int, width: int) -> list[float]:
    """x, y, x, y … in pixels of points in percent."""
    return [number for x, y in points for number in (x * width / 100, y * height / 100)]
