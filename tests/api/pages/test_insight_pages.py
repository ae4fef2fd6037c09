"""Basics, coaching and letters of praise in a browser, with and without scripts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import text

from api.access import Role
from tests.api.conftest import Installation
from tests.api.generated import fill
from tests.api.insight_calls import (
    DAYS,
    GREETING,
    KIND,
    RUDE,
    add,
    add_star,
    release_all,
    said,
    team_up,
)
from tests.api.pages.conftest import ROOT

GREETED, PUSHED = said(GREETING, KIND), said(RUDE)
CANNED = said(GREETING, "Det kan jeg godt forstå er frustrerende.", RUDE)
ASKED = "&".join(f"{name}={day}" for name, day in DAYS.items())
PHONE = {"viewport": {"width": 390, "height": 844}}
Opener = Callable[..., Page]


@pytest.fixture
def made(install: Callable[..., Installation]) -> Installation:
    """Twelve weeks: greetings stop in billing, one agent pushes away, another says one sentence."""
    installation = install(min_calls=6, rate_limit="100000/minute")
    fields = {"queue": "billing & <sons>", "product": "router", "agent_id": "rude"}
    pushed = add(installation, [*[GREETED] * 6, *[PUSHED] * 6], 6, **fields)
    add(installation, [CANNED], 6, queue="support", agent_id="kind")
    team_up(installation, rude="North", kind="North")
    add_star(installation, "rude", released=True)
    release_all(installation, pushed)
    return installation


@pytest.fixture
def open_in(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a path in a browser whose requests the application answers without a network."""
    opened, errors = [], []

    def open_(client: TestClient, path: str, **options: Any) -> Page:
        context = browser.new_context(
            base_url="http://127.0.0.1:8000",
            **{"viewport": {"width": 1280, "height": 900}} | options,
        )
        context.set_default_timeout(30_000)
        opened.append(context)

        def answer(route: Route) -> None:
            got = client.get(route.request.url, headers={"accept": "text/html"})
            route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

        context.route("**/*", answer)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in opened:
        context.close()
    assert not errors, errors


def fine(page: Page) -> None:
    """Nothing that axe finds, nothing that CSP forbids, nothing wider than the page."""
    for fold in page.locator("details.behind").all():
        fold.evaluate("each => { each.open = true }")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert page.locator("main [style]").count() == 0
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0


@pytest.mark.parametrize("options", [{}, PHONE | {"color_scheme": "dark"}], ids=["desk", "phone"])
def test_basics(made: Installation, open_in: Opener, options: dict[str, Any]) -> None:
    page = open_in(made.signed_in(Role.COACH), f"/basics?{ASKED}", **options)
    fine(page)
    assert page.locator("svg.chart").count() == 2
    first = page.locator(".fixes > li").first
    expect(first).to_contain_text("billing & <sons>")
    expect(first).to_contain_text("Met 36 customers")
    meaning = "The call was not opened with a name and an offer to help"
    assert page.locator(".fixes").get_by_text(meaning).count() == 1  # not again in other queues
    expect(page.get_by_text("More often from the week of 13 Apr 2026 on:").first).to_be_visible()
    table = page.get_by_role("region", name="Which fail most").locator("tbody tr")
    assert table.count() >= 2
    first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/calls/[0-9a-f]{32}(#c-t\d+)?$"))


def test_basics_are_narrowed_without_scripts(made: Installation, open_in: Opener) -> None:
    page = open_in(made.signed_in(Role.COACH), f"/basics?{ASKED}", java_script_enabled=False)
    page.get_by_label("Tell apart by").select_option("product")
    page.get_by_role("button", name="Show").click()
    table = page.get_by_role("region", name="By product")
    expect(table.get_by_role("rowheader", name="router")).to_be_visible()
    page.get_by_label("Queue").select_option("support")
    page.get_by_role("button", name="Show").click()
    assert page.get_by_text("billing & <sons>", exact=True).count() == 1  # the choice alone


@pytest.mark.parametrize("options", [{}, PHONE | {"color_scheme": "dark"}], ids=["desk", "phone"])
def test_coaching_of_a_team(made: Installation, open_in: Opener, options: dict[str, Any]) -> None:
    page = open_in(made.signed_in(Role.COACH), f"/team?of=team:North&{ASKED}", **options)
    page.get_by_role("navigation", name="Team").get_by_role("link", name="Coaching").click()
    expect(page.get_by_role("heading", name="Coaching: North")).to_be_visible()
    fine(page)
    assert 1 <= page.locator(".habit").count() <= 2
    expect(page.get_by_text("in 6 of 6 calls with empathy")).to_be_visible()
    page.locator(".habit .bad").first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/calls/[0-9a-f]{32}"))


def test_progress_is_asked_for_without_scripts(made: Installation, open_in: Opener) -> None:
    client = made.signed_in(Role.COACH)
    path = f"/team/coaching?of=agent:rude&{ASKED}"
    page = open_in(client, path, java_script_enabled=False)
    page.get_by_label("Day of coaching").fill("2026-04-13")
    page.get_by_label("Habit").select_option("deflection")
    page.get_by_role("button", name="Compare").click()
    table = page.get_by_role("region", name="After coaching")
    expect(table).to_contain_text("fewer by")
    page.get_by_label("Day of coaching").fill("2026-03-02")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("are too few: it takes 6 on either side.")).to_be_visible()


def test_a_letter_is_read_translated_and_printed(made: Installation, open_in: Opener) -> None:
    client = made.signed_in(Role.COACH)
    page = open_in(client, f"/team/coaching?of=agent:rude&{ASKED}")
    page.get_by_role("link", name="Letter of praise").click()
    expect(page.get_by_role("heading", name="A call to be proud of")).to_be_visible()
    fine(page)
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
    page.get_by_label("Language of the letter").select_option("da")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("article.letter")).to_have_attribute("lang", "da")
    # paper holds the letter alone
    page.emulate_media(media="print")
    for hidden in (page.locator("header.site"), page.locator(".advice"), page.locator("footer")):
        expect(hidden).to_be_hidden()
    expect(page.locator("article.letter")).to_be_visible()


def test_an_agent_sees_their_own_coaching(made: Installation, open_in: Opener) -> None:
    client = made.signed_in(Role.AGENT, agent_id="rude")
    page = open_in(client, f"/calls?{ASKED}")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Coaching").click()
    expect(page.get_by_role("heading", name="Your coaching")).to_be_visible()
    page.goto(f"/coaching?{ASKED}")
    fine(page)
    assert page.locator(".habit").count() >= 1 and page.get_by_text("North").count() == 0
    assert page.get_by_role("link", name="Letter of praise").count() == 0
    assert [client.get(path).status_code for path in ("/team/coaching", "/basics")] == [403, 403]


def test_empty_and_refused_pages_say_what_to_do(
    installation: Installation, open_in: Opener
) -> None:
    coach = installation.signed_in(Role.COACH)
    for path, words in (
        ("/basics", "Not enough calls yet"),
        ("/team/coaching", "No agents yet"),
        ("/coaching", "Your account is not that of an agent"),
        ("/team/coaching?of=team:nobody", "or you may not see it"),
    ):
        page = open_in(coach, path)
        expect(page.get_by_text(words)).to_be_visible()
        fine(page)
    team_up(installation, new="North")
    page = open_in(coach, "/team/coaching")
    expect(page.get_by_text("Whom is it about?")).to_be_visible()
    page = open_in(coach, "/team/coaching?of=team:North")
    expect(page.get_by_text("20 more scored calls are needed")).to_be_visible()
    fine(page)
    agent = installation.signed_in(Role.AGENT, agent_id="new")
    page = open_in(agent, "/coaching")
    expect(page.get_by_text("20 more scored calls are needed")).to_be_visible()


# How the pictures of the documentation look: which page, how high.
FROM, TO = "2026-02-02", "2026-04-26"
PICTURES = {
    "basics": (f"/basics?since={FROM}&until={TO}", 1960),
    "coaching": (f"/team/coaching?of=team:Team 07&since={FROM}&until={TO}", 1180),
    "digest": ("/v1/insights/digest?week=2026-W17", 1240),
}


@pytest.mark.skipif("KASPER_SCREENSHOTS" not in os.environ, reason="pictures are not asked for")
def test_pictures_for_the_documentation(
    install: Callable[..., Installation], open_in: Opener
) -> None:
    installation = install(rate_limit="100000/minute")
    until = datetime(2026, 4, 27, tzinfo=UTC)
    fill(installation.database, installation.classifier, 2_400, days=84, until=until)
    with installation.database.session() as db:
        # from the middle on nobody greets in one queue, for the picture to show a change
        db.execute(
            text(
                "DELETE FROM evidence WHERE label = 'greeting' AND report_id IN (SELECT report_id "
                "FROM calls WHERE queue = 'billing' AND occurred_at >= '2026-03-16')"
            )
        )
    lead = installation.signed_in(Role.QA_LEAD)
    for name, (path, height) in PICTURES.items():
        page = open_in(lead, path, viewport={"width": 1100, "height": height})
        page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
