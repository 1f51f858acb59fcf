"""COCO in: ids, polygons as written, run lengths, licences, captions and unknown fields, all kept.

One transaction holds the whole import: a file with problems changes nothing, and a killed import leaves nothing behind
but stored photographs, which the next one finds again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mic21.corpus.changes import read_property, write_property
from mic21.corpus.coco.annotations import insert_annotations
from mic21.corpus.coco.categories import insert_categories, insert_licenses
from mic21.corpus.coco.document import UNREADABLE, CocoDocument, Document
from mic21.corpus.coco.images import insert_images, read_images
from mic21.corpus.coco.interactions import Interaction, insert_interactions
from mic21.corpus.coco.job import ImportJob, ImportReport
from mic21.corpus.ingest import Progress
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems

_PARTS = frozenset({"info", "licenses", "images", "annotations", "categories"})


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
    job = ImportJob(corpus, defaults, adopt=adopt, renumber=renumber)
    records = read_images(job, documents)
    if images is not None:
        job.photographs.store(Path(images), [r["file_name"] for r in records], on_progress)
    parameters = {"format": "coco", "source": str(source), "captions": str(captions) if captions else None}
    return write_parts(corpus, [Part(job, documents, records)], parameters, Path(source).name, skip_bad=skip_bad)


@dataclass(frozen=True, slots=True)
class Part:
    """Documents that share their ids, read as far as their images, whose photographs are stored.

    Attributes:
        job: the import of these documents.
        documents: the first has the licences and categories.
        records: of its images.
        interactions: between annotations of these documents.
    """

    job: ImportJob
    documents: Sequence[Document]
    records: Sequence[dict[str, Any]]
    interactions: Sequence[Interaction] = ()


def write_parts(
    corpus: Corpus, parts: Sequence[Part], parameters: Mapping[str, object], name: str, *, skip_bad: bool
) -> ImportReport:
    """Write what was read into the corpus, all of it or nothing.

    Args:
        corpus: where to.
        parts: of the import, in the order in which they get new ids.
        parameters: of the run.
        name: of the source, for messages.
        skip_bad: leave out records with problems, list them in the report, and import the rest.

    Raises:
        ImportProblems: every problem of every part with its place; nothing was imported.
    """
    with corpus.writing() as connection:
        run_id = corpus.insert_run(connection, "import", dict(parameters))
        for part in parts:
            part.job.begin(connection, run_id)
            insert_licenses(part.job, part.documents[0])
            insert_categories(part.job, part.documents[0])
            insert_images(part.job, part.records)
            for doc in part.documents:
                insert_annotations(part.job, doc)
            insert_interactions(part.job, part.interactions)
        problems = [problem for part in parts for problem in part.job.problems]
        if problems and not skip_bad:
            raise ImportProblems(name, problems)
        for part in parts:
            _keep_document(part.job, part.documents[0])
        corpus.finish_run(run_id, connection)
    report = ImportReport(skipped=problems)
    for part in parts:
        report.add(part.job.report)
    return report


def _keep_document(job: ImportJob, doc: Document) -> None:
    """Keep what a COCO file says of itself, for the export; the first import that says something decides."""
    kept = {name: _decoded(doc, name) for name in doc.parts if name == "info" or name not in _PARTS}
    info = kept.pop("info", None)
    for key, value in (("coco_info", info), ("coco_extra", kept or None)):
        if value is not None and read_property(job.connection, key) is None:
            write_property(job.connection, key, msgspec.json.encode(value).decode())


def _decoded(doc: Document, part: str) -> object:
    try:
        return msgspec.json.decode(doc.parts[part])
    except UNREADABLE as error:
        raise CorpusError(f"{doc.name}: {part}: expected a value that can be read, found: {error}") from error
