"""Groups of near duplicates: photographs that must not straddle the splits of a release."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from mic21.corpus import schema

# Bits of 64 that the hashes of one scene may differ in; unrelated photographs differ in about 32.
NEAR_BITS = 8


class Groups:
    """The groups of a corpus while photographs are added to it.

    A group is named by the sha256 of the original bytes of its first photograph, so that the same photographs are in
    the same split in every corpus.
    """

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._keys: list[str] = []
        self._hashes: npt.NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._moved: dict[int, str] = {}

    def refresh(self, connection: Connection) -> None:
        """Take in the images that have come since the last look."""
        images = schema.images.c
        rows = connection.execute(
            select(images.id, images.phash, images.group_key)
            .where(images.phash.is_not(None), images.id > (self._ids[-1] if self._ids else 0))
            .order_by(images.id)
        ).all()
        self._ids += [row.id for row in rows]
        self._keys += [row.group_key for row in rows]
        self._hashes = np.append(self._hashes, np.array([int(row.phash, 16) for row in rows], dtype=np.uint64))

    def add(self, image_id: int, phash: str, own_key: str) -> str:
        """The group of a new photograph, which may join groups that were apart; see `settle`.

        Args:
            image_id: of the new photograph.
            phash: its hash, 16 hexadecimal digits.
            own_key: the group it founds when no other is near.
        """
        hash = np.uint64(int(phash, 16))
        near = np.flatnonzero(np.bitwise_count(self._hashes ^ hash) <= NEAR_BITS)
        keys = list(dict.fromkeys(self._keys[index] for index in near))
        key = keys[0] if keys else own_key
        if len(keys) > 1:
            self._moved |= {id: key for id, old in zip(self._ids, self._keys, strict=True) if old in keys[1:]}
            self._keys = [key if old in keys[1:] else old for old in self._keys]
        self._ids.append(image_id)
        self._keys.append(key)
        self._hashes = np.append(self._hashes, hash)
        return key

    def settle(self, rows: Sequence[dict[str, Any]]) -> dict[int, dict[str, str]]:
        """Give new rows their group after all joining, and return id → change for the images stored before."""
        for row in rows:
            row["group_key"] = self._moved.pop(row["id"], row["group_key"])
        changes = {id: {"group_key": key} for id, key in self._moved.items()}
        self._moved = {}
        return changes
