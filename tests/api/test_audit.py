"""The audit log: who did what is in it, and whoever tampers with it is found out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from api import retention
from api.access import Permission, Role
from api.storage import audit, jobs
from api.storage.tables import AuditEntry, Call, Job, now
from tests.api.conftest import Installation, meanwhile


def fill(installation: Installation, count: int) -> list[int]:
    """The numbers of that many new entries."""
    for number in range(count):
        with installation.database.session() as db:
            audit.record(db, "system", "test", f"thing:{number}", {"number": number, "ø": ["å"]})
    with installation.database.reading() as db:
        return list(db.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


def check(installation: Installation) -> audit.Chain:
    with installation.database.reading() as db:
        return audit.check(db)


def test_an_untouched_log_is_whole(installation: Installation) -> None:
    assert check(installation).whole
    ids = fill(installation, 5)
    chain = check(installation)
    assert chain.whole and chain.entries == len(ids)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "user:2"},
        {"action": "other"},
        {"subject": "thing:9"},
        {"details": {"number": 9}},
        {"created_at": now()},
        {"hash": "0" * 64},
    ],
)
def test_a_changed_entry_is_found(installation: Installation, change: dict[str, object]) -> None:
    ids = fill(installation, 5)
    with installation.database.session() as db:
        db.execute(update(AuditEntry).where(AuditEntry.id == ids[-3]).values(**change))
    chain = check(installation)
    assert not chain.whole and chain.broken[0] == ids[-3]


@pytest.mark.parametrize("place", [0, 2, -1])
def test_a_removed_entry_is_found(installation: Installation, place: int) -> None:
    ids = fill(installation, 5)
    with installation.database.session() as db:
        db.execute(delete(AuditEntry).where(AuditEntry.id == ids[place]))
    chain = check(installation)
    assert not chain.whole
    assert (chain.begins, chain.ends) == (place != 0, place != -1)
    if place == 2:
        assert chain.broken == (ids[3],)
    # also once the log has gone on
    fill(installation, 2)
    assert not check(installation).whole


def test_an_emptied_log_is_found(installation: Installation) -> None:
    fill(installation, 3)
    with installation.database.session() as db:
        db.execute(delete(AuditEntry))
    assert not check(installation).whole


def test_writers_at_once_keep_the_chain_whole(installation: Installation) -> None:
    start = threading.Barrier(8)
    errors: list[Exception] = []

    def write(writer: int) -> None:
        start.wait()
        try:
            for number in range(10):
                with installation.database.session() as db:
                    audit.record(db, f"user:{writer}", "test", f"thing:{number}")
                    audit.record(db, f"user:{writer}", "again", f"thing:{number}")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    chain = check(installation)
    assert chain.whole and chain.entries == 160


def test_what_is_undone_leaves_no_gap(installation: Installation) -> None:
    fill(installation, 2)
    with pytest.raises(RuntimeError), installation.database.session() as db:
        audit.record(db, "system", "undone")
        raise RuntimeError
    assert fill(installation, 1) and check(installation).whole


def test_the_log_is_read_and_checked_by_admins(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    ids = fill(installation, 7)
    first = admin.get("/v1/audit", params={"action": "test", "limit": 4}).json()
    assert [item["id"] for item in first["items"]] == ids[::-1][:4]
    rest = admin.get(
        "/v1/audit", params={"action": "test", "limit": 4, "cursor": first["next"]}
    ).json()
    assert [item["id"] for item in rest["items"]] == ids[::-1][4:] and rest["next"] is None
    one = admin.get("/v1/audit", params={"subject": "thing:3", "actor": "system"}).json()["items"]
    assert [item["details"]["number"] for item in one] == [3]
    today = now().date()
    days = {"since": str(today - timedelta(1)), "until": str(today + timedelta(1))}
    assert len(admin.get("/v1/audit", params=days | {"action": "test"}).json()["items"]) == 7
    past = {"until": str(today - timedelta(1))}
    assert admin.get("/v1/audit", params=past).json()["items"] == []
    for wrong in ({"actor": "\x00"}, {"cursor": 2**63}, {"since": "x"}, {"limit": 0}):
        assert admin.get("/v1/audit", params=wrong).status_code == 422

    state = admin.get("/v1/audit/verify").json()
    assert state["whole"] and state["broken"] == []
    with installation.database.session() as db:
        db.execute(update(AuditEntry).where(AuditEntry.id == ids[2]).values(actor="user:9"))
    state = admin.get("/v1/audit/verify").json()
    assert not state["whole"] and state["broken"] == [ids[2]]
    page = admin.get("/admin/audit?verify=true", headers={"accept": "text/html"})
    assert "The log is not whole" in page.text and str(ids[2]) in page.text
    assert installation.signed_in(Role.QA_LEAD).get("/v1/audit").status_code == 403


def test_reads_and_changes_of_personal_data_are_in_the_log(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    me = admin.get("/v1/me").json()["id"]
    person = {"email": "secret.name@example.org", "name": "Secret Name", "role": "agent"}
    user = admin.post("/v1/users", json=person).json()["user"]["id"]
    admin.get("/v1/users")
    admin.get(f"/v1/users/{user}")
    admin.patch(f"/v1/users/{user}", json={"name": "Another Name", "agent_id": "a-1"})
    admin.post(f"/v1/users/{user}/link")
    admin.put("/v1/agents/a-1", json={"team": "Secret Team"})
    key = admin.post("/v1/keys", json={"name": "Secret Key", "scopes": ["calls:read"]}).json()
    admin.delete(f"/v1/keys/{key['id']}")
    admin.put("/v1/settings/retention", json={"calls": 30, "audit": 200, "jobs": 7})
    machine = installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)
    call = machine.post("/v1/calls", json=SAMPLE_CALL).json()["call"]["uid"]
    machine.get(f"/v1/calls/{call}")

    with installation.database.reading() as db:
        done = [
            (entry.actor, entry.action, entry.subject)
            for entry in reversed(audit.entries(db, limit=100))
        ]
        everything = str([entry.details for entry in audit.entries(db, limit=100)])
    actor = f"user:{me}"
    expected = [
        (actor, "user.add", f"user:{user}"),
        (actor, "user.link", f"user:{user}"),
        (actor, "users.read", ""),
        (actor, "user.read", f"user:{user}"),
        (actor, "user.change", f"user:{user}"),
        (actor, "user.link", f"user:{user}"),
        (actor, "agent.change", "agent:a-1"),
        (actor, "key.add", f"key:{key['id']}"),
        (actor, "key.revoke", f"key:{key['id']}"),
        (actor, "retention.change", ""),
    ]
    assert [entry for entry in done if entry in expected] == expected
    assert [entry[1:] for entry in done if entry[0].startswith("key:")] == [
        ("call.add", f"call:{call}"),
        ("call.read", f"call:{call}"),
    ]
    assert "Secret" not in everything + str(done) and "refund" not in everything


SAMPLE_CALL = {
    "id": "c-1",
    "turns": [
        {"role": "agent", "text": "Hello, you are through to support."},
        {"role": "customer", "text": "I want a refund."},
    ],
}


def age(installation: Installation, table: type, column: str, days: int) -> None:
    with installation.database.session() as db:
        db.execute(update(table).values({column: now() - timedelta(days=days)}))


def test_retention_removes_each_class_in_its_time(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    lead = installation.signed_in(Role.QA_LEAD)
    with installation.database.session() as db:
        job = jobs.add(db, "upload", "system", {}, total=0)
        job.ended_at = now() - timedelta(days=20)
    lead.post("/v1/calls", json=SAMPLE_CALL)
    age(installation, Call, "occurred_at", 40)

    def left() -> tuple[int, int]:
        with installation.database.reading() as db:
            return tuple(db.scalar(select(func.count()).select_from(t)) for t in (Call, Job))  # type: ignore[return-value]

    assert retention.enforce(installation.database, installation.settings) == 0
    assert left() == (1, 1)
    admin.put("/v1/settings/retention", json={"calls": 60, "audit": 200, "jobs": 10})
    assert retention.enforce(installation.database, installation.settings) == 0
    assert left() == (1, 0)
    admin.put("/v1/settings/retention", json={"calls": 30, "audit": 200, "jobs": 10})
    assert retention.enforce(installation.database, installation.settings) == 1
    assert left() == (0, 0)
    removed = admin.get("/v1/audit", params={"action": "retention"}).json()["items"]
    assert [item["details"] for item in removed] == [{"calls": 1}, {"jobs": 1}]


def test_the_log_stays_whole_when_its_oldest_entries_are_due(
    install: Callable[..., Installation],
) -> None:
    installation = install(keep_audit_days=183)
    with pytest.MonkeyPatch.context() as patch:
        # entries are written with the time of the past, for their hash is over it
        patch.setattr(audit, "now", lambda: now() - timedelta(days=184))
        fill(installation, 4)
    fill(installation, 3)
    retention.enforce(installation.database, installation.settings)
    chain = check(installation)
    assert chain.whole and chain.entries == 3 + 1
    with installation.database.reading() as db:
        newest = audit.entries(db, limit=1)[0]
    assert (newest.action, newest.details) == ("retention", {"audit": 4})
    # what remains is guarded at its beginning, too
    with installation.database.session() as db:
        first = select(func.min(AuditEntry.id)).scalar_subquery()
        db.execute(delete(AuditEntry).where(AuditEntry.id == first))
    assert not check(installation).whole


def test_two_that_forget_at_once_leave_the_log_whole(installation: Installation) -> None:
    fill(installation, 3)
    end = now() + timedelta(days=1)

    def first(db: Session) -> None:
        audit.record(db, "system", "test")
        audit.forget(db, end)

    removed = meanwhile(installation, first, lambda db: audit.forget(db, end))
    assert removed == 0
    chain = check(installation)
    assert chain.whole and chain.entries == 1
