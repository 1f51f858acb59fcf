"""Pushing to a real server: one task an image and one prediction a task, whatever the network does."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mic21.corpus import edit
from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus
from mic21.errors import ReviewError, UsageError
from mic21.review import ledger
from mic21.review import push as push_module
from mic21.review import server as server_module
from mic21.review.photographs import Addresses, LocalFiles, Photographs, Uploads
from mic21.review.projects import server_tasks
from mic21.review.push import push
from mic21.review.server import Server

from ..conftest import MINI
from .conftest import Annotator, Studio, start_studio, stop_studio
from .proxy import Fault, Proxy


def _project(corpus: Corpus, server: Server, subdomain: str) -> int:
    with corpus.reading() as connection:
        (project,) = ledger.read_projects(connection, server.url, subdomain=subdomain)
    return project.project_id


def _tasks(corpus: Corpus, server: Server, annotator: Annotator, subdomain: str = "chess") -> list[tuple[int, int]]:
    """Image id and number of predictions of every task of a project."""
    project_id = _project(corpus, server, subdomain)
    found = annotator.tasks(ledger.corpus_id(corpus), project_id)
    assert len(server_tasks(server, project_id)) == len(found)
    return sorted((image_id, len(task["predictions"])) for image_id, task in found.items())


def _labels(corpus: Corpus, server: Server, annotator: Annotator) -> list[str]:
    """The labels of the one prediction of image 3."""
    (prediction,) = annotator.tasks(ledger.corpus_id(corpus), _project(corpus, server, "chess"))[3]["predictions"]
    return [label for item in prediction["result"] for label in item["value"].get("brushlabels", [])]


def test_every_image_becomes_one_task_and_one_with_drafts_one_prediction(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    first = push(reviewed, server, photographs, language="bg")
    assert (first.created, first.failed, len(first.projects)) == (5, [], 2)
    again = push(reviewed, server, photographs, language="bg")
    assert (again.created, again.updated, again.unchanged, again.removed) == (0, 0, 5, 0)
    assert _tasks(reviewed, server, annotator) == [(3, 1), (500, 0)]
    assert _tasks(reviewed, server, annotator, "violinist") == [(10, 1), (11, 1), (7001, 1)]


def test_images_without_a_subdomain_are_named(corpus: Corpus, server: Server, studio: Studio) -> None:
    import_coco(corpus, MINI / "instances.json", images=MINI / "images", as_draft=True)
    edit.move(corpus, "chess", images=[3, 500])
    report = push(corpus, server, LocalFiles(corpus, studio.files), limit=2)
    assert report.created == 2
    assert report.failed == [
        (id, "expected a subdomain, found none; `mic21 edit move` gives it one") for id in (10, 11, 7001)
    ]


def test_what_drafted_captions_invent_stands_beside_them(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    def write(attributes: str) -> None:
        with reviewed.writing() as connection:
            connection.exec_driver_sql("DELETE FROM captions WHERE id = 900")
            values = (attributes,)
            connection.exec_driver_sql(
                "INSERT INTO captions VALUES (900, 3, 'bg', 'description', 'Котка в Осло.', 'draft', 'model', ?, 1)",
                values,
            )

    write('{"absent":["cat"],"unsaid":"chess_player","unknowable":["Осло"]}')
    push(reviewed, server, photographs, subdomain="chess", language="bg")
    project_id = _project(reviewed, server, "chess")
    assert 'value="$hints"' in server.get(f"/api/projects/{project_id}")["label_config"]
    first = annotator.tasks(ledger.corpus_id(reviewed), project_id)[3]["data"]
    assert first["hints"] == (
        "Описание – споменато, но неотбелязано: котка; главният обект не е споменат: шахматист; "
        "не може да се види: Осло"
    )
    write('{"model":"gemma3"}')
    assert push(reviewed, server, photographs, subdomain="chess", language="bg").updated == 1
    second = annotator.tasks(ledger.corpus_id(reviewed), project_id)[3]["data"]
    assert second == first | {"hints": ""}


def test_labels_are_bulgarian_and_results_carry_keys(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    push(reviewed, server, photographs, subdomain="chess", language="bg")
    project_id = _project(reviewed, server, "chess")
    page = server.get(f"/api/projects/{project_id}")["label_config"]
    assert '<Label value="шахматист" alias="chess_player"' in page
    task = annotator.tasks(ledger.corpus_id(reviewed), project_id)[3]
    regions = [item for item in task["predictions"][0]["result"] if item["type"] == "brushlabels"]
    assert [(item["id"], item["value"]["brushlabels"]) for item in regions] == [
        ("a45", ["chess_player"]),
        ("a46", ["table"]),
    ]


@pytest.mark.parametrize("fault", ["504 after", "reset before", "reset after", "truncate", "delay"])
def test_lost_answers_double_nothing(
    fault: Fault, reviewed: Corpus, studio: Studio, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_module, "_WAITS", (0.1, 0.1))
    seconds = 5 if fault == "delay" else 120
    with Proxy(studio.url).running() as proxy, Server(proxy.url, studio.key, timeout=seconds) as server:
        proxy.plan, proxy.seconds = [fault], 2 * seconds
        report = push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="chess")
        assert (proxy.harmed, report.created, report.failed) == (1, 2, [])
        assert _tasks(reviewed, server, annotator) == [(3, 1), (500, 1)]
        assert push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="chess").unchanged == 2


@pytest.mark.parametrize("fault", ["504 after", "reset before", "reset after", "truncate"])
def test_lost_answers_to_updates_double_no_prediction(
    fault: Fault, reviewed: Corpus, studio: Studio, annotator: Annotator
) -> None:
    with Proxy(studio.url).running() as proxy, Server(proxy.url, studio.key) as server:
        photographs = LocalFiles(reviewed, studio.files)
        push(reviewed, server, photographs, subdomain="chess")
        edit.relabel(reviewed, [edit.Relabel(None, "table", "desk")])
        proxy.wanted, proxy.plan = "PATCH /api/(predictions|tasks)", [fault, fault]
        assert push(reviewed, server, photographs, subdomain="chess").updated == 1
        assert (proxy.harmed, _labels(reviewed, server, annotator)) == (2, ["chess_player", "desk"])
        tasks = annotator.tasks(ledger.corpus_id(reviewed), _project(reviewed, server, "chess"))
        server.delete(f"/api/predictions/{tasks[3]['predictions'][0]['id']}/")
        edit.relabel(reviewed, [edit.Relabel(None, "desk", "chair")])
        proxy.wanted, proxy.plan = "POST /api/predictions", [fault]
        with pytest.raises(ReviewError, match="POST"):
            push(reviewed, server, photographs, subdomain="chess")
        assert push(reviewed, server, photographs, subdomain="chess").updated == 1
        assert (proxy.harmed, _labels(reviewed, server, annotator)) == (3, ["chess_player", "chair"])


def test_push_that_gives_up_goes_on_next_time(
    reviewed: Corpus, studio: Studio, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push_module, "_WAITS", (0.1,))
    with Proxy(studio.url).running() as proxy, Server(proxy.url, studio.key) as server:
        proxy.plan = ["reset before", "reset before"]
        with pytest.raises(ReviewError, match="no answer to POST"):
            push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="chess")
        assert push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="chess").created == 2
        assert _tasks(reviewed, server, annotator) == [(3, 1), (500, 1)]


def test_a_double_that_came_late_is_taken_away(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    push(reviewed, server, photographs, subdomain="chess")
    project_id = _project(reviewed, server, "chess")
    (task,) = (task for image, task in annotator.tasks(ledger.corpus_id(reviewed), project_id).items() if image == 3)
    server.post(f"/api/projects/{project_id}/import", [{"data": task["data"]}])
    answered = server.post(f"/api/projects/{project_id}/import?return_task_ids=true", [{"data": task["data"]}])
    kept = answered["task_ids"][0]
    annotator.submit({"id": kept}, [])
    report = push(reviewed, server, photographs, subdomain="chess")
    assert report.removed == 2
    assert {task.id for task in server_tasks(server, project_id)} >= {kept}
    assert len(server_tasks(server, project_id)) == 2


def test_a_project_deleted_on_the_server_is_made_anew(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    push(reviewed, server, photographs, subdomain="chess")
    server.delete(f"/api/projects/{_project(reviewed, server, 'chess')}/")
    assert push(reviewed, server, photographs, subdomain="chess").created == 2
    assert _tasks(reviewed, server, annotator) == [(3, 1), (500, 1)]


PROGRAM = """
import os, signal, sys
from pathlib import Path
from mic21.corpus.store import Corpus
from mic21.review import push as push_module
from mic21.review import server as server_module
from mic21.review.photographs import LocalFiles
from mic21.review.server import Server

path, url, files, step = sys.argv[1:]

def dies(function, at, begin=""):
    def wrapped(*arguments, **options):
        is_wanted = str(arguments[1]).partition("?")[0].endswith(begin)
        if is_wanted and step == f"before {at}":
            os.kill(os.getpid(), signal.SIGKILL)
        found = function(*arguments, **options)
        if is_wanted and step == f"after {at}":
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    return wrapped

Server.post = dies(dies(Server.post, "the project", "/api/projects"), "the tasks", "/import")
push_module.server_tasks = dies(push_module.server_tasks, "reading back")
push_module.CHUNK_TASKS = 1
corpus = Corpus(path)
with Server(url, os.environ["KEY"]) as server:
    push_module.push(corpus, server, LocalFiles(corpus, Path(files)), subdomain="chess")
"""
STEPS = ("after the project", "before the tasks", "after the tasks", "after reading back", "before the tasks")


def test_pushes_killed_at_any_step_double_nothing(
    reviewed: Corpus, studio: Studio, server: Server, annotator: Annotator
) -> None:
    for step in STEPS:
        arguments = [str(reviewed.path), studio.url, str(studio.files), step]
        done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], env=os.environ | {"KEY": studio.key})
        assert done.returncode == -signal.SIGKILL, step
    report = push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="chess")
    assert (report.created, report.removed) == (1, 0)
    assert _tasks(reviewed, server, annotator) == [(3, 1), (500, 1)]
    marks = [project["description"] for project in server.pages("/api/projects", {}, "results")]
    assert sum(mark.startswith(f"mic21:{ledger.corpus_id(reviewed)}/") for mark in marks) == 1


def test_a_server_that_restarts_between_pushes_has_each_task_once(
    reviewed: Corpus, studio: Studio, server: Server, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs = LocalFiles(reviewed, studio.files)
    assert push(reviewed, server, photographs, subdomain="chess", limit=1).created == 1
    stop_studio(studio.data)
    try:
        monkeypatch.setattr(server_module, "_TRIES", 1)
        with pytest.raises(ReviewError, match=r"cannot be reached|no answer"):  # a connection kept open breaks
            push(reviewed, server, photographs, subdomain="chess")
    finally:
        assert start_studio(studio.data, studio.files, port=int(studio.url.rpartition(":")[2])) == studio
    assert push(reviewed, server, photographs, subdomain="chess").created == 1
    assert _tasks(reviewed, server, annotator) == [(3, 1), (500, 1)]


def test_new_drafts_update_the_prediction_until_a_person_has_answered(
    reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator
) -> None:
    push(reviewed, server, photographs, subdomain="chess")
    edit.relabel(reviewed, [edit.Relabel(None, "table", "desk")])
    assert push(reviewed, server, photographs, subdomain="chess").updated == 1
    project_id = _project(reviewed, server, "chess")
    task = annotator.tasks(ledger.corpus_id(reviewed), project_id)[3]
    labels = [item["value"].get("brushlabels") for item in task["predictions"][0]["result"]]
    assert ["desk"] in labels and len(task["predictions"]) == 1
    annotator.submit(task, task["predictions"][0]["result"])
    edit.relabel(reviewed, [edit.Relabel(None, "desk", "chair")])
    report = push(reviewed, server, photographs, subdomain="chess")
    assert (report.updated, report.left, report.unchanged) == (0, 1, 1)
    after = annotator.tasks(ledger.corpus_id(reviewed), project_id)[3]
    assert after["predictions"][0]["result"] == task["predictions"][0]["result"]


def test_uploaded_photographs_are_served_as_they_are(reviewed: Corpus, server: Server, annotator: Annotator) -> None:
    push(reviewed, server, Uploads(reviewed), subdomain="chess")
    tasks = annotator.tasks(ledger.corpus_id(reviewed), _project(reviewed, server, "chess"))
    rows = {row["id"]: row for row in reviewed.images(subdomain="chess").to_pylist()}
    for image_id, task in tasks.items():
        row = rows[image_id]
        stored = reviewed.files.read(row["sha256"], row["extension"])
        assert server.get_bytes(task["data"]["image"]) == stored


def test_photographs_that_the_server_cannot_show_stop_the_push(
    reviewed: Corpus, server: Server, studio: Studio
) -> None:
    with pytest.raises(ReviewError, match=r"cannot show this photograph .*LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED"):
        push(reviewed, server, Addresses(f"{studio.url}/nowhere"), subdomain="chess")
    assert server_tasks(server, _project(reviewed, server, "chess")) == []
    with pytest.raises(UsageError, match="does not lie below"):
        LocalFiles(reviewed, MINI)


@pytest.fixture
def wrong_key(studio: Studio) -> Iterator[Server]:
    with Server(studio.url, "not-the-key-of-anybody") as server:
        yield server


def test_a_wrong_key_is_refused_and_never_shown(reviewed: Corpus, wrong_key: Server, photographs: Photographs) -> None:
    with pytest.raises(ReviewError, match="refuses the key in LABEL_STUDIO_API_KEY") as caught:
        push(reviewed, wrong_key, photographs)
    assert "not-the-key" not in str(caught.value)


def test_the_key_is_nowhere_in_the_corpus(reviewed: Corpus, studio: Studio, photographs: Photographs) -> None:
    with Server(studio.url, studio.key) as server:
        push(reviewed, server, photographs, subdomain="chess")
    reviewed.close()
    for file in reviewed.path.rglob("*"):
        assert not file.is_file() or studio.key.encode() not in file.read_bytes(), file


def test_names_are_escaped_on_the_page(server: Server, studio: Studio, reviewed: Corpus) -> None:
    reviewed = Corpus.create(reviewed.path.parent / "other")
    import_coco(reviewed, MINI / "instances.json", images=MINI / "images", as_draft=True)
    edit.move(reviewed, "chess", images=[11])
    push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="chess")
    page = server.get(f"/api/projects/{_project(reviewed, server, 'chess')}")["label_config"]
    assert 'value="пръстен" alias="category-9"' in page
