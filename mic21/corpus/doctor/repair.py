"""Mends a COCO file as its findings propose; what needs no change stays as it was written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from mic21.corpus.coco.document import CocoDocument
from mic21.corpus.doctor.examine import PARTS, Change, Finding
from mic21.errors import CorpusError


def repair(path: str | Path, out: str | Path, findings: Iterable[Finding]) -> list[Finding]:
    """Write a mended copy of a COCO file, and give the findings that were mended.

    Where two findings change the same field of a record the higher code wins, which knows more of it.

    Args:
        path: the file.
        out: the copy; it may not be there yet.
        findings: of `examine`, of the same file.

    Raises:
        CorpusError: there is something in the place of the copy, or it cannot be written.
    """
    target = Path(out)
    if target.exists():
        raise CorpusError(f"{target}: expected no file there yet, found one")
    doc = CocoDocument(Path(path))
    mended = [finding for finding in findings if finding.change is not None]
    changes: dict[str, dict[int, list[Change]]] = {part: {} for part in PARTS}
    for finding in sorted(mended, key=lambda finding: finding.code[1:]):
        changes[finding.part].setdefault(finding.index, []).append(finding.change or Change())
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as file:
            _write(file, doc, changes)
        partial.rename(target)
    except OSError as error:
        raise CorpusError(f"{target}: expected a place that can be written to, found: {error.strerror}") from error
    return mended


def _write(file: BinaryIO, doc: CocoDocument, changes: Mapping[str, Mapping[int, list[Change]]]) -> None:
    file.write(b"{")
    separator = b""
    for name, raw in doc.parts.items():
        file.write(separator + msgspec.json.encode(name) + b":")
        if name in PARTS:
            file.write(b"[" + b",\n".join(_records(doc.records(name), changes[name])) + b"]")
        else:
            file.write(bytes(raw))
        separator = b",\n"
    file.write(b"}\n")


def _records(raws: Sequence[msgspec.Raw], changes: Mapping[int, list[Change]]) -> Iterator[bytes]:
    for index, raw in enumerate(raws):
        of_record = changes.get(index, [])
        if any(change.drops for change in of_record):
            continue
        if not of_record:
            yield bytes(raw)
            continue
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        for change in of_record:
            fields |= {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in change.fields.items()}
        yield msgspec.json.encode(fields)
