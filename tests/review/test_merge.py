"""Merging answers, without a server: what a person, the corpus, or both have changed since they last agreed."""

import copy
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from mic21.corpus import edit, schema
from mic21.corpus.changes import change
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.geometry import Rle
from mic21.review.answers import read_answer
from mic21.review.labelling import Masks, make_labelling
from mic21.review.merge import MergeReport, Prefer, merge_answer
from mic21.review.tasks import make_draft, read_drafts

CHESS = 3  # the image: annotations 45 (chess_player) and 46 (table), and one English description, caption 1
USES = {"type": "relation", "from_id": "a45", "to_id": "a46", "direction": "right", "labels": ["uses"]}


class Page:
    """An image as it was sent, and the answers about it."""

    def __init__(self, corpus: Corpus, masks: Masks = "brush") -> None:
        self.corpus = corpus
        self.labelling = make_labelling(corpus, "chess", "en", masks=masks)
        selection = corpus.selection(images=[CHESS])
        with corpus.reading() as connection:
            images = list(corpus.image_rows(selection, connection=connection))
            (drafts,) = read_drafts(corpus, connection, selection, "en", images)
        draft = make_draft(drafts, self.labelling)
        self.image, self.base = images[0], draft.base
        self.sent: list[dict[str, Any]] = msgspec.json.decode(draft.result)

    def result(self, *added: dict[str, Any], without: str = "", labels: dict[str, str] | None = None) -> Any:
        """What the page sends: as it was sent to it, but for these changes."""
        sent = copy.deepcopy(self.sent)
        result = [item for item in sent if item.get("id", "").partition("-")[0] != without or not without]
        for item in result:
            if label := (labels or {}).get(item.get("id", "")):
                item["value"][item["type"]] = [label]
        return [*result, *added]

    def submit(self, result: Any, prefer: Prefer = "neither") -> MergeReport:
        size = {"height": self.image["height"], "width": self.image["width"]}
        answer, _, broken = read_answer(result, self.labelling, **size, known={})
        run_id = self.corpus.start_run("review pull", {})
        with self.corpus.writing() as connection:
            self.base, report = merge_answer(
                connection,
                run_id,
                self.image,
                self.base,
                answer,
                linked=self.labelling.linked,
                broken=broken,
                prefer=prefer,
            )
        return report

    def annotations(self) -> dict[int, tuple[str, str]]:
        """Id → category and status."""
        rows = self.corpus.annotations(images=[CHESS], status=["draft", "accepted", "rejected"]).to_pylist()
        return {row["id"]: (row["category"], row["status"]) for row in rows}

    def mask(self, id: int) -> Rle:
        rows = {row["id"]: row for row in self.corpus.annotations(images=[CHESS]).to_pylist()}
        return segmentation_rle(rows[id]["segmentation"], self.image["height"], self.image["width"])

    def caption(self) -> tuple[str, str]:
        """Text and status of the description."""
        captions = schema.captions.c
        with self.corpus.reading() as connection:
            text, status = connection.execute(select(captions.text, captions.status).where(captions.id == 1)).one()
        return text, status

    def interactions(self) -> list[str]:
        """Statuses."""
        statuses = ["draft", "accepted", "rejected"]
        found = self.corpus.interactions(images=[CHESS], status=statuses)["status"].to_pylist()
        return [str(status) for status in found]

    def change(self, record: str, id: int, **values: Any) -> None:
        """Change a record in the corpus."""
        run_id = self.corpus.start_run("edit", {})
        with self.corpus.writing() as connection:
            change(connection, run_id, record, {id: values})

    def relabel(self, before: str, after: str) -> None:
        edit.relabel(self.corpus, [edit.Relabel("chess", before, after)])


@pytest.fixture
def page(reviewed: Corpus) -> Page:
    return Page(reviewed)


def _text(text: list[str]) -> dict[str, Any]:
    return {"id": "c1", "from_name": "description-en", "to_name": "image", "type": "textarea", "value": {"text": text}}


# Regions


def test_a_change_of_the_corpus_that_nobody_saw_is_a_conflict(page: Page) -> None:
    page.relabel("chess_player", "spectator")
    assert page.submit(page.result()).conflicts == ["annotation 45: changed in the corpus since it was sent"]
    assert page.annotations() == {45: ("spectator", "draft"), 46: ("table", "accepted")}
    assert page.submit(page.result(), prefer="theirs").conflicts == []
    assert page.annotations()[45] == ("chess_player", "accepted")
    assert page.submit(page.result()).conflicts == []


def test_a_mask_of_the_corpus_that_nobody_saw_is_a_conflict(page: Page) -> None:
    sent = page.mask(45)
    page.change("annotations", 45, segmentation="[[1,1,20,1,20,20,1,20]]", area=361.0, bbox="[1,1,19,19]")
    assert page.submit(page.result()).conflicts == ["annotation 45: changed in the corpus since it was sent"]
    assert page.mask(45) != sent
    page.submit(page.result(), prefer="theirs")
    assert page.mask(45) == sent
    assert page.annotations()[45] == ("chess_player", "accepted")


def test_polygons_that_nobody_moved_stay_when_the_class_is_decided(reviewed: Corpus) -> None:
    page = Page(reviewed, "polygon")
    before = page.corpus.annotations(images=[CHESS])["segmentation"].to_pylist()
    page.relabel("chess_player", "spectator")
    assert page.submit(page.result()).conflicts == ["annotation 45: changed in the corpus since it was sent"]
    page.submit(page.result(), prefer="theirs")
    assert page.annotations()[45] == ("chess_player", "accepted")
    assert page.corpus.annotations(images=[CHESS])["segmentation"].to_pylist() == before


def test_both_sides_that_came_to_the_same_are_no_conflict(page: Page) -> None:
    page.relabel("chess_player", "chessboard")
    report = page.submit(page.result(labels={"a45": "chessboard"}))
    assert (report.conflicts, report.relabelled) == ([], 1)
    assert page.annotations()[45] == ("chessboard", "accepted")


@pytest.mark.parametrize("masks", ["brush", "polygon"])
def test_a_region_that_an_earlier_answer_deleted_comes_back(reviewed: Corpus, masks: Masks) -> None:
    page = Page(reviewed, masks)
    before = page.corpus.annotations(images=[CHESS])["segmentation"].to_pylist()
    assert page.submit(page.result(without="a46")).deleted == 1
    assert page.annotations()[46] == ("table", "rejected")
    report = page.submit(page.result())
    assert (report.conflicts, report.kept, report.moved) == ([], 3, 0)
    assert page.annotations()[46] == ("table", "accepted")
    assert page.corpus.annotations(images=[CHESS])["segmentation"].to_pylist() == before


def test_a_deleted_region_that_the_corpus_has_changed_since_is_a_conflict(page: Page) -> None:
    page.submit(page.result(without="a46"))
    assert page.submit(page.result(without="a46")).conflicts == []
    page.change("annotations", 46, status="accepted")
    assert page.submit(page.result(without="a46")).conflicts == [
        "annotation 46: deleted by the person, changed in the corpus"
    ]
    assert page.submit(page.result(without="a46"), prefer="ours").conflicts == []
    assert page.submit(page.result(without="a46")).conflicts == []
    assert page.annotations()[46] == ("table", "accepted")


def test_a_rejection_that_was_decided_for_the_corpus_stays(page: Page) -> None:
    page.change("annotations", 46, status="rejected")
    assert len(page.submit(page.result()).conflicts) == 1
    assert page.submit(page.result(), prefer="ours").conflicts == []
    assert page.submit(page.result()).conflicts == []
    assert page.annotations()[46] == ("table", "rejected")


def test_a_class_that_was_decided_for_the_corpus_stays(page: Page) -> None:
    page.relabel("chess_player", "spectator")
    result = page.result(labels={"a45": "chessboard"})
    assert page.submit(result).conflicts == ["annotation 45: changed on both sides"]
    assert page.submit(result, prefer="ours").conflicts == []
    assert page.submit(result).conflicts == []
    assert page.annotations()[45][0] == "spectator"


# Texts


def test_a_text_that_cannot_be_read_is_not_deleted(page: Page) -> None:
    broken = _text([]) | {"value": {}}
    assert page.submit(page.result(broken, without="c1")).deleted == 0
    assert page.caption() == ("Two people play chess.", "draft")
    assert page.submit(page.result()).kept == 3


def test_an_emptied_text_that_is_written_again_is_the_same_caption(page: Page) -> None:
    assert page.submit(page.result(without="c1")).deleted == 1
    assert page.caption()[1] == "rejected"
    report = page.submit(page.result())
    assert (report.added, report.kept) == (0, 3)
    assert page.caption() == ("Two people play chess.", "accepted")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("Theirs.", {"text": "Ours."}), ("", {"text": "Ours."}), ("Theirs.", {"status": "rejected"})],
)
def test_a_text_decided_for_the_corpus_stays_decided(page: Page, theirs: str, ours: dict[str, str]) -> None:
    result = page.result(*[_text([theirs])] if theirs else [], without="c1")
    page.change("captions", 1, **ours)
    before = page.caption()
    assert page.submit(result).conflicts == ["caption 1: changed on both sides or in the corpus since"]
    for prefer in ("ours", "neither"):
        report = page.submit(result, prefer=prefer)
        assert (report.conflicts, report.rewritten, report.deleted) == ([], 0, 0)
        assert page.caption() == before
    assert page.submit(page.result(_text(["Others."]), without="c1")).conflicts == []
    assert page.caption() == ("Others.", "accepted")


def test_a_text_that_the_corpus_rejected_unseen_is_a_conflict(page: Page) -> None:
    page.change("captions", 1, status="rejected")
    assert page.submit(page.result()).conflicts == ["caption 1: changed on both sides or in the corpus since"]
    assert page.caption()[1] == "rejected"


# Relations


@pytest.fixture
def related(page: Page) -> Page:
    """The chess player uses the table."""
    page.submit(page.result(USES))
    assert page.interactions() == ["accepted"]
    return page


def test_a_removed_relation_is_rejected(related: Page) -> None:
    assert related.submit(related.result()).deleted == 1
    assert related.interactions() == ["rejected"]


def test_the_relation_of_a_region_that_cannot_be_read_stays(related: Page) -> None:
    assert related.submit(related.result(USES, labels={"a46": "unicorn"})).deleted == 0
    assert related.interactions() == ["accepted"]
    assert related.submit(related.result()).deleted == 1  # it was known still


def test_a_relation_that_cannot_be_read_stays(related: Page) -> None:
    assert related.submit(related.result(USES | {"labels": ["juggles"]})).deleted == 0
    assert related.interactions() == ["accepted"]


def test_the_relation_of_a_region_in_conflict_waits_for_the_decision(related: Page) -> None:
    related.relabel("table", "desk")
    report = related.submit(related.result(without="a46"))
    assert (report.conflicts, report.deleted) == (["annotation 46: deleted by the person, changed in the corpus"], 0)
    assert related.interactions() == ["accepted"]
    report = related.submit(related.result(without="a46"), prefer="theirs")
    assert (report.deleted, related.interactions()) == (2, ["rejected"])


def test_a_deletion_decided_for_the_corpus_keeps_the_relation(related: Page) -> None:
    related.relabel("table", "desk")
    for prefer in ("neither", "ours", "neither"):
        related.submit(related.result(without="a46"), prefer=prefer)
    assert (related.annotations()[46], related.interactions()) == (("desk", "accepted"), ["accepted"])
