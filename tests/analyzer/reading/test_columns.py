from __future__ import annotations

import pytest

from analyzer.reading.columns import fields_of


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ("text,speaker,start,end", {"text": 0, "speaker": 1, "start": 2, "end": 3}),
        ("Tekst,Rolle,Starttid,Sluttid", {"text": 0, "role": 1, "start": 2, "end": 3}),
        ("Meddelande,Talare,Tid", {"text": 0, "speaker": 1, "start": 2}),
        ("\ufeffText, Call ID ,foo", {"text": 0, "id": 1}),
        ("N,In,Out,Text", {"start": 1, "end": 2, "text": 3}),
        ("from_time,to_time,content", {"start": 0, "end": 1, "text": 2}),
        ("start_s,end_s,body", {"start": 0, "end": 1, "text": 2}),
        ("startTimeMs,endTimeMs,utterance", {"start_ms": 0, "end_ms": 1, "text": 2}),
        ("BeginOffsetMillis,EndOffsetMillis,Content", {"start_ms": 0, "end_ms": 1, "text": 2}),
        (
            "language,date,customer-id,queue,besked",
            {"language": 0, "started_at": 1, "customer_id": 2, "queue": 3, "text": 4},
        ),
        # the surest name wins, wherever it stands
        ("id,call_id,text", {"id": 1, "text": 2}),
        ("transcript,text", {"text": 1}),
        ("channel,speaker,text", {"speaker": 1, "text": 2}),
        # of two that are alike the first
        ("text,text", {"text": 0}),
        ("a,b", {}),
        ("", {}),
    ],
)
def test_fields_of(columns: str, fields: dict[str, int]) -> None:
    assert fields_of(columns.split(",")) == fields


def test_columns_need_not_be_text() -> None:
    assert fields_of([1, None, 2.5, "tekst"]) == {"text": 3}
