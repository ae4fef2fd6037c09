"""Calibrations in the browser: start one, review blind, compare; also without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from api.access import Role
from tests.api.conftest import Installation
from tests.api.pages.conftest import Site
from tests.api.reviewing import member, stored

Opener = Callable[..., Page]


def start(open_page: Opener, name: str, uid: str, **options: bool) -> str:
    """The path of a new session of the coach and the QA lead about one call.

    The call is chosen by the address: the form lists the newest only, and other tests add calls.
    """
    page = open_page(f"/calibrations/new?calls={uid}", Role.QA_LEAD, **options)
    page.get_by_label("Name").fill(name)
    for person in ("Coach", "Qa Lead"):
        page.get_by_role("checkbox", name=person).check()
    page.get_by_role("button", name="Start the calibration").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    return page.url


def answer_and_finish(page: Page, answer: str, reason: str) -> None:
    page.get_by_label("Was the customer's matter solved", exact=False).first.select_option(answer)
    page.get_by_label("Why: Was the customer's matter solved", exact=False).fill(reason)
    page.get_by_role("button", name="Keep them, and done with this call").click()


def test_from_start_to_comparison_without_scripts(site: Site, open_page: Opener) -> None:
    no_scripts = {"java_script_enabled": False}
    path = start(open_page, "Blinking routers", site.uid("blind-1"), **no_scripts)

    coach = open_page("/calibrations", Role.COACH, **no_scripts)
    session = coach.locator("li", has_text="Blinking routers")
    session.get_by_role("link", name="Review your last call").click()
    expect(coach.get_by_text("call 1 of 1")).to_be_visible()
    assert coach.locator("button.tag").count() == 0, "what the machine found is not shown"
    coach.get_by_role("button", name="Add a finding").click()
    coach.get_by_label("Turn", exact=True).fill("2")
    coach.get_by_label("Its words, copied exactly").fill("That is not our department.")
    coach.get_by_label("What they show").select_option("deflection")
    coach.get_by_role("button", name="Add", exact=True).click()
    expect(coach.locator("#c-t2 button.tag")).to_contain_text("Deflection")
    answer_and_finish(coach, "no", "Sent away")
    expect(coach.get_by_text("You are done with all calls")).to_be_visible()
    assert coach.goto(f"{path}/comparison").status == 409  # type: ignore[union-attr]

    lead = open_page(path, Role.QA_LEAD, **no_scripts)
    lead.get_by_role("link", name="Review your last call").click()
    expect(lead.get_by_text("You are the last.")).to_be_visible()
    assert "Sent away" not in lead.content() and lead.locator("button.tag").count() == 0
    answer_and_finish(lead, "insufficient_evidence", "")
    expect(lead.get_by_text("the calibration is closed")).to_be_visible()
    differ = lead.locator(".compared > .apart")
    expect(differ).to_contain_text("Deflection, turn 2")
    expect(differ).to_contain_text("Coach That is not our department.")
    expect(differ).to_contain_text("Not found by: ")
    expect(differ).to_contain_text("Coach No Sent away")
    expect(differ).to_contain_text("Qa Lead Not known")
    expect(lead.get_by_role("group", name="Scores of blind-1")).to_contain_text("40 + 60 ×")


def test_keys_do_what_the_mouse_does(site: Site, open_page: Opener) -> None:
    start(open_page, "By keys", site.uid("blind-2"))
    page = open_page("/calibrations", Role.COACH)
    page.locator("li", has_text="By keys").get_by_role("link", name="Review your last").click()
    page.get_by_label("Was the customer seen?", exact=True).select_option("no")
    page.evaluate(
        """() => {
          const word = document.querySelector('#c-t4 .w').firstChild;
          getSelection().setBaseAndExtent(word, 7, word, 25);
        }"""
    )
    page.keyboard.press("+")
    page.get_by_label("What they show").select_option("deflection")
    page.get_by_label("Why (may stay empty)").press("Enter")
    expect(page.locator("#c-t4 button.tag")).to_be_visible()
    # what was answered and not yet kept is still there
    expect(page.get_by_label("Was the customer seen?", exact=True)).to_have_value("no")
    page.keyboard.press("j")
    expect(page.locator(".finding:popover-open")).to_contain_text("cannot do anything")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.get_by_text("You are done with all calls")).to_be_visible()
    lead = open_page(page.url, Role.QA_LEAD)
    lead.get_by_role("link", name="Close it").click()
    expect(lead.get_by_text("Qa Lead is done with 0 of 1.")).to_be_visible()
    lead.get_by_role("button", name="Close and compare").click()
    expect(lead.get_by_role("heading", name="How far you agree")).to_be_visible()
    assert "Qa Lead" not in lead.locator(".compared").inner_text()


def test_choices_are_kept_while_one_looks_for_calls(site: Site, open_page: Opener) -> None:
    page = open_page("/calibrations/new?language=sv", Role.QA_LEAD)
    page.get_by_label("Name").fill("April")
    page.get_by_role("checkbox", name="Coach").check()
    page.get_by_role("checkbox", name="sv-pet-shop").check()
    expect(page.get_by_role("checkbox", name="sv-lift-button")).to_be_visible()
    page.get_by_label("Language", exact=True).last.select_option("da")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Name")).to_have_value("April")
    expect(page.get_by_role("checkbox", name="Coach")).to_be_checked()
    expect(page.get_by_role("checkbox", name="sv-pet-shop")).to_be_checked()
    assert page.get_by_role("checkbox", name="sv-lift-button").count() == 0
    assert "csrf" not in page.url


def test_what_is_missing_is_named_and_nothing_is_lost(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    member(installation, Role.COACH)
    uid = stored(lead)
    token = {"csrf_token": lead.headers["x-csrf-token"]}
    answer = lead.post("/calibrations", data=token | {"name": " ", "calls": [uid]})
    assert answer.status_code == 422
    assert "Give it a name" in answer.text and "at least two people" in answer.text
    assert f'value="{uid}" checked' in answer.text


def test_who_may_what(installation: Installation) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    coach, coach_id = member(installation, Role.COACH)
    other = installation.signed_in(Role.COACH)
    body = {"name": "x", "calls": [stored(lead)], "members": [lead_id, coach_id]}
    path = lead.post("/v1/calibrations", json=body).headers["location"].removeprefix("/v1")
    html = {"accept": "text/html"}
    assert other.get(path, headers=html).status_code == 404
    assert "When a QA lead asks you" in other.get("/calibrations").text
    for hidden in ("/calibrations/new", f"{path}/close"):
        assert coach.get(hidden, headers=html).status_code == 403
    assert "Close it" not in coach.get(path).text and "Close it" in lead.get(path).text
    call = f"{path}/calls/{body['calls'][0]}"  # type: ignore[index]
    page = coach.get(call).text
    assert "data-finding" not in page and "probability" not in page


@pytest.mark.parametrize("answer", ["perhaps", "no\0"])
def test_answers_that_there_are_not(installation: Installation, answer: str) -> None:
    lead, lead_id = member(installation, Role.QA_LEAD)
    _, coach_id = member(installation, Role.COACH)
    uid = stored(lead)
    body = {"name": "x", "calls": [uid], "members": [lead_id, coach_id]}
    path = lead.post("/v1/calibrations", json=body).headers["location"].removeprefix("/v1")
    token = {"csrf_token": lead.headers["x-csrf-token"]}
    sent = lead.post(f"{path}/calls/{uid}/answers", data=token | {"answer.resolved": answer})
    assert sent.status_code == 422
    # answered, changed and emptied again
    for value in ("no", "yes", ""):
        lead.post(f"{path}/calls/{uid}/answers", data=token | {"answer.resolved": value})
        said = lead.get(f"/v1{path}/calls/{uid}").json()["said"]
        assert [own["answer"] for own in said] == ([value] if value else [])
