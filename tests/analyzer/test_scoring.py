from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.classifier import Classifier, default_classifier
from analyzer.conversation import PLACEHOLDER, Conversation, Role, Turn
from analyzer.errors import TranscriptError
from analyzer.metrics import Skipped
from analyzer.report import Report, to_dict, to_json
from analyzer.scorecard import load
from analyzer.scoring import score
from analyzer.tokens import MAX_WORDS
from analyzer.traits import LABELS

Call = Callable[..., Conversation]
Phrases = Callable[..., Classifier]

FOUND = {
    "hvad kan jeg hjælpe": ("greeting", 0.97),
    "ikke mit bord": ("deflection", 0.93),
    "stiller dig om": ("transfer", 0.8),
    "beklager jeg": ("apology", 0.9),
    "tredje gang": ("repeat_contact", 0.55),
    "for dårligt": ("frustration", 0.7),
    "sender en ny": ("resolution", 0.58),
    "dejligt": ("satisfaction", 0.88),
}
CALL = (
    "A: Velkommen, hvad kan jeg hjælpe med?",
    "C: Det er tredje gang, og det er for dårligt.",
    "A: [suk] Det er ikke mit bord, jeg stiller dig om.",
    "S: [viderestillet]",
    "A2: Det beklager jeg, jeg sender en ny.",
    "C: Hvor er det dejligt.",
)


@pytest.fixture(scope="module")
def report(call: Call, phrases: Phrases) -> Report:
    return score(call(*CALL, id="c-7", language="da-DK"), classifier=phrases(FOUND, 0.9, 0.8))


def test_the_evidence_is_what_was_found_in_the_order_of_the_call(report: Report) -> None:
    assert [(e.turn, e.label, e.text) for e in report.evidence] == [
        (0, "greeting", "hvad kan jeg hjælpe"),
        (1, "repeat_contact", "tredje gang"),
        (1, "frustration", "for dårligt"),
        (2, "sigh", "[suk]"),
        (2, "deflection", "ikke mit bord"),
        (2, "transfer", "stiller dig om"),
        (4, "apology", "beklager jeg"),
        (4, "resolution", "sender en ny"),
        (5, "satisfaction", "dejligt"),
    ]


def test_the_counts_are_turns_per_label(report: Report) -> None:
    ones = {e.label for e in report.evidence}

    assert report.counts == {label: int(label in ones) for label in LABELS}


def test_announced_and_carried_out_is_one_transfer(report: Report) -> None:
    assert report.transfers == 1 and report.metrics.transfers == 1


def test_the_outcome_is_that_of_the_classifier_with_the_step_of_recovery(report: Report) -> None:
    assert report.outcome is not None
    assert (report.outcome.resolved, report.outcome.failure, report.outcome.recovery) == (
        True,
        True,
        1,
    )


def test_the_score_is_the_sum_of_the_scorecard(report: Report) -> None:
    assert report.scorecard is not None
    assert (report.score, report.band) == (report.scorecard.score, report.scorecard.band)


def test_the_answers_rest_on_the_turns_of_the_call(report: Report) -> None:
    assert report.scorecard is not None
    turns = {answer.question: answer.turns for answer in report.scorecard.answers}

    assert (turns["deflection"], turns["tone"], turns["satisfaction"]) == ((2,), (2,), (5,))


def test_the_language_is_brought_to_one_form(report: Report) -> None:
    assert report.conversation.language == "da"


def test_the_report_names_the_model(report: Report) -> None:
    assert report.model.name == "phrases"


def test_only_what_needs_times_or_the_length_of_a_hold_is_skipped(report: Report) -> None:
    others = [s for s in report.skipped_analysis if s.reason_code != "NO_TIMESTAMPS"]

    assert others == [Skipped("hold_time", "NO_HOLD_LENGTH")]


@pytest.mark.parametrize(("more", "cut"), [(-1, False), (0, True), (1, True)])
def test_a_turn_of_more_words_than_are_read_is_named(
    call: Call, phrases: Phrases, more: int, cut: bool
) -> None:
    report = score(call("A: hej", "C: " + "ja " * (MAX_WORDS + more)), classifier=phrases({}))

    assert (Skipped("evidence", "TURN_TOO_LONG") in report.skipped_analysis) is cut


def test_words_late_in_a_long_turn_are_found(call: Call, phrases: Phrases) -> None:
    filler = "og så videre " * 167  # 501 words
    conversation = call("C: hvor er min pakke", f"A: {filler}det er ikke mit bord", language="da")

    (found,) = score(conversation, classifier=phrases(FOUND)).evidence

    assert (found.label, found.turn, found.text) == ("deflection", 1, "ikke mit bord")
    assert found.start > len(filler)


def test_the_range_leaves_out_doubtful_findings_for_and_against(
    call: Call, phrases: Phrases
) -> None:
    classifier = phrases({"for": ("empathy", 0.55), "imod": ("blame", 0.55)}, 0.9, 0.1)

    def of(*lines: str) -> float:
        return score(call(*lines, "C: ja"), classifier=classifier).score or 0

    both = score(call("A: for", "A: imod", "C: ja"), classifier=classifier)

    assert both.score_range == (of("A: nå", "A: imod"), of("A: for", "A: nå"))
    assert both.score_range[0] < (both.score or 0) < both.score_range[1]


def test_sure_findings_leave_no_range(call: Call, phrases: Phrases) -> None:
    classifier = phrases({"for": ("empathy", 0.6), "imod": ("blame", 0.9)}, 0.9, 0.1)

    report = score(call("A: for", "A: imod", "C: ja"), classifier=classifier)

    assert report.score_range == (report.score, report.score)


def test_a_band_within_the_range_is_flagged_as_uncertain(call: Call, phrases: Phrases) -> None:
    doubtful = {f"slip {n}": ("deflection", 0.55) for n in range(4)}
    lines = [f"A: slip {n}" for n in range(4)]

    report = score(
        call("A: ja", "C: tak", *lines), classifier=phrases(doubtful, resolved=0.9, failure=0.1)
    )

    assert "uncertain_band" in [flag.name for flag in report.flags]


def test_detected_roles_are_in_the_report(call: Call, phrases: Phrases) -> None:
    report = score(call("?x: goddag velkommen", "?y: hallo der"), classifier=phrases({}))

    assert [turn.role for turn in report.conversation.turns] == ["agent", "customer"]
    assert report.conversation.roles.method == "detected"


def test_the_user_may_say_who_the_agent_is(call: Call, phrases: Phrases) -> None:
    conversation = call("?x: goddag velkommen", "?y: hallo der")

    report = score(conversation, classifier=phrases({}), agent_speaker="y")

    assert [turn.role for turn in report.conversation.turns] == ["customer", "agent"]


def test_a_speaker_who_does_not_exist_is_an_error_of_the_call(call: Call, phrases: Phrases) -> None:
    with pytest.raises(TranscriptError, match="nobody in call c-1 is called 'z'"):
        score(call("?x: a", "?y: b"), classifier=phrases({}), agent_speaker="z")


def test_the_user_may_say_the_language(call: Call, phrases: Phrases) -> None:
    conversation = call("A: hello there, how are you", "C: fine thank you", language="en")

    assert (
        score(conversation, classifier=phrases({}), language="sv-SE").conversation.language == "sv"
    )


def test_another_scorecard_may_be_used(call: Call, phrases: Phrases, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(
        'name = "mine"\nrevision = 9\nstart = 50\nreach = 0\n'
        'performance_categories = [{ name = "star", from_score = 0 }]\n'
        '[[sections]]\ntitle = "All"\n[[sections.questions]]\nid = "blame"\ntext = "?"\n'
        'measure = ["blame"]\nanswer_choices = [{ answer = "no", score = 0 }]\n',
        "utf-8",
    )

    report = score(call(*CALL), classifier=phrases(FOUND), scorecard=load(path))

    assert report.scorecard is not None
    assert (report.scorecard.name, report.score, report.band) == ("mine", 50, "star")


UNSCORED = ["counts", "outcome", "score", "score_range", "band", "scorecard"]


@pytest.mark.parametrize(
    ("lines", "language", "reason"),
    [
        (("A: hallo", "C: guten Tag"), "de", "LANGUAGE_NOT_SUPPORTED"),
        (("A: hallo", "A: er der nogen?"), "da", "ONE_SIDE_ONLY"),
        (("C: hallo?",), "da", "ONE_SIDE_ONLY"),
        (("A: hallo", "C:  "), "da", "ONE_SIDE_ONLY"),
        (("S: [musik]",), "da", "ONE_SIDE_ONLY"),
        ((), "da", "ONE_SIDE_ONLY"),
    ],
)
def test_a_call_that_cannot_be_judged_has_no_score_but_a_reason(
    call: Call, phrases: Phrases, lines: tuple[str, ...], language: str, reason: str
) -> None:
    report = score(call(*lines, language=language), classifier=phrases({}))

    judged = [getattr(report, name) for name in ("evidence", "flags", *UNSCORED)]
    assert judged == [(), (), *[None] * len(UNSCORED)]
    reasons = {s.feature: s.reason_code for s in report.skipped_analysis}
    assert {reasons[feature] for feature in ["evidence", *UNSCORED]} == {reason}


def test_handovers_are_known_without_a_score(call: Call, phrases: Phrases) -> None:
    report = score(call("A: hallo", "A2: guten Tag", language="de"), classifier=phrases({}))

    assert report.transfers == report.metrics.transfers == 1
    assert "transfers" not in {skipped.feature for skipped in report.skipped_analysis}


def test_a_detected_language_that_is_not_analysed_is_named(call: Call, phrases: Phrases) -> None:
    report = score(
        call(
            "A: Guten Tag, was kann ich für Sie tun?",
            "C: Ich warte seit drei Wochen auf meine Bestellung, das ist wirklich schlecht.",
        ),
        classifier=phrases({}),
    )

    assert report.conversation.language == "de" and report.score is None


@pytest.mark.parametrize("lines", [("A: ja", "C: ok"), ("A: ja",)])
def test_too_little_text_for_a_language_says_so(
    call: Call, phrases: Phrases, lines: tuple[str, ...]
) -> None:
    report = score(call(*lines), classifier=phrases({}))

    assert report.conversation.language is None
    assert Skipped("language", "TOO_LITTLE_TEXT") in report.skipped_analysis


def test_a_short_call_without_a_language_is_scored_all_the_same(
    call: Call, phrases: Phrases
) -> None:
    assert score(call("A: ja", "C: ok"), classifier=phrases({})).score is not None


def test_the_conversation_given_is_left_as_it_was(call: Call, phrases: Phrases) -> None:
    conversation = call("?x: goddag", "?y: hallo")

    score(conversation, classifier=phrases({}))

    assert conversation == call("?x: goddag", "?y: hallo")


PIECES = st.sampled_from(
    [
        "det er ikke mit område, det må du tage med butikken",
        "jag beklagar verkligen, det var vårt fel",
        "I'll put you through",
        "[suk]",
        "det er tredje gang jeg ringer",
        "tusind tak, du er en engel",
        "hvorfor har du ikke læst det?",
        "ja",
        "🙃",
        "",
    ]
)
ROLES: st.SearchStrategy[Role] = st.sampled_from(["agent", "customer", "system", "unknown"])
TURNS = st.builds(Turn, st.lists(PIECES, max_size=3).map(". ".join), ROLES)


@given(st.lists(TURNS, max_size=8))
def test_the_range_contains_the_score_whatever_the_call(turns: list[Turn]) -> None:
    report = score(Conversation("c-1", tuple(turns)), classifier=default_classifier())

    if report.score is not None and report.score_range is not None:
        low, high = report.score_range
        assert 0 <= low <= report.score <= high <= 100
    else:
        assert "score" in {skipped.feature for skipped in report.skipped_analysis}


def test_the_same_call_gets_the_same_report(call: Call) -> None:
    assert to_json(score(call(*CALL))) == to_json(score(call(*CALL)))


def test_the_published_model_and_scorecard_tell_a_rasmus_from_a_star(call: Call) -> None:
    rasmus = score(
        call(
            "A: Ja.",
            "C: Hej, det er tredje gang jeg ringer om min pakke. I lovede, den kom i fredags.",
            "A: Det er ikke mit område, det må du tage med butikken.",
            "C: Butikken siger, at det er jer. Det er simpelthen for dårligt.",
            "A: Det kan jeg ikke gøre noget ved. Så skulle du have læst vilkårene.",
            "C: Det har jeg altså gjort.",
            "A: Ja ja, det har ingen andre klaget over. Det må du tage med butikken.",
            "C: Tak for ingenting.",
        )
    )
    star = score(
        call(
            "A: Goddag, du taler med Mette fra kundeservice, hvad kan jeg hjælpe dig med?",
            "C: Hej, det er tredje gang jeg ringer om min pakke. I lovede, den kom i fredags.",
            "A: Det må du undskylde, det er vores fejl. Det kan jeg godt forstå er frustrerende.",
            "C: Ja, det er det altså.",
            "A: Jeg tager den herfra. Jeg har sendt en ny pakke til dig og betalt fragten retur.",
            "C: Nej, hvor er det dejligt. Tusind tak, du er en engel.",
            "A: Jeg ringer til dig i morgen inden tolv og hører, om den er kommet.",
            "C: Hvor er det sødt af dig, tak.",
            "A: Selv tak for din tålmodighed, og hav en rigtig god dag.",
        )
    )

    assert (rasmus.band, star.band) == ("rasmus", "star")


def test_what_is_uncertain_is_reported_and_counts_for_nothing(call: Call, phrases: Phrases) -> None:
    lines = ("A: Hej, det er ikke mit bord.", "C: Nå, hvem kan så hjælpe mig?")
    without = score(call(*lines), classifier=phrases({}))
    report = score(call(*lines), classifier=phrases({"ikke mit bord": ("deflection", 0.4)}))

    assert [(item.label, item.text) for item in report.uncertain] == [
        ("deflection", "ikke mit bord")
    ]
    assert report.evidence == () and report.counts == without.counts
    assert report.score == without.score
    assert to_dict(report)["uncertain"][0]["probability"] == 0.4


# --- redaction

PRIVATE = (
    "A: Kundeservice, du taler med Rasmus. Hvad er dit navn og CPR-nummer?",
    "C: Det er Bo Hansen, 120390-1234. Det er simpelthen for dårligt, Rasmus.",
    "A: Det er ikke mit bord, Bo. Ring til Karen på 20 30 40 50.",
    "C: Karen sagde, det ikke er hendes bord.",
)
SECRETS = ("Rasmus", "Bo", "Hansen", "120390", "1234", "Karen", "20 30", "40 50")


def test_a_redacted_report_holds_no_personal_data(call: Call) -> None:
    report = score(call(*PRIVATE, language="da"), redact=True)

    written = [turn.text for turn in report.conversation.turns] + [to_json(report)]
    assert [secret for text in written for secret in SECRETS if f"{secret}" in text] == []
    assert report.redacted and to_dict(report)["redacted"] is True


def test_without_redaction_the_text_stays(call: Call) -> None:
    report = score(call(*PRIVATE, language="da"))

    assert report.conversation.turns[1].text == PRIVATE[1].removeprefix("C: ")
    assert to_dict(report)["redacted"] is False


def test_evidence_is_of_the_redacted_text_and_never_splits_a_placeholder(call: Call) -> None:
    report = score(call(*PRIVATE, language="da"), redact=True)

    assert report.evidence
    for item in (*report.evidence, *report.uncertain):
        text = report.conversation.turns[item.turn].text
        assert text[item.start : item.end] == item.text
        for placeholder in PLACEHOLDER.finditer(text):
            for end in (item.start, item.end):
                assert not placeholder.start() < end < placeholder.end()


def test_names_of_speakers_in_the_file_are_looked_for_in_the_text(
    call: Call, phrases: Phrases
) -> None:
    conversation = call("?Torkvild: goddag, velkommen", "?Yx: det er torkvilds skyld, det her")

    report = score(conversation, classifier=phrases({}), language="da", redact=True)

    assert report.conversation.turns[1].text == "det er [PERSON_1]s skyld, det her"


def test_an_error_names_nobody_when_redacting(call: Call, phrases: Phrases) -> None:
    conversation = call("?Torkvild: goddag", "?Yxmar: hej")

    with pytest.raises(TranscriptError) as caught:
        score(conversation, classifier=phrases({}), agent_speaker="Bodil", redact=True)

    assert not any(name in str(caught.value) for name in ("Torkvild", "Yxmar", "Bodil"))


def test_a_redacted_call_without_a_score_says_that_it_is_redacted(call: Call) -> None:
    report = score(call("C: Det er Bo Hansen.", language="da"), redact=True)

    assert report.score is None and report.redacted
    assert report.conversation.turns[0].text == "Det er [PERSON_1]."
