"""What holds of a call once the machine and people have spoken: evidence, answers and the sum.

The machine's findings and answers are never changed; people's statements stand beside them, and
from both follows what holds:

- what people say holds as `api.statement` tells;
- a certain finding that nobody speaks of holds, an uncertain one does not;
- an answer of a person takes the place of the machine's. All others are counted again from the
  evidence that holds, by the same scorecard. Whether the matter was solved, and whether there was
  a failure, stays the machine's estimate until a person answers the question that asks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from analyzer.events import transfers
from analyzer.outcome import recovery_step
from analyzer.scorecard import AnswerValue, Findings, Scorecard, apply
from api.statement import (
    Statement,
    Subject,
    Thing,
    allowed_answers,
    applied,
    deciding,
    holding,
)


@dataclass(frozen=True, slots=True)
class FindingVerdict:
    """A finding of the machine or of a person, what people say of it, and whether it holds.

    `probability` is null for what a person added; `certain` tells whether the machine counts it.
    """

    label: str
    turn: int
    start: int
    end: int
    text: str
    role: str
    origin: Literal["machine", "person"]
    probability: float | None
    certain: bool
    said: tuple[Statement, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class QuestionVerdict:
    """A question with the machine's answer, people's, and the one that holds.

    `by` tells whose that is: the machine's, the machine's counted again from evidence that people
    corrected, or a person's. Answers have the fields of a report's `scorecard.answers`.
    """

    question: str
    section: str
    text: str
    allowed: tuple[AnswerValue, ...]
    machine: dict[str, Any] | None
    said: tuple[Statement, ...]
    holds: dict[str, Any]
    by: Literal["machine", "corrected_evidence", "person"]

    @property
    def confirms(self) -> bool:
        """Whether the answer that holds is the machine's."""
        return self.machine is not None and self.machine["answer"] == self.holds["answer"]


@dataclass(frozen=True, slots=True)
class Sum:
    """A score with the sum that makes it."""

    score: float | None
    band: str | None
    arithmetic: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Machine's and people's judgement of a call side by side, and what holds.

    `machine` is the score as reported, `corrected` the sum of what holds. `score` and `band` are
    those of `corrected` unless a person overrode them. Null where nothing could be judged.
    `elsewhere` was said of other reports on the call and does not hold for this one.
    """

    findings: tuple[FindingVerdict, ...]
    questions: tuple[QuestionVerdict, ...]
    machine: Sum | None
    corrected: Sum | None
    overrides: tuple[Statement, ...]
    score: float | None
    band: str | None
    outcome: dict[str, int | None]
    done: tuple[Statement, ...]
    released: tuple[Statement, ...]
    elsewhere: tuple[Statement, ...] = ()

    @property
    def override(self) -> Statement | None:
        """The statement that sets the score or the band."""
        return deciding(self.overrides)

    @property
    def corrects(self) -> bool:
        """Whether what people say differs from what the machine says."""
        return (
            any(own.holds != own.certain for own in self.findings)
            or any(own.by == "person" and not own.confirms for own in self.questions)
            or bool(self.overrides)
        )

    @property
    def labels(self) -> frozenset[tuple[int, str]]:
        """The turns and labels that hold."""
        return frozenset((own.turn, own.label) for own in self.findings if own.holds)


def judge(subject: Subject, statements: Iterable[Statement]) -> Verdict:
    """What holds of a call after these statements."""
    statements = list(statements)
    held = applied(subject, statements)
    here = {own.id for own in held}
    by_thing: dict[Thing, list[Statement]] = {}
    for statement in held:
        by_thing.setdefault(statement.thing, []).append(statement)
    by_action = {name: tuple(s for s in held if s.action == name) for name in ("done", "release")}
    overrides = tuple(own for own in held if own.action == "override")
    findings = _findings(subject, by_thing)
    answers = {
        question.id: tuple(by_thing.get(("answer", question.id), ()))
        for section in subject.card.sections
        for question in section.questions
    }
    decided = {name: deciding(own) for name, own in answers.items()}
    said = {name: own.answer for name, own in decided.items() if own and own.answer}
    machine = subject.report.get("scorecard")
    outcome = _outcome(subject, findings, said)
    corrected: dict[str, Any] | None = machine
    if not machine and subject.report:
        corrected = None  # what the machine could not judge is left to an override
    elif said or any(own.holds != own.certain for own in findings) or not machine:
        corrected = asdict(apply(subject.card, Findings(_turns(findings), outcome), said))
    score, band = (corrected["score"], corrected["band"]) if corrected else (None, None)
    override = deciding(overrides)
    if override and override.score is not None:
        score, band = override.score, subject.card.band_of(override.score)
    elif override:
        band = override.band
    return Verdict(
        findings=tuple(findings),
        questions=tuple(_questions(subject.card, machine, corrected, answers)),
        machine=_sum(machine),
        corrected=_sum(corrected),
        overrides=overrides,
        score=score,
        band=band,
        outcome=outcome,
        done=by_action["done"],
        released=by_action["release"],
        elsewhere=tuple(own for own in holding(statements) if own.id not in here),
    )


def _findings(
    subject: Subject, by_thing: Mapping[Thing, Sequence[Statement]]
) -> list[FindingVerdict]:
    found: dict[Thing, dict[str, Any]] = {}
    for kind, certain in (("evidence", True), ("uncertain", False)):
        for item in subject.report.get(kind, ()):
            place = (item["label"], item["turn"], item["start"], item["end"])
            found[place] = {"probability": item["probability"], "certain": certain}
    added = [t for t, said in by_thing.items() if {"add", "agree"} & {own.action for own in said}]
    verdicts = []
    for thing in dict.fromkeys((*found, *added)):
        label, number, start, end = thing
        turn = subject.conversation.turns[int(number or 0)]
        said = tuple(by_thing.get(thing, ()))
        decided = deciding(said)
        machine = found.get(thing, {"probability": None, "certain": False})
        verdicts.append(
            FindingVerdict(
                label=str(label),
                turn=int(number or 0),
                start=int(start or 0),
                end=int(end or 0),
                text=turn.text[int(start or 0) : int(end or 0)],
                role=turn.role,
                origin="machine" if thing in found else "person",
                said=said,
                holds=decided.action != "disagree" if decided else machine["certain"],
                **machine,
            )
        )
    return sorted(verdicts, key=lambda own: (own.turn, own.start, own.end, own.label))


def _turns(findings: Sequence[FindingVerdict]) -> dict[str, list[int]]:
    turns: dict[str, list[int]] = {}
    for own in findings:
        if own.holds:
            turns.setdefault(own.label, []).append(own.turn)
    return turns


def _outcome(
    subject: Subject, findings: Sequence[FindingVerdict], said: Mapping[str, AnswerValue]
) -> dict[str, int | None]:
    """The figures of the whole call: what follows from the evidence that holds, and what a person
    answered where a question asks just that."""
    turns = _turns(findings)
    estimated = subject.report.get("outcome") or {}
    outcome: dict[str, int | None] = {
        name: None if estimated.get(name) is None else int(estimated[name])
        for name in ("resolved", "failure")
    }
    for section in subject.card.sections:
        for question in section.questions:
            for name in outcome:
                if question.measure == (name,) and said.get(question.id) in ("yes", "no"):
                    outcome[name] = int(said[question.id] == "yes")
    if outcome["failure"] is None:
        outcome["recovery"] = None
    else:
        outcome["recovery"] = recovery_step(turns) if outcome["failure"] else 0
    outcome["transfers"] = len(transfers(subject.conversation, turns.get("transfer", ())))
    return outcome


def _questions(
    card: Scorecard,
    machine: Mapping[str, Any] | None,
    corrected: Mapping[str, Any] | None,
    said: Mapping[str, tuple[Statement, ...]],
) -> Iterable[QuestionVerdict]:
    before = {own["question"]: own for own in machine["answers"]} if machine else {}
    after = {own["question"]: own for own in corrected["answers"]} if corrected else {}
    for section in card.sections:
        for question in section.questions if after else ():
            holds, own = after[question.id], before.get(question.id)
            is_persons = holds["source"] == "MANUAL_EDIT"
            same = own is not None and own["answer"] == holds["answer"]
            is_same = same and own is not None and own["score"] == holds["score"]
            yield QuestionVerdict(
                question=question.id,
                section=section.title,
                text=question.text,
                allowed=allowed_answers(question),
                machine=own,
                said=said[question.id],
                holds=holds,
                by="person" if is_persons else "machine" if is_same else "corrected_evidence",
            )


def _sum(scorecard: Mapping[str, Any] | None) -> Sum | None:
    if scorecard is None:
        return None
    return Sum(scorecard["score"], scorecard["band"], scorecard["arithmetic"])
