"""What people type about a call (reasons, objections, answers to them), redacted as the call is."""

from __future__ import annotations

from analyzer.conversation import PLACEHOLDER, Conversation, Turn
from analyzer.redaction import redact
from api.storage.tables import Call

# These are people's names, too; in words about a call they are its bands.
_BANDS = ("rasmus", "kasper", "star")


def fit_to_store(call: Call, words: str) -> str:
    """The words, without personal data if the call is stored without; its bands stay.

    What stands for somebody in the call keeps its number, and what is new gets one of its own.
    """
    words = words.strip()
    if not call.redacted or not words:
        return words
    known = [match[0] for turn in call.turns for match in PLACEHOLDER.finditer(turn["text"])]
    turns = (Turn(" ".join(dict.fromkeys(known))), Turn(words))
    parts, position = [], 0
    for item in redact(Conversation("", turns, language=call.language)).replaced:
        if item.turn == 0 or words[item.start : item.end].lower() in _BANDS:
            continue
        parts += [words[position : item.start], item.placeholder]
        position = item.end
    return "".join([*parts, words[position:]])
