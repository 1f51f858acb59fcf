"""Search in the names of all languages: whole names before beginnings of words, and these before misspelt names."""

import heapq
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from mic21.ontology.fold import fold, variants
from mic21.ontology.names import Name
from mic21.ontology.values import Category

_LEAST_LETTERS = 4  # of a word that may be misspelt; a shorter one is an edit away from too many
_EXACT, _FOLDED, _BEGINNING, _WORD, _MISSPELT = range(5)


@dataclass(frozen=True, slots=True)
class Match:
    """A category that a search found.

    Attributes:
        category: what was found.
        name: the name that matched best.
        language: of that name.
        how: `exact`, `folded` (but for case, accents, script), `beginning` of the name, of a `word` in it, `misspelt`.
    """

    category: Category
    name: str
    language: str
    how: str

    @property
    def key(self) -> str:
        """The category's key."""
        return self.category.key


class SearchIndex:
    """The names of some languages, folded."""

    def __init__(self, entries: Iterable[tuple[str, Name]]) -> None:
        """Index (language, entry of a category); the order of the languages breaks ties."""
        self._entries: list[tuple[str, str, str, bool]] = []  # key, language, name, whether it is a synonym
        whole: dict[str, list[int]] = {}
        words: dict[str, list[int]] = {}
        for language, entry in entries:
            names = ((entry.name, False), *((synonym, True) for synonym in entry.synonyms))
            for name, is_synonym in names:
                if name is None:
                    continue
                number = len(self._entries)
                self._entries.append((entry.key, language, name, is_synonym))
                for folded in fold(name):
                    whole.setdefault(folded, []).append(number)
                    for at, letter in enumerate(folded):
                        if letter == " ":
                            words.setdefault(folded[at + 1 :], []).append(number)
        self._whole, self._words = whole, words
        self._sorted_whole, self._sorted_words = sorted(whole), sorted(words)

    def search(self, word: str, limit: int) -> list[tuple[str, str, str, str]]:
        """The best (key, name, language, how), one a category."""
        best: dict[str, tuple[tuple[int, bool, int, int], int]] = {}

        def note(rank: int, numbers: Iterable[int]) -> None:
            for number in numbers:
                key, _, name, is_synonym = self._entries[number]
                order = (rank, is_synonym, abs(len(name) - len(word)), number)
                if key not in best or order < best[key][0]:
                    best[key] = (order, number)

        for folded in filter(None, fold(word)):
            same = self._whole.get(folded, [])
            wanted = word.casefold()
            note(_EXACT, (number for number in same if self._entries[number][2].casefold() == wanted))
            note(_FOLDED, same)
            for rank, keys, index in (
                (_BEGINNING, self._sorted_whole, self._whole),
                (_WORD, self._sorted_words, self._words),
            ):
                for at in range(bisect_left(keys, folded), bisect_left(keys, folded + "{")):  # "{" follows "z"
                    note(rank, index[keys[at]])
            if len(folded) >= _LEAST_LETTERS:
                for variant in variants(folded) & self._whole.keys():
                    note(_MISSPELT, self._whole[variant])
        found = heapq.nsmallest(limit, best.values())
        how = ("exact", "folded", "beginning", "word", "misspelt")
        return [(*self._shown(number), how[order[0]]) for order, number in found]

    def _shown(self, number: int) -> tuple[str, str, str]:
        key, language, name, _ = self._entries[number]
        return key, name, language


def by_name(entries: Iterable[Name]) -> dict[str, str]:
    """Casefolded name → key; a display name wins over a synonym, and an earlier entry over a later one."""
    entries = list(entries)
    index: dict[str, str] = {}
    for entry in entries:
        if entry.name:
            index.setdefault(entry.name.casefold(), entry.key)
    for entry in entries:
        for synonym in entry.synonyms:
            index.setdefault(synonym.casefold(), entry.key)
    return index
