"""WebDataset shards: plain tar files whose bytes depend on nothing but their content."""

import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import Connection

from mic21.corpus.coco import records
from mic21.corpus.licenses import UNKNOWN
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ReleaseError
from mic21.release.plan import Plan
from mic21.release.splits import SPLITS
from mic21.release.streams import Stream, image_record, rows_of

Progress = Callable[[int, int], None]

IMAGES_PER_SHARD = 1_000
_BLOCK = 512
_RECORD = 20 * _BLOCK


class ShardWriter:
    """The shards of one split, a new one after every thousand images."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder = folder
        self._split = split
        self._file: BinaryIO | None = None
        self._images = 0

    def add(self, key: str, image: bytes, extension: str, record: bytes) -> None:
        """Write one sample: `KEY.EXTENSION` and `KEY.json`."""
        if self._images % IMAGES_PER_SHARD == 0:
            self.close()
            number = self._images // IMAGES_PER_SHARD
            self._file = (self._folder / f"{self._split}-{number:05d}.tar").open("wb", buffering=1 << 20)
        assert self._file is not None
        for name, data in ((f"{key}.{extension}", image), (f"{key}.json", record)):
            self._file.write(_header(name, len(data)))
            self._file.write(data)
            self._file.write(bytes(-len(data) % _BLOCK))
        self._images += 1

    def close(self) -> None:
        """End the shard that is open."""
        if self._file is None:
            return
        end = self._file.tell() + 2 * _BLOCK
        self._file.write(bytes(2 * _BLOCK + -end % _RECORD))
        self._file.close()
        self._file = None


@contextmanager
def shard_writers(folder: Path, splits: tuple[str, ...]) -> Iterator[dict[str, ShardWriter]]:
    """A writer for each split; all are closed at the end."""
    folder.mkdir()
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

    Raises:
        ReleaseError: photographs that are missing or damaged.
    """
    masks = rows_of(corpus.annotation_rows(plan.selection, connection, order="image"), plan.images)
    texts = rows_of(corpus.caption_rows(plan.selection, connection, order="image"), plan.images)
    masks_by_image, texts_by_image = Stream(masks, "image_id"), Stream(texts, "image_id")
    damaged = []
    with shard_writers(folder, SPLITS) as writers:
        for done, (id, row) in enumerate(plan.images.items(), 1):
            try:
                image = corpus.files.read(row["sha256"], row["extension"])
            except CorpusError as error:
                damaged.append(str(error))
                continue
            sample = {
                "image": image_record(row),
                "license": licenses.get(row["license_id"], {"spdx": UNKNOWN}),
                "annotations": [records.annotation_record(mask) for mask in masks_by_image.take(id)],
                "captions": [records.caption_record(text) for text in texts_by_image.take(id)],
            }
            writers[row["split"]].add(f"{id:012d}", image, row["extension"], msgspec.json.encode(sample))
            if on_progress:
                on_progress(done, len(plan.images))
    if damaged:
        raise ReleaseError("; ".join(damaged[:5]) + (f" and {len(damaged) - 5} more" if len(damaged) > 5 else ""))
