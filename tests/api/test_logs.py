"""Stored calls as a log: what the library makes of them, what people said, what is to be seen."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from analyzer import read, to_frame
from analyzer.insights import Log, find_matters, ledger, make_log
from analyzer.redaction import redact
from api.access import Permission, Principal, Role, person
from api.scoring import score_under
from api.storage import calls, logs, people, scorecards
from api.storage.filters import Filters
from api.storage.tables import Call
from tests.api.conftest import Installation
from tests.api.generated import SAMPLES
from tests.api.reviewing import released, reviewed, say, sigh, stored

MACHINE = Principal("test", frozenset({Permission.CALLS_READ}))


def loaded(installation: Installation, who: Principal = MACHINE, **filters: Any) -> Log:
    with installation.database.reading() as db:
        return logs.load(db, who, Filters(**filters))


def test_a_log_is_what_the_library_makes_of_the_same_reports(installation: Installation) -> None:
    reports, uids = [], {}
    with installation.database.session() as db:
        revision = scorecards.active(db)
        for name in ("nb-trampoline.jsonl", "en-boiler-blame.xlsx", "sv-two-calls.zip"):
            for conversation in read(SAMPLES / name):
                plain = redact(conversation).conversation
                report = score_under(
                    plain, revision, installation.classifier, installation.settings
                )
                content = calls.content_hash(db, report.conversation)
                uids[calls.store(db, report, content, revision).uid] = report.id
                reports.append(report)
    own, expected = loaded(installation), make_log(to_frame(reports))
    found = own.calls.assign(call=own.calls["call"].map(uids).astype("string"))
    found = found.drop(columns="occurred_at").sort_values(["at", "call"], ignore_index=True)
    wanted = expected.calls[list(found)].sort_values(["at", "call"], ignore_index=True)
    pd.testing.assert_frame_equal(found, wanted)
    keys = ["call", "turn", "start", "label"]
    evidence = own.evidence.assign(call=own.evidence["call"].map(uids).astype("string"))
    pd.testing.assert_frame_equal(
        evidence.sort_values(keys, ignore_index=True),
        expected.evidence[list(evidence)].sort_values(keys, ignore_index=True),
    )
    broken = ledger(own, find_matters(own)).query("state == 'broken' and told_by == 'agent'")
    assert [day.date() for day in broken["due"]] == [date(2026, 4, 10), date(2026, 4, 16)]


def test_what_people_said_counts(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    uid, other = stored(client, 1), stored(client, 2)
    assert (loaded(installation).calls["sigh"] == 1).all()
    say(client, uid, "findings", verdict="disagree", **sigh(reviewed(client, uid)))
    say(client, uid, "findings", verdict="add", label="proactive_tip", turn=5, start=8, end=12)
    log = loaded(installation)
    rows = log.calls.set_index("call")
    assert rows["sigh"].to_dict() == {uid: 0, other: 1}
    assert rows["proactive_tip"].to_dict() == {uid: 1, other: 0}
    by_label = log.evidence[log.evidence["call"] == uid].set_index("label")
    assert "sigh" not in by_label.index
    assert by_label.loc["proactive_tip", "probability"] == 1.0


def test_the_log_holds_the_calls_that_are_asked_for(installation: Installation) -> None:
    client = installation.signed_in(Role.COACH)
    given = {"customer_id": "k-1", "case_id": "s-1", "product": "router", "queue": "support"}
    moment = "2026-03-02T09:00:00+01:00"
    uid = stored(client, 1, started_at=moment, **given)
    stored(client, 2, started_at="2026-04-02T09:00:00+01:00", agent_id="a-2", language="sv")
    with installation.database.session() as db:
        people.set_team(db, "a-1", "North")
    wanted: list[dict[str, Any]] = [
        *({name: value} for name, value in given.items()),
        {"agent_id": "a-1"}, {"team": "North"}, {"language": ["da"]},
        {"until": date(2026, 3, 2)},
        {"since": date(2026, 3, 1), "until": date(2026, 3, 31)},
    ]  # fmt: skip
    for filters in wanted:
        assert loaded(installation, **filters).calls["call"].tolist() == [uid], filters
    row = loaded(installation, customer_id="k-1").calls.iloc[0]
    assert {name: row[name] for name in given} == given
    assert str(row["day"].date()) == "2026-03-02"
    none = loaded(installation, queue="nobody's")
    assert len(none.calls) == len(none.evidence) == 0
    assert len(ledger(none, find_matters(none))) == 0


def test_an_agent_has_their_own_released_calls_alone(installation: Installation) -> None:
    coach = installation.signed_in(Role.COACH)
    uid, _, _ = stored(coach, 1), stored(coach, 2), stored(coach, 3, agent_id="a-2")
    agent = person(user_id=10**6, email="", role="agent", agent_id="a-1", language="da",
                   csrf_token="")  # fmt: skip
    assert len(loaded(installation, agent).calls) == 0
    released(coach, uid)
    assert loaded(installation, agent).calls["call"].tolist() == [uid]


@pytest.mark.parametrize("field", ["case_id", "product"])
def test_case_and_product_are_kept_shown_and_filtered_by(
    installation: Installation, field: str
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    uid = stored(lead, 1, **{field: "x-1"})
    stored(lead, 2)
    [only] = lead.get("/v1/calls", params={field: "x-1"}).json()["items"]
    assert (only["uid"], only[field]) == (uid, "x-1")
    assert lead.get(f"/v1/calls/{uid}").json()["report"][field] == "x-1"
    rows = lead.get("/v1/exports/calls.jsonl").text
    assert f'"{field}":"x-1"' in rows
    table = lead.get("/v1/exports/calls.csv", params={field: "x-1"}).text
    assert table.count("x-1") == 1
    assert "x-1" in lead.get("/calls", params={field: "x-1"}).text
    long = {"turns": [{"text": "Hi."}], field: "x" * 201}
    assert lead.post("/v1/calls", json=long).status_code == 422


def test_a_call_that_waits_in_a_job_keeps_its_case_and_product(
    installation: Installation,
) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    body = b'{"id": "w-1", "case_id": "s-9", "product": "tv", "turns": [{"text": "Hi."}]}'
    lead.post("/v1/uploads", files=[("files", ("w.json", body))])
    installation.work()
    with installation.database.reading() as db:
        call = db.scalars(select(Call)).one()
        assert (call.case_id, call.product) == ("s-9", "tv")
