"""Outputs that break their own bounds: the fault of the flow, at its line, and to be expected."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from flowdsl.testing.outcome import FAILED
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems, results, suite_of
from tests.support.rows import for_rows, in_rows

BODY = """
press "F5"
extract row: { n: int?, code: string?, codes: string[]?, at: { name: string? }? } from "the row"
emit n = row.n
emit code = row.code
emit codes = row.codes
emit at = row.at
extract rows: { n: int }[] from "the rows"
for each_row in rows max 9 { emit rows += { n: each_row.n } }
"""
SECTIONS = """
outputs {
  n: int? @min(0) @max(5)
  code: string? @pattern(r"^[A-Z]+$") @min_length(2) @max_length(3)
  codes: string[]? @min_items(1) @max_items(2)
  at: { name: string? @max_length(3) }?
  rows: { n: int @max(9) }[] @max_items(2)
}
"""
SOURCE = workflow(BODY, sections=SECTIONS)


def source_of(reads: str, expected: str, rows: str = "[]") -> str:
    row = f"row = {{ {reads} }} rows = {rows}"
    return f'{SOURCE}\ntest "t" for w {{ reads {{ {row} }} {expected} }}'


BROKEN = {
    "min": ("n: -1", "[]", "the output `n` is below its `@min` of 0: -1", "emit n"),
    "max": ("n: 6", "[]", "the output `n` is above its `@max` of 5: 6", "emit n"),
    "pattern": (
        'code: "ab"',
        "[]",
        'the output `code` does not match its `@pattern` of r"^[A-Z]+$": "ab"',
        "emit code",
    ),
    "short": (
        'code: "A"',
        "[]",
        'the output `code` is shorter than its `@min_length` of 2: "A"',
        "emit code",
    ),
    "long": (
        'code: "ABCD"',
        "[]",
        'the output `code` is longer than its `@max_length` of 3: "ABCD"',
        "emit code",
    ),
    "few": (
        "codes: []",
        "[]",
        "the output `codes` has 0 entries, fewer than its `@min_items` of 1",
        "emit codes",
    ),
    "many": (
        'codes: ["a", "b", "c"]',
        "[]",
        "the output `codes` has 3 entries, more than its `@max_items` of 2",
        "emit codes",
    ),
    "nested": (
        'at: { name: "Anna" }',
        "[]",
        'the output `at.name` is longer than its `@max_length` of 3: "Anna"',
        "emit at",
    ),
    "entry": (
        "n: 1",
        "[{ n: 1 }, { n: 10 }]",
        "the output `rows[1].n` is above its `@max` of 9: 10",
        "emit rows",
    ),
    "entries": (
        "n: 1",
        "[{ n: 1 }, { n: 2 }, { n: 3 }]",
        "the output `rows` has 3 entries, more than its `@max_items` of 2",
        "emit rows",
    ),
}


@for_rows(lambda: BROKEN)
def test_an_output_that_breaks_its_bound_is_the_fault_of_the_flow(kind: str) -> None:
    reads, rows, message, emit = BROKEN[kind]
    (found,) = results(source_of(reads, "outputs { ... }", rows))
    (problem,) = found.problems
    assert (problem.kind, problem.message) == (FAILED, message)
    source = "flow 1\n" + SOURCE
    assert emit in source.splitlines()[problem.place.line - 1]
    assert problems(source_of(reads, f"outputs refused {_quoted(message)}", rows)) == []
    part = message.partition(":")[0].replace('"', '\\"')
    assert problems(source_of(reads, f'outputs refused ~"{part}"', rows)) == []


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def test_the_deployed_schema_refuses_the_same_outputs() -> None:
    """The second witness is the library that checks JSON Schemas, without FlowDSL's words."""
    suite = suite_of(SOURCE)
    (symbol,) = suite.model.workflows
    schema = suite.payload(symbol).output_schema
    assert schema is not None
    validator = Draft202012Validator(json.loads(schema))
    whole = {"n": 1, "code": "AB", "codes": ["a"], "at": {"name": "Ann"}, "rows": [{"n": 9}]}
    assert validator.is_valid(whole)
    for name, value in (
        ("n", -1),
        ("n", 6),
        ("code", "ab"),
        ("code", "A"),
        ("code", "ABCD"),
        ("codes", []),
        ("codes", ["a", "b", "c"]),
        ("at", {"name": "Anna"}),
        ("rows", [{"n": 1}, {"n": 10}]),
        ("rows", [{"n": 1}, {"n": 2}, {"n": 3}]),
    ):
        assert not validator.is_valid(whole | {name: value}), name


@in_rows(
    ("reads", "expected", "message"),
    [
        ("n: 1", "outputs refused", "the outputs are not refused: the run works through all"),
        ("n: -1", 'outputs refused "no"', '"no" is expected, and the output `n` is below'),
        ("n: -1", 'outputs refused does press "F5"', None),
    ],
)
def test_what_is_expected_of_refused_outputs(
    reads: str, expected: str, message: str | None
) -> None:
    found = problems(source_of(reads, expected))
    assert len(found) == (message is not None)
    assert all(message is not None and message in each for each in found)


def test_the_result_of_a_task_is_refused_as_an_output_is() -> None:
    source = 'task t() -> { n: int @min(0) } { extract n: int from "n" emit n = n }\n' + workflow(
        'call t() as got press "F5"'
    )
    test = 'test "t" for task t {{ reads {{ n = -1 }} {} }}'
    assert problems(source + test.format("outputs refused")) == []
    (found,) = problems(source + test.format("result { ... }"))
    assert "the result field `n` is below its `@min` of 0: -1" in found
