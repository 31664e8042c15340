"""Patterns in schemas and checks of workflows: the emulator runs them in linear time."""

from __future__ import annotations

import json
from typing import Any

from flowdsl.emulator.faults import Fault
from flowdsl.emulator.simulation.checks import CheckedFacts, evaluate, find_wanted_files
from flowdsl.emulator.simulation.schemas import find_schema_problems, read_schema
from flowdsl.source.matching_text import matching_text
from tests.support.cpu import cpu_seconds
from tests.support.rows import in_rows

EXPLOSIVE = ("(a+)+$", "^a*a*a*a*a*a*a*a*a*a*b$", "^(a?){45}a{45}$", "^(?=(a+)+$)b")
A = "a" * 3000 + "!"


def schema(**keywords: Any) -> dict[str, Any]:
    read = read_schema(json.dumps({"type": "object", **keywords}))
    assert read is not None
    return read


@in_rows("pattern", EXPLOSIVE)
def test_schemas_end(pattern: str) -> None:
    rules = {"properties": {"code": {"pattern": pattern}}}
    named = {"patternProperties": {pattern: {"type": "integer"}}}
    with cpu_seconds(10):
        found = find_schema_problems(schema(**rules), {"code": A})
        assert [each.keyword for each in found] == ([] if "?=" in pattern else ["pattern"])
        find_schema_problems(schema(**named, additionalProperties=False), {A: 1})
        find_schema_problems(schema(**named, unevaluatedProperties=False), {A: 1})


@in_rows("pattern", EXPLOSIVE)
def test_checks_and_made_up_names_end(pattern: str) -> None:
    check = {"name": "c", "type": "run_attachment_exists", "file_target_mode": "regex"}
    check |= {"file_name_regex": pattern, "expected_match_count": 3}
    facts = CheckedFacts({}, {}, [A, "a" * 60 + "!"], None, None)
    with cpu_seconds(10):
        evaluate(check, facts)
        find_wanted_files(check, facts)
        matching_text(pattern, at_least=60)


def test_names_that_no_pattern_knows_are_additional() -> None:
    closed = schema(
        properties={"code": {}},
        patternProperties={"^x_": {"type": "integer"}},
        additionalProperties=False,
    )
    assert find_schema_problems(closed, {"code": 1, "x_a": 2}) == []
    assert [each.keyword for each in find_schema_problems(closed, {"x_a": "b"})] == ["type"]
    (found,) = find_schema_problems(closed, {"y": 1, "x_a": 2})
    assert found.keyword == "additionalProperties"
    assert "y" in found.message
    typed = schema(patternProperties={"^x_": {}}, additionalProperties={"type": "integer"})
    assert [each.path for each in find_schema_problems(typed, {"x_a": "b", "y": "c"})] == [("y",)]
    unevaluated = schema(patternProperties={"^x_": {}}, unevaluatedProperties=False)
    assert [e.keyword for e in find_schema_problems(unevaluated, {"y": 1})] == [
        "unevaluatedProperties"
    ]


@in_rows("pattern", ["(", "[a", "a{2,1}", "a{" + "9" * 5000 + "}", "(" * 9000])
def test_a_schema_with_a_broken_pattern_is_none(pattern: str) -> None:
    for rules in (
        {"properties": {"x": {"pattern": pattern}}},
        {"patternProperties": {pattern: {}}},
    ):
        assert read_schema(json.dumps({"type": "object", **rules})) is None
    assert matching_text(pattern) is None


def test_a_route_with_many_wildcards_ends() -> None:
    fault = Fault(route="GET /" + "*a" * 40 + "b", kind="before", nth=None)
    with cpu_seconds(10):
        assert not fault.matches("GET", "/" + "a" * 2000)
        assert fault.matches("GET", "/" + "a" * 2000 + "b")
