"""The records of a release, written in one pass over each kind: tables and COCO documents together.

A record is read once and its JSON made once: the same line goes to the document of its split and to that of its
subdomain. Annotations come by subdomain, image and id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection

from mic21.corpus.store import Corpus
from mic21.ontology.tables import names_table, subdomains_table
from mic21.release import tables
from mic21.release.coco import (
    CocoWriter,
    Head,
    SplitDocuments,
    SubdomainDocuments,
    encode_annotation,
    encode_caption,
    encode_image,
)
from mic21.release.ontology_files import category_rows
from mic21.release.plan import Plan
from mic21.release.provenance import Provenance, runs_table
from mic21.release.statistics import Statistics

Row = Mapping[str, Any]
_BATCH = 1_000


def write_contents(corpus: Corpus, connection: Connection, plan: Plan, folder: Path, head: Head) -> Statistics:
    """Write `tables/` and `coco/`; gives what was counted on the way.

    Args:
        corpus: to release.
        connection: to read with.
        plan: of the release.
        folder: of the release.
        head: of every COCO document.
    """
    (folder / "tables").mkdir()
    (folder / "coco/subdomains").mkdir(parents=True)
    contents = _Contents(corpus, connection, plan, folder, head)
    contents.images()
    contents.annotations()
    contents.captions()
    contents.documents.close()
    contents.interactions()
    contents.rest()
    return contents.statistics


class _Contents:
    """The passes; what one finds out, a later one uses."""

    def __init__(self, corpus: Corpus, connection: Connection, plan: Plan, folder: Path, head: Head) -> None:
        self.corpus, self.connection, self.plan, self.folder, self.head = corpus, connection, plan, folder, head
        rows = category_rows(corpus, connection, plan.used_categories, set(plan.subdomains.values()))
        self.category_rows = [row for row, _ in rows]
        self.categories = [msgspec.json.encode(record) for _, record in rows]
        self.documents = SplitDocuments(folder / "coco", head, self.categories)
        self.statistics = Statistics()
        self._provenance = Provenance.read(connection)
        self._runs: set[int] = set()
        interactions = corpus.interaction_rows(plan.selection, connection)
        self._ends = {end for row in interactions for end in (row["subject_id"], row["object_id"])}
        self._ends_there: set[tuple[int, int]] = set()  # image and annotation

    def images(self) -> None:
        """The table of images, and the images of each split's documents."""

        def rows() -> Iterator[Row]:
            for row in self.plan.image_rows(self.corpus, self.connection):
                self.statistics.image(row)
                self.documents.add_image(row)
                yield row

        self._write("images", tables.IMAGES, rows())
        self.documents.begin_annotations()

    def annotations(self) -> None:
        """The table of annotations, those of each split's documents, and the documents of the subdomains."""
        subdomains = {found for found in self.plan.subdomains.values() if found is not None}
        of_subdomains = SubdomainDocuments(self._begin_subdomain, subdomains)

        def rows() -> Iterator[Row]:
            selected = self.corpus.annotation_rows(self.plan.selection, self.connection, order="subdomain")
            for row in selected:
                if not self.plan.takes(row):
                    continue
                self._complete("annotations", row)
                if row["id"] in self._ends:
                    self._ends_there.add((row["image_id"], row["id"]))
                self.statistics.annotation(row)
                line = encode_annotation(row)
                self.documents.instances[row["split"]].add(line)
                of_subdomains.add(row["subdomain"], line)
                yield row

        self._write("annotations", tables.ANNOTATIONS, rows())
        of_subdomains.close()

    def captions(self) -> None:
        """The table of captions, and those of each split's document."""

        def rows() -> Iterator[Row]:
            selected = self.corpus.caption_rows(self.plan.selection, self.connection, order="subdomain")
            for row in selected:
                if row["image_id"] in self.plan.splits:
                    self._complete("captions", row)
                    self.statistics.caption(row)
                    self.documents.captions[row["split"]].add(encode_caption(row))
                    yield row

        self._write("captions", tables.CAPTIONS, rows())

    def interactions(self) -> None:
        """The table of interactions, those with both ends in the release."""

        def rows() -> Iterator[Row]:
            selected = self.corpus.interaction_rows(self.plan.selection, self.connection, order="subdomain")
            for row in selected:
                ends = {(row["image_id"], row[end]) for end in ("subject_id", "object_id")}
                if ends <= self._ends_there:
                    self._complete("interactions", row)
                    self.statistics.interaction(row)
                    yield row

        self._write("interactions", tables.INTERACTIONS, rows())

    def rest(self) -> None:
        """The tables that hold no records of images."""
        runs = runs_table(self.connection, self._runs)
        self.statistics.runs = runs.to_pylist()
        whole = {
            "categories": pa.Table.from_pylist(self.category_rows, schema=tables.CATEGORIES),
            "names": names_table(self.corpus.ontology),
            "subdomains": subdomains_table(self.corpus.ontology),
            "runs": runs,
        }
        for name, table in whole.items():
            tables.write_table(self.folder / f"tables/{name}.parquet", table)

    def _begin_subdomain(self, subdomain: str) -> CocoWriter:
        writer = CocoWriter(self.folder / f"coco/subdomains/{subdomain}_gt.json", self.head, self.categories)
        for row in self.plan.image_rows(self.corpus, self.connection, subdomain):
            writer.add(encode_image(row))
        writer.begin_annotations()
        return writer

    def _complete(self, record: str, row: dict[str, Any]) -> None:
        """Add to a row what a release says beside what the corpus does."""
        row["split"] = self.plan.splits[row["image_id"]]
        row["edits"], row["annotator"] = self._provenance.of(record, row)
        self._runs.add(row["run_id"])

    def _write(self, name: str, schema: pa.Schema, rows: Iterable[Row]) -> None:
        tables.write_batches(self.folder / f"tables/{name}.parquet", schema, _in_batches(rows, schema))


def _in_batches(rows: Iterable[Row], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    waiting: list[Row] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _BATCH:
            yield _batch(waiting, schema)
            waiting = []
    if waiting:
        yield _batch(waiting, schema)


def _batch(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
