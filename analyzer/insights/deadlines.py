"""The dates that words name, in Danish, Norwegian, Swedish and English: "inden fredag", "om to
uger", "torsdag den sekstende", "by the end of the week", "i mandags".

docs/insights.md says how often they are read rightly, and how the libraries did that were tried.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cache
from typing import Any

from analyzer.insights.deadline_words import WORDS, Words

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name a time: `text[start:end]`, and the first and last day that they may mean.

    `vague` are words that name a time of day or a length alone, such as "klokken to" or "ten days",
    `weekday` a weekday alone, which may be that of another week.
    """

    start: int
    end: int
    first: date
    last: date
    vague: bool = False
    weekday: bool = False


def mentions(text: str, language: str | None, said: date, *, past: bool = False) -> list[Mention]:
    """The times that `text` names, in its order, as seen from the day on which it was said.

    With `past` a bare weekday or day of the month is the last one before that day, else the next.
    A language that is not known is read as all of them.
    """
    languages = [language] if language in WORDS else list(WORDS)
    found: list[Mention] = []
    for name in languages:
        for mention in _in_language(text, name, said, past):
            if all(mention.end <= other.start or other.end <= mention.start for other in found):
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def deadline(
    text: str, language: str | None, said: date, *, longest: bool = False
) -> Mention | None:
    """The time by which something was promised: the first that is named, or with `longest` the
    latest; a time of day or a bare length only where nothing better is named."""
    found = [m for m in mentions(text, language, said) if m.last >= said]
    named = [mention for mention in found if not mention.vague] or found
    if not named:
        return None
    return max(named, key=lambda mention: mention.last) if longest else named[0]


_Rule = tuple[re.Pattern[str], Callable[[re.Match[str], Words, date, bool], "_Days | None"]]


@dataclass(frozen=True, slots=True)
class _Days:
    first: date
    last: date
    vague: bool = False


def _in_language(text: str, language: str, said: date, past: bool) -> Iterator[Mention]:
    """The mentions by the rules in their order; words that one rule has read are closed to others.

    So "i overmorgen" is not also read as "morgen".
    """
    taken = [match.span() for match in _habits(language).finditer(text)]
    for pattern, read in _rules(language):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < done and begun < end for begun, done in taken):
                continue
            days = read(match, WORDS[language], said, past)
            if days is not None:
                taken.append((start, end))
                weekday = read is _weekday
                yield Mention(start, end, days.first, days.last, days.vague, weekday)


@cache
def _habits(language: str) -> re.Pattern[str]:
    """What happens every Friday is no deadline."""
    return _compiled(WORDS[language].habits)


@cache
def _rules(language: str) -> tuple[_Rule, ...]:
    w = _grouped(WORDS[language])
    number, weekday, month = _any(w.numbers), _any(w.weekdays), _any(w.months)
    ordinal = rf"(?P<day>\d{{1,2}}(?!\d|[.:]\d\d)|{_any(w.ordinals)})(?:{w.ordinal_end})?"
    unit = "|".join(f"(?P<{name}>{words})" for name, words in w.units.items())
    in_month = rf"(?P<month> {w.of_the_month})?"
    unit_words = "|".join(w.units.values())
    length = rf"(?:(?P<low>\d+|{number})\s?(?:{w.to})\s?)?(?P<high>\d+|{number})\s?(?:{w.more} )?"
    patterns: list[tuple[str, Callable[[re.Match[str], Words, date, bool], _Days | None]]] = [
        (r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", _iso),
        (rf"(?:{w.the} )?{ordinal}(?: {w.of})? (?P<month>{month})\b", _day_and_month),
        (rf"(?P<month>{month}) (?:{w.the} )?{ordinal}", _day_and_month),
        (rf"(?:{w.the} )?(?P<day>\d{{1,2}})[./](?P<number>1[0-2]|0?[1-9])\b(?![.:]\d)", _numeric),
        (rf"(?P<of>{weekday} )?{w.the} {ordinal}{in_month}(?! (?:{unit_words}))", _day),
        (w.day_after_tomorrow, _ahead(2)),
        (w.tomorrow, _ahead(1)),
        (rf"(?P<weekday>{weekday}) {w.a_week_later}", _weekday_in(7)),
        (rf"{w.last} (?P<weekday>{weekday})|{w.past_weekday}", _last_weekday),
        (rf"{w.next} (?P<weekday>{weekday})|(?P<other>{weekday}) {w.in_next_week}", _next_weekday),
        (rf"(?P<weekday>{weekday}){w.weekday_end}", _weekday),
        (rf"{w.since}(?:{length}(?:{unit})){w.ago}", _ago),
        (w.yesterday, _ahead(-1)),
        (w.last_week, _week(-1)),
        (w.next_week, _week(1)),
        (w.before_weekend, _before_weekend),
        (w.weekend, _weekend),
        (w.end_of_month, _end_of_month),
        (w.next_month, _next_month),
        (w.christmas, _christmas),
        (rf"{w.within} {length}(?:{unit})", _length),
        (w.this_week, _week(0)),
        (w.today, _ahead(0)),
        (rf"{length}(?:{unit})", _bare_length),
        (w.clock, _clock),
    ]
    return tuple((_compiled(pattern), read) for pattern, read in patterns)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


def _grouped(words: Words) -> Words:
    """The same words with each pattern closed, so that it can stand within another."""
    values: dict[str, Any] = {f.name: getattr(words, f.name) for f in fields(words)}
    closed = {name: f"(?:{own})" for name, own in values.items() if isinstance(own, str)}
    return Words(**{**values, **closed})


def _any(words: dict[str, int]) -> str:
    return f"(?:{'|'.join(sorted(words, key=len, reverse=True))})"


def _value(word: str, values: dict[str, int]) -> int:
    """The number that a word stands for; the keys of `values` are patterns."""
    if word.isdigit():
        return int(word)
    return next(n for form, n in values.items() if re.fullmatch(form, word, re.IGNORECASE))


def _on(day: date) -> _Days:
    return _Days(day, day)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _iso(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    day = _made(int(match["year"]), int(match["month"]), int(match["day"]))
    return _on(day) if day else None


def _day_and_month(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    month = _value(match["month"], words.months)
    return _nearest(_value(match["day"], words.ordinals), month, said, past)


def _numeric(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    return _nearest(int(match["day"]), int(match["number"]), said, past)


def _nearest(day: int, month: int, said: date, past: bool) -> _Days | None:
    """The day of that month in the year that lies nearest in the wanted direction."""
    years = (said.year, said.year - 1) if past else (said.year, said.year + 1)
    for year in years:
        found = _made(year, month, day)
        if found and (found <= said if past else found >= said):
            return _on(found)
    return None


def _day(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    """The day of this month or the next one, or before; "the first" alone may be anything."""
    day = _value(match["day"], words.ordinals)
    counts = day <= 3 and not match["day"].isdigit() and not match["of"] and not match["month"]
    if counts or not 1 <= day <= 31:
        return None
    year, month = said.year, said.month
    for _ in range(12):
        found = _made(year, month, day)
        if found and (found <= said if past else found >= said):
            return _on(found)
        step = month + (-1 if past else 1)
        year, month = year + (step - 1) // 12, (step - 1) % 12 + 1
    return None


def _ahead(days: int) -> Callable[[re.Match[str], Words, date, bool], _Days]:
    def read(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
        return _on(said + days * _DAY)

    return read


def _weekday(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    wanted = _value(match["weekday"], words.weekdays)
    if past:
        return _on(said - ((said.weekday() - wanted - 1) % 7 + 1) * _DAY)
    # who says "Friday" on a Friday means the next one: this one is "today"
    return _on(said + ((wanted - said.weekday() - 1) % 7 + 1) * _DAY)


def _weekday_in(days: int) -> Callable[[re.Match[str], Words, date, bool], _Days]:
    def read(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
        return _on(_weekday(match, words, said, past).first + days * _DAY)

    return read


def _last_weekday(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    wanted = _value(match["weekday"] or match["past_weekday"], words.weekdays)
    return _on(said - ((said.weekday() - wanted - 1) % 7 + 1) * _DAY)


def _next_weekday(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    """ "Next Tuesday" is that of next week."""
    wanted = _value(match["weekday"] or match["other"], words.weekdays)
    return _on(said + (7 - said.weekday() + wanted) * _DAY)


def _week(weeks: int) -> Callable[[re.Match[str], Words, date, bool], _Days]:
    def read(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
        monday = said + (7 * weeks - said.weekday()) * _DAY
        return _Days(max(monday, said) if not weeks else monday, monday + 6 * _DAY)

    return read


def _weekend(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    sunday = said + (6 - said.weekday()) * _DAY
    if past:
        sunday -= 7 * _DAY
    return _Days(sunday - _DAY, sunday)


def _before_weekend(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    friday = said + (4 - said.weekday()) % 7 * _DAY
    return _on(friday - 7 * _DAY if past else friday)


def _end_of_month(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    return _on(said.replace(day=monthrange(said.year, said.month)[1]))


def _next_month(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    first = said.replace(day=monthrange(said.year, said.month)[1]) + _DAY
    return _Days(first, first.replace(day=monthrange(first.year, first.month)[1]))


def _christmas(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    return _nearest(24, 12, said, past)


def _length(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    low, high = _stretch(match, words, said, 1)
    return _Days(low, high)


def _bare_length(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    low, high = _stretch(match, words, said, 1)
    return _Days(low, high, vague=True)


def _ago(match: re.Match[str], words: Words, said: date, past: bool) -> _Days | None:
    low, high = _stretch(match, words, said, -1)
    # "two weeks ago" is rarely counted: about that
    about = max(abs((said - high).days) // 4, 0) * _DAY
    return _Days(min(low, high) - about, max(low, high) + about)


def _stretch(match: re.Match[str], words: Words, said: date, sign: int) -> tuple[date, date]:
    high = _value(match["high"], words.numbers)
    low = _value(match["low"], words.numbers) if match["low"] else high
    unit = next(name for name in words.units if match[name])
    return _after(said, low, unit, sign), _after(said, high, unit, sign)


def _after(said: date, count: int, unit: str, sign: int) -> date:
    count = min(count, 1_000)
    if unit == "working_day":
        day = said
        while count:
            day += sign * _DAY
            count -= day.weekday() < 5
        return day
    days = {"minute": 0, "hour": count // 24, "day": count, "week": 7 * count,
            "fortnight": 14 * count, "week_and_half": 11, "month": 30 * count}  # fmt: skip
    return said + sign * days[unit] * _DAY


def _clock(match: re.Match[str], words: Words, said: date, past: bool) -> _Days:
    return _Days(said, said, vague=True)
