"""The documents say how an installation is set up, in every language, and mark what is open."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from analyzer.classifier import Classifier
from analyzer.scorecard import default_scorecard
from analyzer.traits import TRAITS
from api import documents
from api.access import Role
from api.documents import DOCUMENTS, Installation, to_html
from api.locales import LANGUAGES, translations
from api.settings import Settings
from api.storage import preferences
from api.storage.preferences import Retention
from tests.api.conftest import Installation as Running

TODAY = date(2026, 11, 22)
EVERY = [(name, language) for name, own in DOCUMENTS.items() for language in own.languages]
FOR_EVERYONE = [name for name, own in DOCUMENTS.items() if own.for_everyone]
# What the documents say where names are not taken out.
NOT_REDACTED = {
    "en": "Redaction is switched off",
    "da": "Anonymisering er slået fra",
    "nb": "Sladding er slått av",
    "sv": "Avidentifieringen är avstängd",
}


@pytest.fixture
def about(classifier: Classifier) -> Installation:
    settings = Settings(_env_file=None)
    return Installation(
        settings, classifier.info, Retention(365, 730, 90), default_scorecard(), stored=True
    )


def changed(about: Installation, **settings: object) -> Installation:
    return replace(about, settings=about.settings.model_copy(update=settings))


def written(about: Installation, name: str, language: str) -> str:
    """The document as it is read, without the marks of Markdown and HTML."""
    html = to_html(documents.write(name, language, about, TODAY))
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def about_this_installation(about: Installation, language: str) -> list[str]:
    return [written(about, name, own) for name, own in EVERY if own == language]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_nothing_is_left_open_but_what_is_marked(
    about: Installation, name: str, language: str
) -> None:
    html = to_html(documents.write(name, language, about, TODAY))
    open_places = re.findall(r"<mark>(.*?)</mark>", html)
    rest = re.sub(r"<mark>.*?</mark>", "…", html)
    assert open_places and html.startswith("<h1>")
    # a bracket or a brace that is left, an empty value, or Markdown that was not understood
    for slip in ("{{", "{%", "None", "**", "[]", "TODO", "\\", "()", " ,", "  "):
        assert slip not in re.sub(r"\s*\n\s*", "\n", rest), slip
    assert not re.search(r"\[(?!suk|suck|sighs)", rest)


@pytest.mark.parametrize("name", FOR_EVERYONE)
def test_languages_say_the_same(about: Installation, name: str) -> None:
    shapes = set()
    for language in LANGUAGES:
        html = to_html(documents.write(name, language, about, TODAY))
        shapes.add(tuple(len(re.findall(f"<{tag}>", html)) for tag in ("h2", "li", "tr", "mark")))
    assert len(shapes) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_is_named_to_those_whose_calls_are_judged(
    about: Installation, language: str
) -> None:
    text = written(about, "worker-information", language)
    names = [translations(language).gettext(trait.title).lower() for trait in TRAITS]
    assert [name for name in names if name not in text.lower()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_say_what_an_agent_sees_of_the_figures(about: Installation, language: str) -> None:
    coaching = translations(language).gettext("Coaching")
    assert written(about, "worker-information", language).count(coaching) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_say_loudly_that_names_are_not_taken_out(about: Installation, language: str) -> None:
    loud = f"**{NOT_REDACTED[language]}"
    off = changed(about, redact=False)
    for name in FOR_EVERYONE:
        assert NOT_REDACTED[language] not in written(about, name, language)
        text = documents.write(name, language, off, TODAY)
        assert loud in text or NOT_REDACTED[language].lower() in text.lower(), name
    assert loud in documents.write("worker-information", language, off, TODAY)


@pytest.mark.parametrize("name", ["dpia", "fria", "logs-and-retention", "technical-documentation"])
def test_documents_for_offices_contradict_no_setting(about: Installation, name: str) -> None:
    off = written(changed(about, redact=False), name, "en")
    assert off != written(about, name, "en")
    claims = r"redacted words|Redacted (before|with)|redaction before|redaction on"
    assert not re.search(claims, off)
    assert not re.search(r"switched off|not redacted|redaction is off", written(about, name, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_change_the_text(about: Installation, language: str) -> None:
    as_usual = written(about, "worker-information", language)
    shorter = replace(about, retention=Retention(31, 400, 7))
    text = written(shorter, "worker-information", language)
    assert all(re.search(rf"\b{days}\b", text) for days in (31, 400, 7))
    assert not re.search(r"\b(365|730|90)\b", text)

    for name in FOR_EVERYONE:
        few = written(changed(about, min_calls=13), name, language)
        assert re.search(r"\b13\b", few) and not re.search(
            r"\b13\b", written(about, name, language)
        )

    addresses = changed(about, allowed_urls=("https://hooks.example.org/a_b",))
    for name in ("worker-information", "not-done"):
        assert "https://hooks.example.org/a_b" in written(addresses, name, language)
        assert "https://" not in written(about, name, language)

    signed_in = changed(about, oidc_issuer="https://login.example.org")
    assert "https://login.example.org" in written(signed_in, "worker-information", language)
    assert written(changed(about, max_live_calls=0), "worker-information", language) != as_usual


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_those_of_the_model_that_runs(about: Installation, language: str) -> None:
    assert "188" in written(about, "worker-information", language)
    other = replace(about, model=replace(about.model, version="5", sha256="0" * 64))
    text = written(other, "worker-information", language)
    assert "188" not in text and "0000000000000000" in text
    assert not re.search(r"\b(af|av|of) 100\b", text)
    for name in ("dpia", "technical-documentation"):
        assert re.search("(?i)no figures belong", written(other, name, "en"))
        assert "no figures belong" not in written(about, name, "en").lower()


def test_the_scorecard_in_use_is_told(about: Installation) -> None:
    sections = [
        section.model_copy(
            update={"questions": tuple(q for q in section.questions if "sigh" not in q.measure)}
        )
        for section in about.scorecard.sections
    ]
    card = about.scorecard.model_copy(
        update={"title": "", "name": "[mine](x) *all*", "revision": 7, "sections": tuple(sections)}
    )
    other = replace(about, scorecard=card)
    assert "It does not count in this scorecard" in written(other, "not-done", "en")
    assert "grudging" in written(about, "not-done", "en")
    html = to_html(documents.write("worker-information", "en", other, TODAY))
    # what people call their scorecard is a name and no Markdown
    assert "[mine](x) *all*" in html and "revision 7" in html


def test_words_that_come_from_elsewhere_are_no_html(about: Installation) -> None:
    card = about.scorecard.model_copy(update={"title": "<script>alert(1)</script>"})
    html = to_html(
        documents.write("worker-information", "en", replace(about, scorecard=card), TODAY)
    )
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_a_log_that_is_too_short_is_told(about: Installation) -> None:
    short = replace(about, retention=Retention(30, 730, 90))
    assert "less than six months" in written(short, "logs-and-retention", "en")
    assert "less than six months" not in written(about, "logs-and-retention", "en")


def test_the_command_reads_the_database(
    install: Callable[..., Running],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    running = install()
    with running.database.session() as db:
        preferences.set_retention(db, Retention(41, 401, 8))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KASPER_DATABASE_URL", running.settings.database_url)
    folder = tmp_path / "out" / "documents"
    assert documents.main(["-o", str(folder), "--language", "sv"]) == 0
    assert "no database" not in capsys.readouterr().out
    names = {path.name for path in folder.iterdir()}
    assert {"README.md", "worker-information.sv.html", "dpia.en.md", "model-card.md"} <= names
    assert "worker-information.da.md" not in names
    text = (folder / "worker-information.sv.md").read_text("utf-8")
    assert "41 dagar" in text and "365" not in text


def test_the_command_works_before_there_is_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KASPER_KEEP_CALLS_DAYS", "17")
    assert documents.main(["-o", "out"]) == 0
    assert "no database yet" in capsys.readouterr().out
    assert "17 dage" in (tmp_path / "out" / "worker-information.da.md").read_text("utf-8")
    assert not (tmp_path / "kasper-data").exists()
    for path in (tmp_path / "out").glob("*.html"):
        assert "src=" not in path.read_text("utf-8") and "<link" not in path.read_text("utf-8")


def test_everyone_who_signs_in_reads_what_concerns_them(installation: Running) -> None:
    agent = installation.signed_in(Role.AGENT, agent_id="a-1")
    first = agent.get("/about")
    assert first.status_code == 200 and "Kasper at work" in first.text
    assert 'href="/about"' in agent.get("/calls").text
    for name in FOR_EVERYONE:
        assert agent.get(f"/about/{name}").status_code == 200
    assert agent.get("/about/dpia").status_code == 404
    assert agent.get("/about/_as-set").status_code == 404
    assert agent.get("/admin/documents").status_code == 403
    agent.post("/account/language", data={"language": "nb", "next": "/about"})
    assert "Kasper på jobben" in agent.get("/about").text


def test_the_page_shows_what_an_admin_has_set_since(installation: Running) -> None:
    admin = installation.signed_in(Role.ADMIN)
    admin.put("/v1/settings/retention", json={"calls": 44, "audit": 444, "jobs": 4})
    text = admin.get("/about").text
    assert "44 days" in text and "444 days" in text and "365" not in text


def test_an_admin_takes_all_of_them_along(installation: Running) -> None:
    admin = installation.signed_in(Role.ADMIN)
    assert "AI Act, Art. 27" in admin.get("/admin/documents").text
    answer = admin.get("/admin/documents/kasper-documents.zip")
    with ZipFile(BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        assert len(packed.namelist()) == 2 * len(EVERY) + 3
        name = "kasper-documents/worker-information.da.md"
        assert "Kasper på arbejdet" in packed.read(name).decode()


def test_completed_documents_take_the_place_of_drafts(
    install: Callable[..., Running], tmp_path: Path
) -> None:
    folder = tmp_path / "completed"
    folder.mkdir()
    words = "# Our Kasper\n\n<b>Ask</b> the shop steward. **[FILL IN: a number]**\n"
    (folder / "worker-information.en.md").write_text(words, "utf-8")
    (folder / "dpia.en.md").write_text("# Secret\n", "utf-8")
    running = install(documents_dir=folder, redact=False)
    agent = running.signed_in(Role.AGENT, agent_id="a-1")
    text = agent.get("/about").text
    assert "Our Kasper" in text and "<b>" not in text and "<mark>" in text
    # what is set is told all the same, whatever the employer wrote
    assert NOT_REDACTED["en"] in text and "365 days" in text
    assert "Our Kasper" not in agent.get("/about/not-done").text
    assert agent.get("/about/dpia").status_code == 404
    assert "1 of them is shown" in running.signed_in(Role.ADMIN).get("/admin/documents").text
