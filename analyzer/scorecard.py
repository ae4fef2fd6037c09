"""Scorecards: questions, answered from what was found in a call, that add up to a score and a band.

The words are those of Google's QaScorecard and Amazon Connect's evaluation forms. A scorecard is a
TOML file; `load` checks it and names the line of whatever is wrong.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from analyzer.errors import ScorecardError
from analyzer.messages import Message, mistake
from analyzer.traits import LABELS

DEFAULT_SCORECARD = Path(__file__).parent / "scorecards" / "default.toml"

# What a question can measure beside the number of turns with a label.
CALL_MEASURES = ("transfers", "recovery", "resolved", "failure")

AnswerValue = Literal["yes", "no", "not_applicable", "insufficient_evidence"]


def _misplaced(message: Message, place: tuple[int | str, ...]) -> PydanticCustomError:
    """An error of the whole scorecard that is mended at one place in it."""
    return PydanticCustomError("inconsistent", "{message}", {"message": message, "place": place})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AnswerChoice(_Part):
    """An answer that is given from `at_least` occurrences on, and what it scores."""

    answer: Literal["yes", "no"]
    at_least: int = Field(default=0, ge=0, le=1_000_000)
    score: float = Field(ge=-10_000, le=10_000)
    automatic_fail: bool = False


class Question(_Part):
    """A question about a call; with an empty `measure` it is left to a person."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=120)
    text: str = Field(min_length=1)
    measure: tuple[str, ...] = ()
    applies_when: Literal["always", "failure", "no_failure"] = "always"
    answer_choices: tuple[AnswerChoice, ...] = Field(min_length=1)

    @field_validator("measure")
    @classmethod
    def _known_measures(cls, measure: tuple[str, ...]) -> tuple[str, ...]:
        for name in measure:
            if name not in LABELS and name not in CALL_MEASURES:
                known = ", ".join((*LABELS, *CALL_MEASURES))
                raise ValueError(
                    Message(
                        "%(name)r is nothing that is measured; use one of: %(known)s",
                        name=name,
                        known=known,
                    )
                )
        return measure

    @field_validator("answer_choices")
    @classmethod
    def _rising(cls, choices: tuple[AnswerChoice, ...]) -> tuple[AnswerChoice, ...]:
        steps = [choice.at_least for choice in choices]
        if steps[0] != 0 or steps != sorted(set(steps)):
            raise ValueError(
                Message("how many are needed must begin at 0 and rise from answer to answer")
            )
        return choices

    @property
    def potential_score(self) -> float:
        """The most points that an answer can earn, 0 for a question that only takes points."""
        return max(0.0, *(choice.score for choice in self.answer_choices))


class Section(_Part):
    """Questions under one title."""

    title: str
    questions: tuple[Question, ...] = Field(min_length=1)


class PerformanceCategory(_Part):
    """A band, which begins at a score."""

    name: Literal["rasmus", "kasper", "star"]
    from_score: float = Field(ge=0, le=100)


class Scorecard(_Part):
    """A whole scorecard; `score = start + reach x earned / potential + lost`, within 0 and 100."""

    name: str = Field(min_length=1, max_length=200)
    revision: int = Field(ge=1, le=1_000_000)
    title: str = ""
    start: float = Field(ge=0, le=100)
    reach: float = Field(ge=0, le=100)
    automatic_fail_score: float = Field(default=0, ge=0, le=100)
    performance_categories: tuple[PerformanceCategory, ...]
    sections: tuple[Section, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        starts = [category.from_score for category in self.performance_categories]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise _misplaced(
                Message("the bands must begin at 0 and rise"),
                ("performance_categories", 0),
            )
        seen: set[str] = set()
        for i, section in enumerate(self.sections):
            for j, question in enumerate(section.questions):
                if question.id in seen:
                    message = Message(
                        "another question has the id %(id)r; give this one its own", id=question.id
                    )
                    raise _misplaced(message, ("sections", i, "questions", j, "id"))
                seen.add(question.id)
        return self

    def band_of(self, score: float) -> str:
        """The name of the highest performance category that `score` reaches."""
        reached = [c.name for c in self.performance_categories if score >= c.from_score]
        return reached[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's answer for one call. `found` is what was counted, `None` if it is not known.

    `normalized_score` is `score` as a share of `potential_score` in per cent, `None` where nothing
    can be earned or the question does not count.
    """

    question: str
    section: str
    text: str
    answer: AnswerValue
    source: Literal["SYSTEM_GENERATED", "MANUAL_EDIT"]
    found: int | None
    score: float
    potential_score: float
    normalized_score: float | None
    automatic_fail: bool
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScorecardResult:
    """A call under a scorecard: the answers and the sum that they make, written out."""

    name: str
    revision: int
    score: float
    band: str
    earned: float
    potential: float
    lost: float
    automatic_fail: bool
    arithmetic: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a scorecard is applied to: turns per label, and the figures of the whole call.

    A figure that is not known is `None`.
    """

    turns: Mapping[str, Sequence[int]]
    call: Mapping[str, int | None]


def apply(
    card: Scorecard, findings: Findings, said: Mapping[str, AnswerValue] | None = None
) -> ScorecardResult:
    """The answers to all questions and the score.

    `said` holds what a person answered, by question; it takes the place of the card's own choice.
    """
    answers = tuple(
        _answer(question, section, findings, (said or {}).get(question.id))
        for section in card.sections
        for question in section.questions
    )
    earned = sum(max(answer.score, 0.0) for answer in answers)
    potential = sum(answer.potential_score for answer in answers if _counts(answer))
    lost = sum(min(answer.score, 0.0) for answer in answers)
    failed = any(answer.automatic_fail for answer in answers)
    total, arithmetic = card.start + lost, f"{card.start:g}"
    if potential:
        total += card.reach * earned / potential
        arithmetic += f" + {card.reach:g} × {earned:g}/{potential:g}"
    arithmetic += f" − {abs(lost):g}"
    score = min(max(total, 0.0), 100.0)
    if score != total:
        arithmetic += f", at {'least' if total < 0 else 'most'} {score:g}"
    if failed:
        score = min(score, card.automatic_fail_score)
        arithmetic += f", at most {card.automatic_fail_score:g} (automatic fail)"
    score = round(score, 1)
    return ScorecardResult(
        card.name, card.revision, score, card.band_of(score), earned, potential, lost, failed,
        f"{arithmetic} = {score:g}", answers,
    )  # fmt: skip


def _counts(answer: Answer) -> bool:
    return answer.answer in ("yes", "no")


def _answer(
    question: Question, section: Section, findings: Findings, said: AnswerValue | None
) -> Answer:
    found, turns = _found(question, findings)
    if said is None:
        value, choice = _choose(question, found, findings.call.get("failure"))
    else:
        value, choice = said, _choice_for(question, found, said)
    score = choice.score if choice else 0.0
    potential = question.potential_score if choice else 0.0
    return Answer(
        question=question.id,
        section=section.title,
        text=question.text,
        answer=value,
        source="SYSTEM_GENERATED" if said is None else "MANUAL_EDIT",
        found=found,
        score=score,
        potential_score=potential,
        normalized_score=round(100 * max(score, 0) / potential, 1) if potential else None,
        automatic_fail=choice.automatic_fail if choice else False,
        turns=turns,
    )


def _found(question: Question, findings: Findings) -> tuple[int | None, tuple[int, ...]]:
    if not question.measure:
        return None, ()
    total = 0
    turns: set[int] = set()
    for name in question.measure:
        if name in CALL_MEASURES:
            value = findings.call.get(name)
            if value is None:
                return None, ()
            total += value
        else:
            where = set(findings.turns.get(name, ()))
            total += len(where)
            turns |= where
    return total, tuple(sorted(turns))


def _choose(
    question: Question, found: int | None, failure: int | None
) -> tuple[AnswerValue, AnswerChoice | None]:
    if question.applies_when != "always":
        if failure is None:
            return "insufficient_evidence", None
        if bool(failure) != (question.applies_when == "failure"):
            return "not_applicable", None
    if found is None:
        return "insufficient_evidence", None
    choice = [choice for choice in question.answer_choices if found >= choice.at_least][-1]
    return choice.answer, choice


def _choice_for(question: Question, found: int | None, said: AnswerValue) -> AnswerChoice | None:
    """The choice with a person's answer: the one that the count reaches, else the first of them."""
    own = [choice for choice in question.answer_choices if choice.answer == said]
    reached = [choice for choice in own if found is not None and found >= choice.at_least]
    return reached[-1] if reached else own[0] if own else None


@cache
def default_scorecard() -> Scorecard:
    """The scorecard that comes with Kasper."""
    return load(DEFAULT_SCORECARD)


def load(path: Path) -> Scorecard:
    """The scorecard in a TOML file; `ScorecardError` names the line and what it should be."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = Message("cannot be read (%(reason)s)", reason=str(error))
        raise ScorecardError(str(path), why) from None
    return loads(text, str(path))


def loads(text: str, name: str = "the scorecard") -> Scorecard:
    """The scorecard in a text of TOML; `name` is what errors call it."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScorecardError(
            name, Message("not valid TOML: %(reason)s", reason=str(error))
        ) from None
    try:
        return Scorecard.model_validate(values)
    except ValidationError as invalid:
        mistakes = (
            Message(
                "line %(line)s: %(field)s: %(what)s",
                line=_line_of(text, place),
                field=".".join(map(str, place)) or Message("the scorecard"),
                what=what,
            )
            for place, what in mistakes_of(invalid)
        )
        raise ScorecardError(name, *mistakes) from None


# What a person who writes a scorecard can act on, beside what `mistake` says of any value.
_PLAIN = {
    "string_pattern_mismatch": Message("small letters, digits and _ only, a letter first"),
    "tuple_type": Message('expected a list in brackets, such as ["deflection"]'),
}


def mistakes_of(invalid: ValidationError) -> Iterator[tuple[tuple[int | str, ...], Message]]:
    """Each mistake of a scorecard: the path of keys and indices to it, and what is wrong."""
    mistakes = invalid.errors(include_url=False)
    for wrong in mistakes:
        inner = [m["loc"] for m in mistakes if len(m["loc"]) > len(wrong["loc"])]
        if wrong["type"] == "too_short" and wrong["loc"] in [i[: len(wrong["loc"])] for i in inner]:
            continue  # pydantic does not count the parts that are named as wrong themselves
        what = _PLAIN.get(wrong["type"]) or mistake(wrong)
        yield wrong.get("ctx", {}).get("place", wrong["loc"]), what


_TABLE = re.compile(r"^\s*\[\[?\s*([\w.]+)\s*\]\]?")
_KEY = re.compile(r"^\s*(\w+)\s*=")
_ROW = re.compile(r"^\s*\{")  # of an array of inline tables that has each on a line of its own


def _line_of(text: str, location: Sequence[int | str]) -> int:
    """The line at which the part of the file named by a path of keys and indices begins.

    tomllib keeps no positions, so the headers and keys are counted again here: `("sections", 1,
    "questions", 0, "text")` is the line of `text` below the first question of the second section.
    """
    wanted = tuple(location)
    counts: dict[tuple[int | str, ...], int] = {}
    here: tuple[int | str, ...] = ()
    best_line, best_length = 1, 0
    array: tuple[int | str, ...] = ()
    rows = 0
    for number, line in enumerate(text.split("\n"), 1):
        if table := _TABLE.match(line):
            here = _enter(table[1].split("."), counts, array="[[" in line)
            path = here
        elif key := _KEY.match(line):
            path = array = (*here, key[1])
            rows = 0
        elif _ROW.match(line):
            path = (*array, rows)
            rows += 1
        else:
            continue
        if len(path) > best_length and wanted[: len(path)] == path:
            best_line, best_length = number, len(path)
    return best_line


def _enter(
    keys: Sequence[str], counts: dict[tuple[int | str, ...], int], *, array: bool
) -> tuple[int | str, ...]:
    """The path of a table header, with the index of each array of tables that it lies in."""
    path: tuple[int | str, ...] = ()
    for position, key in enumerate(keys):
        path = (*path, key)
        if array and position == len(keys) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
