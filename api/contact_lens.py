"""A report in the shape of Amazon Contact Lens' analysis after a call, for what reads that shape.

Categories are our labels, participants the two sides; a turn's `Id` is its number in our report.
What is not known is left out, never invented: there is no sentiment and no loudness, and without
times there are no offsets and no figures made from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.metrics import interruptions, silences
from analyzer.report import Report

_VERSION = "1.1.0"
_SIDES = ("agent", "customer")


def contact_lens(report: Report) -> dict[str, Any]:
    """The report as Contact Lens would write it, as far as it goes."""
    conversation = report.conversation
    spoken = [turn for turn in conversation.turns if turn.role in _SIDES]
    sides = dict.fromkeys(turn.role.upper() for turn in spoken)
    file = {
        "Version": _VERSION,
        "Channel": "VOICE",
        "JobStatus": "COMPLETED",
        "ContentMetadata": {"Output": "Redacted" if report.redacted else "Raw"},
        "CustomerMetadata": {"ContactId": conversation.id},
        "LanguageCode": conversation.language,
        "Participants": [{"ParticipantId": side, "ParticipantRole": side} for side in sides],
        "Categories": _categories(report),
        "ConversationCharacteristics": _characteristics(report),
        "Transcript": [
            {
                "Id": str(number),
                "ParticipantId": turn.role.upper(),
                "Content": turn.text,
                **_offsets(turn.start, turn.end),
            }
            for number, turn in enumerate(conversation.turns)
            if turn.role in _SIDES
        ],
    }
    if reasons := report.unscored_because:
        skipped = [{"Feature": "CATEGORIZATION", "ReasonCode": reason} for reason in reasons]
        file["JobDetails"] = {"SkippedAnalysis": skipped}
    return {name: value for name, value in file.items() if value is not None}


def _categories(report: Report) -> dict[str, Any] | None:
    if report.counts is None:
        return None
    points: dict[str, list[dict[str, int]]] = defaultdict(list)
    for item in report.evidence:
        turn = report.conversation.turns[item.turn]
        points[item.label] += [_offsets(turn.start, turn.end)] if _timed(turn) else []
    return {
        "MatchedCategories": list(points),
        "MatchedDetails": {label: {"PointsOfInterest": own} for label, own in points.items()},
    }


def _characteristics(report: Report) -> dict[str, Any]:
    metrics = report.metrics
    if metrics.talk_time is None or metrics.total_conversation_duration is None:
        return {}
    characteristics: dict[str, Any] = {
        "TotalConversationDurationMillis": _millis(metrics.total_conversation_duration),
        "TalkTime": {
            "TotalTimeMillis": _millis(metrics.talk_time["total"]),
            "DetailsByParticipant": {
                side.upper(): {"TotalTimeMillis": _millis(metrics.talk_time[side])}
                for side in _SIDES
            },
        },
        "NonTalkTime": _non_talk_time(report.conversation),
        "Interruptions": _interruptions(report.conversation),
    }
    if metrics.talk_speed is not None:
        characteristics["TalkSpeed"] = _talk_speed(metrics.talk_speed)
    return characteristics


def _talk_speed(speeds: Mapping[str, float]) -> dict[str, Any]:
    details = {side.upper(): {"AverageWordsPerMinute": round(own)} for side, own in speeds.items()}
    return {"DetailsByParticipant": details}


def _non_talk_time(conversation: Conversation) -> dict[str, Any]:
    instances = [_instance(start, end) for start, end in silences(conversation.spoken_turns)]
    return {"TotalTimeMillis": _total(instances), "Instances": instances}


def _interruptions(conversation: Conversation) -> dict[str, Any]:
    by_side: dict[str, list[dict[str, int]]] = defaultdict(list)
    for role, start, end in interruptions(conversation.spoken_turns):
        by_side[role.upper()].append(_instance(start, end))
    instances = [own for side in by_side.values() for own in side]
    return {
        "TotalCount": len(instances),
        "TotalTimeMillis": _total(instances),
        "InterruptionsByInterrupter": dict(by_side),
    }


def _instance(start: float, end: float) -> dict[str, int]:
    return {**_offsets(start, end), "DurationMillis": _millis(end) - _millis(start)}


def _total(instances: list[dict[str, int]]) -> int:
    return sum(instance["DurationMillis"] for instance in instances)


def _timed(turn: Turn) -> bool:
    return turn.start is not None and turn.end is not None


def _offsets(start: float | None, end: float | None) -> dict[str, int]:
    known = {"BeginOffsetMillis": start, "EndOffsetMillis": end}
    return {name: _millis(value) for name, value in known.items() if value is not None}


def _millis(seconds: float) -> int:
    return round(1_000 * seconds)
