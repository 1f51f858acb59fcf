"""Tokens of captions."""

import pytest

from mic21.evaluation import tokenize

# What Stanford's tokenizer, as COCO's evaluation runs it, makes of these: tried once, by hand.
ENGLISH = [
    (
        "The man's hot-air balloon isn't red, it's 3,000 feet up!",
        "the man 's hot-air balloon is n't red it 's 3,000 feet up",
    ),
    ("it's 10:30 a.m. on the 21st", "it 's 10:30 a.m. on the 21st"),
    ('A "stop" sign -- cannot go...', "a stop sign can not go"),
    (
        "don't you think they're here? I've, we'll, he'd",
        "do n't you think they 're here i 've we 'll he 'd",
    ),
    ("plane; black/white & $5.50 sale 50%", "plane black/white & $ 5.50 sale 50 %"),
    ("A man’s café in 1/2 mile, #1 o'clock dogs' tails", "a man 's café in 1/2 mile # 1 o'clock dogs tails"),
]
OTHERS = [
    ("bg", "Цигулар свири на „цигулка“ – вляво.", ["цигулар", "свири", "на", "цигулка", "вляво"]),
    ("fr", "L'avion d’un pilote, c'est beau !", ["l'", "avion", "d'", "un", "pilote", "c'", "est", "beau"]),
    ("es", "¿Dónde está el autobús?", ["dónde", "está", "el", "autobús"]),
    ("de", "Ein Geiger spielt „Für Elise“.", ["ein", "geiger", "spielt", "für", "elise"]),
    ("ca", "Un col·legi a l'escola", ["un", "col·legi", "a", "l'", "escola"]),
    ("el", "Ένα λεωφορείο· δύο.", ["ένα", "λεωφορείο", "δύο"]),
]


@pytest.mark.parametrize(("text", "tokens"), ENGLISH)
def test_english_is_cut_as_in_the_literature(text: str, tokens: str) -> None:
    assert tokenize(text) == tokens.split()


@pytest.mark.parametrize(("language", "text", "tokens"), OTHERS)
def test_other_languages_keep_their_words(language: str, text: str, tokens: list[str]) -> None:
    assert tokenize(text, language) == tokens


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert tokenize("cafe\u0301") == tokenize("café") == ["café"]


def test_nothing_is_no_token() -> None:
    assert tokenize(" … !?  ") == []
