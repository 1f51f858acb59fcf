"""Where the review stands: what was pushed and answered, how people agree, and how far they changed the drafts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.geometry import iou
from mic21.review.agreement import Agreement, agreement
from mic21.review.answers import Answer
from mic21.review.labelling import ELSEWHERE, REJECT

Row = Mapping[str, Any]


@dataclass(slots=True)
class ProjectStatus:
    """One project, or one person's part in it.

    Attributes:
        subdomain: key.
        language: BCP 47 tag.
        annotator: who, or None for the project as a whole.
        pushed: tasks of the project.
        answered: images answered, those found empty among them.
        empty: images found without any object; those that are no photograph of the theme, or none to keep, are not.
        skipped: images only skipped.
        waiting: images whose answers wait for others to agree.
        conflicts: images with a conflict that nobody has decided.
        seconds: a region, or None if nobody's time is known.
    """

    subdomain: str
    language: str
    annotator: str | None
    pushed: int
    answered: int
    empty: int
    skipped: int
    waiting: int
    conflicts: int
    seconds: float | None


@dataclass(slots=True)
class PairStatus:
    """How two annotators agree over the images that both answered; see `mic21.review.agreement.Agreement`."""

    subdomain: str
    annotators: tuple[str, str]
    images: int
    objects: int
    matched: int
    mask_iou: float | None
    class_agreement: float | None
    text_distance: float | None


@dataclass(slots=True)
class DraftStatus:
    """What people made of a backend's drafts of a category.

    Attributes:
        backend: name, or `import` and the like.
        category: key or name.
        drafts: that were decided.
        kept: as they were.
        edited: with another mask.
        edit_iou: mean IoU of drafted and corrected mask over the edited, or None.
        relabelled: to another category.
        deleted: rejected.
        added: objects of the category that people drew and no draft had; counted in the line of backend `-`.
    """

    backend: str
    category: str
    drafts: int = 0
    kept: int = 0
    edited: int = 0
    edit_iou: float | None = None
    relabelled: int = 0
    deleted: int = 0
    added: int = 0


def project_status(corpus: Corpus, *, subdomain: str | None = None, language: str | None = None) -> list[ProjectStatus]:
    """Each project, followed by each person's part in it; ordered by subdomain, language and person."""
    with corpus.reading() as connection:
        lines = []
        for key, tasks, answers in _by_theme(connection, subdomain, language):
            people: dict[str, list[Row]] = defaultdict(list)
            for row in answers:
                people[row["annotator"]].append(row)
            lines.append(_status(key, None, tasks, answers))
            lines += [_status(key, person, tasks, people[person]) for person in sorted(people)]
    return lines


def _by_theme(
    connection: Connection, subdomain: str | None, language: str | None
) -> Iterator[tuple[tuple[str, str], int, list[Row]]]:
    projects, tasks, answers = schema.review_projects, schema.review_tasks, schema.review_answers
    statement = select(projects).order_by(projects.c.subdomain, projects.c.language)
    ids: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in connection.execute(statement).mappings():
        if subdomain in (None, row["subdomain"]) and language in (None, row["language"]):
            ids[row["subdomain"], row["language"]].append(row["id"])
    for key, of_theme in ids.items():
        pushed = connection.execute(select(tasks.c.image_id).where(tasks.c.review_project_id.in_(of_theme))).all()
        found = connection.execute(
            select(answers)
            .where(answers.c.review_project_id.in_(of_theme), answers.c.state != "gone")
            .order_by(answers.c.updated_at, answers.c.annotation_id)
        )
        yield key, len(pushed), [dict(row) for row in found.mappings()]


def _status(key: tuple[str, str], annotator: str | None, pushed: int, answers: Sequence[Row]) -> ProjectStatus:
    states: dict[int, set[str]] = defaultdict(set)
    empty: set[int] = set()
    regions, seconds = 0, 0.0
    for row in answers:
        states[row["image_id"]].add(row["state"])
        if row["state"] == "skipped":
            continue
        answer = Answer.decode(row["answer"])
        count = len(answer.regions)
        is_judged = answer.verdict in (REJECT, ELSEWHERE)
        (empty.discard if count or is_judged else empty.add)(row["image_id"])
        if row["lead_time"]:
            regions, seconds = regions + count, seconds + row["lead_time"]
    return ProjectStatus(
        *key,
        annotator,
        pushed,
        answered=sum(found != {"skipped"} for found in states.values()),
        empty=len(empty),
        skipped=sum(found == {"skipped"} for found in states.values()),
        waiting=sum("waiting" in found for found in states.values()),
        conflicts=sum("conflict" in found for found in states.values()),
        seconds=round(seconds / regions, 1) if regions else None,
    )


def pair_status(corpus: Corpus, *, subdomain: str | None = None, language: str | None = None) -> list[PairStatus]:
    """Every two people who answered the same images; ordered by subdomain and names."""
    images = schema.images.c
    pairs: dict[tuple[str, str, str], list[Agreement]] = defaultdict(list)
    with corpus.reading() as connection:
        sizes = {
            id: (height, width)
            for id, height, width in connection.execute(select(images.id, images.height, images.width))
        }
        for (theme, _), _, answers in _by_theme(connection, subdomain, language):
            latest: dict[int, dict[str, Answer]] = defaultdict(dict)
            for row in answers:
                if row["state"] != "skipped":
                    latest[row["image_id"]][row["annotator"]] = Answer.decode(row["answer"])
            for image_id, of_image in latest.items():
                for one, other in combinations(sorted(of_image), 2):
                    found = agreement(corpus.ontology, of_image[one], of_image[other], *sizes[image_id])
                    pairs[theme, one, other].append(found)
    return [
        PairStatus(
            theme,
            (one, other),
            len(found),
            sum(pair.objects for pair in found),
            sum(pair.matched for pair in found),
            _mean([pair.mask_iou for pair in found for _ in range(pair.matched)]),
            _mean([pair.class_agreement for pair in found for _ in range(pair.matched)]),
            _mean([pair.text_distance for pair in found]),
        )
        for (theme, one, other), found in sorted(pairs.items())
    ]


def draft_status(corpus: Corpus, *, subdomain: str | None = None) -> list[DraftStatus]:
    """What people made of the drafts, by backend and category: whether drafting saves work.

    Read from the history: what a pull changed in annotations that a model or an import had made.
    """
    lines: dict[tuple[str, str], DraftStatus] = {}
    overlaps: dict[tuple[str, str], list[float]] = defaultdict(list)
    names = corpus.category_names()
    selection = corpus.selection(subdomain=subdomain)
    with corpus.reading() as connection:
        runs = {row["id"]: dict(row) for row in connection.execute(select(schema.runs)).mappings()}
        pulls = [id for id, row in runs.items() if row["step"] == "review pull"]
        sizes = {
            row["id"]: (row["height"], row["width"]) for row in corpus.image_rows(selection, connection=connection)
        }
        for row, first, last in _decided(connection, pulls):
            if row["image_id"] not in sizes:
                continue
            category = names.get(first.get("category_id", row["category_id"]), (None, "?"))
            backend = _backend(runs[row["run_id"]])
            key = (backend, category[0] or category[1])
            line = lines.setdefault(key, DraftStatus(*key))
            if row["run_id"] in pulls:
                continue
            line.drafts += 1
            if last.get("status") == "rejected":
                line.deleted += 1
                continue
            line.relabelled += "category_id" in first
            if "segmentation" in first:
                line.edited += 1
                size = sizes[row["image_id"]]
                drafted, corrected = (
                    segmentation_rle(text, *size) for text in (first["segmentation"], row["segmentation"])
                )
                overlaps[key].append(float(iou([drafted], [corrected])[0, 0]))
            line.kept += "segmentation" not in first and "category_id" not in first
        annotations = schema.annotations.c
        drawn = select(annotations.image_id, annotations.category_id).where(
            annotations.run_id.in_(pulls), annotations.status == "accepted"
        )
        for image_id, category_id in connection.execute(drawn):
            if image_id in sizes:
                category = names.get(category_id, (None, "?"))
                key = ("-", category[0] or category[1])
                lines.setdefault(key, DraftStatus(*key)).added += 1
    for key, found in overlaps.items():
        lines[key].edit_iou = _mean(found)
    return [lines[key] for key in sorted(lines) if lines[key].drafts or lines[key].added]


def _decided(connection: Connection, pulls: Sequence[int]) -> Iterator[tuple[Row, Row, Row]]:
    """Each annotation that pulls changed, the columns as they were before the first, and after the last."""
    history, annotations = schema.history, schema.annotations
    statement = (
        select(history.c.record_id, history.c.before, history.c.after)
        .where(history.c.record == "annotations", history.c.run_id.in_(pulls))
        .order_by(history.c.record_id, history.c.id)
    )
    changes: dict[int, list[tuple[Row, Row]]] = defaultdict(list)
    for id, before, after in connection.execute(statement):
        changes[id].append((msgspec.json.decode(before), msgspec.json.decode(after)))
    for id, found in changes.items():
        row = connection.execute(select(annotations).where(annotations.c.id == id)).mappings().one()
        first: dict[str, Any] = {}
        last: dict[str, Any] = {}
        for before, after in found:
            first = {**before, **first}
            last = {**last, **after}
        yield dict(row), first, last


def _backend(run: Row) -> str:
    parameters = msgspec.json.decode(run["parameters"])
    return str(parameters.get("backend") or run["step"])


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return round(sum(known) / len(known), 4) if known else None
