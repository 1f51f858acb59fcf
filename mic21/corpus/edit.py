"""Edits that a corpus team makes in bulk; each is a run whose changes stand in the history, and can be undone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
from sqlalchemy import Connection, select, update

from mic21.corpus import schema
from mic21.corpus.changes import change
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems, Mic21Error, UsageError
from mic21.ontology.migrations import migrations, successors

Changes = dict[str, dict[int, dict[str, Any]]]  # record → id → column → value

_LIVE = ("draft", "accepted")


@dataclass(frozen=True, slots=True)
class EditReport:
    """What an edit changed.

    Attributes:
        run_id: names the edit, for `undo`.
        changed: record ("images", "annotations" …) → how many were changed.
    """

    run_id: int
    changed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Relabel:
    """One line of a relabelling table: in a subdomain (None: in all), annotations of one category become another's."""

    subdomain: str | None
    old: str
    new: str


def read_relabels(path: str | Path) -> list[Relabel]:
    """Read a relabelling table: CSV (or TSV by its suffix) with the columns `from`, `to` and, if wanted, `subdomain`.

    Raises:
        ImportProblems: every bad row with its number.
    """
    path = Path(path)
    try:
        separator = "\t" if path.suffix == ".tsv" else ","
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: expected a table, found: {error}") from error
    if not {"from", "to"} <= set(table.columns):
        raise CorpusError(f"{path}: expected the columns from, to and subdomain, found {', '.join(table.columns)}")
    problems = [
        f"{path.name}: row {number}: expected a category in `from` and in `to`, found {row['from']!r} and {row['to']!r}"
        for number, row in enumerate(table.to_dict("records"), 1)
        if not row["from"].strip() or not row["to"].strip()
    ]
    if problems:
        raise ImportProblems(str(path), problems)
    rows = table.to_dict("records")
    return [
        Relabel(str(row.get("subdomain", "")).strip() or None, row["from"].strip(), row["to"].strip()) for row in rows
    ]


def relabel(corpus: Corpus, relabels: Sequence[Relabel]) -> EditReport:
    """Give annotations another category, in bulk.

    All lines look at the corpus as it was before the edit, so that "a → b, b → a" swaps.

    Raises:
        ImportProblems: lines whose subdomain or category does not exist, or that contradict another; nothing is
        changed.
    """
    problems: list[str] = []
    moves: dict[tuple[str | None, int], int] = {}
    for number, line in enumerate(relabels, 1):
        try:
            if line.subdomain is not None:
                corpus.ontology.subdomain(line.subdomain)
            old = corpus.selection(category=line.old).category_ids or frozenset()
            new = _one_category(corpus, line.new)
        except Mic21Error as error:
            problems.append(f"row {number}: {error}")
            continue
        if any(moves.setdefault((line.subdomain, id), new) != new for id in sorted(old - {new})):
            problems.append(f"row {number}: expected one target for {line.old!r}, found a second one, {line.new!r}")
    if problems:
        raise ImportProblems("relabel", problems)

    def changes(connection: Connection) -> Changes:
        annotations, images = schema.annotations, schema.images
        found: dict[int, dict[str, Any]] = {}
        # Lines for every subdomain first, so that a line for one subdomain has the last word.
        for (subdomain, old_id), new_id in sorted(
            moves.items(), key=lambda move: (move[0][0] is not None, str(move[0][0]), move[0][1])
        ):
            statement = select(annotations.c.id).join(images).where(annotations.c.category_id == old_id)
            statement = statement.where(images.c.status == "active")
            if subdomain is not None:
                statement = statement.where(images.c.subdomain == subdomain)
            found |= {id: {"category_id": new_id} for id in connection.execute(statement).scalars()}
        return {"annotations": found}

    return _edit(corpus, "relabel", {"relabels": [[r.subdomain, r.old, r.new] for r in relabels]}, changes)


def _one_category(corpus: Corpus, name: str) -> int:
    """The id of the category that annotations get: the ontology's own before an imported one of the same name."""
    found = corpus.ontology.find(name)
    if found:
        return found.id
    ids = corpus.selection(category=name).category_ids or frozenset()
    if len(ids) != 1:
        raise UsageError(f"category: expected one category, found {len(ids)} called {name!r}: give its id")
    return next(iter(ids))


def move(
    corpus: Corpus,
    to: str,
    *,
    images: Iterable[int] | None = None,
    subdomain: str | None = None,
    has: str | None = None,
    lacks: str | None = None,
) -> EditReport:
    """Move images, with all that is on them, to another subdomain.

    Args:
        corpus: to edit.
        to: key of the subdomain.
        images: ids of images; None for all.
        subdomain: only the images of this one.
        has: only images with a draft or accepted annotation of this category.
        lacks: only images without one of this category.

    Raises:
        UsageError: nothing says which images.
        CorpusError: an id that is no active image.
    """
    corpus.ontology.subdomain(to)
    wanted = None if images is None else set(images)
    if wanted is None and subdomain is None and has is None:
        raise UsageError("move: expected images, a subdomain or a category that says what to move, found none")
    if wanted is not None:
        _require_active(corpus, wanted)
    chosen = corpus.images(subdomain=subdomain, category=has, images=wanted)["id"].to_pylist()
    without = set(corpus.images(category=lacks)["id"].to_pylist()) if lacks else set()
    ids = [id for id in chosen if id not in without]
    parameters = {"to": to, "subdomain": subdomain, "has": has, "lacks": lacks, "images": sorted(wanted or ())}
    return _edit(corpus, "move", parameters, lambda _: {"images": {id: {"subdomain": to} for id in ids}})


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

    return _edit(corpus, "merge", {"subdomains": list(subdomains), "to": to}, changes)


def _move_records(connection: Connection, source: int, target: int, size: tuple[int, int], result: Changes) -> None:
    def mask(row: Any) -> object:
        return (row.category_id, segmentation_rle(row.segmentation, *size), row.bbox)

    def words(row: Any) -> object:
        return (row.language, row.kind, row.text)

    keys: Mapping[str, Callable[[Any], object]] = {"annotations": mask, "captions": words}
    for record, key in keys.items():
        table = schema.RECORDS[record]
        moved = result[record]
        live = select(table).where(table.c.status.in_(_LIVE)).order_by(table.c.id)
        # What an earlier double has brought to the target counts as being there.
        there = [id for id, values in moved.items() if values.get("image_id") == target]
        present = live.where((table.c.image_id == target) | table.c.id.in_(there))
        seen = {key(row) for row in connection.execute(present)}
        for row in connection.execute(live.where(table.c.image_id == source)):
            moved[row.id] = {"status": "rejected"} if key(row) in seen else {"image_id": target}
            seen.add(key(row))
    interactions = schema.interactions
    of_source = select(interactions.c.id, interactions.c.subject_id, interactions.c.object_id).where(
        interactions.c.image_id == source, interactions.c.status.in_(_LIVE)
    )
    for id, subject_id, object_id in connection.execute(of_source):
        both_move = all("image_id" in result["annotations"].get(end, {}) for end in (subject_id, object_id))
        result["interactions"][id] = {"image_id": target} if both_move else {"status": "rejected"}


def withdraw(corpus: Corpus, images: Iterable[int], *, reason: str) -> EditReport:
    """Withdraw images: they leave queries and releases, their record stays, and their ids are never used again.

    Raises:
        CorpusError: an id that is no active image.
    """
    ids = sorted(set(images))
    _require_active(corpus, ids)
    return _edit(
        corpus,
        "withdraw",
        {"images": ids, "reason": reason},
        lambda _: {"images": {id: {"status": "withdrawn"} for id in ids}},
    )


def purge(corpus: Corpus) -> int:
    """Delete the stored photographs of withdrawn images, which cannot be undone; gives how many files went."""
    images = schema.images.c
    with corpus.reading() as connection:
        used = set(connection.execute(select(images.sha256).where(images.status == "active")).scalars())
        gone = connection.execute(
            select(images.sha256, images.extension).where(images.status == "withdrawn", images.sha256.is_not(None))
        ).all()
    paths = {corpus.files.path(row.sha256, row.extension) for row in gone if row.sha256 not in used}
    present = [path for path in paths if path.is_file()]
    for path in present:
        path.unlink()
    return len(present)


def undo(corpus: Corpus, run_id: int) -> EditReport:
    """Take an edit back; itself an edit.

    Raises:
        CorpusError: the run is no edit, is undone already, or something it changed has been changed since.
    """
    with corpus.reading() as connection:
        run = connection.execute(select(schema.runs).where(schema.runs.c.id == run_id)).first()
        if run is None or not run.step.startswith("edit "):
            raise CorpusError(
                f"run {run_id}: expected an edit, found {run.step if run else 'no such run'}; see `mic21 edit log`"
            )
        if run.state == "undone":
            raise CorpusError(f"run {run_id}: it is undone already")

    def changes(connection: Connection) -> Changes:
        result: Changes = {}
        problems = []
        history = schema.history
        for row in connection.execute(select(history).where(history.c.run_id == run_id).order_by(history.c.id)).all():
            before, after = msgspec.json.decode(row.before), msgspec.json.decode(row.after)
            table = schema.RECORDS[row.record]
            now = connection.execute(select(table).where(table.c.id == row.record_id)).mappings().one()
            later = {name: now[name] for name in after if now[name] != after[name]}
            if later:
                problems.append(f"{row.record} {row.record_id}: expected {after}, found {later}, changed since")
            result.setdefault(row.record, {})[row.record_id] = before
        if problems:
            raise ImportProblems(f"undo of run {run_id}", problems)
        connection.execute(update(schema.runs).where(schema.runs.c.id == run_id).values(state="undone"))
        return result

    return _edit(corpus, "undo", {"run": run_id}, changes)


def log(corpus: Corpus) -> list[dict[str, Any]]:
    """The runs of a corpus, the latest first: id, step, state, times and parameters."""
    with corpus.reading() as connection:
        rows = connection.execute(select(schema.runs).order_by(schema.runs.c.id.desc())).mappings()
        return [dict(row) for row in rows]


def migrate(corpus: Corpus) -> EditReport:
    """Follow the ontology: records of categories that it has retired go to what took their place.

    An annotation of a category that nothing took the place of becomes rejected. Imported categories stay linked when
    the key of theirs has changed. What a corpus has followed already, a second call leaves alone.

    Raises:
        OntologyError: migrations.tsv breaks the format.
    """
    ontology = corpus.ontology
    after = successors(ontology)
    keys = {step.key: step for step in migrations(ontology)}

    def changes(connection: Connection) -> Changes:
        annotations, images, categories = schema.annotations, schema.images, schema.categories
        imported = set(connection.execute(select(categories.c.id)).scalars())
        statement = (
            select(annotations.c.id, annotations.c.category_id, annotations.c.status, images.c.subdomain)
            .join(images)
            .where(annotations.c.category_id.in_(after.keys() - imported))
        )
        found: dict[int, dict[str, Any]] = {}
        for id, category_id, status, subdomain in connection.execute(statement):
            places = after[category_id]
            key = places.get(subdomain, places.get(None))
            if key is not None and key in ontology:
                found[id] = {"category_id": ontology[key].id}
            elif status in _LIVE:
                found[id] = {"status": "rejected"}
        links: dict[int, dict[str, Any]] = {}
        for id, key in connection.execute(select(categories.c.id, categories.c.key)):
            if key in keys and key not in ontology:
                step = keys[key]
                links[id] = {"key": step.target if step.operation == "rename" else after[step.id].get(None)}
        return {"annotations": found, "categories": links}

    return _edit(corpus, "migrate", {"ontology": ontology.version}, changes)


def _edit(
    corpus: Corpus, step: str, parameters: Mapping[str, Any], changes: Callable[[Connection], Changes]
) -> EditReport:
    """One edit: its changes are worked out and made in one transaction."""
    with corpus.writing() as connection:
        run_id = corpus.insert_run(connection, f"edit {step}", parameters)
        changed = {
            record: change(connection, run_id, record, by_id) for record, by_id in changes(connection).items() if by_id
        }
        corpus.finish_run(run_id, connection)
    return EditReport(run_id, changed)


def _require_active(corpus: Corpus, ids: Iterable[int]) -> None:
    wanted = set(ids)
    missing = wanted - set(corpus.images(images=wanted)["id"].to_pylist())
    if missing:
        shown = ", ".join(str(id) for id in sorted(missing)[:10])
        raise CorpusError(f"images: expected ids of active images, found {shown}")
