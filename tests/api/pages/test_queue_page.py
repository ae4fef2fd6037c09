"""The queue: pressing calls first, worked off by keys."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from api.access import Role
from tests.api.conftest import Installation
from tests.api.pages.conftest import Site

Opener = Callable[..., Page]


def test_the_queue_says_why_each_call_waits(site: Site, open_page: Opener) -> None:
    page = open_page("/queue")
    pushed_away = page.locator(".waiting", has_text="en-council-bins")
    expect(pushed_away).to_contain_text("Repeated deflection. The agent pushed the matter away")
    # nothing presses more than a Rasmus call
    expect(page.locator(".waiting .badge").first).to_have_text("Rasmus")
    page.locator(".more > summary").click()
    page.locator("#f-band").select_option("star")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/queue?band=star")
    expect(page.locator(".waiting .badge", has_text="Rasmus")).to_have_count(0)
    page.get_by_role("link", name="Remove the filter: Band: Star").click()
    assert page.url.endswith("/queue")


def test_the_queue_is_worked_off_by_keys_alone(site: Site, open_page: Opener) -> None:
    page = open_page("/queue?language=sv", Role.ADMIN)
    names = page.locator(".waiting .open").all_text_contents()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".waiting .open").first).to_be_focused()
    page.keyboard.press("d")
    expect(page.locator("#heard")).to_contain_text("Open the call first")

    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(names[0])
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text(names[1])
    page.keyboard.press("d")
    expect(page.locator(".call-title")).to_contain_text("Reviewed")

    page.goto("/queue?language=sv")
    left = page.locator(".waiting .open").all_text_contents()
    assert left == [name for name in names if name != names[1]]
    page.keyboard.press("j")
    page.keyboard.press("d")
    expect(page.locator("p.said-once").first).to_contain_text("Done.")
    expect(page.locator(".waiting .open")).to_have_count(len(left) - 1)
    expect(page.locator(".waiting .open").first).to_be_focused()


def test_after_the_last_call_comes_the_list(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    answer = client.get("/queue/next")
    assert answer.url.path == "/queue"
    assert "That was the last call of the queue." in answer.text
    assert "No calls yet" in answer.text
    assert "That was the last" not in client.get("/queue").text
