"""The words with which people and tools name the two sides of a call, in five languages."""

from __future__ import annotations

import re

from analyzer.conversation import Role

_AGENT = """
agent agenten advisor adviser representative rep operator operatør operatøren operatör operatören csr
support supporter supporten kundeservice kundservice kundetjeneste kundtjänst kundesenter
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

_ROLES: dict[str, Role] = {
    **dict.fromkeys(_AGENT.split(), "agent"),
    **dict.fromkeys(_CUSTOMER.split(), "customer"),
    **dict.fromkeys(_SYSTEM.split(), "system"),
    "a": "agent",
    "c": "customer",
    "k": "customer",
    "s": "system",
}
_NUMBERED = re.compile(r"^(.*?)[\s_.#-]*\d+$")


def role_of(name: str) -> Role:
    """The role that a speaker's label names (`Agent 2`, `KUNDE`, `Kundeservice`), else `unknown`."""
    label = name.strip().strip("*_[]()<>:").lower()
    numbered = _NUMBERED.match(label)
    stem = numbered[1] if numbered and numbered[1] else label
    first = stem.split("(")[0].split("/")[0].strip()
    return _ROLES.get(label) or _ROLES.get(first) or "unknown"
