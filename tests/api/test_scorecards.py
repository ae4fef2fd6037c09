"""Scorecards: drafts are made, tried out, published and used to score calls again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from analyzer.scorecard import DEFAULT_SCORECARD, loads
from api.access import Role
from api.routes.scorecards import EXAMPLE_TOML
from api.storage import calls, jobs
from api.storage.filters import Filters
from tests.api.conftest import Installation

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
DEFAULT = DEFAULT_SCORECARD.read_text("utf-8")
GENEROUS = EXAMPLE_TOML.replace("start = 40", "start = 90").replace("score = -8", "score = 0")


def upload(installation: Installation, *names: str) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    files = [("files", (name, (SAMPLES / name).read_bytes())) for name in names]
    assert client.post("/v1/uploads", files=files).status_code == 202
    installation.work()


def details(response: Any) -> list[str]:
    assert response.status_code == 422, response.text
    return [error["detail"] for error in response.json()["errors"]]


def test_a_draft_is_made_changed_and_published_and_then_stays(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    made = client.post("/v1/scorecards", json={"toml": EXAMPLE_TOML, "note": "first try"})
    assert made.status_code == 201, made.text
    draft = made.json()
    assert (draft["name"], draft["number"], draft["state"]) == ("short", 1, "draft")
    where = made.headers["location"]
    assert client.get(where).json() == draft

    changed = client.put(where, json={"toml": GENEROUS}).json()
    assert changed["card"]["start"] == 90
    assert client.post(f"{where}/activate").status_code == 409
    assert client.post(f"{where}/publish").json()["state"] == "published"
    for refused in (
        client.put(where, json={"toml": EXAMPLE_TOML}),
        client.delete(where),
        client.post(f"{where}/publish"),
    ):
        assert refused.status_code == 409
    assert client.get(where).json()["card"]["start"] == 90

    assert client.post(f"{where}/activate").json()["state"] == "active"
    states = {row["name"]: row["state"] for row in client.get("/v1/scorecards").json()}
    assert states == {"default": "published", "short": "active"}
    call = {"turns": [{"role": "agent", "text": "Hello."}, {"role": "customer", "text": "Hi."}]}
    card = client.post("/v1/score", json=call).json()["scorecard"]
    assert (card["name"], card["revision"]) == ("short", 1)


def test_a_draft_can_be_removed(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json={"toml": EXAMPLE_TOML}).headers["location"]
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404
    assert client.delete(where).status_code == 404


def test_revisions_of_a_name_are_numbered_and_their_toml_says_so(
    installation: Installation,
) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    draft = client.post("/v1/scorecards", json={"toml": DEFAULT}).json()
    assert (draft["name"], draft["number"], draft["card"]["revision"]) == ("default", 2, 2)
    file = client.get(f"/v1/scorecards/{draft['id']}/toml")
    assert file.headers["content-type"].startswith("application/toml")
    assert loads(file.text).revision == 2
    assert file.text.count("#") == DEFAULT.count("#")  # comments stay


def test_a_scorecard_as_json_is_the_same_as_toml(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    first = client.post("/v1/scorecards", json={"toml": DEFAULT}).json()
    again = client.post("/v1/scorecards", json={"card": first["card"]}).json()
    assert again["card"] == first["card"] | {"revision": 3}
    assert tomllib.loads(again["toml"])["name"] == "default"


def test_a_draft_keeps_its_name(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json={"toml": EXAMPLE_TOML}).headers["location"]
    renamed = client.put(where, json={"toml": EXAMPLE_TOML.replace('"short"', '"other"')})
    assert "'short'" in details(renamed)[0]


def test_mistakes_in_toml_are_named_by_line(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    wrong = EXAMPLE_TOML.replace('measure = ["deflection"]', 'measure = ["deflecton"]')
    (detail,) = details(client.post("/v1/scorecards", json={"toml": wrong}))
    assert detail.startswith("line 26: ") and "'deflecton'" in detail and "deflection" in detail
    (unreadable,) = details(client.post("/v1/scorecards", json={"toml": "name = \nstart = 1"}))
    assert "line 1" in unreadable


def test_mistakes_in_json_are_named_by_pointer(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    card = client.get("/v1/scorecards/1").json()["card"]
    del card["sections"][0]["questions"][0]["text"]
    card["sections"][1]["questions"][0]["id"] = card["sections"][0]["questions"][0]["id"]
    answer = client.post("/v1/scorecards", json={"card": card}).json()
    assert [e["pointer"] for e in answer["errors"]] == ["/card/sections/0/questions/0/text"]
    card["sections"][0]["questions"][0]["text"] = "Solved?"
    answer = client.post("/v1/scorecards", json={"card": card}).json()
    assert [e["pointer"] for e in answer["errors"]] == ["/card/sections/1/questions/0/id"]


@pytest.mark.parametrize(
    "toml",
    [
        "a = " + "[" * 100_000,
        "a = " + "9" * 10_000,
        EXAMPLE_TOML.replace("score = 10 ", "score = 1e308 "),
        EXAMPLE_TOML.replace("score = 10 ", "score = inf "),
        EXAMPLE_TOML.replace('"short"', r'"a\u0000b"'),
        EXAMPLE_TOML.replace('"short"', '"' + "a" * 201 + '"'),
        EXAMPLE_TOML.replace('"resolved"\n', '"' + "a" * 121 + '"\n'),
    ],
    ids=["nested", "huge number", "overflow", "infinite", "NUL", "long name", "long id"],
)
def test_hostile_scorecards_are_refused_in_words(installation: Installation, toml: str) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    answer = client.post("/v1/scorecards", json={"toml": toml})
    assert answer.status_code == 422 and answer.json()["detail"]


def test_readers_see_published_revisions_alone(installation: Installation) -> None:
    lead, agent = installation.signed_in(Role.QA_LEAD), installation.signed_in(Role.AGENT)
    draft = lead.post("/v1/scorecards", json={"toml": EXAMPLE_TOML}).json()
    assert [row["name"] for row in agent.get("/v1/scorecards").json()] == ["default"]
    assert agent.get(f"/v1/scorecards/{draft['id']}").status_code == 404
    assert agent.get(f"/v1/scorecards/1/compare/{draft['id']}").status_code == 404
    assert agent.post("/v1/scorecards", json={"toml": EXAMPLE_TOML}).status_code == 403


def test_two_revisions_are_compared(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    before = client.post("/v1/scorecards", json={"toml": EXAMPLE_TOML}).json()
    text = EXAMPLE_TOML.replace("start = 40", "start = 45").replace("score = 10 ", "score = 15 ")
    text = text.replace('id = "deflection"', 'id = "blame"').replace('["deflection"]', '["blame"]')
    after = client.post("/v1/scorecards", json={"toml": text}).json()
    found = client.get(f"/v1/scorecards/{before['id']}/compare/{after['id']}").json()
    assert found["general"] == [{"field": "start", "before": 40, "after": 45}]
    assert [question["id"] for question in found["added"]] == ["blame"]
    assert [question["id"] for question in found["removed"]] == ["deflection"]
    (changed,) = found["changed"]
    assert changed["question"] == "resolved"
    assert [change["field"] for change in changed["changes"]] == ["answer_choices"]
    assert {w["question"]: (w["before"], w["after"]) for w in found["weights"]} == {
        "resolved": (100, 100),
        "deflection": (0, None),
        "blame": (None, 0),
    }


def test_a_preview_shows_what_would_change_and_stores_nothing(installation: Installation) -> None:
    upload(installation, "da-dishwasher-seventh-time.txt", "sv-two-calls.zip")
    client = installation.signed_in(Role.QA_LEAD)
    listed = client.get("/v1/calls").json()
    same = client.post("/v1/scorecards/preview", json={"toml": DEFAULT}).json()
    assert (same["calls"], same["changed_score"], same["examples"]) == (3, 0, [])
    assert same["before"] == same["after"] and sum(same["before"].values()) == 3

    found = client.post("/v1/scorecards/preview", json={"toml": GENEROUS}).json()
    assert found["after"] == {"rasmus": 0, "kasper": 0, "star": 3}
    assert found["changed_band"] == 3 - same["before"]["star"] >= 1
    example = found["examples"][0]
    assert example["id"] == "da-dishwasher-seventh-time"
    assert (example["band_before"], example["band_after"]) == ("rasmus", "star")
    assert client.get("/v1/calls").json() == listed
    one = client.post("/v1/scorecards/preview?calls=1", json={"toml": GENEROUS}).json()
    assert one["calls"] == 1
    draft = client.post("/v1/scorecards", json={"toml": GENEROUS}).json()
    assert client.get(f"/v1/scorecards/{draft['id']}/preview").json() == found


def test_the_preview_tells_what_rescoring_then_gives(installation: Installation) -> None:
    upload(installation, "da-dishwasher-seventh-time.txt", "sv-two-calls.zip")
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json={"toml": GENEROUS}).headers["location"]
    expected = {
        own["uid"]: (own["score_after"], own["band_after"])
        for own in client.get(f"{where}/preview").json()["examples"]
    }
    assert client.post(f"{where}/rescore").status_code == 409  # a draft
    client.post(f"{where}/publish")
    started = client.post(f"{where}/rescore")
    assert started.status_code == 202
    installation.work()
    job = client.get(started.headers["location"]).json()
    assert (job["kind"], job["status"], job["total"], job["completed"]) == (
        "rescore",
        "COMPLETED",
        3,
        3,
    )
    listed = {
        own["uid"]: (own["score"], own["band"]) for own in client.get("/v1/calls").json()["items"]
    }
    assert {uid: listed[uid] for uid in expected} == expected
    for uid in listed:
        history = client.get(f"/v1/calls/{uid}").json()["history"]
        assert [(own["scorecard"], own["current"]) for own in history] == [
            ("short", True),
            ("default", False),
        ]


def test_rescoring_can_be_cancelled_and_resumed(installation: Installation) -> None:
    upload(installation, "da-dishwasher-seventh-time.txt", "sv-two-calls.zip")
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json={"toml": GENEROUS}).headers["location"]
    client.post(f"{where}/publish")
    job = client.post(f"{where}/rescore").headers["location"]
    assert client.post(f"{job}/cancel").json()["status"] == "CANCELLED"
    installation.work()
    assert {own["score"] for own in client.get("/v1/calls").json()["items"]} != {100}
    bands = [own["band"] for own in client.get("/v1/calls").json()["items"]]
    assert "rasmus" in bands
    assert client.post(f"{job}/resume").status_code == 200
    installation.work()
    ended = client.get(job).json()
    assert (ended["status"], ended["completed"], ended["failed"]) == ("COMPLETED", 3, 0)
    bands = [own["band"] for own in client.get("/v1/calls").json()["items"]]
    assert bands == ["star"] * 3


def test_a_call_erased_before_it_is_scored_again_stays_erased(installation: Installation) -> None:
    upload(installation, "da-dishwasher-seventh-time.txt")
    client = installation.signed_in(Role.QA_LEAD)
    where = client.post("/v1/scorecards", json={"toml": GENEROUS}).headers["location"]
    client.post(f"{where}/publish")
    job = client.post(f"{where}/rescore").headers["location"]
    (call,) = client.get("/v1/calls").json()["items"]
    with installation.database.session() as db:  # its item is down, as a worker would put it
        row = jobs.one(db, job.rpartition("/")[2])
        assert row is not None
        number = calls.ids_after(db, 0, 1, Filters())[0][0]
        payload = {"call_id": number, "revision_id": int(where.rpartition("/")[2])}
        jobs.add_items(db, row, 0, [{"name": call["uid"], "payload": payload}])
        row.total = 1
    assert client.delete(f"/v1/calls/{call['uid']}").status_code == 204
    installation.work()
    assert client.get("/v1/calls").json()["items"] == []
    assert client.get(job).json()["failed"] == 1
