"""A call as the program sees it: turns of text with a role, a speaker and perhaps times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Role = Literal["agent", "customer", "system", "unknown"]
ROLES: tuple[Role, ...] = get_args(Role)

# What redaction writes in the place of personal data: `[PERSON_1]`; without brackets of its own
# inside of brackets.
PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]|\b[A-Z]+_\d+\b")

# How a speaker is named once the role is known: A1, A2, … and C1, C2, …
_INITIALS = {"agent": "A", "customer": "C"}


@dataclass(frozen=True, slots=True)
class Turn:
    """One uninterrupted stretch of speech by one speaker, or an event when the role is `system`.

    `start` and `end` are seconds from the start of the call, `None` where the file has no times.
    """

    text: str
    role: Role = "unknown"
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """How the agent was told from the customer, and how sure that is.

    `method` is `given` (the file says it), `set` (the user said it) or `detected`; `probability`
    belongs to `detected` alone.
    """

    method: Literal["given", "set", "detected"]
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One call. `language` is a BCP-47 code, `started_at` an RFC 3339 time, `source` the file read.

    `customer_id`, `agent_id` and `case_id` are keys of other systems, never names; a case is one
    matter of a customer over several calls.

    `original` holds the document of a call that was read from a vCon, so that the result can be
    written back into it.
    """

    id: str
    turns: tuple[Turn, ...]
    language: str | None = None
    started_at: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    case_id: str | None = None
    product: str | None = None
    source: str = ""
    format: str = "kasper"
    roles: RoleDecision = RoleDecision("given")
    original: Mapping[str, Any] | None = None

    @property
    def has_times(self) -> bool:
        """Whether every spoken turn has a start and an end."""
        spoken = self.spoken_turns
        return bool(spoken) and all(t.start is not None and t.end is not None for t in spoken)

    @property
    def spoken_turns(self) -> list[Turn]:
        """The turns that somebody spoke or typed, in order."""
        return [turn for turn in self.turns if turn.role != "system"]

    @property
    def duration(self) -> float | None:
        """Seconds from the start of the call to the last known end, `None` without times."""
        ends = [t.end if t.end is not None else t.start for t in self.turns]
        known = [end for end in ends if end is not None]
        return max(known) if known else None


def number_speakers(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns with speakers renamed A1, A2, … and C1, C2, … in the order in which they speak.

    Speakers of unknown role keep the label of the file; events have no speaker. A turn that names
    no speaker is by the one of its role who spoke last.
    """
    names: dict[tuple[str, str | None], str] = {}
    counts: Counter[str] = Counter()
    last: dict[str, str] = {}
    numbered = []
    for turn in turns:
        initial = _INITIALS.get(turn.role)
        speaker = turn.speaker if turn.role == "unknown" else None
        if initial:
            key = (turn.role, turn.speaker)
            if turn.speaker is None and turn.role in last:
                names[key] = last[turn.role]
            elif key not in names:
                counts[initial] += 1
                names[key] = f"{initial}{counts[initial]}"
            speaker = last[turn.role] = names[key]
        numbered.append(turn if turn.speaker == speaker else replace(turn, speaker=speaker))
    return tuple(numbered)
