"""Brings people's answers back: incremental by the tasks' `updated_at`, complete, and none is applied twice.

Tasks come in the order of their ids, a page at a time. How far a project was pulled is noted after its last page, so
that a pull that broke off leaves nothing behind that the next one would take for done.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select

from mic21.corpus import schema
from mic21.corpus.changes import change
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.errors import ReviewError
from mic21.geometry import Rle
from mic21.review import ledger
from mic21.review.agreement import answers_agree
from mic21.review.ahead import ahead
from mic21.review.answers import Answer, Broken, read_answer
from mic21.review.labelling import ELSEWHERE, REJECT, Labelling, read_labelling
from mic21.review.ledger import ReviewProject
from mic21.review.merge import MergeReport, Prefer, merge_answer
from mic21.review.projects import address, changed_tasks, count_tasks, server_tasks, take_doubles_away
from mic21.review.server import Server
from mic21.review.tasks import Base, digest_annotation

_OVERLAP = timedelta(minutes=10)  # what was answered before, but came into the server's database after the last pull

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
        moved_images: images that a person put into another subdomain, or back.
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
    broken: Broken


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
        accept: of several answers about an image, the `latest`, also of those that waited so far, or none before two
            annotators `agreed`, and then the latest that another one agrees with.
        prefer: decides conflicts, those of earlier pulls too; `neither` leaves both versions.
        on_progress: called with (projects done, projects in all).

    Raises:
        ReviewError: the server cannot be reached, or does not give all that it says it has.
    """
    report = PullReport()
    with corpus.reading() as connection:
        projects = ledger.read_projects(connection, server.url, subdomain=subdomain, language=language)
    if not projects:
        raise ReviewError(f"{server.url}: nothing of this corpus was pushed there; push first, or see --url")
    people = {user["id"]: user["email"] for user in server.get("/api/users/")}
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # what is answered from now on is read next time
    readings = [_reading(corpus, server, project, accept, prefer, report) for project in projects]
    run_id = corpus.start_run("review pull", {"server": server.url, "subdomain": subdomain, "accept": accept})
    for done, reading in enumerate(readings):
        project = reading.project
        labelling: Labelling | None = None
        for tasks in ahead(reading.batches()):
            if tasks and labelling is None:
                config = server.get(f"/api/projects/{project.project_id}")["label_config"]
                labelling = read_labelling(corpus, config, project.language)
            with corpus.writing() as connection:
                for task in tasks:
                    assert labelling is not None
                    _Pulled(connection, run_id, project, labelling, people, report).take(
                        reading.tasks[task["id"]]["image_id"], task, accept=accept, prefer=prefer
                    )
        if reading.newest:
            with corpus.writing() as connection:
                ledger.write_pulled(connection, project, min(reading.newest, began))
        if on_progress:
            on_progress(done + 1, len(readings))
    corpus.finish_run(run_id)
    return report


def _reading(
    corpus: Corpus, server: Server, project: ReviewProject, accept: Accept, prefer: Prefer, report: PullReport
) -> "_Reading":
    """What is to be read of a project; foreign, doubled and deleted tasks are looked for where the counts differ."""
    own = ledger.corpus_id(corpus)
    states = ["conflict"] if prefer != "neither" else []
    states += ["waiting"] if accept == "latest" else []
    with corpus.reading() as connection:
        pulled = ledger.read_pulled(connection, project)
        known = {
            ledger.task_key(own, image_id): row for image_id, row in ledger.read_tasks(connection, project).items()
        }
        answers = schema.review_answers.c
        undecided = select(answers.image_id).where(answers.review_project_id == project.id, answers.state.in_(states))
        to_decide = set(connection.execute(undecided).scalars())
    ids = {key: row["task_id"] for key, row in known.items()}
    if count_tasks(server, project.project_id) != len(known) or None in ids.values():
        by_key, _ = take_doubles_away(server, server_tasks(server, project.project_id))
        foreign = sorted(task.id for key, task in by_key.items() if key not in known)
        if foreign:
            report.problems.append(f"{address(server, project)}: tasks that are none of this corpus's: {foreign[:10]}")
        gone = sorted(row["image_id"] for key, row in known.items() if row["task_id"] and key not in by_key)
        if gone:
            report.problems.append(f"{address(server, project)}: deleted on the server: tasks of images {gone[:10]}")
        ids = {key: task.id for key, task in by_key.items() if key in known}
    since = None if to_decide or not pulled else datetime.fromisoformat(pulled) - _OVERLAP
    tasks = {id: known[key] for key, id in ids.items()}
    return _Reading(server, project, tasks, to_decide, since, pulled or "")


@dataclass(slots=True)
class _Reading:
    """What is to be read of a project.

    Attributes:
        server: to ask.
        project: to read.
        tasks: rows of the ledger by the server's id.
        to_decide: images whose answers are to be looked at again, changed or not.
        since: only tasks that changed after this; None for all.
        newest: `updated_at` of the task that changed last, of those read so far.
    """

    server: Server
    project: ReviewProject
    tasks: Mapping[int, Row]
    to_decide: Collection[int]
    since: datetime | None
    newest: str

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """Tasks that changed, with all their annotations.

        Raises:
            ReviewError: an annotation that the server counts is missing.
        """
        for tasks in changed_tasks(self.server, self.project.project_id, self.since):
            self.newest = max([self.newest, *(task["updated_at"] for task in tasks)])
            changed = [task for task in tasks if self._is_changed(task)]
            for task in changed:
                counted = (task["total_annotations"] or 0) + (task["cancelled_annotations"] or 0)
                if len(task["annotations"]) != counted:
                    raise ReviewError(
                        f"{address(self.server, self.project)}: task {task['id']}: expected {counted} annotations, "
                        f"found {len(task['annotations'])}; pull again"
                    )
            yield changed

    def _is_changed(self, task: Mapping[str, Any]) -> bool:
        row = self.tasks.get(task["id"])
        if row is None:
            return False
        if row["updated_at"] is None and not task["annotations"]:
            return False
        return bool(task["updated_at"] != row["updated_at"] or row["image_id"] in self.to_decide)


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
        base = Base.decode(ledger.read_task(self.connection, self.project, image_id)["base"])
        masks = self._masks(image, base)
        submitted = sorted((self._read(image, annotation, masks) for annotation in task["annotations"]), key=_when)
        before = self._recorded(image_id)
        given = [one for one in submitted if not one.was_cancelled]
        chosen = _agreed(given, image) if accept == "agreed" else given[-1] if given else None
        otherwise = "waiting" if chosen is None else "superseded"
        states = {one.id: "skipped" if one.was_cancelled else otherwise for one in submitted}
        if chosen is not None:
            states[chosen.id] = self._apply(image, base, chosen, before, prefer)
        self._record(image_id, submitted, states)
        self.report.tasks += 1
        self.report.skipped += sum(state == "skipped" for state in states.values())
        self.report.waiting += sum(state == "waiting" for state in states.values())
        ledger.change_task(self.connection, self.project.id, image_id, updated_at=task["updated_at"])

    def _masks(self, image: Row, base: Base) -> dict[str, Rle]:
        """Digest → mask of the brush strokes that were sent and are in the corpus still."""
        if self.labelling.masks != "brush":
            return {}
        annotations = schema.annotations.c
        rows = self.connection.execute(
            select(annotations.id, annotations.category_id, annotations.segmentation).where(
                annotations.image_id == image["id"]
            )
        )
        there = {row.id: row for row in rows}
        return {
            region.sent: segmentation_rle(row.segmentation, image["height"], image["width"])
            for region in base.regions.values()
            if (row := there.get(region.annotation))
            and digest_annotation(row.category_id, row.segmentation) == region.stored
        }

    def _read(self, image: Row, annotation: Mapping[str, Any], masks: Mapping[str, Rle]) -> _Submitted:
        answer, problems, broken = read_answer(
            annotation["result"], self.labelling, height=image["height"], width=image["width"], known=masks
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
            broken,
        )

    def _recorded(self, image_id: int) -> dict[int, Row]:
        answers = schema.review_answers
        rows = self.connection.execute(
            select(answers).where(answers.c.review_project_id == self.project.id, answers.c.image_id == image_id)
        )
        return {row["annotation_id"]: dict(row) for row in rows.mappings()}

    def _apply(self, image: Row, base: Base, chosen: _Submitted, before: Mapping[int, Row], prefer: Prefer) -> str:
        """Take an answer over; gives its state."""
        known = before.get(chosen.id, {"updated_at": None, "state": None})
        settled = ("applied", "conflict") if prefer == "neither" else ("applied",)
        if known["updated_at"] == chosen.updated_at and known["state"] in settled:
            return str(known["state"])
        answer = chosen.answer
        self.report.applied += 1
        self._judge(image, answer, [Answer.decode(row["answer"]) for row in before.values()])
        if answer.verdict in (REJECT, ELSEWHERE):  # its drafts are left as they are
            return "applied"
        agreed, merged = merge_answer(
            self.connection,
            self.run_id,
            image,
            base,
            answer,
            linked=self.labelling.linked,
            broken=chosen.broken,
            prefer=prefer,
        )
        ledger.change_task(self.connection, self.project.id, image["id"], base=agreed.encode())
        self._count(image["id"], merged)
        return "conflict" if merged.conflicts else "applied"

    def _judge(self, image: Row, answer: Answer, before: Sequence[Answer]) -> None:
        """Withdraw the photograph or move it elsewhere; what an earlier answer did to it is taken back first."""
        values = {}
        was_rejected = any(earlier.verdict == REJECT for earlier in before)
        if was_rejected and image["status"] == "withdrawn" and self._changed_by_pull(image["id"], "status"):
            values["status"] = "active"
        was_moved = any(earlier.verdict == ELSEWHERE and earlier.theme == image["subdomain"] for earlier in before)
        if was_moved and self._changed_by_pull(image["id"], "subdomain"):
            values["subdomain"] = self.project.subdomain
        if answer.verdict == REJECT:
            values["status"] = "withdrawn"
        elif answer.verdict == ELSEWHERE and answer.theme:
            values["subdomain"] = answer.theme
        change(self.connection, self.run_id, "images", {image["id"]: values})
        after = {**image, **values}
        self.report.withdrawn += after["status"] == "withdrawn" != image["status"]
        self.report.moved_images += after["subdomain"] != image["subdomain"]

    def _changed_by_pull(self, image_id: int, column: str) -> bool:
        """Whether the last to change a column of an image was a pull, and nobody in the corpus since."""
        history, runs = schema.history.c, schema.runs.c
        statement = (
            select(history.before, runs.step)
            .join_from(schema.history, schema.runs, history.run_id == runs.id)
            .where(history.record == "images", history.record_id == image_id)
            .order_by(history.id.desc())
        )
        steps = (step for before, step in self.connection.execute(statement) if column in msgspec.json.decode(before))
        return next(steps, None) == "review pull"

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


def _agreed(given: Sequence[_Submitted], image: Row) -> _Submitted | None:
    """The latest answer that another annotator's agrees with, of each one's latest."""
    size = image["height"], image["width"]
    latest = {one.annotator: one for one in given}
    for one in sorted(latest.values(), key=_when, reverse=True):
        others = (other for other in latest.values() if other is not one)
        if any(answers_agree(one.answer, other.answer, *size) for other in others):
            return one
    return None


def _when(one: _Submitted) -> tuple[str, int]:
    return one.updated_at, one.id
