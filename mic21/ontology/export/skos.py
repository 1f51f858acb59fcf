"""SKOS in Turtle: categories are concepts with labels in every language, themes are collections of them.

https://www.w3.org/TR/skos-reference/ and https://www.w3.org/TR/turtle/. Subjects are `urn:mic21:…`, for
nobody has promised to keep a web address for them.
"""

from collections.abc import Iterable, Iterator

from mic21.ontology.names import Name
from mic21.ontology.ontology import Ontology
from mic21.ontology.values import Category

_HEAD = """\
@prefix category: <urn:mic21:category:> .
@prefix domain: <urn:mic21:domain:> .
@prefix ili: <http://globalwordnet.org/ili/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix predicate: <urn:mic21:predicate:> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix subdomain: <urn:mic21:subdomain:> .
@prefix wn30: <http://wordnet-rdf.princeton.edu/wn30/> .

"""
_SCHEME = "<urn:mic21:ontology>"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def to_skos(ontology: Ontology) -> Iterator[str]:
    """The ontology as Turtle, subject by subject."""
    names = {language: ontology.names(language) for language in ontology.languages()}
    labels: dict[tuple[str, str], list[tuple[str, Name]]] = {}
    for language, entries in names.items():
        for entry in entries:
            labels.setdefault((entry.kind, entry.key), []).append((language, entry))
    yield _HEAD
    tops = [f"category:{found.key}" for found in ontology if not found.parents]
    version = _literal(ontology.version)
    yield _subject(_SCHEME, "skos:ConceptScheme", [("owl:versionInfo", [version]), ("skos:hasTopConcept", tops)])
    for category in ontology:
        own = labels.get(("category", category.key), [])
        yield _subject(f"category:{category.key}", "skos:Concept", [*_labels(own), *_facts(ontology, category)])
    for subdomain in ontology.subdomains():
        members = [f"category:{found.key}" for found in ontology.categories(subdomain.key)]
        own = labels.get(("subdomain", subdomain.key), [])
        yield _subject(f"subdomain:{subdomain.key}", "skos:Collection", [*_labels(own), ("skos:member", members)])
    for domain in ontology.domains():
        members = [f"subdomain:{found.key}" for found in ontology.subdomains(domain.key)]
        own = labels.get(("domain", domain.key), [])
        yield _subject(f"domain:{domain.key}", "skos:Collection", [*_labels(own), ("skos:member", members)])
    for predicate in ontology.predicates():
        named = [_literal(entry.name, tag) for tag, entry in labels.get(("predicate", predicate.key), []) if entry.name]
        inverse = [f"predicate:{predicate.inverse}"] if predicate.inverse else []
        facts = [("rdfs:label", named), ("rdfs:subPropertyOf", ["skos:related"]), ("owl:inverseOf", inverse)]
        yield _subject(f"predicate:{predicate.key}", "rdf:Property", facts)


def _labels(named: Iterable[tuple[str, Name]]) -> list[tuple[str, list[str]]]:
    named = list(named)
    preferred = [_literal(entry.name, language) for language, entry in named if entry.name]
    others = [_literal(synonym, language) for language, entry in named for synonym in entry.synonyms]
    return [("skos:prefLabel", preferred), ("skos:altLabel", others)]


def _facts(ontology: Ontology, category: Category) -> list[tuple[str, list[str]]]:
    matches = [f"wn30:{category.synset}"] if category.synset else []
    matches += [f"ili:{category.ili}"] if category.ili else []
    relations: dict[str, list[str]] = {}
    for found in ontology.relations(subject=category.key):
        relations.setdefault(f"predicate:{found.predicate}", []).append(f"category:{found.object}")
    return [
        ("skos:notation", [_literal(str(category.id))]),
        ("skos:definition", [_literal(category.definition, "en")]),
        ("skos:scopeNote", [_literal(category.note, "en")] if category.note else []),
        ("skos:broader", [f"category:{parent}" for parent in category.parents]),
        ("skos:topConceptOf" if not category.parents else "skos:inScheme", [_SCHEME]),
        ("skos:exactMatch", matches),
        *relations.items(),
    ]


def _subject(name: str, type: str, facts: Iterable[tuple[str, list[str]]]) -> str:
    lines = [f"    {predicate} {', '.join(objects)}" for predicate, objects in facts if objects]
    return " ;\n".join([f"{name} a {type}", *lines]) + " .\n\n"


def _literal(text: str, language: str | None = None) -> str:
    return f'"{text.translate(_ESCAPES)}"' + (f"@{language}" if language else "")
