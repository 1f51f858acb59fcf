"""`mic21 ontology` as a person and a program see it."""

import json
import re

import pytest
from typer.testing import CliRunner

from mic21.cli.ontology import app
from mic21.errors import OntologyError, UsageError
from mic21.ontology import Ontology
from mic21.ontology.query import describe

from .conftest import Local


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_list_gives_the_categories_of_a_subdomain_with_their_roles() -> None:
    onto = Ontology.load()
    lines = [line.split("\t") for line in run("list", "--subdomain", "chess").splitlines()]
    assert lines[0] == ["id", "key", "synset", "name", "synonyms", "role"]
    assert [line[1] for line in lines[1:]] == [category.key for category in onto.categories("chess")]
    assert [line[5] for line in lines[1:]] == ["dominant"] + ["attribute"] * (len(lines) - 2)


def test_list_without_a_condition_gives_all() -> None:
    assert [row["id"] for row in json.loads(run("list", "--json"))] == [category.id for category in Ontology.load()]


def test_list_gives_subdomains_and_domains() -> None:
    subdomains = json.loads(run("list", "--subdomains", "--domain", "arts", "--json"))
    assert [row["key"] for row in subdomains] == [found.key for found in Ontology.load().subdomains("arts")]
    assert {"domain", "name", "dominant", "attributes"} <= subdomains[0].keys()
    domains = json.loads(run("list", "--domains", "--json"))
    assert {row["key"]: row["subdomains"] for row in domains} == {
        "sport": 41,
        "transport": 49,
        "arts": 25,
        "security": 15,
    }


def test_list_refuses_conditions_that_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="--domains takes no other condition"):
        run("list", "--domains", "--subdomain", "chess")
    with pytest.raises(UsageError, match="--subdomains goes with --domain only"):
        run("list", "--subdomains", "--role", "dominant")


@pytest.mark.parametrize("spelling", ["chess_player", "09915834-n", "eng-30-09915834-n"])
def test_show_takes_key_and_synset(spelling: str) -> None:
    assert json.loads(run("show", spelling, "--json")) == describe(Ontology.load(), "chess_player")


def test_show_aligns_what_it_prints() -> None:
    lines = run("show", "chess_player").splitlines()
    pairs = [re.split(" {2,}", line, maxsplit=1) for line in lines]
    assert ["synset", "09915834-n"] in pairs
    assert ["dominant in", "chess"] in pairs
    names = {language: name for language, name in pairs if language in Ontology.load().languages()}
    assert list(names)[:2] == ["en", "bg"]
    assert names["bg"].startswith("шахматист")
    assert len({len(line) - len(value) for line, (_, value) in zip(lines, pairs, strict=True)}) == 1


def test_query_combines_conditions() -> None:
    rows = json.loads(
        run("query", "--subdomain", "chess", "--under", "person", "--search", "шахмат", "--language", "bg", "--json")
    )
    assert [(row["key"], row["name"], row["role"]) for row in rows] == [("chess_player", "шахматист", "dominant")]
    assert run("query", "--subdomain", "chess", "--under", "vehicle") == ""


def test_unknown_key_raises_for_the_main_program_to_show() -> None:
    with pytest.raises(OntologyError, match="nearest: chess_player"):
        run("show", "chess_plyer")


def test_corpus_with_its_own_ontology_counts(curling: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = str(curling.folder.parent)
    assert json.loads(run("show", "curler", "-C", corpus, "--json"))["id"] == 900001
    monkeypatch.setenv("MIC21_CORPUS", corpus)
    assert json.loads(run("show", "curler", "--json"))["id"] == 900001


def test_release_s_export_is_not_taken_for_additions(local: Local) -> None:
    (local.folder / "ontology.json").write_text("{}")
    local.write_raw("names", b"exported\n")
    assert json.loads(run("show", "chess_player", "-C", str(local.folder.parent), "--json"))["key"] == "chess_player"
