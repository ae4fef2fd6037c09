"""Turns per second that are redacted on one core, on the calls of `data/training`.

python -m benchmarks.redaction [--runs 3]
"""

from __future__ import annotations

import argparse
import time

from analyzer.conversation import Conversation
from analyzer.redaction import redact
from benchmarks.machine import describe
from models.dataset import load


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redaction", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(describe())
    calls = [call.conversation for call in load() if not call.is_fragment]
    turns = sum(len(call.turns) for call in calls)
    for call in calls[:50]:
        redact(call)  # the lists are read and the patterns compiled once
    # the best of several: what else runs on the machine only ever makes it slower
    seconds = min(_timed(calls) for _ in range(options.runs))
    print(f"{len(calls)} calls, {turns} turns: {turns / seconds:,.0f} turns/s on one core")


def _timed(calls: list[Conversation]) -> float:
    begin = time.process_time()
    for call in calls:
        redact(call)
    return time.process_time() - begin


if __name__ == "__main__":
    main()
