"""Datasets on the Hugging Face hub: one commit with everything, and a tag with the version.

The token is the one that `hf auth login` stores, or HF_TOKEN. This code has not been run against the hub itself: our
tests have no network, and a fake of the hub on the disk.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

from mic21.errors import ReleaseError, UsageError
from mic21.release.manifest import MANIFEST, FileEntry, Manifest
from mic21.release.publish import PublishReport


class HubTarget:
    """A dataset repository."""

    def __init__(self, repository: str, api: HfApi) -> None:
        self._repository, self._api = repository, api

    def manifest(self) -> bytes | None:
        """None: a repository holds releases one after the other, as commits; tags keep them apart."""
        return None

    def send(
        self, release: Path, files: list[FileEntry], manifest: Manifest, on_progress: Callable[[int, int], None] | None
    ) -> PublishReport:
        """Upload as one commit, compare the hub's hashes with the manifest, and tag the version.

        The hub knows files by their content: what an upload that broke off has sent is not sent again. A release that
        has its tag is left alone, so that `main` never goes back to it.

        Raises:
            ReleaseError: the tag is another release's, the hub refused, or what is there is not what was sent.
        """
        tag = f"v{manifest.version}"
        message = f"Release {manifest.version}"
        entries = [*files, manifest.entry()]
        paths = [entry.path for entry in entries]
        try:
            self._api.create_repo(self._repository, repo_type="dataset", exist_ok=True)
            refs = self._api.list_repo_refs(self._repository, repo_type="dataset")
            if any(found.name == tag for found in refs.tags):
                if self._manifest_of(tag) != manifest.to_bytes():
                    raise ReleaseError(f"hf:{self._repository}: expected no {tag} yet, found another release")
                return PublishReport([], paths)  # a tag is set when all is there; a later release may follow it by now
            before = self._there()
            same = [entry.path for entry in entries if matches(release / entry.path, entry, before.get(entry.path))]
            if len(same) < len(entries) or before.keys() - set(paths):
                self._api.upload_folder(
                    repo_id=self._repository,
                    folder_path=str(release),
                    repo_type="dataset",
                    commit_message=message,
                    delete_patterns="*",  # what the release does not have leaves with the same commit
                )
            after = self._there()
            wrong = [entry.path for entry in entries if not matches(release / entry.path, entry, after.get(entry.path))]
            if wrong := wrong + sorted(after.keys() - set(paths)):
                raise ReleaseError(f"hf:{self._repository}: {', '.join(wrong[:5])}: not what was sent; publish again")
            self._api.create_tag(self._repository, tag=tag, repo_type="dataset", tag_message=message, exist_ok=True)
        except (HfHubHTTPError, OSError) as error:
            raise ReleaseError(f"hf:{self._repository}: {error}; publish again") from error
        if on_progress:
            on_progress(len(files), len(files))
        return PublishReport([path for path in paths if path not in same], same)

    def _there(self) -> Mapping[str, Any]:
        """Path → file, of all but the hub's own `.gitattributes`, which an upload never deletes."""
        found: Iterable[Any] = self._api.list_repo_tree(self._repository, repo_type="dataset", recursive=True)
        return {item.path: item for item in found if hasattr(item, "blob_id") and item.path != ".gitattributes"}

    def _manifest_of(self, tag: str) -> bytes | None:
        try:
            path = self._api.hf_hub_download(self._repository, MANIFEST, repo_type="dataset", revision=tag)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return None
        return Path(path).read_bytes()


def matches(path: Path, entry: FileEntry, found: Any) -> bool:
    """Whether a file on the hub is that of the release, by the hash that the hub has of it.

    Args:
        path: of the file here.
        entry: of the manifest.
        found: the hub's `RepoFile`, or None; its types are foreign.
    """
    if found is None or found.size != entry.bytes:
        return False
    if found.lfs is not None:
        return bool(found.lfs.sha256 == entry.sha256)
    blob = hashlib.sha1(f"blob {entry.bytes}\0".encode() + path.read_bytes(), usedforsecurity=False)
    return bool(found.blob_id == blob.hexdigest())


def open_target(address: str) -> HubTarget:
    """The repository `ORG/NAME`.

    Raises:
        UsageError: the address is none.
    """
    if address.count("/") != 1 or not all(address.split("/")):
        raise UsageError(f"publish: expected hf:ORG/NAME, found hf:{address}")
    return HubTarget(address, HfApi())
