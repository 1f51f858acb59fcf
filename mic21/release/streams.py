"""Records of a release as they go by: rows out of batches, handed out image by image or subdomain by subdomain."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mic21.corpus.coco import records
from mic21.corpus.rows import Row


def image_record(row: Row) -> dict[str, Any]:
    """The COCO record of an image of a release: with its split, its hash, and the name it came with."""
    return records.image_record(row) | {name: row[name] for name in ("split", "source_file_name", "sha256")}


def rows_of(rows: Iterable[Row], images: Mapping[int, Row]) -> Iterator[Row]:
    """The rows whose image is one of these."""
    return (row for row in rows if row["image_id"] in images)


class Stream:
    """Rows ordered by a column, given out one value of it after the other."""

    def __init__(self, rows: Iterable[Row], column: str) -> None:
        self._rows = iter(rows)
        self._column = column
        self._next = next(self._rows, None)

    def take(self, value: Any) -> list[Row]:  # a column's values have no common type
        """The rows of a value; rows of values before it are passed over."""
        found = []
        while self._next is not None and (self._next[self._column] is None or self._next[self._column] <= value):
            if self._next[self._column] == value:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found
