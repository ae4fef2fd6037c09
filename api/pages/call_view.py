"""A call for the eye: its findings in their words, with what machine and people say of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from analyzer.conversation import Conversation
from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.scorecard import Answer
from analyzer.traits import TRAIT
from analyzer.writing.catalogue import gettext, marked
from analyzer.writing.html_call import CallContext, call_context
from analyzer.writing.html_figures import FIGURE_NAMES, feature_name
from analyzer.writing.html_score import Judged, arithmetic_of, judged
from analyzer.writing.html_timeline import Timeline
from analyzer.writing.html_transcript import Segment, Tag, segments, speaker_names, tag, tag_place
from analyzer.writing.html_words import clock, reason, turn_anchor
from api.problems import Problem
from api.statement import Statement, deciding
from api.storage.reviews import Span
from api.storage.statements import Judgement
from api.verdict import FindingVerdict, QuestionVerdict, Verdict

# The id of the call's element; turns are `c-t0`, `c-t1`, …
ANCHOR = "c"
_PROMISES = ("overpromise", "follow_up", "expectation", "broken_promise")


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding with what it means and what is said of it; `mine` is what the reader said.

    `state` is `held`, `open` (too uncertain to count, and nobody has judged it) or `rejected`.
    """

    number: int
    own: FindingVerdict
    tag: Tag
    definition: str
    anchor: str
    state: str
    decided: Statement | None
    mine: Statement | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of a turn, where it begins, and the findings whose words end in it."""

    segment: Segment
    start: int
    ends: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A turn as it is shown."""

    anchor: str
    number: int
    role: str
    who: str
    time: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the machine's answer and the one that holds, in words."""

    own: QuestionVerdict
    text: str
    machine: Judged | None
    holds: Judged
    mine: Statement | None


@dataclass(frozen=True, slots=True)
class Section:
    """The questions of a section."""

    title: str
    questions: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and whether they judge; others do not see what is too uncertain to count."""

    user_id: int | None
    judging: bool


@dataclass(frozen=True, slots=True)
class CallView:
    """What the page of a call shows; `context` is that of the library's HTML report, after what
    people said. `resolved_by` and `failure_by` name who says how the call ended."""

    context: CallContext
    machine_sum: str
    resolved_by: str
    failure_by: str
    timeline: Timeline
    findings: tuple[Finding, ...]
    lines: tuple[Line, ...]
    sections: tuple[Section, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def open(self) -> list[Finding]:
        """What is left for a person to judge."""
        return [each for each in self.findings if each.state == "open"]

    @property
    def judged(self) -> list[Finding]:
        """What the machine counts, and what people said of the rest."""
        return [each for each in self.findings if each.state != "open"]

    @property
    def promises(self) -> list[Finding]:
        """What was promised, by whom, and what was not kept."""
        held = [each for each in self.findings if each.state == "held"]
        return [each for each in held if each.own.label in _PROMISES]


def call_view(judgement: Judgement, reader: Reading) -> CallView:
    """The view of a call for a reader, in the language that is spoken: the report that counts,
    beside what the machine found."""
    counting, machine, verdict = judgement.counting, judgement.machine, judgement.verdict
    found = tuple(_findings(machine, verdict, reader))
    context = call_context(counting, ANCHOR)
    return CallView(
        context=context,
        machine_sum=_machine_sum(counting, machine),
        resolved_by=_by(counting, machine, "resolved"),
        failure_by=_by(counting, machine, "failure"),
        timeline=context.timeline,
        findings=found,
        lines=tuple(_lines(machine, found)),
        sections=tuple(_sections(verdict, reader.user_id, judgement.card.automatic_fail_score)),
        skipped=tuple(_skipped(machine)),
    )


@dataclass(frozen=True, slots=True)
class BlindView:
    """What the page of a call shows to whoever reviews it blind: nothing that a machine found."""

    findings: tuple[Finding, ...]
    lines: tuple[Line, ...]
    sections: tuple[Section, ...]


def blind_view(report: Report, verdict: Verdict, user_id: int | None) -> BlindView:
    """The words of the report's call with what a reader said of them, whose `verdict` it is."""
    words = replace(report, evidence=(), uncertain=())
    found = tuple(_findings(words, verdict, Reading(user_id, True)))
    return BlindView(found, tuple(_lines(words, found)), tuple(_sections(verdict, user_id, None)))


def _machine_sum(counting: Report, machine: Report) -> str:
    """The machine's own arithmetic, where what people said changed it."""
    if machine.scorecard is None or counting.scorecard is None:
        return ""
    own = machine.scorecard.arithmetic
    return "" if own == counting.scorecard.arithmetic else arithmetic_of(own)


def _by(counting: Report, machine: Report, name: str) -> str:
    """That a person answered it, where the machine says otherwise."""
    is_same = getattr(counting.outcome, name, None) == getattr(machine.outcome, name, None)
    return "" if is_same else gettext("answered by a person")


def _findings(report: Report, verdict: Verdict, reader: Reading) -> Iterator[Finding]:
    decisions = [(own, deciding(own.said)) for own in verdict.findings]
    if not reader.judging:
        decisions = [(own, decided) for own, decided in decisions if own.certain or decided]
    for number, (own, decided) in enumerate(decisions):
        evidence = _evidence(report, own)
        is_open = not own.certain and decided is None
        shown = tag(evidence)
        if own.origin == "person":
            shown = replace(shown, sure=gettext("found by a person"), doubtful=False)
        yield Finding(
            number=number,
            own=own,
            tag=shown,
            definition=gettext(TRAIT[own.label].definition),
            anchor=turn_anchor(ANCHOR, own.turn),
            state="open" if is_open else "held" if own.holds else "rejected",
            decided=decided,
            mine=mine(own.said, reader.user_id),
        )


def _evidence(report: Report, own: FindingVerdict) -> Evidence:
    """The machine's evidence, or what a person added in the same form."""
    for item in (*report.evidence, *report.uncertain):
        if (item.label, item.turn, item.start, item.end) == (
            own.label,
            own.turn,
            own.start,
            own.end,
        ):
            return item
    role = report.conversation.turns[own.turn].role
    return Evidence(own.label, own.turn, own.start, own.end, own.text, 1.0, role)


def mine(said: Sequence[Statement], user_id: int | None) -> Statement | None:
    """What this person said among it."""
    return next((each for each in said if each.user_id == user_id), None)


def _lines(report: Report, found: Sequence[Finding]) -> Iterator[Line]:
    names = speaker_names(report.conversation)
    by_turn: dict[int, list[Finding]] = {}
    for each in found:
        by_turn.setdefault(each.own.turn, []).append(each)
    for index, turn in enumerate(report.conversation.turns):
        own = [(each.number, _evidence(report, each.own)) for each in by_turn.get(index, [])]
        yield Line(
            anchor=turn_anchor(ANCHOR, index),
            number=index,
            role=turn.role,
            who=names[index],
            time="" if turn.start is None else clock(turn.start),
            pieces=tuple(_pieces(turn.text, own, found)),
        )


def _pieces(
    text: str, own: Sequence[tuple[int, Evidence]], found: Sequence[Finding]
) -> Iterator[Piece]:
    place = 0
    for segment in segments(text, own):
        start, place = place, place + len(segment.text)
        ends = [found[n] for n, item in own if tag_place(text, item.end) == place]
        yield Piece(segment, start, tuple(ends))


def _sections(verdict: Verdict, user_id: int | None, cap: float | None) -> Iterator[Section]:
    for title, questions in groupby(verdict.questions, key=lambda own: own.section):
        yield Section(gettext(title), tuple(_asked(own, user_id, cap) for own in questions))


def _asked(own: QuestionVerdict, user_id: int | None, cap: float | None) -> Asked:
    return Asked(
        own=own,
        text=gettext(own.text),
        machine=judged(_answer(own.machine), ANCHOR, cap) if own.machine else None,
        holds=judged(_answer(own.holds), ANCHOR, cap),
        mine=mine(own.said, user_id),
    )


def _answer(fields: Mapping[str, Any]) -> Answer:
    return Answer(**{**fields, "turns": tuple(fields["turns"])})


def _skipped(report: Report) -> Iterator[tuple[str, str]]:
    """What could not be judged beside the figures, and why."""
    for own in report.skipped_analysis:
        if own.feature not in FIGURE_NAMES:
            yield feature_name(own.feature), reason(own.reason_code)


def span_of_words(
    conversation: Conversation, label: str, turn: int, words: str, start: str
) -> Span:
    """The words of a form as a span of a turn: at `start` if they stand there, else where they come
    first. `Problem` if they do not stand in it."""
    wanted = words.replace("\r\n", "\n")
    found = _place(conversation, turn, wanted, int(start) if start.isdecimal() else None)
    if found is None or not wanted.strip():
        raise Problem(422, marked("These words do not stand in that turn. Copy them from it."))
    return Span(label, turn, found, found + len(wanted))


def _place(conversation: Conversation, turn: int, words: str, start: int | None) -> int | None:
    if not 0 <= turn < len(conversation.turns):
        return None
    text = conversation.turns[turn].text
    if start is not None and text[start : start + len(words)] == words:
        return start
    place = text.find(words)
    return place if place >= 0 else None
