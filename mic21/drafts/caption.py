"""The step that drafts captions: every image whose objects have changed since a backend last described them."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, mark_processed, next_id
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.selection import Selection
from mic21.corpus.store import Corpus
from mic21.drafts.captioners import CaptionDraft, Captioner, Scene, SceneObject
from mic21.drafts.photographs import load_photograph
from mic21.drafts.segment import DraftReport, Progress
from mic21.geometry import Rle

STEP = "caption"


def caption(
    corpus: Corpus,
    captioner: Captioner,
    *,
    languages: Sequence[str] = ("en",),
    kinds: Sequence[str] = ("title", "description"),
    subdomain: str | None = None,
    images: Collection[int] | None = None,
    limit: int | None = None,
    batch_size: int = 64,
    on_progress: Progress | None = None,
) -> DraftReport:
    """Draft captions for the images whose objects the captioner has not described as they are now.

    An accepted caption of a language and kind is never drafted again; an undecided one of a model is rejected in favour
    of the new one. Each batch is one transaction, so that a killed step goes on where it stopped.

    Args:
        corpus: whose images to describe.
        captioner: the backend.
        languages: BCP 47 tags.
        kinds: of `title` and `description`.
        subdomain: only its images.
        images: only these, by id.
        limit: at most so many images.
        batch_size: images a transaction.
        on_progress: called with (images done, images in all).

    Raises:
        BackendError: the captioner does not write one of the languages.
    """
    report = DraftReport()
    wanted = f"{captioner.name} {captioner.signature} {','.join(sorted(languages))} {','.join(sorted(kinds))}"
    todo = _todo(corpus, wanted, corpus.selection(subdomain=subdomain, images=images))[:limit]
    if not todo:
        return report
    parameters = {"backend": captioner.name, "signature": captioner.signature, "languages": list(languages)}
    run_id = corpus.start_run(STEP, parameters | {"kinds": list(kinds), "subdomain": subdomain})
    for start in range(0, len(todo), batch_size):
        batch = todo[start : start + batch_size]
        drafts = captioner.caption([scene for _, scene, _ in batch], languages=languages, kinds=kinds)
        with corpus.writing() as connection:
            for (image_id, _, signature), of_image in zip(batch, drafts, strict=True):
                _write(connection, run_id, image_id, of_image, report)
                mark_processed(connection, run_id, STEP, image_id, signature)
        report.images += len(batch)
        if on_progress:
            on_progress(report.images, len(todo))
    corpus.finish_run(run_id)
    return report


def _todo(corpus: Corpus, wanted: str, selection: Selection) -> list[tuple[int, Scene, str]]:
    """Image id, scene and signature of what is to be described, ordered by image id."""
    with corpus.reading() as connection:
        processed = schema.processed.c
        done = {
            (signature, image_id)
            for signature, image_id in connection.execute(
                select(processed.signature, processed.image_id).where(processed.step == STEP)
            )
        }
        scenes = list(_scenes(corpus, connection, selection))
    todo = []
    for image_id, scene in scenes:
        digest = hashlib.sha256(repr((scene.width, scene.height, scene.subdomain, scene.objects)).encode()).hexdigest()
        signature = f"{wanted} {digest[:16]}"
        if (signature, image_id) not in done:
            todo.append((image_id, scene, signature))
    return todo


def _scenes(corpus: Corpus, connection: Connection, selection: Selection) -> Iterator[tuple[int, Scene]]:
    linked = corpus.linked_categories(connection)
    objects: dict[int, list[SceneObject]] = {}
    for row in corpus.annotation_rows(selection, connection):
        found = SceneObject(
            category_id=linked.get(row["category_id"], row["category_id"]),
            bbox=tuple(row["bbox"]),
            area=row["area"],
            score=row["score"],
            iscrowd=row["iscrowd"],
        )
        objects.setdefault(row["image_id"], []).append(found)
    for row in corpus.image_rows(selection, connection=connection):
        image = partial(load_photograph, corpus, row["sha256"], row["extension"])
        masks = partial(_masks, corpus, row["id"], (row["height"], row["width"]))
        found_here = tuple(objects.get(row["id"], ()))
        yield row["id"], Scene(row["width"], row["height"], row["subdomain"], found_here, image, masks)


def _masks(corpus: Corpus, image_id: int, size: tuple[int, int]) -> list[Rle]:
    with corpus.reading() as connection:
        rows = corpus.annotation_rows(corpus.selection(images=[image_id]), connection)
        return [segmentation_rle(row["segmentation"], *size) for row in rows]


def _write(
    connection: Connection, run_id: int, image_id: int, drafts: Sequence[CaptionDraft], report: DraftReport
) -> None:
    captions = schema.captions.c
    live = select(captions.id, captions.language, captions.kind, captions.text, captions.status, captions.origin).where(
        captions.image_id == image_id, captions.status.in_(("draft", "accepted"))
    )
    old: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(live):
        old.setdefault((row.language, row.kind), []).append(row)
    superseded: dict[int, dict[str, str]] = {}
    rows: list[dict[str, Any]] = []
    first = next_id(connection, schema.captions)
    for draft in drafts:
        there = old.get((draft.language, draft.kind), [])
        if any(row.status == "accepted" or row.text == draft.text for row in there):
            continue
        superseded |= {row.id: {"status": "rejected"} for row in there if row.origin == "model"}
        values = {"id": first + len(rows), "image_id": image_id, "language": draft.language, "kind": draft.kind}
        rows.append(values | {"text": draft.text, "status": "draft", "origin": "model", "run_id": run_id})
    report.superseded += change(connection, run_id, "captions", superseded)
    insert_rows(connection, schema.captions, rows)
    report.drafts += len(rows)
