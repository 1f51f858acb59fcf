"""Publishing a release: to the Hugging Face hub, to object storage, or to a folder.

What is at the target already and is the same is not sent again, so that a publication that broke off is simply
repeated. The manifest goes last, and everything is compared with it after it was sent. Another release is never
overwritten, nor mixed with what is left of one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from mic21.errors import ReleaseError
from mic21.release.manifest import FileEntry, Manifest, read_manifest
from mic21.release.verify import verify_release

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What a publication did.

    Attributes:
        sent: paths of the files that were sent.
        there: paths of those that were there already.
    """

    sent: list[str]
    there: list[str]


class Target(Protocol):
    """Where a release goes."""

    def manifest(self) -> bytes | None:
        """The manifest that is there, or None."""
        ...

    def send(
        self, release: Path, files: list[FileEntry], manifest: Manifest, on_progress: Progress | None
    ) -> PublishReport:
        """Send what is missing, the manifest last, and compare everything with it.

        Raises:
            ReleaseError: there are files of something else, something could not be sent, or is not what it should be
                after it was.
        """
        ...


def publish_release(release: str | Path, target: str, *, on_progress: Progress | None = None) -> PublishReport:
    """Copy a release to a target, and verify it there.

    Args:
        release: folder of a release.
        target: `hf:ORG/NAME` for a dataset on the hub, any address that fsspec knows (`s3://bucket/path`), or a folder.
        on_progress: called with (files done, files in all).

    Raises:
        ReleaseError: the release is damaged, another one or files of something else are at the target, packages are
            missing, or what arrived is not what was sent.
    """
    folder = Path(release)
    manifest = read_manifest(folder)
    if problems := verify_release(folder):
        raise ReleaseError(f"{folder}: expected a good release, found: {'; '.join(problems[:5])}")
    module, address = ("hub", target.removeprefix("hf:")) if target.startswith("hf:") else ("storage", target)
    try:
        adapter = import_module(f"mic21.release.targets.{module}")
    except ImportError as error:
        raise ReleaseError(f"publish: a package is missing ({error}): pip install 'mic21[publish]'") from error
    place = cast(Target, adapter.open_target(address))
    there = place.manifest()
    if there is not None and there != manifest.to_bytes():
        raise ReleaseError(f"{target}: expected nothing or this release, found another one: a release never changes")
    return place.send(folder, manifest.files, manifest, on_progress)
