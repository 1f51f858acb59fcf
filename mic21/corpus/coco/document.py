"""A COCO file taken apart without building its numbers: a record stays a slice of the file until it is needed."""

import mmap
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from mic21.errors import CorpusError, GeometryError
from mic21.geometry import Rle, bbox, polygons_to_rle, segmentation_to_rle

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_POLYGONS = msgspec.json.Decoder(list[list[float]])
_NUMBERS = msgspec.json.Decoder(list[float])
_MAX_ID = 2**63 - 1
_WHITE_SPACE = b" \t\r\n"
_POSITIVE = b".0123456789"  # what plain numbers are written with
_PLAIN = b"-" + _POSITIVE

Fields = Mapping[str, msgspec.Raw]
Report = Callable[[str], None]


class Document(Protocol):
    """Records in COCO's form, from a COCO file or made of something else."""

    name: str
    parts: dict[str, msgspec.Raw]

    def records(self, part: str) -> list[msgspec.Raw]:
        """The records of a top-level list; none where the list is missing."""
        ...

    def place(self, part: str, index: int) -> str:
        """Where a record of a part stands, for messages."""
        ...


class CocoDocument:
    """The parts of a COCO file.

    Attributes:
        name: of the file, for messages.
        parts: top-level key → its JSON.

    Raises:
        CorpusError: the file is missing, or not a JSON object.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise CorpusError(f"{path}: expected a COCO file, found nothing there") from error
        except (OSError, ValueError) as error:  # mmap refuses an empty file with ValueError
            raise CorpusError(f"{path}: expected a COCO file, found: {error}") from error
        try:
            self.parts: dict[str, msgspec.Raw] = _FIELDS.decode(data)
        except msgspec.DecodeError as error:
            raise CorpusError(f"{path}: expected a JSON object, found: {error}") from error

    def records(self, part: str) -> list[msgspec.Raw]:
        """The records of a top-level list; none where the list is missing.

        Raises:
            CorpusError: the part is no list.
        """
        raw = self.parts.get(part)
        if raw is None:
            return []
        try:
            return msgspec.json.decode(raw, type=list[msgspec.Raw])
        except msgspec.DecodeError as error:
            raise CorpusError(f"{self.name}: {part}: expected a list, found: {error}") from error

    def place(self, part: str, index: int) -> str:
        """Where a record of a part stands, for messages."""
        return f"{self.name}: {part}[{index}]"


@dataclass(slots=True)
class BuiltDocument:
    """Records made of something that is no COCO file.

    Attributes:
        name: of where they come from, for messages.
        lists: name of a part → its records.
        parts: what else there is.
        places: part, index → where the record came from, if it is known.
    """

    name: str
    lists: dict[str, list[msgspec.Raw]] = field(default_factory=dict)
    parts: dict[str, msgspec.Raw] = field(default_factory=dict)
    places: dict[tuple[str, int], str] = field(default_factory=dict)

    def records(self, part: str) -> list[msgspec.Raw]:
        """The records of a part; none where there is no such part."""
        return self.lists.get(part, [])

    def place(self, part: str, index: int) -> str:
        """Where a record of a part came from, for messages."""
        return self.places.get((part, index), f"{self.name}: {part}[{index}]")

    def add(self, part: str, record: object, place: str | None = None) -> None:
        """Append a record to a part, and note where it came from."""
        records = self.lists.setdefault(part, [])
        if place is not None:
            self.places[part, len(records)] = place
        records.append(msgspec.Raw(msgspec.json.encode(record)))


def read_fields(raw: msgspec.Raw, place: str, report: Report) -> Fields | None:
    """The fields of a record, or None after reporting that it is no object."""
    try:
        return _FIELDS.decode(raw)
    except msgspec.DecodeError:
        report(f"{place}: expected an object, found {_shown(raw)}")
        return None


def read_int(fields: Fields, name: str, place: str, report: Report) -> int | None:
    """A whole number from 0 to 2⁶³-1, or None after reporting what stands there instead."""
    raw = fields.get(name)
    if raw is None:
        report(f"{place}.{name}: expected a whole number, found nothing")
        return None
    value = msgspec.json.decode(raw)
    if type(value) is not int or not 0 <= value <= _MAX_ID:
        report(f"{place}.{name}: expected a whole number, found {_shown(raw)}")
        return None
    return value


def read_size(fields: Fields, name: str, place: str, report: Report) -> int | None:
    """A number of pixels, at least 1, or None after reporting what stands there instead."""
    value = read_int(fields, name, place, report)
    if value == 0 or (value is not None and value > 2**31 - 1):
        report(f"{place}.{name}: expected a number of pixels from 1 up, found {value}")
        return None
    return value


def read_text(fields: Fields, name: str, place: str, report: Report) -> str | None:
    """A text, or None after reporting what stands there instead."""
    raw = fields.get(name)
    value = None if raw is None else msgspec.json.decode(raw)
    if not isinstance(value, str) or not value:
        report(f"{place}.{name}: expected a text, found {'nothing' if raw is None else _shown(raw)}")
        return None
    return value


def read_optional_text(fields: Fields, name: str) -> str | None:
    """A text, or None where there is no such field or it is something else."""
    raw = fields.get(name)
    value = None if raw is None else msgspec.json.decode(raw)
    return value if isinstance(value, str) else None


def read_number(fields: Fields, name: str, place: str, report: Report) -> float | None:
    """A number of at least 0, None where the field is missing, or None after reporting what stands there instead."""
    raw = fields.get(name)
    if raw is None:
        return None
    value = msgspec.json.decode(raw)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        report(f"{place}.{name}: expected a number from 0 up, found {_shown(raw)}")
        return None
    return float(value)


def read_bbox(fields: Fields, place: str, report: Report) -> str | None:
    """The bounding box as written, without white space; None where it is missing or, after reporting, wrong."""
    raw = fields.get("bbox")
    if raw is None:
        return None
    try:
        numbers = _NUMBERS.decode(raw)
    except msgspec.DecodeError:
        report(f"{place}.bbox: expected 4 numbers, found {_shown(raw)}")
        return None
    if len(numbers) != 4:
        report(f"{place}.bbox: expected 4 numbers, found {len(numbers)}")
        return None
    if numbers[2] < 0 or numbers[3] < 0:
        report(f"{place}.bbox: expected a width and height from 0 up, found {numbers[2]:g} and {numbers[3]:g}")
        return None
    return compact(raw)


def read_segmentation(fields: Fields, size: tuple[int, int], place: str, report: Report) -> str | None:
    """The segmentation as written, without white space; `[]` where it is missing, None after reporting an error.

    Args:
        fields: of the annotation.
        size: height and width of its image.
        place: of the annotation.
        report: takes the problems found.
    """
    raw = fields.get("segmentation")
    if raw is None:
        return "[]"
    try:
        polygons = _POLYGONS.decode(raw)
    except msgspec.DecodeError:
        return _read_rle(raw, size, place, report)
    good = True
    for index, polygon in enumerate(polygons):
        if len(polygon) % 2 or len(polygon) < 6:
            found = f"{len(polygon)} numbers"
            report(f"{place}.segmentation[{index}]: expected x, y of at least three points, found {found}")
            good = False
    return compact(raw) if good else None


def _read_rle(raw: msgspec.Raw, size: tuple[int, int], place: str, report: Report) -> str | None:
    value = msgspec.json.decode(raw)
    if not isinstance(value, dict):
        report(f"{place}.segmentation: expected polygons or run lengths, found {_shown(raw)}")
        return None
    try:
        segmentation_to_rle(value, *size)
    except GeometryError as error:
        report(f"{place}.segmentation: {error}")
        return None
    return compact(raw)


def plain_geometry(segmentation: msgspec.Raw, bbox: msgspec.Raw) -> tuple[str, str] | None:
    """Polygons and box as they are stored, or None where they are something else or may have a problem.

    Both are values of a decoded file: their commas and brackets are known to be in place, and no number need be built.
    """
    polygons, box = bytes(segmentation).translate(None, _WHITE_SPACE), bytes(bbox).translate(None, _WHITE_SPACE)
    if box.translate(None, _POSITIVE) != b"[,,,]" or not _is_polygons(polygons.translate(None, _PLAIN)):
        return None
    return polygons.decode(), box.decode()


@lru_cache(maxsize=4096)
def _is_polygons(frame: bytes) -> bool:
    """Whether what is left of a JSON value without its plain numbers can be polygons: `[[,,,,,],[,,,,,,,]]`."""
    return re.fullmatch(rb"\[(\[,{5}(,,)*\](,(?!\])|(?=\])))+\]", frame) is not None


def segmentation_rle(segmentation: str, height: int, width: int) -> Rle:
    """The mask of a stored segmentation; `[]`, an object without a mask, gives an empty one.

    Raises:
        GeometryError: the segmentation does not fit the image.
    """
    value: Any = msgspec.json.decode(segmentation)
    return segmentation_to_rle(value, height, width) if value else polygons_to_rle([], height, width)


def bbox_text(rle: Rle) -> str:
    """The bounding box of a mask as it is stored."""
    return msgspec.json.encode(list(bbox(rle))).decode()


def compact(raw: msgspec.Raw) -> str:
    """JSON as written, less its white space; right for values whose texts hold none, as run lengths do."""
    return bytes(raw).translate(None, _WHITE_SPACE).decode()


def attributes(fields: Fields, known: frozenset[str]) -> str | None:
    """The fields that we do not know, as a JSON object with sorted keys; None where there are none."""
    unknown = {name: msgspec.json.decode(raw) for name, raw in fields.items() if name not in known}
    return msgspec.json.encode(unknown, order="sorted").decode() if unknown else None


def _shown(raw: msgspec.Raw) -> str:
    text = bytes(raw).decode()
    return text if len(text) <= 40 else f"{text[:40]}…"
