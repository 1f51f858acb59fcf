"""Folders and object storage, through fsspec: `s3://bucket/path`, `gs://…`, `/a/folder`."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec

from mic21.errors import ReleaseError
from mic21.release.manifest import MANIFEST, FileEntry, Manifest
from mic21.release.publish import PublishReport

_AT_ONCE = 8
_CHUNK = 1 << 20


class StorageTarget:
    """A folder of a file system that fsspec knows."""

    def __init__(self, system: Any, root: str, address: str) -> None:
        """Keep the place.

        Args:
            system: of fsspec, which has no types of its own.
            root: path in it.
            address: for messages.
        """
        self._system, self._root, self._address = system, root.rstrip("/"), address

    def manifest(self) -> bytes | None:
        """The manifest that is there, or None."""
        try:
            return bytes(self._system.cat_file(f"{self._root}/{MANIFEST}"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ReleaseError(f"{self._address}: expected a place to write to, found: {error}") from error

    def send(
        self, release: Path, files: list[FileEntry], manifest: Manifest, on_progress: Callable[[int, int], None] | None
    ) -> PublishReport:
        """Send what is missing or differs; each file is read back and hashed, the manifest too, which goes last.

        Raises:
            ReleaseError: there are files that are none of the release's, or a file did not arrive as it was sent.
        """
        if foreign := sorted(self._there() - {MANIFEST, *(entry.path for entry in files)}):
            shown = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
            raise ReleaseError(f"{self._address}: expected nothing but files of this release, found {shown}")
        report = PublishReport([], [])
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, (path, sent) in enumerate(pool.map(lambda entry: self._send(release, entry), files), 1):
                (report.sent if sent else report.there).append(path)
                if on_progress:
                    on_progress(done, len(files) + 1)
        path, sent = self._send(release, manifest.entry())
        (report.sent if sent else report.there).append(path)
        return report

    def _there(self) -> set[str]:
        """Paths of the files that are there, relative to the root."""
        self._system.invalidate_cache()
        try:
            return {path.removeprefix(f"{self._root}/") for path in self._system.find(self._root)}
        except OSError as error:
            raise ReleaseError(f"{self._address}: expected a place to write to, found: {error}") from error

    def _send(self, release: Path, entry: FileEntry) -> tuple[str, bool]:
        remote = f"{self._root}/{entry.path}"
        try:
            if self._sha256(remote, entry.bytes) == entry.sha256:
                return entry.path, False
            self._system.makedirs(remote.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(release / entry.path), remote)
            self._system.invalidate_cache()
            found = self._sha256(remote, entry.bytes)
        except OSError as error:
            raise ReleaseError(f"{self._address}/{entry.path}: could not be sent: {error}; publish again") from error
        if found != entry.sha256:
            raise ReleaseError(
                f"{self._address}/{entry.path}: expected sha256 {entry.sha256[:12]}… after it was sent, "
                f"found {found[:12] + '…' if found else 'another length'}; publish again"
            )
        return entry.path, True

    def _sha256(self, remote: str, length: int) -> str | None:
        """The hash of what is there, or None where nothing of that length is."""
        try:
            if self._system.size(remote) != length:
                return None
            digest = hashlib.sha256()
            with self._system.open(remote, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except FileNotFoundError:
            return None
        return digest.hexdigest()


def open_target(address: str) -> StorageTarget:
    """The target of an address.

    Raises:
        ReleaseError: fsspec does not know the kind of address, or lacks a package for it.
    """
    try:
        system, root = fsspec.core.url_to_fs(address)
    except (ValueError, ImportError) as error:
        raise ReleaseError(f"{address}: expected an address that fsspec knows, or a folder: {error}") from error
    return StorageTarget(system, root, address)
