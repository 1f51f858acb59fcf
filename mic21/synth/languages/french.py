"""French: two genders, colours behind the noun, and `de` before a vowel."""

import re
from collections.abc import Sequence
from typing import Literal

from mic21.ontology import Category
from mic21.synth.facts import Noun

# Masculine, feminine, and both in the plural.
_COLORS = {
    "red": ("rouge", "rouge", "rouges", "rouges"),
    "orange": ("orange", "orange", "orange", "orange"),
    "yellow": ("jaune", "jaune", "jaunes", "jaunes"),
    "green": ("vert", "verte", "verts", "vertes"),
    "blue": ("bleu", "bleue", "bleus", "bleues"),
    "violet": ("violet", "violette", "violets", "violettes"),
    "white": ("blanc", "blanche", "blancs", "blanches"),
    "black": ("noir", "noire", "noirs", "noires"),
    "grey": ("gris", "grise", "gris", "grises"),
    "brown": ("marron", "marron", "marron", "marron"),
}
_SIZES = {"large": ("grand", "grande", "grands", "grandes"), "small": ("petit", "petite", "petits", "petites")}
_NUMBERS = ("", "", "deux", "trois")
_PLACES = {
    "room": "",
    "grass": "sur l'herbe",
    "sand": "sur le sable",
    "snow": "dans la neige",
    "asphalt": "sur l'asphalte",
    "water": "sur l'eau",
    "air": "dans les airs",
}
_VERBS = {
    "plays": "joue de",
    "holds": "tient",
    "uses": "utilise",
    "rides": "roule sur",
    "wears": "porte",
    "sits_on": "est assis sur",
    "stands_on": "se tient sur",
}
_AGREEING = {"est assis sur": "est assise sur"}


def phrase(noun: Noun) -> str:
    """`un grand bus rouge`, `deux bus rouges`, `une paire de skis rouges`."""
    name = noun.category.name("fr") or noun.category.key
    gender = noun.category.gender("fr")
    plural_only = gender == "p"
    form = (1 if gender == "f" else 0) + (2 if noun.count > 1 or plural_only else 0)
    size = [_SIZES[noun.size][form]] if noun.size else []
    color = [_COLORS[noun.color][form]] if noun.color else []
    if plural_only:
        return " ".join(["une paire de", *size, name, *color])
    if noun.count > 1:
        return " ".join([_NUMBERS[noun.count], *size, plural(noun.category), *color])
    return " ".join(["une" if gender == "f" else "un", *size, name, *color])


def plural(category: Category) -> str:
    """The plural that the ontology has, or by rule of what stands before a preposition.

    `feux de circulation`, `fauteuils roulants`.
    """
    name = category.name("fr") or category.key
    if known := category.plural("fr"):
        return known
    head, rest = re.fullmatch(r"(.*?)( (?:de|d'|à|en)\b.*| d'.*)?", name, re.DOTALL).groups()  # type: ignore[union-attr]
    return " ".join(_plural(word) for word in head.split()) + (rest or "")


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "z")):
        return word
    return f"{word}x" if word.endswith(("eau", "eu")) else f"{word}s"


def act(predicate: str, objects: Sequence[Noun], subject: Noun) -> str:
    """`joue d'un violon marron`."""
    verb = _VERBS[predicate]
    if subject.category.gender("fr") == "f":
        verb = _AGREEING.get(verb, verb)
    if verb.endswith(" de"):
        return f"{verb[:-3]} {join([_of(phrase(noun)) for noun in objects])}"
    return f"{verb} {join([phrase(noun) for noun in objects])}"


def _of(text: str) -> str:
    return f"d'{text}" if text[0] in "aeiouéèêh" else f"de {text}"


def dressed(color: str) -> str:
    """`en rouge`."""
    return f"en {_COLORS[color][0]}"


def place(place: str) -> str:
    """`sur l'herbe`."""
    return _PLACES[place]


def having(parts: Sequence[Noun]) -> str:
    """`avec un panier`."""
    return f"avec {join([phrase(noun) for noun in parts])}"


def there_is(noun: Noun, more: str) -> str:
    """`on voit deux bus rouges sur l'asphalte`."""
    return f"on voit {phrase(noun)} {more}".rstrip()


def there_is_also(nouns: Sequence[Noun]) -> str:
    """`on voit aussi une table marron`."""
    return f"on voit aussi {join([phrase(noun) for noun in nouns])}"


def beside(side: Literal["left", "right"], noun: Noun) -> str:
    """`à gauche, il y a un pupitre gris`."""
    return f"à {'gauche' if side == 'left' else 'droite'}, il y a {phrase(noun)}"


def tone(place: str, color: str) -> str:
    """`le ciel est bleu`."""
    return f"le {'fond' if place == 'room' else 'ciel'} est {_COLORS[color][0]}"


def join(parts: Sequence[str]) -> str:
    """`une chaise et une table`."""
    return " et ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
