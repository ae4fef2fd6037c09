"""Personal data in the words of a call, replaced by placeholders: `[PERSON_1]`, `[PHONE_1]`.

    from analyzer.redaction import redact

    redaction = redact(conversation)
    print(redaction.conversation.turns[0].text, redaction.replaced)

docs/redaction.md says what is found, how often, and what is not. Each module here finds one family;
this one runs them over a call and gives equal data equal placeholders.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analyzer.conversation import PLACEHOLDER, Conversation, Turn, number_speakers
from analyzer.redaction.addresses import find_addresses
from analyzer.redaction.birthdates import find_birthdates
from analyzer.redaction.context import TURNS_BACK
from analyzer.redaction.emails import find_emails
from analyzer.redaction.identity_numbers import find_identities
from analyzer.redaction.number_kinds import find_numbers
from analyzer.redaction.passage import Detection, Passage
from analyzer.redaction.payments import find_ibans
from analyzer.redaction.persons import find_known, find_persons, with_genitives
from analyzer.redaction.references import find_codes

KINDS = (
    "PERSON", "CPR", "FODSELSNUMMER", "PERSONNUMMER", "HETU", "NINO", "PPS", "BIRTHDATE", "PHONE",
    "EMAIL", "URL", "ADDRESS", "CARD", "IBAN", "ACCOUNT", "PLATE", "REFERENCE", "NUMBER",
)  # fmt: skip
# What this or another tool has put in the place of personal data: never looked into, never nested.
_REDACTED = re.compile(
    rf"{PLACEHOLDER.pattern}|\[[A-ZÆØÅÄÖ][A-ZÆØÅÄÖ0-9 _-]*\]|<[A-Z][A-Z0-9_ -]*>|"
    r"\{[A-Z][A-Z0-9_ -]*\}|"
    r"[*#]{3,}|\b[Xx]{3,}\b"
)
# In the order of trust, where two of the same length meet.
_DETECTORS = (
    find_identities,
    find_ibans,
    find_emails,
    find_birthdates,
    find_numbers,
    find_codes,
    find_addresses,
    find_persons,
)


@dataclass(frozen=True, slots=True)
class Replaced:
    """A placeholder and what it stands for: `start` and `end` in the text before redaction."""

    turn: int
    start: int
    end: int
    kind: str
    placeholder: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """A call without the personal data that was found, and where it was."""

    conversation: Conversation
    replaced: tuple[Replaced, ...]


def redact(conversation: Conversation, *, names: Iterable[str] = ()) -> Redaction:
    """The call with placeholders of a kind and a number in the place of personal data.

    Equal data has an equal placeholder throughout the call. `names` are further names to look for,
    such as the speakers' in the file. `id`, `customer_id`, `queue` and `source` stay: they are the
    keys by which the call is found again. `original`, the document as it was read, does not.
    """
    passages = _passages(conversation)
    found = [list(_detected(passage)) for passage in passages]
    known = _known_names(found, names)
    if known:
        spellings = with_genitives(known)
        for passage, detections in zip(passages, found, strict=True):
            if not passage.forms.isdisjoint(spellings):
                detections.extend(find_known(passage, known))
    kept = [_without_overlap(detections) for detections in found]
    numbering = _Numbering(turn.text for turn in conversation.turns)
    numbering.meet_persons(d.value for detections in kept for d in detections if d.kind == "PERSON")
    turns: list[Turn] = []
    replaced: list[Replaced] = []
    for index, (turn, detections) in enumerate(zip(conversation.turns, kept, strict=True)):
        own = [
            Replaced(index, d.start, d.end, d.kind, numbering.placeholder(d)) for d in detections
        ]
        turns.append(replace(turn, text=_replace(turn.text, own)) if own else turn)
        replaced += own
    return Redaction(replace(conversation, turns=_anonymous(turns), original=None), tuple(replaced))


def _passages(conversation: Conversation) -> list[Passage]:
    texts = [_blanked(turn.text) for turn in conversation.turns]
    cased = _cased(conversation.turns)
    return [
        Passage(
            text,
            conversation.language,
            texts[max(0, i - TURNS_BACK) : i],
            cased=cased[turn.role] and turn.text != turn.text.lower(),
        )
        for i, (turn, text) in enumerate(zip(conversation.turns, texts, strict=True))
    ]


def _cased(turns: Sequence[Turn]) -> dict[str, bool]:
    """For each role, whether most of its turns begin with a capital; one side may type without."""
    begin: dict[str, list[bool]] = defaultdict(list)
    for turn in turns:
        first = turn.text.lstrip("[(*\"'«“”-–… ")[:1]
        begin[turn.role].append(
            first.isupper() or not first.isalpha() and turn.text != turn.text.lower()
        )
    return {role: 2 * sum(capitals) >= len(capitals) for role, capitals in begin.items()}


def _blanked(text: str) -> str:
    return _REDACTED.sub(lambda match: "\0" * len(match[0]), text)


def _detected(passage: Passage) -> Iterator[Detection]:
    for find in _DETECTORS:
        yield from find(passage)


def _known_names(found: Sequence[Sequence[Detection]], names: Iterable[str]) -> frozenset[str]:
    """The single words of all names of the call."""
    full = [d.value for detections in found for d in detections if d.kind == "PERSON"]
    full += [name.lower() for name in names]
    return frozenset(word for name in full for word in name.split() if len(word) > 1)


def _without_overlap(detections: list[Detection]) -> list[Detection]:
    """The longest of those that overlap, in the order of the text."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda d: d.start - d.end):
        if all(detection.end <= d.start or d.end <= detection.start for d in kept):
            kept.append(detection)
    return sorted(kept, key=lambda d: d.start)


def _replace(text: str, replaced: Sequence[Replaced]) -> str:
    parts: list[str] = []
    position = 0
    for item in replaced:
        before = text[position : item.start]
        parts += [before, _fitting("".join([*parts, before]), item.placeholder)]
        position = item.end
    return "".join([*parts, text[position:]])


def _fitting(before: str, placeholder: str) -> str:
    """Without its brackets inside of brackets, so that `[Transferring to PERSON_1]` stays one."""
    inside = before.rfind("[") > before.rfind("]")
    return placeholder[1:-1] if inside else placeholder


def _anonymous(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns with speakers A1, C1, …; those of unknown role are S1, S2, … by their label."""
    labels: dict[str, str] = {}
    unnamed = []
    for turn in turns:
        if turn.role in ("unknown", "system") and turn.speaker is not None:
            label = labels.setdefault(turn.speaker, f"S{len(labels) + 1}")
            turn = replace(turn, speaker=label)
        unnamed.append(turn)
    return number_speakers(unnamed)


class _Numbering:
    """Gives each value of a kind its number, in the order in which they come."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._last: Counter[str] = Counter()
        self._given: dict[tuple[str, str], str] = {}
        self._persons: list[set[str]] = []
        for text in texts:
            for match in PLACEHOLDER.finditer(text):
                kind, _, number = match[0].strip("[]").rpartition("_")
                self._last[kind] = max(self._last[kind], int(number))

    def meet_persons(self, names: Iterable[str]) -> None:
        """Learn who is who: "Holm" and "Anne" are "Anne Holm" if she is named in full."""
        for name in sorted(dict.fromkeys(names), key=lambda name: -len(name.split())):
            words = set(name.split())
            if not any(words <= person for person in self._persons):
                self._persons.append(words)

    def placeholder(self, detection: Detection) -> str:
        """The placeholder of a value, always the same within the call."""
        value = detection.value
        if detection.kind == "PERSON":
            words = set(value.split())
            value = str(next(i for i, person in enumerate(self._persons) if words <= person))
        key = (detection.kind, value)
        if key not in self._given:
            self._last[detection.kind] += 1
            self._given[key] = f"[{detection.kind}_{self._last[detection.kind]}]"
        return self._given[key]
