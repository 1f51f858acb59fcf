"""Other people's corpora come in: LVIS, Open Images, Visual Genome, exports of Label Studio."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mic21.cli import run
from mic21.corpus.check import check
from mic21.corpus.coco import import_coco
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.foreign import import_foreign
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems, UsageError
from mic21.geometry import mask_to_rle, rle_to_brush, rle_to_mask

WIDTH, HEIGHT = 64, 48


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(21)
    for name in ("000000000007", "0aff", "0bff", "3", "shot"):
        pixels = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((WIDTH, HEIGHT)).save(folder / f"{name}.jpg")
    return folder


def write(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def ring() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[8:40, 10:50] = True
    mask[16:30, 20:40] = False
    return mask


def rows(corpus: Corpus, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in corpus.annotations().to_pylist()]


def masks(corpus: Corpus) -> list[np.ndarray]:
    found = corpus.annotations().to_pylist()
    return [rle_to_mask(segmentation_rle(row["segmentation"], HEIGHT, WIDTH)) for row in found]


def test_lvis_comes_in_with_what_was_looked_for(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    image = {"id": 7, "width": WIDTH, "height": HEIGHT, "neg_category_ids": [2], "not_exhaustive_category_ids": [3]}
    image["coco_url"] = "http://images.example.org/train2017/000000000007.jpg"
    polygon = [[4, 4, 40, 4, 40, 30, 4, 30]]
    annotation = {
        "id": 1,
        "image_id": 7,
        "category_id": 3,
        "segmentation": polygon,
        "bbox": [4, 4, 36, 26],
        "area": 936,
    }
    category = {"id": 3, "name": "baby_buggy", "synset": "baby_buggy.n.01", "frequency": "f"}
    document = {"images": [image], "annotations": [annotation], "categories": [category], "licenses": []}
    source = write(tmp_path / "lvis.json", document)
    assert run(["import", "lvis", str(source), "--images", str(photographs), "-C", str(corpus.path)]) == 0
    assert rows(corpus, "id", "image_id", "category", "area") == [(1, 7, "baby_carriage", 936)]
    (found,) = corpus.images().to_pylist()
    assert found["file_name"] == "000000000007.jpg"
    assert json.loads(found["attributes"])["neg_category_ids"] == [2]
    (photographs / "train2017").mkdir()
    (photographs / "000000000007.jpg").rename(photographs / "train2017" / "000000000007.jpg")
    again = Corpus.create(tmp_path / "again")
    import_foreign(again, "lvis", source, images=photographs)
    assert again.images().to_pylist()[0]["file_name"] == "train2017/000000000007.jpg"


def test_records_of_lvis_that_are_none_are_named(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ImportProblems) as error:
        import_foreign(
            corpus, "lvis", write(tmp_path / "lvis.json", {"images": [5], "annotations": [], "categories": []})
        )
    assert error.value.problems == ["lvis.json: images[0]: expected an object, found 5"]


@pytest.mark.parametrize("address", ["", "http://[x/a.jpg", "http://x/"])
def test_addresses_of_lvis_that_name_no_file_are_named(corpus: Corpus, tmp_path: Path, address: str) -> None:
    image = {"id": 1, "coco_url": address, "width": WIDTH, "height": HEIGHT}
    with pytest.raises(ImportProblems) as error:
        import_foreign(corpus, "lvis", write(tmp_path / "lvis.json", {"images": [image]}))
    assert error.value.problems[0] == f"lvis.json: images[0].coco_url: expected an address, found {address!r}"


def test_open_images_come_in_with_masks_boxes_and_licences(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    source = tmp_path / "open-images"
    (source / "masks").mkdir(parents=True)
    (source / "oidv7-class-descriptions.csv").write_text("/m/07y_7,Violin\n/m/0bt9lr,Dog\n/m/zz,Quidditch\n")
    small = Image.fromarray(ring()).resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.NEAREST)
    Image.fromarray(ring()).save(source / "masks" / "whole.png")
    small.save(source / "masks" / "small.png")
    mask = {"ImageID": "0aff", "LabelName": "/m/07y_7", "BoxID": "b1"}
    mask |= {"BoxXMin": "0.25", "BoxXMax": "0.5", "BoxYMin": "0", "BoxYMax": "0.5"}
    write_table(
        source / "train-annotations-object-segmentation.csv",
        [mask | {"MaskPath": "whole.png"}, mask | {"MaskPath": "small.png", "ImageID": "0bff"}],
    )
    box = {"XMin": "0.25", "XMax": "0.5", "YMin": "0", "YMax": "0.5", "IsGroupOf": "1"}
    boxes = [{"ImageID": "0aff", "LabelName": label} | box for label in ("/m/07y_7", "/m/0bt9lr", "/m/zz")]
    write_table(source / "train-annotations-bbox.csv", boxes)
    about = {
        "ImageID": "0aff",
        "License": "https://creativecommons.org/licenses/by/2.0/",
        "Author": "Ana",
        "Title": "A",
    }
    write_table(source / "train-images-boxable-with-rotation.csv", [about])
    report = import_foreign(corpus, "open-images", source, images=photographs)
    assert (report.images, report.annotations) == (2, 4)
    found = rows(corpus, "image_id", "category_name", "category", "iscrowd")
    assert found == [
        (1, "Violin", "violin", False),
        (2, "Violin", "violin", False),
        (1, "Dog", "dog", True),
        (1, "Quidditch", None, True),
    ]
    assert rows(corpus, "bbox")[2] == ([16, 0, 16, 24],)
    assert np.array_equal(masks(corpus)[0], ring())
    assert np.array_equal(masks(corpus)[1], np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)))
    images = [(row["file_name"], row["license"], row["author"]) for row in corpus.images().to_pylist()]
    assert images == [("0aff.jpg", "CC-BY-2.0", "Ana"), ("0bff.jpg", "unknown", None)]
    (source / "masks" / "small.png").unlink()
    with pytest.raises(ImportProblems, match=r"small\.png: expected the picture of a mask, found none"):
        import_foreign(Corpus.create(tmp_path / "other"), "open-images", source, images=photographs)
    with pytest.raises(UsageError, match="--images: expected the folder"):
        import_foreign(corpus, "open-images", source)


def test_a_mask_stands_in_place_of_its_own_box_alone(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    source = tmp_path / "open-images"
    source.mkdir()
    Image.fromarray(ring()).save(source / "m.png")
    label = {"ImageID": "0aff", "LabelName": "/m/07y_7"}
    corners = {"BoxXMin": "0.145313", "BoxXMax": "0.78125", "BoxYMin": "0.166667", "BoxYMax": "0.833333"}
    mask = label | {"MaskPath": "m.png", "BoxID": "b1"} | corners
    write_table(source / "x-object-segmentation.csv", [mask])
    own = label | {"XMin": "0.1453125", "XMax": "0.78125", "YMin": "0.16666667", "YMax": "0.8333333", "IsGroupOf": "0"}
    other = own | {"XMin": "0.5", "XMax": "0.75", "YMin": "0.5", "YMax": "1"}
    group = other | {"XMin": "0.25", "IsGroupOf": "1"}
    write_table(source / "x-annotations-bbox.csv", [own, other, group, own | {"LabelName": ""}])
    report = import_foreign(corpus, "open-images", source, images=photographs, skip_bad=True)
    assert report.skipped == ["x-annotations-bbox.csv: row 4: expected ImageID and LabelName, found none"]
    boxes = [([10, 8, 40, 32], False), ([32, 24, 16, 24], False), ([16, 24, 32, 24], True)]
    assert rows(corpus, "bbox", "iscrowd") == boxes
    write_table(source / "x-annotations-bbox.csv", [{"ImageID": "0aff", "Label": "/m/07y_7"}])
    with pytest.raises(CorpusError, match="expected columns ImageID and LabelName, found ImageID, Label"):
        import_foreign(corpus, "open-images", source, images=photographs)


def test_tables_of_open_images_in_another_encoding_are_named(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    source = tmp_path / "open-images"
    source.mkdir()
    table = source / "train-annotations-bbox.csv"
    for text in ("ImageID,LabelName\n0aff,caf\xe9\n", "ImageID,LabelName\n0aff," + "x" * 200_000):
        table.write_bytes(text.encode("latin-1"))
        with pytest.raises(CorpusError, match=r"train-annotations-bbox\.csv: expected a table in UTF-8, found: "):
            import_foreign(corpus, "open-images", source, images=photographs)
    table.write_text("ImageID,LabelName,XMin,XMax,YMin,YMax\n0aff,/m/07y,0.1,0.2\n")
    with pytest.raises(ImportProblems, match="box of /m/07y in 0aff: expected four numbers"):
        import_foreign(corpus, "open-images", source, images=photographs)


def test_visual_genome_comes_in_with_what_things_do(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    source = tmp_path / "vg"
    source.mkdir()
    write(source / "image_data.json", [{"image_id": 3, "width": WIDTH, "height": HEIGHT, "url": "http://a/3.jpg"}])
    man = {"object_id": 11, "x": 1, "y": 2, "w": 30, "h": 40, "names": ["Violinist"], "synsets": ["man.n.01"]}
    violin = {"object_id": 12, "x": 5, "y": 5, "w": 10, "h": 10, "names": ["violin", "fiddle"]}
    write(source / "objects.json", [{"image_id": 3, "objects": [man, violin, man | {"object_id": 13, "names": []}]}])
    playing = {"predicate": "Playing", "subject": man, "object": violin, "relationship_id": 5}
    near = {"predicate": "near", "subject": violin, "object": man, "relationship_id": 6}
    write(source / "relationships.json", [{"image_id": 3, "relationships": [playing, near]}, {"image_id": "three"}])
    with pytest.raises(ImportProblems) as error:
        import_foreign(corpus, "visual-genome", source, images=photographs)
    assert error.value.problems == [
        "objects.json: [0].objects[2].names: expected a name, found none",
        "relationships.json: [1]: Expected `int`, got `str` - at `$.image_id`",
    ]
    report = import_foreign(corpus, "visual-genome", source, images=photographs, skip_bad=True)
    assert (report.images, report.annotations, len(report.skipped)) == (1, 2, 2)
    assert rows(corpus, "id", "category", "bbox") == [
        (11, "violinist", [1, 2, 30, 40]),
        (12, "violin", [5, 5, 10, 10]),
    ]
    interactions = corpus.interactions().to_pylist()
    assert [(row["subject_id"], row["predicate"], row["object_id"]) for row in interactions] == [(11, "plays", 12)]
    again = import_foreign(corpus, "visual-genome", source, images=photographs, skip_bad=True)
    assert corpus.interactions().num_rows == 1
    assert (report.interactions, again.interactions, again.unchanged) == (1, 0, 6)
    assert [problem.code for problem in check(corpus) if problem.is_error] == []


def genome(folder: Path, objects: list[int], relationships: list[tuple[int, str, int]], images: int = 1) -> Path:
    """Visual Genome with objects in image 3 and relationships there and in the images after it."""
    folder.mkdir()
    write(folder / "image_data.json", [{"image_id": 3, "width": WIDTH, "height": HEIGHT}])
    things = [{"object_id": id, "x": 1, "y": 2, "w": 30, "h": 40, "names": ["violin"]} for id in objects]
    write(folder / "objects.json", [{"image_id": 3, "objects": things}])
    related = [
        {"predicate": predicate, "subject": {"object_id": subject}, "object": {"object_id": object}}
        for subject, predicate, object in relationships
    ]
    write(
        folder / "relationships.json",
        [{"image_id": id, "relationships": related} for id in range(3, 3 + images)],
    )
    return folder


def test_interactions_follow_annotations_that_get_new_ids(corpus: Corpus, tmp_path: Path) -> None:
    earlier = {"images": [{"id": 9, "file_name": "9.jpg", "width": WIDTH, "height": HEIGHT}]}
    earlier["annotations"] = [{"id": 11, "image_id": 9, "category_id": 1, "bbox": [1, 1, 5, 5]}]
    import_coco(corpus, write(tmp_path / "coco.json", earlier | {"categories": [{"id": 1, "name": "ягода"}]}))
    source = genome(tmp_path / "vg", [11, 12], [(11, "playing", 12)])
    report = import_foreign(corpus, "visual-genome", source, renumber=True)
    assert (rows(corpus, "id", "image_id"), report.interactions) == ([(11, 9), (12, 3), (13, 3)], 1)
    (found,) = corpus.interactions().to_pylist()
    assert (found["image_id"], found["subject_id"], found["predicate"], found["object_id"]) == (3, 13, "plays", 12)


def test_interactions_that_stay_out_are_named_or_counted(
    corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = genome(tmp_path / "vg", [11, 12], [(11, "playing", 12), (11, "playing", 99), (12, "near", 11)], images=2)
    assert run(["import", "visual-genome", str(source), "--skip-bad", "-C", str(corpus.path)]) == 0
    output = capsys.readouterr()
    assert "2 annotations, 0 captions, 1 interactions, 1 categories imported" in output.out
    assert output.err.splitlines()[-4:] == [
        "left out: relationships.json: [0].relationships[1]: expected annotations of image 3, found 11 and 99",
        "left out: relationships.json: [1].relationships[0]: expected the id of one of the images, found 4",
        "left out: relationships.json: [1].relationships[1]: expected the id of one of the images, found 4",
        "left out: 2 relationships that none of our predicates says",
    ]


def region(id: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "original_width": WIDTH, "original_height": HEIGHT, "value": value | {kind: ["Violin"]}}


def test_exports_of_label_studio_come_in_to_the_pixel(corpus: Corpus, photographs: Path, tmp_path: Path) -> None:
    brush = {"format": "rle", "rle": rle_to_brush(mask_to_rle(ring()))}
    regions = [
        region("a", "brushlabels", brush),
        region("b", "polygonlabels", {"points": [[0, 0], [50, 0], [50, 50]]}),
        region("c", "rectanglelabels", {"x": 25, "y": 50, "width": 50, "height": 25, "rotation": 0}),
        region("d", "rectanglelabels", {"x": 25, "y": 50, "width": 50, "height": 25, "rotation": 30}),
        region("e", "keypointlabels", {"x": 1, "y": 1}),
        {"id": "f", "value": {"choices": ["keep"]}},
    ]
    older = {"result": [region("z", "brushlabels", brush)], "updated_at": "2026-01-01"}
    last = {"result": regions, "updated_at": "2026-02-01"}
    skipped = {"result": [], "updated_at": "2026-03-01", "was_cancelled": True}
    task = {"id": 5, "data": {"image": "/data/local-files/?d=x/shot.jpg"}, "annotations": [older, last, skipped]}
    source = write(tmp_path / "export.json", [task])
    report = import_foreign(corpus, "labelstudio", source, images=photographs, skip_bad=True)
    assert report.skipped == [
        "export.json: [0], region d: expected an upright rectangle, found one turned by 30 degrees",
        "export.json: [0], region e: "
        "expected a label of brushlabels, polygonlabels, rectanglelabels, found keypointlabels",
    ]
    assert rows(corpus, "category", "bbox")[1:] == [("violin", [1, 0, 31, 24]), ("violin", [16, 24, 32, 12])]
    assert np.array_equal(masks(corpus)[0], ring())
    assert rows(corpus, "segmentation")[1] == ("[[0.0,0.0,32.0,0.0,32.0,24.0]]",)
    with pytest.raises(CorpusError, match="expected a JSON list"):
        import_foreign(corpus, "labelstudio", write(tmp_path / "other.json", {}))
    with pytest.raises(UsageError, match="form: expected one of"):
        import_foreign(corpus, "voc", source)


def test_tasks_of_label_studio_without_a_region_are_empty_images_or_named(
    corpus: Corpus, photographs: Path, tmp_path: Path
) -> None:
    tasks = [
        {"id": 1, "data": {"image": "x/shot.jpg"}, "annotations": [{"result": []}]},
        {"id": 2, "data": {"image": "x/0aff.jpg"}, "annotations": []},
        {"id": 3, "data": {"image": "x/gone.jpg"}, "annotations": [{"result": []}]},
    ]
    source = write(tmp_path / "export.json", tasks)
    named = "export.json: [{}]: expected a region or a photograph that says the image's size, found none"
    report = import_foreign(corpus, "labelstudio", source, skip_bad=True)
    assert (report.images, report.skipped) == (0, [named.format(0), named.format(2)])
    report = import_foreign(corpus, "labelstudio", source, images=photographs, skip_bad=True)
    assert (report.skipped, report.left_out) == ([named.format(2)], {"tasks that nobody answered": 1})
    images = [(row["id"], row["file_name"], row["width"], row["height"]) for row in corpus.images().to_pylist()]
    assert images == [(1, "shot.jpg", WIDTH, HEIGHT)]


def test_addresses_and_labels_of_label_studio_that_are_none_are_named(corpus: Corpus, tmp_path: Path) -> None:
    box = {"x": 25, "y": 50, "width": 50, "height": 25}
    region = {"id": "a", "original_width": WIDTH, "original_height": HEIGHT, "value": box | {"rectanglelabels": 5}}
    addresses = {1: "shot.jpg", 2: "http://[x/a.jpg"}
    tasks = [
        {"id": id, "data": {"image": text}, "annotations": [{"result": [region]}]} for id, text in addresses.items()
    ]
    report = import_foreign(corpus, "labelstudio", write(tmp_path / "export.json", tasks), skip_bad=True)
    assert report.skipped == [
        "export.json: [0], region a: expected a list of labels in rectanglelabels, found 5",
        "export.json: [1].data: expected the address of an image, found http://[x/a.jpg",
    ]
    assert [row["file_name"] for row in corpus.images().to_pylist()] == ["shot.jpg"]
