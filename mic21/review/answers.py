"""What a person submitted, read from Label Studio's own JSON; whatever cannot be read is named, and the rest counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mic21.errors import GeometryError
from mic21.geometry import Rle, brush_to_rle, is_empty, polygons_to_rle
from mic21.review.labelling import COMPLETE, ELSEWHERE, REASON, REGIONS, THEME, VERDICT, Labelling
from mic21.review.tasks import digest_value


class AnswerRegion(msgspec.Struct, frozen=True):
    """An object as a person left it.

    Attributes:
        category: id.
        segmentation: COCO's JSON value: run lengths of a brush, or one polygon as it was drawn.
        digest: of Label Studio's value, to be compared with what was sent.
    """

    category: int
    segmentation: Any  # COCO's JSON: a list of numbers in a list, or an object
    digest: str


class Answer(msgspec.Struct):
    """One person's answer about one image.

    Attributes:
        regions: region id → region.
        relations: (region id, predicate, region id).
        texts: control → what stands there; a control that was emptied is missing.
        verdict: `keep`, `reject`, `elsewhere`, or None.
        reason: why it was rejected, or None.
        theme: key of the subdomain where it belongs, or None.
        is_complete: whether the person says that every object of the page's classes is marked.
    """

    regions: dict[str, AnswerRegion] = msgspec.field(default_factory=dict)
    relations: list[tuple[str, str, str]] = msgspec.field(default_factory=list)
    texts: dict[str, list[str]] = msgspec.field(default_factory=dict)
    verdict: str | None = None
    reason: str | None = None
    theme: str | None = None
    is_complete: bool = False

    def encode(self) -> str:
        """As the ledger keeps it."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def decode(text: str) -> "Answer":
        """From the ledger."""
        return msgspec.json.decode(text, type=Answer)


@dataclass(frozen=True, slots=True)
class Broken:
    """What of an answer could not be read: nobody deleted these.

    Attributes:
        regions: ids.
        controls: names of text fields.
        relations: region ids of the two ends.
    """

    regions: set[str] = field(default_factory=set)
    controls: set[str] = field(default_factory=set)
    relations: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class _Reading:
    labelling: Labelling
    height: int
    width: int
    known: Mapping[str, Rle]
    answer: Answer = field(default_factory=Answer)
    problems: list[str] = field(default_factory=list)
    broken: Broken = field(default_factory=Broken)


def read_answer(
    result: object, labelling: Labelling, *, height: int, width: int, known: Mapping[str, Rle]
) -> tuple[Answer, list[str], Broken]:
    """An annotation's `result`.

    Args:
        result: Label Studio's list.
        labelling: the page it was made on.
        height: of the image.
        width: of the image.
        known: masks by the digest of Label Studio's value, which need not be read again.

    Returns:
        The answer, what is wrong with it, and what could not be read.
    """
    reading = _Reading(labelling, height, width, known)
    if not isinstance(result, list):
        return reading.answer, [f"result: expected a list, found {type(result).__name__}"], reading.broken
    for number, item in enumerate(result):
        try:
            _read_item(reading, item)
        except (KeyError, TypeError, ValueError, IndexError, GeometryError) as error:
            id = item.get("id") if isinstance(item, dict) else None
            reading.problems.append(f"result[{number}] ({id}): {error or type(error).__name__}")
            if isinstance(item, Mapping):
                _note_broken(reading.broken, item)
    kept = []
    for relation in reading.answer.relations:
        if missing := [end for end in (relation[0], relation[2]) if end not in reading.answer.regions]:
            reading.problems.append(f"relation {relation[1]}: expected two regions, found none called {missing[0]}")
        else:
            kept.append(relation)
    reading.answer.relations = kept
    if reading.answer.verdict == ELSEWHERE and reading.answer.theme is None:
        reading.problems.append("wrong theme: expected the theme where the photograph belongs, found none")
    return reading.answer, reading.problems, reading.broken


def _note_broken(broken: Broken, item: Mapping[str, Any]) -> None:
    match item:
        case {"type": "relation", "from_id": str(subject), "to_id": str(object)}:
            broken.relations.add((subject, object))
        case {"type": "textarea", "from_name": str(control)}:
            broken.controls.add(control)
        case {"id": str(id)}:
            broken.regions.add(id)


def _read_item(reading: _Reading, item: Mapping[str, Any]) -> None:
    answer, labelling = reading.answer, reading.labelling
    kind = item["type"]
    if kind == "relation":
        _read_relation(reading, item)
        return
    control, value = item["from_name"], item["value"]
    if labelling.controls.get(control) != kind:
        raise ValueError(f"expected a control of the page, found {control!r} of type {kind!r}")
    if control == REGIONS:
        answer.regions[item["id"]] = _read_region(reading, item, value, kind)
    elif kind == "textarea":
        texts = [text.strip() for text in value["text"] if text.strip()]
        answer.texts.setdefault(control, []).extend(texts)
    else:
        chosen = value["choices"]
        unknown = set(chosen) - labelling.choices[control]
        if unknown:
            raise ValueError(f"expected a choice of the page, found {sorted(unknown)[0]!r}")
        _read_choice(answer, control, chosen)


def _read_choice(answer: Answer, control: str, chosen: list[str]) -> None:
    if control == COMPLETE:
        answer.is_complete = bool(chosen)
    elif chosen:
        name = {VERDICT: "verdict", REASON: "reason", THEME: "theme"}[control]
        setattr(answer, name, chosen[0])


def _read_region(reading: _Reading, item: Mapping[str, Any], value: Mapping[str, Any], kind: str) -> AnswerRegion:
    labels = value.get(kind) or []
    if len(labels) != 1:
        raise ValueError(f"expected one label, found {len(labels)}")
    if labels[0] not in reading.labelling.categories:
        raise ValueError(f"expected a label of the page, found {labels[0]!r}")
    height, width = reading.height, reading.width
    size = [item.get("original_height"), item.get("original_width")]
    if size != [height, width]:
        raise ValueError(f"expected an image of {[height, width]}, found {size}")
    digest = digest_value(value)
    segmentation: Any
    if "rle" in value:
        rle = reading.known.get(digest) or brush_to_rle(value["rle"], height, width)
        segmentation = rle.to_coco()
    else:
        polygon = [number for x, y in value["points"] for number in (x * width / 100, y * height / 100)]
        rle = polygons_to_rle([polygon], height, width)
        segmentation = [polygon]
    if is_empty(rle):
        raise ValueError("expected a mask, found one without a pixel")
    return AnswerRegion(reading.labelling.categories[labels[0]], segmentation, digest)


def _read_relation(reading: _Reading, item: Mapping[str, Any]) -> None:
    names = item.get("labels") or []
    if not names:
        raise ValueError("expected a relation with a name, found one without")
    ends = [(item["from_id"], item["to_id"])]
    if item.get("direction") == "left":
        ends = [(item["to_id"], item["from_id"])]
    elif item.get("direction") == "bi":
        ends.append((item["to_id"], item["from_id"]))
    for name in names:
        if name not in reading.labelling.predicates:
            raise ValueError(f"expected a relation of the page, found {name!r}")
        for subject, object in ends:
            reading.answer.relations.append((subject, reading.labelling.predicates[name], object))


def region_rle(region: AnswerRegion, height: int, width: int) -> Rle:
    """The mask of a region in an image of `height` × `width` pixels."""
    if isinstance(region.segmentation, Mapping):
        return Rle(height, width, region.segmentation["counts"].encode())
    return polygons_to_rle(region.segmentation, height, width)
