"""Brings people's answers back: incremental by the tasks' `updated_at`, complete, and none is applied twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select

from mic21.corpus import schema
from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.errors import ReviewError
from mic21.review import ledger
from mic21.review.agreement import answers_agree
from mic21.review.answers import Answer, read_answer
from mic21.review.labelling import ELSEWHERE, REJECT, Labelling, read_labelling
from mic21.review.ledger import ReviewProject
from mic21.review.merge import MergeReport, Prefer, merge_answer
from mic21.review.projects import address, server_tasks, take_doubles_away
from mic21.review.server import Server
from mic21.review.tasks import Base

_BATCH = 100  # tasks fetched and written at once

Accept = Literal["latest", "agreed"]
Progress = Callable[[int, int], None]
Row = Mapping[str, Any]


@dataclass(slots=True)
class PullReport:
    """What a pull brought.

    Attributes:
        tasks: whose state had changed on the server.
        applied: answers taken over into the corpus.
        skipped: answers that say only that a person skipped the image.
        waiting: answers that wait for others to agree with them.
        withdrawn: images that a person rejected.
        moved_images: images that a person put into another subdomain.
        kept: drafts that were right.
        moved: masks that were changed.
        relabelled: annotations that got another category.
        deleted: annotations, captions and interactions that were rejected.
        added: annotations, captions and interactions that are new.
        rewritten: captions that were changed.
        conflicts: image id and what both sides changed; nothing happened to it.
        problems: what could not be read: foreign tasks, unknown labels, broken regions.
    """

    tasks: int = 0
    applied: int = 0
    skipped: int = 0
    waiting: int = 0
    withdrawn: int = 0
    moved_images: int = 0
    kept: int = 0
    moved: int = 0
    relabelled: int = 0
    deleted: int = 0
    added: int = 0
    rewritten: int = 0
    conflicts: list[tuple[int, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Submitted:
    """One annotation of a task on the server."""

    id: int
    annotator: str
    lead_time: float | None
    updated_at: str
    was_cancelled: bool
    answer: Answer
    problems: Sequence[str]
    broken: frozenset[str]


def pull(
    corpus: Corpus,
    server: Server,
    *,
    subdomain: str | None = None,
    language: str | None = None,
    accept: Accept = "latest",
    prefer: Prefer = "neither",
    on_progress: Progress | None = None,
) -> PullReport:
    """Take over what people submitted since the last pull.

    Args:
        corpus: to take it into.
        server: to ask.
        subdomain: only its projects.
        language: only projects of annotators of this language.
        accept: of several answers about an image, the `latest`, or none before two annotators `agreed`.
        prefer: decides conflicts, those of earlier pulls too; `neither` leaves both versions.
        on_progress: called with (tasks done, tasks in all).

    Raises:
        ReviewError: the server cannot be reached, or does not give all that it says it has.
    """
    report = PullReport()
    with corpus.reading() as connection:
        projects = ledger.read_projects(connection, server.url, subdomain=subdomain, language=language)
    if not projects:
        raise ReviewError(f"{server.url}: nothing of this corpus was pushed there; push first, or see --url")
    people = {user["id"]: user["email"] for user in server.get("/api/users/")}
    changed = {project: _changed(corpus, server, project, prefer, report) for project in projects}
    total, done = sum(map(len, changed.values())), 0
    run_id = corpus.start_run("review pull", {"server": server.url, "subdomain": subdomain, "accept": accept})
    for project, tasks in changed.items():
        if not tasks:
            continue
        config = server.get(f"/api/projects/{project.project_id}")["label_config"]
        labelling = read_labelling(corpus, config, project.language)
        for found in _fetch(server, project, sorted(tasks)):
            with corpus.writing() as connection:
                for task in found:
                    _Pulled(connection, run_id, project, labelling, people, report).take(
                        tasks[task["id"]], task, accept=accept, prefer=prefer
                    )
            done += len(found)
            if on_progress:
                on_progress(done, total)
    corpus.finish_run(run_id)
    return report


def _changed(
    corpus: Corpus, server: Server, project: ReviewProject, prefer: Prefer, report: PullReport
) -> dict[int, int]:
    """Task id → image id of the tasks that changed on the server, or have a conflict that is to be decided now."""
    by_key, _ = take_doubles_away(server, server_tasks(server, project.project_id))
    own = ledger.corpus_id(corpus)
    with corpus.reading() as connection:
        known = {
            ledger.task_key(own, image_id): row for image_id, row in ledger.read_tasks(connection, project).items()
        }
        answers = schema.review_answers.c
        conflicts = set(
            connection.execute(
                select(answers.image_id).where(answers.review_project_id == project.id, answers.state == "conflict")
            ).scalars()
        )
    foreign = sorted(task.id for key, task in by_key.items() if key not in known)
    if foreign:
        report.problems.append(f"{address(server, project)}: tasks that are none of this corpus's: {foreign[:10]}")
    gone = sorted(row["image_id"] for key, row in known.items() if row["task_id"] and key not in by_key)
    if gone:
        report.problems.append(f"{address(server, project)}: deleted on the server: tasks of images {gone[:10]}")
    return {
        task.id: known[key]["image_id"]
        for key, task in by_key.items()
        if key in known
        and (
            (task.is_touched and task.updated_at != known[key]["updated_at"])
            or (known[key]["updated_at"] is not None and task.updated_at != known[key]["updated_at"])
            or (prefer != "neither" and known[key]["image_id"] in conflicts)
        )
    }


def _fetch(server: Server, project: ReviewProject, ids: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
    """The tasks with all annotations, in batches.

    Raises:
        ReviewError: a task or annotation that the server counts is missing.
    """
    for start in range(0, len(ids), _BATCH):
        wanted = ids[start : start + _BATCH]
        parameters = {"exportType": "JSON", "download_all_tasks": "true", "ids[]": wanted}
        found = server.get(f"/api/projects/{project.project_id}/export", parameters)
        if {task["id"] for task in found} != set(wanted):
            raise ReviewError(
                f"{address(server, project)}: expected {len(wanted)} tasks, found {len(found)}; pull again"
            )
        for task in found:
            counted = (task["total_annotations"] or 0) + (task["cancelled_annotations"] or 0)
            if len(task["annotations"]) != counted:
                raise ReviewError(
                    f"{address(server, project)}: task {task['id']}: expected {counted} annotations, found "
                    f"{len(task['annotations'])}; pull again"
                )
        yield found


class _Pulled:
    """One task's answers on their way into the corpus, inside a transaction."""

    def __init__(
        self,
        connection: Connection,
        run_id: int,
        project: ReviewProject,
        labelling: Labelling,
        people: Mapping[int, str],
        report: PullReport,
    ) -> None:
        self.connection, self.run_id, self.project = connection, run_id, project
        self.labelling, self.people, self.report = labelling, people, report

    def take(self, image_id: int, task: Mapping[str, Any], *, accept: Accept, prefer: Prefer) -> None:
        """Record every answer and apply the one that counts."""
        images = schema.images
        image = dict(self.connection.execute(select(images).where(images.c.id == image_id)).mappings().one())
        submitted = sorted(
            (self._read(image, annotation) for annotation in task["annotations"]),
            key=lambda one: (one.updated_at, one.id),
        )
        before = self._recorded(image_id)
        given = [one for one in submitted if not one.was_cancelled]
        chosen = given[-1] if given else None
        if chosen and accept == "agreed" and not _agreed(given, image):
            chosen = None
        states: dict[int, str] = {}
        for one in submitted:
            states[one.id] = "skipped" if one.was_cancelled else "waiting" if chosen is None else "superseded"
        if chosen is not None:
            states[chosen.id] = self._apply(image, chosen, before, prefer)
        self._record(image_id, submitted, states)
        self.report.tasks += 1
        self.report.skipped += sum(state == "skipped" for state in states.values())
        self.report.waiting += sum(state == "waiting" for state in states.values())
        ledger.change_task(self.connection, self.project.id, image_id, updated_at=task["updated_at"])

    def _read(self, image: Row, annotation: Mapping[str, Any]) -> _Submitted:
        answer, problems, broken = read_answer(
            annotation["result"], self.labelling, height=image["height"], width=image["width"]
        )
        person = annotation["completed_by"]
        person = person["id"] if isinstance(person, Mapping) else person
        named = [f"image {image['id']}, annotation {annotation['id']}: {problem}" for problem in problems]
        self.report.problems += named
        return _Submitted(
            annotation["id"],
            self.people.get(person, str(person)),
            annotation.get("lead_time"),
            annotation["updated_at"],
            bool(annotation["was_cancelled"]),
            answer,
            problems,
            frozenset(broken),
        )

    def _recorded(self, image_id: int) -> dict[int, Row]:
        answers = schema.review_answers
        rows = self.connection.execute(
            select(answers).where(answers.c.review_project_id == self.project.id, answers.c.image_id == image_id)
        )
        return {row["annotation_id"]: dict(row) for row in rows.mappings()}

    def _apply(self, image: Row, chosen: _Submitted, before: Mapping[int, Row], prefer: Prefer) -> str:
        """Take an answer over; gives its state."""
        known = before.get(chosen.id, {"updated_at": None, "state": None})
        settled = ("applied", "conflict") if prefer == "neither" else ("applied",)
        if known["updated_at"] == chosen.updated_at and known["state"] in settled:
            return str(known["state"])
        answer = chosen.answer
        self.report.applied += 1
        if answer.verdict in (REJECT, ELSEWHERE):
            self._judge(image, answer)
            return "applied"
        withdrawn_here = any(Answer.decode(row["answer"]).verdict == REJECT for row in before.values())
        if image["status"] == "withdrawn" and withdrawn_here:
            change(self.connection, self.run_id, "images", {image["id"]: {"status": "active"}})
        task = ledger.read_task(self.connection, self.project, image["id"])
        base, merged = merge_answer(
            self.connection,
            self.run_id,
            image,
            Base.decode(task["base"]),
            answer,
            linked=self.labelling.linked,
            broken=chosen.broken,
            prefer=prefer,
        )
        ledger.change_task(self.connection, self.project.id, image["id"], base=base.encode())
        self._count(image["id"], merged)
        return "conflict" if merged.conflicts else "applied"

    def _judge(self, image: Row, answer: Answer) -> None:
        """The photograph itself is rejected or belongs elsewhere: its drafts are left as they are."""
        if answer.verdict == REJECT:
            self.report.withdrawn += change(
                self.connection, self.run_id, "images", {image["id"]: {"status": "withdrawn"}}
            )
        elif answer.theme:
            self.report.moved_images += change(
                self.connection, self.run_id, "images", {image["id"]: {"subdomain": answer.theme}}
            )

    def _count(self, image_id: int, merged: MergeReport) -> None:
        for name in ("kept", "moved", "relabelled", "deleted", "added", "rewritten"):
            setattr(self.report, name, getattr(self.report, name) + getattr(merged, name))
        self.report.conflicts += [(image_id, conflict) for conflict in merged.conflicts]

    def _record(self, image_id: int, submitted: Sequence[_Submitted], states: Mapping[int, str]) -> None:
        """Keep every answer; one that was deleted on the server stays, as gone."""
        answers = schema.review_answers
        here = [answers.c.review_project_id == self.project.id, answers.c.image_id == image_id]
        ids = [one.id for one in submitted]
        self.connection.execute(answers.update().where(*here, answers.c.annotation_id.not_in(ids)).values(state="gone"))
        self.connection.execute(delete(answers).where(*here, answers.c.annotation_id.in_(ids)))
        for one in submitted:
            row = {
                "review_project_id": self.project.id,
                "annotation_id": one.id,
                "image_id": image_id,
                "annotator": one.annotator,
                "lead_time": one.lead_time,
                "updated_at": one.updated_at,
                "state": states[one.id],
                "answer": one.answer.encode(),
                "problems": msgspec.json.encode(one.problems).decode(),
                "run_id": self.run_id,
            }
            self.connection.execute(insert(answers), row)


def _agreed(given: Sequence[_Submitted], image: Row) -> bool:
    """Whether two annotators or more say the same."""
    latest = {one.annotator: one.answer for one in given}
    answers = list(latest.values())
    size = image["height"], image["width"]
    return len(answers) > 1 and all(answers_agree(answers[0], other, *size) for other in answers[1:])
