"""Breaking changes.

A validator of JSON Schema is the oracle for what has to be reported, and examples for the words.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from flowdsl.codegen.artifacts import ChainArtifact
from flowdsl.codegen.json_schema import object_schema
from flowdsl.config.address import workflow_address
from flowdsl.deploy.planning.breaking import breaking_changes
from flowdsl.deploy.planning.plan import Action, Breaking, Change
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.ir import nodes
from flowdsl.source.refused_texts import RefusedTexts
from tests.support.rows import for_rows, in_rows
from tests.support.services.changes import change_of, schema_change

# Schemas as the compiler emits them

NAMES = ("a", "b", "$c")
TEXTS = ("", "x", "xy", "xyz", "2024-02-29", "a@b.test", "x\ny", "{$")
NUMBERS = (-1, 0, 1, 2, 3, 0.5, 2.5, 3.0)


def scalar(name: str) -> nodes.Type:
    return nodes.ScalarType(name=name)


LEAVES = st.one_of(
    st.sampled_from(("string", "int", "number", "bool", "date", "email", "any")).map(scalar),
    st.sets(st.sampled_from(TEXTS[:4]), min_size=1, max_size=3).map(
        lambda values: nodes.EnumType(values=tuple(sorted(values)))
    ),
    st.just(nodes.EnumType(values=(TEXTS[0],), open=True)),
    st.sets(st.integers(0, 3), min_size=1, max_size=3).map(
        lambda values: nodes.EnumType(values=tuple(sorted(values)))
    ),
)
BOUNDS = st.integers(0, 3)
PATTERNS = st.sampled_from(("^x", "y$", "^x?$"))


def bounds_of(type_: nodes.Type) -> st.SearchStrategy[dict[str, Any]]:
    inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
    match inner:
        case nodes.ScalarType(name="int" | "number"):
            keywords = {"minimum": BOUNDS, "maximum": BOUNDS}
        case nodes.ScalarType(name="string"):
            return st.fixed_dictionaries(
                {},
                optional={
                    "pattern": PATTERNS,
                    "not": st.sampled_from((RefusedTexts(), RefusedTexts(lines=True))).map(
                        RefusedTexts.schema
                    ),
                    "format": st.just("date"),
                    "minLength": st.integers(0, 3),
                    "maxLength": st.integers(0, 3),
                },
            )
        case nodes.ListType():
            keywords = {"minItems": BOUNDS, "maxItems": BOUNDS}
        case _:
            return st.just({})
    return st.fixed_dictionaries({}, optional=keywords)


@st.composite
def fields(draw: st.DrawFn, depth: int) -> tuple[nodes.FieldSpec, ...]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    specs = []
    for name in names:
        type_ = draw(types(depth))
        has_default = draw(st.booleans())
        optional = isinstance(type_, nodes.OptionalType)
        specs.append(
            nodes.FieldSpec(
                name=name,
                type=type_,
                absent=optional and not has_default and draw(st.booleans()),
                constraints=draw(bounds_of(type_)),
                has_default=has_default,
                description=draw(st.sampled_from((None, "one", "two"))),
            )
        )
    return tuple(specs)


@st.composite
def types(draw: st.DrawFn, depth: int) -> nodes.Type:
    kind = draw(st.sampled_from(("leaf", "leaf", "list", "record") if depth else ("leaf",)))
    found: nodes.Type
    match kind:
        case "list":
            found = nodes.ListType(element=draw(types(depth - 1)))
        case "record":
            found = nodes.RecordType(fields=draw(fields(depth - 1)))
        case _:
            found = draw(LEAVES)
    return nodes.OptionalType(inner=found) if draw(st.booleans()) else found


SCHEMAS = fields(2).map(object_schema)


@st.composite
def changed(draw: st.DrawFn, schema: Any) -> Any:
    """The schema with some of its facets changed, or others in place of its parts."""
    if isinstance(schema, list):
        return draw(st.permutations(schema))
    if not isinstance(schema, dict):
        return schema
    what = draw(st.sampled_from(("keep", "keep", "keep", "required", "bound", "null", "other")))
    if what == "other" and "type" in schema:
        return draw(types(1).map(lambda type_: object_schema([spec(type_)])["properties"]["a"]))
    result = {
        key: draw(changed(value)) if key in ("items", "required") else value
        for key, value in schema.items()
    }
    if "properties" in schema:
        result["properties"] = {
            name: draw(changed(inner))
            for name, inner in schema["properties"].items()
            if draw(st.integers(0, 5))
        }
        if what == "required":
            result["required"] = draw(st.lists(st.sampled_from(NAMES), unique=True))
    if what == "bound":
        limits = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")
        result[draw(st.sampled_from(limits))] = draw(BOUNDS)
    if what == "null" and isinstance(schema.get("type"), str):
        result["type"] = [schema["type"], "null"]
    return result


def spec(type_: nodes.Type) -> nodes.FieldSpec:
    return nodes.FieldSpec(name="a", type=type_)


@st.composite
def instances(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """A value that may be valid, with no property that is not declared."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "anyOf" in schema:
        return draw(instances(draw(st.sampled_from(schema["anyOf"]))))
    declared = schema.get("type", ["string", "integer", "null"])
    kind = draw(st.sampled_from(declared if isinstance(declared, list) else [declared]))
    match kind:
        case "null":
            return None
        case "boolean":
            return draw(st.booleans())
        case "integer":
            return draw(st.sampled_from([n for n in NUMBERS if n == int(n)]))
        case "number":
            return draw(st.sampled_from(NUMBERS))
        case "string":
            return draw(st.sampled_from(TEXTS))
        case "array":
            return draw(st.lists(instances(schema.get("items", {})), max_size=4))
        case _:
            required = schema.get("required", [])
            chosen = {
                name: draw(instances(inner))
                for name, inner in schema.get("properties", {}).items()
                if name in required or draw(st.booleans())
            }
            return chosen | {
                name: draw(st.sampled_from(TEXTS)) for name in required if name not in chosen
            }


FORMATS = FormatChecker(("date", "email"))


def is_valid(schema: dict[str, Any], value: Any) -> bool:
    return Draft202012Validator(schema, format_checker=FORMATS).is_valid(value)


def inputs(before: Any, after: Any, *chains: ChainArtifact) -> tuple[Breaking, ...]:
    return breaking_changes(schema_change("input_schema", before, after), chains)


def outputs(before: Any, after: Any, *chains: ChainArtifact) -> tuple[Breaking, ...]:
    return breaking_changes(schema_change("output_schema", before, after), chains)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    before = draw(SCHEMAS)
    after = draw(st.one_of(SCHEMAS, changed(before)))
    return before, after if after.get("type") == "object" else before


def test_texts_that_could_end_their_place_are_told_in_words() -> None:
    def taking(refused: RefusedTexts | None) -> dict[str, Any]:
        memo = {"type": "string"} | ({} if refused is None else {"not": refused.schema()})
        return {"type": "object", "properties": {"memo": memo}}

    wide, narrow = RefusedTexts(), RefusedTexts(lines=True, signs=frozenset('"'), markup=True)
    assert inputs(taking(narrow), taking(wide)) == inputs(taking(wide), taking(None)) == ()
    (found,) = inputs(taking(wide), taking(narrow))
    words = 'texts on one line without `⟦`, `⟧`, `"`, `{{`, `{$` and markup'
    assert found.message == f"`memo` now takes only {words}"


@given(pairs(), st.data())
def test_an_input_that_is_no_longer_valid_is_reported(
    pair: tuple[dict[str, Any], dict[str, Any]], data: st.DataObject
) -> None:
    before, after = pair
    value = data.draw(instances(before))
    assume(is_valid(before, value) and not is_valid(after, value))
    assert inputs(before, after)


@given(pairs(), st.data())
def test_an_output_that_was_never_valid_is_reported(
    pair: tuple[dict[str, Any], dict[str, Any]], data: st.DataObject
) -> None:
    before, after = pair
    value = data.draw(instances(after))
    assume(is_valid(after, value) and not is_valid(before, value))
    assert outputs(before, after)


def reordered(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: reordered(schema[key]) for key in reversed(schema)}
    return list(reversed(schema)) if isinstance(schema, list) else schema


@given(SCHEMAS)
def test_another_order_and_other_words_break_nothing(schema: dict[str, Any]) -> None:
    other = {**reordered(schema), "description": "new", "$schema": "x", "title": "y"}
    for before, after in ((schema, other), (other, schema), (schema, schema)):
        assert inputs(before, after) == outputs(before, after) == ()


@st.composite
def widened(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that lets through everything that `schema` does, and more."""
    result = dict(schema)
    if "items" in schema:
        result["items"] = draw(widened(schema["items"]))
    if "properties" in schema:
        result["properties"] = {k: draw(widened(v)) for k, v in schema["properties"].items()}
        result["required"] = [n for n in schema.get("required", ()) if draw(st.booleans())]
    for keyword, by in (("minimum", -1), ("maximum", 1), ("minItems", -1), ("maxItems", 1)):
        if keyword in schema and draw(st.booleans()):
            result[keyword] = (
                max(schema[keyword] + by, 0) if "Items" in keyword else schema[keyword] + by
            )
    for keyword in ("minimum", "maxItems", "pattern", "format"):
        if draw(st.booleans()):
            result.pop(keyword, None)
    if "enum" in schema and schema["type"] == "string" and draw(st.booleans()):
        del result["type"], result["enum"]
        listed = {"type": "string", "enum": schema["enum"]}
        return result | {"anyOf": [listed, {"type": "string"}]}
    if "enum" in schema and draw(st.booleans()):
        result["enum"] = [*schema["enum"], "new"]
    if schema.get("type") == "integer" and draw(st.booleans()):
        result["type"] = "number"
    if isinstance(result.get("type"), str) and draw(st.booleans()):
        result["type"] = [result["type"], "null"]
        if "enum" in result:
            result["enum"] = [*result["enum"], None]
    return result


@given(SCHEMAS, st.data())
def test_inputs_may_take_more_and_outputs_may_promise_more(
    schema: dict[str, Any], data: st.DataObject
) -> None:
    wide = data.draw(widened(schema)) | {"type": "object"}
    assert inputs(schema, wide) == ()
    assert outputs(wide, schema) == ()


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(("string", "object", "x", "#/x")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "type",
                    "properties",
                    "items",
                    "required",
                    "enum",
                    "const",
                    "minimum",
                    "minLength",
                    "additionalProperties",
                    "$ref",
                    "allOf",
                    "prefixItems",
                    "x",
                    "unevaluatedProperties",
                    "exclusiveMaximum",
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING, ANYTHING)
def test_whatever_is_stored_as_a_schema_can_be_compared(before: Any, after: Any) -> None:
    for field in ("input_schema", "output_schema"):
        texts = [json.dumps(value) for value in (before, after)]
        change = schema_change(field, *texts)
        for found in breaking_changes(change, ()):
            assert make_printable(found.message) == found.message
        assert breaking_changes(schema_change(field, texts[0], texts[0]), ()) == ()


# The words


def obj(required: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
PATIENT = obj(("name",), name=STRING)

INPUTS: dict[str, tuple[Any, Any, list[tuple[str, str, str]]]] = {
    "new": (
        obj(a=STRING),
        obj(("b",), a=STRING, b=STRING),
        [("new-required-input", "b", "`b` is a new required input")],
    ),
    "from nothing": (
        None,
        {"type": "object", "properties": {"$pin": STRING}, "required": ["$pin"]},
        [("new-required-input", "$pin", "`$pin` is a new required secret")],
    ),
    "required with a default": (
        obj(a=STRING),
        obj(("a",), a=STRING | {"default": "x"}),
        [("new-required-input", "a", "`a` is now required")],
    ),
    "nested": (
        obj(patient=PATIENT),
        obj(patient=obj(("name", "dob"), name=STRING, dob=STRING)),
        [("new-required-input", "patient.dob", "`patient.dob` is a new required input")],
    ),
    "in a list of records": (
        obj(rows={"type": "array", "items": PATIENT}),
        obj(rows={"type": "array", "items": obj(("name",), name=INTEGER)}),
        [("retyped-input", "rows[].name", "`rows[].name` is now integer, was string")],
    ),
    "enum": (
        obj(a={"type": "string", "enum": ["x", "y", "z"]}),
        obj(a={"type": "string", "enum": ["y"]}),
        [("narrowed-input", "a", '`a` no longer takes "x" or "z"')],
    ),
    "closed to an enum": (
        obj(a=STRING),
        obj(a={"type": "string", "enum": ["x", "y"]}),
        [("narrowed-input", "a", '`a` now takes only "x" or "y"')],
    ),
    "no null": (
        obj(a={"type": ["string", "null"]}),
        obj(a=STRING),
        [("narrowed-input", "a", "`a` no longer takes null")],
    ),
    "no fraction": (
        obj(a={"type": "number"}),
        obj(a=INTEGER),
        [("narrowed-input", "a", "`a` no longer takes number, only integer")],
    ),
    "bounds": (
        obj(a=INTEGER | {"minimum": 1}, b={"type": "array", "items": STRING}),
        obj(
            a=INTEGER | {"minimum": 3, "maximum": 9},
            b={"type": "array", "items": STRING, "maxItems": 5},
        ),
        [
            ("narrowed-input", "a", "`a` now has `minimum` 3, was 1"),
            ("narrowed-input", "a", "`a` now has `maximum` 9"),
            ("narrowed-input", "b", "`b` now has `maxItems` 5"),
        ],
    ),
    "sizes": (
        obj(a=STRING, b={"type": "array"}),
        obj(a=STRING | {"minLength": 1}, b={"type": "array", "minItems": 2}),
        [
            ("narrowed-input", "a", "`a` now has `minLength` 1"),
            ("narrowed-input", "b", "`b` now has `minItems` 2"),
        ],
    ),
    "format": (
        obj(a=STRING),
        obj(a=STRING | {"format": "date"}),
        [("narrowed-input", "a", '`a` now has `format` "date"')],
    ),
    "pattern": (
        obj(a=STRING),
        obj(a=STRING | {"pattern": "^\x1b[0-9]$"}),
        [("narrowed-input", "a", '`a` now has `pattern` "^\\u001b[0-9]$"')],
    ),
    "removed": (obj(("a",), a=STRING), obj(), []),
    "removed from a closed one": (
        obj(a=STRING, b=STRING) | {"additionalProperties": False},
        obj(b=STRING) | {"additionalProperties": False},
        [("removed-input", "a", "`a` is no longer accepted")],
    ),
    "closed": (
        obj(a=obj(b=STRING)),
        obj(a=obj(b=STRING) | {"additionalProperties": False}),
        [("narrowed-input", "a", "`a` no longer takes properties that are not declared")],
    ),
    "optional": (obj(), obj(a=STRING), []),
    "no schema any more": (obj(("a",), a=STRING), None, []),
    "whole numbers have one bound": (
        obj(a=INTEGER | {"exclusiveMinimum": 0}),
        obj(a=INTEGER | {"minimum": 1}),
        [],
    ),
    "not understood": (
        obj(a={"oneOf": [STRING, INTEGER]}),
        obj(a={"oneOf": [STRING]}),
        [
            (
                "retyped-input",
                "a",
                "the `oneOf` of `a` changed, so that it may take less than before",
            )
        ],
    ),
    "no type at all": (
        None,
        {"type": []},
        [("retyped-input", "", "the input as a whole is now nothing, was object")],
    ),
    "odd names": (
        obj(),
        {"required": ["a b", "x.y"]},
        [
            ("new-required-input", '["a b"]', '`["a b"]` is a new required input'),
            ("new-required-input", '["x.y"]', '`["x.y"]` is a new required input'),
        ],
    ),
}

OUTPUTS: dict[str, tuple[Any, Any, list[tuple[str, str, str]]]] = {
    "removed": (
        obj(("a", "b"), a=STRING, b=STRING),
        obj(("b",), b=STRING),
        [("removed-output", "a", "`a` is no longer an output")],
    ),
    "an optional one removed": (
        obj(a=STRING),
        obj(),
        [("removed-output", "a", "`a` is no longer an output")],
    ),
    "every one removed": (
        obj(("a",), a=STRING, b=STRING),
        None,
        [
            ("removed-output", "a", "`a` is no longer an output"),
            ("removed-output", "b", "`b` is no longer an output"),
        ],
    ),
    "may be missing": (
        obj(("a",), a=STRING),
        obj(a=STRING),
        [("retyped-output", "a", "`a` may now be missing")],
    ),
    "may be null": (
        obj(a=obj(b=STRING)),
        obj(a=obj(b={"type": ["string", "null"]})),
        [("retyped-output", "a.b", "`a.b` may now be null")],
    ),
    "retyped": (
        obj(a=STRING),
        obj(a=INTEGER),
        [("retyped-output", "a", "`a` is now integer, was string")],
    ),
    "enum": (
        obj(a={"type": "string", "enum": ["x"]}),
        obj(a={"type": "string", "enum": ["x", "y"]}),
        [("retyped-output", "a", '`a` may now be "y"')],
    ),
    "const": (
        obj(a=STRING | {"const": "x"}),
        obj(a=STRING | {"const": "y"}),
        [("retyped-output", "a", '`a` may now be "y"')],
    ),
    "const no more": (
        obj(a=STRING | {"const": "x"}),
        obj(a=STRING),
        [("retyped-output", "a", '`a` may now be other than "x"')],
    ),
    "bound": (
        obj(a=INTEGER | {"maximum": 3}, b=INTEGER | {"minimum": 1}),
        obj(a=INTEGER, b=INTEGER | {"minimum": 0}),
        [
            ("retyped-output", "a", "`a` no longer has `maximum` 3"),
            ("retyped-output", "b", "`b` has `minimum` 0, was 1"),
        ],
    ),
    "added": (obj(("a",), a=STRING), obj(("a", "b"), a=STRING, b=STRING), []),
    "first ones": (None, obj(("a",), a=STRING), []),
    "added to a closed one": (
        obj(a=STRING) | {"additionalProperties": False},
        obj(a=STRING, b=STRING) | {"additionalProperties": False},
        [("retyped-output", "b", "`b` is new, and no other property was to be expected")],
    ),
    "short notation": (
        '{"mrn": "string"}',
        '{"mrn": "number"}',
        [
            (
                "retyped-output",
                "",
                "the output as a whole changed in a notation that is not compared field by field",
            )
        ],
    ),
    "no JSON at all": (
        "mrn: string",
        obj(mrn=STRING),
        [
            (
                "retyped-output",
                "",
                "the output as a whole changed in a notation that is not compared field by field",
            )
        ],
    ),
}


def said(found: tuple[Breaking, ...]) -> list[tuple[str, str, str]]:
    return [(item.kind, item.path, item.message) for item in found]


@for_rows(lambda: INPUTS.values())
def test_inputs(row: tuple[Any, Any, list[tuple[str, str, str]]]) -> None:
    before, after, expected = row
    assert said(inputs(before, after)) == expected


@for_rows(lambda: OUTPUTS.values())
def test_outputs(row: tuple[Any, Any, list[tuple[str, str, str]]]) -> None:
    before, after, expected = row
    assert said(outputs(before, after)) == expected


def test_depth_is_no_danger() -> None:
    def nested(depth: int, leaf: Any) -> Any:
        schema = leaf
        for _ in range(depth):
            schema = obj(a=schema)
        return schema

    assert said(inputs(nested(30, STRING), nested(30, INTEGER)))[0][1] == ".".join(["a"] * 30)
    (found,) = inputs(nested(90, STRING), nested(90, INTEGER))
    assert "deeper than is compared" in found.message


def test_numbers_larger_than_any_float_are_compared_as_they_are_written() -> None:
    huge = 10**400
    for keyword, base in (("maximum", INTEGER), ("maxLength", STRING)):
        (found,) = inputs(obj(a=base), obj(a=base | {keyword: huge}))
        assert found.message.startswith(f"the `{keyword}` of `a` changed")
    (found,) = inputs(obj(a=INTEGER | {"enum": [huge]}), obj(a=INTEGER | {"maximum": 5}))
    assert found.kind == "narrowed-input"


# Which changes are looked at


def test_a_workflow_that_is_created_or_goes_on_as_it_is_breaks_nobody() -> None:
    change = Change(workflow_address("look_up"), Action.CREATE, "Look up")
    assert breaking_changes(change, (chain(step("a")),)) == ()
    assert breaking_changes(change_of({}, {"main_prompt": "x"}), ()) == ()


def test_callers_of_an_adopted_workflow_exist() -> None:
    change = schema_change("input_schema", obj(), obj(("a",), a=STRING), action=Action.ADOPT)
    assert [item.kind for item in breaking_changes(change, ())] == ["new-required-input"]


def test_a_deleted_workflow_breaks_the_chains_that_run_it() -> None:
    change = Change(workflow_address("look_up"), Action.DELETE, "Look up")
    chains = (chain(step("a"), name="one"), chain(step("b", workflow="other"), name="two"))
    (found,) = breaking_changes(change, chains)
    assert (found.kind, found.path, found.chains) == ("removed-workflow", "", ("one",))


def test_a_field_that_the_source_does_not_declare_is_not_compared() -> None:
    live = {"input_schema": json.dumps(obj()), "output_schema": json.dumps(obj(("a",), a=STRING))}
    assert breaking_changes(change_of(live, {"main_prompt": "x"}, applied={}), ()) == ()


# Chains


def step(alias: str, workflow: str = "look_up", **body: Any) -> dict[str, Any]:
    return {"workflow_id": workflow, "session_alias": alias, **body}


def chain(*steps: dict[str, Any], name: str = "night", **payload: Any) -> ChainArtifact:
    return ChainArtifact(name, {"steps": list(steps), **payload})


NEEDS_B = (obj(a=STRING), obj(("b",), a=STRING, b=STRING))
NEEDS_SECRET = (obj(), {"properties": {"$pin": STRING}, "required": ["$pin"]})
NEEDS_DOB = (obj(p=PATIENT), obj(p=obj(("name", "dob"), name=STRING, dob=STRING)))
NARROW_A = (obj(a=STRING), obj(a=STRING | {"pattern": "x"}))
NARROW_NAME = (obj(p=PATIENT), obj(p=obj(("name",), name=INTEGER)))


@for_rows(
    lambda: [
        (NEEDS_B, chain(step("s", inputs={"a": 1})), True),
        (NEEDS_B, chain(step("s", inputs={"b": {"$input": "x"}})), False),
        (NEEDS_B, chain(step("s"), shared_inputs={"b": 1}), False),
        (NEEDS_B, chain(step("s", workflow="other")), False),
        (NEEDS_B, chain(step("s", inputs={"b": 1}), step("t")), True),
        (NEEDS_SECRET, chain(step("s", inputs={"pin": 1})), True),
        (NEEDS_SECRET, chain(step("s", sensitive_inputs={"pin": {"$secret": "x"}})), False),
        (NEEDS_SECRET, chain(step("s"), shared_sensitive_inputs={"pin": {"$secret": "x"}}), False),
        (NEEDS_DOB, chain(step("s")), False),
        (NEEDS_DOB, chain(step("s", inputs={"p": {"name": "x"}})), True),
        (NEEDS_DOB, chain(step("s", inputs={"p": {"name": "x", "dob": {"$input": "d"}}})), False),
        (NEEDS_DOB, chain(step("s", inputs={"p": {"$ref": "r.outputs.p"}})), True),
        (NARROW_A, chain(step("s", inputs={"a": "x"})), True),
        (NARROW_A, chain(step("s"), shared_inputs={"a": "x"}), True),
        (NARROW_A, chain(step("s", inputs={"b": "x"})), False),
        (NARROW_NAME, chain(step("s", inputs={"p": {"name": "x"}})), True),
        (NARROW_NAME, chain(step("s", inputs={"p": {"other": "x"}})), False),
        (NARROW_NAME, chain(step("s", inputs={"p": {"$input": "x"}})), True),
    ]
)
def test_chains_that_rely_on_an_input(row: tuple[tuple[Any, Any], ChainArtifact, bool]) -> None:
    pair, found, relies = row
    (item,) = inputs(*pair, found)
    assert item.chains == (("night",) if relies else ())


@for_rows(
    lambda: [
        ("s.outputs.rows.0.mrn", True),
        ("s.outputs.rows.0", True),
        ("s.outputs.rows", True),
        ("s.outputs", True),
        ("s.outputs.rows.0.other", False),
        ("s.outputs.total", False),
        ("t.outputs.rows", False),
        ("s.inputs.rows", False),
    ]
)
def test_chains_that_rely_on_an_output(row: tuple[str, bool]) -> None:
    reference, relies = row

    def rows(mrn: Any) -> Any:
        return obj(rows={"type": "array", "items": obj(mrn=mrn)})

    steps = (step("s"), step("t", "other", inputs={"x": {"y": [{"$ref": reference}]}}))
    (item,) = outputs(rows(STRING), rows(INTEGER), chain(*steps))
    assert item.chains == (("night",) if relies else ())


def test_chains_refer_to_a_renamed_workflow_by_its_new_name() -> None:
    before, after = ({"input_schema": json.dumps(schema)} for schema in NEEDS_B)
    change = change_of(before, after, name="new", previous_address=workflow_address("old"))
    chains = (chain(step("s", "new"), name="one"), chain(step("s", "old"), name="two"))
    (item,) = breaking_changes(change, chains)
    assert item.chains == ("one",)


def test_a_step_behind_a_pause_relies_on_what_stands_in_front_of_it() -> None:
    reads = step("t", "other", inputs={"x": {"$ref": "s.outputs.total"}})
    waits = ChainArtifact("night", {"steps": [step("s")]}, ({"steps": [reads]},))
    (item,) = outputs(obj(total=STRING), obj(total=INTEGER), waits)
    assert item.chains == ("night",)
    (item,) = inputs(*NEEDS_B, ChainArtifact("night", {"steps": []}, ({"steps": [step("s")]},)))
    assert item.chains == ("night",)


LISTED = {"type": "string", "enum": ["a", "b"]}
OR_ANY = {"anyOf": [LISTED, STRING]}
NULLABLE = {"type": ["string", "null"]}
WAYS = {
    "null to left out": (NULLABLE, STRING, "`x` no longer takes null", ""),
    "left out to null": (STRING, NULLABLE, "", "`x` may now be null"),
    "listed to any text": (LISTED, OR_ANY, "", '`x` may now be other than "a" or "b"'),
    "any text to listed": (OR_ANY, LISTED, '`x` now takes only "a" or "b"', ""),
    "any text to text": (OR_ANY, STRING, "", ""),
    "text to any text": (STRING, OR_ANY, "", ""),
    "shorter": (STRING, STRING | {"maxLength": 5}, "`x` now has `maxLength` 5", ""),
    "a number more": (
        {"type": "integer", "enum": [1]},
        {"type": "integer", "enum": [1, 2]},
        "",
        "`x` may now be 2",
    ),
}
"""A schema before and after, and what is told of an input and of an output that may be left out."""


@in_rows("name", WAYS)
def test_what_may_be_missing_or_is_listed_breaks_one_side_at_most(name: str) -> None:
    before, after, *told = WAYS[name]
    schemas = [{"type": "object", "properties": {"x": each}} for each in (before, after)]
    for found, message in zip((inputs(*schemas), outputs(*schemas)), told, strict=True):
        assert [each.message for each in found] == ([message] if message else [])
