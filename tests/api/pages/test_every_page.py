"""Every page: no barrier that axe finds, by day and by night, on a telephone, in each language.

With KASPER_SCREENSHOTS set, the pictures of the documentation are taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.access import Role
from api.storage import people
from tests.api.pages.conftest import ROOT, Furnished, Site

Opener = Callable[..., Page]
IMAGES = ROOT / "docs" / "images"
PAGES = {
    "upload": "/upload",
    "promises": "/promises?since=2026-04-01&until=2026-04-30",
    "promises-narrowed": "/promises?since=2026-04-01&until=2026-04-30&state=kept&queue=delivery",
    "promises-nothing": "/promises?since=2020-04-01&until=2020-04-30",
    "customers": "/customers?since=2026-02-01&until=2026-04-30",
    "customers-nothing": "/customers?since=2020-04-01&until=2020-04-30",
    "customer": "/customers/customer-trampoline",
    "queue": "/queue",
    "queue-filtered": "/queue?band=star",
    "calls": "/calls",
    "calls-filtered": "/calls?band=rasmus&flag=left_angry&search=zzzz",
    "call": "/calls/{first-contact}",
    "call-da": "/calls/{da-dishwasher-seventh-time}",
    "nothing": "/no-such-page",
    "export": "/calls/export",
    "export-narrowed": "/calls/export?band=star&format=vcon.jsonl",
    "basics": "/basics?since=2026-01-01&until=2026-12-27",
    "coaching": "/team/coaching",
    "coaching-few": "/team/coaching?of=agent:a-7&since=2026-01-01&until=2026-12-27",
    "letter": "/calls/{da-bed-slats}/letter",
    "calibrations": "/calibrations",
    "calibration": "{open_session}",
    "blind": "{blind_call}",
    "comparison": "{compared}",
    "calibration-new": "/calibrations/new",
    "calibration-close": "{open_session}/close",
    "people": "/admin/people",
    "person": "{person}",
    "teams": "/admin/teams",
    "keys": "/admin/keys",
    "key-revoke": "{key}/revoke",
    "webhooks": "/admin/webhooks",
    "webhook": "{webhook}",
    "webhook-remove": "{webhook}/remove",
    "retention": "/admin/retention",
    "erasure": "/admin/erasure",
    "call-erase": "/calls/{first-contact}/erase",
    "audit": "/admin/audit",
    "audit-checked": "/admin/audit?verify=true",
    "system": "/admin/system",
    "documents": "/admin/documents",
    "about": "/about",
    "not-done": "/about/not-done",
    "human-oversight": "/about/human-oversight",
    "not-for-you": "/admin/people",
}
# Who opens them: an admin may see every page, but a blind review is for its members.
ROLES = {
    "calls": Role.QA_LEAD,
    "not-for-you": Role.COACH,
    "nothing": Role.COACH,
    "blind": Role.COACH,
    "calibration": Role.QA_LEAD,
    "upload": Role.COACH,
    "queue": Role.COACH,
    "call": Role.COACH,
    "call-da": Role.COACH,
    "about": Role.AGENT,
    "not-done": Role.AGENT,
    "promises": Role.COACH,
    "customers": Role.COACH,
    "customer": Role.COACH,
}
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def see(site: Site, furnished: Furnished, open_page: Opener) -> Callable[..., Page]:
    """Opens a page of `PAGES` as somebody who may see it."""

    def open_(name: str, **options: Any) -> Page:
        role = ROLES.get(name, Role.ADMIN)
        return open_page(path_of(site, furnished, PAGES[name]), role, **options)

    return open_


def path_of(site: Site, furnished: Furnished, path: str) -> str:
    """The path with what stands in braces: one of `Furnished`, or the uid of the call so named."""
    start, brace, rest = path.partition("{")
    if not brace:
        return path
    name, _, end = rest.partition("}")
    return start + (getattr(furnished, name, None) or site.uid(name)) + end


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_barrier(see: Opener, name: str, scheme: str) -> None:
    page = see(name, color_scheme=scheme)
    for fold in page.locator("details.fold, details.more, details.behind").all():
        fold.evaluate("each => { each.open = true }")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    if page.locator("button.tag").count():
        page.keyboard.press("j")
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_a_telephone_scrolls_only_downwards(see: Opener, name: str) -> None:
    page = see(name, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("name", PAGES)
def test_pages_hold_without_scripts(see: Opener, name: str) -> None:
    page = see(name, java_script_enabled=False)
    assert page.locator("main h1").count() == 1
    assert page.locator(".needs-script:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_is_wider_than_the_screen_shows_it(see: Opener, scheme: str) -> None:
    page = see("audit", **PHONE, color_scheme=scheme)
    table = page.locator(".scroll")
    table.evaluate("each => each.scrollIntoView()")

    def at_the_edge() -> bytes:
        box = table.bounding_box()
        assert box is not None
        # a line above the words of the first row, so that the table's own text is not in it
        strip = {"x": box["x"] + box["width"] - 14, "y": box["y"] + 2, "width": 12, "height": 5}
        return page.screenshot(clip=strip)  # type: ignore[arg-type]

    more = at_the_edge()
    table.evaluate("each => { each.scrollLeft = each.scrollWidth }")
    assert at_the_edge() != more


@pytest.mark.parametrize("language", ["en", "da", "nb", "sv"])
def test_the_ways_stay_on_one_line(site: Site, open_page: Opener, language: str) -> None:
    page = open_page("/team/coaching", Role.ADMIN)
    with site.database.session() as db:
        admin = people.user_by_email(db, "admin@example.org")
        assert admin is not None
        admin.language = language
    try:
        for width in (1024, 1100, 1180, 1280, 1366, 1440, 1500):
            page.set_viewport_size({"width": width, "height": 700})
            page.reload()
            lines = {round(each["y"]) for way in page.locator(".ways li").all()
                     if (each := way.bounding_box())}  # fmt: skip
            assert len(lines) == 1, width
            summary = page.locator(".menu > summary")
            expect(summary).to_have_accessible_name(re.compile("admin@example.org"))
    finally:
        with site.database.session() as db:
            people.user_by_email(db, "admin@example.org").language = "en"  # type: ignore[union-attr]


def test_nothing_breaks_the_policy_against_foreign_code(
    site: Site, furnished: Furnished, open_page: Opener
) -> None:
    page = open_page("/queue", Role.ADMIN)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in PAGES.values():
        page.goto(path_of(site, furnished, path))
    assert not [each for each in said if "Content Security Policy" in each]


# How the pages of the documentation look: which of `PAGES`, how high, which keys first.
PICTURES: dict[str, tuple[int, list[str]]] = {
    "upload": (720, []),
    "queue": (720, []),
    "calls": (720, []),
    "call": (720, []),
    "promises": (1500, []),
    "customer": (1500, []),
    "call-da": (720, ["j"] * 5),
    "export": (900, []),
    "calibration-new": (900, []),
    "blind": (900, []),
    "comparison": (1500, []),
    "people": (800, []),
    "keys": (900, []),
    "webhooks": (720, []),
    "webhook": (720, []),
    "retention": (720, []),
    "erasure": (560, []),
    "call-erase": (560, []),
    "audit-checked": (820, []),
}


@pytest.mark.skipif("KASPER_SCREENSHOTS" not in os.environ, reason="pictures are not asked for")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_for_the_documentation(see: Opener, name: str) -> None:
    height, keys = PICTURES[name]
    page = see(name, viewport={"width": 1100, "height": height})
    for key in keys:
        page.keyboard.press(key)
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")
