"""English phrases: articles, plurals, number words, and sentences of them."""

import re
from collections.abc import Sequence

from mic21.drafts.captioners.layout import Bond, Thing
from mic21.ontology import Category, Ontology

_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# Nouns whose plural is the same word, and that are counted all the same.
_SAME_PLURAL = ("sheep", "fish", "deer", "craft")
# Plural nouns that do not come in pairs.
_NOT_PAIRS = ("bars", "rings", "reins", "stairs", "cleats", "goods")
_PLACES = {"beside": "beside", "above": "above", "below": "below", "with": "with"}
_PARTICIPLES = {"sits": "sitting"}


def is_named(category: Category) -> bool:
    """Whether the category has an English name."""
    return category.name("en") is not None


def title(first: Thing, bond: Bond | None, ontology: Ontology) -> str:
    """`A motorcycle beside a wall`."""
    if bond is None:
        return _capital(phrase(first))
    if bond.predicate is None:
        return _capital(f"{phrase(bond.subject)} {_PLACES[bond.place]} {phrase(bond.object)}")
    return _capital(f"{phrase(bond.subject)} {_participle(_verb(bond, ontology))} {phrase(bond.object)}")


def description(
    found: Sequence[Thing], bond: Bond | None, sides: tuple[Thing, Thing] | None, ontology: Ontology
) -> str:
    """`A violinist plays a violin. The photograph also shows two chairs.`"""
    sentences = []
    rest = list(found)
    if bond is not None and bond.predicate is not None:
        sentences.append(_capital(f"{phrase(bond.subject)} {_verb(bond, ontology)} {phrase(bond.object)}."))
        rest = [thing for thing in found if thing not in (bond.subject, bond.object)]
        if rest:
            sentences.append(f"The photograph also shows {_list([phrase(thing) for thing in rest])}.")
    else:
        sentences.append(f"The photograph shows {_list([phrase(thing) for thing in rest])}.")
        if sides is not None:
            left, right = (_name(thing.category) for thing in sides)
            be_left, be_right = ("are" if _is_plural(thing.category) else "is" for thing in sides)
            second = f"the {right} on the right" if be_left == be_right else f"the {right} {be_right} on the right"
            sentences.append(f"The {left} {be_left} on the left, {second}.")
    return " ".join(sentences)


def theme(name: str) -> str:
    """The title of an image of which only the subdomain is known."""
    return f"Photograph: {name}"


def phrase(thing: Thing) -> str:
    """The noun phrase of a thing: `an ambulance`, `two skis`, `a pair of goggles`, `many people`."""
    name = _name(thing.category)
    if _is_pair(thing.category):
        if thing.count == 1:
            return f"a pair of {name}"
        return f"{_number(thing.count)} pairs of {name}"
    if _is_plural(thing.category) or _is_mass(thing.category):
        return name
    if thing.count == 1:
        return f"{article(name)} {name}"
    return f"{_number(thing.count)} {plural(thing.category)}"


def article(noun: str) -> str:
    """`a` or `an`, by the sound that a noun begins with.

    >>> article("umbrella"), article("unicycle"), article("hour"), article("horse")
    ('an', 'a', 'an', 'a')
    """
    if re.match(r"uni(?!n)|us[aeiu]|eu|ew|one\b|ute", noun):
        return "a"
    return "an" if re.match(r"[aeiou]|hour|honest|heir", noun) else "a"


def plural(category: Category) -> str:
    """The plural of a category's name: the irregular one that the ontology has, or by rule."""
    name = _name(category)
    irregular = category.plural("en")
    if irregular:
        return irregular
    return regular_plural(name)


def regular_plural(name: str) -> str:
    """The plural by rule, of the head of a phrase.

    >>> regular_plural("bus"), regular_plural("lorry"), regular_plural("tray"), regular_plural("bale of hay")
    ('buses', 'lorries', 'trays', 'bales of hay')
    """
    head, of, rest = name.partition(" of ")
    if re.search(r"[^aeiou]y$", head):
        head = f"{head[:-1]}ies"
    elif re.search(r"(s|x|z|ch|sh)$", head):
        head += "es"
    else:
        head += "s"
    return head + of + rest


def _name(category: Category) -> str:
    return category.name("en") or category.key


def _is_plural(category: Category) -> bool:
    """Whether the name is a plural already, as of goggles."""
    name = _name(category)
    return category.plural("en") == name and name.endswith("s")


def _is_pair(category: Category) -> bool:
    return _is_plural(category) and not _name(category).endswith(_NOT_PAIRS)


def _is_mass(category: Category) -> bool:
    name = _name(category)
    return category.plural("en") == name and not name.endswith(("s", *_SAME_PLURAL))


def _number(count: int | None) -> str:
    return "many" if count is None else _NUMBERS[count]


def _verb(bond: Bond, ontology: Ontology) -> str:
    names = {predicate.key: predicate.name("en") for predicate in ontology.predicates()}
    return names.get(bond.predicate or "") or (bond.predicate or "").replace("_", " ")


def _participle(verb: str) -> str:
    """`plays` → `playing`, `rides` → `riding`, `sits on` → `sitting on`."""
    word, space, rest = verb.partition(" ")
    stem = word.removesuffix("s")
    return _PARTICIPLES.get(word, f"{stem.removesuffix('e')}ing") + space + rest


def _list(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
