"""A real Label Studio, started once a test run, and corpora that lie where it may read their photographs."""

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from mic21.corpus import edit
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.review.photographs import LocalFiles, Photographs
from mic21.review.server import Server

from ..conftest import MINI

TOOL = Path(__file__).parents[2] / "tools" / "label-studio"


@dataclass(frozen=True)
class Studio:
    """A running Label Studio.

    Attributes:
        url: its address.
        key: a personal access token.
        files: the folder that it serves files from.
        data: its data folder; server.json there has the password.
    """

    url: str
    key: str
    files: Path
    data: Path

    @property
    def password(self) -> str:
        return str(json.loads((self.data / "server.json").read_text())["password"])


def start_studio(data: Path, files: Path, *, port: int = 0) -> Studio:
    """`tools/label-studio start`, or the server that runs already."""
    command = [sys.executable, str(TOOL), "start", "--data", str(data), "--files", str(files), "--port", str(port)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = dict(re.findall(r"export (\w+)=(\S+)", done.stdout))
    return Studio(found["LABEL_STUDIO_URL"], found["LABEL_STUDIO_API_KEY"], files, data)


def stop_studio(data: Path) -> None:
    """`tools/label-studio stop`; what people did stays in the data folder."""
    subprocess.run([sys.executable, str(TOOL), "stop", "--data", str(data)], check=True)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    files = tmp_path_factory.getbasetemp()
    data = tmp_path_factory.mktemp("label-studio")
    yield start_studio(data, files)
    stop_studio(data)


@pytest.fixture
def server(studio: Studio) -> Iterator[Server]:
    with Server(studio.url, studio.key) as opened:
        yield opened


@pytest.fixture
def reviewed(tmp_path: Path) -> Corpus:
    """The hand-made dataset as drafts: chess, a violinist, and a ring and a point, in three subdomains."""
    corpus = Corpus.create(tmp_path / "corpus")
    import_coco(corpus, MINI / "instances.json", images=MINI / "images", captions=MINI / "captions.json", as_draft=True)
    edit.move(corpus, "chess", images=[3, 500])
    edit.move(corpus, "violinist", images=[10, 11, 7001])
    return corpus


@pytest.fixture
def photographs(studio: Studio, reviewed: Corpus) -> Photographs:
    return LocalFiles(reviewed, studio.files)


@dataclass
class Annotator:
    """A person at the server, working through its API as the page does."""

    server: Server

    def tasks(self, corpus_id: str, project_id: int) -> dict[int, dict[str, Any]]:
        """Image id → task with its predictions."""
        found = self.server.get("/api/tasks", {"project": project_id, "fields": "all", "page_size": 100})["tasks"]
        assert {task["data"]["mic21"].partition("/")[0] for task in found} == {corpus_id}
        return {task["data"]["mic21_image_id"]: task for task in found}

    def submit(self, task: Mapping[str, Any], result: Sequence[Mapping[str, Any]], **fields: Any) -> int:
        """Submit an annotation; gives its id."""
        value = {"result": list(result), "lead_time": 10, **fields}
        return int(self.server.post(f"/api/tasks/{task['id']}/annotations", value)["id"])

    def change(self, annotation: int, result: Sequence[Mapping[str, Any]]) -> None:
        """Submit again."""
        self.server.patch(f"/api/annotations/{annotation}", {"result": list(result)})


@pytest.fixture
def annotator(server: Server) -> Annotator:
    return Annotator(server)


@pytest.fixture(scope="session")
def colleagues(studio: Studio) -> Iterator[list[Annotator]]:
    """Two more people with accounts of their own."""
    with Server(studio.url, studio.key) as server:
        invitation = server.get("/api/invite")["invite_url"]
    with ExitStack() as stack:
        keys = [_sign_up(studio.url, invitation) for _ in range(2)]
        yield [Annotator(stack.enter_context(Server(studio.url, key))) for key in keys]


def _sign_up(url: str, invitation: str) -> str:
    """A new account's access token, got as a browser does."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=120) as browser:
        form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(invitation).text)
        assert form is not None
        email = f"{secrets.token_hex(4)}@example.org"
        fields = {"csrfmiddlewaretoken": form[1], "email": email, "password": secrets.token_hex(16)}
        browser.post(invitation, data=fields, headers={"Referer": url}).raise_for_status()
        headers = {"X-CSRFToken": browser.cookies["csrftoken"], "Referer": url}
        return str(browser.post("/api/token/", json={}, headers=headers).json()["token"])
