"""The values an ontology hands out.

They are plain frozen dataclasses and not pydantic models: an ontology of 850 categories loads with every command, and
importing pydantic alone would take longer than that.
"""

from dataclasses import dataclass, field
from typing import Literal

from mic21.ontology.names import Names
from mic21.ontology.rows import Row

Role = Literal["dominant", "attribute", "parent"]


@dataclass(frozen=True, slots=True)
class Category:
    """A visual concept: a stable key and id, its WordNet 3.0 passport, and its names.

    Attributes:
        id: integer, never reused; the `category_id` of COCO files.
        key: stable ASCII word, `chess_player`.
        synset: WordNet 3.0 offset, `09915834-n`; None where WordNet lacks the thing.
        sense_key: WordNet sense key, `chess_player%1:18:00::`.
        ili: identifier in the Collaborative Interlingual Index, `i88563`.
        parents: keys of the nearest categories above it; empty at the top.
        definition: one fragment of a sentence, in English.
        note: where the boundary lies, for annotators; often empty.
    """

    id: int
    key: str
    synset: str | None
    sense_key: str | None
    ili: str | None
    parents: tuple[str, ...]
    definition: str
    note: str
    _names: Names = field(repr=False, compare=False)

    def name(self, language: str) -> str | None:
        """The display name in a language, or None where it has none; never English in its place."""
        entry = self._names.entry("category", self.key, language)
        return entry.name if entry else None

    def synonyms(self, language: str) -> tuple[str, ...]:
        """The other names in a language, the usual ones first."""
        entry = self._names.entry("category", self.key, language)
        return entry.synonyms if entry else ()

    def plural(self, language: str) -> str | None:
        """The plural of the display name; in English only where it is irregular."""
        entry = self._names.entry("category", self.key, language)
        return entry.plural if entry else None

    def gender(self, language: str) -> str | None:
        """The grammatical gender of the display name: m, f, n, c (common), p (plural only), or None."""
        entry = self._names.entry("category", self.key, language)
        return entry.gender if entry else None


@dataclass(frozen=True, slots=True)
class Domain:
    """A broad theme: sport, transport, arts or security."""

    key: str
    _names: Names = field(repr=False, compare=False)

    def name(self, language: str) -> str | None:
        """The display name in a language, or None."""
        entry = self._names.entry("domain", self.key, language)
        return entry.name if entry else None


@dataclass(frozen=True, slots=True)
class Subdomain:
    """A theme that a photograph belongs to, `chess`, in one domain."""

    key: str
    domain: str
    _names: Names = field(repr=False, compare=False)

    def name(self, language: str) -> str | None:
        """The display name in a language, or None."""
        entry = self._names.entry("subdomain", self.key, language)
        return entry.name if entry else None


@dataclass(frozen=True, slots=True)
class Predicate:
    """A kind of relation.

    Attributes:
        key: stable ASCII word.
        inverse: key of the predicate that says the same from the other side, or None.
        domain: keys of categories; a subject is one of them or below one. Empty: any category.
        range: the same for objects.
    """

    key: str
    inverse: str | None
    domain: tuple[str, ...]
    range: tuple[str, ...]
    _names: Names = field(repr=False, compare=False)

    def name(self, language: str) -> str | None:
        """The display name in a language, or None."""
        entry = self._names.entry("predicate", self.key, language)
        return entry.name if entry else None


@dataclass(frozen=True, slots=True)
class Relation:
    """One stated fact between two categories, by their keys."""

    subject: str
    predicate: str
    object: str


def category_of(row: Row, names: Names) -> Category:
    """The category of a row of categories.tsv."""
    fields = row.fields
    return Category(
        id=int(fields["id"]),
        key=fields["key"],
        synset=fields["synset"] or None,
        sense_key=fields["sense_key"] or None,
        ili=fields["ili"] or None,
        parents=tuple(fields["parents"].split()),
        definition=fields["definition"],
        note=fields["note"],
        _names=names,
    )


def predicate_of(row: Row, names: Names) -> Predicate:
    """The predicate of a row of predicates.tsv."""
    key, inverse, domain, range_ = row.fields.values()
    return Predicate(key, inverse or None, tuple(domain.split()), tuple(range_.split()), names)
