"""COCO files of a release: by split, and by subdomain."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from mic21.corpus.coco import records
from mic21.corpus.coco.writer import write_document
from mic21.corpus.rows import Row
from mic21.corpus.store import Corpus
from mic21.release.plan import Plan
from mic21.release.splits import SPLITS
from mic21.release.streams import Stream, image_record, rows_of


def write_coco(
    corpus: Corpus,
    connection: Connection,
    plan: Plan,
    folder: Path,
    head: Mapping[str, Any],
    licenses: Mapping[int, Mapping[str, Any]],
    categories: Sequence[Mapping[str, Any]],
) -> None:
    """Write `instances_SPLIT.json`, `captions_SPLIT.json` and `subdomains/SUBDOMAIN_gt.json`."""
    (folder / "subdomains").mkdir(parents=True)
    for split in SPLITS:
        in_split = {id: row for id, row in plan.images.items() if row["split"] == split}
        common = {"licenses": licenses.values(), "images": _images(in_split)}
        masks = rows_of(corpus.annotation_rows(plan.selection, connection), in_split)
        texts = rows_of(corpus.caption_rows(plan.selection, connection), in_split)
        with (folder / f"instances_{split}.json").open("wb") as file:
            sections = common | {"annotations": map(records.annotation_record, masks), "categories": categories}
            write_document(file, head, sections)
        with (folder / f"captions_{split}.json").open("wb") as file:
            common["images"] = _images(in_split)
            write_document(file, head, common | {"annotations": map(records.caption_record, texts)})
    by_subdomain: dict[str, dict[int, Row]] = {}
    for id, row in plan.images.items():
        if row["subdomain"] is not None:
            by_subdomain.setdefault(row["subdomain"], {})[id] = row
    masks = rows_of(corpus.annotation_rows(plan.selection, connection, order="subdomain"), plan.images)
    stream = Stream(masks, "subdomain")
    for subdomain, images in sorted(by_subdomain.items()):
        masks_of = sorted(stream.take(subdomain), key=lambda row: row["id"])
        with (folder / f"subdomains/{subdomain}_gt.json").open("wb") as file:
            sections = {
                "licenses": licenses.values(),
                "images": _images(images),
                "annotations": map(records.annotation_record, masks_of),
                "categories": categories,
            }
            write_document(file, head, sections)


def _images(images: Mapping[int, Row]) -> Iterator[Row]:
    return map(image_record, images.values())
