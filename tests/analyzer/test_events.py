from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import pytest

from analyzer.conversation import Conversation
from analyzer.events import Kind, directions, kind_of, stated_length, transfers

Call = Callable[..., Conversation]

KINDS: list[tuple[Kind, list[str]]] = [
    (
        "sigh",
        [
            "[suk]", "*sukker dybt*", "(puster tungt ud)", "<dybt suk>", "[stønner]",  # Danish
            "[sukk]", "(sukker)", "[puster ut]", "*stønner lavt*",  # Bokmål
            "[sukkar]", "[pustar ut]", "*stønnar*",  # Nynorsk
            "<suck>", "(suckar)", "[stönar]", "[andas ut tungt]", "*djup suck*",  # Swedish
            "[sighs]", "(heavy sigh)", "*exhales loudly*", "<groaning>", "[SIGH]", "[sighed]",
        ],
    ),
    (
        "laugh",
        ["[latter]", "(ler)", "*fniser*", "[småler]", "[skrattar]", "(laughs)", "[chuckling]"],
    ),
    (
        "transfer",
        [
            "[viderestillet]", "[Viderestilles til teknik]", "[stiller om – lokal 14]",
            "[stillet videre]", "[omstilling]", "[overfører opkald]", "[ny medarbejder]",
            "[satt over til sikkerhet]", "[setter over]", "[koblet videre]", "[viderekobles]",
            "[kopplas till kö]", "[kopplar]", "[vidarekopplad till kö: Kort]", "[sätts över]",
            "[skickas vidare]", "[överflyttad]", "[samtalet överlämnat]",
            "[call transferred]", "[transferring to billing]", "[new agent joins]",
            "[connected to: Claims]", "[handed over: technical support]", "[put through]",
            "[Call passed to aftercare]", "system: transfer to queue 4",
        ],
    ),
    ("music", ["[musik]", "[hold music]", "♪", "♪ la la ♪", "[ventemusikk]", "(music playing)"]),
    ("hold", ["[hold]", "[on hold]", "[på vent 2 min]", "[venter]", "[väntetid]", "[i kö]"]),
    ("silence", ["[pause 20 sek]", "[paus]", "[stilhed]", "[stillhet]", "[tystnad]", "<silence>"]),
    ("inaudible", ["[uhørligt]", "(inaudible)", "[ohörbart]", "[unintelligible]", "[crosstalk]"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("direction", "kind"), [(text, kind) for kind, texts in KINDS for text in texts]
)
def test_a_direction_is_known_in_the_spellings_of_tools_and_typists(
    direction: str, kind: Kind
) -> None:
    assert kind_of(direction) == kind


@pytest.mark.parametrize(
    "direction",
    ["[tastatur]", "[hoster]", "(2021)", "[kunden]", "[Oslo]", "[]", "[red.]"],
)
def test_an_unknown_direction_has_no_kind(direction: str) -> None:
    assert kind_of(direction) is None


@pytest.mark.parametrize(
    "direction",
    [
        "[sukker lettet]",
        "(sukk av lettelse)",
        "[suckar lättat]",
        "*sigh of relief*",
        "[exhales, relieved]",
        "(happy sigh)",
    ],
)
def test_relief_is_no_sigh(direction: str) -> None:
    assert kind_of(direction) is None


def test_a_direction_may_be_written_with_combining_marks() -> None:
    assert kind_of(unicodedata.normalize("NFD", "[stönar]")) == "sigh"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja [suk] det kan jeg (latter) godt.", ["[suk]", "(latter)"]),
        ("*sukker* nå <pause>", ["*sukker*", "<pause>"]),
        ("♪ ♪ hej", ["♪ ♪"]),
        ("♪ hej", ["♪ hej"]),
        ("[tastatur] to sekunder (i 2021)", []),
        ("suk, det er en fugl uden klammer", []),
        ("[suk", []),
        ("", []),
        ("(it must suck to wait in all day)", []),  # speech
        ("[en to tre fire fem suk]", ["[en to tre fire fem suk]"]),
        ("[en to tre fire fem seks suk]", []),
    ],
)
def test_directions_are_found_at_their_places_in_the_text(text: str, expected: list[str]) -> None:
    assert [text[found.start : found.end] for found in directions(text)] == expected


def test_a_long_bracket_is_speech_and_no_direction() -> None:
    assert directions("[suk " + "a" * 100 + "]") == []


@pytest.mark.parametrize(
    ("direction", "seconds"),
    [
        ("[pause 20 sek]", 20),
        ("[hold 1 min 40 s]", 100),
        ("[hold music 4 min]", 240),
        ("[på vent 2 minutter]", 120),
        ("[paus 25 sekunder]", 25),
        ("[silence 4.5 seconds]", 4.5),
        ("[stilhed 3,5 sek.]", 3.5),
        ("[ventetid 1,5 min]", 90),
        ("[kø: 2min 30sec]", 150),
    ],
)
def test_a_stated_length_is_read(direction: str, seconds: float) -> None:
    assert stated_length(direction) == seconds


@pytest.mark.parametrize("direction", ["[hold]", "[lokal 14]", "[du er nummer 3 i køen]", ""])
def test_no_stated_length_is_unknown(direction: str) -> None:
    assert stated_length(direction) is None


TRANSFERS: list[tuple[str, list[str], list[int], list[int]]] = [
    ("nothing happens", ["A: hej", "C: hej", "A: farvel"], [], []),
    ("a system line", ["A: hej", "S: [viderestillet]", "C: hallo"], [], [1]),
    ("another agent", ["A: hej", "C: hej", "A2: ja?", "C: hallo"], [], [2]),
    (
        "announced, carried out and another agent count once",
        ["A: jeg stiller dig om", "S: [musik]", "S: [viderestillet]", "A2: hej", "C: hallo"],
        [0],
        [2],
    ),
    (
        "system lines in a row count once",
        ["A: hej", "S: [transfer]", "S: [connected to: Claims]", "A2: hello"],
        [],
        [1],
    ),
    ("two handovers", ["A: a", "S: [transfer]", "A2: b", "S: [transfer]", "A3: c"], [], [1, 3]),
    ("twice by agents alone", ["A: a", "A2: b", "A3: c"], [], [1, 2]),
    ("an agent who comes back is no handover", ["A: a", "A2: b", "A: c"], [], [1]),
    (
        "the same agent after the transfer line",
        ["A: a", "S: [transfer]", "A: still here", "C: ja"],
        [],
        [1],
    ),
    ("announced as the last words", ["A: hej", "A: jeg stiller dig om", "C: tak"], [1], [1]),
    (
        "announced at the end and carried out count once",
        ["A: hej", "A: jeg stiller dig om", "S: [viderestillet]"],
        [1],
        [2],
    ),
    ("announced and not done", ["A: jeg stiller dig om", "C: nej", "A: så hjælper jeg"], [0], []),
    ("announced with a short number", ["A: hej", "A: jeg stiller dig om til 4 42"], [1], [1]),
    ("announced with a local number", ["A: hej", "A: jeg stiller om til lokal 1442"], [1], [1]),
    ("five digits given out", ["A: hej", "A: ring på 1 44-2.0"], [1], []),
    ("a number given out", ["A: hej", "C: ja", "A: ring på 70 10 20 30"], [2], []),
    ("a number that was redacted", ["A: hej", "A: ring på [PHONE_1]"], [1], []),
    ("a queue before the first agent", ["S: [viderestilles til kø]", "A: hej", "C: ja"], [], []),
    ("a call without an agent", ["C: hallo", "S: [transfer]", "C: hallo?"], [], []),
    ("a hold", ["A: hej", "S: [hold]", "S: [musik]", "A: så er jeg her"], [], []),
    ("no turns", [], [], []),
]


@pytest.mark.parametrize(
    ("lines", "announced", "expected"),
    [case[1:] for case in TRANSFERS],
    ids=[case[0] for case in TRANSFERS],
)
def test_each_handover_counts_once_however_it_shows(
    call: Call, lines: Sequence[str], announced: Sequence[int], expected: list[int]
) -> None:
    assert transfers(call(*lines), announced) == expected
