"""Splits: which images are for training, validation and test, as they come in and for ever.

Images are looked at in the order in which they came into the corpus. One that is near to an earlier image, or of the
same author in the same subdomain, goes where that one is. Any other is drawn: the hash of its group and a salt chooses
among the splits that have room in its subdomain. A draw depends on earlier images only, withdrawn ones included, and on
the group and subdomain that each had at first; so neither adding images nor editing them moves one. What edits or given
splits then tear apart is listed.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.errors import UsageError

SPLITS = ("train", "val", "test")
SHARES: Mapping[str, float] = {"train": 0.8, "val": 0.1, "test": 0.1}
SALT = "mic21-splits-1"

Series = Literal["author", "none"]


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How images are split.

    Attributes:
        shares: split → share of the images, together 1.
        salt: another one gives another split.
        series: `author` keeps the photographs of an author in a subdomain together; `none` only near duplicates.
        frozen: image → split that it has already; wins over everything else.
    """

    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    salt: str = SALT
    series: Series = "author"
    frozen: Mapping[int, str] = field(default_factory=dict)


class Arrival(NamedTuple):
    """An image as it came in.

    Attributes:
        id: of the image.
        first_subdomain: the first that it had, or None.
        subdomain: that it has now, or None.
        first_group: key of its group of near duplicates at first.
        group: key of its group now.
        author: or None.
    """

    id: int
    first_subdomain: str | None
    subdomain: str | None
    first_group: str
    group: str
    author: str | None


def parse_shares(text: str) -> dict[str, float]:
    """Shares as they are written on the command line.

    Raises:
        UsageError: another split, a share that is no number from 0 to 1, or shares that do not add up to 1.

    >>> parse_shares("train=.7,val=.1,test=.2")
    {'train': 0.7, 'val': 0.1, 'test': 0.2}
    """
    shares = dict.fromkeys(SPLITS, 0.0)
    for part in text.split(","):
        split, _, share = part.strip().partition("=")
        try:
            if split not in shares:
                raise ValueError
            shares[split] = float(share)
        except ValueError as error:
            raise UsageError(f"splits: expected train=.8,val=.1,test=.1, found {part.strip()!r}") from error
    if not all(0 <= share <= 1 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-9:
        raise UsageError(f"splits: expected shares from 0 to 1 that add up to 1, found {text!r}")
    return shares


def read_arrivals(connection: Connection) -> list[Arrival]:
    """Every image of a corpus, withdrawn ones included, in the order in which they came in."""
    history, images = schema.history.c, schema.images.c
    changed = select(history.record_id, history.before).where(history.record == "images").order_by(history.id)
    subdomains: dict[int, str] = {}
    groups: dict[int, str] = {}
    for id, before in connection.execute(changed):
        old = msgspec.json.decode(before)
        if old.get("subdomain"):
            subdomains.setdefault(id, old["subdomain"])
        if "group_key" in old:
            groups.setdefault(id, old["group_key"])
    rows = connection.execute(
        select(images.id, images.subdomain, images.group_key, images.author).order_by(images.run_id, images.id)
    )
    return [
        Arrival(id, subdomains.get(id, subdomain), subdomain, groups.get(id, group), group, author)
        for id, subdomain, group, author in rows
    ]


def assign_splits(arrivals: Sequence[Arrival], rule: SplitRule) -> dict[int, str]:
    """Image → split.

    Args:
        arrivals: every image of the corpus in the order of coming in.
        rule: how to split.

    >>> together = [Arrival(n, "chess", "chess", str(n), str(n), "Ana") for n in range(9)]
    >>> len(set(assign_splits(together, SplitRule()).values()))
    1
    """
    final = Units()
    for image in arrivals:
        final.join(image.id, [*_first_keys(image, rule.series), image.group])
    held: dict[int, str] = {}  # unit → the split of its first frozen image
    for image in arrivals:
        if image.id in rule.frozen:
            held.setdefault(final.of(image.id), rule.frozen[image.id])
    online = Units()
    drawn: dict[int, str] = {}
    counts: dict[str | None, dict[str, int]] = {}
    for image in arrivals:
        first = online.join(image.id, _first_keys(image, rule.series))
        of_subdomain = counts.setdefault(image.first_subdomain, dict.fromkeys(SPLITS, 0))
        split = rule.frozen.get(image.id) or held.get(final.of(image.id)) or drawn.get(first)
        if split is None:
            split = _draw(image.first_group, of_subdomain, rule)
        drawn[image.id] = split
        of_subdomain[split] += 1
    return {
        image.id: rule.frozen.get(image.id) or held.get(unit := final.of(image.id)) or drawn[unit] for image in arrivals
    }


def straddling(images: Iterable[Arrival], splits: Mapping[int, str], series: Series) -> list[list[int]]:
    """The images that belong together as they are now and lie in different splits, unit by unit.

    Args:
        images: to look at.
        splits: image → split.
        series: what belongs together beside near duplicates.

    >>> moved = [Arrival(n, theme, "chess", str(n), str(n), "Ana") for n, theme in enumerate(("chess", "tennis"))]
    >>> straddling(moved, {0: "val", 1: "test"}, "author")
    [[0, 1]]
    """
    now = Units()
    ids = []
    for image in images:
        now.join(image.id, _keys(image.group, image.author, image.subdomain, series))
        ids.append(image.id)
    units: dict[int, list[int]] = {}
    for id in sorted(ids):
        units.setdefault(now.of(id), []).append(id)
    return [unit for unit in units.values() if len({splits[id] for id in unit}) > 1]


def _first_keys(image: Arrival, series: Series) -> list[str]:
    return _keys(image.first_group, image.author, image.first_subdomain, series)


def _keys(group: str, author: str | None, subdomain: str | None, series: Series) -> list[str]:
    """What an image shares with those that it must stay with."""
    if series == "none" or not author:
        return [group]
    return [group, f"{author}\n{subdomain or ''}"]


def _draw(group: str, counts: Mapping[str, int], rule: SplitRule) -> str:
    """A split that has room for one image more, the likelier the more room it has."""
    after = sum(counts.values()) + 1
    room = {split: max(0.0, rule.shares.get(split, 0) * after - counts[split]) for split in SPLITS}
    digest = hashlib.sha256(f"{rule.salt}:{group}".encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64 * sum(room.values())
    for split, width in room.items():
        if position < width:
            return split
        position -= width
    return max(room, key=lambda split: room[split])  # the last bit of the sum was rounded away


class Units:
    """Images that stay together because they share a key; a unit is named by its first image."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._order: dict[int, int] = {}
        self._first: dict[str, int] = {}

    def __contains__(self, id: object) -> bool:
        return id in self._parents

    def join(self, id: int, keys: Iterable[str]) -> int:
        """Add an image; gives the first image of its unit, itself if it is the first."""
        self._order[id] = len(self._order)
        self._parents[id] = id
        for key in keys:
            other = self.of(self._first.setdefault(key, id))
            own = self.of(id)
            early, late = sorted((own, other), key=self._order.__getitem__)
            self._parents[late] = early
        return self.of(id)

    def of(self, id: int) -> int:
        """The first image of the unit of an image."""
        while (parent := self._parents[id]) != id:
            self._parents[id] = self._parents[parent]
            id = parent
        return id
