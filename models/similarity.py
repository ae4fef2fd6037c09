"""How alike the labelled calls are: copies to remove, and how many ways of speaking they hold.

    python -m models.similarity copies [FOLDER] [--against FILE]       # exit code 1 if any
    python -m models.similarity diversity [FOLDER] [--against FILE]    # beside those of other calls

Two texts are **near copies** when the cosine of their character 5-grams within words (TF-IDF; the
order of the words does not count) reaches `NEAR_COPY`; a text is a turn, a fragment or a whole
call, of `COPY_WORDS` words and more. What is alike on purpose is not compared: calls parallel to
each other, and the two halves of a minimal pair, which stand near each other in one file of
fragments. Nor are the turns of one call.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from models.dataset import DATA, LabelledCall, load, parse

# Found by reading pairs of our own calls: from here on they say the same in the same words; below
# lie what everybody says ("anything else I can help you with") and telephone numbers.
NEAR_COPY = 0.85
# Shorter ones are said by everybody ("ja tak, det er fint").
COPY_WORDS = 8
# Fragments this near in one file may share a turn: only what follows it differs.
PAIR_DISTANCE = 3
# Three-grams are counted in samples of this many words, because a longer text repeats itself more.
SAMPLE_WORDS, SAMPLES = 3_000, 20


@dataclass(frozen=True, slots=True)
class Text:
    """A text, the call it stands in, and its place (`da-a-001`, or `da-a-001:7` for a turn)."""

    place: str
    call: LabelledCall
    words: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and the cosine of their character 5-grams, 0 to 1."""

    first: Text
    second: Text
    cosine: float


def words(text: str) -> list[str]:
    """The words in small letters, without punctuation."""
    return re.findall(r"\w+", text.lower())


def turns(calls: Iterable[LabelledCall]) -> list[Text]:
    """The spoken turns."""
    return [
        Text(f"{call.conversation.id}:{number}", call, " ".join(words(turn.text)))
        for call in calls
        for number, turn in enumerate(call.conversation.turns)
        if turn.role != "system"
    ]


def whole(calls: Iterable[LabelledCall]) -> list[Text]:
    """Each call, or fragment, as one text."""
    return [
        Text(
            call.conversation.id,
            call,
            " ".join(
                word
                for turn in call.conversation.turns
                if turn.role != "system"
                for word in words(turn.text)
            ),
        )
        for call in calls
    ]


def nearest(texts: Sequence[Text], others: Sequence[Text] | None = None) -> list[Pair]:
    """For each text the most similar of `others`; without `others`, of the texts themselves.

    Among themselves, texts that are alike on purpose are passed over.
    """
    pool = texts if others is None else others
    if not texts or not pool:
        return []
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(5, 5), sublinear_tf=True)
    vectorizer.fit([t.words for t in [*texts, *pool]])
    table = vectorizer.transform([t.words for t in pool]).T.tocsc()
    found = []
    for start in range(0, len(texts), 512):
        rows = vectorizer.transform([t.words for t in texts[start : start + 512]])
        for offset, cosines in enumerate((rows @ table).toarray()):
            own = texts[start + offset]
            best = _best(own, pool, cosines, among_themselves=others is None)
            if best is not None:
                found.append(best)
    return found


def _best(
    own: Text, pool: Sequence[Text], cosines: NDArray[np.float64], *, among_themselves: bool
) -> Pair | None:
    for index in np.argsort(-cosines):
        if not among_themselves or not _related(own.call, pool[index].call):
            return Pair(own, pool[index], float(cosines[index]))
    return None


def _related(a: LabelledCall, b: LabelledCall) -> bool:
    if a.is_fragment and b.is_fragment and a.conversation.language == b.conversation.language:
        return a.voice == b.voice and abs(_number(a) - _number(b)) <= PAIR_DISTANCE
    if a.conversation.id == b.conversation.id:
        return True
    return a.parallel_id is not None and a.parallel_id == b.parallel_id


def _number(call: LabelledCall) -> int:
    return int(re.sub(r"\D", "", call.conversation.id.rsplit("-", 1)[1]))


def copies(
    calls: Sequence[LabelledCall], against: Sequence[LabelledCall] | None = None
) -> list[Pair]:
    """Near copies among `calls`, or between them and `against`, the most similar first."""
    found: dict[frozenset[str], Pair] = {}
    for cut in (turns, whole):
        others = None if against is None else _long(cut(against))
        for pair in nearest(_long(cut(calls)), others):
            if pair.cosine >= NEAR_COPY:
                found[frozenset((pair.first.place, pair.second.place))] = pair
    return sorted(found.values(), key=lambda pair: -pair.cosine)


def _long(texts: Sequence[Text]) -> list[Text]:
    return [text for text in texts if text.words.count(" ") + 1 >= COPY_WORDS]


def distinct_trigrams(calls: Sequence[LabelledCall], seed: int = 0) -> float | None:
    """Distinct 3-grams per 1,000 spoken words: the mean over samples of calls, all of one size.

    Words run on from turn to turn, so that short turns have as many 3-grams as long ones.

    None when the calls together have fewer than `SAMPLE_WORDS` words.
    """
    texts = [text.words.split() for text in whole(calls)]
    if sum(map(len, texts)) < SAMPLE_WORDS:
        return None
    rng, rates = random.Random(seed), []
    for _ in range(SAMPLES):
        rng.shuffle(texts)
        sample = list(chain.from_iterable(texts))[:SAMPLE_WORDS]
        rates.append(len(set(zip(sample, sample[1:], sample[2:], strict=False))))
    return sum(rates) / len(rates) / SAMPLE_WORDS * 1000


def diversity(calls: Sequence[LabelledCall]) -> Iterator[str]:
    """A row per language and per voice of whole calls: 3-grams, and cosines to the nearest call."""
    languages: dict[str, list[LabelledCall]] = defaultdict(list)
    for call in calls:
        if not call.is_fragment:
            languages[call.conversation.language or "?"].append(call)
    for language, own in sorted(languages.items()):
        groups = {language: own}
        for voice in sorted({call.voice for call in own}):
            groups[f"{language}-{voice}"] = [call for call in own if call.voice == voice]
        for name, group in groups.items():
            rate = distinct_trigrams(group)
            cosines = [pair.cosine for pair in nearest(whole(group))]
            if not cosines:
                continue
            yield (
                f"| {name} | {len(group)} | {'' if rate is None else f'{rate:.0f}'} | "
                f"{np.median(cosines):.2f} | {np.max(cosines):.2f} |"
            )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.similarity", description=__doc__)
    parser.add_argument("command", choices=["copies", "diversity"])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument(
        "--against", action="append", type=Path, default=[], help="a further file of labelled calls"
    )
    options = parser.parse_args(arguments)
    calls = load(options.folder)
    others = [call for path in options.against for call in parse(path)]
    if options.command == "copies":
        found = copies(calls) + (copies(calls, others) if others else [])
        for pair in found:
            sys.stdout.write(
                f"{pair.cosine:.2f} {pair.first.place} ({pair.first.call.split}) "
                f"{pair.second.place} ({pair.second.call.split})\n    {pair.first.words}\n"
                f"    {pair.second.words}\n"
            )
        return 1 if found else 0
    for title, group in ((str(options.folder.name), calls), ("against", others)):
        if group:
            sys.stdout.write(
                f"| {title} | calls | distinct 3-grams per 1,000 words | nearest call, median | "
                "most |\n| --- | ---: | ---: | ---: | ---: |\n"
            )
            sys.stdout.writelines(row + "\n" for row in diversity(group))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
