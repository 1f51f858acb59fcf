"""Bulgarian: genders, plurals, and the counted form of masculine nouns."""

from collections.abc import Sequence
from typing import Literal

from mic21.drafts.captioners.bulgarian import counted_form
from mic21.synth.facts import Noun

# Masculine, feminine, neuter, plural.
_ADJECTIVES = {
    "red": ("червен", "червена", "червено", "червени"),
    "orange": ("оранжев", "оранжева", "оранжево", "оранжеви"),
    "yellow": ("жълт", "жълта", "жълто", "жълти"),
    "green": ("зелен", "зелена", "зелено", "зелени"),
    "blue": ("син", "синя", "синьо", "сини"),
    "violet": ("лилав", "лилава", "лилаво", "лилави"),
    "white": ("бял", "бяла", "бяло", "бели"),
    "black": ("черен", "черна", "черно", "черни"),
    "grey": ("сив", "сива", "сиво", "сиви"),
    "brown": ("кафяв", "кафява", "кафяво", "кафяви"),
    "large": ("голям", "голяма", "голямо", "големи"),
    "small": ("малък", "малка", "малко", "малки"),
}
_PLACES = {
    "room": "",
    "grass": "на трева",
    "sand": "на пясък",
    "snow": "в сняг",
    "asphalt": "на асфалт",
    "water": "във водата",
    "air": "във въздуха",
}
_VERBS = {
    "plays": "свири на",
    "holds": "държи",
    "uses": "използва",
    "rides": "кара",
    "wears": "носи",
    "sits_on": "седи на",
    "stands_on": "стои на",
}


def phrase(noun: Noun) -> str:
    """`голям червен автобус`, `два червени автобуса`, `чифт червени ски`."""
    name = noun.category.name("bg") or noun.category.key
    plural = noun.category.plural("bg") or name
    gender = noun.category.gender("bg") or "m"
    form = 3 if noun.count > 1 or gender == "p" else "mfn".index(gender)
    words = [_ADJECTIVES[word][form] for word in (noun.size, noun.color) if word]
    if gender == "p":
        return " ".join(["чифт", *words, name])
    if noun.count == 1:
        return " ".join([*words, name])
    if gender == "m":
        return " ".join([("два", "три")[noun.count - 2], *words, counted_form(name, plural)])
    return " ".join([("две", "три")[noun.count - 2], *words, plural])


def act(predicate: str, objects: Sequence[Noun], subject: Noun) -> str:
    """`свири на кафява цигулка`."""
    return f"{_VERBS[predicate]} {join([phrase(noun) for noun in objects])}"


def dressed(color: str) -> str:
    """`в червено`."""
    return f"в {_ADJECTIVES[color][2]}"


def place(place: str) -> str:
    """`на трева`."""
    return _PLACES[place]


def having(parts: Sequence[Noun]) -> str:
    """`с кошница`, `със стол`."""
    said = join([phrase(noun) for noun in parts])
    return f"{'със' if said[0] in 'сз' else 'с'} {said}"


def there_is(noun: Noun, more: str) -> str:
    """`виждат се два червени автобуса на асфалт`."""
    return f"{'виждат' if noun.count > 1 else 'вижда'} се {phrase(noun)} {more}".rstrip()


def there_is_also(nouns: Sequence[Noun]) -> str:
    """`има и кафява маса`."""
    return f"има и {join([phrase(noun) for noun in nouns])}"


def beside(side: Literal["left", "right"], noun: Noun) -> str:
    """`вляво има сив пулт за ноти`."""
    return f"{'вляво' if side == 'left' else 'вдясно'} има {phrase(noun)}"


def tone(place: str, color: str) -> str:
    """`небето е синьо`."""
    return f"фонът е {_ADJECTIVES[color][0]}" if place == "room" else f"небето е {_ADJECTIVES[color][2]}"


def join(parts: Sequence[str]) -> str:
    """`стол и маса`."""
    return " и ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
