"""JSON: the whole ontology as one document, whose schema is `schemas/ontology.schema.json`."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from mic21.ontology.ontology import Ontology


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SubdomainRecord(_Model):
    """A theme of photographs."""

    key: str
    domain: str
    dominant: list[str] = Field(description="key of its main player, one")
    attribute: list[str] = Field(description="keys of what is drawn with it")


class CategoryRecord(_Model):
    """A visual concept."""

    id: int = Field(description="COCO's category_id, never reused")
    key: str
    synset: str | None = Field(description="WordNet 3.0 offset", pattern=r"^\d{8}-n$")
    sense_key: str | None
    ili: str | None = Field(description="Collaborative Interlingual Index", pattern=r"^i\d+$")
    parents: list[str]
    definition: str
    note: str


class PredicateRecord(_Model):
    """A kind of relation."""

    key: str
    inverse: str | None
    domain: list[str]
    range: list[str]


class RelationRecord(_Model):
    """A stated relation."""

    subject: str
    predicate: str
    object: str


class NameRecord(_Model):
    """What one language calls one thing."""

    language: str = Field(description="BCP 47")
    kind: str
    key: str
    name: str | None
    synonyms: list[str]
    gender: str | None
    plural: str | None
    source: str
    reviewed: bool


class OntologyDocument(_Model):
    """The whole ontology."""

    version: str
    digest: str = Field(description="SHA-256 over its data files", pattern="^[0-9a-f]{64}$")
    domains: list[str]
    subdomains: list[SubdomainRecord]
    categories: list[CategoryRecord]
    predicates: list[PredicateRecord]
    relations: list[RelationRecord]
    names: list[NameRecord] = Field(default=[], description="language by language; left out where a table has them")


def to_document(ontology: Ontology, *, names: bool = True) -> OntologyDocument:
    """The ontology as a document.

    Args:
        ontology: what to put in.
        names: put the names in too.
    """
    return OntologyDocument(
        version=ontology.version,
        digest=ontology.digest,
        domains=[found.key for found in ontology.domains()],
        subdomains=[_subdomain(ontology, found.key, found.domain) for found in ontology.subdomains()],
        categories=[
            CategoryRecord(
                id=category.id,
                key=category.key,
                synset=category.synset,
                sense_key=category.sense_key,
                ili=category.ili,
                parents=list(category.parents),
                definition=category.definition,
                note=category.note,
            )
            for category in ontology
        ],
        predicates=[
            PredicateRecord(key=found.key, inverse=found.inverse, domain=list(found.domain), range=list(found.range))
            for found in ontology.predicates()
        ],
        relations=[
            RelationRecord(subject=found.subject, predicate=found.predicate, object=found.object)
            for found in ontology.relations()
        ],
        names=[
            NameRecord(language=language, **(entry._asdict() | {"synonyms": list(entry.synonyms)}))
            for language in (ontology.languages() if names else ())
            for entry in ontology.names(language)
        ],
    )


def to_json(ontology: Ontology, *, names: bool = True) -> Iterator[str]:
    """The document as JSON text."""
    document = to_document(ontology, names=names)
    yield document.model_dump_json(indent=1, exclude=None if names else {"names"})
    yield "\n"


def _subdomain(ontology: Ontology, key: str, domain: str) -> SubdomainRecord:
    return SubdomainRecord(
        key=key,
        domain=domain,
        dominant=[ontology.dominant(key).key],
        attribute=[found.key for found in ontology.categories(key, role="attribute")],
    )
