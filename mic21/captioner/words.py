"""Words of categories that a caption may not use: those of given categories, or of all that are not annotated."""

from collections.abc import Collection, Iterable

from mic21.captioner.decoding import Blocked
from mic21.captioner.tokenizer import Tokenizer
from mic21.ontology import Category, Ontology


class WordBlocker:
    """Makes what decoding needs to keep names of categories out of captions in a language.

    A name is blocked as it is written and with a capital. Words that only begin like it are blocked too where the
    tokenizer cuts them there, and inflected forms are not: this keeps most slips out and proves nothing.
    """

    def __init__(self, tokenizer: Tokenizer, ontology: Ontology, language: str) -> None:
        self._ontology = ontology
        self._names = {category.id: self._spelt(category, language) for category in ontology}
        spellings = sorted({name for names in self._names.values() for name in names})
        self._tokens = dict(zip(spellings, map(tuple, tokenizer.encode_batch(spellings)), strict=True))

    def against(self, category_ids: Iterable[int]) -> Blocked:
        """Block the names of these categories and of all below them."""
        below = {
            one.id
            for id in category_ids
            if (category := self._ontology.get_id(id))
            for one in self._ontology.under(category.key, include_self=True)
        }
        return self._blocked({name for id in below for name in self._names[id]})

    def all_but(self, category_ids: Iterable[int]) -> Blocked:
        """Block the names of all categories but these and what they are kinds of."""
        known = [category for id in category_ids if (category := self._ontology.get_id(id))]
        kept = {one.id for category in known for one in (category, *self._ontology.ancestors(category.key))}
        allowed = {name for id in kept for name in self._names[id]}
        return self._blocked({name for id in self._names.keys() - kept for name in self._names[id]} - allowed)

    def _spelt(self, category: Category, language: str) -> set[str]:
        names = [name for name in (category.name(language), *category.synonyms(language)) if name]
        return {spelling for name in names for spelling in (name, name[0].upper() + name[1:])}

    def _blocked(self, names: Collection[str]) -> Blocked:
        endings: dict[tuple[int, ...], set[int]] = {}
        for name in names:
            *before, last = self._tokens[name]
            endings.setdefault(tuple(before), set()).add(last)
        return {ending: frozenset(tokens) for ending, tokens in endings.items()}
