"""Records on their way out of the database, read when they are asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select

_BATCH = 1_000  # a polygon takes about a kilobyte

Row = Mapping[str, Any]  # column → value; columns have types of their own, hence Any


class Rows:
    """The rows of a query in the columns of an Arrow schema: one by one as mappings, in batches, or as a table."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        statement: Select[Any],
        schema: pa.Schema,
        convert: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    ) -> None:
        """Keep the query; each reading of the rows runs it again.

        Args:
            reading: opens the connection to read with.
            statement: the query.
            schema: of the rows.
            convert: makes a row of the schema from a row of the query, where they differ.
        """
        self._reading = reading
        self._statement = statement
        self._schema = schema
        self._convert = convert

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = self._schema.names
        for part in self._parts():
            for row in part:
                yield dict(zip(names, row, strict=True))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches."""
        for part in self._parts():
            columns = zip(zip(*part, strict=True), self._schema, strict=True)
            arrays = [pa.array(column, field.type) for column, field in columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def table(self) -> pa.Table:
        """The rows as an Arrow table."""
        return pa.Table.from_batches(list(self.batches()), schema=self._schema)

    def _parts(self) -> Iterator[Sequence[Sequence[Any]]]:
        with self._reading() as connection:
            result = connection.execute(self._statement, execution_options={"yield_per": _BATCH})
            for rows in result.partitions():
                yield [self._convert(row) for row in rows] if self._convert else rows
