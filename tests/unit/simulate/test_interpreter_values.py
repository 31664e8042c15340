"""Texts, values, missing ones and outputs."""

from __future__ import annotations

import json

import pytest

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.trace import FAILED, SUCCESS, Ending
from tests.support.flows.worlds import Turns, events, executed, traced
from tests.support.rows import in_rows

UNGUARDED = "# flow: ignore[optional-read-unguarded] what a run makes of it"

# Texts


@in_rows(
    "value",
    [
        "a\nb",
        "a \r\n\t b",
        " a  b\n",
        "a\n\n- b",
        "a\u2028b\x0bc\x85d",
        "a\u00a0\u3000b",
        '- {x} "q" </p>',
    ],
)
def test_a_value_stays_as_it_is_in_every_text(value: str) -> None:
    told = traced(
        'do "See {v} now." clear "the {v}." capture "{v}" type v into "{v}" abort "no {v}"',
        sections="inputs { v: string }",
        inputs={"v": value},
    )
    assert [each.texts for each in told.events] == [
        (f"See {value} now.",),
        (f"the {value}.",),
        (value,),
        (value, value),
    ]
    assert told.ending == Ending(FAILED, f"no {value}", {})


def test_the_texts_around_a_value_are_laid_out() -> None:
    own = '"""\n  See\n  {v} \n  now.\n\n  - {v}\n    too\n"""'
    line = '"""\n  See\n  {v} \n  now.\n\n  Too.\n"""'
    told = traced(
        f"do {own} clear {line} abort {line}",
        sections="inputs { v: string }",
        inputs={"v": " a\n b "},
    )
    assert [each.texts for each in told.events] == [
        ("See  a\n b  now.\n\n-  a\n b  too",),
        ("See  a\n b  now. Too.",),
    ]
    assert told.ending == Ending(FAILED, "See  a\n b  now. Too.", {})


def test_what_stands_at_the_ends_of_a_text() -> None:
    told = traced(
        'do "{v}" clear "{v}" type v into "x" type "{v}" into "x" run "{c}"',
        sections='inputs { v: string, c: string @pattern("^ls *$") }',
        inputs={"v": "  a \n", "c": "ls  "},
    )
    assert [each.texts for each in told.events] == [
        ("a",),
        ("  a \n",),
        ("  a \n", "x"),
        ("  a \n", "x"),
        ("ls  ",),
    ]


def test_a_block_that_is_typed_keeps_its_lines() -> None:
    told = traced('type """\n    Dear Ann,\n\n      - one.\n  """ into "x"')
    assert [each.texts for each in told.events] == [("Dear Ann,\n\n  - one.", "x")]


@in_rows(
    "type_, value, spelled",
    [
        ("string", "a", "a"),
        ("int", 3, "3"),
        ("number", 2.50, "2.5"),
        ("number", 1e-7, "0.0000001"),
        ("number", 1e21, "1000000000000000000000"),
        ("bool", True, "true"),
        ("bool", False, "false"),
        ("date", "2026-05-31", "2026-05-31"),
        ('"a" | "b"', "b", "b"),
        ("string?[]", ["ü", "b"], '["ü", "b"]'),
        ("{ a: int, b: string? }", {"a": 1, "b": "x"}, '{"a": 1, "b": "x"}'),
    ],
)
def test_how_a_value_is_spelled_in_a_text(type_: str, value: object, spelled: str) -> None:
    told = traced(
        f'do "{{v}}" extract r: T from "r" do "{{r}}" {UNGUARDED}',
        {"r": value},
        sections=f"inputs {{ v: {type_} }}",
        before=f"type T = {type_}" if "{" not in type_ else f"type T {type_}",
        inputs={"v": value},
    )
    assert [each.texts[0] for each in told.events] == [spelled, spelled]


@in_rows(
    "type_, value",
    [
        ("string?[]", ["ü", None]),
        ("{ a: int, b: string? }", {"a": 1, "b": "__EMPTY__"}),
        ("{ a: { b: string? }[] }", {"a": [{"b": "x"}, {"b": ""}]}),
    ],
)
def test_no_text_says_a_value_of_which_a_part_is_missing(type_: str, value: object) -> None:
    before = f"type T = {type_}" if "{" not in type_ else f"type T {type_}"
    for body in ('do "{v}"', 'extract r: T from "r" do "{r}"'):
        with pytest.raises(MissingInText, match="is missing in a text"):
            traced(
                f"{body} {UNGUARDED}",
                {"r": value},
                sections=f"inputs {{ v: {type_} }}",
                before=before,
                inputs={"v": value},
            )


@pytest.mark.parametrize(
    "value",
    [
        {"x": [True, None]},
        ["", "__EMPTY__", {"a": {"b": ""}}],
    ],
)
def test_a_text_shows_a_value_of_any_type_as_it_came(value: object) -> None:
    spelled = json.dumps(value)
    told = traced(
        'extract r: any from "r" do "{r}" call look(it: r)',
        {"r": value},
        before='task look(it: any) { do "{it}" }',
    )
    assert [each.texts[0] for each in told.events] == [spelled] * 2


def test_a_part_that_is_missing_shows_in_a_parameter_of_any_type() -> None:
    told = traced(
        'call look(it: rows) extract r: Row from "r" call look(it: r)',
        {"r": {"a": ""}},
        sections="inputs { rows: Row[] }",
        before='type Row { a: string? }\ntask look(it: any) { do "{it}" }',
        inputs={"rows": [{"a": None}, {}]},
    )
    shown = [each.texts[0] for each in told.events]
    assert shown == ['[{"a": null}, {}]', '{"a": "__EMPTY__"}']


def test_paths_go_by_the_names_on_the_wire() -> None:
    told = traced(
        'extract r: { in_: any @wire("in") } from "r" '
        "do \"{r.in_['k v']} {o.list[1].number} {o['取引先']}\"",
        {"r": {"in": {"k v": "a"}}},
        sections="""inputs { o: {
          list: { number: int @wire("No.") }[] @min_items(2), who: string @wire("取引先")
        } @wire("the-o") }""",
        inputs={"the-o": {"list": [{"No.": 1}, {"No.": 2}], "取引先": "x"}},
    )
    assert events(told) == ["do 'a 2 x'"]


def test_consts_and_the_environment_fill_in() -> None:
    files = {
        "lib.flow": 'flow 1\nconst limits = { names: ["a", "b"], rate: 0.50 }\n',
        "main.flow": """flow 1
            import "./lib.flow" as lib
            const portal = "https://{env.host}/x"
            const few = 2
            workflow w {
              title = "At {env.host}"
              steps { do "{portal} {env.host} {lib.limits.names[1]} {lib.limits.rate} {few}" }
            }
        """,
    }
    settings = (
        '[project]\nname = "p"\nid = "prj_00000000"\nflows = ["*.flow"]\n'
        '[env.local]\napi = "https://api.clinic.test"\nvars = { host = "h.test" }\n'
    )
    sink = Sink()
    project = load_project(settings, "flowdsl.toml", sink)
    assert project is not None, [each.message for each in sink.findings_in_order()]
    told = executed(files, environment={"host": "h.test"}, project=project)
    assert events(told) == ["do 'https://h.test/x h.test b 0.5 2'"]
    assert told.heading == ("At h.test", "")


def test_a_whole_number_with_a_point_is_a_whole_number() -> None:
    told = traced(
        'call t(a: 2.0) do "{two}" emit n = 2.0',
        sections="outputs { n: number }",
        before='const two = 2.0 task t(a: number, b: number = 3.0) { do "{a} {b}" }',
    )
    assert events(told) == ["do '2 3'", "do '2'"]
    assert repr(told.ending.outputs) == "{'n': 2}"


def test_the_heading() -> None:
    told = executed('## First line.\n## Second line.\nworkflow w { steps { do "A." } }')
    assert told.heading == ("w", "First line. Second line.")
    told = traced('do "A."', sections='title = """\n  One\n  two\n"""')
    assert told.heading == ("One two", "")


def test_a_record_fits_another_by_its_names_in_the_source() -> None:
    told = traced(
        """extract a: A from "a" extract as: A[] from "as"
        emit b = a emit bs = as emit o = { swap: "1", third: "2" }""",
        {"a": {"xa": "1", "more": 2}, "as": [{"xa": "3", "more": 4}]},
        sections="outputs { b: B, bs: B[], o: O }",
        before="""
          type A { x: string @wire("xa"), more: int }
          type B { x: string? @wire("xb") }
          type O { swap: string @wire("third"), other: string @wire("swap") }
        """,
    )
    assert told.ending.outputs == {
        "b": {"xb": "1", "more": 2},
        "bs": [{"xb": "3", "more": 4}],
        "o": {"swap": "1", "third": "2"},
    }


# Secrets


def test_a_secret_is_its_alias() -> None:
    told = traced(
        """do "Log in with {$pin}." type $pin into "x" type $login.user into "y"
        call enter(p: $login.password)""",
        sections="""secrets {
          pin: string @wire("p_in")
          login: { user: string, password: string @wire("pass word") }
        }""",
        before="""
          task enter(secret p: string) { call deeper(q: $p) }
          task deeper(secret q: string) { type $q into "z" do "Use {$q}." }
        """,
    )
    assert events(told) == [
        "do 'Log in with {$p_in}.' with the secret {$p_in}",
        "type '{$p_in}' 'x' with the secret {$p_in}",
        "type '{$login.user}' 'y' with the secret {$login.user}",
        "type \"{$login['pass word']}\" 'z' with the secret {$login['pass word']}",
        "do \"Use {$login['pass word']}.\" with the secret {$login['pass word']}",
    ]


# Missing values

MISSING = [{}, {"x": None}, {"x": ""}, {"x": "__EMPTY__"}]


@in_rows("inputs", MISSING)
def test_a_missing_value_that_is_typed_is_no_event(inputs: dict[str, object]) -> None:
    told = traced(
        """type x into "a" type "{x}" into "b" type "{x}{# note #}" into "c"
        type y as "MM" into "d" call t(x: x) type "" into "e" press "F1" """,
        sections="inputs { x: string? y: date? }",
        before='task t(x: string?) { type x into "f" }',
        inputs=inputs,
    )
    assert events(told) == ["press 'f1' '1'"]


@in_rows("inputs", MISSING)
def test_a_missing_value_in_a_text_is_an_error(inputs: dict[str, object]) -> None:
    for body in ('do "{x}"', 'do "See {x}."', 'type "({x})" into "y"', 'clear "{x}"'):
        with pytest.raises(MissingInText, match=r"main.flow:\d+: the value of `\{x\}` is missing"):
            traced(f"{body} {UNGUARDED}", sections="inputs { x: string? }", inputs=inputs)


def test_a_path_through_a_missing_value_is_missing() -> None:
    told = traced(
        """extract r: any from "r" if r[1] is empty { press "F1" }
        type "{o.a.b}" into "x" type "{o.l[7].c}" into "y" if o.a.b is empty { do "None." }""",
        {"r": ["x"]},
        sections="inputs { o: { a: { b: string }?, l: { c: string }[] } }",
        inputs={"o": {"a": "__EMPTY__", "l": []}},
    )
    assert events(told) == ["press 'f1' '1'", "do 'None.'"]


def test_an_input_that_is_not_given_has_its_default() -> None:
    told = traced(
        'do "{a} {b} {c.x}"',
        sections='inputs { a: string = "x", b: bool = true, c: C = { x: 5 } }',
        before='type C { x: int @wire("the-x") }',
        inputs={"b": False},
    )
    assert events(told) == ["do 'x false 5'"]


# Conditions


@in_rows(
    "condition, inputs, expected",
    [
        ("n < 10", {"n": 9}, True),
        ("n < 9.5", {"n": 9}, True),
        ("n == 9.0", {"n": 9}, True),
        ("n == 0.1", {"n": 0.1}, True),
        ("n >= 10", {"n": 9}, False),
        ("n < 10", {}, False),
        ("n >= 10", {}, False),
        ("not (n >= 10)", {}, True),
        ("n == 10", {}, False),
        ("n != 10", {}, True),
        ("n is empty", {}, True),
        ("n is not empty", {}, False),
        ("n is empty", {"n": 0}, False),
        ("n is not empty", {"n": 0}, True),
        ("l is empty", {"l": []}, True),
        ("l is empty", {}, True),
        ("l is empty", {"l": [None]}, False),
        ('s == "a"', {"s": "a"}, True),
        ('s == "a"', {"s": "A"}, False),
        ('s != "a"', {"s": "__EMPTY__"}, True),
        ("s == t", {}, False),
        ("s == t", {"s": "a", "t": "a"}, True),
        ("s is empty", {"s": "__EMPTY__"}, True),
        ('d < "2026-10-01"', {"d": "2026-09-30"}, True),
        ('w < "2026-01-01T00:00:00Z"', {"w": "2026-01-01T00:30:00+01:00"}, True),
        ("f", {"f": True}, True),
        ("f", {"f": False}, False),
        ("f", {}, False),
        ("f == true", {"f": True}, True),
        ('w < "2026-01-01T00:00:00Z"', {"w": "2025-12-31T23:30:00"}, True),
        ("not f and (n > 1 or f)", {"f": False, "n": 2}, True),
    ],
)
def test_conditions(condition: str, inputs: dict[str, object], expected: bool) -> None:
    told = traced(
        f'if {condition} {{ do "Yes." }}',
        sections="""inputs {
          n: number?, l: string[]?, s: string?, t: string?, d: date?, w: datetime?, f: bool?
        }""",
        inputs=inputs,
    )
    assert events(told) == (["do 'Yes.'"] if expected else [])


def test_a_constant_that_is_empty() -> None:
    told = traced(
        'call t(x: "")',
        before="""task t(x: string?) {
          if x is empty { do "Empty." } if x is not empty { do "There." }
        }""",
    )
    assert events(told) == ["do 'Empty.'"]


# Outputs


def test_every_declared_output_is_there_by_its_name_on_the_wire() -> None:
    told = traced(
        """extract r: Row from "r" emit row = r emit rows += { a: 1 } emit rows += r
        emit text = "{r.a} x" emit n = 2.50 emit flag = true emit same = "{s}" """,
        {"r": {"A": 3, "b": "x"}},
        sections="""
          inputs { s: string? }
          outputs {
            row: Row @wire("The row"), rows: Row[], text: string, n: number, flag: bool,
            none: string?, same: string?
          }""",
        before='type Row { a: int @wire("A"), b: string? }',
    )
    assert told.ending == Ending(
        SUCCESS,
        None,
        {
            "The row": {"A": 3, "b": "x"},
            "rows": [{"A": 1, "b": None}, {"A": 3, "b": "x"}],
            "text": "3 x",
            "n": 2.5,
            "flag": True,
            "none": None,
            "same": None,
        },
    )


def test_an_output_that_collects_begins_as_an_empty_list() -> None:
    told = traced(
        'for x in xs max 3 { if x != "a" { emit all += x } }',
        sections="inputs { xs: string[] } outputs { all: string[] }",
        inputs={"xs": ["a"]},
    )
    assert told.ending.outputs == {"all": []}


def test_what_is_missing_is_null_in_outputs_at_any_depth() -> None:
    told = traced(
        'emit o = o emit e = "" emit l = { p: ["", x], q: { r: x } }',
        sections="""
          inputs { o: { a: string?, b: { c: string? }[] }, x: string? }
          outputs { o: { a: string?, b: { c: string? }[] }, e: string, l: any }""",
        inputs={"o": {"a": "", "b": [{"c": "__EMPTY__"}, {}]}, "x": "__EMPTY__"},
    )
    assert told.ending.outputs == {
        "o": {"a": None, "b": [{"c": None}, {"c": None}]},
        "e": "",
        "l": {"p": [None, None], "q": {"r": None}},
    }


def test_inputs_and_outputs_from_files_go_by_the_names_that_are_written() -> None:
    schema = '{"type": "object", "properties": {"total": {"type": "number"}}}'
    told = executed(
        {
            "s.json": schema,
            "w.flow": """flow 1
              workflow w {
                inputs from "./s.json"
                outputs from "./s.json"
                steps { do "See {total}." emit total = total }
              }
            """,
        },
        inputs={"total": 3},
    )
    assert (events(told), told.ending.outputs) == (["do 'See 3.'"], {"total": 3})


def test_a_run_that_fails_has_no_outputs() -> None:
    told = traced('emit a = "x" fail "no"', sections="outputs { a: string }")
    assert told.ending == Ending(FAILED, "no", {})


def test_finish_keeps_what_was_emitted_so_far() -> None:
    told = traced(
        """emit a = "x" call t() emit b = "y" """,
        sections="outputs { a: string, b: string? }",
        before='task t() { if sees "it" { finish "nothing\tto do" } }',
        answers={"it": True},
    )
    assert told.ending == Ending(SUCCESS, "nothing\tto do", {"a": "x", "b": None})


def test_a_variable_that_is_read_again_and_is_not_there_keeps_its_value() -> None:
    told = traced(
        """extract x: string from "x" press "F5" extract x: string from "x" else { }
        do "See {x}." """,
        {"x": Turns("a", None)},
    )
    assert events(told) == ["press 'f5' '1'", "do 'See a.'"]


def test_always_rules_are_on_one_line() -> None:
    told = traced(
        'press "F1" press "F2"',
        sections='inputs { n: string } always { "If {n}\tappears,\u2028close it." "Two." }',
        situations={1: 0, 0: 1},
        inputs={"n": "a\nb"},
    )
    assert events(told) == [
        "handle 'Two.'",
        "press 'f1' '1'",
        "handle 'If a\\nb\\tappears, close it.'",
        "press 'f2' '1'",
    ]
