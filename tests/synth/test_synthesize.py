"""The step: the same seed gives the same corpus, which passes its checks and makes a release."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from mic21.cli import run
from mic21.corpus.check import check
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.errors import UsageError
from mic21.geometry import rle_to_mask
from mic21.release.reader import Release
from mic21.synth.synthesize import scene_of, synthesize


def tables(folder: Path) -> list[pa.Table]:
    """All records, but for the run that made them."""
    corpus = Corpus(folder)
    found = [corpus.images(), corpus.annotations(), corpus.captions(), corpus.interactions()]
    return [table.select([name for name in table.column_names if name != "run_id"]) for table in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "corpus"
    report = synthesize(folder, images=70, seed=5)
    assert (report.images, report.captions, report.unchanged) == (70, 700, 0)
    return folder


def test_the_same_seed_gives_the_same_corpus_also_in_two_runs(folder: Path, tmp_path: Path) -> None:
    synthesize(tmp_path, images=20, seed=5)
    report = synthesize(tmp_path, images=70, seed=5)
    assert (report.images, report.unchanged) == (50, 20)
    assert tables(tmp_path) == tables(folder)


def test_another_seed_gives_other_pictures(folder: Path, tmp_path: Path) -> None:
    synthesize(tmp_path, images=3, seed=6)
    ours = set(Corpus(folder).images()["sha256"].to_pylist())
    assert not ours & set(Corpus(tmp_path).images()["sha256"].to_pylist())


def test_the_corpus_has_no_problems_and_makes_a_release(folder: Path, tmp_path: Path) -> None:
    assert check(Corpus(folder)) == []
    out = tmp_path / "release"
    assert run(["release", "build", "-C", str(folder), str(out), "--version", "0.1.0"]) == 0
    release = Release(out)
    assert sum(counts.images for counts in release.manifest.counts.values()) == 70
    assert set(release.images()["license"].to_pylist()) == {"CC0-1.0"}
    assert release.interactions().num_rows > 20
    assert set(release.captions()["language"].to_pylist()) == {"en", "bg", "de", "fr", "es"}


def test_stored_pixels_and_masks_are_those_of_the_scene(folder: Path) -> None:
    corpus = Corpus(folder)
    image = corpus.images().to_pylist()[7]
    scene = scene_of(7, 5)
    stored = np.asarray(Image.open(corpus.files.path(image["sha256"], image["extension"])))
    assert np.array_equal(stored, scene.pixels)
    masks = [
        segmentation_rle(row["segmentation"], image["height"], image["width"])
        for row in corpus.annotations(images=[image["id"]]).to_pylist()
    ]
    assert [rle_to_mask(mask).sum() for mask in masks] == [rle_to_mask(thing.rle).sum() for thing in scene.things]
    assert masks == [thing.rle for thing in scene.things]


def test_only_the_wished_themes_and_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["synth", str(tmp_path), "--images", "4", "--seed", "1", "-s", "chess", "-l", "bg"]
    assert run(words) == 0
    assert capsys.readouterr().out.startswith("4 images, ")
    corpus = Corpus(tmp_path)
    assert set(corpus.images()["subdomain"].to_pylist()) == {"chess"}
    assert set(corpus.captions()["language"].to_pylist()) == {"bg"}
    assert run([*words, "-l", "bg", "-s", "chess"]) == 0
    assert capsys.readouterr().out == "0 images, 0 annotations, 0 captions added; 4 images were there already\n"


def test_a_language_named_twice_is_captioned_once(tmp_path: Path) -> None:
    assert synthesize(tmp_path, images=1, seed=1, languages=["en", "en"]).captions == 2


@pytest.mark.parametrize("other", [{"subdomains": ["chess"]}, {"languages": ["bg"]}])
def test_scenes_of_other_wishes_do_not_mix(tmp_path: Path, other: dict[str, list[str]]) -> None:
    synthesize(tmp_path, images=2, seed=1, languages=["en", "bg"])
    before = tables(tmp_path)
    with pytest.raises(UsageError, match="has scenes of seed 1 of all subdomains, captioned in en, bg; choose"):
        synthesize(tmp_path, images=4, seed=1, **({"languages": ["bg", "en"]} | other))
    assert tables(tmp_path) == before
    assert synthesize(tmp_path, images=1, seed=2, **({"languages": ["bg", "en"]} | other)).images == 1
    assert synthesize(tmp_path, images=3, seed=1, languages=["bg", "en"]).images == 1


def test_bad_wishes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one image or more and a seed from 0, found 0 and 1"):
        synthesize(tmp_path, images=0, seed=1)
    with pytest.raises(UsageError, match=r"a subdomain with scenes \(accordionist, .*found 'chesss'"):
        synthesize(tmp_path, images=1, seed=1, subdomains=["chesss"])
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file: expected a folder for the corpus, found a file"):
        synthesize(tmp_path / "file", images=1, seed=1)
    assert run(["synth", str(tmp_path / "new"), "--language", "xx"]) == 2
    assert not (tmp_path / "new").exists()
