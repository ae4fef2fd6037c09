"""The page of trust: what the machine gets wrong, in plain words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.access import Role
from tests.api.conftest import Installation
from tests.api.pages.conftest import Site

Opener = Callable[..., Page]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_error_rates_and_what_was_not_judged(site: Site, open_page: Opener, scheme: str) -> None:
    page = open_page("/trust", Role.AGENT, color_scheme=scheme)
    expect(page.get_by_role("heading", name="Can this machine be trusted?")).to_be_visible()
    for fold in page.locator("details.behind").all():
        fold.evaluate("each => { each.open = true }")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    danish = page.locator("details", has=page.get_by_text("Danish", exact=True))
    assert danish.first.locator("tbody tr").count() == 23
    expect(page.get_by_text("The transcript has no times.")).to_be_visible()
    expect(page.get_by_text("default, revision 1").first).to_be_visible()
    assert page.locator("main [style]").count() == 0


def test_the_page_fits_a_telephone(site: Site, open_page: Opener) -> None:
    page = open_page("/trust", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_an_empty_installation_claims_nothing(installation: Installation) -> None:
    page = installation.signed_in(Role.COACH).get("/trust").text
    assert "Too few calls were reviewed." in page
    assert page.count("Too few calls</span>") == 5
    assert "There are no calls of the last 30 days." in page
