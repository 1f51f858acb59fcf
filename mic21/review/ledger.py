"""The ledger of a corpus's review: which projects and tasks there are, and what was agreed on last."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_id, read_property, write_property
from mic21.corpus.store import Corpus
from mic21.review.labelling import Masks

_CORPUS_ID = "corpus_id"


@dataclass(frozen=True, slots=True)
class ReviewProject:
    """A project on a server, as the ledger has it.

    Attributes:
        id: ours.
        server: address.
        project_id: the server's.
        subdomain: key.
        language: BCP 47 tag of its annotators.
        part: 1, and more where a subdomain has more tasks than a project should hold.
        masks: the tool that masks are drawn with.
    """

    id: int
    server: str
    project_id: int
    subdomain: str
    language: str
    part: int
    masks: Masks


def corpus_id(corpus: Corpus) -> str:
    """An id that this corpus has on every server; made when first asked for."""
    if found := corpus.read_property(_CORPUS_ID):
        return found
    with corpus.writing() as connection:
        found = read_property(connection, _CORPUS_ID) or uuid.uuid4().hex
        write_property(connection, _CORPUS_ID, found)
    return found


def task_key(corpus: str, image_id: int) -> str:
    """What a task's data calls an image: corpus id and image id.

    >>> task_key("c0ffee", 12)
    'c0ffee/12'
    """
    return f"{corpus}/{image_id}"


def read_projects(
    connection: Connection, server: str, *, subdomain: str | None = None, language: str | None = None
) -> list[ReviewProject]:
    """The projects on a server, ordered by subdomain, language and part."""
    table = schema.review_projects.c
    statement = select(schema.review_projects).where(table.server == server)
    if subdomain is not None:
        statement = statement.where(table.subdomain == subdomain)
    if language is not None:
        statement = statement.where(table.language == language)
    rows = connection.execute(statement.order_by(table.subdomain, table.language, table.part)).mappings()
    return [ReviewProject(**row) for row in rows]


def add_project(
    connection: Connection, *, server: str, project_id: int, subdomain: str, language: str, part: int, masks: Masks
) -> ReviewProject:
    """Note a project."""
    id = next_id(connection, schema.review_projects)
    project = ReviewProject(id, server, project_id, subdomain, language, part, masks)
    columns = schema.review_projects.c.keys()
    connection.execute(insert(schema.review_projects), {name: getattr(project, name) for name in columns})
    return project


def move_project(connection: Connection, project: ReviewProject, project_id: int) -> ReviewProject:
    """Note that a project was made anew on the server, without its tasks; gives it as it is now."""
    tasks, projects = schema.review_tasks, schema.review_projects
    connection.execute(delete(tasks).where(tasks.c.review_project_id == project.id))
    connection.execute(update(projects).where(projects.c.id == project.id).values(project_id=project_id))
    return replace(project, project_id=project_id)


def read_pulled(connection: Connection, project: ReviewProject) -> str | None:
    """When the newest task was changed that a pull has brought, all older ones with it; None before the first pull."""
    return read_property(connection, _pulled(project))


def write_pulled(connection: Connection, project: ReviewProject, updated_at: str) -> None:
    """Note up to when a project was pulled without a gap."""
    write_property(connection, _pulled(project), updated_at)


def _pulled(project: ReviewProject) -> str:
    return f"pulled {project.server}/projects/{project.project_id}"


def read_tasks(connection: Connection, project: ReviewProject) -> dict[int, Mapping[str, Any]]:
    """Image id → row of the ledger."""
    table = schema.review_tasks
    rows = connection.execute(select(table).where(table.c.review_project_id == project.id)).mappings()
    return {row["image_id"]: dict(row) for row in rows}


def add_tasks(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note tasks of one project that are about to be sent, in place of what was noted about them before."""
    if rows:
        forget_tasks(connection, rows[0]["review_project_id"], [row["image_id"] for row in rows])
        insert_rows(connection, schema.review_tasks, rows)


def forget_tasks(connection: Connection, review_project_id: int, images: Iterable[int]) -> None:
    """Take out tasks that are not on the server."""
    table = schema.review_tasks
    wanted = [{"image": image_id} for image_id in images]
    if wanted:
        statement = delete(table).where(
            table.c.review_project_id == review_project_id, table.c.image_id == bindparam("image")
        )
        connection.execute(statement, wanted)


def set_task_ids(connection: Connection, review_project_id: int, ids: Mapping[int, int]) -> None:
    """Note the server's id of the tasks of images."""
    table = schema.review_tasks
    if ids:
        statement = (
            update(table)
            .where(table.c.review_project_id == review_project_id, table.c.image_id == bindparam("image"))
            .values(task_id=bindparam("task"))
        )
        connection.execute(statement, [{"image": image_id, "task": task_id} for image_id, task_id in ids.items()])


def change_task(connection: Connection, review_project_id: int, image_id: int, **values: Any) -> None:
    """Change columns of a task's row."""
    table = schema.review_tasks
    connection.execute(
        update(table)
        .where(table.c.review_project_id == review_project_id, table.c.image_id == image_id)
        .values(**values)
    )


def begin_task(connection: Connection, review_project_id: int, image_id: int, *, empty: str, **values: Any) -> None:
    """Change columns of a task's row if its base is empty still and no answer was pulled; else leave it as it is."""
    table = schema.review_tasks
    connection.execute(
        update(table)
        .where(table.c.review_project_id == review_project_id, table.c.image_id == image_id)
        .where(table.c.base == empty, table.c.updated_at.is_(None))
        .values(**values)
    )


def read_task(connection: Connection, project: ReviewProject, image_id: int) -> Mapping[str, Any]:
    """The row of an image."""
    table = schema.review_tasks
    statement = select(table).where(table.c.review_project_id == project.id, table.c.image_id == image_id)
    return dict(connection.execute(statement).mappings().one())
