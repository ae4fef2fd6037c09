"""The page of a team: figures with their ranges, strong points, what to coach, and no ranking."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from analyzer.traits import TRAITS
from api.access import Role
from api.charts import label_chart
from api.insights import Interval, LabelRate, Rate
from api.locales import LANGUAGES, translations
from api.storage import people
from tests.api.conftest import Installation
from tests.api.pages.conftest import AGENT, Site
from tests.api.test_insights import KIND, RUDE, add_calls

Opener = Callable[..., Page]
YEAR = "since=2026-01-01&until=2026-12-27"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_figures_of_all_calls(site: Site, open_page: Opener, scheme: str) -> None:
    page = open_page(f"/team?{YEAR}", color_scheme=scheme)
    expect(page.get_by_role("heading", name="All calls")).to_be_visible()
    assert page.locator("svg.chart").count() == 5
    for fold in page.locator("details.behind").all():
        fold.evaluate("each => { each.open = true }")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    # the table behind the chart says the same in words, week by week
    rows = page.get_by_role("region", name="Score by week").locator("tbody tr")
    assert rows.count() == 52
    assert page.locator("main [style]").count() == 0


def test_the_page_fits_a_telephone_and_works_without_scripts(site: Site, open_page: Opener) -> None:
    page = open_page(
        f"/team?{YEAR}", viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    assert page.locator("svg.chart").count() == 5
    page.get_by_label("Team or agent").select_option(f"agent:{AGENT}")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name=f"Agent {AGENT}")).to_be_visible()


def test_too_few_calls_say_how_many_are_missing(site: Site, open_page: Opener) -> None:
    page = open_page(f"/team?of=agent:{AGENT}&{YEAR}")
    expect(page.get_by_text("18 more scored calls are needed")).to_be_visible()
    assert page.locator("svg.chart").count() == 0
    assert page.locator(".figure").count() == 0
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()


def test_strong_points_and_what_to_coach_lead_to_calls(
    install: Callable[..., Installation],
) -> None:
    installation = install(min_calls=5, rate_limit="100000/minute")
    rude = add_calls(installation, 20, agent_id="rude", words=RUDE)
    add_calls(installation, 20, agent_id="kind", words=KIND)
    with installation.database.session() as db:
        people.set_team(db, "rude", "North & <South>")
    coach = installation.signed_in(Role.COACH)
    days = {"since": "2026-03-02", "until": "2026-03-08", "queue": ""}
    page = coach.get("/team", params=days | {"of": "team:North & <South>"}).text
    assert "North &amp; &lt;South&gt;" in page and "<South>" not in page
    coaching = page.split("What to coach next</h2>")[1].split("</section>\n</div>")[0]
    assert "Deflection" in coaching and "In 100 of 100 calls; elsewhere in 0." in coaching
    links = re.findall(r'href="/calls/([0-9a-f]{32})(?:#([\w-]+))?', coaching)
    assert links and {uid for uid, _ in links} <= {call["uid"] for call in rude}
    uid, turn = next(link for link in links if link[1])
    assert f'id="{turn}"' in coach.get(f"/calls/{uid}").text
    # those who are compared stand in the order of the alphabet, whoever does better
    order = re.findall(r'value="agent:(\w+)"', page)
    assert order == sorted(order, key=lambda name: (name != "rude", name))
    audited = installation.signed_in(Role.ADMIN).get("/v1/audit").text
    assert "team:North & <South>" in audited


def test_who_is_not_permitted_or_asks_for_what_is_not_there(installation: Installation) -> None:
    assert installation.signed_in(Role.AGENT, agent_id="a").get("/team").status_code == 403
    coach = installation.signed_in(Role.COACH)
    for of in ("team:nobody", "agent:nobody", "other:x"):
        assert coach.get("/team", params={"of": of}).status_code == 404
    assert coach.get("/team", params={"since": "yesterday"}).status_code == 422
    assert "Not enough calls yet" in coach.get("/team").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_small_charts_name_their_traits_in_whole(language: str) -> None:
    gettext = translations(language).gettext
    rate = Rate(3, 15.0, Interval(5.0, 30.0))
    rates = [LabelRate(trait.name, rate, [10.0, 20.0]) for trait in TRAITS]
    titles = [gettext(trait.title) for trait in TRAITS]
    mondays = [date(2026, 3, 2), date(2026, 3, 9)]
    svg = html.unescape(label_chart(rates, titles, mondays, "var(--star)", language))
    assert [title for title in titles if f">{title}<" not in svg] == []
