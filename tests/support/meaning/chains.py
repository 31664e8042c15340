"""Chains of generated programs: whether each step is sent what the chain means."""

from __future__ import annotations

from flowdsl.simulate.interpreter.chains import ChainRun
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.shapes import without_missing
from flowdsl.simulate.trace import SUCCESS
from flowdsl.simulate.world import World
from flowdsl.testing.chains import Sent

from .checked import Checked


def wrongly_sent(checked: Checked, world: World) -> str:
    """The first step that is sent other inputs than meant, in words; empty where none is."""
    bundle = checked.compilation.bundle
    assert bundle is not None
    for chain, artifact in zip(checked.model.chains, bundle.chains, strict=True):
        given = {
            field.wire_name: world.inputs[field.wire_name]
            for field in chain.inputs
            if field.wire_name in world.inputs
        }
        run = ChainRun(checked.model, chain, given, checked.environment, world.today)
        sent = Sent(artifact, run.inputs)
        for step, workflow in chain.steps:
            assert workflow is not None
            meant = run.given(step, workflow)
            found = sent.given(step.name.text)
            if without_missing(found) != without_missing(meant):
                return f"{step.name.text} is sent {found}, and meant is {meant}"
            begun = World(meant, world.answer, world.situations, world.today)
            try:
                trace = interpret(checked.model, workflow, begun, checked.environment)
            except MissingInText:
                break
            if trace.ending.status != SUCCESS:
                break
            run.ends(step, trace.ending.outputs)
            sent.ends(step.name.text, trace.ending.outputs)
    return ""
