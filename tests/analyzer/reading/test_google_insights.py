from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]

START = 1_604_671_200_000_000  # microseconds since 1970


def entry(role: str | None, user: Any, text: str, usec: Any) -> dict[str, Any]:
    return {"text": text, "role": role, "user_id": user, "start_timestamp_usec": usec}


@pytest.mark.parametrize(
    ("zero", "first"), [(0, 1.0), (START, 0.0)], ids=["documentation", "production"]
)
def test_entries_become_turns(read_one: ReadOne, rows: Rows, zero: int, first: float) -> None:
    file = {
        "conversation_info": {"categories": [{"display_name": "Billing"}]},
        "entries": [
            entry("CUSTOMER", 1, "Hello.", zero + 1_000_000),
            entry("AGENT", 2, "Yes?", str(zero + 5_000_000)),
            entry("END_USER", 1, "My bill.", zero + 7_500_000),
            entry("AGENT", 3, "Billing here.", zero + 9_000_000),
            entry("AUTOMATED_AGENT", 4, "Press 1.", zero + 2_000_000),
        ],
    }
    call = read_one(file)
    assert (call.format, call.id) == ("google-insights", "call")
    assert rows(call) == [
        ("customer", "C1", "Hello.", first, None),
        ("agent", "A1", "Press 1.", first + 1.0, None),
        ("agent", "A2", "Yes?", first + 4.0, None),
        ("customer", "C2", "My bill.", first + 6.5, None),
        ("agent", "A3", "Billing here.", first + 8.0, None),
    ]


def test_without_info_roles_and_times(read_one: ReadOne, rows: Rows) -> None:
    file = {"entries": [{"text": "Hello.", "role": None}, {"text": "Hi.", "role": "HUMAN_AGENT"}]}
    assert rows(read_one(file)) == [
        ("unknown", None, "Hello.", None, None),
        ("agent", "A1", "Hi.", None, None),
    ]


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        ([{"text": [], "role": "AGENT"}], "entries.0.text"),
        ([{"text": "a", "role": "AGENT"}, "b"], "entries.1"),
        ([entry("AGENT", 1, "a", "noon")], "entries.0.start_timestamp_usec"),
        ([entry("AGENT", 1, " ", 1)], ""),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], entries: Any, place: str
) -> None:
    assert error_of({"entries": entries}).place == (place and f"field {place}")
