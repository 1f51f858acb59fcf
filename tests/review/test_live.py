"""The two small servers beside a real Label Studio: hints that make a pull come soon, and drafts on demand."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image

from mic21.corpus import edit
from mic21.corpus.ingest import ingest
from mic21.corpus.metadata import Facts
from mic21.corpus.store import Corpus
from mic21.drafts.captioners import load_captioner
from mic21.drafts.segmenters import Photograph, Region
from mic21.errors import ReviewError
from mic21.geometry import mask_to_rle
from mic21.review import ledger
from mic21.review.backend import Drafter, connect_backend, make_app
from mic21.review.photographs import LocalFiles, Photographs
from mic21.review.pull import pull
from mic21.review.push import push
from mic21.review.server import Server

from .conftest import Annotator, Studio, start_studio


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(until: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def test_a_second_start_finds_the_server_and_its_key(studio: Studio) -> None:
    assert start_studio(studio.data, studio.files) == studio


def test_a_submitted_answer_is_pulled_soon(
    reviewed: Corpus, studio: Studio, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    push(reviewed, server, photographs, subdomain="chess")
    with reviewed.reading() as connection:
        (project,) = ledger.read_projects(connection, studio.url)
    port = _free_port()
    program = "import sys; from mic21.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "-C", str(reviewed.path), "review", "listen", "--port", str(port)]
    environment = os.environ | {"LABEL_STUDIO_API_KEY": studio.key, "LABEL_STUDIO_URL": studio.url}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        hooks = {"project": project.project_id}
        _wait(lambda: server.get("/api/webhooks/", hooks))
        hint = f"http://127.0.0.1:{port}/label-studio"
        _wait(lambda: _answers(hint))
        assert httpx.post(hint).status_code == 401
        assert httpx.post(hint, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert httpx.get(f"http://127.0.0.1:{port}/../pyproject.toml").status_code == 404
        task = annotator.tasks(ledger.corpus_id(reviewed), project.project_id)[3]
        annotator.submit(task, task["predictions"][0]["result"])
        _wait(lambda: {row["status"] for row in reviewed.annotations(images=[3]).to_pylist()} == {"accepted"})
    finally:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert "1 answers applied" in output
    assert studio.key not in output + errors
    assert server.get("/api/webhooks/", hooks) == []


def _answers(address: str) -> bool:
    try:
        httpx.post(address)
    except httpx.TransportError:
        return False
    return True


class BrightSegmenter:
    """Finds what is bright: a model small enough to know its answer."""

    name = "bright"
    signature = "1"

    def __init__(self, category_ids: Sequence[int]) -> None:
        self._category_ids = category_ids

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        return [
            [Region(id, mask_to_rle(photograph.image[..., 0] > 128), 0.5, "bright") for id in self._category_ids]
            for photograph in photographs
        ]


@contextmanager
def _served(drafter: Drafter, password: str) -> Iterator[str]:
    port = _free_port()
    running = uvicorn.Server(uvicorn.Config(make_app(drafter, password), port=port, log_level="warning"))
    thread = threading.Thread(target=running.run)
    thread.start()
    _wait(lambda: running.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join()


@pytest.fixture
def undrafted(corpus: Corpus, tmp_path: Path) -> Corpus:
    """One image of chess without a draft: a bright square on black."""
    image = np.zeros((30, 40, 3), dtype=np.uint8)
    image[5:15, 5:20] = 255
    Image.fromarray(image).save(tmp_path / "square.png")
    ingest(corpus, [tmp_path / "square.png"], facts=Facts(subdomain="chess", license="CC0-1.0"))
    return corpus


def test_an_opened_task_gets_drafts_that_a_pull_knows_again(
    undrafted: Corpus, studio: Studio, server: Server, annotator: Annotator
) -> None:
    corpus, ontology = undrafted, undrafted.ontology
    assert push(corpus, server, LocalFiles(corpus, studio.files), language="bg").created == 1
    with corpus.reading() as connection:
        (project,) = ledger.read_projects(connection, studio.url)
    (task,) = annotator.tasks(ledger.corpus_id(corpus), project.project_id).values()
    assert task["predictions"] == []

    lines: list[str] = []
    segmenter = BrightSegmenter([ontology["chess_piece"].id, ontology["locomotive"].id])
    drafter = Drafter(corpus, studio.url, segmenter, load_captioner("template", ontology), lines.append)
    with _served(drafter, "secret") as address:
        assert httpx.get(f"{address}/health").status_code == 401
        with pytest.raises(ReviewError, match="refused"):
            connect_backend(corpus, server, address, "wrong")
        assert connect_backend(corpus, server, address, "secret") == 1
        assert connect_backend(corpus, server, address, "secret") == 1
        assert len(server.get("/api/ml", {"project": project.project_id})) == 1
        opened = server.get(f"/api/tasks/{task['id']}")  # as the page does
        again = server.get(f"/api/tasks/{task['id']}")
    (prediction,) = opened["predictions"]
    assert again["predictions"][0]["id"] == prediction["id"]
    rows = corpus.annotations().to_pylist()
    assert [row["status"] for row in rows] == ["draft", "draft"]
    (region,) = (item for item in prediction["result"] if item["type"] == "brushlabels")
    assert (region["id"], region["value"]["brushlabels"]) == (f"a{rows[0]['id']}", ["chess_piece"])
    assert {item["from_name"] for item in prediction["result"]} == {"regions", "title-bg", "description-bg"}
    assert any(re.search("1 drafts of categories that the page lacks", line) for line in lines)

    annotator.submit(task, prediction["result"])
    report = pull(corpus, server)
    assert (report.kept, report.added, report.moved) == (3, 0, 0)
    assert [row["status"] for row in corpus.annotations().to_pylist()] == ["accepted", "draft"]


def _predict(drafter: Drafter, server: Server, task_id: int) -> None:
    task = server.get(f"/api/tasks/{task_id}")
    page = server.get(f"/api/projects/{task['project']}")["label_config"]
    (answer,) = drafter.predict({"project": f"{task['project']}.1", "label_config": page, "tasks": [task]})
    assert isinstance(answer, Mapping) and answer["result"]


def test_drafts_on_demand_hide_no_change_since_the_push(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    push(reviewed, server, photographs, subdomain="chess")
    with reviewed.reading() as connection:
        (project,) = ledger.read_projects(connection, server.url)
    task = annotator.tasks(ledger.corpus_id(reviewed), project.project_id)[3]
    annotator.submit(task, task["predictions"][0]["result"])
    edit.relabel(reviewed, [edit.Relabel("chess", "chess_player", "spectator")])
    _predict(Drafter(reviewed, server.url, None, None, lambda _: None), server, task["id"])
    assert pull(reviewed, server).conflicts == [(3, "annotation 45: changed in the corpus since it was sent")]


def test_drafts_made_after_an_answer_are_not_what_it_deleted(
    undrafted: Corpus, studio: Studio, server: Server, annotator: Annotator
) -> None:
    push(undrafted, server, LocalFiles(undrafted, studio.files))
    with undrafted.reading() as connection:
        (project,) = ledger.read_projects(connection, server.url)
    (task,) = annotator.tasks(ledger.corpus_id(undrafted), project.project_id).values()
    annotator.submit(task, [])
    segmenter = BrightSegmenter([undrafted.ontology["chess_piece"].id])
    _predict(Drafter(undrafted, server.url, segmenter, None, lambda _: None), server, task["id"])
    assert pull(undrafted, server).deleted == 0
    assert undrafted.annotations()["status"].to_pylist() == ["draft"]


def test_a_backend_drafts_nothing_of_others(undrafted: Corpus, studio: Studio) -> None:
    drafter = Drafter(undrafted, studio.url, None, None, lambda _: None)
    with _served(drafter, "secret") as address, httpx.Client(base_url=address, auth=("mic21", "secret")) as client:
        request = {
            "project": "999999.1",
            "label_config": "<View/>",
            "tasks": [{"data": {"image": "file:///etc/passwd"}}],
        }
        answer = client.post("/predict", json=request)
        assert (answer.status_code, "nothing of this corpus" in answer.json()["error"]) == (400, True)
        assert client.post("/predict", content=b"no json").status_code == 400
        assert client.post("/predict", json={}).status_code == 400
