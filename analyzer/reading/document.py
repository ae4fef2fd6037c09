"""Bytes that came from somewhere, and the ways to look at them: as text, as JSON, as its first lines."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analyzer.errors import TranscriptError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Nordic and English files are written in when they are not UTF-8.
_LEGACY_ENCODINGS = ["cp1252", "cp850", "mac_roman"]


@dataclass(frozen=True)
class Document:
    """One file's content.

    `name` is how messages call it (a path, a URL, `archive.zip!member`), `id` the call's id when the
    content names none.
    """

    name: str
    data: bytes
    id: str

    @property
    def suffix(self) -> str:
        """The file name's last suffix in lower case, without `.gz`."""
        base = self.name.lower().removesuffix(".gz").replace("\\", "/").rsplit("/", 1)[-1]
        return "." + base.rsplit(".", 1)[-1] if "." in base else ""

    @cached_property
    def text(self) -> str:
        """The content as text with `\\n` line ends; `TranscriptError` if it is not text."""
        return _decode(self).replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def json(self) -> Any:
        """The content as one JSON value; `TranscriptError` naming line and column if it is none."""
        try:
            return parse_json(self.text)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            ended = error.pos >= len(self.text.rstrip()) - 1
            raise TranscriptError(
                self.name,
                "the JSON ends in the middle" if ended else f"not valid JSON ({error.msg})",
                "export the file again" if ended else "mend the place named or export it again",
                place=place,
            ) from None
        except RecursionError:
            raise TranscriptError(
                self.name, "JSON nested too deeply for a transcript", "check what wrote this file"
            ) from None

    @cached_property
    def starts_like_json(self) -> bool:
        """Whether the first character is one that opens a JSON object or array."""
        return self.text.lstrip()[:1] in ("{", "[")


def parse_json(text: str) -> Any:
    """The JSON value in `text`; numbers that are no numbers (`NaN`) are refused as JSON refuses them."""
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is not a JSON number", name, 0)


def _decode(document: Document) -> str:
    data = document.data
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _strict(document, encoding)
    if b"\0" in data:
        raise TranscriptError(
            document.name,
            "expected text, found binary data",
            "give a transcript rather than a recording, a picture or an office document",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # only the rare legacy file pays for this import

        best = from_bytes(data, cp_isolation=_LEGACY_ENCODINGS).best()
        if best is None:
            return _strict(document, "utf-8")
        return str(best)


def _strict(document: Document, encoding: str) -> str:
    try:
        return document.data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TranscriptError(
            document.name,
            f"byte 0x{document.data[error.start]:02x} is not {encoding.upper()} text",
            "save the file as UTF-8",
            place=f"byte {error.start}",
        ) from None
