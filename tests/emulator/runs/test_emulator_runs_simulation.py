"""The simulation on its own: values, patterns, prompts, and that a course repeats itself."""

from __future__ import annotations

import json
import re
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowdsl.codegen.json_schema import object_schema
from flowdsl.emulator.simulation.files import base_name, content_of, draw_picture
from flowdsl.emulator.simulation.outputs import make_outputs
from flowdsl.emulator.simulation.plans import PlayedRun
from flowdsl.emulator.simulation.prompts import evidence_of, loop_items, read_steps
from flowdsl.emulator.simulation.rules import Effects
from flowdsl.emulator.simulation.run_plan import play
from flowdsl.emulator.simulation.sampling import sample_value
from flowdsl.emulator.simulation.schemas import (
    find_schema_problems,
    input_problems,
    property_schema,
    read_schema,
    types_of,
)
from flowdsl.emulator.simulation.variables import (
    EMPTY,
    PathError,
    find_references,
    input_names,
    parse_path,
    render_text,
    resolve_inputs,
    secret_names,
    set_at,
    show_path,
    value_at,
)
from flowdsl.ir import nodes
from flowdsl.source.matching_text import matching_text
from tests.support.effort import examples
from tests.support.rows import in_rows

NAMES = st.sampled_from(["mrn", "day", "total", "open claims", "名", "$secret", "a-b"])
SCALARS = st.sampled_from(
    sorted(
        [
            "string",
            "int",
            "number",
            "bool",
            "date",
            "datetime",
            "time",
            "email",
            "url",
            "file",
            "any",
        ]
    )
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def constraints(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """What annotations of a field become for a scalar type."""
    found: dict[str, Any] = {}
    if name == "string":
        low = draw(st.integers(0, 30))
        if draw(st.booleans()):
            found |= {"minLength": low, "maxLength": low + draw(st.integers(0, 30))}
        else:
            found |= {"pattern": draw(st.sampled_from(PATTERNS))}
    elif name in ("int", "number") and draw(st.booleans()):
        low = draw(st.integers(-1000, 1000))
        found["minimum"] = low if name == "int" else low / 8
        if draw(st.booleans()):
            found["maximum"] = found["minimum"] + draw(st.integers(0, 50))
    return found


@st.composite
def flow_types(draw: st.DrawFn, depth: int = 0) -> nodes.Type:
    kinds = ["scalar", "enum", "optional"] + (["list", "record"] if depth < 3 else [])
    match draw(st.sampled_from(kinds)):
        case "enum":
            values = draw(st.lists(st.text(min_size=1, max_size=5), min_size=1, unique=True))
            return nodes.EnumType(values=tuple(values))
        case "optional":
            return nodes.OptionalType(inner=nodes.ScalarType(name=draw(SCALARS)))
        case "list":
            return nodes.ListType(element=draw(flow_types(depth + 1)))
        case "record":
            return nodes.RecordType(fields=draw(flow_fields(depth + 1)))
        case _:
            return nodes.ScalarType(name=draw(SCALARS))


@st.composite
def flow_fields(draw: st.DrawFn, depth: int = 0) -> tuple[nodes.FieldSpec, ...]:
    fields = []
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        kind = draw(flow_types(depth))
        limits: dict[str, Any] = {}
        if isinstance(kind, nodes.ScalarType):
            limits = draw(constraints(kind.name))
        elif isinstance(kind, nodes.ListType) and draw(st.booleans()):
            low = draw(st.integers(0, 6))
            limits = {"minItems": low, "maxItems": low + draw(st.integers(0, 6))}
        fields.append(nodes.FieldSpec(name=name, type=kind, constraints=limits))
    return tuple(fields)


PATTERNS = [
    r"^[0-9]{6,10}$",
    r"^[A-Za-z0-9._-]+$",
    r"^[A-Z]{2}-\d{4}$",
    r"^(19|20)\d\d-[01]\d$",
    r"^C:\\[^<>:\"|?*]+\.pdf$",
    r"^claims-.*\.(pdf|csv)$",
    r"(?P<year>\d{4})?x*y+?",
    r"^\s?\w+\W\S$",
    r"^[^a-zA-Z0-9]{3}$",
    r"a{2}b{2,}c{0,3}",
    r"^é\x41\u00fc\n$",
    r"[]x]-[\]\d]",
]


@settings(max_examples=examples(150), deadline=None)
@given(fields=flow_fields(), seed=st.text(max_size=3))
def test_every_schema_that_flowdsl_emits_gets_a_valid_output(
    fields: tuple[nodes.FieldSpec, ...], seed: str
) -> None:
    schema = object_schema(fields, all_required=True)
    text = json.dumps(schema)
    read = read_schema(text)
    assert read == schema
    values, note = make_outputs(read, text, {"mrn": 7, "day": "x"}, {"total": "many"}, seed, {})
    assert note is None
    assert values is not None
    assert set(values) == {field.name for field in fields}
    Draft202012Validator(schema).validate(values)
    assert not find_schema_problems(schema, values)


@settings(max_examples=examples(150), deadline=None)
@given(
    schema=st.recursive(
        st.booleans()
        | st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["string", "integer", "number", "array", "object", "null"]),
                "minimum": st.integers(-9, 9),
                "exclusiveMaximum": st.integers(-9, 9) | st.floats(-9, 9, allow_nan=False),
                "multipleOf": st.sampled_from([0.1, 2, 0.25, 7]),
                "minLength": st.integers(0, 9),
                "maxLength": st.integers(0, 9),
                "enum": st.lists(st.integers(0, 9) | st.text(max_size=2) | st.none(), min_size=1),
                "uniqueItems": st.booleans(),
                "minItems": st.integers(0, 4),
                "required": st.lists(st.sampled_from("ab"), unique=True),
                "minProperties": st.integers(0, 3),
            },
        ),
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner),
                "items": inner,
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "oneOf": st.lists(inner, min_size=1, max_size=2),
                "allOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
                "additionalProperties": inner,
                "$ref": st.just("#"),
            },
        ),
        max_leaves=6,
    )
)
def test_a_sampled_value_is_never_invalid(schema: Any) -> None:
    made, value = sample_value(schema, "seed")
    if made:
        Draft202012Validator(schema).validate(value)
        assert sample_value(schema, "seed") == (True, value)


@in_rows("pattern", PATTERNS)
def test_a_pattern_gets_a_text_it_matches(pattern: str) -> None:
    text = matching_text(pattern)
    assert text is not None
    assert re.search(pattern, text)


@in_rows("pattern", ["(?=a)b", r"(a)\1", "(", "a{3000}", "[", "*", "(?i)a", r"\q"])
def test_a_pattern_beyond_reach_gets_no_text(pattern: str) -> None:
    assert matching_text(pattern) is None


@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=examples(100), deadline=None)
@given(pattern=st.text(alphabet="ab01[](){}|*+?.^$\\dw-,", max_size=9))
def test_texts_for_patterns_match_or_are_not_given(pattern: str) -> None:
    """Python is the second witness, where it reads a pattern as the dialects of JSON Schema do:
    `{,3}` is text to them, and a `+` may stand behind a `$`.
    """
    text = matching_text(pattern)
    if text is None or "{," in pattern:
        return
    try:
        found = re.search(pattern, text)
    except re.error:
        return
    assert found


def test_output_that_no_value_fits_is_null_with_a_note() -> None:
    schema = {"type": "object", "properties": {"a": False}, "required": ["a"]}
    values, note = make_outputs(schema, "", {}, {}, "s", {})
    assert (values, note) == (
        None,
        "no value was found that the output schema accepts; there is no output",
    )
    run_plan = play(PlayedRun("s", "1. Go.", {}, output_schema=json.dumps(schema)))
    events = [message.get("event_type") for _, message in run_plan.messages]
    assert (run_plan.outcome, run_plan.output_data) == ("success", None)
    assert "output_data_missing" in events
    root = {"type": "array", "items": {"type": "string"}}
    assert make_outputs(root, "", {}, {}, "s", {})[0] is None


def test_no_schema_is_fetched_over_the_network() -> None:
    for address in ("http://127.0.0.1:9/schema.json", "file:///etc/hostname", "#/$defs/none"):
        schema = {"type": "object", "properties": {"a": {"$ref": address}}}
        found = find_schema_problems(schema, {"a": 1})
        assert [item.keyword for item in found] == ["$ref"]
    assert sample_value({"$ref": "#"}, "s") == (False, None)


@in_rows(
    ("text", "types"),
    [
        ('{"mrn": "string", "n": "number", "xs": "array", "in": {"a": "bool"}}', {"object"}),
        ('{"type": "string", "name": "string"}', {"object"}),
        ('{"type": "string", "minLength": 3}', {"string"}),
        ('{"type": "object"}', {"object"}),
        ("[{}]", {"array"}),
        ('{"type": "strin"}', None),
        ('{"properties": {"a": {"pattern": "("}}}', None),
        ("NaN", None),
        ("plain words", None),
        ("[" * 100_000, None),
    ],
)
def test_both_notations_of_schemas_are_read(text: str, types: set[str] | None) -> None:
    schema = read_schema(text)
    assert (None if schema is None else types_of(schema)) == types


@given(
    run=st.dictionaries(st.sampled_from("abc"), JSON_VALUES),
    lower=st.dictionaries(st.sampled_from("abc"), JSON_VALUES),
)
def test_the_run_goes_before_its_machine_and_blanks_do_not_count(run: Any, lower: Any) -> None:
    found = resolve_inputs(run, lower)
    assert set(found) == set(run) | set(lower)
    for name, value in found.items():
        given_values = [source.get(name) for source in (run, lower)]
        counting = [item for item in given_values if item is not None and item != ""]
        assert value == (counting[0] if counting else EMPTY)


@in_rows(
    ("path", "value"),
    [
        ("user.email", "a@b.test"),
        ("items[1].name", "two"),
        ("data['special-key']", 1),
        ('data["x.y"]', 2),
        ("items[9]", EMPTY),
        ("items.name", EMPTY),
        ("absent.a.b", EMPTY),
        ("empty.a", EMPTY),
        ("user.none.a", EMPTY),
        ("user.blank", EMPTY),
    ],
)
def test_paths_lead_to_values(path: str, value: Any) -> None:
    inputs: dict[str, Any] = {
        "user": {"email": "a@b.test", "none": None, "blank": ""},
        "items": [{"name": "one"}, {"name": "two"}],
        "data": {"special-key": 1, "x.y": 2},
        "empty": EMPTY,
    }
    parts = parse_path(path)
    assert parts is not None
    assert value_at(inputs, parts) == value
    assert parse_path(show_path(parts)) == parts


@in_rows("value", ["text", 5, True, 1.5])
def test_a_path_into_a_scalar_is_an_error(value: Any) -> None:
    with pytest.raises(PathError, match=r"`a\.b`"):
        value_at({"a": value}, ("a", "b"))
    with pytest.raises(PathError):
        render_text("{a[0]}", {"a": value})


def test_variables_are_put_into_text() -> None:
    inputs: dict[str, Any] = {"a": {"b": [1, "ü"]}, "n": 5, "t": True, "s": "x{n}"}
    text = r"{a} {a.b[0]} {n}{t} {s} \{n} \{{n} {$pin} {{run}} {{other.x}} { n } {1} ${n}"
    shown = render_text(text, inputs, {"run": {"k": 1}})
    assert shown == ('{"b": [1, "ü"]} 1 5true x{n} {n} {5 {$pin} {"k": 1} {{other.x}} { n } {1} $5')
    assert input_names(text) == {"a", "n", "t", "s"}
    assert secret_names(text + r" \{$no}") == {"pin"}


def test_values_are_set_by_path() -> None:
    root: dict[str, Any] = {"a": [{"b": 1}], "t": "x"}
    for path, value in (("a[0].b", 2), ("t.deep", 3), ("new.x.y", 4), ("a[5].b", 9)):
        parts = parse_path(path)
        assert parts is not None
        set_at(root, parts, value)
    assert root == {"a": [{"b": 2}], "t": {"deep": 3}, "new": {"x": {"y": 4}}}


def test_inputs_are_checked_as_the_platform_sees_them() -> None:
    schema = {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"type": "string", "minLength": 12}},
            "who": {"type": "object", "required": ["name"]},
            "$pin": {"type": "string"},
        },
        "required": ["who", "$pin", "late"],
        "additionalProperties": False,
    }
    values: dict[str, Any] = {
        "tags": [EMPTY, "x" * 12],
        "who": {"name": EMPTY},
        "late": {"$ref": "a.outputs.b"},
    }
    found = input_problems(schema, values, ["pin"], unresolved=["late"])
    assert [(item.path, item.keyword) for item in found] == [(("who", "name"), "required")]
    deferred = input_problems(schema, {}, [], machine_known=False)
    assert deferred == []
    extra = input_problems(schema, {"x": 1}, ["other"], machine_known=False)
    assert [item.keyword for item in extra] == ["additionalProperties"]


def test_where_a_path_can_exist() -> None:
    schema = {
        "properties": {"rows": {"items": {"properties": {"a": {"type": "string"}}}}, "open": {}}
    }
    assert property_schema(schema, ("rows", 0, "a")) == (True, {"type": "string"})
    assert property_schema(schema, ("rows", 0, "b"))[0] is False
    assert property_schema(schema, ("open", "x"))[0] is True
    assert property_schema({"$ref": "#/$defs/a", "properties": {}}, ("b",))[0] is True
    assert property_schema(None, ("b",)) == (True, True)


def test_prompts_of_other_kinds_have_steps_too() -> None:
    assert [step.number for step in read_steps("Open it.\n\nRead it.")] == ["1", "2"]
    html = "<ol><li>1. Open &amp; wait</li><li>2) Read<br>more</li></ol>"
    assert [(step.number, step.text) for step in read_steps(html)] == [
        ("1", "Open & wait"),
        ("2", "Read\nmore"),
    ]
    dated = "1. Type\n   2026 was the year\n2.5 is no step here\n   3.5.1 Nor indented"
    assert [step.number for step in read_steps(dated)][:1] == ["1"]


def test_a_list_in_brackets_is_gone_through_like_one_in_quotation_marks() -> None:
    prompt = (
        '1. Use start_loop with text=⟦["a", "{b}\'s"]⟧. Without entries, go on.\n'
        "2. Open {{loop_item}}.\n"
        '3. Use end_loop_iteration with text="entry finished".\n'
        "4. Close it.\n"
    )
    lists = [step.loop for step in read_steps(prompt)]
    assert lists == ['["a", "{b}\'s"]'] * 3 + [None]


def test_evidence_is_found_in_its_usual_spellings() -> None:
    prompt = (
        '1. save_screenshot_as_run_attachment named "chart_{{mrn}}.png". Close.\n'
        "2. mark_file_for_export C:\\Out\\a {x}.pdf\n"
        "3. Use mark_file_for_export with the path 'C:\\b c.pdf'.\n"
        "4. Mention nothing.\n"
    )
    names = [item.name for item in evidence_of(read_steps(prompt))]
    assert names == ["chart_{{mrn}}.png", "C:\\Out\\a", "C:\\b c.pdf"]


@in_rows(
    ("text", "count"),
    [
        ("5", 5),
        ('["a"]', 1),
        ("{xs}", 2),
        ("{{ys}}", 1),
        ("{n}", 3),
        ("[]", 0),
        ("-1", 0),
        ("?", 0),
    ],
)
def test_loops_have_their_entries(text: str, count: int) -> None:
    assert len(loop_items(text, {"xs": [1, 2], "n": "3"}, {"ys": [1]})) == count


def test_references_are_found_wherever_they_stand() -> None:
    values: dict[str, Any] = {
        "a": {"$ref": "x.outputs.b"},
        "c": [{"$ref": "y.outputs"}],
        "d": {"$ref": 1},
        "e": {"$ref": "z", "more": 1},
    }
    assert [(item.place, item.alias, item.path) for item in find_references(values)] == [
        (("a",), "x", ("b",)),
        (("c", 0), "y", ()),
    ]


@settings(max_examples=examples(40), deadline=None)
@given(
    seed=st.text(max_size=4),
    inputs=st.dictionaries(st.sampled_from(["a", "b"]), JSON_VALUES),
    prompt=st.text(alphabet="1. {}ab\n\"'$<>[]", max_size=60) | st.just("1. Type {a.b} {{b}}"),
)
def test_a_course_repeats_itself_and_never_breaks(seed: str, inputs: Any, prompt: str) -> None:
    checks = [
        {
            "name": "c",
            "type": "run_attachment_exists",
            "file_target_mode": "regex",
            "file_name_regex": "^a+$",
        }
    ]
    plan = PlayedRun(seed, prompt, inputs, '{"a": "string"}', checks)
    run_plan = play(plan)
    assert run_plan == play(plan)
    assert run_plan.outcome in ("success", "error")
    moments = [moment for moment, _ in run_plan.messages]
    assert moments == sorted(moments)
    json.dumps([message for _, message in run_plan.messages])


def test_runs_differ_by_their_seed() -> None:
    schema = '{"name": "string", "total": "number"}'
    outputs = {
        json.dumps(play(PlayedRun(str(seed), "1. Go.", {}, schema)).output_data)
        for seed in range(9)
    }
    assert len(outputs) == 9


def test_stated_values_reach_outputs_and_file_names() -> None:
    prompt = (
        '1. Save with upsert_runtime_values as {{file}} (key "file"): the text "aging-{day}.pdf".\n'
        '2. Use mark_file_for_export with the path "C:/{{file}}".'
    )
    schema = {
        "type": "object",
        "properties": {
            "file_name": {
                "type": "string",
                "description": 'The value of the runtime variable "file".',
            }
        },
        "required": ["file_name"],
    }
    run_plan = play(PlayedRun("s", prompt, {"day": "mon"}, json.dumps(schema)))
    assert run_plan.output_data == {"file_name": "aging-mon.pdf"}
    assert [item.name for item in run_plan.attachments] == ["aging-mon.pdf"]
    forced = Effects(outputs={"file_name": "other.pdf"})
    run_plan = play(PlayedRun("s", prompt, {"day": "mon"}, json.dumps(schema), effects=forced))
    assert [item.name for item in run_plan.attachments] == ["other.pdf"]


def test_files_are_what_their_names_say() -> None:
    png = draw_picture("a.png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    length = struct.unpack(">I", png[8:12])[0]
    assert (
        zlib.crc32(png[12 : 16 + length]) == struct.unpack(">I", png[16 + length : 20 + length])[0]
    )
    assert draw_picture("a.png") == png != draw_picture("b.png")
    assert content_of("a.json") == b"{}\n"
    assert [base_name(name) for name in ("C:\\a\\b.txt", "/x/y", "", "  ", "a/")] == [
        "b.txt",
        "y",
        "file",
        "file",
        "file",
    ]
