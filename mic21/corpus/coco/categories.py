"""The categories and licences of a COCO file into the corpus, linked to what they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_category_id, next_id
from mic21.corpus.coco import document
from mic21.corpus.coco.document import Document, Fields
from mic21.corpus.coco.inserter import renumbered, with_source_id
from mic21.corpus.coco.job import ImportJob
from mic21.corpus.coco.link import link_category
from mic21.corpus.coco.records import passport
from mic21.corpus.licenses import UNKNOWN, license_of_url, parse_license
from mic21.errors import UsageError

_CATEGORY = frozenset({"id", "name"})
_LICENSE = frozenset({"id"})


def insert_licenses(job: ImportJob, doc: Document) -> None:
    """Insert the licences; one that the corpus has under another id, but otherwise the same, is that one."""
    licenses = schema.licenses
    there = job.connection.execute(select(licenses)).mappings().all()
    same = {_content(dict(row)): row["id"] for row in there}
    taken = {row["id"] for row in there}
    for index, raw in enumerate(doc.records("licenses")):
        place = doc.place("licenses", index)
        count = len(job.problems)
        if (fields := document.read_fields(raw, place, job.problem)) is None:
            continue
        id = document.read_int(fields, "id", place, job.problem)
        if id in job.license_ids:
            job.problem(f"{place}.id: expected an id of its own, found {id} again")
        columns = _license_columns(job, fields, place)
        if id is None or len(job.problems) > count:
            continue
        own = same.get(_content(columns))
        if own is None:
            own = id if id not in taken else next_id(job.connection, licenses)
            insert_rows(job.connection, licenses, [{"id": own} | columns])
            same[_content(columns)] = own
            taken.add(own)
        job.license_ids[id] = own


def _content(license: Mapping[str, Any]) -> tuple[str | None, ...]:
    return license["spdx"], license["name"] or "", license["url"] or "", license["attributes"]


def _license_columns(job: ImportJob, fields: Fields, place: str) -> dict[str, Any]:
    """The columns of a licence but its id; what has no column, or does not fit it, is in `attributes`."""
    name, url = document.read_optional_text(fields, "name"), document.read_optional_text(fields, "url")
    stated = _parsed(document.read_optional_text(fields, "spdx"))
    of_url = license_of_url(url or "")
    spdx = next((found for found in (stated, of_url, _parsed(name)) if found not in (None, UNKNOWN)), UNKNOWN)
    kept = {"name": name, "url": url, "spdx": stated}
    known = _LICENSE | {field for field, value in kept.items() if value is not None}
    attributes = document.attributes(fields, known, place, job.problem)
    return {"spdx": spdx, "name": name, "url": url, "attributes": attributes}


def insert_categories(job: ImportJob, doc: Document) -> None:
    """Insert the categories with their names and ids, linked to the ontology's where they are the same thing."""
    existing = job.corpus.imported_categories(job.connection)
    moved = renumbered(job.connection, schema.categories) if job.renumber else {}
    records = []
    for index, raw in enumerate(doc.records("categories")):
        place = doc.place("categories", index)
        if (fields := document.read_fields(raw, place, job.problem)) is None:
            continue
        id = document.read_int(fields, "id", place, job.problem)
        name = document.read_text(fields, "name", place, job.problem)
        if id is not None and name is not None:
            records.append((place, fields, id, name))
        elif id is not None:
            job.bad_categories.add(id)
    names = {name for _, _, _, name in records}
    rows = []
    for place, fields, id, name in records:
        if id in job.category_ids:
            job.problem(f"{place}.id: expected an id of its own, found {id} again")
            continue
        if row := _category_row(job, fields, id, name, names, existing, moved.get(id, ()), place):
            rows.append(row)
            existing[row["id"]] = (row["name"], row["key"])
    insert_rows(job.connection, schema.categories, rows)
    job.report.categories = len(rows)


def _category_row(
    job: ImportJob,
    fields: Fields,
    id: int,
    name: str,
    names: set[str],
    existing: Mapping[int, tuple[str, str | None]],
    others: Sequence[int],
    place: str,
) -> dict[str, Any] | None:
    """The row to insert for a category, or None where it needs none; its id in the corpus is noted either way.

    `others` are ids that categories were given earlier in place of this one.
    """
    count = len(job.problems)
    ontology = job.corpus.ontology
    key, synset = (document.read_optional_text(fields, field) for field in ("key", "synset"))
    key = job.keys.get(name, key)
    linked = link_category(ontology, name, key=key, synset=synset, names_of_file=names)
    if linked:
        job.report.linked[name] = linked
        if job.adopt or ontology[linked].id == id:
            job.category_ids[id] = ontology[linked].id
            return None
    for known in (id, *others):
        if known in existing and existing[known][0] == name:
            job.category_ids[id] = known
            job.report.unchanged += 1
            return None
    supercategory = document.read_optional_text(fields, "supercategory")
    attributes = _category_attributes(job, fields, linked, supercategory, place)
    if len(job.problems) > count:
        job.bad_categories.add(id)
        return None
    if id in existing or ontology.get_id(id):
        if not job.renumber:
            job.problem(f"{place}.id: {id} is another category in the corpus; --renumber or --adopt give other ids")
            job.bad_categories.add(id)
            return None
        attributes = with_source_id(attributes, id)
        own = next_category_id(existing, ontology)
    else:
        own = id
    job.category_ids[id] = own
    row = {"id": own, "name": name, "key": linked, "attributes": attributes, "run_id": job.run_id}
    return row | {"supercategory": supercategory}


def _category_attributes(
    job: ImportJob, fields: Fields, linked: str | None, supercategory: str | None, place: str
) -> str | None:
    """What a category came with beside what the export gives anyway: columns, and the passport of its link."""
    known = set(_CATEGORY)
    if supercategory is not None:
        known.add("supercategory")
    given = passport(job.corpus.ontology[linked] if linked else None)
    known |= {name for name, value in given.items() if name in fields and document.read_value(fields[name]) == value}
    return document.attributes(fields, known, place, job.problem)


def _parsed(text: str | None) -> str | None:
    """The SPDX expression that a text is, or None."""
    try:
        return parse_license(text) if text else None
    except UsageError:
        return None
