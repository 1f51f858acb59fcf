"""What changed between two folders of ontology files."""

import shutil
from pathlib import Path

import pytest

from mic21.errors import OntologyError
from mic21.ontology.diff import Change, diff
from mic21.ontology.rows import PACKAGED


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGED, tmp_path / "data"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_same_files_do_not_differ(copy: Path) -> None:
    assert diff(PACKAGED, copy) == []


def test_another_key_of_the_same_id_is_a_rename(copy: Path) -> None:
    replace(copy / "categories.tsv", "\tchess_player\t", "\tchess_master\t")
    assert diff(PACKAGED, copy) == [Change("categories", "chess_player", "key", "chess_player", "chess_master")]


def test_rows_that_come_and_go_are_listed(copy: Path) -> None:
    replace(copy / "memberships.tsv", "chess\tchess_clock\tattribute\n", "chess\tviolin\tattribute\n")
    assert diff(PACKAGED, copy) == [
        Change("memberships", "chess chess_clock", None, "attribute", None),
        Change("memberships", "chess violin", None, None, "attribute"),
    ]


def test_names_are_compared_language_by_language(copy: Path) -> None:
    replace(copy / "names/bg.tsv", "category\tchess_player\tшахматист\t", "category\tchess_player\tиграч\t")
    assert diff(PACKAGED, copy) == [Change("names/bg", "category chess_player", "name", "шахматист", "играч")]


def test_every_table_but_the_version_is_compared(copy: Path) -> None:
    replace(copy / "labels/coco-80.tsv", "bicycle\t02834778-n\tbicycle\n", "bicycle\t02834778-n\tvehicle\n")
    replace(copy / "mentions.tsv", "bg\tperson\tмъж|", "bg\tperson\t")
    replace(copy / "inflections.tsv", "bg\tк\tа ", "bg\tк\t")
    replace(copy / "loanwords.tsv", "ca\tcategory\tactor\n", "")
    (copy / "migrations.tsv").write_text(
        "version\toperation\tid\tkey\ttarget\tsubdomain\tnote\n2.0\tmerge\t9999\told_chess\tchess_player\t\t\n",
        encoding="utf-8",
    )
    (copy / "labels/mine.tsv").write_text("label\tsynset\tcategory\nfiddle\t\tviolin\n", encoding="utf-8")
    assert [(one.table, one.key, one.column, one.new) for one in diff(PACKAGED, copy)] == [
        ("migrations", "2.0 merge 9999 old_chess", None, "chess_player"),
        ("mentions", "bg person", "words", "жена|момче|момиче|дете|хора|дама|господин|човек|тълпа"),
        ("inflections", "bg к", "forms", "ът ци ците ка кът"),
        ("loanwords", "ca category actor", None, None),
        ("labels/coco-80", "bicycle", "category", "vehicle"),
        ("labels/mine", "fiddle", None, "violin"),
    ]


def test_folder_without_ontology_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"expected a folder with categories\.tsv"):
        diff(PACKAGED, tmp_path)
