"""Sends images with their drafts to a Label Studio server: one task an image, one prediction a task, however often.

The ledger knows what is about to be sent before it is sent. A push begins by reading the server back by our key, so
that a task whose answer was lost is found and not sent again, and a double that came late is taken away.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.store import Corpus
from mic21.errors import GeometryError, ReviewError
from mic21.review import ledger
from mic21.review.ahead import ahead
from mic21.review.labelling import Labelling, Masks, make_labelling
from mic21.review.ledger import ReviewProject
from mic21.review.photographs import Photographs, check_photograph
from mic21.review.projects import ServerTask, address, open_project, server_tasks, take_doubles_away
from mic21.review.server import Server, Unanswered
from mic21.review.tasks import MODEL_VERSION, Base, Draft, ImageDrafts, make_draft, make_task, read_drafts, task_data

CHUNK_BYTES = 8_000_000
CHUNK_TASKS = 1000
PROJECT_TASKS = 50_000  # half of what the vendor advises for tasks and annotations together
_BATCH = 50  # images whose drafts are made at once
_BATCHES_AHEAD = 8  # while those before are sent
_WAITS = (1, 3, 10)  # seconds before the server is read back after a request without an answer

Progress = Callable[[int, int], None]
Row = Mapping[str, Any]


@dataclass(slots=True)
class PushReport:
    """What a push did.

    Attributes:
        projects: addresses of the projects that were pushed to.
        created: tasks that are new on the server.
        updated: predictions that were brought up to date.
        unchanged: tasks that were as they should be.
        left: tasks that a person has answered; their predictions stay as they were sent.
        removed: doubles taken away.
        failed: image id and reason.
    """

    projects: list[str] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    left: int = 0
    removed: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)


def push(
    corpus: Corpus,
    server: Server,
    photographs: Photographs,
    *,
    subdomain: str | None = None,
    language: str = "en",
    masks: Masks = "brush",
    everything: bool = False,
    annotators: int = 1,
    limit: int | None = None,
    on_progress: Progress | None = None,
) -> PushReport:
    """Send images that have something to decide, and bring up to date what was sent before.

    Args:
        corpus: to send from.
        server: to send to.
        photographs: how the server gets them.
        subdomain: only its images; without it those of every subdomain, each to a project of its own.
        language: BCP 47 tag of the annotators: of labels, and of the captions that are sent.
        masks: the tool that masks are drawn with.
        everything: also images whose records are all accepted.
        annotators: how many people are to answer each task.
        limit: at most so many images.
        on_progress: called with (images done, images in all).

    Raises:
        ReviewError: the server cannot be reached, refuses, cannot show a photograph, or gave no answer for good; what
            was sent is in the ledger, and pushing again goes on from there.
        OntologyError: there is no such subdomain.
    """
    report = PushReport()
    chosen, homeless = _choose(corpus, subdomain, language, everything, limit)
    report.failed += [(id, "expected a subdomain, found none; `mic21 edit move` gives it one") for id in homeless]
    done, total = 0, sum(map(len, chosen.values()))
    for theme, images in chosen.items():
        session = _Session(corpus, server, photographs, report, theme, language, masks, annotators)
        for count in session.push(images):
            done += count
            if on_progress:
                on_progress(done, total)
    return report


def _choose(
    corpus: Corpus, subdomain: str | None, language: str, everything: bool, limit: int | None
) -> tuple[dict[str, list[Row]], list[int]]:
    """Subdomain → its images with a photograph and something to decide, by key and id; and images without one."""
    with corpus.reading() as connection:
        decided: set[int] = set()
        if not everything:
            seen: dict[str, set[int]] = {}
            for table in (schema.annotations, schema.captions, schema.interactions):
                statement = select(table.c.image_id, table.c.status).distinct()
                if table is schema.captions:
                    statement = statement.where(table.c.language == language)
                for image_id, status in connection.execute(statement):
                    seen.setdefault(status, set()).add(image_id)
            decided = seen.get("accepted", set()) - seen.get("draft", set())
        rows = [
            row
            for row in corpus.image_rows(corpus.selection(subdomain=subdomain), connection=connection)
            if row["sha256"] and row["id"] not in decided
        ]
    by_theme: dict[str, list[Row]] = {}
    for row in [row for row in rows if row["subdomain"]][:limit]:
        by_theme.setdefault(row["subdomain"], []).append(row)
    return dict(sorted(by_theme.items())), [row["id"] for row in rows if not row["subdomain"]]


def _batches(images: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))


class _Session:
    """The push of one subdomain's images."""

    def __init__(
        self,
        corpus: Corpus,
        server: Server,
        photographs: Photographs,
        report: PushReport,
        theme: str,
        language: str,
        masks: Masks,
        annotators: int,
    ) -> None:
        self.corpus, self.server, self.photographs, self.report = corpus, server, photographs, report
        self.theme, self.language, self.masks, self.annotators = theme, language, masks, annotators
        self.corpus_id = ledger.corpus_id(corpus)
        self.run_id = 0

    def push(self, images: Sequence[Row]) -> Iterator[int]:
        """Push images; gives the number done, batch by batch."""
        labelling = self._labelling(images)
        parameters = {
            "server": self.server.url,
            "subdomain": self.theme,
            "language": self.language,
            "masks": self.masks,
        }
        self.run_id = self.corpus.start_run("review push", parameters)
        places = self._places(images)
        for part in sorted(set(places.values())):
            project = open_project(
                self.corpus,
                self.server,
                subdomain=self.theme,
                language=self.language,
                part=part,
                labelling=labelling,
                annotators=self.annotators,
            )
            self.report.projects.append(address(self.server, project))
            self.photographs.prepare(self.server, project.project_id)
            there = self._read_back(project)
            of_part = [row for row in images if places[row["id"]] == part]
            if not there and of_part:
                first = of_part[0]
                check_photograph(self.server, project.project_id, first, self._image_address(project, first))
            yield from self._push_part(project, self._drafts(of_part, labelling), there)
        self.corpus.finish_run(self.run_id)

    def _labelling(self, images: Sequence[Row]) -> Labelling:
        annotations = schema.annotations.c
        used: set[int] = set()
        with self.corpus.reading() as connection:
            for batch in _batches(images):
                of_batch = annotations.image_id.in_([row["id"] for row in batch])
                live = select(annotations.category_id).where(of_batch, annotations.status != "rejected").distinct()
                used |= set(connection.execute(live).scalars())
            for project in ledger.read_projects(
                connection, self.server.url, subdomain=self.theme, language=self.language
            ):  # a label that is on the page stays: the server refuses to drop one that is in use
                for row in ledger.read_tasks(connection, project).values():
                    base = Base.decode(row["base"])
                    used |= {region.category for region in base.regions.values()}
        return make_labelling(self.corpus, self.theme, self.language, masks=self.masks, others=used)

    def _places(self, images: Sequence[Row]) -> dict[int, int]:
        """Image id → part: where it is, or the first part that has room."""
        placed: dict[int, int] = {}
        with self.corpus.reading() as connection:
            for project in ledger.read_projects(
                connection, self.server.url, subdomain=self.theme, language=self.language
            ):
                placed |= dict.fromkeys(ledger.read_tasks(connection, project), project.part)
        counts: dict[int, int] = {}
        for part in placed.values():
            counts[part] = counts.get(part, 0) + 1
        part = 1
        for row in images:
            if row["id"] not in placed:
                while counts.get(part, 0) >= PROJECT_TASKS:
                    part += 1
                placed[row["id"]] = part
                counts[part] = counts.get(part, 0) + 1
        return placed

    def _read_back(self, project: ReviewProject) -> dict[int, ServerTask]:
        """Image id → task on the server; the ledger learns what arrived and forgets what did not."""
        by_key, removed = take_doubles_away(self.server, server_tasks(self.server, project.project_id))
        self.report.removed += removed
        there = {int(key.rpartition("/")[2]): task for key, task in by_key.items() if self._is_ours(key)}
        with self.corpus.writing() as connection:
            known = ledger.read_tasks(connection, project)
            ledger.forget_tasks(connection, project.id, known.keys() - there.keys())
            ids = {image_id: there[image_id].id for image_id in known.keys() & there.keys()}
            moved = {image_id: id for image_id, id in ids.items() if known[image_id]["task_id"] != id}
            ledger.set_task_ids(connection, project.id, moved)
        return there

    def _is_ours(self, key: str) -> bool:
        corpus_id, _, image_id = key.rpartition("/")
        return corpus_id == self.corpus_id and image_id.isdecimal()

    def _drafts(self, images: Sequence[Row], labelling: Labelling) -> Iterator[list[tuple[ImageDrafts, Draft | str]]]:
        """The drafts of images, batch by batch; in place of one that cannot be made, why."""
        for batch in _batches(images):
            drafts: list[tuple[ImageDrafts, Draft | str]] = []
            with self.corpus.reading() as connection:
                selection = self.corpus.selection(images=[row["id"] for row in batch])
                found = list(read_drafts(self.corpus, connection, selection, self.language, batch))
            for of_image in found:
                try:
                    drafts.append((of_image, make_draft(of_image, labelling)))
                except (GeometryError, ReviewError) as error:
                    drafts.append((of_image, str(error)))
            yield drafts

    def _push_part(
        self,
        project: ReviewProject,
        batches: Iterable[list[tuple[ImageDrafts, Draft | str]]],
        there: dict[int, ServerTask],
    ) -> Iterator[int]:
        """Push the images of one project; gives the number done, now and then."""
        with self.corpus.reading() as connection:
            known = ledger.read_tasks(connection, project)
        chunk: list[tuple[ImageDrafts, Draft, str, bytes]] = []
        size, most = 0, CHUNK_BYTES // 8  # the first is small, so that the server has work soon
        for drafts in ahead(batches, _BATCHES_AHEAD):
            for found, draft in drafts:
                image_id = found.image["id"]
                if isinstance(draft, str):
                    self.report.failed.append((image_id, draft))
                elif image_id in there:
                    self._update(project, there[image_id], found, draft, known.get(image_id))
                else:
                    image_address = self._image_address(project, found.image)
                    body = make_task(ledger.task_key(self.corpus_id, image_id), found.image, image_address, draft)
                    if chunk and (size + len(body) > most or len(chunk) == CHUNK_TASKS):
                        self._send(project, chunk, there)
                        chunk, size, most = [], 0, CHUNK_BYTES
                    chunk.append((found, draft, image_address, body))
                    size += len(body)
            yield len(drafts)
        if chunk:
            self._send(project, chunk, there)

    def _image_address(self, project: ReviewProject, image: Row) -> str:
        try:
            return self.photographs.address(self.server, project.project_id, image)
        except Unanswered:  # an upload: what arrived without our knowing is a file that nothing names
            time.sleep(_WAITS[0])
            return self.photographs.address(self.server, project.project_id, image)

    def _send(
        self,
        project: ReviewProject,
        chunk: Sequence[tuple[ImageDrafts, Draft, str, bytes]],
        there: dict[int, ServerTask],
    ) -> None:
        """Send new tasks; after a request without an answer, read back and send what is missing."""
        rows = [self._row(project, found, draft, image_address) for found, draft, image_address, _ in chunk]
        with self.corpus.writing() as connection:
            ledger.add_tasks(connection, rows)
        missing = {found.image["id"]: body for found, _, _, body in chunk}
        path = f"/api/projects/{project.project_id}/import?return_task_ids=true"
        for wait in (*_WAITS, None):
            content = b"[" + b",".join(missing.values()) + b"]"
            try:
                answer = self.server.post(path, content=content, headers={"Content-Type": "application/json"})
            except Unanswered:
                if wait is None:
                    raise
                time.sleep(wait)
                found = self._read_back_rows(project, rows)
                there |= found
                missing = {image_id: body for image_id, body in missing.items() if image_id not in found}
                if not missing:
                    break
                continue
            ids = answer.get("task_ids") or []
            if len(ids) != len(missing):
                raise ReviewError(
                    f"{address(self.server, project)}: expected {len(missing)} new tasks, found {len(ids)}; push again"
                )
            with self.corpus.writing() as connection:
                ledger.set_task_ids(connection, project.id, dict(zip(missing, ids, strict=True)))
            break
        self.report.created += len(chunk)

    def _read_back_rows(self, project: ReviewProject, rows: Sequence[Row]) -> dict[int, ServerTask]:
        """Read the server back; the rows of tasks that did not arrive stay in the ledger, they are sent next."""
        there = self._read_back(project)
        with self.corpus.writing() as connection:
            ledger.add_tasks(connection, [row for row in rows if row["image_id"] not in there])
        return there

    def _row(self, project: ReviewProject, drafts: ImageDrafts, draft: Draft, image_address: str) -> dict[str, Any]:
        return {
            "review_project_id": project.id,
            "image_id": drafts.image["id"],
            "image_url": image_address,
            "task_id": None,
            "prediction_digest": draft.digest,
            "base": draft.base.encode(),
            "updated_at": None,
            "run_id": self.run_id,
        }

    def _update(
        self, project: ReviewProject, task: ServerTask, drafts: ImageDrafts, draft: Draft, row: Row | None
    ) -> None:
        """Bring a task's prediction up to date, unless a person has begun."""
        if row is not None and row["prediction_digest"] == draft.digest:
            self.report.unchanged += 1
            return
        if task.is_touched and row is not None:
            self.report.left += 1
            return
        self._set_prediction(project, task, draft)
        if row is not None and row["image_url"]:
            key = ledger.task_key(self.corpus_id, drafts.image["id"])
            data = task_data(key, drafts.image, row["image_url"], draft.hints)
            self.server.patch(f"/api/tasks/{task.id}", {"data": data})
        fresh = self._row(project, drafts, draft, row["image_url"] if row else "") | {"task_id": task.id}
        with self.corpus.writing() as connection:
            ledger.add_tasks(connection, [fresh])
        self.report.updated += 1

    def _set_prediction(self, project: ReviewProject, task: ServerTask, draft: Draft) -> None:
        own = [
            found
            for found in self.server.get("/api/predictions", {"task": task.id, "project": project.project_id})
            if found["model_version"] == MODEL_VERSION
        ]
        value = {"result": msgspec.json.decode(draft.result), "score": draft.score, "model_version": MODEL_VERSION}
        if not own:
            self.server.post("/api/predictions", value | {"task": task.id, "project": project.project_id})
            return
        first, *others = sorted(own, key=lambda found: int(found["id"]))
        self.server.patch(f"/api/predictions/{first['id']}", value)
        for other in others:
            self.server.delete(f"/api/predictions/{other['id']}")
