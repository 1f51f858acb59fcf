"""COCO out: the same corpus gives the same bytes, and what was imported leaves as it came."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import Connection, select

from mic21.corpus import schema
from mic21.corpus.changes import read_property
from mic21.corpus.coco import records
from mic21.corpus.selection import Selection
from mic21.corpus.store import Corpus


def export_coco(
    corpus: Corpus, path: str | Path, *, captions: str | Path | None = None, **filters: Any
) -> Mapping[str, int]:
    """Write the images, annotations and categories of a corpus as a COCO file, records ordered by id.

    Args:
        corpus: to read.
        path: of the file of instances.
        captions: of a second file, of captions.
        **filters: see `Corpus.selection`; by default all that is not rejected.

    Returns:
        How many `images`, `annotations` and `captions` were written.
    """
    selection = corpus.selection(**filters)
    with corpus.reading() as connection:
        head = _head(connection)
        counts = _write(
            Path(path), corpus, connection, selection, head, corpus.annotation_rows, records.annotation_record
        )
        result = {"images": counts[0], "annotations": counts[1], "captions": 0}
        if captions is not None:
            _, result["captions"] = _write(
                Path(captions), corpus, connection, selection, head, corpus.caption_rows, records.caption_record
            )
    return result


def _write(
    path: Path,
    corpus: Corpus,
    connection: Connection,
    selection: Selection,
    head: Mapping[str, Any],
    rows: Any,
    record: Any,
) -> tuple[int, int]:
    images, annotations = _Counted(), _Counted()
    used: set[int] = set()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".partial-", delete=False) as file:
        temporary = Path(file.name)
        try:
            sections: dict[str, Iterable[Mapping[str, Any]]] = {
                "licenses": _licenses(connection),
                "images": images(map(records.image_record, corpus.image_rows(selection, connection=connection))),
                "annotations": annotations(_noted(used, map(record, rows(selection, connection)))),
            }
            if record is records.annotation_record:
                sections["categories"] = _categories(corpus, connection, used)
            write_document(file, head, sections)
            file.flush()
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return images.count, annotations.count


def write_document(
    file: IO[bytes], head: Mapping[str, Any], sections: Mapping[str, Iterable[Mapping[str, Any]]]
) -> None:
    """Write a COCO document part by part, each record on a line of its own, holding none of it in memory."""
    file.write(b'{"info":' + msgspec.json.encode(head.get("info", {})))
    for name, value in head.items():
        if name != "info":
            file.write(b",\n" + msgspec.json.encode(name) + b":" + msgspec.json.encode(value))
    for name, section in sections.items():
        file.write(b",\n" + msgspec.json.encode(name) + b":[")
        file.writelines(records.encode_records(section))
        file.write(b"\n]")
    file.write(b"}\n")


def _head(connection: Connection) -> dict[str, Any]:
    info, extra = read_property(connection, "coco_info"), read_property(connection, "coco_extra")
    head = {"info": msgspec.json.decode(info) if info else {}}
    return head | (msgspec.json.decode(extra) if extra else {})


def _licenses(connection: Connection) -> Iterator[Mapping[str, Any]]:
    for row in connection.execute(select(schema.licenses).order_by(schema.licenses.c.id)).mappings():
        yield records.license_record(dict(row))


def _categories(corpus: Corpus, connection: Connection, used: set[int]) -> Iterator[Mapping[str, Any]]:
    """Every imported category, used or not, and those of the ontology that annotations use, by id."""
    imported = {
        row["id"]: records.imported_category_record(dict(row), corpus.ontology)
        for row in connection.execute(select(schema.categories)).mappings()
    }
    own = {category.id: records.category_record(category) for category in corpus.ontology if category.id in used}
    both = own | imported
    for id in sorted(both):
        yield both[id]


def _noted(used: set[int], annotations: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for annotation in annotations:
        if "category_id" in annotation:
            used.add(annotation["category_id"])
        yield annotation


class _Counted:
    """Counts what passes through."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, values: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for value in values:
            self.count += 1
            yield value
