"""Numbers as they are written (`20 30 40 50`) and as they are spoken ("tyve tredive fyrre …")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from analyzer.redaction.passage import Passage, Word


@dataclass(frozen=True, slots=True)
class Number:
    """Digits at `text[start:end]`, as they are `written` there, and whether they are `spoken`."""

    start: int
    end: int
    digits: str
    written: str
    spoken: bool


_WRITTEN = re.compile(r"(?<![\w.,:/+-])(?:\+ ?|\()?\d(?:\)?[ .\-/–]{0,3}\(?\d)*(?!\w|[.,:]\d)")
_DATE = re.compile(
    r"(?:(?:0?[1-9]|[12]\d|3[01])[./-] ?(?:0?[1-9]|1[0-2])[./-] ?(?:\d{4}|\d{2})|"
    r"(?:0?[1-9]|1[0-2])/\d{1,2}/(?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})"
)
_AMOUNT = re.compile(r"\d{1,3}(?:[ .]000)+|\d{1,3}(?:\.\d{3})+")
_TIME = re.compile(r"(?:[01]?\d|2[0-4])[.:][0-5]\d")
_YEARS = re.compile(r"(?:19|20)\d\d(?: ?[-–/] ?(?:(?:19|20)\d\d|\d\d))?")
_UNIT = re.compile(
    r"[.,]?\s?(?:,-|:-|%|°|['’]|[£$€]|(?:kr|kroner|krone[rn]?|kronor|krona|kronene|spænn|spenn|dkk|nok|"
    r"sek|eur|euro|gbp|usd|pund|pounds?|quid|pence|dollars?|øre|öre|procent|prosent|percent|"
    r"per cent|"
    r"grader|degrees|gb|mb|tb|kwh|kw|mw|watt|volt|hz|mbit|megabit|km|kilometer|meter|m2|cm|mm|kg|kilo|"
    r"gram|liter|stk|styk|styck|min|minut\w*|minutes?|sekund\w*|seconds?|tim[emar]+\w*|hours?|dag\w*|"
    r"dage|dagar|døgn|dygn|days?|uge\w*|uke\w*|veck\w*|weeks?|måned\w*|månad\w*|months?|år|years?|"
    r"gange|ganger|gånger|times|hundred\w*|hundra|tusind\w*|tusen|thousand|million\w*|miljon\w*|"
    r"o'?clock|am|pm)\b)",
    re.I,
)
_MONEY_OR_TIME_BEFORE = re.compile(
    r"(?:[£$€]|\bpris\w* (?:på|er|är)|"
    r"\b(?:regning|räkning|rekning|bill) (?:på|of)|"
    r"\b(?:kl\.?|klokken|klokka|klockan|dkk|nok|sek|eur|gbp|usd|kr\.?))\s?$",
    re.I,
)
_MONEY_SAID_BEFORE = re.compile(
    r"\b(?:betalt|betalte|betaler|betale|betala|betalar|betalat|koste[drt]?|kosta[rt]?|kostade|"
    r"(?:skylder|skyldt|skyldig)(?: mig| meg| os| oss| dig| deg| jer)?|trukket|trukke|dragit|"
    r"paid|pay|costs?|charged(?: me)?|owed?(?: you| me)?|"
    r"beløb(?:et)?(?: er| på)?|belopp(?:et)?(?: är| på)?|"
    r"(?:regning|rekning|räkning|faktura)\w*(?: er| är| lød| lyder| låter| var| löd)? på|"
    r"(?:price|bill|total) (?:is|was|of)) $",
    re.I,
)
# So large an amount may be said without a unit; what is longer is a number of something.
_MOST_SAID = 6


def numbers(passage: Passage) -> Iterator[Number]:
    """The numbers of a turn that may stand for something: no amounts, times, dates or years."""
    if passage.has_digit:
        for match in _WRITTEN.finditer(passage.text):
            if not _is_quantity(passage.text, match.start(), match.end()):
                digits = re.sub(r"\D", "", match[0])
                yield Number(match.start(), match.end(), digits, match[0], False)
    yield from _spoken(passage)


def _is_quantity(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    return bool(
        _DATE.fullmatch(written)
        or _AMOUNT.fullmatch(written)
        or _YEARS.fullmatch(written)
        or _TIME.fullmatch(written)
        or is_measured(text, end)
        or _MONEY_OR_TIME_BEFORE.search(text[max(0, start - 16) : start])
        or len(re.sub(r"\D", "", written)) <= _MOST_SAID
        and _MONEY_SAID_BEFORE.search(text[max(0, start - 32) : start])
    )


def is_measured(text: str, end: int) -> bool:
    """Whether a unit follows: `450 kr`, `19 dage`, `3 %`."""
    return _UNIT.match(text, end) is not None


# --- spoken

_Numerals = dict[str, str]


def _forms(text: str, first: int, step: int = 1) -> _Numerals:
    """`"nul en|én to"` from 0 on: each word with the digits it stands for."""
    return {
        form: str(first + step * i)
        for i, forms in enumerate(text.split())
        for form in forms.split("|")
    }


def _compounds(tens: _Numerals, units: _Numerals, pattern: str) -> _Numerals:
    """Twenty-one to ninety-nine: `pattern` joins a ten and a unit as the language does."""
    return {
        pattern.format(ten=ten, unit=unit): tens_digits[0] + digit
        for (ten, tens_digits), (unit, digit) in product(tens.items(), units.items())
        if digit != "0"
    }


def _language(units: str, teens: str, tens: str, *patterns: str) -> _Numerals:
    ones, ten_and_up, many = _forms(units, 0), _forms(teens, 10), _forms(tens, 20, 10)
    numerals = {**ones, **ten_and_up, **many}
    for pattern in patterns:
        numerals |= _compounds(many, ones, pattern)
    return numerals


_TWENTY_ONE = "{ten}{unit}"
_ONE_AND_TWENTY = "{unit}og{ten}"


@lru_cache
def numerals(language: str | None) -> _Numerals:
    """The number words of a language, to 99; without a language those of all but English.

    English is left out there because its "to" and "fire" are no numbers.
    """
    if language == "da":
        return _language(
            "nul en|én|et|ét|een to tre fire fem seks syv otte ni",
            "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
            "tyve tredive fyrre|fyrretyve halvtreds tres|treds halvfjerds firs halvfems",
            _ONE_AND_TWENTY,
        )
    if language in ("nb", "nn"):
        return _language(
            "null|nul en|én|ein|ett|ei to tre fire fem seks sju|syv|sjau åtte|otte ni",
            "ti elleve|elve tolv tretten fjorten femten seksten sytten atten nitten",
            "tjue|tyve tretti|tredve førti|førr femti seksti sytti åtti nitti",
            _TWENTY_ONE,
            _ONE_AND_TWENTY,
        )
    if language == "sv":
        return _language(
            "noll|nolla ett|en två|tvåa tre|trea fyra fem|femma sex sju åtta nio|nie",
            "tio|tie elva tolv tretton fjorton femton sexton sjutton arton nitton",
            "tjugo|tjuge|tju trettio|tretti fyrtio|förti femtio|femti sextio|sexti sjuttio|sjutti "
            "åttio|åtti nittio|nitti",
            _TWENTY_ONE,
        )
    if language == "en":
        return _language(
            "zero|oh|o|nought|naught one two three four five six seven eight nine",
            "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
            "twenty thirty forty|fourty fifty sixty seventy eighty ninety",
            "{ten}-{unit}",
        )
    return {**numerals("sv"), **numerals("nb"), **numerals("da")}


@lru_cache
def numerals_of(language: str | None) -> frozenset[str]:
    """The number words of a language alone."""
    return frozenset(numerals(language))


_TIMES = {"double": 2, "triple": 3, "treble": 3, "dobbelt": 2, "dobbel": 2, "dubbel": 2}
# What is said between the digits of one number.
FILLERS = frozenset(
    """
    og och å and så sen sedan then de siste sidste sista er är is det that øh øhm eh ehm äh öh uh um
    hm mm bindestreg bindestrek bindestreck streg strek streck dash hyphen mellemrum mellomrom
    mellanslag space
    """.split()
)
_MOST_FILLERS = 4
_BETWEEN = re.compile(r"[\s,.\-–…]*")
_MULTIPLES = frozenset(
    "hundrede hundred hundre hundra tusind tusinde tusen thousand million millioner "
    "miljoner".split()
)
_CLOCK = frozenset("klokken klokka klockan kl kvart halv halvt half past".split())


def _spoken(passage: Passage) -> Iterator[Number]:
    known = numerals(passage.language)
    said = passage.forms & numerals_of(passage.language)
    if not said or (len(said) == 1 and passage.lower.count(*said) < 2):
        return
    for run in _runs(passage, known):
        first, last = run[0], run[-1]
        index = passage.words.index(first)
        if index and passage.words[index - 1].form in _CLOCK | _MULTIPLES:
            continue
        if is_measured(passage.text, last.end):
            continue
        digits = _digits([word.form for word in run], known)
        yield Number(first.start, last.end, digits, passage.text[first.start : last.end], True)


def _runs(passage: Passage, known: _Numerals) -> Iterator[list[Word]]:
    """Stretches of number words with what may stand between them; digits may be mixed in."""
    run: list[Word] = []
    spoken = end = fillers = 0  # `end`: how many words of the run reach to its last number
    for word in passage.words:
        joined = bool(run) and _BETWEEN.fullmatch(passage.text, run[-1].end, word.start)
        is_number = word.form in known or word.form.isdigit() or word.form in _TIMES
        if run and (not joined or not (is_number or word.form in FILLERS)):
            if spoken > 1:
                yield run[:end]
            run, spoken, end, fillers = [], 0, 0, 0
        if is_number:
            run.append(word)
            spoken += word.form in known
            end, fillers = len(run), 0
        elif run:
            run.append(word)
            fillers += 1
            if fillers > _MOST_FILLERS:
                if spoken > 1:
                    yield run[:end]
                run, spoken, end, fillers = [], 0, 0, 0
    if spoken > 1:
        yield run[:end]


def _digits(forms: list[str], known: _Numerals) -> str:
    """The digits of a run: "otte og tyve" and "twenty eight" are 28, "double four" is 44."""
    parts: list[str] = []
    times, joined = 1, False
    for form in forms:
        if form in _TIMES:
            times = _TIMES[form]
            continue
        part = form if form.isdigit() else known.get(form)
        if part is None:
            joined = form in ("og", "och", "and")
            continue
        ten = len(part) == 2 and part[1] == "0" and part != "10"
        if parts and joined and ten and len(parts[-1]) == 1 and parts[-1] != "0":
            parts[-1] = part[0] + parts[-1]
        elif parts and not joined and _is_ten(parts[-1]) and len(part) == 1 and part != "0":
            parts[-1] = parts[-1][0] + part
        else:
            parts.append(part * times)
        times, joined = 1, False
    return "".join(parts)


def _is_ten(part: str) -> bool:
    return len(part) == 2 and part[1] == "0" and part[0] in "23456789"
