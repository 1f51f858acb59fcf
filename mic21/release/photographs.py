"""Photographs in Parquet, by domain and split, each a row with all that is known of it, as `datasets` reads them.

They are made from the shards, one file at a time, so that memory does not grow with the number of files. Row groups are
small, with page indexes: a viewer that wants ten photographs reads ten.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from mic21.release.samples import Sample, ShardIndex
from mic21.release.splits import SPLITS

FOLDER = "data"
NO_DOMAIN = "unsorted"  # of images without a subdomain
GROUP_ROWS = 100
GROUP_BYTES = 32_000_000
FILE_BYTES = 512_000_000

_TEXTS = ("subdomain", "title", "author", "license", "license_url", "source_url")
_OBJECTS = pa.struct(
    [
        pa.field("id", pa.int64()),
        pa.field("category_id", pa.int64()),
        pa.field("category", pa.string()),
        pa.field("name", pa.string()),
        pa.field("synset", pa.string()),
        pa.field("bbox", pa.list_(pa.float64())),
        pa.field("area", pa.float64()),
        pa.field("iscrowd", pa.bool_()),
        pa.field("segmentation", pa.string()),
        pa.field("status", pa.string()),
        pa.field("origin", pa.string()),
    ]
)
_CAPTIONS = pa.struct([pa.field(name, pa.string()) for name in ("language", "kind", "text", "status", "origin")])
_INTERACTIONS = pa.struct(
    [
        pa.field("subject_id", pa.int64()),
        pa.field("predicate", pa.string()),
        pa.field("object_id", pa.int64()),
        pa.field("status", pa.string()),
    ]
)
_COLUMNS = pa.schema(
    [
        pa.field("image", pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])),
        pa.field("id", pa.int64(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        *(pa.field(name, pa.string()) for name in _TEXTS),
        pa.field("checked", pa.list_(pa.int64())),
        pa.field("absent", pa.list_(pa.int64())),
        pa.field("objects", pa.list_(_OBJECTS)),
        pa.field("captions", pa.list_(_CAPTIONS)),
        pa.field("interactions", pa.list_(_INTERACTIONS)),
    ]
)


def _feature(type: pa.DataType, name: str = "") -> object:
    """A column's type in the words of `datasets`."""
    if name == "image":
        return {"_type": "Image"}
    if pa.types.is_list(type):
        inner = _feature(type.value_type)
        return [inner] if pa.types.is_struct(type.value_type) else {"feature": inner, "_type": "Sequence"}
    if pa.types.is_struct(type):
        return {field.name: _feature(field.type) for field in type}
    return {"dtype": {"double": "float64"}.get(str(type), str(type)), "_type": "Value"}


_FEATURES = {"info": {"features": {field.name: _feature(field.type, field.name) for field in _COLUMNS}}}
SCHEMA = _COLUMNS.with_metadata({"huggingface": msgspec.json.encode(_FEATURES)})


class _Object(msgspec.Struct):
    """An annotation of a shard's record, its segmentation as it is written there."""

    id: int
    category_id: int
    segmentation: msgspec.Raw
    bbox: list[float]
    area: float
    iscrowd: int
    status: str
    origin: str


class _Record(msgspec.Struct):
    """A shard's record."""

    image: dict[str, Any]
    license: dict[str, Any]
    annotations: list[_Object]
    captions: list[dict[str, Any]]
    interactions: list[dict[str, Any]]


_DECODER = msgspec.json.Decoder(_Record)


def write_photographs(release: Path) -> None:
    """Write `data/DOMAIN/SPLIT-00000.parquet` of a release whose tables and shards are there."""
    images = pq.read_table(release / "tables/images.parquet", columns=["id", "split", "domain"])
    groups: dict[tuple[str, str], list[int]] = {}
    for id, split, domain in zip(*(column.to_pylist() for column in images.columns), strict=True):
        groups.setdefault((domain or NO_DOMAIN, split), []).append(id)
    categories = {row["id"]: row for row in pq.read_table(release / "tables/categories.parquet").to_pylist()}
    index = ShardIndex(release)
    for domain, split in sorted(groups, key=lambda group: (group[0], SPLITS.index(group[1]))):
        folder = release / FOLDER / domain
        folder.mkdir(parents=True, exist_ok=True)
        rows = (_row(index.sample(id), categories) for id in groups[domain, split])
        for number, part in enumerate(_parts(rows)):
            _write(folder / f"{split}-{number:05d}.parquet", part)


_Sized = tuple[int, Mapping[str, Any]]


def _row(sample: Sample, categories: Mapping[int, Mapping[str, Any]]) -> _Sized:
    """A row, and about how many bytes it takes."""
    record = _DECODER.decode(sample.record_bytes)
    image = record.image
    objects = []
    for found in record.annotations:
        category = categories[found.category_id]
        objects.append(
            {
                "id": found.id,
                "category_id": found.category_id,
                "category": category["key"],
                "name": category["name"],
                "synset": category["synset"],
                "bbox": found.bbox,
                "area": found.area,
                "iscrowd": bool(found.iscrowd),
                "segmentation": bytes(found.segmentation).decode(),
                "status": found.status,
                "origin": found.origin,
            }
        )
    row = {name: image.get(name) for name in ("id", "width", "height", *_TEXTS, "checked", "absent")}
    row |= {
        "image": {"bytes": sample.image_bytes, "path": image["file_name"]},
        "license": record.license["spdx"],
        "license_url": record.license.get("url"),
        "objects": objects,
        "captions": [caption | {"text": caption["caption"]} for caption in record.captions],
        "interactions": record.interactions,
    }
    return len(sample.image_bytes) + len(sample.record_bytes), row


def _parts(rows: Iterator[_Sized]) -> Iterator[Iterator[list[Mapping[str, Any]]]]:
    """Row groups, in files of at most `FILE_BYTES`."""
    groups = _Groups(rows)
    while not groups.at_end:
        yield groups.of_one_file()


class _Groups:
    """Row groups of at most `GROUP_ROWS` rows and `GROUP_BYTES` bytes; a larger photograph is one of its own."""

    def __init__(self, rows: Iterator[_Sized]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    @property
    def at_end(self) -> bool:
        return self._next is None

    def of_one_file(self) -> Iterator[list[Mapping[str, Any]]]:
        written = 0
        while self._next is not None and written < FILE_BYTES:
            group: list[Mapping[str, Any]] = []
            size = 0
            while self._next is not None and len(group) < GROUP_ROWS:
                length, row = self._next
                if group and size + length > GROUP_BYTES:
                    break
                group.append(row)
                size += length
                self._next = next(self._rows, None)
            written += size
            yield group


def _write(path: Path, groups: Iterator[list[Mapping[str, Any]]]) -> None:
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": list(_TEXTS), "write_page_index": True}
    with pq.ParquetWriter(path, SCHEMA, store_schema=True, **options) as writer:
        for group in groups:
            table = pa.Table.from_pylist(group, schema=SCHEMA)
            writer.write_table(table, row_group_size=len(group))
