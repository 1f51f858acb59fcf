"""What one can ask an ontology; on the packaged one, by facts that will not change."""

import itertools
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from mic21.errors import OntologyError
from mic21.ontology import Ontology
from mic21.ontology.query import describe, paths, query, relations_of

from .conftest import Local


@pytest.fixture(scope="module")
def onto() -> Ontology:
    return Ontology.load()


def test_category_carries_passport_and_names(onto: Ontology) -> None:
    player = onto["chess_player"]
    assert (player.key, player.synset, player.sense_key) == (
        "chess_player",
        "09915834-n",
        "chess_player%1:18:00::",
    )
    assert (player.name("en"), player.name("bg")) == ("chess player", "шахматист")
    assert (player.gender("bg"), player.plural("bg")) == ("m", "шахматисти")
    assert onto.name("chess_player", "bg") == "шахматист"


@pytest.mark.parametrize("spelling", ["chess_player", "09915834-n", "eng-30-09915834-n"])
def test_key_and_synset_find_the_same_category(onto: Ontology, spelling: str) -> None:
    player = onto["chess_player"]
    assert onto[spelling] == onto.get(spelling) == onto.find(spelling) == player
    assert spelling in onto
    assert onto.by_synset("eng-30-09915834-n") == onto.by_id(player.id) == onto.get_id(player.id) == player


def test_find_takes_names_and_synonyms_without_regard_to_case(onto: Ontology) -> None:
    violin = onto["violin"]
    assert onto.find("Violin") == onto.find("Цигулка", language="bg") == violin
    assert onto.find("FIDDLE") == violin
    assert "fiddle" in violin.synonyms("en")
    assert onto.find("no such thing") is None
    assert onto.get("no_such_thing") is None
    assert "no_such_thing" not in onto


def test_missing_name_is_none_and_never_english(curling: Local) -> None:
    missing = "de"
    player = curling.load()["curler"]
    assert player.name(missing) is None
    assert player.synonyms(missing) == ()
    assert player.gender(missing) is None
    assert player.plural(missing) is None


def test_unknown_words_are_answered_with_the_nearest(onto: Ontology) -> None:
    for ask, expected in [
        (lambda: onto["chess_plyer"], "unknown category 'chess_plyer'; nearest: chess_player"),
        (lambda: onto.subdomain("ches"), "unknown subdomain 'ches'; nearest: chess"),
        (lambda: onto.categories("ches"), "unknown subdomain 'ches'; nearest: chess"),
        (lambda: onto.subdomains("sports"), "unknown domain 'sports'; nearest: sport"),
        (lambda: onto.categories(role="atribute"), "unknown role 'atribute'; nearest: attribute"),  # type: ignore[arg-type]
        (lambda: onto["chess_player"].name("bq"), "unknown language 'bq'; expected one of bg, ca, "),
        (lambda: onto.label_map("coco"), "unknown label set 'coco'; nearest: coco-80"),
        (lambda: onto.by_synset("00000000-n"), "unknown synset '00000000-n'"),
        (lambda: onto.by_id(1), "unknown category id 1; ids run from 21001 to"),
        (lambda: onto.relations(predicate="no_such"), "unknown predicate 'no_such'"),
        (lambda: onto.relations(subject="chess_plyer"), "unknown category 'chess_plyer'"),
    ]:
        with pytest.raises(OntologyError) as caught:
            ask()
        assert str(caught.value).startswith(expected)


def test_categories_of_a_subdomain_begin_with_the_dominant_one(onto: Ontology) -> None:
    drawn = onto.categories(subdomain="chess")
    attributes = onto.categories(subdomain="chess", role="attribute")
    assert drawn == (onto.dominant("chess"), *attributes)
    assert onto["chessboard"] in attributes
    assert [category.id for category in attributes] == sorted(category.id for category in attributes)


def test_parent_role_is_all_above_the_drawn_and_not_drawn_there(onto: Ontology) -> None:
    drawn = set(onto.categories(subdomain="chess"))
    above = {parent for category in drawn for parent in onto.ancestors(category.key)}
    assert set(onto.categories(subdomain="chess", role="parent")) == above - drawn
    assert onto["person"] in above
    assert onto.roles("person")["chess"] == "parent"


def test_roles_and_categories_agree(onto: Ontology) -> None:
    for subdomain in onto.subdomains():
        for role in ("dominant", "attribute", "parent"):
            for category in onto.categories(subdomain.key, role=role):
                assert onto.roles(category.key)[subdomain.key] == role


def test_categories_of_a_domain_are_those_of_its_subdomains(onto: Ontology) -> None:
    of_subdomains = {category for one in onto.subdomains("arts") for category in onto.categories(one.key)}
    assert set(onto.categories(domain="arts")) == of_subdomains
    assert onto.categories(subdomain="chess", domain="arts") == ()
    assert onto.categories() == tuple(onto)
    assert len(onto) == len(onto.categories())


def test_under_and_ancestors_are_each_other_s_inverse(onto: Ontology) -> None:
    below = onto.under("vehicle")
    assert onto["vehicle"] not in below
    assert onto.under("eng-30-" + str(onto["vehicle"].synset), include_self=True) == (onto["vehicle"], *below)
    assert set(below) == {category for category in onto if onto["vehicle"] in onto.ancestors(category.key)}


def test_ancestors_come_nearest_first(onto: Ontology) -> None:
    for category in onto:
        ancestors = [found.key for found in onto.ancestors(category.key)]
        parents = sorted(found.key for found in onto.parents(category.key))
        assert ancestors[: len(parents)] == parents
        assert len(ancestors) == len(set(ancestors))


def test_paths_lead_to_a_top(onto: Ontology) -> None:
    for path in paths(onto, "violinist"):
        assert path[0] == "violinist"
        assert onto[path[-1]].parents == ()
        assert all(upper in onto[lower].parents for lower, upper in itertools.pairwise(path))


def test_relations_filter_by_each_place(onto: Ontology) -> None:
    one = onto.relations()[0]
    assert one in onto.relations(subject=one.subject)
    assert one in onto.relations(predicate=one.predicate)
    assert one in onto.relations(object=one.object)
    assert onto.relations(one.subject, one.predicate, one.object) == (one,)
    assert one in relations_of(onto, one.object)


def test_query_combines_its_conditions(onto: Ontology) -> None:
    assert query(onto) == tuple(onto)
    assert query(onto, subdomain="chess", role="dominant", under="person", search="шахмат", language="bg") == (
        onto["chess_player"],
    )
    assert query(onto, subdomain="chess", under="vehicle") == ()


def test_describe_gives_what_python_gives(onto: Ontology) -> None:
    record = describe(onto, "09915834-n")
    player = onto["chess_player"]
    assert (record["id"], record["key"], record["parents"]) == (player.id, player.key, list(player.parents))
    assert record["roles"]["chess"] == "dominant"
    assert record["names"]["bg"]["name"] == "шахматист"
    assert list(record["names"]) == list(onto.languages())


def test_tables_have_the_schema_written_out(onto: Ontology) -> None:
    from mic21.ontology import tables

    categories, names, subdomains = onto.to_table(), tables.names_table(onto), tables.subdomains_table(onto)
    assert categories.schema == tables.CATEGORIES
    assert categories["key"].to_pylist() == [category.key for category in onto]
    assert categories["parents"].to_pylist() == [list(category.parents) for category in onto]
    assert names.schema == tables.NAMES
    assert {"kind": "category", "key": "violin", "language": "bg", "name": "цигулка"}.items() <= next(
        row for row in names.to_pylist() if (row["key"], row["language"]) == ("violin", "bg")
    ).items()
    assert subdomains.schema == tables.SUBDOMAINS
    assert subdomains.num_rows == 130


def test_ontology_travels_to_other_processes(onto: Ontology) -> None:
    again = pickle.loads(pickle.dumps(onto))
    assert tuple(again) == tuple(onto)
    assert again["chess_player"].name("bg") == "шахматист"


def test_loading_imports_no_heavy_library() -> None:
    code = "import sys, mic21.ontology as o; o.Ontology.load()['person'].name('en'); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert {"numpy", "pandas", "pyarrow", "pydantic", "nltk"}.isdisjoint(result.stdout.split())
