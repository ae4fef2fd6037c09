from __future__ import annotations

import copy
import pickle

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from analyzer.messages import Message, mistake, translated

DANISH = {
    "line %(line)s, %(place)s": "linje %(line)s, %(place)s",
    "column %(column)s": "kolonne %(column)s",
    "the file is empty": "filen er tom",
}
PLACE = Message("line %(line)s, %(place)s", line=7, place=Message("column %(column)s", column=3))


def danish(text: str) -> str:
    return DANISH.get(text, text)


def test_a_message_is_english_text_that_can_be_said_in_another_language() -> None:
    assert PLACE == "line 7, column 3"
    assert translated(PLACE, danish) == "linje 7, kolonne 3"
    assert translated("the file is empty", danish) == "filen er tom"
    assert translated(Message("not known"), danish) == "not known"


def test_what_a_file_says_is_never_taken_for_a_template() -> None:
    said = Message("line %(line)s, %(place)s", line="%(place)s %d", place="100 %")
    assert translated(said, danish) == "linje %(place)s %d, 100 %"
    assert Message("100 % of it") == translated(Message("100 % of it"), danish)


def test_nothing_is_said_where_nothing_is() -> None:
    assert translated("", lambda text: "the head of the catalogue") == ""


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda own: pickle.loads(pickle.dumps(own))])
def test_a_message_survives_the_way_between_processes(clone: object) -> None:
    assert translated(clone(PLACE), danish) == "linje 7, kolonne 3"  # type: ignore[operator]


class _Form(BaseModel):
    count: int = Field(default=1, ge=1)
    share: float = Field(default=0, le=1)
    name: str = Field(default="x", min_length=1, max_length=5)
    words: list[str] = []

    @field_validator("words")
    @classmethod
    def _none_of_ours(cls, words: list[str]) -> list[str]:
        if "ours" in words:
            raise ValueError(Message("%(word)s is taken", word="ours"))
        return words


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", "many", "must be a whole number"),
        ("count", 0, "must be 1 or more"),
        ("share", 2, "must be 1 or less"),
        ("name", "", "must not be empty"),
        ("name", "too long", "must have at most 5 characters"),
        ("words", "none", "must be a list"),
        ("words", ["ours"], "ours is taken"),
    ],
)
def test_a_mistake_is_in_plain_words(field: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        _Form.model_validate({field: value})
    (error,) = raised.value.errors()
    assert mistake(error) == said
