"""The ontology as Arrow tables, with their schemas written out."""

from collections.abc import Mapping

import pyarrow as pa

from mic21.ontology.ontology import Ontology

CATEGORIES = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("synset", pa.string()),
        pa.field("sense_key", pa.string()),
        pa.field("ili", pa.string()),
        pa.field("parents", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False),
        pa.field("definition", pa.string(), nullable=False),
    ]
)
NAMES = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("synonyms", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False),
        pa.field("gender", pa.string()),
        pa.field("plural", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("reviewed", pa.bool_(), nullable=False),
    ]
)
SUBDOMAINS = pa.schema([pa.field("key", pa.string(), nullable=False), pa.field("domain", pa.string(), nullable=False)])


def categories_table(ontology: Ontology) -> pa.Table:
    """The categories by id: id, key, synset, sense_key, ili, parents, definition."""
    return pa.Table.from_pylist(
        [{column: getattr(category, column) for column in CATEGORIES.names} for category in ontology],
        schema=CATEGORIES,
    )


def names_table(ontology: Ontology) -> pa.Table:
    """Every name of every language, in the order of the files."""
    rows: list[Mapping[str, object]] = [
        {**entry._asdict(), "language": language}
        for language in ontology.languages()
        for entry in ontology.names(language)
    ]
    return pa.Table.from_pylist(rows, schema=NAMES)


def subdomains_table(ontology: Ontology) -> pa.Table:
    """The subdomains with their domains."""
    return pa.Table.from_pylist(
        [{"key": subdomain.key, "domain": subdomain.domain} for subdomain in ontology.subdomains()], schema=SUBDOMAINS
    )
