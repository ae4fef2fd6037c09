"""Canned empathy: one agent's same sentence in call after call, noticed and not rewarded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import pandas as pd

from analyzer.conversation import PLACEHOLDER
from analyzer.insights.log import Log

# Canned is what makes at least half of an agent's calls with empathy, and is in five or more.
_SHARE = 0.5
_FEWEST = 5
# Sentences are the same if they share this much of their words; the model cuts them differently.
_ALIKE = 0.7
_LEADERS = 20
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Canned:
    """A sentence of an agent, in how many of their calls with empathy it is, and where: the
    (call, turn) of every time."""

    agent_id: str
    sentence: str
    calls: int
    of_calls: int
    findings: frozenset[tuple[str, int]]


def canned_empathy(log: Log, agent: str | None = None) -> list[Canned]:
    """The canned sentences of one agent, or of all, the most frequent first."""
    found = log.evidence[log.evidence["label"] == "empathy"]
    agents = log.calls[["call", "agent_id"]].dropna()
    if agent:
        agents = agents[agents["agent_id"] == agent]
    found = found[["call", "turn", "text"]].merge(agents, on="call")
    canned = []
    for name, own in found.groupby("agent_id"):
        calls = own["call"].nunique()
        for rows in _alike(own["text"].tolist()):
            group = own.iloc[rows]
            count = group["call"].nunique()
            if count >= _FEWEST and count >= _SHARE * calls:
                keys = frozenset(zip(group["call"], group["turn"].astype(int), strict=True))
                sentence = group["text"].mode()[0]
                canned.append(Canned(str(name), str(sentence), count, calls, keys))
    return sorted(canned, key=lambda item: -item.calls)


def _alike(texts: list[str]) -> list[list[int]]:
    """The positions of texts that say the same, for each of the most frequent texts.

    A canned sentence is among these, so that nothing is lost by leaving the others out.
    """
    words = [frozenset(_WORD.findall(PLACEHOLDER.sub("", text).lower())) for text in texts]
    where: dict[frozenset[str], list[int]] = defaultdict(list)
    for position, own in enumerate(words):
        where[own].append(position)
    groups: list[tuple[frozenset[str], list[int]]] = []
    for own, _ in Counter(words).most_common():
        for leader, members in groups:
            if len(own & leader) >= _ALIKE * len(own | leader):
                members += where[own]
                break
        else:
            if len(groups) < _LEADERS:
                groups.append((own, list(where[own])))
    return [members for _, members in groups]


def without_canned(calls: pd.DataFrame, canned: list[Canned]) -> pd.DataFrame:
    """The calls with canned empathy left out of the count of `empathy`."""
    repeated = Counter(call for item in canned for call, _ in item.findings)
    if not repeated:
        return calls
    less = calls["call"].map(repeated).fillna(0).astype("Int64")
    return calls.assign(empathy=(calls["empathy"] - less).clip(lower=0))


def findings_without_canned(evidence: pd.DataFrame, canned: list[Canned]) -> pd.DataFrame:
    """The findings, the surest first, without empathy that is the same each time."""
    repeated = {key for item in canned for key in item.findings}
    keys = pd.Series(zip(evidence["call"], evidence["turn"], strict=True), index=evidence.index)
    is_canned = (evidence["label"] == "empathy") & keys.isin(repeated)
    return evidence[~is_canned.fillna(False)].sort_values("probability", ascending=False)
