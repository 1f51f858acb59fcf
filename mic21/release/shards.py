"""WebDataset shards: plain tar files whose bytes depend on nothing but their content, with an index beside them.

The index says where in which shard each photograph and its record lie, so that any of them is one read away.
"""

import os
import tarfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
from sqlalchemy import Connection

from mic21.corpus.coco import records
from mic21.corpus.licenses import UNKNOWN
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ReleaseError
from mic21.release.coco import image_record
from mic21.release.plan import Plan
from mic21.release.splits import SPLITS
from mic21.release.streams import Stream
from mic21.release.tables import write_table

Progress = Callable[[int, int], None]

IMAGES_PER_SHARD = 1_000
INDEX = "shards/index.parquet"
INDEX_SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),  # of the image
        pa.field("split", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),  # SPLIT-00000.tar is shard 0
        pa.field("extension", pa.string(), nullable=False),
        pa.field("image_offset", pa.int64(), nullable=False),
        pa.field("image_bytes", pa.int64(), nullable=False),
        pa.field("record_offset", pa.int64(), nullable=False),
        pa.field("record_bytes", pa.int64(), nullable=False),
    ]
)
_AHEAD = 8  # photographs in memory at most
_BLOCK = 512
_RECORD = 20 * _BLOCK


def shard_name(split: str, number: int) -> str:
    """The file name of a shard.

    >>> shard_name("train", 3)
    'train-00003.tar'
    """
    return f"{split}-{number:05d}.tar"


class ShardWriter:
    """The shards of one split, a new one after every thousand images."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder = folder
        self._split = split
        self._file: BinaryIO | None = None
        self._images = 0
        self._position = 0

    def add(self, key: str, *parts: tuple[str, bytes]) -> tuple[int, list[int]]:
        """Write one sample, a file `KEY.EXTENSION` for each part.

        Args:
            key: of the sample.
            *parts: extension and content.

        Returns:
            The number of the shard, and where in it the content of each part begins.
        """
        if self._images % IMAGES_PER_SHARD == 0:
            self.close()
            name = shard_name(self._split, self._images // IMAGES_PER_SHARD)
            self._file = (self._folder / name).open("wb", buffering=1 << 20)
            self._position = 0
        assert self._file is not None
        offsets = []
        for extension, data in parts:
            self._file.write(_header(f"{key}.{extension}", len(data)))
            self._file.write(data)
            self._file.write(bytes(-len(data) % _BLOCK))
            offsets.append(self._position + _BLOCK)
            self._position += _BLOCK + len(data) + -len(data) % _BLOCK
        number = self._images // IMAGES_PER_SHARD
        self._images += 1
        return number, offsets

    def close(self) -> None:
        """End the shard that is open."""
        if self._file is None:
            return
        end = self._position + 2 * _BLOCK
        self._file.write(bytes(2 * _BLOCK + -end % _RECORD))
        self._file.close()
        self._file = None


@contextmanager
def shard_writers(folder: Path, splits: tuple[str, ...]) -> Iterator[dict[str, ShardWriter]]:
    """A writer for each split; all are closed at the end."""
    folder.mkdir(parents=True)
    writers = {split: ShardWriter(folder, split) for split in splits}
    try:
        yield writers
    finally:
        for writer in writers.values():
            writer.close()


def _header(name: str, size: int) -> bytes:
    """A ustar header without time, owner or machine."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)


def write_shards(
    corpus: Corpus,
    connection: Connection,
    plan: Plan,
    folder: Path,
    licenses: Mapping[int, Mapping[str, Any]],
    on_progress: Progress | None,
) -> None:
    """Write the shards: each photograph with the record of all that is known of it, in the order of the ids.

    Args:
        corpus: to release.
        connection: to read with.
        plan: of the release.
        folder: to make.
        licenses: id → record.
        on_progress: called with (images packed, images in all).

    Raises:
        ReleaseError: photographs that are missing or damaged.
    """
    rows = {
        "annotations": filter(plan.takes, corpus.annotation_rows(plan.selection, connection, order="image")),
        "captions": iter(corpus.caption_rows(plan.selection, connection, order="image")),
        "interactions": iter(corpus.interaction_rows(plan.selection, connection, order="image")),
    }
    streams = {name: Stream(of_images, "image_id") for name, of_images in rows.items()}
    damaged: list[str] = []
    index: list[tuple[int, str, int, str, int, int, int, int]] = []
    with shard_writers(folder, SPLITS) as writers:
        for done, (row, reading) in enumerate(_read_ahead(corpus, plan.image_rows(corpus, connection)), 1):
            id, extension = row["id"], row["extension"]
            try:
                image = reading.result()
            except CorpusError as error:
                damaged.append(str(error))
                continue
            found = {name: stream.take(id) for name, stream in streams.items()}
            there = {annotation["id"] for annotation in found["annotations"]}
            sample = {
                "image": image_record(row),
                "license": licenses.get(row["license_id"], {"spdx": UNKNOWN}),
                "annotations": [records.annotation_record(mask) for mask in found["annotations"]],
                "captions": [records.caption_record(text) for text in found["captions"]],
                "interactions": [
                    _interaction_record(pair)
                    for pair in found["interactions"]
                    if {pair["subject_id"], pair["object_id"]} <= there
                ],
            }
            record = msgspec.json.encode(sample)
            shard, (image_at, record_at) = writers[row["split"]].add(f"{id:012d}", (extension, image), ("json", record))
            index.append((id, row["split"], shard, extension, image_at, len(image), record_at, len(record)))
            if on_progress:
                on_progress(done, len(plan.splits))
    if damaged:
        raise ReleaseError("; ".join(damaged[:5]) + (f" and {len(damaged) - 5} more" if len(damaged) > 5 else ""))
    columns = [
        pa.array(column, field.type) for column, field in zip(zip(*index, strict=True), INDEX_SCHEMA, strict=True)
    ]
    write_table(folder / "index.parquet", pa.Table.from_arrays(columns, schema=INDEX_SCHEMA))


def _read_ahead(corpus: Corpus, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Future[bytes]]]:
    """The rows of images, each with its photograph, of which a few are read and hashed while another is packed."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting: deque[tuple[Mapping[str, Any], Future[bytes]]] = deque()
        for row in rows:
            waiting.append((row, pool.submit(corpus.files.read, row["sha256"], row["extension"])))
            if len(waiting) > _AHEAD:
                yield waiting.popleft()
        yield from waiting


def _interaction_record(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "subject_id", "predicate", "object_id", "status", "origin")
    return {name: row[name] for name in names}
