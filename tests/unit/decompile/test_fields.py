"""Schemas to fields and back.

Whatever is read gives an equal schema, and every schema of FlowDSL's own is read.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.service.import_schemas import draw_payload, examine
from flowdsl.api import compile_text
from flowdsl.codegen.input_patterns import LINE
from flowdsl.codegen.json_schema import input_schema, output_schema
from flowdsl.decompile.fields import SchemaFields, loose_fields
from flowdsl.decompile.fields import read_inputs as read_input_schema
from flowdsl.decompile.fields import read_outputs as read_output_schema
from flowdsl.decompile.writing.type_names import (
    TypeNames,
    Unspeakable,
    field_text,
    source_name,
    source_names,
)
from flowdsl.ir import nodes
from flowdsl.source.record import replace
from flowdsl.source.refused_texts import remove_restrictions
from tests.support.effort import examples
from tests.support.rows import in_rows

ORIGIN = nodes.Origin(path="", start_line=1, start_column=1, end_line=1, end_column=1)
STRING = nodes.ScalarType(name="string")
INT = nodes.ScalarType(name="int")
ANY = nodes.ScalarType(name="any")


Fields = tuple[nodes.FieldSpec, ...]


def read_inputs(schema: Any) -> tuple[Fields, Fields] | None:
    """The inputs and secrets that give a schema without a patch; None if a patch is needed."""
    read = read_input_schema(schema)
    exact = isinstance(read, SchemaFields) and not read.patch
    return (read.inputs, read.secrets) if exact else None


def read_outputs(schema: Any, sources: tuple[nodes.OutputSource, ...]) -> Fields | None:
    read = read_output_schema(schema, sources)
    return read.outputs if isinstance(read, SchemaFields) and not read.patch else None


def spec(name: str, type_: nodes.Type = STRING, **more: Any) -> nodes.FieldSpec:
    return nodes.FieldSpec(name=name, type=type_, **more)


def record(*fields: nodes.FieldSpec) -> nodes.RecordType:
    return nodes.RecordType(fields=fields)


def rows(*fields: nodes.FieldSpec) -> nodes.ListType:
    return nodes.ListType(element=record(*fields))


def workflow(**sections: Any) -> nodes.Workflow:
    return nodes.Workflow(origin=ORIGIN, name="w", title="w", **sections)


def recompiled(inputs: Any = (), secrets: Any = (), outputs: Any = ()) -> dict[str, Any]:
    """The payload of a workflow that declares the fields in source, checked like any other."""
    types = TypeNames(inputs, secrets, outputs, taken=["lookup"])
    names = source_names(inputs)
    named = {
        "inputs": (inputs, names),
        "secrets": (secrets, source_names(secrets, names.values())),
        "outputs": (outputs, source_names(outputs)),
    }
    source = "flow 1\n" + "\n".join(types.declarations()) + "\nworkflow lookup {\n"
    for section, (fields, known) in named.items():
        lines = "\n".join(field_text(field, types, name=known[field.name]) for field in fields)
        source += f"{section} {{\n{lines}\n}}\n"
    source += 'steps { do "Look the patient up." }\n}\n'
    (artifact,) = compile_text(source).workflows
    return artifact.payload


# Generated fields

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text('ab {}"\\\n#', max_size=6).filter(
        lambda value: (
            "\n" not in value or not any(line and not line.strip() for line in value.split("\n"))
        )
    ),
    "int": st.integers(-1000, 10**17),
    "number": st.one_of(st.integers(-1500, 10**29), st.floats(-1500, 1e29)),
    "bool": st.booleans(),
    "date": st.just("2026-02-28"),
    "datetime": st.just("2026-02-28T10:00:00Z"),
    "time": st.just("09:30"),
    "email": st.just("ann@clinic.test"),
    "url": st.just("https://portal.test/"),
    "any": st.sampled_from([None, 1, "x", [1, "x"], {"a": {"b c": None}}]),
}
NAMES = st.one_of(
    st.sampled_from(
        ["mrn", "items", "type", "not", "env", "x y", "x_y", "取引先", "1st", "Addresses", "a-b"]
    ),
    st.text('ab_ -é"\\$1', min_size=1, max_size=5),
).filter(lambda name: not name.startswith("$") and not name.endswith("\\"))
DESCRIPTIONS = st.one_of(
    st.none(),
    st.sampled_from(
        ["The record number.", "two\n\nlines", "# sharp", "## twice", '{x} "y"', "\nlate", "a # b"]
    ),
)


@st.composite
def types(draw: st.DrawFn, depth: int = 2) -> nodes.Type:
    kind = draw(st.sampled_from(["scalar", "scalar", "enum", "list", "optional", "record"]))
    if kind == "scalar" or depth == 0:
        return nodes.ScalarType(name=draw(st.sampled_from(sorted(SCALARS))))
    if kind == "enum" and draw(st.booleans()):
        whole = st.lists(st.integers(-9, 10**17), min_size=1, max_size=3, unique=True)
        return nodes.EnumType(values=tuple(draw(whole)))
    if kind == "enum":
        values = st.lists(st.text('ab "{', max_size=3), min_size=1, max_size=3, unique=True)
        return nodes.EnumType(values=tuple(draw(values)), open=draw(st.booleans()))
    if kind == "record":
        return nodes.RecordType(fields=draw(field_lists(depth - 1, least=1)))
    inner = draw(types(depth - 1))
    if kind == "list":
        return nodes.ListType(element=inner)
    return inner if isinstance(inner, nodes.OptionalType) else nodes.OptionalType(inner=inner)


@st.composite
def values(draw: st.DrawFn, type_: nodes.Type) -> Any:
    match type_:
        case nodes.ScalarType(name=name):
            return draw(SCALARS[name])
        case nodes.EnumType(values=allowed):
            return draw(st.sampled_from((*allowed, "b c")[: len(allowed) + type_.open]))
        case nodes.ListType(element=element):
            return draw(st.lists(values(element), max_size=2))
        case nodes.OptionalType(inner=inner):
            return draw(st.one_of(st.none(), values(inner)))
        case nodes.RecordType(fields=fields):
            drawn = {field.name: draw(values(field.type)) for field in fields}
            # No source gives a field null that has a default.
            drawn |= {
                field.name: field.default
                for field in fields
                if field.has_default and drawn[field.name] is None
            }
            absent = {field.name for field in fields if field.absent and drawn[field.name] is None}
            return {name: value for name, value in drawn.items() if name not in absent}


@st.composite
def constraints(draw: st.DrawFn, type_: nodes.Type) -> dict[str, Any]:
    inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        return found
    if isinstance(inner, nodes.ListType):
        found["maxItems"] = draw(st.integers(2, 50))
    elif isinstance(inner, nodes.ScalarType) and inner.name in ("int", "number"):
        found["minimum"] = draw(st.sampled_from([-(10**40), -2000, -(10**30) - 0.5]))
        found["maximum"] = draw(st.sampled_from([10**41, 1e300, 10**30]))
    elif inner == STRING or (isinstance(inner, nodes.EnumType) and inner.open):
        found["pattern"] = draw(st.sampled_from([r"^[^\0]*$", "", '(?s).*"?', r"[\s\S]{0,99}"]))
        found["format"] = draw(st.sampled_from(["phone", "x y"]))
        found["minLength"] = 0 if inner == STRING else 1
        found["maxLength"] = draw(st.integers(6, 10**20))
    if draw(st.booleans()):
        found["deprecated"] = True
    return found


@st.composite
def field_specs(draw: st.DrawFn, name: str, depth: int) -> nodes.FieldSpec:
    type_ = draw(types(depth))
    limits = draw(constraints(type_))
    has_default = draw(st.booleans())
    is_optional = isinstance(type_, nodes.OptionalType)
    may_be_absent = isinstance(type_, nodes.OptionalType) and type_.inner != ANY
    return spec(
        name,
        type_,
        absent=may_be_absent and not has_default and draw(st.booleans()),
        constraints=limits,
        has_default=has_default,
        default=draw(values(type_)) if has_default and not is_optional else None,
        description=draw(DESCRIPTIONS),
    )


def field_lists(
    depth: int = 2, least: int = 0, among: st.SearchStrategy[str] = NAMES
) -> st.SearchStrategy[tuple[nodes.FieldSpec, ...]]:
    names = st.lists(among, unique=True, min_size=least, max_size=3)
    return names.flatmap(lambda names: st.tuples(*(field_specs(name, depth) for name in names)))


SECRETS = field_lists(1, among=st.sampled_from(["pin", "x_y", "not", "_1", "Code"])).map(
    lambda fields: tuple(replace(field, has_default=False, default=None) for field in fields)
)


@settings(max_examples=examples(250))
@given(field_lists(), SECRETS)
def test_schemas_of_inputs_are_read_and_compile_to_themselves(
    inputs: tuple[nodes.FieldSpec, ...], secrets: tuple[nodes.FieldSpec, ...]
) -> None:
    schema = input_schema(workflow(inputs=inputs, secrets=secrets))
    if schema is None:
        return
    read = read_inputs(json.loads(schema))
    assert read is not None
    assert json.loads(recompiled(*read)["input_schema"]) == json.loads(schema)


@settings(max_examples=examples(150))
@given(st.data())
def test_schemas_of_outputs_are_read_without_what_sources_add(data: st.DataObject) -> None:
    outputs = data.draw(field_lists())
    sources = tuple(data.draw(source_of(field)) for field in outputs)
    schema = output_schema(workflow(outputs=outputs, sources=sources))
    if schema is None:
        return
    read = read_outputs(json.loads(schema), sources)
    assert read is not None
    assert json.loads(output_schema(workflow(outputs=read, sources=sources)) or "") == json.loads(
        schema
    )
    loose = optional(read)
    unset = tuple(
        nodes.OutputSource(origin=ORIGIN, field=field.name, kind="none") for field in loose
    )
    expected = output_schema(workflow(outputs=loose, sources=unset))
    assert recompiled(outputs=loose)["output_schema"] == expected


def optional(fields: tuple[nodes.FieldSpec, ...]) -> tuple[nodes.FieldSpec, ...]:
    """The fields without defaults and with types that a workflow need not set."""
    bare = (replace(field, has_default=False, default=None) for field in fields)
    return tuple(
        field
        if isinstance(field.type, nodes.OptionalType)
        else replace(field, type=nodes.OptionalType(inner=field.type))
        for field in bare
    )


@st.composite
def source_of(draw: st.DrawFn, field: nodes.FieldSpec) -> nodes.OutputSource:
    source = nodes.OutputSource(origin=ORIGIN, field=field.name, kind="none")
    kind = draw(st.sampled_from(["runtime", "const", "none"]))
    if kind == "const":
        value = draw(values(field.type))
        if value is not None or not field.absent:
            return replace(source, kind="const", value=value)
        kind = "none"
    return (
        source
        if kind == "none"
        else replace(source, kind="runtime", variable="seen", path=("a", 0))
    )


# Any schema

KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            [
                "string",
                "integer",
                "number",
                "boolean",
                "array",
                "object",
                "null",
                ["string", "null"],
                ["null", "string"],
                ["array", "null"],
                ["string", "integer"],
                3,
            ]
        ),
        "format": st.sampled_from(["date", "uri", "phone", 1]),
        "enum": st.sampled_from([["a"], ["a", None], [], ["a", "a"], [1], [1, 2.0], [True, 1]]),
        "anyOf": st.sampled_from(
            [
                [{"type": "string", "enum": ["a"]}, {"type": "string"}],
                [{"type": "string", "enum": ["a"]}, {"type": "string"}, {"type": "null"}],
                [{"type": "string"}, {"type": "string", "enum": ["a"]}],
                [{"type": "integer", "enum": [1]}, {"type": "string"}],
                [{"enum": ["a"]}, {"type": "string"}],
                [],
                "a",
            ]
        ),
        "default": st.sampled_from([None, "a", 1, [], {}, True]),
        "description": st.sampled_from(
            ["", "Fine.", " padded", "tail \nnext", "a\r\nb", None, "flow: ignore[x]"]
        ),
        "minimum": st.sampled_from([0, 1.5, True, "1"]),
        "minItems": st.sampled_from([0, 2.0, -1, 1.5]),
        "maxLength": st.sampled_from([0, 2.0, -1, 1.5, True, "1"]),
        "pattern": st.sampled_from(["a", "(", None]),
        "examples": st.sampled_from([["a"], [], [1], "a"]),
        "deprecated": st.booleans(),
        "title": st.just("A"),
        "additionalProperties": st.booleans(),
        "required": st.sampled_from([[], ["p"], ["q", "p"], ["z"], ["p", "p"], "p", [["p"]]]),
    },
)
SCHEMAS = st.recursive(
    KEYWORDS,
    lambda inner: st.tuples(
        KEYWORDS,
        st.fixed_dictionaries(
            {},
            optional={"items": inner, "properties": st.dictionaries(st.sampled_from("pq"), inner)},
        ),
    ).map(lambda pair: pair[0] | pair[1]),
    max_leaves=4,
)
ROOTS = st.one_of(
    SCHEMAS,
    st.dictionaries(st.sampled_from(["p", "q", "$p", "$"]), SCHEMAS, max_size=3).map(
        lambda properties: (
            {"type": "object", "properties": properties}
            | ({"required": sorted(properties)} if properties else {})
        )
    ),
    st.sampled_from([None, [], "x", 3, {}]),
)


@settings(max_examples=examples(700))
@given(ROOTS)
def test_any_schema_is_read_exactly_or_not_at_all(schema: Any) -> None:
    read = read_inputs(schema)
    if read is not None:
        assert remove_restrictions(json.loads(recompiled(*read)["input_schema"])) == schema
    outputs = read_outputs(schema, ())
    if outputs is not None:
        assert json.loads(output_schema(workflow(outputs=outputs)) or "") == schema
    loose_fields(schema)


HAND_WRITTEN = {
    "closed": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    },
    "nothing required, listed": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": [],
    },
    "reference": {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "required": ["a"],
        "$defs": {"A": {}},
    },
    "choice": {
        "type": "object",
        "properties": {"a": {"oneOf": [{"type": "string"}]}},
        "required": ["a"],
    },
    "dialect": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"a": {}},
        "required": ["a"],
    },
    "required twice": {"type": "object", "properties": {"a": {}}, "required": ["a", "a"]},
    "secret with default": {
        "type": "object",
        "properties": {"$p": {"type": "string", "default": "x"}},
    },
    "secrets first": {"type": "object", "properties": {"$p": {}, "a": {}}, "required": ["$p", "a"]},
    "limits of entries": {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string", "pattern": "x"}}},
        "required": ["a"],
    },
    "default of another type": {
        "type": "object",
        "properties": {"a": {"type": "integer", "default": "1"}},
    },
    "default out of range": {
        "type": "object",
        "properties": {"a": {"type": "integer", "default": 1, "minimum": 2}},
    },
    "boolean schema": {"type": "object", "properties": {"a": True}, "required": ["a"]},
    "tuple": {
        "type": "object",
        "properties": {"a": {"type": "array", "items": [{}]}},
        "required": ["a"],
    },
    "nothing": {"type": "object", "properties": {}},
}


@in_rows("schema", HAND_WRITTEN.values(), ids=HAND_WRITTEN.keys())
def test_schemas_that_say_more_or_less_than_fields_are_not_read(schema: Any) -> None:
    assert read_inputs(schema) is None
    if "entries" not in schema:
        assert loose_fields(schema) is not None


def test_ordinary_schemas_are_typed_and_come_back_the_same() -> None:
    """The study of `benchmarks/service/import_schemas.py`, on some of its payloads."""
    assert [seed for seed in range(examples(25)) if examine(draw_payload(seed)) != (True, [])] == []


@settings(max_examples=examples(60))
@given(ROOTS)
def test_any_schema_of_an_imported_workflow_stays_as_it_was(schema: Any) -> None:
    for each in (schema, *(HAND_WRITTEN.values() if schema == {} else ())):
        text = json.dumps(each) if isinstance(each, dict) else None
        body = {"name": "W", "main_prompt": "Go.", "input_schema": text, "output_schema": text}
        assert examine({key: value for key, value in body.items() if value})[0], each


def test_bounds_of_a_choice_that_other_texts_may_leave_are_read() -> None:
    choice = nodes.EnumType(values=("a", "b"), open=True)
    for bound in ({"maxLength": 9}, {"minLength": 1}, {"pattern": "^x"}, {"format": "x-y"}):
        for type_ in (choice, nodes.OptionalType(inner=choice)):
            fields = (spec("f", type_, constraints=bound),)
            read = read_inputs(json.loads(input_schema(workflow(inputs=fields)) or ""))
            assert read is not None and read[0][0].constraints == bound


def test_the_order_of_required_decides_the_order_of_fields() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {}, "n": {"type": ["string", "null"]}, "b": {}},
        "required": ["b", "a"],
    }
    read = read_inputs(schema)
    assert read is not None
    assert [field.name for field in read[0]] == ["b", "n", "a"]


def test_a_required_secret_takes_the_place_of_no_input() -> None:
    text = {"type": "string"}
    schema = {
        "type": "object",
        "properties": {"a": text, "b": text, "n": text, "$pin": text},
        "required": ["a", "$pin", "b"],
    }
    read = read_input_schema(schema)
    assert isinstance(read, SchemaFields)
    assert [field.name for field in read.inputs] == ["a", "b", "n"]
    assert [field.name for field in read.secrets] == ["pin"]


def test_fields_that_somebody_listed_beside_alternatives_stay() -> None:
    entry = {"anyOf": [{"type": "object"}], "properties": {"x": {}}, "additionalProperties": False}
    found = remove_restrictions({"type": "object", "properties": {"data": entry}})
    assert found["properties"]["data"]["properties"] == {"x": {}}


def test_secrets_are_told_by_their_sign_and_may_share_the_name_of_an_input() -> None:
    schema = {
        "type": "object",
        "properties": {"pin": {"type": "string"}, "$pin": {"type": "string"}},
        "required": ["pin", "$pin"],
    }
    read = read_inputs(schema)
    assert read == ((spec("pin"),), (spec("pin"),))
    assert remove_restrictions(json.loads(recompiled(*read)["input_schema"])) == schema


def test_an_output_whose_description_lacks_its_source_is_not_read() -> None:
    source = nodes.OutputSource(origin=ORIGIN, field="a", kind="runtime", variable="a")
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "description": "x"}},
        "required": ["a"],
    }
    assert read_outputs(schema, (source,)) is None
    assert read_outputs(schema, ()) == (spec("a", description="x"),)
    assert read_outputs(schema | {"required": []}, ()) is None


def test_deep_schemas_are_left_alone() -> None:
    schema: dict[str, Any] = {}
    value: Any = 1
    for _ in range(400):
        schema, value = {"type": "array", "items": schema}, [value]
    root = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    assert read_inputs(root) is None
    assert read_inputs({"type": "object", "properties": {"a": {"default": value}}}) is None
    assert loose_fields(root) is not None


def test_loose_fields_say_what_types_can_say() -> None:
    schema = {
        "type": "object",
        "properties": {
            "when": {"type": "string", "format": "date-time", "not": LINE.schema()},
            "lines": {
                "type": "array",
                "maxItems": 3,
                "items": {"type": "object", "properties": {"n": {"type": "integer"}}},
            },
            "either": {"anyOf": [{"type": "string"}]},
            "$pin": True,
        },
        "required": ["when", "lines", "$pin"],
    }
    number = spec("n", nodes.OptionalType(inner=INT), absent=True)
    assert loose_fields(schema) == (
        spec("when", nodes.ScalarType(name="datetime")),
        spec("lines", rows(number)),
        spec("either", nodes.OptionalType(inner=STRING), absent=True),
        spec("$pin", ANY),
    )
    assert loose_fields({"mrn": "string"}) is None


# Names and source text


@in_rows(
    ("wire_name", "taken", "name"),
    [
        ("mrn", (), "mrn"),
        ("mrn", ("mrn",), "mrn_2"),
        ("mrn", ("mrn", "mrn_2"), "mrn_3"),
        ("Patient name", (), "Patient_name"),
        ("取引先", (), "field"),
        ("2nd", (), "field_2nd"),
        ("true", (), "true_value"),
        ("type", (), "type"),
    ],
)
def test_names_in_source(wire_name: str, taken: tuple[str, ...], name: str) -> None:
    assert source_name(wire_name, taken) == name


def test_no_field_takes_the_wire_name_of_another() -> None:
    assert source_names([spec("a b"), spec("a_b")]) == {"a b": "a_b_2", "a_b": "a_b"}


def test_a_field_as_it_stands_in_source() -> None:
    field = spec(
        "patient mrn",
        constraints={"pattern": r"^\d{6}$", "examples": ["447120", "447121"], "deprecated": True},
        has_default=True,
        default="447120",
        description="The record number.\n\nSix digits.",
    )
    assert field_text(field, TypeNames(), untrusted=True) == (
        "## The record number.\n##\n## Six digits.\n"
        'patient_mrn: string = "447120" @pattern(r"^\\d{6}$") @example("447120") @example("447121")'
        ' @deprecated @untrusted @wire("patient mrn")'
    )


@in_rows("description", ["", " a", "a\t", "a\rb", "\x07", "flow: ignore[x] y", "fmt: off"])
def test_descriptions_that_no_doc_comment_gives(description: str) -> None:
    with pytest.raises(Unspeakable):
        field_text(spec("a", description=description), TypeNames())


def test_records_are_called_after_their_fields_and_shared() -> None:
    severity = nodes.EnumType(values=("low", "high"))
    allergy = rows(spec("substance"), spec("severity", severity))
    names = TypeNames(
        [
            spec("allergies", allergy),
            spec("max_severity", severity),
            spec("answer", nodes.EnumType(values=("a",))),
        ],
        [spec("known_allergies", allergy), spec("address", record(spec("city")))],
    )
    assert names.declarations() == [
        'type Severity = "low" | "high"',
        "type Allergy {\nsubstance: string\nseverity: Severity\n}",
        "type Address {\ncity: string\n}",
    ]
    assert names.type_text(nodes.OptionalType(inner=allergy)) == "Allergy[]?"
    assert names.type_text(record(spec("other", INT))) == "{\nother: int\n}"


def test_clashing_types_are_told_apart_by_their_parent_and_then_by_number() -> None:
    names = TypeNames(
        [spec("claim", record(spec("lines", rows(spec("a")))))],
        [spec("lines", rows(spec("b"))), spec("invoice", record(spec("line", record(spec("c")))))],
        taken=["Claim"],
    )
    assert [text.split()[1] for text in names.declarations()] == [
        "Line",
        "Claim2",
        "Line2",
        "InvoiceLine",
        "Invoice",
    ]


@in_rows(
    ("field", "name"),
    [
        ("allergies", "Allergy"),
        ("addresses", "Address"),
        ("invoiceLines", "InvoiceLine"),
        ("boxes", "Box"),
        ("statuses", "Status"),
        ("houses", "House"),
        ("diagnosis", "Diagnosis"),
        ("people", "Person"),
        ("bus", "Bus"),
        ("HTTPErrors", "HttpError"),
        ("取引先", "Field"),
    ],
)
def test_entries_of_lists_are_called_in_the_singular(field: str, name: str) -> None:
    types = TypeNames([spec(field, rows(spec("a")))])
    assert types.type_text(rows(spec("a"))) == f"{name}[]"
