"""The rates of the ledger of promises: how many are made, broken and kept, and how long they take.

Findings count with their probability, and the intervals allow for it.
"""

from __future__ import annotations

import pandas as pd

from analyzer.insights.log import Log, most_likely
from analyzer.statistics import likely_rate, mean_interval

# With fewer a rate or a mean says nothing.
MIN_PROMISES = 10
FIGURE_COLUMNS = ("figure", "group", "count", "of", "value", "low", "high", "too_few")


def promise_figures(log: Log, table: pd.DataFrame) -> pd.DataFrame:
    """One row per figure, of the agents' promises in the ledger `table`.

    - `overpromised`: calls of 100 with an over-promise
    - `settled`: promises of 100 of which a later call tells what became
    - `broken`: of these, promises of 100 that were broken; in all, by label and by firmness. Who is
      let down calls again more often than who is not, so that this is more than of all promises:
      `broken_known` is the least that it can be, of 100 promises whose day has passed.
    - `days_promised`, `days_late`: mean days from promise to day, and from day to the complaint
    - `told_by_customer`: broken promises made in no call of the log, as a number alone

    `value`, `low` and `high` are missing where `too_few`.
    """
    own = table[table["told_by"] == "agent"]
    own = own.assign(broken=_weight(own, "broken"), kept=_weight(own, "kept"))
    passed = own[own["why"] != "not_due_yet"]
    settled = own[own["state"] != "unknown"]
    scored = log.calls[log.calls["score"].notna()]["call"]
    over = most_likely(log, ["overpromise"])["overpromise"].reindex(scored)
    rows = [
        _rate("overpromised", "", over[over > 0], len(scored)),
        _rate("settled", "", (own["broken"] + own["kept"])[own["state"] != "unknown"], len(passed)),
        _rate("broken", "", settled["broken"], len(settled)),
        _rate("broken_known", "", passed["broken"][passed["broken"] > 0], len(passed)),
    ]
    for column in ("label", "firmness"):
        for name, group in settled.groupby(column):
            rows.append(_rate("broken", str(name), group["broken"], len(group)))
    broken = own[own["state"] == "broken"]
    rows.append(_mean("days_promised", (own["due"] - own["said_on"]).dt.days))
    rows.append(_mean("days_late", (broken["settled_on"] - broken["due"]).dt.days))
    told = int((table["told_by"] == "customer").sum())
    rows.append(("told_by_customer", "", told, None, None, None, None, False))
    return pd.DataFrame(rows, columns=list(FIGURE_COLUMNS)).astype(
        {"of": "Int64", "value": "Float64", "low": "Float64", "high": "Float64"}
    )


def _weight(table: pd.DataFrame, state: str) -> pd.Series:
    """How likely each promise is to have been settled so, 0 if it was settled otherwise."""
    return table["settled_probability"].where(table["state"] == state, 0.0).astype(float)


def _rate(name: str, group: str, likely: pd.Series, of: int) -> tuple[object, ...]:
    count = int((likely > 0).sum())
    if of < MIN_PROMISES:
        return name, group, count, of, None, None, None, True
    rate = likely_rate(likely.tolist(), of)
    return name, group, count, of, rate.per_100, rate.interval.low, rate.interval.high, False


def _mean(name: str, days: pd.Series) -> tuple[object, ...]:
    known = days.dropna().astype(float).tolist()
    found = mean_interval(known) if len(known) >= MIN_PROMISES else None
    if found is None:
        return name, "", len(known), len(known), None, None, None, True
    mean, interval = found
    return name, "", len(known), len(known), mean, interval.low, interval.high, False
