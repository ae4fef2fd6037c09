"""How long `kasper score` of one short call takes, beside the start of numpy alone.

python -m benchmarks.startup [--runs 7]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe

_CALL = "Agent: Hello, this is the service desk.\nCustomer: Hi, my parcel has not come.\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        call = Path(folder) / "call.txt"
        call.write_text(_CALL, "utf-8")
        score = [sys.executable, "-c", "from analyzer.cli import run; run()", "score", str(call)]
        commands = {
            "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
            "kasper --version": [
                sys.executable,
                "-c",
                "from analyzer.cli import run; run()",
                "--version",
            ],
            "kasper score call.txt": score,
            "kasper score call.txt --language en": [*score, "--language", "en"],
        }
        # taken in turn, so that a busy moment of the machine falls on all of them
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(options.runs):
            for name, command in commands.items():
                begin = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                times[name].append(time.perf_counter() - begin)
    first = statistics.median(next(iter(times.values())))
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:<38} {median:5.2f} s  {median / first:4.1f} x")


if __name__ == "__main__":
    main()
