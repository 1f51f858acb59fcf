"""A corpus follows its ontology: what happens to annotations of categories that were merged, split or retired."""

from pathlib import Path

import pytest

from mic21.corpus import edit
from mic21.corpus.changes import change
from mic21.corpus.edit import Relabel
from mic21.corpus.store import Corpus
from mic21.ontology.rows import COLUMNS, UPKEEP_COLUMNS

CURLER = "900001\tcurler\t\t\t\tperson\ta person who plays curling\t\tnot in WordNet"
STONE = "900002\tcurling_stone\t\t\t\t\ta granite stone with a handle\t\tnot in WordNet"
ROCK = "900003\tcurling_rock\t\t\t\t\ta granite stone with a handle\t\tnot in WordNet"


def write(corpus: Corpus, table: str, *lines: str) -> None:
    folder = corpus.path / "ontology"
    folder.mkdir(exist_ok=True)
    columns = (COLUMNS | UPKEEP_COLUMNS)[table]
    (folder / f"{table}.tsv").write_text(
        "".join(f"{line}\n" for line in ("\t".join(columns), *lines)), encoding="utf-8"
    )


def labels(path: Path) -> dict[int, str]:
    table = Corpus(path).annotations(status=["draft", "accepted", "rejected"])
    return dict(zip(table["id"].to_pylist(), table["category"].to_pylist(), strict=True))


@pytest.fixture
def curling(mini: Corpus) -> Corpus:
    """The hand-made corpus whose dogs are curling stones."""
    write(mini, "categories", CURLER, STONE)
    corpus = Corpus(mini.path)
    assert edit.relabel(corpus, [Relabel(None, "dog", "curling_stone")]).changed == {"annotations": 1}
    return corpus


def test_merged_category_goes_to_the_other(curling: Corpus) -> None:
    before = labels(curling.path)
    write(curling, "categories", CURLER, ROCK)
    write(curling, "migrations", "1.0\tmerge\t900002\tcurling_stone\tcurling_rock\t\tthe same thing")
    report = edit.migrate(Corpus(curling.path))
    assert report.changed == {"annotations": 1}
    after = labels(curling.path)
    assert after == {id: "curling_rock" if key == "curling_stone" else key for id, key in before.items()}
    assert edit.migrate(Corpus(curling.path)).changed == {}


def test_a_migration_can_be_undone(curling: Corpus) -> None:
    before = curling.annotations().to_pylist()
    write(curling, "categories", CURLER, STONE, ROCK)
    write(curling, "migrations", "1.0\tmerge\t900002\tcurling_stone\tcurling_rock\t\t")
    report = edit.migrate(Corpus(curling.path))
    edit.undo(Corpus(curling.path), report.run_id)
    assert Corpus(curling.path).annotations().to_pylist() == before


def test_split_category_goes_by_subdomain(curling: Corpus) -> None:
    (row,) = [row for row in curling.annotations().to_pylist() if row["category"] == "curling_stone"]
    in_chess = "1.0\tsplit\t900002\tcurling_stone\tcurler\tchess\t"
    elsewhere = "1.0\tsplit\t900002\tcurling_stone\tcurling_rock\t\t"
    write(curling, "categories", CURLER, ROCK)
    write(curling, "migrations", in_chess, elsewhere)
    report = edit.migrate(Corpus(curling.path))
    assert labels(curling.path)[row["id"]] == "curling_rock"
    edit.undo(Corpus(curling.path), report.run_id)
    edit.move(Corpus(curling.path), "chess", images=[row["image_id"]])
    edit.migrate(Corpus(curling.path))
    assert labels(curling.path)[row["id"]] == "curler"


def test_chain_of_merges_is_followed(curling: Corpus) -> None:
    write(curling, "categories", CURLER)
    first = "1.0\tmerge\t900002\tcurling_stone\tcurling_rock\t\t"
    write(curling, "migrations", first, "2.0\tmerge\t900003\tcurling_rock\tcurler\t\t")
    edit.migrate(Corpus(curling.path))
    assert "curler" in labels(curling.path).values()


def _links(corpus: Corpus) -> dict[int, str | None]:
    return {id: key for id, (_, key) in corpus.imported_categories().items()}


def test_a_link_follows_every_rename_and_what_came_after(curling: Corpus) -> None:
    with curling.writing() as connection:
        change(connection, curling.insert_run(connection, "test", {}), "categories", {1: {"key": "curling_stone"}})
    renames = ["2\trename\t900002\tcurling_stone\tcurl_b\t\t", "3\trename\t900002\tcurl_b\tcurl_c\t\t"]
    write(curling, "categories", CURLER, STONE.replace("curling_stone", "curl_c"))
    write(curling, "migrations", *renames)
    corpus = Corpus(curling.path)
    run = edit.migrate(corpus).run_id
    assert _links(corpus)[1] == "curl_c"
    assert corpus.linked_categories()[1] == 900002
    assert edit.migrate(corpus).changed == {}
    edit.undo(corpus, run)
    write(curling, "categories", CURLER, ROCK)
    write(curling, "migrations", *renames, "4\tmerge\t900002\tcurl_c\tcurling_rock\t\t")
    edit.migrate(Corpus(curling.path))
    assert _links(Corpus(curling.path))[1] == "curling_rock"


def test_chain_that_ends_in_a_split_goes_by_subdomain(curling: Corpus) -> None:
    (row,) = [row for row in curling.annotations().to_pylist() if row["category"] == "curling_stone"]
    edit.move(curling, "chess", images=[row["image_id"]])
    write(curling, "categories", CURLER)
    merged = "1.0\tmerge\t900002\tcurling_stone\tcurling_rock\t\t"
    in_chess, elsewhere = (f"2.0\tsplit\t900003\tcurling_rock\t{place}\t" for place in ("curler\tchess", "person\t"))
    write(curling, "migrations", merged, in_chess, elsewhere)
    edit.migrate(Corpus(curling.path))
    assert labels(curling.path)[row["id"]] == "curler"


def test_retired_category_without_successor_is_rejected(curling: Corpus) -> None:
    stone = next(id for id, key in labels(curling.path).items() if key == "curling_stone")
    write(curling, "categories", CURLER)
    write(curling, "migrations", "1.0\tretire\t900002\tcurling_stone\t\t\tnever seen")
    edit.migrate(Corpus(curling.path))
    rejected = Corpus(curling.path).annotations(status="rejected")["id"].to_pylist()
    assert rejected == [stone]
