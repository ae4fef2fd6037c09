"""Plain words for the HTML report: names of languages and formats, reasons, figures and times."""

from __future__ import annotations

import math
from datetime import datetime
from functools import cache

from analyzer.evidence import Evidence
from analyzer.reading.formats import ALL_FORMATS
from analyzer.scoring import DOUBTFUL
from analyzer.traits import TRAIT

NOT_KNOWN = "not known"

_LANGUAGES = {
    "da": "Danish",
    "nb": "Norwegian (Bokmål)",
    "nn": "Norwegian (Nynorsk)",
    "sv": "Swedish",
    "en": "English",
}
_REASONS = {
    "NO_TIMESTAMPS": "the file has no times",
    "NO_AGENT_TURNS": "no agent speaks in the call",
    "NO_ANSWERS": "the agent never answers the customer",
    "NO_TALK_TIME": "no turn takes any time",
    "ONE_SIDE_ONLY": "only one side of the call can be read, so there is nothing to judge",
    "LANGUAGE_NOT_SUPPORTED": "the language is not one that Kasper can judge",
    "TOO_LITTLE_TEXT": "there is too little text",
    "NO_HOLD_LENGTH": "the transcript reports no hold with its length",
    "TURN_TOO_LONG": "a turn is longer than can be read",
}
_FLAGS = {"overpromise": "Over-promise", "no_recovery": "Nothing made good"}


def language_name(code: str | None) -> str:
    """The English name of a language that Kasper knows, otherwise its code."""
    return _LANGUAGES.get(code, code) if code else NOT_KNOWN


@cache
def format_title(name: str) -> str:
    """What a format is called outside Kasper."""
    titles = {known.name: known.title for known in ALL_FORMATS}
    return titles.get(name, name)


def reason(code: str) -> str:
    """A reason code in a few words, as in `not known: the file has no times`."""
    return _REASONS.get(code, code.replace("_", " ").lower())


def flag_title(name: str) -> str:
    """A flag's name for people."""
    return _FLAGS.get(name, name.replace("_", " ").capitalize())


def band_title(band: str | None) -> str:
    """A band's name for people."""
    return band.capitalize() if band else "Not scored"


def number(value: float) -> str:
    """A figure with at most one decimal and no superfluous zero."""
    return f"{round(value, 1):g}"


def points(value: float) -> str:
    """Points with their sign; the minus is as wide as the plus."""
    if not value:
        return "0"
    return f"{'+' if value > 0 else '−'}{abs(value):g}"


def percent(share: float) -> str:
    """A share of 1 in per cent, never rounded to a certainty that it is not."""
    if 0.99 < share < 1:
        return "over 99%"
    if 0 < share < 0.01:
        return "under 1%"
    return f"{round(100 * share)}%"


def clock(seconds: float) -> str:
    """A point in the call: `0:07`, `12:40`, `1:02:03`."""
    minutes, rest = divmod(math.floor(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length(seconds: float) -> str:
    """A stretch of time: `4.2 s`, `3 min 5 s`, `1 h 2 min`."""
    if seconds < 60:
        return f"{number(seconds)} s"
    minutes, rest = divmod(math.floor(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(started_at: str) -> str:
    """A time of day such as `2026-03-02, 09:14`; what is no RFC 3339 time as it is."""
    try:
        return f"{datetime.fromisoformat(started_at):%Y-%m-%d, %H:%M}"
    except ValueError:
        return started_at


def times(count: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def turn_anchor(call: str, turn: int) -> str:
    """The id of a turn's element; `call` is the id of the call's."""
    return f"{call}-t{turn}"


def is_doubtful(item: Evidence) -> bool:
    """Whether a finding may well be wrong."""
    return item.probability < DOUBTFUL


def sureness(item: Evidence) -> str:
    """How sure a finding is, and who says so."""
    if item.source == "event":
        return "stated in the transcript"
    return f"{percent(item.probability)} sure"


def explained(item: Evidence) -> str:
    """A finding in one line: what it is, what that means, how sure it is."""
    trait = TRAIT[item.label]
    doubt = ", doubtful" if is_doubtful(item) else ""
    return f"{trait.title} ({sureness(item)}{doubt}): {trait.definition}"
