"""Search: what fits better comes first, and how it was typed does not matter."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mic21.errors import OntologyError
from mic21.ontology import Ontology
from mic21.ontology.fold import fold, variants
from tests.ontology.conftest import Local


@pytest.fixture(scope="module")
def onto() -> Ontology:
    return Ontology.load()


def first(onto: Ontology, word: str, **options: str) -> tuple[str, str, str]:
    match = onto.search(word, **options)[0]  # type: ignore[arg-type]
    return match.key, match.language, match.how


def test_a_name_is_found_in_its_own_language(onto: Ontology) -> None:
    assert first(onto, "велосипед", language="bg") == ("bicycle", "bg", "exact")
    assert first(onto, "Chess Player") == ("chess_player", "en", "exact")


def test_case_accents_and_script_do_not_count(local: Local) -> None:
    local.write("names/oc", "category\tsurfboard\tPlanche à vagues\t\t\t\tus\tno")
    onto = local.load()
    assert first(onto, "PLANCHE A VAGUES", language="oc") == ("surfboard", "oc", "folded")
    assert first(onto, "shahmatist", language="bg") == ("chess_player", "bg", "folded")
    assert first(onto, "sahmatist", language="bg") == ("chess_player", "bg", "folded")


def test_one_wrong_letter_does_not_count_and_two_do(onto: Ontology) -> None:
    for typed in ("voilin", "violn", "vioolin", "viulin"):
        assert first(onto, typed, language="en") == ("violin", "en", "misspelt")
    assert onto.search("vxxlin", language="en") == ()


def test_short_words_are_taken_as_typed(onto: Ontology) -> None:
    assert {match.how for match in onto.search("vxn", language="en")} == set()


def test_whole_names_come_before_beginnings_and_these_before_inner_words(onto: Ontology) -> None:
    found = [(match.key, match.how) for match in onto.search("player", language="en", limit=400)]
    assert found[0] == ("player", "exact")
    hows = [how for _, how in found]
    assert hows == sorted(hows, key=("exact", "folded", "beginning", "word", "misspelt").index)
    assert ("chess_player", "word") in found


def test_limit_cuts_the_end(onto: Ontology) -> None:
    everything = onto.search("pla", language="en", limit=1000)
    assert onto.search("pla", language="en", limit=3) == everything[:3]
    assert len(everything) > 3


def test_unknown_language_is_an_error(onto: Ontology) -> None:
    with pytest.raises(OntologyError, match="unknown language 'xx'"):
        onto.search("violin", language="xx")


def test_nothing_to_search_for_gives_nothing(onto: Ontology) -> None:
    assert onto.search("  ") == ()


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Łódź", ("lodz",)),
        ("Straße", ("strasse",)),
        ("ποδήλατο", ("podilato",)),
        ("бицикл", ("bicikl", "bitsikl")),
        ("þjálfari", ("thjalfari",)),
        ("avi-on", ("avi on",)),
    ],
)
def test_folding_leaves_small_latin_letters(word: str, folded: tuple[str, ...]) -> None:
    assert fold(word) == folded


def test_every_name_folds_to_plain_letters(onto: Ontology) -> None:
    plain = set(string.ascii_lowercase + string.digits + " .&")
    strange = {
        name
        for language in onto.languages()
        for entry in onto.names(language)
        for name in filter(None, (entry.name, *entry.synonyms))
        for folded in fold(name)
        if set(folded) - plain
    }
    assert strange == set()


@given(st.text(string.ascii_lowercase, min_size=1, max_size=8), st.text(string.ascii_lowercase, min_size=1, max_size=8))
def test_variants_are_one_edit_away(word: str, other: str) -> None:
    assert (other in variants(word)) == (_edits(word, other) == 1)


def _edits(a: str, b: str) -> int:
    """Edits with neighbours swapped as one (optimal string alignment), worked out the slow way."""
    rows = [[max(i, j) if min(i, j) == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = a[i - 1] != b[j - 1]
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]
