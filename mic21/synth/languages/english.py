"""English: articles and plurals."""

from collections.abc import Sequence
from typing import Literal

from mic21.drafts.captioners.english import article, plural
from mic21.synth.facts import Noun

_NUMBERS = ("", "one", "two", "three")
_PLACES = {
    "room": "",
    "grass": "on grass",
    "sand": "on sand",
    "snow": "in snow",
    "asphalt": "on asphalt",
    "water": "on water",
    "air": "in the air",
}
_VERBS = {
    "plays": "plays",
    "holds": "holds",
    "uses": "uses",
    "rides": "rides",
    "wears": "wears",
    "sits_on": "sits on",
    "stands_on": "is on",
}


def phrase(noun: Noun) -> str:
    """`a large red bus`, `two red buses`, `a pair of red skis`."""
    name = noun.category.name("en") or noun.category.key
    words = [word for word in (noun.size, noun.color) if word]
    if noun.category.key == "skis":
        return " ".join(["a pair of", *words, name])
    if noun.count > 1:
        return " ".join([_NUMBERS[noun.count], *words, plural(noun.category)])
    return " ".join([article([*words, name][0]), *words, name])


def act(predicate: str, objects: Sequence[Noun], subject: Noun) -> str:
    """`plays a brown violin`."""
    return f"{_VERBS[predicate]} {join([phrase(noun) for noun in objects])}"


def dressed(color: str) -> str:
    """`in red`."""
    return f"in {color}"


def place(place: str) -> str:
    """`on grass`."""
    return _PLACES[place]


def having(parts: Sequence[Noun]) -> str:
    """`with a basket`."""
    return f"with {join([phrase(noun) for noun in parts])}"


def there_is(noun: Noun, more: str) -> str:
    """`there are two red buses on asphalt`."""
    return f"there {'are' if noun.count > 1 else 'is'} {phrase(noun)} {more}".rstrip()


def there_is_also(nouns: Sequence[Noun]) -> str:
    """`there is also a brown table`."""
    return f"there {'are' if nouns[0].count > 1 else 'is'} also {join([phrase(noun) for noun in nouns])}"


def beside(side: Literal["left", "right"], noun: Noun) -> str:
    """`on the left there is a grey music stand`."""
    return f"on the {side} there is {phrase(noun)}"


def tone(place: str, color: str) -> str:
    """`the sky is blue`."""
    return f"the {'background' if place == 'room' else 'sky'} is {color}"


def join(parts: Sequence[str]) -> str:
    """`a chair and a table`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
