"""TOML that is read line by line, against what `tomllib` reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.source.toml_text import UnreadableToml, read_toml

ROOT = Path(__file__).parents[3]

PIECES = (
    *("a", "b", "a-b", "1", "01", "-a", "true", '"', "'", '"x"', '"a, b"', '"#"', '"\\t"', '""'),
    *("=", " = ", ", ", ",", ".", "[", "]", "[a]", "[a.b]", "[[a]]", "[ ", "{", "}", "{ a = 1 }"),
    *("\n", "\n", "\na = 1\n", "\nb = {", "\r", "\t", " ", "# x", "é", "\ufeff", "\x7f", "9" * 16),
)
LINES = (
    *("[a]", "[a.b]", "[b]", "[a.b.c]", "[a.true]", " [b] ", "[a] # c", "# c", "", "  "),
    *("a = 1", "b = 2", "b = [1, 2]", 'c = ["x", "y z", ""]', 'd = ["a, b"]', "b = { c = 1 }"),
    *('a = { b = "x", c = true }', "a = { b = { c = 1 } }", "a = { b = 1, b = 2 }", "b = []"),
    *("a = {}", "a.b = 1", "c = 1.5", 'c = "x" # y', "c = 2020-01-01", "b = [ 1 ]", "true = false"),
)


def outcome(read: object, text: str) -> object:
    try:
        return read(text)  # type: ignore[operator]
    except (tomllib.TOMLDecodeError, UnreadableToml):
        return "refused"


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
    | st.lists(st.sampled_from(LINES), max_size=8).map("\n".join)
)
def test_reads_what_tomllib_reads(text: str) -> None:
    found = outcome(read_toml, text)
    assert found == outcome(tomllib.loads, text)
    assert repr(found) == repr(outcome(tomllib.loads, text))  # in the same order, of the same types


@pytest.mark.parametrize(
    "text",
    [
        *("a = { b = 1 }\n[a.c]", "[a]\n[a]", "a = 1\na = 2", "[a.b]\n[a]\nb = 1", "a = 1\n[a]"),
        *(
            "a = 01",
            "a = ",
            "= 1",
            "a",
            "[a",
            "a]",
            "[]",
            "[a..b]",
            'a = "x',
            "a = [1",
            "a = {b = 1",
        ),
    ],
)
def test_a_mistake_is_one(text: str) -> None:
    with pytest.raises(UnreadableToml):
        read_toml(text)


def test_the_examples_are_read_without_tomllib(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [path.read_text() for path in ROOT.glob("examples/*/flowdsl.toml")]
    wanted = [tomllib.loads(text) for text in found]
    monkeypatch.setattr("flowdsl.source.toml_text._read_any", None)
    assert wanted
    assert [read_toml(text) for text in found] == wanted
