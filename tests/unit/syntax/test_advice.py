"""What people bring from elsewhere.

One diagnostic each, at the exact column, that names the right form.
"""

from __future__ import annotations

import pytest

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles, UnreadableFile
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module
from tests.support.rows import for_rows, in_rows


def only(text: str) -> tuple[str, Diagnostic]:
    """Where the one diagnostic of a text is (`line:column`), and itself.

    What follows the mistake is kept.
    """
    sink = Sink()
    module = parse_module(SourceFile("x.flow", text), sink)
    (found,) = sink.findings_in_order()
    if "const after" in text:
        assert "after" in [getattr(each, "name", each).text for each in module.declarations]
    return f"{found.span.first.line}:{found.span.first.column}", found


def advised(text: str) -> tuple[str, str]:
    place, found = only(text)
    fixes = " ".join(edit.replacement for fix in found.fixes for edit in fix.edits)
    return place, f"{found.message}; {found.help}; {fixes}"


IN_STEPS = [
    # Markdown
    ("* Click OK\n* Press Enter", 1, 'do "..."'),
    ("1. Click OK", 1, 'do "..."'),
    ('1. do "a"', 1, "leave out `1.`"),
    ("2) Click OK", 1, 'do "..."'),
    ("**Click** OK", 1, 'do "..."'),
    ("> Click OK", 1, 'do "..."'),
    ("[ ] Click OK", 1, 'do "..."'),
    ('```\ndo "a"\n', 1, "fence"),
    # Control flow
    ("if x { } elseif y { }", 10, "else if"),
    ("if x { } elif y: { }", 10, "else if"),
    ("if x { } elif: { }", 10, "write `else`|else"),
    ("if x: { }", 5, "leave out `:`"),
    ('else:\n  do "a"', 1, "behind the `}` of its `if`"),
    ("foreach x in list { }", 1, "for x in list"),
    ("foreach x of list { }", 1, "for x in list"),
    ("for each x in list { }", 10, "for x in list"),
    ("for (x in list) { }", 5, "for x in list"),
    ("repeat 3 { }", 8, "for i in 3"),
    ("retry 3 times { }", 9, "leave out `times`"),
    ("retry { }", 7, "retry 3"),
    ("break", 1, "finish"),
    # Conditions
    ("if x <> 1 { }", 7, "a != b"),
    ("if x is y { }", 9, "compared with `==`"),
    ('if x includes "a" { }', 6, 'contains "..."'),
    ('if x starts_with "a" { }', 6, 'starts with "..."'),
    ('if x begins with "a" { }', 6, 'starts with "..."'),
    ('if x not contains "a" { }', 10, 'not x contains "..."'),
    ('if x does not contain "a" { }', 6, 'not x contains "..."'),
    ('if x in ("a", "b") { }', 9, 'x in ["a", "b"]'),
    ('if x is in ["a"] { }', 9, "leave out `is`"),
    ('match x { case "a" { } }', 11, 'match x { "a" { }'),
    ("match x { _ { } }", 11, "`else { }`"),
    ('match x { "a" | "b" { } }', 15, "commas"),
    ('match x { "a": { } }', 14, "leave out `:`"),
    ("match x { a { } }", 11, "double quotes"),
    ('match x { "a" { } } else { }', 21, "last in a `match`"),
    # Names and values
    ("function open() { }", 1, "task name()"),
    ('print "x"', 1, "emit name = value"),
    ("call t() -> r", 10, "`as`"),
    ("call t", 6, "`()`"),
    ("emit x: 1", 7, "="),
    ("emit ä = 1", 6, "ASCII"),
    ("wait 5 s", 6, "write `5s`"),
    ("emit {{x}} = 1", 6, "write `x = ...`"),
    ('extract x string from "y"', 11, "write `x: string`"),
    # Text
    ("do `a`", 4, "double quotes"),
    ("do ‘a’", 4, "double quotes"),
    ('do "a”', 4, "double quotes"),
    ('do ("a")', 4, "no round brackets"),
    ('do: "a"', 3, "leave out `:`"),
    ("do {x}", 4, 'write `"{x}"`'),
    ('type { x } into "y"', 6, "write `x`"),
    ('type ${x} into "y"', 7, "write `x`"),
    ('do "${x}"', 5, "{x}"),
    ('do "{{{x}}}"', 5, "{{x}}"),
    ('do "{x y}"', 5, "x_y"),
    ('do "{x"', 5, "close it with `}`"),
    ('do "a", "b"', 7, "its own `do`"),
    ('do "a" "b"', 8, "do"),
    # Comments and separators
    ("/* note */", 1, "begins with `#`"),
    ("-- note", 1, "begins with `#`"),
    ("<!-- note -->", 1, "begins with `#`"),
]


@for_rows(lambda: IN_STEPS)
def test_in_steps(row: tuple[str, int, str]) -> None:
    body, column, words = row
    text = f'flow 1\nworkflow w {{ steps {{\n{body}\ndo "b"\ndo "c"\n}} }}\nconst after = 1\n'
    place, advice = advised(text)
    assert place == f"3:{column}"
    assert any(each in advice for each in words.split("|")), advice


IN_A_WORKFLOW = [
    ("inputs:\n  mrn: string", 7, "braces"),
    ("inputs: { mrn: string }", 7, "leave out `:`"),
    ('steps [ do "x" ]', 7, "braces"),
    ("steps:", 6, "braces"),
    ('"title": "A"', 1, "write `title = ...`"),
    ('{ "title": "A" }', 1, "name = value"),
    ("inputs { mrn: List<string> }", 19, "string[]"),
    ("inputs { mrn: [string] }", 15, "string[]"),
    ("inputs { mrn: string | null }", 22, "type?"),
    ('inputs { mrn: "a" or "b" }', 19, "joined with `|`"),
    ('inputs { "mrn": string }', 10, "write `mrn: ...`"),
    ("inputs { mrn string }", 13, ":"),
    ("inputs { @max(3) mrn: string }", 10, "behind its type"),
    ("secrets { $password: string }", 11, "without `$`"),
    ("secrets { password }", 11, "write `password: ...`"),
    ("input { a: string }", 1, "inputs"),
    ('do "x"', 1, "steps { ... }"),
    ('cleanup "x"', 1, "checks { ... }"),
    ('on failure "x"', 1, "checks { ... }"),
    ('checks { expect "x" }', 10, "output satisfies"),
    ("tags = ['a']", 9, "double quotes"),
    ("tags = [\n- a\n]", 1, "leave out `-`"),
]


@for_rows(lambda: IN_A_WORKFLOW)
def test_in_a_workflow(row: tuple[str, int, str]) -> None:
    body, column, words = row
    text = f'flow 1\nworkflow w {{\n{body}\nsteps {{ do "x" }}\n}}\nconst after = 1\n'
    place, advice = advised(text)
    assert place == f"{4 if body.startswith('tags = [' + chr(10)) else 3}:{column}"
    assert words in advice


OUTSIDE = [
    ("name: intake", 1, "not YAML"),
    ('{ "name": "intake" }', 1, "not JSON"),
    ("<workflow/>", 1, "not XML"),
    ("Some prose here.", 1, "begins with `#`"),
    ("class A {\n a: string\n}", 1, "type name {"),
    ("enum A {\n x\n}", 1, "type name ="),
    ("from lib import a", 1, "import { name }"),
    ('import a from "./a.flow"', 8, "in braces"),
    ('import "./a.flow"', 8, "as x"),
    ("const a := 1", 7, "write `a = ...`"),
    ("type A = string | int", 17, "type?"),
    ("task t { }", 8, "`()`"),
    ("task my-task() { }", 8, "no hyphens"),
    ("workflow my intake { }", 13, "no spaces"),
    ('workflow "my intake" { }', 10, "my_intake"),
    ("workflow w() { }", 11, "inputs { }"),
    ("workflow w: { }", 11, "leave out `:`"),
    ("chain c { run w() }", 11, "step name = run"),
    ("export const a = 1", 1, "can be imported"),
]


@in_rows(("body", "column", "words"), OUTSIDE)
def test_outside_of_declarations(body: str, column: int, words: str) -> None:
    place, advice = advised(f"flow 1\n{body}\nconst after = 1\n")
    assert place == f"2:{column}"
    assert words in advice


@in_rows(
    ("text", "words"),
    [
        ("const after = 1", "flow 1"),
        ("flow: 1\nconst after = 1", "flow 1"),
        ("name: x\nsteps:\n  - do", "not YAML"),
        ("---\nname: x", "not YAML"),
        ('{"steps": []}', "not JSON"),
        ("Hello there, world", "flow 1"),
        ("flow 1\nconst after = 1\n".encode("utf-16-le").decode("utf-8"), "UTF-16"),
    ],
)
def test_files_that_do_not_begin_right(text: str, words: str) -> None:
    place, advice = advised(text)
    assert place == "1:1"
    assert words in advice


def test_line_breaks_and_marks_of_editors_are_no_mistakes() -> None:
    for text in ("flow 1\r\nconst a = 1\r\n", "flow 1\rconst a = 1", "flow 1\n\tconst a = 1"):
        sink = Sink()
        parse_module(SourceFile("x.flow", text), sink)
        assert sink.findings_in_order() == ()
    assert only("flow 1\r\nconst a = ]\r\nconst after = 1\r\n")[0] == "2:11"
    files = MemoryFiles({"a.flow": b"\xef\xbb\xbfflow 1\n", "b.flow": "flow 1".encode("utf-16")})
    assert files.read_text("a.flow") == "flow 1\n"
    with pytest.raises(UnreadableFile, match="save it as UTF-8"):
        files.read_text("b.flow")


def test_a_character_nobody_sees_is_what_is_reported() -> None:
    place, found = only("flow 1\nconst a\0 = 2\nconst after = 1")
    assert (place, found.message) == ("2:8", "`U+0000` means nothing here")
    assert found.help == "delete it"
