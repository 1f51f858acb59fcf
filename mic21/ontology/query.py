"""Questions that combine several conditions, and all that is known of one category."""

from typing import TypedDict

from mic21.ontology.ontology import Ontology
from mic21.ontology.values import Category, Relation, Role


class NameRecord(TypedDict):
    """The names of one category in one language."""

    name: str | None
    synonyms: list[str]
    gender: str | None
    plural: str | None


class CategoryRecord(TypedDict):
    """All that the ontology says of one category, ready for JSON."""

    id: int
    key: str
    synset: str | None
    sense_key: str | None
    ili: str | None
    parents: list[str]
    definition: str
    note: str
    paths: list[list[str]]
    roles: dict[str, Role]
    relations: list[dict[str, str]]
    names: dict[str, NameRecord]


def query(
    ontology: Ontology,
    *,
    subdomain: str | None = None,
    domain: str | None = None,
    role: Role | None = None,
    under: str | None = None,
    search: str | None = None,
    language: str = "en",
) -> tuple[Category, ...]:
    """The categories that meet every condition given; all of them if none is.

    Args:
        ontology: where to look.
        subdomain: key of a subdomain.
        domain: key of a domain.
        role: see `Ontology.categories`.
        under: key or synset of a category; what is below it.
        search: a text in the key, the names in `language` or the definition.
        language: BCP 47 tag.

    Raises:
        OntologyError: a key, synset, role or language that there is not.

    >>> [category.key for category in query(Ontology.load(), subdomain="chess", role="dominant", under="person")]
    ['chess_player']
    """
    found = ontology.categories(subdomain, domain, role)
    if under is not None:
        below = {category.key for category in ontology.under(under)}
        found = tuple(category for category in found if category.key in below)
    if search is not None:
        sought = search.casefold()
        found = tuple(category for category in found if any(sought in text for text in _texts(category, language)))
    return found


def _texts(category: Category, language: str) -> tuple[str, ...]:
    texts = (category.key, category.definition, category.name(language) or "", *category.synonyms(language))
    return tuple(text.casefold() for text in texts)


def paths(ontology: Ontology, key: str) -> tuple[tuple[str, ...], ...]:
    """Every way from a category up to a top, as keys that begin with its own.

    >>> paths(Ontology.load(), "person")
    (('person',),)
    """
    category = ontology[key]
    if not category.parents:
        return ((category.key,),)
    return tuple((category.key, *path) for parent in category.parents for path in paths(ontology, parent))


def relations_of(ontology: Ontology, key: str) -> tuple[Relation, ...]:
    """The stated relations with a category on either side."""
    relations = (*ontology.relations(subject=key), *ontology.relations(object=key))
    return tuple(dict.fromkeys(relations))


def describe(ontology: Ontology, key: str) -> CategoryRecord:
    """All that is known of the category of a key or synset.

    Raises:
        OntologyError: there is none.
    """
    category = ontology[key]
    return {
        "id": category.id,
        "key": category.key,
        "synset": category.synset,
        "sense_key": category.sense_key,
        "ili": category.ili,
        "parents": list(category.parents),
        "definition": category.definition,
        "note": category.note,
        "paths": [list(path) for path in paths(ontology, category.key)],
        "roles": dict(ontology.roles(category.key)),
        "relations": [
            {"subject": found.subject, "predicate": found.predicate, "object": found.object}
            for found in relations_of(ontology, category.key)
        ],
        "names": {
            language: {
                "name": category.name(language),
                "synonyms": list(category.synonyms(language)),
                "gender": category.gender(language),
                "plural": category.plural(language),
            }
            for language in ontology.languages()
        },
    }
