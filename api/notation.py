"""Reviewed calls in the notation of docs/traits.md, as training reads it.

    # da-zz-017 | domain: support | style: asr | band: kasper | resolved: yes | failure: no | …
    A: {{greeting|…}}
    C: …

Spans cannot nest or cross there: those that overlap become one that carries all their labels. What
the notation cannot hold is replaced by something of the same length: line breaks by blanks, braces
by brackets. Turns without words are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from analyzer.conversation import Conversation, Turn
from api.verdict import FindingVerdict, Verdict

_UNFIT = str.maketrans({"{": "(", "}": ")", "\n": " ", "\r": " "})
_INITIAL = {"agent": "A", "customer": "C", "system": "S"}
# The notation counts a second to a ninth agent.
_MOST_AGENTS = 9
_SENTENCE_END = re.compile(r"[.!?…]")


def is_writable(conversation: Conversation, verdict: Verdict) -> bool:
    """Whether every field of the header is known and every turn has a side."""
    known = (verdict.outcome[name] is not None for name in ("resolved", "failure", "recovery"))
    agents = {turn.speaker for turn in conversation.turns if turn.role == "agent"}
    sides = all(turn.role in _INITIAL for turn in conversation.turns if turn.text.strip())
    return verdict.band is not None and all(known) and sides and len(agents) <= _MOST_AGENTS


def written(call_id: str, conversation: Conversation, verdict: Verdict) -> str:
    """The call with what holds of it, ending in an empty line."""
    return "\n".join([_header(call_id, conversation, verdict), *_lines(conversation, verdict), ""])


def _header(call_id: str, conversation: Conversation, verdict: Verdict) -> str:
    outcome = verdict.outcome
    fields = {
        "domain": re.sub(r"[|\s]+", " ", conversation.queue or "").strip() or "unknown",
        "style": _style(conversation.turns),
        "band": verdict.band,
        "resolved": "yes" if outcome["resolved"] else "no",
        "failure": "yes" if outcome["failure"] else "no",
        "recovery": outcome["recovery"],
        "transfers": outcome["transfers"],
    }
    return f"# {call_id} | " + " | ".join(f"{name}: {value}" for name, value in fields.items())


def _style(turns: Sequence[Turn]) -> str:
    """`asr` where less than half of the longer turns have a mark that ends a sentence."""
    spoken = [t.text for t in turns if t.role != "system" and len(t.text.split()) > 3]
    marked = sum(bool(_SENTENCE_END.search(text)) for text in spoken)
    return "clean" if 2 * marked >= len(spoken) else "asr"


def _lines(conversation: Conversation, verdict: Verdict) -> Iterator[str]:
    agents: dict[str | None, str] = {}
    for index, turn in enumerate(conversation.turns):
        if not turn.text.strip():
            continue
        speaker = _INITIAL[turn.role]
        if turn.role == "agent":
            number = len(agents) + 1
            speaker = agents.setdefault(turn.speaker, f"A{number}" if number > 1 else "A")
        found = [own for own in verdict.findings if own.holds and own.turn == index]
        yield f"{speaker}: {_marked(turn.text.translate(_UNFIT), found).strip()}"


def _marked(text: str, found: Sequence[FindingVerdict]) -> str:
    parts, last = [], 0
    for start, end, labels in _apart(found):
        words = text[start:end]
        start += len(words) - len(words.lstrip())
        end = start + len(words.strip())
        parts += [text[last:start], "{{", "+".join(labels), "|", text[start:end], "}}"]
        last = end
    return "".join([*parts, text[last:]])


def _apart(found: Sequence[FindingVerdict]) -> list[tuple[int, int, list[str]]]:
    """The spans in order, those that overlap as one."""
    apart: list[tuple[int, int, list[str]]] = []
    for own in sorted(found, key=lambda each: (each.start, each.end)):
        if apart and own.start < apart[-1][1]:
            start, end, labels = apart[-1]
            labels = labels if own.label in labels else [*labels, own.label]
            apart[-1] = (start, max(end, own.end), labels)
        else:
            apart.append((own.start, own.end, [own.label]))
    return apart
