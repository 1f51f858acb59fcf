"""Photographs come in: folders, files, and a table of what is known of them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, next_id
from mic21.corpus.groups import Groups
from mic21.corpus.images import StoredImage, UnusableImage
from mic21.corpus.licenses import UNKNOWN, parse_license
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError, ImportProblems, Mic21Error

COLUMNS = ("file", "subdomain", "license", "author", "source_url", "title")
_BATCH = 64
# Looked at in folders; a file that is named outright is always tried.
_SUFFIXES = {
    ".jpg",
    ".jpeg",
    ".jpe",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".mpo",
    ".ppm",
    ".heic",
    ".avif",
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a photograph beside its pixels."""

    subdomain: str | None = None
    license: str = UNKNOWN
    author: str | None = None
    source_url: str | None = None
    title: str | None = None


@dataclass(slots=True)
class IngestReport:
    """What became of every file.

    Attributes:
        added: ids of the new images, in the order of the files.
        duplicates: (file, id of the image with the same bytes).
        refused: (file, reason).
        grouped: ids of new images that are near duplicates of another.
    """

    added: list[int] = field(default_factory=list)
    duplicates: list[tuple[Path, int]] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    grouped: list[int] = field(default_factory=list)


def ingest(
    corpus: Corpus,
    sources: Sequence[str | Path],
    *,
    facts: Facts | None = None,
    metadata: str | Path | None = None,
    on_progress: Progress | None = None,
) -> IngestReport:
    """Add photographs to a corpus; what cannot be added is reported with its reason and stops nothing.

    Each batch of files is one transaction. A file whose bytes the corpus has, or had before they were withdrawn, is not
    added again, so that a killed ingest is simply started anew.

    Args:
        corpus: where to.
        sources: files and folders; folders are searched to the bottom for image files.
        facts: what holds for every photograph that the metadata does not say otherwise of.
        metadata: CSV or Parquet with a column `file` (relative to a source folder or to the table's own folder, or the
            bare file name) and any of `subdomain`, `license` (SPDX), `author`, `source_url`, `title`.
        on_progress: called with (files done, files in all).

    Raises:
        CorpusError: a source is missing.
        ImportProblems: the metadata has bad rows, or rows whose file is nowhere; nothing is added.
    """
    facts = _checked(corpus, facts or Facts())
    files = list(_files([Path(source) for source in sources]))
    known = _read_metadata(corpus, Path(metadata), files, facts) if metadata else {}
    report = IngestReport()
    parameters = {"sources": [str(source) for source in sources], "metadata": str(metadata) if metadata else None}
    run_id = corpus.start_run("ingest", parameters)
    groups = Groups()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        done = 0
        for batch in _in_batches(files):
            stored = list(pool.map(lambda file: _store(corpus, file), batch))
            with corpus.writing() as connection:
                _add_batch(connection, run_id, groups, zip(batch, stored, strict=True), known, facts, report)
            done += len(batch)
            if on_progress:
                on_progress(done, len(files))
    corpus.finish_run(run_id)
    return report


def _checked(corpus: Corpus, facts: Facts) -> Facts:
    if facts.subdomain is not None:
        corpus.ontology.subdomain(facts.subdomain)
    return Facts(facts.subdomain, parse_license(facts.license), facts.author, facts.source_url, facts.title)


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_file():
            yield source
        elif source.is_dir():
            yield from sorted(path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
        else:
            raise CorpusError(f"{source}: expected a file or a folder of photographs, found nothing there")


def _in_batches(files: Sequence[Path]) -> Iterator[list[Path]]:
    iterator = iter(files)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _store(corpus: Corpus, file: Path) -> StoredImage | str:
    try:
        return corpus.files.add(file.read_bytes())
    except UnusableImage as error:
        return str(error)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def _add_batch(
    connection: Connection,
    run_id: int,
    groups: Groups,
    batch: Iterable[tuple[Path, StoredImage | str]],
    known: Mapping[Path, Facts],
    facts: Facts,
    report: IngestReport,
) -> None:
    groups.refresh(connection)
    image_id = next_id(connection, schema.images)
    rows = []
    here: dict[str, int] = {}
    for file, stored in batch:
        if isinstance(stored, str):
            report.refused.append((file, stored))
            continue
        twin = here.get(stored.original_sha256) or _twin(connection, stored.original_sha256)
        if twin is not None:
            report.duplicates.append((file, twin))
            continue
        about = known.get(file, facts)
        group_key = groups.add(image_id, stored.phash, stored.original_sha256)
        if group_key != stored.original_sha256:
            report.grouped.append(image_id)
        rows.append(
            {
                "id": image_id,
                "file_name": file.name,
                "sha256": stored.sha256,
                "original_sha256": stored.original_sha256,
                "bytes": stored.bytes,
                "extension": stored.extension,
                "width": stored.width,
                "height": stored.height,
                "phash": stored.phash,
                "group_key": group_key,
                "subdomain": about.subdomain,
                "license_id": license_id(connection, about.license),
                "author": about.author,
                "source_url": about.source_url,
                "title": about.title,
                "status": "active",
                "run_id": run_id,
            }
        )
        here[stored.original_sha256] = image_id
        report.added.append(image_id)
        image_id += 1
    change(connection, run_id, "images", groups.settle(rows))
    insert_rows(connection, schema.images, rows)


def _twin(connection: Connection, original_sha256: str) -> int | None:
    images = schema.images.c
    same = (images.original_sha256 == original_sha256) | (images.sha256 == original_sha256)
    return connection.execute(select(images.id).where(same).order_by(images.id).limit(1)).scalar()


def license_id(connection: Connection, spdx: str) -> int | None:
    """The id of a licence in the corpus, which is given one where it has none; None for `unknown`."""
    if spdx == UNKNOWN:
        return None
    licenses = schema.licenses
    found = connection.execute(select(licenses.c.id).where(licenses.c.spdx == spdx).order_by(licenses.c.id)).scalar()
    if found is not None:
        return int(found)
    new = next_id(connection, licenses)
    insert_rows(connection, licenses, [{"id": new, "spdx": spdx, "name": spdx}])
    return new


def _read_metadata(corpus: Corpus, path: Path, files: Sequence[Path], facts: Facts) -> dict[Path, Facts]:
    table = _read_table(path)
    problems = []
    unknown = [name for name in table.columns if name not in COLUMNS]
    if "file" not in table.columns:
        problems.append(f"{path}: expected a column `file`, found {', '.join(map(str, table.columns)) or 'no columns'}")
    if unknown:
        problems.append(f"{path}: expected the columns {', '.join(COLUMNS)}, found also {', '.join(map(str, unknown))}")
    if problems:
        raise ImportProblems(str(path), problems)
    places = _places(files, path.parent)
    known: dict[Path, Facts] = {}
    for index, row in enumerate(table.to_dict("records")):
        place = f"{path}: row {index + 1}"
        file = str(row.pop("file"))
        found = places.get(file, [])
        if len(found) != 1:
            what = "none of the sources" if not found else f"{len(found)} of the sources: give its path"
            problems.append(f"{place}: file: expected one of the photographs, found {file!r} in {what}")
            continue
        if found[0] in known:
            problems.append(f"{place}: file: expected each photograph once, found {file!r} again")
        given = {
            str(name): str(value).strip() for name, value in row.items() if value is not None and str(value).strip()
        }
        try:
            known[found[0]] = _checked(corpus, _merge(facts, given))
        except Mic21Error as error:
            problems.append(f"{place}: {error}")
    if problems:
        raise ImportProblems(str(path), problems)
    return known


def _merge(facts: Facts, given: Mapping[str, str]) -> Facts:
    return Facts(
        given.get("subdomain", facts.subdomain),
        given.get("license", facts.license),
        given.get("author", facts.author),
        given.get("source_url", facts.source_url),
        given.get("title", facts.title),
    )


def _read_table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' parser errors and broken Parquet are ValueErrors
        raise CorpusError(f"{path}: expected a CSV or Parquet table, found: {error}") from error
    return table.astype(object).where(table.notna(), None)


def _places(files: Sequence[Path], table_folder: Path) -> dict[str, list[Path]]:
    """Every way to write a file in the metadata: as given, relative to the table, any tail of its path."""
    places: dict[str, list[Path]] = {}
    for file in files:
        names = {str(file)}
        names |= {str(Path(*file.parts[-length:])) for length in range(1, len(file.parts))}
        if file.is_relative_to(table_folder):
            names.add(str(file.relative_to(table_folder)))
        for name in names:
            places.setdefault(name, []).append(file)
    return places
