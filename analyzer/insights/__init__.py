"""What no single call shows: promises and what became of them, customers' journeys, basics that
fail, and what to coach. docs/insights.md explains every figure.

    from analyzer.insights import find_matters, ledger, read_log

    log, errors = read_log(["calls.jsonl"])
    promises = ledger(log, find_matters(log))
"""

from __future__ import annotations

from analyzer.insights.basics import changes, fix_first, pareto, shown_by, weekly
from analyzer.insights.canned import canned_empathy
from analyzer.insights.coaching import coaching, progress
from analyzer.insights.digest import digest
from analyzer.insights.journeys import (
    HitAgain,
    chance_of,
    hit_again,
    journeys,
    ladder,
    recovery_curve,
)
from analyzer.insights.log import Log, make_log, read_log
from analyzer.insights.matters import find_matters
from analyzer.insights.praise import praise
from analyzer.insights.promise_figures import promise_figures
from analyzer.insights.promises import ledger

__all__ = [
    "HitAgain",
    "Log",
    "canned_empathy",
    "chance_of",
    "changes",
    "coaching",
    "digest",
    "find_matters",
    "fix_first",
    "hit_again",
    "journeys",
    "ladder",
    "ledger",
    "make_log",
    "pareto",
    "praise",
    "progress",
    "promise_figures",
    "read_log",
    "recovery_curve",
    "shown_by",
    "weekly",
]
