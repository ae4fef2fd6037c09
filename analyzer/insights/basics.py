"""The light bulbs: basics that failed, where, when, whom they met, and what to fix first.

Nobody praises a lift button that lights up. Each basic is something that a call can fail in; what
cannot be told of a call is missing, and does not count as failed or as not failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analyzer.insights.changes import change_points, discoveries
from analyzer.insights.log import Log, most_likely
from analyzer.messages import Message
from analyzer.statistics import difference_of_means, difference_of_shares, likely_rate

# Name -> what failed, for people.
BASICS = {
    "wrong_details": Message(
        "A name, an amount, an item or an address was wrong, or asked for again"
    ),
    "same_question": Message("The agent asked the same question twice in the call"),
    "no_greeting": Message("The call was not opened with a name and an offer to help"),
    "long_wait": Message("The customer was on hold for five minutes or more"),
    "passed_around": Message("The customer was handed on twice or more"),
    "dead_end": Message("Pushed away or handed on, unsolved, and nobody took the matter on"),
}
# The labels that are looked at.
SEEN_IN = ("basic_error", "deflection", "transfer", "greeting", "ownership", "follow_up")
LONG_WAIT_S = 300
# With fewer calls on a side nothing is said.
MIN_CALLS = 20
# A basic has failed in a call if that is at least this likely.
_FAILED = 0.5
# The labels whose words show a failure, the first that a call has; of the others no words can.
_SHOWN_BY = {
    "wrong_details": ["basic_error"],
    "passed_around": ["transfer"],
    "dead_end": ["deflection", "transfer"],
}


def failed_basics(log: Log) -> pd.DataFrame:
    """Call x basic: the probability that it failed, missing where the call does not tell.

    What is counted or absent is 0 or 1: for how often a greeting is overlooked see the model card.
    """
    calls = log.calls.set_index("call")
    judged = calls["score"].notna()

    def told(failed: pd.Series, known: pd.Series = judged) -> pd.Series:
        return failed.astype("Float64").where(known).astype(float)

    pushed = (calls["deflection"] > 0) | (calls["transfers"] > 0)
    taken_on = (calls["ownership"] > 0) | (calls["follow_up"] > 0) | calls["resolved"]
    return pd.DataFrame(
        {
            "wrong_details": most_likely(log, ["basic_error"])["basic_error"].where(judged),
            "same_question": told(calls["repeated_questions"] > 0),
            "no_greeting": told(calls["greeting"] == 0),
            "long_wait": told(calls["hold_time"] >= LONG_WAIT_S, calls["hold_time"].notna()),
            "passed_around": told(calls["transfers"] >= 2),
            "dead_end": told(pushed & ~taken_on),
        },
        index=calls.index,
    ).astype(float)


def pareto(log: Log, by: Sequence[str] = ()) -> pd.DataFrame:
    """The basics by the calls that they failed in, the most frequent first, with `share`, its part
    of all failures, and `cumulative`, both per cent; within each group of the columns `by`, such as
    queue or product."""
    failed = failed_basics(log)
    rows = []
    for group, calls in _groups(log.calls, by):
        own = failed.loc[calls["call"]]
        totals = own.sum().sort_values(ascending=False, kind="stable")
        whole, so_far = float(totals.sum()), 0.0
        customers = _customers(calls)
        for basic, count in totals.items():
            values = own[basic].dropna()
            if not count:
                continue
            so_far += count
            rate = likely_rate(values[values > 0].tolist(), len(values))
            rows.append(
                {
                    **group,
                    "basic": basic,
                    "failed": round(float(count), 1),
                    "calls": len(values),
                    "per_100": rate.per_100,
                    "low": rate.interval.low,
                    "high": rate.interval.high,
                    "customers": customers[values[values >= _FAILED].index].nunique(),
                    "share": round(100 * count / whole, 1),
                    "cumulative": round(100 * so_far / whole, 1),
                }
            )
    return pd.DataFrame(rows)


def fix_first(log: Log, by: Sequence[str] = ("queue",)) -> pd.DataFrame:
    """What to fix first: per basic and group, by the customers met and by what goes with it.

    `rasmus_more` is by how many of 100 calls with the failure more are rasmus than without it in
    the same group, `points_lost` the mean difference in score, both with 95 % intervals; `weight`
    is customers x the lower end of `rasmus_more` / 100, the rasmus calls that surely go with it.
    What goes together need not cause each other.
    """
    failed = failed_basics(log)
    rows = []
    for group, calls in _groups(log.calls, by):
        scored = calls[calls["score"].notna()].set_index("call")
        customers = _customers(calls)
        for basic in BASICS:
            values = failed[basic].reindex(scored.index)
            hit, spared = scored[values >= _FAILED], scored[values < _FAILED]
            if min(len(hit), len(spared)) < MIN_CALLS:
                continue
            bad, good = (int((side["band"] == "rasmus").sum()) for side in (hit, spared))
            low, high = difference_of_shares(bad, len(hit), good, len(spared))
            a, b = (side["score"].astype(float).tolist() for side in (hit, spared))
            lost = difference_of_means(b, a)
            touched = customers[hit.index].nunique()
            rows.append(
                {
                    **group,
                    "basic": basic,
                    "calls": len(hit),
                    "customers": touched,
                    "rasmus_more": round(100 * (bad / len(hit) - good / len(spared)), 1),
                    "rasmus_more_low": round(100 * low, 1),
                    "rasmus_more_high": round(100 * high, 1),
                    "points_lost": round(float(np.mean(b) - np.mean(a)), 1),
                    "points_lost_low": lost.low if lost else None,
                    "points_lost_high": lost.high if lost else None,
                    "weight": round(touched * max(low, 0.0), 1),
                }
            )
    table = pd.DataFrame(rows)
    return table.sort_values("weight", ascending=False, ignore_index=True) if rows else table


def weekly(log: Log, by: Sequence[str] = ()) -> pd.DataFrame:
    """Week (its Monday) x basic: calls that tell, and calls that failed, 0.5 and more likely."""
    failed = failed_basics(log)
    known = log.calls[log.calls["day"].notna()]
    monday = known["day"] - pd.to_timedelta(known["day"].dt.day_of_week, unit="D")
    own = failed.loc[known["call"]].rename_axis("call").reset_index()
    table = own.melt("call", var_name="basic", value_name="p").dropna(subset="p")
    keys = known.assign(week=monday)[["call", "week", *by]].fillna(dict.fromkeys(by, ""))
    table = table.merge(keys, on="call").assign(failed=lambda t: t["p"] >= _FAILED)
    grouped = table.groupby([*by, "basic", "week"], observed=True)
    return grouped.agg(calls=("p", "size"), failed=("failed", "sum")).reset_index()


def changes(log: Log, by: Sequence[str] = ("queue",)) -> pd.DataFrame:
    """When a basic began to fail more or less often for good, in each group.

    Only what holds although many series are looked at: at most one in twenty of these is a false
    alarm, as long as calls err on their own.
    """
    weeks = weekly(log, by)
    rows = []
    found: list[float] = []
    if len(weeks):
        every = pd.date_range(weeks["week"].min(), weeks["week"].max(), freq="7D")
    for key, series in weeks.groupby([*by, "basic"], observed=True):
        whole = series.set_index("week")[["failed", "calls"]].reindex(every, fill_value=0)
        for change in change_points(whole["failed"].tolist(), whole["calls"].tolist()):
            found.append(change.p)
            rows.append(
                {
                    **dict(zip([*by, "basic"], key, strict=True)),
                    "week": every[change.week],
                    "earliest": every[change.earliest],
                    "latest": every[change.latest],
                    "before": change.before.per_100,
                    "before_low": change.before.interval.low,
                    "before_high": change.before.interval.high,
                    "after": change.after.per_100,
                    "after_low": change.after.interval.low,
                    "after_high": change.after.interval.high,
                    "p": change.p,
                }
            )
    series_count = weeks.groupby([*by, "basic"], observed=True).ngroups if len(weeks) else 0
    # series without a split passed the test with a p of its own, which is greater than all of these
    held = discoveries([*found, *[1.0] * (series_count - len(found))])
    return pd.DataFrame([row for row, holds in zip(rows, held, strict=False) if holds])


def shown_by(log: Log, by: Sequence[str] = (), limit: int = 3) -> pd.DataFrame:
    """For each group and basic the calls that show the failure best, up to `limit`: the surest
    first, the latest of these first; `turn` and `words` are missing where no words can show it."""
    failed = failed_basics(log).rename_axis("call").reset_index()
    table = failed.melt("call", var_name="basic", value_name="p").dropna(subset="p")
    table = table[table["p"] >= _FAILED]
    keys = log.calls[["call", "at", "day", *by]].fillna(dict.fromkeys(by, ""))
    table = table.merge(keys, on="call").sort_values(["p", "at"], ascending=False, kind="stable")
    table = table.groupby([*by, "basic"], observed=True).head(limit)
    ranks = [
        (basic, label, rank)
        for basic, labels in _SHOWN_BY.items()
        for rank, label in enumerate(labels)
    ]
    found = log.evidence[["call", "label", "turn", "text", "probability"]].merge(
        pd.DataFrame(ranks, columns=["basic", "label", "rank"]), on="label"
    )
    found = found.sort_values(["rank", "probability"], ascending=[True, False], kind="stable")
    found = found.drop_duplicates(["call", "basic"]).rename(columns={"text": "words"})
    table = table.merge(found[["call", "basic", "turn", "words"]], on=["call", "basic"], how="left")
    return table[[*by, "basic", "call", "day", "turn", "words"]]


def _groups(
    calls: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Each group with the values that it shares; calls that do not tell make a group of their own,
    named by an empty text."""
    if not by:
        yield {}, calls
        return
    for key, own in calls.groupby([calls[name].fillna("") for name in by], observed=True):
        yield dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True)), own


def _customers(calls: pd.DataFrame) -> pd.Series:
    """Call -> customer; who is not known counts as somebody else each time."""
    return calls["customer_id"].fillna(calls["call"]).set_axis(calls["call"])
