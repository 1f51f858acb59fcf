"""What differs between two releases: in numbers, in words, and as the version that it calls for."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from mic21.errors import ReleaseError
from mic21.release.manifest import read_manifest
from mic21.release.versions import LEVELS, Level, next_version

Row = Mapping[str, Any]
_UNITS = {"annotations": "masks", "captions": "captions", "interactions": "interactions"}
_CONTENT = {
    "annotations": ("image_id", "category_id", "segmentation", "bbox", "iscrowd"),
    "captions": ("image_id", "language", "kind", "text"),
    "interactions": ("image_id", "subject_id", "predicate", "object_id"),
}
_TABLES = ("images", "annotations", "captions", "interactions", "categories", "names", "subdomains")
_METADATA = ("subdomain", "license", "author", "source_url", "title", "checked", "absent")


class ImageChanges(BaseModel):
    """Ids of the images that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: list[int]
    withdrawn: list[int] = Field(description="no longer there")
    moved_split: list[int]
    changed_pixels: list[int] = Field(description="another file under the same id, though the same original")
    changed_facts: list[int] = Field(description="subdomain, licence, author, source, title, checked or absent")


class RecordChanges(BaseModel):
    """How many records of a kind differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: dict[str, int] = Field(description="subdomain → how many")
    removed: dict[str, int] = Field(description="subdomain → how many")
    changed: int = Field(description="the same id, another content")
    relabelled: int = Field(default=0, description="of these, annotations of another category")
    state: int = Field(description="the same content, another status or origin")


class CategoryChanges(BaseModel):
    """Ids of the categories that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: list[int]
    removed: list[int]
    relinked: list[int] = Field(description="another synset, sense or interlingual index")
    renamed: list[int] = Field(description="another key or English name")


class ReleaseDiff(BaseModel):
    """What differs between two releases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str
    new: str
    level: Level = Field(description="what the difference calls for")
    called_for: str = Field(description="the lowest version that may follow")
    images: ImageChanges
    records: dict[str, RecordChanges]
    categories: CategoryChanges
    names: dict[str, int] = Field(description="language → names added, removed or changed")
    broken_columns: list[str] = Field(description="columns that are gone or have another type")
    new_columns: list[str]
    formats_removed: list[str]
    formats_added: list[str]


def diff_releases(old: str | Path, new: str | Path) -> ReleaseDiff:
    """What differs between two releases.

    Raises:
        ReleaseError: one of them is no release, or an id of an image stands for another photograph in the new one.
    """
    before, after = read_manifest(Path(old)), read_manifest(Path(new))
    found = compare(Path(old), Path(new), before.formats, after.formats, before.version)
    return found.model_copy(update={"new": after.version})


def compare(
    old: Path, new: Path, formats_before: Sequence[str], formats_after: Sequence[str], version: str
) -> ReleaseDiff:
    """The same for folders whose tables are there.

    Args:
        old: folder of the earlier release.
        new: folder of the other.
        formats_before: of the earlier release.
        formats_after: of the other.
        version: of the earlier release.
    """
    columns = {name: _columns(old, new, name) for name in _TABLES}
    parts: dict[str, Any] = {
        "images": _images(old, new),
        "records": {name: _records(old, new, name) for name in _CONTENT},
        "categories": _categories(old, new),
        "names": _names(old, new),
        "broken_columns": [broken for found in columns.values() for broken in found[0]],
        "new_columns": [fresh for found in columns.values() for fresh in found[1]],
        "formats_removed": sorted(set(formats_before) - set(formats_after)),
        "formats_added": sorted(set(formats_after) - set(formats_before)),
    }
    draft = ReleaseDiff(old=version, new="", level="none", called_for="", **parts)
    level: Level = max((level for level, _ in reasons(draft)), key=LEVELS.index, default="none")
    return draft.model_copy(update={"level": level, "called_for": next_version(version, level)})


def reasons(diff: ReleaseDiff) -> list[tuple[Level, str]]:
    """Each difference in words, with the version that it calls for; the weightiest first."""
    images, categories = diff.images, diff.categories
    lines: list[tuple[Level, str]] = []

    def say(level: Level, count: int, one: str, many: str) -> None:
        if count:
            lines.append((level, f"{count:,} {one if count == 1 else many}"))

    say("major", len(images.moved_split), "image in another split", "images in another split")
    say("major", len(images.changed_pixels), "image with other pixels", "images with other pixels")
    say("major", len(categories.removed), "category gone", "categories gone")
    say("major", len(diff.broken_columns), "column gone or of another type", "columns gone or of another type")
    say("major", len(diff.formats_removed), "format gone", "formats gone")
    say("minor", len(images.added), "image added", "images added")
    say("minor", len(images.withdrawn), "image withdrawn", "images withdrawn")
    for name, unit in _UNITS.items():
        changes = diff.records[name]
        for sign, counts in (("+", changes.added), ("−", changes.removed)):
            for subdomain, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
                where = f"in {subdomain.replace('_', ' ')}" if subdomain else "without subdomain"
                lines.append(("minor", f"{sign}{count:,} {unit if count != 1 else unit[:-1]} {where}"))
    say("minor", len(categories.added), "category added", "categories added")
    say("minor", len(categories.relinked), "synset relinked", "synsets relinked")
    say("minor", len(diff.new_columns), "column added", "columns added")
    say("minor", len(diff.formats_added), "format added", "formats added")
    for name, unit in _UNITS.items():
        changes = diff.records[name]
        mended = changes.changed - changes.relabelled
        say("patch", mended, f"{unit[:-1]} corrected", f"{unit} corrected")
        say("patch", changes.relabelled, f"{unit[:-1]} of another category", f"{unit} of another category")
        say("patch", changes.state, f"{unit[:-1]} of another status", f"{unit} of another status")
    say("patch", len(images.changed_facts), "image with other facts", "images with other facts")
    say("patch", len(categories.renamed), "category renamed", "categories renamed")
    for language, count in diff.names.items():
        say("patch", count, f"name in {language} changed", f"names in {language} changed")
    return sorted(lines, key=lambda line: -LEVELS.index(line[0]))


def in_words(diff: ReleaseDiff) -> str:
    """The difference as lines of text, ending with the version that it calls for."""
    found = reasons(diff)
    lines = [f"{text} ({level})" for level, text in found] or ["no record differs"]
    return "\n".join([f"{diff.old} → {diff.new}", *lines, f"calls for {diff.level}: {diff.called_for} or higher"])


def _columns(old: Path, new: Path, name: str) -> tuple[list[str], list[str]]:
    before, after = (_schema(folder, name) for folder in (old, new))
    broken = [f"{name}.{field.name}" for field in before if _type(after, field.name) != field.type]
    return broken, [f"{name}.{field.name}" for field in after if field.name not in before.names]


def _type(schema: pa.Schema, column: str) -> pa.DataType | None:
    return schema.field(column).type if column in schema.names else None


def _images(old: Path, new: Path) -> ImageChanges:
    columns = ["id", "split", "sha256", "original_sha256", *_METADATA]
    before, after = ({row["id"]: row for row in _rows(folder, "images", columns)} for folder in (old, new))
    both = before.keys() & after.keys()
    reused = sorted(id for id in both if before[id]["original_sha256"] != after[id]["original_sha256"])
    if reused:
        raise ReleaseError(f"images {reused[:10]}: expected the photographs of the earlier release, found others")
    return ImageChanges(
        added=sorted(after.keys() - before.keys()),
        withdrawn=sorted(before.keys() - after.keys()),
        moved_split=sorted(id for id in both if before[id]["split"] != after[id]["split"]),
        changed_pixels=sorted(id for id in both if before[id]["sha256"] != after[id]["sha256"]),
        changed_facts=sorted(
            id for id in both if any(before[id].get(name) != after[id].get(name) for name in _METADATA)
        ),
    )


_Digest = tuple[bytes, str | None, int | None, str]  # content, subdomain, category, status and origin


def _records(old: Path, new: Path, name: str) -> RecordChanges:
    before, after = _digests(old, name), _digests(new, name)
    added = Counter(after[id][1] or "" for id in after.keys() - before.keys())
    removed = Counter(before[id][1] or "" for id in before.keys() - after.keys())
    changed = [id for id in before.keys() & after.keys() if before[id][0] != after[id][0]]
    state = [
        id for id in before.keys() & after.keys() if before[id][0] == after[id][0] and before[id][3] != after[id][3]
    ]
    return RecordChanges(
        added=dict(sorted(added.items())),
        removed=dict(sorted(removed.items())),
        changed=len(changed),
        relabelled=sum(before[id][2] != after[id][2] for id in changed),
        state=len(state),
    )


def _digests(folder: Path, name: str) -> dict[int, _Digest]:
    """Id → digest of a record; the records themselves go by in batches."""
    content = _CONTENT[name]
    found = {}
    for row in _rows(folder, name, ["id", "subdomain", "status", "origin", *content]):
        digest = hashlib.blake2b(repr([row[column] for column in content]).encode(), digest_size=16).digest()
        found[row["id"]] = (digest, row["subdomain"], row.get("category_id"), f"{row['status']} {row['origin']}")
    return found


def _categories(old: Path, new: Path) -> CategoryChanges:
    columns = ["id", "key", "name", "synset", "sense_key", "ili"]
    before, after = ({row["id"]: row for row in _rows(folder, "categories", columns)} for folder in (old, new))
    used = set(pq.read_table(old / "tables/annotations.parquet", columns=["category_id"])["category_id"].to_pylist())
    both = before.keys() & after.keys()
    links, words = ("synset", "sense_key", "ili"), ("key", "name")
    return CategoryChanges(
        added=sorted(after.keys() - before.keys()),
        removed=sorted((before.keys() - after.keys()) & used),  # one that nothing showed is no loss
        relinked=sorted(id for id in both if any(before[id][name] != after[id][name] for name in links)),
        renamed=sorted(id for id in both if any(before[id][name] != after[id][name] for name in words)),
    )


def _names(old: Path, new: Path) -> dict[str, int]:
    columns = ["kind", "key", "language", "name", "synonyms"]
    before, after = (
        {
            (row["language"], row["kind"], row["key"]): (row["name"], row["synonyms"])
            for row in _rows(folder, "names", columns)
        }
        for folder in (old, new)
    )
    changed = (key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return dict(sorted(Counter(language for language, _, _ in changed).items()))


def _schema(folder: Path, name: str) -> pa.Schema:
    path = folder / f"tables/{name}.parquet"
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise _no_table(path, error) from error


def _rows(folder: Path, name: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    path = folder / f"tables/{name}.parquet"
    there = _schema(folder, name).names
    try:
        for batch in pq.ParquetFile(path).iter_batches(columns=[column for column in columns if column in there]):
            yield from batch.to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise _no_table(path, error) from error


def _no_table(path: Path, error: Exception) -> ReleaseError:
    return ReleaseError(f"{path}: expected a table of the release, found: {error}; run `mic21 release verify`")
