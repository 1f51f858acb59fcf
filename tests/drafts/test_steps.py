import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import func, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.ingest import ingest
from mic21.corpus.metadata import Facts
from mic21.corpus.store import Corpus
from mic21.drafts.caption import caption
from mic21.drafts.captioners import load_captioner
from mic21.drafts.photographs import load_photograph
from mic21.drafts.segment import segment
from mic21.drafts.segmenters import Photograph, Region, load_segmenter
from mic21.errors import BackendError
from mic21.geometry import mask_to_rle, rle_to_mask
from mic21.ontology import Ontology


class RedSegmenter:
    """Finds what is red: a model small enough to know its answer."""

    name = "red"

    def __init__(self, ontology: Ontology, signature: str = "1", category: str = "dog") -> None:
        self.signature = signature
        self._category_id = ontology[category].id

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        """One region of all red pixels, none where there are none."""
        return [self._regions(photograph.image) for photograph in photographs]

    def _regions(self, image: np.ndarray) -> list[Region]:
        mask = (image[..., 0] > 200) & (image[..., 1:] < 60).all(-1)
        return [Region(self._category_id, mask_to_rle(mask), 0.75, "red")] if mask.any() else []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six pictures, the even ones with a red ring whose radius tells them apart."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(21)
    for number in range(6):
        coarse = random.integers(0, 50, (5, 6, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((64, 48))
        if number % 2 == 0:
            ImageDraw.Draw(image).ellipse((10, 5, 30 + number, 25 + number), outline=(255, 0, 0), width=4)
        image.save(folder / f"{number}.png")
    return folder


@pytest.fixture
def filled(corpus: Corpus, pictures: Path) -> Corpus:
    ingest(corpus, [pictures], facts=Facts(subdomain="chess", license="CC0-1.0"))
    return corpus


def _rows(corpus: Corpus, **filters: object) -> list[dict]:
    return corpus.annotations(**filters).to_pylist()


def test_drafts_are_the_segmenters_masks(filled: Corpus) -> None:
    report = segment(filled, RedSegmenter(filled.ontology))
    assert (report.images, report.drafts, report.failed) == (6, 3, [])
    for row, image in zip(_rows(filled), filled.images(images=[1, 3, 5]).to_pylist(), strict=True):
        assert (row["image_id"], row["status"], row["origin"], row["score"]) == (image["id"], "draft", "model", 0.75)
        assert (row["category"], json.loads(row["attributes"])) == ("dog", {"label": "red"})
        pixels = load_photograph(filled, image["sha256"], image["extension"])
        mask = rle_to_mask(segmentation_rle(row["segmentation"], 48, 64))
        assert (mask == (pixels[..., 0] > 200)).all()
        assert row["area"] == mask.sum()


def test_what_is_done_is_not_done_again_until_the_signature_changes(filled: Corpus) -> None:
    segment(filled, RedSegmenter(filled.ontology))
    assert segment(filled, RedSegmenter(filled.ontology)).images == 0
    again = segment(filled, RedSegmenter(filled.ontology, signature="2"))
    assert (again.images, again.drafts, again.superseded) == (6, 3, 3)
    assert len(_rows(filled)) == 3
    assert len(_rows(filled, status="rejected")) == 3


def test_what_a_person_decided_is_never_touched(filled: Corpus) -> None:
    segment(filled, RedSegmenter(filled.ontology))
    with filled.writing() as connection:
        run = filled.insert_run(connection, "test", {})
        change(
            connection,
            run,
            "annotations",
            {1: {"status": "accepted"}, 2: {"origin": "human"}, 3: {"status": "rejected"}},
        )
    report = segment(filled, RedSegmenter(filled.ontology, signature="2"))
    assert report.images == 5  # the image with an accepted annotation is left alone
    assert {row["id"]: (row["status"], row["origin"]) for row in _rows(filled)} == {
        1: ("accepted", "model"),
        2: ("draft", "human"),
        4: ("draft", "model"),
        5: ("draft", "model"),
    }
    segment(filled, RedSegmenter(filled.ontology, signature="3"), include_annotated=True)
    assert [row["status"] for row in _rows(filled, images=[1])] == ["accepted", "draft"]


def test_limit_and_subdomain_choose_the_images(filled: Corpus) -> None:
    assert segment(filled, RedSegmenter(filled.ontology), limit=2).images == 2
    assert segment(filled, RedSegmenter(filled.ontology), subdomain="tennis").images == 0
    assert segment(filled, RedSegmenter(filled.ontology)).images == 4


def test_a_damaged_photograph_is_named_and_stops_nothing(filled: Corpus) -> None:
    (row,) = filled.images(images=[3]).to_pylist()
    filled.files.path(row["sha256"], row["extension"]).write_bytes(b"")
    report = segment(filled, RedSegmenter(filled.ontology))
    assert (report.images, report.drafts) == (5, 2)
    assert [(id, "damaged" in reason) for id, reason in report.failed] == [(3, True)]


def _without_run(corpus: Corpus) -> list[dict]:
    """All that a resumed step must give alike: every column but who made it."""
    return [{name: value for name, value in row.items() if name != "run_id"} for row in _rows(corpus)]


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from mic21.corpus.store import Corpus
from mic21.drafts import segment as step
from tests.drafts.test_steps import RedSegmenter
corpus = Corpus(sys.argv[1])

def killing(function, at):
    calls = iter(range(1, at))
    return lambda *given: function(*given) if next(calls, None) else os.kill(os.getpid(), signal.SIGKILL)

place, at = sys.argv[3], int(sys.argv[4])
segmenter = RedSegmenter(corpus.ontology)
if place == "segment":
    segmenter.segment = killing(segmenter.segment, at)
elif place != "on_progress":
    setattr(step, place, killing(getattr(step, place), at))
on_progress = killing(lambda *_: None, at) if place == "on_progress" else None
step.segment(corpus, segmenter, batch_size=2, on_progress=on_progress)
"""


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ("read_photograph", 3),  # a thread that reads ahead
        ("segment", 2),  # the model, while the batch before is written
        ("insert_rows", 2),  # in the middle of a transaction: drafts of one of two images
        ("mark_processed", 4),  # drafts there, the note that the image is done not
        ("on_progress", 1),  # between two transactions
    ],
)
def test_a_killed_step_goes_on_where_it_stopped(place: str, at: int, filled: Corpus, tmp_path: Path) -> None:
    whole = Corpus(shutil.copytree(filled.path, tmp_path / "whole"))
    segment(whole, RedSegmenter(whole.ontology), batch_size=2)
    command = [sys.executable, "-c", _KILLED, filled.path, Path(__file__).parents[2], place, str(at)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with filled.reading() as connection:
        done = connection.execute(select(func.count()).select_from(schema.processed)).scalar_one()
    assert done % 2 == 0
    assert segment(filled, RedSegmenter(filled.ontology), batch_size=2).images == 6 - done
    assert _without_run(filled) == _without_run(whole)


def test_captions_follow_the_annotations(filled: Corpus) -> None:
    segment(filled, RedSegmenter(filled.ontology))
    template = load_captioner("template", filled.ontology)
    first = caption(filled, template, languages=["en", "bg"])
    assert (first.images, first.superseded) == (6, 0)
    titles = {row["image_id"]: row["text"] for row in filled.captions(language="en", kind="title").to_pylist()}
    assert titles[1] == "A dog"
    assert caption(filled, template, languages=["en", "bg"]).images == 0
    with filled.writing() as connection:
        run = filled.insert_run(connection, "test", {})
        change(connection, run, "annotations", {1: {"category_id": filled.ontology["cat"].id}})
    again = caption(filled, template, languages=["en", "bg"])
    assert again.images == 1
    assert filled.captions(language="en", kind="title", images=[1])["text"].to_pylist() == ["A cat"]
    assert again.superseded == again.drafts > 0


def test_an_accepted_caption_is_not_drafted_again(filled: Corpus) -> None:
    segment(filled, RedSegmenter(filled.ontology))
    template = load_captioner("template", filled.ontology)
    caption(filled, template, kinds=["title"])
    with filled.writing() as connection:
        run = filled.insert_run(connection, "test", {})
        change(connection, run, "captions", {1: {"status": "accepted", "text": "My dog"}})
        change(connection, run, "annotations", {1: {"category_id": filled.ontology["cat"].id}})
    caption(filled, template, kinds=["title"])
    assert filled.captions(images=[1])["text"].to_pylist() == ["My dog"]


def test_unknown_backends_are_refused_with_the_known_ones(corpus: Corpus) -> None:
    with pytest.raises(BackendError, match="embedded"):
        load_segmenter("embeded", corpus.ontology)
    with pytest.raises(BackendError, match="template"):
        load_captioner("templates", corpus.ontology)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16", "CMYK"])
def test_every_kind_of_picture_becomes_rgb(mode: str, corpus: Corpus, tmp_path: Path) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((20, 30), 200 << 8, np.uint16))
    else:
        image = Image.new("RGB", (30, 20), (200, 200, 200)).convert(mode)
    image.save(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    ingest(corpus, list(tmp_path.glob("a.*")))
    (row,) = corpus.images().to_pylist()
    pixels = load_photograph(corpus, row["sha256"], row["extension"])
    assert (pixels.shape, pixels.dtype) == ((20, 30, 3), np.uint8)
    if mode != "1":
        assert abs(int(pixels[5, 5, 0]) - 200) <= 4


class Unnamed(RedSegmenter):
    """Finds two things that no category fits."""

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        found = super().segment(photographs)
        labels = ("foo", "bar")
        return [
            [replace(region, category_id=None, label=label) for region in regions for label in labels]
            for regions in found
        ]


def test_what_is_unmapped_never_gets_an_id_of_the_ontology(filled: Corpus) -> None:
    last = max(category.id for category in filled.ontology)
    before = min(category.id for category in filled.ontology) - 1
    with filled.writing() as connection:
        run_id = filled.insert_run(connection, "test", {})
        insert_rows(connection, schema.categories, [{"id": before, "name": "mine", "run_id": run_id}])
    segment(filled, Unnamed(filled.ontology), batch_size=2)
    named = {id: name for id, (name, _) in filled.imported_categories().items()}
    assert named == {before: "mine", last + 1: "unmapped:bar", last + 2: "unmapped:foo"}
    assert {row["category_id"] for row in _rows(filled)} == {last + 1, last + 2}


class Meanwhile(RedSegmenter):
    """While it works, somebody accepts all drafts and withdraws an image."""

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus.ontology, signature="2")
        self._corpus = corpus

    def segment(self, photographs: Sequence[Photograph]) -> list[list[Region]]:
        with self._corpus.writing() as connection:
            connection.exec_driver_sql("UPDATE annotations SET status = 'accepted' WHERE image_id = 1")
            connection.exec_driver_sql("UPDATE images SET status = 'withdrawn' WHERE id = 3")
        return super().segment(photographs)


@pytest.mark.parametrize(("include_annotated", "drafted"), [(False, [5]), (True, [1, 5])])
def test_what_was_decided_meanwhile_is_passed_over(include_annotated: bool, drafted: list[int], filled: Corpus) -> None:
    segment(filled, RedSegmenter(filled.ontology))
    seen: list[tuple[int, int]] = []
    report = segment(
        filled,
        Meanwhile(filled),
        include_annotated=include_annotated,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert (report.images, report.drafts) == (4 + include_annotated, len(drafted))
    assert seen[-1] == (6, 6)
    with filled.reading() as connection:
        runs = select(func.max(schema.annotations.c.run_id)).scalar_subquery()
        made = select(schema.annotations.c.image_id).where(schema.annotations.c.run_id == runs)
        assert connection.execute(made).scalars().all() == drafted
        done = select(schema.processed.c.image_id).where(schema.processed.c.signature == "red 2")
        assert sorted(connection.execute(done).scalars()) == [id for id in range(1, 7) if id in (2, 4, 5, 6, *drafted)]
