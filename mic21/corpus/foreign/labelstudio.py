"""Label Studio's own JSON, exported from projects that mic21 did not make.

Brush strokes come in to the pixel, polygons as drawn, upright rectangles as boxes. Of several annotations of a task the
one that was last changed comes in. What belongs to no region, such as choices, is left where it is. The size of an
image is known from its regions, or else from its photograph.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlparse

import msgspec
from PIL import Image, ImageOps

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
    labels = {label for _, task in tasks for region in _regions(task) or () if (label := _label(region))}
    categories = {label: id for id, label in enumerate(sorted(labels), 1)}
    for label, id in categories.items():
        read.document.add("categories", {"id": id, "name": label})
    id = 0
    for place, task in tasks:
        regions, address = _regions(task), _address(task)
        name = _file_name(address) if address else None
        if regions is None:
            read.left_out["tasks that nobody answered"] += 1
        elif name is None:
            read.problems.append(f"{place}.data: expected the address of an image, found {address or 'none'}")
        elif (size := _size(regions, images, name)) is None:
            read.problems.append(f"{place}: expected a region or a photograph that says the image's size, found none")
        else:
            record = {"id": task.id, "file_name": name, "height": size[0], "width": size[1]}
            read.document.add("images", record | {"address": address})
            for region in regions:
                id += 1
                shape = _shape(read, f"{place}, region {region.id}", region, size)
                if shape:
                    record = {"id": id, "image_id": task.id, "category_id": categories[_label(region) or ""]}
                    read.document.add("annotations", record | shape | {"region": region.id})
    return read


def _regions(task: _Task) -> list[_Result] | None:
    """The regions of the annotation that was last changed, none where it says that there are none; None without one."""
    done = [one for one in task.annotations if not one.was_cancelled]
    if not done:
        return None
    last = max(done, key=lambda one: one.updated_at or one.created_at)
    return [one for one in last.result if one.kind]


def _size(regions: Sequence[_Result], images: Path | None, file_name: str) -> tuple[int, int] | None:
    """Height and width of an image, or None where nothing says them."""
    for one in regions:
        if one.original_height and one.original_width:
            return one.original_height, one.original_width
    if images is None:
        return None
    try:
        with Image.open(images / file_name) as photograph:
            upright = ImageOps.exif_transpose(photograph)
            return upright.height, upright.width
    except OSError:
        return None  # said of the task, as of one without a photograph


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


def _shape(read: Source, place: str, region: _Result, size: tuple[int, int]) -> dict[str, object] | None:
    """The segmentation or box of a region, or None after noting what is wrong with it."""
    (height, width), value = size, region.value
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
