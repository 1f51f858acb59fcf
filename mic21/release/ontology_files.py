"""The ontology inside a release: its categories as a table, and the whole of it as JSON and TSV."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.coco import records
from mic21.corpus.store import Corpus
from mic21.ontology import Ontology
from mic21.ontology.export import to_json, to_skos, to_tsv

Row = Mapping[str, Any]
LOCAL = "ontology/local"


def category_rows(
    corpus: Corpus, connection: Connection, used: Iterable[int], subdomains: Iterable[str | None]
) -> list[tuple[Row, Row]]:
    """The categories of a release by id: the row of its table, and the record of its COCO files.

    These are every imported category, those that annotations use, those drawn in the subdomains of the images (an image
    without one shows its absence), and all that is above these; an imported category stands for the one that it is
    linked to, since readers such as Datumaro take no two of one name.
    """
    ontology = corpus.ontology
    imported = [dict(row) for row in connection.execute(select(schema.categories)).mappings()]
    keys = {found.key for id in used if (found := ontology.get_id(id))}
    keys |= {category.key for subdomain in subdomains if subdomain for category in ontology.categories(subdomain)}
    linked = {row["key"] for row in imported if row["key"] in ontology}
    keys |= {above.key for key in keys | linked for above in ontology.ancestors(key)} - linked
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
    linked = ontology.get(imported["key"]) if imported["key"] else None
    passport = records.passport(linked)
    record = records.imported_category_record(imported, ontology) | passport
    row = {"id": imported["id"], "name": imported["name"], "supercategory": imported["supercategory"] or ""}
    row |= {name: passport.get(name) for name in records.PASSPORT}
    more = {
        "sense_key": linked.sense_key if linked else None,
        "parents": list(linked.parents) if linked else [],
        "definition": linked.definition if linked else None,
    }
    return row | more | {"imported": True, "attributes": imported["attributes"]}, record


def write_ontology(corpus: Corpus, folder: Path) -> None:
    """Write `ontology.json`, `names.tsv` and `ontology.ttl`, and the corpus's own additions as they are."""
    folder.mkdir()
    ontology = corpus.ontology
    files = {
        "ontology.json": to_json(ontology, names=False),
        "names.tsv": to_tsv(ontology),
        "ontology.ttl": to_skos(ontology),
    }
    for name, parts in files.items():
        (folder / name).write_text("".join(parts), encoding="utf-8", newline="\n")
    own = corpus.path / "ontology"
    if own.is_dir():
        shutil.copytree(own, folder / "local", ignore=lambda _, names: [name for name in names if name.startswith(".")])
