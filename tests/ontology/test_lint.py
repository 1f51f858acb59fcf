"""The checks of what an ontology says: a bad file beside each proves it."""

import pytest

from mic21.ontology import Ontology
from mic21.ontology.coverage import coverage
from mic21.ontology.lint import CHECKS, lint
from tests.ontology.conftest import Local


def found(local: Local, code: str) -> list[tuple[str, str]]:
    """What a check finds beyond what it finds in the packaged data."""
    known = set(CHECKS[code](Ontology.load()))
    return [place for place in CHECKS[code](local.load()) if place not in known]


def test_the_packaged_ontology_has_no_error() -> None:
    assert [found for found in lint(Ontology.load()) if found.is_error] == []


def test_letters_of_another_script_are_found(curling: Local) -> None:
    curling.write("names/ru", "category\tcurler\tкёрлингиcт\t\tm\t\tus\tno")  # the c is Latin
    assert found(curling, "E101") == [("curler", "ru: 'кёрлингиcт' has c")]


def test_same_name_in_one_subdomain_is_found(curling: Local) -> None:
    curling.write(
        "names/de", "category\tcurler\tCurling\t\tm\t\tus\tno", "category\tcurling_stone\tcurling\t\tm\t\tus\tno"
    )
    assert found(curling, "E102") == [("curling", "de: 'curling' is curler and curling_stone")]


def test_english_copy_is_found_unless_recorded(curling: Local) -> None:
    curling.write("names/de", "category\tcurler\tCurler\t\tm\t\tus\tno")
    assert found(curling, "E104") == [("curler", "de: 'Curler'")]
    curling.write("loanwords", "de\tcategory\tcurler")
    assert found(curling, "E104") == []


def test_missing_names_are_counted(curling: Local) -> None:
    (place,) = [place for place in CHECKS["W105"](curling.load()) if place[0] == "bg"]
    assert place == ("bg", "2 missing: curling, curling_stone")


def test_synonym_that_names_another_is_found(curling: Local) -> None:
    curling.write("names/de", "category\tcurler\tSpieler\t\tm\t\tus\tno")
    curling.write(
        "names/da", "category\tcurler\tspiller\tsten\tc\t\tus\tno", "category\tcurling_stone\tsten\t\tc\t\tus\tno"
    )
    assert found(curling, "W106") == [("curler", "da: 'sten' is the name of curling_stone")]


def test_predicates_of_the_same_name_are_found(curling: Local) -> None:
    curling.write("names/nb", "predicate\twears\tbruker\t\t\t\tus\tno", "predicate\tuses\tBruker\t\t\t\tus\tno")
    assert found(curling, "E107") == [("uses", "nb: 'Bruker' is wears too")]


def test_relation_stated_from_both_sides_is_found(curling: Local) -> None:
    curling.write("relations", "curler\tuses\tcurling_stone", "curling_stone\tused_by\tcurler")
    assert found(curling, "E201") == [("curling_stone", "curling_stone used_by curler, curler uses curling_stone")]


def test_part_of_itself_is_found(curling: Local) -> None:
    curling.write("relations", "curling_stone\tpart_of\tcurling_stone")
    assert ("curling_stone", "curling_stone part_of itself") in found(curling, "E202")


def test_parts_in_a_circle_are_found(curling: Local) -> None:
    curling.write("relations", "curling_stone\tpart_of\tcurler", "curler\tpart_of\tcurling_stone")
    assert len(found(curling, "E202")) == 1


def test_retired_id_that_is_used_again_is_found(curling: Local) -> None:
    curling.write("migrations", "1.0\tretire\t900001\tstone_thrower\t\t\tnever drawn")
    assert found(curling, "E301") == [("curler", "id 900001 was stone_thrower (retire in 1.0)")]


def test_migration_to_nowhere_is_found(curling: Local) -> None:
    curling.write("migrations", "1.0\tmerge\t900007\tstone_thrower\tcurlerr\t\t")
    assert found(curling, "E302") == [("stone_thrower", "merge to curlerr")]


def test_poor_subdomain_is_found(curling: Local) -> None:
    assert found(curling, "W401") == [("curling", "1: curling_stone")]


def test_unused_category_is_found(curling: Local) -> None:
    curling.write(
        "categories",
        "900001\tcurler\t\t\t\tperson\ta person who plays curling\t\tnot in WordNet",
        "900002\tcurling_stone\t\t\t\t\ta granite stone with a handle\t\tnot in WordNet",
        "900003\tbroomstick\t\t\t\t\ta stick of a broom\t\tnot in WordNet",
    )
    assert found(curling, "W402") == [("broomstick", "a stick of a broom")]


def test_synset_that_is_gone_is_found_where_somebody_knows(curling: Local) -> None:
    curling.write("categories", "900003\tbroomstick\t99999999-n\tbroomstick%1:06:00::\t\t\ta stick of a broom\t\t")
    curling.write("memberships", "curling\tbroomstick\tdominant")
    curling.write("names/en", "subdomain\tcurling\tcurling\t\t\t\tus\tno")
    curling.write("names/bg", "category\tbroomstick\tметла\t\tf\t\tus\tno")
    ontology = curling.load()
    assert [one for one in lint(ontology) if one.code == "E501"] == []
    (gone,) = [one for one in lint(ontology, synset_exists=lambda synset: synset != "99999999-n") if one.code == "E501"]
    assert (gone.key, gone.found, gone.is_error) == ("broomstick", "99999999-n", True)
    assert gone.message == "The synset of a category is none of WordNet 3.0."


def test_coverage_counts_what_is_there(curling: Local) -> None:
    by_language = {one.language: one for one in coverage(curling.load())}
    bulgarian = by_language["bg"]
    assert bulgarian.missing == (("subdomain", "curling"), ("category", "curling_stone"))
    assert bulgarian.named == bulgarian.wanted - 2
    assert by_language["en"].reviewed == 1


def test_every_check_says_what_it_looks_for() -> None:
    assert all(check.__doc__ and check.__doc__.endswith(".") for check in CHECKS.values())
    assert len(CHECKS) == len(set(CHECKS))


def test_language_without_names_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mic21.ontology.coverage.LANGUAGES", ("en", "ga"))
    monkeypatch.setattr("mic21.ontology.names.LANGUAGES", ("en", "ga"))
    assert [key for key, _ in CHECKS["E103"](Ontology.load())] == ["ga"]
