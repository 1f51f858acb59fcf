"""Whether a release is what its manifest says: every byte, the schemas, and the counts."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from mic21.ontology.tables import NAMES, SUBDOMAINS
from mic21.release import photographs, tables
from mic21.release.manifest import MANIFEST, Manifest, hash_files, read_manifest
from mic21.release.provenance import RUNS
from mic21.release.shards import INDEX, INDEX_SCHEMA
from mic21.release.splits import SPLITS

_TABLES = {
    "tables/images.parquet": tables.IMAGES,
    "tables/annotations.parquet": tables.ANNOTATIONS,
    "tables/captions.parquet": tables.CAPTIONS,
    "tables/interactions.parquet": tables.INTERACTIONS,
    "tables/categories.parquet": tables.CATEGORIES,
    "tables/names.parquet": NAMES,
    "tables/subdomains.parquet": SUBDOMAINS,
    "tables/runs.parquet": RUNS,
    INDEX: INDEX_SCHEMA,
}


class _Document(msgspec.Struct):
    """A COCO document whose records are only counted."""

    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]


def verify_release(path: str | Path) -> list[str]:
    """What is wrong with a release, in words; empty for a good one.

    First every byte: files that are changed, missing or added. Then, if all are there, whether tables have the schemas
    of this version of mic21, and whether tables, COCO documents and shards hold as much as the manifest says.

    Raises:
        ReleaseError: there is no manifest, or it cannot be read.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    problems = list(_bytes(folder, manifest))
    return problems or list(_contents(folder, manifest))


def _bytes(folder: Path, manifest: Manifest) -> Iterator[str]:
    if (folder / MANIFEST).read_bytes() != manifest.sealed().to_bytes():
        yield f"{MANIFEST}: changed: its digest is not that of its content"
    expected = {entry.path: entry for entry in manifest.files}
    present = {
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir() or file.is_symlink()
    }
    yield from (f"{name}: missing" for name in sorted(expected.keys() - present))
    yield from (
        f"{name}: added: the manifest does not name it" for name in sorted(present - expected.keys() - {MANIFEST})
    )
    unreadable = {name: reason for name in expected.keys() & present if (reason := _unreadable(folder / name))}
    yield from (f"{name}: changed: cannot be read: {reason}" for name, reason in sorted(unreadable.items()))
    # The largest first, so that no core is left with a long one at the end.
    there = sorted(expected.keys() & present - unreadable.keys(), key=lambda name: -expected[name].bytes)
    for found in sorted(hash_files(folder, there), key=lambda entry: entry.path):
        entry = expected[found.path]
        if found.bytes != entry.bytes:
            yield f"{found.path}: changed: expected {entry.bytes} bytes, found {found.bytes}"
        elif found.sha256 != entry.sha256:
            yield f"{found.path}: changed: expected sha256 {entry.sha256[:12]}…, found {found.sha256[:12]}…"


def _unreadable(path: Path) -> str | None:
    try:
        path.open("rb").close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _contents(folder: Path, manifest: Manifest) -> Iterator[str]:
    names = [entry.path for entry in manifest.files]
    documents = [name for name in names if name.startswith("coco/")]
    rows: Counter[str] = Counter()
    for name, schema in _TABLES.items():
        if name not in names:
            yield f"{name}: expected in every release, found nothing"
            continue
        found = pq.read_schema(folder / name)
        if not found.equals(schema):
            yield f"{name}: expected the columns {_shown(schema, found)}, found {_shown(found, schema)}"
        rows[name] = pq.read_metadata(folder / name).num_rows
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        counted = dict(zip(documents, pool.map(lambda name: _count(folder / name), documents), strict=True))
    yield from _documents(counted, manifest)
    total = sum(counts.images for counts in manifest.counts.values())
    for kind in ("images", "annotations", "captions", "interactions"):
        expected = sum(getattr(counts, kind) for counts in manifest.counts.values())
        yield from _differ(f"tables/{kind}.parquet", expected, rows[f"tables/{kind}.parquet"])
    yield from _differ(INDEX, total, rows[INDEX])
    yield from _photographs(folder, [name for name in names if name.startswith(f"{photographs.FOLDER}/")], total)


def _documents(counted: dict[str, Any], manifest: Manifest) -> Iterator[str]:
    for split in SPLITS:
        counts = manifest.counts[split]
        for kind, records in (("instances", counts.annotations), ("captions", counts.captions)):
            name = f"coco/{kind}_{split}.json"
            found = counted.get(name)
            if not isinstance(found, tuple):
                yield f"{name}: expected a COCO document, found {found or 'nothing'}"
                continue
            yield from _differ(f"{name}: images", counts.images, found[0])
            yield from _differ(f"{name}: annotations", records, found[1])
    for name, found in counted.items():
        if "subdomains/" in name and isinstance(found, str):
            yield f"{name}: expected a COCO document, found {found}"


def _photographs(folder: Path, names: list[str], total: int) -> Iterator[str]:
    rows = 0
    for name in names:
        metadata = pq.read_metadata(folder / name)
        rows += metadata.num_rows
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        if any(group.num_rows > photographs.GROUP_ROWS for group in groups):
            yield f"{name}: expected row groups of at most {photographs.GROUP_ROWS} rows, found a larger one"
        if not metadata.schema.to_arrow_schema().equals(photographs.SCHEMA):
            yield f"{name}: expected the columns of a release's photographs, found others"
    yield from _differ(f"{photographs.FOLDER}/: photographs", total, rows)


def _count(path: Path) -> tuple[int, int] | str:
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except msgspec.DecodeError as error:
        return str(error)
    return len(document.images), len(document.annotations)


def _differ(what: str, expected: int, found: int) -> Iterator[str]:
    if expected != found:
        yield f"{what}: expected {expected}, found {found}"


def _shown(schema: pa.Schema, other: pa.Schema) -> str:
    differing = [field for field in schema if field.name not in other.names or other.field(field.name) != field]
    return ", ".join(f"{field.name} {field.type}" for field in differing) or "in another order"
