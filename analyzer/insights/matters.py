"""Which calls of a customer are about the same matter, so that later calls can settle earlier ones.

A call with a case belongs to it. Any other joins an open matter of its customer, of the same
product where both are known, if

- its rare words, such as an order number, were said there before, or
- the customer says that it is not the first contact, or that a promise was broken, and the queue
  is the same or the last contact lies at most two weeks back, or
- the queue is the same and the last contact lies at most a week back,

and else begins a matter of its own. A matter is open for 45 days after its last call.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analyzer.insights.log import Log, most_likely

OPEN_DAYS = 45
_RECENT_DAYS = 14
_NEAR_DAYS = 7
# The share of a call's rare words that an earlier call of the matter must have.
_SAME_WORDS = 0.3
# One shared word is enough if it has a digit.
_FEWEST_WORDS = 2
# A word in more of the calls than this tells nothing of a matter.
_RARE = 0.01
_WORD = re.compile(r"\w{4,}")
_SAYS_SO = ("repeat_contact", "broken_promise")

# Name -> type of every column of the table of matters, in order.
MATTER_COLUMNS = {
    "call": "string",
    "customer_id": "string",
    "matter": "int64",
    "contact": "int64",
    "joined_by": "string",
    "probability": "Float64",
}


@dataclass(slots=True)
class _Matter:
    number: int
    case: str | None
    queue: str | None
    product: str | None
    last: pd.Timestamp
    words: set[str] = field(default_factory=set)
    calls: int = 0


def find_matters(log: Log) -> pd.DataFrame:
    """One row per call of a known customer with a start, in the order of `log`.

    `contact` counts the calls of a matter from 1; `joined_by` says why a call was put to those
    before it (`case`, `words`, `says_so`, `near`), and `probability` how likely the finding is that
    says so, missing for the others.
    """
    calls = log.calls[log.calls["customer_id"].notna() & log.calls["at"].notna()]
    says_so = most_likely(log, _SAYS_SO).max(axis=1)
    words = _rare_words(log, calls)
    rows: list[tuple[object, ...]] = []
    open_matters: defaultdict[str, list[_Matter]] = defaultdict(list)
    total = 0
    chances = dict(zip(says_so.index, says_so, strict=True))
    columns = ("call", "customer_id", "case_id", "queue", "product", "at")
    for call, customer, case, queue, product, at in _tuples(calls, columns):
        known = open_matters[customer]
        said = chances[call]
        new = _Matter(total + 1, case, queue, product, at, words.get(call, set()))
        matter, why = _joined(known, new, said)
        if matter is None:
            total += 1
            matter = new
            known.append(matter)
        matter.calls += 1
        matter.last, matter.words = at, matter.words | new.words
        matter.case, matter.product = matter.case or case, matter.product or product
        chance = said if why == "says_so" else None
        rows.append((call, customer, matter.number, matter.calls, why, chance))
    return pd.DataFrame(rows, columns=list(MATTER_COLUMNS)).astype(MATTER_COLUMNS)


def _tuples(frame: pd.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """The rows as plain tuples, `None` where a value is missing."""
    parts = [frame[name].astype(object).where(frame[name].notna(), None) for name in columns]
    return zip(*parts, strict=True)


def _joined(known: list[_Matter], new: _Matter, said: float) -> tuple[_Matter | None, str | None]:
    """The matter that a call goes on with, and why; the most recent of those that fit equally.

    `new` is the matter that the call would begin, `said` how likely it says that it does not.
    """
    for matter in known:
        if new.case is not None and matter.case == new.case:
            return matter, "case"
    fitting = [matter for matter in known if _may_go_on(matter, new)]
    if not fitting:
        return None, None
    fitting.sort(key=lambda matter: matter.last, reverse=True)
    best = max(fitting, key=lambda matter: len(new.words & matter.words))
    if _same_words(new.words & best.words, new.words):
        return best, "words"
    same_queue = [matter for matter in fitting if matter.queue == new.queue]
    why, days = ("says_so", OPEN_DAYS) if said else ("near", _NEAR_DAYS)
    for matter in same_queue:
        if (new.last - matter.last).days <= days:
            return matter, why
    if said and (new.last - fitting[0].last).days <= _RECENT_DAYS:
        return fitting[0], "says_so"
    return None, None


def _may_go_on(matter: _Matter, new: _Matter) -> bool:
    same_case = matter.case is None or new.case is None
    same_product = None in (matter.product, new.product) or matter.product == new.product
    return same_case and same_product and (new.last - matter.last).days <= OPEN_DAYS


def _same_words(shared: set[str], own: set[str]) -> bool:
    enough = len(shared) >= _FEWEST_WORDS or any(not word.isalpha() for word in shared)
    return enough and len(shared) >= _SAME_WORDS * len(own)


def _rare_words(log: Log, calls: pd.DataFrame) -> dict[str, set[str]]:
    """Call -> its words that few calls have, for customers with several calls.

    The words of the whole call where the turns are known, else those of its evidence.
    """
    several = calls[calls["customer_id"].duplicated(keep=False)]["call"]
    texts = log.turns if len(log.turns) else log.evidence
    own: dict[str, set[str]] = defaultdict(set)
    for call, text in zip(texts["call"], texts["text"], strict=True):
        own[call].update(_WORD.findall(text.lower()))
    counts = Counter(word for words in own.values() for word in words)
    most = max(_RARE * len(log.calls), 5)
    return {call: {word for word in own.get(call, ()) if counts[word] <= most} for call in several}
