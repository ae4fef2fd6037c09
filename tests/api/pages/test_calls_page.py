"""The list of calls: filters, search, order and place stand in its address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from api.access import Role
from tests.api.conftest import Installation

Opener = Callable[..., Page]


def test_filters_and_search_make_the_address(open_page: Opener) -> None:
    page = open_page("/calls", java_script_enabled=False)
    page.locator("#f-search").fill('"not my department"')
    page.locator(".more > summary").click()
    page.locator("#f-label").select_option("deflection")
    page.locator("#f-since").fill("2026-03-02")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith(
        "/calls?search=%22not+my+department%22&label=deflection&since=2026-03-02"
    )
    expect(page.locator("tbody th a")).to_have_text(["first-contact"])
    page.get_by_role("link", name="Clear all").click()
    assert page.locator("tbody tr").count() == 30
    page.get_by_role("link", name="More calls").click()
    expect(page.get_by_role("link", name="From the start")).to_be_visible()


def test_order_and_filter_hold_from_page_to_page(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    for number in range(33):
        turns = [
            {"role": "agent", "text": f"Support, this is call {number}, how can I help you?"},
            {"role": "customer", "text": "My parcel never came and I am so tired of this."},
        ]
        call = {"id": f"c-{number:02}", "queue": "parcels", "language": "en", "turns": turns}
        assert client.post("/v1/calls", json=call).status_code == 201
    first = client.get("/calls?queue=parcels&sort=occurred_at").text
    assert "33 calls" in first and ">c-00<" in first and ">c-32<" not in first
    beyond = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert beyond.startswith("/calls?queue=parcels&sort=occurred_at&cursor=")
    last = client.get(beyond).text
    assert ">c-32<" in last and ">c-00<" not in last and 'rel="next"' not in last


@pytest.mark.parametrize(
    ("address", "tidied"),
    [
        ("/calls?band=&queue=&search=", "/calls"),
        ("/calls?band=star&since=&sort=", "/calls?band=star"),
    ],
)
def test_empty_fields_leave_the_address(
    installation: Installation, address: str, tidied: str
) -> None:
    answer = installation.signed_in(Role.COACH).get(address, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, tidied)


@pytest.mark.parametrize("query", ["band=green", "since=yesterday", "cursor=x", "sort=worst"])
def test_an_address_with_a_mistake_is_a_page_that_says_so(
    installation: Installation, query: str
) -> None:
    answer = installation.signed_in(Role.COACH).get(f"/calls?{query}")
    assert answer.status_code == 422 and "<h1>Something is not right</h1>" in answer.text
    assert query.split("=")[0] in answer.text


def test_nothing_in_an_address_is_markup(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    for name in ("flag", "queue", "agent_id", "customer_id", "search", "job"):
        page = client.get("/calls", params={name: "<b onclick=x>100%</b> %(a)s"})
        assert page.status_code == 200 and "<b onclick" not in page.text
    assert "<b onclick" not in client.get("/<b onclick=x>").text


def test_no_calls_and_no_match_say_what_to_do(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    assert "No calls yet" in client.get("/calls").text
    assert "No call matches" in client.get("/calls?search=zzz").text
    assert "Your calls appear here" in installation.signed_in(Role.AGENT).get("/calls").text
