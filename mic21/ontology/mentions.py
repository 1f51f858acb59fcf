"""Which categories a text mentions: names, synonyms and plurals of the ontology, found among a text's words.

Words are compared whole, so that a dog sleigh is no dog, and are led back to the form of the dictionary by the endings
of inflections.tsv. A table of endings knows no grammar: it does not see what changes inside a word, nor the parts of
compounds (a `Segelboot` is no `Boot`), and now and then a verb looks like a noun (`stand`).
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from mic21.ontology.files import read_upkeep
from mic21.ontology.fold import fold
from mic21.ontology.ontology import Ontology

_CAPITAL_NOUNS = ("de",)  # where `fahren` is no `Fahrer`, and can be told by its small letter
_LEAST_FOLDED = 4  # letters of a word that is looked for without its accents
# Letters with their accents, and digits; l·l of Catalan is one word, and l'avion, dog-sleigh are two each.
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*(?:·(?=l))?)+")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a text that name a category.

    Attributes:
        categories: keys of those that the words can name, by id; more than one where the words are ambiguous.
        start: index of the first letter.
        end: index after the last letter.
    """

    categories: tuple[str, ...]
    start: int
    end: int


class Mentions:
    """Finds the categories that texts of a language mention."""

    def __init__(self, ontology: Ontology, language: str, categories: Collection[str] | None = None) -> None:
        """Index the names of a language.

        Args:
            ontology: whose names to look for.
            language: BCP 47 tag of the texts.
            categories: keys of those to report; every one if None. The names of the others still count as words that
                belong together: where only dogs are asked for, a dog sleigh is none.

        Raises:
            OntologyError: there is no such language, or inflections.tsv or mentions.tsv breaks the format.
        """
        self._order = {category.key: category.id for category in ontology}
        self._wanted = self._order.keys() if categories is None else frozenset(categories)
        self._names = _Node()
        self._has_capital_nouns = language in _CAPITAL_NOUNS
        written: set[str] = set()
        for key, name in _names(ontology, language):
            words = [word for word, _, _ in _words(name)]
            self._names.add(words, key)
            written.update(words)
        endings = list(_endings(ontology, language))
        self._exact = _Lexicon(((word.casefold(), word) for word in written), endings)
        self._folded = _Lexicon(
            ((fold(word)[0], word) for word in sorted(written)),
            ((fold(form)[0], fold(ending)[0]) for form, ending in endings),
        )

    def find(self, text: str) -> list[Mention]:
        """The mentions in a text, in order; where names overlap, the one that begins first, and the longest of these.

        Case does not count, but for the nouns of German; accents and script do not, where no name is written so.

        >>> english = Mentions(Ontology.load(), "en")
        >>> [mention.categories for mention in english.find("Two violinists beside a dog sleigh")]
        [('violinist',), ('dogsled',)]
        """
        words = list(_words(text))
        read = [self._readings(word) for word, _, _ in words]
        found = []
        at = 0
        while at < len(words):
            end, keys = self._longest(read, at)
            wanted = tuple(sorted(keys & self._wanted, key=self._order.__getitem__))
            if wanted:
                found.append(Mention(wanted, words[at][1], words[end - 1][2]))
            at = max(end, at + 1)
        return found

    def _readings(self, word: str) -> set[str]:
        """The words of names that a word can be a form of."""
        found = self._exact.find(word.casefold())
        if not found and len(word) >= _LEAST_FOLDED:
            found = self._folded.find(fold(word)[0])
        if self._has_capital_nouns and word.islower():
            found = {name for name in found if name.islower()}
        return found

    def _longest(self, read: list[set[str]], start: int) -> tuple[int, set[str]]:
        """Where the longest name that starts at a word ends, and what it names."""
        end, keys = start, set[str]()
        nodes = [self._names]
        for at in range(start, len(read)):
            nodes = [node.following[word] for node in nodes for word in read[at] if word in node.following]
            if not nodes:
                break
            named = {key for node in nodes for key in node.keys}
            if named:
                end, keys = at + 1, named
        return end, keys


@dataclass(slots=True)
class _Node:
    """The beginnings of names, word by word."""

    following: dict[str, "_Node"] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def add(self, words: list[str], key: str) -> None:
        node = self
        for word in words:
            node = node.following.setdefault(word, _Node())
        node.keys.add(key)


class _Lexicon:
    """Words as they are written, found by any of their forms."""

    def __init__(self, written: Iterable[tuple[str, str]], endings: Iterable[tuple[str, str]]) -> None:
        self._words: dict[str, set[str]] = {}
        for spelling, word in written:
            self._words.setdefault(spelling, set()).add(word)
        self._endings: dict[str, set[str]] = {}
        for form, ending in endings:
            self._endings.setdefault(form, set()).add(ending)

    def find(self, form: str) -> set[str]:
        found = set(self._words.get(form, ()))
        for at in range(len(form) + 1):
            for ending in self._endings.get(form[at:], ()):
                found |= self._words.get(form[:at] + ending, set())
        return found


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _WORD.finditer(text):
        yield match.group(), match.start(), match.end()


def _names(ontology: Ontology, language: str) -> Iterator[tuple[str, str]]:
    """(Key, name) of the categories, and what mentions.tsv adds: words for a category that are none of its names."""
    for entry in ontology.names(language):
        if entry.kind == "category":
            yield from ((entry.key, name) for name in (entry.name, *entry.synonyms, entry.plural) if name)
    for row in read_upkeep(ontology.folders, "mentions"):
        of_language, key, words = row.fields.values()
        if of_language == language:
            yield from ((ontology[key].key, word) for word in words.split("|"))


def _endings(ontology: Ontology, language: str) -> Iterator[tuple[str, str]]:
    """(Ending of a form, ending of the word in the dictionary)."""
    for row in read_upkeep(ontology.folders, "inflections"):
        of_language, ending, forms = row.fields.values()
        if of_language != language:
            continue
        for form in forms.split():
            if form.startswith("="):
                yield from ((2 * letter + form[1:], letter) for letter in "bdfgklmnprst")
            else:
                yield form.replace("-", ""), ending
