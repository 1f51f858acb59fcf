"""An image with its drafts as a Label Studio task, and what was sent as the base that an answer is compared with.

A region's id is the id of its annotation: what comes back is matched by it, never by its position.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection

from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.selection import Selection
from mic21.corpus.store import Corpus
from mic21.corpus.tables import decode_attributes
from mic21.errors import ReviewError
from mic21.geometry import Outline, outlines, rle_to_brush
from mic21.ontology import Ontology
from mic21.review.labelling import HINTS, IMAGE, REGIONS, Labelling, text_control
from mic21.review.phrases import phrases

MODEL_VERSION = "mic21"  # one prediction a task; the page prefills a new annotation from this one
KEY = "mic21"  # the field of a task's data that says which image of which corpus it is

Row = Mapping[str, Any]


class BaseRegion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A region as both sides last knew it.

    Attributes:
        annotation: id in the corpus.
        category: id, as it was sent or came back; the ontology's where an imported one is linked to it.
        sent: digest of the mask as it was sent or came back.
        stored: digest of what the corpus had then.
        is_rejected: whether the corpus had it as rejected then.
        is_deleted: whether the region had been deleted from the page.
    """

    annotation: int
    category: int
    sent: str
    stored: str
    is_rejected: bool = False
    is_deleted: bool = False


class BaseText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A caption as both sides last knew it.

    Attributes:
        caption: id in the corpus.
        text: as the corpus had it; empty if rejected.
        sent: as the page had it, where that is another, because a conflict was decided for the corpus.
    """

    caption: int
    text: str
    sent: str | None = None


class Base(msgspec.Struct):
    """What both sides last agreed on about an image.

    Attributes:
        regions: region id → region.
        texts: control → caption.
        interactions: id → subject annotation, predicate, object annotation.
    """

    regions: dict[str, BaseRegion] = msgspec.field(default_factory=dict)
    texts: dict[str, BaseText] = msgspec.field(default_factory=dict)
    interactions: dict[int, tuple[int, str, int]] = msgspec.field(default_factory=dict)

    def encode(self) -> str:
        """As the ledger keeps it."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def decode(text: str) -> "Base":
        """From the ledger."""
        return msgspec.json.decode(text, type=Base)


@dataclass(frozen=True, slots=True)
class ImageDrafts:
    """What the corpus has about an image: live annotations, captions in the page's language, interactions.

    Attributes:
        hints: what the drafted captions say against the annotations, for the annotator to read; often empty.
    """

    image: Row
    annotations: Sequence[Row]
    captions: Sequence[Row]
    interactions: Sequence[Row]
    hints: str = ""

    @property
    def has_drafts(self) -> bool:
        """Whether anything is undecided, or nothing is there at all."""
        records = (*self.annotations, *self.captions, *self.interactions)
        return not records or any(row["status"] == "draft" for row in records)


@dataclass(frozen=True, slots=True)
class Draft:
    """A prediction ready to be sent.

    Attributes:
        result: JSON of all its regions, relations and texts.
        score: the mean confidence of its masks, or None.
        base: what it says.
        hints: for the annotator to read.
        digest: SHA-256 of `result` and `hints`, in hexadecimal.
    """

    result: bytes
    score: float | None
    base: Base
    hints: str
    digest: str


def read_drafts(
    corpus: Corpus, connection: Connection, selection: Selection, language: str, images: Sequence[Row]
) -> Iterator[ImageDrafts]:
    """What the corpus has about each of some images, in their order."""
    wanted = {row["id"] for row in images}
    found: dict[str, dict[int, list[Row]]] = {}
    for name, rows in (
        ("annotations", corpus.annotation_rows(selection, connection)),
        ("captions", corpus.caption_rows(selection, connection)),
        ("interactions", corpus.interaction_rows(selection, connection)),
    ):
        of_image: dict[int, list[Row]] = {}
        for row in rows:
            if row["image_id"] in wanted and row.get("language", language) == language:
                of_image.setdefault(row["image_id"], []).append(row)
        found[name] = of_image
    for image in images:
        records = {name: of_image.get(image["id"], []) for name, of_image in found.items()}
        yield ImageDrafts(image, **records, hints=caption_hints(records["captions"], language, corpus.ontology))


def caption_hints(captions: Iterable[Row], language: str, ontology: Ontology) -> str:
    """What drafted captions say against the annotations, and what nobody can see, in an annotator's language."""
    words, found = phrases(language), list[str]()
    for row in captions:
        if row["status"] != "draft":
            continue
        findings = decode_attributes(row["attributes"])
        of_kind = {
            "absent": [_name(ontology, key, language) for key in findings.get("absent", ())],
            "unsaid": [_name(ontology, key, language) for key in filter(None, [findings.get("unsaid")])],
            "unknowable": findings.get("unknowable", []),
        }
        told = [f"{words[kind]}: {', '.join(names)}" for kind, names in of_kind.items() if names]
        if told:
            found.append(f"{words[row['kind']]} – {'; '.join(told)}")
    return " | ".join(found)


def _name(ontology: Ontology, key: str, language: str) -> str:
    category = ontology.get(key)
    return (category.name(language) if category else None) or key


def make_draft(drafts: ImageDrafts, labelling: Labelling) -> Draft:
    """The prediction of an image, with every result checked against the page.

    Raises:
        ReviewError: a result that the page does not know, which the server would take without a word.
        GeometryError: a segmentation that does not fit the image.
    """
    aliases = {id: alias for alias, id in labelling.categories.items()}
    predicates = {key: name for name, key in labelling.predicates.items()}
    height, width = drafts.image["height"], drafts.image["width"]
    size = {"original_width": width, "original_height": height, "image_rotation": 0}
    base, results = Base(), list[dict[str, Any]]()
    for row in drafts.annotations:
        category = labelling.linked.get(row["category_id"], row["category_id"])
        alias = aliases.get(category, f"category-{category}")
        for id, value in _values(row, height, width, labelling):
            value[labelling.controls[REGIONS]] = [alias]
            result: dict[str, Any] = {"id": id, "from_name": REGIONS, "to_name": IMAGE, **size, "value": value}
            result["type"] = labelling.controls[REGIONS]
            results.append(result | ({} if row["score"] is None else {"score": row["score"]}))
            stored = digest_annotation(row["category_id"], row["segmentation"])
            base.regions[id] = BaseRegion(row["id"], category, digest_value(value), stored)
    for row in drafts.interactions:
        ends = [_first_region(base, row[end]) for end in ("subject_id", "object_id")]
        if None in ends or row["predicate"] not in predicates:
            continue
        name = predicates[row["predicate"]]
        results.append(
            {"type": "relation", "from_id": ends[0], "to_id": ends[1], "direction": "right", "labels": [name]}
        )
        base.interactions[row["id"]] = (row["subject_id"], row["predicate"], row["object_id"])
    for row in drafts.captions:
        control = text_control(row["kind"], row["language"])
        if control not in base.texts:  # the page has room for one
            text: dict[str, Any] = {"id": f"c{row['id']}", "from_name": control, "to_name": IMAGE, "type": "textarea"}
            results.append(text | {"value": {"text": [row["text"]]}})
            base.texts[control] = BaseText(row["id"], row["text"])
    problems = [problem for result in results if (problem := _problem(result, labelling))]
    if problems:
        raise ReviewError(f"image {drafts.image['id']}: {problems[0]}; nothing of it was sent")
    encoded = msgspec.json.encode(results)
    scores = [row["score"] for row in drafts.annotations if row["score"] is not None]
    score = sum(scores) / len(scores) if scores else None
    digest = hashlib.sha256(encoded + drafts.hints.encode()).hexdigest()
    return Draft(encoded, score, base, drafts.hints, digest)


def make_task(key: str, image: Row, image_url: str, draft: Draft) -> bytes:
    """The JSON of a task with its prediction, if there is a draft; a task without one makes the page ask a backend."""
    task: dict[str, Any] = {"data": task_data(key, image, image_url, draft.hints)}
    if draft.base != Base():
        prediction: dict[str, Any] = {"model_version": MODEL_VERSION, "result": msgspec.Raw(draft.result)}
        task["predictions"] = [prediction if draft.score is None else prediction | {"score": draft.score}]
    return msgspec.json.encode(task)


def task_data(key: str, image: Row, image_url: str, hints: str) -> dict[str, Any]:
    """What a task knows of its image."""
    data = {IMAGE: image_url, KEY: key, "mic21_image_id": image["id"], "file_name": image["file_name"]}
    return data | {HINTS: hints}


def digest_value(value: Mapping[str, Any]) -> str:
    """A digest of a region's mask as Label Studio has it."""
    if "rle" in value:
        return hashlib.sha256(bytes(value["rle"])).hexdigest()[:32]
    points = np.array(value["points"], np.float64).round(6) + 0.0  # the page writes 75.0 as 75, and 0.0 may be -0.0
    return hashlib.sha256(points.tobytes()).hexdigest()[:32]


def digest_annotation(category_id: int, segmentation: str) -> str:
    """A digest of what a person can change of an annotation in the corpus."""
    return hashlib.sha256(f"{category_id} {segmentation}".encode()).hexdigest()[:32]


def _values(row: Row, height: int, width: int, labelling: Labelling) -> Iterator[tuple[str, dict[str, Any]]]:
    """Region id and value of each region that an annotation is shown as; a brush has one, a polygon one a part."""
    if labelling.masks == "brush":
        rle = segmentation_rle(row["segmentation"], height, width)
        yield f"a{row['id']}", {"format": "rle", "rle": rle_to_brush(rle)}
        return
    polygons = msgspec.json.decode(row["segmentation"])
    if not isinstance(polygons, list):
        polygons = [_flat(found) for found in outlines(segmentation_rle(row["segmentation"], height, width))]
    for number, polygon in enumerate(polygons):
        id = f"a{row['id']}" if len(polygons) == 1 else f"a{row['id']}-{number}"
        points = 100 * np.array(polygon, np.float64).reshape(-1, 2) / (width, height)
        yield id, {"points": points.tolist(), "closed": True}


def _flat(outline: Outline) -> list[float]:
    return [number for point in outline.exterior for number in point]


def _first_region(base: Base, annotation: int) -> str | None:
    return next((id for id, region in base.regions.items() if region.annotation == annotation), None)


def _problem(result: Mapping[str, Any], labelling: Labelling) -> str | None:
    """What is wrong with a result by the page's own parser, or None."""
    if result["type"] == "relation":
        unknown = [name for name in result["labels"] if name not in labelling.predicates]
        return f"relation {unknown[0]!r} is none of the page" if unknown else None
    control = result["from_name"]
    if labelling.controls.get(control) != result["type"]:
        return f"control {control!r} of type {result['type']} is none of the page"
    labels = result["value"].get(result["type"], [])
    unknown = [label for label in labels if label not in labelling.choices[control]]
    return f"label {unknown[0]!r} is none of the page" if unknown else None
