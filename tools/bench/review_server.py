"""A running Label Studio: push against bare requests of the same bodies, pull against label-studio-sdk's list of tasks.

eval "$(tools/label-studio start --files FOLDER)"
.venv/bin/python tools/bench/review_server.py PHOTOGRAPHS --files FOLDER
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from label_studio_sdk import LabelStudio
from photographs import multiply

from mic21.corpus import edit
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.review import pull as pulling
from mic21.review import push as pushing
from mic21.review.labelling import make_labelling
from mic21.review.photographs import LocalFiles
from mic21.review.server import KEY_VARIABLE, URL_VARIABLE, Server
from mic21.review.tasks import make_draft, make_task, read_drafts

HERE = Path(__file__).parent
THEME = "chess"
CHANGED = 20


def main() -> None:
    """Print a line for push and one for pull."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path, help="folder of JPEG files of 640 × 480")
    parser.add_argument("--files", type=Path, required=True, help="the server's document root")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.files) as folder:
        corpus = make_corpus(Path(folder), options.photographs, options.images)
        with Server(os.environ[URL_VARIABLE], os.environ[KEY_VARIABLE], timeout=600) as opened:
            bench_server(opened, corpus, LocalFiles(corpus, options.files), options.runs)


def make_corpus(folder: Path, photographs: Path, count: int) -> Corpus:
    """Images of one theme with ten drafted masks each."""
    paths = multiply(photographs, folder / "photographs", count, size=(640, 480))
    file = folder / "coco.json"
    shape = ["--images", str(count), "--annotations", str(10 * count), "--categories", "20"]
    subprocess.run([sys.executable, HERE / "generate_coco.py", file, *shape], check=True)
    document = json.loads(file.read_text())
    for image, path in zip(document["images"], paths, strict=True):
        image["file_name"] = path.name
    file.write_text(json.dumps(document))
    corpus = Corpus.create(folder / "corpus")
    import_coco(corpus, file, images=folder / "photographs", as_draft=True)
    edit.move(corpus, THEME, images=[image["id"] for image in document["images"]])
    return corpus


def bench_server(server: Server, corpus: Corpus, photographs: LocalFiles, runs: int) -> None:
    """Push and bare requests in turns, to projects of their own; then answer all tasks, and pull and list in turns."""
    ours, bare = [], []
    for _ in range(runs):
        seconds, project = push_once(server, corpus, photographs)
        ours.append(seconds)
        bare.append(post_once(server, corpus, project))
        server.delete(f"/api/projects/{project}")
    show("push", ours, "bare POST", bare)
    _, project = push_once(server, corpus, photographs)
    answer_all(server, project)
    first, later, lists = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=corpus.path.parent) as folder:  # a pull changes the corpus: a copy each
            copied = Corpus(shutil.copytree(corpus.path, f"{folder}/corpus", ignore=shutil.ignore_patterns("images")))
            pulling._OVERLAP = timedelta(minutes=10)
            first.append(pull_once(server, copied))
            answer_all(server, project, limit=CHANGED)
            pulling._OVERLAP = timedelta(0)  # as if ten minutes had passed
            later.append(pull_once(server, copied))
        lists.append(list_once(server.url, project))
    show("first pull", first, "label-studio-sdk's list", lists)
    show(f"pull after {CHANGED} more answers", later, "label-studio-sdk's list", lists)
    server.delete(f"/api/projects/{project}")


def pull_once(server: Server, corpus: Corpus) -> float:
    """Seconds of a pull."""
    start = time.perf_counter()
    report = pulling.pull(corpus, server)
    if report.conflicts or report.problems or not report.applied:
        raise SystemExit(f"pull: {report}")
    return time.perf_counter() - start


def push_once(server: Server, corpus: Corpus, photographs: LocalFiles) -> tuple[float, int]:
    """Seconds of a whole push, and the project."""
    start = time.perf_counter()
    report = pushing.push(corpus, server, photographs)
    return time.perf_counter() - start, int(report.projects[0].rpartition("/")[2])


def post_once(server: Server, corpus: Corpus, like: int) -> float:
    """Seconds in which a new project of the same page takes the same chunks, made beforehand."""
    page = server.get(f"/api/projects/{like}")["label_config"]
    project = server.post("/api/projects", {"title": "bare", "label_config": page})["id"]
    chunks = list(make_chunks(corpus))
    start = time.perf_counter()
    for chunk in chunks:
        server.post(f"/api/projects/{project}/import", content=chunk, headers={"Content-Type": "application/json"})
    seconds = time.perf_counter() - start
    server.delete(f"/api/projects/{project}")
    return seconds


def make_chunks(corpus: Corpus) -> Iterator[bytes]:
    """The bodies that a push sends."""
    with corpus.reading() as connection:
        images = list(corpus.image_rows(corpus.selection(), connection=connection))
        labelling = make_labelling(corpus, THEME, "en", others=corpus.imported_categories())
        drafts = list(read_drafts(corpus, connection, corpus.selection(), "en", images))
    tasks: list[bytes] = []
    for found in drafts:
        tasks.append(make_task(str(found.image["id"]), found.image, "x", make_draft(found, labelling)))
        if sum(map(len, tasks)) > pushing.CHUNK_BYTES:
            yield b"[" + b",".join(tasks) + b"]"
            tasks = []
    if tasks:
        yield b"[" + b",".join(tasks) + b"]"


def answer_all(server: Server, project: int, limit: int | None = None) -> None:
    """Submit every task, or the first ones, as it was drafted."""
    tasks = server.pages("/api/tasks", {"project": project, "fields": "all"}, "tasks")
    for task in islice(tasks, limit):
        server.post(
            f"/api/tasks/{task['id']}/annotations", {"result": task["predictions"][0]["result"], "lead_time": 10}
        )


def list_once(url: str, project: int) -> float:
    """Seconds of a list of every task with its annotations by the SDK."""
    client: Any = LabelStudio(base_url=url, api_key=os.environ[KEY_VARIABLE], timeout=600)  # type: ignore[no-untyped-call]
    start = time.perf_counter()
    answered = [task for task in client.tasks.list(project=project, fields="all") if task.annotations]
    seconds = time.perf_counter() - start
    if not answered:
        raise SystemExit("the list has no annotation")
    return seconds


def show(name: str, ours: list[float], peer: str, theirs: list[float]) -> None:
    """Medians and their ratio."""
    one, two = statistics.median(ours), statistics.median(theirs)
    print(f"{name}: mic21 {one:.2f} s, {peer} {two:.2f} s, {two / one:.2f} times as fast")


if __name__ == "__main__":
    main()
