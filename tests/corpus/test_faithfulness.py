"""What a caption says against the annotations, and what nobody can see in a picture."""

import pytest

from mic21.corpus.faithfulness import CaptionTruth, Faithfulness
from mic21.ontology import Ontology

TRUTH = CaptionTruth(Ontology.load())


@pytest.mark.parametrize(
    ("language", "text", "annotated", "subdomain", "absent", "unsaid"),
    [
        ("en", "Two violinists play", {"violinist": 9, "violin": 3}, "violinist", (), None),
        # what is above an annotated category is said truly of it; what is below is not
        ("en", "A musician with an instrument", {"violinist": 9, "violin": 3}, "violinist", (), None),
        ("en", "A man plays", {"violinist": 9}, "violinist", (), None),
        ("en", "A violinist outdoors", {"musician": 9}, None, ("violinist",), None),
        # a category of the theme would have been annotated; of others nothing is known
        ("en", "A violinist beside a music stand and a dog", {"violinist": 9}, "violinist", ("music_stand",), None),
        ("en", "A violinist beside a music stand and a dog", {"violinist": 9}, None, ("music_stand", "dog"), None),
        # the dominant category, or the largest where there is none, must be said
        ("en", "A violin", {"violinist": 1, "violin": 3}, "violinist", (), "violinist"),
        ("en", "A chair", {"chair": 1, "violin": 3}, "violinist", (), "violin"),
        ("en", "Evening", {"dog": 1, "cat": 3}, None, (), "cat"),
        # one of the meanings of an ambiguous word is enough
        ("ru", "Рыжая кошка", {"cat": 9}, None, (), None),
        ("bg", "Цигулари с цигулки пред пулта за ноти", {"violinist": 9}, "violinist", ("violin", "music_stand"), None),
        # with nothing annotated, or in a language that is none of the 25, nothing is known
        ("en", "A dog", {}, "chess", (), None),
        ("cs", "Pes", {"cat": 9}, None, (), None),
    ],
)
def test_a_caption_is_compared_with_the_annotations(
    language: str,
    text: str,
    annotated: dict[str, float],
    subdomain: str | None,
    absent: tuple[str, ...],
    unsaid: str | None,
) -> None:
    assert TRUTH.faithfulness(text, language, annotated, subdomain) == Faithfulness(absent, unsaid)


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "Magnus Carlsen plays chess in Oslo.", ("Carlsen", "Oslo")),
        ("en", "A 25-year-old man, aged 25, and a girl of 6 years old", ("25-year-old", "aged 25", "6 years old")),
        ("en", "A violinist in her 30s", ("in her 30s",)),
        ("en", "Intense Chess Concentration: A Player's Deep Thought", ()),
        ("en", "A BMX rider drinks from a Frisbee; TV cameras watch. “Go on!” He goes. I see number 25.", ()),
        ("en", "The American team", ("American",)),
        (
            "en",
            "A thirty-year-old in her early forties, aged fifty six",
            ("thirty-year-old", "in her early forties", "aged fifty six"),
        ),
        ("en", "The aged cheese of three old men, two years ago", ()),
        ("bg", "Петгодишно дете и 7-годишно момче в Пловдив", ("Петгодишно", "7-годишно", "Пловдив")),
        ("bg", "Жена на двайсет и пет години, многогодишно растение", ("на двайсет и пет години",)),
        ("de", "Ein Geiger im Park, 30 Jahre alt, und ein 5-jähriges Kind", ("30 Jahre alt", "5-jähriges")),
        ("fr", "Une femme de 40 ans à Paris", ("de 40 ans", "Paris")),
        ("ru", "Скрипач 30 лет играет в Москве", ("30 лет", "Москве")),
        ("pl", "12-letni chłopiec w Krakowie", ("12-letni", "Krakowie")),
        ("fi", "Viisivuotias lapsi, 7-vuotias poika Helsingissä", ("7-vuotias", "Helsingissä")),
        ("cs", "Pes v Praze", ()),
    ],
)
def test_names_and_ages_are_found(language: str, text: str, found: tuple[str, ...]) -> None:
    assert TRUTH.unknowable(text, language) == found
