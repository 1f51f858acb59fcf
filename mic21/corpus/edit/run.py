"""An edit as a run: its changes are made in one transaction, stand in the history, and can be taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from mic21.corpus import schema
from mic21.corpus.changes import change
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems

Changes = dict[str, dict[int, dict[str, Any]]]  # record → id → column → value

LIVE = ("draft", "accepted")
PURGE = "edit purge"  # the one step of an edit's name whose files nothing brings back


@dataclass(frozen=True, slots=True)
class EditReport:
    """What an edit changed.

    Attributes:
        run_id: names the edit, for `undo`.
        changed: record ("images", "annotations" …) → how many were changed.
    """

    run_id: int
    changed: Mapping[str, int]


def record_edit(
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


def undo(corpus: Corpus, run_id: int) -> EditReport:
    """Take an edit back; itself an edit.

    Raises:
        CorpusError: the run is no edit, is a purge, or is undone already.
        ImportProblems: something it changed has been changed since.
    """
    with corpus.reading() as connection:
        run = connection.execute(select(schema.runs).where(schema.runs.c.id == run_id)).first()
        if run is None or not run.step.startswith("edit "):
            raise CorpusError(
                f"run {run_id}: expected an edit, found {run.step if run else 'no such run'}; see `mic21 edit log`"
            )
        if run.step == PURGE:
            raise CorpusError(f"run {run_id}: a purge cannot be undone: the photographs are gone")
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

    return record_edit(corpus, "undo", {"run": run_id}, changes)


def log(corpus: Corpus) -> list[dict[str, Any]]:
    """The runs of a corpus, the latest first: id, step, state, times and parameters."""
    with corpus.reading() as connection:
        rows = connection.execute(select(schema.runs).order_by(schema.runs.c.id.desc())).mappings()
        return [dict(row) for row in rows]
