"""A working corpus: a folder with a database, photographs named by their content, and local ontology files.

Every change is one transaction that names its run, so that a killed step leaves whole batches and the next start goes
on from there. Writers wait for one another; readers see the state of the moment they began.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from mic21.corpus import schema, tables
from mic21.corpus.changes import next_id, read_property, write_property
from mic21.corpus.database import expecting_a_corpus, open_engine
from mic21.corpus.images import ImageFiles
from mic21.corpus.rows import Rows
from mic21.corpus.selection import Names, Selection
from mic21.corpus.selection import select as make_selection
from mic21.errors import CorpusError
from mic21.ontology import Ontology

DATABASE = "corpus.db"

# By id; by image and id; by subdomain (images without one first), image and id.
Order = Literal["id", "image", "subdomain"]

# Rows of a table with the columns of its Arrow schema, in its order. The licence's SPDX id and the image's subdomain
# come from the joined tables.
_license = func.coalesce(schema.licenses.c.spdx, "unknown").label("license")


class Corpus:
    """A corpus folder, opened for reading and writing.

    Attributes:
        path: the folder.
        ontology: the packaged ontology with the corpus's own additions (`ontology/*.tsv`).
        files: the stored photographs.

    Raises:
        CorpusError: the folder holds no corpus, or one that another version of mic21 wrote.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        database = self.path / DATABASE
        if not database.is_file():
            raise CorpusError(
                f"{self.path}: expected a corpus, found no {DATABASE}; make one with `mic21 init {self.path}`"
            )
        self._engine = open_engine(database)
        self.files = ImageFiles(self.path / "images")
        found = self.read_property("schema_version")
        if found == "1":  # 2 added the review ledger
            schema.metadata.create_all(self._engine)
            with self.writing() as connection:
                write_property(connection, "schema_version", str(schema.SCHEMA_VERSION))
        elif found != str(schema.SCHEMA_VERSION):
            raise CorpusError(
                f"{database}: expected schema version {schema.SCHEMA_VERSION}, found {found}; "
                "open it with the version of mic21 that wrote it, or import its release"
            )

    @classmethod
    def create(cls, path: str | Path) -> "Corpus":
        """A new corpus in a folder, which is made where it is missing; an existing corpus is opened as it is."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        engine = open_engine(folder / DATABASE)
        with expecting_a_corpus(folder / DATABASE), engine.begin() as connection:
            schema.metadata.create_all(connection)
            known = connection.execute(
                select(schema.properties.c.value).where(schema.properties.c.key == "schema_version")
            )
            if known.first() is None:
                row = {"key": "schema_version", "value": str(schema.SCHEMA_VERSION)}
                connection.execute(insert(schema.properties), row)
        engine.dispose()
        return cls(folder)

    @cached_property
    def ontology(self) -> Ontology:
        """The packaged ontology with this corpus's own domains, subdomains and categories."""
        local = self.path / "ontology"
        return Ontology.load(local if local.is_dir() else None)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # Transactions and runs

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the corpus, whatever others write meanwhile."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is the only writer: another one waits, and gives up with an error after ten minutes."""
        with self._engine.connect().execution_options(writes=True) as connection:
            try:
                transaction = connection.begin()
            except OperationalError as error:
                raise CorpusError(
                    f"{self.path / DATABASE}: another process has been writing for ten minutes"
                ) from error
            with transaction:
                yield connection

    def start_run(self, step: str, parameters: Mapping[str, Any]) -> int:
        """Record that a step begins; gives the run's id."""
        with self.writing() as connection:
            return self.insert_run(connection, step, parameters)

    def insert_run(self, connection: Connection, step: str, parameters: Mapping[str, Any]) -> int:
        """Record a run inside a transaction of the caller's."""
        run_id = next_id(connection, schema.runs)
        row = {
            "id": run_id,
            "step": step,
            "parameters": tables.encode_json(dict(parameters)),
            "state": "running",
            "started_at": _now(),
        }
        connection.execute(insert(schema.runs), row)
        return run_id

    def finish_run(self, run_id: int, connection: Connection | None = None) -> None:
        """Record that a step came to its end."""
        statement = update(schema.runs).where(schema.runs.c.id == run_id).values(state="finished", finished_at=_now())
        if connection is not None:
            connection.execute(statement)
            return
        with self.writing() as own:
            own.execute(statement)

    # Properties

    def read_property(self, key: str) -> str | None:
        """A value that belongs to the corpus as a whole, or None."""
        with expecting_a_corpus(self.path / DATABASE), self.reading() as connection:
            return read_property(connection, key)

    # Records

    def imported_categories(self, connection: Connection | None = None) -> dict[int, tuple[str, str | None]]:
        """Id → (name, key of the ontology category it is linked to) of the categories that came with imports."""
        statement = select(schema.categories.c.id, schema.categories.c.name, schema.categories.c.key)
        if connection is not None:
            return {id: (name, key) for id, name, key in connection.execute(statement)}
        with self.reading() as own:
            return {id: (name, key) for id, name, key in own.execute(statement)}

    def linked_categories(self, connection: Connection | None = None) -> dict[int, int]:
        """Id → id of the ontology's category, of the imported categories that are linked to one."""
        found = self.imported_categories(connection).items()
        return {id: self.ontology[key].id for id, (_, key) in found if key}

    def selection(
        self,
        *,
        subdomain: Names = None,
        domain: Names = None,
        category: Names = None,
        under: Names = None,
        status: Names = None,
        origin: Names = None,
        license: Names = None,
        language: Names = None,
        kind: Names = None,
        images: Iterable[int] | None = None,
    ) -> Selection:
        """What the words of a query mean in this corpus; see `mic21.corpus.selection.select`."""
        spdx, languages = schema.licenses.c.spdx, schema.captions.c.language
        return make_selection(
            self.ontology,
            self.imported_categories(),
            subdomain=subdomain,
            domain=domain,
            category=category,
            under=under,
            status=status,
            origin=origin,
            license=license,
            language=language,
            kind=kind,
            images=None if images is None else list(images),
            known_licenses=() if license is None else self._values(spdx),
            known_languages=() if language is None else self._values(languages),
        )

    def images(self, *, withdrawn: bool = False, **filters: Any) -> pa.Table:
        """The photographs as a table (schema `mic21.corpus.tables.IMAGES`), ordered by id.

        Args:
            withdrawn: give the withdrawn ones instead of the active ones.
            **filters: see `selection`; with a filter of records (category, status, origin, language, kind), the images
                that have such a record.
        """
        return self.image_rows(self.selection(**filters), withdrawn=withdrawn, having_records=True).table()

    def annotations(self, **filters: Any) -> pa.Table:
        """The annotations as a table (schema `mic21.corpus.tables.ANNOTATIONS`), ordered by id.

        Args:
            **filters: see `selection`. Rejected ones are given only when asked for by `status`.
        """
        return self.annotation_rows(self.selection(**filters)).table()

    def captions(self, **filters: Any) -> pa.Table:
        """The captions as a table (schema `mic21.corpus.tables.CAPTIONS`), ordered by id; filters as `annotations`."""
        return self.caption_rows(self.selection(**filters)).table()

    def interactions(self, **filters: Any) -> pa.Table:
        """The interactions as a table (schema `mic21.corpus.tables.INTERACTIONS`), ordered by id."""
        return self.interaction_rows(self.selection(**filters)).table()

    def image_rows(
        self,
        selection: Selection,
        *,
        withdrawn: bool = False,
        having_records: bool = False,
        connection: Connection | None = None,
    ) -> Rows:
        """The photographs of a selection ordered by id.

        Args:
            selection: its conditions.
            withdrawn: give the withdrawn ones instead of the active ones.
            having_records: only those with such records as the selection wants; otherwise only a category counts, and
                an image with none of its records left is an empty one.
            connection: to read with.
        """
        images = schema.images.c
        columns = [_license if name == "license" else images[name] for name in tables.IMAGES.names]
        statement = (
            select(*columns)
            .select_from(schema.images.outerjoin(schema.licenses))
            .where(images.status == ("withdrawn" if withdrawn else "active"))
            .where(*_image_conditions(selection))
            .where(*(_has_record(names, selection) for names in selection.records if having_records))
            .order_by(images.id)
        )
        if selection.category_ids is not None:
            statement = statement.where(_has_record(["annotations"], selection))
        return self._rows(statement, tables.IMAGES, connection)

    def annotation_rows(
        self, selection: Selection, connection: Connection | None = None, *, order: Order = "id"
    ) -> Rows:
        """The annotations of a selection, in an order of `Order`."""
        names = self.category_names(connection)

        def named(row: Any) -> tuple[Any, ...]:  # a row of the columns below
            id, image_id, subdomain, category_id, segmentation, bbox, area, iscrowd, *rest = row
            key, name = names.get(category_id, (None, str(category_id)))
            bbox = msgspec.json.decode(bbox)
            return (id, image_id, subdomain, category_id, key, name, segmentation, bbox, area, bool(iscrowd), *rest)

        derived = {"category", "category_name"}
        statement = self._records(schema.annotations, tables.ANNOTATIONS, selection, order, derived)
        return self._rows(statement, tables.ANNOTATIONS, connection, named)

    def caption_rows(self, selection: Selection, connection: Connection | None = None, *, order: Order = "id") -> Rows:
        """The captions of a selection, in an order of `Order`."""
        statement = self._records(schema.captions, tables.CAPTIONS, selection, order)
        return self._rows(statement, tables.CAPTIONS, connection)

    def interaction_rows(
        self, selection: Selection, connection: Connection | None = None, *, order: Order = "id"
    ) -> Rows:
        """The interactions of a selection, in an order of `Order`."""
        statement = self._records(schema.interactions, tables.INTERACTIONS, selection, order)
        return self._rows(statement, tables.INTERACTIONS, connection)

    def category_names(self, connection: Connection | None = None) -> dict[int, tuple[str | None, str]]:
        """Id → (ontology key or None, English or imported name) of every category that a record may have."""
        names: dict[int, tuple[str | None, str]] = {
            category.id: (category.key, category.name("en") or category.key) for category in self.ontology
        }
        names |= {id: (key, name) for id, (name, key) in self.imported_categories(connection).items()}
        return names

    def _records(
        self, table: Table, arrow: pa.Schema, selection: Selection, order: Order, derived: Iterable[str] = ()
    ) -> Select[Any]:
        subdomain = func.coalesce(schema.images.c.subdomain, "")
        orders: dict[str, list[Any]] = {
            "id": [table.c.id],
            "image": [table.c.image_id, table.c.id],
            "subdomain": [subdomain, table.c.image_id, table.c.id],
        }
        columns: list[Any] = [
            schema.images.c.subdomain if n == "subdomain" else table.c[n] for n in arrow.names if n not in derived
        ]
        statement = (
            select(*columns)
            .select_from(table.join(schema.images, table.c.image_id == schema.images.c.id).outerjoin(schema.licenses))
            .where(schema.images.c.status == "active")
            .where(*_image_conditions(selection))
            .where(*_record_conditions(table, selection))
            .order_by(*orders[order])
        )
        if selection.category_ids is not None and "category_id" not in table.c:
            statement = statement.where(_has_record(["annotations"], selection))
        return statement

    def _values(self, column: Column[str]) -> list[str]:
        with self.reading() as connection:
            return sorted(connection.execute(select(column).distinct()).scalars())

    def _rows(
        self, statement: Select[Any], arrow: pa.Schema, connection: Connection | None, convert: Any = None
    ) -> Rows:
        return Rows(lambda: nullcontext(connection) if connection else self.reading(), statement, arrow, convert)


def _image_conditions(selection: Selection) -> list[Any]:
    conditions: list[Any] = []
    if selection.subdomains is not None:
        conditions.append(schema.images.c.subdomain.in_(selection.subdomains))
    if selection.licenses is not None:
        conditions.append(_license.element.in_(selection.licenses))
    if selection.image_ids is not None:
        conditions.append(schema.images.c.id.in_(selection.image_ids))
    return conditions


def _record_conditions(table: Table, selection: Selection) -> list[Any]:
    wanted = {
        "category_id": selection.category_ids,
        "status": selection.statuses,
        "origin": selection.origins,
        "language": selection.languages,
        "kind": selection.kinds,
    }
    return [table.c[name].in_(values) for name, values in wanted.items() if values is not None and name in table.c]


def _has_record(names: Iterable[str], selection: Selection) -> ColumnElement[bool]:
    """Whether an image has a record of one of these tables that a selection wants."""
    tables = [schema.RECORDS[name] for name in names]
    having = (select(table.c.image_id).where(*_record_conditions(table, selection)) for table in tables)
    return or_(*(schema.images.c.id.in_(ids) for ids in having))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
