"""A served installation with scored calls, and a real browser in front of it."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select

from analyzer.classifier import Classifier
from api.access import Permission, Role
from api.app import create_app, prepare
from api.settings import Settings
from api.storage import calibrations, people, reviews, webhooks
from api.storage.database import Database
from api.storage.reviews import Span
from api.storage.tables import Call, now
from api.worker import Worker
from tests.api.conftest import PASSWORD

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "data" / "samples"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AGENT = "a-7"
# A machine that does other things, too, is slow; what is wrong stays wrong.
expect.set_options(timeout=30_000)


@dataclass
class Site:
    """A running service: where it is, its database, and a session for each role."""

    url: str
    database: Database
    worker: Worker
    tokens: dict[Role, str] = field(default_factory=dict)

    def uid(self, name: str) -> str:
        """The uid of the call of that name."""
        with self.database.reading() as db:
            return db.scalars(select(Call.uid).where(Call.external_id == name)).one()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, classifier: Classifier) -> Iterator[Site]:
    """The service on a free port, with the samples in it and a worker at its side."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path_factory.mktemp("site"),
        public_url=url,
        rate_limit="1000000/minute",
        allowed_urls=("https://hooks.example.org",),
        poll_s=0.2,
    )
    prepare(settings)
    database = Database(settings.url)
    worker = Worker(database, classifier, settings)
    served = Site(url, database, worker)
    for role in Role:
        with database.session() as db:
            user = people.add_user(
                db, f"{role}@example.org", role.replace("_", " ").title(), role,
                agent_id=AGENT if role is Role.AGENT else None,
            )  # fmt: skip
            people.set_password(db, user, people.hash_of(PASSWORD))
            served.tokens[role] = people.begin_session(db, user, 12)[0]
    app = create_app(settings, classifier)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    threads = [threading.Thread(target=run, daemon=True) for run in (server.run, worker.run)]
    for thread in threads:
        thread.start()
    wait_for(lambda: server.started)
    fill(served)
    yield served
    server.should_exit = True
    worker.stop.set()
    for thread in threads:
        thread.join(30)
    database.close()


def wait_for(holds: Callable[[], bool], seconds: float = 300) -> None:
    """Return as soon as it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def fill(site: Site) -> None:
    """Upload the samples, and calls of one agent and one customer, as a machine would."""
    with site.database.session() as db:
        admin = people.user_by_email(db, "admin@example.org")
        assert admin is not None
        scopes = (Permission.CALLS_READ, Permission.CALLS_SCORE)
        key, _ = people.add_key(db, "samples", scopes, admin.id)
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=300) as client:
        paths = [path for path in sorted(SAMPLES.iterdir()) if path.name != "README.md"]
        accepted = client.post(
            "/v1/uploads", files=[("files", (path.name, path.read_bytes())) for path in paths]
        )
        assert accepted.status_code == 202, accepted.text
        job = accepted.json()
        wait_for(lambda: client.get(f"/v1/jobs/{job['uid']}").json()["status"] == "COMPLETED")
        for call in CALLS + BLIND:
            client.post("/v1/calls", json=call).raise_for_status()


@dataclass(frozen=True)
class Furnished:
    """The paths of what only an installation that is in use has."""

    webhook: str
    key: str
    person: str
    open_session: str
    blind_call: str
    compared: str


@pytest.fixture(scope="session")
def furnished(site: Site) -> Furnished:
    """A webhook with messages, a key, an open and a closed calibration, a call that is erased."""
    with site.database.reading() as db:
        someone = people.principal_of_session(db, site.tokens[Role.QA_LEAD])
    assert someone is not None
    httpx.delete(
        f"{site.url}/v1/calls/{site.uid('blind-6')}",
        cookies={"kasper_session": site.tokens[Role.QA_LEAD]},
        headers={"x-csrf-token": someone.csrf_token},
    ).raise_for_status()
    with site.database.session() as db:
        users = {own.role: own for own in people.users(db)}
        admin, lead, coach = (users[role] for role in (Role.ADMIN, Role.QA_LEAD, Role.COACH))
        principal = people.principal_of_session(db, site.tokens[Role.QA_LEAD])
        other = people.principal_of_session(db, site.tokens[Role.COACH])
        assert principal is not None and other is not None
        _, key = people.add_key(db, "Nightly export", [Permission.CALLS_EXPORT], admin.id)
        hook = webhooks.add(
            db, "https://hooks.example.org/kasper", ["call.flagged", "job.ended"], admin.id
        )
        for event, attempts, error in (
            ("job.ended", 7, "HTTP 503"),
            ("call.flagged", 2, ""),
            ("webhook.test", 1, ""),
        ):
            sent = webhooks.put_down_for(db, hook, event, {"made": "for the tests"})
            sent.attempts, sent.last_error = attempts, error
            sent.delivered_at = None if error else now()
        uids = [db.scalars(select(Call.uid).where(Call.external_id == f"blind-{n}")).one()
                for n in (3, 4, 5)]  # fmt: skip
        members = [lead.id, coach.id]
        open_session = calibrations.create(db, principal, "April, first calls", uids[:2], members)
        closed = calibrations.create(db, principal, "March, angry customers", uids[2:], members)
        about = calibrations.to_speak_of(db, other, open_session, uids[0])
        reviews.say_of_finding(db, other, about, "add", Span("deflection", 2, 0, 27))
        reviews.answer(db, other, about, "resolved", "no", "Sent to the shop")
        shown = ((principal, "deflection", 27, "no", ""), (other, "blame", 57, "yes", "In the end"))
        for who, label, end, answer, reason in shown:
            about = calibrations.to_speak_of(db, who, closed, uids[2])
            span = Span(label, 2, 0, end)
            reviews.say_of_finding(db, who, about, "add", span)
            reviews.answer(db, who, about, "resolved", answer, reason)  # type: ignore[arg-type]
            calibrations.finish(db, who, closed, about)
        return Furnished(
            webhook=f"/admin/webhooks/{hook.id}",
            key=f"/admin/keys/{key.id}",
            person=f"/admin/people/{coach.id}",
            open_session=f"/calibrations/{open_session.id}",
            blind_call=f"/calibrations/{open_session.id}/calls/{uids[0]}",
            compared=f"/calibrations/{closed.id}/comparison",
        )


def _call(id: str, day: int, *turns: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": id,
        "language": "en",
        "started_at": f"2026-03-{day:02}T09:14:00+01:00",
        "customer_id": "k-77",
        "agent_id": AGENT,
        "queue": "support",
        "turns": [{"role": role, "text": text} for role, text in turns],
    }


CALLS = [
    _call(
        "first-contact", 2,
        ("agent", "Support, you are speaking with Mia, how can I help?"),
        ("customer", "My parcel should have been here on Monday, you promised me that."),
        ("agent", "That is not my department, you will have to take it up with the shop."),
        ("customer", "The shop told me to call you. This is the third time I am calling!"),
        ("agent", "There is nothing I can do about it. It is not our problem."),
        ("customer", "This is simply not good enough. I am so tired of this."),
        ("agent", "Well, that is how it is. You should have read the terms."),
    ),
    _call(
        "second-contact", 3,
        ("agent", "Support, this is Mia, how can I help you?"),
        ("customer", 'It is about the parcel again, <script>document.title="hacked"</script> 😀.'),
        ("agent", "I am so sorry that you had to call again. I will take care of it myself."),
        ("customer", "Thank you, that is really kind of you."),
        ("agent", "I have refunded the fee, and I will call you tomorrow before noon."),
    ),
]  # fmt: skip
# Calls that are reviewed blind, which closes them to their reviewers elsewhere.
BLIND = [
    _call(
        f"blind-{number}", 4,
        ("agent", "Support, you are speaking with Mia, how can I help?"),
        ("customer", f"My router has been blinking red for {number} days now."),
        ("agent", "That is not our department. You must take it up with the shop."),
        ("customer", "The shop says the same of you. I have had enough of this."),
        ("agent", "Then I cannot do anything for you. Goodbye."),
    ) | {"agent_id": None, "customer_id": None}
    for number in range(1, 7)
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install it, or set CHROMIUM to where it is")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(site: Site, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a path as a person of a role; complains of errors in the page's scripts at the end."""
    opened, errors = [], []

    def open_(path: str, role: Role | None = Role.COACH, **options: Any) -> Page:
        context = browser.new_context(
            base_url=site.url, **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        if role is not None:
            context.add_cookies(
                [{"name": "kasper_session", "value": site.tokens[role], "url": site.url}]
            )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in opened:
        context.close()
    assert not errors, errors
