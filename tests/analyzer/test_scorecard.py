from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import ScorecardError
from analyzer.scorecard import (
    CALL_MEASURES,
    Findings,
    Scorecard,
    ScorecardResult,
    apply,
    default_scorecard,
    load,
)
from analyzer.traits import LABELS

SMALL = """\
name = "small"
revision = 3
start = 40
reach = 50

[[performance_categories]]
name = "rasmus"
from_score = 0

[[performance_categories]]
name = "kasper"
from_score = 50

[[performance_categories]]
name = "star"
from_score = 80

[[sections]]
title = "The matter"

[[sections.questions]]
id = "resolved"
text = "Was it solved?"
measure = ["resolved"]
answer_choices = [
  { answer = "no", score = 0 },
  { answer = "yes", at_least = 1, score = 6 },
]

[[sections.questions]]
id = "recovery"
text = "Was it made good?"
measure = ["recovery"]
applies_when = "failure"
answer_choices = [
  { answer = "no", score = 0 },
  { answer = "yes", at_least = 1, score = 4 },
]

[[sections]]
title = "The person"

[[sections.questions]]
id = "blame"
text = "Was the customer blamed or brushed aside?"
measure = ["blame", "dismissal"]
answer_choices = [
  { answer = "no", score = 0 },
  { answer = "yes", at_least = 1, score = -5 },
  { answer = "yes", at_least = 2, score = -12 },
  { answer = "yes", at_least = 4, score = 0, automatic_fail = true },
]
"""

Turns = Mapping[str, Sequence[int]]


@pytest.fixture
def small(tmp_path: Path) -> Scorecard:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, "utf-8")
    return load(path)


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[str], str]:
    """What `load` says of a text, without the path in front of each line."""

    def message(text: str) -> str:
        path = tmp_path / "card.toml"
        path.write_text(text, "utf-8")
        with pytest.raises(ScorecardError) as caught:
            load(path)
        return str(caught.value).replace(f"{path}", "card.toml")

    return message


def call(**known: int | None) -> dict[str, int | None]:
    return {"transfers": 0, "recovery": 0, "resolved": 0, "failure": 0, **known}


def answer(result: ScorecardResult, question: str) -> str:
    return next(a.answer for a in result.answers if a.question == question)


# --- the sum


def test_a_score_is_start_and_share_of_reach_and_what_was_lost(small: Scorecard) -> None:
    findings = Findings({"blame": [4]}, call(resolved=1, failure=1))

    result = apply(small, findings)

    assert (result.earned, result.potential, result.lost) == (6, 10, -5)
    assert result.score == 65 and result.band == "kasper"
    assert result.arithmetic == "40 + 50 × 6/10 − 5 = 65"


def test_a_question_that_does_not_apply_leaves_the_denominator(small: Scorecard) -> None:
    result = apply(small, Findings({}, call(resolved=1, failure=0)))

    assert answer(result, "recovery") == "not_applicable"
    assert (result.earned, result.potential, result.score) == (6, 6, 90)


@pytest.mark.parametrize(
    ("known", "unanswered"),
    [
        ({"resolved": None}, ["resolved"]),
        ({"failure": None}, ["recovery"]),
        ({"failure": 1, "recovery": None}, ["recovery"]),
    ],
)
def test_what_is_not_known_is_insufficient_evidence(
    small: Scorecard, known: dict[str, int | None], unanswered: list[str]
) -> None:
    result = apply(small, Findings({}, call(**known)))

    found = [a for a in result.answers if a.answer == "insufficient_evidence"]
    assert [a.question for a in found] == unanswered
    assert [(a.potential_score, a.score, a.normalized_score) for a in found] == [(0, 0, None)]


def test_unanswered_questions_leave_the_denominator(small: Scorecard) -> None:
    assert apply(small, Findings({}, call(resolved=None, failure=1))).potential == 4


def test_a_question_without_a_measure_is_left_to_a_person(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(SMALL.replace('measure = ["resolved"]\n', ""), "utf-8")

    result = apply(load(path), Findings({}, call(resolved=1)))

    assert answer(result, "resolved") == "insufficient_evidence"
    assert result.answers[0].found is None


def test_labels_of_one_question_are_added_up(small: Scorecard) -> None:
    result = apply(small, Findings({"blame": [1], "dismissal": [5]}, call()))

    assert (result.answers[2].found, result.lost) == (2, -12)


def test_a_turn_with_two_labels_is_shown_once(small: Scorecard) -> None:
    result = apply(small, Findings({"blame": [5, 3], "dismissal": [3]}, call()))

    assert result.answers[2].turns == (3, 5)


def test_an_automatic_fail_holds_the_score_down(small: Scorecard) -> None:
    result = apply(small, Findings({"blame": [1, 2, 3, 4]}, call(resolved=1)))

    assert result.automatic_fail and (result.score, result.band) == (0, "rasmus")
    assert result.arithmetic == "40 + 50 × 6/6 − 0, at most 0 (automatic fail) = 0"


def test_a_score_is_never_below_zero(small: Scorecard) -> None:
    card = small.model_copy(update={"start": 5.0})

    result = apply(card, Findings({"blame": [1, 2]}, call()))

    assert result.score == 0 and result.arithmetic == "5 + 50 × 0/6 − 12, at least 0 = 0"


def test_a_score_is_never_above_a_hundred(small: Scorecard) -> None:
    card = small.model_copy(update={"start": 80.0})

    result = apply(card, Findings({}, call(resolved=1)))

    assert result.score == 100 and result.arithmetic == "80 + 50 × 6/6 − 0, at most 100 = 100"


def test_without_points_to_earn_the_sum_has_no_share(small: Scorecard) -> None:
    result = apply(small, Findings({"blame": [1]}, call(resolved=None)))

    assert result.arithmetic == "40 − 5 = 35"


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (0, "rasmus"),
        (49.9, "rasmus"),
        (50, "kasper"),
        (79.9, "kasper"),
        (80, "star"),
        (100, "star"),
    ],
)
def test_a_band_begins_at_its_score(small: Scorecard, score: float, band: str) -> None:
    assert small.band_of(score) == band


def test_an_answer_says_what_it_could_have_been(small: Scorecard) -> None:
    solved, recovered, blamed = apply(
        small, Findings({"blame": [1]}, call(failure=1, recovery=1))
    ).answers

    assert (solved.score, solved.potential_score, solved.normalized_score) == (0, 6, 0)
    assert (recovered.score, recovered.potential_score, recovered.normalized_score) == (4, 4, 100)
    assert (blamed.score, blamed.potential_score, blamed.normalized_score) == (-5, 0, None)


def test_every_answer_of_the_machine_says_so(small: Scorecard) -> None:
    result = apply(small, Findings({}, call()))

    assert {a.source for a in result.answers} == {"SYSTEM_GENERATED"}


def test_a_result_names_its_scorecard_and_revision(small: Scorecard) -> None:
    result = apply(small, Findings({}, call()))

    assert (result.name, result.revision) == ("small", 3)


# --- the default scorecard


def default(call: Mapping[str, int | None], **turns: Sequence[int]) -> ScorecardResult:
    return apply(default_scorecard(), Findings(turns, call))


NEGATIVE = ["deflection", "blame", "reluctance", "dismissal", "sigh", "overpromise"]
POSITIVE = ["empathy", "ownership", "clarification", "proactive_tip", "satisfaction", "greeting"]


def test_every_label_but_signals_of_the_customer_counts_somewhere() -> None:
    questions = [q for section in default_scorecard().sections for q in section.questions]
    measured = {name for question in questions for name in question.measure}

    # an apology and compensation count by the recovery, a resolution by `resolved`, an announced
    # transfer by `transfers`
    by_the_call = {"apology", "compensation", "resolution", "transfer"}
    signals = {"frustration", "broken_promise", "repeat_contact", "basic_error"}
    assert set(LABELS) - measured == by_the_call | signals
    assert {"recovery", "resolved", "transfers"} <= measured


@pytest.mark.parametrize("label", NEGATIVE)
def test_what_drives_customers_away_costs(label: str) -> None:
    assert default(call(), **{label: [1]}).score < default(call()).score


@pytest.mark.parametrize("label", ["deflection", "blame", "reluctance", "dismissal", "overpromise"])
def test_repetition_costs_more(label: str) -> None:
    none, once, twice = (default(call(), **{label: range(n)}).lost for n in (0, 1, 2))

    assert none - once < once - twice


def test_being_passed_on_again_costs_more() -> None:
    lost = [default(call(transfers=n)).lost for n in range(4)]

    assert lost == sorted(lost, reverse=True) and lost[0] - lost[1] < lost[1] - lost[2]


@pytest.mark.parametrize("label", POSITIVE)
def test_what_keeps_customers_earns(label: str) -> None:
    assert default(call(), **{label: [1]}).score > default(call()).score


def test_one_kind_word_does_not_save_a_bad_call() -> None:
    bad = {"deflection": [3, 7, 11], "blame": [5], "reluctance": [9]}

    result = default(call(failure=1, transfers=2, recovery=1), **bad, empathy=[4], apology=[4])

    assert result.band == "rasmus"


def test_one_slip_does_not_make_a_star_a_rasmus() -> None:
    good = {
        "empathy": [2, 4],
        "ownership": [6],
        "follow_up": [8],
        "satisfaction": [9],
        "clarification": [3],
        "greeting": [0],
        "closing": [10],
    }

    result = default(call(failure=1, resolved=1, recovery=3), **good, reluctance=[1])

    assert result.band == "star"


def test_a_matter_solved_politely_and_no_more_is_a_kasper() -> None:
    assert default(call(resolved=1), greeting=[0], closing=[6]).band == "kasper"


def test_pushed_away_again_and_again_is_an_automatic_fail() -> None:
    good = {"empathy": [1, 2], "ownership": [3, 4], "satisfaction": [5, 6], "proactive_tip": [7]}

    result = default(call(resolved=1), **good, deflection=[1, 2, 3], blame=[4, 5, 6])

    assert result.automatic_fail and result.band == "rasmus"


# --- anyone can recompute the score


def recomputed(arithmetic: str) -> float:
    """The score that a reader of the sum arrives at."""
    sum_, _, _ = arithmetic.rpartition(" = ")
    terms, *limits = sum_.split(", ")
    score = float(eval(terms.replace("×", "*").replace("−", "-")))
    for limit in limits:
        word, bound = re.match(r"at (most|least) ([\d.]+)", limit).groups()  # type: ignore[union-attr]
        score = min(score, float(bound)) if word == "most" else max(score, float(bound))
    return score


FINDINGS = st.builds(
    Findings,
    st.dictionaries(st.sampled_from(LABELS), st.lists(st.integers(0, 40), unique=True)),
    st.fixed_dictionaries(
        {
            "transfers": st.integers(0, 6),
            "recovery": st.none() | st.integers(0, 3),
            "resolved": st.none() | st.integers(0, 1),
            "failure": st.none() | st.integers(0, 1),
        }
    ),
)


@given(FINDINGS)
def test_the_written_sum_recomputes_to_the_score(findings: Findings) -> None:
    result = apply(default_scorecard(), findings)

    assert recomputed(result.arithmetic) == pytest.approx(result.score, abs=0.051)
    assert result.arithmetic.endswith(f" = {result.score:g}")


@given(FINDINGS)
def test_the_answers_add_up_to_the_sum(findings: Findings) -> None:
    result = apply(default_scorecard(), findings)

    assert result.earned == sum(a.score for a in result.answers if a.score > 0)
    assert result.lost == sum(a.score for a in result.answers if a.score < 0)
    assert result.potential == sum(a.potential_score for a in result.answers)
    assert 0 <= result.score <= 100 and result.band == default_scorecard().band_of(result.score)


@given(FINDINGS, st.sampled_from(["deflection", "blame", "dismissal", "overpromise"]))
def test_one_more_slip_never_raises_the_score(findings: Findings, label: str) -> None:
    more = {**findings.turns, label: [*findings.turns.get(label, ()), 99]}

    worse = apply(default_scorecard(), Findings(more, findings.call))

    assert worse.score <= apply(default_scorecard(), findings).score


# --- bad files

BAD: list[tuple[str, str, str, str]] = [
    (
        "a measure that does not exist",
        'measure = ["resolved"]',
        'measure = ["politeness"]',
        r"card\.toml: line 24: sections\.0\.questions\.0\.measure: 'politeness' is nothing that is "
        r"measured; use one of: sigh, .*, failure\.",
    ),
    (
        "a misspelt key",
        'applies_when = "failure"',
        'aplies_when = "failure"',
        r"card\.toml: line 34: sections\.0\.questions\.1\.aplies_when: there is no such field; .*",
    ),
    (
        "a choice that does not exist",
        'applies_when = "failure"',
        'applies_when = "sometimes"',
        r"card\.toml: line 34: .*applies_when: .* 'always', 'failure', 'no_failure'\.",
    ),
    (
        "a missing field",
        'text = "Was it made good?"\n',
        "",
        r"card\.toml: line 30: sections\.0\.questions\.1\.text: is missing\.",
    ),
    (
        "a wrong type",
        "revision = 3",
        'revision = "three"',
        r"card\.toml: line 2: revision: must be a whole number\.",
    ),
    (
        "a start out of range",
        "start = 40",
        "start = 140",
        r"card\.toml: line 3: start: must be 100 or less\.",
    ),
    (
        "no number",
        "score = -12 }",
        "score = nan }",
        r"card\.toml: line 50: .*answer_choices\.2\.score: must be a number that is not infinite\.",
    ),
    (
        "an id with blanks",
        'id = "blame"',
        'id = "Blame them"',
        r"card\.toml: line 44: sections\.1\.questions\.0\.id: small letters, digits and _ only.*",
    ),
    (
        "an answer in a row of its own",
        '{ answer = "yes", at_least = 4,',
        '{ answer = "maybe", at_least = 4,',
        r"card\.toml: line 51: .*\.0\.answer_choices\.3\.answer: .*'yes', 'no'\.",
    ),
    (
        "steps that fall",
        "at_least = 2, score = -12",
        "at_least = 9, score = -12",
        r"card\.toml: line 47: .*answer_choices: how many are needed must begin at 0 and rise .*",
    ),
    (
        "steps that begin late",
        '{ answer = "no", score = 0 },\n  { answer = "yes", at_least = 1, score = 6 },',
        '{ answer = "yes", at_least = 1, score = 6 },',
        r"card\.toml: line 25: .*answer_choices: how many are needed must begin at 0 and rise .*",
    ),
    (
        "bands that fall",
        "from_score = 80",
        "from_score = 20",
        r"card\.toml: line 6: performance_categories\.0: the bands must begin at .*",
    ),
    (
        "an id given twice",
        'id = "blame"',
        'id = "resolved"',
        r"card\.toml: line 44: sections\.1\.questions\.0\.id: another question has the id "
        r"'resolved'; give this one its own\.",
    ),
    (
        "a band that does not exist",
        'name = "star"',
        'name = "hero"',
        r"card\.toml: line 15: performance_categories\.2\.name: .*'rasmus', 'kasper', 'star'\.",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "expected"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_mistake_is_answered_with_its_line_and_what_is_allowed(
    refused: Callable[[str], str], old: str, new: str, expected: str
) -> None:
    assert SMALL.count(old) == 1

    assert re.fullmatch(expected, refused(SMALL.replace(old, new)), re.DOTALL)


def test_every_mistake_of_a_file_is_named(refused: Callable[[str], str]) -> None:
    text = SMALL.replace("revision = 3", "revision = 0").replace("reach = 50", "reach = -1")

    lines = [": ".join(line.split(": ")[:2]) for line in refused(text).split("\n")]

    assert lines == ["card.toml: line 2", "card.toml: line 4"]


def test_choices_in_tables_of_their_own_are_counted_too(refused: Callable[[str], str]) -> None:
    text = SMALL + (
        '\n[[sections.questions]]\nid = "sigh"\ntext = "?"\nmeasure = ["sigh"]\n'
        '[[sections.questions.answer_choices]]\nanswer = "no"\nscore = 0\n'
        '[[sections.questions.answer_choices]]\nanswer = "yes"\nat_least = -1\nscore = -2\n'
    )

    (line,) = [line for line in refused(text).split("\n") if "at_least" in line]

    assert "answer_choices.1.at_least" in line
    assert text.split("\n")[int(line.split("line ")[1].split(":")[0]) - 1] == "at_least = -1"


def test_a_table_where_a_list_of_tables_belongs_is_named(refused: Callable[[str], str]) -> None:
    text = SMALL.split("[[sections]]")[0] + '[sections]\ntitle = "The matter"\n'

    line = text.split("\n").index("[sections]") + 1
    assert (
        refused(text)
        == f'card.toml: line {line}: sections: expected a list in brackets, such as ["deflection"].'
    )


def test_text_that_is_no_toml_is_named_with_its_place(refused: Callable[[str], str]) -> None:
    message = refused(SMALL.replace("start = 40", "start 40"))

    assert message.startswith("card.toml: not valid TOML: ") and "line 3" in message


def test_an_empty_file_names_what_is_required(refused: Callable[[str], str]) -> None:
    message = refused("")

    assert all(f"{name}: is missing." in message for name in ("name", "start", "sections"))


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "card.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\0")

    with pytest.raises(ScorecardError, match=r"card\.toml: cannot be read"):
        load(path)


def test_the_default_scorecard_may_use_every_measure_of_a_call(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(SMALL.replace('["resolved"]', str(list(CALL_MEASURES))), "utf-8")

    assert load(path).sections[0].questions[0].measure == CALL_MEASURES


def test_a_scorecard_cannot_be_changed(small: Scorecard) -> None:
    with pytest.raises(ValueError, match="frozen"):
        small.start = 0


def test_a_persons_answer_takes_the_place_of_the_cards_choice(small: Scorecard) -> None:
    findings = Findings({"blame": [1, 3]}, {"resolved": 0, "recovery": 0, "failure": 0})
    own = {answer.question: answer for answer in apply(small, findings).answers}
    said = {"resolved": "yes", "recovery": "yes", "blame": "not_applicable"}
    result = apply(small, findings, said)  # type: ignore[arg-type]
    theirs = {answer.question: answer for answer in result.answers}
    assert {each.source for each in own.values()} == {"SYSTEM_GENERATED"}
    assert {each.source for each in theirs.values()} == {"MANUAL_EDIT"}
    assert [theirs[name].score for name in ("resolved", "recovery", "blame")] == [6, 4, 0]
    assert (result.earned, result.potential, result.lost, result.score) == (10, 10, 0, 90)
    assert theirs["blame"].found == 2
    # of several choices with the answer, the one that the count reaches
    assert apply(small, findings, {"blame": "yes"}).lost == -12
