"""The ontology inside a release: its categories as a table, and the whole of it as JSON and TSV."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.coco import records
from mic21.corpus.store import Corpus
from mic21.ontology import Ontology

Row = Mapping[str, Any]
LOCAL = "ontology/local"


def category_rows(
    corpus: Corpus, connection: Connection, used: Iterable[int], subdomains: Iterable[str | None]
) -> list[tuple[Row, Row]]:
    """The categories of a release by id: the row of its table, and the record of its COCO files.

    These are every imported category, those that annotations use, those drawn in the subdomains of the images (an image
    without one shows its absence), and all that is above these.
    """
    ontology = corpus.ontology
    imported = [dict(row) for row in connection.execute(select(schema.categories)).mappings()]
    keys = {found.key for id in used if (found := ontology.get_id(id))}
    keys |= {row["key"] for row in imported if row["key"] in ontology}
    keys |= {category.key for subdomain in subdomains if subdomain for category in ontology.categories(subdomain)}
    keys |= {above.key for key in list(keys) for above in ontology.ancestors(key)}
    rows = [_own(ontology, key) for key in keys]
    rows += [_imported(ontology, row) for row in imported]
    return sorted(rows, key=lambda row: row[0]["id"])


def _own(ontology: Ontology, key: str) -> tuple[Row, Row]:
    category = ontology[key]
    record = records.category_record(category)
    row = {name: record[name] for name in ("id", "name", "supercategory", "key", "synset", "ili")}
    more = {"sense_key": category.sense_key, "parents": list(category.parents), "definition": category.definition}
    return row | more | {"imported": False, "attributes": None}, record


def _imported(ontology: Ontology, imported: Row) -> tuple[Row, Row]:
    record = records.imported_category_record(imported, ontology)
    linked = ontology.get(imported["key"]) if imported["key"] else None
    row = {name: record.get(name) for name in ("id", "name", "supercategory", "key", "synset", "ili")}
    more = {
        "sense_key": linked.sense_key if linked else None,
        "parents": list(linked.parents) if linked else [],
        "definition": linked.definition if linked else None,
    }
    return row | more | {"imported": True, "attributes": imported["attributes"]}, record


def write_ontology(corpus: Corpus, folder: Path) -> None:
    """Write `ontology.json` and `names.tsv`, and the corpus's own additions as they are."""
    folder.mkdir()
    ontology = corpus.ontology
    document = {
        "version": ontology.version,
        "digest": ontology.digest,
        "domains": [found.key for found in ontology.domains()],
        "subdomains": [_subdomain(ontology, found.key, found.domain) for found in ontology.subdomains()],
        "categories": [
            {
                "id": category.id,
                "key": category.key,
                "synset": category.synset,
                "sense_key": category.sense_key,
                "ili": category.ili,
                "parents": category.parents,
                "definition": category.definition,
                "note": category.note,
            }
            for category in ontology
        ],
        "predicates": [
            {"key": found.key, "inverse": found.inverse, "domain": found.domain, "range": found.range}
            for found in ontology.predicates()
        ],
        "relations": [
            {"subject": found.subject, "predicate": found.predicate, "object": found.object}
            for found in ontology.relations()
        ],
    }
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=1)
    (folder / "ontology.json").write_bytes(encoded + b"\n")
    columns = ("language", "kind", "key", "name", "synonyms", "gender", "plural", "source", "reviewed")
    lines = ["\t".join(columns)]
    for language in ontology.languages():
        for entry in ontology.names(language):
            values = (language, entry.kind, entry.key, entry.name or "", "|".join(entry.synonyms), entry.gender or "")
            lines.append("\t".join((*values, entry.plural or "", entry.source, "yes" if entry.reviewed else "no")))
    (folder / "names.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    own = corpus.path / "ontology"
    if own.is_dir():
        shutil.copytree(own, folder / "local", ignore=lambda _, names: [name for name in names if name.startswith(".")])


def _subdomain(ontology: Ontology, key: str, domain: str) -> Row:
    drawn = {role: [found.key for found in ontology.categories(key, role=role)] for role in ("dominant", "attribute")}
    return {"key": key, "domain": domain} | drawn
