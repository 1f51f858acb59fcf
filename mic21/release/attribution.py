"""Who took each photograph, under which licence, and where it came from."""

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

Row = Mapping[str, Any]

COLUMNS = (
    *("image_id", "file_name", "title", "author", "license", "license_name", "license_url", "source_url", "sha256"),
)


def source_url(image: Row) -> str | None:
    """Where a photograph came from: as recorded, or the address that its COCO record has."""
    if image["source_url"]:
        return str(image["source_url"])
    attributes = msgspec.json.decode(image["attributes"]) if image["attributes"] else {}
    return attributes.get("flickr_url") or attributes.get("coco_url")


def asks_for_attribution(license: str) -> bool:
    """Whether a licence is one of Creative Commons' that ask to name the author.

    >>> asks_for_attribution("CC-BY-SA-4.0"), asks_for_attribution("CC0-1.0")
    (True, False)
    """
    return re.match(r"CC-BY-", license) is not None


def write_attribution(path: Path, images: Iterable[Row], licenses: Mapping[int, Row]) -> None:
    """Write ATTRIBUTION.csv: a line an image."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for image in images:
            license = licenses.get(image["license_id"], {})
            words = (image["title"], image["author"], image["license"], license.get("name"), license.get("url"))
            source = source_url(image) or ""
            known = (word or "" for word in words)
            writer.writerow([image["id"], image["file_name"], *known, source, image["sha256"]])
