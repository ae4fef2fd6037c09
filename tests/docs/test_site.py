"""The site of the documents: built without a warning, whole, and self-contained."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from typer.main import get_command

import analyzer
from analyzer.cli import app as cli
from analyzer.reading.formats import ALL_FORMATS
from api.settings import Settings
from tests.docs.documents import DOCUMENTS, ROOT

# Elements whose `src` or `href` a browser fetches by itself.
_FETCHED = {
    ("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"),
    ("video", "src"), ("audio", "src"), ("object", "data"), ("embed", "src"), ("use", "href"),
}  # fmt: skip
_URL = re.compile(r"@import\s+[\"']([^\"']+)|url\(\s*[\"']?([^\"')]+)")


@dataclass
class Page(HTMLParser):
    """What a page links to, fetches, and can be linked by."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    styles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name == "style" and value:
                self.styles.append(value)
            elif name == "href" and tag == "a" and value:
                self.links.append(value)
            elif (tag, name) in _FETCHED and value:
                self.fetched.append(value)
            elif name == "srcset" and value:
                self.fetched += [part.split()[0] for part in value.split(",")]

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it; any warning of Sphinx fails it."""
    folder = tmp_path_factory.mktemp("site")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (command,) = re.findall(r"^\t\$\(BIN\)/python (-m sphinx .*) site$", makefile, re.M)
    done = subprocess.run(
        [sys.executable, *command.split(), "-d", str(folder / "state"), str(folder / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of the site."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" not in path.parts:
            found[path] = Page()
            found[path].feed(path.read_text("utf-8"))
    return found


def test_every_document_is_a_page(site: Path) -> None:
    missing = [name for name in DOCUMENTS if not (site / name).with_suffix(".html").exists()]

    assert missing == []


def test_every_link_of_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    lost = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages[target].anchors if target in pages else {parts.fragment}
            if not target.is_file() or parts.fragment and parts.fragment not in known:
                lost.append(f"{path.name}: {link}")
    assert lost == []


def test_nothing_is_fetched_from_outside(site: Path, pages: dict[Path, Page]) -> None:
    fetched = [(path, link) for path, page in pages.items() for link in page.fetched]
    sheets = [(path, path.read_text("utf-8")) for path in site.rglob("*.css")]
    sheets += [(path, style) for path, page in pages.items() for style in page.styles]
    fetched += [
        (path, first or second) for path, text in sheets for first, second in _URL.findall(text)
    ]

    outside = [link for _, link in fetched if urlsplit(link).scheme not in ("", "data")]
    assert outside == [] and not any(link.startswith("//") for _, link in fetched)
    lost = [
        link
        for path, link in fetched
        if not link.startswith(("data:", "#"))
        and not (path.parent / unquote(urlsplit(link).path)).is_file()
    ]
    assert lost == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("cli", [f"kasper {name}" for name in sorted(get_command(cli).commands)]),
        ("configuration", [f"KASPER_{name.upper()}" for name in Settings.model_fields]),
        ("formats", [own.recognised_by.split("`")[0] for own in ALL_FORMATS]),
        ("python", analyzer.__all__),
    ],
    ids=["cli", "configuration", "formats", "python"],
)
def test_a_reference_names_everything(site: Path, page: str, names: list[str]) -> None:
    html = (site / "docs" / f"{page}.html").read_text("utf-8")
    text = re.sub(r"<[^>]+>", "", html).replace("&#x27;", "'")

    assert [name for name in names if name not in text] == []


def test_the_reference_of_the_api_has_every_operation(site: Path) -> None:
    html = (site / "docs" / "api.html").read_text("utf-8")
    text = re.sub(r"<[^>]+>", "", html)

    for operation in ("POST /v1/score", "GET /v1/calls", "POST /v1/uploads", "GET /v1/audit"):
        assert operation in text
    assert "Permission: calls:score" in " ".join(text.split())
