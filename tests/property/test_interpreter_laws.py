"""Laws of the reference interpreter, on generated programs in generated worlds."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.trace import FAILED, HANDLE, SUCCESS, Trace
from flowdsl.simulate.world import Question, World
from flowdsl.source.files import MemoryFiles
from tests.support.effort import examples
from tests.support.flows.generated.task_programs import task_programs
from tests.support.flows.generated.workflows import workflows
from tests.support.flows.worlds import VALUES, default_world, sample


@pytest.mark.parametrize("programs", [workflows(), task_programs()], ids=["workflows", "tasks"])
def test_a_checked_program_runs_to_an_end_in_any_world(
    programs: st.SearchStrategy[str],
) -> None:
    @settings(
        max_examples=examples(200),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(programs, st.integers(0, 2**32), st.booleans(), st.integers(0, 3))
    def law(source: str, seed: int, missing: bool, entries: int) -> None:
        analysis = analyze(MemoryFiles({"main.flow": source}), ["main.flow"], CompileOptions())
        assume(not analysis.has_errors)
        (workflow,) = analysis.model.workflows
        given_inputs = default_world(workflow, agrees=True, missing=missing, entries=entries)

        def answer(question: Question, position: int) -> object:
            rng = random.Random(f"{seed} {question} {position}")
            if question.kind not in VALUES:
                return rng.random() < 0.7
            if rng.random() < 0.2:
                return rng.choice([None, "", "__EMPTY__"])
            assert question.shape is not None
            return sample(question.shape, missing=rng.random() < 0.5, entries=rng.randrange(4))

        world = World(given_inputs.inputs, answer, {})
        try:
            trace = interpret(analysis.model, workflow, world)
        except MissingInText:  # the check does not find it everywhere
            return
        again = interpret(analysis.model, workflow, world)
        assert _facts(again) == _facts(trace)
        assert len(trace.places) == len(trace.events)
        assert all(place is not None for place in trace.places)
        assert not any(each.verb == HANDLE for each in trace.events)
        if trace.ending.status == SUCCESS:
            assert set(trace.ending.outputs) == {each.wire_name for each in workflow.outputs}
        else:
            assert (trace.ending.status, trace.ending.outputs) == (FAILED, {})
            assert trace.ending.reason

    law()


def _facts(trace: Trace) -> tuple[object, ...]:
    return trace.heading, trace.events, trace.asked, trace.ending
