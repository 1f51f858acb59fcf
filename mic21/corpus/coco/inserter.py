"""Inserts the annotations or captions of an import batch by batch, under the ids they came with."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from mic21.corpus.changes import insert_values, next_id
from mic21.corpus.coco.document import Document

_BATCH = 5_000

ANNOTATION_COLUMNS = (
    *("id", "image_id", "category_id", "segmentation", "bbox", "area", "iscrowd", "score"),
    *("attributes", "status", "origin", "run_id"),
)
CAPTION_COLUMNS = ("id", "image_id", "language", "kind", "text", "attributes", "status", "origin", "run_id")


class Inserter:
    """Takes the rows of one table, tuples of its columns that begin with the id.

    Attributes:
        inserted: how many came in.
        unchanged: how many the corpus had already, the same.
        ids: id in the file → id in the corpus, of the records that the corpus has once `finish` was called.
    """

    def __init__(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        *,
        compared: int,
        renumber: bool,
        problem: Callable[[str], None],
    ) -> None:
        """Look up which ids are taken.

        Args:
            connection: in a transaction.
            table: `annotations` or `captions`.
            columns: of the rows.
            compared: so many columns after the id say whether a record is the one that the corpus has.
            renumber: give records whose id is taken a new one.
            problem: takes what is wrong with a record.
        """
        self.inserted = 0
        self.unchanged = 0
        self._connection = connection
        self._table = table
        self._columns = columns
        self._compared = columns[1 : compared + 1]
        self._renumber = renumber
        self._problem = problem
        self._existing = set(connection.execute(select(table.c.id)).scalars())
        self.ids: dict[int, int] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._colliding: list[tuple[tuple[Any, ...], str]] = []

    def add(self, row: tuple[Any, ...], doc: Document, index: int) -> None:
        """Take a row, the index-th annotation of a document."""
        id = row[0]
        if id in self.ids:
            self._problem(f"{doc.place('annotations', index)}.id: expected an id of its own, found {id} again")
            return
        self.ids[id] = id
        if id in self._existing:
            self._colliding.append((row, doc.place("annotations", index)))
            return
        self._rows.append(row)
        if len(self._rows) >= _BATCH:
            self._flush(self._rows)
            self._rows = []

    def finish(self) -> None:
        """Insert what is left, and decide on the records whose id the corpus has already."""
        self._flush(self._rows)
        renumbered = []
        new_id = next_id(self._connection, self._table)
        attributes = self._columns.index("attributes")
        for row, place in self._colliding:
            if self._is_same(row):
                self.unchanged += 1
            elif self._renumber:
                values = list(row)
                values[attributes] = with_source_id(row[attributes], row[0])
                renumbered.append((new_id, *values[1:]))
                self.ids[row[0]] = new_id
                new_id += 1
            else:
                del self.ids[row[0]]
                self._problem(f"{place}.id: {row[0]} is another record in the corpus; --renumber gives new ids")
        self._flush(renumbered)

    def _flush(self, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            insert_values(self._connection, self._table, self._columns, rows)
            self.inserted += len(rows)

    def _is_same(self, row: tuple[Any, ...]) -> bool:
        columns = [self._table.c[name] for name in self._compared]
        old = self._connection.execute(select(*columns).where(self._table.c.id == row[0])).one()
        return tuple(old) == row[1 : len(columns) + 1]


def with_source_id(attributes: str | None, id: int) -> str:
    """The attributes of a record that gets a new id, with the one that it came with."""
    values = msgspec.json.decode(attributes) if attributes else {}
    return msgspec.json.encode(values | {"source_id": id}, order="sorted").decode()
