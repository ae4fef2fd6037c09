"""Server and workers as processes of their own, to be killed, and calls for them to score."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import httpx

from api.access import Permission, Role
from api.storage import people
from api.storage.database import Database
from api.storage.tables import JobItem

Found = TypeVar("Found")
# Generous: the machine may be busy with other things.
PATIENCE_S = 120.0
CALLS = 60
_LINES = (
    ("agent", "Support, you are talking to the service desk, how can I help?"),
    ("customer", "This is the third time I call about order {n}, nobody rang me back."),
    ("agent", "That is not my department, you will have to call the shop."),
    ("customer", "I was promised {n} times that it would be delivered on Monday."),
    ("agent", "You should have read the terms before you ordered number {n}."),
    ("customer", "Fine, then I will cancel it and find somebody else."),
)


def calls_as_lines(count: int = CALLS, *, turns: int = 12) -> bytes:
    """Calls that all differ, as JSON Lines; their ids are `call-0` and so on."""
    calls = []
    for number in range(count):
        lines = [_LINES[i % len(_LINES)] for i in range(turns)]
        own = [
            {"role": role, "text": f"{text.format(n=number)} Point {i} of case {number}."}
            for i, (role, text) in enumerate(lines)
        ]
        calls.append(json.dumps({"id": f"call-{number}", "language": "en", "turns": own}))
    return "\n".join(calls).encode()


def wait_for(what: Callable[[], Found], patience_s: float = PATIENCE_S) -> Found:
    """What the condition gives as soon as it is something."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def environment(url: str, **changes: object) -> dict[str, str]:
    """What a process of an installation with this database is started with."""
    changed = {"lease_s": 2, "poll_s": 0.1, "rate_limit": "100000/minute", **changes}
    own = {f"KASPER_{name.upper()}": str(value) for name, value in changed.items()}
    inherited = {name: value for name, value in os.environ.items() if name != "KASPER_PARENT"}
    return {**inherited, **own, "KASPER_DATABASE_URL": url}


@contextlib.contextmanager
def process(env: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A verb of `api.serve`, killed at the end."""
    command = [sys.executable, *(arguments if arguments[0] == "-c" else ("-m", "api.serve"))]
    if arguments[0] != "-c":
        command += arguments
    started = subprocess.Popen(command, env=dict(env), stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def free_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port: int = own.getsockname()[1]
    return port


def client_for(database: Database, port: int) -> httpx.Client:
    """A machine with a key, talking to the server on that port."""
    with database.session() as db:
        name = "machines@example.org"
        admin = people.user_by_email(db, name) or people.add_user(db, name, "M", Role.ADMIN)
        scopes = (Permission.CALLS_SCORE, Permission.CALLS_READ)
        key, _ = people.add_key(db, "machine", scopes, admin.id)
    headers = {"authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)


def is_ready(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/readyz").status_code == 200
    return False


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for own in lists for child in own.read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether there is such a process, other than one that has ended and was not waited for."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def held_by(item: JobItem, pid: int) -> bool:
    """Whether the worker with that process number has the item in hand."""
    return item.lease_until is not None and f":{pid}:" in (item.worker or "")
