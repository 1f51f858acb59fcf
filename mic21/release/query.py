"""A query over a corpus or a release: the rows a person would want to see, with names in a language."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mic21.corpus.store import Corpus
from mic21.errors import UsageError
from mic21.release.manifest import MANIFEST
from mic21.release.reader import Release


class Records(StrEnum):
    """What a query lists."""

    IMAGES = "images"
    ANNOTATIONS = "annotations"
    CAPTIONS = "captions"


_HIDDEN = {"segmentation", "attributes", "phash", "group_key", "original_sha256", "license_id", "extension"}


def query_records(
    path: str | Path,
    of: Records = Records.ANNOTATIONS,
    *,
    language: str = "en",
    where: str | None = None,
    split: str | None = None,
    **filters: Any,
) -> pa.Table:
    """The images, annotations or captions of a corpus or a release, without masks and inner columns.

    Args:
        path: of a corpus or a release.
        of: what to list.
        language: BCP 47 tag. Annotations have a column `name` with the category's name in it, None where it has none;
            captions are those in it.
        where: a condition on the columns in pandas' `DataFrame.query` language, `area > 1000 and score < .5`.
        split: of a release.
        **filters: see `mic21.corpus.selection.select`. Images are those with a record of such a category, status or
            origin.

    Raises:
        UsageError: a value that there is not, a condition that cannot be worked out, or a split of a corpus.
    """
    source: Corpus | Release
    if (Path(path) / MANIFEST).is_file():
        source = Release(path)
        if split is not None:
            filters["split"] = split
    else:
        source = Corpus(path)
        if split is not None:
            raise UsageError(f"{path}: expected a release where a split is asked for, found a corpus")
    if of is Records.CAPTIONS:
        filters["language"] = language
    table: pa.Table = getattr(source, of.value)(**filters)
    table = table.drop_columns([name for name in table.column_names if name in _HIDDEN])
    if of is Records.ANNOTATIONS:
        names = [_name(source, key, language) for key in table["category"].to_pylist()]
        table = table.add_column(table.column_names.index("category_name"), "name", pa.array(names, pa.string()))
    return table if where is None else _where(table, where)


def _name(source: Corpus | Release, key: str | None, language: str) -> str | None:
    category = source.ontology.get(key) if key else None
    return category.name(language) if category else None


def _where(table: pa.Table, condition: str) -> pa.Table:
    frame = table.to_pandas()
    try:
        kept = frame.query(condition, engine="python").index
    except Exception as error:  # pandas passes on whatever the expression raises
        columns = ", ".join(table.column_names)
        raise UsageError(f"where: expected a condition on {columns}, found {condition!r}: {error}") from error
    return table.take(pa.array(kept.to_numpy()))


def write_result(table: pa.Table, format: str, path: Path | None) -> None:
    """Write a result as `csv`, `json` (a list of objects), `parquet` or tab-separated `table`.

    Args:
        table: to write.
        format: one of these four.
        path: of the file; None for stdout, which Parquet cannot go to.
    """
    if format == "parquet":
        if path is None:
            raise UsageError("format: expected --out FILE for Parquet, found none")
        pq.write_table(table, path)
        return
    frame = pd.DataFrame(table.to_pylist(), columns=table.column_names)
    target = sys.stdout if path is None else path
    if format == "json":
        frame.to_json(target, orient="records", force_ascii=False, indent=1)
    else:
        frame.to_csv(target, index=False, sep="," if format == "csv" else "\t")
