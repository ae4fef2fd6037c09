"""The weekly digest of stored calls: its forms, its languages, who sees what of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.access import Permission, Role
from api.storage.tables import AuditEntry
from tests.api.conftest import Installation
from tests.api.reviewing import PRESSING, stored

PATH = "/v1/insights/digest"
WEEK = {"week": "2026-W10"}


def filled(installation: Installation) -> tuple[Any, str]:
    """A coach, and the uid of a call that is pushed away three times."""
    coach = installation.signed_in(Role.COACH)
    moment = "2026-03-03T09:00:00+01:00"
    return coach, stored(coach, 1, turns=PRESSING, language="en", queue="parcels",
                         started_at=moment)  # fmt: skip


def test_the_page_links_its_calls_and_is_allowed_its_style(installation: Installation) -> None:
    coach, uid = filled(installation)
    answer = coach.get(PATH, params=WEEK)

    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert f'href="/calls/{uid}"' in answer.text and "Week 10" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]


def test_it_comes_as_text_and_as_data(installation: Installation) -> None:
    coach, uid = filled(installation)
    text = coach.get(PATH, params={**WEEK, "format": "md"})
    data = coach.get(PATH, params={**WEEK, "format": "json"}).json()

    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert f"](/calls/{uid})" in text.text
    assert (data["week"], data["calls"], data["enough"]) == ("2026-03-02", 1, False)
    assert [look["call"] for look in data["look_at"]] == [uid]
    assert data["look_at"][0]["words"]


def test_it_is_worked_out_anew_once_a_call_is_erased(installation: Installation) -> None:
    coach, uid = filled(installation)
    asked = {**WEEK, "format": "json"}
    assert coach.get(PATH, params=asked).json()["calls"] == 1

    admin = installation.signed_in(Role.ADMIN)
    assert admin.delete(f"/v1/calls/{uid}").status_code == 204
    found = coach.get(PATH, params=asked).json()
    assert found["calls"] == 0 and found["look_at"] == []


def test_a_queue_alone(installation: Installation) -> None:
    coach, _ = filled(installation)
    asked = {**WEEK, "format": "json"}

    assert coach.get(PATH, params={**asked, "queue": "parcels"}).json()["calls"] == 1
    assert coach.get(PATH, params={**asked, "queue": "none"}).json()["calls"] == 0


def test_calls_and_words_are_for_those_who_may_read_calls(installation: Installation) -> None:
    filled(installation)
    key = installation.with_key(Permission.INSIGHTS_READ)
    data = key.get(PATH, params={**WEEK, "format": "json"}).json()

    assert (data["calls"], data["look_at"], data["thanks"]) == (1, [], [])


def test_agents_do_not_see_it(installation: Installation) -> None:
    assert installation.signed_in(Role.AGENT, agent_id="a").get(PATH).status_code == 403


def test_it_is_in_the_audit_log(installation: Installation) -> None:
    coach, _ = filled(installation)
    coach.get(PATH, params=WEEK)
    with installation.database.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "digest.read")).one()
        assert entry.details == {"week": "2026-03-02"}


@pytest.mark.parametrize("week", ["2026-W54", "10", "0001-W01", "9999-W52", ""])
def test_what_is_no_week_is_said(installation: Installation, week: str) -> None:
    answer = installation.signed_in(Role.COACH).get(PATH, params={"week": week})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "week"


def test_without_calls_it_says_so(installation: Installation) -> None:
    assert "No calls this week." in installation.signed_in(Role.COACH).get(PATH).text
