"""Photographs with their records, read from the shards by the index: one after the other, or any one of them."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from mic21.errors import ReleaseError, UsageError
from mic21.release.shards import INDEX, shard_name


class Sample:
    """A photograph of a release with all that is known of it; the record is decoded when it is first asked for.

    Attributes:
        key: names its files in the shard.
        image_bytes: the photograph as stored.
        record_bytes: the JSON of its record as stored.
    """

    def __init__(self, key: str, image_bytes: bytes, record_bytes: bytes, place: str = "sample") -> None:
        """Keep the bytes.

        Args:
            key: of the sample.
            image_bytes: the photograph.
            record_bytes: JSON.
            place: names the shard in messages.
        """
        self.key = key
        self.image_bytes = image_bytes
        self.record_bytes = record_bytes
        self._place = place

    @property
    def image(self) -> Image.Image:
        """The photograph, decoded anew at each call."""
        return Image.open(io.BytesIO(self.image_bytes))

    @property
    def record(self) -> Mapping[str, Any]:
        """COCO's `images[]` record, with split, sha256 and what else is known."""
        record: Mapping[str, Any] = self._part("image")
        return record

    @property
    def license(self) -> Mapping[str, Any]:
        """Its licence, with the SPDX id in `spdx`."""
        license: Mapping[str, Any] = self._part("license")
        return license

    @property
    def annotations(self) -> Sequence[Mapping[str, Any]]:
        """COCO's `annotations[]` records; `mic21.geometry.segmentation_to_rle` makes masks of them."""
        annotations: Sequence[Mapping[str, Any]] = self._part("annotations")
        return annotations

    @property
    def captions(self) -> Sequence[Mapping[str, Any]]:
        """Records with `caption`, `language`, `kind`, `status`, `origin`."""
        captions: Sequence[Mapping[str, Any]] = self._part("captions")
        return captions

    @property
    def interactions(self) -> Sequence[Mapping[str, Any]]:
        """Records with `subject_id`, `predicate`, `object_id` (ids of annotations), `status`, `origin`."""
        interactions: Sequence[Mapping[str, Any]] = self._part("interactions")
        return interactions

    @cached_property
    def _decoded(self) -> Mapping[str, Any]:
        try:
            return msgspec.json.decode(self.record_bytes, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise broken_shard(self._place, error) from error

    def _part(self, name: str) -> Any:  # a part of foreign JSON
        try:
            return self._decoded[name]
        except KeyError as error:
            raise broken_shard(self._place, f"no {name} in the record of {self.key}") from error


class ShardIndex:
    """Where the samples of a release lie.

    Raises:
        ReleaseError: there is no index, or it cannot be read.
    """

    def __init__(self, release: Path) -> None:
        self._release = release
        path = release / INDEX
        try:
            table = pq.read_table(path)
            columns = {name: table[name].to_numpy() for name in table.column_names}
            self._ids, self._shards = columns["id"], columns["shard"]
            self._images = columns["image_offset"], columns["image_bytes"]
            self._records = columns["record_offset"], columns["record_bytes"]
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise ReleaseError(f"{path}: expected the index, found: {error}; run `mic21 release verify`") from error
        self._splits = table["split"].to_pylist()

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self._ids)

    def ids(self, split: str | None = None) -> list[int]:
        """The ids of all images, or of a split's, in order."""
        ids = self._ids.tolist()
        return [id for id, found in zip(ids, self._splits, strict=True) if split in (None, found)]

    def sample(self, id: int) -> Sample:
        """The sample of an image.

        Raises:
            UsageError: the release has no such image.
            ReleaseError: the shard breaks off.
        """
        row = int(np.searchsorted(self._ids, id))
        if row == len(self._ids) or self._ids[row] != id:
            raise UsageError(f"image: expected the id of one of the {len(self)} images, found {id}")
        path = self._path(row)
        descriptor = _open(path)
        try:
            return self._read(descriptor, path, row)
        finally:
            os.close(descriptor)

    def samples(self, split: str) -> Iterator[Sample]:
        """The samples of a split in the order of their ids.

        Raises:
            ReleaseError: a shard breaks off.
        """
        rows = [row for row, found in enumerate(self._splits) if found == split]
        current, descriptor = None, -1
        try:
            for row in rows:
                path = self._path(row)
                if path != current:
                    if descriptor >= 0:
                        os.close(descriptor)
                    current, descriptor = path, _open(path)
                yield self._read(descriptor, path, row)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _path(self, row: int) -> str:
        return f"{self._release}/shards/{shard_name(self._splits[row], int(self._shards[row]))}"

    def _read(self, descriptor: int, path: str, row: int) -> Sample:
        offset, length = int(self._images[0][row]), int(self._images[1][row])
        record, record_length = int(self._records[0][row]), int(self._records[1][row])
        data = os.pread(descriptor, record + record_length - offset, offset)
        if len(data) != record + record_length - offset:
            raise broken_shard(path, f"it breaks off after {offset + len(data)} bytes")
        key = f"{int(self._ids[row]):012d}"
        return Sample(key, data[:length], data[record - offset :], path)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise broken_shard(path, error) from error


def broken_shard(place: str, found: object) -> ReleaseError:
    """The error of a shard that is none."""
    return ReleaseError(f"{place}: expected a shard of the release, found: {found}; run `mic21 release verify`")
