"""The connection to the database, its migrations, and one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

MIGRATIONS = Path(__file__).parent / "migrations"
# What a database that does not answer, a full disk and a lack of connections raise.
AWAY = (OperationalError, InterfaceError, NoConnectionFree)
# Where a reading session keeps what is to be written when it has ended.
_AFTERWARDS = "afterwards"
# How long a writer of SQLite waits for another one, in seconds.
_PATIENCE = 30
# The class of PostgreSQL's errors about values that are too large for it.
_TOO_LARGE = "54"


class Database:
    """A database by its address; `session()` is one transaction."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        connect = {"timeout": _PATIENCE} if self.is_sqlite else {}
        self.engine: Engine = create_engine(
            self.url,
            connect_args=connect,
            pool_pre_ping=not self.is_sqlite,
            pool_size=20,
            # errors name the statement, never its values: they hold what people said
            hide_parameters=True,
        )
        event.listen(self.engine, "handle_error", _as_data_error, retval=True)
        # for what only reads: on SQLite it does not wait for a writer
        self._reader = self.engine.execution_options(reading=True)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure)
            event.listen(self.engine, "begin", _begin)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: kept at the end, undone by an error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads; on SQLite it does not wait for a writer.

        What was given to `afterwards` meanwhile is written when it has ended well.
        """
        writes: list[Callable[[Session], object]] = []
        info = {_AFTERWARDS: writes}
        with Session(self._reader, expire_on_commit=False, info=info) as session, session.begin():
            yield session
        if writes:
            with self.session() as db:
                for write in writes:
                    write(db)

    def migrate(self) -> None:
        """Bring the tables up to date; an empty database gets them all."""
        command.upgrade(self._alembic(), "head")

    def is_empty(self) -> bool:
        """Whether no table was ever made here."""
        with self._reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() is None

    def is_current(self) -> bool:
        """Whether the database can be reached and has the newest tables."""
        head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        with self._reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == head

    def ping(self) -> None:
        """Raise if the database does not answer."""
        with self._reader.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    def _alembic(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.engine
        return config


def inserted(db: Session, row: object) -> bool:
    """Insert the row, unless somebody else inserted it at the same moment; whether it was."""
    try:
        with db.begin_nested():
            db.add(row)
    except IntegrityError:
        return False
    return True


def afterwards(db: Session, write: Callable[[Session], object]) -> None:
    """Write at once or, in a transaction that only reads, in one of its own when it has ended."""
    if _AFTERWARDS in db.info:
        db.info[_AFTERWARDS].append(write)
    else:
        write(db)


def _as_data_error(context: ExceptionContext) -> DataError | None:
    """A value that is too large is no database that is away, though the driver calls it so."""
    original = context.original_exception
    if (getattr(original, "sqlstate", None) or "").startswith(_TOO_LARGE):
        return DataError(context.statement, None, original, hide_parameters=True)
    return None


def _configure(connection: sqlite3.Connection, _: Any) -> None:
    # transactions are begun by `_begin`, not by the driver
    connection.isolation_level = None
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    # a transaction that reads and then writes must hold the lock from its start: SQLite refuses
    # to wait when a lock is upgraded
    reads = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={int(reads)}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
