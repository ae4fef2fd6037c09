"""The pages of scorecards: a draft in a form, its preview, publish, compare."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from api.access import Role
from tests.api.conftest import Installation
from tests.api.pages.conftest import Site
from tests.api.test_insights import RUDE, add_calls

Opener = Callable[..., Page]


def draft_of_default(client: TestClient) -> str:
    answer = client.post("/scorecards", data=token(client) | {"of": 1}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def token(client: TestClient) -> dict[str, str]:
    return {"csrf_token": client.headers["x-csrf-token"]}


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the draft's form if nothing is changed."""
    form = page.split('id="draft"')[1].split("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", form):
        if 'type="checkbox"' not in tag:
            name, value = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value"))
            assert name and value
            fields[name[1]] = html.unescape(value[1])
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(
            r'value="([^"]*)"', options
        )
        assert chosen
        fields[name] = html.unescape(chosen[1])
    return fields


def test_a_draft_becomes_the_scorecard_in_use(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    (call,) = add_calls(installation, 1, agent_id="a", words=RUDE)
    path = draft_of_default(lead)
    fields = fields_of(lead.get(path).text) | {"q.deflection.score.1": "-33,5", "do": "keep"}
    changed = fields | {"note": "Costs more", "q.courtesy.remove": "1"}
    changed |= {"new.text": "Was there a tip?", "new.measure": "proactive_tip", "new.score": "4"}
    kept = lead.post(path, data=changed, follow_redirects=False)
    assert kept.status_code == 303, kept.text
    draft = lead.get(f"/v1{path}").json()
    questions = {own["id"]: own for part in draft["card"]["sections"] for own in part["questions"]}
    assert questions["deflection"]["answer_choices"][1]["score"] == -33.5
    assert (
        "courtesy" not in questions and questions["proactive_tip_1"]["text"] == "Was there a tip?"
    )
    assert (draft["note"], draft["state"]) == ("Costs more", "draft")

    compared = lead.get("/scorecards/compare", params={"before": 1, "after": draft["id"]}).text
    assert "-33.5" in compared and "Was there a tip?" in compared and "courtesy" in compared
    assert lead.post(f"{path}/publish", data=token(lead)).status_code == 200
    assert lead.post(path, data=fields, follow_redirects=False).status_code == 409
    lead.post(f"{path}/activate", data=token(lead))
    again = add_calls(installation, 1, agent_id="a", words=RUDE, week=1)[0]
    assert again["score"] < call["score"]
    active = [own for own in lead.get("/v1/scorecards").json() if own["state"] == "active"]
    assert [own["id"] for own in active] == [draft["id"]]


def test_a_form_that_changes_nothing_changes_nothing(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    path = draft_of_default(lead)
    before = lead.get(f"/v1{path}").json()["card"]
    lead.post(path, data=fields_of(lead.get(path).text) | {"do": "keep"})
    assert lead.get(f"/v1{path}").json()["card"] == before


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("q.deflection.score.1", "much", "Did the agent push the matter away?"),
        ("start", "1000", "Start: must be 100 or less"),
        ("from.star", "10", "Bands: the bands must begin at 0 and rise"),
        ("q.blame.at_least.2", "0", "how many are needed must begin at 0 and rise"),
        ("q.blame.text", "", "Question: must not be empty"),
        ("q.blame.text", "\0", "U+0000"),
        ("start", "nan", "Start: must be a number that is not infinite"),
        ("start", "1e999", "Start: must be a number that is not infinite"),
    ],
)
def test_mistakes_are_named_and_nothing_typed_is_lost(
    installation: Installation, field: str, value: str, said: str
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    path = draft_of_default(lead)
    fields = fields_of(lead.get(path).text) | {"q.empathy.text": "Typed by me", field: value}
    for do in ("keep", "preview"):
        answer = lead.post(path, data=fields | {"do": do})
        assert answer.status_code == 422, answer.text
        assert said in html.unescape(answer.text) and "Typed by me" in answer.text
    live = lead.post(path, data=fields | {"do": "live"})
    assert live.status_code == 200 and said in html.unescape(live.text)
    assert lead.get(f"/v1{path}").json()["card"]["start"] == 40


def test_who_may_only_read_sees_no_drafts_and_no_buttons(installation: Installation) -> None:
    lead, coach = installation.signed_in(Role.QA_LEAD), installation.signed_in(Role.COACH)
    path = draft_of_default(lead)
    page = coach.get("/scorecards").text
    assert "Draft" not in page and "New draft of it" not in page
    assert coach.get(path).status_code == 404
    assert coach.post("/scorecards", data=token(coach) | {"of": 1}).status_code == 403
    assert "On your last calls" not in coach.get("/scorecards/1").text


def test_the_preview_follows_what_is_typed(site: Site, open_page: Opener) -> None:
    page = open_page("/scorecards", Role.QA_LEAD)
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.get_by_role("button", name="New draft of it").first.click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("0 would change band")
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.get_by_label("Start", exact=True).fill("0")
    expect(preview).not_to_contain_text("0 would change band")
    expect(preview.get_by_role("heading", name="Calls that change most")).to_be_visible()
    page.get_by_label("Start", exact=True).fill("1000")
    expect(preview).to_contain_text("Something is not right yet")
    page.get_by_role("button", name="Remove the draft").click()
    expect(page).to_have_url(f"{site.url}/scorecards")


def test_a_draft_can_be_edited_without_scripts(site: Site, open_page: Opener) -> None:
    page = open_page(
        "/scorecards", Role.QA_LEAD, java_script_enabled=False,
        viewport={"width": 390, "height": 844}, color_scheme="dark",
    )  # fmt: skip
    page.get_by_role("button", name="New draft of it").first.click()
    page.get_by_label("Title", exact=True).fill("Another title")
    page.get_by_role("button", name="Try it on the last calls").first.click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Another title")
    page.get_by_role("button", name="Keep the draft").click()
    expect(page.get_by_role("status")).to_contain_text("The draft is kept.")
    page.get_by_role("button", name="Remove the draft").click()
