"""Captions of scenes: grammar, and that they say what is there."""

import numpy as np
import pytest

from mic21.errors import UsageError
from mic21.ontology import Ontology
from mic21.synth.captions import GRAMMARS, description, grammar, title
from mic21.synth.facts import Facts, Noun, facts_of
from mic21.synth.recipes import RECIPES
from mic21.synth.scenes import compose

ONTO = Ontology.load()
PLAYING = Facts(
    subject=Noun(ONTO["cellist"], 1),
    clothes="red",
    actions=(
        ("plays", (Noun(ONTO["cello"], 1, "orange"),)),
        ("sits_on", (Noun(ONTO["chair"], 1, "green"),)),
    ),
    parts=(),
    others=(Noun(ONTO["table"], 1, "white"),),
    left=Noun(ONTO["music_stand"], 1, "grey"),
    right=None,
    place="room",
    tone="blue",
)
FLYING = Facts(
    subject=Noun(ONTO["hot_air_balloon"], 3, "red"),
    clothes=None,
    actions=(),
    parts=(Noun(ONTO["basket"], 3, "brown"),),
    others=(),
    left=None,
    right=None,
    place="air",
    tone="grey",
)
SKIING = Facts(
    subject=Noun(ONTO["skier"], 1),
    clothes="orange",
    actions=(("uses", (Noun(ONTO["skis"], 1, "violet"),)),),
    parts=(),
    others=(),
    left=None,
    right=None,
    place="snow",
    tone="blue",
)
EXPECTED = {
    "en": (
        "A cellist plays a cello",
        "A cellist in red plays an orange cello and sits on a green chair. There is also a white table. "
        "On the left there is a grey music stand. The background is blue.",
        "Three red hot-air balloons in the air",
        "There are three red hot-air balloons with three brown baskets in the air. The sky is grey.",
        "A skier in orange uses a pair of violet skis. The sky is blue.",
    ),
    "bg": (
        "Виолончелист свири на виолончело",
        "Виолончелист в червено свири на оранжево виолончело и седи на зелен стол. Има и бяла маса. "
        "Вляво има сив пулт за ноти. Фонът е син.",
        "Три червени балона с горещ въздух във въздуха",
        "Виждат се три червени балона с горещ въздух с три кафяви кошници във въздуха. Небето е сиво.",
        "Скиор в оранжево използва чифт лилави ски. Небето е синьо.",
    ),
    "de": (
        "Ein Cellist spielt ein Cello",
        "Ein Cellist in Rot spielt ein orangefarbenes Cello und sitzt auf einem grünen Stuhl. "
        "Man sieht auch einen weißen Tisch. Links ist ein grauer Notenständer. Der Hintergrund ist blau.",
        "Drei rote Heißluftballons in der Luft",
        "Man sieht drei rote Heißluftballons mit drei braunen Körben in der Luft. Der Himmel ist grau.",
        "Ein Skifahrer in Orange benutzt ein Paar violette Ski. Der Himmel ist blau.",
    ),
    "fr": (
        "Un violoncelliste joue d'un violoncelle",
        "Un violoncelliste en rouge joue d'un violoncelle orange et est assis sur une chaise verte. "
        "On voit aussi une table blanche. À gauche, il y a un pupitre à musique gris. Le fond est bleu.",
        "Trois montgolfières rouges dans les airs",
        "On voit trois montgolfières rouges avec trois paniers marron dans les airs. Le ciel est gris.",
        "Un skieur en orange utilise une paire de skis violets. Le ciel est bleu.",
    ),
    "es": (
        "Un violonchelista toca un violonchelo",
        "Un violonchelista de rojo toca un violonchelo naranja y está sentado en una silla verde. "
        "También hay una mesa blanca. A la izquierda hay un atril gris. El fondo es azul.",
        "Tres globos aerostáticos rojos en el aire",
        "Se ven tres globos aerostáticos rojos con tres cestas marrones en el aire. El cielo es gris.",
        "Un esquiador de naranja usa un par de esquís morados. El cielo es azul.",
    ),
}


@pytest.mark.parametrize("language", GRAMMARS)
def test_grammar(language: str) -> None:
    found = (
        title(PLAYING, language),
        description(PLAYING, language),
        title(FLYING, language),
        description(FLYING, language),
        description(SKIING, language),
    )
    assert found == EXPECTED[language]


@pytest.mark.parametrize("index", range(len(RECIPES)), ids=lambda index: f"{RECIPES[index].subject}-{index}")
def test_a_description_names_every_object_of_its_scene(index: int) -> None:
    scene = compose(RECIPES[index], np.random.default_rng(index))
    facts = facts_of(scene, ONTO)
    nouns = [facts.subject, *(noun for _, nouns in facts.actions for noun in nouns), *facts.parts, *facts.others]
    nouns += [noun for noun in (facts.left, facts.right) if noun]
    assert sorted(noun.category.key for noun in nouns for _ in range(noun.count)) == sorted(
        thing.category for thing in scene.things
    )
    for language in ("en", "bg", "es"):  # where an object has the form of a subject
        text = description(facts, language).casefold()
        phrases = [GRAMMARS[language].phrase(noun) for noun in nouns]
        assert [phrase for phrase in phrases if phrase.casefold() not in text] == []


def test_a_language_without_grammar_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one of en, bg, de, fr, es, found 'fi'"):
        grammar("fi")
