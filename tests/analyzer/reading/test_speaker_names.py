from __future__ import annotations

import pytest

from analyzer.conversation import Role
from analyzer.reading.speaker_names import role_of, roles_of, speakers_among


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Agent", "agent"),
        ("AGENT 2", "agent"),
        ("agent_01", "agent"),
        ("**Agent**", "agent"),
        ("[Kundeservice]", "agent"),
        ("Rådgiver", "agent"),
        ("Agent (Mette)", "agent"),
        ("Mette (kundeservice)", "agent"),
        ("agent/rådgiver", "agent"),
        ("Kunde", "customer"),
        ("KUND 1", "customer"),
        ("END_USER", "customer"),
        ("Jens (kunde)", "customer"),
        ("Innringer", "customer"),
        ("system", "system"),
        ("IVR", "system"),
        # the letters of the short notation
        ("A", "agent"),
        ("a2", "agent"),
        ("C1", "customer"),
        ("K", "customer"),
        ("S", "system"),
        # labels that say nothing
        ("S1", "unknown"),
        ("B", "unknown"),
        ("Speaker 1", "unknown"),
        ("SPEAKER_00", "unknown"),
        ("Mette", "unknown"),
        ("1", "unknown"),
        ("", "unknown"),
        ("()", "unknown"),
    ],
)
def test_role_of(name: str, role: Role) -> None:
    assert role_of(name) == role


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        ("A C S", "agent customer system"),
        ("A1 C A2", "agent customer agent"),
        ("a k Mette", "agent customer unknown"),
        # letters that number the speakers
        ("A B", "unknown unknown"),
        ("A", "unknown"),
        ("A S", "unknown unknown"),
        ("S1 S2", "unknown unknown"),
        # words are never in doubt
        ("Agent B", "agent unknown"),
        ("Agent C", "agent unknown"),
        ("", ""),
    ],
)
def test_letters_count_only_together(names: str, roles: str) -> None:
    assert " ".join(roles_of(names.split()).values()) == roles


@pytest.mark.parametrize(
    ("words", "speakers"),
    [
        # roles, however often
        (["Agent", "Kunde"], {"Agent": "agent", "Kunde": "customer"}),
        # names
        (["Mette", "Jens"], {"Mette": "unknown", "Jens": "unknown"}),
        (
            ["Mette Hansen", "Jens af Ørsted"],
            {"Mette Hansen": "unknown", "Jens af Ørsted": "unknown"},
        ),
        (["Speaker 1", "Speaker 2"], {"Speaker 1": "unknown", "Speaker 2": "unknown"}),
        (["田中", "鈴木"], {"田中": "unknown", "鈴木": "unknown"}),
        # the other side of a known one
        (["Agent", "Jens"], {"Agent": "agent", "Jens": "customer"}),
        (["Mette", "Kunde", "Kunde"], {"Mette": "agent", "Kunde": "customer"}),
        # three people
        (
            ["Mette", "Jens", "Mette", "Jens", "Ole Bo"],
            {"Mette": "unknown", "Jens": "unknown", "Ole Bo": "unknown"},
        ),
        # one plain word among two others begins a sentence
        (["Agent", "Kunde", "Altså"], {"Agent": "agent", "Kunde": "customer"}),
        # words that never are a name
        (["Agent", "Husk", "Husk", "Kunde"], {"Agent": "agent", "Kunde": "customer"}),
        (["Dato", "Emne", "Agent", "Kunde"], {"Agent": "agent", "Kunde": "customer"}),
        # the start of a sentence that comes back
        (["Agent", "Mit nummer er", "Mit nummer er"], {"Agent": "agent"}),
        (["Det Er Nu Lidt Svært At Sige", "Agent"], {"Agent": "agent"}),
        (["jens", "jens"], {}),
        (["i", "og"], {}),
        ([], {}),
    ],
)
def test_speakers_among(words: list[str], speakers: dict[str, Role]) -> None:
    assert speakers_among(words) == speakers


def test_a_company_before_the_word_for_the_role_is_no_hindrance() -> None:
    assert role_of("Fjordlinja kundeservice") == "agent"
    assert role_of("Kontakt gerne vores kundeservice") == "unknown"
