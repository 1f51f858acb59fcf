"""How the names of the ontology agree with those of other wordnets."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mic21.ontology.link.readers import Words
from mic21.ontology.ontology import Ontology

Verdict = Literal["name", "synonym", "differs", "missing"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One category in one language.

    Attributes:
        language: BCP 47 tag.
        key: of the category.
        name: ours, or None.
        theirs: the words of the other wordnet.
        verdict: `name`: theirs have our name; `synonym`: they have one of our synonyms; `differs`: they have neither;
            `missing`: we have no name.
    """

    language: str
    key: str
    name: str | None
    theirs: tuple[str, ...]
    verdict: Verdict


def compare(ontology: Ontology, wordnets: Mapping[str, Words]) -> Iterator[Comparison]:
    """Every category that another wordnet has words for, by language and id.

    Case and the choice of space, hyphen or nothing between parts of a word do not count.

    Args:
        ontology: ours.
        wordnets: of `read_wordnets`.
    """
    for language in ontology.languages():
        words = wordnets.get(language, {})
        for category in ontology:
            if category.synset is None or not (theirs := words.get(category.synset)):
                continue
            name = category.name(language)
            known = {_plain(word) for word in theirs}
            verdict: Verdict = "differs"
            if name is None:
                verdict = "missing"
            elif _plain(name) in known:
                verdict = "name"
            elif any(_plain(synonym) in known for synonym in category.synonyms(language)):
                verdict = "synonym"
            yield Comparison(language, category.key, name, tuple(theirs), verdict)


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word).casefold().replace(" ", "").replace("-", "").replace("’", "'")
