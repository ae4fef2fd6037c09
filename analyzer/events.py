"""What the transcript itself reports: stage directions, holds, silences, transfers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from analyzer.conversation import Conversation

Kind = Literal["sigh", "laugh", "transfer", "hold", "music", "silence", "inaudible"]

# [suk]  (sighs)  *sukker*  <suck>  ♪ … ♪, as the tools and typists of five languages write them
_BRACKETED = re.compile(
    r"\[[^\[\]\n]{1,80}\]|\([^()\n]{1,80}\)|\*[^*\n]{1,80}\*|<[^<>\n]{1,80}>|♪[^♪\n]{0,80}♪?"
)
_RELIEF = re.compile(r"lett|lätt|relie|glad|happ|fornøj|nöjd")
# Tried in this order; each on the words between the brackets, in lower case.
_WORDS: dict[Kind, re.Pattern[str]] = {
    "sigh": re.compile(
        r"\b(?:suk|sukk|sukke|suck|sucka|suckar|sukker|sukkar|sukkende|sukkande|suckande|dybt suk|"
        r"sigh|sighs|sighed|sighing|stön|stönar|stønn|stønner|stønnar|støn|groan|groans|groaned|"
        r"groaning|exhale|exhales|exhaled|"
        r"exhaling|huff|huffs|udånding|utpust|utandning|puster tungt|puster ud|puster ut|pustar ut|"
        r"ånder ud|andas ut|blåser ut)\b"
    ),
    "laugh": re.compile(
        r"\b(?:latter|ler|lér|griner|grin|fniser|fnis|humrer|skratt|skrattar|fnissar|fniss|ler\w*|"
        r"laugh\w*|chuckl\w*|giggl\w*|småler|smågriner|flirer|humrar)\b"
    ),
    "transfer": re.compile(
        r"viderestil|videresend|omstil|\bstille[rst]? (?:om|over|videre)|overfør|overflyt|"
        r"överflytt|överlämna|transfer|transf\.|handed over|call (?:forwarded|passed)|"
        r"\bsend(?:es|t|as) (?:til|vidare|videre|over)|skickas? (?:till|vidare)|"
        r"sätt(?:s|er)? över|satt(?:e|es)? over|set(?:t|te[rs]?) over|koppla[rst]?\b|kopplad|"
        r"kopplingston|\bkoble[rst]? (?:til|over|videre)|viderekobl|vidarekoppl|"
        r"flyttes til|flyttas till|put through|rerouted|connected to|connecting to|routed to|"
        r"(?:ny|anden|annan|another|new) (?:agent|medarbejder|medarbeider|medarbetare|rådgiver)|"
        r"(?:tager|tar|takes) over|overtager|overtar"
    ),
    "music": re.compile(r"musik|music|♪|ventetone|køtone"),
    "hold": re.compile(
        r"\bhold(?:ing)?\b|\bholder linj|parker|\bvent(?:er|tid|ar)?\b|\bvänt(?:ar?|an|etid)?\b|"
        r"\bwait|\bkø\b|\bkö\b|\bqueue|\bpå pause\b|satt på vent"
    ),
    "silence": re.compile(
        r"\bpause|\bpaus\b|stilhed|stillhet|tystnad|\btyst\b|silence|silent|\bstille\b|ingen tale|"
        r"no speech|dead air"
    ),
    "inaudible": re.compile(
        r"uhørlig|inaudible|ohörbar|utydelig|unclear|unintelligible|otydlig|uforståel|crosstalk|støj|støy"
    ),
}
_LENGTH = re.compile(
    r"(?:(\d+(?:[.,]\d+)?)\s*(?:m|min|minut\w*|minute\w*)\b\.?)?\s*"
    r"(?:(\d+(?:[.,]\d+)?)\s*(?:s|sek|sec|sekund\w*|second\w*)\b\.?)?",
    re.I,
)


# A direction is a few words; a longer aside between brackets is speech.
_MAX_WORDS = 6
# A number read out ends the agent's part, but hands nobody on inside the call.
_NUMBER_READ_OUT = re.compile(r"\d(?:[\s.-]?\d){4,}|\[PHONE_\d+\]")


@dataclass(frozen=True, slots=True)
class Direction:
    """A stage direction inside a turn's text: its kind and the characters it takes up."""

    kind: Kind
    start: int
    end: int


def directions(text: str) -> list[Direction]:
    """The stage directions of a known kind in `text`, in order."""
    found = []
    for match in _BRACKETED.finditer(text):
        short = len(match[0].split()) <= _MAX_WORDS
        if short and (kind := kind_of(match[0])):
            found.append(Direction(kind, match.start(), match.end()))
    return found


def kind_of(direction: str) -> Kind | None:
    """What a stage direction or a system line reports, `None` if it is nothing known."""
    words = unicodedata.normalize("NFC", direction).lower()
    for kind, pattern in _WORDS.items():
        if pattern.search(words) and not (kind == "sigh" and _RELIEF.search(words)):
            return kind
    return None


def stated_length(direction: str) -> float | None:
    """The seconds that a direction states (`[pause 20 sek]`, `[hold 1 min 40 s]`), else `None`."""
    for match in _LENGTH.finditer(direction):
        if match[1] or match[2]:
            minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups())
            return minutes * 60 + seconds
    return None


def transfers(conversation: Conversation, announced: Collection[int] = ()) -> list[int]:
    """The turns at which the customer was handed on, each handover once however it shows.

    A handover shows as a system line, as an agent who was not there before, or as the last words of
    an agent: `announced` holds the turns in which an agent said that they hand the customer on. An
    announcement with a telephone number in it is none: the customer is left to call it.
    """
    return list(_transfers(conversation, announced))


def _transfers(conversation: Conversation, announced: Collection[int]) -> Iterator[int]:
    agents: set[str | None] = set()
    handed_on = False  # a handover since an agent last spoke
    last_agent_turn: int | None = None
    for index, turn in enumerate(conversation.turns):
        if turn.role == "system" and agents and kind_of(turn.text) == "transfer":
            if not handed_on:
                yield index
            handed_on = True
        elif turn.role == "agent":
            if agents and turn.speaker not in agents and not handed_on:
                yield index
            agents.add(turn.speaker)
            handed_on = False
            last_agent_turn = index
    if last_agent_turn in announced and not handed_on and last_agent_turn is not None:
        if not _NUMBER_READ_OUT.search(conversation.turns[last_agent_turn].text):
            yield last_agent_turn
