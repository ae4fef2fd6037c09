"""Does the agent's name make a difference? The same calls with other names in them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from analyzer.classifier import Classifier
from analyzer.conversation import Conversation
from analyzer.redaction import Replaced, redact
from analyzer.redaction.persons import is_also_a_word, is_first_name
from analyzer.report import Report
from analyzer.scoring import score_many
from models.dataset import LabelledCall
from models.figures import bounds, found_labels, samples, summary, truth

# So many names of each kind are put into each call.
_EACH = 3
# Lists of Faker, and the places whose lists are used.
_LISTS = {"woman's": "first_names_female", "man's": "first_names_male"}
_OF_LANGUAGE = {"da": ("da_DK",), "nb": ("no_NO",), "sv": ("sv_SE",), "en": ("en_GB", "en_US")}
_ELSEWHERE = {"Polish": "pl_PL", "Swahili": "sw", "Turkish": "tr_TR"}


@dataclass(frozen=True, slots=True)
class AgentName:
    """A first name as it is written in the agent's greeting, and every place where it stands."""

    name: str
    places: tuple[Replaced, ...]


def agent_name(conversation: Conversation) -> AgentName | None:
    """The first name of the person whom the agent's first turn names last, as redaction finds it:
    who is greeted comes before, and so does a company that is called like a person."""
    first = next((i for i, turn in enumerate(conversation.turns) if turn.role == "agent"), None)
    persons = [place for place in redact(conversation).replaced if place.kind == "PERSON"]
    for place in reversed(persons):
        if place.turn == first:
            words = re.findall(r"[\w-]+", conversation.turns[first].text[place.start : place.end])
            known = [word for word in words if is_first_name(word.lower().partition("-")[0])]
            if known or len(words) == 1:
                own = (other for other in persons if other.placeholder == place.placeholder)
                return AgentName((known or words)[0], tuple(own))
    return None


def sex_of(name: str) -> str | None:
    """`woman's` or `man's`, `None` where Faker's lists have the name for both or for neither."""
    places = [place for own in _OF_LANGUAGE.values() for place in own]
    return next((sex for sex, names in _names(*places).items() if name.title() in names), None)


def renamed(conversation: Conversation, own: AgentName, name: str) -> Conversation:
    """The call with `name` wherever the agent's first name stands, in small letters where it is."""
    word = re.compile(rf"\b{re.escape(own.name)}(?=s?\b)", re.IGNORECASE)
    turns = list(conversation.turns)
    for place in reversed(own.places):
        text = turns[place.turn].text
        said = text[place.start : place.end]
        new = word.sub(name.lower() if said.islower() else name, said)
        text = text[: place.start] + new + text[place.end :]
        turns[place.turn] = replace(turns[place.turn], text=text)
    return replace(conversation, turns=tuple(turns))


def by_name(calls: Sequence[LabelledCall], classifier: Classifier) -> dict[str, dict[str, Any]]:
    """How whole calls whose agent gives a name are judged as they are written, with all personal
    data redacted, and with three names of each kind, drawn for each call.

    Micro-F1, the mean score, its distance from the score as written with the interval over samples
    of the calls as in `figures.interval`, and the share that lands in another band.
    """
    named = [
        (call, own)
        for call in calls
        if not call.is_fragment
        and {"agent", "customer"} <= {turn.role for turn in call.conversation.turns}
        and (own := agent_name(call.conversation))
    ]
    if not named:
        return {}
    table, written = {}, None
    kinds = [f"{place} {sex}".strip() for place in ("", *_ELSEWHERE) for sex in _LISTS]
    for kind in ("as written", "redacted", *kinds):
        variants = [_variants(call.conversation, own, kind) for call, own in named]
        reports = score_many([each for own in variants for each in own], classifier=classifier)
        judged = [report for report in reports if isinstance(report, Report)]
        again = [call for (call, _), own in zip(named, variants, strict=True) for _ in own]
        found = found_labels(again, [report.evidence for report in judged])
        scores = np.array([report.score for report in judged], float).reshape(len(named), -1)
        bands = np.array([report.band for report in judged]).reshape(len(named), -1)
        written = written or (scores, bands)
        distance = (scores - written[0]).mean(1)
        table[kind] = {
            "calls": len(named),
            "micro_f1": summary(truth(again), found)["micro_f1"],
            "score": round(float(scores.mean()), 2),
            "distance": round(float(distance.mean()), 2),
            "interval": bounds(distance[samples(len(named))].mean(1), 2),
            "other_band": round(float((bands != written[1]).mean()), 4),
        }
    return table


def _variants(conversation: Conversation, own: AgentName, kind: str) -> list[Conversation]:
    if kind == "as written":
        return [conversation]
    if kind == "redacted":
        return [redact(conversation).conversation]
    place, _, sex = kind.rpartition(" ")
    here = _OF_LANGUAGE[str(conversation.language)]
    names = _names(*((_ELSEWHERE[place],) if place else here))[sex]
    drawn = random.Random(f"{conversation.id} {kind}").sample(sorted(names), _EACH)
    return [renamed(conversation, own, name) for name in drawn]


@cache
def _names(*places: str) -> dict[str, frozenset[str]]:
    """By sex the names of Faker's lists for these places that only one sex bears, and that are one
    word and no word besides."""
    from faker import Faker

    providers = [provider for place in places for provider in Faker(place).get_providers()]
    women, men = (
        {
            name
            for provider in providers
            for name in getattr(provider, own, ())
            if name.isalpha() and not is_also_a_word(name.lower())
        }
        for own in _LISTS.values()
    )
    return dict(zip(_LISTS, (frozenset(women - men), frozenset(men - women)), strict=True))
