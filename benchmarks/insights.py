"""Insights over many calls: seconds and peak memory of each part, beside plain counts in pandas.

    python -m benchmarks.insights [--calls 100000]

The calls are generated as in the tests (`tests/analyzer/insights/year.py`) and written as
`kasper score -o calls.parquet` writes them. Each part runs in a process of its own, which reads the
log first, for an honest peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

# Calls that a generated customer makes in a year, about.
_CALLS_EACH = 2.85


def write(path: Path, calls: int) -> int:
    """Write a log of about so many calls; how many they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.analyzer.insights.year import year

    log = year(round(calls / _CALLS_EACH), seed=1).log
    evidence: list[Any] = log.evidence.drop(columns="call").to_dict("records")
    by_call: dict[str, list[Any]] = {}
    for call, item in zip(log.evidence["call"], evidence, strict=True):
        by_call.setdefault(call, []).append(item)
    frame = log.calls.drop(columns=["at", "day"])
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    found = pa.array([by_call.get(call, []) for call in frame["call"]])
    pq.write_table(rows.append_column("evidence", found), path)
    return len(frame)


def _read(path: Path) -> Any:
    from analyzer.insights import read_log

    return read_log([str(path)])[0]


def _promises(log: Any) -> object:
    from analyzer.insights import find_matters, ledger, promise_figures

    return promise_figures(log, ledger(log, find_matters(log)))


def _journeys(log: Any) -> object:
    from analyzer.insights import find_matters, hit_again, journeys, ladder

    matters = find_matters(log)
    return journeys(log, matters), ladder(log, matters), hit_again(log, matters)


def _basics(log: Any) -> object:
    from analyzer.insights import changes, fix_first, pareto

    return pareto(log, ["queue"]), fix_first(log), changes(log)


def _coaching(log: Any) -> object:
    from analyzer.insights import coaching

    return coaching(log, "a-1"), coaching(log)


def _plain(log: Any) -> object:
    """The same counts without promises, matters, intervals and tests."""
    calls, evidence = log.calls, log.evidence
    counts = evidence.groupby("label")["call"].nunique() / len(calls)
    again = calls.sort_values("at").groupby("customer_id")["at"].diff().dt.days.le(30).mean()
    bands = calls.groupby(["queue", "band"]).size()
    weekly = calls.groupby([calls["day"].dt.to_period("W"), "queue"])["basic_error"].mean()
    return counts, again, bands, weekly


PARTS: dict[str, Callable[[Any], object]] = {
    "nothing but reading": lambda log: log,
    "promises": _promises,
    "journeys": _journeys,
    "basics": _basics,
    "coaching": _coaching,
    "plain pandas": _plain,
}


def run_once(path: Path, part: str) -> dict[str, float]:
    """Seconds to read the log, seconds of the part, and the peak of resident memory in MiB."""
    begin = time.perf_counter()
    log = _read(path)
    read = time.perf_counter()
    PARTS[part](log)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"read": read - begin, "part": done - read, "peak": peak}


def _run(*arguments: str) -> Any:
    command = [sys.executable, "-m", "benchmarks.insights", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(run_once(Path(options.once[0]), options.once[1])))
        return
    if options.write:
        print(json.dumps(write(Path(options.write), options.calls)))
        return
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.parquet"
        count = _run("--write", str(path), "--calls", str(options.calls))
        print(f"{count:,} calls, {path.stat().st_size / 2**20:.1f} MiB")
        for part in PARTS:
            found = _run("--once", str(path), part)
            print(
                f"{part:20} {found['part']:7.1f} s after {found['read']:.1f} s of reading, "
                f"peak {found['peak']:,.0f} MiB"
            )


if __name__ == "__main__":
    main()
