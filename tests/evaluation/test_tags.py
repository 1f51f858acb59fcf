"""Category sets against annotated ones: flat, along the hierarchy, and from every form of prediction."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from mic21.cli import run
from mic21.errors import CheckError, UsageError
from mic21.evaluation.tags import average_precision, evaluate_tags
from mic21.release.reader import Release

Write = Callable[..., Path]


def annotated(release: Release, split: str = "test") -> dict[int, set[str]]:
    found: dict[int, set[str]] = {id: set() for id in release.images(split=split)["id"].to_pylist()}
    for row in release.annotations(split=split).to_pylist():
        found[row["image_id"]].add(row["category"])
    return found


def test_the_annotated_categories_themselves_are_perfect(scenes: Release, write: Write) -> None:
    rows = [{"image_id": id, "categories": sorted(keys)} for id, keys in annotated(scenes).items()]
    report = evaluate_tags(write(rows), scenes, "test")
    assert (report.flat.precision, report.flat.recall, report.flat.f1, report.flat.macro_f1) == (1, 1, 1, 1)
    assert report.hierarchical.f1 == 1
    assert report.flat.mean_ap is None
    assert (report.unpredicted, report.unjudged) == (0, 0)
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "tags-report.schema.json").read_text())
    jsonschema.validate(report.model_dump(), schema)


def test_precision_and_recall_are_counted_by_hand(scenes: Release, write: Write) -> None:
    truth = annotated(scenes)
    ids = sorted(truth)
    total = sum(map(len, truth.values()))
    # One image gets a category too many, another loses all of its own.
    more = {ids[0]: {"ambulance"}}
    rows = [{"image_id": id, "categories": sorted(truth[id] | more.get(id, set()))} for id in ids]
    rows = [row for row in rows if row["image_id"] != ids[1]]
    report = evaluate_tags(write(rows), scenes, "test")
    right = total - len(truth[ids[1]])
    assert report.flat.precision == pytest.approx(right / (right + 1))
    assert report.flat.recall == pytest.approx(right / total)
    assert report.flat.f1 == pytest.approx(2 * right / (right + 1 + total))
    assert report.unpredicted == 1
    # In that image's theme nobody looked for ambulances, so they are not known to be absent.
    known = evaluate_tags(write(rows), scenes, "test", known=True)
    assert (known.unjudged, known.flat.precision) == (1, 1)


def test_a_hypernym_earns_something_along_the_hierarchy_only(scenes: Release, write: Write) -> None:
    rows = [{"image_id": id, "categories": ["person"]} for id, keys in annotated(scenes).items()]
    report = evaluate_tags(write(rows), scenes, "test")
    assert report.flat.recall == 0
    assert report.hierarchical.recall > 0.05
    assert report.hierarchical.precision > 0.2


def test_scores_rank_and_count_from_the_threshold_on(scenes: Release, write: Write) -> None:
    rows = [
        {
            "image_id": id,
            "categories": [{"key": key, "score": 0.9} for key in sorted(keys)] + [{"key": "spectator", "score": 0.2}],
        }
        for id, keys in annotated(scenes).items()
    ]
    report = evaluate_tags(write(rows), scenes, "test")
    assert (report.flat.precision, report.flat.recall, report.flat.mean_ap) == (1, 1, 1)
    low = evaluate_tags(write(rows), scenes, "test", threshold=0.95)
    assert (low.flat.recall, low.flat.precision, low.flat.mean_ap) == (0, 0, 1)


@pytest.mark.parametrize(
    ("positives", "scores", "expected"),
    [
        ([1, 1, 0, 0], [4, 3, 2, 1], 1.0),
        ([0, 0, 1, 1], [4, 3, 2, 1], (1 / 3 + 2 / 4) / 2),
        ([1, 0], [1, 1], 0.5),  # equal scores rank together
        ([1, 0, 1], [0.9, 0.9, 0.1], (1 / 2 + 2 / 3) / 2),
    ],
)
def test_average_precision(positives: list[bool], scores: list[float], expected: float) -> None:
    assert average_precision(positives, scores) == pytest.approx(expected)


def test_words_of_captions_are_tags(scenes: Release, write: Write) -> None:
    rows = [
        {"image_id": row["image_id"], "language": "en", "kind": "description", "caption": row["text"]}
        for row in scenes.captions(split="test", language="en", kind="description").to_pylist()
    ]
    report = evaluate_tags(write(rows), scenes, "test", form="captions")
    assert report.flat.recall == 1
    assert report.flat.precision > 0.95


def test_detections_are_tags_by_the_numbers_of_the_release_or_their_own(scenes: Release, tmp_path: Path) -> None:
    found = [
        {"image_id": row["image_id"], "category_id": row["category_id"], "score": 0.8, "bbox": row["bbox"]}
        for row in scenes.annotations(split="test").to_pylist()
    ]
    results = tmp_path / "results.json"
    results.write_text(json.dumps(found))
    assert evaluate_tags(results, scenes, "test", form="coco").flat.f1 == 1
    own = {row["id"]: number for number, row in enumerate(scenes.categories().to_pylist())}
    document = {
        "annotations": [one | {"category_id": own[one["category_id"]]} for one in found],
        "categories": [{"id": own[row["id"]], "name": row["name"]} for row in scenes.categories().to_pylist()],
    }
    results.write_text(json.dumps(document))
    assert evaluate_tags(results, scenes, "test", form="coco").flat.f1 == 1
    results.write_text(json.dumps([found[0] | {"category_id": 3}]))
    with pytest.raises(CheckError, match=r"expected category ids of the release, found \[3\]"):
        evaluate_tags(results, scenes, "test", form="coco")


def test_bad_predictions_are_refused(scenes: Release, write: Write) -> None:
    rows = [{"image_id": 1, "categories": ["violins"]}, {"image_id": 2, "categories": []}, {"image_id": 2}]
    with pytest.raises(CheckError, match=r"2 problem\(s\):\nline 1: expected keys of the ontology, found violins"):
        evaluate_tags(write(rows), scenes, "test")
    with pytest.raises(CheckError, match="line 2: expected each image once, found 2 again"):
        evaluate_tags(write([rows[1], rows[1]]), scenes, "test")
    with pytest.raises(CheckError, match=r"found 1 others: \[999999\]"):
        evaluate_tags(write([{"image_id": 999_999, "categories": []}]), scenes, "test")
    with pytest.raises(UsageError, match="form: expected tags, captions, coco"):
        evaluate_tags(write(rows), scenes, "test", form="words")  # type: ignore[arg-type]


def test_the_command(scenes: Release, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"image_id": id, "categories": sorted(keys)} for id, keys in annotated(scenes).items()]
    out = tmp_path / "report.json"
    words = ["evaluate", "tags", str(write(rows)), str(scenes.path), "--split", "test"]
    assert run([*words, "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("flat\t1\t1\t1")
    assert json.loads(out.read_text())["hierarchical"]["f1"] == 1
    assert run([*words, "--from-captions", "--from-coco"]) == 2
