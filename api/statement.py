"""What people say of calls, and what of it holds for a report.

- Of one person's statements about the same thing, the latest holds, unless it was withdrawn.
- Where people disagree, the latest word of a QA lead or admin decides, else the latest word.
- What was said of another report on the call holds here, too, where it is about the same: a finding
  is about its label on its turn, an answer about a question in the same words, a finished review
  about all that was found. A score or a band that somebody set, and a release, hold only where
  they were said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from analyzer.conversation import Conversation
from analyzer.scorecard import AnswerValue, Question, Scorecard
from api.access import Role

_SENIOR = (Role.QA_LEAD, Role.ADMIN)
_OF_FINDINGS = ("agree", "disagree", "add")

Thing = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a person said of a report; `role` is the one they had when they said it."""

    id: int
    report_id: int
    created_at: datetime
    user_id: int
    name: str
    role: str
    action: Literal["agree", "disagree", "add", "answer", "override", "done", "release", "withdraw"]
    label: str | None
    turn: int | None
    start: int | None
    end: int | None
    question: str | None
    answer: AnswerValue | None
    score: float | None
    band: str | None
    reason: str
    withdraws: int | None

    @property
    def thing(self) -> Thing:
        """What it is about: a finding, a question, or the report as a whole."""
        if self.action in _OF_FINDINGS:
            return (self.label, self.turn, self.start, self.end)
        return (self.action, self.question or self.report_id)


@dataclass(frozen=True, slots=True)
class Other:
    """Another report on the same call: the scorecard it was made under, and whether it found the
    same labels on the same turns."""

    card: Scorecard
    same_findings: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged: the call, the machine's report on it and the scorecard it was made under.

    With an empty `report` nobody sees what the machine found: a blind review. `others` are the
    other reports on the call, by number.
    """

    conversation: Conversation
    card: Scorecard
    report: Mapping[str, Any]
    report_id: int
    others: Mapping[int, Other] = field(default_factory=dict)


def holding(statements: Iterable[Statement]) -> list[Statement]:
    """The latest statement of each person about each thing, without those withdrawn."""
    by_id: dict[int, Statement] = {}
    latest: dict[tuple[int, Thing], Statement] = {}
    for own in sorted(statements, key=lambda each: each.id):
        by_id[own.id] = own
        about = by_id[own.withdraws] if own.withdraws else own
        latest[own.user_id, about.thing] = own
    return [own for own in latest.values() if not own.withdraws]


def deciding(statements: Iterable[Statement]) -> Statement | None:
    """The statement that decides among those about one thing."""
    return max(statements, key=lambda own: (own.role in _SENIOR, own.id), default=None)


def applied(subject: Subject, statements: Iterable[Statement]) -> list[Statement]:
    """What holds for the subject's report of all that was said of the call."""
    by_id: dict[int, Statement] = {}
    latest: dict[tuple[int, Thing], Statement] = {}
    for own in sorted(statements, key=lambda each: each.id):
        by_id[own.id] = own
        for each in _carried(subject, by_id[own.withdraws] if own.withdraws else own):
            latest[each.user_id, each.thing] = each
            if own.withdraws:
                del latest[each.user_id, each.thing]
    return list(latest.values())


def _carried(subject: Subject, own: Statement) -> list[Statement]:
    """The statement as it holds for the subject's report: at the words that this one names."""
    if own.report_id == subject.report_id:
        return [own]
    if own.action in _OF_FINDINGS:
        return _moved(subject, own)
    other = subject.others[own.report_id]
    if own.action == "answer":
        before, now = (_asked(card, own.question) for card in (other.card, subject.card))
        is_same = before and now and before.text == now.text
        return [own] if is_same and now and own.answer in allowed_answers(now) else []
    return [own] if own.action == "done" and other.same_findings else []


def _moved(subject: Subject, own: Statement) -> list[Statement]:
    spans = [
        (item["start"], item["end"])
        for kind in ("evidence", "uncertain")
        for item in subject.report.get(kind, ())
        if (item["label"], item["turn"]) == (own.label, own.turn)
    ]
    if not spans or (own.start, own.end) in spans:
        return [own]
    first, last = own.start or 0, own.end or 0
    meant = [(start, end) for start, end in spans if start < last and first < end] or spans
    action: Any = "agree" if own.action == "add" else own.action
    return [replace(own, action=action, start=start, end=end) for start, end in meant]


def _asked(card: Scorecard, question: str | None) -> Question | None:
    asked = (own for section in card.sections for own in section.questions)
    return next((own for own in asked if own.id == question), None)


def allowed_answers(question: Question) -> tuple[AnswerValue, ...]:
    """What a person can answer: the question's own choices, or that it cannot be answered."""
    own = dict.fromkeys(choice.answer for choice in question.answer_choices)
    return (*own, "not_applicable", "insufficient_evidence")
