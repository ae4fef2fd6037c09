"""Star calls to praise, with the words that make them such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from analyzer.insights.canned import canned_empathy, findings_without_canned
from analyzer.insights.log import Log

# What an agent is praised for, the rarest first, and how much of it.
ACTS = ("compensation", "ownership", "empathy", "proactive_tip", "follow_up", "apology")
_ACTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """The words that prove a label, in their turn."""

    label: str
    turn: int
    words: str
    probability: float


@dataclass(frozen=True, slots=True)
class Praise:
    """A star call: what the agent did, and what the customer said of it, both word by word."""

    call: str
    agent_id: str | None
    day: date | None
    score: float
    acts: list[Quote]
    customer: Quote | None


def praise(log: Log, agent: str | None = None) -> Iterator[Praise]:
    """The star calls in which the agent's own words show why, the latest first.

    A sentence that the agent says in every call is no reason.
    """
    stars = log.calls[log.calls["band"].eq("star").fillna(False)]
    if agent:
        stars = stars[stars["agent_id"].eq(agent).fillna(False)]
    found = log.evidence[log.evidence["call"].isin(stars["call"])]
    found = findings_without_canned(found, canned_empathy(log, agent))
    surest = found.drop_duplicates(["call", "label"])
    surest = surest[surest["label"].isin((*ACTS, "satisfaction"))]
    by_call = dict(iter(surest.groupby("call")))
    for row in stars.sort_values("at", ascending=False, kind="stable").to_dict("records"):
        own = by_call.get(row["call"])
        quotes = {} if own is None else {q.label: q for q in map(_quote, own.to_dict("records"))}
        acts = [quotes[label] for label in ACTS if label in quotes][:_ACTS_SHOWN]
        if not acts:
            continue
        yield Praise(
            call=row["call"],
            agent_id=None if pd.isna(row["agent_id"]) else row["agent_id"],
            day=None if pd.isna(row["day"]) else row["day"].date(),
            score=float(row["score"]),
            acts=acts,
            customer=quotes.get("satisfaction"),
        )


def _quote(row: dict[Any, Any]) -> Quote:
    return Quote(row["label"], int(row["turn"]), row["text"], float(row["probability"]))
