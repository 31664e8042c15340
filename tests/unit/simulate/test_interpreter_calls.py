"""Which values begin missing and which stay, beside what `corpus/meaning` shows of it."""

from __future__ import annotations

from flowdsl.simulate.trace import FAILED, SUCCESS, Ending
from tests.support.flows.worlds import Turns, events, traced


def test_a_loop_inside_a_task_does_not_empty_its_result() -> None:
    told = traced(
        "call last(xs: xs) as r emit r = r.x emit n = r.all",
        sections="inputs { xs: string[] } outputs { r: string?, n: string[] }",
        before="""task last(xs: string[]) -> { x: string?, all: string[] } {
          for x in xs max 3 { emit all += x if x != "b" { emit x = x } }
        }""",
        inputs={"xs": ["a", "b"]},
    )
    assert told.ending.outputs == {"r": "a", "n": ["a", "b"]}


def test_a_record_literal_goes_by_the_names_on_the_wire() -> None:
    told = traced(
        'call t(r: { a: "x", list: [{ a: "y" }] })',
        before="""
          type R { a: string @wire("the a"), list: Q[], rest: string = "none" }
          type Q { a: string @wire("q.a"), rest: string? }
          # flow: ignore[optional-read-unguarded] no `rest` is given, and none is said
          task t(r: R) { do "{r} {r.a} {r.list[0].a} {r.rest}" }
        """,
    )
    written = """do '{"the a": "x", "list": [{"q.a": "y"}], "rest": "none"} x y none'"""
    assert events(told) == [written]


def test_a_const_inside_a_literal_goes_by_the_names_on_the_wire() -> None:
    told = traced(
        "call t(rs: [first]) emit b = [first] emit c = { r: first }",
        sections="outputs { b: R[], c: C }",
        before="""
          const first = { a: "x" }
          const list = [first]
          type R { a: string @wire("the a") }
          type C { r: R }
          task t(rs: R[], d: R[] = list, e: R[] = [first], f: C = { r: first }) {
            do "{rs} {d} {e}"
            do "{f}"
          }
        """,
    )
    written = " ".join(3 * ['[{"the a": "x"}]'])
    assert events(told) == [f"do '{written}'", """do '{"r": {"the a": "x"}}'"""]
    assert told.ending.outputs == {"b": [{"the a": "x"}], "c": {"r": {"the a": "x"}}}


def test_an_abort_or_finish_in_a_task_ends_the_run() -> None:
    for leaving, ending in (
        ('abort "no"', Ending(FAILED, "no", {})),
        ('finish "yes"', Ending(SUCCESS, "yes", {})),
    ):
        told = traced(
            'retry 3 { press "F5" call t() expect "ok" } press "F1"',
            {"it": True},
            before=f'task t() {{ if sees "it" {{ {leaving} }} }}',
        )
        assert (events(told), told.ending) == (["press 'f5' '1'"], ending)


def test_an_attempt_begins_without_what_the_failed_one_set() -> None:
    told = traced(
        """extract x: string? from "before"
        retry 2 {
          type "{x}" into "f"
          press "F5"
          extract x: string? from "in"
          expect "ok"
        } else { }
        type "{x}" into "g" """,
        {"before": "b", "in": "i", "ok": False},
        despite=("unset-runtime-variable",),
    )
    assert events(told) == ["press 'f5' '1'", "press 'f5' '1'"]


def test_an_entry_begins_without_what_the_one_before_set() -> None:
    told = traced(
        """extract x: string? from "x"
        for e in ["a", "b", "c"] {
          if e == "b" { extract x: string? from "xb" }
          type "{x}" into "{e}"
        }""",
        {"x": "0", "xb": "1"},
        despite=("unset-runtime-variable",),
    )
    assert events(told) == ["type '1' 'b'"]


def test_a_round_begins_without_what_the_one_before_set() -> None:
    told = traced(
        """extract x: string? from "x"
        while not sees "it" max 3 {
          if sees "more" { extract x: string? from "xb" }
          type "{x}" into "f"
          press "F5"
        }""",
        {"x": "0", "it": False, "more": Turns(False, True, False), "xb": "1"},
        despite=("unset-runtime-variable",),
    )
    assert events(told) == ["press 'f5' '1'", "type '1' 'f'", "press 'f5' '1'", "press 'f5' '1'"]


def test_a_round_goes_on_with_what_is_kept_outside_of_it() -> None:
    told = traced(
        """extract first: string? from "x"
        keep x: string? = first
        while x != "c" max 3 {
          type "{x}" into "f"
          press "F5"
          extract next: string? from "x"
          keep x = next
        }
        type "{x}" into "after" """,
        {"x": Turns("a", "b", "c")},
    )
    assert events(told) == [
        "type 'a' 'f'",
        "press 'f5' '1'",
        "type 'b' 'f'",
        "press 'f5' '1'",
        "type 'c' 'after'",
    ]
