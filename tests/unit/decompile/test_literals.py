"""Literals for any value.

Read again they give the value, and only what the language cannot say has none.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.decompile.writing.value_text import text_literal
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.literals import plain_literal, raw_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.ir.lowering.types import to_json
from flowdsl.prompt.text import spell_variable
from flowdsl.semantics.analysis import analyze_program
from flowdsl.semantics.modules import load_sources
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import lex
from flowdsl.syntax.texts.literals import plain_string, scan_text
from tests.support.effort import examples
from tests.support.rows import in_rows

AWKWARD = st.sampled_from(
    [
        "\\",
        '"',
        '"""',
        "{",
        "}",
        "{{",
        "}}",
        "$",
        "#",
        "{#",
        "#}",
        "\n",
        " ",
        "  ",
        "\t",
        "a",
        "é",
        "名",
        "1",
        "'",
        "_x",
        "[",
        ".",
    ]
)
TEXTS = st.one_of(st.lists(AWKWARD, max_size=12).map("".join), st.text(max_size=30))
VARIABLES = st.builds(
    nodes.Variable,
    sigil=st.sampled_from(["input", "runtime", "secret"]),
    name=st.sampled_from(["mrn", "x"]),
    path=st.lists(st.sampled_from(["a", 0, "k v"]), max_size=2).map(tuple),
)
PIECES = st.lists(
    st.one_of(TEXTS.filter(bool).map(lambda value: nodes.TextPiece(value=value)), VARIABLES),
    max_size=5,
).map(tuple)
UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def text(value: str) -> nodes.Text:
    return (nodes.TextPiece(value=value),)


def written(value: nodes.Text) -> str | None:
    return text_literal(value, spell_variable)


def meaning(literal: str) -> str:
    """The characters of a text literal with its variables in their place; fails on any finding."""
    (token,) = lex(literal)
    assert token.kind in ("STRING", "BLOCK", "RAW")
    sink = Sink()
    parts = scan_text(SourceFile("", literal), sink, 0, len(literal)).parts
    assert not sink.findings_in_order()
    shown = ""
    for part in parts:
        if isinstance(part, ast.TextLiteral):
            shown += part.value
        elif isinstance(part, ast.Ref):
            shown += f"\0{literal[part.start : part.end]}\0"
    return shown


def shown(value: nodes.Text) -> str:
    return "".join(
        piece.value if isinstance(piece, nodes.TextPiece) else f"\0{spell_variable(piece)}\0"
        for piece in value
    )


def can_be_said(value: nodes.Text) -> bool:
    characters = shown(value)
    lines = characters.split("\n")
    return not (
        any(
            isinstance(piece, nodes.TextPiece) and UNSPEAKABLE.search(piece.value)
            for piece in value
        )
        or (len(lines) > 1 and any(line and not line.strip(" \t") for line in lines))
        or re.search(r"\\\x00[{$]", characters)
    )


@settings(max_examples=examples(1500))
@given(PIECES)
def test_a_text_that_can_be_said_has_a_literal_that_means_it(value: nodes.Text) -> None:
    literal = written(value)
    assert (literal is not None) == can_be_said(value)
    if literal is not None:
        assert meaning(literal) == shown(value)


@settings(max_examples=examples(500))
@given(TEXTS)
def test_a_plain_string_means_what_it_was_written_for(value: str) -> None:
    literal = plain_literal(value)
    if literal is None:
        assert UNSPEAKABLE.search(value) or "\n" in value or value.endswith("\\")
    else:
        assert [token.kind for token in lex(literal)] == ["STRING"]
        assert plain_string(literal) == value


@in_rows(
    ("value", "literal"),
    [
        ("", '""'),
        ('the "Save" button', r'"the \"Save\" button"'),
        (r"C:\Reports", r'"C:\Reports"'),
        ("C:\\Reports\\", 'r"C:\\Reports\\"'),
        ('{"a": 1}', r'"{\"a\": 1}"'),
        ("type {mrn}", 'r"type {mrn}"'),
        ('type "{mrn}"', r'"type \"\{mrn}\""'),
        ("two\nlines", '"""\ntwo\nlines\n"""'),
        ('quoted\n"""', '"""\nquoted\n\\"""\n"""'),
        ("  deep\n  text", '"""\n{# #}  deep\n  text\n"""'),
    ],
)
def test_the_simplest_form_is_taken(value: str, literal: str) -> None:
    assert written(text(value)) == literal


def test_a_sign_of_money_is_kept_apart_from_an_amount() -> None:
    amount = nodes.Variable(sigil="input", name="amount")
    assert written((nodes.TextPiece(value="pay $"), amount)) == '"pay ${# #}{amount}"'


def test_raw_text_takes_a_regular_expression_as_it_is() -> None:
    assert raw_literal(r"^\d{6}$") == r'r"^\d{6}$"'
    assert raw_literal('"') is None
    assert raw_literal("a\nb") is None


# Other values

NUMBERS = st.one_of(
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(TEXTS, st.just("key")), inner, max_size=3),
    ),
    max_leaves=8,
)


def evaluated(literal: str) -> Any:
    """The value of a const in JSON form; fails on any error."""
    files = MemoryFiles({"main.flow": f"flow 1\nconst value = {literal}\n"})
    sink = Sink()
    model = analyze_program(load_sources(files, ["main.flow"], sink), None, files, sink)
    assert not [found.message for found in sink.findings_in_order() if found.severity == "error"]
    (module,) = model.modules
    (const,) = module.declarations
    assert isinstance(const, ast.ConstDecl)
    return to_json(model.constants[const.value])


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def sayable(value: Any) -> bool:
    if isinstance(value, str):
        return can_be_said(text(value))
    if isinstance(value, dict):
        return all(
            plain_literal(key) is not None and sayable(entry) for key, entry in value.items()
        )
    return not isinstance(value, list) or all(map(sayable, value))


@settings(max_examples=examples(300))
@given(VALUES)
def test_a_value_compiles_to_itself(value: Any) -> None:
    literal = value_literal(value)
    assert (literal is not None) == sayable(value)
    if literal is not None:
        assert same(evaluated(literal), value)


@in_rows(
    ("value", "literal"),
    [
        (-0.0, "0"),
        (2.0, "2"),
        (1e-7, "0.0000001"),
        (10**18, "1000000000000000000.0"),
        (Decimal("1.50"), "1.50"),
        ({"a b": [None, True], "type": {}}, '{"a b": [null, true], type: {}}'),
    ],
)
def test_values_stand_in_the_notation_of_the_language(value: Any, literal: str) -> None:
    assert value_literal(value) == literal


@in_rows(
    "value",
    [float("nan"), float("inf"), Decimal("1e5000"), Decimal("1e-9999"), [["\0"]], {"\n": 1}],
)
def test_what_no_literal_says(value: Any) -> None:
    assert value_literal(value) is None


def test_values_that_nest_too_deep_have_no_literal() -> None:
    value: Any = 1
    for _ in range(500):
        value = [value]
    assert value_literal(value) is None
