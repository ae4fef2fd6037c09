from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]
ErrorOf = Callable[..., TranscriptError]

AGENT, CUSTOMER = ("agent", "A1"), ("customer", "C1")
HELLO = [(*AGENT, "Goddag."), (*CUSTOMER, "Hej, Mette.")]


@pytest.fixture
def said(read_one: ReadOne, rows: Rows) -> Callable[[str], list[tuple[Any, ...]]]:
    """The turns of a text as (role, speaker, words)."""
    return lambda text: [row[:3] for row in rows(read_one(text, name="call.txt"))]


Said = Callable[[str], list[tuple[Any, ...]]]


@pytest.mark.parametrize(
    "text",
    [
        "Agent: Goddag.\nKunde: Hej, Mette.\n",
        "agent: Goddag.\nkunde: Hej, Mette.\n",
        "AGENT : Goddag.\nKUNDE : Hej, Mette.\n",
        "Agent:Goddag.\nKunde:Hej, Mette.\n",
        "Agent:\nGoddag.\nKunde:\nHej,\nMette.\n",
        "A: Goddag.\nC: Hej, Mette.\n",
        "A: Goddag.\nK: Hej, Mette.\n",
        "A1: Goddag.\nC1: Hej, Mette.\n",
        "[Agent]: Goddag.\n[Kunde]: Hej, Mette.\n",
        "Agent (Mette): Goddag.\nKunde (Jens): Hej, Mette.\n",
        "Mette (agent): Goddag.\nJens (kunde): Hej, Mette.\n",
        "Rådgiver: Goddag.\nJens: Hej, Mette.\n",
        "Mette: Goddag.\nKunde: Hej, Mette.\n",
        "- Agent: Goddag.\n- Kunde: Hej, Mette.\n",
        "* Agent: Goddag.\n* Kunde: Hej, Mette.\n",
        "> Agent: Goddag.\n> Kunde: Hej, Mette.\n",
        "1. Agent: Goddag.\n2) Kunde: Hej, Mette.\n",
        "**Agent:** Goddag.\n**Kunde:** Hej, Mette.\n",
        "**Agent**: Goddag.\n__Kunde__: Hej, Mette.\n",
        "# Samtale\n\n---\n1. **Agent**: Goddag.\n2. Kunde: Hej, Mette.\n",
        "\n\n   Agent: Goddag.\n\n\n\tKunde: Hej, Mette.   \n\n",
        "Agent: Goddag.\rKunde: Hej, Mette.\r",
        "\ufeffAgent: Goddag.\r\nKunde: Hej, Mette.\r\n",
    ],
)
def test_the_ways_to_write_who_speaks(said: Said, text: str) -> None:
    assert said(text) == HELLO


@pytest.mark.parametrize(
    "text",
    [
        "[00:12] Agent: Goddag.\n[01:02] Kunde: Hej, Mette.\n",
        "(00:12) Agent: Goddag.\n(01:02) Kunde: Hej, Mette.\n",
        "00:12 Agent: Goddag.\n01:02 Kunde: Hej, Mette.\n",
        "00:00:12 - Agent: Goddag.\n00:01:02 - Kunde: Hej, Mette.\n",
        "00:12 | Agent: Goddag.\n01:02 | Kunde: Hej, Mette.\n",
        "Agent (00:12): Goddag.\nKunde (1:02): Hej, Mette.\n",
        "Agent [00:12]: Goddag.\nKunde [01:02,0]: Hej, Mette.\n",
        "**Agent (00:12)**: Goddag.\n**Kunde (01:02)**: Hej, Mette.\n",
        "1. [00:12] Agent: Goddag.\n2. [01:02] Kunde: Hej, Mette.\n",
        "Agent 00:12\nGoddag.\n\nKunde 01:02\nHej, Mette.\n",
        "Agent   0:12\nGoddag.\nKunde   1:02\nHej,\nMette.\n",
        "[Agent] 00:00:12\nGoddag.\n[Kunde] 00:01:02\nHej, Mette.\n",
    ],
)
def test_times_stand_before_or_after_the_name(read_one: ReadOne, rows: Rows, text: str) -> None:
    call = read_one(text, name="call.txt")
    assert (call.format, call.id) == ("text", "call")
    assert rows(call) == [(*AGENT, "Goddag.", 12.0, None), (*CUSTOMER, "Hej, Mette.", 62.0, None)]


@pytest.mark.parametrize(
    "text",
    [
        "[09:14:02] Agent: Goddag.\n[09:14:52] Kunde: Hej, Mette.\n",
        "[2026-03-02 09:14:02] Agent: Goddag.\n[2026-03-02 09:14:52] Kunde: Hej, Mette.\n",
        "2026-03-02T09:14:02 Agent: Goddag.\n2026-03-02T09:14:52 Kunde: Hej, Mette.\n",
        "02.03.2026, 09:14:02 - Agent: Goddag.\n02.03.2026, 09:14:52 - Kunde: Hej, Mette.\n",
    ],
)
def test_times_of_day_count_from_the_first_turn(read_one: ReadOne, rows: Rows, text: str) -> None:
    assert [row[3] for row in rows(read_one(text, name="call.txt"))] == [0.0, 50.0]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("[hold]", "[hold]"),
        ("(viderestillet)", "[viderestillet]"),
        ("*(system: Kunden er fundet.)*", "[Kunden er fundet.]"),
        ("*[Event: hold 1 min]*", "[hold 1 min]"),
        ("*sukker*", "[sukker]"),
        ("_musik_", "[musik]"),
        ("12. *(system: hold)*", "[hold]"),
    ],
)
def test_events_between_the_lines(said: Said, line: str, event: str) -> None:
    text = f"Agent: Goddag.\n{line}\nEr du der?\nKunde: Ja.\n"
    assert said(text) == [
        (*AGENT, "Goddag."),
        ("system", None, event),
        # the agent goes on after the event
        (*AGENT, "Er du der?"),
        (*CUSTOMER, "Ja."),
    ]


def test_an_event_has_its_time_and_may_come_first(read_one: ReadOne, rows: Rows) -> None:
    text = (
        "[00:00] [ringetone]\n[00:05] Agent: Goddag.\n[00:07] Kunde: Hej.\n"
        "System: Kunden lægger på.\n"
    )
    assert rows(read_one(text, name="call.txt")) == [
        ("system", None, "[ringetone]", 0.0, None),
        (*AGENT, "Goddag.", 5.0, None),
        (*CUSTOMER, "Hej.", 7.0, None),
        ("system", None, "Kunden lægger på.", None, None),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Husk: det er gratis",
        "Husk: at slukke, husk: at tænde",
        "Mit nummer er: 12 34 56 78",
        "Vi ses klokken 12:30",
        "12:30 passer fint",
        "2. Tryk på knappen",
        "- og så den røde",
        "(suk) jeg ved det ikke (griner)",
        "[suk] jeg [hoster] ved det ikke [griner]",
        "https://www.example.com/a:b",
        "Haha :D",
        "se: [1]",
    ],
)
def test_a_line_that_is_no_turn_goes_on_with_the_one_above(said: Said, line: str) -> None:
    text = f"Agent: Goddag.\n{line}\nKunde: Ja.\nAgent: Godt.\n{line}\nKunde: Tak.\n"
    assert said(text) == [
        (*AGENT, f"Goddag. {line}"),
        (*CUSTOMER, "Ja."),
        (*AGENT, f"Godt. {line}"),
        (*CUSTOMER, "Tak."),
    ]


def test_a_time_in_brackets_on_a_line_that_goes_on_is_no_text(said: Said) -> None:
    assert said("[00:01] Agent: Goddag,\n[00:03] du taler med Mette.\n") == [
        (*AGENT, "Goddag, du taler med Mette.")
    ]


def test_an_aside_after_the_name_is_part_of_the_words(said: Said) -> None:
    assert said("Agent: Goddag.\nKunde (suk): Det er mig igen.\nKunde: Hallo?\n") == [
        (*AGENT, "Goddag."),
        (*CUSTOMER, "(suk) Det er mig igen."),
        (*CUSTOMER, "Hallo?"),
    ]


def test_a_head_before_the_call_is_left_out(said: Said) -> None:
    head = (
        "Samtale 17\nDato: 2. marts 2026\nEmne: Faktura: rykker\nVarighed: 5:12\nSprog: dansk\n\n"
    )
    assert said(head + "Agent: Goddag.\nKunde: Hej, Mette.\n") == HELLO


def test_three_speakers(said: Said) -> None:
    assert said(
        "Mette: Goddag.\nJens: Hej.\nMette: Vent.\nOle Bo: Det er Ole.\nJens: Hej igen.\n"
    ) == [
        ("unknown", "Mette", "Goddag."),
        ("unknown", "Jens", "Hej."),
        ("unknown", "Mette", "Vent."),
        ("unknown", "Ole Bo", "Det er Ole."),
        ("unknown", "Jens", "Hej igen."),
    ]
    assert said("Agent 1: Goddag.\nKunde: Hej.\nAgent 2: Det er Ole.\nAgent 1: Farvel.\n") == [
        ("agent", "A1", "Goddag."),
        ("customer", "C1", "Hej."),
        ("agent", "A2", "Det er Ole."),
        ("agent", "A1", "Farvel."),
    ]


def test_speakers_a_and_b_are_just_two(said: Said) -> None:
    assert said("A: Goddag.\nB: Hej.\nA: Farvel.\n") == [
        ("unknown", "A", "Goddag."),
        ("unknown", "B", "Hej."),
        ("unknown", "A", "Farvel."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Hej med dig.\n",
        "Note: a\nDet er en note.\n",
        "Dato: i dag\nEmne: intet\n",
        "def parse(x):\n    return {1: 2}\n",
        "12:30\n",
    ],
)
def test_a_text_without_speakers_is_no_transcript(error_of: ErrorOf, text: str) -> None:
    error = error_of(text, name="notes.txt")
    assert error.expected == "not a transcript in a format that is read"
    forced = error_of(text, name="notes.txt", format="text")
    assert forced.expected in ("no line begins with a speaker", "no speech in this call")


def test_a_long_text_in_which_two_lines_look_like_speech_is_none(error_of: ErrorOf) -> None:
    spoken = "Agent: who answers.\nCustomer: who calls.\n"
    error = error_of("# About\n" + "It does this and that.\n" * 30 + spoken, name="notes.txt")
    assert error.expected == "not a transcript in a format that is read"


def test_speakers_who_say_nothing_are_an_error(error_of: ErrorOf) -> None:
    assert error_of("Agent:\nKunde:\n", name="call.txt").expected == "no speech in this call"


@pytest.mark.parametrize("filler", [" ", "\t", "x ", "(", "*", "1:", "A:", "[", "-"])
def test_a_very_long_line_is_read_in_linear_time(said: Said, filler: str) -> None:
    line = filler * (2_000_000 // len(filler))
    turns = said(f"Agent: Goddag.\nA{line}x\nKunde: Hej.\n")
    assert [turn[1] for turn in turns] == ["A1", "C1"]


def test_a_hundred_thousand_lines(said: Said) -> None:
    assert len(said("Agent: Goddag.\nKunde: Hej.\nog så videre\n" * 30_000)) == 60_000
