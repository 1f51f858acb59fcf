"""The SQLite file under a corpus: how it is opened, and how its readers and writers keep apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from mic21.errors import CorpusError

_WAIT_SECONDS = 600
# A polygon takes about a kilobyte: larger pages than SQLite's own 4 KiB and 2 MiB of cache make an import twice as
# fast.
_PAGE = 16_384
_CACHE_KIB = 65_536


@contextmanager
def expecting_a_corpus(database: Path) -> Iterator[None]:
    """Say of an error that the file is no corpus.

    Raises:
        CorpusError: in place of the database's own error.
    """
    try:
        yield
    except DatabaseError as error:
        raise CorpusError(
            f"{database}: expected a mic21 corpus, found another database or one that cannot be opened: {error.orig}"
        ) from error


def open_engine(database: Path) -> Engine:
    """An engine on a database file, whose transactions write when the connection has the option `writes`."""
    engine = create_engine(URL.create("sqlite", database=str(database)), connect_args={"timeout": _WAIT_SECONDS})

    # pysqlite's own transaction handling begins too late for a reader to have one state and for a writer to wait.
    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # a DBAPI connection has no common type
        connection.isolation_level = None
        connection.execute(f"PRAGMA page_size={_PAGE}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
