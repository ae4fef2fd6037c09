"""The pages of promises and of customers: the story of the trampoline, for people."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.api.pages.conftest import Site

Opener = Callable[..., Page]
APRIL = "since=2026-04-01&until=2026-04-30"


def test_a_promise_leads_to_the_words_of_both_sides(site: Site, open_page: Opener) -> None:
    page = open_page(f"/promises?{APRIL}&state=broken", java_script_enabled=False)
    promise = page.locator(".promise").filter(has_text="by Thursday 16 Apr 2026")
    expect(promise).to_contain_text("Over-promise · firmly")
    expect(promise).to_contain_text("8 days after the promised one")
    made, settled = promise.locator("a.words").all()
    expect(made).to_contain_text("Det garanterer jeg")
    settled.click()
    expect(page).to_have_url(f"{site.url}/calls/{site.uid('nb-trampoline-3')}#c-t6")
    expect(page.locator("#c-t6")).to_contain_text("torsdag den sekstende")
    page.get_by_role("link", name="The whole journey of this customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customer customer-trampoline")


def test_the_filters_work_without_scripts(site: Site, open_page: Opener) -> None:
    page = open_page(f"/promises?{APRIL}", java_script_enabled=False)
    everything = page.locator(".promise").count()
    page.get_by_label("How firmly").select_option("Firmly")
    page.get_by_role("button", name="Show").click()
    assert 0 < page.locator(".promise").count() < everything
    page.get_by_role("navigation", name="What became of it").get_by_text("Kept").click()
    assert "firmness=firm" in page.url and "state=kept" in page.url
    expect(page.get_by_text("No promise matches")).to_be_visible()
    page.get_by_role("link", name="All promises of these days").click()
    assert page.locator(".promise").count() == everything


def test_without_calls_it_says_what_is_needed(site: Site, open_page: Opener) -> None:
    for path in ("/promises", "/customers"):
        page = open_page(f"{path}?since=2020-01-06&until=2020-02-02")
        expect(page.get_by_text("started_at")).to_be_visible()
        assert page.locator(".figure, .promise").count() == 0


def test_a_journey_reads_as_a_story(site: Site, open_page: Opener) -> None:
    page = open_page(f"/customers?{APRIL}", java_script_enabled=False)
    page.get_by_role("link", name="customer-trampoline").click()
    steps = page.locator(".story > li")
    assert steps.count() == 3
    expect(steps.nth(0)).to_contain_text("Promised firmly, by Friday 10 Apr 2026")
    expect(steps.nth(1)).to_contain_text("4 days later")
    expect(steps.nth(1)).to_contain_text("Broken what was promised on 9 Apr 2026")
    expect(steps.nth(2)).to_contain_text("11 days later")
    expect(page.get_by_text("Not made good")).to_be_visible()
    assert page.locator(".told .state.bad").count() >= 3
    # three promises that one sentence says were broken: their words stand there once
    words = steps.nth(2).locator("a.words").all_inner_texts()
    assert len(words) == len(set(words)) < steps.nth(2).locator(".state.bad").count()
    way = page.get_by_role("navigation", name="Main").locator("[aria-current]")
    expect(way).to_have_text("Promises")


def test_ways_lead_to_the_journey(site: Site, open_page: Opener) -> None:
    page = open_page("/calls?customer_id=customer-trampoline")
    page.get_by_role("link", name="The journey of this customer").click()
    expect(page.locator(".story > li")).to_have_count(3)
    page.get_by_role("link", name="In the list of calls").click()
    assert page.locator(".list-of-calls tbody tr").count() == 3
