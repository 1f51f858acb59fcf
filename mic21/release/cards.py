"""What a release says of itself in words: dataset card, datasheet and attribution."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mic21.release.manifest import Manifest
from mic21.release.splits import SPLITS

Row = Mapping[str, Any]

# From the "Size categories" of the Hugging Face dataset card.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_cards(folder: Path, manifest: Manifest, images: Sequence[Row], licenses: Mapping[int, Row]) -> None:
    """Write README.md, DATASHEET.md and ATTRIBUTION.csv."""
    (folder / "README.md").write_text(_card(manifest, images), encoding="utf-8")
    (folder / "DATASHEET.md").write_text(_datasheet(manifest, images), encoding="utf-8")
    _write_attribution(folder / "ATTRIBUTION.csv", images, licenses)


def source_url(image: Row) -> str | None:
    """Where a photograph came from: as recorded, or the address that its COCO record has."""
    if image["source_url"]:
        return str(image["source_url"])
    attributes = msgspec.json.decode(image["attributes"]) if image["attributes"] else {}
    return attributes.get("flickr_url") or attributes.get("coco_url")


def _write_attribution(path: Path, images: Sequence[Row], licenses: Mapping[int, Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            [
                "image_id",
                "file_name",
                "title",
                "author",
                "license",
                "license_name",
                "license_url",
                "source_url",
                "sha256",
            ]
        )
        for image in images:
            license = licenses.get(image["license_id"], {})
            words = (image["title"], image["author"], image["license"], license.get("name"), license.get("url"))
            writer.writerow(
                [
                    image["id"],
                    image["file_name"],
                    *(word or "" for word in words),
                    source_url(image) or "",
                    image["sha256"],
                ]
            )


def _card(manifest: Manifest, images: Sequence[Row]) -> str:
    splits = [split for split in SPLITS if manifest.counts[split].images]
    size = next((name for limit, name in _SIZES if len(images) < limit), "1M<n<10M")
    files = "\n".join(f"  - split: {_hub_split(split)}\n    path: shards/{split}-*.tar" for split in splits)
    return f"""---
pretty_name: mic21 corpus {manifest.version}
license: other
license_name: per-image
license_link: ATTRIBUTION.csv
task_categories:
- image-segmentation
- object-detection
- image-to-text
size_categories:
- {size}
configs:
- config_name: default
  default: true
  data_files:
{files}
---

# mic21 corpus {manifest.version}

Photographs whose objects carry instance masks, whose classes are WordNet synsets, and whose captions stand beside them.

{_state(manifest)}

| split | images | annotations | captions | interactions |
|---|---:|---:|---:|---:|
{_count_rows(manifest)}

| file | what |
|---|---|
| `manifest.json` | version, counts, and the sha256 of every other file |
| `coco/instances_*.json`, `coco/captions_*.json` | COCO, by split; `coco/subdomains/*_gt.json` by subdomain |
| `tables/*.parquet` | images, annotations, captions, interactions, categories, names, subdomains |
| `shards/*.tar` | WebDataset: each photograph with a JSON record of all that is known of it |
| `ontology/` | the ontology as JSON, and its names as TSV |
| `ATTRIBUTION.csv` | author, licence and source of each photograph |

## Licences

Each photograph has its own licence.

| licence (SPDX) | images |
|---|---:|
{_tally(image["license"] for image in images)}

## Subdomains

| subdomain | images |
|---|---:|
{_tally(image["subdomain"] or "(none)" for image in images)}
{_left_out(manifest)}
## Check it

    mic21 release verify DIR

Splits depend only on the group that a photograph belongs to (near duplicates share one), so that they stay as they are
when photographs are added.
"""


def _hub_split(split: str) -> str:
    return "validation" if split == "val" else split


def _state(manifest: Manifest) -> str:
    unchecked = manifest.unchecked
    if "draft" not in manifest.statuses:
        return "Every annotation and caption has been accepted: by a person, or by the import it came with (`origin`)."
    total = _total(manifest)
    return (
        f"**Not all of this has been checked by a person.** {unchecked.annotations} of {total['annotations']} "
        f"annotations and {unchecked.captions} of {total['captions']} captions, in {unchecked.images} of "
        f"{total['images']} images, are drafts that a program made; each record says so in `status`."
    )


def _total(manifest: Manifest) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for counts in manifest.counts.values():
        totals.update(counts.model_dump())
    return dict(totals)


def _count_rows(manifest: Manifest) -> str:
    rows = [(split, counts.model_dump()) for split, counts in manifest.counts.items()]
    rows.append(("all", _total(manifest)))
    columns = ("images", "annotations", "captions", "interactions")
    return "\n".join(
        f"| {name} | " + " | ".join(str(counts[column]) for column in columns) + " |" for name, counts in rows
    )


def _tally(values: Any) -> str:  # an iterable of texts, handed to Counter
    counts = Counter(values)
    return "\n".join(f"| {value} | {counts[value]} |" for value in sorted(counts, key=lambda v: (-counts[v], v)))


def _left_out(manifest: Manifest) -> str:
    if not manifest.left_out:
        return ""
    lines = "\n".join(f"- {len(left.images)} images: {left.reason}" for left in manifest.left_out)
    return f"\n## Left out\n\n{lines}\n\nTheir ids are in `manifest.json`.\n"


def _datasheet(manifest: Manifest, images: Sequence[Row]) -> str:
    total = _total(manifest)
    authors = sum(image["author"] is not None for image in images)
    sources = sum(source_url(image) is not None for image in images)
    return f"""# Datasheet

After Gebru et al., "Datasheets for Datasets" (2021). Only what the corpus records is answered; the rest is called
unknown.

## Motivation

For what purpose it was created, by whom and who funded it: unknown, the corpus records none of it.

## Composition

- Instances: {total["images"]} photographs, {total["annotations"]} annotated objects, {total["captions"]} captions.
- Labels: categories of ontology {manifest.ontology_version} (WordNet 3.0 synsets) and those that imports brought; see
  `tables/categories.parquet`.
- Splits: by group, 80/10/10; see `README.md`.
- Errors and noise: {_state(manifest)}
- People: photographs may show people; no annotation names or describes a person's identity, ethnicity or age.
- Completeness: which categories were searched for exhaustively in which image is unknown, the corpus does not record it
yet.

## Collection

- Authors are recorded for {authors} of {total["images"]} photographs, sources for {sources}; see `ATTRIBUTION.csv`.
- When and how the photographs were taken: unknown beyond these records.

## Preprocessing

- An EXIF orientation was baked into the pixels; `original_sha256` is that of the file as it came.
- Photographs that browsers cannot show (TIFF, BMP and others) were turned into PNG.

## Uses, distribution, maintenance

- Each photograph has its own licence; its terms bind every use of it.
- Withdrawn photographs leave the next release, and their ids are never used again.
"""
