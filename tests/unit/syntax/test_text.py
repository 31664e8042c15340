"""The second stage of text: parts, offsets, dedenting, and what is wrong with a brace."""

from __future__ import annotations

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.texts.literals import scan_text
from tests.support.rows import in_rows


def scan(literal: str) -> tuple[ast.Text, Sink, str]:
    sink = Sink()
    return scan_text(SourceFile("x.flow", literal), sink, 0, len(literal)), sink, literal


def value(literal: str) -> str:
    """What is left when variables are spelled as in the source and comments dropped."""
    text, sink, source = scan(literal)
    assert not sink.findings_in_order()
    return "".join(
        part.value if isinstance(part, ast.TextLiteral) else source[part.start : part.end]
        for part in text.parts
        if not isinstance(part, ast.TextComment)
    )


def problem(literal: str) -> list[tuple[str, str]]:
    """The names of what is reported, with the source text it points at."""
    _, sink, source = scan(literal)
    return [
        (found.name, source[found.span.start : found.span.end])
        for found in sink.findings_in_order()
    ]


@in_rows(
    ("literal", "expected"),
    [
        ('""', ""),
        ('"a b"', "a b"),
        (r'"say \"hi\" \{x}"', 'say "hi" {x}'),
        (r'"C:\new\\dir"', r"C:\new\\dir"),
        (r'r"^\{x}\"', "^\\{x}\\"),
        ('"a {# b #} c"', "a  c"),
        ('"{ x } {\\"a\\": 1} {1} {} } {{ [ }} {,} {"', '{ x } {"a": 1} {1} {} } {{ [ }} {,} {'),
        ('"{{a-b}} ${{x}} {{a: {1}, {{x} {{$p}}"', "{{a-b}} ${{x}} {{a: {1}, {{x} {{$p}}"),
        ('"{x}} {{y}}} {{\\"a\\":{{z}}}"', '{x}} {{y}}} {{"a":{{z}}}'),
    ],
)
def test_values(literal: str, expected: str) -> None:
    assert value(literal) == expected


@in_rows(
    ("literal", "expected"),
    [
        ('"""\n    one\n      two\n\n    three\n    """', "one\n  two\n\nthree"),
        ('"""one\n    two\n  three"""', "one\n  two\nthree"),
        ('"""   \n  one\n"""', "one"),
        ('"""\n  one\n\n"""', "one\n"),
        ('"""\r\n  one\r\n   two\r\n  """', "one\n two"),
        ('"""\r  one\r  two\r"""', "one\ntwo"),
        ('"""\n  one\n     \n  two\n"""', "one\n\ntwo"),
        ('"""\n  one\n {# note #}\n  two\n  {# a\n b #} {# c #}\n"""', "one\ntwo"),
        ('"""\n  one {# a\nb #}\n  two\n"""', "one \ntwo"),
        ('"""\n  {x}\n    y\n"""', "{x}\n  y"),
        ('"""\n  a\tb\n"""', "a\tb"),
        ('"""one  \n    two\t \n    {x} """', "one\ntwo\n{x}"),
        ('"""say "hi" """', 'say "hi"'),
        ('"""\n"""', ""),
        ('""""""', ""),
        ('"""\n\n"""', ""),
        ('"""\n  say \\"""no\\"""\n"""', 'say """no"""'),
    ],
)
def test_blocks(literal: str, expected: str) -> None:
    assert value(literal) == expected


def test_a_variable_keeps_every_offset() -> None:
    text, _, source = scan("\"a {x.y[12]['k v']} {{ r.s }} {$p}\"")
    refs = [part for part in text.parts if isinstance(part, ast.Ref)]
    assert [(ref.secret, source[ref.start : ref.end]) for ref in refs] == [
        (False, "{x.y[12]['k v']}"),
        (False, "{{ r.s }}"),
        (True, "{$p}"),
    ]
    assert [source[ref.name.start : ref.name.end] for ref in refs] == ["x", "r", "p"]
    assert [source[step.start : step.end] for step in refs[0].path] == [".y", "[12]", "['k v']"]
    steps = [
        step.index if isinstance(step, ast.IndexAccess) else step.name for step in refs[0].path
    ]
    assert steps == ["y", 12, "k v"]


def test_comments_are_parts_and_literals_never_touch() -> None:
    text, _, source = scan('"a\\"b{# flow: ignore[x] why #}c"')
    first, comment, last = text.parts
    assert isinstance(first, ast.TextLiteral) and first.value == 'a"b'
    assert source[first.start : first.end] == 'a\\"b'
    assert isinstance(comment, ast.TextComment) and comment.value == "flow: ignore[x] why"
    assert isinstance(last, ast.TextLiteral) and last.value == "c"


@in_rows(
    ("literal", "expected"),
    [
        ('"{first name}"', [("malformed-variable", "{first name}")]),
        ('"{first-name} {x}"', [("malformed-variable", "{first-name}")]),
        ('"a ${x} b"', [("malformed-variable", "${x}")]),
        ('"{{{x}}}"', [("malformed-variable", "{{{x}}}")]),
        ('"{x."', [("unclosed-variable", "{")]),
        ('"{x {y}"', [("unclosed-variable", "{")]),
        ('"{é}"', [("malformed-variable", "{é}")]),
        ('"{$}"', [("malformed-variable", "{$}")]),
        ('"a {# b"', [("unclosed-text-comment", "{#")]),
        ('"""\n  a\n \tb\n\tc\n"""', [("tab-in-indent", "\t")]),
        ('"{x[9999999999999999999]}"', [("number-too-long", "9999999999999999999")]),
    ],
)
def test_problems(literal: str, expected: list[tuple[str, str]]) -> None:
    assert problem(literal) == expected
