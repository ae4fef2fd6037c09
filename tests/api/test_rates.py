"""Limits hold over all processes of an installation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select, text

from api import retention
from api.access import Role
from api.app import create_app, prepare
from api.rates import Limit, LoginRate, RequestRate
from api.settings import Settings
from api.storage.database import AWAY, Database
from api.storage.tables import RateCount
from tests.api.conftest import PASSWORD, Installation
from tests.api.processes import wait_for


@pytest.fixture
def replicas(installation: Installation) -> Iterator[Callable[[str], RequestRate]]:
    """Makes counts as further processes have them."""
    with ExitStack() as stack:

        def make(limit: str) -> RequestRate:
            database = Database(installation.settings.url)
            stack.callback(database.close)
            return RequestRate(database, limit)

        yield make


def test_requests_to_all_replicas_count_together(replicas: Callable[[str], RequestRate]) -> None:
    one, other = replicas("10/hour"), replicas("10/hour")
    for rate in (one, other):
        for _ in range(5):
            assert rate.allows("key")
            rate.hit("key")
    assert one.allows("key") and other.allows("key")  # neither knows of the other yet
    one.share()
    other.share()
    assert not other.allows("key") and other.allows("another key")
    one.hit("key")
    one.share()
    assert not one.allows("key")
    # one that starts now learns of it with its first request
    third = replicas("10/hour")
    third.hit("key")
    third.share()
    assert not third.allows("key")
    assert 1 <= third.wait_s("key") <= 2 * 3600


def test_sharing_counts_nothing_twice(replicas: Callable[[str], RequestRate]) -> None:
    one, other = replicas("100/hour"), replicas("100/hour")
    for _ in range(20):
        one.hit("key")
        other.hit("key")
        one.share()
        other.share()
        one.share()
    for _ in range(60):
        assert other.allows("key")
        other.hit("key")
    other.share()
    assert not other.allows("key")


def test_what_the_database_did_not_take_is_told_later(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'kasper.db'}")
    prepare(settings)
    database = Database(settings.url)
    one, other = RequestRate(database, "3/hour"), RequestRate(database, "3/hour")
    with database.session() as db:
        db.execute(text("ALTER TABLE rate_counts RENAME TO elsewhere"))
    for _ in range(2):
        one.hit("key")
        with pytest.raises(AWAY):
            one.share()
    assert one.allows("key")
    one.hit("key")
    assert not one.allows("key")  # it counts alone meanwhile
    with database.session() as db:
        db.execute(text("ALTER TABLE elsewhere RENAME TO rate_counts"))
    one.share()
    other.hit("key")
    other.share()
    assert not other.allows("key")
    database.close()


def test_what_was_counted_last_is_told_as_the_service_stops(
    installation: Installation,
) -> None:
    settings = installation.settings.model_copy(update={"rate_limit": "3/hour"})
    with TestClient(create_app(settings, installation.classifier)) as client:
        assert {client.get("/v1/calls").status_code for _ in range(3)} == {401}
        assert client.get("/v1/calls").status_code == 429
    with TestClient(create_app(settings, installation.classifier)) as client:
        client.get("/v1/calls")
        client.portal.call(asyncio.sleep, 1.2)  # it has asked what the others counted
        assert client.get("/v1/calls").status_code == 429


def test_a_window_fades(monkeypatch: pytest.MonkeyPatch, installation: Installation) -> None:
    moment = 1_000_000_020.0  # the first second of a minute
    monkeypatch.setattr(time, "time", lambda: moment)
    rate = RequestRate(installation.database, "60/minute")
    for _ in range(60):
        rate.hit("key")
    rate.share()
    waits = rate.wait_s("key")
    assert not rate.allows("key")
    moment += waits - 1
    assert not rate.allows("key")
    moment += 1
    assert rate.allows("key")
    moment += 30
    free = 0
    while rate.allows("key"):
        rate.hit("key")
        free += 1
    # the wait has let the first second or two of the minute go; half a minute more half of it
    assert 30 <= free <= 33


def test_limits_are_read_as_they_are_written() -> None:
    assert Limit.of("600/minute") == Limit(600, 60)
    assert Limit.of("5 per 2 hours") == Limit(5, 7200)


def test_attempts_to_sign_in_are_counted_by_all(install: Callable[..., Installation]) -> None:
    installation = install(login_limit="4/hour")
    user = installation.user(Role.COACH)
    elsewhere = create_app(installation.settings, installation.classifier)
    apps = (installation.client.app, elsewhere)
    answers = []
    with TestClient(elsewhere):
        for n in range(6):
            client = TestClient(apps[n % 2], client=(f"10.0.0.{n}", 1), follow_redirects=False)
            form = {"email": user.email, "password": "wrong"}
            answers.append(client.post("/signin", data=form).status_code)
        assert answers == [422, 422, 422, 422, 429, 429]
        form = {"email": installation.user(Role.COACH).email, "password": PASSWORD}
        client = TestClient(elsewhere, client=("10.0.0.9", 1), follow_redirects=False)
        assert client.post("/signin", data=form).status_code == 303


def test_attempts_at_the_same_time_do_not_exceed_the_limit(installation: Installation) -> None:
    rates = [LoginRate(installation.database, "5/hour") for _ in range(3)]
    allowed = [rate.allows("a@example.org", "10.0.0.1") for rate in rates for _ in range(4)]
    assert sum(allowed) == 5


def test_counts_hold_no_name_and_go_when_they_are_old(installation: Installation) -> None:
    rate = LoginRate(installation.database, "5/minute")
    rate.allows("anna@example.org", "203.0.113.7")
    rate.failed("203.0.113.7")
    with installation.database.session() as db:
        keys = db.scalars(select(RateCount.key)).all()
        assert len(keys) == 2 and all(len(key) == 64 for key in keys)
        db.add(RateCount(key="old", begins_at=int(time.time()) - 300, hits=1))
    retention.enforce(installation.database, installation.settings)
    with installation.database.session() as db:
        assert set(db.scalars(select(RateCount.key))) == set(keys)
        db.execute(delete(RateCount))


def test_the_server_shares_its_counts(install: Callable[..., Installation]) -> None:
    installation = install(rate_limit="1000/hour")
    for _ in range(3):
        installation.client.get("/healthz")

    def counted() -> int:
        with installation.database.reading() as db:
            return db.scalar(select(func.sum(RateCount.hits))) or 0

    assert wait_for(lambda: counted() >= 3)
