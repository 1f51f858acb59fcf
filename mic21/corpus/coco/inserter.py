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


Provenance = tuple[str | None, str | None]  # status and origin


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
        self._colliding: list[tuple[tuple[Any, ...], Provenance, str]] = []

    def add(self, row: tuple[Any, ...], named: Provenance, doc: Document, index: int) -> None:
        """Take a row, the index-th annotation of a document, with the status and origin that the record names."""
        id = row[0]
        if id in self.ids:
            self._problem(f"{doc.place('annotations', index)}.id: expected an id of its own, found {id} again")
            return
        self.ids[id] = id
        if id in self._existing:
            self._colliding.append((row, named, doc.place("annotations", index)))
            return
        self._rows.append(row)
        if len(self._rows) >= _BATCH:
            self._flush(self._rows)
            self._rows = []

    def finish(self) -> None:
        """Insert what is left, and decide on the records whose id the corpus has already."""
        self._flush(self._rows)
        new_rows = []
        new_id = next_id(self._connection, self._table)
        attributes = self._columns.index("attributes")
        moved = renumbered(self._connection, self._table) if self._renumber and self._colliding else {}
        for row, named, place in self._colliding:
            if (known := self._known(row, moved.get(row[0], ()))) is not None:
                self.ids[row[0]], *provenance = known
                self._compare(provenance, named, place)
            elif self._renumber:
                values = list(row)
                values[attributes] = with_source_id(row[attributes], row[0])
                new_rows.append((new_id, *values[1:]))
                self.ids[row[0]] = new_id
                new_id += 1
            else:
                del self.ids[row[0]]
                self._problem(f"{place}.id: {row[0]} is another record in the corpus; --renumber gives new ids")
        self._flush(new_rows)

    def _flush(self, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            insert_values(self._connection, self._table, self._columns, rows)
            self.inserted += len(rows)

    def _known(self, row: tuple[Any, ...], others: Sequence[int]) -> tuple[int, str, str] | None:
        """Id, status and origin of the record that the corpus has for a row, under its id or one of the others."""
        table = self._table.c
        columns = [*(table[name] for name in self._compared), table.status, table.origin]
        for id in (row[0], *others):
            *old, status, origin = self._connection.execute(select(*columns).where(table.id == id)).one()
            if tuple(old) == row[1 : len(old) + 1]:
                return id, status, origin
        return None

    def _compare(self, known: Sequence[str], named: Provenance, place: str) -> None:
        """Count a record as unchanged, unless it names another status or origin than the corpus has."""
        pairs = list(zip(("status", "origin"), known, named, strict=True))
        for field, there, here in pairs:
            if here not in (None, there):
                self._problem(f"{place}.{field}: expected {there}, as the corpus has this record, found {here}")
        self.unchanged += all(here in (None, there) for _, there, here in pairs)


def renumbered(connection: Connection, table: Table) -> dict[int, list[int]]:
    """The id that a record came with → ids of the records that were given another one for it."""
    columns = table.c
    statement = select(columns.id, columns.attributes).where(columns.attributes.like('%"source_id":%'))
    ids: dict[int, list[int]] = {}
    for id, attributes in connection.execute(statement.order_by(columns.id)):
        source_id = msgspec.json.decode(attributes).get("source_id")
        if type(source_id) is int:
            ids.setdefault(source_id, []).append(id)
    return ids


def with_source_id(attributes: str | None, id: int) -> str:
    """The attributes of a record that gets a new id, with the one that it came with."""
    values = msgspec.json.decode(attributes) if attributes else {}
    return msgspec.json.encode(values | {"source_id": id}, order="sorted").decode()
