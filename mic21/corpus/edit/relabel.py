"""Annotations get other categories, by a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.edit.run import Changes, EditReport, record_edit
from mic21.corpus.sheet import read_sheet
from mic21.corpus.store import Corpus
from mic21.errors import ImportProblems, Mic21Error, UsageError


@dataclass(frozen=True, slots=True)
class Relabel:
    """One line of a relabelling table: in a subdomain (None: in all), annotations of one category become another's."""

    subdomain: str | None
    old: str
    new: str


def read_relabels(path: str | Path) -> list[Relabel]:
    """Read a relabelling table: CSV (TSV or Parquet by its suffix) with columns `from`, `to` and maybe `subdomain`.

    Raises:
        CorpusError: the file is no table, or a row is too long.
        ImportProblems: columns that are missing or unknown, or every bad row with its number.
    """
    path = Path(path)
    rows = read_sheet(path, required=["from", "to"], allowed=["subdomain"])
    problems = [
        f"{path.name}: row {number}: expected a category in `from` and in `to`, found {row['from']!r} and {row['to']!r}"
        for number, row in enumerate(rows, 1)
        if not row["from"].strip() or not row["to"].strip()
    ]
    if problems:
        raise ImportProblems(str(path), problems)
    return [Relabel(row.get("subdomain", "").strip() or None, row["from"].strip(), row["to"].strip()) for row in rows]


def relabel(corpus: Corpus, relabels: Sequence[Relabel]) -> EditReport:
    """Give annotations another category, in bulk.

    All lines look at the corpus as it was before the edit, so that "a → b, b → a" swaps. A line for a subdomain wins
    over one for all, so that "chess: a → a" leaves that subdomain as it is.

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
        if any(moves.setdefault((line.subdomain, id), new) != new for id in sorted(old)):
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

    return record_edit(corpus, "relabel", {"relabels": [[r.subdomain, r.old, r.new] for r in relabels]}, changes)


def _one_category(corpus: Corpus, name: str) -> int:
    """The id of the category that annotations get: the ontology's own before an imported one of the same name."""
    found = corpus.ontology.find(name)
    if found:
        return found.id
    ids = corpus.selection(category=name).category_ids or frozenset()
    if len(ids) != 1:
        raise UsageError(f"category: expected one category, found {len(ids)} called {name!r}: give its id")
    return next(iter(ids))
