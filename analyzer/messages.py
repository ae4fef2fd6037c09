"""Sentences for people, which keep their template and values: a page says them in its language.

The library speaks English. A `Message` is a `str`, so whoever needs no more than that need not know
it; `translated` says it by the words of a catalogue. `make messages` collects the templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Message(str):
    """An English text, with values in the places `%(name)s` of its template.

    The template is a literal, else nobody can translate it. Values are what a file or a person
    said, numbers, or messages themselves.

        str(Message("line %(line)s", line=7))  # line 7
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Message:
        own = super().__new__(cls, template % values if values else template)
        own.template, own.values = template, values
        return own


def translated(text: str, gettext: Callable[[str], str]) -> str:
    """The text by the words of a catalogue; what is not in it stays as it is."""
    if not text:
        return ""  # a catalogue answers this with its own head
    if not isinstance(text, Message) or not text.values:
        return gettext(str(text))
    values = {
        name: translated(value, gettext) if isinstance(value, Message) else value
        for name, value in text.values.items()
    }
    return gettext(text.template) % values


# What is wrong with a value, where pydantic speaks to programmers; by its type of error.
_PLAIN = {
    "bool_parsing": Message("must be yes or no (true or false)"),
    "bool_type": Message("must be yes or no (true or false)"),
    "date_from_datetime_parsing": Message("must be a day, such as 2026-03-31"),
    "date_parsing": Message("must be a day, such as 2026-03-31"),
    "date_type": Message("must be a day, such as 2026-03-31"),
    "datetime_from_date_parsing": Message("must be a time, such as 2026-03-31T09:14:00+02:00"),
    "datetime_parsing": Message("must be a time, such as 2026-03-31T09:14:00+02:00"),
    "datetime_type": Message("must be a time, such as 2026-03-31T09:14:00+02:00"),
    "dict_type": Message("must be a JSON object"),
    "enum": Message("must be one of: %(expected)s"),
    "extra_forbidden": Message("there is no such field; check the spelling"),
    "finite_number": Message("must be a number that is not infinite"),
    "float_parsing": Message("must be a number"),
    "float_type": Message("must be a number"),
    "greater_than": Message("must be more than %(gt)s"),
    "greater_than_equal": Message("must be %(ge)s or more"),
    "int_from_float": Message("must be a whole number"),
    "int_parsing": Message("must be a whole number"),
    "int_parsing_size": Message("is too large a number"),
    "int_type": Message("must be a whole number"),
    "json_invalid": Message("is not valid JSON"),
    "less_than": Message("must be less than %(lt)s"),
    "less_than_equal": Message("must be %(le)s or less"),
    "list_type": Message("must be a list"),
    "literal_error": Message("must be one of: %(expected)s"),
    "missing": Message("is missing"),
    "model_attributes_type": Message("must be a JSON object"),
    "model_type": Message("must be a JSON object"),
    "string_pattern_mismatch": Message("must match %(pattern)s"),
    "string_too_long": Message("must have at most %(max_length)s characters"),
    "string_too_short": Message("must have at least %(min_length)s characters"),
    "string_type": Message("must be text"),
    "too_long": Message("must have at most %(max_length)s entries"),
    "too_short": Message("must have at least %(min_length)s entries"),
    "tuple_type": Message("must be a list"),
}


def mistake(error: Mapping[str, Any]) -> Message:
    """What one of pydantic's errors says, in plain words."""
    context = error.get("ctx", {})
    own = context.get("message", getattr(context.get("error"), "args", [None])[0])
    if isinstance(own, Message):
        return own
    if own or error["type"] not in _PLAIN:
        return Message(str(own or error["msg"]))
    if context.get("min_length") == 1:
        return Message("must not be empty")
    template = _PLAIN[error["type"]].template
    return Message(
        template, **{name: _plain(value) for name, value in context.items() if name in template}
    )


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.replace(" or ", ", ") if isinstance(value, str) else value
