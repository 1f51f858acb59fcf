"""What is counted while a release is written; the manifest, the card and the plots are made of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.release.attribution import asks_for_attribution, source_url
from mic21.release.manifest import Deviation, SplitCounts
from mic21.release.splits import SPLITS

Row = Mapping[str, Any]

# COCO's bounds between small, medium and large objects, in pixels (https://cocodataset.org/#detection-eval).
SMALL, LARGE = 32**2, 96**2
_RECORDS = ("annotations", "captions", "interactions")
_TELLING = 50  # of fewer, two in a hundred are less than one


class Statistics:
    """Counters; each method takes one record of the release.

    Attributes:
        subdomains: (subdomain or None, split) → images.
        categories: (category id, split) → annotations.
        annotations_of_subdomain: subdomain or None → annotations.
        domains: domain or None → images.
        licenses: SPDX → images.
        sizes: `small`, `medium`, `large` → annotations.
        languages: (language, kind) → captions.
        origins: (record, origin, status) → records.
        annotators: pseudonym → records that the person had the last word on.
        facts: name → images that have it: `author`, `source`, `checked`, `unattributed`.
        runs: rows of the table of runs.
    """

    def __init__(self) -> None:
        self.subdomains: Counter[tuple[str | None, str]] = Counter()
        self.categories: Counter[tuple[int, str]] = Counter()
        self.annotations_of_subdomain: Counter[str | None] = Counter()
        self.domains: Counter[str | None] = Counter()
        self.licenses: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()
        self.languages: Counter[tuple[str, str]] = Counter()
        self.origins: Counter[tuple[str, str, str]] = Counter()
        self.annotators: Counter[str] = Counter()
        self.facts: Counter[str] = Counter()
        self.runs: Sequence[Row] = ()
        self._records: Counter[tuple[str, str]] = Counter()
        self._draft_images: set[int] = set()

    def image(self, row: Row) -> None:
        """Count an image."""
        self.subdomains[row["subdomain"], row["split"]] += 1
        self.domains[row["domain"]] += 1
        self.licenses[row["license"]] += 1
        source = source_url(row)
        self.facts["author"] += row["author"] is not None
        self.facts["source"] += source is not None
        self.facts["checked"] += row["checked"] is not None
        self.facts["unattributed"] += asks_for_attribution(row["license"]) and not row["author"] and not source

    def annotation(self, row: Row) -> None:
        """Count an annotation."""
        self.categories[row["category_id"], row["split"]] += 1
        self.annotations_of_subdomain[row["subdomain"]] += 1
        self.sizes["small" if row["area"] < SMALL else "large" if row["area"] >= LARGE else "medium"] += 1
        self._record("annotations", row)

    def caption(self, row: Row) -> None:
        """Count a caption."""
        self.languages[row["language"], row["kind"]] += 1
        self._record("captions", row)

    def interaction(self, row: Row) -> None:
        """Count an interaction."""
        self._record("interactions", row)

    def _record(self, name: str, row: Row) -> None:
        self._records[name, row["split"]] += 1
        self.origins[name, row["origin"], row["status"]] += 1
        if row["status"] == "draft":
            self._draft_images.add(row["image_id"])
        if row["annotator"] is not None:
            self.annotators[row["annotator"]] += 1

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(self.subdomains.values())

    def counts(self) -> dict[str, SplitCounts]:
        """Split → counts."""
        images: Counter[str] = Counter()
        for (_, split), count in self.subdomains.items():
            images[split] += count
        return {
            split: SplitCounts(images=images[split], **{name: self._records[name, split] for name in _RECORDS})
            for split in SPLITS
        }

    def unchecked(self) -> SplitCounts:
        """How many records no person has accepted, and how many images have such."""
        drafts = {
            name: sum(n for (record, _, status), n in self.origins.items() if (record, status) == (name, "draft"))
            for name in _RECORDS
        }
        return SplitCounts(images=len(self._draft_images), **drafts)

    def deviations(self, shares: Mapping[str, float]) -> list[Deviation]:
        """Subdomains and categories whose splits are off their shares by more than two points.

        Those with fewer than fifty images or instances are passed over: two points of them are less than one.
        """
        counted: dict[tuple[str, str], Counter[str]] = {}
        for (subdomain, split), count in self.subdomains.items():
            counted.setdefault(("subdomain", subdomain or ""), Counter())[split] += count
        for (category, split), count in self.categories.items():
            counted.setdefault(("category", str(category)), Counter())[split] += count
        return list(_deviations(counted, shares))


def _deviations(counted: Mapping[tuple[str, str], Counter[str]], shares: Mapping[str, float]) -> Iterator[Deviation]:
    for (kind, key), counts in sorted(counted.items()):
        total = sum(counts.values())
        found = {split: round(counts[split] / total, 4) for split in SPLITS}
        if total >= _TELLING and max(abs(found[split] - shares.get(split, 0)) for split in SPLITS) > 0.02:
            yield Deviation(kind=kind, key=key, count=total, shares=found)


def draft_outcomes(connection: Connection, images: Mapping[int, object]) -> dict[str, int]:
    """What became of masks that a program drafted, on the images of a release, and how many people drew themselves.

    `kept` as they were, `corrected` in mask or category, `rejected`, `undecided`; `drawn` by people from nothing.
    Drafts that gave way to newer ones were nobody's decision and are not counted.
    """
    annotations, history = schema.annotations.c, schema.history.c
    changed = (
        select(history.record_id, history.before, history.after, schema.runs.c.step)
        .join_from(schema.history, schema.runs)
        .where(history.record == "annotations")
    )
    decided: dict[int, str | None] = {}
    for id, before, after, step in connection.execute(changed.order_by(history.id)):
        old, new = msgspec.json.decode(before), msgspec.json.decode(after)
        if step == "segment":
            decided[id] = None
        elif old.get("status") == "draft":
            corrected = new.get("origin") == "human" or "segmentation" in new or "category_id" in new
            outcomes = {"accepted": "corrected" if corrected else "kept", "rejected": "rejected"}
            decided[id] = outcomes.get(new["status"], "undecided")
    counts = dict.fromkeys(("kept", "corrected", "rejected", "undecided", "drawn"), 0)
    rows = select(annotations.id, annotations.image_id, annotations.status, annotations.origin)
    for id, image_id, status, origin in connection.execute(rows.where(annotations.origin != "import")):
        if image_id not in images:
            continue
        if outcome := decided.get(id) or ("undecided" if status == "draft" else None):
            counts[outcome] += 1
        elif origin == "human" and status == "accepted":
            counts["drawn"] += 1
    return counts
