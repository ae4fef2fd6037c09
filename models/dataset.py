"""The labelled calls in `data/training/`: parse, check, count and split them.

    python -m models.dataset check    # the first error of each file, with its line; exit code 1
    python -m models.dataset stats    # counts per language, label, split, trade (--write: card)

A file holds calls in the notation of `docs/traits.md`:

    # da-a-001 | domain: bank | style: clean | band: kasper | resolved: yes | failure: no | …
    A: {{greeting|…}}
    C: …

Files are named `LANGUAGE-VOICE.calls.txt` (whole calls) and `LANGUAGE-VOICE.fragments.txt` (one to
four turns); a voice is one writer. A call that exists in several languages, rewritten turn by turn,
names the original in each of them: `| parallel_id: da-e-004`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from analyzer.conversation import Conversation, Role, Turn
from analyzer.errors import UsageError
from analyzer.language import LANGUAGES
from analyzer.traits import LABELS, TRAIT

DATA = Path(__file__).parent.parent / "data" / "training"

Band = Literal["rasmus", "kasper", "star"]
Style = Literal["clean", "asr"]
Split = Literal["train", "validation", "test"]

# Voices that training never hears: a figure on them is a figure on writers never trained on.
# Validation voices choose (thresholds, settings, when to stop), test voices only measure.
SPLIT_OF_VOICE: dict[str, Split] = {
    "c": "test",
    "j": "test",
    "i": "validation",
    "s": "validation",
}

_TAG = re.compile(r"\{\{([a-z_+]+)\|(.*?)\}\}")
_TURN = re.compile(r"^(A\d?|C|S):\s*(\S.*)$")
_ROLES: dict[str, Role] = {"A": "agent", "C": "customer", "S": "system"}
_ID = re.compile(rf"({'|'.join(LANGUAGES)})-[a-z]+-t?\d{{3,}}")
_FIELDS = ("domain", "style", "band", "resolved", "failure", "recovery", "transfers")


class DatasetError(UsageError):
    """A labelled file that breaks the notation; the message begins with file and line."""


@dataclass(frozen=True, slots=True)
class Span:
    """A label and the characters of the turn's text that prove it."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """A call with the spans of each turn and the truth about the whole of it."""

    conversation: Conversation
    spans: tuple[tuple[Span, ...], ...]
    domain: str
    style: Style
    band: Band
    resolved: bool
    failure: bool
    recovery: int
    transfers: int
    is_fragment: bool
    parallel_id: str | None

    @property
    def labels(self) -> tuple[frozenset[str], ...]:
        """The labels of each turn."""
        return tuple(frozenset(span.label for span in spans) for spans in self.spans)

    @property
    def voice(self) -> str:
        """Who wrote it: a letter, together with the language."""
        return self.conversation.id.split("-")[1]

    @property
    def origin(self) -> str:
        """The id of the call that this one is a rewriting of, or its own."""
        return self.parallel_id or self.conversation.id

    @property
    def split(self) -> Split:
        """Where this call belongs, by its voice."""
        return SPLIT_OF_VOICE.get(self.voice, "train")


def parse_turn(marked: str) -> tuple[str, tuple[Span, ...]]:
    """`"a {{empathy|b}} c"` -> `("a b c", (Span("empathy", 2, 3),))`."""
    text, spans, last = "", [], 0
    for tag in _TAG.finditer(marked):
        text += marked[last : tag.start()]
        end = len(text) + len(tag[2])
        spans += [Span(label, len(text), end) for label in tag[1].split("+")]
        text += tag[2]
        last = tag.end()
    return text + marked[last:], tuple(spans)


def read_text(path: Path) -> str:
    """The text of a file; `DatasetError` if it is not in UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        told = f"{path.name}: no UTF-8 text from byte {error.start + 1} on; save it as UTF-8"
        raise DatasetError(told) from None


def parse(path: Path) -> list[LabelledCall]:
    """The calls of one file; `DatasetError` at the first line that breaks the notation."""
    calls: list[LabelledCall] = []
    header: tuple[str, dict[str, str]] | None = None
    begun = ""
    turns: list[tuple[Turn, tuple[Span, ...]]] = []
    numbered = enumerate([*read_text(path).split("\n"), ""], 1)
    for number, raw in numbered:
        line, where = raw.strip(), f"{path.name}:{number}"
        if line.startswith("#"):
            if header:
                calls.append(_call(header, turns, begun))
            header, turns, begun = _header(line, where), [], where
        elif line:
            if header is None:
                raise DatasetError(f"{where}: a turn before the first header")
            turns.append(_labelled_turn(line, where))
    if header:
        calls.append(_call(header, turns, begun))
    return calls


def _header(line: str, where: str) -> tuple[str, dict[str, str]]:
    call_id, *parts = [part.strip() for part in line[1:].split("|")]
    fields: dict[str, str] = {}
    for part in parts:
        key, colon, value = (piece.strip() for piece in part.partition(":"))
        if not colon or not value:
            raise DatasetError(f"{where}: expected `key: value`, found {part!r}")
        if key in fields:
            raise DatasetError(f"{where}: {key} stands twice")
        fields[key] = value
    if set(fields) - {"parallel_id"} != set(_FIELDS):
        raise DatasetError(f"{where}: expected the fields {', '.join(_FIELDS)}")
    _allowed(fields["style"], get_args(Style), where)
    _allowed(fields["band"], get_args(Band), where)
    _allowed(fields["resolved"], ("yes", "no"), where)
    _allowed(fields["failure"], ("yes", "no"), where)
    _allowed(fields["recovery"], ("0", "1", "2", "3"), where)
    if not fields["transfers"].isdecimal():
        raise DatasetError(f"{where}: transfers must be a number, found {fields['transfers']!r}")
    if not call_id.rsplit("-", 1)[-1].startswith("t") and _recovered_from_nothing(fields):
        raise DatasetError(f"{where}: without a failure, recovery is 0")
    if "-" not in call_id or call_id.split("-")[0] not in LANGUAGES:
        raise DatasetError(f"{where}: expected an id such as da-a-001, found {call_id!r}")
    return call_id, fields


def _recovered_from_nothing(fields: dict[str, str]) -> bool:
    return fields["failure"] == "no" and fields["recovery"] != "0"


def _allowed(value: str, choices: Iterable[str], where: str) -> None:
    if value not in choices:
        raise DatasetError(f"{where}: expected one of {', '.join(choices)}, found {value!r}")


def _labelled_turn(line: str, where: str) -> tuple[Turn, tuple[Span, ...]]:
    match = _TURN.match(line)
    if not match:
        raise DatasetError(f"{where}: expected `A: …`, `C: …` or `S: …`, found {line[:40]!r}")
    speaker, role = match[1], _ROLES[match[1][0]]
    text, spans = parse_turn(match[2])
    if "{{" in text or "}}" in text:
        raise DatasetError(f"{where}: a tag that does not open or close")
    if len(set(spans)) < len(spans):
        raise DatasetError(f"{where}: a label stands twice on the same words")
    for span in spans:
        if span.label not in LABELS:
            raise DatasetError(f"{where}: there is no label {span.label!r}")
        if TRAIT[span.label].role != role:
            raise DatasetError(f"{where}: {span.label} cannot stand on a turn of the {role}")
        if (
            text[span.start : span.end] != text[span.start : span.end].strip()
            or span.start == span.end
        ):
            raise DatasetError(
                f"{where}: a span of {span.label} is empty or begins or ends with a blank"
            )
    return Turn(text, role, None if role == "system" else speaker.ljust(2, "1")), spans


def _call(
    header: tuple[str, dict[str, str]], turns: list[tuple[Turn, tuple[Span, ...]]], where: str
) -> LabelledCall:
    call_id, fields = header
    if not turns:
        raise DatasetError(f"{where}: {call_id} has no turns")
    conversation = Conversation(call_id, tuple(t for t, _ in turns), call_id.split("-")[0])
    return LabelledCall(
        conversation,
        tuple(spans for _, spans in turns),
        fields["domain"],
        "asr" if fields["style"] == "asr" else "clean",
        next(band for band in get_args(Band) if band == fields["band"]),
        fields["resolved"] == "yes",
        fields["failure"] == "yes",
        int(fields["recovery"]),
        int(fields["transfers"]),
        call_id.rsplit("-", 1)[1].startswith("t"),
        fields.get("parallel_id"),
    )


def load(folder: Path = DATA) -> list[LabelledCall]:
    """All labelled calls below `folder`; `DatasetError` for what `check` would name.

    Here an id must say what its file says: `da-a-001` lies in `da-a.calls.txt`. A typing mistake in
    a voice would otherwise carry a call from the test side to the training side.
    """
    calls = []
    for path in sorted(folder.rglob("*.txt")):
        for call in parse(path):
            own = call.conversation.id
            kind = "fragments" if call.is_fragment else "calls"
            expected = f"{own.rsplit('-', 1)[0]}.{kind}.txt"
            if not _ID.fullmatch(own) or path.name != expected:
                raise DatasetError(f"{path.name}: the id {own} does not belong into this file")
            calls.append(call)
    if not calls:
        raise DatasetError(f"{folder}: no files of labelled calls (*.txt)")
    seen = Counter(call.conversation.id for call in calls)
    for call_id, count in seen.items():
        if count > 1:
            raise DatasetError(f"{folder}: the id {call_id} stands {count} times")
    by_id = {call.conversation.id: call for call in calls}
    for call in calls:
        if call.parallel_id is not None:
            _check_parallel(call, by_id.get(call.parallel_id), folder)
    return calls


def _check_parallel(call: LabelledCall, original: LabelledCall | None, folder: Path) -> None:
    where = f"{folder}: {call.conversation.id}"
    if original is None or original.parallel_id != call.parallel_id:
        raise DatasetError(f"{where}: {call.parallel_id} does not name itself as `parallel_id`")
    if original.split != call.split:
        raise DatasetError(f"{where} is for {call.split}, its original for {original.split}")
    roles, expected = ([turn.role for turn in each.conversation.turns] for each in (call, original))
    if roles != expected:
        raise DatasetError(f"{where}: its speakers are not those of {call.parallel_id}, in turn")


def errors(folder: Path) -> Iterator[str]:
    """The first error of every file below `folder`; if there are none, what spans several files."""
    broken = False
    for path in sorted(folder.rglob("*.txt")):
        try:
            parse(path)
        except DatasetError as error:
            broken = True
            yield str(error)
    if not broken:
        try:
            load(folder)
        except DatasetError as error:
            yield str(error)


def statistics(calls: Sequence[LabelledCall]) -> Iterator[str]:
    """Markdown tables: what there is per language and per label, and the trades."""
    languages = sorted({str(call.conversation.language) for call in calls})
    columns = [
        *([c for c in calls if c.conversation.language == language] for language in languages),
        list(calls),
    ]
    for count in (_counts, _labels):
        figures = [count(column) for column in columns]
        yield f"| | {' | '.join(languages)} | all |"
        yield "| --- |" + " ---: |" * len(columns)
        for name in figures[-1]:
            yield f"| {name} | {' | '.join(column[name] for column in figures)} |"
        yield ""
    trades = Counter(call.domain for call in calls if not call.is_fragment)
    common = ", ".join(f"{name} {count}" for name, count in trades.most_common(40))
    yield f"{len(trades)} trades by the names in the headers of the calls; most frequent: {common}."


def _counts(calls: Sequence[LabelledCall]) -> dict[str, str]:
    whole = [call for call in calls if not call.is_fragment]
    pieces = [call for call in calls if call.is_fragment]
    spoken = [
        spans
        for call in calls
        for turn, spans in zip(call.conversation.turns, call.spans, strict=True)
        if turn.role != "system"
    ]
    lengths = sorted(len(call.spans) for call in whole) or [0]

    def each(field: str, *values: object, among: Sequence[LabelledCall] = whole) -> str:
        return " / ".join(str(sum(getattr(c, field) == v for c in among)) for v in values)

    return {
        "whole calls": f"{len(whole):,}",
        "fragments": f"{len(pieces):,}",
        "turns": f"{sum(len(call.spans) for call in calls):,}",
        "spoken turns without a label": f"{sum(not s for s in spoken) / max(len(spoken), 1):.0%}",
        "calls: fewest / median / most turns": (
            f"{lengths[0]} / {lengths[len(lengths) // 2]} / {lengths[-1]}"
        ),
        "calls: train / validation / test": each("split", *get_args(Split)),
        "fragments: train / validation / test": each("split", *get_args(Split), among=pieces),
        "calls: clean / asr": each("style", *get_args(Style)),
        "fragments: clean / asr": each("style", *get_args(Style), among=pieces),
        "calls that exist in several languages": str(
            sum(call.parallel_id is not None for call in whole)
        ),
        "calls: rasmus / kasper / star": each("band", *get_args(Band)),
        "calls: resolved": each("resolved", True),
        "calls: failure": each("failure", True),
        "calls: recovery 0 / 1 / 2 / 3": each("recovery", 0, 1, 2, 3),
        "calls: handed on 0 / 1 / 2 / 3 / 4 times": each("transfers", 0, 1, 2, 3, 4),
    }


def _labels(calls: Sequence[LabelledCall]) -> dict[str, str]:
    found = Counter(span.label for call in calls for spans in call.spans for span in spans)
    return {f"`{label}`": f"{found[label]:,}" for label in LABELS} | {
        "all labels": f"{found.total():,}"
    }


_BEGIN = "<!-- figures: python -m models.dataset stats --write -->"


def write_between(path: Path, begin: str, text: str, end: str = "<!-- end of figures -->") -> None:
    """Put `text` between the lines `begin` and `end` of a document; `DatasetError` without them."""
    document = path.read_text("utf-8")
    before, found, rest = document.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise DatasetError(f"{path}: the lines {begin} and {end} are missing")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", "utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.dataset", description=__doc__)
    parser.add_argument("command", choices=["check", "stats"])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--write", action="store_true", help="stats: into the folder's README.md")
    options = parser.parse_args(arguments)
    if options.write and options.command != "stats":
        parser.error("--write belongs to stats")
    try:
        calls = load(options.folder)
    except DatasetError:
        sys.stdout.write("\n".join(errors(options.folder)) + "\n")
        return 1
    text = f"{len(calls)} calls and fragments, no errors"
    if options.command == "stats":
        text = "\n".join(statistics(calls))
        if options.write:
            write_between(options.folder / "README.md", _BEGIN, text)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
