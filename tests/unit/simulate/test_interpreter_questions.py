"""Which questions are asked, when, and which of their answers matter."""

from __future__ import annotations

from tests.support.flows.worlds import events, questions, traced, unused
from tests.support.rows import in_rows


def test_a_condition_asks_all_that_it_sees_before_it_is_evaluated() -> None:
    told = traced(
        'if sees "a" or (not sees "b" and sees "c") { do "Yes." } else { do "No." }',
        {"a": True, "b": False, "c": False},
    )
    assert questions(told) == ["0 sees 'a' -> True", "0 sees 'b' -> False", "0 sees 'c' -> False"]
    assert (events(told), unused(told)) == (["do 'Yes.'"], [])


def test_what_moves_the_desktop_on() -> None:
    told = traced(
        """expect "0" do "A." expect "1" type "x" into "f" expect "2" press "F1" 3 times
        expect "3" wait 1s expect "4" wait until "so" expect "5" run "ls" expect "6"
        copy c from "c" expect "7" capture "a.png" expect "8" export file "b" expect "9"
        type "" into "f" choose "it" expect "10" """,
        dict.fromkeys((*map(str, range(11)), "so", "it"), True) | {"c": "x"},
    )
    asked = [each.split(" ")[:3] for each in questions(told) if " expect " in each]
    assert asked == [[str(each), "expect", f"'{each}'"] for each in range(11)]


READ = 'extract x: string? from "x"'
USES = {
    'do "See {x}."': True,
    'press "F1" do "See {x}."': True,
    'if sees "s" or x == "b" { do "A." }': True,
    'if not sees "s" and x == "b" { do "A." }': True,
    'type "{x}" into "f"': True,
    'if x is empty { do "None." }': True,
    'if sees "s" and x is not empty { do "A." }': True,
    "call t(a: x)": True,
    'while x != "a" max 2 { extract x: string? from "again" }': True,
    "emit out = x": True,
    'emit out = "{x}"': True,
    "emit list += x": True,
    "emit rec = { a: x, b: null }": True,
    'call echo(b: "b") as r emit out = r.b': False,
    "": False,
    'if sees "s" { do "See {x}." }': True,
    'if not sees "s" { do "See {x}." }': False,
    'emit out = x emit out = "other"': False,
    'extract x: string? from "again" do "See {x}."': False,
}


@in_rows("body, used", USES.items())
def test_an_optional_read_is_used_when_its_variable_is(body: str, used: bool) -> None:
    told = traced(
        f"{READ} {body} # flow: ignore[optional-read-unguarded] a guard would use it, too",
        {"x": "a", "again": "b", "s": True},
        sections="outputs { out: string?, list: string?[]?, rec: { a: string?, b: string? }? }",
        before="""
          task t(a: string?) { }
          task echo(b: string) -> { a: string?, b: string } {
            extract x: string? from "again" emit a = x emit b = b
          }
        """,
    )
    assert ("x" not in unused(told)) is used


def test_a_field_of_a_result_is_used_alone() -> None:
    body = "call both() as r emit out = r.a"
    told = traced(
        body,
        {"first": "1", "second": "2"},
        sections="outputs { out: string? }",
        before="""task both() -> { a: string? @wire("A"), b: string? } {
          extract p: string? from "first" extract q: string? from "second"
          emit a = p emit b = q
        }""",
    )
    assert unused(told) == ["second"]
    assert told.ending.outputs == {"out": "1"}


def test_a_field_of_a_record_in_a_result_is_used_alone() -> None:
    told = traced(
        "call both() as r emit out = r.o.a",
        {"first": "1", "second": "2"},
        sections="outputs { out: string? }",
        before="""task both() -> { o: { a: string?, b: string? } } {
          extract p: string? from "first" extract q: string? from "second"
          emit o = { a: p, b: q }
        }""",
    )
    assert (unused(told), told.ending.outputs) == (["second"], {"out": "1"})


def test_a_list_is_used_by_its_loop() -> None:
    body = 'extract xs: string[]? from "x" for x in xs max 3 { press "F1" }'
    assert unused(traced(body, {"x": ["a"]})) == []
    assert unused(traced(f'if sees "s" {{ {body} }}', {"x": None, "s": True})) == []


def test_a_run_that_fails_uses_no_output() -> None:
    told = traced(
        f'{READ} emit out = x abort "no"', {"x": "a"}, sections="outputs { out: string? }"
    )
    assert unused(told) == ["x"]


def test_an_answer_that_has_to_be_there_is_used_at_once() -> None:
    told = traced(
        """extract a: string from "a" extract b: string? from "b" else { } copy c from "c"
        extract d: int from "d" in background""",
        {"a": "1", "b": "2", "c": "3", "d": 4},
    )
    assert unused(told) == ["d"]


def test_a_missing_answer_is_used_as_one_that_is_there() -> None:
    told = traced(f'{READ} type "{{x}}" into "f"', {"x": "__EMPTY__"})
    assert (events(told), unused(told)) == ([], [])
