"""A corpus as the page reads it: also what is rejected, which run made each record, and what people changed."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection, case, exists, func, select

from mic21.corpus import schema
from mic21.corpus.store import Corpus
from mic21.errors import CorpusError
from mic21.explorer.source import Photograph, Row, Tables, unknown_image
from mic21.ontology import Ontology

_GROWING = (schema.images, schema.annotations, schema.captions, schema.interactions, schema.history)
_images, _annotations, _history = schema.images.c, schema.annotations.c, schema.history.c


class CorpusSource:
    """A corpus folder, read at the moment someone looks."""

    kind = "corpus"
    version: str | None = None

    def __init__(self, path: Path) -> None:
        self.corpus = Corpus(path)
        self.name = path.resolve().name

    @property
    def token(self) -> str:
        """The last id of each kind of record and of the history: whatever changes a corpus makes a new one of these."""
        last = [select(func.coalesce(func.max(table.c.id), 0)).scalar_subquery() for table in _GROWING]
        with self.corpus.reading() as connection:
            return "-".join(str(id) for id in connection.execute(select(*last)).one())

    @property
    def ontology(self) -> Ontology:
        """The ontology with the corpus's own additions."""
        return self.corpus.ontology

    def tables(self) -> Tables:
        """The columns to filter by."""
        license = func.coalesce(schema.licenses.c.spdx, "unknown").label("license")
        images = (
            select(_images.id, _images.width, _images.height, _images.subdomain, license)
            .select_from(schema.images.outerjoin(schema.licenses))
            .where(_images.status == "active", _images.sha256.is_not(None))
        )
        annotations = _of_active(
            schema.annotations, ("image_id", "category_id", "area", "score", "status", "origin"), _fate()
        )
        captions = _of_active(schema.captions, ("image_id", "language")).where(schema.captions.c.status != "rejected")
        interactions = _of_active(schema.interactions, ("image_id", "predicate")).where(
            schema.interactions.c.status != "rejected"
        )
        with self.corpus.reading() as connection:
            return Tables(
                images=_table(connection, images, _IMAGES),
                annotations=_table(connection, annotations, _ANNOTATIONS),
                captions=_table(connection, captions, _CAPTIONS),
                interactions=_table(connection, interactions, _INTERACTIONS),
                categories=self.corpus.category_names(connection),
            )

    def photograph(self, id: int) -> Photograph:
        """All that is known of one photograph."""
        with self.corpus.reading() as connection:
            image = self._image(connection, id)
            runs = {
                row["id"]: {"step": row["step"], "at": row["started_at"], **_backend(row["parameters"])}
                for row in connection.execute(select(schema.runs)).mappings()
            }
            annotations = _records(connection, schema.annotations, id, runs)
            return Photograph(
                image=image | {"split": None, "run": runs[image["run_id"]]},
                annotations=annotations,
                captions=[
                    row for row in _records(connection, schema.captions, id, runs) if row["status"] != "rejected"
                ],
                interactions=[
                    row for row in _records(connection, schema.interactions, id, runs) if row["status"] != "rejected"
                ],
                changes=_changes(connection, [row["id"] for row in annotations], runs),
            )

    def picture(self, id: int) -> tuple[bytes, str]:
        """The bytes of a photograph, and its extension."""
        with self.corpus.reading() as connection:
            image = self._image(connection, id)
        return self.corpus.files.read(image["sha256"], image["extension"]), image["extension"]

    def extension(self, id: int) -> str:
        """The extension of a photograph's file."""
        with self.corpus.reading() as connection:
            extension: str = self._image(connection, id)["extension"]
        return extension

    def digest(self, id: int) -> str:
        """The SHA-256 of a photograph's bytes."""
        with self.corpus.reading() as connection:
            sha256: str = self._image(connection, id)["sha256"]
        return sha256

    def _image(self, connection: Connection, id: int) -> dict[str, Any]:
        licenses = schema.licenses.c
        statement = (
            select(
                schema.images,
                func.coalesce(licenses.spdx, "unknown").label("license"),
                licenses.name.label("license_name"),
                licenses.url.label("license_url"),
            )
            .select_from(schema.images.outerjoin(schema.licenses))
            .where(_images.id == id, _images.status == "active")
        )
        row = connection.execute(statement).mappings().first() if id < 2**63 else None
        if row is None:
            raise unknown_image(id)
        if row["sha256"] is None:
            raise CorpusError(f"image {id} ({row['file_name']}): no photograph was ever stored")
        return dict(row)


_IMAGES = pa.schema(
    [
        ("id", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("subdomain", pa.string()),
        ("license", pa.string()),
    ]
)
_ANNOTATIONS = pa.schema(
    [
        ("image_id", pa.int64()),
        ("category_id", pa.int64()),
        ("area", pa.float64()),
        ("score", pa.float64()),
        ("status", pa.string()),
        ("origin", pa.string()),
        ("fate", pa.string()),
    ]
)
_CAPTIONS = pa.schema([("image_id", pa.int64()), ("language", pa.string())])
_INTERACTIONS = pa.schema([("image_id", pa.int64()), ("predicate", pa.string())])


def _of_active(table: Any, columns: Iterable[str], *more: Any) -> Any:  # SQLAlchemy's expressions
    chosen = [table.c[name] for name in columns]
    joined = table.join(schema.images, table.c.image_id == _images.id)
    return select(*chosen, *more).select_from(joined).where(_images.status == "active").order_by(table.c.id)


def _fate() -> Any:
    """What became of an annotation, by its status, its origin and its history; see `source.FATES`."""

    def changed(column: str) -> Any:
        return exists().where(
            _history.record == "annotations",
            _history.record_id == _annotations.id,
            _history.before.like(f'%"{column}"%'),
        )

    by_newer_drafts = exists().where(
        _history.record == "annotations",
        _history.record_id == _annotations.id,
        _history.after.like('%"rejected"%'),
        _history.run_id == schema.runs.c.id,
        schema.runs.c.step == "segment",
    )
    return case(
        (_annotations.status == "draft", "undecided"),
        ((_annotations.status == "rejected") & by_newer_drafts, "superseded"),
        (_annotations.status == "rejected", "refused"),
        (changed("segmentation"), "corrected"),
        (changed("category_id"), "renamed"),
        (_annotations.origin == "model", "kept"),
        (_annotations.origin == "human", "drawn"),
        else_="imported",
    ).label("fate")


def _table(connection: Connection, statement: Any, arrow: pa.Schema) -> pa.Table:
    result = connection.execute(statement, execution_options={"yield_per": 10_000})
    batches = [
        pa.RecordBatch.from_arrays(
            [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), arrow, strict=True)],
            schema=arrow,
        )
        for rows in result.partitions()
    ]
    return pa.Table.from_batches(batches, schema=arrow)


def _records(connection: Connection, table: Any, image_id: int, runs: Mapping[int, Row]) -> list[Row]:
    statement = select(table).where(table.c.image_id == image_id).order_by(table.c.id)
    return [dict(row) | {"run": runs[row["run_id"]]} for row in connection.execute(statement).mappings()]


def _backend(parameters: str) -> dict[str, str]:
    """The backend of a drafting step, by name."""
    found = msgspec.json.decode(parameters).get("backend")
    return {"backend": found} if isinstance(found, str) else {}


def _changes(connection: Connection, ids: list[int], runs: Mapping[int, Row]) -> list[Row]:
    statement = (
        select(schema.history)
        .where(_history.record == "annotations", _history.record_id.in_(ids))
        .order_by(_history.id)
    )
    return [
        {
            "annotation_id": row["record_id"],
            "step": runs[row["run_id"]]["step"],
            "at": runs[row["run_id"]]["at"],
            "before": msgspec.json.decode(row["before"]),
            "after": msgspec.json.decode(row["after"]),
        }
        for row in connection.execute(statement).mappings()
    ]
