"""Figures by what should make no difference: variety of Norwegian, length of the turn, sex."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from analyzer.language import language_of
from models.baselines import Found
from models.dataset import LabelledCall
from models.figures import Counts, bounds, samples

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
        sex = _sex_of_agent(call)
        for turn, g, f in zip(call.conversation.turns, gs, fs, strict=True):
            if turn.role == "system":
                continue
            words = len(turn.text.split())
            own = [next(title for most, title in _LENGTHS if words <= most)]
            if call.conversation.language == "nb":
                form = _NORWEGIAN.get(language_of(call.conversation) or "", "not told")
                own.append(f"Norwegian: {form}")
            if sex and turn.role == "agent":
                own.append(f"agent's name: {sex}")
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


def _sex_of_agent(call: LabelledCall) -> str | None:
    turn = next((turn for turn in call.conversation.turns if turn.role == "agent"), None)
    words = re.findall(r"\w+", turn.text)[:25] if turn else []
    kinds = {
        kind for word in words for kind, names in _first_names().items() if word.title() in names
    }
    return kinds.pop() if len(kinds) == 1 else None


@cache
def _first_names() -> dict[str, frozenset[str]]:
    """Names that only women or only men bear, in the lists of Faker."""
    from faker import Faker

    women, men = set[str](), set[str]()
    for place in ("da_DK", "no_NO", "sv_SE", "en_GB", "en_US"):
        for provider in Faker(place).get_providers():
            women |= set(getattr(provider, "first_names_female", ()))
            men |= set(getattr(provider, "first_names_male", ()))
    return {"a woman's": frozenset(women - men), "a man's": frozenset(men - women)}
