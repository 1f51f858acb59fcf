"""Ray, on a cluster of two nodes of one processor each."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from mic21.corpus.ingest import Facts, ingest
from mic21.corpus.store import Corpus
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import Photograph, Region
from mic21.engine.ray import RayEngine
from mic21.errors import BackendError
from mic21.ontology import Ontology

from ..drafts.test_steps import RedSegmenter, pictures  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]


class Killed(RedSegmenter):
    """Kills the process it works in, once, at its third batch."""

    def __init__(self, ontology: Ontology, flag: Path) -> None:
        super().__init__(ontology)
        self._flag = flag
        self._batches = 0

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        self._batches += 1
        if self._batches == 3 and not self._flag.exists():
            self._flag.write_text(str(os.getpid()))
            os.kill(os.getpid(), 9)
        return super().segment(photographs)


class Broken(RedSegmenter):
    """Cannot."""

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        raise ArithmeticError("no answer")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(ROOT))
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        yield RayEngine(cluster.address)
        ray.shutdown()
        cluster.shutdown()


def corpus_of(pictures: Path, folder: Path) -> Corpus:  # noqa: F811
    corpus = Corpus.create(folder)
    ingest(corpus, [pictures], facts=Facts(subdomain="chess", license="CC0-1.0"))
    (row,) = corpus.images(images=[4]).to_pylist()
    corpus.files.path(row["sha256"], row["extension"]).write_bytes(b"")
    return corpus


def test_drafts_are_those_of_this_machine_even_if_a_worker_is_killed(
    cluster: RayEngine,
    pictures: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    here, there = corpus_of(pictures, tmp_path / "here"), corpus_of(pictures, tmp_path / "there")
    expected = segment(here, RedSegmenter(here.ontology), batch_size=1)
    flag = tmp_path / "killed"
    done = segment(there, Killed(there.ontology, flag), batch_size=1, engine=cluster)
    assert flag.exists()
    assert [id for id, _ in done.failed] == [4]
    assert (done.images, done.drafts) == (expected.images, expected.drafts) == (5, 3)
    assert there.annotations().equals(here.annotations())


def test_an_address_without_a_port_is_refused(pictures: Path, tmp_path: Path) -> None:  # noqa: F811
    corpus = corpus_of(pictures, tmp_path / "corpus")
    with pytest.raises(BackendError, match=r"engine 'ray': no cluster answers at '10\.0\.0\.1'"):
        segment(corpus, RedSegmenter(corpus.ontology), engine=RayEngine("10.0.0.1"))


def test_what_a_worker_raises_is_shown(cluster: RayEngine, pictures: Path, tmp_path: Path) -> None:  # noqa: F811
    corpus = corpus_of(pictures, tmp_path / "corpus")
    with pytest.raises(BackendError, match=r"(?s)a worker failed: .*ArithmeticError: no answer"):
        segment(corpus, Broken(corpus.ontology), engine=cluster)
    other = partial(RedSegmenter, corpus.ontology, signature="2")
    with pytest.raises(BackendError, match="a worker failed: a worker's segmenter: expected 1, found 2"):
        segment(corpus, RedSegmenter(corpus.ontology), engine=cluster, on_worker=other)
