"""The demo, as the README runs it."""

from pathlib import Path

import pytest
from PIL import Image

from mic21 import Corpus, Release
from mic21.demo import run_demo
from mic21.release.verify import verify_release

pytest.importorskip("skimage")
pytest.importorskip("timm")


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_demo_goes_from_photographs_to_a_verified_release(tmp_path: Path) -> None:
    steps: list[str] = []
    result = run_demo(tmp_path / "one", steps.append)
    assert [step.split(":")[0] for step in steps] == [
        *("ingest", "segment", "caption", "check", "release", "verify", "overview"),
    ]
    assert not [problem for problem in result.problems if problem.is_error]
    assert [(left.reason, len(left.images)) for left in result.manifest.left_out] == [("unknown licence", 1)]

    corpus = Corpus(result.corpus)
    assert {row["subdomain"] for row in corpus.images().to_pylist()} >= {"rocket", "cameraman", "everyday"}
    drafted = {row["image_id"] for row in corpus.annotations(status="draft").to_pylist()}
    assert len(drafted) == 7
    titles = corpus.captions(kind="title", language="bg").to_pylist()
    assert "Мотоциклет" in {row["text"] for row in titles}

    samples = [sample for split in ("train", "val", "test") for sample in Release(result.release).samples(split)]
    assert len(samples) == 6
    assert all(row["status"] == "draft" for sample in samples for row in sample.annotations)
    with Image.open(result.overview) as overview:
        colours = overview.convert("RGB").resize((64, 48)).getcolors(64 * 48)
    assert colours is not None and len(colours) > 200

    # A second run finds all of it done; another folder gets the same release.
    before = _tree(tmp_path / "one" / "release")
    steps.clear()
    run_demo(tmp_path / "one", steps.append)
    assert steps[:3] == [
        "ingest: 0 photographs added, 7 there already",
        "segment: 0 masks drafted on 0 photographs",
        "caption: 0 titles and descriptions drafted in English and Bulgarian",
    ]
    run_demo(tmp_path / "two")
    assert verify_release(tmp_path / "two" / "release") == []
    assert _tree(tmp_path / "two" / "release") == before
