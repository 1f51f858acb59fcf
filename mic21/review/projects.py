"""Projects on the server: found or made, their page kept up to date, their tasks read back by our key."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec

from mic21.corpus.store import Corpus
from mic21.errors import ReviewError
from mic21.review import ledger
from mic21.review.labelling import Labelling
from mic21.review.ledger import ReviewProject
from mic21.review.server import Server
from mic21.review.tasks import KEY

_TITLE = 50  # Label Studio's longest
_FIELDS = "id,data,updated_at,total_annotations,cancelled_annotations"
# The server takes the names for tasks and annotations alike; without them it makes up ten more of each.
_ANSWER_FIELDS = f"{_FIELDS},annotations,result,completed_by,lead_time,was_cancelled"
_PAGE = 100  # tasks with their annotations, some megabytes


@dataclass(frozen=True, slots=True)
class ServerTask:
    """A task on the server.

    Attributes:
        id: the server's.
        key: of its image, or None if the task is none of ours.
        updated_at: as the server writes it.
        answers: how many annotations people submitted.
        skips: how many people skipped it.
    """

    id: int
    key: str | None
    updated_at: str
    answers: int
    skips: int

    @property
    def is_touched(self) -> bool:
        """Whether a person has submitted or skipped it."""
        return bool(self.answers or self.skips)


def open_project(
    corpus: Corpus, server: Server, *, subdomain: str, language: str, part: int, labelling: Labelling, annotators: int
) -> ReviewProject:
    """The project of a subdomain, language and part, with this page; made if neither ledger nor server has it.

    Raises:
        ReviewError: the server refuses the page, or the project holds masks of the other tool.
    """
    mark = f"mic21:{ledger.corpus_id(corpus)}/{subdomain}/{language}/{part}"
    with corpus.reading() as connection:
        known = ledger.read_projects(connection, server.url, subdomain=subdomain, language=language)
    project = next((found for found in known if found.part == part), None)
    there = _find(server, mark)
    settings = {"label_config": labelling.xml, "maximum_annotations": annotators, "show_collab_predictions": True}
    if project and project.masks != labelling.masks:
        raise ReviewError(
            f"{address(server, project)}: expected {project.masks} masks, as the project was begun with, found --masks "
            f"{labelling.masks}"
        )
    if there is None:
        name = corpus.ontology.subdomain(subdomain).name(language) or subdomain
        suffix = f" ({language})" if part == 1 else f" ({language}, {part})"
        title = f"{name[: _TITLE - len(suffix)]}{suffix}"
        there = server.post("/api/projects", {"title": title, "description": mark, **settings})
    elif any(there[name] != value for name, value in settings.items()):
        server.patch(f"/api/projects/{there['id']}", settings)
    with corpus.writing() as connection:
        if project is None:
            return ledger.add_project(
                connection,
                server=server.url,
                project_id=there["id"],
                subdomain=subdomain,
                language=language,
                part=part,
                masks=labelling.masks,
            )
        if project.project_id != there["id"]:
            return ledger.move_project(connection, project, there["id"])
    return project


def address(server: Server, project: ReviewProject) -> str:
    """Where people annotate a project."""
    return f"{server.url}/projects/{project.project_id}"


def _find(server: Server, mark: str) -> dict[str, Any] | None:
    """The project that bears our mark; the oldest, should a lost answer have made two."""
    marked = [found for found in server.pages("/api/projects", {}, "results") if found["description"] == mark]
    return min(marked, key=lambda found: int(found["id"])) if marked else None


def server_tasks(server: Server, project_id: int) -> list[ServerTask]:
    """Every task of a project, ordered by id.

    Raises:
        ReviewError: the list does not have as many as the server says there are.
    """
    parameters = {"project": project_id, "fields": "task_only", "include": _FIELDS}
    tasks = []
    for row in server.pages("/api/tasks", parameters, "tasks"):
        key = (row["data"] or {}).get(KEY)
        answers, skips = row["total_annotations"] or 0, row["cancelled_annotations"] or 0
        key = key if isinstance(key, str) else None
        tasks.append(ServerTask(row["id"], key, row["updated_at"], answers, skips))
    return sorted(tasks, key=lambda task: task.id)


def count_tasks(server: Server, project_id: int) -> int:
    """How many tasks a project has."""
    return int(server.get("/api/tasks", {"project": project_id, "include": "id", "page_size": 1})["total"])


def changed_tasks(server: Server, project_id: int, since: datetime | None) -> Iterator[list[dict[str, Any]]]:
    """The tasks of a project that changed since a time, with their annotations, page by page; ordered by id.

    Raises:
        ReviewError: a task was deleted meanwhile, and another may have been passed over for it.
    """
    filters = []
    if since is not None:
        value = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        filters = [{"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": value}]
    query = {"filters": {"conjunction": "and", "items": filters}, "ordering": ["tasks:id"]}
    parameters = {
        "project": project_id,
        "fields": "all",
        "include": _ANSWER_FIELDS,
        "page_size": _PAGE,
        "query": msgspec.json.encode(query).decode(),
    }
    seen: set[int] = set()
    most = 0
    for page in count(1):
        answer = server.get("/api/tasks", parameters | {"page": page})
        tasks = [task for task in answer["tasks"] if task["id"] not in seen]
        seen |= {task["id"] for task in tasks}
        yield tasks
        if answer["total"] < most:
            raise ReviewError(f"{server.url}/projects/{project_id}: tasks were deleted meanwhile; pull again")
        most = answer["total"]
        if page * _PAGE >= most:
            break
    if len(seen) < most:
        raise ReviewError(f"{server.url}/projects/{project_id}: expected {most} tasks, found {len(seen)}; pull again")


def take_doubles_away(server: Server, tasks: Sequence[ServerTask]) -> tuple[dict[str, ServerTask], int]:
    """Key → its one task, and how many doubles were deleted.

    Of several tasks of an image the one stays that people have worked on, or the oldest. A double that people have
    worked on too is never deleted.
    """
    by_key: dict[str, list[ServerTask]] = {}
    for task in tasks:
        if task.key is not None:
            by_key.setdefault(task.key, []).append(task)
    chosen = {key: _first(found) for key, found in by_key.items()}
    extra = [task for key, found in by_key.items() for task in found if task is not chosen[key] and not task.is_touched]
    removed = 0
    for task in extra:
        if not server.get(f"/api/tasks/{task.id}")["drafts"]:  # somebody's unsubmitted work
            server.delete(f"/api/tasks/{task.id}")
            removed += 1
    return chosen, removed


def _first(tasks: Iterable[ServerTask]) -> ServerTask:
    return min(tasks, key=lambda task: (-task.answers, -task.skips, task.id))
