"""A release of generated scenes, to score against."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from mic21.corpus.store import Corpus
from mic21.release.build import build_release
from mic21.release.reader import Release
from mic21.synth.synthesize import synthesize


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Sixty scenes with titles and descriptions in English and Bulgarian."""
    folder = tmp_path_factory.mktemp("scenes")
    synthesize(folder / "corpus", images=60, seed=7, languages=("en", "bg"))
    build_release(Corpus(folder / "corpus"), folder / "release", version="0.1.0")
    return Release(folder / "release")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes JSON lines under a name."""

    def write_lines(rows: Iterable[Any], name: str = "predictions.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write_lines
