"""The corpus and release that the tests of releases share."""

from pathlib import Path

import pytest

from mic21.corpus import edit
from mic21.corpus.store import Corpus
from mic21.release.build import build_release
from mic21.release.reader import Release


@pytest.fixture
def chess(mini: Corpus) -> Corpus:
    """The hand-made dataset with two of its images in subdomains."""
    edit.move(mini, "chess", images=[3])
    edit.move(mini, "violinist", images=[10])
    return mini


@pytest.fixture
def release(chess: Corpus, tmp_path: Path) -> Release:
    """A release of it."""
    build_release(chess, tmp_path / "release", version="1.0.0")
    return Release(tmp_path / "release")
