"""Figures by what should make no difference: variety of Norwegian, length of the turn, sex."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from analyzer.language import language_of
from models.baselines import Found
from models.dataset import LabelledCall
from models.figures import Counts, bounds, samples
from models.names import agent_name, sex_of

_LENGTHS = tuple(
    (most, f"turns of {words} words")
    for most, words in ((5, "1 to 5"), (15, "6 to 15"), (40, "16 to 40"), (10**9, "41 and more"))
)
_NORWEGIAN = {"nb": "Bokmål", "nn": "Nynorsk"}


def slices(calls: Sequence[LabelledCall], gold: Found, found: Found) -> dict[str, dict[str, Any]]:
    """By what should make no difference (variety of Norwegian, length of the turn, and the agent's
    sex where the greeting gives a name): micro-F1, and labels found that are not marked, per
    hundred turns, with the interval over samples of the calls as in `interval`."""
    groups: dict[str, dict[int, list[tuple[int, int, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for number, (call, gs, fs) in enumerate(zip(calls, gold, found, strict=True)):
        named = None if call.is_fragment else agent_name(call.conversation)
        sex = sex_of(named.name) if named else None
        for turn, g, f in zip(call.conversation.turns, gs, fs, strict=True):
            if turn.role == "system":
                continue
            words = len(turn.text.split())
            own = [next(title for most, title in _LENGTHS if words <= most)]
            if call.conversation.language == "nb":
                form = _NORWEGIAN.get(language_of(call.conversation) or "", "not told")
                own.append(f"Norwegian: {form}")
            if sex and turn.role == "agent":
                own.append(f"agent's name: a {sex}")
            for name in own:
                groups[name][number].append((len(g & f), len(f - g), len(g - f)))
    lengths = [title for _, title in _LENGTHS if title in groups]
    table = {}
    for name in (*sorted(groups.keys() - lengths), *lengths):
        each = np.array([(*np.sum(turns, 0), len(turns)) for turns in groups[name].values()])
        hits, false, missed, turns = map(int, each.sum(0))
        drawn = np.array([each[chosen].sum(0) for chosen in samples(len(each))])
        table[name] = {
            "turns": turns,
            "micro_f1": round(Counts(hits, false, missed).f1, 3),
            "false_alarms_per_100_turns": round(100 * false / turns, 2),
            "interval": bounds(100 * drawn[:, 1] / drawn[:, 3], 2),
        }
    return table
