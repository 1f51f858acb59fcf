"""Rows as they go by, handed out image by image."""

from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]


class Stream:
    """Rows ordered by a column, given out one value of it after the other."""

    def __init__(self, rows: Iterable[Row], column: str) -> None:
        self._rows = iter(rows)
        self._column = column
        self._next = next(self._rows, None)

    def take(self, value: int) -> list[Row]:
        """The rows of a value; rows of values before it are passed over."""
        found = []
        while self._next is not None and self._next[self._column] <= value:
            if self._next[self._column] == value:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found
