"""Subdomains become one, in which a photograph that stood in several stands once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.edit.run import LIVE, Changes, EditReport, record_edit
from mic21.corpus.store import Corpus


def merge(corpus: Corpus, subdomains: Sequence[str], to: str) -> EditReport:
    """Merge subdomains into one, without doubling what is in several of them.

    A photograph that stands in several (the same bytes) stays once, under its lowest id: annotations of the same
    category and mask, and equal captions, are rejected where they are doubled, the others move to it, and the doubles
    are withdrawn.
    """
    for key in [*subdomains, to]:
        corpus.ontology.subdomain(key)

    def changes(connection: Connection) -> Changes:
        images = schema.images.c
        concerned = select(images.id, images.sha256, images.subdomain, images.height, images.width).where(
            images.status == "active", images.subdomain.in_([*subdomains, to])
        )
        kept: dict[str, int] = {}
        result: Changes = {"images": {}, "annotations": {}, "captions": {}, "interactions": {}}
        for row in connection.execute(concerned.order_by(images.id)).all():
            first = kept.setdefault(row.sha256, row.id) if row.sha256 else row.id
            if first == row.id:
                if row.subdomain != to:
                    result["images"][row.id] = {"subdomain": to}
                continue
            result["images"][row.id] = {"status": "withdrawn"}
            _move_records(connection, row.id, first, (row.height, row.width), result)
        return result

    return record_edit(corpus, "merge", {"subdomains": list(subdomains), "to": to}, changes)


def _move_records(connection: Connection, source: int, target: int, size: tuple[int, int], result: Changes) -> None:
    def mask(row: Any) -> object:
        return (row.category_id, segmentation_rle(row.segmentation, *size), row.bbox)

    def words(row: Any) -> object:
        return (row.language, row.kind, row.text)

    keys: Mapping[str, Callable[[Any], object]] = {"annotations": mask, "captions": words}
    for record, key in keys.items():
        table = schema.RECORDS[record]
        moved = result[record]
        live = select(table).where(table.c.status.in_(LIVE)).order_by(table.c.id)
        # What an earlier double has brought to the target counts as being there.
        there = [id for id, values in moved.items() if values.get("image_id") == target]
        present = live.where((table.c.image_id == target) | table.c.id.in_(there))
        seen = {key(row) for row in connection.execute(present)}
        for row in connection.execute(live.where(table.c.image_id == source)):
            moved[row.id] = {"status": "rejected"} if key(row) in seen else {"image_id": target}
            seen.add(key(row))
    interactions = schema.interactions
    of_source = select(interactions.c.id, interactions.c.subject_id, interactions.c.object_id).where(
        interactions.c.image_id == source, interactions.c.status.in_(LIVE)
    )
    for id, subject_id, object_id in connection.execute(of_source):
        both_move = all("image_id" in result["annotations"].get(end, {}) for end in (subject_id, object_id))
        result["interactions"][id] = {"image_id": target} if both_move else {"status": "rejected"}
