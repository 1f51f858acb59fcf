"""Checks of a whole corpus: every problem at once, each with its code and place.

A code that begins with E breaks a release or a reader; one that begins with W is for a person to look at. The docstring
of a check is its message.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, select, union

from mic21.corpus import schema
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.faithfulness import CaptionTruth
from mic21.corpus.images import ImageFiles
from mic21.corpus.licenses import UNKNOWN
from mic21.corpus.store import Corpus
from mic21.errors import GeometryError
from mic21.geometry import Rle, area, bbox, is_empty
from mic21.ontology import Ontology

Row = Mapping[str, Any]
Place = tuple[int, str]  # id of the record, what was found there


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        code: of the check, such as `E202`.
        message: what the check looks for.
        record: `images`, `annotations`, `captions`, `categories`, `licenses` or `interactions`.
        id: of the record.
        found: what stands there.
    """

    code: str
    message: str
    record: str
    id: int
    found: str

    @property
    def is_error(self) -> bool:
        """Whether it breaks a release or a reader."""
        return self.code.startswith("E")


@dataclass(slots=True)
class Context:
    """What checks look things up in."""

    ontology: Ontology
    files: ImageFiles
    imported: Mapping[int, tuple[str, str | None]]
    roles: Mapping[str, Mapping[int, str]]  # subdomain → category id → role
    truth: CaptionTruth
    images: dict[int, Row] = field(default_factory=dict)  # active ones
    sha256: dict[str, int] = field(default_factory=dict)
    captions: set[tuple[int, str, str, str]] = field(default_factory=set)
    masks: dict[tuple[int, int, int], int] = field(default_factory=dict)
    annotations: dict[int, int] = field(default_factory=dict)  # live id → image id
    areas: dict[int, dict[str, float]] = field(default_factory=dict)  # image id → key of a category → its pixels


def _file_missing(images: Iterable[Row], context: Context) -> Iterator[Place]:
    """The stored photograph is missing or has another length."""
    for image in images:
        if image["sha256"] is None:
            yield image["id"], f"{image['file_name']}: no photograph was ever stored"
            continue
        path = context.files.path(image["sha256"], image["extension"])
        if not path.is_file():
            yield image["id"], f"{image['file_name']}: no file {path.name}"
        elif path.stat().st_size != image["bytes"]:
            yield image["id"], f"{path.name}: {path.stat().st_size} bytes instead of {image['bytes']}"


def _license_unknown(images: Iterable[Row], context: Context) -> Iterator[Place]:
    """The licence is unknown: a release leaves the image out."""
    for image in images:
        if image["license"] == UNKNOWN:
            yield image["id"], image["file_name"]


def _no_subdomain(images: Iterable[Row], context: Context) -> Iterator[Place]:
    """The image belongs to no subdomain."""
    for image in images:
        if image["subdomain"] is None:
            yield image["id"], image["file_name"]


def _subdomain_unknown(images: Iterable[Row], context: Context) -> Iterator[Place]:
    """The subdomain is not in the ontology."""
    for image in images:
        if image["subdomain"] is not None and image["subdomain"] not in context.roles:
            yield image["id"], image["subdomain"]


def _same_bytes(images: Iterable[Row], context: Context) -> Iterator[Place]:
    """The same photograph stands under another id."""
    for image in images:
        if image["sha256"] is not None:
            first = context.sha256.setdefault(image["sha256"], image["id"])
            if first != image["id"]:
                yield image["id"], f"{image['file_name']} is image {first}"


def _segmentation_broken(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The segmentation cannot be made a mask of the image's size."""
    for annotation in annotations:
        if isinstance(annotation["rle"], str):
            yield annotation["id"], annotation["rle"]


def _mask_empty(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The segmentation covers no pixel."""
    for annotation in annotations:
        if isinstance(annotation["rle"], Rle) and annotation["segmentation"] != "[]" and is_empty(annotation["rle"]):
            yield annotation["id"], f"image {annotation['image_id']}, {annotation['category_name']}"


def _no_mask(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The annotation has a box but no mask."""
    for annotation in annotations:
        if annotation["segmentation"] == "[]":
            yield annotation["id"], f"image {annotation['image_id']}, {annotation['category_name']}"


def _outside(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The box reaches more than a pixel outside the image."""
    for annotation in annotations:
        image = context.images[annotation["image_id"]]
        x, y, width, height = annotation["bbox"]
        if x < -1 or y < -1 or x + width > image["width"] + 1 or y + height > image["height"] + 1:
            yield annotation["id"], f"box {annotation['bbox']} in {image['width']}×{image['height']}"


def _area_differs(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The area differs from the mask's by more than a tenth and 20 pixels."""
    for annotation in annotations:
        if isinstance(annotation["rle"], Rle) and not is_empty(annotation["rle"]):
            measured = area(annotation["rle"])
            if abs(annotation["area"] - measured) > 20 + measured / 10:
                yield annotation["id"], f"{annotation['area']:g} instead of {measured} pixels"


def _box_differs(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The box differs from the mask's by more than 2 pixels."""
    for annotation in annotations:
        if isinstance(annotation["rle"], Rle) and not is_empty(annotation["rle"]):
            measured = bbox(annotation["rle"])
            x, y, width, height = annotation["bbox"]
            here, there = (
                (x, y, x + width, y + height),
                (*measured[:2], measured[0] + measured[2], measured[1] + measured[3]),
            )
            if max(abs(a - b) for a, b in zip(here, there, strict=True)) > 2:
                yield annotation["id"], f"{annotation['bbox']} instead of {list(measured)}"


def _category_unknown(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The category is neither in the ontology nor an imported one."""
    for annotation in annotations:
        id = annotation["category_id"]
        if id not in context.imported and context.ontology.get_id(id) is None:
            yield annotation["id"], f"category {id}"


def _category_foreign(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """The category is none of the subdomain's."""
    for annotation in annotations:
        roles = context.roles.get(annotation["subdomain"] or "")
        if roles is not None and annotation["category_id"] not in roles:
            yield annotation["id"], f"{annotation['category_name']} in {annotation['subdomain']}"


def _annotation_doubled(annotations: Iterable[Row], context: Context) -> Iterator[Place]:
    """Another annotation of the image has the same category and mask."""
    for annotation in annotations:
        mask = hash((annotation["segmentation"], *annotation["bbox"]))  # of 64 bits, in place of the text
        key = (annotation["image_id"], annotation["category_id"], mask)
        first = context.masks.setdefault(key, annotation["id"])
        if first != annotation["id"]:
            yield annotation["id"], f"as annotation {first} of image {annotation['image_id']}"


def _provenance_unknown(records: Iterable[Row], context: Context) -> Iterator[Place]:
    """The status or the origin is none that the corpus knows."""
    for record in records:
        if record["status"] not in schema.STATUSES or record["origin"] not in schema.ORIGINS:
            yield record["id"], f"image {record['image_id']}: {record['status']}, {record['origin']}"


def _text_empty(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The caption says nothing."""
    for caption in captions:
        if not caption["text"].strip():
            yield caption["id"], f"image {caption['image_id']}, {caption['kind']} in {caption['language']}"


def _text_not_nfc(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The caption is not in Unicode's normal form C."""
    for caption in captions:
        if not unicodedata.is_normalized("NFC", caption["text"]):
            yield caption["id"], caption["text"]


def _text_with_controls(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The caption has control characters inside."""
    for caption in captions:
        if any(unicodedata.category(character) == "Cc" for character in caption["text"].strip()):
            yield caption["id"], repr(caption["text"])


def _caption_doubled(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The image has the same caption twice."""
    for caption in captions:
        key = (caption["image_id"], caption["language"], caption["kind"], caption["text"])
        if key in context.captions:
            yield caption["id"], f"image {caption['image_id']}: {caption['text']}"
        context.captions.add(key)


def _object_absent(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The draft mentions an object that the image would be annotated with if it were there."""
    for caption in captions:
        if caption["status"] == "draft" and (absent := context.truth.of_caption(caption, context.areas).absent):
            yield caption["id"], f"{', '.join(absent)} in: {caption['text']}"


def _dominant_unsaid(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The drafted description does not mention the dominant object."""
    for caption in captions:
        is_drafted = caption["status"] == "draft" and caption["kind"] == "description"
        if is_drafted and (unsaid := context.truth.of_caption(caption, context.areas).unsaid):
            yield caption["id"], f"no {unsaid} in: {caption['text']}"


def _unknowable(captions: Iterable[Row], context: Context) -> Iterator[Place]:
    """The caption, which no person wrote, names people or places, or tells an age."""
    for caption in captions:
        found = context.truth.unknowable(caption["text"], caption["language"])
        if found and caption["origin"] != "human":
            yield caption["id"], f"{', '.join(found)} in: {caption['text']}"


def _category_not_linked(categories: Iterable[Row], context: Context) -> Iterator[Place]:
    """The imported category is linked to none of the ontology, so that queries by ontology pass it by."""
    for category in categories:
        if category["key"] is None:
            yield category["id"], category["name"]


def _link_dangling(categories: Iterable[Row], context: Context) -> Iterator[Place]:
    """The imported category is linked to a key that the ontology lacks."""
    for category in categories:
        if category["key"] is not None and category["key"] not in context.ontology:
            yield category["id"], category["key"]


def _category_name_doubled(categories: Iterable[Row], context: Context) -> Iterator[Place]:
    """Two imported categories have the same name."""
    count = Counter(name for name, _ in context.imported.values())
    for category in categories:
        if count[category["name"]] > 1:
            yield category["id"], category["name"]


def _license_not_spdx(licenses: Iterable[Row], context: Context) -> Iterator[Place]:
    """The licence has no SPDX id: a release leaves its images out."""
    for license in licenses:
        if license["spdx"] == UNKNOWN:
            yield license["id"], f"{license['name']} {license['url'] or ''}".strip()


def _end_missing(interactions: Iterable[Row], context: Context) -> Iterator[Place]:
    """Subject or object is no live annotation of the same image."""
    for interaction in interactions:
        for end in ("subject_id", "object_id"):
            if context.annotations.get(interaction[end]) != interaction["image_id"]:
                yield interaction["id"], f"{end} {interaction[end]}"


Check = Callable[[Iterable[Row], Context], Iterator[Place]]

CHECKS: dict[str, dict[str, Check]] = {
    "images": {
        "E101": _file_missing,
        "W102": _license_unknown,
        "W103": _no_subdomain,
        "E104": _subdomain_unknown,
        "W105": _same_bytes,
    },
    "annotations": {
        "E201": _segmentation_broken,
        "W202": _mask_empty,
        "W203": _no_mask,
        "W204": _outside,
        "W205": _area_differs,
        "W206": _box_differs,
        "E207": _category_unknown,
        "W208": _category_foreign,
        "W209": _annotation_doubled,
        "E210": _provenance_unknown,
    },
    "captions": {
        "E301": _text_empty,
        "W302": _text_not_nfc,
        "W303": _text_with_controls,
        "W304": _caption_doubled,
        "W305": _object_absent,
        "W306": _dominant_unsaid,
        "W307": _unknowable,
        "E308": _provenance_unknown,
    },
    "categories": {
        "W401": _category_not_linked,
        "E402": _link_dangling,
        "W403": _category_name_doubled,
    },
    "licenses": {"W501": _license_not_spdx},
    "interactions": {"E601": _end_missing},
}


def check(corpus: Corpus) -> list[Problem]:
    """Every problem of a corpus, ordered by code and id.

    Withdrawn images and rejected records are not looked at. Annotations go by in batches, so that memory does not grow
    with their masks.
    """
    ontology = corpus.ontology
    roles = {
        subdomain.key: {
            category.id: role
            for role in ("dominant", "attribute", "parent")
            for category in ontology.categories(subdomain=subdomain.key, role=role)
        }
        for subdomain in ontology.subdomains()
    }
    problems: list[Problem] = []
    with corpus.reading() as connection:
        imported = corpus.imported_categories(connection)
        linked = {id: ontology[key].id for id, (_, key) in imported.items() if key and key in ontology}
        for of_subdomain in roles.values():
            of_subdomain |= {id: of_subdomain[own] for id, own in linked.items() if own in of_subdomain}
        context = Context(ontology, corpus.files, imported, roles, CaptionTruth(ontology))
        everything = replace(corpus.selection(), statuses=_statuses(connection))
        images = list(corpus.image_rows(everything, connection=connection))
        context.images = {image["id"]: image for image in images}
        problems += _run("images", images, context)
        for batch in corpus.annotation_rows(everything, connection).batches():
            rows = [_with_mask(row, context) for row in batch.to_pylist()]
            context.annotations |= {row["id"]: row["image_id"] for row in rows}
            for row in rows:
                if row["category"] in ontology:
                    areas = context.areas.setdefault(row["image_id"], {})
                    areas[row["category"]] = areas.get(row["category"], 0) + row["area"]
            problems += _run("annotations", rows, context)
        for batch in corpus.caption_rows(everything, connection).batches():
            problems += _run("captions", batch.to_pylist(), context)
        for batch in corpus.interaction_rows(everything, connection).batches():
            problems += _run("interactions", batch.to_pylist(), context)
        for record in ("categories", "licenses"):
            problems += _run(record, _all_rows(connection, record), context)
    return sorted(problems, key=lambda problem: (problem.code[1:], problem.id))


def _statuses(connection: Connection) -> frozenset[str]:
    """Every status that records have but `rejected`, also those that no answer would have."""
    found = union(select(schema.annotations.c.status), select(schema.captions.c.status))
    return frozenset(connection.execute(found).scalars()) - {"rejected"} | {"draft", "accepted"}


def _run(record: str, rows: list[Any], context: Context) -> Iterator[Problem]:
    for code, check in CHECKS[record].items():
        for id, found in check(rows, context):
            yield Problem(code, (check.__doc__ or "").strip(), record, id, found)


def _with_mask(annotation: dict[str, Any], context: Context) -> dict[str, Any]:
    image = context.images[annotation["image_id"]]
    try:
        rle: Rle | str = segmentation_rle(annotation["segmentation"], image["height"], image["width"])
    except (GeometryError, msgspec.DecodeError) as error:
        rle = str(error)
    return annotation | {"rle": rle}


def _all_rows(connection: Connection, record: str) -> list[Row]:
    table = schema.RECORDS[record]
    return [dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()]
