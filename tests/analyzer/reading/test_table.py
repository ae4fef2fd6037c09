from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import read, stream

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]
ErrorOf = Callable[..., TranscriptError]
Write = Callable[[str, Any], str]

HELLO = [
    ("agent", "A1", "Goddag; du, taler | med Mette.", 0.5, 2.0),
    ("customer", "C1", 'Hej "Mette",\ner du der?', 2.5, 5.0),
]


def parquet(**columns: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def xlsx(*rows: Any, sheets: int = 1) -> bytes:
    workbook = openpyxl.Workbook()
    for _ in range(sheets - 1):
        workbook.create_sheet()
    for row in rows:
        workbook.worksheets[-1].append(row)
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("head", ["", "\ufeff", "\n\n"])
def test_csv_with_every_separator(read_one: ReadOne, rows: Rows, separator: str, head: str) -> None:
    lines = [
        ["start", "end", "Speaker", "Text"],
        ["0.5", '"2,0"', "agent", '"Goddag; du, taler | med Mette."'],
        ["00:02.5", "PT5S", "kunde", '"Hej ""Mette"",\ner du der?"'],
    ]
    call = read_one(head + "\n".join(map(separator.join, lines)) + "\n", name="call.csv")
    assert (call.format, call.id) == ("csv", "call")
    assert rows(call)[0] == HELLO[0]
    assert rows(call)[1][:3] == HELLO[1][:3]
    assert rows(call)[1][4] == 5.0


def test_excel_names_the_separator(read_one: ReadOne, rows: Rows) -> None:
    text = "sep=;\r\nrolle;tekst\r\nmedarbejder;Goddag.\r\nkunde;Hej.\r\n"
    assert rows(read_one(text.encode("cp1252"), name="call.csv")) == [
        ("agent", "A1", "Goddag.", None, None),
        ("customer", "C1", "Hej.", None, None),
    ]


CALLS = """call_id,language,date,customer_id,queue,role,speaker,text
a,da,2026-03-02,k-1,support,agent,Mette,Goddag.
a,da,2026-03-02,k-1,support,agent,Ole,Det er Ole.
b,sv,,,,,Kund,Hej!
a,da,2026-03-02,k-1,support,kunde,Jens,Hej.
b,sv,,,,,Agent,God dag.
b,sv,,,,,,
c,,,,,system,,[hold]
"""


def test_several_calls_in_one_table(write: Write, rows: Rows) -> None:
    first, second, third = stream([write("calls.csv", CALLS)])
    assert isinstance(first, Conversation) and isinstance(second, Conversation)
    assert (first.id, first.language, first.started_at) == ("a", "da", "2026-03-02")
    assert (first.customer_id, first.queue) == ("k-1", "support")
    assert [row[:3] for row in rows(first)] == [
        ("agent", "A1", "Goddag."),
        ("agent", "A2", "Det er Ole."),
        ("customer", "C1", "Hej."),
    ]
    assert (second.id, second.language, second.started_at, second.queue) == ("b", "sv", None, None)
    assert [row[:3] for row in rows(second)] == [
        ("customer", "C1", "Hej!"),
        ("agent", "A1", "God dag."),
    ]
    # a call of which nothing can be scored is an error of its own
    assert isinstance(third, TranscriptError) and third.place == "call c"


@pytest.mark.parametrize(
    ("ids", "calls"),
    [
        # a column that numbers the rows is not the number of a call
        (["1", "2", "3"], {"t": 3}),
        (["a", "a", "a"], {"a": 3}),
        # a row without a number belongs to the call above
        (["a", "", "b"], {"a": 2, "b": 1}),
        (["", "a", "a"], {"t": 1, "a": 2}),
        (["", "", ""], {"t": 3}),
    ],
)
def test_which_rows_are_a_call(write: Write, ids: list[str], calls: dict[str, int]) -> None:
    text = "id,speaker,text\n" + "".join(f"{call_id},agent,Hej.\n" for call_id in ids)
    assert {call.id: len(call.turns) for call in read(write("t.csv", text))} == calls


def test_one_row_is_one_call(write: Write) -> None:
    assert [call.id for call in read(write("t.csv", "id,text\n7,Hej.\n"))] == ["7"]


def test_roles_and_speakers(read_one: ReadOne, rows: Rows) -> None:
    text = (
        "channel,role,who,text\n"
        "0,agent,Mette,a\n0,,Mette,b\n1,customer,,c\n1,,kunde,d\n2,boss,,e\n2,,,f\n"
    )
    assert [row[:3] for row in rows(read_one(text, name="t.csv"))] == [
        ("agent", "A1", "a"),
        ("unknown", "Mette", "b"),
        ("customer", "C1", "c"),
        ("customer", "C2", "d"),
        ("unknown", "boss", "e"),
        ("unknown", None, "f"),
    ]


def test_letters_are_roles_only_together(read_one: ReadOne, rows: Rows) -> None:
    text = "speaker,text\n{},x\n{},y\n"
    assert [row[0] for row in rows(read_one(text.format("A", "C"), name="t.csv"))] == [
        "agent",
        "customer",
    ]
    assert [row[0] for row in rows(read_one(text.format("A", "B"), name="t.csv"))] == [
        "unknown",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        ("start,end", "1.5,2", (1.5, 2.0)),
        ("startTimeMs,endTimeMs", "1500,2000", (1.5, 2.0)),
        ("start,start_ms", ",1500", (1.5, None)),
        ("start,end", "soon,-1", (None, None)),
        ("start,end", "nan,1e999", (None, None)),
        ("start,end", "2,1", (2.0, None)),
        ("start,end", "09:14:02,09:14:04", (0.0, 2.0)),
        ("start,end", "1772439242,1772439244", (0.0, 2.0)),
        ("start,end", "2026-03-02 09:14,", (None, None)),
    ],
)
def test_times(
    read_one: ReadOne, rows: Rows, columns: str, cells: str, expected: tuple[Any, Any]
) -> None:
    call = read_one(f"speaker,text,{columns}\nagent,Hej.,{cells}\n", name="t.csv")
    assert rows(call) == [("agent", "A1", "Hej.", *expected)]


def test_the_first_of_two_columns_of_one_name_counts(read_one: ReadOne, rows: Rows) -> None:
    text = "speaker,text,text,speaker\nagent,Hej.,Dav.,kunde\n"
    assert rows(read_one(text, name="t.csv")) == [("agent", "A1", "Hej.", None, None)]


def test_empty_rows_and_short_rows_are_passed_over(read_one: ReadOne, rows: Rows) -> None:
    text = "speaker,text,start\n\nagent,Hej.\n,,\nkunde\n   \nkunde,Ja.,5\n\n"
    assert [row[:3] for row in rows(read_one(text, name="t.csv"))] == [
        ("agent", "A1", "Hej."),
        ("customer", "C1", "Ja."),
    ]


@pytest.mark.parametrize("word", ["NA", "nan", "None", "null", "0", "1.0", "TRUE"])
def test_words_that_tables_take_for_something_else_are_words(read_one: ReadOne, word: str) -> None:
    assert read_one(f"speaker,text\nagent,{word}\n", name="t.csv").turns[0].text == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("speaker,text\n", "the table has no rows"),
        ("speaker,text\nagent,\n", "no speech"),
        ("speaker,text\nagent,Hej, du\nkunde,Ja\n", "the rows have more columns"),
        ("speaker,text\nagent,Hej\nkunde,Ja, tak\n", "expected 2 columns in line 3, found 3"),
        ('speaker,text\nagent,"Hej\nkunde,Ja\n', "a quotation mark opens a cell"),
        ("sep=,\nspeaker,text\na,b\nc,d,e\n", "expected 2 columns in line 4, found 3"),
    ],
)
def test_a_table_that_cannot_be_read(error_of: ErrorOf, text: str, expected: str) -> None:
    assert expected in error_of(text, name="t.csv").expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,words\nagent,Hej\n", None),
        ("name,note\nagent,Hej\n", "no column of text (columns: 2)"),
        (
            "\x1b[31m,\u0000\n1,2\n".replace("\u0000", "x" * 99),
            "no column of text (columns: 2)",
        ),
        ("note\nHej\n", "no column of text (columns: 1)"),
        ("text\nHej\n", None),
    ],
)
def test_a_csv_that_is_asked_for(
    write: Write, error_of: ErrorOf, text: str, expected: str | None
) -> None:
    if expected is None:
        assert len(read(write("t.csv", text), format="csv")) == 1
    else:
        assert expected in error_of(text, name="t.csv", format="csv").expected


def test_a_table_without_names_is_not_quoted(error_of: ErrorOf) -> None:
    error = error_of("Jens Hansen,010190-1234\nMette,Dav\n", name="t.csv", format="csv")
    assert "Jens" not in str(error) and "010190" not in str(error)


def test_a_single_column_is_not_taken_for_a_table(error_of: ErrorOf) -> None:
    assert "not a transcript" in error_of("text\nHej\nDav\n", name="t.csv").expected


def test_parquet(read_one: ReadOne, rows: Rows) -> None:
    data = parquet(
        extra=[[1], [2]],
        text=["Goddag; du, taler | med Mette.", 'Hej "Mette",\ner du der?'],
        start=[0.5, 2.5],
        end=[2, 5],
        role=["AGENT", "CUSTOMER"],
        date=[datetime.datetime(2026, 3, 2, 9, 14), None],
    )
    call = read_one(data, name="call.bin")
    assert (call.format, call.started_at) == ("parquet", "2026-03-02T09:14:00")
    assert rows(call) == HELLO


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["a", "b", None], ["a", "b"]),
        ([b"a", "å".encode("cp1252"), b""], ["a", "\ufffd"]),
        ([["a"], [], None], ["['a']", "[]"]),
        ([{"a": 1}, None, {"a": None}], ["{'a': 1}", "{'a': None}"]),
        ([1, 2, None], ["1", "2"]),
        ([float("nan"), 1.5, None], ["1.5"]),
        ([True, False, None], ["True", "False"]),
    ],
)
def test_parquet_columns_of_every_type(
    read_one: ReadOne, column: list[Any], expected: list[str]
) -> None:
    data = parquet(text=column, id=[[1], [1], [1]], start=[datetime.timedelta(seconds=5)] * 3)
    call = read_one(data)
    assert [turn.text for turn in call.turns] == expected
    assert call.turns[0].start == 5.0


def test_parquet_keeps_the_calls_apart_when_pandas_made_them_its_index(write: Write) -> None:
    import pandas as pd

    frame = pd.DataFrame({"call_id": ["a", "a", "b", "b"], "text": list("wxyz")})
    target = io.BytesIO()
    frame.set_index("call_id").to_parquet(target)
    calls = read(write("calls.parquet", target.getvalue()))
    assert [(call.id, len(call.turns)) for call in calls] == [("a", 2), ("b", 2)]


def test_parquet_with_text_that_is_none(error_of: ErrorOf) -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    assert "not valid Parquet" in error_of(parquet(text=broken)).expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"PAR1", "not valid Parquet"),
        (parquet(text=["a"])[:-20], "not valid Parquet"),
        (parquet(text=["a"])[:40] + parquet(text=["a"])[60:], "not valid Parquet"),
        (parquet(note=["a"], mood=["b"]), "no column of text (columns: 2)"),
        (parquet(text=pa.array([], pa.string())), "the table has no rows"),
        (parquet(text=[None]), "no speech"),
    ],
)
def test_parquet_that_cannot_be_read(error_of: ErrorOf, data: bytes, expected: str) -> None:
    assert expected in error_of(data, name="t.parquet").expected


def test_xlsx(read_one: ReadOne, rows: Rows) -> None:
    data = xlsx(
        [],
        ["Rolle", "Starttid", "Sluttid", "Tekst", None, "opkaldsid"],
        ["Medarbejder", 0.5, datetime.time(0, 0, 2), "Goddag; du, taler | med Mette.", None, 17],
        [],
        ["Kunde", 2.5, datetime.timedelta(seconds=5), 'Hej "Mette",\ner du der?', None, 17],
        [None, None, None, None, "note"],
    )
    call = read_one(data, name="call.bin")
    assert (call.format, call.id) == ("xlsx", "17")
    assert rows(call) == HELLO


def test_xlsx_of_several_calls(write: Write) -> None:
    data = xlsx(
        ["call", "speaker", "text"],
        ["a", "agent", "Goddag."],
        [None, "kunde", "Hej."],  # merged cells hold the number in the first row
        ["b", "agent", "Goddag."],
        ["b", "kunde", 12],
    )
    calls = read(write("calls.xlsx", data))
    assert [(call.id, [turn.text for turn in call.turns]) for call in calls] == [
        ("a", ["Goddag.", "Hej."]),
        ("b", ["Goddag.", "12"]),
    ]


def test_a_far_cell_costs_nothing(read_one: ReadOne) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["speaker", "text"])
    sheet.append(["agent", "Hej."])
    sheet["XFD1048576"] = "x"
    target = io.BytesIO()
    workbook.save(target)
    assert len(read_one(target.getvalue()).turns) == 1


def changed(data: bytes, member: str, old: bytes, new: bytes) -> bytes:
    """The workbook with one replacement in one of its members, which is left out if it is `old`."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == member:
                assert old in content
                content = content.replace(old, new)
            if content:
                after.writestr(name, content)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
GOOD = xlsx(["speaker", "text"], ["agent", "Hej."])
RELATIONS = zipfile.ZipFile(io.BytesIO(GOOD)).read("xl/_rels/workbook.xml.rels")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (xlsx(), "the first sheet is empty"),
        (xlsx(["speaker", "text"], ["agent", "Hej."], sheets=2), "the first sheet is empty"),
        (xlsx(["speaker", "text"]), "the table has no rows"),
        (xlsx(["speaker", "note"], ["agent", "Hej."]), "no column of text"),
        (GOOD[:-40], "cannot be read"),
        (GOOD[:400], "cannot be read"),
        (changed(GOOD, SHEET, b"</sheetData>", b"</data>"), "not a valid workbook"),
        (
            changed(GOOD, SHEET, b'<row r="2"', b'<row r="9999999999"'),
            "a sheet of more than 1048576 rows",
        ),
        (
            changed(GOOD, "xl/workbook.xml", b"<sheets>", b"<sheets x='1'><x/>"),
            "not a valid workbook",
        ),
        (
            changed(GOOD, "xl/workbook.xml", b'state="visible"', b'state="far"'),
            "not a valid workbook",
        ),
        (changed(GOOD, "xl/_rels/workbook.xml.rels", RELATIONS, b""), "not a valid workbook"),
        (changed(GOOD, "xl/styles.xml", b"<fonts", b"<fnts"), "not a valid workbook"),
    ],
)
def test_xlsx_that_cannot_be_read(error_of: ErrorOf, data: bytes, expected: str) -> None:
    assert expected in error_of(data, name="t.xlsx").expected


def test_a_hundred_thousand_rows(write: Write) -> None:
    text = "call_id,speaker,text\n" + "".join(f"{i // 20},agent,Hej.\n" for i in range(100_000))
    assert len(read(write("calls.csv", text))) == 5000
