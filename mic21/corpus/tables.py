"""The Arrow schemas of what a corpus and a release hold, written out once for both."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa

IMAGES = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("file_name", pa.string(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("original_sha256", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("extension", pa.string()),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("phash", pa.string()),
        pa.field("group_key", pa.string(), nullable=False),
        pa.field("subdomain", pa.string()),
        pa.field("license_id", pa.int64()),
        pa.field("license", pa.string(), nullable=False),  # SPDX, or "unknown"
        pa.field("author", pa.string()),
        pa.field("source_url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("attributes", pa.string()),  # JSON object
    ]
)

ANNOTATIONS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("subdomain", pa.string()),
        pa.field("category_id", pa.int64(), nullable=False),
        pa.field("category", pa.string()),  # the ontology's key; null where an imported category is linked to none
        pa.field("category_name", pa.string(), nullable=False),
        pa.field("segmentation", pa.string(), nullable=False),  # COCO's JSON value: polygons or run lengths
        pa.field("bbox", pa.list_(pa.float64()), nullable=False),  # x, y, width, height in pixels
        pa.field("area", pa.float64(), nullable=False),  # pixels
        pa.field("iscrowd", pa.bool_(), nullable=False),
        pa.field("score", pa.float64()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("attributes", pa.string()),
        pa.field("run_id", pa.int64(), nullable=False),  # of the step that made it
    ]
)

CAPTIONS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("subdomain", pa.string()),
        pa.field("language", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("attributes", pa.string()),
        pa.field("run_id", pa.int64(), nullable=False),  # of the step that made it
    ]
)

INTERACTIONS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("image_id", pa.int64(), nullable=False),
        pa.field("subdomain", pa.string()),
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("predicate", pa.string(), nullable=False),
        pa.field("object_id", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("run_id", pa.int64(), nullable=False),
    ]
)


def encode_json(value: object) -> str:
    """Compact JSON with sorted keys and no escapes beyond those that JSON asks for.

    >>> encode_json({"b": 1, "a": "цигулка"})
    '{"a":"цигулка","b":1}'
    """
    return msgspec.json.encode(value, order="sorted").decode()


def decode_attributes(text: str | None) -> Mapping[str, Any]:
    """The unknown fields that a record came with; their values are foreign, hence Any."""
    return msgspec.json.decode(text) if text else {}
