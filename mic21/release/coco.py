"""COCO documents written a record at a time, and the records of a release: by split, and by subdomain."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from mic21.corpus.coco import records
from mic21.release.splits import SPLITS

Row = Mapping[str, Any]

_BUFFER = 1 << 20
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Head:
    """What every document begins with: COCO's `info`, and the records of the licences."""

    info: Mapping[str, Any]
    licenses: Sequence[Row]


def image_record(row: Row) -> dict[str, Any]:
    """The COCO record of an image of a release: with its split, hash, first name, and what was looked for in it."""
    own = ("split", "source_file_name", "sha256", "checked", "absent")
    return records.image_record(row) | {name: row[name] for name in own}


def encode_image(row: Row) -> bytes:
    """The JSON of an image."""
    return _ENCODER.encode(image_record(row))


def encode_annotation(row: Row) -> bytes:
    """The JSON of an annotation."""
    return _ENCODER.encode(records.annotation_record(row))


def encode_caption(row: Row) -> bytes:
    """The JSON of a caption."""
    return _ENCODER.encode(records.caption_record(row))


class CocoWriter:
    """A COCO document: licences, images, annotations and perhaps categories, each record on a line of its own."""

    def __init__(self, path: Path, head: Head, categories: Sequence[bytes] | None) -> None:
        """Begin the document, with `images` as the section that is open.

        Args:
            path: of the file.
            head: `info` and licences.
            categories: JSON of the records that end the document; None where it has no such section.
        """
        self._file: BinaryIO = path.open("wb", buffering=_BUFFER)
        self._categories = categories
        self._separator = b""
        self._file.write(_ENCODER.encode({"info": head.info})[:-1])
        self._begin("licenses")
        for license in head.licenses:
            self.add(_ENCODER.encode(license))
        self._file.write(b"\n]")
        self._begin("images")

    def add(self, record: bytes) -> None:
        """Add a record's JSON to the open section."""
        self._file.write(self._separator)
        self._file.write(record)
        self._separator = b",\n"

    def begin_annotations(self) -> None:
        """End the images."""
        self._file.write(b"\n]")
        self._begin("annotations")

    def close(self) -> None:
        """End the annotations and the document."""
        self._file.write(b"\n]")
        if self._categories is not None:
            self._begin("categories")
            for category in self._categories:
                self.add(category)
            self._file.write(b"\n]")
        self._file.write(b"}\n")
        self._file.close()

    def _begin(self, section: str) -> None:
        self._file.write(b",\n" + _ENCODER.encode(section) + b":[")
        self._separator = b"\n"


class SplitDocuments:
    """`instances_SPLIT.json` and `captions_SPLIT.json` of every split, written side by side."""

    def __init__(self, folder: Path, head: Head, categories: Sequence[bytes]) -> None:
        self.instances = {split: CocoWriter(folder / f"instances_{split}.json", head, categories) for split in SPLITS}
        self.captions = {split: CocoWriter(folder / f"captions_{split}.json", head, None) for split in SPLITS}

    def add_image(self, row: Row) -> None:
        """Add an image to both documents of its split."""
        line = encode_image(row)
        self.instances[row["split"]].add(line)
        self.captions[row["split"]].add(line)

    def begin_annotations(self) -> None:
        """End the images."""
        for writer in (*self.instances.values(), *self.captions.values()):
            writer.begin_annotations()

    def close(self) -> None:
        """End every document."""
        for writer in (*self.instances.values(), *self.captions.values()):
            writer.close()


class SubdomainDocuments:
    """`subdomains/SUBDOMAIN_gt.json`, of which one is open at a time."""

    def __init__(self, begin: Callable[[str], CocoWriter], subdomains: Iterable[str]) -> None:
        """Prepare.

        Args:
            begin: begins the document of a subdomain and writes its images.
            subdomains: that have images.
        """
        self._begin = begin
        self._waiting = dict.fromkeys(sorted(subdomains))
        self._current: str | None = None
        self._writer: CocoWriter | None = None

    def add(self, subdomain: str | None, line: bytes) -> None:
        """Add an annotation; those of a subdomain come one after the other."""
        if subdomain is None:
            return
        if subdomain != self._current or self._writer is None:
            self._writer = self._open(subdomain)
        self._writer.add(line)

    def close(self) -> None:
        """End the last document, and write those of the subdomains without annotations."""
        for subdomain in list(self._waiting):
            self._writer = self._open(subdomain)
        if self._writer is not None:
            self._writer.close()

    def _open(self, subdomain: str) -> CocoWriter:
        if self._writer is not None:
            self._writer.close()
        del self._waiting[subdomain]
        self._current = subdomain
        return self._begin(subdomain)
