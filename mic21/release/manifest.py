"""The manifest: what a release is, and the sha256 of every other file of it."""

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mic21.errors import ReleaseError

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class FileEntry(BaseModel):
    """One file of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="relative to the release, with forward slashes")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class SplitCounts(BaseModel):
    """How much a split holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = 0
    annotations: int = 0
    captions: int = 0
    interactions: int = 0


class LeftOut(BaseModel):
    """Images that the corpus has and the release has not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    images: list[int]


class Manifest(BaseModel):
    """What a release is, and what every other file of it must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    schema_version: Literal[1] = 1
    mic21_version: str
    ontology_version: str
    ontology_digest: str = Field(description="sha256 over the ontology's data files, a corpus's own included")
    statuses: list[str] = Field(description="statuses of the records that were let in")
    unchecked: SplitCounts = Field(description="how many of the records no person has accepted")
    counts: dict[str, SplitCounts] = Field(description="split → counts")
    left_out: list[LeftOut]
    files: list[FileEntry] = Field(description="every other file, ordered by path")
    digest: str = Field(default="", description="sha256 of this manifest as it is spelt with an empty digest")

    def sealed(self) -> "Manifest":
        """The same with its digest filled in."""
        return self.model_copy(update={"digest": hashlib.sha256(self._spelt("")).hexdigest()})

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest."""
        return self._spelt(self.digest)

    def _spelt(self, digest: str) -> bytes:
        return self.model_copy(update={"digest": digest}).model_dump_json(indent=1).encode() + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release.

    Raises:
        ReleaseError: there is none, or it is not one that this version of mic21 reads.
    """
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReleaseError(f"{folder}: expected a release, found no {MANIFEST}") from error
    try:
        # Through msgspec first, because its message names the byte where the JSON breaks.
        return Manifest.model_validate(msgspec.json.decode(data))
    except msgspec.DecodeError as error:
        raise ReleaseError(f"{path}: expected JSON, found: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ReleaseError(f"{path}: {place}: {first['msg']}, found {first['input']!r:.80}") from error


def hash_files(folder: Path, paths: Iterable[str], *, flush: bool = False) -> list[FileEntry]:
    """The entries of files of a release, hashed on all cores.

    Args:
        folder: of the release.
        paths: relative to it.
        flush: have the operating system write each file to the disk.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda path: _hash(folder, path, flush), paths))


def _hash(folder: Path, path: str, flush: bool) -> FileEntry:
    digest = hashlib.sha256()
    size = 0
    with (folder / path).open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        if flush:
            os.fsync(file.fileno())
    return FileEntry(path=path, sha256=digest.hexdigest(), bytes=size)
