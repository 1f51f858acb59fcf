"""How the photographs reach the server: files that it reads itself, uploads, or an address that they are served at."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from mic21.corpus.store import Corpus
from mic21.errors import ReviewError, UsageError
from mic21.review.server import Server

ROOT_VARIABLE = "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"

Row = Mapping[str, Any]


class Photographs(Protocol):
    """Says under which address a task shows its photograph."""

    def prepare(self, server: Server, project_id: int) -> None:
        """Set up what a project needs; harmless when done again."""

    def address(self, server: Server, project_id: int, image: Row) -> str:
        """The address of a photograph, for `data.image`."""


class LocalFiles:
    """The server reads the corpus's own folder, on the same machine or a mounted disk."""

    def __init__(self, corpus: Corpus, root: Path) -> None:
        """Take the folder under which the server may serve files.

        Raises:
            UsageError: the corpus does not lie below it.
        """
        self.corpus = corpus
        self.root = root.resolve()
        self.folder = corpus.files.folder.resolve()
        if self.root not in self.folder.parents:
            raise UsageError(
                f"--images local: {self.folder} does not lie below {self.root}, the server's document root; start it "
                f"with {ROOT_VARIABLE} set to a folder above the corpus, set that here too, or use --images upload"
            )

    def prepare(self, server: Server, project_id: int) -> None:
        """Let the project's annotators see the folder."""
        path = str(self.folder)
        there = server.get("/api/storages/localfiles", {"project": project_id})
        if any(storage["path"] == path for storage in there):
            return
        storage = {"project": project_id, "path": path, "title": "mic21", "use_blob_urls": True}
        server.post("/api/storages/localfiles", storage)

    def address(self, server: Server, project_id: int, image: Row) -> str:
        """Where the server serves the file."""
        path = self.folder / self.corpus.files.path(image["sha256"], image["extension"]).relative_to(
            self.corpus.files.folder
        )
        return f"/data/local-files/?d={quote(path.relative_to(self.root).as_posix())}"


class Uploads:
    """Photographs are copied to the server."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    def prepare(self, server: Server, project_id: int) -> None:
        """Nothing to set up."""

    def address(self, server: Server, project_id: int, image: Row) -> str:
        """Upload the file and give its address; an upload whose answer is lost leaves a file that nothing names."""
        data = self.corpus.files.read(image["sha256"], image["extension"])
        name = f"{image['sha256']}.{image['extension']}"
        path = f"/api/projects/{project_id}/import?commit_to_project=false"
        uploaded = server.post(path, files={"file": (name, data)})["file_upload_ids"][0]
        return str(f"/data/{server.get(f'/api/import/file-upload/{uploaded}')['file']}")


class Addresses:
    """Photographs lie at an address of their own: http(s), or a bucket that the server has the keys to."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")

    def prepare(self, server: Server, project_id: int) -> None:
        """Nothing to set up."""

    def address(self, server: Server, project_id: int, image: Row) -> str:
        """The base, then the path within the corpus's `images` folder."""
        return f"{self.base}/{image['sha256'][:2]}/{image['sha256']}.{image['extension']}"


def photographs(corpus: Corpus, how: str, root: Path | None) -> Photographs:
    """What `--images` means: `local`, `upload`, or the address of a folder that holds what the corpus's `images` does.

    Raises:
        UsageError: none of these, or `local` for a corpus outside the server's document root.
    """
    if how == "upload":
        return Uploads(corpus)
    if how == "local":
        if root is None:
            raise UsageError(
                f"--images local: set {ROOT_VARIABLE} to the server's document root, or use --images upload"
            )
        return LocalFiles(corpus, root)
    if "://" in how:
        return Addresses(how)
    raise UsageError(f"--images: expected local, upload or an address, found {how!r}")


def check_photograph(server: Server, project_id: int, image: Row, address: str) -> None:
    """Fetch a photograph as an annotator's page will, before anything is pushed.

    Raises:
        ReviewError: it cannot be had, or is not the photograph of the corpus; the message says what to set.
    """
    path = address
    if not address.startswith(("/", "http://", "https://")):  # a bucket: the server fetches it for the page
        path = f"/api/projects/{project_id}/resolve/?fileuri={base64.b64encode(address.encode()).decode()}"
    advice = (
        f"for local files the server needs LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and {ROOT_VARIABLE}; for a "
        "bucket, a storage with its keys; or use --images upload"
    )
    try:
        found = server.get_bytes(path)
    except ReviewError as error:
        raise ReviewError(f"{address}: the server cannot show this photograph ({error}); {advice}") from error
    if hashlib.sha256(found).hexdigest() != image["sha256"]:
        raise ReviewError(f"{address}: expected the photograph of image {image['id']}, found other bytes; {advice}")
