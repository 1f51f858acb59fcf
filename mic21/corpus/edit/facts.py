"""What is known of photographs is mended by a table: licences, authors, titles, sources, subdomains."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from mic21.corpus import schema
from mic21.corpus.edit.run import Changes, EditReport, record_edit
from mic21.corpus.licenses import UNKNOWN, license_id, parse_license
from mic21.corpus.metadata import FACTS
from mic21.corpus.sheet import read_sheet
from mic21.corpus.store import Corpus
from mic21.errors import ImportProblems, Mic21Error, UsageError


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One line of a table of facts: what shall stand of an image; None leaves what stands there.

    Attributes:
        image: its id, or its file name.
        license: SPDX, or `unknown` where nothing is known after all.
    """

    image: int | str
    subdomain: str | None = None
    license: str | None = None
    author: str | None = None
    source_url: str | None = None
    title: str | None = None


def read_facts(path: str | Path) -> list[ImageFacts]:
    """Read a table of facts: CSV (TSV or Parquet by its suffix); an empty cell leaves what stands.

    Its columns are `id` or `file` (the image's file name), and any of `subdomain`, `license` (SPDX), `author`,
    `source_url`, `title`.

    Raises:
        CorpusError: the file is no table, or a row is too long.
        ImportProblems: columns that are missing or unknown, or every bad row with its number.
    """
    path = Path(path)
    rows = read_sheet(path, required=[], allowed=["id", "file", *FACTS])
    named_by = [name for name in ("id", "file") if rows and name in rows[0]]
    if len(named_by) != 1:
        found = "no rows" if not rows else " and ".join(named_by) or "neither"
        raise ImportProblems(str(path), [f"{path.name}: expected rows with a column `id` or `file`, found {found}"])
    lines: list[ImageFacts] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        image = row.pop(named_by[0])
        if not image.strip() or (named_by == ["id"] and not image.strip().isdecimal()):
            what = "a number" if named_by == ["id"] else "a name"
            problems.append(f"{path.name}: row {number}: {named_by[0]}: expected {what}, found {image!r}")
            continue
        given = {name: value.strip() or None for name, value in row.items()}
        lines.append(ImageFacts(int(image) if named_by == ["id"] else image, **given))
    if problems:
        raise ImportProblems(str(path), problems)
    return lines


def facts(corpus: Corpus, lines: Sequence[ImageFacts]) -> EditReport:
    """Write down what is known of images: licence, author, title, source, subdomain.

    Raises:
        ImportProblems: lines whose image, subdomain or licence does not exist, or whose image another line has; nothing
        is changed.
    """

    def changes(connection: Connection) -> Changes:
        known = _Images(connection)
        problems: list[str] = []
        result: dict[int, dict[str, Any]] = {}
        for number, line in enumerate(lines, 1):
            try:
                id = known.id_of(line.image)
                if id in result:
                    raise UsageError(f"image: expected each image once, found {line.image!r} again")
                result[id] = _columns(corpus, connection, line, known.licenses[id])
            except Mic21Error as error:
                problems.append(f"row {number}: {error}")
        if problems:
            raise ImportProblems("facts", problems)
        return {"images": result}

    return record_edit(corpus, "facts", {"lines": len(lines)}, changes)


class _Images:
    """The active images, by id and by file name."""

    def __init__(self, connection: Connection) -> None:
        images, licenses = schema.images, schema.licenses
        columns = select(images.c.id, images.c.file_name, func.coalesce(licenses.c.spdx, UNKNOWN))
        self.licenses: dict[int, str] = {}
        self._ids: dict[int | str, list[int]] = defaultdict(list)
        for id, file, spdx in connection.execute(columns.outerjoin(licenses).where(images.c.status == "active")):
            self.licenses[id] = spdx
            self._ids[id].append(id)
            self._ids[file].append(id)

    def id_of(self, image: int | str) -> int:
        found = self._ids.get(image, [])
        if len(found) != 1:
            many = f" of {len(found)} images: give the id" if found else ""
            raise UsageError(f"image: expected the id or file name of an active image, found {image!r}{many}")
        return found[0]


def _columns(corpus: Corpus, connection: Connection, line: ImageFacts, license: str) -> dict[str, Any]:
    """The columns that a line gives an image, whose licence is so far `license`."""
    columns: dict[str, Any] = {
        name: value
        for name in ("subdomain", "author", "source_url", "title")
        if (value := getattr(line, name)) is not None
    }
    if line.subdomain is not None:
        corpus.ontology.subdomain(line.subdomain)
    # The same licence under the name and address that it came with stays.
    if line.license is not None and (spdx := parse_license(line.license)) != license:
        columns["license_id"] = license_id(connection, spdx)
    return columns
