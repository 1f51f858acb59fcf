"""Photographs come in: folders, files, and a table of what is known of them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import change, insert_rows, next_id
from mic21.corpus.groups import Groups
from mic21.corpus.images import StoredImage, UnusableImage
from mic21.corpus.licenses import license_id
from mic21.corpus.metadata import Facts, checked_facts, read_metadata
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError

_BATCH = 64
# Looked at in folders; a file that is named outright is always tried.
_SUFFIXES = {
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
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

_TEXTS = ("subdomain", "author", "source_url", "title")

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class IngestReport:
    """What became of every file.

    Attributes:
        added: ids of the new images, in the order of the files.
        duplicates: (file, id of the image with the same bytes).
        filled: ids of images in the corpus already that were given facts which they lacked.
        refused: (file, reason).
        grouped: ids of new images that are near duplicates of another.
    """

    added: list[int] = field(default_factory=list)
    duplicates: list[tuple[Path, int]] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)
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
    added again, so that a killed ingest is simply started anew. What is said of it fills the facts that its image
    lacks, and never takes the place of one that is known.

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
    facts = checked_facts(corpus, facts or Facts())
    files = list(_files([Path(source) for source in sources]))
    known = read_metadata(corpus, Path(metadata), files, facts) if metadata else {}
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


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_file():
            yield source
        elif source.is_dir():
            yield from sorted(
                path
                for path in source.rglob("*")
                # A link that leads nowhere is reported when it cannot be read.
                if path.suffix.lower() in _SUFFIXES and (path.is_file() or (path.is_symlink() and not path.exists()))
            )
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
    here: dict[str, dict[str, Any]] = {}
    for file, stored in batch:
        if isinstance(stored, str):
            report.refused.append((file, stored))
            continue
        about = known.get(file, facts)
        if row := here.get(stored.original_sha256):
            report.duplicates.append((file, row["id"]))
            row |= _lacking(connection, row, about)
            continue
        if twin := _twin(connection, stored.original_sha256):
            report.duplicates.append((file, twin["id"]))
            lacking = _lacking(connection, twin, about) if twin["status"] == "active" else {}
            if lacking and change(connection, run_id, "images", {twin["id"]: lacking}):
                report.filled.append(twin["id"])
            continue
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
                **{name: getattr(about, name) for name in _TEXTS},
                "license_id": license_id(connection, about.license),
                "status": "active",
                "run_id": run_id,
            }
        )
        here[stored.original_sha256] = rows[-1]
        report.added.append(image_id)
        image_id += 1
    change(connection, run_id, "images", groups.settle(rows))
    insert_rows(connection, schema.images, rows)


def _twin(connection: Connection, original_sha256: str) -> Mapping[str, Any] | None:
    """The image with these bytes: its id, status and facts."""
    images = schema.images.c
    same = (images.original_sha256 == original_sha256) | (images.sha256 == original_sha256)
    columns = [images[name] for name in ("id", "status", *_TEXTS, "license_id")]
    twin = connection.execute(select(*columns).where(same).order_by(images.id).limit(1)).mappings().first()
    return dict(twin) if twin else None


def _lacking(connection: Connection, image: Mapping[str, Any], about: Facts) -> dict[str, Any]:
    """The columns of an image that are empty and that the facts fill."""
    values = {name: value for name in _TEXTS if image[name] is None and (value := getattr(about, name)) is not None}
    if image["license_id"] is None and (license := license_id(connection, about.license)) is not None:
        values["license_id"] = license
    return values
