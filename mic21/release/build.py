"""Building a release: the same corpus gives the same bytes, and the folder appears whole or not at all.

Everything is read in one transaction, streamed, and written to a hidden sibling of the target; the manifest comes last
and the sibling is renamed. What a killed build has left is cleared by the next one.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version as package_version
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.coco import records
from mic21.corpus.store import Corpus
from mic21.errors import ReleaseError, UsageError
from mic21.ontology.lint import lint
from mic21.ontology.tables import names_table, subdomains_table
from mic21.release import tables
from mic21.release.cards import write_cards
from mic21.release.coco import write_coco
from mic21.release.manifest import MANIFEST, Manifest, SplitCounts, hash_files
from mic21.release.ontology_files import category_rows, write_ontology
from mic21.release.plan import Plan, make_plan
from mic21.release.shards import Progress, write_shards
from mic21.release.splits import SPLITS

_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
_RECORDS = ("annotations", "captions", "interactions")


def build_release(
    corpus: Corpus,
    path: str | Path,
    *,
    version: str,
    statuses: Sequence[str] = ("accepted",),
    allow_unknown_license: bool = False,
    on_progress: Progress | None = None,
) -> Manifest:
    """Build a release of a corpus into a folder that does not exist yet.

    An image is left out, and named with the reason in the manifest, if its licence is unknown or if nobody has looked
    at it: it has no record of the wanted statuses, and did not come with an import that says it shows nothing.

    Args:
        corpus: to release.
        path: the folder to make.
        version: such as `1.0.0`.
        statuses: of the annotations, captions and interactions to let in; `accepted`, or also `draft`.
        allow_unknown_license: let in images whose licence nobody knows.
        on_progress: called with (images packed, images in all).

    Raises:
        UsageError: a version or status that is none.
        ReleaseError: the folder exists, the ontology has an error, a photograph is missing or damaged, or no image is
            left.
    """
    target = Path(path)
    if not _VERSION.fullmatch(version):
        raise UsageError(f"version: expected MAJOR.MINOR.PATCH such as 1.0.0, found {version!r}")
    for status in statuses:
        if status not in ("accepted", "draft"):
            raise UsageError(f"status: expected accepted or draft, found {status!r}")
    if target.exists():
        raise ReleaseError(f"{target}: expected a folder that is not there yet: a release never changes")
    errors = [f"{found.code} {found.key}: {found.found}" for found in lint(corpus.ontology) if found.is_error]
    if errors:
        shown = "; ".join(errors[:5]) + (f"; and {len(errors) - 5} more" if len(errors) > 5 else "")
        raise ReleaseError(f"ontology: expected no error, found {shown}; see `mic21 ontology lint`")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    with corpus.reading() as connection:
        plan = make_plan(corpus, connection, statuses, allow_unknown_license)
        partial.mkdir()
        try:
            manifest = _write(corpus, connection, plan, partial, version, sorted(statuses), on_progress)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    partial.rename(target)
    _flush_folder(target.parent)
    return manifest


def _write(
    corpus: Corpus,
    connection: Connection,
    plan: Plan,
    folder: Path,
    version: str,
    statuses: list[str],
    on_progress: Progress | None,
) -> Manifest:
    (folder / "tables").mkdir()
    sources = {
        "annotations": (corpus.annotation_rows, tables.ANNOTATIONS),
        "captions": (corpus.caption_rows, tables.CAPTIONS),
        "interactions": (corpus.interaction_rows, tables.INTERACTIONS),
    }
    tally = _Tally()
    for name, (rows, arrow) in sources.items():
        batches = rows(plan.selection, connection, order="subdomain").batches()
        chosen = (_chosen(batch, plan, arrow) for batch in batches)
        tables.write_batches(folder / f"tables/{name}.parquet", arrow, tally.counted(name, chosen))
    images = [{name: row[name] for name in tables.IMAGES.names} for row in plan.images.values()]
    tables.write_table(folder / "tables/images.parquet", pa.Table.from_pylist(images, schema=tables.IMAGES))
    categories = category_rows(corpus, connection, tally.category_ids, {row["subdomain"] for row in images})
    table = pa.Table.from_pylist([row for row, _ in categories], schema=tables.CATEGORIES)
    tables.write_table(folder / "tables/categories.parquet", table)
    tables.write_table(folder / "tables/names.parquet", names_table(corpus.ontology))
    tables.write_table(folder / "tables/subdomains.parquet", subdomains_table(corpus.ontology))
    licenses = {
        row["id"]: records.license_record(dict(row))
        for row in connection.execute(select(schema.licenses).order_by(schema.licenses.c.id)).mappings()
    }
    head = {"info": {"description": "mic21 corpus", "version": version}}
    write_coco(corpus, connection, plan, folder / "coco", head, licenses, [record for _, record in categories])
    write_shards(corpus, connection, plan, folder / "shards", licenses, on_progress)
    write_ontology(corpus, folder / "ontology")
    counts = tally.counts(plan)
    draft = Manifest(
        version=version,
        mic21_version=package_version("mic21"),
        ontology_version=corpus.ontology.version,
        ontology_digest=corpus.ontology.digest,
        statuses=statuses,
        unchecked=tally.unchecked(),
        counts=counts,
        left_out=list(plan.left_out),
        files=[],
    )
    write_cards(folder, draft, images, licenses)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    manifest = draft.model_copy(update={"files": hash_files(folder, files, flush=True)}).sealed()
    with (folder / MANIFEST).open("wb") as file:
        file.write(manifest.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    for directory in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        _flush_folder(directory)
    return manifest


def _chosen(batch: pa.RecordBatch, plan: Plan, arrow: pa.Schema) -> pa.RecordBatch:
    """The rows of a batch whose image is in the release, with the split beside the image."""
    image_ids = batch["image_id"].to_pylist()
    splits = [plan.images[id]["split"] if id in plan.images else None for id in image_ids]
    kept = pa.array([split is not None for split in splits])
    table = pa.Table.from_batches([batch]).filter(kept)
    column = pa.array([split for split in splits if split is not None], pa.string())
    table = table.add_column(arrow.get_field_index("split"), arrow.field("split"), column)
    return next(iter(table.combine_chunks().to_batches()), pa.RecordBatch.from_pylist([], schema=arrow)).cast(arrow)


class _Tally:
    """Counts records while they are written."""

    def __init__(self) -> None:
        self.category_ids: set[int] = set()
        self._by_split = {split: dict.fromkeys(_RECORDS, 0) for split in SPLITS}
        self._drafts = dict.fromkeys(_RECORDS, 0)
        self._draft_images: set[int] = set()

    def counted(self, name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for split in batch["split"].to_pylist():
                self._by_split[split][name] += 1
            for image_id, status in zip(batch["image_id"].to_pylist(), batch["status"].to_pylist(), strict=True):
                if status == "draft":
                    self._drafts[name] += 1
                    self._draft_images.add(image_id)
            if name == "annotations":
                self.category_ids |= set(batch["category_id"].to_pylist())
            yield batch

    def counts(self, plan: Plan) -> dict[str, SplitCounts]:
        images = dict.fromkeys(SPLITS, 0)
        for row in plan.images.values():
            images[row["split"]] += 1
        return {split: SplitCounts(images=images[split], **self._by_split[split]) for split in SPLITS}

    def unchecked(self) -> SplitCounts:
        return SplitCounts(images=len(self._draft_images), **self._drafts)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
