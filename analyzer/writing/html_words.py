"""Plain words for the HTML report: names of languages and formats, reasons, figures and times."""

from __future__ import annotations

import math
import re
from datetime import datetime
from functools import cache

from analyzer.evidence import Evidence
from analyzer.flags import Flag
from analyzer.reading.formats import ALL_FORMATS
from analyzer.scoring import DOUBTFUL
from analyzer.traits import TRAIT
from analyzer.writing.catalogue import decimal_point, gettext, marked

NOT_KNOWN = marked("not known")

LANGUAGE_NAMES = {
    "da": marked("Danish"),
    "nb": marked("Norwegian (Bokmål)"),
    "nn": marked("Norwegian (Nynorsk)"),
    "sv": marked("Swedish"),
    "en": marked("English"),
}
_REASONS = {
    "NO_TIMESTAMPS": marked("the file has no times"),
    "NO_AGENT_TURNS": marked("no agent speaks in the call"),
    "NO_ANSWERS": marked("the agent never answers the customer"),
    "NO_TALK_TIME": marked("no turn takes any time"),
    "ONE_SIDE_ONLY": marked("only one side of the call can be read, so there is nothing to judge"),
    "LANGUAGE_NOT_SUPPORTED": marked("the language is not one that Kasper can judge"),
    "TOO_LITTLE_TEXT": marked("there is too little text"),
    "NO_HOLD_LENGTH": marked("the transcript reports no hold with its length"),
    "TURN_TOO_LONG": marked("a turn is longer than can be read"),
}
FLAG_TITLES = {
    "repeated_deflection": marked("Repeated deflection"),
    "repeated_blame": marked("Repeated blame"),
    "repeated_dismissal": marked("Repeated dismissal"),
    "repeated_reluctance": marked("Repeated reluctance"),
    "passed_around": marked("Passed around"),
    "overpromise": marked("Over-promise"),
    "broken_promise": marked("Broken promise"),
    "no_recovery": marked("Nothing made good"),
    "left_angry": marked("Left angry"),
    "worth_praising": marked("Worth praising"),
    "too_short": marked("Too short"),
    "uncertain_band": marked("Uncertain band"),
    "uncertain_roles": marked("Uncertain roles"),
}
_FLAG_REASONS = {
    "repeated_deflection": marked("The agent pushed the matter away {} times."),
    "repeated_blame": marked("The agent blamed the customer {} times."),
    "repeated_dismissal": marked("The agent brushed the customer's account aside {} times."),
    "repeated_reluctance": marked("The agent was grudging {} times."),
    "passed_around": marked("The customer was passed on {} times."),
    "overpromise": marked(
        "The agent promised what they do not control; the next call may be about it."
    ),
    "broken_promise": marked("The customer tells of a promise not kept."),
    "no_recovery": marked(
        "Something had gone wrong and nobody made up for it, not even with an apology."
    ),
    "left_angry": marked("The customer ends the call unsolved and angry."),
    "worth_praising": marked("A call to praise, and to learn from."),
    "too_short": marked("Only {} words were said: too little to judge by."),
    "uncertain_band": marked(
        "The band is uncertain: without the doubtful findings the score lies between {} and {}."
    ),
    "uncertain_roles": marked("Who is the agent was guessed from the words and is not sure."),
}
_FIGURE = re.compile(r"\d+(?:\.\d+)?")


def language_name(code: str | None) -> str:
    """The name of a language that Kasper knows, otherwise its code."""
    return gettext(LANGUAGE_NAMES.get(code, code) if code else NOT_KNOWN)


@cache
def format_title(name: str) -> str:
    """What a format is called outside Kasper."""
    titles = {known.name: known.title for known in ALL_FORMATS}
    return titles.get(name, name)


def reason(code: str) -> str:
    """A reason code in a few words, as in `not known: the file has no times`."""
    return gettext(_REASONS.get(code, code.replace("_", " ").lower()))


def flag_title(name: str) -> str:
    """A flag's name for people."""
    return gettext(FLAG_TITLES.get(name, name.replace("_", " ").capitalize()))


def flag_reason(flag: Flag) -> str:
    """Why a flag is raised: its own words, with its figures, in the language of the page."""
    words, figures = _FIGURE.sub("{}", flag.reason), _FIGURE.findall(flag.reason)
    if words != _FLAG_REASONS.get(flag.name):
        return flag.reason
    return gettext(words).format(*map(localised, figures))


_BANDS = {"rasmus": marked("Rasmus"), "kasper": marked("Kasper"), "star": marked("Star")}


def band_title(band: str | None) -> str:
    """A band's name for people."""
    return gettext(_BANDS[band]) if band else gettext("Not scored")


def number(value: float) -> str:
    """A figure with at most one decimal and no superfluous zero."""
    return localised(f"{round(value, 1):g}")


def localised(figure: str) -> str:
    """A figure, or a sum of them, with the decimal point of the page's language."""
    return re.sub(r"(?<=\d)\.(?=\d)", decimal_point(), figure)


def points(value: float) -> str:
    """Points with their sign; the minus is as wide as the plus."""
    if not value:
        return "0"
    return localised(f"{'+' if value > 0 else '−'}{abs(value):g}")


def percent(share: float) -> str:
    """A share of 1 in per cent, never rounded to a certainty that it is not."""
    if 0.99 < share < 1:
        return gettext("over %(percent)s%%", percent=99)
    if 0 < share < 0.01:
        return gettext("under %(percent)s%%", percent=1)
    return gettext("%(percent)s%%", percent=round(100 * share))


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


def turn_anchor(call: str, turn: int) -> str:
    """The id of a turn's element; `call` is the id of the call's."""
    return f"{call}-t{turn}"


def is_doubtful(item: Evidence) -> bool:
    """Whether a finding may well be wrong."""
    return item.probability < DOUBTFUL


def sureness(item: Evidence) -> str:
    """How sure a finding is, and who says so."""
    if item.source == "event":
        return gettext("stated in the transcript")
    if item.source == "person":
        return gettext("found by a person")
    return gettext("%(percent)s sure", percent=percent(item.probability))


def explained(item: Evidence) -> str:
    """A finding in one line: what it is, what that means, how sure it is."""
    trait = TRAIT[item.label]
    sure = sureness(item)
    if is_doubtful(item):
        sure = gettext("%(sure)s, doubtful", sure=sure)
    return f"{gettext(trait.title)} ({sure}): {gettext(trait.definition)}"
