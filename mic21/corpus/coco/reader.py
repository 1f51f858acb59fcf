"""COCO in: ids, polygons as written, run lengths, licences, captions and unknown fields, all kept.

One transaction holds the whole import: a file with problems changes nothing, and a killed import leaves nothing behind
but stored photographs, which the next one finds again.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import Connection, select, update

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, next_id, read_property, write_property
from mic21.corpus.coco import document
from mic21.corpus.coco.document import CocoDocument, Fields
from mic21.corpus.coco.inserter import ANNOTATION_COLUMNS, CAPTION_COLUMNS, Inserter, with_source_id
from mic21.corpus.coco.link import link_category
from mic21.corpus.coco.photographs import Photographs
from mic21.corpus.groups import Groups
from mic21.corpus.ingest import Progress
from mic21.corpus.licenses import UNKNOWN, license_of_url, parse_license
from mic21.corpus.store import Corpus
from mic21.errors import ImportProblems, UsageError
from mic21.geometry import area as rle_area

_BATCH = 5_000
_IMAGE = frozenset({"id", "file_name", "width", "height", "license", "author", "source_url", "title", "subdomain"})
_ANNOTATION = frozenset(
    {"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score", "status", "origin"}
)
_CAPTION = frozenset({"id", "image_id", "caption", "language", "kind", "status", "origin"})
_CATEGORY = frozenset({"id", "name", "supercategory", "key", "synset", "ili"})
_LICENSE = frozenset({"id", "name", "url", "spdx"})
_PARTS = frozenset({"info", "licenses", "images", "annotations", "categories"})


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An annotation as nearly all are, checked while it is decoded; what is otherwise is looked at field by field."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    image_id: int
    category_id: int
    segmentation: msgspec.Raw
    bbox: msgspec.Raw
    area: Annotated[float, msgspec.Meta(ge=0)]
    iscrowd: Literal[0, 1] = 0
    score: Annotated[float, msgspec.Meta(ge=0)] | None = None
    status: Literal["draft", "accepted", "rejected"] = "accepted"
    origin: Literal["model", "human", "import"] = "import"


_PLAIN = msgspec.json.Decoder(_Plain)


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        images: how many came in.
        annotations: how many came in.
        captions: how many came in.
        categories: how many came in as they are; those that the ontology has need no row.
        linked: name → key of the categories that were linked to the ontology's.
        unchanged: records that the corpus had already, the same.
        attached: photographs that came to images which had none.
        skipped: the problems of the records left out with `skip_bad`.
    """

    images: int = 0
    annotations: int = 0
    captions: int = 0
    categories: int = 0
    linked: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0
    attached: int = 0
    skipped: list[str] = field(default_factory=list)


def import_coco(
    corpus: Corpus,
    source: str | Path,
    *,
    images: str | Path | None = None,
    captions: str | Path | None = None,
    subdomain: str | None = None,
    language: str = "en",
    adopt: bool = False,
    as_draft: bool = False,
    skip_bad: bool = False,
    renumber: bool = False,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Import a COCO file of instances, captions or both.

    Args:
        corpus: where to.
        source: JSON with `images`, `annotations`, `categories`; annotations may be captions.
        images: folder of the photographs; without it the records come in alone, and a later import with it adds them.
        captions: a second COCO file, of captions.
        subdomain: for every image that does not name its own.
        language: BCP 47 tag of captions that do not name their own.
        adopt: annotations get the ontology's category ids in place of those that are linked to it.
        as_draft: records come in as drafts; otherwise as accepted, unless they name their own status.
        skip_bad: leave out records with problems, list them in the report, and import the rest.
        renumber: records whose id the corpus has for something else get a new one, the old one kept in `attributes`.
        on_progress: called with (photographs done, photographs in all).

    Raises:
        ImportProblems: every problem with its JSON path; nothing was imported.
        CorpusError: a file that is missing or no COCO file.
    """
    if subdomain is not None:
        corpus.ontology.subdomain(subdomain)
    documents = [CocoDocument(Path(path)) for path in (source, captions) if path is not None]
    defaults = {"status": "draft" if as_draft else None, "subdomain": subdomain, "language": language}
    importer = _Importer(corpus, defaults, adopt=adopt, renumber=renumber)
    records = [
        record for number, doc in enumerate(documents) for record in importer.read_images(doc, first=number == 0)
    ]
    if images is not None:
        importer.photographs.store(Path(images), [r["file_name"] for r in records], on_progress)
    parameters = {"format": "coco", "source": str(source), "captions": str(captions) if captions else None}
    with corpus.writing() as connection:
        importer.begin(connection, corpus.insert_run(connection, "import", parameters))
        importer.insert_licenses(documents[0])
        importer.insert_categories(documents[0])
        importer.insert_images(records)
        for doc in documents:
            importer.insert_annotations(doc)
        if importer.problems and not skip_bad:
            raise ImportProblems(Path(source).name, importer.problems)
        importer.keep_document(documents[0])
        corpus.finish_run(importer.run_id, connection)
    importer.report.skipped = importer.problems
    return importer.report


class _Importer:
    """One import: what has been read so far, and the way from the file's ids to the corpus's."""

    def __init__(self, corpus: Corpus, defaults: Mapping[str, str | None], *, adopt: bool, renumber: bool) -> None:
        self.corpus = corpus
        self.defaults = defaults
        self.adopt = adopt
        self.renumber = renumber
        self.report = ImportReport()
        self.problems: list[str] = []
        self.photographs = Photographs(corpus.files)
        self.run_id = 0
        self._image_ids: dict[int, int] = {}  # id in the file → id in the corpus
        self._bad_images: set[int] = set()  # in the file, but with problems of their own
        self._sizes: dict[int, tuple[int, int]] = {}  # id in the file → height, width
        self._category_ids: dict[int, int] = {}
        self._bad_categories: set[int] = set()
        self._license_ids: dict[int, int] = {}

    def begin(self, connection: Connection, run_id: int) -> None:
        """Start to write."""
        self.connection = connection
        self.run_id = run_id

    def problem(self, text: str) -> None:
        """Note a problem with its place."""
        self.problems.append(text)

    # Images

    def read_images(self, doc: CocoDocument, *, first: bool) -> list[dict[str, Any]]:
        """The image records of a file; those of a second file only where they are not in the first."""
        rows: list[dict[str, Any]] = []
        seen: set[int] = set()
        for index, raw in enumerate(doc.records("images")):
            place = f"{doc.name}: images[{index}]"
            count = len(self.problems)
            if (fields := document.read_fields(raw, place, self.problem)) is None:
                continue
            id = document.read_int(fields, "id", place, self.problem)
            if id is not None and id in seen:
                self.problem(f"{place}.id: expected an id of its own, found {id} again")
                continue
            if id is not None:
                seen.add(id)
                if not first and (id in self._sizes or id in self._bad_images):
                    continue
            height = document.read_size(fields, "height", place, self.problem)
            width = document.read_size(fields, "width", place, self.problem)
            name = document.read_text(fields, "file_name", place, self.problem)
            if len(self.problems) > count or id is None or height is None or width is None or name is None:
                if id is not None:
                    self._bad_images.add(id)
                continue
            self._sizes[id] = (height, width)
            rows.append(self._image_row(fields, id, name, height, width, place))
        return rows

    def _image_row(
        self, fields: Fields, id: int, file_name: str, height: int, width: int, place: str
    ) -> dict[str, Any]:
        known = set(_IMAGE)
        subdomain = document.read_optional_text(fields, "subdomain")
        if subdomain is None or subdomain not in {found.key for found in self.corpus.ontology.subdomains()}:
            known.discard("subdomain")
            subdomain = self.defaults["subdomain"]
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

    def insert_images(self, records: Sequence[dict[str, Any]]) -> None:
        """Insert the images that the corpus does not have yet."""
        images = schema.images
        existing = {
            row.id: row
            for row in self.connection.execute(
                select(images.c.id, images.c.file_name, images.c.height, images.c.width, images.c.sha256)
            )
        }
        new_id = max([next_id(self.connection, images), *(record["id"] + 1 for record in records)])
        groups = Groups()
        groups.refresh(self.connection)
        rows = []
        for record in records:
            id, place = record["id"], record.pop("place")
            license = record.pop("license")
            stored, reason = self.photographs.get(record["file_name"], record["width"], record["height"])
            if reason:
                self.problem(f"{place}.file_name: {reason}")
                self._bad_images.add(id)
                continue
            if license is not None and license not in self._license_ids:
                self.problem(f"{place}.license: expected the id of one of the licenses, found {license}")
                self._bad_images.add(id)
                continue
            old = existing.get(id)
            if old is not None:
                if (old.file_name, old.height, old.width) == (record["file_name"], *self._sizes[id]):
                    self._image_ids[id] = id
                    self.report.unchanged += 1
                    if stored and old.sha256 is None:
                        values = self.photographs.columns(stored)
                        values["group_key"] = groups.add(id, stored.phash, stored.original_sha256)
                        self.connection.execute(update(images).where(images.c.id == id).values(**values))
                        self.report.attached += 1
                    continue
                if not self.renumber:
                    self.problem(f"{place}.id: {id} is another image in the corpus; --renumber gives new ids")
                    self._bad_images.add(id)
                    continue
                record["attributes"] = with_source_id(record["attributes"], id)
                record["id"], new_id = new_id, new_id + 1
            self._image_ids[id] = record["id"]
            group_key = stored.original_sha256 if stored else f"file:{record['file_name']}"
            if stored:
                group_key = groups.add(record["id"], stored.phash, group_key)
            columns = self.photographs.columns(stored)
            license_id = None if license is None else self._license_ids[license]
            more = {"group_key": group_key, "license_id": license_id, "status": "active", "run_id": self.run_id}
            rows.append(record | columns | more)
        change(self.connection, self.run_id, "images", groups.settle(rows))
        for start in range(0, len(rows), _BATCH):
            insert_rows(self.connection, images, rows[start : start + _BATCH])
        self.report.images += len(rows)

    # Licences and categories

    def insert_licenses(self, doc: CocoDocument) -> None:
        """Insert the licences; one that the corpus has under the same name and address is that one."""
        licenses = schema.licenses
        existing = {row.id: row for row in self.connection.execute(select(licenses))}
        same = {(row.spdx, row.name, row.url): row.id for row in existing.values()}
        for index, raw in enumerate(doc.records("licenses")):
            place = f"{doc.name}: licenses[{index}]"
            if (fields := document.read_fields(raw, place, self.problem)) is None:
                continue
            if (id := document.read_int(fields, "id", place, self.problem)) is None:
                continue
            name, url = document.read_optional_text(fields, "name"), document.read_optional_text(fields, "url")
            spdx = _spdx(document.read_optional_text(fields, "spdx"), url, name)
            if (spdx, name, url) in same:
                self._license_ids[id] = same[spdx, name, url]
                continue
            own = id if id not in existing else next_id(self.connection, licenses)
            row = {"id": own, "spdx": spdx, "name": name, "url": url}
            insert_rows(self.connection, licenses, [row | {"attributes": document.attributes(fields, _LICENSE)}])
            self._license_ids[id] = own
            same[spdx, name, url] = own
            existing[own] = row  # type: ignore[assignment]  # only its key is looked at

    def insert_categories(self, doc: CocoDocument) -> None:
        """Insert the categories with their names and ids, linked to the ontology's where they are the same thing."""
        existing = self.corpus.imported_categories(self.connection)
        records = []
        for index, raw in enumerate(doc.records("categories")):
            place = f"{doc.name}: categories[{index}]"
            if (fields := document.read_fields(raw, place, self.problem)) is None:
                continue
            id = document.read_int(fields, "id", place, self.problem)
            name = document.read_text(fields, "name", place, self.problem)
            if id is not None and name is not None:
                records.append((place, fields, id, name))
            elif id is not None:
                self._bad_categories.add(id)
        names = {name for _, _, _, name in records}
        rows = []
        for place, fields, id, name in records:
            if id in self._category_ids:
                self.problem(f"{place}.id: expected an id of its own, found {id} again")
                continue
            if row := self._category_row(fields, id, name, names, existing, place):
                rows.append(row)
                existing[row["id"]] = (row["name"], row["key"])
        insert_rows(self.connection, schema.categories, rows)
        self.report.categories = len(rows)

    def _category_row(
        self,
        fields: Fields,
        id: int,
        name: str,
        names: set[str],
        existing: Mapping[int, tuple[str, str | None]],
        place: str,
    ) -> dict[str, Any] | None:
        """The row to insert for a category, or None where it needs none; its id in the corpus is noted either way."""
        ontology = self.corpus.ontology
        key, synset = (document.read_optional_text(fields, field) for field in ("key", "synset"))
        linked = link_category(ontology, name, key=key, synset=synset, names_of_file=names)
        if linked:
            self.report.linked[name] = linked
            if self.adopt or ontology[linked].id == id:
                self._category_ids[id] = ontology[linked].id
                return None
        if id in existing and existing[id][0] == name:
            self._category_ids[id] = id
            self.report.unchanged += 1
            return None
        attributes = document.attributes(fields, _CATEGORY)
        if id in existing or ontology.get_id(id):
            if not self.renumber:
                self.problem(
                    f"{place}.id: {id} is another category in the corpus; --renumber or --adopt give other ids"
                )
                self._bad_categories.add(id)
                return None
            attributes = with_source_id(attributes, id)
            # Below the ontology's ids, so that a category that is added to it later is not in the way.
            own = max((other for other in existing), default=0) + 1
        else:
            own = id
        self._category_ids[id] = own
        row = {"id": own, "name": name, "key": linked, "attributes": attributes, "run_id": self.run_id}
        return row | {"supercategory": document.read_optional_text(fields, "supercategory")}

    # Annotations and captions

    def insert_annotations(self, doc: CocoDocument) -> None:
        """Insert the annotations and captions of a file, batch by batch."""
        with ThreadPoolExecutor(1) as worker:
            options: Any = {"compared": 4, "renumber": self.renumber, "problem": self.problem}
            masks = Inserter(self.connection, worker, schema.annotations, ANNOTATION_COLUMNS, **options)
            texts = Inserter(self.connection, worker, schema.captions, CAPTION_COLUMNS, **options)
            self._read_annotations(doc, masks, texts)
            for inserter in (masks, texts):
                inserter.finish()
                self.report.unchanged += inserter.unchanged
        self.report.annotations += masks.inserted
        self.report.captions += texts.inserted

    def _read_annotations(self, doc: CocoDocument, masks: Inserter, texts: Inserter) -> None:
        for index, raw in enumerate(doc.records("annotations")):
            if plain := self._plain_row(raw):
                masks.add(plain, doc.name, index)
                continue
            place = f"{doc.name}: annotations[{index}]"
            if (fields := document.read_fields(raw, place, self.problem)) is None:
                continue
            id = document.read_int(fields, "id", place, self.problem)
            image_id = self._reference(fields, "image_id", place, self._image_ids, self._bad_images, "images")
            is_caption = "caption" in fields
            row = (self._caption_row if is_caption else self._annotation_row)(fields, image_id, place)
            if id is not None and row is not None:
                (texts if is_caption else masks).add((id, *row, self.run_id), doc.name, index)

    def _plain_row(self, raw: msgspec.Raw) -> tuple[Any, ...] | None:
        """The row of an annotation that has the usual fields and no problem; None for every other."""
        try:
            plain = _PLAIN.decode(raw)
        except msgspec.DecodeError:
            return None
        image_id, category_id = self._image_ids.get(plain.image_id), self._category_ids.get(plain.category_id)
        if image_id is None or category_id is None:
            return None
        texts = document.plain_geometry(plain.segmentation, plain.bbox)
        if texts is None:
            return None
        status = self.defaults["status"] or plain.status
        measured = (plain.area, plain.iscrowd, plain.score, None)
        return (plain.id, image_id, category_id, *texts, *measured, status, plain.origin, self.run_id)

    def _reference(
        self, fields: Fields, name: str, place: str, ids: Mapping[int, int], bad: set[int], what: str
    ) -> int | None:
        id = document.read_int(fields, name, place, self.problem)
        if id is None or id in ids:
            return id
        reason = f"{id}, which has a problem of its own" if id in bad else f"{id}"
        self.problem(f"{place}.{name}: expected the id of one of the {what}, found {reason}")
        return None

    def _annotation_row(self, fields: Fields, image_id: int | None, place: str) -> tuple[Any, ...] | None:
        count = len(self.problems)
        category_id = self._reference(
            fields, "category_id", place, self._category_ids, self._bad_categories, "categories"
        )
        box = document.read_bbox(fields, place, self.problem)
        area = document.read_number(fields, "area", place, self.problem)
        crowd = msgspec.json.decode(fields["iscrowd"]) if "iscrowd" in fields else 0
        if crowd not in (0, 1):
            self.problem(f"{place}.iscrowd: expected 0 or 1, found {crowd!r}")
        if image_id is None:
            return None
        size = self._sizes[image_id]
        segmentation = document.read_segmentation(fields, size, place, self.problem)
        if segmentation == "[]" and box is None:
            self.problem(f"{place}: expected a segmentation or a bbox, found neither")
        if len(self.problems) > count or segmentation is None or category_id is None:
            return None
        if box is None or area is None:
            box, area = _measured(segmentation, size, box, area)
        score = document.read_number(fields, "score", place, self.problem)
        return (
            self._image_ids[image_id],
            self._category_ids[category_id],
            segmentation,
            box,
            area,
            int(crowd),
            score,
            document.attributes(fields, _ANNOTATION),
            *self._provenance(fields, place),
        )

    def _caption_row(self, fields: Fields, image_id: int | None, place: str) -> tuple[Any, ...] | None:
        text = document.read_text(fields, "caption", place, self.problem)
        if text is None or image_id is None:
            return None
        kind = document.read_optional_text(fields, "kind") or "description"
        if kind not in schema.CAPTION_KINDS:
            self.problem(f"{place}.kind: expected {' or '.join(schema.CAPTION_KINDS)}, found {kind!r}")
            return None
        language = document.read_optional_text(fields, "language") or self.defaults["language"]
        attributes = document.attributes(fields, _CAPTION)
        return (self._image_ids[image_id], language, kind, text, attributes, *self._provenance(fields, place))

    def _provenance(self, fields: Fields, place: str) -> tuple[str, str]:
        status = document.read_optional_text(fields, "status") or "accepted"
        origin = document.read_optional_text(fields, "origin") or "import"
        for name, value, allowed in (("status", status, schema.STATUSES), ("origin", origin, schema.ORIGINS)):
            if value not in allowed:
                self.problem(f"{place}.{name}: expected {', '.join(allowed)}, found {value!r}")
        return self.defaults["status"] or status, origin

    def keep_document(self, doc: CocoDocument) -> None:
        """Keep what a COCO file says of itself, for the export; the first import that says something decides."""
        extra = {name: msgspec.json.decode(raw) for name, raw in doc.parts.items() if name not in _PARTS}
        for key, value in (("coco_info", doc.parts.get("info")), ("coco_extra", extra or None)):
            if value is not None and read_property(self.connection, key) is None:
                write_property(self.connection, key, msgspec.json.encode(value).decode())


def _measured(segmentation: str, size: tuple[int, int], box: str | None, area: float | None) -> tuple[str, float]:
    """Bounding box and area of an annotation that came without one of them."""
    if segmentation == "[]":
        assert box is not None  # the caller has reported an annotation with neither
        *_, width, height = msgspec.json.decode(box)
        return box, width * height if area is None else area
    rle = document.segmentation_rle(segmentation, *size)
    return box or document.bbox_text(rle), float(rle_area(rle)) if area is None else area


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
