"""What stands in for native packages in a page, against the packages themselves."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import re2
from hypothesis import given
from hypothesis import strategies as st

SOURCES = Path(__file__).parents[2] / "editors" / "web" / "src"


def load(name: str) -> ModuleType:
    """The stand-in of this name, whatever the real package is called."""
    spec = importlib.util.spec_from_file_location(f"stand_in_{name}", SOURCES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ours_of_re2, ours_of_schemas = load("re2"), load("jsonschema_rs")

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "ab", "A-1"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from(
    ["string", "integer", "number", "boolean", "null", "object", "array", ["string", "null"]]
)
SCHEMAS = st.recursive(
    st.fixed_dictionaries({"type": TYPES})
    | st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=3)})
    | st.fixed_dictionaries({"type": TYPES, "minimum": st.integers(-2, 2)})
    | st.fixed_dictionaries({"exclusiveMaximum": st.integers(-2, 2)})
    | st.fixed_dictionaries({"minLength": st.integers(0, 2), "maxLength": st.integers(0, 2)})
    | st.fixed_dictionaries({"pattern": st.sampled_from(["^a", "b$", "^[A-Z]-[0-9]+$"])}),
    lambda inner: (
        st.fixed_dictionaries({"items": inner, "maxItems": st.integers(0, 2)})
        | st.fixed_dictionaries(
            {
                "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
                "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
                "additionalProperties": st.booleans() | inner,
            }
        )
        | st.fixed_dictionaries({"not": inner})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)})
    ),
    max_leaves=4,
)


@given(SCHEMAS, VALUES)
def test_schemas_accept_what_they_accept_elsewhere(schema: Any, value: Any) -> None:
    text = json.dumps(schema)
    theirs = jsonschema_rs.Draft202012Validator(text, offline=True)
    ours = ours_of_schemas.Draft202012Validator(text, offline=True)
    assert ours.is_valid(value) == theirs.is_valid(value)
    found = {each.message for each in theirs.iter_errors(value)}
    wordy = ("anyOf", "oneOf", "not", "enum", "falseSchema", "type")
    said = [each for each in ours.iter_errors(value) if each.kind.name not in wordy]
    assert {each.message for each in said} <= found


@given(
    st.sampled_from(
        [r"^[A-Z]{2}\d+$", r"\x{41}", r"a\z", r"^(?:a|b)*$", r"\$", r"[$]", r"\\z", "^x|y$", r"\w"]
    ),
    st.text("ABab12$z\\xy\né", max_size=4),
)
def test_patterns_match_what_they_match_elsewhere(pattern: str, text: str) -> None:
    assert bool(ours_of_re2.compile(pattern).search(text)) == bool(
        re2.compile(pattern).search(text)
    )


def test_patterns_beyond_re2_are_refused() -> None:
    for pattern in ("(?=a)", "(?<!a)b", r"(a)\1", "("):
        try:
            ours_of_re2.compile(pattern)
        except ours_of_re2.error as refused:
            assert isinstance(refused.args[0], bytes)
        else:
            raise AssertionError(pattern)
