"""A scorecard's form: from the fields that a browser sends to a scorecard, or to mistakes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from analyzer.messages import Message
from analyzer.scorecard import Scorecard, mistakes_of
from api.locales import marked
from api.problems import Problem, ProblemError
from api.scorecards import read, write

_NUMBERS = ("start", "reach", "automatic_fail_score")
# What the form calls its fields.
_FIELDS = {
    "title": marked("Title"),
    "start": marked("Start"),
    "reach": marked("Reach"),
    "automatic_fail_score": marked("At most, if failed"),
    "from_score": marked("From"),
    "text": marked("Question"),
    "answer_choices": marked("Points"),
    "score": marked("Points"),
    "at_least": marked("From so many"),
    "sections": marked("Section"),
    "performance_categories": marked("Bands"),
    "questions": marked("Questions"),
}


def text_of(card: Scorecard, form: Mapping[str, str]) -> str:
    """The scorecard that the form describes, as TOML; 422 with every mistake in words.

    With `by=text` that is the text as written; else `card` with the form's fields in place of its
    own: those of a question are `q.<id>.…`, those of a new one `new.…`.
    """
    if form.get("by") == "text":
        text = form.get("toml", "")
        read(text)
        return text
    values = card.model_dump(mode="json", exclude_defaults=True)
    if "title" in form:
        values["title"] = form["title"]
    for name in _NUMBERS:
        if name in form:
            values[name] = _number(form[name])
    for band in values["performance_categories"]:
        band["from_score"] = _number(form.get(f"from.{band['name']}", str(band["from_score"])))
    for section in values["sections"]:
        section["questions"] = [
            _question(own, form)
            for own in section["questions"]
            if f"q.{own['id']}.remove" not in form
        ]
    _add(values, form)
    values["sections"] = [own for own in values["sections"] if own["questions"]]
    try:
        return write(Scorecard.model_validate(values))
    except ValidationError as invalid:
        mistakes = [
            ProblemError(detail=_mistake(values, place, what))
            for place, what in mistakes_of(invalid)
        ]
        raise Problem(422, "This is not a valid scorecard.", errors=mistakes) from None


def _question(question: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    prefix = f"q.{question['id']}"
    changed = dict(question)
    for name in ("text", "applies_when"):
        if f"{prefix}.{name}" in form:
            changed[name] = form[f"{prefix}.{name}"]
    changed["answer_choices"] = [
        own
        | {
            name: _number(form[f"{prefix}.{name}.{number}"])
            for name in ("at_least", "score")
            if f"{prefix}.{name}.{number}" in form
        }
        for number, own in enumerate(question["answer_choices"])
    ]
    return changed


def _add(values: dict[str, Any], form: Mapping[str, str]) -> None:
    """The new question, if there is one."""
    if not form.get("new.text", "").strip():
        return
    known = {own["id"] for section in values["sections"] for own in section["questions"]}
    measure = form.get("new.measure", "")
    stem = measure or "question"
    id = next(name for n in range(1, len(known) + 2) if (name := f"{stem}_{n}") not in known)
    section = next(
        (own for own in values["sections"] if own["title"] == form.get("new.section")),
        values["sections"][-1],
    )
    yes = {"answer": "yes", "at_least": 1, "score": _number(form.get("new.score", ""))}
    section["questions"].append(
        {
            "id": id,
            "text": form["new.text"],
            "measure": [measure] if measure else [],
            "answer_choices": [{"answer": "no", "score": 0}, yes],
        }
    )


def _number(text: str) -> Any:
    """The number; what is none stays, to be named as a mistake."""
    with contextlib.suppress(ValueError):
        number = float(text.strip().replace(",", "."))
        return int(number) if number.is_integer() else number
    return text


def _mistake(values: Mapping[str, Any], place: tuple[int | str, ...], what: Message) -> Message:
    """The mistake, named as the form names its field, and by its question where it has one."""
    own: list[str] = []
    match place:
        case ("sections", int(i), "questions", int(j), *_):
            own = [values["sections"][i]["questions"][j].get("text", "")]
        case ("performance_categories", int(i), *_):
            own = [values["performance_categories"][i]["name"].capitalize()]
    last = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    where = [Message(name) for name in (*own, _FIELDS.get(last, last)) if name]
    for name in reversed(where):
        what = Message("%(where)s: %(what)s", where=name, what=what)
    return what
