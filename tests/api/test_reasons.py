"""What people type about a call is stored without personal data, as the call is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from api.access import Role
from api.storage.tables import Dispute, Review
from tests.api.conftest import Installation
from tests.api.reviewing import released, say, stored

TYPED = "Mette Holm (tlf. 20 30 40 50) har ret: ikke Rasmus, men Kasper. [PERSON_1] sukker kun."
KEPT = "[PERSON_2] (tlf. [PHONE_1]) har ret: ikke Rasmus, men Kasper. [PERSON_1] sukker kun."


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("findings", {"verdict": "disagree", "label": "sigh", "turn": 2, "start": 0, "end": 5}),
        ("answers", {"question": "ownership", "answer": "insufficient_evidence"}),
        ("override", {"band": "kasper"}),
    ],
)
def test_reasons_of_reviews(installation: Installation, what: str, body: dict[str, object]) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    uid = stored(client)
    answer = say(client, uid, what, reason=TYPED, **body)
    assert answer.status_code == 201, answer.text
    assert KEPT in answer.text and "Mette" not in answer.text
    with installation.database.reading() as db:
        assert db.scalars(select(Review.reason)).all() == [KEPT]


def test_objections_and_what_became_of_them(installation: Installation) -> None:
    lead = installation.signed_in(Role.QA_LEAD)
    uid = stored(lead)
    released(lead, uid)
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    report = agent.get(f"/v1/calls/{uid}/reviews").json()["report_id"]
    raised = agent.post(f"/v1/calls/{uid}/disputes", json={"report_id": report, "reason": TYPED})
    assert raised.status_code == 201, raised.text
    admin = installation.signed_in(Role.ADMIN)
    body = {"status": "REJECTED", "resolution": f"  {TYPED}\n"}
    answer = admin.post(f"/v1/disputes/{raised.json()['id']}/resolve", json=body)
    assert answer.status_code == 200, answer.text
    with installation.database.reading() as db:
        dispute = db.scalars(select(Dispute)).one()
        assert (dispute.reason, dispute.resolution) == (KEPT, KEPT)


def test_without_redaction_words_stay(install: Callable[..., Installation]) -> None:
    installation = install(redact=False)
    client = installation.signed_in(Role.QA_LEAD)
    answer = say(client, stored(client), "override", reason=TYPED, band="star")
    assert TYPED in answer.text
