from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from analyzer.report import Report
from analyzer.standouts import shortened, standouts

Scored = Callable[..., Report]


def test_in_a_star_call_what_keeps_customers_comes_first(scored: Scored) -> None:
    report = scored("A: ikke mit bord", "A: Det beklager jeg", "C: ja", "C: nå, ja")

    found = standouts(replace(report, band="star"), 2)

    assert [item.label for item in found] == ["apology", "deflection"]


def test_in_other_calls_what_drives_customers_away_comes_first(scored: Scored) -> None:
    report = scored(
        "A: Det beklager jeg", "C: simpelthen for dårligt", "A: ikke mit bord", "A: ikke mit bord"
    )

    found = standouts(report, 3)

    assert [item.label for item in found] == ["deflection", "frustration", "apology"]
    assert [item.turns for item in found] == [2, 1, 1]


def test_no_more_than_asked_for_stand_out(scored: Scored) -> None:
    report = scored("A: Det beklager jeg", "C: simpelthen for dårligt", "A: ikke mit bord")

    assert len(standouts(report, 1)) == 1


def test_the_surest_evidence_stands_for_its_label(scored: Scored) -> None:
    (item, *_) = scored("A: ikke mit bord", "C: hej").evidence
    evidence = tuple(replace(item, turn=n, probability=p) for n, p in enumerate((0.6, 0.9, 0.7)))

    (found,) = standouts(replace(scored(), evidence=evidence), 3)

    assert found.evidence.turn == 1 and found.turns == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("short", "short"),
        ("two\n lines", "two lines"),
        ("letters, then more", "letters…"),
        ("onelongwordwithoutspaces", "onelongwor…"),
    ],
)
def test_a_quote_is_cut_at_a_word(text: str, words: str) -> None:
    assert shortened(text, 10) == words
