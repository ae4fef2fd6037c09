"""Where figures are kept: `benchmarks/results/NAME.json` with date, commit and machine."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Callable
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
        "cores": os.cpu_count(),
        "load": Path("/proc/loadavg").read_text().split()[0]
        if Path("/proc/loadavg").exists()
        else "",
    }
    text = json.dumps(head | figures, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", "utf-8")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _log_told() -> str:
    """The figures of a whole call log, for docs/batch.md."""
    batch = _recorded("batch")
    lines = ["| turns | calls | run by | calls/s | turns/s | peak memory |"]
    lines.append("| ---: | ---: | --- | ---: | ---: | ---: |")
    for run in batch["runs"]:
        rates = [run[name] / run["seconds"] for name in ("calls", "turns")]
        lines.append(
            f"| {run['turns']:,} | {run['calls']:,} | {run['engine']} | {rates[0]:,.0f} | "
            f"{rates[1]:,.0f} | {run['peak_mib']:,.0f} MiB |"
        )
    longest = _longest(batch)
    an_hour = longest["calls"] / longest["seconds"] / batch["cores"] * 3600
    model = sum(share for step, share in batch["shares"].items() if step.startswith("model"))
    lines += [
        "",
        f"Of one process' time {model:.0%} is spent in the model. Between the results "
        f"and those of 200 calls scored one by one the greatest difference is "
        f"{batch['difference']:.1g}.",
        "",
        f"The longest local run makes {an_hour:,.0f} calls of "
        f"{longest['turns'] / longest['calls']:.0f} turns in a core-hour. At that rate ten million "
        f"calls take {10e6 / an_hour:,.0f} core-hours: a night of twelve hours on "
        f"{math.ceil(10e6 / an_hour / 12)} such cores. What that costs is this number times the "
        "price of a core-hour where you compute.",
        "",
        _measured(batch, "batch"),
    ]
    return "\n".join(lines)


def _model_told() -> str:
    """The model beside others, for docs/batch.md."""
    model = _recorded("model")
    rates: dict[str, float] = model["turns_per_second"]
    lines = ["| run by | turns/s | Kasper is |", "| --- | ---: | ---: |"]
    for name, rate in rates.items():
        times = "" if name == "Kasper" else times_as_fast(rates, name)
        lines.append(f"| {name} | {rate:,.0f} | {times} |")
    lines += [
        "",
        encoder_told(model),
        "",
        _measured(model, "model"),
    ]
    return "\n".join(lines)


def times_as_fast(rates: dict[str, float], name: str) -> str:
    """Kasper's rate beside another's, in two figures or more."""
    times = rates["Kasper"] / rates[name]
    return f"{times:.2g} times as fast" if times < 10 else f"{times:.0f} times as fast"


def encoder_told(model: dict[str, Any]) -> str:
    """How near the encoder comes to the machine's peak, and where its time goes."""
    profile: dict[str, float] = model["encoder_profile"]
    kinds = [f"{kind} {share:.0%}" for kind, share in profile.items() if share >= 0.01]
    return (
        f"The encoder by itself reaches {model['encoder_share_of_peak']:.0%} of what the same "
        "machine reaches in one large product of 8-bit matrices; from text to probabilities, "
        f"{model['share_of_peak']:.0%}. Its time goes by operators: {', '.join(kinds)}."
    )


def service_told() -> str:
    """The service among very many stored calls, for docs/operations.md."""
    service = _recorded("service")
    databases: dict[str, dict[str, Any]] = service["databases"]
    kinds = list(databases)
    head, line = " | ".join(kinds), " | ".join(["---:"] * len(kinds))

    def row(name: str, of: str, form: Callable[[Any], str]) -> str:
        return f"| {name} | {' | '.join(form(databases[kind][of][name]) for kind in kinds)} |"

    def of_all(name: str, form: Callable[[Any], str], of: str) -> str:
        return f"| {name} | {' | '.join(form(databases[kind][of]) for kind in kinds)} |"

    def pair(own: Any) -> str:
        return f"{own[0]:,.1f} / {own[1]:,.1f}"

    first = databases[kinds[0]]
    lines = [
        f"One client, one request after the other, among {service['calls']:,} stored calls:",
        "",
    ]
    lines += [f"| ms, p50 / p99 | {head} |", f"| --- | {line} |"]
    lines += [row(name, "alone", pair) for name in first["alone"]]
    lines += ["", f"An endpoint of FastAPI that does nothing: {pair(service['bare']['alone'])} ms."]
    if service["clients"]:
        lines += ["", f"{service['clients']} clients at once (`wrk`), on the same cores:", ""]
        lines += [f"| requests/s; ms, p50 / p99 | {head} |", f"| --- | {line} |"]

        def loaded(own: Any) -> str:
            return f"{own[0]:,.0f}; {pair(own[1:])}"

        lines += [row(name, "many", loaded) for name in first["many"]]
        lines += ["", f"The endpoint that does nothing: {loaded(service['bare']['many'])}."]
    lines += ["", "Figures over all stored calls, asked twice: the second time some are kept.", ""]
    lines += [f"| s, first / second | {head} |", f"| --- | {line} |"]
    lines += [row(name, "over_all", pair) for name in first["over_all"]]
    lines.append(of_all("plain pandas, counts alone", lambda own: f"{own:,.1f}", "plain"))
    lines.append(of_all("MiB of the service, before / at most", pair, "memory"))
    return "\n".join([*lines, "", _measured(service, "service")])


def _readme_told() -> str:
    """Both in a sentence, for the README."""
    batch, model = _recorded("batch"), _recorded("model")
    longest = _longest(batch)
    rates = model["turns_per_second"]
    times = rates["Kasper"] / rates["transformers pipeline, same shape"]
    return (
        f"Measured on {batch['machine'].split(',')[0]} with {batch['cores']} cores: "
        f"{longest['calls'] / longest['seconds']:.0f} calls of "
        f"{longest['turns'] / longest['calls']:.0f} turns a second, {longest['peak_mib']:,.0f} MiB "
        f"whatever the size, {times:.0f} times as fast as a `transformers` pipeline of the same "
        "shape."
    )


def _longest(batch: dict[str, Any]) -> dict[str, Any]:
    local = [run for run in batch["runs"] if run["engine"] == "local"]
    longest: dict[str, Any] = max(local, key=lambda run: run["turns"])
    return longest


def _recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


def _measured(figures: dict[str, Any], module: str) -> str:
    return (
        f"Measured on {figures['date']} at {figures['commit']}, with a load of {figures['load']} "
        f"at the end, on {figures['machine']} (`python -m benchmarks.{module}`)."
    )


def main() -> None:
    """Write the recorded figures into the documents that show them."""
    from models.dataset import write_between

    page = Path("docs/batch.md")
    write_between(page, "<!-- figures: benchmarks/results/batch.json -->", _log_told())
    write_between(page, "<!-- figures: benchmarks/results/model.json -->", _model_told())
    operations = Path("docs/operations.md")
    write_between(operations, "<!-- figures: benchmarks/results/service.json -->", service_told())
    write_between(Path("README.md"), "<!-- figures: benchmarks/results -->", _readme_told())


if __name__ == "__main__":
    main()
