from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from analyzer.conversation import Conversation, RoleDecision
from analyzer.flags import FLAG_KINDS, Facts, Flag, raise_flags
from analyzer.outcome import Outcome
from analyzer.scorecard import Findings, apply, default_scorecard

Call = Callable[..., Conversation]
Raised = Callable[..., dict[str, Flag]]
GIVEN = RoleDecision("given")


@pytest.fixture
def raised(call: Call) -> Raised:
    """The flags of a call of nine turns by name; what is not given is unremarkable."""

    def make(
        turns: dict[str, list[int]] | None = None,
        *,
        handovers: tuple[int, ...] = (),
        resolved: bool = True,
        failure: bool = False,
        recovery: int = 0,
        bands: tuple[str, str] = ("kasper", "kasper"),
        roles: RoleDecision = GIVEN,
        said: Sequence[str] = ("A: nå ja det kan jeg godt",) * 9,
    ) -> dict[str, Flag]:
        known = {"resolved": int(resolved), "failure": int(failure), "recovery": recovery}
        card = apply(default_scorecard(), Findings(turns or {}, {**known, "transfers": 0}))
        facts = Facts(
            call(*said, roles=roles),
            turns or {},
            handovers,
            Outcome(resolved, failure, recovery, 0.9, 0.9),
            card,
            (40.0, 60.5),
            bands,
        )
        return {flag.name: flag for flag in raise_flags(facts)}

    return make


def test_an_unremarkable_call_has_no_flags(raised: Raised) -> None:
    assert raised() == {}


@pytest.mark.parametrize("label", ["deflection", "blame", "dismissal", "reluctance"])
def test_the_third_time_is_a_pattern(raised: Raised, label: str) -> None:
    assert raised({label: [1, 3]}) == {}

    flag = raised({label: [1, 3, 5]})[f"repeated_{label}"]
    assert flag.turns == (1, 3, 5) and "3 times" in flag.reason


def test_being_passed_on_twice_is_being_passed_around(raised: Raised) -> None:
    assert "passed_around" not in raised(handovers=(3,))

    assert raised(handovers=(3, 6))["passed_around"] == Flag(
        "passed_around", "The customer was passed on 2 times.", (3, 6)
    )


@pytest.mark.parametrize("label", ["overpromise", "broken_promise"])
def test_promises_are_flagged_with_their_turns(raised: Raised, label: str) -> None:
    assert raised({label: [2, 4]})[label].turns == (2, 4)


def test_a_failure_that_nobody_made_up_for_is_flagged_with_the_complaints(raised: Raised) -> None:
    turns = {"frustration": [5, 1], "basic_error": [1], "satisfaction": [7]}

    assert raised(turns, failure=True)["no_recovery"].turns == (1, 5)


@pytest.mark.parametrize(("failure", "recovery"), [(False, 0), (True, 1)])
def test_where_nothing_is_to_make_up_for_there_is_no_flag(
    raised: Raised, failure: bool, recovery: int
) -> None:
    assert "no_recovery" not in raised(failure=failure, recovery=recovery)


@pytest.mark.parametrize(
    ("turns", "resolved", "flagged"),
    [([2, 6, 8], False, (6, 8)), ([5], False, None), ([8], True, None)],
)
def test_a_customer_who_ends_unsolved_and_angry_is_flagged(
    raised: Raised, turns: list[int], resolved: bool, flagged: tuple[int, ...] | None
) -> None:
    flag = raised({"frustration": turns}, resolved=resolved).get("left_angry")

    assert (flag.turns if flag else None) == flagged


def test_a_star_is_worth_praising(raised: Raised) -> None:
    good = {"empathy": [1, 2], "ownership": [3, 4], "satisfaction": [5, 6], "proactive_tip": [7]}

    assert raised(good)["worth_praising"].turns == (5, 6)


def test_a_band_that_hangs_on_doubtful_findings_is_flagged(raised: Raised) -> None:
    flag = raised(bands=("rasmus", "kasper"))["uncertain_band"]

    assert "between 40 and 60.5" in flag.reason and flag.turns == ()


@pytest.mark.parametrize(
    ("roles", "flagged"),
    [
        (RoleDecision("detected", 0.79), True),
        (RoleDecision("detected", 0.8), False),
        (RoleDecision("detected"), True),
        (RoleDecision("set"), False),
        (RoleDecision("given"), False),
    ],
)
def test_a_guess_at_the_agent_that_is_not_sure_is_flagged(
    raised: Raised, roles: RoleDecision, flagged: bool
) -> None:
    assert ("uncertain_roles" in raised(roles=roles)) is flagged


def test_a_call_of_a_few_words_is_flagged_as_too_short(raised: Raised) -> None:
    assert raised(said=["A: nå", "C: ja ja"])["too_short"] == Flag(
        "too_short", "Only 3 words were said: too little to judge by.", (), "doubt"
    )


@pytest.mark.parametrize(("words", "flagged"), [(39, True), (40, False)])
def test_forty_words_of_both_sides_are_enough_to_judge_by(
    raised: Raised, words: int, flagged: bool
) -> None:
    said = ["C: ja", "S: [musik i mange lange minutter]", "A: " + "nå " * (words - 1)]

    assert ("too_short" in raised(said=said)) is flagged


def test_the_kinds_of_flags_are_in_the_order_in_which_they_press() -> None:
    assert FLAG_KINDS == ("concern", "doubt", "praise")
    assert Flag("left_angry", "Because.", ()).kind == "concern"


def test_praise_and_doubts_are_told_apart_from_concerns(raised: Raised) -> None:
    good = {"empathy": [1, 2], "ownership": [3, 4], "satisfaction": [5, 6], "proactive_tip": [7]}
    bad = {"blame": [1, 2, 3], "frustration": [8], "broken_promise": [4], "overpromise": [2]}
    guessed = RoleDecision("detected")

    praised = raised(good, bands=("kasper", "star"), roles=guessed, said=["A: nå", "C: ja"])
    worried = raised(bad, resolved=False, failure=True, handovers=(3, 6))

    assert {name: flag.kind for name, flag in praised.items()} == {
        "worth_praising": "praise",
        "too_short": "doubt",
        "uncertain_band": "doubt",
        "uncertain_roles": "doubt",
    }
    assert len(worried) == 6 and {flag.kind for flag in worried.values()} == {"concern"}


def test_conduct_comes_before_failures_ends_and_doubts(raised: Raised) -> None:
    turns = {"blame": [1, 2, 3], "broken_promise": [4], "frustration": [8]}

    names = list(raised(turns, resolved=False, failure=True, bands=("rasmus", "kasper")))

    assert names == [
        "repeated_blame",
        "broken_promise",
        "no_recovery",
        "left_angry",
        "uncertain_band",
    ]
