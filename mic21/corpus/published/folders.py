"""MIC21 as folders: `<subdomain>/data/*.jpg` and `<subdomain>_gt.json`, a COCO file with ids of the team's database.

The ids are kept: one that two files use for different things is a problem, as in any import. Licences stood in a tree
of their own; a table of metadata brings them, as it does for `ingest`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from mic21.corpus.coco.document import CocoDocument
from mic21.corpus.coco.images import read_images
from mic21.corpus.coco.job import ImportJob, ImportReport
from mic21.corpus.coco.reader import Part, write_parts
from mic21.corpus.ingest import Progress
from mic21.corpus.metadata import Facts, read_metadata
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError
from mic21.ontology import Ontology

_SUFFIX = "_gt.json"
# Names of folders that were changed before 2022.
RENAMED = {"road_sign": "street_sign"}


def import_mic21(
    corpus: Corpus,
    folder: str | Path,
    *,
    metadata: str | Path | None = None,
    keys: Mapping[str, str] | None = None,
    adopt: bool = False,
    as_draft: bool = False,
    skip_bad: bool = False,
    renumber: bool = False,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Import the folders of MIC21: every subdomain below a folder, all of them or nothing.

    Args:
        corpus: where to.
        folder: holds `<subdomain>_gt.json` files at any depth, each with its photographs in `data` beside it, or in
            `<subdomain>/data`.
        metadata: CSV or Parquet with a column `file` and what is known of it, as for `ingest`.
        keys: name of a category → key of the ontology's that it is, for names that do not say, or are misspelt.
        adopt: annotations get the ontology's category ids in place of those that are linked to it.
        as_draft: records come in as drafts, otherwise as accepted.
        skip_bad: leave out records with problems, list them in the report, and import the rest.
        renumber: records whose id the corpus has for something else get a new one.
        on_progress: called with (photographs done, photographs in all) of each subdomain.

    Raises:
        ImportProblems: every problem of every file with its JSON path; nothing was imported.
        CorpusError: there is no such file in the folder, or one is no COCO file.
        OntologyError: `keys` names a category that is none.
    """
    root = Path(folder)
    files = sorted(root.rglob(f"*{_SUFFIX}"))
    if not files:
        raise CorpusError(f"{root}: expected <subdomain>{_SUFFIX} files, found none")
    for key in (keys or {}).values():
        corpus.ontology[key]
    parts, places = [], {}
    for file in files:
        job = ImportJob(corpus, _defaults(corpus, file, as_draft), adopt=adopt, renumber=renumber)
        doc = CocoDocument(file)
        job.keys = _keys_in_metadata(doc, corpus.ontology) | dict(keys or {})
        records = read_images(job, [doc])
        names = [record["file_name"] for record in records]
        photographs = _photographs(file, names)
        places[file] = {photographs / name: name for name in names}
        job.photographs.store(photographs, names, on_progress)
        if job.defaults["subdomain"] not in job.subdomains:
            job.problem(f"{file.name}: expected the name of a subdomain before {_SUFFIX}, found {_theme(file)!r}")
            job.bad_images |= {record["id"] for record in records}
        parts.append(Part(job, [doc], records))
    if metadata is not None:
        known = read_metadata(corpus, Path(metadata), [path for names in places.values() for path in names], Facts())
        for file, part in zip(files, parts, strict=True):
            part.job.facts = dict(_by_name(places[file], known))
    return write_parts(corpus, parts, {"format": "mic21", "source": str(root)}, root.name, skip_bad=skip_bad)


def _keys_in_metadata(doc: CocoDocument, ontology: Ontology) -> dict[str, str]:
    """Name → key of the categories whose extra field `metadata` holds a synset, `eng-30-03710721-n`."""
    keys = {}
    for raw in doc.records("categories"):
        match = re.search(rb"eng-30-\d{8}-n", bytes(raw))
        category = ontology.find(match.group().decode()) if match else None
        record = msgspec.json.decode(raw)
        if category and isinstance(record, dict) and isinstance(record.get("name"), str):
            keys[record["name"]] = category.key
    return keys


def _theme(file: Path) -> str:
    return file.name.removesuffix(_SUFFIX)


def _defaults(corpus: Corpus, file: Path, as_draft: bool) -> Mapping[str, str | None]:
    subdomain = RENAMED.get(_theme(file), _theme(file))
    return {"status": "draft" if as_draft else None, "subdomain": subdomain, "language": "en"}


def _photographs(file: Path, names: list[str]) -> Path:
    """The folder that the file names of a COCO file are relative to: the one that has most of them."""
    theme = _theme(file)
    places = [file.parent / "data", file.parent / theme / "data", file.parent / theme, file.parent]
    return max(places, key=lambda place: sum((place / name).is_file() for name in names))


def _by_name(names: Mapping[Path, str], known: Mapping[Path, Facts]) -> Iterator[tuple[str, Facts]]:
    for path, name in names.items():
        if path in known:
            yield name, known[path]
