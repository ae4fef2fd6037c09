"""Files go in by drop, choice or plain form; the job is followed to its results."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from api.access import Role
from api.storage import jobs
from tests.api.conftest import Installation
from tests.api.pages.conftest import SAMPLES

Opener = Callable[..., Page]
GOOD = [
    {"role": "agent", "text": "Support, how can I help you today?"},
    {"role": "customer", "text": "My router is blinking red and I can not get online."},
]


def file(name: str, content: object) -> dict[str, object]:
    body = content if isinstance(content, str) else json.dumps(content)
    return {"name": name, "mimeType": "application/json", "buffer": body.encode()}


def test_files_are_uploaded_followed_and_found(open_page: Opener) -> None:
    page = open_page("/upload")
    good = file("followed.json", {"id": "followed", "turns": GOOD})
    bad = file("broken.json", '{"turns": 3}')
    page.locator("#files").set_input_files([good, bad])  # type: ignore[arg-type]
    expect(page.locator("#chosen li")).to_have_count(2)
    page.get_by_role("button", name="Upload and score").click()
    page.wait_for_url("**/jobs/*")
    expect(page.locator(".pill").first).to_have_text("Done")
    expect(page.locator("#completed")).to_have_text("1")
    wrong = page.locator(".errors li")
    expect(wrong).to_contain_text("broken.json")
    expect(wrong).to_contain_text("What to do:")
    page.get_by_role("link", name="See the 1 call").click()
    expect(page.locator("tbody th a")).to_have_text("followed")


def test_dropped_files_are_taken(open_page: Opener) -> None:
    page = open_page("/upload")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(['Agent: Hello.\\nCustomer: Hi.'], 'dropped.txt'));
          document.getElementById('drop').dispatchEvent(
            new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.locator("#chosen li")).to_contain_text("dropped.txt")


def test_without_scripts_it_is_a_form_and_a_page_that_reloads(open_page: Opener) -> None:
    page = open_page("/upload", java_script_enabled=False)
    page.locator("#files").set_input_files(SAMPLES / "en-bank-card.tsv")
    page.get_by_role("button", name="Upload and score").click()
    page.wait_for_url("**/jobs/*")
    expect(page.locator(".pill").first).to_have_text("Done")


def test_a_refusal_is_said_in_words(open_page: Opener) -> None:
    page = open_page("/upload")
    page.route("**/v1/uploads", lambda route: route.abort())
    page.locator("#files").set_input_files(SAMPLES / "en-bank-card.tsv")
    page.get_by_role("button", name="Upload and score").click()
    expect(page.locator("#wrong")).to_contain_text("The connection was lost.")
    expect(page.get_by_role("button", name="Upload and score")).to_be_enabled()


def form(client, **fields: object) -> dict[str, object]:  # type: ignore[no-untyped-def]
    return {"csrf_token": client.headers.pop("x-csrf-token"), **fields}


def test_a_job_is_stopped_and_goes_on(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    sent = form(client)
    files = [("files", ("one.json", json.dumps({"turns": GOOD})))]
    answer = client.post("/upload", files=files, data=sent)
    assert answer.status_code == 200 and "Calls are being scored" in answer.text
    path = answer.url.path
    stopped = client.post(f"{path}/cancel", data=sent)
    assert "The job is stopped." in stopped.text and "Go on" in stopped.text
    assert "Calls are being scored" in client.post(f"{path}/resume", data=sent).text
    installation.work()
    done = client.get(path).text
    assert "See the 1 call" in done and "http-equiv" not in done


@pytest.mark.parametrize("path", ["/upload", "/jobs/nothing", "/queue"])
def test_agents_do_not_upload(installation: Installation, path: str) -> None:
    answer = installation.signed_in(Role.AGENT).get(path)
    assert answer.status_code == 403 and "<h1>Not for you</h1>" in answer.text


def test_a_form_without_files_or_token_is_refused_in_words(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    sent = form(client)
    nothing = client.post("/upload", files=[("files", ("", b""))], data=sent)
    assert nothing.status_code == 422
    forged = client.post("/upload", files=[("files", ("a.json", b"{}"))])
    assert forged.status_code == 403 and "out of date" in forged.text
    with installation.database.reading() as db:
        assert not jobs.recent(db)
