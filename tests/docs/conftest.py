"""A service for the examples that ask one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.access import SCOPES, Role
from api.storage import people
from api.storage.database import Database
from tests.api.processes import environment, free_port, process, wait_for
from tests.docs.documents import ROOT


@pytest.fixture
def service(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the documents call the service and its key, and what they are here."""
    url = f"sqlite:///{tmp_path / 'kasper.db'}"
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    allowed = f"{tmp_path / 'calls'},https://hooks.example.org"
    env = environment(url, allowed_urls=allowed, workers=0)
    with process(env, "serve", "--port", str(port)):
        wait_for(lambda: _ready(address))
        database = Database(url)
        with database.session() as db:
            admin = people.add_user(db, "keys@example.org", "Keys", Role.ADMIN)
            key, _ = people.add_key(db, "documents", SCOPES, admin.id)
        database.close()
        sample = (ROOT / "data" / "samples" / "en-council-bins.json").read_bytes()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        httpx.post(f"{address}/v1/calls", content=sample, headers=headers).raise_for_status()
        yield {"http://127.0.0.1:8000": address, "kasper_…": key}


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").is_success
    except httpx.TransportError:
        return False
