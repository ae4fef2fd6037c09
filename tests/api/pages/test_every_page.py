"""Every page: no barrier that axe finds, by day and by night, on a telephone, in each language.

With KASPER_SCREENSHOTS set, the pictures of the documentation are taken.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from api.access import Role
from tests.api.pages.conftest import ROOT, Site

Opener = Callable[..., Page]
IMAGES = ROOT / "docs" / "images"
PAGES = {
    "upload": "/upload",
    "queue": "/queue",
    "queue-filtered": "/queue?band=star",
    "calls": "/calls",
    "calls-filtered": "/calls?band=rasmus&flag=left_angry&search=zzzz",
    "call": "/calls/{first-contact}",
    "call-da": "/calls/{da-dishwasher-seventh-time}",
    "nothing": "/no-such-page",
}
PHONE = {"viewport": {"width": 390, "height": 844}}


def path_of(site: Site, path: str) -> str:
    start, brace, rest = path.partition("{")
    return start + site.uid(rest.rstrip("}")) if brace else path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_barrier(site: Site, open_page: Opener, name: str, scheme: str) -> None:
    page = open_page(path_of(site, PAGES[name]), color_scheme=scheme)
    for fold in page.locator("details.fold").all():
        fold.evaluate("each => { each.open = true }")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    if page.locator("button.tag").count():
        page.keyboard.press("j")
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_a_telephone_scrolls_only_downwards(site: Site, open_page: Opener, name: str) -> None:
    page = open_page(path_of(site, PAGES[name]), **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("name", ["upload", "queue", "calls", "call-da"])
def test_pages_hold_without_scripts(site: Site, open_page: Opener, name: str) -> None:
    page = open_page(path_of(site, PAGES[name]), java_script_enabled=False)
    assert page.locator("main h1").count() == 1
    assert page.locator(".needs-script:visible").count() == 0


def test_nothing_breaks_the_policy_against_foreign_code(site: Site, open_page: Opener) -> None:
    page = open_page("/queue")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in PAGES.values():
        page.goto(path_of(site, path))
    assert not [each for each in said if "Content Security Policy" in each]


@pytest.mark.skipif("KASPER_SCREENSHOTS" not in os.environ, reason="pictures are not asked for")
@pytest.mark.parametrize(
    ("name", "role", "keys"),
    [
        ("upload", Role.COACH, []),
        ("queue", Role.COACH, []),
        ("calls", Role.QA_LEAD, []),
        ("call", Role.COACH, []),
        ("call-da", Role.COACH, ["j"] * 5),
    ],
)
def test_pictures_for_the_documentation(
    site: Site, open_page: Opener, name: str, role: Role, keys: list[str]
) -> None:
    page = open_page(path_of(site, PAGES[name]), role, viewport={"width": 1100, "height": 720})
    for key in keys:
        page.keyboard.press(key)
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")
