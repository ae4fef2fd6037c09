"""Files are taken in, scored by a job, and found in the list of calls."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

from api.access import Permission, Role
from tests.api.conftest import Installation

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def test_samples_are_scored_and_listed(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    names = ["da-dishwasher-seventh-time.txt", "sv-two-calls.zip", "nb-ferry-ticket.vtt"]
    files = [("files", (name, (SAMPLES / name).read_bytes())) for name in names]
    accepted = client.post("/v1/uploads", files=files)
    assert accepted.status_code == 202, accepted.text
    job = accepted.json()
    assert (job["status"], job["total"], job["completed"]) == ("PENDING", 4, 0)
    assert accepted.headers["location"] == f"/v1/jobs/{job['uid']}"

    installation.work()
    job = client.get(f"/v1/jobs/{job['uid']}").json()
    assert (job["status"], job["completed"], job["failed"]) == ("COMPLETED", 4, 0)
    listed = client.get("/v1/calls").json()
    assert listed["count"] == len(listed["items"]) == 4
    worst = client.get("/v1/calls", params={"sort": "score"}).json()["items"][0]
    assert worst["id"] == "da-dishwasher-seventh-time" and worst["band"] == "rasmus"
    detail = client.get(f"/v1/calls/{worst['uid']}").json()
    for item in detail["report"]["evidence"]:
        text = detail["turns"][item["turn"]]["text"]
        assert text[item["start"] : item["end"]] == item["text"]


def test_what_cannot_be_read_is_named_and_the_rest_is_scored(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)
    good = (SAMPLES / "en-gym-refund.json").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.json", good)
        archive.writestr("bad.json", b'{"turns": 3}')
    files = [
        ("files", ("calls.zip", packed.getvalue())),
        ("files", ("cut.json.gz", gzip.compress(good)[:40])),
        ("files", ("empty.txt", b"")),
    ]
    job = client.post("/v1/uploads", files=files).json()
    assert (job["total"], job["failed"]) == (4, 3)
    installation.work()
    job = client.get(f"/v1/jobs/{job['uid']}").json()
    assert (job["status"], job["completed"], job["failed"]) == ("COMPLETED", 1, 3)
    lines = client.get(f"/v1/jobs/{job['uid']}/errors").text.splitlines()
    errors = [json.loads(line) for line in lines]
    assert [error["source"] for error in errors] == [
        "calls.zip!bad.json",
        "cut.json.gz",
        "empty.txt",
    ]
    assert all(error["expected"] and error["remedy"] for error in errors)


def test_the_same_call_twice_is_one_call(installation: Installation) -> None:
    client = installation.with_key(Permission.CALLS_SCORE, Permission.CALLS_READ)
    file = ("files", ("en-gym-refund.json", (SAMPLES / "en-gym-refund.json").read_bytes()))
    for _ in range(2):
        client.post("/v1/uploads", files=[file])
    installation.work()
    assert client.get("/v1/calls").json()["count"] == 1
