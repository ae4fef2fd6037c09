"""The documents that the law asks of whoever uses Kasper at work, as this installation is set up.

    kasper documents -o FOLDER                   # all of them, as Markdown and to be printed
    kasper documents -o FOLDER --language da     # only Danish where there is a choice

Each is a template, `api/templates/documents/<name>.<language>.md.j2`. What Kasper knows of itself
is filled in; what only the employer knows is marked, and so is what a lawyer should look at. No
figure stands in a template: all come from the settings, the scorecard, and the model's own.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from babel import dates, numbers, units
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from analyzer import __version__
from analyzer.classifier import ModelInfo, default_classifier, published_folder
from analyzer.errors import UsageError
from analyzer.scorecard import Scorecard, default_scorecard, loads
from analyzer.traits import TRAITS
from api.access import ALLOWED, Permission, Role
from api.locales import LANGUAGES, REGIONS, marked, translations
from api.settings import Settings
from api.storage import preferences, scorecards
from api.storage.database import AWAY, Database
from api.storage.preferences import LEAST_AUDIT_DAYS, Retention
from api.trust import Card, card_of, figures_of

TEMPLATES = Path(__file__).parent / "templates" / "documents"


@dataclass(frozen=True, slots=True)
class Document:
    """One of the documents: what it is, the articles that ask for it, and its languages."""

    title: str
    law: str
    languages: tuple[str, ...] = ("en",)

    @property
    def for_everyone(self) -> bool:
        """Whether it speaks to the people whose calls are judged; the others are for offices."""
        return len(self.languages) > 1


_EVERY = tuple(LANGUAGES)
DOCUMENTS = {
    "worker-information": Document(
        marked("What you should know about Kasper"), "AI Act, Art. 26(7)", _EVERY
    ),
    "not-done": Document(marked("What Kasper does not do"), "AI Act, Art. 5 and 6(2)", _EVERY),
    "human-oversight": Document(
        marked("Who watches over Kasper"), "AI Act, Art. 14 and 26(2)", _EVERY
    ),
    "dpia": Document(marked("Data protection impact assessment"), "GDPR, Art. 35"),
    "fria": Document(marked("Fundamental rights impact assessment"), "AI Act, Art. 27"),
    "logs-and-retention": Document(marked("Logs and retention"), "AI Act, Art. 12, 19 and 26(6)"),
    "technical-documentation": Document(
        marked("Technical documentation"), "AI Act, Art. 11 and Annex IV"
    ),
}
# How each language marks what is left to the employer, and to their lawyer.
_FILL = {"en": "FILL IN", "da": "UDFYLD", "nb": "FYLL INN", "sv": "FYLL I"}
_CHECK = {
    "en": "LET A LAWYER CHECK",
    "da": "LAD EN JURIST SE PÅ DET",
    "nb": "LA EN JURIST SE PÅ DET",
    "sv": "LÅT EN JURIST TITTA",
}
_WORDS = "|".join((*_FILL.values(), *_CHECK.values()))
_MARKS = re.compile(rf"<strong>(\[(?:{_WORDS}): .*?\])</strong>")
# Babel's Swedish day is a day and a night.
_DAYS = {
    "en": ("day", "days"),
    "da": ("dag", "dage"),
    "nb": ("dag", "dager"),
    "sv": ("dag", "dagar"),
}
# What would be read as Markdown in words that come from elsewhere.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
# Findings that are named as the least reliable.
_WEAKEST = 3


@dataclass(frozen=True, slots=True)
class Installation:
    """What the documents are made from.

    `stored` is false where there is no database yet: retention and scorecard are then those that a
    new installation begins with.
    """

    settings: Settings
    model: ModelInfo
    retention: Retention
    scorecard: Scorecard
    stored: bool


def installation(settings: Settings, model: ModelInfo) -> Installation:
    """The installation of these settings, with what its admins have set since, if it has begun."""
    begun = not settings.url.startswith("sqlite:///") or Path(settings.url[10:]).exists()
    if begun:
        with contextlib.closing(Database(settings.url)) as database:
            if database.is_current():
                with database.reading() as db:
                    return stored(db, settings, model)
            if not database.is_empty():
                raise UsageError("The database has older tables; back it up, run `kasper migrate`.")
    retention = Retention(
        settings.keep_calls_days, settings.keep_audit_days, settings.keep_jobs_days
    )
    return Installation(settings, model, retention, default_scorecard(), stored=False)


def stored(db: Any, settings: Settings, model: ModelInfo) -> Installation:
    """The installation whose database this is."""
    return Installation(
        settings,
        model,
        preferences.retention(db, settings),
        loads(scorecards.active(db).toml),
        stored=True,
    )


def write(name: str, language: str, about: Installation, today: date) -> str:
    """The document as Markdown; `name` is one of `DOCUMENTS`, or the part `_as-set` of one."""
    card = card_of(about.model)
    questions = [own for section in about.scorecard.sections for own in section.questions]
    say = translations(language).gettext
    text = (
        _environment(language)
        .get_template(f"{name}.{language}.md.j2")
        .render(
            about=about,
            settings=about.settings,
            figures=figures_of(about.model),
            card=card,
            weakest=_weakest(card),
            sighs=[say(own.text) for own in questions if "sigh" in own.measure],
            automatic_fail=any(
                choice.automatic_fail for own in questions for choice in own.answer_choices
            ),
            usual_min_calls=Settings.model_fields["min_calls"].default,
            today=today,
            documents=DOCUMENTS,
            roles=list(Role),
            allowed=ALLOWED,
            permissions=list(Permission),
            least_audit_days=LEAST_AUDIT_DAYS,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" +\n", "\n", text)).strip() + "\n"


def to_html(text: str) -> Markup:
    """Markdown as HTML, in which those places are marked; no HTML of the text's own passes."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return Markup(_MARKS.sub(r"<mark>\1</mark>", html))


def files(
    about: Installation, today: date, languages: Sequence[str] = _EVERY
) -> Iterator[tuple[str, str]]:
    """Every document by its file name, as Markdown and as a page to be printed."""
    listed = []
    for name, document in DOCUMENTS.items():
        for language in document.languages:
            if language in languages or not document.for_everyone:
                text = write(name, language, about, today)
                listed.append((f"{name}.{language}", document, to_html(text).count("<mark>")))
                yield from _both(f"{name}.{language}", text, language)
    yield from _both("model-card", _model_card(), "en")
    readme = _environment("en").get_template("README.md.j2")
    yield "README.md", readme.render(about=about, today=today, listed=listed)


def archive(about: Installation, today: date) -> bytes:
    """All of them in a zip file."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as zip_file:
        for name, text in files(about, today):
            zip_file.writestr(f"kasper-documents/{name}", text)
    return packed.getvalue()


def _both(name: str, text: str, language: str) -> Iterator[tuple[str, str]]:
    title = text.partition("\n")[0].lstrip("# ")
    page = _environment(language).get_template("page.html.j2")
    yield f"{name}.md", text
    yield f"{name}.html", page.render(title=Markup.escape(title), body=to_html(text))


def _model_card() -> str:
    """The card that lies beside the weights, without links to files that do not come along."""
    text = (published_folder() / "MODEL_CARD.md").read_text("utf-8")
    text = re.sub(r"<!--.*?-->\n*", "", text, flags=re.S)
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)", r"\1", text)


def _weakest(card: Card | None) -> list[Any]:
    """The findings that are most often wrong or missed."""
    rows = card.labels if card else []
    return sorted(rows, key=lambda row: min(row.precision, row.recall))[:_WEAKEST]


@cache
def _environment(language: str) -> Environment:
    """Jinja for Markdown in one language: words from elsewhere stay words."""
    region, say = REGIONS[language], translations(language).gettext
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_plain,
    )
    jinja.filters.update(
        days=lambda count: (
            f"{numbers.format_decimal(count, locale=region)} {_DAYS[language][count != 1]}"
        ),
        hours=lambda count: units.format_unit(count, "hour", "long", locale=region),
        day=lambda value: dates.format_date(value, "long", locale=region),
        number=lambda value, decimals=0: numbers.format_decimal(
            value, format="#,##0." + "0" * decimals + "##" * (not decimals), locale=region
        ),
        of_100=lambda share: round(100 * share),
        called=lambda label: say(_TITLES[label]),
    )
    jinja.globals.update(
        _=say,
        fill=_marker(_FILL[language]),
        check=_marker(_CHECK[language]),
        language=language,
        version=__version__,
        traits=TRAITS,
    )
    return jinja


_TITLES = {trait.name: trait.title for trait in TRAITS}


def _marker(word: str) -> Callable[[str], Markup]:
    return lambda what: Markup(f"**[{word}: {what}]**")


def _plain(value: object) -> object:
    """A value that comes from elsewhere as words, not as Markdown."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", value))
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="kasper documents",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder, made if needed")
    parser.add_argument(
        "--language", action="append", choices=_EVERY, help="can be given several times; all if not"
    )
    options = parser.parse_args(arguments)
    settings = Settings()
    try:
        about = installation(settings, default_classifier().info)
    except AWAY as error:
        kind = type(getattr(error, "orig", error)).__name__
        raise UsageError(
            f"The database does not answer ({kind}); see KASPER_DATABASE_URL."
        ) from None
    options.output.mkdir(parents=True, exist_ok=True)
    written = list(files(about, datetime.now(UTC).date(), options.language or _EVERY))
    for name, text in written:
        (options.output / name).write_text(text, "utf-8")
    sys.stdout.write(f"{len(written)} files in {options.output}; begin with README.md.\n")
    if not about.stored:
        sys.stdout.write(
            "There is no database yet: retention and scorecard are those of a new installation.\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
