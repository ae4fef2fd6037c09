"""Reports in the shape of Contact Lens: what is known is there, what is not is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzer.reading import read
from api.access import Permission
from tests.api.conftest import Installation

SCOPES = (Permission.CALLS_SCORE, Permission.CALLS_READ)
TURNS: list[dict[str, Any]] = [
    {"role": "agent", "text": "Kundeservice, hvad kan jeg hjælpe med?", "start": 0, "end": 2.5},
    {"role": "customer", "text": "Det er tredje gang jeg ringer.", "start": 8.5, "end": 11},
    {"role": "agent", "text": "Det er ikke mit bord.", "start": 10, "end": 12},
    {"role": "system", "text": "[hold]", "start": 12, "end": 14},
    {"role": "customer", "text": "Så giver jeg op.", "start": 14, "end": 16},
]
CALL = {"id": "c-1", "language": "da", "turns": TURNS}


def scored(installation: Installation, call: dict[str, Any]) -> dict[str, Any]:
    client = installation.with_key(*SCOPES)
    answer = client.post("/v1/score?format=contact_lens", json=call)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_figures_are_in_milliseconds(installation: Installation) -> None:
    found = scored(installation, CALL)
    figures = found["ConversationCharacteristics"]
    assert figures["TotalConversationDurationMillis"] == 16_000
    assert figures["TalkTime"] == {
        "TotalTimeMillis": 9_000,
        "DetailsByParticipant": {
            "AGENT": {"TotalTimeMillis": 4_500},
            "CUSTOMER": {"TotalTimeMillis": 4_500},
        },
    }
    assert figures["NonTalkTime"] == {
        "TotalTimeMillis": 6_000,
        "Instances": [
            {"BeginOffsetMillis": 2_500, "EndOffsetMillis": 8_500, "DurationMillis": 6_000}
        ],
    }
    assert figures["Interruptions"] == {
        "TotalCount": 1,
        "TotalTimeMillis": 1_000,
        "InterruptionsByInterrupter": {
            "AGENT": [
                {"BeginOffsetMillis": 10_000, "EndOffsetMillis": 11_000, "DurationMillis": 1_000}
            ]
        },
    }
    speeds = figures["TalkSpeed"]["DetailsByParticipant"]
    assert {side: own["AverageWordsPerMinute"] for side, own in speeds.items()} == {
        "AGENT": 147,
        "CUSTOMER": 133,
    }


def test_categories_are_our_labels_where_they_happen(installation: Installation) -> None:
    client = installation.with_key(*SCOPES)
    labels = {item["label"] for item in client.post("/v1/score", json=CALL).json()["evidence"]}
    categories = scored(installation, CALL)["Categories"]
    assert set(categories["MatchedCategories"]) == set(categories["MatchedDetails"]) == labels
    assert {"deflection", "repeat_contact"} <= labels
    points = categories["MatchedDetails"]["deflection"]["PointsOfInterest"]
    assert points == [{"BeginOffsetMillis": 10_000, "EndOffsetMillis": 12_000}]


def test_what_is_not_known_is_left_out(installation: Installation) -> None:
    untimed = [{name: turn[name] for name in ("role", "text")} for turn in TURNS]
    found = scored(installation, CALL | {"turns": untimed})
    assert found["ConversationCharacteristics"] == {}
    assert all("BeginOffsetMillis" not in turn for turn in found["Transcript"])
    details = found["Categories"]["MatchedDetails"]
    assert details["deflection"] == {"PointsOfInterest": []}
    for invented in ("Sentiment", "Loudness", "null", "Issues"):
        assert invented not in json.dumps([found, scored(installation, CALL)])


def test_a_call_that_is_not_judged_has_no_categories(installation: Installation) -> None:
    found = scored(installation, CALL | {"turns": TURNS[:1]})
    assert "Categories" not in found
    assert found["JobDetails"]["SkippedAnalysis"] == [
        {"Feature": "CATEGORIZATION", "ReasonCode": "ONE_SIDE_ONLY"}
    ]


def test_it_is_read_back_as_the_same_call(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    file.write_text(json.dumps(scored(installation, CALL)), "utf-8")
    (again,) = read(file)
    assert (again.id, again.language, again.format) == ("c-1", "da", "aws-call-analytics")
    spoken = [turn for turn in TURNS if turn["role"] != "system"]
    assert [(t.role, t.text, t.start, t.end) for t in again.turns] == [
        (t["role"], t["text"], t["start"], t["end"]) for t in spoken
    ]


def test_a_stored_call_has_that_shape_too(installation: Installation) -> None:
    client = installation.with_key(*SCOPES)
    stored = client.post("/v1/calls", json=CALL).headers["location"]
    found = client.get(stored, params={"format": "contact_lens"}).json()
    at_once = scored(installation, CALL)
    assert found["Categories"] == at_once["Categories"]
    assert found["ConversationCharacteristics"] == at_once["ConversationCharacteristics"]
    assert client.get(stored).json()["call"]["id"] == "c-1"
    assert client.get(stored, params={"format": "other"}).status_code == 422
