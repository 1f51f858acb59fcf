"""Rows into the database, and changes of them that the history remembers; all inside a transaction of the caller's."""

from collections.abc import Collection, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from mic21.corpus import schema, tables
from mic21.errors import CorpusError
from mic21.ontology import Ontology

_AT_ONCE = 500  # ids in one statement; a database takes some thousands


def next_id(connection: Connection, table: Table) -> int:
    """The lowest id that no row of a table has had; rows are never deleted, so none is used twice."""
    return (connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1


def next_category_id(taken: Collection[int], ontology: Ontology) -> int:
    """The lowest id above the corpus's own categories that is none of the ontology's either.

    >>> [next_category_id(taken, Ontology.load()) for taken in ([], [1, 90], [21000])]
    [1, 91, 21930]
    """
    return next(id for id in count(max(taken, default=0) + 1) if ontology.get_id(id) is None)


def read_property(connection: Connection, key: str) -> str | None:
    """A value that belongs to the corpus as a whole, or None."""
    properties = schema.properties.c
    return connection.execute(select(properties.value).where(properties.key == key)).scalar()


def write_property(connection: Connection, key: str, value: str) -> None:
    """Set a value that belongs to the corpus as a whole."""
    properties = schema.properties
    if connection.execute(update(properties).where(properties.c.key == key).values(value=value)).rowcount == 0:
        connection.execute(insert(properties), {"key": key, "value": value})


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns, whose values are ready for the database as they are."""
    if rows:
        columns = list(rows[0])
        insert_values(connection, table, columns, [tuple(row[name] for name in columns) for row in rows])


def insert_values(
    connection: Connection, table: Table, columns: Sequence[str], values: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows given as tuples, whose values are ready for the database as they are."""
    # Straight to the driver: SQLAlchemy's own look at every value takes longer than the database does.
    statement = insert(table).compile(dialect=connection.dialect, column_keys=list(columns))
    order = statement.positiontup
    parameters: Any = values
    if order is None:  # the driver wants names
        parameters = [dict(zip(columns, row, strict=True)) for row in values]
    elif order != list(columns):
        parameters = list(map(itemgetter(*map(columns.index, order)), values))
    connection.exec_driver_sql(str(statement), parameters)


def mark_processed(connection: Connection, run_id: int, step: str, image_id: int, signature: str) -> None:
    """Note what a drafting step has done an image with, in place of what did it before."""
    processed = schema.processed
    connection.execute(delete(processed).where(processed.c.step == step, processed.c.image_id == image_id))
    row = {"step": step, "image_id": image_id, "signature": signature, "run_id": run_id}
    connection.execute(insert(processed), row)


def change(connection: Connection, run_id: int, record: str, changes: Mapping[int, Mapping[str, Any]]) -> int:
    """Change columns of records and append what they were to the history; gives how many records really changed."""
    table = schema.RECORDS[record]
    if not changes:
        return 0
    there: dict[int, Mapping[str, Any]] = {}
    ids = sorted(changes)
    for start in range(0, len(ids), _AT_ONCE):
        statement = select(table).where(table.c.id.in_(ids[start : start + _AT_ONCE]))
        there |= {row["id"]: dict(row) for row in connection.execute(statement).mappings()}
    entries: list[dict[str, Any]] = []
    first = next_id(connection, schema.history)
    for record_id in ids:
        if record_id not in there:
            raise CorpusError(f"{record}: no record has the id {record_id}")
        before = {name: old for name, new in changes[record_id].items() if (old := there[record_id][name]) != new}
        if not before:
            continue
        after = {name: changes[record_id][name] for name in before}
        connection.execute(update(table).where(table.c.id == record_id).values(**after))
        entry = {"id": first + len(entries), "run_id": run_id, "record": record, "record_id": record_id}
        entries.append(entry | {"before": tables.encode_json(before), "after": tables.encode_json(after)})
    insert_rows(connection, schema.history, entries)
    return len(entries)
