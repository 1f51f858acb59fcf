"""What published category names are that do not say it, or are misspelt: a table that people review."""

from pathlib import Path

import pandas as pd

from mic21.errors import CorpusError


def read_keys(path: Path) -> dict[str, str]:
    """Name → key of a category, from a CSV with the columns `name` and `key`.

    Raises:
        CorpusError: the file is no such table, or names something twice.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise CorpusError(f"{path}: expected a CSV table, found: {error}") from error
    if list(table.columns) != ["name", "key"]:
        raise CorpusError(f"{path}: expected the columns name, key, found {', '.join(table.columns)}")
    doubled = sorted(table["name"][table["name"].duplicated()])
    if doubled:
        raise CorpusError(f"{path}: expected each name once, found {doubled[0]!r} again")
    return dict(zip(table["name"], table["key"], strict=True))
