"""`kasper serve`, `kasper worker` and `kasper migrate`: the service from the command line.

    kasper serve                  # database, first admin's link, workers and pages on this machine
    kasper worker                 # one more worker, here or on another machine (PostgreSQL)
    kasper migrate                # bring the database up to date; `serve` does it on an empty one

Settings come from the environment and `.env`; docs/configuration.md lists them.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn

from analyzer.classifier import default_classifier
from analyzer.errors import UsageError
from api.access import Role
from api.app import create_app, prepare
from api.settings import Settings
from api.storage import people
from api.storage.database import AWAY, Database
from api.worker import Worker

FIRST_ADMIN = "admin@localhost"
# Seconds between two looks at whether a process that this one depends on still lives, and that
# requests and workers have to finish what is in hand.
_LOOK_S, _GRACE_S = 1.0, 20
# Of a message over a WebSocket; api/live.py has its own, smaller limit with an answer in words.
_MESSAGE_BYTES = 2**20

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

log = logging.getLogger("kasper")


def serve(settings: Settings, host: str, port: int) -> int:
    """Prepare the database, start the workers, print the address, and serve until stopped."""
    prepare_if_safe(settings)
    link = first_admin_link(settings)
    # uvicorn passes the signal on when it has shut down; then the workers are still to be stopped
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _workers(settings.workers):
        app = create_app(settings)
        sys.stdout.write(f"Kasper is at {settings.public_url}\n")
        if link:
            sys.stdout.write(f"Set the first admin's password, once, at {link}\n")
        sys.stdout.flush()
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_level=settings.log_level,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws_max_size=_MESSAGE_BYTES,
        )
    return 0


def prepare_if_safe(settings: Settings) -> None:
    """Fill an empty database; one with older tables is left to `kasper migrate`."""
    database = Database(settings.url)
    is_empty, is_current = database.is_empty(), database.is_current()
    database.close()
    if not is_empty and not is_current:
        raise UsageError("The database has older tables; back it up and run `kasper migrate`.")
    prepare(settings)


def first_admin_link(settings: Settings) -> str | None:
    """A one-time link for the first admin, as long as nobody has a password."""
    with contextlib.closing(Database(settings.url)) as database, database.session() as db:
        admin = people.user_by_email(db, FIRST_ADMIN)
        if people.count_users(db) > 0 and (admin is None or admin.password_hash):
            return None
        if admin is None:
            try:
                admin = people.add_user(db, FIRST_ADMIN, "Admin", Role.ADMIN)
            except people.Taken:  # by a server that starts at the same time; it prints its link
                return None
        token = people.make_link(db, admin, settings.link_hours)
    return f"{settings.public_url}/welcome/{token}"


def work(settings: Settings) -> int:
    """Run one worker until it is told to stop, or until the server that started it is gone."""
    database = Database(settings.url)
    worker = Worker(database, default_classifier(), settings)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: worker.stop.set())
    log.info("worker %s is ready", worker.name)
    if parent := os.environ.get("KASPER_PARENT"):
        threading.Thread(target=_follow, args=(int(parent), worker), daemon=True).start()
    while not worker.stop.is_set() and not _has_tables(database):
        worker.stop.wait(_LOOK_S)
    worker.run()
    database.close()
    return 0


def _has_tables(database: Database) -> bool:
    try:
        return database.is_current()
    except AWAY:
        return False


def _follow(parent: int, worker: Worker) -> None:
    while os.getppid() == parent:
        if worker.stop.wait(_LOOK_S):
            return
    worker.stop.set()


@contextlib.contextmanager
def _workers(count: int) -> Iterator[None]:
    """So many workers beside the server; one that dies is replaced, all stop at the end."""
    stop = threading.Event()
    processes = [_start_worker() for _ in range(count)]

    def watch() -> None:
        while not stop.wait(_LOOK_S):
            for place, process in enumerate(processes):
                if process.poll() is not None:
                    log.warning("a worker ended with %d; another starts", process.returncode)
                    processes[place] = _start_worker()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:  # a very long call; its lease runs out
                process.kill()
                process.wait()


def _start_worker() -> subprocess.Popen[bytes]:
    environment = os.environ | {"KASPER_PARENT": str(os.getpid())}
    return subprocess.Popen([sys.executable, "-m", "api.serve", "worker"], env=environment)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="kasper", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    server = verbs.add_parser("serve", help="serve the API and the pages")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=int, default=8000)
    server.add_argument("--data", type=Path, help="folder of the database; KASPER_DATA_DIR")
    verbs.add_parser("worker", help="score the calls of jobs")
    verbs.add_parser("migrate", help="bring the database up to date")
    options = parser.parse_args(arguments)
    settings = _settings(options) if options.verb == "serve" else Settings()
    logging.basicConfig(level=settings.log_level.upper(), format=_LOG_FORMAT)
    # httpx names the addresses of webhooks, alembic tells of what has not changed
    for name in ("httpx", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        if options.verb == "serve":
            return serve(settings, options.host, options.port)
        if options.verb == "worker":
            return work(settings)
        prepare(settings)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except AWAY as error:
        kind = type(getattr(error, "orig", error)).__name__
        sys.stderr.write(f"The database does not answer ({kind}); see KASPER_DATABASE_URL.\n")
        return 1
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    """The settings of the environment, with those of the command line over them.

    They are written back to the environment, where the workers find them.
    """
    if options.data:
        os.environ["KASPER_DATA_DIR"] = str(options.data)
    if "KASPER_PUBLIC_URL" not in os.environ:
        os.environ["KASPER_PUBLIC_URL"] = f"http://{options.host}:{options.port}"
    return Settings()


if __name__ == "__main__":
    raise SystemExit(main())
