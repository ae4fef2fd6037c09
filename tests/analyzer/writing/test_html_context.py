"""The templates of the HTML report use what their contexts hold, all of it and nothing else."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from analyzer.traits import Trait
from analyzer.writing.html import TEMPLATES, ReportContext, environment
from analyzer.writing.html_call import CallContext


@pytest.mark.parametrize(
    ("template", "context"), [("report.html.j2", ReportContext), ("_call.html.j2", CallContext)]
)
def test_contexts_hold_what_the_templates_use(template: str, context: type[Any]) -> None:
    assert _used(template) == {field.name for field in fields(context)}


def test_every_field_behind_a_context_is_used() -> None:
    trees = [environment().parse(path.read_text("utf-8")) for path in TEMPLATES.glob("*.j2")]
    read = {node.attr for tree in trees for node in tree.find_all(nodes.Getattr)}
    for part in {*_parts(ReportContext), *_parts(CallContext)} - {
        ReportContext,
        CallContext,
        Trait,
    }:
        assert {field.name for field in fields(part)} <= read, part


def _used(template: str) -> set[str]:
    tree = environment().parse((TEMPLATES / template).read_text("utf-8"))
    included = {node.template.value for node in tree.find_all(nodes.Include)}  # type: ignore[attr-defined]
    return find_undeclared_variables(tree).union(*map(_used, included))


def _parts(kind: Any) -> set[Any]:
    """The dataclasses that a type is made of."""
    parts = set().union(*map(_parts, get_args(kind)))
    if is_dataclass(kind):
        parts |= {kind}.union(*(_parts(hint) for hint in get_type_hints(kind).values()))
    return parts
