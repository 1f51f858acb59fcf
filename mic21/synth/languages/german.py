"""German: three genders and three cases."""

from collections.abc import Sequence
from typing import Literal

from mic21.ontology import Category
from mic21.synth.facts import Noun

Case = Literal["nominative", "accusative", "dative"]

_STEMS = {
    "red": "rot",
    "orange": "orangefarben",
    "yellow": "gelb",
    "green": "grün",
    "blue": "blau",
    "violet": "violett",
    "white": "weiß",
    "black": "schwarz",
    "grey": "grau",
    "brown": "braun",
    "large": "groß",
    "small": "klein",
}
# Article and ending of the adjective.
_SINGULAR: dict[Case, dict[str, tuple[str, str]]] = {
    "nominative": {"m": ("ein", "er"), "f": ("eine", "e"), "n": ("ein", "es")},
    "accusative": {"m": ("einen", "en"), "f": ("eine", "e"), "n": ("ein", "es")},
    "dative": {"m": ("einem", "en"), "f": ("einer", "en"), "n": ("einem", "en")},
}
_NUMBERS = ("", "", "zwei", "drei")
_PLACES = {
    "room": "",
    "grass": "auf Gras",
    "sand": "auf Sand",
    "snow": "im Schnee",
    "asphalt": "auf Asphalt",
    "water": "auf dem Wasser",
    "air": "in der Luft",
}
_VERBS: dict[str, tuple[str, Case]] = {
    "plays": ("spielt", "accusative"),
    "holds": ("hält", "accusative"),
    "uses": ("benutzt", "accusative"),
    "rides": ("fährt", "accusative"),
    "wears": ("trägt", "accusative"),
    "sits_on": ("sitzt auf", "dative"),
    "stands_on": ("steht auf", "dative"),
}


def phrase(noun: Noun, case: Case = "nominative") -> str:
    """`einen großen roten Bus`, `zwei rote Busse`, `ein Paar rote Ski`."""
    name = noun.category.name("de") or noun.category.key
    stems = [_STEMS[word] for word in (noun.size, noun.color) if word]
    if noun.category.key == "skis":
        return " ".join([_SINGULAR[case]["n"][0], "Paar", *(f"{stem}e" for stem in stems), name])
    if noun.count == 1:
        article, ending = _SINGULAR[case][noun.category.gender("de") or "n"]
        return " ".join([article, *(stem + ending for stem in stems), name])
    many = plural(noun.category)
    if case == "dative":
        many += "" if many.endswith(("n", "s")) else "n"
    ending = "en" if case == "dative" else "e"
    return " ".join([_NUMBERS[noun.count], *(stem + ending for stem in stems), many])


def plural(category: Category) -> str:
    """The plural that the ontology has, or by rule: `Geigen`, `Straßenbahnen`, `Fische`."""
    name = category.name("de") or category.key
    if known := category.plural("de"):
        return known
    if category.gender("de") == "f":
        return f"{name}n" if name.endswith(("e", "el", "er")) else f"{name}en"
    return f"{name}e"


def act(predicate: str, objects: Sequence[Noun], subject: Noun) -> str:
    """`spielt eine braune Geige`."""
    verb, case = _VERBS[predicate]
    return f"{verb} {join([phrase(noun, case) for noun in objects])}"


def dressed(color: str) -> str:
    """`in Rot`."""
    return "in Orange" if color == "orange" else f"in {_STEMS[color].capitalize()}"


def place(place: str) -> str:
    """`auf Gras`."""
    return _PLACES[place]


def having(parts: Sequence[Noun]) -> str:
    """`mit einem Korb`."""
    return f"mit {join([phrase(noun, 'dative') for noun in parts])}"


def there_is(noun: Noun, more: str) -> str:
    """`man sieht zwei rote Busse auf Asphalt`."""
    return f"man sieht {phrase(noun, 'accusative')} {more}".rstrip()


def there_is_also(nouns: Sequence[Noun]) -> str:
    """`man sieht auch einen braunen Tisch`."""
    return f"man sieht auch {join([phrase(noun, 'accusative') for noun in nouns])}"


def beside(side: Literal["left", "right"], noun: Noun) -> str:
    """`links steht ein grauer Notenständer`."""
    return f"{'links' if side == 'left' else 'rechts'} ist {phrase(noun)}"


def tone(place: str, color: str) -> str:
    """`der Himmel ist blau`."""
    return f"der {'Hintergrund' if place == 'room' else 'Himmel'} ist {_STEMS[color]}"


def join(parts: Sequence[str]) -> str:
    """`ein Stuhl und ein Tisch`."""
    return " und ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
