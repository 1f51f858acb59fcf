import json
from pathlib import Path

import pandas as pd
import pytest

from mic21.corpus import edit, schema
from mic21.corpus.changes import change, insert_rows
from mic21.corpus.check import check
from mic21.corpus.coco import export_coco
from mic21.corpus.ingest import ingest
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems, Mic21Error, UsageError

from ..conftest import MINI


def _bytes(corpus: Corpus, path: Path) -> bytes:
    export_coco(corpus, path, captions=path.with_suffix(".captions"))
    return path.read_bytes() + path.with_suffix(".captions").read_bytes()


def _categories(corpus: Corpus) -> dict[int, int]:
    table = corpus.annotations()
    return dict(zip(table["id"].to_pylist(), table["category_id"].to_pylist(), strict=True))


def _subdomains(corpus: Corpus) -> dict[int, str | None]:
    table = corpus.images()
    return dict(zip(table["id"].to_pylist(), table["subdomain"].to_pylist(), strict=True))


def test_relabel_follows_the_table(mini: Corpus, tmp_path: Path) -> None:
    edit.move(mini, "chess", images=[3])
    (tmp_path / "table.csv").write_text(
        "subdomain,from,to\n,table,dining_table\nchess,Chess player,person\n", encoding="utf-8"
    )
    report = edit.relabel(mini, edit.read_relabels(tmp_path / "table.csv"))
    assert report.changed == {"annotations": 2}
    found = _categories(mini)
    assert found[45] == mini.ontology["person"].id
    assert found[46] == mini.ontology["dining_table"].id
    assert found[3] == 9


def test_relabel_can_swap(mini: Corpus) -> None:
    edit.relabel(mini, [edit.Relabel(None, "1", "dining_table"), edit.Relabel(None, "7", "chessboard")])
    swap = [edit.Relabel(None, "dining_table", "chessboard"), edit.Relabel(None, "chessboard", "dining_table")]
    edit.relabel(mini, swap)
    found = _categories(mini)
    assert (found[9], found[100000000001]) == (mini.ontology["chessboard"].id, mini.ontology["dining_table"].id)


def test_a_bad_relabelling_table_changes_nothing(mini: Corpus, tmp_path: Path) -> None:
    before = _bytes(mini, tmp_path / "before.json")
    lines = [
        edit.Relabel(None, "table", "person"),
        edit.Relabel("ches", "dog", "person"),
        edit.Relabel(None, "dog", "no such"),
    ]
    with pytest.raises(ImportProblems) as caught:
        edit.relabel(mini, lines)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["row 2", "row 3"]
    with pytest.raises(ImportProblems, match="a second one"):
        edit.relabel(mini, [edit.Relabel(None, "dog", "person"), edit.Relabel(None, "1", "horse")])
    assert _bytes(mini, tmp_path / "after.json") == before
    (tmp_path / "empty.csv").write_text("from,to\ndog,\n")
    with pytest.raises(ImportProblems, match="row 1"):
        edit.read_relabels(tmp_path / "empty.csv")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from,to\nviolin,guitar,violinist\n", "line 2, saw 3"),
        ("from,to\ndog,cat\nviolin,guitar,violinist\n", "line 3, saw 3"),
        ("from,to,subdomian\nviolin,guitar,violinist\n", "found also subdomian"),
        ("from,too\nviolin,guitar\n", "expected a column `to`, found from, too"),
        ("from,to,to\nviolin,guitar,cello\n", "found to twice"),
    ],
)
def test_a_relabelling_table_of_another_shape_is_refused(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(Mic21Error, match=found):
        edit.read_relabels(tmp_path / "table.csv")


def test_relabelling_tables_are_read_in_every_form(tmp_path: Path) -> None:
    text = "\ufefffrom,to,subdomain\n violin , guitar,\n\ndog,cat\ncat,dog,chess\n"
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    (tmp_path / "table.tsv").write_text(text.replace(",", "\t"), encoding="utf-8")
    columns = {"subdomain": [None, None, "chess"], "to": ["guitar", "cat", "dog"], "from": ["violin", "dog", "cat"]}
    pd.DataFrame(columns).to_parquet(tmp_path / "table.parquet")
    expected = [
        edit.Relabel(None, "violin", "guitar"),
        edit.Relabel(None, "dog", "cat"),
        edit.Relabel("chess", "cat", "dog"),
    ]
    for form in ("csv", "tsv", "parquet"):
        assert edit.read_relabels(tmp_path / f"table.{form}") == expected


def test_a_line_that_changes_nothing_is_an_exception_for_its_subdomain(mini: Corpus, tmp_path: Path) -> None:
    edit.relabel(mini, [edit.Relabel(None, "dog", "dog"), edit.Relabel(None, "chess_player", "dog")])
    assert len(mini.annotations(category="dog")) == 2
    edit.move(mini, "chess", images=[3])
    (tmp_path / "table.csv").write_text("from,to,subdomain\ndog,horse,\ndog,dog,chess\n")
    assert edit.relabel(mini, edit.read_relabels(tmp_path / "table.csv")).changed == {"annotations": 1}
    assert [row["image_id"] for row in mini.annotations(category="dog").to_pylist()] == [3]


def _facts(corpus: Corpus, id: int) -> dict[str, object]:
    (row,) = corpus.images(images=[id]).to_pylist()
    return {name: row[name] for name in ("subdomain", "license", "author", "source_url", "title")}


def test_facts_of_a_table_are_written_down_and_can_be_undone(mini: Corpus, tmp_path: Path) -> None:
    before = mini.images().to_pylist()
    rows = {row["id"]: row["file_name"] for row in before}
    table = f"file,license,author,title\n{rows[3]},cc-by-4.0,Ана,\n{rows[11]},unknown,, Шах\n{rows[500]},CC-BY-2.0,,\n"
    (tmp_path / "facts.csv").write_text(table, encoding="utf-8")
    report = edit.facts(mini, edit.read_facts(tmp_path / "facts.csv"))
    assert report.changed == {"images": 2}  # the licence of 500 is what it was, with the address it came with
    old = {row["id"]: row for row in before}
    assert _facts(mini, 3) == {name: old[3][name] for name in _facts(mini, 3)} | {
        "license": "CC-BY-4.0",
        "author": "Ана",
    }
    assert (_facts(mini, 11)["license"], _facts(mini, 11)["title"]) == ("unknown", "Шах")
    edit.undo(mini, report.run_id)
    assert mini.images().to_pylist() == before


def test_facts_are_given_by_id_too(mini: Corpus, tmp_path: Path) -> None:
    columns = {"id": [3, 10], "source_url": ["https://example.org/3", None], "subdomain": [None, "chess"]}
    pd.DataFrame(columns).to_parquet(tmp_path / "facts.parquet")
    assert edit.facts(mini, edit.read_facts(tmp_path / "facts.parquet")).changed == {"images": 2}
    assert (_facts(mini, 3)["source_url"], _facts(mini, 10)["subdomain"]) == ("https://example.org/3", "chess")


def test_bad_facts_change_nothing_and_are_all_named(mini: Corpus) -> None:
    before = mini.images().to_pylist()
    edit.withdraw(mini, [7001], reason="asked to")
    same = mini.images(images=[10])["file_name"].to_pylist()[0]
    with mini.writing() as connection:
        change(connection, mini.insert_run(connection, "test", {}), "images", {11: {"file_name": same}})
    lines = [
        edit.ImageFacts(3, author="Ana"),
        edit.ImageFacts(7001, author="Ana"),
        edit.ImageFacts("none.jpg", author="Ana"),
        edit.ImageFacts(same, author="Ana"),
        edit.ImageFacts(500, license="mine"),
        edit.ImageFacts(10, subdomain="ches"),
        edit.ImageFacts(3, title="Chess"),
    ]
    with pytest.raises(ImportProblems) as caught:
        edit.facts(mini, lines)
    image = "image: expected the id or file name of an active image, found"
    assert [problem.split("; nearest")[0] for problem in caught.value.problems] == [
        f"row 2: {image} 7001",
        f"row 3: {image} 'none.jpg'",
        f"row 4: {image} {same!r} of 2 images: give the id",
        "row 5: license: expected an SPDX expression such as CC-BY-4.0, LicenseRef-NAME or unknown, found 'mine'",
        "row 6: unknown subdomain 'ches'",
        "row 7: image: expected each image once, found 3 again",
    ]
    assert mini.images(images=[3]).to_pylist() == before[:1]
    assert edit.log(mini)[0]["step"] == "test"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id,licence\n3,CC0-1.0\n", "found also licence"),
        ("license\nCC0-1.0\n", "found neither"),
        ("id,file,license\n3,a.jpg,CC0-1.0\n", "found id and file"),
        ("id,license\n", "found no rows"),
        ("id,license\n3,CC0-1.0,Ana\n", "line 2, saw 3"),
        ("id,license\nx,CC0-1.0\n,CC0-1.0\n", "(?s)row 1: id: expected a number, found 'x'.*row 2"),
    ],
)
def test_a_table_of_facts_of_another_shape_is_refused(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(text)
    with pytest.raises(Mic21Error, match=found):
        edit.read_facts(tmp_path / "facts.csv")


def test_move_takes_images_that_have_one_class_and_lack_another(mini: Corpus) -> None:
    edit.move(mini, "violinist", images=[3, 10, 11])
    report = edit.move(mini, "chess", subdomain="violinist", has="person", lacks="violinist")
    assert report.changed == {}  # a chess player is no person by name: `has` is the category itself
    report = edit.move(mini, "chess", subdomain="violinist", has="chess_player", lacks="violinist")
    assert report.changed == {"images": 1}
    assert _subdomains(mini) == {3: "chess", 10: "violinist", 11: "violinist", 500: None, 7001: None}
    assert mini.annotations(subdomain="chess")["id"].to_pylist() == [45, 46]


def test_move_must_be_told_what(mini: Corpus) -> None:
    with pytest.raises(UsageError):
        edit.move(mini, "chess")
    with pytest.raises(CorpusError, match="found 12345"):
        edit.move(mini, "chess", images=[12345])


def test_merge_doubles_nothing(mini: Corpus, tmp_path: Path) -> None:
    # The published corpus has the same photograph in two subdomains; here the second is a copy with one mask more.
    from mic21.corpus.coco import import_coco

    import_coco(mini, MINI / "instances.json", images=MINI / "images")
    with mini.writing() as connection:
        run = mini.insert_run(connection, "test", {})
        change(connection, run, "images", {3: {"subdomain": "chess"}, 10: {"subdomain": "violinist"}})
        sha = mini.images(images=[3]).to_pylist()[0]["sha256"]
        change(connection, run, "images", {10: {"sha256": sha, "height": 48, "width": 64}})
        mask = {
            "category_id": 21,
            "segmentation": "[[2.5,3.25,30,3.25,30.0,40,2.5,40]]",
            "bbox": "[2.5,3.25,27.5,36.75]",
        }
        change(connection, run, "annotations", {100000000001: mask, 46: {"image_id": 10}})
    report = edit.merge(mini, ["violinist"], "chess")
    assert report.changed == {"images": 1, "annotations": 2, "captions": 1}
    assert mini.images(subdomain=["chess", "violinist"])["id"].to_pylist() == [3]
    assert mini.annotations(images=[3])["id"].to_pylist() == [45, 46]
    assert mini.captions(images=[3])["id"].to_pylist() == [1, 2, 7]
    assert mini.images(withdrawn=True)["id"].to_pylist() == [10]


@pytest.fixture
def doubled(corpus: Corpus) -> Corpus:
    """A photograph under ids 1, 2 and 3 in two subdomains: a dog and a cat each, and who sees whom."""
    with corpus.writing() as connection:
        run = corpus.insert_run(connection, "test", {})
        licenses = [{"id": 1, "spdx": "unknown", "name": "as is"}, {"id": 2, "spdx": "CC-BY-4.0", "name": "CC-BY-4.0"}]
        insert_rows(connection, schema.licenses, licenses)
        image = {
            "file_name": "a.jpg",
            "sha256": "a" * 64,
            "width": 9,
            "height": 9,
            "group_key": "a",
            "status": "active",
        }
        known = [("violinist", 1, None, "A"), ("cellist", 2, None, "B"), ("cellist", None, "Ana", None)]
        facts = ("subdomain", "license_id", "author", "title")
        images = [
            image | {"id": id, "run_id": run} | dict(zip(facts, of, strict=True)) for id, of in enumerate(known, 1)
        ]
        insert_rows(connection, schema.images, images)
        mask = {"segmentation": "[[1,1,5,1,5,5]]", "bbox": "[1,1,4,4]", "area": 8.0, "iscrowd": 0, "run_id": run}
        annotations = [
            mask | {"id": 10 * image_id + number, "image_id": image_id, "category_id": category.id} | _state(image_id)
            for image_id in (1, 2, 3)
            for number, category in enumerate([corpus.ontology["dog"], corpus.ontology["cat"]])
        ]
        insert_rows(connection, schema.annotations, annotations)
        sees = [(2, 20, 21), (2, 21, 20), (3, 30, 31)]
        interactions = [
            {"id": id, "image_id": image, "subject_id": subject, "predicate": "looks_at", "object_id": object}
            | _state(image)
            | {"run_id": run}
            for id, (image, subject, object) in enumerate(sees, 1)
        ]
        insert_rows(connection, schema.interactions, interactions)
    return corpus


def _state(image_id: int) -> dict[str, str]:
    person = image_id == 3
    return {"status": "accepted" if person else "draft", "origin": "human" if person else "model"}


def test_merge_loses_nothing_that_only_a_double_has(doubled: Corpus) -> None:
    before = [doubled.images().to_pylist(), doubled.annotations().to_pylist(), doubled.interactions().to_pylist()]
    report = edit.merge(doubled, ["cellist"], "violinist")
    assert doubled.images()["id"].to_pylist() == [1]
    expected = {"subdomain": "violinist", "license": "CC-BY-4.0", "author": "Ana", "source_url": None, "title": "A"}
    assert _facts(doubled, 1) == expected
    accepted = {"status": "accepted", "origin": "human"}
    columns = ["id", "status", "origin"]
    assert doubled.annotations().select(columns).to_pylist() == [{"id": 10} | accepted, {"id": 11} | accepted]
    columns = ["id", "image_id", "subject_id", "object_id", "status", "origin"]
    assert doubled.interactions().select(columns).to_pylist() == [
        {"id": 1, "image_id": 1, "subject_id": 10, "object_id": 11} | accepted,
        {"id": 2, "image_id": 1, "subject_id": 11, "object_id": 10} | _state(2),
    ]
    assert [problem for problem in check(doubled) if problem.code == "E601"] == []
    edit.undo(doubled, report.run_id)
    assert [
        doubled.images().to_pylist(),
        doubled.annotations().to_pylist(),
        doubled.interactions().to_pylist(),
    ] == before


def test_withdrawn_images_leave_and_their_ids_and_bytes_do_not_come_back(mini: Corpus) -> None:
    edit.withdraw(mini, [7001, 3], reason="asked to")
    assert mini.images()["id"].to_pylist() == [10, 11, 500]
    assert mini.annotations(images=[3, 7001]).num_rows == 0
    report = ingest(mini, [MINI / "images"])
    assert report.added == []
    assert {id for _, id in report.duplicates} == {3, 10, 11, 500, 7001}
    assert edit.purge(mini) == 2
    assert edit.purge(mini) == 0
    (second, first) = edit.log(mini)[:2]
    assert [(run["step"], run["state"]) for run in (first, second)] == [("edit purge", "finished")] * 2
    gone = {f"{row['sha256']}.{row['extension']}" for row in mini.images(withdrawn=True).to_pylist()}
    assert set(json.loads(first["parameters"])["files"]) == gone
    assert json.loads(second["parameters"])["files"] == []
    with pytest.raises(CorpusError, match="a purge cannot be undone"):
        edit.undo(mini, first["id"])
    with pytest.raises(CorpusError, match="active images, found 3"):
        edit.withdraw(mini, [3], reason="again")


def test_a_new_id_is_never_one_of_a_withdrawn_image(mini: Corpus, tmp_path: Path) -> None:
    from PIL import Image

    edit.withdraw(mini, [7001], reason="asked to")
    Image.new("RGB", (30, 30), "red").save(tmp_path / "new.png")
    assert ingest(mini, [tmp_path / "new.png"]).added == [7002]


def test_every_edit_can_be_undone(mini: Corpus, tmp_path: Path) -> None:
    before = _bytes(mini, tmp_path / "before.json")
    runs = [
        edit.move(mini, "chess", images=[3, 10]).run_id,
        edit.relabel(mini, [edit.Relabel(None, "dog", "horse")]).run_id,
        edit.merge(mini, ["chess"], "violinist").run_id,
        edit.withdraw(mini, [11], reason="asked to").run_id,
    ]
    assert _bytes(mini, tmp_path / "between.json") != before
    for run in reversed(runs):
        edit.undo(mini, run)
    assert _bytes(mini, tmp_path / "after.json") == before


def test_undo_refuses_what_has_changed_since(mini: Corpus) -> None:
    first = edit.move(mini, "chess", images=[3]).run_id
    second = edit.move(mini, "violinist", images=[3]).run_id
    with pytest.raises(ImportProblems, match="images 3: expected"):
        edit.undo(mini, first)
    edit.undo(mini, second)
    edit.undo(mini, first)
    with pytest.raises(CorpusError, match="undone already"):
        edit.undo(mini, first)
    with pytest.raises(CorpusError, match="expected an edit"):
        edit.undo(mini, 1)
    assert _subdomains(mini)[3] is None


def test_the_log_names_every_run(mini: Corpus) -> None:
    edit.move(mini, "chess", images=[3])
    assert [(row["step"], row["state"]) for row in edit.log(mini)] == [
        ("edit move", "finished"),
        ("import", "finished"),
    ]
