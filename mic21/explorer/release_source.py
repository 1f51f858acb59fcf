"""A release as the page reads it: columns from its tables, photographs and their records from its shards."""

import os
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mic21.corpus.coco.document import compact
from mic21.errors import ReleaseError
from mic21.explorer.source import Photograph, Row, Tables, unknown_image
from mic21.ontology import Ontology
from mic21.release.reader import Release
from mic21.release.shards import IMAGES_PER_SHARD
from mic21.release.splits import SPLITS

_BLOCK = 512  # of a tar file
_NAME, _SIZE = slice(0, 100), slice(124, 136)


class _Annotation(msgspec.Struct):
    id: int
    category_id: int
    segmentation: msgspec.Raw
    status: str
    origin: str
    score: float | None = None


class _Caption(msgspec.Struct):
    caption: str
    language: str
    kind: str
    status: str
    origin: str


class _Record(msgspec.Struct):
    image: dict[str, Any]
    license: dict[str, Any]
    annotations: list[_Annotation]
    captions: list[_Caption]


class ReleaseSource:
    """A release folder; nothing is ever written into it."""

    kind = "release"

    def __init__(self, path: Path) -> None:
        self.release = Release(path)
        self.name = path.resolve().name
        self.version: str | None = self.release.version
        self._members = lru_cache(maxsize=64)(self._read_members)

    @property
    def token(self) -> str:
        """The beginning of the manifest's digest."""
        return self.release.manifest.digest[:16]

    @property
    def ontology(self) -> Ontology:
        """The ontology that the release was built with."""
        return self.release.ontology

    def tables(self) -> Tables:
        """The columns to filter by."""
        categories = self._read("categories", ["id", "key", "name"]).to_pylist()
        return Tables(
            images=self._read("images", ["id", "width", "height", "subdomain", "license", "split"]),
            annotations=self._read("annotations", ["image_id", "category_id", "area", "score", "status", "origin"]),
            captions=self._read("captions", ["image_id", "language"]),
            interactions=self._interactions.select(["image_id", "predicate"]),
            categories={row["id"]: (row["key"], row["name"]) for row in categories},
        )

    def photograph(self, id: int) -> Photograph:
        """All that is known of one photograph."""
        record = self._record(id)
        image = record.image
        known = {name: image.get(name) for name in ("subdomain", "split", "author", "source_url", "title")}
        license = {
            "license": record.license.get("spdx"),
            "license_name": record.license.get("name"),
            "license_url": record.license.get("url"),
        }
        size = {name: image[name] for name in ("id", "width", "height")}
        file = {
            "file_name": image.get("source_file_name", image["file_name"]),
            "extension": self._member(id)[0],
            "run": None,
        }
        rows = self._interactions_of.get(id, ())
        return Photograph(
            image=size | known | license | file,
            annotations=[
                {
                    "id": one.id,
                    "category_id": one.category_id,
                    "segmentation": compact(one.segmentation),
                    "score": one.score,
                    "status": one.status,
                    "origin": one.origin,
                    "run": None,
                }
                for one in record.annotations
            ],
            captions=[
                {
                    "text": one.caption,
                    "language": one.language,
                    "kind": one.kind,
                    "status": one.status,
                    "origin": one.origin,
                    "run": None,
                }
                for one in record.captions
            ],
            interactions=rows,
        )

    def picture(self, id: int) -> tuple[bytes, str]:
        """The bytes of a photograph, and its extension."""
        extension, offset, size, _, _ = self._member(id)
        return self._bytes(self._shard(id), offset, size), extension

    def extension(self, id: int) -> str:
        """The extension of a photograph's file."""
        return self._member(id)[0]

    def digest(self, id: int) -> str:
        """The SHA-256 of a photograph's bytes."""
        return self._images["sha256"][self._row(id)].as_py()  # type: ignore[no-any-return]  # Arrow's values are foreign

    @cached_property
    def _images(self) -> pa.Table:
        return self._read("images", ["id", "sha256", "split"]).sort_by("id")

    @cached_property
    def _places(self) -> tuple[np.ndarray[Any, Any], list[str], np.ndarray[Any, Any]]:
        """Ids in order, and for each the split and its place in it: a shard holds a thousand in the order of ids."""
        ids = self._images["id"].to_numpy()
        splits = self._images["split"].to_pylist()
        places = np.zeros(len(ids), np.int64)
        for split in SPLITS:
            of_split = np.fromiter((found == split for found in splits), bool, len(splits))
            places[of_split] = np.arange(of_split.sum())
        return ids, splits, places

    def _row(self, id: int) -> int:
        ids = self._places[0]
        row = int(np.searchsorted(ids, id)) if id < 2**63 else len(ids)
        if row == len(ids) or ids[row] != id:
            raise unknown_image(id)
        return row

    def _shard(self, id: int) -> Path:
        _, splits, places = self._places
        row = self._row(id)
        if splits[row] not in SPLITS:  # a file of any other name is not ours to open
            raise ReleaseError(f"image {id}: split: expected one of {', '.join(SPLITS)}, found {splits[row]!r}")
        return self.release.path / "shards" / f"{splits[row]}-{places[row] // IMAGES_PER_SHARD:05d}.tar"

    def _member(self, id: int) -> tuple[str, int, int, int, int]:
        """Extension, offset and size of the photograph, offset and size of its record."""
        shard = self._shard(id)
        found = self._members(shard).get(id)
        if found is None:
            raise ReleaseError(f"{shard}: expected image {id}, found none; run `mic21 release verify`")
        return found

    def _record(self, id: int) -> _Record:
        shard = self._shard(id)
        _, _, _, offset, size = self._member(id)
        try:
            return msgspec.json.decode(self._bytes(shard, offset, size), type=_Record)
        except msgspec.MsgspecError as error:
            raise ReleaseError(
                f"{shard}: image {id}: expected its record, found: {error}; run `mic21 release verify`"
            ) from error

    def _read_members(self, shard: Path) -> dict[int, tuple[str, int, int, int, int]]:
        """Where the members of a shard lie, by the headers alone."""
        if not shard.resolve().is_relative_to(self.release.path.resolve()):
            raise ReleaseError(f"{shard}: expected a file of the release, found a link to {shard.resolve()}")
        members: dict[int, tuple[str, int, int, int, int]] = {}
        extension, image_offset, image_size = "", 0, 0
        try:
            with shard.open("rb", buffering=0) as file:
                descriptor, offset = file.fileno(), 0
                while (header := os.pread(descriptor, _BLOCK, offset)).strip(b"\0"):
                    name = header[_NAME].rstrip(b"\0").decode()
                    size = int(header[_SIZE].rstrip(b"\0 "), 8)
                    offset += _BLOCK
                    key, _, ending = name.rpartition(".")
                    if ending == "json":
                        members[int(key)] = (extension, image_offset, image_size, offset, size)
                    else:
                        extension, image_offset, image_size = ending, offset, size
                    offset += -(-size // _BLOCK) * _BLOCK
        except (OSError, ValueError) as error:
            raise ReleaseError(
                f"{shard}: expected a shard of the release, found: {error}; run `mic21 release verify`"
            ) from error
        return members

    def _bytes(self, shard: Path, offset: int, size: int) -> bytes:
        try:
            with shard.open("rb", buffering=0) as file:
                return os.pread(file.fileno(), size, offset)
        except OSError as error:
            raise ReleaseError(f"{shard}: expected a shard of the release, found: {error}") from error

    @cached_property
    def _interactions(self) -> pa.Table:
        names = ["image_id", "subject_id", "predicate", "object_id", "status", "origin"]
        return self._read("interactions", names)

    @cached_property
    def _interactions_of(self) -> Mapping[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in self._interactions.to_pylist():
            found.setdefault(row.pop("image_id"), []).append(row)
        return found

    def _read(self, name: str, columns: list[str]) -> pa.Table:
        path = self.release.path / "tables" / f"{name}.parquet"
        try:
            return pq.read_table(path, columns=columns)
        except (OSError, pa.ArrowInvalid) as error:
            raise ReleaseError(
                f"{path}: expected a table of the release, found: {error}; run `mic21 release verify`"
            ) from error
