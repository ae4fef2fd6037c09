"""What more labelled calls buy: the plain model on a quarter, a half and all of the training calls.

    python -m models.curve                         # measured on the test voices
    python -m models.curve --on FILE.calls.txt …   # and on labelled calls of your own

The plain model (TF-IDF with logistic regression, `models/baselines.py`) learns fast and has no luck
in its start; which calls make the smaller shares is one draw, the same for every run. Thresholds
come from the validation voices.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.baselines import finder, tfidf
from models.dataset import DATA, LabelledCall, load, parse
from models.figures import summary, truth
from models.train import split

SHARES = (0.25, 0.5, 1.0)


def part(calls: Sequence[LabelledCall], share: float, seed: int = 0) -> list[LabelledCall]:
    """A random share of the calls of each language and kind; a larger share holds a smaller one."""
    groups: dict[tuple[str | None, bool], list[LabelledCall]] = defaultdict(list)
    for call in calls:
        groups[call.conversation.language, call.is_fragment].append(call)
    chosen = []
    for group in groups.values():
        random.Random(seed).shuffle(group)
        chosen += group[: round(share * len(group))]
    return chosen


def curve(
    training: Sequence[LabelledCall],
    validation: Sequence[LabelledCall],
    sets: Mapping[str, Sequence[LabelledCall]],
) -> Iterator[str]:
    """Markdown: a row per share and set, with macro-F1 over all and per language."""
    languages = sorted({str(call.conversation.language) for call in training})
    yield f"| share | calls | turns | on | micro-F1 | macro-F1 | {' | '.join(languages)} |"
    yield "| ---: | ---: | ---: | --- |" + " ---: |" * (len(languages) + 2)
    for share in SHARES:
        own = part(training, share)
        find = finder(tfidf, own, validation)
        whole = sum(not call.is_fragment for call in own)
        turns = sum(len(call.spans) for call in own)
        for name, calls in sets.items():
            gold, found = truth(calls), find(calls)
            total = summary(gold, found)
            each = []
            for language in languages:
                chosen = [i for i, c in enumerate(calls) if c.conversation.language == language]
                figures = summary([gold[i] for i in chosen], [found[i] for i in chosen])
                each.append(f"{figures['macro_f1']:.3f}" if chosen else "")
            yield (
                f"| {share:.2f} | {whole} | {turns} | {name} | {total['micro_f1']:.3f} | "
                f"{total['macro_f1']:.3f} | {' | '.join(each)} |"
            )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.curve", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--on", nargs="*", type=Path, default=[], help="files of labelled calls")
    options = parser.parse_args(arguments)
    calls = load(options.data)
    sets = {"test": [call for call in calls if call.split == "test"]}
    if options.on:
        sets["files"] = [call for path in options.on for call in parse(path)]
    training, validation = split(calls)
    for row in curve(training, validation, {name: own for name, own in sets.items() if own}):
        sys.stdout.write(row + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
