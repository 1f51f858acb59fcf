"""Other people's COCO files: what is wrong is named, and mended where nobody need guess."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from mic21.cli import run
from mic21.corpus.doctor import CHECKS, examine, repair
from mic21.errors import CorpusError

SQUARE = [10, 10, 40, 10, 40, 40, 10, 40]
HOLE = [20, 20, 30, 20, 30, 30, 20, 30]


def annotation(id: int, **more: Any) -> dict[str, Any]:
    values = {"id": id, "image_id": 1, "category_id": 1, "segmentation": [SQUARE], "bbox": [10, 10, 30, 30]}
    return values | {"area": 900, "iscrowd": 0} | more


def document(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    image = {"id": 1, "width": 64, "height": 48, "file_name": "1.png"}
    values = {"info": {"year": 2021}, "images": [image], "categories": [{"id": 1, "name": "dog"}]}
    return values | {"annotations": list(annotations)} | more


def write(folder: Path, value: object) -> Path:
    (folder / "gt.json").write_text(json.dumps(value))
    return folder / "gt.json"


def found(path: Path, **more: Any) -> list[tuple[str, str]]:
    return [(one.code, f"{one.part}[{one.index}]: {one.found}") for one in examine(path, **more)]


def mended(tmp_path: Path, value: dict[str, Any]) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """What is found in a file, and the file as it is mended."""
    path = write(tmp_path, value)
    findings = examine(path)
    repair(path, tmp_path / "mended.json", findings)
    after = json.loads((tmp_path / "mended.json").read_text())
    return [(one.code, f"{one.part}[{one.index}]: {one.found}") for one in findings], after


def test_a_good_file_has_nothing_wrong(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "1.png")
    path = write(tmp_path, document(annotation(1)))
    assert found(path, images=tmp_path, synset_exists=lambda synset: True) == []
    assert run(["doctor", str(path), "--images", str(tmp_path)]) == 0


# Each check with what it finds in a file that has just this wrong.
BAD: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "E101": (
        document(images=[{"id": 1, "width": 64, "height": 48, "file_name": f"{n}.png"} for n in (1, 2)]),
        [("E101", "images[1]: 1, as images[0]")],
    ),
    "W102": (
        document(images=[{"id": 5_000_000, "width": 64, "height": 48, "file_name": "1.png"}]),
        [("W102", "images[0]: 5000000 with 1 images")],
    ),
    "W103": (
        document(images=[{"id": n, "width": 64, "height": 48, "file_name": "1.png"} for n in (1, 2)]),
        [("W103", "images[1]: 1.png")],
    ),
    "E104": (
        document(images=[{"id": 1, "width": 64, "height": 48, "file_name": "none.png"}]),
        [("E104", "images[0]: none.png")],
    ),
    "E105": (
        document(images=[{"id": 1, "width": 48, "height": 64, "file_name": "1.png"}]),
        [("E105", "images[0]: 48×64, the picture 64×48 (without EXIF)")],
    ),
    "E106": (
        document(images=[{"id": 1, "width": 64, "height": 50, "file_name": "1.png"}]),
        [("E106", "images[0]: 64×50, the picture 64×48")],
    ),
    "E201": (
        document(categories=[{"id": 1, "name": "dog"}, {"id": 1, "name": "cat"}]),
        [("E201", "categories[1]: 1")],
    ),
    "W202": (
        document(categories=[{"id": 1, "name": "dog"}, {"id": 2, "name": "dog"}]),
        [("W202", "categories[1]: dog, as categories[0]")],
    ),
    "W203": (
        document(categories=[{"id": 1, "name": "skja\u0301r"}]),
        [("W203", "categories[0]: skja\u0301r")],
    ),
    "E204": (
        document(categories=[{"id": 1, "name": "stop sign", "synset": "stop_sign.n.01"}]),
        [("E204", "categories[0]: stop_sign.n.01 of stop sign")],
    ),
    "E301": (
        document(annotation(7), annotation(7, segmentation=[HOLE], bbox=[20, 20, 10, 10], area=100)),
        [("E301", "annotations[1]: 7")],
    ),
    "E302": (document(annotation(1, image_id=9)), [("E302", "annotations[0]: 9")]),
    "E303": (document(annotation(1, category_id=9)), [("E303", "annotations[0]: 9")]),
    "E304": (
        document(annotation(1, segmentation=[SQUARE, [1, 2, 3]])),
        [("E304", "annotations[0]: polygon 1: expected an even number of numbers, found 3")],
    ),
    "W305": (
        document(annotation(1, segmentation=[[1, 1, 1, 1, 1, 1]], bbox=[1, 1, 0, 0], area=0)),
        [("W305", "annotations[0]: image 1")],
    ),
    "E306": (
        document(annotation(1, bbox=[10, 10, 40, 40])),
        [("E306", "annotations[0]: [10, 10, 40, 40] instead of [10.0, 10.0, 30.0, 30.0]")],
    ),
    "W307": (
        document(annotation(1, area=2000)),
        [("W307", "annotations[0]: 2000 instead of 900 pixels")],
    ),
    "E308": (document(annotation(1, iscrowd=1)), [("E308", "annotations[0]: iscrowd 1 with polygons")]),
    "E309": (
        document(annotation(1, segmentation=[SQUARE, HOLE], area=800)),
        [("E309", "annotations[0]: 1 of 2 polygons")],
    ),
    "W310": (document(annotation(1), annotation(2)), [("W310", "annotations[1]: image 1")]),
    "W311": (
        document({"id": 1, "image_id": 1, "caption": "skja\u0301r"}),
        [("W311", "annotations[0]: skja\u0301r")],
    ),
}


def test_every_check_has_a_bad_file() -> None:
    assert BAD.keys() == {code for checks in CHECKS.values() for code in checks}


@pytest.mark.parametrize("code", BAD)
def test_bad_files_are_found_out(code: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "1.png")
    Image.new("RGB", (64, 48)).save(tmp_path / "2.png")
    value, expected = BAD[code]
    assert found(write(tmp_path, value), images=tmp_path, synset_exists=lambda synset: False) == expected


@pytest.mark.parametrize(
    "code", ["E105", "W203", "E301", "E302", "E304", "E306", "W307", "E308", "E309", "W310", "W311"]
)
def test_what_is_mended_is_good_afterwards(code: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "1.png")
    path, out = write(tmp_path, BAD[code][0]), tmp_path / "mended.json"
    assert run(["doctor", str(path), "--images", str(tmp_path), "--repair", str(out)]) == 0
    assert found(out, images=tmp_path) == []
    before, after = json.loads(path.read_text()), json.loads(out.read_text())
    assert after["info"] == before["info"]
    with pytest.raises(CorpusError, match="expected no file there yet"):
        repair(path, out, [])


def test_a_filled_hole_is_a_hole_again(tmp_path: Path) -> None:
    path = write(tmp_path, document(annotation(1, segmentation=[SQUARE, HOLE], area=800)))
    repair(path, tmp_path / "mended.json", examine(path))
    coco = COCO(tmp_path / "mended.json")
    mask = coco.annToMask(coco.anns[1])
    expected = np.zeros((48, 64), dtype=np.uint8)
    expected[10:40, 10:40] = 1
    expected[20:30, 20:30] = 0
    assert np.array_equal(mask, expected)
    assert coco.anns[1]["area"] == 800


@pytest.mark.parametrize(
    ("polygons", "area", "expected"),
    [
        ([SQUARE, SQUARE], 900, []),
        ([SQUARE, HOLE, SQUARE], 900, [("E309", "annotations[0]: 1 of 3 polygons")]),
        ([SQUARE, HOLE], 900, [("E309", "annotations[0]: 1 of 2 polygons")]),
        ([SQUARE, HOLE], 850, [("E309", "annotations[0]: 1 of 2 polygons")]),  # may be either
        (
            [SQUARE, [10, 10, 25, 10, 25, 40, 10, 40], [25, 10, 40, 10, 40, 40, 25, 40]],
            0,
            [("W307", "annotations[0]: 0 instead of 900 pixels"), ("E309", "annotations[0]: 2 of 3 polygons")],
        ),
    ],
)
def test_what_may_be_no_hole_is_not_cut(
    polygons: list[list[int]], area: int, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    before = document(annotation(1, segmentation=polygons, area=area))
    assert mended(tmp_path, before) == (expected, before)


def test_a_hole_that_is_there_twice_is_cut_once(tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    once.mkdir()
    twice.mkdir()
    _, expected = mended(once, document(annotation(1, segmentation=[SQUARE, HOLE], area=800)))
    _, after = mended(twice, document(annotation(1, segmentation=[SQUARE, HOLE, HOLE], area=800)))
    assert after == expected


@pytest.mark.parametrize("polygon", [[1e308, 1e308, -1e308, 5, 5, 5], ["a", "b", "c", "d", "e", "f"], 5, None])
def test_only_polygons_that_make_a_mask_are_kept(polygon: object, tmp_path: Path) -> None:
    alone = document(annotation(1, segmentation=[polygon]))
    found, after = mended(tmp_path, alone)
    assert ([code for code, _ in found], after) == (["E304"], alone)
    (tmp_path / "mended.json").unlink()
    _, after = mended(tmp_path, document(annotation(1, segmentation=[polygon, SQUARE])))
    assert after == document(annotation(1))


def test_a_picture_that_exif_turns_is_told_from_one_that_is_swapped(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (48, 64)).save(tmp_path / "1.jpg", exif=exif)
    image = {"id": 1, "width": 48, "height": 64, "file_name": "1.jpg"}
    path = write(tmp_path, document(images=[image]))
    (finding,) = examine(path, images=tmp_path)
    assert (finding.code, finding.found) == ("E105", "48×64, the picture 64×48 (by EXIF)")
    assert finding.change is None  # nobody can tell which of the two the masks are of


@pytest.mark.parametrize(
    ("image", "image_id", "expected"),
    [
        ({"id": 1, "file_name": "1.png"}, 1, [("E001", "images[0]: no whole number in width, height")]),
        ({"id": "a", "width": 64, "height": 48}, "a", [("E001", "images[0]: no whole number in id")]),
        ({"id": 1, "width": 64, "height": 48, "file_name": []}, 1, [("E001", "images[0]: no text in file_name")]),
        (
            {"id": "1", "width": 64, "height": 48},  # the id is meant, and not for us to tell
            1,
            [("E001", "images[0]: no whole number in id"), ("E302", "annotations[0]: 1")],
        ),
        ({"id": 1, "width": 64, "height": 48}, "1", [("E302", "annotations[0]: 1")]),
        ({"id": 1, "width": 64, "height": 48}, [1], [("E302", "annotations[0]: [1]")]),
        ({"id": 1, "width": 64, "height": 48}, None, [("E302", "annotations[0]: None")]),
    ],
)
def test_annotations_of_an_image_that_has_a_problem_stay(
    image: dict[str, Any], image_id: object, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    before = document(annotation(1, image_id=image_id), images=[image])
    assert mended(tmp_path, before) == (expected, before)


def test_a_whole_number_with_a_point_is_the_whole_number(tmp_path: Path) -> None:
    image = {"id": 1, "width": 64.0, "height": 48, "file_name": "1.png"}
    found, after = mended(
        tmp_path, document(annotation(8) | {"id": 8.0}, annotation(8, image_id=1.0, bbox=[0, 0, 1, 1]), images=[image])
    )
    assert found == [
        ("E001", "images[0]: 64.0 in width"),
        ("E001", "annotations[0]: 8.0 in id"),
        ("E001", "annotations[1]: 1.0 in image_id"),
        ("E301", "annotations[1]: 8"),
        ("E306", "annotations[1]: [0, 0, 1, 1] instead of [10.0, 10.0, 30.0, 30.0]"),
        ("W310", "annotations[1]: image 1"),
    ]
    assert after == document(annotation(8))


@pytest.mark.parametrize(
    ("field", "expected"),
    [("id", ("E301", "annotations[0]: [1]")), ("category_id", ("E303", "annotations[0]: [1]"))],
)
def test_lists_in_place_of_numbers_are_named(field: str, expected: tuple[str, str], tmp_path: Path) -> None:
    assert found(write(tmp_path, document(annotation(1) | {field: [1]}))) == [expected]


def test_annotations_without_a_shape_are_not_the_same_object(tmp_path: Path) -> None:
    plain = {"image_id": 1, "category_id": 1}
    assert found(write(tmp_path, document(plain | {"id": 1}, plain | {"id": 2, "keypoints": [1, 2, 2]}))) == []


def test_a_name_that_no_file_can_have_is_a_missing_photograph(tmp_path: Path) -> None:
    path = write(tmp_path, document(images=[{"id": 1, "width": 64, "height": 48, "file_name": "a\0b.png"}]))
    assert found(path, images=tmp_path) == [("E104", "images[0]: a\0b.png")]


def test_a_picture_whose_exif_is_broken_is_no_picture(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "1.png", exif=b"Exif\0\0garbage")
    assert found(write(tmp_path, document()), images=tmp_path) == [("E104", "images[0]: 1.png")]


def test_a_folder_is_looked_through_and_broken_records_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, document(annotation(1), images=[{"id": "one", "width": 64}, 5]))
    (tmp_path / "more").mkdir()
    write(tmp_path / "more", document(annotation(1)))
    assert run(["doctor", str(tmp_path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    first, second = report[str(tmp_path / "gt.json")], report[os.fspath(tmp_path / "more" / "gt.json")]
    assert [(one["code"], one["place"], one["found"]) for one in first] == [
        ("E001", "images[0]", "no whole number in id, height"),
        ("E001", "images[1]", "no object"),
        ("E302", "annotations[0]", "1"),
    ]
    assert second == []
    assert run(["doctor", str(tmp_path), "--repair", str(tmp_path / "out.json")]) == 2


def test_a_file_of_a_folder_that_is_no_coco_file_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text("[1]")
    path = write(tmp_path, document(annotation(1)))
    assert run(["doctor", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == f"{path}: 0 errors, 0 warnings\n"
    assert shown.err == f"{tmp_path / 'a.json'}: expected a JSON object, found: Expected `object`, got `array`\n"
    assert run(["doctor", str(tmp_path / "a.json")]) == 1


def test_every_change_is_listed_with_what_became_of_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = [annotation(id, bbox=[id, 10, 20, 30]) for id in range(1, 8)]
    path = write(tmp_path, document(*twins, categories=[{"id": 1, "name": "skja\u0301r"}]))
    assert run(["doctor", str(path), "--repair", str(tmp_path / "mended.json")]) == 0
    boxes = [f"E306 annotations[{index}]: bbox = [10.0, 10.0, 30.0, 30.0]" for index in range(7)]
    doubles = [f"W310 annotations[{index}]: left out" for index in range(7)]
    by_record = [boxes[0], *(line for index in range(1, 7) for line in (boxes[index], doubles[index]))]
    shown = capsys.readouterr().out.splitlines()
    assert shown[4:] == ['W203 categories[0]: name = "skj\u00e1r"', *by_record]
    run(["doctor", str(path), "--json"])
    records = json.loads(capsys.readouterr().out)[str(path)]
    assert records[1] == {
        "code": "E306",
        "message": "The box differs from the mask's by more than 2 pixels.",
        "place": "annotations[0]",
        "found": "[1, 10, 20, 30] instead of [10.0, 10.0, 30.0, 30.0]",
        "change": {"fields": {"bbox": [10.0, 10.0, 30.0, 30.0]}, "drops": False},
        "mended": False,
    }


def test_a_copy_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, document(annotation(1)))
    with pytest.raises(CorpusError, match="expected a place that can be written to, found: No such file or directory"):
        repair(path, tmp_path / "none" / "mended.json", [])


def test_the_copy_of_a_file_without_parts_is_json(tmp_path: Path) -> None:
    assert mended(tmp_path, {}) == ([], {})
