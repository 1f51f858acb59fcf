import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mic21.corpus.coco import import_coco
from mic21.corpus.store import DATABASE, Corpus
from mic21.errors import CorpusError, OntologyError

from ..conftest import MINI


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"found no corpus\.db"):
        Corpus(tmp_path)


def test_another_database_or_version_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    sqlite3.connect(other / DATABASE).execute("CREATE TABLE t (x)").connection.commit()
    with pytest.raises(CorpusError, match="found another database"):
        Corpus(other)
    newer = Corpus.create(tmp_path / "newer")
    connection = sqlite3.connect(newer.path / DATABASE)
    connection.execute("UPDATE properties SET value = '99'")
    connection.commit()
    with pytest.raises(CorpusError, match="found 99"):
        Corpus(newer.path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"hello world, not a database" * 100)
    with pytest.raises(CorpusError, match="file is not a database"):
        Corpus(tmp_path)
    with pytest.raises(CorpusError, match="file is not a database"):
        Corpus.create(tmp_path)


def test_creating_twice_keeps_what_is_there(mini: Corpus) -> None:
    assert Corpus.create(mini.path).images().num_rows == 5


def test_queries_filter_by_every_field(mini: Corpus) -> None:
    assert mini.images(license="CC-BY-2.0")["id"].to_pylist() == [10, 500, 7001]
    assert mini.annotations(license="CC0-1.0")["id"].to_pylist() == [3, 4]
    assert mini.captions(language="bg")["text"].to_pylist() == ["Двама души играят шах."]
    assert mini.captions(kind="title")["id"].to_pylist() == [7]
    assert mini.annotations(status="draft").num_rows == 0
    assert mini.annotations(origin=["import", "model"]).num_rows == 6
    assert mini.annotations(category=["dog", "violinist"])["id"].to_pylist() == [9, 100000000001]
    assert mini.images(domain="sport").num_rows == 0
    with pytest.raises(OntologyError):
        mini.images(subdomain="ches")


def test_readers_see_one_state_while_others_write(mini: Corpus) -> None:
    with mini.reading() as connection:
        before = list(mini.annotation_rows(mini.selection(), connection))
        other = Corpus(mini.path)
        with other.writing() as writing:
            writing.exec_driver_sql("UPDATE annotations SET status = 'rejected'")
        after = list(mini.annotation_rows(mini.selection(), connection))
    assert before == after
    assert mini.annotations().num_rows == 0


def _write_slowly(path: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with Corpus(path).writing() as connection:
        ready.set()
        time.sleep(1)
        connection.exec_driver_sql("UPDATE properties SET value = value || 'x' WHERE key = 'trace'")


def test_two_processes_may_write_and_one_waits(corpus: Corpus) -> None:
    with corpus.writing() as connection:
        connection.exec_driver_sql("INSERT INTO properties VALUES ('trace', '')")
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_write_slowly, args=(corpus.path, ready))
    other.start()
    assert ready.wait(30)
    with corpus.writing() as connection:  # waits for the other's end
        connection.exec_driver_sql("UPDATE properties SET value = value || 'y' WHERE key = 'trace'")
    other.join(30)
    assert corpus.read_property("trace") == "xy"


_INGEST = """
import sys
from mic21.corpus.ingest import ingest
from mic21.corpus.store import Corpus
ingest(Corpus(sys.argv[1]), [sys.argv[2]], on_progress=lambda done, total: print(done, flush=True))
"""


def test_a_killed_ingest_goes_on_and_loses_or_repeats_nothing(corpus: Corpus, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    folder = tmp_path / "in"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(200):
        Image.fromarray(random.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(folder / f"{number:03d}.png")
    process = subprocess.Popen([sys.executable, "-c", _INGEST, str(corpus.path), str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # one batch is in
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    between = corpus.images().num_rows
    assert 0 < between <= 200
    subprocess.run(
        [sys.executable, "-c", _INGEST, str(corpus.path), str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    assert sorted(corpus.images()["file_name"].to_pylist()) == sorted(path.name for path in folder.iterdir())
    assert corpus.images()["id"].to_pylist() == list(range(1, 201))


_IMPORT = """
import os, signal, sys
from mic21.corpus.coco import inserter, reader
from mic21.corpus.store import Corpus
inserter.Inserter.finish = lambda self: os.kill(os.getpid(), signal.SIGKILL)
reader.import_coco(Corpus(sys.argv[1]), sys.argv[2] + "/instances.json", images=sys.argv[2] + "/images")
"""


def test_a_killed_import_leaves_nothing_behind_and_can_be_repeated(corpus: Corpus) -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORT, str(corpus.path), str(MINI)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert corpus.images().num_rows == 0
    assert import_coco(corpus, MINI / "instances.json", images=MINI / "images").annotations == 6
