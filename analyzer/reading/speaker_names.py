"""The words with which people and tools name the two sides of a call, in five languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from analyzer.conversation import Role

_AGENT = """
agent agenten advisor adviser representative rep operator operatør operatøren operatör operatören
csr support supporter supporten kundeservice kundservice kundetjeneste kundtjänst kundesenter
kundeservicemedarbejder medarbejder medarbejderen medarbeider medarbeideren medarbetare
medarbetaren rådgiver rådgiveren rådgivar rådgivare rådgivaren handläggare handläggaren
saksbehandler saksbehandleren sagsbehandler sagsbehandleren konsulent konsulenten konsult
kundebehandler kundebehandleren kundbehandlare sælger selger säljare receptionist receptionisten
assistant bot chatbot specialist internal seller employee staff host clerk telefonist telefonisten
"""
_CUSTOMER = """
customer customers caller client consumer user end_user enduser visitor guest patient member buyer
kunde kunden kund kunda kunder borger borgeren borgar innbygger medborgare kaller klient klienten
opkalder innringer innringeren uppringare uppringaren bruker brukeren bruger brugeren brukar
användare användaren gæst gæsten gjest gjesten gäst gästen pasient pasienten patienten medlem
external resident passenger passager passagerare
"""
_SYSTEM = "system systemet event hændelse hendelse händelse ivr acd note bemærkning"

ROLE_WORDS: dict[str, Role] = {
    **dict.fromkeys(_AGENT.split(), "agent"),
    **dict.fromkeys(_CUSTOMER.split(), "customer"),
    **dict.fromkeys(_SYSTEM.split(), "system"),
}
# The short notation `A: …`, `C: …`, `S: …`, also numbered (`A2`).
_LETTERS: dict[str, Role] = {"a": "agent", "c": "customer", "k": "customer", "s": "system"}
_LETTER = re.compile(r"^([ack])\d{0,2}$|^(s)$")
_NUMBERED = re.compile(r"^(.*?)[\s_.#-]*\d+$")
# What stands before a colon in the head of a file or at the start of a sentence.
_NO_NAMES = frozenset(
    """
    date dato datum time tid tidspunkt subject emne ämne id call samtale samtal duration varighed
    varighet längd queue kø kö title titel tittel file fil language sprog språk re from to cc sent
    fra til från till sendt skickat husk remember obs nb ps important vigtigt viktigt viktig tip
    tips advarsel varning warning address adresse adress phone telefon email e-mail mail link price
    pris total
    """.split()
) | {"call id", "samtale id", "kom ihåg", "i alt"}
_PARTICLES = frozenset("af av da de den der du la le of van von und og och and i &".split())
_MAX_NAME_WORDS = 4


def role_of(name: str) -> Role:
    """The role that a label names (`Agent 2`, `KUNDE`, `Mette (agent)`), else `unknown`."""
    role = _role_of_words(name)
    letter = _LETTER.match(name.strip().strip("*_[]<>:").lower())
    return _LETTERS[letter[1] or letter[2]] if letter and role == "unknown" else role


def roles_of(names: Iterable[str]) -> dict[str, Role]:
    """The role of each label of one call.

    A letter says something only where the agent and the customer both have theirs: speakers A and B
    are just two speakers.
    """
    roles = {name: role_of(name) for name in names}
    letters = {name for name, role in roles.items() if role != _role_of_words(name)}
    if {"agent", "customer"} <= {roles[name] for name in letters}:
        return roles
    return {name: "unknown" if name in letters else role for name, role in roles.items()}


def _role_of_words(name: str) -> Role:
    label = name.strip().strip("*_[]<>:").lower()
    words = label.split()
    # `Fjordlinja kundeservice`: a company's name before the word for the role
    ends = words[-1:] if len(words) == 2 else []
    for part in (label, *re.split(r"[(/]", label), *ends):
        part = part.strip(" )")
        numbered = _NUMBERED.match(part)
        if role := ROLE_WORDS.get(part) or (ROLE_WORDS.get(numbered[1]) if numbered else None):
            return role
    return "unknown"


def speakers_among(words: Iterable[str]) -> dict[str, Role]:
    """The words before a colon that are speakers, with their roles.

    These are words for a role, names that come back, and names that stand once, unless two others
    speak already and the name is one plain word (`Husk: …`).
    """
    counts = Counter(words)
    roles = roles_of(counts)
    names = [name for name in roles if roles[name] != "unknown" or _is_name(name)]
    speakers = {n: roles[n] for n in names if roles[n] != "unknown" or counts[n] > 1}
    crowded = sum(role != "system" for role in speakers.values()) > 1
    speakers |= {n: roles[n] for n in names if not crowded or not n.isalpha()}
    return _completed(speakers)


def _is_name(words: str) -> bool:
    """Whether these words before a colon look like a name rather than the start of a sentence."""
    parts = [part for part in words.split() if part.lower() not in _PARTICLES]
    return (
        0 < len(parts) <= _MAX_NAME_WORDS
        and words.lower() not in _NO_NAMES
        and not any(part[0].islower() for part in parts)
    )


def _completed(speakers: dict[str, Role]) -> dict[str, Role]:
    """With one side named by its role and one name left, that name is the other side."""
    known = set(speakers.values()) - {"unknown", "system"}
    unknown = [name for name, role in speakers.items() if role == "unknown"]
    if len(known) == 1 and len(unknown) == 1:
        return speakers | {unknown[0]: "customer" if known == {"agent"} else "agent"}
    return speakers
