"""A generated year of calls with known matters, promises, breaks and changes.

What happens is drawn first: matters, promises with a day, kept or not, who calls again. What is
found in the calls is drawn from that with misses and false findings as a classifier has them. The
sentences are not those that the rules of `analyzer.insights` were written from.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from analyzer.frames import CALL_COLUMNS, EVIDENCE_COLUMNS, TURN_COLUMNS, Frames
from analyzer.insights.log import Log, make_log
from analyzer.traits import LABELS, TRAIT

BEGIN = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
QUEUES = ("delivery", "billing", "technical")
_WEEKDAYS = {
    "da": "mandag tirsdag onsdag torsdag fredag lørdag søndag".split(),
    "nb": "mandag tirsdag onsdag torsdag fredag lørdag søndag".split(),
    "sv": "måndag tisdag onsdag torsdag fredag lördag söndag".split(),
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
}
_MONTHS = {
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "en": "January February March April May June July August September October November December",
}
# What an agent says of a day: by weekday, by date, in so many days.
_PROMISED = {
    "da": (
        "du får det afklaret {weekday}", "alt er på plads den {day}. {month}",
        "det er klaret om {n} dage",
    ),
    "nb": (
        "da har vi en løsning {weekday}", "det er i orden {day}. {month}",
        "dette er fikset om {n} dager",
    ),
    "sv": (
        "det är ordnat {weekday}", "allt är klart den {day} {month}", "det löser sig om {n} dagar",
    ),
    "en": (
        "you'll be sorted {weekday}", "it is all done on {month} {day}", "it's there in {n} days",
    ),
}  # fmt: skip
_VAGUE = {"da": "vi vender tilbage", "nb": "du hører fra oss", "sv": "vi återkommer",
          "en": "we will be in touch"}  # fmt: skip
_COMPLAINT = {
    "da": ("der blev sagt {weekday}, og intet skete", "det skulle være sket den {day}. {month}",
           "men det holdt jo ikke, det I sagde"),
    "nb": ("det skulle vært ordnet {weekday}", "dere sa {day}. {month}, og så skjedde ingenting",
           "dere holdt ikke det dere sa"),
    "sv": ("ni sa {weekday} och inget hände", "det skulle varit klart den {day} {month}",
           "ni höll ju inte vad ni sa"),
    "en": ("you people said {weekday} and nothing came", "it was due on {month} {day}",
           "that never happened, did it"),
}  # fmt: skip
_OTHER = {"da": "sagen om", "nb": "saken om", "sv": "ärendet om", "en": "the matter of"}
_THINGS = ("sofa", "router", "armatur", "kajak", "panel", "faktura", "ventil", "gardin", "batteri",
           "terrasse", "sykkel", "ladder", "antenne", "vindue", "komfyr", "termostat")  # fmt: skip
_KEPT = {"overpromise": 0.45, "follow_up": 0.8, "expectation": 0.85}
# How many of the true findings the classifier finds, and in how many calls it finds one wrongly.
RECALL, FALSE = 0.85, 0.01


@dataclass(frozen=True, slots=True)
class Shift:
    """A basic that fails in `before` of a queue's calls, and from a week on in `after` of them."""

    queue: str
    basic: str
    week: int
    before: float
    after: float


SHIFTS = (
    Shift("delivery", "wrong_details", 22, 0.05, 0.20),
    Shift("billing", "no_greeting", 31, 0.40, 0.15),
    Shift("technical", "same_question", 15, 0.10, 0.30),
)
_CONSTANT = {"wrong_details": 0.06, "no_greeting": 0.3, "same_question": 0.1}


@dataclass(slots=True)
class TruePromise:
    """A promise as it was made, and what truly became of it.

    `told` is the later call that says so: a complaint of it, or a call after it was kept.
    """

    promise: str
    matter: int
    due: datetime | None
    kept: bool
    told: str | None = None


@dataclass(slots=True)
class Year:
    """The log, and the truth behind it: `matters` by call, `promises` by id."""

    log: Log
    matters: dict[str, int]
    promises: dict[str, TruePromise]
    again: set[str]


@dataclass(slots=True)
class _Writer:
    rng: random.Random
    calls: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    matters: dict[str, int] = field(default_factory=dict)
    promises: dict[str, TruePromise] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Matter:
    number: int
    customer: str
    language: str
    queue: str
    thing: str
    fails: float
    case: str | None


def year(
    customers: int = 500, *, seed: int = 1, cases: bool = False, unlucky: float = 0.9,
    matters_each: float = 2.0, shifts: tuple[Shift, ...] = SHIFTS,
) -> Year:  # fmt: skip
    """A year of calls of so many customers; with `cases` each call bears the case of its matter.

    A matter begins with a failure in 0.25 of the cases, for one customer in seven in `unlucky`.
    """
    rng = random.Random(seed)
    writer = _Writer(rng)
    number = 0
    for index in range(customers):
        language = rng.choice(list(_WEEKDAYS))
        fails = unlucky if rng.random() < 0.15 else 0.25
        for _ in range(sum(rng.random() < matters_each / 5 for _ in range(5))):
            number += 1
            matter = _Matter(
                number, f"k-{index}", language, rng.choice(QUEUES),
                f"{rng.choice(_THINGS)} {rng.choice('ABKR')}{rng.randrange(1000, 9999)}",
                fails, f"case-{number}" if cases else None,
            )  # fmt: skip
            _live(writer, matter, BEGIN + timedelta(minutes=rng.randrange(340 * 24 * 60)), shifts)
    frames = Frames(
        calls=_typed(writer.calls, CALL_COLUMNS),
        turns=_typed([], TURN_COLUMNS),
        evidence=_typed(writer.evidence, EVIDENCE_COLUMNS),
    )
    return Year(make_log(frames), writer.matters, writer.promises, writer.again)


def _typed(rows: list[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=list(columns)).astype(columns)


def _live(writer: _Writer, matter: _Matter, at: datetime, shifts: tuple[Shift, ...]) -> None:
    """The calls of a matter, one after the other, until nobody calls any more."""
    rng = writer.rng
    failed = rng.random() < matter.fails
    complaint: TruePromise | None = None
    settles: TruePromise | None = None
    first = True
    for _ in range(5):
        if at >= BEGIN + timedelta(days=364):
            return
        name = f"call-{len(writer.calls)}"
        promise = _call(writer, matter, name, at, shifts, first=first, failed=failed,
                        complaint=complaint)  # fmt: skip
        if settles:
            settles.told = name
        first, complaint, settles = False, None, None
        if promise is None:
            if rng.random() < 0.85:
                return
            at, failed = at + timedelta(days=rng.uniform(2, 20)), rng.random() < 0.4
            continue
        due = promise.due or at + timedelta(days=rng.randrange(3, 12))
        if promise.kept:
            if rng.random() > 0.3:
                return
            at, failed = due + timedelta(days=rng.uniform(0.5, 8)), False
            settles = promise
        else:
            if rng.random() > 0.75:
                return
            at, failed, complaint = due + timedelta(days=rng.uniform(1, 7)), True, promise
            settles = promise


def _call(
    writer: _Writer, matter: _Matter, name: str, at: datetime, shifts: tuple[Shift, ...], *,
    first: bool, failed: bool, complaint: TruePromise | None,
) -> TruePromise | None:  # fmt: skip
    """Write one call; the promise made in it, if any."""
    rng = writer.rng
    truth: list[tuple[str, str]] = []
    about = f"{_OTHER[matter.language]} {matter.thing}" if rng.random() < 0.5 else ""
    if complaint and rng.random() < 0.8:
        forms = _COMPLAINT[matter.language]
        form = rng.choices(forms, (4, 2, 3) if complaint.due else (0, 0, 1))[0]
        truth.append(("broken_promise", _dated(form, matter.language, complaint.due, 0)))
    if not first and rng.random() < (0.75 if failed else 0.35):
        truth.append(("repeat_contact", f"igen {about}"))
    if failed and rng.random() < 0.6:
        truth.append(("frustration", f"! {about}"))
    solved = rng.random() < (0.35 if failed else 0.8)
    if solved:
        truth.append(("resolution", f"ok {about}"))
        if rng.random() < 0.5:
            truth.append(("satisfaction", "tak"))
    made = _promise(rng, matter, at) if rng.random() < (0.75 if failed else 0.4) else None
    if made:
        truth.append((made[0], f"{made[1]} {about}".strip()))
    wrong = _basics(rng, matter.queue, (at - BEGIN).days // 7, shifts)
    truth += [("basic_error", "forkert navn")] * wrong["wrong_details"]
    truth += [("greeting", "hej")] * (not wrong["no_greeting"])
    recovery = rng.choices((0, 1, 2, 3), (5, 3, 3, 1))[0] if failed else 0
    truth += [("empathy", "det forstår jeg godt")] * (rng.random() < 0.4)
    truth += [("deflection", "ikke os")] * (failed and not solved and rng.random() < 0.5)
    found = _found(writer, name, truth)
    band = "star" if solved and recovery == 3 else "kasper"
    if failed and not recovery and not solved:
        band = "rasmus"
    writer.matters[name] = matter.number
    if not first:
        writer.again.add(name)
    middle = {"rasmus": 30, "kasper": 60, "star": 85}[band]
    score = middle + rng.gauss(0, 7) - 6 * sum(wrong.values())
    writer.calls.append(
        {
            "call": name, "language": matter.language, "started_at": at.isoformat(),
            "customer_id": matter.customer, "agent_id": f"a-{rng.randrange(20)}",
            "queue": matter.queue, "case_id": matter.case, "product": matter.thing.split()[0],
            "score": min(max(score, 0), 100), "band": "rasmus" if score < 45 else band,
            "resolved": solved, "failure": failed, "recovery": recovery,
            "transfers": int(failed and rng.random() < 0.3), "flags": "",
            "repeated_questions": int(wrong["same_question"]), "turn_count": 20,
            **{label: found.get(label, 0) for label in LABELS}, "model_version": "generated",
        }
    )  # fmt: skip
    if not made:
        return None
    turn = [label for label, _ in truth].index(made[0])
    key = f"{name}:{turn}"
    kept = rng.random() < _KEPT[made[0]]
    promise = TruePromise(key, matter.number, made[2], kept)
    writer.promises[key] = promise
    return promise


def _promise(rng: random.Random, matter: _Matter, at: datetime) -> tuple[str, str, datetime | None]:
    """Label, words and day of a promise."""
    label = rng.choices(list(_KEPT), (4, 4, 3))[0]
    if rng.random() < 0.2:
        return label, _VAGUE[matter.language], None
    form = rng.randrange(3)
    days = rng.randrange(*((1, 8), (3, 25), (2, 15))[form])
    due = at + timedelta(days=days)
    return label, _dated(_PROMISED[matter.language][form], matter.language, due, days), due


def _dated(form: str, language: str, day: datetime | None, n: int) -> str:
    if day is None:
        return form
    weekday = _WEEKDAYS[language][day.weekday()]
    month = _MONTHS[language].split()[day.month - 1]
    return form.format(weekday=weekday, day=day.day, month=month, n=n)


def _basics(
    rng: random.Random, queue: str, week: int, shifts: tuple[Shift, ...]
) -> dict[str, bool]:
    rates = dict(_CONSTANT)
    for shift in shifts:
        if shift.queue == queue:
            rates[shift.basic] = shift.after if week >= shift.week else shift.before
    return {name: rng.random() < rate for name, rate in rates.items()}


def _found(writer: _Writer, name: str, truth: list[tuple[str, str]]) -> dict[str, int]:
    """What the classifier finds of it, and what it finds wrongly; how often each label."""
    rng = writer.rng
    counts: dict[str, int] = {}
    for label, turn, words, probability in _noisy(rng, truth):
        counts[label] = counts.get(label, 0) + 1
        writer.evidence.append(
            {
                "call": name, "label": label, "turn": turn, "start": 0, "end": len(words),
                "text": words, "probability": probability, "role": TRAIT[label].role,
                "source": "model",
            }
        )  # fmt: skip
    return counts


def _noisy(
    rng: random.Random, truth: list[tuple[str, str]]
) -> Iterator[tuple[str, int, str, float]]:
    for turn, (label, words) in enumerate(truth):
        if rng.random() < RECALL or label == "greeting":
            yield label, turn, words, round(rng.betavariate(6, 1), 4)
    for label in ("broken_promise", "repeat_contact", "resolution", "satisfaction", *_KEPT):
        if rng.random() < FALSE:
            yield label, 19, "hm", round(rng.uniform(0.3, 0.7), 4)
