"""Bytes as text: with a byte order mark, as UTF-8, or as Nordic files were written before it."""

from __future__ import annotations

import codecs
import re

from analyzer.errors import TranscriptError
from analyzer.messages import Message

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What Danish, Norwegian, Swedish and English files are written in when they are not UTF-8, the
# most usual first: Windows, DOS, old Macintosh.
_LEGACY_ENCODINGS = ("cp1252", "cp850", "mac_roman")
# Where these letters and marks stand as they do in such texts, the encoding is likely the right
# one: no capital within a word, no quotation mark between two letters.
_LIKELY = re.compile(
    r"[æøåäöéü]|(?<![a-zæøåäöéü])[ÆØÅÄÖÉÜ]|(?<=\w)’(?=\w)"
    r"|(?<!\w)[‘’“”„«»–—…€£°]|[‘’“”„«»–—…€£°](?!\w)"
)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_SAMPLE = 2**20  # bytes, enough to tell the encodings apart


def decode(data: bytes, source: str) -> str:
    """The text that the bytes are; `TranscriptError`, about `source`, if they are none."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, source, len(mark))
    if b"\0" in data:
        raise _binary(source)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data, source)


def _legacy(data: bytes, source: str) -> str:
    if _CONTROL.search(data):
        raise _binary(source)
    text = data.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    if len(_BEYOND_ASCII.findall(text)) > 2 * wrong:
        return _strict(data, "utf-8", source)  # UTF-8 with a damaged place, which this names
    sample = data[:_SAMPLE]
    likely = max(_LEGACY_ENCODINGS, key=lambda encoding: _likelihood(sample, encoding))
    return data.decode(likely, errors="replace")


def _likelihood(data: bytes, encoding: str) -> int:
    text = data.decode(encoding, errors="replace")
    return 2 * len(_LIKELY.findall(text)) - len(_BEYOND_ASCII.findall(text))


def _strict(data: bytes, encoding: str, source: str, skipped: int = 0) -> str:
    try:
        return data[skipped:].decode(encoding)
    except UnicodeDecodeError as error:
        position = skipped + error.start
        name = encoding.upper().removesuffix("-LE").removesuffix("-BE")
        raise TranscriptError(
            source,
            Message(
                "byte 0x%(byte)s is not %(encoding)s text",
                byte=f"{data[position]:02x}",
                encoding=name,
            ),
            Message("save the file as UTF-8"),
            place=Message("byte %(number)s", number=position),
        ) from None


def _binary(source: str) -> TranscriptError:
    return TranscriptError(
        source,
        Message("expected text, found binary data"),
        Message("give a transcript rather than a recording, a picture or an office document"),
    )
