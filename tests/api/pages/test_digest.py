"""The weekly digest in a real browser: no barrier, by day and by night, on a small telephone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.api.pages.conftest import Site

Opener = Callable[..., Page]
# The week of the second call of the trampoline.
PATH = "/v1/insights/digest?week=2026-W16"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_digest_is_readable(site: Site, open_page: Opener, scheme: str, width: int) -> None:
    page = open_page(PATH, viewport={"width": width, "height": 800}, color_scheme=scheme)

    expect(page.get_by_role("heading", name="Week 16")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # the style has been applied, whatever the service's policy forbids
    assert page.locator(".sheet").evaluate("each => getComputedStyle(each).maxWidth") == "640px"
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()


def test_it_leads_to_the_calls(site: Site, open_page: Opener) -> None:
    page = open_page(PATH)
    page.locator(".look a").first.click()

    expect(page).to_have_url(f"{site.url}/calls/{site.uid('nb-trampoline-2')}")


def test_the_team_leads_to_it_and_it_leads_back(site: Site, open_page: Opener) -> None:
    page = open_page("/team")
    page.get_by_role("link", name="Digest of last week").click()

    expect(page).to_have_title(re.compile("^Kasper: Week "))
    page.get_by_role("link", name="Kasper", exact=True).click()
    expect(page).to_have_url(f"{site.url}/team")
