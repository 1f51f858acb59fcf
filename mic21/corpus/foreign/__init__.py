"""Other people's corpora: each form is read into COCO's records, which come in as a COCO file's do."""

from collections.abc import Callable
from pathlib import Path

from mic21.corpus.coco.images import read_images
from mic21.corpus.coco.job import ImportJob, ImportReport
from mic21.corpus.coco.reader import Part, write_parts
from mic21.corpus.foreign.labelstudio import read_labelstudio
from mic21.corpus.foreign.lvis import read_lvis
from mic21.corpus.foreign.open_images import read_open_images
from mic21.corpus.foreign.source import Source
from mic21.corpus.foreign.visual_genome import read_visual_genome
from mic21.corpus.ingest import Progress
from mic21.corpus.store import Corpus
from mic21.errors import UsageError

FORMS: dict[str, Callable[[Path, Path | None], Source]] = {
    "labelstudio": read_labelstudio,
    "lvis": read_lvis,
    "open-images": read_open_images,
    "visual-genome": read_visual_genome,
}

__all__ = ["FORMS", "import_foreign"]


def import_foreign(
    corpus: Corpus,
    form: str,
    source: str | Path,
    *,
    images: str | Path | None = None,
    subdomain: str | None = None,
    adopt: bool = False,
    as_draft: bool = False,
    skip_bad: bool = False,
    renumber: bool = False,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Import a corpus of another form, whole or not at all.

    Args:
        corpus: where to.
        form: one of `FORMS`.
        source: its file, or its folder.
        images: folder of the photographs.
        subdomain: for every image.
        adopt: annotations get the ontology's category ids in place of those that are linked to it.
        as_draft: records come in as drafts, otherwise as accepted.
        skip_bad: leave out records with problems, list them in the report, and import the rest.
        renumber: records whose id the corpus has for something else get a new one.
        on_progress: called with (photographs done, photographs in all).

    Raises:
        UsageError: there is no such form.
        ImportProblems: every problem with its place; nothing was imported.
        CorpusError: the source is none of that form.
    """
    if form not in FORMS:
        raise UsageError(f"form: expected one of {', '.join(FORMS)}, found {form!r}")
    if subdomain is not None:
        corpus.ontology.subdomain(subdomain)
    folder = Path(images) if images is not None else None
    read = FORMS[form](Path(source), folder)
    defaults = {"status": "draft" if as_draft else None, "subdomain": subdomain, "language": "en"}
    job = ImportJob(corpus, defaults, adopt=adopt, renumber=renumber)
    job.problems += read.problems
    job.report.left_out |= read.left_out
    job.keys = corpus.ontology.label_map(read.label_set) if read.label_set else {}
    records = read_images(job, [read.document])
    if folder is not None:
        job.photographs.store(folder, [record["file_name"] for record in records], on_progress)
    part = Part(job, [read.document], records, read.interactions)
    return write_parts(corpus, [part], {"format": form, "source": str(source)}, Path(source).name, skip_bad=skip_bad)
