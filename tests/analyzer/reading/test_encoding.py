from __future__ import annotations

import codecs

import pytest

from analyzer.errors import TranscriptError
from analyzer.reading.encoding import decode

TEXTS = {
    "da": "Agent: Goddag.\nKunde: Øh, jeg får ikke længere e-mails på min adresse.\n",
    "da short": "Agent: Ja\nKunde: Må jeg få en ny?\n",
    "da capitals": "AGENT: HVAD HEDDER DU?\nKUNDE: SØREN ÅGÅRD PÅ ÆRØ\n",
    "nb": "Agent: Hei!\nKunde: Jeg lurer på hvorfor regningen er så høy nå.\n",
    "sv": "Agent: Vad kan jag hjälpa dig med?\nKund: Jag behöver ändra min beställning.\n",
    "sv short": "Kund: Är du där?\n",
    "en": "Customer: at the café, it was naïve\n",
}


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp850", "mac_roman"])
@pytest.mark.parametrize("name", TEXTS)
def test_nordic_letters_survive_every_legacy_encoding(name: str, encoding: str) -> None:
    assert decode(TEXTS[name].encode(encoding), "f") == TEXTS[name]


@pytest.mark.parametrize(
    "text", ["it’s “broken” – he said…", "Den är ”trasig”, sa hon.", "20 € om måneden", "£500"]
)
def test_windows_punctuation_is_not_taken_for_letters(text: str) -> None:
    assert decode(text.encode("cp1252"), "f") == text


@pytest.mark.parametrize(
    "text", [*TEXTS.values(), "", "plain", "한국어 日本語 😀", "with \x1b and \x02"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_with_or_without_a_mark(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "f") == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_both_byte_orders(encoding: str) -> None:
    marks = {"utf-16": codecs.BOM_UTF16_BE, "utf-32": codecs.BOM_UTF32_BE}
    assert decode(marks[encoding] + "Å".encode(f"{encoding}-be"), "f") == "Å"


@pytest.mark.parametrize(
    ("data", "place", "expected"),
    [
        (codecs.BOM_UTF16_LE + b"A\0B", "byte 4", "byte 0x42 is not UTF-16 text"),
        (codecs.BOM_UTF16_BE + b"\xd8\x00\x00A", "byte 2", "byte 0xd8 is not UTF-16 text"),
        (codecs.BOM_UTF32_LE + b"AAAA", "byte 4", "byte 0x41 is not UTF-32 text"),
        (codecs.BOM_UTF8 + b"ab\xff", "byte 5", "byte 0xff is not UTF-8 text"),
        # one damaged place in a text that is UTF-8 otherwise: not an older encoding
        ("på æ og ø".encode() + b"\xc3", "byte 12", "byte 0xc3 is not UTF-8 text"),
        (b"Agent: \xe5\0", "", "found binary data"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\x01\x02stream", "", "found binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "", "found binary data"),
    ],
)
def test_what_is_no_text_is_named(data: bytes, place: str, expected: str) -> None:
    with pytest.raises(TranscriptError) as raised:
        decode(data, "call.txt")
    assert raised.value.place == place
    assert expected in raised.value.expected
    assert str(raised.value).startswith("call.txt")


def test_a_byte_of_no_letter_does_not_lose_the_rest() -> None:
    # 0x81 is nothing in Windows-1252
    assert decode("på vej \x81 på vej".encode("latin-1"), "f") == "på vej \ufffd på vej"
