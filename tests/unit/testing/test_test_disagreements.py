"""A prompt that does something else than its program is reported as a bug of FlowDSL."""

from __future__ import annotations

from flowdsl.simulate.machine.variants import Variant
from flowdsl.testing.cases import cases_of
from flowdsl.testing.outcome import DISAGREEMENT
from flowdsl.testing.run import run_test
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import check_words, suite_of
from tests.support.rows import check_rows

SOURCE = workflow('press "F5" press "Enter"') + '\ntest "t" for w { outputs { } }'


def test_a_prompt_that_does_something_else_is_a_bug_with_both_traces() -> None:
    suite = suite_of(SOURCE)
    (test,) = cases_of(suite.model)
    assert run_test(suite, test).passed
    payload = suite.payload(test.workflow)
    broken = payload.__replace__(prompt=payload.prompt.replace("enter", "escape"))
    suite._payloads["w"] = broken

    (problem,) = run_test(suite, test).problems

    assert problem.kind == DISAGREEMENT
    assert "a bug of FlowDSL" in problem.message
    (marked,) = (line for line in problem.shown if line.startswith(">"))
    assert marked.split() == [">", "press", '"enter"', "press", '"escape"']


ASKING = workflow(
    'press "F5" if sees "a box" { press "Esc" }\nextract n: int from "the total" emit n = n\n'
    'copy c: string from "the code" expect "{who} is open" type $pin into "the PIN"',
    sections="inputs { who: string } secrets { pin: string } outputs { n: int }",
)
ASKED = """
test "first" for w { given { who = "Ann" } reads { n = 3 c = "x" } outputs { n = 3 } }
test "again" for w {
  given { who = "Ann" } reads { n = 3 c = "x" } outputs { n = 3 }
  then given { who = "Bo" }
}
"""
DEFECTS = {
    "a box": ("a bag", 'it asks `sees "a bag"`, which the program does not ask there'),
    "the total": ("the sum", 'it asks `read "the sum"`, which the program does not ask there'),
    "the code": ("the key", 'it asks `what is copied from "the key"`, which the program does not'),
    "⟦{who}⟧ is open": ("⟦{$pin}⟧ is open", "rules.secrets is missing"),
    "Rules\n": ("Rulez\n", "a line under heading with 0 meanings: Rulez"),
}


def test_the_assumptions_under_which_a_prompt_differs_are_told_by_name() -> None:
    assert str(Variant()) == "usual"
    odd = Variant(merges=True, unset="spelling", clipboard="")
    assert str(odd) == "merges, unset: spelling, clipboard: empty"


def test_what_a_prompt_does_otherwise_is_told_in_words() -> None:
    def check(old: str) -> None:
        suite = suite_of(ASKING + ASKED)
        payload = suite.payload(suite.model.workflows[0])
        new, said = DEFECTS[old]
        assert old in payload.prompt
        suite._payloads["w"] = payload.__replace__(prompt=payload.prompt.replace(old, new))
        for test in cases_of(suite.model):
            result = run_test(suite, test)
            check_words(result)
            assert said in result.problems[0].message

    check_rows(DEFECTS, check)
