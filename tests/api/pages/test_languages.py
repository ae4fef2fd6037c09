"""What a person reads on a page is in their language, also what goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from analyzer.writing import catalogue
from api import locales
from api.access import Role
from api.pages.environment import environment
from api.storage import people
from tests.api.conftest import Installation

# What is said in every test, and how: the real catalogues change with the texts.
DANISH = {
    "must not be empty": "må ikke være tom",
    "field %(path)s": "felt %(path)s",
    "call %(call)s": "samtale %(call)s",
    "%(outer)s, %(inner)s": "%(outer)s, %(inner)s",
    "export the file again": "eksportér filen igen",
    "only one side speaks in call %(call)s": "kun den ene side taler i samtalen %(call)s",
    "must be a day, such as 2026-03-31": "skal være en dag, for eksempel 2026-03-31",
    "must be a number": "skal være et tal",
    "must be one of: %(expected)s": "skal være et af: %(expected)s",
    "From": "Fra",
    "Points": "Point",
    "%(where)s: %(what)s": "%(where)s: %(what)s",
    "Was the customer seen?": "Blev kunden set?",
    "Welcome, %(name)s": "Velkommen, %(name)s",
    "This is the last active admin. Make somebody else an admin first.": "Den sidste er du.",
    "At most %(most)s files are taken at once.": "Højst %(most)s filer ad gangen.",
}
HEAD = (
    'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n'
    'Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
)


@pytest.fixture(autouse=True)
def danish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    entries = (f"msgid {json.dumps(one)}\nmsgstr {json.dumps(other, ensure_ascii=False)}\n"
               for one, other in DANISH.items())  # fmt: skip
    (tmp_path / "po" / "da").mkdir(parents=True)
    (tmp_path / "po" / "da" / "messages.po").write_text("\n".join([HEAD, *entries]), "utf-8")
    monkeypatch.setattr(catalogue, "LOCALES", (tmp_path / "po",))
    for cached in (locales.translations, environment):
        cached.cache_clear()
    yield
    for cached in (locales.translations, environment):
        cached.cache_clear()


def dane(installation: Installation, role: Role) -> TestClient:
    user = installation.user(role)
    with installation.database.session() as db:
        people.set_language(db, user.id, "da")
    client = installation.browser(user)
    client.headers["accept"] = "text/html"
    return client


def post(client: TestClient, path: str, **form: str) -> str:
    form["csrf_token"] = client.headers["x-csrf-token"]
    return client.post(path, data=form).text


def test_why_a_call_of_an_upload_is_not_scored(installation: Installation) -> None:
    client = dane(installation, Role.COACH)
    alone = "Agent: Goddag, du taler med support.\nAgent: Er der nogen?\n"
    files = [
        ("files", ("two.json", b'[{"turns": []}, {"turns": []}]')),
        ("files", ("alone.txt", alone.encode())),
    ]
    client.post("/v1/uploads", files=files).raise_for_status()
    installation.work()
    uid = client.get("/v1/jobs").json()["items"][0]["uid"]
    page = client.get(f"/jobs/{uid}").text
    assert "samtale 1, felt turns" in page and "må ikke være tom" in page
    assert "eksportér filen igen" in page
    assert "kun den ene side taler i samtalen alone" in page
    # nothing that could be tried again: the files must change
    assert f"/jobs/{uid}/resume" not in page
    # the file of errors is for programs
    errors = [json.loads(line) for line in client.get(f"/v1/jobs/{uid}/errors").text.splitlines()]
    assert errors[0]["expected"] == "must not be empty"


def test_a_filter_that_does_not_fit_is_named_as_the_form_names_it(
    installation: Installation,
) -> None:
    page = dane(installation, Role.COACH).get("/calls?since=monday")
    assert page.status_code == 422
    assert re.search(r"<b>Fra</b>: skal være en dag, for eksempel 2026-03-31", page.text)


def test_a_mistake_in_a_scorecard_form_names_the_question(installation: Installation) -> None:
    client = dane(installation, Role.QA_LEAD)
    post(client, "/scorecards", of="1")
    page = post(client, "/scorecards/2", **{"q.empathy.score.1": "much", "do": "keep"})
    assert "Blev kunden set?: Point: skal være et tal" in page


def test_the_last_admin_is_told_in_their_language(installation: Installation) -> None:
    client = dane(installation, Role.ADMIN)
    own = client.get("/v1/users").json()["items"][0]["id"]
    page = post(client, f"/admin/people/{own}", name="A", role="coach", language="da", active="yes")
    assert "Den sidste er du." in page


def test_the_page_behind_a_welcome_link_speaks_the_persons_language(
    installation: Installation,
) -> None:
    user = installation.user(Role.COACH)
    with installation.database.session() as db:
        people.set_language(db, user.id, "da")
        token = people.make_link(db, user, 1)
    headers = {"accept-language": "sv", "accept": "text/html"}
    page = installation.client.get(f"/welcome/{token}", headers=headers).text
    assert '<html lang="da">' in page and "Velkommen, Coach" in page


def test_json_that_a_persons_browser_asks_for_is_in_their_language(
    install: Callable[..., Installation],
) -> None:
    client = dane(install(max_files=2), Role.COACH)
    many = [("files", (f"{n}.txt", b"x")) for n in range(3)]
    assert client.post("/v1/uploads", files=many).json()["detail"].endswith("filer ad gangen.")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1,234.5", "12.5%", "2 Mar 2026, 09:14"]),
        ("da", ["1.234,5", "12,5\xa0%", "2. mar. 2026, 09.14"]),
        ("nb", ["1\xa0234,5", "12,5\xa0%", "2. mars 2026, 09:14"]),
        ("sv", ["1\xa0234,5", "12,5\xa0%", "2 mars 2026, 09:14"]),
    ],
)
def test_numbers_and_times_are_written_as_readers_write_them(
    language: str, said: list[str]
) -> None:
    filters = environment(language).filters
    written = [
        filters["number"](1234.5),
        filters["of_100"](12.5),
        filters["stated"]("2026-03-02T09:14:00+01:00"),
    ]
    assert written == said
    (text,) = environment(language).from_string(
        '{{ ngettext("%(num)s call", "%(num)s calls", 1234) }}'
    ).generate()  # fmt: skip
    assert text.split()[-1] != "1234" and "1234" not in text


def test_the_audit_log_is_in_words(installation: Installation) -> None:
    client = installation.signed_in(Role.ADMIN)
    client.get("/admin/people")
    page = client.get("/admin/audit").text
    assert "Looked at the people" in page and "users.read" in page
