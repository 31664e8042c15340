"""What the interpreter refuses of outputs is what a validator of JSON Schema refuses."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowdsl.semantics import types
from flowdsl.simulate.interpreter.bounds import out_of_bounds
from tests.support.effort import examples
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import suite_of

FIELDS = """
  low: int @min(-1) @max(3)
  part: number? @min(0.5) @max(2.25)
  word: string @pattern(r"^[a-c]+$") @min_length(2) @max_length(3)
  kind: "a" | "b"
  open_kind: "a" | "b" | string @max_length(2)
  level: 1 | 2
  sure: bool
  day: date?
  free: any
  names: string[] @min_items(1) @max_items(2)
  rows: { key: string @min_length(1), n: int? @max(1), tag?: string }[]? @max_items(2)
  inner: { deep: { n: int @min(0) } @wire("deep-one") }?
"""
NUMBERS: list[Any] = [-2, -1, 0, 0.25, 0.5, 1, 1.5, 2, 2.25, 2.5, 3, 4, 1.0, True, "1", None]
TEXTS: list[Any] = ["", "a", "ab", "abc", "abcd", "ad", "aé", "b", "2026-01-31", 1, False, None]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("low", "part"), st.sampled_from(NUMBERS)),
    "level": st.sampled_from([0, 1, 2, 3, "1", None, True]),
    **dict.fromkeys(("word", "kind", "open_kind", "day"), st.sampled_from(TEXTS)),
    "sure": st.sampled_from([True, False, 1, "true", None]),
    "free": st.sampled_from([*NUMBERS, [], {}]),
    "names": st.lists(st.sampled_from(TEXTS), max_size=3) | st.sampled_from([None, "a", {}]),
    "rows": st.lists(
        st.fixed_dictionaries(
            {"key": st.sampled_from(TEXTS), "n": st.sampled_from(NUMBERS)},
            optional={"tag": st.sampled_from(["a", 1])},
        ),
        max_size=3,
    )
    | st.sampled_from([None, "a", {}]),
    "inner": st.fixed_dictionaries(
        {"deep-one": st.fixed_dictionaries({"n": st.sampled_from(NUMBERS)}) | st.none()}
    )
    | st.sampled_from([None, 1]),
}
GOOD = {
    "low": 0, "part": 1, "word": "ab", "kind": "a", "open_kind": "xy", "level": 2, "sure": True,
    "day": None, "free": 7, "names": ["a"], "rows": [{"key": "a", "n": None}],
    "inner": {"deep-one": {"n": 0}},
}  # fmt: skip


@cache
def declared() -> tuple[tuple[types.FieldType, ...], Draft202012Validator]:
    names = [line.split(":")[0].strip() for line in FIELDS.strip().splitlines()]
    # No step may hold an input of the type `any`, so that the output is read.
    given = FIELDS.replace("  free: any\n", "")
    emits = "\n".join(f"emit {name} = it.{name}" for name in names if name != "free")
    text = workflow(
        f'extract free from "the note"\n{emits}',
        sections=f"inputs {{ it: {{ {given} }} }} outputs {{ {FIELDS} }}",
    )
    suite = suite_of(text)
    (symbol,) = suite.model.workflows
    schema = suite.payload(symbol).output_schema
    assert schema is not None
    return symbol.outputs, Draft202012Validator(json.loads(schema))


def test_good_outputs_are_taken() -> None:
    fields, validator = declared()
    assert validator.is_valid(GOOD)
    assert out_of_bounds(fields, GOOD) is None


@settings(max_examples=examples(800))
@given(st.data())
def test_outputs_are_refused_as_their_schema_refuses_them(data: st.DataObject) -> None:
    fields, validator = declared()
    changed = data.draw(st.sampled_from(sorted(VALUES)))
    outputs = GOOD | {changed: data.draw(VALUES[changed])}
    found = out_of_bounds(fields, outputs)
    assert (found is None) is validator.is_valid(outputs), (found, outputs[changed])
    if found is not None:
        assert found.field.name == changed and f"`{changed}" in found.reason
