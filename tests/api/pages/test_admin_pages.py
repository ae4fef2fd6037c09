"""Exports, erasure, webhooks, and the questions before what cannot be taken back."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from api.access import Permission, Role
from api.storage import audit, jobs, people
from api.storage.tables import Delivery
from api.webhooks import deliver_due
from tests.api.conftest import Installation
from tests.api.pages.conftest import Furnished, Site
from tests.api.reviewing import done, member, stored
from tests.api.test_erasure import call as call_in
from tests.api.test_erasure import kept, upload
from tests.api.test_webhooks import Receiver, listening

Opener = Callable[..., Page]
HTML = {"accept": "text/html"}


def sent(client: TestClient, path: str, **fields: object) -> str:
    """What a form leads to, as text for the eye."""
    token = {"csrf_token": client.headers["x-csrf-token"]}
    answer = client.post(path, data=token | fields)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def deliver(installation: Installation) -> None:
    """Send what is due, in a thread of its own: where a browser is driven, this one runs a loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(deliver_due, installation.database, installation.settings).result()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening(Receiver()) as own:
        yield own


def test_what_is_listed_is_what_is_exported(site: Site, open_page: Opener) -> None:
    page = open_page("/calls?band=rasmus", Role.QA_LEAD, java_script_enabled=False)
    shown = page.locator("[role=status]").inner_text()
    page.get_by_role("link", name="Export these").click()
    expect(page.get_by_role("link", name="Remove the filter: Band: Rasmus")).to_be_visible()
    assert page.locator("[role=status]").inner_text() == shown
    page.get_by_role("radio", name="Findings").check()
    with page.expect_download() as started:
        page.get_by_role("button", name=f"Download {shown}").click()
    assert started.value.suggested_filename == "evidence.csv"
    rows = list(csv.DictReader(io.StringIO(started.value.path().read_text("utf-8-sig"))))
    assert rows and "probability" in rows[0]
    page.reload()
    expect(page.locator(".latest li").first).to_contain_text(f"Findings, CSV, {shown}")


def test_vcon_holds_whole_calls_whatever_else_is_chosen(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    uids = {stored(lead, number) for number in (1, 2)}
    asked = {"format": "vcon.jsonl", "table": "turns", "band": "", "since": ""}
    answer = lead.get("/calls/export/file", params=asked)
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.vcon.jsonl"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == len(uids) and all(own["vcon"] and own["analysis"] for own in lines)
    wrong = lead.get("/v1/exports/calls.vcon.jsonl", params={"table": "turns"})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["parameter"] == "table"


def test_only_who_may_export_is_offered_it(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    assert "No calls yet" in installation.signed_in(Role.QA_LEAD).get("/calls/export").text
    stored(coach)
    assert "/calls/export" not in coach.get("/calls").text
    assert coach.get("/calls/export", headers=HTML).status_code == 403


def test_a_customer_is_erased_after_a_look_at_what_goes(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    uid = stored(lead, customer_id="k <1>")
    done(lead, uid)
    stored(lead, 2, customer_id="other")
    with installation.database.session() as db:
        job = jobs.add(db, "upload", "user:1", {})
        jobs.add_items(
            db, job, 0, [{"name": "c.jsonl", "payload": call_in("waits", customer_id="k <1>")}]
        )
    assert "wait to be read" not in sent(lead, "/admin/erasure/preview", customer_id="k <1>")
    upload(installation, call_in("unread"))

    assert "No call bears this id" in html.unescape(
        lead.post(
            "/admin/erasure/preview",
            data={"csrf_token": lead.headers["x-csrf-token"], "customer_id": "k"},
        ).text
    )
    preview = sent(lead, "/admin/erasure/preview", customer_id=" k <1> ")
    assert "wait to be read" in preview, "what it does not reach is said"
    counts = dict(re.findall(r"<dt>([^<]*)</dt><dd>(\d+)</dd>", preview))
    assert counts == {
        "Calls": "1",
        "Calls that wait to be scored": "1",
        "Reports on them": "1",
        "What people said of them": "1",
    }
    assert kept(installation) == ["c-1", "c-2", "waits"], "nothing is erased before it is confirmed"
    after = sent(lead, "/admin/erasure", customer_id="k <1>")
    assert "1 call is erased." in after and "1 call of a customer" in after and "k <1>" not in after
    assert kept(installation) == ["c-2"]
    with installation.database.reading() as db:
        (entry,) = audit.entries(db, action="customer.erase")
    assert entry.details == {"calls": 1}


def test_one_call_is_erased_from_its_page(installation: Installation) -> None:
    lead, coach = (installation.signed_in(role) for role in (Role.QA_LEAD, Role.COACH))
    uid = stored(lead)
    assert f"/calls/{uid}/erase" not in coach.get(f"/calls/{uid}").text
    assert f"/calls/{uid}/erase" in lead.get(f"/calls/{uid}").text
    assert "Erase the call “c-1”?" in lead.get(f"/calls/{uid}/erase").text
    assert f"call:{uid}" in sent(lead, f"/calls/{uid}/erase")
    assert lead.get(f"/calls/{uid}", headers=HTML).status_code == 404
    # others' erasures are for those who may read the log
    assert f"call:{uid}" not in installation.signed_in(Role.QA_LEAD).get("/admin/erasure").text
    assert f"call:{uid}" in installation.signed_in(Role.ADMIN).get("/admin/erasure").text


def test_a_webhook_from_its_secret_to_its_end(
    install: Callable[..., Installation], receiver: Receiver
) -> None:
    installation = install(
        rate_limit="100000/minute", allowed_urls=(f"http://127.0.0.1:{receiver.port}",)
    )
    admin = installation.signed_in(Role.ADMIN)
    token = {"csrf_token": admin.headers["x-csrf-token"]}
    for fields, wrong in (
        ({"url": receiver.url}, "Choose at least one event."),
        ({"url": "", "events": "job.ended"}, "Give an address"),
        ({"url": "https://elsewhere.example.org", "events": "job.ended"}, "KASPER_ALLOWED_URLS"),
        ({"url": receiver.url, "events": "webhook.test"}, "Choose at least one event."),
    ):
        answer = admin.post("/admin/webhooks", data=token | fields)
        assert answer.status_code == 422 and wrong in answer.text, fields
    page = sent(admin, "/admin/webhooks", url=receiver.url, events="call.flagged")
    secret = re.search(r'value="(whsec_[^"]+)"', page)
    path = re.search(r'href="(/admin/webhooks/\d+)"', page)
    assert secret and path
    assert secret[1] not in html.unescape(admin.get(path[1]).text)

    assert "On its way" in sent(admin, f"{path[1]}/test")
    receiver.answers.append(500)
    deliver(installation)
    assert receiver.received[0].is_signed_with(secret[1])
    failed = admin.get(path[1]).text
    assert "HTTP 500" in failed and "Tried again" in failed
    retry = re.search(r'action="([^"]+/retry)"', failed)
    assert retry
    sent(admin, retry[1])
    deliver(installation)
    assert "Arrived" in admin.get(path[1]).text and "Arrived" in admin.get("/admin/webhooks").text

    assert (
        "Switched off"
        in sent(admin, path[1], events="job.ended") + admin.get("/admin/webhooks").text
    )
    assert admin.post(f"{path[1]}/test", data=token, headers=HTML).status_code == 409
    other = re.search(r'value="(whsec_[^"]+)"', sent(admin, f"{path[1]}/rotate"))
    assert other and other[1] != secret[1]
    assert receiver.url in admin.get(f"{path[1]}/remove").text
    assert "Nobody is told of anything yet" in sent(admin, f"{path[1]}/remove")
    with installation.database.reading() as db:
        assert db.query(Delivery).count() == 0


def test_a_key_is_revoked_after_a_question(site: Site, open_page: Opener) -> None:
    page = open_page("/admin/keys", Role.ADMIN, java_script_enabled=False)
    page.get_by_label("What it is for").fill("To be revoked")
    page.get_by_role("checkbox", name="Read scorecards").check()
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("link", name="Done, to all keys").click()
    row = page.get_by_role("row", name="To be revoked")
    row.get_by_role("link", name="Revoke").click()
    page.get_by_role("link", name="Cancel").click()
    expect(row.get_by_role("link", name="Revoke")).to_be_visible()
    row.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(row).to_contain_text("revoked")


def test_a_person_is_shut_out_after_a_question(installation: Installation) -> None:
    admin = installation.signed_in(Role.ADMIN)
    coach, number = member(installation, Role.COACH)
    with installation.database.session() as db:
        people.add_key(db, "Theirs", [Permission.CALLS_READ], number)
    fields = {"name": "Changed & kept", "role": "coach", "agent_id": "", "language": "da"}
    asked = sent(admin, f"/admin/people/{number}", **fields)
    assert "ends at once" in asked and "1 key that they made" in asked
    assert coach.get("/calls").status_code == 200
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked))
    assert hidden["name"] == "Changed & kept" and hidden["language"] == "da"
    sent(admin, f"/admin/people/{number}", **hidden)
    with installation.database.reading() as db:
        user = people.user(db, number)
    assert user is not None and not user.active and user.name == "Changed & kept"
    # who is let in again is not asked about
    assert "Saved." in sent(admin, f"/admin/people/{number}", **fields, active="yes")


@pytest.mark.parametrize(
    ("mistake", "status", "words"),
    [
        ({"agent_id": "a-9"}, 409, "Another person sees the calls of this agent already."),
        ({"agent_id": "x" * 201}, 422, "At most 200 characters."),
        ({"name": "  "}, 422, "Give a name of at most 200 characters."),
    ],
)
def test_what_was_typed_of_a_person_outlives_a_mistake(
    installation: Installation, mistake: dict[str, str], status: int, words: str
) -> None:
    admin = installation.signed_in(Role.ADMIN)
    installation.user(Role.AGENT, agent_id="a-9")
    _, number = member(installation, Role.COACH)
    typed = {"name": "Typed & kept", "agent_id": "a-8"} | mistake
    chosen = {"role": "agent", "language": "sv"}
    token = {"csrf_token": admin.headers["x-csrf-token"]}
    for path, more in (
        (f"/admin/people/{number}", {"active": "yes"}),
        ("/admin/people", {"email": "typed@example.org"}),
    ):
        answer = admin.post(path, data=token | typed | chosen | more)
        assert answer.status_code == status
        form = html.unescape(answer.text.split(f'action="{path}">')[1].split("</form>")[0])
        kept = dict(re.findall(r'name="(\w+)" type="\w+" value="([^"]*)"', form))
        kept |= dict(re.findall(r'name="(active)" value="(yes)" checked', form))
        assert kept == {name: value.strip() for name, value in (typed | more).items()}
        assert re.findall(r'<option value="(\w+)"[^>]* selected>', form) == ["agent", "sv"]
        assert words in form
    with installation.database.reading() as db:
        user = people.user(db, number)
    assert user is not None and user.name == "Coach"


def test_the_last_admin_is_not_shut_out_and_sees_what_was_typed(installation: Installation) -> None:
    admin, number = member(installation, Role.ADMIN)
    fields = {"name": "Typed", "role": "admin", "language": "da", "confirmed": "yes"}
    token = {"csrf_token": admin.headers["x-csrf-token"]}
    answer = admin.post(f"/admin/people/{number}", data=token | fields)
    assert answer.status_code == 409 and "This is the last active admin." in answer.text
    assert 'value="Typed"' in answer.text
    # the box stays as it was sent, and sent again it asks again
    assert 'name="active" value="yes">' in answer.text
    assert "Shut Admin out?" in sent(admin, f"/admin/people/{number}", name="Typed", role="admin")


def test_what_is_shown_once_can_be_copied(site: Site, open_page: Opener) -> None:
    page = open_page("/admin/keys", Role.ADMIN, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("What it is for").fill("Copied")
    page.get_by_role("checkbox", name="Read scorecards").check()
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".copied [role=status]")).to_have_text("Copied.")
    key = page.get_by_label("Key", exact=True).input_value()
    assert key.startswith("kasper_")
    assert page.evaluate("navigator.clipboard.readText()") == key


def test_admin_shows_a_lead_what_is_theirs(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    page = lead.get("/admin")
    assert str(page.url).endswith("/admin/erasure")
    assert "/admin/people" not in page.text and "/admin/webhooks" not in page.text
    assert lead.get("/admin/webhooks", headers=HTML).status_code == 403


def test_a_webhook_that_is_not_there(site: Site, furnished: Furnished, open_page: Opener) -> None:
    page = open_page("/admin/webhooks/999999", Role.ADMIN)
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
