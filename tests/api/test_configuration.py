"""The page of settings names all of them, as they are."""

from __future__ import annotations

from api.configuration import PAGE, page
from api.settings import Settings


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m api.configuration"


def test_every_setting_is_described() -> None:
    assert [name for name, own in Settings.model_fields.items() if not own.description] == []
