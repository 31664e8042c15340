"""What schemas refuse, with another library as the witness."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowdsl.codegen.input_patterns import JSON, LINE, TEXT
from flowdsl.simulate.schemas import find_refusal
from tests.support.cpu import GIVEN_UP, cpu_seconds
from tests.support.rows import in_rows

NAMES = st.sampled_from(["a", "b", "ä"])
TEXTS = st.sampled_from(["", "a", "é", "😀b", "2026-01-31", "12", "x\ny"])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 1.0, 1.5, 10**30, 2**53 + 1, 0.1 + 0.2])
SCALARS: st.SearchStrategy[Any] = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
SIZES = st.integers(0, 2)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of the keywords that workflows use, with `inner` schemas in them."""
    some = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": st.lists(SCALARS, min_size=1, max_size=3),
            "const": VALUES,
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": inner,
            "items": inner,
            "minItems": SIZES,
            "maxItems": SIZES,
            "minimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "minLength": SIZES,
            "maxLength": SIZES,
            "pattern": st.sampled_from(["^a", "[0-9]+", "^.?$"]),
            "not": st.sampled_from([each.schema() for each in (LINE, TEXT, JSON)]),
            "format": st.sampled_from(["date", "email", "uri", "date-time"]),
            "anyOf": some,
            "allOf": some,
            "default": VALUES,
            "description": TEXTS,
        },
    )


SCHEMAS = st.recursive(st.just(True) | keywords(st.just(True)), keywords, max_leaves=5).filter(
    lambda schema: isinstance(schema, dict)
)


@given(SCHEMAS, VALUES)
def test_a_value_is_refused_where_the_witness_refuses_it(schema: Any, value: Any) -> None:
    refused = find_refusal(json.dumps(schema), value)
    assert (refused is None) == Draft202012Validator(schema).is_valid(value), refused


@in_rows(
    ("pattern", "text", "fits"),
    [
        (r"^\w+$", "José", True),  # to Python
        (r"^\d$", "٣", True),
        (r"^[0-9]+$", "12\n", False),  # only to Python
        (r"^[0-9]+$", "1x", False),
        (r"^a\Z", "a", True),  # JSON Schema has no `\Z`
        (r"^a\Z", "ab", False),
        (r"^\p{L}+$", "é", True),  # Python has no `\p`
        (r"^\p{L}+$", "1", False),
        ("a(?<digit>[0-9])", "a1", True),
        ("a(?<digit>[0-9])", "ab", False),
        ("^(?!x)", "x", False),
        ("^(?!x)", "y", True),
        ("(", "x", True),  # to nobody a pattern, so that nothing is compared with it
    ],
)
def test_a_text_is_taken_where_one_dialect_takes_it(pattern: str, text: str, fits: bool) -> None:
    refused = find_refusal(json.dumps({"items": {"pattern": pattern}}), [text])
    assert refused == (None if fits else f'"{text}" does not match "{pattern}"')


@in_rows("pattern", ["(a+)+$", "^(?=a)(a+)+$", r"^(a|a)*\Z"])
def test_no_pattern_keeps_the_program_busy(pattern: str) -> None:
    with cpu_seconds(GIVEN_UP):
        find_refusal(json.dumps({"pattern": pattern}), "a" * 5000 + "b")


@in_rows(
    "schema",
    [
        '{"type": "text"}',
        '{"minimum": "1"}',
        '{"$ref": "http://127.0.0.1:9/schema.json"}',
        '{"$ref": "#/$defs/missing"}',
        "[]",
        "{",
    ],
)
def test_a_schema_that_cannot_be_read_refuses_nothing(schema: str) -> None:
    assert find_refusal(schema, {"a": 1}) is None


@pytest.mark.parametrize("schema", ['{"enum": ["a"]}', f'{{"not": {json.dumps(LINE.schema())}}}'])
def test_half_a_character_is_refused(schema: str) -> None:
    assert (
        find_refusal(f'{{"items": {schema}}}', ["\ud800"])
        == "a text holds half of a surrogate pair"
    )


def test_a_refusal_says_what_is_wrong() -> None:
    schema = json.dumps({"properties": {"who": {"type": "string"}}, "required": ["who"]})
    assert find_refusal(schema, {}) == '"who" is a required property'
    assert find_refusal(schema, {"who": 7}) == '7 is not of type "string"'
    schema = json.dumps({"items": {"not": LINE.schema()}})
    said = '"Ann\n" is not a text on one line: character 4 is a line feed (U+000A)'
    assert find_refusal(schema, ["Bob", "Ann\n"]) == said
