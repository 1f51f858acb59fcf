"""Linking: senses proposed, names compared with other wordnets, synsets followed into another WordNet."""

import gzip
import json
from pathlib import Path

import nltk
import pytest

from mic21.cli import run
from mic21.errors import OntologyError
from mic21.ontology import Ontology
from mic21.ontology.link.compare import compare
from mic21.ontology.link.readers import read_ili, read_wordnets
from mic21.ontology.link.upgrade import upgrade
from tests.ontology.conftest import Local
from tests.ontology.test_tools import needs_wordnet

LMF = """<?xml version="1.0" encoding="UTF-8"?>
<LexicalResource xmlns:dc="https://globalwordnet.github.io/schemas/dc/">
  <Lexicon id="other" label="Other" language="de" email="a@b.c" license="CC0" version="1">
    <LexicalEntry id="w1"><Lemma writtenForm="Geige" partOfSpeech="n"/><Sense id="s1" synset="y1"/></LexicalEntry>
    <LexicalEntry id="w2"><Lemma writtenForm="Violine" partOfSpeech="n"/><Sense id="s2" synset="y1"/></LexicalEntry>
    <LexicalEntry id="w3"><Lemma writtenForm="Ding" partOfSpeech="n"/><Sense id="s3" synset="y2"/></LexicalEntry>
    <Synset id="y1" ili="i61395" partOfSpeech="n"/><Synset id="y2" ili="" partOfSpeech="n"/>
  </Lexicon>
</LexicalResource>
"""
TAB = """# Some wordnet\tbul\thttps://example.org\tCC BY
04536866-n\tbul:lemma\tцигулка
04536866-n\tbul:def\t0\tинструмент
02834778-n\tlemma\tколело
00815000-a\tbul:lemma\tпреждевременен
"""


@pytest.fixture(scope="module")
def onto() -> Ontology:
    return Ontology.load()


def test_omw_tab_files_are_read_by_offset(tmp_path: Path) -> None:
    (tmp_path / "bul").mkdir()
    (tmp_path / "bul/wn-data-bul.tab").write_text(TAB, encoding="utf-8")
    assert read_wordnets(tmp_path, {}) == {"bg": {"04536866-n": ["цигулка"], "02834778-n": ["колело"]}}


def test_lmf_files_are_joined_by_interlingual_index(tmp_path: Path) -> None:
    (tmp_path / "ili.tab").write_text("i61395\t04536866-n\n", encoding="utf-8")
    with gzip.open(tmp_path / "other.xml.gz", "wt", encoding="utf-8") as file:
        file.write(LMF)
    words = read_wordnets(tmp_path / "other.xml.gz", read_ili(tmp_path / "ili.tab"))
    assert words == {"de": {"04536866-n": ["Geige", "Violine"]}}


def test_our_own_lmf_and_omw_ids_need_no_index(tmp_path: Path) -> None:
    lmf = LMF.replace('"y1"', '"omw-de-04536866-n"')
    (tmp_path / "omw.xml").write_text(lmf, encoding="utf-8")
    assert read_wordnets(tmp_path, {}) == {"de": {"04536866-n": ["Geige", "Violine"]}}


@pytest.mark.parametrize("content", ["<LexicalResource>", "not xml"])
def test_broken_lmf_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.xml").write_text(content)
    with pytest.raises(OntologyError, match=r"broken\.xml: expected WN-LMF"):
        read_wordnets(tmp_path, {})


def test_folder_without_wordnets_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match="expected wn-data"):
        read_wordnets(tmp_path, {})


def test_file_that_is_no_index_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ili.tab").write_text("violin\n")
    with pytest.raises(OntologyError, match="expected lines of an index and an offset"):
        read_ili(tmp_path / "ili.tab")


def test_comparison_tells_name_synonym_and_difference(onto: Ontology) -> None:
    synonym = onto["cricketer"].synonyms("en")[0]
    theirs = {
        onto["violin"].synset or "": ["fiddle", "Violin"],
        onto["cricketer"].synset or "": [synonym],
        onto["bicycle"].synset or "": ["velocipede"],
    }
    found = {one.key: one.verdict for one in compare(onto, {"en": theirs})}
    assert found == {"violin": "name", "cricketer": "synonym", "bicycle": "differs"}


def test_spaces_and_hyphens_do_not_make_a_difference(onto: Ontology) -> None:
    (found,) = compare(onto, {"en": {onto["chess_player"].synset or "": ["Chess-player"]}})
    assert found.verdict == "name"


def test_synsets_are_followed_by_sense_keys(onto: Ontology, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    lines = {category.sense_key: category.synset for category in onto if category.sense_key and category.synset}
    old.write_text("".join(f"{key} {synset[:8]} 1 0\n" for key, synset in lines.items()))
    violin, cello, drum = (onto[key] for key in ("violin", "cello", "drum"))
    old.write_text(old.read_text() + f"fiddle%1:06:00:: {str(violin.synset)[:8]} 1 0\n")
    lines[str(violin.sense_key)] = "00000001-n"
    lines["fiddle%1:06:00::"] = "00000002-n"
    lines[str(cello.sense_key)] = "00000003-n"
    del lines[str(drum.sense_key)]
    new.write_text("".join(f"{key} {synset[:8]} 1 0\n" for key, synset in lines.items()))
    found = {one.key: one for one in upgrade(onto, old, new)}
    assert (found["violin"].fate, found["violin"].synsets) == ("split", ("00000001-n", "00000002-n"))
    assert (found["cello"].fate, found["cello"].synsets) == ("moved", ("00000003-n",))
    assert (found["drum"].fate, found["drum"].lost) == ("vanished", (drum.sense_key,))
    assert {one.fate for key, one in found.items() if key not in ("violin", "cello", "drum")} == {"same"}


def test_old_index_of_another_wordnet_is_an_error(onto: Ontology, tmp_path: Path) -> None:
    (tmp_path / "index.sense").write_text("violin%1:06:00:: 00000001 1 0\n")
    with pytest.raises(OntologyError, match=r"is it WordNet 3\.0\?"):
        list(upgrade(onto, tmp_path, tmp_path))


@needs_wordnet
def test_visible_senses_come_first(onto: Ontology) -> None:
    from mic21.ontology.link.propose import propose
    from mic21.ontology.link.wordnet import open_wordnet

    found = list(propose(onto, ["bow", "Chess player", "xyzzy"], open_wordnet()))
    bows = [one for one in found if one.word == "bow"]
    assert [one.rank for one in bows] == list(range(1, len(bows) + 1))
    visible = [one.lexname == "noun.artifact" for one in bows]
    assert visible == sorted(visible, reverse=True)
    assert {"instrument_bow", "hunting_bow"} <= {one.category for one in bows}
    (player,) = (one for one in found if one.word == "Chess player")
    assert (player.synset, player.sense_key) == ("09915834-n", "chess_player%1:18:00::")
    assert player.category == "chess_player"
    assert player.parents == onto["chess_player"].parents


@needs_wordnet
def test_labels_become_the_nearest_categories(onto: Ontology, tmp_path: Path) -> None:
    from mic21.ontology.link.labels import link_labels
    from mic21.ontology.link.wordnet import open_wordnet

    lvis = [
        {"id": 1, "name": "violin", "synset": "violin.n.01"},
        {"id": 2, "name": "poodle", "synset": "poodle.n.01"},  # no category: the dog above it is one
        {"id": 3, "name": "stop_sign", "synset": "stop_sign.n.01"},  # WordNet has none, LVIS made it up
        {"id": 4, "name": "aerosol_can", "synset": "nothing at all"},
    ]
    (tmp_path / "lvis.json").write_text(json.dumps({"categories": lvis}))
    (tmp_path / "own.tsv").write_text("label\tsynset\nfiddle\tn04536866\nviolin\t04536866-n\n")
    found = [(one.label, one.category) for one in link_labels(onto, tmp_path / "lvis.json", open_wordnet())]
    assert found == [("violin", "violin"), ("poodle", "dog"), ("stop_sign", "stop_sign"), ("aerosol_can", None)]
    fiddles = list(link_labels(onto, tmp_path / "own.tsv", open_wordnet()))
    assert {(one.synset, one.category) for one in fiddles} == {("04536866-n", "violin")}
    (tmp_path / "bad.tsv").write_text("fiddle\n")
    with pytest.raises(OntologyError, match=r"bad\.tsv:1: expected label and synset"):
        list(link_labels(onto, tmp_path / "bad.tsv", open_wordnet()))


@needs_wordnet
def test_an_offset_between_two_synsets_is_none() -> None:
    from mic21.ontology.link.wordnet import exists_in, open_wordnet

    exists = exists_in(open_wordnet())
    asked = ("04536866-n", "eng-30-04536866-n", "violin.n.01", "04536867-n", "99999999-n", "stop_sign.n.01")
    assert [exists(synset) for synset in asked] == [True, True, True, False, False, False]


@needs_wordnet
def test_lint_looks_synsets_up_on_the_command_line(curling: Local, capsys: pytest.CaptureFixture[str]) -> None:
    curling.write("categories", "900001\tcurler\t99999999-n\tcurler%1:18:00::\t\tperson\twho plays curling\t\t")
    curling.write("memberships", "curling\tcurler\tdominant")
    root = nltk.data.find("corpora/wordnet").path.removesuffix("/corpora/wordnet")
    arguments = ["ontology", "lint", "-C", str(curling.folder.parent), "--json"]
    assert run(arguments) == 0
    assert "E501" not in capsys.readouterr().out
    assert run([*arguments, "--wordnet", root]) == 1
    (found,) = [row for row in json.loads(capsys.readouterr().out) if row["code"] == "E501"]
    assert (found["key"], found["found"]) == ("curler", "99999999-n")
