"""Mentions: words of a text lead to the categories they name, in any form that the language gives them."""

import re
from functools import cache
from pathlib import Path

import pytest

from mic21.drafts.captioners import bulgarian, english
from mic21.drafts.captioners.layout import Thing
from mic21.errors import OntologyError
from mic21.ontology import Ontology
from mic21.ontology.mentions import Mention, Mentions
from tests.ontology.conftest import Local

# Sentences written by hand, without looking at the table of endings; [words](key) marks what they mention.
SENTENCES = [
    line.split("\t") for line in (Path(__file__).parents[1] / "data" / "mentions.tsv").read_text("utf-8").splitlines()
]


@cache
def mentions(language: str) -> Mentions:
    return Mentions(Ontology.load(), language)


def marked(sentence: str) -> tuple[str, set[tuple[str, str]]]:
    """The bare sentence, and (words, key) of what it mentions."""
    return re.sub(r"\[(.+?)\]\(.+?\)", r"\1", sentence), set(re.findall(r"\[(.+?)\]\((.+?)\)", sentence))


@pytest.mark.parametrize("language", sorted({row[0] for row in SENTENCES}))
def test_sentences_mention_what_a_speaker_marked_and_nothing_else(language: str) -> None:
    noise = {"väntar"}  # taken for a form of `vant` without its accent
    for _, sentence in (row for row in SENTENCES if row[0] == language):
        text, wanted = marked(sentence)
        found = [(text[mention.start : mention.end], mention.categories) for mention in mentions(language).find(text)]
        assert {words for words, _ in found} - noise == {words for words, _ in wanted}, sentence
        assert all(any(words == there and key in keys for there, keys in found) for words, key in wanted), sentence


@pytest.mark.parametrize("language", Ontology.load().languages())
def test_every_name_synonym_and_plural_is_found_whole(language: str) -> None:
    for entry in Ontology.load().names(language):
        if entry.kind != "category":
            continue
        for name in filter(None, (entry.name, *entry.synonyms, entry.plural)):
            (mention,) = mentions(language).find(name)
            assert entry.key in mention.categories
            assert name[mention.start : mention.end].strip("“") == name.strip("“")


@pytest.mark.parametrize("count", [1, 2, 5, None])
def test_the_phrases_of_the_templates_are_found(count: int | None) -> None:
    ontology = Ontology.load()
    for category in ontology:
        thing = Thing(category, count, (0, 0, 1, 1))
        for language, phrase in (("en", english.phrase(thing)), ("bg", bulgarian.phrase(thing, ontology))):
            found = mentions(language).find(phrase)
            assert [category.key in mention.categories for mention in found] == [True], phrase


def test_the_longest_name_wins_and_counts_for_all_it_can_name() -> None:
    assert mentions("en").find("a dog sleigh") == [Mention(("dogsled",), 2, 12)]
    (mention,) = mentions("fr").find("une voiture de police et")
    assert mention.categories == ("police_car",)
    (ambiguous,) = mentions("ru").find("рыжая кошка")
    assert ambiguous.categories == ("cat", "crampon")


def test_asking_for_some_categories_does_not_break_the_names_of_others_up() -> None:
    only = Mentions(Ontology.load(), "en", categories=["dog"])
    assert [mention.start for mention in only.find("a dog sleigh, a violin and a dog")] == [29]


def test_elisions_hyphens_and_possessives_are_words_of_their_own() -> None:
    assert [m.categories for m in mentions("fr").find("l'arbre")] == [("tree",)]
    assert [m.categories for m in mentions("en").find("the dog-sleigh and the dog’s ball")] == [
        ("dogsled",),
        ("dog",),
        ("ball",),
    ]


def test_accents_script_and_form_of_unicode_do_not_count_where_no_name_is_written_so() -> None:
    assert [m.categories for m in mentions("es").find("CAMION")] == [("truck",)]
    assert [m.categories for m in mentions("sr").find("violinista i klavir")] == [("violinist",), ("piano",)]
    assert mentions("de").find("A\u0308pfel") == [Mention(("apple",), 0, 6)]


def test_small_letters_are_no_nouns_in_german() -> None:
    assert mentions("de").find("sie fahren und laufen") == []


def test_local_ontology_adds_names_endings_and_words(local: Local) -> None:
    local.write("names/oc", "category\tdog\tcan\t\t\t\tus\tno")
    local.write("inflections", "oc\t\tns")
    local.write("mentions", "oc\tperson\tòme|femna")
    found = Mentions(local.load(), "oc").find("Un òme, dos canns")
    assert [mention.categories for mention in found] == [("person",), ("dog",)]


def test_bad_endings_are_reported_with_their_place(local: Local) -> None:
    local.write("inflections", "en\tX1\ts")
    with pytest.raises(OntologyError, match=r"inflections\.tsv:2: ending: expected letters, or nothing for any word"):
        Mentions(local.load(), "en")


def test_no_words_and_no_names_mention_nothing() -> None:
    assert mentions("en").find("") == []
    assert mentions("en").find("Sunset over the hills, 1234 ☀") == []
