"""The published forms of MIC21 come in: folders with COCO ground truth, and rows of Parquet."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mic21.cli import run
from mic21.corpus.check import check
from mic21.corpus.published import import_hf_mic21, import_mic21
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems


def picture(seed: int, width: int = 64, height: int = 48) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((width, height)).save(buffer, "JPEG")
    return buffer.getvalue()


def write_subdomain(root: Path, name: str, images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> None:
    """A subdomain as it is published: ids of a database with gaps, empty supercategories, fields of their own."""
    (root / name / "data").mkdir(parents=True)
    for image in images:
        (root / name / "data" / image["file_name"]).write_bytes(picture(image["id"]))
    categories = {
        11: {"id": 11, "name": "violinist", "supercategory": "", "metadata": {}},
        702: {"id": 702, "name": "vilon", "supercategory": "", "metadata": {"wn": "eng-30-04536866-n"}},
        950: {"id": 950, "name": "stret sign", "supercategory": ""},
    }
    used = {annotation["category_id"] for annotation in annotations}
    document = {
        "images": [{"width": 64, "height": 48, "metadata": {"batch": 7}} | image for image in images],
        "annotations": annotations,
        "categories": [categories[id] for id in sorted(used)],
    }
    (root / name / f"{name}_gt.json").write_text(json.dumps(document))


def annotation(id: int, image_id: int, category_id: int) -> dict[str, Any]:
    polygon = [4, 4, 40, 4, 40, 30.5, 4, 30.5]
    return {"id": id, "image_id": image_id, "category_id": category_id, "segmentation": [polygon], "metadata": {"a": 1}}


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    root = tmp_path / "mic21"
    shared = {"id": 90, "file_name": "both.jpg"}
    write_subdomain(
        root,
        "violinist",
        [{"id": 17, "file_name": "a.jpg"}, shared],
        [annotation(5, 17, 11), annotation(9, 17, 702), annotation(12, 90, 11)],
    )
    write_subdomain(root, "road_sign", [{"id": 40, "file_name": "a.jpg"}, shared], [annotation(30, 40, 950)])
    (root / "licences.csv").write_text(
        "file,license,author\nviolinist/data/a.jpg,CC-BY-4.0,Ana\nroad_sign/data/a.jpg,CC0-1.0,\n"
    )
    return root


def test_folders_come_in_with_ids_masks_and_what_is_known(corpus: Corpus, folders: Path, tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("name,key\nstret sign,street_sign\n")
    command = ["import", "mic21", str(folders), "--metadata", str(folders / "licences.csv")]
    command += ["--names", str(tmp_path / "names.csv"), "-C", str(corpus.path)]
    assert run(command) == 0
    images = {row["id"]: row for row in corpus.images().to_pylist()}
    assert {id: (row["subdomain"], row["license"], row["author"]) for id, row in images.items()} == {
        17: ("violinist", "CC-BY-4.0", "Ana"),
        40: ("street_sign", "CC0-1.0", None),
        90: ("street_sign", "unknown", None),  # road_sign, which names it too, comes first in the order of folders
    }
    assert json.loads(images[17]["attributes"]) == {"metadata": {"batch": 7}}
    annotations = {row["id"]: row for row in corpus.annotations().to_pylist()}
    assert {id: (row["image_id"], row["category_id"]) for id, row in annotations.items()} == {
        5: (17, 11),
        9: (17, 702),
        12: (90, 11),
        30: (40, 950),
    }
    assert annotations[9]["segmentation"] == "[[4,4,40,4,40,30.5,4,30.5]]"
    assert json.loads(annotations[9]["attributes"]) == {"metadata": {"a": 1}}
    with corpus.reading() as connection:
        linked = corpus.imported_categories(connection)
    assert linked == {11: ("violinist", "violinist"), 702: ("vilon", "violin"), 950: ("stret sign", "street_sign")}
    assert [problem.code for problem in check(corpus) if problem.is_error] == []


def test_folders_that_are_imported_again_change_nothing(corpus: Corpus, folders: Path) -> None:
    import_mic21(corpus, folders)
    before = corpus.annotations().to_pylist(), corpus.images().to_pylist()
    report = import_mic21(corpus, folders)
    assert (report.images, report.annotations, report.categories) == (0, 0, 0)
    assert (corpus.annotations().to_pylist(), corpus.images().to_pylist()) == before


def test_all_problems_of_all_folders_are_named_and_nothing_comes_in(corpus: Corpus, folders: Path) -> None:
    (folders / "violinist" / "data" / "a.jpg").unlink()
    write_subdomain(folders, "sowing", [{"id": 200, "file_name": "s.jpg"}], [annotation(77, 201, 11)])
    with pytest.raises(ImportProblems) as error:
        import_mic21(corpus, folders)
    assert sorted(error.value.problems) == [
        "sowing_gt.json: annotations[0].image_id: expected the id of one of the images, found 201",
        "sowing_gt.json: expected the name of a subdomain before _gt.json, found 'sowing'",
        "violinist_gt.json: annotations[0].image_id: "
        "expected the id of one of the images, found 17, which has a problem of its own",
        "violinist_gt.json: annotations[1].image_id: "
        "expected the id of one of the images, found 17, which has a problem of its own",
        "violinist_gt.json: images[0].file_name: expected the photograph in data, found no 'a.jpg'",
    ]
    assert corpus.images().num_rows == 0
    report = import_mic21(corpus, folders, skip_bad=True)
    assert (report.images, report.annotations, len(report.skipped)) == (2, 2, 5)
    assert {row["subdomain"] for row in corpus.images().to_pylist()} == {"street_sign"}


def test_a_missing_photograph_keeps_no_other_one_out(corpus: Corpus, tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}]
    write_subdomain(tmp_path / "mic21", "violinist", images, [annotation(5, 2, 11)])
    (tmp_path / "mic21" / "violinist" / "violinist_gt.json").rename(tmp_path / "mic21" / "violinist_gt.json")
    (tmp_path / "mic21" / "violinist" / "data" / "a.jpg").unlink()
    report = import_mic21(corpus, tmp_path / "mic21", skip_bad=True)
    assert report.skipped == [
        "violinist_gt.json: images[0].file_name: expected the photograph in data, found no 'a.jpg'"
    ]
    assert [row["id"] for row in corpus.images().to_pylist()] == [2]


def write_rows(path: Path, rows: list[dict[str, Any]], label: pa.DataType, metadata: dict[bytes, bytes]) -> None:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    boxes = pa.list_(pa.struct([("cat", pa.string()), ("bbox", pa.list_(pa.float64()))]))
    fields = [("image", image), ("label", label), ("title", pa.string()), ("description", pa.string())]
    schema = pa.schema([*fields, ("size", pa.list_(pa.int64())), ("annotations", boxes)], metadata)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def row(seed: int, label: object, **more: Any) -> dict[str, Any]:
    image = {"bytes": picture(seed), "path": f"{seed}.jpg"}
    boxes = [{"cat": "violinist", "bbox": [1, 2, 30.5, 40]}, {"cat": "violin", "bbox": [5, 5, 10, 10]}]
    values = {
        "image": image,
        "label": label,
        "title": "A Melody",
        "description": "Скрипач — 小提琴",
        "size": [64, 48],
    }
    return values | {"size": [64, 48], "annotations": boxes} | more


@pytest.mark.parametrize("numbered", [False, True])
def test_rows_of_the_hub_come_in(corpus: Corpus, tmp_path: Path, numbered: bool) -> None:
    names = {"info": {"features": {"label": {"names": ["chess", "violinist"], "_type": "ClassLabel"}}}}
    metadata = {b"huggingface": json.dumps(names).encode()} if numbered else {}
    label = pa.int64() if numbered else pa.string()
    one, two = (1, 0) if numbered else ("violinist", "chess")
    write_rows(tmp_path / "train-00000.parquet", [row(1, one)], label, metadata)
    write_rows(tmp_path / "train-00001.parquet", [row(2, two, title=None, annotations=[])], label, metadata)
    report = import_hf_mic21(corpus, [tmp_path])
    assert (report.images, report.annotations, report.captions) == (2, 2, 3)
    images = corpus.images().to_pylist()
    assert [(r["id"], r["file_name"], r["subdomain"], r["license"]) for r in images] == [
        (1, "violinist/000001.jpg", "violinist", "unknown"),
        (2, "chess/000002.jpg", "chess", "unknown"),
    ]
    assert [corpus.files.path(r["sha256"], r["extension"]).read_bytes() for r in images] == [picture(1), picture(2)]
    boxes = [(r["image_id"], r["category_name"], list(r["bbox"])) for r in corpus.annotations().to_pylist()]
    assert boxes == [(1, "violinist", [1, 2, 30.5, 40]), (1, "violin", [5, 5, 10, 10])]
    captions = [(r["image_id"], r["kind"], r["text"]) for r in corpus.captions().to_pylist()]
    assert captions == [
        (1, "title", "A Melody"),
        (1, "description", "Скрипач — 小提琴"),
        (2, "description", "Скрипач — 小提琴"),
    ]
    assert import_hf_mic21(corpus, [tmp_path]).unchanged >= 7


def test_rows_with_problems_are_named(corpus: Corpus, tmp_path: Path) -> None:
    bad = [
        row(1, "violinist", size=[48, 64]),
        row(4, "violinist", size=[48]),
        row(2, "juggling"),
        row(3, "violinist", image={"bytes": b"no picture"}),
        row(5, "violinist", annotations=[{"cat": None, "bbox": [1, 2, 3, 4]}, {"cat": "violin", "bbox": None}]),
    ]
    write_rows(tmp_path / "rows.parquet", bad, pa.string(), {})
    with pytest.raises(ImportProblems) as error:
        import_hf_mic21(corpus, [tmp_path / "rows.parquet"])
    found = "\n".join(error.value.problems)
    assert "rows[0].file_name: expected a picture of 48×64 pixels, found 64×48" in found
    assert "rows[1].height: expected a number of pixels from 1 up, found 0" in found
    assert "rows[2].label: expected the name of a subdomain, found 'juggling'" in found
    assert "rows[3].file_name: 'violinist/000004.jpg': " in found
    assert "rows[4].annotations[0].cat: expected the name of a category, found None" in found
    assert "rows[4].annotations[1].bbox: expected 4 numbers, found null" in found
    pq.write_table(pa.table({"image": [1]}), tmp_path / "other.parquet")
    with pytest.raises(CorpusError, match="found none named label, title, description, size, annotations"):
        import_hf_mic21(corpus, [tmp_path / "other.parquet"])


def test_problems_of_rows_are_in_their_own_file_and_an_unknown_subdomain_stays_out(
    corpus: Corpus, tmp_path: Path
) -> None:
    write_rows(tmp_path / "a.parquet", [row(1, "violinist")], pa.string(), {})
    bad_box = [{"cat": "violin", "bbox": [1, 2, 3]}]
    rows = [row(2, "juggling", annotations=[]), row(3, "violinist", title=None, annotations=bad_box)]
    write_rows(tmp_path / "b.parquet", rows, pa.string(), {})
    report = import_hf_mic21(corpus, [tmp_path / "a.parquet", tmp_path / "b.parquet"], skip_bad=True)
    left_out = "expected the id of one of the images, found 2, which has a problem of its own"
    assert report.skipped == [
        "b.parquet: rows[0].label: expected the name of a subdomain, found 'juggling'",
        f"b.parquet: rows[0].title.image_id: {left_out}",
        f"b.parquet: rows[0].description.image_id: {left_out}",
        "b.parquet: rows[1].annotations[0].bbox: expected 4 numbers, found 3",
        "b.parquet: rows[1].annotations[0]: expected a segmentation or a bbox, found neither",
    ]
    assert [(r["id"], r["file_name"]) for r in corpus.images().to_pylist()] == [
        (1, "violinist/000001.jpg"),
        (3, "violinist/000003.jpg"),
    ]


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("image", pa.array([b"a picture"]), "image: expected bytes and path, found binary"),
        ("size", pa.array([64]), "size: expected a list of width and height, found int64"),
        ("annotations", pa.array([5]), "annotations: expected a list of cat and bbox, found int64"),
    ],
)
def test_rows_of_another_form_are_named(
    corpus: Corpus, tmp_path: Path, column: str, values: pa.Array, problem: str
) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, [row(1, "violinist")], pa.string(), {})
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, values), path)
    with pytest.raises(CorpusError, match=problem):
        import_hf_mic21(corpus, [path])


def test_damaged_rows_are_named(corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, [row(1, "violinist")], pa.string(), {})
    data = path.read_bytes()
    path.write_bytes(data[:50] + bytes(300) + data[350:])
    with pytest.raises(CorpusError, match=r"rows\.parquet: expected rows that can be read, found: "):
        import_hf_mic21(corpus, [path])
