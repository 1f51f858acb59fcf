"""Subdomains become one, in which a photograph that stood in several stands once."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from mic21.corpus import schema
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.edit.run import LIVE, Changes, EditReport, record_edit
from mic21.corpus.licenses import UNKNOWN
from mic21.corpus.store import Corpus


def merge(corpus: Corpus, subdomains: Sequence[str], to: str) -> EditReport:
    """Merge subdomains into one, without doubling what is in several of them.

    A photograph that stands in several (the same bytes) stays once, under its lowest id. What is not known of it (its
    licence, author, source, title) is taken from its doubles. Annotations of the same category and mask, equal captions
    and equal interactions are rejected where they are doubled, and what stays is accepted if one of them was; the
    others move to it, interactions with the annotations that stay for their ends. The doubles are withdrawn.
    """
    for key in [*subdomains, to]:
        corpus.ontology.subdomain(key)

    def changes(connection: Connection) -> Changes:
        images, licenses = schema.images, schema.licenses
        concerned = select(images, licenses.c.spdx).outerjoin(licenses).order_by(images.c.id)
        concerned = concerned.where(images.c.status == "active", images.c.subdomain.in_([*subdomains, to]))
        same: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in connection.execute(concerned):
            same[row.sha256 or str(row.id)].append(row)
        result: Changes = {"images": {}, "annotations": {}, "captions": {}, "interactions": {}}
        for rows in same.values():
            kept, *doubles = rows
            wanted = {"subdomain": to} | _facts(rows)
            if differing := {name: value for name, value in wanted.items() if getattr(kept, name) != value}:
                result["images"][kept.id] = differing
            for double in doubles:
                result["images"][double.id] = {"status": "withdrawn"}
                twins = _move_records(connection, double, kept.id, result)
                _move_interactions(connection, double.id, kept.id, twins, result)
        return result

    return record_edit(corpus, "merge", {"subdomains": list(subdomains), "to": to}, changes)


def _facts(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    """What is known of a photograph: of each column the first value, of the licence the first that has an SPDX id."""
    known = sorted(rows, key=lambda row: row.spdx in (None, UNKNOWN))
    found = {name: [getattr(row, name) for row in rows] for name in ("author", "source_url", "title")}
    found["license_id"] = [row.license_id for row in known]
    return {
        name: next(value for value in values if value is not None)
        for name, values in found.items()
        if any(value is not None for value in values)
    }


def _move_records(connection: Connection, double: Row[Any], target: int, result: Changes) -> dict[int, int]:
    """Move annotations and captions of a double or reject them; gives rejected annotation → the one that stays."""

    def mask(row: Any) -> object:
        return (row.category_id, segmentation_rle(row.segmentation, double.height, double.width), row.bbox)

    def words(row: Any) -> object:
        return (row.language, row.kind, row.text)

    twins: dict[int, int] = {}
    keys: Mapping[str, Callable[[Any], object]] = {"annotations": mask, "captions": words}
    for record, key in keys.items():
        table = schema.RECORDS[record]
        moved = result[record]
        live = select(table).where(table.c.status.in_(LIVE)).order_by(table.c.id)
        # What an earlier double has brought to the target counts as being there.
        there = [id for id, values in moved.items() if values.get("image_id") == target]
        present = live.where((table.c.image_id == target) | table.c.id.in_(there))
        seen = {key(row): row for row in connection.execute(present)}
        for row in connection.execute(live.where(table.c.image_id == double.id)):
            stays = seen.setdefault(key(row), row)
            if stays is row:
                moved[row.id] = {"image_id": target}
                continue
            moved[row.id] = {"status": "rejected"}
            if row.status == "accepted" and stays.status == "draft":
                moved[stays.id] = moved.get(stays.id, {}) | {"status": row.status, "origin": row.origin}
            if record == "annotations":
                twins[row.id] = stays.id
    return twins


def _move_interactions(
    connection: Connection, source: int, target: int, twins: Mapping[int, int], result: Changes
) -> None:
    interactions = schema.interactions
    moved, annotations = result["interactions"], result["annotations"]
    live = select(interactions).where(interactions.c.status.in_(LIVE)).order_by(interactions.c.id)
    there = [id for id, values in moved.items() if values.get("image_id") == target]
    seen = {
        (values.get("subject_id", row.subject_id), row.predicate, values.get("object_id", row.object_id)): row
        for row in connection.execute(live.where((interactions.c.image_id == target) | interactions.c.id.in_(there)))
        for values in [moved.get(row.id, {})]
    }
    for row in connection.execute(live.where(interactions.c.image_id == source)):
        subject_id, object_id = (twins.get(end, end) for end in (row.subject_id, row.object_id))
        is_whole = row.subject_id in annotations and row.object_id in annotations
        stays = seen.setdefault((subject_id, row.predicate, object_id), row) if is_whole else None
        if stays is row:
            moved[row.id] = {"image_id": target, "subject_id": subject_id, "object_id": object_id}
            continue
        moved[row.id] = {"status": "rejected"}
        if stays is not None and row.status == "accepted" and stays.status == "draft":
            moved[stays.id] = moved.get(stays.id, {}) | {"status": row.status, "origin": row.origin}
