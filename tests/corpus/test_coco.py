import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.changes import change
from mic21.corpus.coco import export_coco, import_coco
from mic21.corpus.coco.document import segmentation_rle
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems
from mic21.geometry import rle_to_mask

from ..conftest import MINI


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _without(record: dict, *names: str) -> dict:
    return {name: value for name, value in record.items() if name not in names}


def test_everything_leaves_as_it_came(mini: Corpus, tmp_path: Path) -> None:
    export_coco(mini, tmp_path / "out.json", captions=tmp_path / "captions.json")
    came, left = _read(MINI / "instances.json"), _read(tmp_path / "out.json")
    assert left["info"] == came["info"]
    assert left["extra_part"] == came["extra_part"]
    assert left["images"] == sorted(came["images"], key=lambda image: image["id"])
    annotations = [_without(record, "status", "origin") for record in left["annotations"]]
    assert annotations == sorted(came["annotations"], key=lambda annotation: annotation["id"])
    assert [_without(record, "key", "synset", "ili") for record in left["categories"]] == came["categories"]
    assert [_without(record, "spdx") for record in left["licenses"]] == came["licenses"]
    came_captions = _read(MINI / "captions.json")["annotations"]
    assert [(c["id"], c["image_id"], c["caption"]) for c in _read(tmp_path / "captions.json")["annotations"]] == [
        (c["id"], c["image_id"], c["caption"]) for c in came_captions
    ]


def test_export_import_export_gives_the_same_bytes(mini: Corpus, tmp_path: Path) -> None:
    export_coco(mini, tmp_path / "1.json", captions=tmp_path / "1c.json")
    again = Corpus.create(tmp_path / "again")
    import_coco(again, tmp_path / "1.json", images=MINI / "images", captions=tmp_path / "1c.json")
    export_coco(again, tmp_path / "2.json", captions=tmp_path / "2c.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert (tmp_path / "1c.json").read_bytes() == (tmp_path / "2c.json").read_bytes()


# What an image, a category or a licence may say of itself in forms that the corpus has no column for.
ODD = {
    "images": {"author": ["A", "B"], "title": 5, "source_url": None, "subdomain": "no such", "license": 2, "x": 1},
    "categories": {"key": "hund", "synset": "dog.n.01", "ili": "i9", "supercategory": None},
    "licenses": {"name": None, "url": 7, "spdx": "my own"},
}


@pytest.mark.parametrize("name", ["dog", "frobnicator"])
def test_fields_in_other_forms_leave_as_they_came(name: str, tmp_path: Path) -> None:
    same = {"name": "x", "url": "u"}
    document = {
        "licenses": [{"id": 1} | same | {"q": 1}, {"id": 2} | same | {"q": 2}, {"id": 3} | ODD["licenses"]],
        "images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 10} | ODD["images"]],
        "categories": [{"id": 5, "name": name} | ODD["categories"]],
    }
    (tmp_path / "0.json").write_text(json.dumps(document), encoding="utf-8")
    for number in range(2):
        corpus = Corpus.create(tmp_path / f"corpus{number}")
        import_coco(corpus, tmp_path / f"{number}.json")
        export_coco(corpus, tmp_path / f"{number + 1}.json")
    left = _read(tmp_path / "1.json")
    assert [_without(record, "spdx") for record in left["licenses"][:2]] == document["licenses"][:2]
    assert (left["licenses"][2], left["images"]) == (document["licenses"][2], document["images"])
    assert left["categories"] == document["categories"]
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_a_category_that_another_corpus_lacks_keeps_its_passport(mini: Corpus, tmp_path: Path) -> None:
    local = mini.path / "ontology"
    local.mkdir()
    columns = ("id", "key", "synset", "sense_key", "ili", "parents", "definition", "note", "reason")
    own = ("900001", "curling_stone", "", "", "", "", "a granite stone", "", "not in WordNet")
    (local / "categories.tsv").write_text("\t".join(columns) + "\n" + "\t".join(own) + "\n", encoding="utf-8")
    with mini.writing() as connection:
        change(connection, 1, "annotations", {45: {"category_id": 900001}})
    export_coco(Corpus(mini.path), tmp_path / "1.json")
    fresh = Corpus.create(tmp_path / "fresh")
    import_coco(fresh, tmp_path / "1.json")
    export_coco(fresh, tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_what_an_image_was_given_since_takes_the_place_of_what_it_came_with(corpus: Corpus, tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "a.jpg", "width": 10, "height": 10, "author": ["A", "B"]}
    (tmp_path / "0.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
    import_coco(corpus, tmp_path / "0.json")
    with corpus.writing() as connection:
        change(connection, 1, "images", {1: {"author": "Ana"}})
    export_coco(corpus, tmp_path / "1.json")
    assert _read(tmp_path / "1.json")["images"] == [image | {"author": "Ana"}]


def test_an_spdx_expression_says_more_than_an_address(corpus: Corpus, tmp_path: Path) -> None:
    url = "http://creativecommons.org/licenses/by/4.0/"
    licenses = [
        {"id": 1, "name": "x", "url": url, "spdx": "cc0-1.0"},
        {"id": 2, "name": "x", "url": url, "spdx": "free"},
        {"id": 3, "name": "CC-BY-2.0", "url": "", "spdx": "unknown"},
    ]
    (tmp_path / "0.json").write_text(json.dumps({"licenses": licenses}), encoding="utf-8")
    import_coco(corpus, tmp_path / "0.json")
    export_coco(corpus, tmp_path / "1.json")
    found = [record["spdx"] for record in _read(tmp_path / "1.json")["licenses"]]
    assert found == ["CC0-1.0", "CC-BY-4.0", "CC-BY-2.0"]


def test_masks_equal_pycocotools(mini: Corpus) -> None:
    sizes = {image["id"]: (image["height"], image["width"]) for image in _read(MINI / "instances.json")["images"]}
    for row in mini.annotations().to_pylist():
        height, width = sizes[row["image_id"]]
        found = rle_to_mask(segmentation_rle(row["segmentation"], height, width))
        segmentation = json.loads(row["segmentation"])
        if isinstance(segmentation, list):
            expected = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
        elif isinstance(segmentation["counts"], list):
            expected = coco_mask.frPyObjects(segmentation, height, width)
        else:
            expected = segmentation
        assert (found == coco_mask.decode(expected).astype(bool)).all()


def test_records_are_accepted_imports_unless_drafts_are_wanted(mini: Corpus, tmp_path: Path) -> None:
    assert set(mini.annotations()["status"].to_pylist()) == {"accepted"}
    assert set(mini.captions()["origin"].to_pylist()) == {"import"}
    drafts = Corpus.create(tmp_path / "drafts")
    import_coco(drafts, MINI / "instances.json", as_draft=True)
    assert set(drafts.annotations()["status"].to_pylist()) == {"draft"}


def test_licences_become_spdx(mini: Corpus) -> None:
    licenses = dict(zip(mini.images()["id"].to_pylist(), mini.images()["license"].to_pylist(), strict=True))
    assert licenses == {3: "CC-BY-NC-SA-2.0", 10: "CC-BY-2.0", 11: "CC0-1.0", 500: "CC-BY-2.0", 7001: "CC-BY-2.0"}


def test_linked_categories_are_found_through_the_ontology(mini: Corpus) -> None:
    assert mini.annotations(category="chess_player")["id"].to_pylist() == [45]
    assert mini.annotations(under="person")["id"].to_pylist() == [45, 100000000001]
    assert mini.annotations(category="пръстен")["id"].to_pylist() == [3, 4]
    assert mini.images(category="dog")["id"].to_pylist() == [7001]


def test_adopted_categories_are_the_ontologys(corpus: Corpus) -> None:
    import_coco(corpus, MINI / "instances.json", adopt=True)
    ids = dict(
        zip(corpus.annotations()["id"].to_pylist(), corpus.annotations()["category_id"].to_pylist(), strict=True)
    )
    assert ids[45] == corpus.ontology["chess_player"].id
    assert ids[3] == 9  # no category of the ontology is called пръстен


def test_importing_again_changes_nothing(mini: Corpus, tmp_path: Path) -> None:
    export_coco(mini, tmp_path / "1.json")
    report = import_coco(mini, MINI / "instances.json", images=MINI / "images", captions=MINI / "captions.json")
    assert (report.images, report.annotations, report.captions, report.categories) == (0, 0, 0, 0)
    export_coco(mini, tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_photographs_can_come_later(corpus: Corpus) -> None:
    import_coco(corpus, MINI / "instances.json")
    assert corpus.images()["sha256"].to_pylist() == [None] * 5
    report = import_coco(corpus, MINI / "instances.json", images=MINI / "images")
    assert report.attached == 5
    for row in corpus.images().to_pylist():
        assert corpus.files.read(row["sha256"], row["extension"]) == (MINI / "images" / row["file_name"]).read_bytes()


def test_photographs_that_come_later_stand_in_the_history(corpus: Corpus) -> None:
    import_coco(corpus, MINI / "instances.json")
    import_coco(corpus, MINI / "instances.json", images=MINI / "images")
    images = corpus.images().to_pylist()
    with corpus.reading() as connection:
        rows = connection.execute(select(schema.history).order_by(schema.history.c.record_id)).all()
    assert [(row.record_id, json.loads(row.before)["sha256"], json.loads(row.after)["sha256"]) for row in rows] == [
        (image["id"], None, image["sha256"]) for image in images
    ]


def test_other_records_under_known_ids_are_refused_or_renumbered(mini: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    document["images"] = [document["images"][0] | {"file_name": "other.jpg"}]
    document["annotations"] = [document["annotations"][0] | {"segmentation": [[1, 1, 9, 1, 9, 9]]}]
    (tmp_path / "other.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ImportProblems, match=r"images\[0\].id: 3 is another image"):
        import_coco(mini, tmp_path / "other.json")
    import_coco(mini, tmp_path / "other.json", renumber=True)
    new = mini.images(images=[7002]).to_pylist()[0]
    assert (new["file_name"], json.loads(new["attributes"])["source_id"]) == ("other.jpg", 3)
    moved = [row for row in mini.annotations().to_pylist() if row["image_id"] == 7002]
    assert [(row["id"], row["segmentation"]) for row in moved] == [(100000000002, "[[1,1,9,1,9,9]]")]


def _looked_for(file_name: str, names: list[str], **lists: list[int]) -> dict:
    """A COCO file of an image without annotations that says what somebody looked for in it; categories from 1 up."""
    categories = [{"id": id, "name": name} for id, name in enumerate(names, 1)]
    image = {"id": 1, "file_name": file_name, "width": 64, "height": 48}
    return {"images": [image | lists], "annotations": [], "categories": categories}


@pytest.mark.parametrize("adopt", [False, True])
def test_what_was_looked_for_follows_its_categories(adopt: bool, corpus: Corpus, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps(_looked_for("a.jpg", ["ягода", "dog"])), encoding="utf-8")
    lists = {"neg_category_ids": [2, 1], "checked": [1], "absent": [2], "not_exhaustive_category_ids": [1]}
    second.write_text(json.dumps(_looked_for("b.jpg", ["dog", "violin"], **lists)), encoding="utf-8")
    import_coco(corpus, first)
    import_coco(corpus, second, renumber=True, adopt=adopt)
    names = {id: name for id, (name, _) in corpus.imported_categories().items()}
    names |= {corpus.ontology[key].id: key for key in ("dog", "violin")}
    (row,) = (row for row in corpus.images().to_pylist() if row["file_name"] == "b.jpg")
    found = json.loads(row["attributes"])
    assert {name: [names[id] for id in found[name]] for name in lists} == {
        "neg_category_ids": ["violin", "dog"],
        "checked": ["dog"],
        "absent": ["violin"],
        "not_exhaustive_category_ids": ["dog"],
    }
    export_coco(corpus, tmp_path / "out.json")
    again = Corpus.create(tmp_path / "again")
    import_coco(again, tmp_path / "out.json")
    export_coco(again, tmp_path / "out2.json")
    assert (tmp_path / "out.json").read_bytes() == (tmp_path / "out2.json").read_bytes()


def test_a_category_that_was_looked_for_and_is_another_in_the_corpus_is_named(corpus: Corpus, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps(_looked_for("a.jpg", ["ягода"])), encoding="utf-8")
    document = _looked_for("b.jpg", [], neg_category_ids=[1, 7])
    document["images"][0]["id"] = 2
    second.write_text(json.dumps(document), encoding="utf-8")
    import_coco(corpus, first)
    report = import_coco(corpus, second, skip_bad=True)
    assert report.skipped == ["2.json: images[0].neg_category_ids: expected ids of the categories, found 1"]
    assert json.loads(corpus.images(images=[2]).to_pylist()[0]["attributes"]) == {"neg_category_ids": [7]}


def test_importing_again_with_new_ids_changes_nothing(mini: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    for image in document["images"]:
        image["file_name"] = f"other/{image['file_name']}"
    for category in document["categories"]:
        category["name"] += " of another kind"
    (tmp_path / "other.json").write_text(json.dumps(document), encoding="utf-8")
    captions = _read(MINI / "captions.json") | {"images": document["images"]}
    (tmp_path / "captions.json").write_text(json.dumps(captions), encoding="utf-8")
    first = import_coco(mini, tmp_path / "other.json", captions=tmp_path / "captions.json", renumber=True)
    assert (first.images, first.annotations, first.captions) == (5, 6, 4)
    export_coco(mini, tmp_path / "1.json", captions=tmp_path / "1c.json")
    again = import_coco(mini, tmp_path / "other.json", captions=tmp_path / "captions.json", renumber=True)
    assert (again.images, again.annotations, again.captions, again.categories) == (0, 0, 0, 0)
    export_coco(mini, tmp_path / "2.json", captions=tmp_path / "2c.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert (tmp_path / "1c.json").read_bytes() == (tmp_path / "2c.json").read_bytes()


def test_a_renumbered_category_gets_no_id_of_the_ontology(corpus: Corpus, tmp_path: Path) -> None:
    ids = sorted(category.id for category in corpus.ontology)
    names = {"first.json": [(ids[0] - 1, "mine")], "second.json": [(ids[0] - 1, "yours"), (ids[0], "theirs")]}
    for name, categories in names.items():
        records = [{"id": id, "name": word} for id, word in categories]
        (tmp_path / name).write_text(json.dumps({"images": [], "annotations": [], "categories": records}))
        import_coco(corpus, tmp_path / name, renumber=True)
    found = {id: word for id, (word, _) in corpus.imported_categories().items()}
    assert found == {ids[0] - 1: "mine", ids[-1] + 1: "yours", ids[-1] + 2: "theirs"}


BROKEN = {
    'annotations[0].id: expected a whole number, found "45"': lambda d: d["annotations"][0].update(id="45"),
    "annotations[0].bbox: expected 4 numbers, found 3": lambda d: d["annotations"][0].update(bbox=[1, 2, 3]),
    "annotations[0].bbox: expected a width and height from 0 up": lambda d: d["annotations"][0].update(
        bbox=[1, 2, -3, 4]
    ),
    "annotations[0].segmentation[0]: expected x, y of at least three points, found 5 numbers": (
        lambda d: d["annotations"][0].update(segmentation=[[1, 2, 3, 4, 5]])
    ),
    "annotations[0].segmentation[1]: expected x, y of at least three points, found 4 numbers": (
        lambda d: d["annotations"][0].update(segmentation=[[1, 2, 3, 4, 5, 6], [1, 2, 3, 4]])
    ),
    "annotations[0].segmentation: expected polygons or run lengths": lambda d: d["annotations"][0].update(
        segmentation=7
    ),
    "annotations[3].segmentation: ": lambda d: d["annotations"][3]["segmentation"].update(size=[30, 41]),
    "annotations[0].area: expected a number from 0 up": lambda d: d["annotations"][0].update(area="big"),
    "annotations[0].iscrowd: expected 0 or 1": lambda d: d["annotations"][0].update(iscrowd=2),
    "annotations[0].image_id: expected the id of one of the images, found 999": (
        lambda d: d["annotations"][0].update(image_id=999)
    ),
    "annotations[0].category_id: expected the id of one of the categories, found 8": (
        lambda d: d["annotations"][0].update(category_id=8)
    ),
    "annotations[1].id: expected an id of its own, found 45 again": lambda d: d["annotations"][1].update(id=45),
    "annotations[0].status: expected draft, accepted, rejected": lambda d: d["annotations"][0].update(status="good"),
    "images[0].width: expected a number of pixels": lambda d: d["images"][0].update(width=0),
    "images[1].id: expected an id of its own, found 3 again": lambda d: d["images"][1].update(id=3),
    "images[0].file_name: expected a text, found nothing": lambda d: d["images"][0].pop("file_name"),
    "images[0].license: expected the id of one of the licenses, found 77": lambda d: d["images"][0].update(license=77),
    "categories[0].name: expected a text": lambda d: d["categories"][0].update(name=5),
    "categories[1].id: expected an id of its own, found 1 again": lambda d: d["categories"][1].update(id=1),
    "images[0]: expected an object, found 5": lambda d: d["images"].__setitem__(0, 5),
    "images[0].license: expected the id of one of the licenses, found [1]": lambda d: d["images"][0].update(
        license=[1]
    ),
    "images[0]: image size: expected at most 536870911 pixels": lambda d: d["images"][0].update(
        width=30_000, height=30_000
    ),
    "licenses[1].id: expected an id of its own, found 1 again": lambda d: d["licenses"][1].update(id=1),
    "annotations[0].origin: expected model, human, import, found 5": lambda d: d["annotations"][0].update(origin=5),
    "annotations[0].score: expected a number from 0 up": lambda d: d["annotations"][0].update(score="high"),
    "annotations[0].segmentation[0]: expected coordinates within 100064 pixels, found 1e+06": (
        lambda d: d["annotations"][0].update(segmentation=[[0, 0, 1_000_000, 0, 1_000_000, 1_000_000]])
    ),
    "annotations[0].segmentation[0]: expected coordinates within 100064 pixels, found -123457": (
        lambda d: d["annotations"][0].update(segmentation=[[0, 0, 5, -123456.75, 5, 5]])
    ),
}


@pytest.mark.parametrize("message", BROKEN)
def test_each_problem_is_named_with_its_place(message: str, corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    BROKEN[message](document)
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ImportProblems) as caught:
        import_coco(corpus, tmp_path / "bad.json")
    assert any(problem.startswith(f"bad.json: {message}") for problem in caught.value.problems)
    assert (corpus.images().num_rows, corpus.annotations().num_rows) == (0, 0)


def test_all_problems_come_at_once_and_the_rest_can_be_imported(corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    document["annotations"][0]["bbox"] = [1, 2, 3]
    document["annotations"][2]["category_id"] = 8
    document["images"][4]["height"] = -1
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ImportProblems) as caught:
        import_coco(corpus, tmp_path / "bad.json")
    report = import_coco(corpus, tmp_path / "bad.json", skip_bad=True)
    assert report.skipped == caught.value.problems
    assert len(report.skipped) == 4  # the annotation on the bad image is the fourth
    assert corpus.images()["id"].to_pylist() == [3, 10, 11, 500]
    assert corpus.annotations()["id"].to_pylist() == [3, 4, 46]


@pytest.mark.parametrize("field", ["score", "status", "origin"])
def test_an_annotation_that_is_left_out_is_left_out_whole(field: str, corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    document["annotations"][0] |= {field: "good"}
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    report = import_coco(corpus, tmp_path / "bad.json", skip_bad=True)
    assert len(report.skipped) == 1
    assert import_coco(corpus, MINI / "instances.json").annotations == 1
    assert len(set(corpus.annotations()["id"].to_pylist())) == 6


@pytest.mark.parametrize("field", ["status", "origin", "kind", "language"])
def test_a_caption_that_is_left_out_is_left_out_whole(field: str, corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "captions.json")
    document["annotations"][0] |= {field: 7}
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    report = import_coco(corpus, tmp_path / "bad.json", skip_bad=True)
    assert [problem.partition(": expected")[0] for problem in report.skipped] == [f"bad.json: annotations[0].{field}"]
    assert report.captions == 3
    assert import_coco(corpus, MINI / "captions.json").captions == 1


def test_a_record_that_names_another_status_than_the_corpus_has_is_a_problem(mini: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    document["annotations"][0] |= {"status": "draft", "origin": "import"}
    (tmp_path / "other.json").write_text(json.dumps(document), encoding="utf-8")
    problem = "annotations[0].status: expected accepted, as the corpus has this record, found draft"
    for renumber in (False, True):
        with pytest.raises(ImportProblems) as caught:
            import_coco(mini, tmp_path / "other.json", renumber=renumber)
        assert caught.value.problems == [f"other.json: {problem}"]


def test_records_that_name_no_status_are_the_same_whatever_became_of_them(mini: Corpus) -> None:
    with mini.writing() as connection:
        change(connection, 1, "annotations", {45: {"status": "rejected", "origin": "human"}})
    assert import_coco(mini, MINI / "instances.json").annotations == 0
    assert mini.annotations(status="rejected")["id"].to_pylist() == [45]


LATIN = {
    'categories[0].name: expected a text, found "Kl': ("categories", "name"),
    'images[0].file_name: expected a text, found "Kl': ("images", "file_name"),
    "annotations[0].note: expected a value that can be read": ("annotations", "note"),
    "licenses[0].note: expected a value that can be read": ("licenses", "note"),
    "images[0].author: expected a value that can be read": ("images", "author"),
}


@pytest.mark.parametrize("problem", LATIN)
def test_a_text_that_is_not_utf_8_is_named_with_its_place(problem: str, corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    part, field = LATIN[problem]
    document[part][0][field] = "Klavír"
    (tmp_path / "bad.json").write_bytes(
        json.dumps(document, ensure_ascii=False).encode().replace("í".encode(), b"\xed")
    )
    with pytest.raises(ImportProblems) as caught:
        import_coco(corpus, tmp_path / "bad.json")
    assert caught.value.problems[0].startswith(f"bad.json: {problem}")


@pytest.mark.parametrize(
    "text", ['{"info": {"by": "\xed"}}', '{"mine": "\xed"}', '{"x": ' + "[" * 3000 + "]" * 3000 + "}"]
)
def test_what_a_file_says_of_itself_is_refused_where_it_cannot_be_read(
    text: str, corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="latin-1")
    with pytest.raises(CorpusError, match=r"bad\.json: "):
        import_coco(corpus, tmp_path / "bad.json")


def test_a_file_name_that_no_file_can_have_is_a_problem(corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    document["images"][0]["file_name"] = "a\0.jpg"
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ImportProblems, match=r"images\[0\].file_name: expected the name of a file, found 'a\\x00.jpg'"):
        import_coco(corpus, tmp_path / "bad.json", images=MINI / "images")


def test_large_coordinates_of_large_images_are_no_problem(corpus: Corpus, tmp_path: Path) -> None:
    polygon = [100_000, 0, 120_000.5, 0, 120_000, 50]
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [polygon], "bbox": [1, 1, 5, 5], "area": 5}
    document = {
        "images": [{"id": 1, "file_name": "wide.jpg", "width": 130_000, "height": 60}],
        "annotations": [annotation],
        "categories": [{"id": 1, "name": "dog"}],
    }
    (tmp_path / "wide.json").write_text(json.dumps(document), encoding="utf-8")
    import_coco(corpus, tmp_path / "wide.json")
    assert [json.loads(text) for text in corpus.annotations()["segmentation"].to_pylist()] == [[polygon]]


def test_photographs_are_held_against_their_records(corpus: Corpus, tmp_path: Path) -> None:
    shutil.copytree(MINI / "images", tmp_path / "images")
    (tmp_path / "images" / "empty.jpg").unlink()
    shutil.copy(MINI / "images" / "violin.jpg", tmp_path / "images" / "ring.png")
    with pytest.raises(ImportProblems) as caught:
        import_coco(corpus, MINI / "instances.json", images=tmp_path / "images")
    problems = "\n".join(caught.value.problems)
    assert "images[2].file_name: expected a picture of 40×30 pixels, found 48×64" in problems
    assert "images[3].file_name: expected the photograph in images, found no 'empty.jpg'" in problems


def test_a_path_cannot_leave_the_folder(corpus: Corpus, tmp_path: Path) -> None:
    document = _read(MINI / "instances.json")
    document["images"][0]["file_name"] = "../instances.json"
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ImportProblems, match=r"images\[0\].file_name: expected a path inside images"):
        import_coco(corpus, tmp_path / "bad.json", images=MINI / "images")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"images": 5}', '{"images": [], "annotations": [NaN]}'])
def test_what_is_no_coco_file_is_refused(text: str, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"bad\.json"):
        import_coco(corpus, tmp_path / "bad.json")


numbers = st.floats(0, 60, allow_nan=False).map(lambda value: round(value, 2)) | st.integers(0, 60)
polygons = st.lists(
    st.lists(st.tuples(numbers, numbers), min_size=3, max_size=6).map(
        lambda points: [x for point in points for x in point]
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shapes=st.lists(polygons, min_size=1, max_size=4),
    name=st.text(min_size=1, max_size=20),
    extra=st.dictionaries(st.text(), st.integers() | st.text()),
)
def test_any_polygons_names_and_fields_survive(
    shapes: list, name: str, extra: dict, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    known = {
        "id",
        "image_id",
        "category_id",
        "segmentation",
        "bbox",
        "area",
        "iscrowd",
        "score",
        "status",
        "origin",
        "caption",
    }
    extra = {
        key: value
        for key, value in extra.items()
        if key not in known and not (isinstance(value, int) and abs(value) >= 2**63)
    }
    document = {
        "images": [{"id": 1, "file_name": name, "width": 60, "height": 60}],
        "categories": [{"id": 5, "name": name, "supercategory": ""}],
        "annotations": [
            {
                "id": i,
                "image_id": 1,
                "category_id": 5,
                "segmentation": shape,
                "bbox": [0, 0, 5, 5],
                "area": 25.0,
                "iscrowd": 0,
            }
            | extra
            for i, shape in enumerate(shapes)
        ],
    }
    (folder / "in.json").write_text(json.dumps(document), encoding="utf-8")
    corpus = Corpus.create(folder / "corpus")
    import_coco(corpus, folder / "in.json")
    export_coco(corpus, folder / "out.json")
    left = _read(folder / "out.json")
    assert [_without(record, "status", "origin") for record in left["annotations"]] == document["annotations"]
    assert left["images"] == document["images"]
    assert left["categories"][0]["name"] == name
    corpus.close()
