"""The categories and licences of a COCO file into the corpus, linked to what they are."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from mic21.corpus import schema
from mic21.corpus.changes import insert_rows, next_category_id, next_id
from mic21.corpus.coco import document
from mic21.corpus.coco.document import Document, Fields
from mic21.corpus.coco.inserter import with_source_id
from mic21.corpus.coco.job import ImportJob
from mic21.corpus.coco.link import link_category
from mic21.corpus.licenses import UNKNOWN, license_of_url, parse_license
from mic21.errors import UsageError

_CATEGORY = frozenset({"id", "name", "supercategory", "key", "synset", "ili"})
_LICENSE = frozenset({"id", "name", "url", "spdx"})


def insert_licenses(job: ImportJob, doc: Document) -> None:
    """Insert the licences; one that the corpus has under the same name and address is that one."""
    licenses = schema.licenses
    existing = {row.id: row for row in job.connection.execute(select(licenses))}
    same = {(row.spdx, row.name, row.url): row.id for row in existing.values()}
    for index, raw in enumerate(doc.records("licenses")):
        place = f"{doc.name}: licenses[{index}]"
        if (fields := document.read_fields(raw, place, job.problem)) is None:
            continue
        if (id := document.read_int(fields, "id", place, job.problem)) is None:
            continue
        name, url = document.read_optional_text(fields, "name"), document.read_optional_text(fields, "url")
        spdx = _spdx(document.read_optional_text(fields, "spdx"), url, name)
        if (spdx, name, url) in same:
            job.license_ids[id] = same[spdx, name, url]
            continue
        own = id if id not in existing else next_id(job.connection, licenses)
        row = {"id": own, "spdx": spdx, "name": name, "url": url}
        insert_rows(job.connection, licenses, [row | {"attributes": document.attributes(fields, _LICENSE)}])
        job.license_ids[id] = own
        same[spdx, name, url] = own
        existing[own] = row  # type: ignore[assignment]  # only its key is looked at


def insert_categories(job: ImportJob, doc: Document) -> None:
    """Insert the categories with their names and ids, linked to the ontology's where they are the same thing."""
    existing = job.corpus.imported_categories(job.connection)
    records = []
    for index, raw in enumerate(doc.records("categories")):
        place = f"{doc.name}: categories[{index}]"
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
        if row := _category_row(job, fields, id, name, names, existing, place):
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
    place: str,
) -> dict[str, Any] | None:
    """The row to insert for a category, or None where it needs none; its id in the corpus is noted either way."""
    ontology = job.corpus.ontology
    key, synset = (document.read_optional_text(fields, field) for field in ("key", "synset"))
    key = job.keys.get(name, key)
    linked = link_category(ontology, name, key=key, synset=synset, names_of_file=names)
    if linked:
        job.report.linked[name] = linked
        if job.adopt or ontology[linked].id == id:
            job.category_ids[id] = ontology[linked].id
            return None
    if id in existing and existing[id][0] == name:
        job.category_ids[id] = id
        job.report.unchanged += 1
        return None
    attributes = document.attributes(fields, _CATEGORY)
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
    return row | {"supercategory": document.read_optional_text(fields, "supercategory")}


def _spdx(spdx: str | None, url: str | None, name: str | None) -> str:
    if url and (found := license_of_url(url)) != UNKNOWN:
        return found
    for text in (spdx, name):
        try:
            if text:
                return parse_license(text)
        except UsageError:
            continue
    return UNKNOWN
