"""The step that drafts masks: every image that a backend has not done, batch by batch."""

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

import msgspec
from sqlalchemy import ColumnElement, Connection, exists, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, mark_processed, next_category_id, next_id
from mic21.corpus.coco.document import bbox_text
from mic21.corpus.images import ImageFiles
from mic21.corpus.store import Corpus
from mic21.drafts.naming import Unmapped
from mic21.drafts.photographs import read_photograph
from mic21.drafts.segmenters import Photograph, Region, Segmenter
from mic21.engine import Batch, Engine, Failure, Step
from mic21.engine.local import LocalEngine
from mic21.errors import BackendError
from mic21.geometry import area

STEP = "segment"
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class DraftReport:
    """What a drafting step did.

    Attributes:
        images: how many it looked at.
        drafts: how many annotations or captions it wrote.
        superseded: how many undecided drafts of earlier runs it rejected in their favour.
        failed: (image id, reason) of those it could not look at.
        unmapped: label → how many regions of it no category of the theme fits, whether kept or dropped.
        usage: what a captioner counts: requests, retries, prompt_tokens, completion_tokens, cost.
    """

    images: int = 0
    drafts: int = 0
    superseded: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)
    unmapped: dict[str, int] = field(default_factory=dict)
    usage: dict[str, float] = field(default_factory=dict)


def segment(
    corpus: Corpus,
    segmenter: Segmenter,
    *,
    subdomain: str | None = None,
    images: Collection[int] | None = None,
    limit: int | None = None,
    batch_size: int = 4,
    include_annotated: bool = False,
    unmapped: Unmapped = "keep",
    engine: Engine | None = None,
    on_worker: Callable[[], Segmenter] | None = None,
    on_progress: Progress | None = None,
) -> DraftReport:
    """Draft masks for the images that the segmenter, as it is configured, has not done yet.

    Photographs are read ahead and drafts written behind while the model works. Each batch is one transaction together
    with the note that its images are done, so that a killed step goes on where it stopped. Undecided drafts that a
    model made before on the same image are rejected in favour of the new ones; what a person or an import made is never
    touched. An image that was withdrawn or accepted meanwhile is passed over.

    Args:
        corpus: whose images to segment.
        segmenter: the backend.
        subdomain: only its images.
        images: only these, by id.
        limit: at most so many images.
        batch_size: images at once, and images a transaction.
        include_annotated: also draft on images that have accepted annotations.
        unmapped: whether regions that no category of the theme fits are kept, as a category `unmapped:LABEL` of the
            corpus, or dropped.
        engine: where the segmenter runs; this machine by default.
        on_worker: loads the same segmenter where it runs; by default it is sent there as it is.
        on_progress: called with (images done, images in all).

    Raises:
        BackendError: the segmenter or the engine failed; what was written before stays.
    """
    signature = f"{segmenter.name} {segmenter.signature}" + (" unmapped=drop" if unmapped == "drop" else "")
    todo = _todo(corpus, signature, subdomain, images, include_annotated)[:limit]
    report = DraftReport()
    if not todo:
        return report
    run_id = corpus.start_run(
        STEP, {"backend": segmenter.name, "signature": segmenter.signature, "subdomain": subdomain}
    )
    files = ImageFiles(corpus.files.folder.resolve())
    step = partial(_step, on_worker or (lambda: segmenter), segmenter.signature, files)
    done = 0
    with closing((engine or LocalEngine()).run(step, todo, batch_size=batch_size)) as batches:
        for batch in batches:
            done += len(batch)
            with corpus.writing() as connection:
                wanted = _still_wanted(connection, [image.id for image, _ in batch], include_annotated)
                batch = [(image, found) for image, found in batch if image.id in wanted]
                _write(corpus, connection, run_id, batch, signature, unmapped, report)
            if on_progress:
                on_progress(done, len(todo))
    corpus.finish_run(run_id)
    return report


@dataclass(frozen=True, slots=True)
class _Image:
    id: int
    sha256: str
    extension: str
    subdomain: str | None


def _step(load: Callable[[], Segmenter], signature: str, files: ImageFiles) -> Step[_Image, Photograph, list[Region]]:
    """The step as it is made where it runs, which may be another machine."""
    segmenter = load()
    if segmenter.signature != signature:
        raise BackendError(f"a worker's segmenter: expected {signature}, found {segmenter.signature}")
    if not files.folder.is_dir():
        raise BackendError(f"{files.folder}: expected the photographs on every worker, found no such folder on one")
    return Step(load=partial(_load, files), run=segmenter.segment)


def _load(files: ImageFiles, image: _Image) -> Photograph:
    return Photograph(read_photograph(files, image.sha256, image.extension), image.subdomain)


def _write(
    corpus: Corpus,
    connection: Connection,
    run_id: int,
    batch: Batch[_Image, list[Region]],
    signature: str,
    unmapped: Unmapped,
    report: DraftReport,
) -> None:
    for image, regions in batch:
        if isinstance(regions, Failure):
            report.failed.append((image.id, regions.reason))
            continue
        for label in (region.label for region in regions if region.category_id is None):
            report.unmapped[label] = report.unmapped.get(label, 0) + 1
        if unmapped == "drop":
            regions = [region for region in regions if region.category_id is not None]
        report.superseded += _supersede(connection, run_id, image.id)
        report.drafts += _insert(corpus, connection, run_id, image.id, regions)
        mark_processed(connection, run_id, STEP, image.id, signature)
        report.images += 1


def _todo(
    corpus: Corpus, signature: str, subdomain: str | None, wanted: Collection[int] | None, include_annotated: bool
) -> list[_Image]:
    if subdomain is not None:
        corpus.ontology.subdomain(subdomain)
    images, processed = schema.images.c, schema.processed.c
    done = exists().where(processed.image_id == images.id, processed.step == STEP, processed.signature == signature)
    statement = (
        select(images.id, images.sha256, images.extension, images.subdomain)
        .where(*_open(include_annotated), images.sha256.is_not(None), ~done)
        .order_by(images.id)
    )
    if subdomain is not None:
        statement = statement.where(images.subdomain == subdomain)
    if wanted is not None:
        statement = statement.where(images.id.in_(wanted))
    with corpus.reading() as connection:
        return [_Image(*row) for row in connection.execute(statement)]


def _still_wanted(connection: Connection, ids: Sequence[int], include_annotated: bool) -> set[int]:
    images = schema.images.c
    return set(connection.execute(select(images.id).where(images.id.in_(ids), *_open(include_annotated))).scalars())


def _open(include_annotated: bool) -> list[ColumnElement[bool]]:
    """What must be true of an image that is to be drafted on."""
    images, annotations = schema.images.c, schema.annotations.c
    accepted = exists().where(annotations.image_id == images.id, annotations.status == "accepted")
    return [images.status == "active", *([] if include_annotated else [~accepted])]


def _supersede(connection: Connection, run_id: int, image_id: int) -> int:
    annotations = schema.annotations.c
    old = select(annotations.id).where(
        annotations.image_id == image_id, annotations.status == "draft", annotations.origin == "model"
    )
    ids = connection.execute(old).scalars().all()
    return change(connection, run_id, "annotations", {id: {"status": "rejected"} for id in ids})


def _insert(corpus: Corpus, connection: Connection, run_id: int, image_id: int, regions: Sequence[Region]) -> int:
    unmapped = {region.label for region in regions if region.category_id is None}
    own = _unmapped_categories(corpus, connection, run_id, unmapped) if unmapped else {}
    first = next_id(connection, schema.annotations)
    rows = [
        {
            "id": first + index,
            "image_id": image_id,
            "category_id": own[region.label] if region.category_id is None else region.category_id,
            "segmentation": msgspec.json.encode(region.rle.to_coco()).decode(),
            "bbox": bbox_text(region.rle),
            "area": float(area(region.rle)),
            "iscrowd": 0,
            "score": region.score,
            "status": "draft",
            "origin": "model",
            "attributes": msgspec.json.encode({"label": region.label}).decode(),
            "run_id": run_id,
        }
        for index, region in enumerate(regions)
    ]
    insert_rows(connection, schema.annotations, rows)
    return len(rows)


def _unmapped_categories(
    corpus: Corpus, connection: Connection, run_id: int, labels: Collection[str]
) -> dict[str, int]:
    """Label → id of the corpus's category `unmapped:LABEL`, made where it is not there yet."""
    imported = corpus.imported_categories(connection)
    there = {name: id for id, (name, _) in imported.items()}
    taken = set(imported)
    fresh = [name for name in (f"unmapped:{label}" for label in sorted(labels)) if name not in there]
    for name in fresh:
        there[name] = next_category_id(taken, corpus.ontology)
        taken.add(there[name])
    rows = [{"id": there[name], "name": name, "run_id": run_id} for name in fresh]
    insert_rows(connection, schema.categories, rows)
    return {label: there[f"unmapped:{label}"] for label in labels}
