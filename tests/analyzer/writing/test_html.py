"""The HTML report, read back with the parser of the standard library."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analyzer.conversation import Conversation, Turn
from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.traits import TRAIT, TRAITS
from analyzer.writing.html import HtmlWriter

ORDINARY = (
    "That is not my department.",
    "I am so tired of this, it is the third time I call.",
    "I am sorry about that, I will call you tomorrow.",
)
HOSTILE = (
    "<script>alert('x')</script></p></section>",
    "\"quotes\" 'and' & &amp; &lt; </style>",
    "{{ 7 * 7 }} {% raw %} {# gone #}",
    "😀 مرحبا بالعالم \u202e reversed \u2066 isolated",
    "  leading,\n\ttwo lines\r\nand a return\r  ",
)


def call(*texts: str, name: str = "c-1", **more: Any) -> Conversation:
    """A call in which the agent and the customer take turns."""
    turns = tuple(
        Turn(text, "customer", "C1") if index % 2 else Turn(text, "agent", "A1")
        for index, text in enumerate(texts)
    )
    return Conversation(name, turns, **{"language": "en", **more})


def ordinary(name: str = "c-1", **more: Any) -> Report:
    """The report on a short call."""
    return score(call(*ORDINARY, name=name, **more))


def found(report: Report, *spans: tuple[str, int, int, int, float]) -> Report:
    """The report with this evidence in place of its own, and nothing left for a person."""
    turns = report.conversation.turns
    evidence = tuple(
        Evidence(label, turn, start, end, turns[turn].text[start:end], sure, turns[turn].role)
        for label, turn, start, end, sure in spans
    )
    return replace(report, evidence=evidence, uncertain=())


class Page(HTMLParser):
    """What a reader of the page gets to see, by the class of the element that holds it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = defaultdict(list)
        self.marked: dict[str, str] = defaultdict(str)
        self.stack: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in values.items()]
        if tag not in ("meta", "col", "input"):
            self.stack.append((tag, values))
            for name in self._names(tag, values):
                self.texts[name].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tagged = any("tag" in values.get("class", "").split() for _, values in self.stack)
        for tag, values in self.stack:
            for name in self._names(tag, values):
                if not (tagged and name == "said"):
                    self.texts[name][-1] += data
            if "data-finding" in values and not tagged:
                call_id = next(v["id"] for t, v in self.stack if v.get("class") == "call")
                self.marked[f"{call_id} {values['data-finding']}"] += data

    @staticmethod
    def _names(tag: str, values: dict[str, str]) -> list[str]:
        return [tag, *values.get("class", "").split()]

    def values(self, *names: str) -> list[str]:
        """The values of all attributes of these names."""
        return [value for _, name, value in self.attributes if name in names]


def write(folder: Path, reports: Iterable[Report]) -> Page:
    with HtmlWriter(folder / "report.html") as writer:
        for report in reports:
            writer.write(report)
    return Page((folder / "report.html").read_bytes().decode("utf-8"))


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = write(tmp_path, [ordinary()])
    assert page.values("src", "srcset", "data", "action", "poster", "ping") == []
    assert all(value.startswith("#") for value in page.values("href"))
    assert not re.search(r"url\(|@import|@font-face", page.html)
    assert "//" not in "".join(page.texts["style"])


def test_only_its_own_script_may_run(tmp_path: Path) -> None:
    page = write(tmp_path, [ordinary()])
    (script,) = page.texts["script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    assert "default-src 'none'" in policy and f"'sha256-{digest}'" in policy


def test_every_link_leads_somewhere_even_when_calls_share_an_id(tmp_path: Path) -> None:
    page = write(tmp_path, [ordinary(), ordinary()])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {value.removeprefix("#") for value in page.values("href")} <= set(ids)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_text_of_every_turn_survives(tmp_path: Path, text: str) -> None:
    report = score(call("Hello, how can I help?", text, "Thank you.", text))
    report = found(report, ("frustration", 1, 2, len(text) - 2, 0.9))
    page = write(tmp_path, [report])
    assert page.texts["said"] == [turn.text for turn in report.conversation.turns]
    assert page.marked == {"c1 0": text[2:-2]}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(tmp_path: Path, text: str) -> None:
    report = ordinary(text, customer_id=text, queue=text, source=text, format=text, language="en")
    page = write(tmp_path, [report])
    assert len(page.texts["script"]) == 1
    assert text.strip() in page.texts["h3"][-1]
    assert "49" not in "".join(page.texts["h3"])


def test_damaged_characters_do_not_stop_the_report(tmp_path: Path) -> None:
    page = write(tmp_path, [score(call("half \ud83d of a pair", "a \0 NUL"))])
    assert page.texts["said"] == ["half \ufffd of a pair", "a \ufffd NUL"]


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 10), (5, 15)],
        [(0, 26), (8, 11)],
        [(3, 9), (3, 9), (3, 9)],
        [(0, 5), (5, 10), (10, 26)],
        [(0, 12), (4, 20), (8, 26), (9, 10)],
    ],
)
def test_overlapping_evidence_is_marked_exactly(
    tmp_path: Path, spans: list[tuple[int, int]]
) -> None:
    labels = ("blame", "empathy", "deflection", "apology")
    overlapping = [
        (label, 0, start, end, 0.9) for label, (start, end) in zip(labels, spans, strict=False)
    ]
    report = found(ordinary(), *overlapping)
    page = write(tmp_path, [report])
    assert page.marked == {f"c1 {i}": item.text for i, item in enumerate(report.evidence)}
    assert page.texts["said"] == [turn.text for turn in report.conversation.turns]
    shown = {text.split(",")[0] for text in page.texts["tag"][-2 * len(spans) :]}
    assert shown == {TRAIT[item.label].title for item in report.evidence}


def test_evidence_of_the_model_is_marked(tmp_path: Path) -> None:
    reports = [ordinary("a"), ordinary("b")]
    page = write(tmp_path, reports)
    expected = {
        f"c{n} {i}": item.text
        for n, report in enumerate(reports, 1)
        for i, item in enumerate(report.evidence)
    }
    assert expected and page.marked == expected


def test_doubtful_findings_carry_a_question_mark(tmp_path: Path) -> None:
    spans = ("deflection", 0, 0, 26, 0.59), ("frustration", 1, 0, 4, 0.6)
    page = write(tmp_path, [found(ordinary(), *spans)])
    first, second = page.texts["tag"][-4:-2]
    assert "?" in first and "59% sure" in first
    assert "?" not in second and "60% sure" in second


@pytest.mark.parametrize(
    ("conversation", "why"),
    [
        (call("Hello?"), "only one side of the call can be read"),
        (
            call("Guten Tag.", "Hallo.", language="de"),
            "the language is not one that Kasper can judge",
        ),
    ],
)
def test_a_call_without_a_score_says_why(
    tmp_path: Path, conversation: Conversation, why: str
) -> None:
    page = write(tmp_path, [ordinary(), score(conversation)])
    assert why in page.texts["refusal"][0] and why in page.texts["unscored"][0]
    assert "2 calls, 1 scored" in page.texts["lead"][0]
    assert page.texts["said"][-1] == conversation.turns[-1].text


def test_transcripts_name_their_language(tmp_path: Path) -> None:
    page = write(tmp_path, [ordinary(language="sv")])
    assert page.values("lang").count("sv") >= 3
    assert page.values("lang")[0] == "en"


def test_every_trait_is_explained(tmp_path: Path) -> None:
    page = write(tmp_path, [])
    for trait in TRAITS:
        assert trait.title in page.texts["dt"] and trait.definition in page.texts["dd"]
    assert "0 calls" in page.texts["lead"][0]


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with pytest.raises(KeyError), HtmlWriter(target) as writer:
        writer.write(ordinary())
        raise KeyError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    writer = HtmlWriter(tmp_path / "report.html")
    writer.write(ordinary())
    assert not (tmp_path / "report.html").exists()
    writer.close()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
