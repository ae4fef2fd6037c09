"""Names of people: known first names, and words that a cue such as "jeg hedder" makes a name.

There is no model behind this: a name that is on no list is found after a cue, in a title
("fru Holm") or beside a first name, and from then on everywhere in the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from pathlib import Path

from analyzer.redaction.passage import Detection, Passage, Word
from analyzer.redaction.references import LETTERS


@lru_cache
def _list(name: str) -> frozenset[str]:
    """The words of a list beside this file; `wordlists.py` makes them."""
    return frozenset(Path(__file__).with_name(f"{name}.txt").read_text("utf-8").split())


# Names that are also a word, a place, a month or a make: they need a cue or a last name.
_ALSO_WORDS = frozenset(
    """
    dan inge ali ash ask april august autumn bill bo bror björn buster chance chase charity dag
    dal dawn dean del destiny dina drew duke earl else elle enda faith felicity fin finn frank
    ginger grace grant gro guy happy harmony heather heaven hope iris ivy jo joy jul juli june
    juni kit line liv lo love lova lykke major mark mason max may mercy merry mina mine miracle
    my ny odd olive patience pat peg penny per pearl prudence ray reed rich rob robin rock rod
    roman rose rune rusty saga sage sandy skip sky sol sonny star stein sten sterling stone
    storm sue summer sunny tage theres tiger tom tone tove trinity ty una vera vide violet ward
    will willow winter young zion amber angel aurora alexa siri tesla mercedes mac page case
    cruz colt clay lux era bella aria asia austin chelsea carolina cody dale dallas denver eden
    florence florida ford france georgia holland houston hunter india israel jordan kent lincoln
    london madison nova paris parker phoenix princess savannah shelby skye sydney troy verona
    virginia washington wayne york jesus baker are art van an ernest
    """.split()
)
# Capitalised words that begin a turn or follow a name and are none, beside the common words.
_NO_NAMES = frozenset(
    """
    oh uh um øh eh theres i jeg jag eg du de dem det den der er ok okay ja jo nej nei nå no yes
    hej hei hi hello hallo hallå goddag god dav tak takk tack thanks mr mrs ms miss dr hr fru
    frk herr the a an and og och at januar februar marts mars april maj mai juni juli august
    september oktober november december desember january february march may june july october
    mandag tirsdag onsdag torsdag fredag lørdag søndag måndag tisdag lördag söndag monday
    tuesday wednesday thursday friday saturday sunday jul påske påsk easter christmas danmark
    norge sverige finland england ireland dansk norsk svensk english engelsk kundeservice
    kundtjänst support sikkerhet säkerhet security tv pc sms app iphone ipad samsung nokia
    google apple facebook messenger whatsapp teams zoom windows microsoft visa mastercard
    mobilepay swish vipps nemid mitid bankid paypal klarna
    """.split()
)
_PRONOUNS = frozenset("i jeg jag du de vi".split())
_PARTICLES = frozenset("von van de der den af av la le mac o al el bin ben ten ter du da".split())
_SURNAME = re.compile(r"\w{2,}(?:sen|sson|ssen|datter|dotter|gaard|quist|qvist|kvist)$")
_GREETING = (
    r"(?:hej|hei|heisann|hejsan|hi|hello|hey|goddag|god dag|tak|takk|tack|thanks|thank you|"
    r"kære|kjære|kära|dear)"
)
# After these words stands a name, whatever it is.
_CUE = re.compile(
    r"\b(?:jeg hedder|jeg heter|eg heiter|jag heter|heter jeg|heiter eg|heter jag|hedder jeg|"
    r"(?:mit|mitt|hans|hendes|hennes|fulde|fulle) navn er|navnet er|navnet mitt er|mitt namn är|"
    r"namnet är|namn är|(?:for|efter|etter)navn\w* er|"
    r"(?:my|the|his|her|last|first|full|sur)\s?name(?:'s|’s| is)|"
    r"i(?:'m| am) called|(?:she|he)(?:'s|’s| is) called|"
    r"(?:hun|han|hon|konen|manden|kæresten|datteren|sønnen) (?:hedder|heter|heiter)|"
    r"navn:|namn:|name:|fornavn|efternavn|etternavn|förnamn|efternamn)"
    r"\s+(?=\w)"
)
# After these stands a name, or a company, or anything else: only what looks like a name counts.
_WEAK_CUE = re.compile(
    r"\b(?:(?:du|de|i) (?:taler|snakker|talar|pratar|prater) med|du har (?:kommet|kommit) til|"
    r"(?:you're|you’re|you are) (?:speaking|talking|through) (?:to|with)|speaking (?:to|with)|"
    r"(?:det|dette|her|här) (?:er|är)|de e|this is|it's|it’s|i'm|i’m)\s+(?=\w)"
)
_TITLE = re.compile(
    r"\b(?:hr|herr|fru|frk|frøken|fröken|mr|mrs|ms|miss|mister|missus|dr|doktor|doctor)\b\.?\s+(?=\w)"
)
_HELLO = re.compile(rf"\b{_GREETING}\s+(?=\w)")
# Where a word on no list is a name: between one of these and the end of the clause. A clause that
# only says who speaks ("…, this is Moira."); greetings (but not at the start of a call, where
# companies are greeted), thanks and farewells ("Thanks, Moira."); and a clause of several words at
# whose end somebody is called ("that's the lot, Moira.").
_CLAUSE = (
    r"(?:^|[^\w\s'’]\s*)(?:(?:hej|hei|hi|hello|hey|hiya|goddag|ja|jo|yes|yeah|and|og|och)\s+)?"
)
_SELF = re.compile(
    _CLAUSE + r"(?:this is|it's|it’s|i'm|i’m|det er|dette er|det är|de e|her er|"
    r"(?:du|de|i|ni) (?:taler|snakker|talar|pratar|prater) med|"
    r"(?:you're|you’re|you are) (?:speaking|talking|through) (?:to|with))\s+(?=\w)"
)
_GREETED = re.compile(r"\b(?:hej|hei|heisann|hejsan|hi|hello|hey|hiya),?\s+(?=\w)")
_CALLED = re.compile(
    r"\b(?:thanks|thank you|cheers|bye|goodbye|sorry|tak|takk|tack|farvel|hejdå),?\s+(?=\w)"
)
_CALLED_LAST = re.compile(r"(?:\b[a-zæøåäöéü'’]+ ){2}\b[a-zæøåäöéü'’]+,\s+(?=\w)")
_CLAUSE_ENDS = re.compile(r"\s*(?:[.,!?…]|$)")
# A name may stand before: "Solbjørg Nergård her", "Lisa heter jag", "Torgeir fra teknisk".
_HERE = re.compile(
    r"^\s*(?:her|here|här|hedder jeg|heter jeg|heiter eg|heter jag|speaking|hedder|"
    r"(?:som )?(?:hjælper|hjelper) dig|is my name|er mit navn)\b"
)
_FROM = re.compile(r"^\s*(?:fra|från|frå|from|hos|at|i|på|with)\s+\w")
_QUESTION = re.compile(
    r"(?:hvad hedder du|hva heter du|kva heiter du|vad heter du|"
    r"(?:dit|ditt|deres|fulde|fulle|hele) navn|"
    r"\bnavnet?\?|\bnavn$|\bnamn\??$|ditt namn|your (?:full |last |first |sur)?name|surname|"
    r"who am i (?:speaking|talking)|hv?em (?:taler|snakker|talar|pratar) (?:jeg|jag|eg) med|"
    r"navnet på|namnet på|name on the|name please|(?:efter|etter)navn|efternamn)"
)
# One of these is in every match of the patterns above.
_CUE_WORDS = frozenset(
    "hedder heter heiter navn navnet namn namnet name name's name’s surname called fornavn "
    "efternavn etternavn förnamn efternamn fornavnet efternavnet etternavnet hr herr fru frk "
    "frøken fröken mr mrs ms miss mister missus dr doktor doctor".split()
)
_HERE_WORDS = frozenset(
    "her here här hedder heter heiter speaking hjælper hjelper name navn".split()
)
_QUESTION_PARTS = (
    "navn",
    "namn",
    "name",
    "hedder du",
    "heter du",
    "heiter du",
    " med",
    "ing to",
    "ing with",
)
_ANSWER_SKIPS = frozenset(
    "ja jo det er är de e it's it’s is that's yes yeah øh eh äh uh um hej hei mit mitt my navn "
    "namn name jeg jag i hedder heter på og och and so well sure".split()
)
_MOST_WORDS = 4
_CONTRACTION = re.compile(r"['’](?:m|ll|ve|re|d|t)$")
_CAPITALS = re.compile(r"\b[^\W\d_a-zæøåäö][^\W\d_]*")
_SPELLED = re.compile(r"(?<!['’\w])(?:[^\W\d_][ .,-]{1,2}){3,}[^\W\d_]\b")


def name_of(word: Word, names: Set[str]) -> str | None:
    """The name in a word, without the ending of the genitive, if it is among `names`."""
    form = word.form.rstrip("'’")
    if form in names:
        return form
    if form.endswith(("'s", "’s")) and form[:-2] in names:
        return form[:-2]
    if form.endswith("s") and form[:-1] in names:
        return form[:-1]
    if "-" in form and form.partition("-")[0] in names:
        return form
    return None


def is_first_name(name: str) -> bool:
    """Whether a name in small letters is on the list of first names."""
    return name in _list("first_names")


def is_also_a_word(name: str) -> bool:
    """Whether a name is more than a name: `bo`, `per`, `rose`."""
    return name in _ALSO_WORDS or name in _list("common_words")


class _Turn:
    """The words of a turn and what is known of each: the state of one search."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.words = passage.words
        self.cased = passage.cased
        self.first, self.last = _list("first_names"), _list("last_names")

    def is_capital(self, index: int) -> bool:
        return self.words[index].written[0].isupper()

    def is_name_only(self, index: int) -> bool:
        """Whether this word is a known first name and nothing else."""
        word = self.words[index]
        if self.cased and not word.written[0].isupper():
            return False
        name = name_of(word, self.first)
        if name is None or len(name) < 3 or name in _ALSO_WORDS or name in _NO_NAMES:
            return False
        # "Karl" inside of a sentence is a name; at its start it might be the word
        inside = self.cased and index > 0 and _inside_sentence(self, index)
        return inside or not (_is_common(name) or _is_common(word.form))

    def may_be_name(self, index: int, *, listed: bool) -> bool:
        """Whether this word can be (part of) a name where one is expected."""
        word = self.words[index]
        if word.written[0].isdigit() or word.form in _NO_NAMES or len(word.form) < 2:
            return False
        if _CONTRACTION.search(word.form):
            return False
        known = name_of(word, self.first) or name_of(word, self.last)
        if self.cased:
            if not word.written[0].isupper():
                return False
            if word.written.isupper() and not known:
                return False  # an abbreviation
            return bool(known) or (not listed and not is_also_a_word(word.form))
        if is_also_a_word(word.form):
            return False
        return bool(known or _SURNAME.match(word.form)) or not listed

    def adjoins(self, index: int) -> bool:
        """Whether only a blank stands between this word and the one before."""
        before, word = self.words[index - 1], self.words[index]
        return self.passage.text[before.end : word.start].strip(" \t") == ""

    def extended(self, index: int, *, listed: bool) -> int:
        """The index behind the last word of the name that begins with the word at `index`."""
        end = index + 1
        while end < len(self.words) and end - index < _MOST_WORDS and self.adjoins(end):
            if self._has_genitive(end - 1):
                break
            word = self.words[end]
            initial = self.cased and len(word.form) == 1 and self.is_capital(end)
            if initial and word.form != "i" and end + 1 < len(self.words):
                end += 1
            elif self.may_follow(end, listed=listed):
                end += 1
            elif word.form in _PARTICLES and end + 1 < len(self.words):
                if not (self.adjoins(end + 1) and self.may_follow(end + 1, listed=True)):
                    break
                end += 2
            else:
                break
        return end

    def _has_genitive(self, index: int) -> bool:
        """Whether the name ends with this word, as "Annas" in "Annas Konto" does."""
        form = self.words[index].form
        return form.endswith(("'", "’", "'s", "’s"))

    def may_follow(self, index: int, *, listed: bool) -> bool:
        """Whether this word can be a further name behind a first name."""
        word = self.words[index]
        if self.cased and self.is_capital(index) and word.form in self.last:
            return word.form not in _PRONOUNS
        if word.form in _NO_NAMES:
            return False
        if self.cased:
            return self.is_capital(index) and self.may_be_name(index, listed=listed)
        known = word.form in self.last or _SURNAME.match(word.form) is not None
        # behind a cue "brian gray" is a name, elsewhere its second word may be a word
        return (known and not (listed and _is_common(word.form))) or self.is_name_only(index)


def _is_common(form: str) -> bool:
    return form in _list("common_words")


def find_persons(passage: Passage) -> Iterator[Detection]:
    """The names in a turn, by themselves or by the words around them; places may overlap."""
    if not _may_hold_names(passage):
        return
    turn = _Turn(passage)
    for index in _worth_a_look(turn):
        yield from _by_itself(turn, index)
    yield from _by_cue(turn)
    yield from _before_cue(turn)
    if passage.before and _asks_for_name(passage.before[-1]):
        yield from _answer(turn)
    if len(passage.forms & LETTERS) > 2 or passage.text.count("-") > 2:
        for match in _SPELLED.finditer(passage.text):
            value = re.sub(r"\W", "", match[0].lower())
            yield Detection(match.start(), match.end(), "PERSON", value)


def _may_hold_names(passage: Passage) -> bool:
    """A quick look, which most turns do not pass."""
    forms = passage.forms
    if not forms.isdisjoint(_CUE_WORDS) or not forms.isdisjoint(_HERE_WORDS):
        return True
    if len(forms & LETTERS) > 2 or passage.text.count("-") > 2:
        return True
    if passage.before and _asks_for_name(passage.before[-1]):
        return True
    if not passage.cased:
        return not forms.isdisjoint(_first_names_as_said())
    capitals = _CAPITALS.findall(passage.text)
    return not _common_only().issuperset(map(str.lower, capitals))


@lru_cache
def _common_only() -> frozenset[str]:
    """The common words that are no first names."""
    return (_list("common_words") | _NO_NAMES) - _list("first_names")


def _worth_a_look(turn: _Turn) -> Iterable[int]:
    """The words that may begin a name by themselves: with a capital, or known without."""
    if turn.cased:
        return [i for i, word in enumerate(turn.words) if word.written[0].isupper()]
    if turn.passage.forms.isdisjoint(_first_names_as_said()):
        return ()
    return range(len(turn.words))


@lru_cache
def _first_names_as_said() -> frozenset[str]:
    return with_genitives(_list("first_names"))


def with_genitives(names: Set[str]) -> frozenset[str]:
    """The names as they may stand in a text: "anna", "annas", "anna's"."""
    endings = ("", "s", "'", "’", "'s", "’s")
    return frozenset(name + ending for name in names for ending in endings)


def _by_itself(turn: _Turn, index: int) -> Iterator[Detection]:
    if turn.is_name_only(index):
        end = turn.extended(index, listed=not turn.cased)
        yield _detection(turn, index, end)
        return
    # "Bo Hansen", "Torgeir Nilsen": a last name behind it
    if index + 1 == len(turn.words) or (turn.cased and not turn.is_capital(index + 1)):
        return
    word, following = turn.words[index], turn.words[index + 1]
    if word.form in _NO_NAMES or following.form in _NO_NAMES or not turn.adjoins(index + 1):
        return
    if not turn.cased and not (word.form in turn.first and turn.may_follow(index + 1, listed=True)):
        return
    if _is_common(following.form) and not (
        word.form in turn.first and name_of(following, turn.last)
    ):
        return
    by_form = _SURNAME.match(following.form.removesuffix("s")) or _SURNAME.match(following.form)
    if word.form in turn.first or (by_form and not _is_common(word.form)):
        yield _detection(turn, index, turn.extended(index + 1, listed=True))


def _by_cue(turn: _Turn) -> Iterator[Detection]:
    forms = turn.passage.forms
    cues = []
    if not forms.isdisjoint(_CUE_WORDS):
        cues += [(_CUE, False), (_TITLE, False)]
    if turn.cased and any(word.written[0].isupper() for word in turn.words[1:]):
        cues += [(_WEAK_CUE, True), (_HELLO, True)]
    if turn.cased and not _known_words().issuperset(turn.passage.forms):
        yield from _between(turn)
    for pattern, listed in cues:
        for match in pattern.finditer(turn.passage.lower):
            index = _word_at(turn, match.end())
            if index is None:
                continue
            if turn.cased and pattern is _TITLE and not turn.is_capital(index):
                continue
            yield from _named(turn, index, listed=listed)


def _between(turn: _Turn) -> Iterator[Detection]:
    """Capitalised words on no list between a cue and the end of the clause."""
    passage = turn.passage
    cues = [(_SELF, passage.lower), (_CALLED, passage.lower), (_CALLED_LAST, passage.text)]
    if passage.before:
        cues.append((_GREETED, passage.lower))
    for pattern, text in cues:
        for match in pattern.finditer(text):
            index = _word_at(turn, match.end())
            if index is None or not turn.may_be_name(index, listed=False):
                continue
            end = turn.extended(index, listed=False)
            if _CLAUSE_ENDS.match(passage.text, turn.words[end - 1].end):
                yield _detection(turn, index, end)


@lru_cache
def _known_words() -> frozenset[str]:
    return _list("common_words") | _NO_NAMES


def _before_cue(turn: _Turn) -> Iterator[Detection]:
    """The names before "her", "heter jag", "speaking"."""
    if turn.passage.forms.isdisjoint(_HERE_WORDS):
        return
    for index, word in enumerate(turn.words):
        if not _HERE.match(turn.passage.lower[word.end : word.end + 24]):
            continue
        start = index + 1
        while start and turn.may_be_name(start - 1, listed=False):
            start -= 1
            if not start or not turn.adjoins(start):
                break
        if start <= index and index - start < _MOST_WORDS and _begins(turn, start):
            yield _detection(turn, start, index + 1)


def _begins(turn: _Turn, index: int) -> bool:
    """Whether a name may begin here: in text without capitals only where a sentence does."""
    if turn.cased:
        return True
    if not index:
        return "\0" not in turn.passage.text[: turn.words[0].start]
    before = turn.words[index - 1]
    if "\0" in turn.passage.text[before.end : turn.words[index].start]:
        return False
    return before.form in _NO_NAMES or before.form in _ANSWER_SKIPS


def _word_at(turn: _Turn, position: int) -> int | None:
    return next((i for i, word in enumerate(turn.words) if word.start == position), None)


def _named(turn: _Turn, index: int, *, listed: bool) -> Iterator[Detection]:
    """The name that begins at a word behind a cue."""
    word = turn.words[index]
    if not listed:
        # "jeg hedder Bo": behind a strong cue a name may be a word, too
        known = name_of(word, turn.first) or name_of(word, turn.last)
        shown = turn.is_capital(index) if turn.cased else True
        if turn.may_be_name(index, listed=False) or (
            known and shown and word.form not in _NO_NAMES
        ):
            yield _detection(turn, index, turn.extended(index, listed=False))
        return
    if not turn.cased or not turn.is_capital(index) or word.form in _NO_NAMES:
        return
    if name_of(word, turn.first):
        yield _detection(turn, index, turn.extended(index, listed=False))
    elif turn.may_be_name(index, listed=False):
        end = turn.extended(index, listed=False)
        if _FROM.match(turn.passage.lower[turn.words[end - 1].end :]):
            yield _detection(turn, index, end)


def _asks_for_name(turn: str) -> bool:
    end = turn[-80:].lower()
    return any(map(end.__contains__, _QUESTION_PARTS)) and _QUESTION.search(end) is not None


def _answer(turn: _Turn) -> Iterator[Detection]:
    """The name at the start of an answer to "hvad hedder du?"."""
    index = 0
    while index < len(turn.words) and turn.words[index].form in _ANSWER_SKIPS:
        index += 1
    if index == len(turn.words) or "\0" in turn.passage.text[: turn.words[index].start]:
        return
    if turn.may_be_name(index, listed=False):
        yield _detection(turn, index, turn.extended(index, listed=False))


def _detection(turn: _Turn, first: int, end: int) -> Detection:
    """A name of the words from `first` to before `end`; a genitive's ending stays in the text."""
    words = turn.words[first:end]
    bare = [bare_name(word.form) for word in words]
    cut = len(words[-1].form) - len(bare[-1])
    return Detection(words[0].start, words[-1].end - cut, "PERSON", " ".join(bare))


def bare_name(form: str) -> str:
    """A name without the ending of the genitive: "annas" is "anna", "rasmus'" is "rasmus"."""
    form = form.rstrip("'’")
    if form.endswith(("'s", "’s")):
        return form[:-2]
    names = (_list("first_names"), _list("last_names"))
    known = any(form in each for each in names)
    if not known and form.endswith("s") and any(form[:-1] in each for each in names):
        return form[:-1]
    return form


def find_known(passage: Passage, known: frozenset[str]) -> Iterator[Detection]:
    """The names that are known in this call, wherever they stand as a whole word."""
    turn = _Turn(passage)
    index = 0
    while index < len(turn.words):
        end = index
        while end < len(turn.words) and _is_known(turn, end, known):
            if end > index and not turn.adjoins(end):
                break
            end += 1
        if end > index:
            yield _known_detection(turn, index, end, known)
        index = max(end, index + 1)


def _is_known(turn: _Turn, index: int, known: frozenset[str]) -> bool:
    word = turn.words[index]
    if word.form in _NO_NAMES:
        return False
    name = name_of(word, known)
    if name is None:
        return False
    if is_also_a_word(name) or is_also_a_word(word.form):
        # a name that is a word, too: only where its capital can have no other reason
        return turn.cased and turn.is_capital(index) and index > 0 and _inside_sentence(turn, index)
    return True


def _inside_sentence(turn: _Turn, index: int) -> bool:
    before = turn.passage.text[turn.words[index - 1].end : turn.words[index].start]
    return not re.search(r"[.!?:…\]\"]", before)


def _known_detection(turn: _Turn, first: int, end: int, known: frozenset[str]) -> Detection:
    words = turn.words[first:end]
    bare = [name_of(word, known) or word.form for word in words]
    cut = len(words[-1].form) - len(bare[-1])
    return Detection(words[0].start, words[-1].end - cut, "PERSON", " ".join(bare))
