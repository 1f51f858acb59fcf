"""Captions of scenes: the same sentences in every language, each with a grammar of its own.

Names come from the ontology, the words around them from `mic21.synth.languages`. No sentence needs the definite form of
a noun, which the names do not carry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from mic21.errors import UsageError
from mic21.synth.facts import Facts, Noun
from mic21.synth.languages import bulgarian, english, french, german, spanish


class Grammar(Protocol):
    """What a language gives: a module with these functions."""

    def phrase(self, noun: Noun) -> str:
        """`two red buses`, as a subject."""

    def act(self, predicate: str, objects: Sequence[Noun], subject: Noun) -> str:
        """`plays a brown violin`."""

    def dressed(self, color: str) -> str:
        """`in red`."""

    def place(self, place: str) -> str:
        """`on grass`; empty for a room."""

    def having(self, parts: Sequence[Noun]) -> str:
        """`with a basket`."""

    def there_is(self, noun: Noun, more: str) -> str:
        """`There are two red buses on asphalt`, where `more` is what follows the noun."""

    def there_is_also(self, nouns: Sequence[Noun]) -> str:
        """`There is also a brown table`."""

    def beside(self, side: Literal["left", "right"], noun: Noun) -> str:
        """`On the left there is a grey music stand`."""

    def tone(self, place: str, color: str) -> str:
        """`The sky is blue`."""

    def join(self, parts: Sequence[str]) -> str:
        """`plays a violin and holds a bow`."""


GRAMMARS: Mapping[str, Grammar] = {"en": english, "bg": bulgarian, "de": german, "fr": french, "es": spanish}


def grammar(language: str) -> Grammar:
    """The grammar of a language.

    Raises:
        UsageError: there is none.
    """
    if language not in GRAMMARS:
        raise UsageError(f"language: expected one of {', '.join(GRAMMARS)}, found {language!r}")
    return GRAMMARS[language]


def title(facts: Facts, language: str) -> str:
    """A title: the subject with what it does first, and where.

    `A violinist plays a violin`, `Two red buses on asphalt`.
    """
    words = grammar(language)
    said = [words.phrase(facts.subject)]
    if facts.actions:
        predicate, objects = facts.actions[0]
        said.append(words.act(predicate, [replace(noun, color=None) for noun in objects], facts.subject))
    return _capital(_spaced(*said, words.place(facts.place)))


def description(facts: Facts, language: str) -> str:
    """A description in several sentences: who does what with which, what stands where, and the sky or the wall."""
    words = grammar(language)
    dressed = words.dressed(facts.clothes) if facts.clothes else ""
    if facts.actions:
        acts = words.join([words.act(predicate, objects, facts.subject) for predicate, objects in facts.actions])
        sentences = [_spaced(words.phrase(facts.subject), dressed, acts)]
    else:
        parts = words.having(facts.parts) if facts.parts else ""
        sentences = [words.there_is(facts.subject, _spaced(dressed, parts, words.place(facts.place)))]
    if facts.others:
        sentences.append(words.there_is_also(facts.others))
    if facts.left:
        sentences.append(words.beside("left", facts.left))
    if facts.right:
        sentences.append(words.beside("right", facts.right))
    sentences.append(words.tone(facts.place, facts.tone))
    return " ".join(f"{_capital(sentence)}." for sentence in sentences)


def _spaced(*words: str) -> str:
    return " ".join(word for word in words if word)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
