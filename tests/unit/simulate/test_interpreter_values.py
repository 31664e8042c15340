"""Texts, values and missing ones, as far as `corpus/meaning` does not show them."""

from __future__ import annotations

import pytest

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.simulate.interpreter.errors import MissingInText
from tests.support.flows.worlds import events, executed, traced
from tests.support.rows import in_rows

UNGUARDED = "# flow: ignore[optional-read-unguarded] what a run makes of it"

# Texts


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
def test_a_missing_value_in_a_text_is_an_error(inputs: dict[str, object]) -> None:
    for body in ('do "{x}"', 'do "See {x}."', 'type "({x})" into "y"', 'clear "{x}"'):
        with pytest.raises(MissingInText, match=r"main.flow:\d+: the value of `\{x\}` is missing"):
            traced(f"{body} {UNGUARDED}", sections="inputs { x: string? }", inputs=inputs)


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


# Outputs
