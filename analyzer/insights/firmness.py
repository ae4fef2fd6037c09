"""How firmly something was promised."""

from __future__ import annotations

import re
from typing import Literal

Firmness = Literal["firm", "plain", "hedged"]

# Without such words an over-promise is firm, the agent's own next step plain, the rest hedged.
_FIRMNESS: dict[str, Firmness] = {
    "overpromise": "firm",
    "follow_up": "plain",
    "expectation": "hedged",
}
_FIRM = re.compile(
    r"\b(?:garanter\w*|guarantee\w*|lover|lovar|lovt|promise|svær\w*|svär\w*|swear|helt sikkert"
    r"|helt säkert|definitely|for sure|bombe?sikkert|(?:100|hundre\w*|hundra) ?(?:%|pro[cs]ent)"
    r"|ingen tvivl|no doubt|(?:my|mitt|mit) (?:word|ord))",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:måske|kanskje|kanske|maybe|perhaps|forvent\w*|forvänta\w*|expect\w*|probably|should"
    r"|skulle gerne|burde|borde|bør|bör|regn med|räkna med|cirka|ca\.?|omkring|ungefär|omtrent"
    r"|around|about|nok|nog|vel|normalt|vanligvis|usually|som regel|tidligst|tidigast|earliest"
    r"|håber|håper|hoppas|hope|hvis|om de|if)\b",
    re.IGNORECASE,
)


def firmness(words: str, label: str) -> Firmness:
    """How firmly something was promised: by its words, else by the kind of promise that it is."""
    if label != "expectation" and _FIRM.search(words):
        return "firm"
    if label != "overpromise" and _HEDGED.search(words):
        return "hedged"
    return _FIRMNESS[label]
