"""What a query asks for, with the ontology's part of it worked out once for a corpus and a release alike."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mic21.corpus.licenses import parse_license
from mic21.corpus.schema import CAPTION_KINDS, ORIGINS, STATUSES
from mic21.errors import OntologyError, UsageError
from mic21.ontology import Ontology

Names = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The sets of values that a record must have; None lets every value through.

    Attributes:
        records: what an image must have to be shown: of each group such a record of one of the kinds in it.
    """

    subdomains: frozenset[str] | None = None
    category_ids: frozenset[int] | None = None
    statuses: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    licenses: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    image_ids: frozenset[int] | None = None
    records: tuple[tuple[str, ...], ...] = ()


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
    known_licenses: Collection[str] = (),
    known_languages: Collection[str] = (),
) -> Selection:
    """The selection that the words of a query mean.

    A word that nothing can have is an error, so that a misspelt one does not look like an empty answer.

    Args:
        ontology: gives the subdomains of a domain and the categories below a key or synset.
        imported: id → (name, linked key or None) of the categories that came with imports.
        subdomain: keys of subdomains.
        domain: keys of domains: every subdomain of theirs.
        category: keys, synsets, ids, or names of imported categories; of captions and interactions, those of images
            that show it.
        under: keys or synsets: themselves and every category below them.
        status: statuses; None stands for draft and accepted.
        origin: `model`, `human`, `import`.
        license: SPDX expressions, or `unknown`.
        language: BCP 47 tags, of captions.
        kind: `title`, `description`, of captions.
        images: image ids.
        known_licenses: those of the corpus, which may be none of SPDX.
        known_languages: those of the corpus's captions, which may be none of the ontology.

    Raises:
        OntologyError: a domain, subdomain, category or synset that neither the ontology nor the imports have.
        UsageError: a status, origin, kind, licence or language that there is not.
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
        statuses=_values_of("status", status, STATUSES) or frozenset({"draft", "accepted"}),
        origins=_values_of("origin", origin, ORIGINS),
        licenses=_licenses(license, known_licenses),
        languages=_values_of("language", language, sorted({*ontology.languages(), *known_languages})),
        kinds=_values_of("kind", kind, CAPTION_KINDS),
        image_ids=None if images is None else frozenset(images),
        records=_records(
            of_annotations=category_ids is not None,
            of_captions=language is not None or kind is not None,
            of_all=status is not None or origin is not None,
        ),
    )


def _records(*, of_annotations: bool, of_captions: bool, of_all: bool) -> tuple[tuple[str, ...], ...]:
    """The records that an image must have: those that conditions are of, or any where they are of all alike."""
    groups = [("annotations",)] * of_annotations + [("captions",)] * of_captions
    return tuple(groups) or (("annotations", "captions", "interactions"),) * of_all


def _values(names: Names) -> frozenset[str] | None:
    if names is None:
        return None
    return frozenset([names]) if isinstance(names, str) else frozenset(names)


def _values_of(what: str, names: Names, known: Sequence[str]) -> frozenset[str] | None:
    values = _values(names)
    for value in sorted(values or ()):
        if value not in known:
            raise UsageError(f"{what}: expected one of {', '.join(known)}, found {value!r}")
    return values


def _licenses(names: Names, known: Collection[str]) -> frozenset[str] | None:
    values = _values(names)
    if values is None:
        return None
    spdx = frozenset(value if value in known else parse_license(value) for value in values)
    for value in sorted(spdx):
        if value.startswith("LicenseRef-") and value not in known:
            here = ", ".join(sorted(known)) or "none"
            raise UsageError(f"license: expected one of SPDX or of those that are here ({here}), found {value!r}")
    return spdx


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
