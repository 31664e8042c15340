"""Syntax errors: one for each mistake, at the exact place, and the rest of the file is kept."""

from __future__ import annotations

import pytest

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.recovery.recovery import MAX_ERRORS
from tests.support.rows import in_rows


def parse(text: str) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    sink = Sink()
    module = parse_module(SourceFile("x.flow", text), sink)
    return module, sink.findings_in_order()


def found(text: str) -> list[str]:
    """`line:column-column name` of everything reported; the second column ends the range."""
    return [
        f"{d.span.first.line}:{d.span.first.column}-{d.span.last.column} {d.name}"
        for d in parse(text)[1]
    ]


def names(text: str) -> list[str]:
    declarations = parse(text)[0].declarations
    return [getattr(getattr(d, "name", None), "text", "test") for d in declarations]


def steps(body: str) -> str:
    return f"flow 1\nworkflow w {{ steps {{\n{body}\n}} }}\nconst after = 1\n"


@in_rows(
    ("text", "expected", "edition"),
    [
        ("", ["1:1-1 missing-edition"], 0),
        ("  # nothing\n", ["2:1-1 missing-edition"], 0),
        ("const a = 1", ["1:1-6 missing-edition"], 0),
        ("flow\nconst a = 1", ["1:1-5 missing-edition"], 0),
        ('flow "1"\nconst a = 1', ["1:1-9 missing-edition"], 0),
        ("flow: 1\nconst a = 1", ["1:1-8 missing-edition"], 0),
        ("Flow 1\nconst a = 1", ["1:1-7 missing-edition"], 0),
        ("flow1\nconst a = 1", ["1:1-6 missing-edition"], 0),
        ("version: 1.0\nconst a = 1", ["1:1-13 missing-edition"], 0),
        ("flow v1 const a = 1", ["1:1-8 missing-edition"], 0),
        ("flow 7\nconst a = 1", ["1:6-7 unknown-edition"], 7),
        ("flow 1\nconst a = 1", [], 1),
    ],
)
def test_editions(text: str, expected: list[str], edition: int) -> None:
    assert found(text) == expected
    assert parse(text)[0].edition == edition
    assert names(text) == (["a"] if "const" in text else [])


@in_rows(
    ("body", "expected"),
    [
        ('do "x', ["3:4-5 unterminated-text"]),
        ('do r"x', ["3:4-6 unterminated-text"]),
        ("wait 5mx", ["3:6-9 malformed-number"]),
        ("- Click OK", ["3:1-2 unknown-character"]),
        ('if x do "a"', ["3:6-8 unexpected-token"]),
        ("Click the button", ["3:1-6 unexpected-token"]),
        ('press\ndo "a"', ["3:1-6 unfinished-line"]),
    ],
)
def test_a_broken_statement_is_left_out_of_its_declaration(body: str, expected: list[str]) -> None:
    assert found(steps(body)) == expected
    module, _ = parse(steps(body))
    assert names(steps(body)) == ["w", "after"]
    assert module.unread == ()
    assert [hole.span(module.source).first.line for hole in module.holes] == [3]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('if x do "a" }', ["3:5-5 missing-token"]),
        ('if sees "a" { do "b"', ["4:4-4 missing-token"]),
    ],
)
def test_where_braces_do_not_balance_the_declaration_is_dropped(
    body: str, expected: list[str]
) -> None:
    assert found(steps(body)) == expected
    assert names(steps(body)) == ["after"]


@in_rows(
    ("body", "expected"),
    [
        ('do "a"; do "b"', ["3:7-8 unknown-character"]),
        ('extrct x: string from "y"', ["3:1-7 misspelt-keyword"]),
        ('if sees "a" { } elif sees "b" { }', ["3:17-21 misspelt-keyword"]),
        ('type x "field"', ["3:8-8 missing-token"]),
        ("call t(a: 1", ["3:12-12 missing-token"]),
        ("call t(a = 1)", ["3:10-11 wrong-sign"]),
        ("call t(a 1)", ["3:9-9 missing-token"]),
        ('"Click OK"', ["3:1-1 missing-token"]),
        ("if x = 1 { }", ["3:6-7 wrong-sign"]),
        ('do "a" )', ["3:8-9 unexpected-token"]),
        ("do “x”", ["3:4-5 unknown-character"]),
        ("do 'x'", ["3:4-7 unexpected-token"]),
        ("for x in {list} { }", ["3:10-11 unexpected-token"]),
        ("if x && y || !z { }", ["3:6-7 unknown-character"]),
    ],
)
def test_one_token_is_repaired_and_the_declaration_kept(body: str, expected: list[str]) -> None:
    assert found(steps(body)) == expected
    assert names(steps(body)) == ["w", "after"]


def test_a_repair_offers_the_edit_that_makes_it() -> None:
    text = "flow 1\ntype A {\n  a string\n}\n"
    (diagnostic,) = parse(text)[1]
    (edit,) = diagnostic.fixes[0].edits
    fixed = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    assert fixed == "flow 1\ntype A {\n  a: string\n}\n"
    assert found(fixed) == []


def test_a_missing_brace_points_at_the_one_it_closes() -> None:
    text = "flow 1\nworkflow a {\n  inputs { x: string }\nworkflow b { }\n"
    (diagnostic,) = parse(text)[1]
    assert diagnostic.message == "`}` is missing before `workflow`"
    assert [label.span.first.line for label in diagnostic.labels] == [2]
    assert names(text) == ["b"]


@in_rows(
    ("text", "expected", "kept"),
    [
        ("flow 1\nworkflow a { } }\nconst b = 1", ["2:16-17 unexpected-token"], ["a", "b"]),
        ('flow 1\nconst a = 1\nimport "x" as y', ["3:1-7 misplaced-import"], ["a"]),
        (
            'flow 1\nworkflow a { steps {\n} }\n}\n type x into "y"\n}\nconst b = 1',
            ["4:1-2 unexpected-token"],
            ["a", "b"],
        ),
        (
            'flow 1\nworkflow a { steps {\n if sees "x" {\n do "y"\nworkflow b { }',
            ["4:8-8 missing-token"],
            ["b"],
        ),
        (
            "flow 1\nconst a = [}\nconst b = 1\nconst c = )\nconst d = 1",
            ["2:12-13 unexpected-token", "4:11-12 unexpected-token"],
            ["b", "d"],
        ),
        (
            'flow 1\ntask t() {\n do """\n  a\n do """\n  b\n """\n}\n',
            ["3:5-8 unterminated-text"],
            ["t"],
        ),
        (
            (
                'flow 1\ntask t() {\n  do """\n    a\n}\n\nconst b = 1\ntask u() {\n  do """\n   '
                ' b\n  """\n}'
            ),
            ["3:6-9 unterminated-text"],
            ["t", "b", "u"],
        ),
        (
            'flow 1\ntask t() {\n  do\n    a\n  """\n  do "b"\n}\nconst b = 1',
            ["4:5-6 unopened-text"],
            ["t", "b"],
        ),
        (
            'flow 1\ntask t() {\n  do "a\n  do "b"\n}\nconst b = 1',
            ["3:6-7 unterminated-text"],
            ["t", "b"],
        ),
        (
            'flow 1\nconst a =\nconst b = 1\n@owner("x")\ntask t(\n@owner("y")\ntask u() { }',
            ["2:9-10 unfinished-declaration", "5:7-8 unfinished-declaration"],
            ["b", "u"],
        ),
        (
            'flow 1\nworkflow a { inputs { x: string } }\n  steps { do "b" }\n}\nconst b = 1',
            ["3:3-8 unexpected-token"],
            ["b"],
        ),
    ],
)
def test_reading_goes_on_at_the_next_declaration(
    text: str, expected: list[str], kept: list[str]
) -> None:
    assert found(text) == expected
    assert names(text) == kept


def test_every_broken_statement_is_reported() -> None:
    body = 'do ;\ndo "a"\nclick "b"\ndo "c"\nwait 5\nif x {\n  - Press Enter\n  do "d"\n}\nend'
    assert found(steps(body)) == [
        "3:4-5 unknown-character",
        "5:1-6 unexpected-token",
        "7:6-7 unexpected-token",
        "9:3-4 unknown-character",
        "12:1-4 unexpected-token",
    ]
    assert names(steps(body)) == ["w", "after"]


@in_rows(
    ("text", "expected"),
    [
        ("type A { a: }\nconst b = 1", [("A",)]),
        ('@owner("x")\ntask t( {\nconst b = 1', [("t",)]),
        ('import { a, b as c } form "./x.flow"\nconst b = 1', []),
        ('import { a, b as c } ; "./x.flow"\nconst b = 1', [("a", "b", "c", "x", "flow")]),
        ("def open() { }\nconst b = 1", [("def", "open")]),
        ('  do "x"\n}\nconst b = 1', [None]),
        ('test "x" for { }\nconst b = 1', [()]),
        ('workflow w { steps {\n do\n do "x" } }\nconst b = 1', []),
    ],
)
def test_what_cannot_be_read_keeps_its_names(
    text: str, expected: list[tuple[str, ...] | None]
) -> None:
    module, _ = parse(f"flow 1\n{text}")
    assert [part.names for part in module.unread] == expected


@in_rows(
    "text",
    [
        "flow 1\nconst a = " + "[" * 20_000 + "]" * 20_000,
        "flow 1\nworkflow w { steps { if " + "not " * 20_000 + "x { } } }",
        "flow 1\ntype T = string" + "[]" * 20_000,
        "flow 1\nworkflow w { steps { " + 'if sees "x" { ' * 5_000,
    ],
)
def test_nesting_has_a_limit_and_no_recursion(text: str) -> None:
    assert [d.name for d in parse(text)[1]] == ["nesting-too-deep"]


def test_nesting_up_to_the_limit_is_read() -> None:
    assert found("flow 1\nconst a = " + "[" * 199 + "]" * 199) == []


def test_a_number_has_a_limit() -> None:
    assert found("flow 1\nconst a = " + "9" * 5_000) == ["2:11-5011 number-too-long"]


def test_the_message_names_at_most_six_alternatives() -> None:
    (diagnostic,) = parse(steps("choose x"))[1]
    assert diagnostic.message == "`x` cannot stand here; expected text"
    (diagnostic,) = parse("flow 1\nworkflow w { ] }")[1]
    assert diagnostic.message == (
        "`]` cannot stand here; expected a section of the workflow, a name with `=` or `}`"
    )


def test_a_file_of_nothing_but_errors_is_left_alone_after_a_while() -> None:
    assert len(parse("flow 1\n" + "const [\n" * 1_000)[1]) <= MAX_ERRORS
