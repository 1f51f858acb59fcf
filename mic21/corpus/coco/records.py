"""COCO records of what a corpus or a release holds: standard fields first, then ours, then those that came with it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mic21.corpus.licenses import UNKNOWN
from mic21.ontology import Category, Ontology

Row = Mapping[str, Any]
PASSPORT = ("key", "synset", "ili")


def image_record(row: Row, *, file_name: str | None = None) -> dict[str, Any]:
    """The `images[]` record of a row of `mic21.corpus.tables.IMAGES`, under another file name if one is given."""
    record = {
        "id": row["id"],
        "file_name": file_name or row["file_name"],
        "width": row["width"],
        "height": row["height"],
    }
    if row["license_id"] is not None:
        record["license"] = row["license_id"]
    record |= {name: row[name] for name in ("subdomain", "title", "author", "source_url") if row[name] is not None}
    # What a field came with in a form that the column could not hold gives way to what the column was given since.
    return record | {name: value for name, value in _attributes(row).items() if name not in record}


def annotation_record(row: Row) -> dict[str, Any]:
    """The `annotations[]` record of a row of `mic21.corpus.tables.ANNOTATIONS`, its segmentation as it was written."""
    record: dict[str, Any] = {
        "id": row["id"],
        "image_id": row["image_id"],
        "category_id": row["category_id"],
        "segmentation": msgspec.Raw(row["segmentation"].encode()),
        "area": row["area"],
        "bbox": row["bbox"],
        "iscrowd": int(row["iscrowd"]),
    }
    if row["score"] is not None:
        record["score"] = row["score"]
    return record | {"status": row["status"], "origin": row["origin"]} | _attributes(row)


def caption_record(row: Row) -> dict[str, Any]:
    """The `annotations[]` record of a caption, a row of `mic21.corpus.tables.CAPTIONS`."""
    record = {
        "id": row["id"],
        "image_id": row["image_id"],
        "caption": row["text"],
        "language": row["language"],
        "kind": row["kind"],
        "status": row["status"],
        "origin": row["origin"],
    }
    return record | _attributes(row)


def imported_category_record(row: Row, ontology: Ontology) -> dict[str, Any]:
    """The `categories[]` record of a category that came with an import, with the passport of what it is linked to.

    A key, synset or ili that it came with stays as it came.
    """
    record = {"id": row["id"], "name": row["name"], "supercategory": row["supercategory"] or ""}
    category = ontology.get(row["key"]) if row["key"] else None
    came = _attributes(row)
    return record | passport(category) | {name: came[name] for name in PASSPORT if name in came} | came


def category_record(category: Category) -> dict[str, Any]:
    """The `categories[]` record of a category of the ontology; its supercategory is its first parent's key."""
    record = {"id": category.id, "name": category.name("en") or category.key}
    return record | {"supercategory": next(iter(category.parents), "")} | passport(category)


def license_record(row: Row) -> dict[str, Any]:
    """The `licenses[]` record of a licence; a text that is no SPDX expression is given only where we know none."""
    record = {"id": row["id"], "name": row["name"] or "", "url": row["url"] or "", "spdx": row["spdx"]}
    came = _attributes(row)
    if row["spdx"] != UNKNOWN:
        came.pop("spdx", None)
    return record | came


def encode_records(records: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    """The elements of a JSON list of records, a line each, without the brackets."""
    separator = b"\n"
    encoder = msgspec.json.Encoder()
    for record in records:
        yield separator + encoder.encode(record)
        separator = b",\n"


def passport(category: Category | None) -> dict[str, Any]:
    """What a category is, in fields of its COCO record; nothing where it is none of the ontology's."""
    if category is None:
        return {}
    return {name: getattr(category, name) for name in PASSPORT}


def _attributes(row: Row) -> dict[str, Any]:
    return msgspec.json.decode(row["attributes"]) if row["attributes"] else {}
