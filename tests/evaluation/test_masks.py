"""Mask AP: pycocotools' figures, at any cut of the hierarchy."""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mic21.cli import run
from mic21.errors import CheckError, UsageError
from mic21.evaluation.masks import FIGURES, evaluate_masks
from mic21.explorer.worst import draw_worst
from mic21.geometry import polygons_to_rle
from mic21.ontology import Ontology

ONTO = Ontology.load()
KEYS = ("dog", "cat", "car", "violin")
SUBDOMAINS = ("hunting", "taxi")


def square(x: float, y: float, side: float) -> list[list[float]]:
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


def annotation(id: int, image: int, key: str, x: float, y: float, side: float, **more: Any) -> dict[str, Any]:
    values = {"id": id, "image_id": image, "category_id": ONTO[key].id, "segmentation": square(x, y, side)}
    return values | {"bbox": [x, y, side, side], "area": side * side, "iscrowd": 0} | more


def document(annotations: list[dict[str, Any]], images: int) -> dict[str, Any]:
    return {
        "images": [
            {"id": id, "width": 200, "height": 200, "file_name": f"{id}.jpg", "subdomain": SUBDOMAINS[id % 2]}
            for id in range(images)
        ],
        "categories": [{"id": ONTO[key].id, "name": key, "key": key} for key in KEYS],
        "annotations": annotations,
    }


def write(folder: Path, name: str, value: object) -> Path:
    (folder / name).write_text(json.dumps(value))
    return folder / name


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions and ground truth of 20 images: moved, mistaken and missing ones among good ones, small and large."""
    random = np.random.default_rng(21)
    truth, found = [], []
    for id in range(1, 161):
        x, y, side = random.uniform(0, 100), random.uniform(0, 100), float(random.choice([8, 40, 98]))
        key = str(random.choice(KEYS))
        truth.append(annotation(id, id % 20, key, x, y, side, iscrowd=int(id % 40 == 0)))
        if random.random() < 0.8:
            wrong = str(random.choice(KEYS)) if random.random() < 0.2 else key
            moved = annotation(id, id % 20, wrong, x + random.normal(0, 4), y, side, score=float(random.random()))
            found.append(moved)
    return write(tmp_path, "found.json", document(found, 20)), write(tmp_path, "truth.json", document(truth, 20))


@pytest.mark.parametrize("iou", ["segm", "bbox"])
@pytest.mark.parametrize("classless", [False, True])
def test_figures_are_those_of_pycocotools(files: tuple[Path, Path], iou: str, classless: bool) -> None:
    report = evaluate_masks(*files, ONTO, iou=iou, classless=classless)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(files[1]))
        found = json.loads(files[0].read_text())["annotations"]
        for one in found:
            rle = truth.annToRLE(one)
            one["segmentation"] = rle | {"counts": rle["counts"].decode()}
            del one["bbox" if iou == "segm" else "segmentation"]
        theirs = COCOeval(truth, truth.loadRes(found), iou)
        theirs.params.useCats = not classless
        theirs.evaluate()
        theirs.accumulate()
        theirs.summarize()
    assert report.figures == pytest.approx(dict(zip(FIGURES, theirs.stats, strict=False)), abs=1e-12)
    assert 0.1 < report.figures["AP"] < 0.9


def test_a_sister_is_right_where_the_hierarchy_is_cut_above_it(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50), annotation(2, 0, "car", 100, 100, 50)], 1)
    found = document(
        [annotation(1, 0, "cat", 10, 10, 50, score=0.9), annotation(2, 0, "car", 100, 100, 50, score=0.8)], 1
    )
    paths = write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth)
    assert evaluate_masks(*paths, ONTO).figures["AP"] == pytest.approx(0.5)
    rolled = evaluate_masks(*paths, ONTO, roll_up=["animal"], per="category")
    assert rolled.figures["AP"] == pytest.approx(1)
    assert rolled.per == {"animal": {"AP": pytest.approx(1)}, "car": {"AP": pytest.approx(1)}}
    assert evaluate_masks(*paths, ONTO, roll_up=["vehicle"]).figures["AP"] == pytest.approx(0.5)


def test_groups_have_figures_of_their_own(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50), annotation(2, 1, "car", 100, 100, 50)], 2)
    found = [{name: value for name, value in annotation(1, 0, "dog", 10, 10, 50, score=1).items() if name != "id"}]
    paths = write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth)
    by_subdomain = evaluate_masks(*paths, ONTO, per="subdomain").per
    assert {name: figures["AP"] for name, figures in by_subdomain.items()} == pytest.approx({"hunting": 1, "taxi": 0})
    by_domain = evaluate_masks(*paths, ONTO, per="domain").per
    assert {name: figures["AP"] for name, figures in by_domain.items()} == pytest.approx({"sport": 1, "transport": 0})
    by_category = evaluate_masks(*paths, ONTO, per="category").per
    assert {name: figures["AP"] for name, figures in by_category.items()} == pytest.approx({"dog": 1, "car": 0})


def test_categories_of_other_numbers_are_matched_and_foreign_ones_counted(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50)], 1)
    found = document([annotation(n, 0, "dog", 10, 10, 50, score=1) | {"category_id": n} for n in (1, 2)], 1)
    found["categories"] = [{"id": 1, "name": "hound", "synset": ONTO["dog"].synset}, {"id": 2, "name": "unmapped:x"}]
    report = evaluate_masks(write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth), ONTO)
    assert report.figures["AP"] == pytest.approx(1)
    assert (report.predictions, report.foreign) == (1, 1)
    assert evaluate_masks(tmp_path / "found.json", tmp_path / "truth.json", ONTO, classless=True).foreign == 0


def test_what_is_predicted_finer_than_it_is_annotated_is_right(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50)], 1)
    truth["categories"] = [{"id": ONTO["dog"].id, "name": "animal"}]
    found = document([annotation(1, 0, "dog", 10, 10, 50, score=1)], 1)
    report = evaluate_masks(write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth), ONTO)
    assert report.figures["AP"] == pytest.approx(1)


def test_one_name_and_one_number_is_one_category(tmp_path: Path) -> None:
    """Two names of one thing, as LVIS has five times, and two categories of one name."""
    for names in (("motorcycle", "motorbike"), ("foo", "foo")):
        truth = document([annotation(n, 0, "dog", 60 * n, 10, 50) | {"category_id": n} for n in (1, 2)], 1)
        truth["categories"] = [{"id": id, "name": name} for id, name in enumerate(names, 1)]
        scored = [one | {"score": 0.9} for one in truth["annotations"]]
        paths = write(tmp_path, "found.json", truth | {"annotations": scored}), write(tmp_path, "truth.json", truth)
        shown = names if names[0] != names[1] else ("foo (1)", "foo (2)")
        per = evaluate_masks(*paths, ONTO, per="category").per
        assert per == {name: {"AP": pytest.approx(1)} for name in shown}


def test_one_name_of_two_things_is_not_one_category(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50) | {"category_id": 1}], 1)
    truth["categories"] = [{"id": 1, "name": "mouse", "key": "dog"}]
    found = document([annotation(1, 0, "dog", 10, 10, 50, score=1) | {"category_id": 2}], 1)
    for key, foreign in (("cat", 1), ("dog", 0)):
        found["categories"] = [{"id": 2, "name": "mouse", "key": key}]
        report = evaluate_masks(write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth), ONTO)
        assert report.foreign == foreign


def test_ids_of_annotations_do_not_count(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50), annotation(1, 0, "dog", 80, 80, 50)], 1)
    found = [one | {"score": 0.9} for one in truth["annotations"]]
    paths = write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth)
    assert evaluate_masks(*paths, ONTO).figures["AP"] == pytest.approx(1)


@pytest.mark.parametrize("without", [("truth",), ("found",), ("truth", "found")])
@pytest.mark.parametrize("as_runs", [False, True])
def test_boxes_are_those_of_the_masks_where_there_are_none(
    without: tuple[str, ...], as_runs: bool, tmp_path: Path
) -> None:
    truth = document([annotation(1, 0, "dog", 10, 20, 50)], 1)
    found = document([annotation(1, 0, "dog", 10, 20, 50, score=0.9)], 1)
    for name, one in (("truth", truth["annotations"][0]), ("found", found["annotations"][0])):
        if as_runs:
            one["segmentation"] = polygons_to_rle(one["segmentation"], 200, 200).to_coco()
        if name in without:
            del one["bbox"]
    paths = write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth)
    assert evaluate_masks(*paths, ONTO, iou="bbox").figures["AP"] == pytest.approx(1)


def test_a_box_is_the_mask_of_a_prediction_without_one(tmp_path: Path) -> None:
    truth = write(tmp_path, "truth.json", document([annotation(1, 0, "dog", 10, 20, 50)], 1))
    found = annotation(1, 0, "dog", 10, 20, 50, score=0.9, segmentation=[])
    assert evaluate_masks(write(tmp_path, "found.json", [found]), truth, ONTO).figures["AP"] == pytest.approx(1)


BAD_MASKS = {
    "null": (None, ": expected a mask, found none"),
    "empty": ([], ": expected a mask, found none"),
    "line": ([[1, 2, 3]], ".segmentation[0]: expected x, y of at least three points, found 3 numbers"),
    "text": ("hello", '.segmentation: expected polygons or run lengths, found "hello"'),
    "size": (
        {"size": [50, 50], "counts": [0, 2500]},
        ".segmentation: size: expected [200, 200], as the image has, found [50, 50]",
    ),
    "sum": (
        {"size": [200, 200], "counts": [0, 5]},
        ".segmentation: counts: expected a sum of 40000 (200 rows of 200 pixels), found 5",
    ),
    "tilde": (
        {"size": [200, 200], "counts": "~~~~~"},
        ".segmentation: counts: expected characters from '0' to 'o', found '~' at 0",
    ),
}


@pytest.mark.parametrize("place", ["truth.json", "found.json"])
def test_bad_masks_are_named_all_at_once(place: str, tmp_path: Path) -> None:
    good = [annotation(n, 0, "dog", 10, 10, 50, score=0.5) for n in range(len(BAD_MASKS))]
    bad = [one | {"segmentation": mask} for one, (mask, _) in zip(good, BAD_MASKS.values(), strict=True)]
    if place == "found.json":
        bad = [{name: value for name, value in one.items() if name != "bbox"} for one in bad]
    files = {"found.json": good, "truth.json": good} | {place: bad}
    paths = [write(tmp_path, name, document(annotations, 1)) for name, annotations in files.items()]
    with pytest.raises(CheckError) as caught:
        evaluate_masks(*paths, ONTO)
    first, *lines = str(caught.value).splitlines()
    assert first == f"{tmp_path / place}: {len(BAD_MASKS)} problem(s):"
    expected = [f"annotations[{index}]{message}" for index, (_, message) in enumerate(BAD_MASKS.values())]
    assert lines == [*expected[:5], f"… and {len(expected) - 5} more"]
    for mask, message in BAD_MASKS.values():
        files = {"found.json": good, "truth.json": good} | {place: [bad[0] | {"segmentation": mask}]}
        for name, annotations in files.items():
            write(tmp_path, name, document(annotations, 1))
        with pytest.raises(CheckError, match=re.escape(f"annotations[0]{message}")):
            evaluate_masks(*paths, ONTO)


def test_references_that_lead_nowhere_are_named_in_both_files(tmp_path: Path) -> None:
    truth = document([annotation(1, 0, "dog", 10, 10, 50), annotation(2, 9, "dog", 10, 10, 50, category_id=9)], 1)
    truth["images"] *= 2
    truth["categories"].append(truth["categories"][0])
    found = document([annotation(1, 0, "dog", 10, 10, 50, bbox=[1, 2, 3])], 1)
    paths = write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth)
    with pytest.raises(CheckError) as caught:
        evaluate_masks(*paths, ONTO)
    dog = ONTO["dog"].id
    assert str(caught.value).splitlines() == [
        f"{paths[1]}: 4 problem(s):",
        "images[1].id: expected an id of its own, found 0 again",
        f"categories[4].id: expected an id of its own, found {dog} again",
        "annotations[1].image_id: expected an image of the file, found 9",
        "annotations[1].category_id: expected a category of the file, found 9",
        f"{paths[0]}: 2 problem(s):",
        "annotations[0].score: expected a number, found none",
        "annotations[0].bbox: expected 4 numbers, found 3",
    ]


def test_neither_mask_nor_box_is_a_problem_of_boxes_too(tmp_path: Path) -> None:
    bare = {"id": 1, "image_id": 0, "category_id": ONTO["dog"].id, "score": 0.5}
    path = write(tmp_path, "bare.json", document([bare], 1))
    with pytest.raises(CheckError, match=r"annotations\[0\]: expected a mask or a box, found none"):
        evaluate_masks(path, path, ONTO, iou="bbox")
    boxes = write(tmp_path, "boxes.json", document([bare | {"bbox": [10, 10, 50, 50], "segmentation": []}], 1))
    assert evaluate_masks(boxes, boxes, ONTO, iou="bbox").figures["AP"] == pytest.approx(1)


def test_the_command_writes_a_report(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.json"
    assert run(["evaluate", "masks", *map(str, files), "--per", "category", "--out", str(out)]) == 0
    report = json.loads(out.read_text())
    assert set(FIGURES) < report.keys()
    assert report["per"].keys() == set(KEYS)
    assert capsys.readouterr().out.splitlines()[1].startswith("all\t")


def test_the_worst_images_are_named_and_drawn(tmp_path: Path) -> None:
    truth = document([annotation(n, n, "dog", 10, 10, 50) for n in range(3)] + [annotation(9, 2, "car", 80, 80, 50)], 3)
    found = document(
        [
            annotation(0, 0, "dog", 10, 10, 50, score=0.9),
            annotation(2, 2, "dog", 10, 10, 50, score=0.8),
            annotation(3, 2, "cat", 120, 20, 30, score=0.7),
        ],
        3,
    )
    paths = write(tmp_path, "found.json", found), write(tmp_path, "truth.json", truth)
    report = evaluate_masks(*paths, ONTO, worst=5)
    assert [(one.id, one.matched, one.invented, one.missed, one.f1) for one in report.worst] == [
        (1, 0, 0, 1, 0.0),
        (2, 1, 1, 1, 0.5),
    ]
    assert [one.name for one in report.worst[1].predictions] == ["dog", "cat"]
    for id in range(3):
        Image.new("RGB", (200, 200), "white").save(tmp_path / f"{id}.jpg")
    pictures = tmp_path / "pictures"
    assert run(["evaluate", "masks", *map(str, paths), "--pictures", str(pictures), "--images", str(tmp_path)]) == 0
    assert Image.open(pictures / "precision-recall.png").size == (960, 720)
    sheet = Image.open(pictures / "worst.png")
    assert sheet.width > 1920
    assert len(sheet.getcolors(1 << 24) or ()) > 100
    Image.new("RGB", (20, 20)).save(tmp_path / "1.jpg")
    with pytest.raises(CheckError, match="expected 200×200 pixels, found 20×20"):
        draw_worst(report, tmp_path)


def test_bad_files_and_wishes_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    truth = files[1]
    with pytest.raises(CheckError, match=r"annotations\[0\].score: expected a number, found none"):
        evaluate_masks(truth, truth, ONTO)
    with pytest.raises(CheckError, match="expected a COCO file"):
        evaluate_masks(files[0], write(tmp_path, "list.json", []), ONTO)
    with pytest.raises(UsageError, match="expected segm or bbox, found 'mask'"):
        evaluate_masks(*files, ONTO, iou="mask")
