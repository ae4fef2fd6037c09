"""Bytes that came from somewhere, and the two ways to look at them: as text and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NoReturn

from analyzer.errors import TranscriptError
from analyzer.messages import Message
from analyzer.reading.encoding import decode

# A string, or one of the words that Python writes for numbers which JSON does not have.
_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(NaN|-?Infinity)')
# Half a character, which no file can hold: `\ud83d` without the half that belongs to it.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile(
    r"(\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_LONG_NUMBER = re.compile(r"\d{1000}")
_MEND = Message("mend the place named or export it again")
# What json says to programmers, in plain words, by how it begins.
_PLAIN = {
    "Expecting property name": Message("a name in double quotes is missing"),
    "Expecting ':'": Message("a colon is missing"),
    "Expecting ','": Message("a comma is missing"),
    "Expecting value": Message("a value is missing"),
    "Extra data": Message("something stands after its end"),
    "Illegal trailing comma": Message("there is a comma too many"),
    "Invalid control character": Message("a line breaks off inside a text"),
    "Invalid \\": Message("a backslash stands before the wrong letter"),
}


class JsonError(Exception):
    """Why a text is not JSON: what is wrong, what to do, and the line and column, if known."""

    line: int | None = None
    column: int | None = None

    def __init__(
        self, expected: str, remedy: str, text: str = "", position: int | None = None
    ) -> None:
        self.expected, self.remedy = expected, remedy
        if position is not None:
            self.line = text.count("\n", 0, position) + 1
            self.column = position - text.rfind("\n", 0, position)
        super().__init__(f"{expected}; {remedy}")


@dataclass(frozen=True)
class Document:
    """One file's content.

    `name` is how messages call it (a path, a URL, `archive.zip!member`), `id` the call's id when
    the content names none.
    """

    name: str
    data: bytes
    id: str

    @cached_property
    def text(self) -> str:
        """The content as text with `\\n` line ends; `TranscriptError` if it is not text."""
        return decode(self.data, self.name).replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def json(self) -> Any:
        """The content as one JSON value; `TranscriptError` naming line and column if it is none."""
        try:
            return parse_json(self.text)
        except JsonError as error:
            raise TranscriptError(
                self.name, error.expected, error.remedy, place=_place(error)
            ) from None

    @cached_property
    def starts_like_json(self) -> bool:
        """Whether the first character is one that opens a JSON object or array."""
        return self.text.lstrip()[:1] in ("{", "[")


def _place(error: JsonError) -> str:
    if error.line is None:
        return ""
    return Message("line %(line)s, column %(column)s", line=error.line, column=error.column)


def shown(text: object, limit: int = 60) -> str:
    """What a file says as a message can show it: on one line, printable, not too long."""
    line = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * limit])
    line = " ".join(line.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def parse_json(text: str) -> Any:
    """The JSON value in `text`; `JsonError` if it is none or holds numbers that are no numbers.

    Half a character (a surrogate alone) becomes the replacement character.
    """
    if _SURROGATE.search(text):
        text = _LONE_SURROGATE.sub(lambda escape: escape[1] or r"\ufffd", text)
    try:
        return json.loads(text, parse_constant=partial(_refuse_constant, text))
    except json.JSONDecodeError as error:
        raise _explained(error, text) from None
    except RecursionError:
        raise JsonError(
            Message("JSON nested too deeply for a transcript"),
            Message("check what wrote this file"),
        ) from None
    except ValueError:  # Python's limit on the digits of an integer
        number = _LONG_NUMBER.search(text)
        position = number.start() if number else None
        raise JsonError(Message("a number with too many digits"), _MEND, text, position) from None


def _explained(error: json.JSONDecodeError, text: str) -> JsonError:
    at_end = error.pos >= len(text.rstrip()) and error.msg != "Extra data"
    if at_end or error.msg.startswith("Unterminated string"):
        ends = Message("the JSON ends in the middle")
        return JsonError(ends, Message("export the file again"), text, error.pos)
    why = next((own for start, own in _PLAIN.items() if error.msg.startswith(start)), None)
    said = Message("not valid JSON: %(reason)s", reason=why) if why else Message("not valid JSON")
    return JsonError(said, _MEND, text, error.pos)


def _refuse_constant(text: str, name: str) -> NoReturn:
    position = next((match.start() for match in _CONSTANT.finditer(text) if match[1]), None)
    why = Message("not valid JSON: %(name)s is no number there", name=name)
    raise JsonError(why, _MEND, text, position)
