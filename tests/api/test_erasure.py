"""What is erased leaves nothing behind, in jobs and messages too."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from api import retention
from api.access import Permission, Role
from api.payload import to_payload
from api.schemas import CallIn
from api.storage import jobs, webhooks
from api.storage.tables import Call, Delivery, Job, JobItem, now
from tests.api.conftest import Installation

_SAMPLE = Path(__file__).parents[2] / "data" / "samples" / "da-dishwasher-seventh-time.txt"


def call(id: str, **more: Any) -> dict[str, Any]:
    turns = [
        {"role": "agent", "text": f"Hello, this is about case {id}, how can I help you?"},
        {"role": "customer", "text": "My order has not come yet, and I have waited long."},
    ]
    return {"id": id, "language": "en", "turns": turns, **more}


def upload(installation: Installation, *calls: dict[str, Any]) -> None:
    lines = "\n".join(map(json.dumps, calls)).encode()
    client = installation.with_key(Permission.CALLS_SCORE)
    client.post("/v1/uploads", files={"files": ("c.jsonl", lines)}).raise_for_status()


def waiting(installation: Installation, *calls: dict[str, Any]) -> None:
    """A job whose calls are read and wait to be scored."""
    items = [
        {"name": own["id"], "payload": to_payload(CallIn(**own).conversation())} for own in calls
    ]
    with installation.database.session() as db:
        job = jobs.add(db, "upload", "test", {}, total=len(items))
        jobs.add_items(db, job, 0, items)


def kept(installation: Installation) -> list[str]:
    """The ids of calls, stored or waiting."""
    with installation.database.reading() as db:
        payloads = db.scalars(select(JobItem.payload).where(JobItem.payload.is_not(None)))
        waiting = [payload["id"] for payload in payloads if payload]
        return sorted([*db.scalars(select(Call.external_id)), *waiting])


def test_calls_of_a_customer_that_wait_are_erased_too(installation: Installation) -> None:
    mine = {"customer_id": "customer-1"}
    upload(installation, call("a", **mine), call("b", customer_id="customer-2"))
    installation.work()
    waiting(installation, call("c", **mine), call("d"))
    upload(installation, call("e", **mine), call("f"))  # not read yet
    client = installation.signed_in(Role.QA_LEAD)
    assert client.delete("/v1/customers/customer-1/calls").json() == {"calls": 1}
    assert kept(installation) == ["b", "d"]
    installation.work()
    assert kept(installation) == ["b", "d", "f"]
    with installation.database.reading() as db:
        assert set(db.scalars(select(Job.status))) == {"COMPLETED"}


def test_a_call_that_is_erased_does_not_come_back_from_a_job(installation: Installation) -> None:
    upload(installation, call("a"))
    installation.work()
    other = call("a") | {"turns": call("b")["turns"]}
    upload(installation, call("a"), other)
    client = installation.signed_in(Role.QA_LEAD)
    (stored,) = client.get("/v1/calls").json()["items"]
    assert client.delete(f"/v1/calls/{stored['uid']}").status_code == 204
    installation.work()
    (left,) = client.get("/v1/calls").json()["items"]
    assert "case b" in client.get(f"/v1/calls/{left['uid']}").json()["turns"][0]["text"]


def test_a_call_without_a_score_is_kept_once(installation: Installation) -> None:
    upload(installation, call("a") | {"language": "fr"})
    installation.work()
    with installation.database.reading() as db:
        (item,) = db.scalars(select(JobItem))
        assert item.status == "FAILED" and item.call_id and item.payload is None


def test_messages_about_an_erased_call_are_removed(installation: Installation) -> None:
    with installation.database.session() as db:
        webhooks.add(db, "https://hooks.example.org/", ["call.flagged", "job.ended"], None)
    client = installation.signed_in(Role.QA_LEAD)
    files = {"files": (_SAMPLE.name, _SAMPLE.read_bytes())}
    client.post("/v1/uploads", files=files).raise_for_status()
    installation.work()
    told = select(Delivery.event).order_by(Delivery.id)
    with installation.database.reading() as db:
        assert list(db.scalars(told)) == ["call.flagged", "job.ended"]
    (stored,) = client.get("/v1/calls").json()["items"]
    assert client.delete(f"/v1/calls/{stored['uid']}").status_code == 204
    with installation.database.reading() as db:
        assert list(db.scalars(told)) == ["job.ended"]


def test_calls_in_jobs_are_kept_no_longer_than_stored_ones(installation: Installation) -> None:
    waiting(installation, call("old"))
    with installation.database.session() as db:
        past = now() - timedelta(days=10_000)
        db.execute(update(Job).values(created_at=past))
    waiting(installation, call("new"))
    retention.enforce(installation.database, installation.settings)
    assert kept(installation) == ["new"]


def test_a_batch_that_is_still_read_brings_in_no_call_of_an_erased_customer(
    install: Callable[..., Installation], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lines = [call("a", customer_id="customer-1"), call("b", customer_id="customer-2")]
    (folder / "c.jsonl").write_text("\n".join(map(json.dumps, lines)))
    installation = install(allowed_urls=(f"file://{folder}/",))
    client = installation.with_key(Permission.CALLS_SCORE)
    body = {"url": f"file://{folder}/*"}
    job = client.post("/v1/batches", json=body).json()["uid"]
    lead = installation.signed_in(Role.QA_LEAD)
    assert lead.delete("/v1/customers/customer-1/calls").json() == {"calls": 0}
    installation.work()
    assert kept(installation) == ["b"]
    state = client.get(f"/v1/jobs/{job}").json()
    assert (state["total"], state["completed"], state["failed"]) == (2, 1, 1)
    with installation.database.reading() as db:
        assert "customer-1" not in json.dumps(db.scalars(select(Job.params)).one())
    # who calls again after that is a customer again
    client.post("/v1/batches", json=body)
    installation.work()
    assert kept(installation) == ["a", "b"]
