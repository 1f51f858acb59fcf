"""How much of the ontology has a name, language by language, and how much of that a person has reviewed."""

from dataclasses import dataclass

from mic21.ontology.names import LANGUAGES
from mic21.ontology.ontology import Ontology


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language.

    Attributes:
        language: BCP 47 tag.
        wanted: how many things the ontology has: domains, subdomains, categories and predicates.
        named: how many of them have a name.
        reviewed: how many of these names a native speaker has signed.
        synonyms: how many further names there are.
        missing: (kind, key) of what has no name, in the order of the ontology.
    """

    language: str
    wanted: int
    named: int
    reviewed: int
    synonyms: int
    missing: tuple[tuple[str, str], ...]


def coverage(ontology: Ontology) -> tuple[Coverage, ...]:
    """The coverage of each of MIC21's 25 languages, and of any other that a corpus has added.

    >>> {found.language: found.named == found.wanted for found in coverage(Ontology.load())}["en"]
    True
    """
    wanted = [
        *(("domain", found.key) for found in ontology.domains()),
        *(("subdomain", found.key) for found in ontology.subdomains()),
        *(("category", found.key) for found in ontology),
        *(("predicate", found.key) for found in ontology.predicates()),
    ]
    return tuple(
        _language(ontology, language, wanted) for language in dict.fromkeys((*LANGUAGES, *ontology.languages()))
    )


def _language(ontology: Ontology, language: str, wanted: list[tuple[str, str]]) -> Coverage:
    named = {(entry.kind, entry.key): entry for entry in ontology.names(language) if entry.name}
    return Coverage(
        language=language,
        wanted=len(wanted),
        named=len(named),
        reviewed=sum(entry.reviewed for entry in named.values()),
        synonyms=sum(len(entry.synonyms) for entry in named.values()),
        missing=tuple(thing for thing in wanted if thing not in named),
    )
