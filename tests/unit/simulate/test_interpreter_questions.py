"""Which questions are asked, and when."""

from __future__ import annotations

from tests.support.flows.worlds import events, questions, traced


def test_a_condition_asks_all_that_it_sees_before_it_is_evaluated() -> None:
    told = traced(
        'if sees "a" or (not sees "b" and sees "c") { do "Yes." } else { do "No." }',
        {"a": True, "b": False, "c": False},
    )
    assert questions(told) == ["0 sees 'a' -> True", "0 sees 'b' -> False", "0 sees 'c' -> False"]
    assert events(told) == ["do 'Yes.'"]


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


def test_a_missing_answer_types_nothing() -> None:
    told = traced(
        'extract x: string? from "x" type "{x}" into "f"',
        {"x": "__EMPTY__"},
    )
    assert events(told) == []
