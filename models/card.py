"""The figures of an evaluation as a person reads them, in the model card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.dataset import write_between

CARD = "MODEL_CARD.md"
_BEGIN = "<!-- figures: kasper evaluate --write -->"


def as_markdown(figures: Mapping[str, Any]) -> str:
    """The figures as the tables of the model card."""
    beside = list(figures["groups"]["all"]["beside"]) if figures["groups"] else []
    columns = ["turns", "micro-F1", "macro-F1", "95 % of samples", "core five"]
    lines = [_row("on", columns, beside), _row("---", ["---:"] * 5, ["---:"] * len(beside))]
    for name, group in figures["groups"].items():
        low, high = group["interval"]
        others = [f"{group['beside'][other]['macro_f1']:.2f}" for other in beside]
        own = [f"{group[figure]:.2f}" for figure in ("micro_f1", "macro_f1")]
        core = f"{group['core_f1']:.2f}"
        lines.append(
            _row(name, [str(group["turns"]), *own, f"{low:.2f} to {high:.2f}", core], others)
        )
    languages = list(figures["languages"])
    columns = ["precision", "recall", "F1", "times", *languages, "Brier", "ECE"]
    lines += ["", _row("label", columns), _row("---", ["---:"] * len(columns))]
    for label, row in figures["labels"].items():
        own = [f"{row[figure]:.2f}" for figure in ("precision", "recall", "f1")]
        each = [f"{figures['languages'][name][label]['f1']:.2f}" for name in languages]
        sure = [f"{row['brier']:.3f}", f"{row['ece']:.3f}"]
        lines.append(_row(label, own, [str(row["support"])], each, sure))
    calls = figures["calls"]
    lines += ["", f"Overlap of the evidence's characters: {figures['span_overlap']:.2f}."]
    if calls["calls"]:
        kappa = "not defined" if calls["band_kappa"] is None else f"{calls['band_kappa']:.2f}"
        lines[-1] += (
            f" Over {calls['calls']} whole calls: band right {calls['band_accuracy']:.2f} "
            f"(quadratic kappa {kappa}), resolved "
            f"{calls['resolved_accuracy']:.2f}, failure {calls['failure_accuracy']:.2f}, recovery "
            f"{calls['recovery_accuracy']:.2f}, transfers {calls['transfers_accuracy']:.2f}."
        )
    if figures["slices"]:
        columns = ["turns", "micro-F1", "false alarms per 100 turns", "95 % of samples"]
        lines += ["", _row("slice", columns), _row("---", ["---:"] * 4)]
    for name, row in figures["slices"].items():
        alarms = f"{row['false_alarms_per_100_turns']:.1f}"
        low, high = row["interval"]
        drawn = f"{low:.1f} to {high:.1f}"
        lines.append(_row(name, [str(row["turns"]), f"{row['micro_f1']:.2f}", alarms, drawn]))
    if figures["names"]:
        columns = ["calls", "micro-F1", "mean score", "distance", "95 % of samples", "other band"]
        lines += ["", _row("agent's name", columns), _row("---", ["---:"] * len(columns))]
    for name, row in figures["names"].items():
        low, high = row["interval"]
        own = [f"{row['micro_f1']:.2f}", f"{row['score']:.1f}", f"{row['distance']:+.2f}"]
        drawn = f"{low:+.2f} to {high:+.2f}"
        lines.append(_row(name, [str(row["calls"]), *own, drawn, f"{row['other_band']:.1%}"]))
    if figures["confusions"]:
        told = (f"{missed} as {found} ({times})" for missed, found, times in figures["confusions"])
        lines += ["", f"Most often taken for one another: {', '.join(told)}."]
    for role, row in figures.get("silent", {}).items():
        labels = ", ".join(f"{label} ({times})" for label, times in row["labels"].items())
        share = f"{row['labelled']} ({row['labelled'] / row['turns']:.1%})"
        lines += ["", f"Of {row['turns']} sentences that carry nothing, said by the {role} alone: "]
        lines[-1] += f"labelled all the same {share}: {labels}." if labels else "none labelled."
    return "\n".join(lines)


def write_card(figures: Mapping[str, Any], model: Path) -> None:
    """Write `metrics.json` and put the tables between the marks in `MODEL_CARD.md`."""
    (model / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    write_between(model / CARD, _BEGIN, as_markdown(figures))


def _row(first: str, *groups: Sequence[str]) -> str:
    return f"| {' | '.join([first, *(cell for group in groups for cell in group)])} |"
