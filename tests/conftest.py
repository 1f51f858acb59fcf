"""What all tests share: the hand-made dataset, and corpora of it."""

from pathlib import Path

import pytest
from hypothesis import settings

from mic21.corpus.coco import import_coco
from mic21.corpus.store import Corpus

settings.register_profile("mic21", deadline=None)  # the machine may be busy, and no test of ours asserts a time
settings.load_profile("mic21")

MINI = Path(__file__).parent / "data" / "mini"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """An empty corpus."""
    return Corpus.create(tmp_path / "corpus")


@pytest.fixture
def mini(corpus: Corpus) -> Corpus:
    """A corpus with the hand-made dataset: five images, six annotations, four captions."""
    import_coco(corpus, MINI / "instances.json", images=MINI / "images", captions=MINI / "captions.json")
    return corpus
