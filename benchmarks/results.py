"""Where figures are kept: `benchmarks/results/NAME.json` with date, commit and machine."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

RESULTS = Path(__file__).parent / "results"


def record(name: str, figures: dict[str, Any]) -> None:
    """Write the figures of a benchmark in place of the last ones."""
    RESULTS.mkdir(exist_ok=True)
    head = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _git("rev-parse", "--short", "HEAD")
        + ("+" if _git("status", "-s", "-uno") else ""),
        "machine": describe(),
        "load": Path("/proc/loadavg").read_text().split()[0]
        if Path("/proc/loadavg").exists()
        else "",
    }
    text = json.dumps(head | figures, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", "utf-8")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _told() -> str:
    """The figures of a whole call log, as docs/batch.md and the README show them."""
    batch = json.loads((RESULTS / "batch.json").read_text("utf-8"))
    lines = ["| turns | calls | run by | calls/s | turns/s | peak memory |"]
    lines.append("| ---: | ---: | --- | ---: | ---: | ---: |")
    for run in batch["runs"]:
        rates = [run[name] / run["seconds"] for name in ("calls", "turns")]
        lines.append(
            f"| {run['turns']:,} | {run['calls']:,} | {run['engine']} | {rates[0]:,.0f} | "
            f"{rates[1]:,.0f} | {run['peak_mib']:,.0f} MiB |"
        )
    model = sum(share for step, share in batch["shares"].items() if step.startswith("model"))
    lines += [
        "",
        f"Of one process' time {model:.0%} is spent in the model's products. Between the results "
        f"and those of 200 calls scored one by one the greatest difference is "
        f"{batch['difference']:.1g}.",
        f"Measured on {batch['date']} at {batch['commit']}, with a load of {batch['load']} at the "
        f"end, on {batch['machine']} (`python -m benchmarks.batch`).",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    from models.dataset import write_between

    write_between(Path("docs/batch.md"), "<!-- figures: python -m benchmarks.results -->", _told())
