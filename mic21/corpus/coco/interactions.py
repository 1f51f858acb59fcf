"""Interactions between annotations that come with an import."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_id
from mic21.corpus.coco.job import ImportJob


@dataclass(frozen=True, slots=True)
class Interaction:
    """What an annotation of an image does with another: ids as the source has them, key of a predicate."""

    image_id: int
    subject_id: int
    predicate: str
    object_id: int


def insert_interactions(job: ImportJob, interactions: Sequence[Interaction]) -> None:
    """Insert the interactions whose annotations came in under their own ids, and that the corpus does not have."""
    if not interactions:
        return
    table, annotations = schema.interactions, schema.annotations.c
    images = {row.id: row.image_id for row in job.connection.execute(select(annotations.id, annotations.image_id))}
    columns = (table.c.image_id, table.c.subject_id, table.c.predicate, table.c.object_id)
    there = {tuple(row) for row in job.connection.execute(select(*columns))}
    rows = []
    for one in dict.fromkeys(interactions):
        image_id = job.image_ids.get(one.image_id)
        ends = (images.get(one.subject_id), images.get(one.object_id))
        values = (image_id, one.subject_id, one.predicate, one.object_id)
        if image_id is not None and ends == (image_id, image_id) and values not in there:
            rows.append(dict(zip([column.name for column in columns], values, strict=True)))
    first = next_id(job.connection, table)
    status = job.defaults["status"] or "accepted"
    more = {"status": status, "origin": "import", "run_id": job.run_id}
    insert_rows(job.connection, table, [row | more | {"id": first + index} for index, row in enumerate(rows)])
