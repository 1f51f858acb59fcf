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


class LeftOutCategory(BaseModel):
    """A category whose annotations the corpus has and the release has not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    category_id: int
    name: str
    annotations: int = Field(description="how many were left out")


class LeftOutCaptions(BaseModel):
    """Captions of the release's images that the corpus has and the release has not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    language: str
    captions: int = Field(description="how many were left out")


class Deviation(BaseModel):
    """A subdomain or category whose splits are off their shares by more than two points."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(description="subdomain or category")
    key: str = Field(description="of the subdomain, or id of the category")
    count: int = Field(description="images of the subdomain, annotations of the category")
    shares: dict[str, float] = Field(description="split → share found")


class SplitFacts(BaseModel):
    """How the images were split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shares: dict[str, float] = Field(description="split → share wanted")
    salt: str
    series: str = Field(description="author: photographs of an author in a subdomain stay together; none")
    frozen: int = Field(description="images whose split was given, by a list or an earlier release")
    straddling: list[list[int]] = Field(description="images that belong together, in different splits")
    deviations: list[Deviation]


class ScopeFacts(BaseModel):
    """What of the corpus was wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subdomains: list[str] | None = None
    domains: list[str] | None = None
    licenses: str | list[str] | None = Field(default=None, description="permissive, nc-ok, or SPDX expressions")
    min_instances: int = 1
    languages: list[str] | None = Field(default=None, description="of captions")


class BelowFloor(BaseModel):
    """A subdomain with too few images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subdomain: str
    images: int = Field(description="in the release")
    corpus: int = Field(description="in the corpus, whatever their licence and status")


class Previous(BaseModel):
    """The release that this one follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    digest: str


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
    left_out_categories: list[LeftOutCategory]
    left_out_captions: list[LeftOutCaptions] = []
    scope: ScopeFacts
    splits: SplitFacts
    below_floor: list[BelowFloor]
    formats: list[str] = Field(description="what is there beside the forms that every release has")
    previous: Previous | None
    files: list[FileEntry] = Field(description="every other file, ordered by path")
    digest: str = Field(default="", description="sha256 of this manifest as it is spelt with an empty digest")

    def sealed(self) -> "Manifest":
        """The same with its digest filled in."""
        return self.model_copy(update={"digest": hashlib.sha256(self._spelt("")).hexdigest()})

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest."""
        return self._spelt(self.digest)

    def entry(self) -> FileEntry:
        """The entry that the manifest's own file would have."""
        data = self.to_bytes()
        return FileEntry(path=MANIFEST, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

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
