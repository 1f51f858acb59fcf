"""The language of short texts: 250 sentences in 25 languages, and ten in two that are none of them."""

import re
from pathlib import Path

import pytest

from mic21.drafts.captioners import Scene, SceneObject, load_captioner
from mic21.drafts.languages import load_languages
from mic21.ontology import LANGUAGES, Ontology

ONTO = Ontology.load()
DATA = Path(__file__).parents[1] / "data"


def sentences(file: str) -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in (DATA / file).read_text("utf-8").splitlines()]
    return [(language, re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text)) for language, text in rows]


SENTENCES = sentences("languages.tsv") + sentences("mentions.tsv")
OURS = [(language, text) for language, text in SENTENCES if language in LANGUAGES]


def test_short_sentences_are_told_apart_and_none_is_refused() -> None:
    languages = load_languages(ONTO)
    assert {language for language, _ in OURS} == set(LANGUAGES)
    mistaken = {text: languages.identify(text) for language, text in OURS if languages.identify(text) != language}
    assert mistaken == {
        "Partida de xadrez no parque": "pt",  # which Galician and Portuguese write alike
        "Partija šaha v parku": "hr",
        "Шахматистите седят на маса": "ru",
        "Закат над тихими холмами": "bg",
    }
    assert [text for language, text in OURS if languages.fault(text, language)] == []


@pytest.mark.parametrize(
    ("wanted", "text", "fault"),
    [
        ("bg", "A black dog runs", "expected bg in Cyrillic letters"),
        ("el", "Куче тича", "expected el in Greek letters"),
        ("en", "Куче тича", "expected en in Latin letters"),
        ("bg", "Чёрная собака бежит", "expected bg, found the letter ё"),
        ("sr", "Пас трчи за лоптом, а дете га чека", None),
        ("sr", "Pas trči za loptom", "expected sr in Cyrillic letters"),
        ("hr", "Pas trči za loptom", None),
        ("sl", "Vojnici nose puške i hodaju ulicom. Žena s kišobranom čeka.", "expected sl, found hr"),
        ("gl", "Um cão corre atrás da bola", "expected gl, found the letter ã"),
        ("sk", "Pes běží za míčem", "expected sk, found the letter ě"),
        ("fr", "A woman waits for the bus under an umbrella", "expected fr, found en"),
        ("en", "A BMX rider", None),
        ("bg", "BMX състезател скача", None),
        ("en", "12", None),
        ("cs", "Whatever it may be", None),
    ],
)
def test_texts_in_other_languages_are_refused(wanted: str, text: str, fault: str | None) -> None:
    assert load_languages(ONTO).fault(text, wanted) == fault


def test_every_other_language_is_refused_but_near_ones() -> None:
    languages = load_languages(ONTO)
    relatives = [{"es", "pt", "gl", "ca"}, {"hr", "sl", "sr"}, {"bg", "ru", "sr"}, {"da", "sv"}, {"sk", "sl"}]
    passed = {
        (language, wanted)
        for language, text in OURS[::5]
        for wanted in LANGUAGES
        if wanted != language and languages.fault(text, wanted) is None
    }
    assert [pair for pair in passed if not any(set(pair) <= family for family in relatives)] == []


def test_no_caption_of_the_templates_is_refused() -> None:
    languages, template = load_languages(ONTO), load_captioner("template", ONTO)
    for category in ONTO:
        thing = SceneObject(category.id, (0, 0, 9, 9), 81, None, False)
        scene = Scene(20, 20, None, (thing,), lambda: pytest.fail("not looked at"))
        for language in ("en", "bg"):
            (drafts,) = template.caption([scene], languages=[language], kinds=["title", "description"])
            assert languages.fault(" ".join(draft.text for draft in drafts), language) is None, drafts
