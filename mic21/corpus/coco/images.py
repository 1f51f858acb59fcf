"""The images of a COCO file into the corpus, with their photographs where there is a folder of them."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import select, update

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, next_id
from mic21.corpus.coco import document
from mic21.corpus.coco.document import Document, Fields
from mic21.corpus.coco.inserter import with_source_id
from mic21.corpus.coco.job import ImportJob
from mic21.corpus.groups import Groups
from mic21.corpus.licenses import license_id

_BATCH = 5_000
# Lists of ids of categories that an image may carry: what somebody looked for in it, and what it does not show.
_CATEGORY_LISTS = ("absent", "checked", "neg_category_ids", "not_exhaustive_category_ids")
_IMAGE = frozenset({"id", "file_name", "width", "height", "license", "author", "source_url", "title", "subdomain"})


def read_images(job: ImportJob, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """The image records of files that share their ids; those of a second file only where they are not in the first."""
    return [record for number, doc in enumerate(documents) for record in _read_images(job, doc, first=number == 0)]


def _read_images(job: ImportJob, doc: Document, *, first: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    seen: set[int] = set()
    for index, raw in enumerate(doc.records("images")):
        place = doc.place("images", index)
        count = len(job.problems)
        if (fields := document.read_fields(raw, place, job.problem)) is None:
            continue
        id = document.read_int(fields, "id", place, job.problem)
        if id is not None and id in seen:
            job.problem(f"{place}.id: expected an id of its own, found {id} again")
            continue
        if id is not None:
            seen.add(id)
            if not first and (id in job.sizes or id in job.bad_images):
                continue
        height = document.read_size(fields, "height", place, job.problem)
        width = document.read_size(fields, "width", place, job.problem)
        name = document.read_text(fields, "file_name", place, job.problem)
        if len(job.problems) > count or id is None or height is None or width is None or name is None:
            if id is not None:
                job.bad_images.add(id)
            continue
        job.sizes[id] = (height, width)
        rows.append(_image_row(job, fields, id, name, height, width, place))
    return rows


def _image_row(
    job: ImportJob, fields: Fields, id: int, file_name: str, height: int, width: int, place: str
) -> dict[str, Any]:
    known = set(_IMAGE)
    subdomain = document.read_optional_text(fields, "subdomain")
    if subdomain is None or subdomain not in job.subdomains:
        known.discard("subdomain")
        subdomain = job.defaults["subdomain"]
    license = fields.get("license")
    return {
        "id": id,
        "place": place,
        "file_name": file_name,
        "height": height,
        "width": width,
        "license": None if license is None else msgspec.json.decode(license),
        "author": document.read_optional_text(fields, "author"),
        "source_url": document.read_optional_text(fields, "source_url"),
        "title": document.read_optional_text(fields, "title"),
        "subdomain": subdomain,
        "attributes": document.attributes(fields, frozenset(known)),
    }


def insert_images(job: ImportJob, records: Sequence[dict[str, Any]]) -> None:
    """Insert the images that the corpus does not have yet; their categories have come in before them."""
    images = schema.images
    taken = job.corpus.imported_categories(job.connection).keys()
    existing = {
        row.id: row
        for row in job.connection.execute(
            select(images.c.id, images.c.file_name, images.c.height, images.c.width, images.c.sha256)
        )
    }
    new_id = max([next_id(job.connection, images), *(record["id"] + 1 for record in records)])
    groups = Groups()
    groups.refresh(job.connection)
    rows = []
    for record in records:
        id, place = record["id"], record.pop("place")
        license = record.pop("license")
        stored, reason = job.photographs.get(record["file_name"], record["width"], record["height"])
        if reason:
            job.problem(f"{place}.file_name: {reason}")
            job.bad_images.add(id)
            continue
        if license is not None and license not in job.license_ids:
            job.problem(f"{place}.license: expected the id of one of the licenses, found {license}")
            job.bad_images.add(id)
            continue
        if id in job.bad_images:
            continue  # its subdomain is unknown, as was said already
        old = existing.get(id)
        if old is not None:
            if (old.file_name, old.height, old.width) == (record["file_name"], *job.sizes[id]):
                job.image_ids[id] = id
                job.report.unchanged += 1
                if stored and old.sha256 is None:
                    values = job.photographs.columns(stored)
                    values["group_key"] = groups.add(id, stored.phash, stored.original_sha256)
                    job.connection.execute(update(images).where(images.c.id == id).values(**values))
                    job.report.attached += 1
                continue
            if not job.renumber:
                job.problem(f"{place}.id: {id} is another image in the corpus; --renumber gives new ids")
                job.bad_images.add(id)
                continue
            record["attributes"] = with_source_id(record["attributes"], id)
            record["id"], new_id = new_id, new_id + 1
        record["attributes"] = _with_own_categories(job, record["attributes"], taken, place)
        job.image_ids[id] = record["id"]
        group_key = stored.original_sha256 if stored else f"file:{record['file_name']}"
        if stored:
            group_key = groups.add(record["id"], stored.phash, group_key)
        columns = job.photographs.columns(stored)
        own_license = None if license is None else job.license_ids[license]
        more = {"group_key": group_key, "license_id": own_license, "status": "active", "run_id": job.run_id}
        rows.append(record | columns | more | _facts(job, record["file_name"]))
    change(job.connection, job.run_id, "images", groups.settle(rows))
    for start in range(0, len(rows), _BATCH):
        insert_rows(job.connection, images, rows[start : start + _BATCH])
    job.report.images += len(rows)


def _with_own_categories(job: ImportJob, attributes: str | None, taken: Collection[int], place: str) -> str | None:
    """The attributes of an image with the corpus's ids in its lists of categories.

    An id that the file has no category for stays, as files of captions have none, unless the corpus has taken it.
    """
    if not attributes or not any(f'"{name}"' in attributes for name in _CATEGORY_LISTS):
        return attributes
    values = msgspec.json.decode(attributes)
    for name in _CATEGORY_LISTS:
        ids = values.get(name)
        if isinstance(ids, list) and all(type(id) is int for id in ids):
            unknown = [id for id in ids if id not in job.category_ids and (id in taken or id in job.bad_categories)]
            for id in unknown:
                job.problem(f"{place}.{name}: expected ids of the categories, found {id}")
            values[name] = [job.category_ids.get(id, id) for id in ids if id not in unknown]
    return msgspec.json.encode(values, order="sorted").decode()


def _facts(job: ImportJob, file_name: str) -> dict[str, Any]:
    """The columns that a table of metadata fills for an image; none where it does not name it."""
    facts = job.facts.get(file_name)
    if facts is None:
        return {}
    columns: dict[str, Any] = {"author": facts.author, "source_url": facts.source_url, "title": facts.title}
    columns |= {"license_id": license_id(job.connection, facts.license), "subdomain": facts.subdomain}
    return {name: value for name, value in columns.items() if value is not None}
