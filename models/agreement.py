"""How far a second, blind labelling agrees with the first, as it stood before anything was mended.

    python -m models.agreement            # figures per label and language
    python -m models.agreement --list     # every turn on which the two differ, with its words
    python -m models.agreement --first data/training    # what is left after mending: no agreement

Both labellings of the sampled calls are kept as they were made, in `data/agreement/first/` and
`data/agreement/second/`, under the ids and in the notation of `data/training/`. Whoever wrote the
second saw the calls without any label. A turn counts as one decision per label; the figure is F1,
which for two annotators is the share of labels they have in common (Dice), beside Cohen's kappa.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from analyzer.traits import LABELS
from models.dataset import DATA, DatasetError, LabelledCall, parse

FIRST, SECOND = DATA.parent / "agreement" / "first", DATA.parent / "agreement" / "second"

Couple = tuple[LabelledCall, LabelledCall]


def labelled(folder: Path) -> list[LabelledCall]:
    """The calls of all files in a folder."""
    return [call for path in sorted(folder.glob("*.txt")) for call in parse(path)]


def couples(first: Sequence[LabelledCall], second: Sequence[LabelledCall]) -> list[Couple]:
    """Each call of `second` with its first labelling; `DatasetError` when the words differ."""
    by_id = {call.conversation.id: call for call in first}
    found = []
    for call in second:
        own = call.conversation.id
        if own not in by_id:
            raise DatasetError(f"{own} has a second labelling and no first")
        if _words(by_id[own]) != _words(call):
            raise DatasetError(f"{own}: the two labellings are not of the same words")
        found.append((by_id[own], call))
    return found


def _words(call: LabelledCall) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in call.conversation.turns]


def disagreements(pairs: Sequence[Couple]) -> Iterator[str]:
    """`id:turn` with the labels that only one side gives, and the turn's text."""
    for first, second in pairs:
        turns = zip(first.conversation.turns, first.labels, second.labels, strict=True)
        for number, (turn, ours, theirs) in enumerate(turns):
            if ours != theirs:
                only = [f"-{label}" for label in sorted(ours - theirs)]
                only += [f"+{label}" for label in sorted(theirs - ours)]
                yield f"{first.conversation.id}:{number} {' '.join(only)} | {turn.text}"


def counts(pairs: Sequence[Couple]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Per label, on how many turns the first side, the second side and both give it."""
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for one, other in pairs:
        for ours, theirs in zip(one.labels, other.labels, strict=True):
            first.update(ours)
            second.update(theirs)
            both.update(ours & theirs)
    return first, second, both


def share(first: float, second: float, both: float) -> float | None:
    """F1 of one side measured by the other; None when neither gives the label."""
    return 2 * both / (first + second) if first + second else None


def kappa(pairs: Sequence[Couple], label: str) -> float | None:
    """Cohen's kappa of a label over all turns; None where it never or always occurs."""
    ours = [label in labels for first, _ in pairs for labels in first.labels]
    theirs = [label in labels for _, second in pairs for labels in second.labels]
    if len({*ours, *theirs}) < 2:
        return None
    return float(cohen_kappa_score(ours, theirs))


def table(pairs: Sequence[Couple]) -> Iterator[str]:
    """Markdown: a row per label with its share per language and over all, then the whole."""
    groups = {
        language: [p for p in pairs if p[0].conversation.language == language]
        for language in sorted({str(a.conversation.language) for a, _ in pairs})
    }
    counted = {name: counts(group) for name, group in groups.items()}
    everything = counts(pairs)
    yield "| label | " + " | ".join(groups) + " | all | kappa | first | second |"
    yield "| --- |" + " ---: |" * (len(groups) + 4)
    for label in LABELS:
        shares = [share(*(c[label] for c in counted[name])) for name in groups]
        own = kappa(pairs, label)
        yield (
            f"| `{label}` | {' | '.join(_figure(s) for s in shares)} | "
            f"{_figure(share(*(c[label] for c in everything)))} | {_figure(own)} | "
            f"{everything[0][label]} | {everything[1][label]} |"
        )
    totals = {name: [c.total() for c in three] for name, three in counted.items()}
    micro = [_figure(share(*totals[name])) for name in groups]
    overall = [c.total() for c in everything]
    yield (
        f"| all labels | {' | '.join(micro)} | {_figure(share(*overall))} | | "
        f"{overall[0]} | {overall[1]} |"
    )
    whole = [(a, b) for a, b in pairs if not a.is_fragment]
    if whole:
        same = {
            name: sum(getattr(a, name) == getattr(b, name) for a, b in whole) / len(whole)
            for name in ("band", "resolved", "failure", "recovery", "transfers")
        }
        yield ""
        yield f"Over {len(whole)} whole calls the same: " + ", ".join(
            f"{name} {value:.2f}" for name, value in same.items()
        )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.agreement", description=__doc__)
    parser.add_argument("--first", type=Path, default=FIRST)
    parser.add_argument("--second", type=Path, default=SECOND)
    parser.add_argument("--list", action="store_true", help="the turns on which the two differ")
    options = parser.parse_args(arguments)
    pairs = couples(labelled(options.first), labelled(options.second))
    rows = disagreements(pairs) if options.list else table(pairs)
    sys.stdout.writelines(row + "\n" for row in rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
