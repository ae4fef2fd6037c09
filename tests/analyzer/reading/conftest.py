"""What the tests of the formats share: files written and read, a small sample of each format."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import read, stream

Write = Callable[[str, Any], str]
TurnRow = tuple[str, str | None, str, float | None, float | None]


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if not isinstance(content, str):
        content = json.dumps(content, ensure_ascii=False)
    return bytes(content.encode("utf-8"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of bytes, text or JSON below the test's folder and gives its path."""

    def write(name: str, content: Any) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))
        return str(path)

    return write


@pytest.fixture
def read_one(write: Write) -> Callable[..., Conversation]:
    """Writes a file, reads it and gives the one call that it must hold."""

    def read_one(content: Any, name: str = "call.json", format: str = "auto") -> Conversation:
        (conversation,) = read(write(name, content), format=format)
        return conversation

    return read_one


@pytest.fixture
def rows() -> Callable[[Conversation], list[TurnRow]]:
    """The turns of a call as (role, speaker, text, start, end), times to the millisecond."""

    def rows(conversation: Conversation) -> list[TurnRow]:
        return [
            (turn.role, turn.speaker, turn.text, _rounded(turn.start), _rounded(turn.end))
            for turn in conversation.turns
        ]

    return rows


def _rounded(time: float | None) -> float | None:
    return None if time is None else round(time, 3)


@pytest.fixture
def error_of(write: Write) -> Callable[..., TranscriptError]:
    """Writes a file and gives the one error that it must be answered by, in one sentence."""

    def error_of(content: Any, name: str = "call.json", format: str = "auto") -> TranscriptError:
        path = write(name, content)
        (error,) = stream([path], format=format)
        assert isinstance(error, TranscriptError), error
        said = str(error)
        assert said.startswith(path) and said.endswith(".") and "\n" not in said
        assert error.expected and error.remedy
        assert len(said) < 600 + len(path)
        with pytest.raises(TranscriptError) as raised:
            read(path, format=format)
        assert str(raised.value) == said
        return error

    return error_of


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """Format name -> a short call between an agent and a customer in that format."""
    return {name: _bytes(content) for name, content in _SAMPLES.items()}


_HELLO, _REPLY = "Goddag, du taler med Mette.", "Hej, jeg får ingen strøm på æ-nettet."
_COLUMNS = ("call_id", "speaker", "start", "end", "text")
_ROWS = (("c-1", "agent", 0.5, 2.0, _HELLO), ("c-1", "kunde", 2.5, 5.0, _REPLY))


def _word(word: str, start: float, **more: Any) -> dict[str, Any]:
    return {"word": word, "start": start, "end": start + 0.4, **more}


def _parquet() -> bytes:
    columns = {name: [row[at] for row in _ROWS] for at, name in enumerate(_COLUMNS)}
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def _xlsx() -> bytes:
    workbook = openpyxl.Workbook()
    for row in (_COLUMNS, *_ROWS):
        workbook.worksheets[0].append(row)
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


_SAMPLES: dict[str, Any] = {
    "kasper": {
        "id": "c-1",
        "language": "da",
        "turns": [
            {"role": "agent", "text": _HELLO, "start": 0.5, "end": 2.0},
            {"role": "customer", "text": _REPLY, "start": 2.5, "end": 5.0},
        ],
    },
    "vcon": {
        "vcon": "0.0.2",
        "uuid": "0190d5a1-0000-8000-8000-000000000001",
        "parties": [{"name": "Mette", "role": "agent"}, {"name": "Jens", "role": "customer"}],
        "dialog": [
            {"type": "text", "start": "2026-03-02T09:14:00+01:00", "parties": 0, "body": _HELLO},
            {"type": "text", "start": "2026-03-02T09:14:02+01:00", "parties": 1, "body": _REPLY},
        ],
        "analysis": [{"type": "transcript", "dialog": 0, "body": {"transcript": "Goddag."}}],
    },
    "aws-call-analytics": {
        "JobStatus": "COMPLETED",
        "LanguageCode": "da-DK",
        "Participants": [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}],
        "Transcript": [
            {
                "Content": _HELLO,
                "ParticipantRole": "AGENT",
                "BeginOffsetMillis": 500,
                "EndOffsetMillis": 2000,
            },
            {
                "Content": _REPLY,
                "ParticipantRole": "CUSTOMER",
                "BeginOffsetMillis": 2500,
                "EndOffsetMillis": 5000,
            },
        ],
        "ConversationCharacteristics": {
            "NonTalkTime": {
                "Instances": [
                    {"BeginOffsetMillis": 5000, "EndOffsetMillis": 25000, "DurationMillis": 20000}
                ]
            }
        },
    },
    "aws-post-call-analytics": {
        "ConversationAnalytics": {
            "GUID": "g-1",
            "SpeakerLabels": [
                {"Speaker": "spk_0", "DisplayText": "Agent"},
                {"Speaker": "spk_1", "DisplayText": "Customer"},
            ],
        },
        "SpeechSegments": [
            {"SegmentSpeaker": "spk_0", "SegmentStartTime": 0.5, "OriginalText": _HELLO},
            {"SegmentSpeaker": "spk_1", "SegmentStartTime": 2.5, "OriginalText": _REPLY},
        ],
    },
    "aws-transcribe": {
        "jobName": "job-1",
        "results": {
            "transcripts": [{"transcript": "Goddag. Hej"}],
            "speaker_labels": {
                "segments": [
                    {"speaker_label": "spk_0", "start_time": "0.5", "end_time": "1.0"},
                    {"speaker_label": "spk_1", "start_time": "2.5", "end_time": "3.0"},
                ]
            },
            "items": [
                {
                    "type": "pronunciation",
                    "start_time": "0.5",
                    "end_time": "1.0",
                    "alternatives": [{"content": "Goddag"}],
                },
                {"type": "punctuation", "alternatives": [{"content": "."}]},
                {
                    "type": "pronunciation",
                    "start_time": "2.5",
                    "end_time": "3.0",
                    "alternatives": [{"content": "Hej"}],
                },
            ],
        },
    },
    "google-insights": {
        "entries": [
            {"text": _HELLO, "role": "AGENT", "user_id": 1, "start_timestamp_usec": 500000},
            {"text": _REPLY, "role": "CUSTOMER", "user_id": 2, "start_timestamp_usec": 2500000},
        ]
    },
    "google-stt": {
        "results": [
            {
                "languageCode": "da-dk",
                "alternatives": [
                    {
                        "transcript": "Goddag Hej",
                        "words": [
                            {"word": "Goddag", "startTime": "0.500s", "speakerTag": 1},
                            {
                                "word": "Hej",
                                "startTime": {"seconds": "2", "nanos": 500000000},
                                "speakerTag": 2,
                            },
                        ],
                    }
                ],
            }
        ]
    },
    "azure-batch": {
        "timestamp": "2026-03-02T09:14:00Z",
        "recognizedPhrases": [
            {
                "channel": 0,
                "speaker": 1,
                "offsetInTicks": 5000000,
                "durationInTicks": 15000000,
                "nBest": [{"display": _HELLO}],
            },
            {
                "channel": 0,
                "speaker": 2,
                "offset": "PT2.5S",
                "duration": "PT2.5S",
                "nBest": [{"display": _REPLY}],
            },
        ],
    },
    "azure-conversation": {
        "analysisInput": {
            "conversations": [
                {
                    "id": "c-1",
                    "language": "da",
                    "conversationItems": [
                        {"participantId": "Agent", "text": _HELLO},
                        {
                            "participantId": "Customer",
                            "text": _REPLY,
                            "conversationItemLevelTiming": {"offset": 25000000, "duration": 10},
                        },
                    ],
                }
            ]
        }
    },
    "deepgram": {
        "metadata": {"request_id": "r-1", "created": "2026-03-02T09:14:00Z"},
        "results": {
            "channels": [
                {
                    "alternatives": [
                        {
                            "words": [
                                _word("goddag", 0.5, speaker=0, punctuated_word="Goddag."),
                                _word("hej", 2.5, speaker=1, punctuated_word="Hej."),
                            ]
                        }
                    ]
                }
            ]
        },
    },
    "assemblyai": {
        "id": "a-1",
        "language_code": "da",
        "utterances": [
            {"speaker": "A", "text": _HELLO, "start": 500, "end": 2000},
            {"speaker": "B", "text": _REPLY, "start": 2500, "end": 5000},
        ],
    },
    "speechmatics": {
        "job": {"id": "s-1"},
        "metadata": {"transcription_config": {"language": "da"}},
        "results": [
            {
                "type": "word",
                "start_time": 0.5,
                "end_time": 1.0,
                "alternatives": [{"content": "Goddag", "speaker": "S1"}],
            },
            {
                "type": "punctuation",
                "start_time": 1.0,
                "end_time": 1.0,
                "attaches_to": "previous",
                "alternatives": [{"content": ".", "speaker": "S1"}],
            },
            {
                "type": "word",
                "start_time": 2.5,
                "end_time": 3.0,
                "alternatives": [{"content": "Hej", "speaker": "S2"}],
            },
        ],
    },
    "rev-ai": {
        "monologues": [
            {"speaker": 0, "elements": [{"type": "text", "value": "Goddag", "ts": 0.5}]},
            {"speaker": 1, "elements": [{"type": "text", "value": "Hej", "ts": 2.5}]},
        ]
    },
    "genesys-cloud": {
        "conversationId": "g-1",
        "transcripts": [
            {
                "phrases": [
                    {"text": _HELLO, "participantPurpose": "internal", "startTimeMs": 500},
                    {
                        "text": _REPLY,
                        "participantPurpose": "external",
                        "startTimeMs": 2500,
                        "duration": {"milliseconds": 2500},
                    },
                ]
            }
        ],
        "participants": [
            {"participantPurpose": "acd", "startTimeMs": 0, "endTimeMs": 400},
            {"participantPurpose": "agent", "userId": "u-1", "startTimeMs": 400},
        ],
    },
    "twilio": {
        "sentences": [
            {"media_channel": 1, "start_time": "0.5", "end_time": "2.0", "transcript": _HELLO},
            {"media_channel": 2, "start_time": "2.5", "end_time": "5.0", "transcript": _REPLY},
        ]
    },
    "whisper": {
        "language": "da",
        "segments": [
            {"start": 0.5, "end": 2.0, "speaker": "SPEAKER_00", "text": f" {_HELLO}"},
            {"start": 2.5, "end": 5.0, "speaker": "SPEAKER_01", "text": f" {_REPLY}"},
        ],
    },
    "parquet": _parquet(),
    "xlsx": _xlsx(),
    "webvtt": "WEBVTT\n\n"
    f"00:00:00.500 --> 00:00:02.000\n<v Mette>{_HELLO}</v>\n\n"
    f"00:00:02.500 --> 00:00:05.000\n<v Jens>{_REPLY}</v>\n",
    "srt": f"1\n00:00:00,500 --> 00:00:02,000\nAgent: {_HELLO}\n\n"
    f"2\n00:00:02,500 --> 00:00:05,000\nKunde: {_REPLY}\n",
    "sbv": f"0:00:00.500,0:00:02.000\nAgent: {_HELLO}\n\n"
    f"0:00:02.500,0:00:05.000\nKunde: {_REPLY}\n",
    "csv": "call_id;speaker;start;end;text\n"
    f'c-1;agent;0,5;2,0;{_HELLO}\nc-1;kunde;2,5;5,0;"{_REPLY}"\n',
    "text": f"Dato: 2. marts 2026\n\n[00:00] Agent: {_HELLO}\n[hold]\n[00:02] Kunde: {_REPLY}\n",
}
