"""Proposes WordNet synsets for words, those that a photograph can show first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mic21.ontology.link.nearest import nearest_above
from mic21.ontology.link.wordnet import hypernyms_of, offset_of
from mic21.ontology.ontology import Ontology

# Lexicographer files whose senses one can draw a mask around.
_SEEN = frozenset({f"noun.{kind}" for kind in ("artifact", "person", "animal", "plant", "food", "body", "object")})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One sense of a word.

    Attributes:
        word: as it was asked for.
        rank: 1 for the likeliest.
        synset: WordNet 3.0 offset.
        sense_key: of the word in that synset.
        lemmas: of the synset.
        gloss: WordNet's.
        lexname: lexicographer file, `noun.artifact`.
        category: key of the category that has this synset, or None.
        parents: keys of the nearest categories above the synset.
    """

    word: str
    rank: int
    synset: str
    sense_key: str
    lemmas: tuple[str, ...]
    gloss: str
    lexname: str
    category: str | None
    parents: tuple[str, ...]


def propose(ontology: Ontology, words: Iterable[str], wordnet: Any) -> Iterator[Proposal]:
    """The noun senses of each word: visible things first, then in WordNet's order, the most frequent first.

    Args:
        ontology: says which synsets are categories already, and what is above the others.
        words: English; spaces and case as you like. A word that WordNet does not have gives nothing.
        wordnet: of `open_wordnet`.
    """
    above = hypernyms_of(wordnet)
    categories = {found.synset: found.key for found in ontology if found.synset}
    for word in words:
        senses = []
        for number, synset in enumerate(wordnet.synsets(word.strip().replace(" ", "_"), pos="n")):
            senses.append((synset.lexname() not in _SEEN, number, synset))
        for rank, (_, _, synset) in enumerate(sorted(senses), 1):
            offset, lemma = offset_of(synset), _lemma(synset, word)
            found = ontology.get(offset)
            yield Proposal(
                word=word,
                rank=rank,
                synset=offset,
                sense_key=lemma.key(),
                lemmas=tuple(name.replace("_", " ") for name in synset.lemma_names()),
                gloss=synset.definition(),
                lexname=synset.lexname(),
                category=found.key if found else None,
                parents=tuple(nearest_above(offset, above, categories)),
            )


def _lemma(synset: Any, word: str) -> Any:
    """The lemma that is the word; the first one where nltk found the synset by an inflected form."""
    wanted = word.strip().replace(" ", "_").casefold()
    lemmas = synset.lemmas()
    return next((lemma for lemma in lemmas if lemma.name().casefold() == wanted), lemmas[0])
