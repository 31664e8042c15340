"""Schema edits: empty exactly for equal schemas, and readable."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.deploy.comparison.schema_diff import schema_edits
from flowdsl.deploy.resources.policy import normalise_value, render_canonical_json
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.diagnostics.render.cells import make_printable
from tests.support.flows.decompile.payloads import payload
from tests.support.rows import in_rows


def stored(seed: int) -> Any:
    """A schema as somebody may have stored it, in normal form."""
    body = payload(random.Random(seed))
    return normalise_value(POLICIES["input_schema"], body.get("input_schema"))


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_there_are_edits_exactly_where_two_schemas_differ(first: int, second: int) -> None:
    before, after = stored(first), stored(second)
    edits = schema_edits(before, after)
    assert bool(edits) == (render_canonical_json(before) != render_canonical_json(after))
    assert schema_edits(before, before) == ()
    for edit in edits:
        assert make_printable(edit.text) == edit.text and len(edit.text.encode()) < 10_000


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_the_way_back_mentions_the_same_places(first: int, second: int) -> None:
    before, after = stored(first), stored(second)
    there, back = schema_edits(before, after), schema_edits(after, before)
    opposite = {"+": "-", "-": "+", "!": "!"}
    mirrored = {(opposite[e.sign], e.path, e.facet, e.after, e.before) for e in back}
    assert {(e.sign, e.path, e.facet, e.before, e.after) for e in there} == mirrored


def obj(required: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
LONG = "The number under which the clinic keeps the record of the patient, as the label has it"


@in_rows(
    ("before", "after", "lines"),
    [
        (obj(a=STRING), obj(("b",), a=STRING, b=INTEGER), ["+ b: integer, required"]),
        (None, obj(a=STRING), ["+ a: string, optional"]),
        (obj(("a",), a=STRING), None, ["- a: string, required"]),
        (obj(a=STRING), obj(("a",), a=STRING), ["! a: optional -> required"]),
        (
            obj(a=STRING),
            obj(a={"type": ["integer", "null"]}),
            ["! a: type string -> integer or null"],
        ),
        (obj(a=STRING | {"pattern": "x"}), obj(a=STRING), ['! a: pattern "x" -> none']),
        (
            obj(p=obj(rows={"type": "array", "items": obj(a=STRING)})),
            obj(p=obj(rows={"type": "array", "items": obj(a=INTEGER)})),
            ["! p.rows[].a: type string -> integer"],
        ),
        (
            obj(),
            obj(p=obj(("x",), x=STRING | {"enum": ["u"]})),
            ["+ p: object, optional", '+ p.x: string, one of ["u"], required'],
        ),
        (
            obj(a=STRING, b=STRING),
            {**obj(a=STRING, b=STRING), "required": ["a", "b"]},
            ["! a: optional -> required", "! b: optional -> required"],
        ),
        (
            {"required": ["a", "b"]},
            {"required": ["b", "a"]},
            ['! the whole: order of `required` ["a", "b"] -> ["b", "a"]'],
        ),
        ("mrn: string", "mrn: number", ['! the whole: schema "mrn: string" -> "mrn: number"']),
        (
            obj(a=STRING | {"description": LONG + ", without blanks"}),
            obj(a=STRING | {"description": LONG + ", with blanks"}),
            [
                (
                    "! a: description … record of the patient, as the label has it, without "
                    'blanks" '
                    '-> … record of the patient, as the label has it, with blanks"'
                )
            ],
        ),
        (
            obj(a=STRING),
            obj(a=STRING | {"title": "\x1b[31m\u202e"}),
            ['! a: title none -> "\\u001b[31m\\u202e"'],
        ),
    ],
)
def test_edits_in_words(before: Any, after: Any, lines: list[str]) -> None:
    assert [f"{edit.sign} {edit.text}" for edit in schema_edits(before, after)] == lines
