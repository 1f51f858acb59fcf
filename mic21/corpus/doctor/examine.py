"""Checks of a COCO file as it lies there: the docstring of a check is its message, and a check proposes what to change.

A code that begins with E breaks readers or falsifies figures; one that begins with W is for a person to look at.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from mic21.corpus.coco.document import CocoDocument
from mic21.corpus.doctor.record import Record, id_key, id_number, unusable, whole_numbers
from mic21.errors import GeometryError
from mic21.geometry import (
    Rle,
    area,
    bbox,
    intersection,
    mask_to_rle,
    merge,
    polygons_to_rle,
    rle_to_mask,
    segmentation_to_rle,
)

PARTS = ("images", "categories", "annotations")
_UNUSABLE = "The record lacks what every reader needs."
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


@dataclass(frozen=True, slots=True)
class Change:
    """How to mend a record: fields to set, or the record to leave out."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: of the check, such as `E306`.
        message: what the check looks for.
        part: `images`, `categories` or `annotations`.
        index: of the record in that part, from 0 up.
        found: what stands there.
        change: how to mend it; None where only a person can tell.
    """

    code: str
    message: str
    part: str
    index: int
    found: str
    change: Change | None

    @property
    def place(self) -> str:
        """Path of the record in the file, such as `annotations[3]`."""
        return f"{self.part}[{self.index}]"

    @property
    def is_error(self) -> bool:
        """Whether it breaks readers or falsifies figures."""
        return self.code.startswith("E")


Found = Iterator[tuple[str, Change | None]]


@dataclass(slots=True)
class Context:
    """What checks look things up in."""

    folder: Path | None
    synset_exists: Callable[[str], bool] | None
    counts: Mapping[str, int]
    image_ids: dict[int, int] = field(default_factory=dict)
    unusable_images: set[int | str | None] = field(default_factory=set)  # ids of image records that fail E001
    knows_all_images: bool = True  # no image record has an id that nobody can read
    sizes: dict[int | str | None, tuple[int, int]] = field(default_factory=dict)
    file_names: set[str] = field(default_factory=set)
    category_ids: set[int] = field(default_factory=set)
    category_names: dict[str, int] = field(default_factory=dict)
    annotation_ids: set[int] = field(default_factory=set)
    shapes: set[int] = field(default_factory=set)
    last_id: dict[str, int] = field(default_factory=dict)
    mask: Rle | str | None = None  # of the annotation that is looked at, or what is wrong with it


def _image_id_doubled(index: int, image: Record, context: Context) -> Found:
    """Another image has the same id: nobody can tell whose the annotations are."""
    first = context.image_ids.setdefault(image["id"], index)
    if first != index:
        yield f"{image['id']}, as images[{first}]", None


def _ids_sparse(index: int, image: Record, context: Context) -> Found:
    """The largest id is over a hundred times the number of images: tables indexed by id are mostly empty."""
    count = context.counts["images"]
    if image["id"] == context.last_id["images"] and image["id"] > 1_000_000 and image["id"] > 100 * count:
        yield f"{image['id']} with {count} images", None


def _file_name_doubled(index: int, image: Record, context: Context) -> Found:
    """Another image has the same file."""
    if image.get("file_name") in context.file_names:
        yield str(image["file_name"]), None
    context.file_names.add(str(image.get("file_name")))


def _file_missing(index: int, image: Record, context: Context) -> Found:
    """The photograph is missing, or is no picture."""
    if context.folder is not None and _size(context.folder / str(image.get("file_name"))) is None:
        yield str(image.get("file_name")), None


def _size_turned(index: int, image: Record, context: Context) -> Found:
    """Width and height are swapped: the photograph is turned by its EXIF orientation, and one of the two was not."""
    real = _size(context.folder / str(image.get("file_name"))) if context.folder else None
    if real and (image["width"], image["height"]) != real[0] and (image["height"], image["width"]) == real[0]:
        turned = "by EXIF" if real[1] else "without EXIF"
        change = None if real[1] else Change({"width": real[0][0], "height": real[0][1]})
        yield f"{image['width']}×{image['height']}, the picture {real[0][0]}×{real[0][1]} ({turned})", change


def _size_wrong(index: int, image: Record, context: Context) -> Found:
    """Width and height are not the photograph's."""
    real = _size(context.folder / str(image.get("file_name"))) if context.folder else None
    if real and sorted((image["width"], image["height"])) != sorted(real[0]):
        yield f"{image['width']}×{image['height']}, the picture {real[0][0]}×{real[0][1]}", None


def _category_id_doubled(index: int, category: Record, context: Context) -> Found:
    """Another category has the same id."""
    if category["id"] in context.category_ids:
        yield str(category["id"]), None
    context.category_ids.add(category["id"])


def _category_name_doubled(index: int, category: Record, context: Context) -> Found:
    """Another category has the same name."""
    first = context.category_names.setdefault(str(category.get("name")), index)
    if first != index:
        yield f"{category.get('name')}, as categories[{first}]", None


def _name_not_nfc(index: int, category: Record, context: Context) -> Found:
    """The name is not in Unicode's normal form C: the same word does not equal itself."""
    name = str(category.get("name"))
    if not unicodedata.is_normalized("NFC", name):
        yield name, Change({"name": unicodedata.normalize("NFC", name)})


def _synset_dead(index: int, category: Record, context: Context) -> Found:
    """WordNet 3.0 has no such synset."""
    synset = category.get("synset")
    if isinstance(synset, str) and synset and context.synset_exists and not context.synset_exists(synset):
        yield f"{synset} of {category.get('name')}", None


def _annotation_id_doubled(index: int, annotation: Record, context: Context) -> Found:
    """The id is no number, or another annotation has it: readers keep one of the two."""
    id = annotation.get("id")
    if type(id) is not int or id in context.annotation_ids:
        context.last_id["annotations"] += 1
        yield str(id), Change({"id": context.last_id["annotations"]})
    else:
        context.annotation_ids.add(id)


def _image_unknown(index: int, annotation: Record, context: Context) -> Found:
    """The image of the annotation is not in the file."""
    id = id_key(annotation, "image_id")
    if id is None or (id not in context.image_ids and id not in context.unusable_images):
        is_lost = type(id) is int and context.knows_all_images
        yield str(annotation.get("image_id")), Change(drops=True) if is_lost else None


def _category_unknown(index: int, annotation: Record, context: Context) -> Found:
    """The category of the annotation is not in the file."""
    if "caption" not in annotation and id_key(annotation, "category_id") not in context.category_ids:
        yield str(annotation.get("category_id")), None


def _segmentation_broken(index: int, annotation: Record, context: Context) -> Found:
    """The segmentation cannot be made a mask of the image's size."""
    if isinstance(context.mask, str):
        polygons, size = annotation["segmentation"], context.sizes[annotation["image_id"]]
        good = [one for one in polygons if isinstance(_mask([one], size), Rle)] if isinstance(polygons, list) else []
        yield context.mask, Change({"segmentation": good}) if good else None


def _mask_empty(index: int, annotation: Record, context: Context) -> Found:
    """The segmentation covers no pixel."""
    if isinstance(context.mask, Rle) and not area(context.mask):
        yield f"image {annotation['image_id']}", None


def _box_differs(index: int, annotation: Record, context: Context) -> Found:
    """The box differs from the mask's by more than 2 pixels."""
    box = annotation.get("bbox")
    if isinstance(context.mask, Rle) and area(context.mask):
        measured = bbox(context.mask)
        if not _is_near(box, measured):
            yield f"{box} instead of {list(measured)}", Change({"bbox": list(measured)})


def _area_differs(index: int, annotation: Record, context: Context) -> Found:
    """The area differs from the mask's by more than a tenth and 20 pixels."""
    if isinstance(context.mask, Rle) and area(context.mask):
        measured, given = area(context.mask), annotation.get("area")
        if not isinstance(given, int | float) or abs(given - measured) > 20 + measured / 10:
            # Where a hole was filled the area that is given may be the right one, and the mask is not.
            filled = isinstance(given, int | float) and given < measured
            yield f"{given} instead of {measured} pixels", None if filled else Change({"area": float(measured)})


def _crowd_misused(index: int, annotation: Record, context: Context) -> Found:
    """A crowd has polygons, or `iscrowd` is neither 0 nor 1: COCO's crowds are run lengths."""
    crowd = annotation.get("iscrowd", 0)
    if crowd not in (0, 1):
        yield f"iscrowd {crowd!r}", None
    elif crowd == 1 and isinstance(annotation.get("segmentation"), list) and isinstance(context.mask, Rle):
        yield "iscrowd 1 with polygons", Change({"segmentation": context.mask.to_coco()})


def _hole_filled(index: int, annotation: Record, context: Context) -> Found:
    """A polygon lies inside another of the same object: it may be a hole, which readers fill."""
    polygons = annotation.get("segmentation")
    if not isinstance(polygons, list) or len(polygons) < 2 or not isinstance(context.mask, Rle):
        return
    size = context.sizes[annotation["image_id"]]
    masks = dict.fromkeys(polygons_to_rle([one], *size) for one in polygons)  # a part that is there twice is no hole
    parts = sorted(masks, key=area, reverse=True)
    whole, holes = parts[0], 0
    for part in parts[1:]:
        if area(part) and area(intersection([whole, part])) == area(part):
            whole, holes = mask_to_rle(rle_to_mask(whole) & ~rle_to_mask(part)), holes + 1
        else:
            whole = merge([whole, part])
    if holes:
        fields = {"segmentation": whole.to_coco(), "bbox": list(bbox(whole)), "area": float(area(whole))}
        is_hole = _is_without_holes(annotation.get("area"), area(whole), area(context.mask))
        yield f"{holes} of {len(polygons)} polygons", Change(fields) if is_hole else None


def _doubled(index: int, annotation: Record, context: Context) -> Found:
    """Another annotation of the image has the same category and the same shape."""
    shape = annotation.get("segmentation") or annotation.get("bbox")
    if not shape or "caption" in annotation:
        return
    key = hash(msgspec.json.encode([annotation.get("image_id"), annotation.get("category_id"), shape]))
    if key in context.shapes:
        yield f"image {annotation.get('image_id')}", Change(drops=True)
    context.shapes.add(key)


def _caption_not_nfc(index: int, annotation: Record, context: Context) -> Found:
    """The caption is not in Unicode's normal form C."""
    caption = annotation.get("caption")
    if isinstance(caption, str) and not unicodedata.is_normalized("NFC", caption):
        yield caption, Change({"caption": unicodedata.normalize("NFC", caption)})


Check = Callable[[int, Record, Context], Found]

CHECKS: dict[str, dict[str, Check]] = {
    "images": {
        "E101": _image_id_doubled,
        "W102": _ids_sparse,
        "W103": _file_name_doubled,
        "E104": _file_missing,
        "E105": _size_turned,
        "E106": _size_wrong,
    },
    "categories": {
        "E201": _category_id_doubled,
        "W202": _category_name_doubled,
        "W203": _name_not_nfc,
        "E204": _synset_dead,
    },
    "annotations": {
        "E301": _annotation_id_doubled,
        "E302": _image_unknown,
        "E303": _category_unknown,
        "E304": _segmentation_broken,
        "W305": _mask_empty,
        "E306": _box_differs,
        "W307": _area_differs,
        "E308": _crowd_misused,
        "E309": _hole_filled,
        "W310": _doubled,
        "W311": _caption_not_nfc,
    },
}


def examine(
    path: str | Path, *, images: str | Path | None = None, synset_exists: Callable[[str], bool] | None = None
) -> list[Finding]:
    """Everything that is wrong with a COCO file, ordered by part, record and code.

    Args:
        path: the file.
        images: folder of the photographs; without it nothing is said of them.
        synset_exists: says whether a synset of a category, offset or name, is one; without it nothing is said of them.

    Raises:
        CorpusError: the file is not there, or no COCO file.
    """
    doc = CocoDocument(Path(path))
    raws = {part: doc.records(part) for part in PARTS}
    context = Context(
        Path(images) if images is not None else None, synset_exists, {part: len(raws[part]) for part in PARTS}
    )
    findings = []
    for part in PARTS:
        context.last_id[part] = max((id_number(raw) for raw in raws[part]), default=0)
        for index, raw in enumerate(raws[part]):
            record = msgspec.json.decode(raw)
            whole = whole_numbers(part, record)
            if whole:
                written = ", ".join(f"{record[name]} in {name}" for name in whole)
                findings.append(Finding("E001", _UNUSABLE, part, index, written, Change(whole)))
                record |= whole
            problem = unusable(part, record)
            if problem:
                findings.append(Finding("E001", _UNUSABLE, part, index, problem, None))
                if part == "images":
                    context.unusable_images.add(id_key(record))
                    context.knows_all_images &= type(id_key(record)) is int
                continue
            if part == "images":
                context.sizes[record["id"]] = (record["height"], record["width"])
            if part == "annotations":
                context.mask = _mask(record.get("segmentation"), context.sizes.get(id_key(record, "image_id")))
            for code, check in CHECKS[part].items():
                for found, change in check(index, record, context):
                    findings.append(Finding(code, (check.__doc__ or "").strip(), part, index, found, change))
    return findings


def _mask(segmentation: Any, size: tuple[int, int] | None) -> Rle | str | None:
    if not segmentation or size is None:
        return None
    try:
        return segmentation_to_rle(segmentation, *size)
    except (GeometryError, TypeError) as error:
        return str(error)


def _is_without_holes(given: Any, without: int, filled: int) -> bool:
    """Whether the area that is given is clearly the one without the holes, which alone tells holes from parts."""
    is_number = isinstance(given, int | float) and given > 0
    return is_number and abs(given - without) <= min(without, filled - without) / 4


def _is_near(box: Any, measured: tuple[float, float, float, float]) -> bool:
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(number, int | float) for number in box):
        return False
    x, y, width, height = box
    corners = (x, y, x + width, y + height)
    theirs = (measured[0], measured[1], measured[0] + measured[2], measured[1] + measured[3])
    return all(abs(a - b) <= 2 for a, b in zip(corners, theirs, strict=True))


def _size(path: Path) -> tuple[tuple[int, int], bool] | None:
    """Width and height of a picture as it is seen, and whether its EXIF orientation turns it; None for no picture."""
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(0x0112) in _TURNED
            return (picture.size[::-1] if turned else picture.size), turned
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None  # what Pillow raises on broken files, and ValueError for a name with NUL in it
