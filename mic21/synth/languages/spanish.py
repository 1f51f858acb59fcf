"""Spanish: two genders, and adjectives behind the noun."""

import re
from collections.abc import Sequence
from typing import Literal

from mic21.ontology import Category
from mic21.synth.facts import Noun

# Masculine, feminine, and both in the plural.
_ADJECTIVES = {
    "red": ("rojo", "roja", "rojos", "rojas"),
    "orange": ("naranja", "naranja", "naranjas", "naranjas"),
    "yellow": ("amarillo", "amarilla", "amarillos", "amarillas"),
    "green": ("verde", "verde", "verdes", "verdes"),
    "blue": ("azul", "azul", "azules", "azules"),
    "violet": ("morado", "morada", "morados", "moradas"),
    "white": ("blanco", "blanca", "blancos", "blancas"),
    "black": ("negro", "negra", "negros", "negras"),
    "grey": ("gris", "gris", "grises", "grises"),
    "brown": ("marrón", "marrón", "marrones", "marrones"),
    "large": ("grande", "grande", "grandes", "grandes"),
    "small": ("pequeño", "pequeña", "pequeños", "pequeñas"),
}
_NUMBERS = ("", "", "dos", "tres")
_PLACES = {
    "room": "",
    "grass": "sobre hierba",
    "sand": "sobre arena",
    "snow": "en la nieve",
    "asphalt": "sobre asfalto",
    "water": "en el agua",
    "air": "en el aire",
}
_VERBS = {
    "plays": "toca",
    "holds": "sostiene",
    "uses": "usa",
    "rides": "monta en",
    "wears": "lleva",
    "sits_on": "está sentado en",
    "stands_on": "está sobre",
}
_AGREEING = {"está sentado en": "está sentada en"}
_STRESSED_A = ("hacha",)  # feminine, yet `un hacha`
_UNACCENTED = str.maketrans("áéíóú", "aeiou")


def phrase(noun: Noun) -> str:
    """`un autobús rojo grande`, `dos autobuses rojos`, `un par de esquís rojos`."""
    name = noun.category.name("es") or noun.category.key
    feminine = noun.category.gender("es") == "f"
    pair = noun.category.key == "skis"
    form = int(feminine) + (2 if noun.count > 1 or pair else 0)
    words = [_ADJECTIVES[word][form] for word in (noun.color, noun.size) if word]
    if pair:
        return " ".join(["un par de", plural(noun.category), *words])
    if noun.count > 1:
        return " ".join([_NUMBERS[noun.count], plural(noun.category), *words])
    return " ".join(["una" if feminine and not name.startswith(_STRESSED_A) else "un", name, *words])


def plural(category: Category) -> str:
    """The plural that the ontology has, or by rule of what stands before a preposition.

    `camiones de bomberos`, `globos aerostáticos`.
    """
    name = category.name("es") or category.key
    if known := category.plural("es"):
        return known
    head, of, rest = re.fullmatch(r"(.*?)(?:( de(?:l)? )(.*))?", name).groups()  # type: ignore[union-attr]
    return " ".join(_plural(word) for word in head.split()) + (f"{of}{rest}" if of else "")


def _plural(word: str) -> str:
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    if re.search(r"[áéíóú][ns]$", word):
        return f"{word[:-2]}{word[-2:].translate(_UNACCENTED)}es"
    return f"{word}s" if word[-1] in "aeiouáéó" else f"{word}es"


def act(predicate: str, objects: Sequence[Noun], subject: Noun) -> str:
    """`toca un violín marrón`."""
    verb = _VERBS[predicate]
    if subject.category.gender("es") == "f":
        verb = _AGREEING.get(verb, verb)
    return f"{verb} {join([phrase(noun) for noun in objects])}"


def dressed(color: str) -> str:
    """`de rojo`."""
    return f"de {_ADJECTIVES[color][0]}"


def place(place: str) -> str:
    """`sobre hierba`."""
    return _PLACES[place]


def having(parts: Sequence[Noun]) -> str:
    """`con una cesta`."""
    return f"con {join([phrase(noun) for noun in parts])}"


def there_is(noun: Noun, more: str) -> str:
    """`se ven dos autobuses rojos sobre asfalto`."""
    return f"se {'ven' if noun.count > 1 else 've'} {phrase(noun)} {more}".rstrip()


def there_is_also(nouns: Sequence[Noun]) -> str:
    """`también hay una mesa marrón`."""
    return f"también hay {join([phrase(noun) for noun in nouns])}"


def beside(side: Literal["left", "right"], noun: Noun) -> str:
    """`a la izquierda hay un atril gris`."""
    return f"a la {'izquierda' if side == 'left' else 'derecha'} hay {phrase(noun)}"


def tone(place: str, color: str) -> str:
    """`el cielo es azul`."""
    return f"el {'fondo' if place == 'room' else 'cielo'} es {_ADJECTIVES[color][0]}"


def join(parts: Sequence[str]) -> str:
    """`una silla y una mesa`."""
    return " y ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
