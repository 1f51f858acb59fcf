"""What a query asks for, with the ontology's part of it worked out once for a corpus and a release alike."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mic21.errors import OntologyError, UsageError
from mic21.ontology import Ontology

Names = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The sets of values that a record must have; None lets every value through."""

    subdomains: frozenset[str] | None = None
    category_ids: frozenset[int] | None = None
    statuses: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    licenses: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    image_ids: frozenset[int] | None = None


def select(
    ontology: Ontology,
    imported: Mapping[int, tuple[str, str | None]],
    *,
    subdomain: Names = None,
    domain: Names = None,
    category: Names = None,
    under: Names = None,
    status: Names = None,
    origin: Names = None,
    license: Names = None,
    language: Names = None,
    kind: Names = None,
    images: Collection[int] | None = None,
) -> Selection:
    """The selection that the words of a query mean.

    Args:
        ontology: gives the subdomains of a domain and the categories below a key or synset.
        imported: id → (name, linked key or None) of the categories that came with imports.
        subdomain: keys of subdomains.
        domain: keys of domains: every subdomain of theirs.
        category: keys, synsets, ids, or names of imported categories.
        under: keys or synsets: themselves and every category below them.
        status: statuses; None stands for draft and accepted.
        origin: `model`, `human`, `import`.
        license: SPDX expressions, or `unknown`.
        language: BCP 47 tags, of captions.
        kind: `title`, `description`.
        images: image ids.

    Raises:
        OntologyError: a domain, subdomain, category or synset that neither the ontology nor the imports have.
    """
    subdomains = _values(subdomain)
    for name in subdomains or ():
        ontology.subdomain(name)
    if domain is not None:
        of_domains = frozenset(
            found.key for name in _values(domain) or () for found in ontology.subdomains(domain=name)
        )
        subdomains = of_domains if subdomains is None else subdomains & of_domains
    category_ids: frozenset[int] | None = None
    if category is not None:
        category_ids = frozenset(
            id for name in _values(category) or () for id in _category_ids(ontology, imported, name)
        )
    if under is not None:
        keys = {key for name in _values(under) or () for key in _keys_under(ontology, name)}
        below = frozenset(_ids_of_keys(ontology, imported, keys))
        category_ids = below if category_ids is None else category_ids & below
    return Selection(
        subdomains=subdomains,
        category_ids=category_ids,
        statuses=_values(status) or frozenset({"draft", "accepted"}),
        origins=_values(origin),
        licenses=_values(license),
        languages=_values(language),
        kinds=_values(kind),
        image_ids=None if images is None else frozenset(images),
    )


def _values(names: Names) -> frozenset[str] | None:
    if names is None:
        return None
    return frozenset([names]) if isinstance(names, str) else frozenset(names)


def _keys_under(ontology: Ontology, name: str) -> set[str]:
    return {category.key for category in ontology.under(name, include_self=True)}


def _ids_of_keys(ontology: Ontology, imported: Mapping[int, tuple[str, str | None]], keys: set[str]) -> set[int]:
    return {ontology[key].id for key in keys} | {id for id, (_, key) in imported.items() if key in keys}


def _category_ids(ontology: Ontology, imported: Mapping[int, tuple[str, str | None]], name: str) -> set[int]:
    """Ids of the ontology category that a word names, with the imported ones linked to it or so called."""
    found = ontology.find(name)
    ids = _ids_of_keys(ontology, imported, {found.key}) if found else set()
    ids |= {id for id, (imported_name, _) in imported.items() if imported_name == name or str(id) == name}
    if name.isdecimal() and (by_id := ontology.get_id(int(name))):
        ids.add(by_id.id)
    if not ids:
        try:
            ontology[name]  # raises with the nearest spellings
        except OntologyError as error:
            raise UsageError(f"category: {error}") from error
    return ids
