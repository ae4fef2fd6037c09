"""One call in the browser: read, judge, release, object, resolve."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from api.access import Role
from tests.api.pages.conftest import Site

Opener = Callable[..., Page]


def test_the_call_shows_its_evidence_in_place(site: Site, open_page: Opener) -> None:
    page = open_page(f"/calls/{site.uid('da-dishwasher-seventh-time')}")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".said").first).to_have_attribute("lang", "da")
    sigh = page.locator("button.tag", has_text="Sigh").first
    sigh.click()
    shown = page.locator(".finding:popover-open")
    expect(shown).to_contain_text("stated in the transcript")
    expect(shown.locator("q").first).to_have_text("[suk]")
    expect(page.locator(".arithmetic").first).to_contain_text("40 + 60 ×")
    page.keyboard.press("Escape")
    page.locator(".strip a", has=page.locator(".mark.p-rasmus")).first.click()
    assert "#c-t" in page.url


def test_words_of_a_call_are_never_markup(site: Site, open_page: Opener) -> None:
    page = open_page(f"/calls/{site.uid('second-contact')}")
    assert page.title() == "second-contact · Kasper"
    expect(page.locator("#c-t1 .said")).to_contain_text('<script>document.title="hacked"</script>')


def test_a_finding_is_judged_by_keys_and_taken_back(site: Site, open_page: Opener) -> None:
    page = open_page(f"/calls/{site.uid('en-boiler-blame')}")
    page.keyboard.press("j")
    shown = page.locator(".finding:popover-open")
    expect(shown).to_be_visible()
    number = shown.get_attribute("id")
    page.keyboard.press("x")
    tag = page.locator(f'[popovertarget="{number}"]')
    expect(tag).to_contain_text("rejected")
    expect(tag).to_be_focused()
    tag.click()
    page.locator(".finding:popover-open").get_by_role("button", name="Take back").click()
    expect(tag).not_to_contain_text("rejected")
    page.keyboard.press("a")
    expect(tag).to_contain_text("✓")


def test_words_are_selected_and_become_a_finding(site: Site, open_page: Opener) -> None:
    page = open_page(f"/calls/{site.uid('second-contact')}")
    page.evaluate(
        """() => {
          const words = [...document.querySelectorAll('#c-t1 .w')];
          const word = words.find((each) => each.textContent.includes('about the parcel again'));
          const at = word.textContent.indexOf('about the parcel again');
          getSelection().setBaseAndExtent(
            word.firstChild, at, word.firstChild, at + 'about the parcel again'.length);
        }"""
    )
    page.locator(".floating-add").click()
    form = page.locator("#add")
    expect(form.locator("[name=words]")).to_have_value("about the parcel again")
    expect(form.locator("[name=turn]")).to_have_value("1")
    form.locator("[name=label]").select_option("repeat_contact")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#c-t1 button.tag", has_text="Repeat contact")).to_contain_text("+")
    expect(page.locator("#heard")).to_have_text("The finding is added.")


def test_without_scripts_everything_can_be_said_by_forms(site: Site, open_page: Opener) -> None:
    page = open_page(f"/calls/{site.uid('en-gym-refund')}", java_script_enabled=False)
    page.locator("#add-button").click()
    form = page.locator("#add")
    turn = page.locator(".turn.r-customer").first
    words = turn.locator(".w").first.text_content() or ""
    form.locator("[name=turn]").fill(turn.get_attribute("data-turn") or "")
    form.locator("[name=words]").fill(words.strip()[:12])
    form.locator("[name=label]").select_option("basic_error")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("p.said-once").first).to_have_text("The finding is added.")
    page.locator("#findings > summary").click()
    row = page.locator("#findings tr", has_text="Basic error").first
    expect(row).to_contain_text("added it – Coach")
    page.locator("#findings form button[value=disagree]").first.click()
    expect(page.locator("#findings tr.is-rejected")).to_have_count(1)


def test_an_answer_and_a_band_of_a_person_stand_beside_the_machines(
    site: Site, open_page: Opener
) -> None:
    page = open_page(f"/calls/{site.uid('nb-gym-contract')}")
    form = page.locator("details.answer-form").first
    form.locator("summary").click()
    form.locator("select").select_option("not_applicable")
    form.locator("[name=reason]").fill("Nobody asked for it.")
    form.get_by_role("button", name="Save").click()
    first = page.locator(".questions tr[class^=w-]").first
    expect(first).to_contain_text("by a person")
    expect(first).to_contain_text("machine:")
    expect(first).to_contain_text("Nobody asked for it.")
    expect(page.locator("#score")).to_contain_text("The machine alone")
    band = page.locator("#score > details.answer-form")
    band.locator("summary").click()
    band.locator("select").select_option("star")
    band.locator("[name=reason]").fill("The customer was delighted.")
    band.get_by_role("button", name="Save").click()
    expect(page.locator(".call-title .badge")).to_have_text("Star")
    expect(page.locator(".call-head")).to_contain_text("The machine said")


def test_review_release_objection_and_its_resolution(site: Site, open_page: Opener) -> None:
    uid = site.uid("first-contact")
    agent = open_page("/calls", Role.AGENT)
    expect(agent.locator("h2")).to_have_text("No calls yet")
    coach = open_page(f"/calls/{uid}")
    coach.keyboard.press("d")
    expect(coach.locator(".call-title .pill")).to_have_text("Reviewed")
    coach.get_by_role("button", name="Show to the agent").click()
    expect(coach.locator(".call-title .pill")).to_have_text("Released")

    agent.reload()
    agent.get_by_role("link", name="first-contact").click()
    assert agent.locator("form[action$='/findings']").count() == 0
    agent.get_by_text("I do not agree with this").click()
    agent.locator("#dispute-reason").fill("Turn 2: I did give them the number of the shop.")
    agent.get_by_role("button", name="Send the objection").click()
    expect(agent.locator(".dispute")).to_contain_text("Turn 2: I did give them the number")

    lead = open_page("/queue", Role.QA_LEAD)
    lead.get_by_role("link", name="1 call is disputed by its agent").click()
    lead.get_by_role("link", name="first-contact").click()
    lead.locator("[name=resolution]").fill("The words push the matter away all the same.")
    lead.get_by_role("button", name="Reject").click()
    expect(lead.locator(".dispute h2")).to_have_text("Objection rejected")
    agent.reload()
    expect(agent.locator(".dispute")).to_contain_text("push the matter away all the same")


def test_a_form_that_cannot_be_taken_says_why_and_keeps_the_page(
    site: Site, open_page: Opener
) -> None:
    page = open_page(f"/calls/{site.uid('en-airline-bag')}")
    page.keyboard.press("+")
    form = page.locator("#add")
    form.locator("[name=turn]").fill("0")
    form.locator("[name=words]").fill("words that nobody said")
    form.locator("[name=label]").select_option("greeting")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#heard")).to_contain_text("These words do not stand in that turn.")
    expect(form.locator("[name=words]")).to_have_value("words that nobody said")


def test_earlier_calls_of_the_customer_are_near(site: Site, open_page: Opener) -> None:
    page = open_page(f"/calls/{site.uid('second-contact')}")
    expect(page.locator(".earlier")).to_contain_text("first-contact")
