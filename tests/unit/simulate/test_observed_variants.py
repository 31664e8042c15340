"""Variants that make no difference are not tried; those that do are."""

from __future__ import annotations

from itertools import product
from typing import cast

import pytest

from flowdsl.simulate import executions
from flowdsl.simulate.executions import on_its_day, payload_of, world_with_defaults
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Execution, execute_payload
from flowdsl.simulate.machine.variants import Observed, Variant, every_variant, main_variants
from tests.support.effort import THOROUGH
from tests.support.flows.compiling import only_workflow, workflow
from tests.support.flows.worlds import checked, default_world
from tests.support.meaning.corpus import cases
from tests.support.meaning.executions import disagreements

SAVED = 'extract n: string from "the number" if n == "x" { press "F5" } type n into "the field"'


def test_a_variant_is_decided_by_one_that_agrees_on_what_was_asked() -> None:
    observed = Observed(Variant(merges=True))
    assert observed.decides(Variant())
    assert observed.merges is True
    assert not observed.decides(Variant())
    assert observed.decides(Variant(merges=True, unset="spelling"))


@pytest.mark.parametrize(
    "body", ['press "F5"', SAVED.replace("if n", "if n").replace("type n", "type n")]
)
def test_leaving_variants_out_finds_the_same(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = workflow(body)
    model = checked(source)
    (found,) = model.workflows
    payload = payload_of(only_workflow(source))
    broken = payload.__replace__(prompt=payload.prompt.replace("f5", "f6"))
    world = default_world(found, agrees=True, missing=False)
    tried: list[Variant] = []

    def counted(*arguments: object) -> object:
        tried.append(arguments[3].variant)  # type: ignore[attr-defined]
        return execute_payload(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(executions, "execute_payload", counted)
    assert list(disagreements(model, found, payload, world)) == []
    assert 1 <= len(tried) < len(list(main_variants()))
    told = {str(each.difference) for each in disagreements(model, found, broken, world)}
    every = {
        str(each.difference)
        for variant in every_variant()
        for each in disagreements(model, found, broken, world, variants=[variant])
    }
    assert told == every


def test_an_execution_asks_for_what_it_depends_on() -> None:
    """Also where a prompt looks at another value for the failure in a pass, which ours never do."""
    decided, telling = 0, set()
    for number, (case, is_blind) in enumerate(product(cases(), (False, True))):
        prompt = case.payload.prompt
        shows_value = is_blind and "⟪failure.value⟫" in prompt
        if not (THOROUGH or number % 5 == 0 or shows_value):
            continue
        prompt = prompt.replace("⟪failure.value⟫", "⟪other⟫") if is_blind else prompt
        payload = case.payload.__replace__(prompt=prompt)
        world = case.first.world()
        program = interpret(case.model, case.workflow, world)
        started = world_with_defaults(payload, on_its_day(case.workflow, world))
        observed = Observed(Variant())
        usual = done(execute_payload(payload, started, program, cast(Variant, observed)))
        for variant in main_variants():
            same = done(execute_payload(payload, started, program, variant)) == usual
            if observed.decides(variant):
                assert same, (case.name, variant)
                decided += 1
            elif not same:
                telling.add(str(variant))
    assert decided > (500 if THOROUGH else 100)
    assert "failure_leaves" in telling


def done(execution: Execution) -> tuple[object, ...]:
    """What an execution did, and how it ended."""
    return execution.trace.events, execution.trace.ending
