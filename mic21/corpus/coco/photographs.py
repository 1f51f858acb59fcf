"""The photographs of an import: found in a folder, stored, and held against the sizes that the records claim."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from mic21.corpus.images import ImageFiles, StoredImage, UnusableImage
from mic21.corpus.ingest import Progress


class Photographs:
    """The photographs of one import, stored before the records are written."""

    def __init__(self, files: ImageFiles) -> None:
        self._files = files
        self._stored: dict[str, StoredImage | str] = {}
        self._wanted = False

    def store(self, folder: Path, names: Sequence[str], on_progress: Progress | None = None) -> None:
        """Store the named files of a folder; what is wrong with one is told by `get`."""
        self._wanted = True
        unique = list(dict.fromkeys(names))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for done, (name, stored) in enumerate(
                zip(unique, pool.map(lambda n: self._one(folder, n), unique), strict=True)
            ):
                self._stored[name] = stored
                if on_progress:
                    on_progress(done + 1, len(unique))

    def store_bytes(self, name: str, data: bytes) -> None:
        """Store a photograph that is no file of its own; what is wrong with it is told by `get`."""
        self._wanted = True
        self._stored[name] = self._add(name, data)

    def get(self, name: str, width: int, height: int) -> tuple[StoredImage | None, str | None]:
        """The stored photograph, or what is wrong with it; neither where no folder was given."""
        if not self._wanted:
            return None, None
        stored = self._stored[name]
        if isinstance(stored, str):
            return None, stored
        if (stored.width, stored.height) != (width, height):
            found = f"{stored.width}×{stored.height}"
            if (stored.height, stored.width) == (width, height) and stored.sha256 != stored.original_sha256:
                found += (
                    " after its EXIF orientation is applied: the sizes, and so the masks, are of the unturned picture"
                )
            return None, f"expected a picture of {width}×{height} pixels, found {found}"
        return stored, None

    def columns(self, stored: StoredImage | None) -> dict[str, Any]:
        """The columns of the images table that a stored photograph fills."""
        names = ("sha256", "original_sha256", "bytes", "extension", "phash")
        return {name: getattr(stored, name) if stored else None for name in names}

    def _one(self, folder: Path, name: str) -> StoredImage | str:
        parts = PurePosixPath(name).parts
        if ".." in parts or PurePosixPath(name).is_absolute():
            return f"expected a path inside {folder.name}, found {name!r}"
        try:
            return self._add(name, (folder / name).read_bytes())
        except FileNotFoundError:
            return f"expected the photograph in {folder.name}, found no {name!r}"
        except OSError as error:
            return f"{name!r} cannot be read: {error.strerror or error}"
        except ValueError as error:  # a name with NUL in it
            return f"{name!r} cannot be read: {error}"

    def _add(self, name: str, data: bytes) -> StoredImage | str:
        try:
            return self._files.add(data)
        except UnusableImage as error:
            return f"{name!r}: {error}"
