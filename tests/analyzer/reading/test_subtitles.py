from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]
ErrorOf = Callable[..., TranscriptError]


def vtt(*cues: tuple[str, str], head: str = "WEBVTT") -> str:
    return "\n\n".join([head, *(f"{times}\n{text}" for times, text in cues)]) + "\n"


def times(start: float, end: float) -> str:
    return f"00:00:{start:06.3f} --> 00:00:{end:06.3f}"


def test_teams_with_and_without_closing_tags(read_one: ReadOne, rows: Rows) -> None:
    text = vtt(
        (f"0190-guid/12-0\n{times(0.5, 2)}", "<v Mette Hansen>Goddag, du\ntaler med Mette.</v>"),
        (times(2, 3.5), "<v Mette Hansen>Hvad kan jeg gøre?"),
        (times(3.6, 4), "<v Jens &amp; Co>Hej.\n<v Mette Hansen>Hej."),
        (times(9, 9.5), "<v.loud Kunde>Hallo?</v> Er du der?"),
    )
    call = read_one(text, name="meeting.vtt")
    assert (call.format, call.id) == ("webvtt", "meeting")
    assert rows(call) == [
        ("unknown", "Mette Hansen", "Goddag, du taler med Mette. Hvad kan jeg gøre?", 0.5, 3.5),
        ("unknown", "Jens & Co", "Hej.", 3.6, 4.0),
        ("unknown", "Mette Hansen", "Hej.", 3.6, 4.0),
        ("customer", "C1", "Hallo? Er du der?", 9.0, 9.5),
    ]


def test_zoom_names_and_cues_that_go_on(read_one: ReadOne, rows: Rows) -> None:
    text = vtt(
        (f"1\n{times(1, 2)}", "Mette Hansen: Goddag, og"),
        (f"2\n{times(2, 3)}", "velkommen til. Husk: det er gratis."),
        (f"3\n{times(4, 5)}", "Jens: Mit nummer er: 12 34."),
        (f"4\n{times(5, 6)}", "Husk: jeg er døv."),
    )
    assert rows(read_one(text, name="call.vtt")) == [
        ("unknown", "Mette Hansen", "Goddag, og velkommen til. Husk: det er gratis.", 1.0, 3.0),
        ("unknown", "Jens", "Mit nummer er: 12 34. Husk: jeg er døv.", 4.0, 6.0),
    ]


def test_rolling_captions_are_not_doubled(read_one: ReadOne, rows: Rows) -> None:
    text = (
        "WEBVTT\nKind: captions\nLanguage: da\n\n"
        "00:00:00.000 --> 00:00:02.000 align:start position:0%\n"
        " \ngoddag<00:00:00.500><c> du</c><00:00:00.900><c> taler</c>\n\n"
        "00:00:02.000 --> 00:00:02.010 align:start position:0%\ngoddag du taler\n \n\n"
        "00:00:02.010 --> 00:00:04.000 align:start position:0%\n"
        "goddag du taler\nmed<00:00:02.500><c.colorE5E5E5> Mette</c>\n\n"
        "00:00:04.000 --> 00:00:04.010\nmed Mette\n \n"
    )
    assert rows(read_one(text, name="call.vtt")) == [
        ("unknown", None, "goddag du taler", 0.0, 2.0),
        ("unknown", None, "med Mette", 2.01, 4.0),
    ]


@pytest.mark.parametrize(
    ("first", "second", "speakers"),
    [
        ("<v Kunde>Ja.</v>", "<v Agent>Ja.</v>", ["C1", "A1"]),
        ("Kunde: Ja.", "Agent: Ja.", ["C1", "A1"]),
        ("Ja.", "Ja.", [None, None]),
    ],
)
def test_the_same_word_said_again_is_kept(
    read_one: ReadOne, rows: Rows, first: str, second: str, speakers: list[str | None]
) -> None:
    found = rows(read_one(vtt((times(1, 2), first), (times(2, 3), second)), name="call.vtt"))
    assert [(row[1], row[2]) for row in found] == [(speaker, "Ja.") for speaker in speakers]


def test_styles_comments_and_settings_are_no_text(read_one: ReadOne, rows: Rows) -> None:
    text = (
        "WEBVTT - Samtale 7\n\nSTYLE\n::cue(b) { color: red; }\n\nNOTE en note\nover to linjer\n\n"
        "id-1\n00:05.000 --> 00:06.000 line:0 align:start\n"
        "<b>Agent:</b> <i>Goddag</i> {\\an8}du\n\n"
        "NOTE slut\n"
    )
    assert rows(read_one(text, name="call.vtt")) == [("agent", "A1", "Goddag du", 5.0, 6.0)]


@pytest.mark.parametrize(
    ("cue", "event"),
    [("[Musik]", "[Musik]"), ("(venter)", "[venter]"), ("♪ ♪", "[♪]"), ("♪♪ jazz ♪♪", "[jazz]")],
)
def test_a_cue_of_its_own_in_brackets_is_an_event(
    read_one: ReadOne, rows: Rows, cue: str, event: str
) -> None:
    text = vtt((times(0, 1), "Agent: Vent."), (times(1, 9), cue), (times(9, 10), "Så er jeg her."))
    assert rows(read_one(text, name="call.vtt")) == [
        ("agent", "A1", "Vent.", 0.0, 1.0),
        ("system", None, event, 1.0, 9.0),
        ("agent", "A1", "Så er jeg her.", 9.0, 10.0),
    ]


def test_a_sigh_of_a_known_voice_is_the_speakers(read_one: ReadOne, rows: Rows) -> None:
    assert rows(read_one(vtt((times(0, 1), "<v Kunde>(suk)</v>")), name="c.vtt")) == [
        ("customer", "C1", "(suk)", 0.0, 1.0)
    ]


def test_words_before_the_first_voice_are_kept(read_one: ReadOne, rows: Rows) -> None:
    text = vtt((times(0, 1), "<v Agent>Hej.</v>"), (times(5, 6), "Ja. <v Kunde>Nej.</v>"))
    assert [row[1:3] for row in rows(read_one(text, name="c.vtt"))] == [
        ("A1", "Hej."),
        ("A1", "Ja."),
        ("C1", "Nej."),
    ]


def test_subrip(read_one: ReadOne, rows: Rows) -> None:
    text = (
        "1\n00:00:00,500 --> 00:00:02,000\nAgent: Goddag.\n\n"
        "2\n00:00:02.500 --> 00:00:05.000\nKunde: Mit nummer er\n45671234\n\n"
        "3\n00:00:05,000 --> 00:00:06,000\n\n"
        "4\n00:00:06,000 --> 00:00:07,000\nog\n\n<i>postnummer</i>\n2100"
    )
    call = read_one(text, name="call.srt")
    assert call.format == "srt"
    assert rows(call) == [
        ("agent", "A1", "Goddag.", 0.5, 2.0),
        ("customer", "C1", "Mit nummer er 45671234 og postnummer 2100", 2.5, 7.0),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1\n{0}\nAgent: 1.\n2024\n\n2\n{1}\nKunde: 2.\n",
        "\n\n1 \n{0}\nAgent: 1.\n2024\n\n 2 \n{1}\nKunde: 2.\n",
        "1\n\n{0}\nAgent: 1.\n2024\n\n2\n\n{1}\nKunde: 2.\n",
        "1\n{0}\nAgent: 1.\n2024\n2\n{1}\nKunde: 2.",
        "7\n{0}\nAgent: 1.\n2024\n\n7\n{1}\nKunde: 2.\n",
        # without numbers
        "{0}\nAgent: 1.\n2024\n\n{1}\nKunde: 2.\n",
        "{0}\nAgent: 1.\n2024\n{1}\nKunde: 2.\n",
    ],
)
def test_the_numbers_of_cues_are_no_text(read_one: ReadOne, rows: Rows, text: str) -> None:
    arrows = "00:00:01,000 --> 00:00:02,000", "00:00:03,000 --> 00:00:04,000"
    assert rows(read_one(text.format(*arrows), name="call.srt")) == [
        ("agent", "A1", "1. 2024", 1.0, 2.0),
        ("customer", "C1", "2.", 3.0, 4.0),
    ]


@pytest.mark.parametrize("format", ["webvtt", "srt", "sbv"])
@pytest.mark.parametrize("text", ["Hej", "1\nHej", "\n\n", "WEBVTT", "1", "NOTE 1 til 2"])
def test_a_named_format_that_it_is_not(error_of: ErrorOf, format: str, text: str) -> None:
    assert error_of(text, name="call.txt", format=format)


@pytest.mark.parametrize(
    "line",
    [
        "00:01,500 --> 00:02,000",
        "0:00:01.5 --> 0:00:02",
        "00:00:01,500-->00:00:02,000",
        " 00:00:01,500 --> 00:00:02,000  X1:40",
    ],
)
def test_the_times_of_careless_writers(read_one: ReadOne, rows: Rows, line: str) -> None:
    assert rows(read_one(f"1\n{line}\nAgent: Hej.\n", name="call.srt")) == [
        ("agent", "A1", "Hej.", 1.5, 2.0)
    ]


def test_an_arrow_between_words_is_text(read_one: ReadOne) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nAgent: Tryk Filer --> Udskriv.\n"
    assert read_one(text, name="call.srt").turns[0].text == "Tryk Filer --> Udskriv."
    assert read_one("Agent: Tryk Filer --> Udskriv.\nKunde: Ja.\n").format == "text"


def test_sbv(read_one: ReadOne, rows: Rows) -> None:
    text = (
        "0:00:00.500,0:00:02.000\nAgent: Goddag.\n\n"
        "0:00:02.500, 0:00:05.000\nKunde: Hej.\nDet er Jens.\n"
    )
    call = read_one(text, name="call.sbv")
    assert call.format == "sbv"
    assert rows(call) == [
        ("agent", "A1", "Goddag.", 0.5, 2.0),
        ("customer", "C1", "Hej. Det er Jens.", 2.5, 5.0),
    ]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        (vtt(), "", "no speech"),
        (vtt((times(0, 1), "")), "", "no speech"),
        (
            vtt((times(0, 1), "a"), ("00:00:0x.000 --> 00:00:09.000", "b")),
            "line 6",
            "expected `start --> end` times",
        ),
        (
            vtt((times(0, 1), "a"), ("00:00:03.000 -->", "b")),
            "line 6",
            "expected `start --> end` times",
        ),
        ("1\n00:00:01,000 --> later\nHej\n", "line 2", "expected `start --> end` times"),
        ("WEBVTT\n\n0 --> 1\n" + "x" * 1000, "line 3", "expected `start --> end` times"),
    ],
)
def test_what_cannot_be_read_is_named(
    error_of: ErrorOf, text: str, place: str, expected: str
) -> None:
    error = error_of(text, name="call.vtt")
    assert error.place == place
    assert expected in error.expected


def test_a_line_that_is_named_is_not_quoted(error_of: ErrorOf) -> None:
    text = vtt((times(0, 1), "a"), ("00:00:03.000 --> Jens Hansen, 010190-1234", "b"))
    error = error_of(text, name="call.vtt")
    assert error.place == "line 6" and "Jens" not in str(error)


def test_an_end_before_the_start_is_unknown(read_one: ReadOne, rows: Rows) -> None:
    assert rows(read_one(vtt((times(5, 4), "Agent: Hej.")), name="c.vtt")) == [
        ("agent", "A1", "Hej.", 5.0, None)
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(read_one: ReadOne, encoding: str) -> None:
    text = vtt((times(0, 1), "<v Kunde>på ø</v>"))
    assert (
        read_one(text.replace("\n", "\r\n").encode(encoding), name="c.vtt").turns[0].text == "på ø"
    )


@pytest.mark.parametrize("filler", ["<a", "<v a", "{\\", "1 ", "<v ", " ", "&amp;", "--> "])
def test_a_very_long_line_is_read_in_linear_time(read_one: ReadOne, filler: str) -> None:
    line = filler * (1_000_000 // len(filler))
    assert len(read_one(vtt((times(0, 1), f"a{line}b")), name="c.vtt").turns) == 1
