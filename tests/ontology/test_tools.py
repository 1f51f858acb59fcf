"""The maintainers' programs: what they work out, and the packaged data proved with them where WordNet 3.0 is."""

import shutil
import subprocess
import sys
from pathlib import Path

import nltk
import pytest

from mic21.ontology.link.nearest import nearest_above, nearest_at_or_above
from mic21.ontology.rows import PACKAGED

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools" / "ontology"


def has_wordnet() -> bool:
    try:
        nltk.data.find("corpora/wordnet")
    except LookupError:
        return False
    return True


needs_wordnet = pytest.mark.skipif(not has_wordnet(), reason="nltk finds no WordNet")


def run(program: str, data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOLS / program), "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGED, tmp_path / "data"))


def test_nearest_categories_stop_each_path_and_skip_what_another_reaches() -> None:
    #       top (category)
    #      /   \\
    #   left   right (category)
    #      \\   /  \\
    #       low     side (category)
    graph = {"low": ["left", "right"], "left": ["top"], "right": ["top"], "side": ["right"], "top": []}
    categories = {"top": "top", "right": "right", "side": "side"}
    assert nearest_above("low", graph.__getitem__, categories) == ["right"]
    assert nearest_above("left", graph.__getitem__, categories) == ["top"]
    assert nearest_above("side", graph.__getitem__, categories) == ["right"]
    assert nearest_above("top", graph.__getitem__, categories) == []
    assert nearest_at_or_above("low", graph.__getitem__, categories) == "right"
    assert nearest_at_or_above("side", graph.__getitem__, categories) == "side"
    assert nearest_at_or_above("top", graph.__getitem__, {}) == ""


@needs_wordnet
def test_packaged_data_are_proved() -> None:
    result = run("verify.py", PACKAGED)
    assert (result.returncode, result.stdout) == (0, "")


@needs_wordnet
def test_build_works_the_derived_columns_out_again(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*.tsv")}
    path = data / "categories.tsv"
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines[1:]:
        if line[2] and not line[8]:
            line[5] = ""
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    assert run("verify.py", data).returncode == 1
    assert run("build.py", data).returncode == 0
    assert {path: path.read_bytes() for path in data.rglob("*.tsv")} == before


@needs_wordnet
@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("categories", "09915834-n", "09915835-n", "synset: expected the offset of a noun of WordNet 3.0"),
        ("categories", "chess_player%1:18:00::", "chess_player%1:18:01::", "sense_key: expected a sense key of Wor"),
        ("categories", "chess_player%1:18:00::", "violin%1:06:00::", "sense_key: expected a sense key of 09915834-n"),
        ("labels/imagenet-1k", "04536866-n\tviolin", "04536866-n\tball", "category: expected 'violin'"),
        ("labels/imagenet-1k", "n04536866\t04536866-n", "n04536866\t09915834-n", "synset: expected 04536866-n"),
    ],
)
def test_verify_names_what_differs_from_wordnet(data: Path, file: str, old: str, new: str, problem: str) -> None:
    path = data / f"{file}.tsv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    result = run("verify.py", data)
    assert result.returncode == 1
    assert problem in result.stdout


@needs_wordnet
def test_parents_by_hand_must_differ_from_wordnet(data: Path) -> None:
    path = data / "categories.tsv"
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    line = next(line for line in lines if line[1] == "chess_player")
    line[8] = "no reason at all"
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    assert (
        "reason: expected nothing, for the parents are WordNet's, found 'no reason at all'"
        in run("verify.py", data).stdout
    )
