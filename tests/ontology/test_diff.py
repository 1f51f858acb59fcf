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


def test_folder_without_ontology_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"expected a folder with categories\.tsv"):
        diff(PACKAGED, tmp_path)
