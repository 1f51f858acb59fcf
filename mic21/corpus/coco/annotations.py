"""The annotations and captions of a COCO file into the corpus."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from mic21.corpus import schema
from mic21.corpus.coco import document
from mic21.corpus.coco.document import Document, Fields
from mic21.corpus.coco.inserter import ANNOTATION_COLUMNS, CAPTION_COLUMNS, Inserter
from mic21.corpus.coco.job import ImportJob
from mic21.geometry import area as rle_area

_ANNOTATION = frozenset(
    {"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score", "status", "origin"}
)
_CAPTION = frozenset({"id", "image_id", "caption", "language", "kind", "status", "origin"})


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An annotation as nearly all are, checked while it is decoded; what is otherwise is looked at field by field."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    image_id: int
    category_id: int
    segmentation: msgspec.Raw
    bbox: msgspec.Raw
    area: Annotated[float, msgspec.Meta(ge=0)]
    iscrowd: Literal[0, 1] = 0
    score: Annotated[float, msgspec.Meta(ge=0)] | None = None
    status: Literal["draft", "accepted", "rejected"] = "accepted"
    origin: Literal["model", "human", "import"] = "import"


_PLAIN = msgspec.json.Decoder(_Plain)


def insert_annotations(job: ImportJob, doc: Document) -> None:
    """Insert the annotations and captions of a file, batch by batch."""
    options: Any = {"compared": 4, "renumber": job.renumber, "problem": job.problem}
    masks = Inserter(job.connection, schema.annotations, ANNOTATION_COLUMNS, **options)
    texts = Inserter(job.connection, schema.captions, CAPTION_COLUMNS, **options)
    _read_annotations(job, doc, masks, texts)
    for inserter in (masks, texts):
        inserter.finish()
        job.report.unchanged += inserter.unchanged
    job.annotation_ids |= masks.ids
    job.report.annotations += masks.inserted
    job.report.captions += texts.inserted


def _read_annotations(job: ImportJob, doc: Document, masks: Inserter, texts: Inserter) -> None:
    for index, raw in enumerate(doc.records("annotations")):
        if plain := _plain_row(job, raw):
            masks.add(plain, doc, index)
            continue
        place = doc.place("annotations", index)
        if (fields := document.read_fields(raw, place, job.problem)) is None:
            continue
        id = document.read_int(fields, "id", place, job.problem)
        image_id = _reference(job, fields, "image_id", place, job.image_ids, job.bad_images, "images")
        is_caption = "caption" in fields
        row = (_caption_row if is_caption else _annotation_row)(job, fields, image_id, place)
        if id is not None and row is not None:
            (texts if is_caption else masks).add((id, *row, job.run_id), doc, index)


def _plain_row(job: ImportJob, raw: msgspec.Raw) -> tuple[Any, ...] | None:
    """The row of an annotation that has the usual fields and no problem; None for every other."""
    try:
        plain = _PLAIN.decode(raw)
    except msgspec.DecodeError:
        return None
    image_id, category_id = job.image_ids.get(plain.image_id), job.category_ids.get(plain.category_id)
    if image_id is None or category_id is None:
        return None
    texts = document.plain_geometry(plain.segmentation, plain.bbox)
    if texts is None:
        return None
    status = job.defaults["status"] or plain.status
    measured = (plain.area, plain.iscrowd, plain.score, None)
    return (plain.id, image_id, category_id, *texts, *measured, status, plain.origin, job.run_id)


def _reference(
    job: ImportJob, fields: Fields, name: str, place: str, ids: Mapping[int, int], bad: set[int], what: str
) -> int | None:
    id = document.read_int(fields, name, place, job.problem)
    if id is None or id in ids:
        return id
    reason = f"{id}, which has a problem of its own" if id in bad else f"{id}"
    job.problem(f"{place}.{name}: expected the id of one of the {what}, found {reason}")
    return None


def _annotation_row(job: ImportJob, fields: Fields, image_id: int | None, place: str) -> tuple[Any, ...] | None:
    count = len(job.problems)
    category_id = _reference(job, fields, "category_id", place, job.category_ids, job.bad_categories, "categories")
    box = document.read_bbox(fields, place, job.problem)
    area = document.read_number(fields, "area", place, job.problem)
    crowd = msgspec.json.decode(fields["iscrowd"]) if "iscrowd" in fields else 0
    if crowd not in (0, 1):
        job.problem(f"{place}.iscrowd: expected 0 or 1, found {crowd!r}")
    if image_id is None:
        return None
    size = job.sizes[image_id]
    segmentation = document.read_segmentation(fields, size, place, job.problem)
    if segmentation == "[]" and box is None:
        job.problem(f"{place}: expected a segmentation or a bbox, found neither")
    if len(job.problems) > count or segmentation is None or category_id is None:
        return None
    if box is None or area is None:
        box, area = _measured(segmentation, size, box, area)
    score = document.read_number(fields, "score", place, job.problem)
    return (
        job.image_ids[image_id],
        job.category_ids[category_id],
        segmentation,
        box,
        area,
        int(crowd),
        score,
        document.attributes(fields, _ANNOTATION),
        *_provenance(job, fields, place),
    )


def _caption_row(job: ImportJob, fields: Fields, image_id: int | None, place: str) -> tuple[Any, ...] | None:
    text = document.read_text(fields, "caption", place, job.problem)
    if text is None or image_id is None:
        return None
    kind = document.read_optional_text(fields, "kind") or "description"
    if kind not in schema.CAPTION_KINDS:
        job.problem(f"{place}.kind: expected {' or '.join(schema.CAPTION_KINDS)}, found {kind!r}")
        return None
    language = document.read_optional_text(fields, "language") or job.defaults["language"]
    attributes = document.attributes(fields, _CAPTION)
    return (job.image_ids[image_id], language, kind, text, attributes, *_provenance(job, fields, place))


def _provenance(job: ImportJob, fields: Fields, place: str) -> tuple[str, str]:
    status = document.read_optional_text(fields, "status") or "accepted"
    origin = document.read_optional_text(fields, "origin") or "import"
    for name, value, allowed in (("status", status, schema.STATUSES), ("origin", origin, schema.ORIGINS)):
        if value not in allowed:
            job.problem(f"{place}.{name}: expected {', '.join(allowed)}, found {value!r}")
    return job.defaults["status"] or status, origin


def _measured(segmentation: str, size: tuple[int, int], box: str | None, area: float | None) -> tuple[str, float]:
    """Bounding box and area of an annotation that came without one of them."""
    if segmentation == "[]":
        assert box is not None  # the caller has reported an annotation with neither
        *_, width, height = msgspec.json.decode(box)
        return box, width * height if area is None else area
    rle = document.segmentation_rle(segmentation, *size)
    return box or document.bbox_text(rle), float(rle_area(rle)) if area is None else area
