"""Splits as a function of an image's group alone, so that adding images moves none."""

import hashlib

SPLITS = ("train", "val", "test")
# Upper ends of the intervals of [0, 1) that the hash of a group falls into.
_ENDS = (0.8, 0.9, 1.0)
_SALT = "mic21-splits-1"


def split_of(group_key: str) -> str:
    """The split of a group: `train` (80 %), `val` (10 %) or `test` (10 %).

    >>> split_of("0" * 64)
    'train'
    """
    digest = hashlib.sha256(f"{_SALT}:{group_key}".encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64
    return next(split for split, end in zip(SPLITS, _ENDS, strict=True) if position < end)
