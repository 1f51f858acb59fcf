"""Pulling from a real server: every correction comes back, exactly, once, and nothing else changes."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from mic21.corpus import edit, schema
from mic21.corpus.store import Corpus
from mic21.errors import ReviewError
from mic21.geometry import mask_to_rle, rle_to_brush, rle_to_mask, segmentation_to_rle
from mic21.release.build import build_release
from mic21.review import ledger, projects
from mic21.review import pull as pull_module
from mic21.review import server as server_module
from mic21.review.photographs import LocalFiles, Photographs
from mic21.review.pull import PullReport, pull
from mic21.review.push import push
from mic21.review.server import Server
from mic21.review.status import draft_status, pair_status, project_status

from .conftest import Annotator, Studio
from .proxy import Proxy

Result = list[dict[str, Any]]


class Review:
    """A corpus that was pushed, and its tasks."""

    def __init__(self, corpus: Corpus, server: Server, annotator: Annotator) -> None:
        self.corpus, self.server, self.annotator = corpus, server, annotator

    def task(self, image_id: int) -> dict[str, Any]:
        with self.corpus.reading() as connection:
            for project in ledger.read_projects(connection, self.server.url):
                tasks = self.annotator.tasks(ledger.corpus_id(self.corpus), project.project_id)
                if image_id in tasks:
                    return tasks[image_id]
        raise AssertionError(f"no task of image {image_id}")

    def drafts(self, image_id: int) -> Result:
        """A copy of what the page shows."""
        return copy.deepcopy(self.task(image_id)["predictions"][0]["result"])

    def pull(self, **options: Any) -> PullReport:
        return pull(self.corpus, self.server, **options)

    def rows(self, image_id: int) -> dict[int, dict[str, Any]]:
        statuses = ["draft", "accepted", "rejected"]
        return {row["id"]: row for row in self.corpus.annotations(images=[image_id], status=statuses).to_pylist()}


@pytest.fixture
def review(reviewed: Corpus, server: Server, photographs: Photographs, annotator: Annotator) -> Review:
    push(reviewed, server, photographs, language="en")
    return Review(reviewed, server, annotator)


def _region(result: Result, id: str) -> dict[str, Any]:
    return next(item for item in result if item.get("id") == id)


def test_drafts_that_were_right_are_accepted_bit_for_bit(review: Review) -> None:
    before = review.rows(11)  # a ring with a hole, and one pixel
    review.annotator.submit(review.task(11), review.drafts(11))
    report = review.pull()
    assert (report.tasks, report.applied, report.kept, report.moved) == (1, 1, 2, 0)
    assert review.rows(11) == {id: row | {"status": "accepted"} for id, row in before.items()}
    again = review.pull()
    assert (again.tasks, again.applied) == (0, 0)


def test_a_pull_that_broke_off_leaves_no_answer_behind(
    reviewed: Corpus, studio: Studio, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "_PAGE", 1)
    monkeypatch.setattr(pull_module, "_OVERLAP", timedelta(0))
    monkeypatch.setattr(server_module, "_TRIES", 1)
    with Proxy(studio.url).running() as proxy, Server(proxy.url, studio.key) as server:
        push(reviewed, server, LocalFiles(reviewed, studio.files), subdomain="violinist")
        review = Review(reviewed, server, annotator)
        for image_id in (7001, 10):  # the last page's answer is the older one
            annotator.submit(review.task(image_id), review.drafts(image_id))
        proxy.wanted, proxy.plan = r"GET /api/tasks\?.*&page=2\b", ["reset before"]
        with pytest.raises(ReviewError, match="no answer to GET"):
            review.pull()
        assert proxy.harmed == 1
        assert {row["status"] for row in review.rows(10).values()} == {"accepted"}
        monkeypatch.setattr(server_module, "_TRIES", 2)
        proxy.plan = ["truncate"]
        assert (review.pull().applied, proxy.harmed) == (1, 2)
        assert {row["status"] for row in review.rows(7001).values()} == {"accepted"}
        assert review.pull().tasks == 0


def test_changed_brush_is_exact_and_the_draft_stays_in_the_history(review: Review) -> None:
    before = review.rows(11)
    mask = np.zeros((30, 40), dtype=bool)
    mask[3:20:2, 5:9] = True  # many parts
    mask[29, 39] = True
    result = review.drafts(11)
    _region(result, "a3")["value"]["rle"] = rle_to_brush(mask_to_rle(mask))
    review.annotator.submit(review.task(11), result)
    report = review.pull()
    assert (report.kept, report.moved, report.added, report.deleted) == (1, 1, 0, 0)
    after = review.rows(11)
    segmentation = json.loads(after[3]["segmentation"])
    assert np.array_equal(rle_to_mask(segmentation_to_rle(segmentation, 30, 40)), mask)
    assert (after[3]["origin"], after[3]["area"], after[3]["bbox"]) == ("human", mask.sum(), [5.0, 3.0, 35.0, 27.0])
    assert after[4] == before[4] | {"status": "accepted"}
    with review.corpus.reading() as connection:
        history = schema.history.c
        entry = connection.execute(
            select(history.before).where(history.record == "annotations", history.record_id == 3)
        )
        assert json.loads(entry.scalar_one())["segmentation"] == before[3]["segmentation"]


def test_relabelled_deleted_and_new_regions(review: Review) -> None:
    result = review.drafts(3)
    _region(result, "a45")["value"]["brushlabels"] = ["chessboard"]
    result.remove(_region(result, "a46"))
    new = np.zeros((48, 64), dtype=bool)
    new[10:20, 10:20] = True
    value = {"format": "rle", "rle": rle_to_brush(mask_to_rle(new)), "brushlabels": ["chess_piece"]}
    result.append(_region(result, "a45") | {"id": "fresh12345", "value": value})
    annotation = review.annotator.submit(review.task(3), result)
    report = review.pull()
    assert (report.relabelled, report.deleted, report.added, report.moved) == (1, 1, 1, 0)
    rows = review.rows(3)
    fresh = max(rows)
    assert {id: (row["category"], row["status"]) for id, row in rows.items()} == {
        45: ("chessboard", "accepted"),
        46: ("table", "rejected"),
        fresh: ("chess_piece", "accepted"),
    }
    # The new region is known from now on: submitting again makes no second one of it.
    _region(result, "fresh12345")["value"]["brushlabels"] = ["chess_clock"]
    review.annotator.change(annotation, result)
    again = review.pull()
    assert (again.relabelled, again.added, again.kept) == (1, 0, 2)
    assert review.rows(3)[fresh]["category"] == "chess_clock"


def test_texts_come_back_as_accepted_captions(review: Review) -> None:
    drafts = review.corpus.captions(images=[3], language="en").to_pylist()
    result = [item for item in review.drafts(3) if item["type"] != "textarea"]
    control = {"to_name": "image", "type": "textarea"}
    result.append(
        control | {"id": f"c{drafts[0]['id']}", "from_name": "description-en", "value": {"text": ["Two men."]}}
    )
    result.append(control | {"id": "new", "from_name": "title-en", "value": {"text": ["Chess in the park"]}})
    review.annotator.submit(review.task(3), result)
    report = review.pull()
    rows = review.corpus.captions(images=[3], language="en", status="accepted").to_pylist()
    assert sorted((row["kind"], row["text"], row["origin"]) for row in rows) == [
        ("description", "Two men.", "human"),
        ("title", "Chess in the park", "human"),
    ]
    assert (report.rewritten, report.added) == (1, 1)


def test_relations_become_interactions_and_a_removed_one_is_rejected(review: Review) -> None:
    result = review.drafts(3)
    relation = {"type": "relation", "from_id": "a45", "to_id": "a46", "direction": "right", "labels": ["uses"]}
    annotation = review.annotator.submit(review.task(3), [*result, relation])
    review.pull()
    found = review.corpus.interactions(images=[3]).to_pylist()
    assert [(row["subject_id"], row["predicate"], row["object_id"], row["status"]) for row in found] == [
        (45, "uses", 46, "accepted")
    ]
    review.annotator.change(annotation, result)
    assert review.pull().deleted == 1
    assert review.corpus.interactions(images=[3]).num_rows == 0


def test_reviewed_and_empty_is_not_skipped_is_not_unseen(review: Review) -> None:
    review.annotator.submit(review.task(500), [])
    review.annotator.submit(review.task(3), [], was_cancelled=True)
    report = review.pull()
    assert (report.applied, report.skipped) == (1, 1)
    (line,) = (line for line in project_status(review.corpus, subdomain="chess") if line.annotator is None)
    assert (line.pushed, line.answered, line.empty, line.skipped) == (2, 1, 1, 1)
    assert {row["status"] for row in review.rows(3).values()} == {"draft"}


def _verdict(**chosen: str) -> Result:
    return [
        {"id": name, "from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [value]}}
        for name, value in chosen.items()
    ]


def test_verdicts_withdraw_and_move_images_and_leave_their_drafts(review: Review) -> None:
    rejected = review.annotator.submit(review.task(11), _verdict(verdict="reject", reason="blurred"))
    moved = review.annotator.submit(review.task(10), _verdict(verdict="elsewhere", theme="cellist"))
    report = review.pull()
    assert (report.withdrawn, report.moved_images) == (1, 1)
    assert review.corpus.images(withdrawn=True)["id"].to_pylist() == [11]
    assert review.corpus.images(subdomain="cellist")["id"].to_pylist() == [10]
    assert {row["status"] for row in review.rows(10).values()} == {"draft"}
    (line,) = (line for line in project_status(review.corpus, subdomain="violinist") if line.annotator is None)
    assert (line.answered, line.empty) == (2, 0)
    review.annotator.change(rejected, review.drafts(11))
    review.annotator.change(moved, review.drafts(10) + _verdict(verdict="keep"))
    assert review.pull().moved_images == 1
    assert review.corpus.images(withdrawn=True).num_rows == 0
    assert review.corpus.images(subdomain="violinist")["id"].to_pylist() == [10, 11, 7001]


def test_a_corrected_verdict_leaves_what_the_corpus_decided_since(review: Review) -> None:
    moved = review.annotator.submit(review.task(10), _verdict(verdict="elsewhere", theme="cellist"))
    review.pull()
    for subdomain in ("violinist", "cellist"):
        edit.move(review.corpus, subdomain, images=[10])
    review.annotator.change(moved, review.drafts(10))
    assert review.pull().moved_images == 0
    assert review.corpus.images(subdomain="cellist")["id"].to_pylist() == [10]


def test_a_wrong_theme_without_a_theme_is_named(review: Review) -> None:
    annotation = review.annotator.submit(review.task(10), _verdict(verdict="elsewhere"))
    report = review.pull()
    assert report.problems == [
        f"image 10, annotation {annotation}: wrong theme: expected the theme where the photograph belongs, found none"
    ]
    assert review.corpus.images(subdomain="violinist")["id"].to_pylist() == [10, 11, 7001]


def test_conflicts_are_reported_and_both_sides_kept_until_decided(review: Review) -> None:
    result = review.drafts(3)
    _region(result, "a45")["value"]["brushlabels"] = ["chessboard"]
    review.annotator.submit(review.task(3), result)
    edit.relabel(review.corpus, [edit.Relabel("chess", "chess_player", "spectator")])
    report = review.pull()
    assert report.conflicts == [(3, "annotation 45: changed on both sides")]
    assert review.rows(3)[45]["category"] == "spectator"
    assert review.rows(3)[46]["status"] == "accepted"  # the others go on
    assert review.pull().conflicts == []  # nothing new; status goes on counting it
    (line,) = (line for line in project_status(review.corpus, subdomain="chess") if line.annotator is None)
    assert line.conflicts == 1
    decided = review.pull(prefer="theirs")
    assert (decided.conflicts, decided.relabelled) == ([], 1)
    assert review.rows(3)[45]["category"] == "chessboard"
    assert project_status(review.corpus, subdomain="chess")[0].conflicts == 0


def test_a_conflict_can_be_decided_for_the_corpus(review: Review) -> None:
    result = review.drafts(3)
    _region(result, "a45")["value"]["brushlabels"] = ["chessboard"]
    annotation = review.annotator.submit(review.task(3), result)
    edit.relabel(review.corpus, [edit.Relabel("chess", "chess_player", "spectator")])
    review.pull()
    assert review.pull(prefer="ours").conflicts == []
    review.annotator.change(annotation, result)  # submitted again as it was
    assert review.pull().conflicts == []
    assert review.rows(3)[45]["category"] == "spectator"


def test_what_cannot_be_read_is_named_and_the_rest_counts(review: Review) -> None:
    result = review.drafts(11)
    _region(result, "a3")["value"]["brushlabels"] = ["unicorn"]
    result.append(
        _region(result, "a4") | {"id": "cut", "value": {"format": "rle", "rle": [1, 2], "brushlabels": ["violin"]}}
    )
    review.annotator.submit(review.task(11), result)
    project_id = review.task(11)["project"]
    review.server.post(f"/api/projects/{project_id}/import", [{"data": {"image": "http://127.0.0.1/x.png"}}])
    review.server.post(f"/api/projects/{project_id}/import", [{"data": {"image": "x", "mic21": "another/1"}}])
    report = review.pull()
    text = "\n".join(report.problems)
    assert "expected a label of the page, found 'unicorn'" in text
    assert "(cut): brush: expected at least 7 bytes, found 2" in text
    assert "tasks that are none of this corpus's" in text
    rows = review.rows(11)
    assert (rows[3]["status"], rows[4]["status"], len(rows)) == ("draft", "accepted", 2)


def test_latest_answer_counts_and_nobodys_work_is_lost(review: Review) -> None:
    result = review.drafts(3)
    review.annotator.submit(review.task(3), result)
    review.pull()
    other = copy.deepcopy(result)
    _region(other, "a46")["value"]["brushlabels"] = ["chessboard"]
    review.annotator.submit(review.task(3), other)
    report = review.pull()
    assert (report.applied, report.relabelled) == (1, 1)
    (line,) = (line for line in project_status(review.corpus, subdomain="chess") if line.annotator is None)
    assert line.answered == 1


def test_answers_wait_until_two_people_agree(review: Review, colleagues: list[Annotator]) -> None:
    colleague, third = colleagues
    result = review.drafts(3)
    other = copy.deepcopy(result)
    _region(other, "a46")["value"]["brushlabels"] = ["chessboard"]
    review.annotator.submit(review.task(3), other)
    review.annotator.submit(review.task(3), other)  # the same person twice is nobody's agreement
    assert (report := review.pull(accept="agreed")).waiting == 2 and report.applied == 0
    assert {row["status"] for row in review.rows(3).values()} == {"draft"}
    submitted = colleague.submit(review.task(3), result)
    assert (report := review.pull(accept="agreed")).waiting == 3 and report.applied == 0
    (pair,) = pair_status(review.corpus)
    assert (pair.images, pair.objects, pair.matched, pair.mask_iou, pair.text_distance) == (1, 2, 2, 1.0, 0.0)
    assert pair.class_agreement == 0.5  # nothing links a table and a chessboard
    third.submit(review.task(3), result)  # two of three agree, and the first is none of them
    assert (report := review.pull(accept="agreed")).waiting == 0 and report.applied == 1
    assert {row["category"]: row["status"] for row in review.rows(3).values()} == {
        "chess_player": "accepted",
        "table": "accepted",
    }
    colleague.change(submitted, other)
    assert (report := review.pull(accept="agreed")).waiting == 0 and report.applied == 1
    assert {row["category"]: row["status"] for row in review.rows(3).values()} == {
        "chess_player": "accepted",
        "chessboard": "accepted",
    }
    assert sorted(pair.class_agreement or 0 for pair in pair_status(review.corpus)) == [0.5, 0.5, 1]


def test_answers_that_waited_are_taken_over_when_the_latest_counts(review: Review) -> None:
    review.annotator.submit(review.task(3), review.drafts(3))
    assert review.pull(accept="agreed").waiting == 1
    assert review.pull(accept="agreed").tasks == 0
    assert review.pull(accept="latest").applied == 1
    assert {row["status"] for row in review.rows(3).values()} == {"accepted"}
    assert review.pull(accept="latest").tasks == 0


def test_accepted_corrections_reach_a_release(review: Review, tmp_path: Path) -> None:
    review.annotator.submit(review.task(500), [])
    review.annotator.submit(review.task(11), review.drafts(11))
    review.pull()
    manifest = build_release(review.corpus, tmp_path / "release", version="1.0.0", allow_unknown_license=True)
    left = {id for entry in manifest.left_out for id in entry.images}
    assert {11, 500}.isdisjoint(left)


def test_status_says_how_far_drafts_were_changed(review: Review) -> None:
    result = review.drafts(11)
    mask = np.zeros((30, 40), dtype=bool)
    mask[0:10, 0:10] = True
    _region(result, "a3")["value"]["rle"] = rle_to_brush(mask_to_rle(mask))
    result.remove(_region(result, "a4"))
    review.annotator.submit(review.task(11), result)
    review.pull()
    (line,) = draft_status(review.corpus, subdomain="violinist")
    assert (line.backend, line.drafts, line.kept, line.edited, line.deleted) == ("import", 2, 0, 1, 1)
    assert line.edit_iou is not None and 0 <= line.edit_iou < 0.5
    assert pair_status(review.corpus) == []


def test_pull_before_push_says_so(reviewed: Corpus, server: Server) -> None:
    with pytest.raises(ReviewError, match="nothing of this corpus was pushed there"):
        pull(reviewed, server)
