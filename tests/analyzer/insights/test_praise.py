from __future__ import annotations

from collections.abc import Callable

from analyzer.insights import praise
from analyzer.insights.log import Log

MakeLog = Callable[..., Log]
STAR = {"band": "star", "score": 90.0, "agent_id": "a-1"}


def test_a_star_call_is_praised_in_its_own_words(log: MakeLog) -> None:
    said = [("ownership", "den tager jeg"), ("satisfaction", "du er en engel")]
    made = log(("c-1", "2026-03-02", STAR, said), ("c-2", "2026-03-02", {"agent_id": "a-1"}, said))
    (found,) = praise(made, "a-1")

    assert found.call == "c-1" and found.customer and found.customer.words == "du er en engel"
    assert [(own.label, own.turn, own.words) for own in found.acts] == [
        ("ownership", 0, "den tager jeg")
    ]


def test_what_the_agent_says_in_every_call_is_no_reason(log: MakeLog) -> None:
    canned = [("empathy", "det kan jeg godt forstå")]
    made = [(f"c-{n}", "2026-03-02", STAR, canned) for n in range(6)]
    own = ("d-1", "2026-03-03", STAR, [*canned, ("ownership", "den tager jeg")])
    found = list(praise(log(*made, own)))

    assert [(star.call, [act.label for act in star.acts]) for star in found] == [
        ("d-1", ["ownership"])
    ]


def test_the_latest_star_call_comes_first_and_of_each_label_the_surest_words(
    log: MakeLog,
) -> None:
    made = log(
        ("c-1", "2026-03-02", STAR, [("apology", "undskyld")]),
        ("c-2", "2026-03-05", STAR, [("apology", "det må du undskylde"), ("apology", "sorry")]),
        ("c-3", None, STAR | {"agent_id": None}, [("apology", "undskyld")]),
    )
    made.evidence.loc[made.evidence["text"] == "sorry", "probability"] = 0.99
    first, second, last = praise(made)

    assert (first.call, first.acts[0].words, first.acts[0].turn) == ("c-2", "sorry", 1)
    assert second.call == "c-1"
    assert (last.call, last.day, last.agent_id) == ("c-3", None, None)
