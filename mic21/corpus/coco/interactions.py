"""Interactions between annotations that come with an import."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_id
from mic21.corpus.coco.job import ImportJob


@dataclass(frozen=True, slots=True)
class Interaction:
    """What an annotation of an image does with another: ids and place as the source has them, key of a predicate."""

    image_id: int
    subject_id: int
    predicate: str
    object_id: int
    place: str


def insert_interactions(job: ImportJob, interactions: Sequence[Interaction]) -> None:
    """Insert the interactions that the corpus does not have, between annotations that it has from the same source."""
    if not interactions:
        return
    table, annotations = schema.interactions, schema.annotations.c
    images = {row.id: row.image_id for row in job.connection.execute(select(annotations.id, annotations.image_id))}
    names = ("image_id", "subject_id", "predicate", "object_id")
    there = {tuple(row) for row in job.connection.execute(select(*(table.c[name] for name in names)))}
    rows = []
    for one in interactions:
        image_id = job.image_ids.get(one.image_id)
        ends = tuple(job.annotation_ids.get(end) for end in (one.subject_id, one.object_id))
        if image_id is None:
            job.problem(f"{one.place}: expected the id of one of the images, found {one.image_id}")
        elif any(end is None or images[end] != image_id for end in ends):
            found = f"{one.subject_id} and {one.object_id}"
            job.problem(f"{one.place}: expected annotations of image {one.image_id}, found {found}")
        elif (values := (image_id, ends[0], one.predicate, ends[1])) in there:
            job.report.unchanged += 1
        else:
            there.add(values)
            rows.append(dict(zip(names, values, strict=True)))
    first = next_id(job.connection, table)
    status = job.defaults["status"] or "accepted"
    more = {"status": status, "origin": "import", "run_id": job.run_id}
    insert_rows(job.connection, table, [row | more | {"id": first + index} for index, row in enumerate(rows)])
    job.report.interactions += len(rows)
