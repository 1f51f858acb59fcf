"""Tables that people write for a corpus, in CSV, TSV or Parquet: columns that are known, and text in every cell."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from mic21.errors import CorpusError, ImportProblems


def read_sheet(path: Path, *, required: Collection[str], allowed: Collection[str]) -> list[dict[str, str]]:
    """The rows of a table, column → text as it stands there; an empty cell, and one that a short row lacks, is "".

    Args:
        path: of a CSV file, or a TSV or Parquet file by its suffix.
        required: columns that it must have.
        allowed: columns that it may have beside these.

    Raises:
        CorpusError: the file is no table, or a row has more cells than there are columns.
        ImportProblems: columns are missing, unknown, or there twice.
    """
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else _read_text(path)
    except (OSError, ValueError) as error:  # pandas' parser errors and broken Parquet are ValueErrors
        raise CorpusError(f"{path}: expected a CSV, TSV or Parquet table, found: {error}") from error
    columns = [str(name).strip() for name in table.columns]
    if problems := _column_problems(path, columns, required, allowed):
        raise ImportProblems(str(path), problems)
    table = table.astype(object).where(table.notna(), "")
    return [dict(zip(columns, map(str, row), strict=True)) for row in table.itertuples(index=False)]


def _read_text(path: Path) -> pd.DataFrame:
    # The header as a row like any other: given one, pandas takes the first cell of a row that is too long for an index.
    separator = "\t" if path.suffix == ".tsv" else ","
    table = pd.read_csv(path, sep=separator, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return table[1:].set_axis(table.iloc[0].tolist(), axis="columns")


def _column_problems(path: Path, found: list[str], required: Collection[str], allowed: Collection[str]) -> list[str]:
    known = dict.fromkeys((*required, *allowed))
    problems = [
        f"{path}: expected a column `{name}`, found {', '.join(found) or 'no columns'}"
        for name in required
        if name not in found
    ]
    if unknown := [name for name in found if name not in known]:
        problems.append(f"{path}: expected the columns {', '.join(known)}, found also {', '.join(unknown)}")
    if twice := sorted({name for name in found if found.count(name) > 1}):
        problems.append(f"{path}: expected each column once, found {', '.join(twice)} twice")
    return problems
