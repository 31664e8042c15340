"""Texts that mean harm in a world, and inputs of a raw caller that have to be refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.runs.inputs.convert import default_of, fill_in_defaults
from flowdsl.simulate import world as kinds
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.machine.execute import Refused, accept_inputs
from flowdsl.simulate.world import World

from .checked import Checked
from .inputs import forbidden_inputs
from .pools import PLAIN

ORIGINS = {
    kinds.READ: "readings",
    kinds.COPY: "copies",
    kinds.OUTPUT: "outputs of commands",
}


def hostile_texts(checked: Checked, world: World) -> Counter[str]:
    """How many texts that mean harm a run of a program meets, by where they come from."""
    found = Counter(inputs=sum(1 for _ in _texts(world.inputs)))
    try:
        trace = checked.trace(world)
    except MissingInText:
        return found
    for each in trace.asked:
        if each.question.kind in ORIGINS:
            found[ORIGINS[each.question.kind]] += sum(1 for _ in _texts(each.answer))
    return found


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            if value not in PLAIN["string"] and len(value) > 1:
                yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)


def taken_though_forbidden(checked: Checked, world: World) -> str:
    """What a raw caller gets through that a type forbids, in words; empty where nothing does.

    Such a caller has to give what has a default, too.
    """
    schema = checked.payload.get("input_schema")
    for what, wrong in forbidden_inputs(checked, as_sent(checked, world.inputs)):
        try:
            accept_inputs(schema, wrong)
        except Refused:
            continue
        return what
    return ""


def as_sent(checked: Checked, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as FlowDSL's runner sends them, which fills in defaults at any depth."""
    fields = TypeLowering(lambda value: value).fields(checked.workflow.inputs)
    return {
        each.name: fill_in_defaults(inputs[each.name], each.type)
        if each.name in inputs
        else default_of(each)
        for each in fields
        if each.name in inputs or each.has_default
    }
