"""Split lists that somebody has fixed: CSV with an image and a split a line, or JSON of split → images."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError
from mic21.release.splits import SPLITS

# How a list may name an image; the first of these that a CSV file has counts.
COLUMNS = ("image_id", "id", "sha256", "original_sha256", "file_name")
_NAMES = {"validation": "val", "valid": "val", "dev": "val", "training": "train"}


def read_split_list(corpus: Corpus, path: str | Path) -> dict[int, str]:
    """Image id → split, as a file says.

    Args:
        corpus: that the images are in.
        path: CSV with `split` and one of `COLUMNS`, or JSON such as `{"train": [1, 2], "test": ["a.jpg"]}` whose lists
            hold ids, file names or hashes.

    Raises:
        ReleaseError: every line that names no image, several images, no split, or an image that has another split.
    """
    path = Path(path)
    with corpus.reading() as connection:
        known = _known(connection)
    found: dict[int, str] = {}
    problems: list[str] = []
    for place, column, name, given in _entries(path):
        split = _NAMES.get(given, given)
        ids = known.get((column, name), []) if column else _any_column(known, name)
        if split not in SPLITS:
            problems.append(f"{place}: split: expected one of {', '.join(SPLITS)}, found {given!r}")
        elif len(ids) != 1:
            what = "none" if not ids else f"{len(ids)}"
            problems.append(f"{place}: expected one image of the corpus, found {what} called {name!r}")
        elif found.setdefault(ids[0], split) != split:
            problems.append(f"{place}: expected one split for image {ids[0]}, found {found[ids[0]]} and {split}")
    if problems:
        shown = "\n".join(problems[:50]) + (f"\n… and {len(problems) - 50} more" if len(problems) > 50 else "")
        raise ReleaseError(f"{path}: {len(problems)} problem(s):\n{shown}")
    return found


def _known(connection: Connection) -> dict[tuple[str, str], list[int]]:
    """(column, what stands there) → the images."""
    images = schema.images.c
    known: dict[tuple[str, str], list[int]] = {}
    rows = select(images.id, images.sha256, images.original_sha256, images.file_name)
    for id, sha256, original, name in connection.execute(rows.order_by(images.id)):
        for column, value in zip(COLUMNS, (str(id), str(id), sha256, original, name), strict=True):
            if value:
                known.setdefault((column, value), []).append(id)
    return known


def _any_column(known: dict[tuple[str, str], list[int]], name: str) -> list[int]:
    return next((known[column, name] for column in COLUMNS if (column, name) in known), [])


def _entries(path: Path) -> Iterator[tuple[str, str | None, str, str]]:
    """Place, column (None: any), name of an image, split."""
    try:
        if path.suffix == ".json":
            yield from _json_entries(path)
            return
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # broken CSV and JSON are ValueErrors
        raise ReleaseError(f"{path}: expected a split list, found: {error}") from error
    column = next((name for name in COLUMNS if name in table.columns), None)
    if column is None or "split" not in table.columns:
        found = ", ".join(map(str, table.columns))
        raise ReleaseError(f"{path}: expected the columns split and one of {', '.join(COLUMNS)}, found {found}")
    for number, (name, split) in enumerate(zip(table[column], table["split"], strict=True), 1):
        yield f"{path.name}: row {number}", column, name.strip(), split.strip()


def _json_entries(path: Path) -> Iterator[tuple[str, str | None, str, str]]:
    value: Any = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict) or not all(isinstance(names, list) for names in value.values()):
        raise ReleaseError(f"{path}: expected an object of split → list of images, found {type(value).__name__}")
    for split, names in value.items():
        for number, name in enumerate(names):
            yield f"{path.name}: {split}[{number}]", None, str(name), split
