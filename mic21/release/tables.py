"""The Arrow schemas of a release's tables, and their Parquet files."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mic21.corpus import tables as corpus_tables

_ROWS = 5_000  # a row group: about what one subdomain of the full corpus holds


def _released(schema: pa.Schema) -> pa.Schema:
    """A corpus's schema of records, with the split beside the image and what is known of edits at the end."""
    place = schema.get_field_index("image_id") + 1
    schema = schema.insert(place, pa.field("split", pa.string(), nullable=False))
    schema = schema.append(pa.field("edits", pa.int32(), nullable=False))  # how often it was changed
    return schema.append(pa.field("annotator", pa.string()))  # pseudonym of the person who had the last word


IMAGES = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("file_name", pa.string(), nullable=False),  # inside the shard
        pa.field("source_file_name", pa.string(), nullable=False),  # as it came into the corpus
        pa.field("split", pa.string(), nullable=False),
        pa.field("subdomain", pa.string()),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("original_sha256", pa.string(), nullable=False),
        pa.field("phash", pa.string(), nullable=False),
        pa.field("group_key", pa.string(), nullable=False),
        pa.field("license_id", pa.int64()),
        pa.field("license", pa.string(), nullable=False),
        pa.field("author", pa.string()),
        pa.field("source_url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("attributes", pa.string()),
        pa.field("domain", pa.string()),
        pa.field("checked", pa.list_(pa.int64())),  # categories that somebody looked for; null: nobody is known to
        pa.field("absent", pa.list_(pa.int64())),  # those of them that the image does not show
    ]
)
ANNOTATIONS = _released(corpus_tables.ANNOTATIONS)
CAPTIONS = _released(corpus_tables.CAPTIONS)
INTERACTIONS = _released(corpus_tables.INTERACTIONS)
CATEGORIES = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("supercategory", pa.string(), nullable=False),
        pa.field("key", pa.string()),  # the ontology's; null where an imported category is linked to none
        pa.field("synset", pa.string()),
        pa.field("sense_key", pa.string()),
        pa.field("ili", pa.string()),
        pa.field("parents", pa.list_(pa.string()), nullable=False),
        pa.field("definition", pa.string()),
        pa.field("imported", pa.bool_(), nullable=False),
        pa.field("attributes", pa.string()),
    ]
)


class TableWriter:
    """Writes a Parquet file batch by batch, in row groups of a fixed number of rows whatever the batches."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(
            path, schema, compression="zstd", write_page_index=True, write_statistics=True, store_schema=True
        )
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        while self._rows >= _ROWS:
            table = pa.Table.from_batches(self._waiting, schema=self._schema)
            self._writer.write_table(table.slice(0, _ROWS), row_group_size=_ROWS)
            self._waiting = table.slice(_ROWS).to_batches()
            self._rows -= _ROWS

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._writer.write_table(pa.Table.from_batches(self._waiting, schema=self._schema), row_group_size=_ROWS)
        self._writer.close()


def write_table(path: Path, table: pa.Table) -> None:
    """Write a whole table."""
    writer = TableWriter(path, table.schema)
    for batch in table.to_batches():
        writer.write(batch)
    writer.close()


def write_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches as they come; gives the number of rows."""
    writer = TableWriter(path, schema)
    rows = 0
    for batch in batches:
        writer.write(batch)
        rows += batch.num_rows
    writer.close()
    return rows
