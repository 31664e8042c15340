"""A prompt that does something else than its program is reported as a bug of FlowDSL."""

from __future__ import annotations

from flowdsl.testing.cases import cases_of
from flowdsl.testing.outcome import DISAGREEMENT
from flowdsl.testing.run import run_test
from tests.support.flows.compiling import workflow
from tests.support.flows.tested import suite_of

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
