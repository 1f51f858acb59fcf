"""What every reader needs of a record, and what stands there instead."""

from typing import Any

import msgspec

Record = dict[str, Any]
_WHOLE = {  # the fields that are whole numbers
    "images": ("id", "width", "height"),
    "categories": ("id",),
    "annotations": ("id", "image_id", "category_id"),
}


def whole_numbers(part: str, record: Any) -> dict[str, int]:
    """The fields of a record that are whole numbers but written as 64.0, as they should be.

    >>> whole_numbers("images", {"id": 1, "width": 64.0, "height": 48.5})
    {'width': 64}
    """
    if not isinstance(record, dict):
        return {}
    found = {name: (record.get(name), _whole(record.get(name))) for name in _WHOLE[part]}
    return {name: whole for name, (written, whole) in found.items() if whole is not written}


def unusable(part: str, record: Any) -> str | None:
    """What a record lacks that every reader needs; None where it lacks nothing.

    >>> unusable("images", {"id": 1, "width": 64})
    'no whole number in height'
    """
    if not isinstance(record, dict):
        return "no object"
    needed = _WHOLE[part] if part != "annotations" else ()  # of annotations each has a check of its own
    missing = [name for name in needed if type(record.get(name)) is not int or record[name] < 0]
    if missing:
        return f"no whole number in {', '.join(missing)}"
    has_name = part != "images" or isinstance(record.get("file_name", ""), str)
    return None if has_name else "no text in file_name"


def id_number(raw: msgspec.Raw) -> int:
    """The id of a record, 0 where it has none.

    >>> id_number(msgspec.Raw(b'{"id": 7.0}'))
    7
    """
    record = msgspec.json.decode(raw)
    id = _whole(record.get("id")) if isinstance(record, dict) else None
    return id if type(id) is int else 0


def id_key(record: Any, name: str = "id") -> int | str | None:
    """An id that can be looked up; None in place of anything else.

    >>> id_key({"image_id": [1]}, "image_id") is None
    True
    """
    id = record.get(name) if isinstance(record, dict) else None
    return id if isinstance(id, int | str) else None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
