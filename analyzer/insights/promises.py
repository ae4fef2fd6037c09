"""The ledger of promises: who promised what by when, and what later calls say became of it.

Every `overpromise`, `follow_up` and `expectation` is a promise. Later calls of the customer settle
it, docs/insights.md says by which rules and how often they are right. What a customer says was
promised, in no call that we know, is in the ledger as well, `told_by` the customer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pandas as pd

from analyzer.insights.deadlines import Mention, deadline, mentions
from analyzer.insights.firmness import firmness
from analyzer.insights.log import Log

PROMISES = ("overpromise", "follow_up", "expectation")
# What is said of a promise later, or ends the matter.
_SETTLING = ("broken_promise", "repeat_contact", "resolution", "satisfaction")

State = Literal["kept", "broken", "unknown"]
Why = Literal[
    "customer_says", "called_again", "solved", "not_due_yet", "no_later_call", "not_mentioned"
]

# Name -> type of every column of the ledger, in order.
LEDGER_COLUMNS = {
    "promise": "string",
    "told_by": "string",
    "label": "string",
    "customer_id": "string",
    "matter": "Int64",
    "agent_id": "string",
    "queue": "string",
    "call": "string",
    "turn": "Int64",
    "said_on": "datetime64[s]",
    "words": "string",
    "probability": "Float64",
    "firmness": "string",
    "due": "datetime64[s]",
    "due_words": "string",
    "state": "string",
    "why": "string",
    "settled_by": "string",
    "settled_turn": "Int64",
    "settled_on": "datetime64[s]",
    "settled_words": "string",
    "settled_probability": "Float64",
}


@dataclass(slots=True)
class _Promise:
    """A row of the ledger while it is written."""

    promise: str
    told_by: str
    label: str
    customer_id: str | None
    matter: int | None
    agent_id: str | None
    queue: str | None
    call: str
    turn: int
    said_on: date | None
    words: str
    probability: float
    firmness: str | None
    due: date | None
    due_words: str | None
    state: State = "unknown"
    why: Why = "no_later_call"
    settled_by: str | None = None
    settled_turn: int | None = None
    settled_on: date | None = None
    settled_words: str | None = None
    settled_probability: float | None = None

    def settle(self, state: State, why: Why, call: _Call, found: _Found) -> None:
        self.state, self.why = state, why
        self.settled_by, self.settled_on = call.id, call.day
        self.settled_turn, self.settled_words = found.turn, found.words
        self.settled_probability = found.probability


@dataclass(frozen=True, slots=True)
class _Found:
    label: str
    turn: int
    words: str
    probability: float


@dataclass(slots=True)
class _Call:
    id: str
    customer: str | None
    agent: str | None
    queue: str | None
    language: str | None
    day: date | None
    failed: bool
    matter: int | None
    found: list[_Found] = field(default_factory=list)


def ledger(log: Log, matters: pd.DataFrame) -> pd.DataFrame:
    """One row per promise, in the order in which they were made: the columns of `LEDGER_COLUMNS`.

    `matters` are those of `find_matters`. `settled_probability` is that of the finding that
    settles; like `probability` it is calibrated, and both can be wrong.
    """
    turns = _texts(log)
    rows: list[_Promise] = []
    for calls in _by_customer(log, matters):
        rows += _of_customer(calls, turns)
    end = max((p.said_on for p in rows if p.said_on), default=None)
    last_day = log.calls["day"].max()
    end = last_day.date() if not pd.isna(last_day) else end
    for promise in rows:
        if promise.state == "unknown" and promise.due and end and promise.due >= end:
            promise.why = "not_due_yet"
    table = pd.DataFrame(
        [[getattr(row, name) for name in LEDGER_COLUMNS] for row in rows],
        columns=list(LEDGER_COLUMNS),
    ).astype(LEDGER_COLUMNS)
    return table.sort_values(["said_on", "call", "turn"], ignore_index=True, kind="stable")


def _texts(log: Log) -> dict[tuple[str, int], str]:
    """(call, turn) -> the whole text, of the turns in which a promise is made or complained of."""
    if not len(log.turns):
        return {}
    wanted = log.evidence[log.evidence["label"].isin((*PROMISES, "broken_promise"))]
    texts = wanted[["call", "turn"]].drop_duplicates().merge(log.turns, on=["call", "turn"])
    return dict(zip(zip(texts["call"], texts["turn"], strict=True), texts["text"], strict=True))


def _by_customer(log: Log, matters: pd.DataFrame) -> Iterator[list[_Call]]:
    """The calls of each customer in their order; a call of nobody known stands alone."""
    matter_of = dict(zip(matters["call"], matters["matter"], strict=True))
    evidence = log.evidence[log.evidence["label"].isin((*PROMISES, *_SETTLING))]
    evidence = evidence.sort_values(["call", "turn", "start"])
    found: dict[str, list[_Found]] = defaultdict(list)
    columns = ("call", "label", "turn", "text", "probability")
    for call, *values in zip(*(evidence[name].tolist() for name in columns), strict=True):
        label, turn, text, probability = values
        found[call].append(_Found(label, turn, text, probability))
    grouped: dict[str, list[_Call]] = defaultdict(list)
    names = ("call", "customer_id", "agent_id", "queue", "language", "day", "failure")
    parts = [log.calls[n].astype(object).where(log.calls[n].notna(), None) for n in names]
    for own, customer, agent, queue, language, day, failed in zip(*parts, strict=True):
        call = _Call(
            own, customer, agent, queue, language, day.date() if day is not None else None,
            bool(failed), matter_of.get(own), found.get(own, []),
        )  # fmt: skip
        grouped[customer if customer is not None and call.matter else f"\0{own}"].append(call)
    yield from grouped.values()


def _of_customer(calls: Sequence[_Call], turns: dict[tuple[str, int], str]) -> list[_Promise]:
    """The promises made to a customer, settled call by call."""
    made: list[_Promise] = []
    for call in calls:
        before = list(made)
        complaints = [item for item in call.found if item.label == "broken_promise"]
        for complaint in complaints:
            texts = [complaint.words, turns.get((call.id, complaint.turn), "")]
            made += _complain(call, complaint, texts, made)
        _pass(call, before, complained=bool(complaints))
        made += _promised(call, turns)
    return made


def _promised(call: _Call, turns: dict[tuple[str, int], str]) -> list[_Promise]:
    """What is promised in a call; said again with the same label and day, it is one promise."""
    made: dict[object, _Promise] = {}
    for item in call.found:
        if item.label not in PROMISES:
            continue
        due, words = _due(call, item, turns)
        key = (item.label, due) if due else (item.label, item.turn)
        if key in made and made[key].probability >= item.probability:
            continue
        made[key] = _Promise(
            promise=f"{call.id}:{item.turn}",
            told_by="agent",
            label=item.label,
            customer_id=call.customer,
            matter=call.matter,
            agent_id=call.agent,
            queue=call.queue,
            call=call.id,
            turn=item.turn,
            said_on=call.day,
            words=item.words,
            probability=item.probability,
            firmness=firmness(item.words, item.label),
            due=due,
            due_words=words,
        )
    return list(made.values())


def _due(
    call: _Call, item: _Found, turns: dict[tuple[str, int], str]
) -> tuple[date | None, str | None]:
    """By when, and in which words: those of the finding, else of the whole turn."""
    if call.day is None:
        return None, None
    for text in dict.fromkeys([item.words, turns.get((call.id, item.turn), "")]):
        named = deadline(text, call.language, call.day, longest=item.label == "expectation")
        if named:
            return named.last, text[named.start : named.end]
    return None, None


def _complain(
    call: _Call, complaint: _Found, texts: Sequence[str], made: Sequence[_Promise]
) -> list[_Promise]:
    """Settle what a complaint is about, and give what it tells of that no known call promised.

    `texts` are its words and the whole turn, which is looked at where the words name no day. It is
    about the promises whose day it names, else about the last one of the matter that should
    have been kept by now, else about one that we do not know. Where it lists several days and one
    of them is known, the others were promised as well.
    """
    day = call.day
    named = next(filter(None, (_times(text, call) for text in texts)), [])
    known = [p for p in made if p.due is None or day is None or p.due < day or p.state == "broken"]
    meant: list[_Promise] = []
    unknown: list[Mention] = []
    for mention in named:
        own = [p for p in known if _names(mention, p.due, day)]
        meant += own
        if not own and not any(_names(mention, p.said_on, day) for p in known):
            unknown.append(mention)
    if not meant:
        unknown = unknown[:1]
        same = [p for p in known if p.matter == call.matter]
        if same:
            meant, unknown = same[-1:], []
    for promise in meant:
        if promise.state != "broken":
            promise.settle("broken", "customer_says", call, complaint)
    if meant:
        return [_told(call, complaint, m) for m in unknown if day and m.last < day]
    return [_told(call, complaint, unknown[0] if unknown else None)]


def _times(text: str, call: _Call) -> list[Mention]:
    """The days that a complaint names."""
    if call.day is None:
        return []
    return [m for m in mentions(text, call.language, call.day, past=True) if not m.vague]


def _names(mention: Mention, day: date | None, now: date | None) -> bool:
    """Whether a customer who speaks of a time means this day: a weekday may be weeks ago."""
    if day is None or now is None or (day >= now and not mention.first <= day <= mention.last):
        return False
    if mention.weekday and (now - day).days <= 28:
        return day.weekday() == mention.first.weekday()
    return mention.first <= day <= mention.last


def _told(call: _Call, complaint: _Found, mention: Mention | None) -> _Promise:
    """A promise that we know from the customer alone."""
    due = mention.last if mention else None
    told = _Promise(
        promise=f"{call.id}:{complaint.turn}" + (f":{due}" if due else ""),
        told_by="customer",
        label="broken_promise",
        customer_id=call.customer,
        matter=call.matter,
        agent_id=None,
        queue=call.queue,
        call=call.id,
        turn=complaint.turn,
        said_on=None,
        words=complaint.words,
        probability=complaint.probability,
        firmness=None,
        due=due,
        due_words=None,
    )
    told.settle("broken", "customer_says", call, complaint)
    return told


def _pass(call: _Call, made: Sequence[_Promise], *, complained: bool) -> None:
    """What a call says of the promises made before it in its matter, without speaking of them."""
    again = _surest(call, "repeat_contact")
    solved = _surest(call, "resolution", "satisfaction")
    for promise in made:
        if promise.matter != call.matter or promise.state != "unknown":
            continue
        promise.why = "not_mentioned"
        late = promise.due is not None and call.day is not None and call.day > promise.due
        if late and again and call.failed and not complained:
            promise.settle("broken", "called_again", call, again)
        elif solved and not call.failed and not again and not complained:
            promise.settle("kept", "solved", call, solved)


def _surest(call: _Call, *labels: str) -> _Found | None:
    own = [item for item in call.found if item.label in labels]
    return max(own, key=lambda item: item.probability, default=None)
