"""Bulgarian phrases: numerals, the counted form, plurals, and sentences of them.

Sentences are built so that no noun needs an article, whose forms the names do not carry.
"""

import re
from collections.abc import Sequence

from mic21.drafts.captioners.layout import Bond, Thing
from mic21.ontology import Category, Ontology

_NUMBERS = ("", "", "две", "три", "четири", "пет", "шест", "седем", "осем", "девет", "десет")
_OF_MEN = {2: "двама", 3: "трима", 4: "четирима", 5: "петима", 6: "шестима"}
_PREPOSITIONS = frozenset({"без", "в", "във", "върху", "до", "за", "из", "на", "от", "по", "под", "при", "с", "със"})
# Masculine nouns with a soft ending, whose counted form has -я; those in -тел have it all.
_SOFT = ("кон", "път", "огън", "лакът", "нокът")
_PLACES = {"beside": "до", "above": "над", "below": "под"}
# How a stated relation is put into a title: with, on or in the object.
_LINKS = {"rides": "на", "sits_on": "на", "stands_on": "на", "drives": "в"}
_NOT_PAIRS = ("успоредка", "халки", "поводи", "юзди", "ноти")


def is_named(category: Category) -> bool:
    """Whether the category has a Bulgarian name."""
    return category.name("bg") is not None


def title(first: Thing, bond: Bond | None, ontology: Ontology) -> str:
    """`Мотоциклет до стена`."""
    if bond is None:
        return _capital(phrase(first, ontology))
    subject, object = phrase(bond.subject, ontology), phrase(bond.object, ontology)
    link = _LINKS.get(bond.predicate or "") or _PLACES.get(bond.place) or _with(object)
    return _capital(f"{subject} {link} {object}")


def description(
    found: Sequence[Thing], bond: Bond | None, sides: tuple[Thing, Thing] | None, ontology: Ontology
) -> str:
    """`Цигулар свири на цигулка. На снимката има и два стола.`"""
    sentences = []
    rest = list(found)
    if bond is not None and bond.predicate is not None:
        subject, object = phrase(bond.subject, ontology), phrase(bond.object, ontology)
        sentences.append(_capital(f"{subject} {_verb(bond, ontology)} {object}."))
        rest = [thing for thing in found if thing not in (bond.subject, bond.object)]
        if rest:
            sentences.append(f"На снимката има и {_list([phrase(thing, ontology) for thing in rest])}.")
    else:
        sentences.append(f"На снимката има {_list([phrase(thing, ontology) for thing in rest])}.")
        if sides is not None:
            left, right = (phrase(thing, ontology) for thing in sides)
            sentences.append(f"Вляво има {left}, а вдясно – {right}.")
    return " ".join(sentences)


def theme(name: str) -> str:
    """The title of an image of which only the subdomain is known."""
    return f"Снимка: {name}"


def phrase(thing: Thing, ontology: Ontology) -> str:
    """The noun phrase of a thing: `линейка`, `два автобуса`, `двама войници`, `много хора`."""
    category, count = thing.category, thing.count
    name = category.name("bg") or category.key
    plural = category.plural("bg") or name
    gender = category.gender("bg")
    if gender == "p":
        return _plural_only(name, count)
    if count == 1:
        return name
    if count is None:
        return f"много {plural}"
    is_person = category.key == "person" or any(above.key == "person" for above in ontology.ancestors(category.key))
    if is_person and gender == "m":
        noun = "души" if category.key == "person" else plural
        return f"{_OF_MEN.get(count, _NUMBERS[count])} {noun}"
    if gender == "m":
        number = "два" if count == 2 else _NUMBERS[count]
        return f"{number} {counted_form(name, plural)}"
    return f"{_NUMBERS[count]} {plural}"


def _plural_only(name: str, count: int | None) -> str:
    """Skis, goggles: counted in pairs, where they are one."""
    if count == 1 or name.endswith(_NOT_PAIRS):
        return name
    if count is None:
        return f"много {name}"
    return f"{'два' if count == 2 else _NUMBERS[count]} чифта {name}"


def counted_form(name: str, plural: str) -> str:
    """The form that a masculine noun that is no person has after a number.

    >>> counted_form("автобус", "автобуси"), counted_form("трамвай", "трамваи"), counted_form("кон", "коне")
    ('автобуса', 'трамвая', 'коня')
    >>> counted_form("балон с горещ въздух", "балони с горещ въздух")
    'балона с горещ въздух'
    """
    words, plurals = name.split(), plural.split()
    head = next(
        (index - 1 for index, word in enumerate(words) if index and (word in _PREPOSITIONS or word[0] in '„«"')),
        len(words) - 1,
    )
    if len(words) != len(plurals):
        return plural
    return " ".join([*plurals[:head], _counted(words[head], plurals[head]), *words[head + 1 :]])


def _counted(noun: str, plural: str) -> str:
    if noun.endswith("й"):
        return f"{noun[:-1]}я"
    if noun.endswith("тел") or noun in _SOFT:
        return f"{noun}я"
    # A masculine noun in a vowel (дядо, колега) has no counted form of its own.
    return f"{noun}а" if re.search(r"[бвгджзклмнпрстфхцчшщ]$", noun) else plural


def _with(following: str) -> str:
    return "със" if following[0] in "сз" else "с"


def _verb(bond: Bond, ontology: Ontology) -> str:
    names = {predicate.key: predicate.name("bg") for predicate in ontology.predicates()}
    verb = names.get(bond.predicate or "") or "е с"
    # A reflexive verb is named `вози се`, but after a subject its particle comes first.
    return re.sub(r"^(\w+) се\b", r"се \1", verb)


def _list(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} и {parts[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
