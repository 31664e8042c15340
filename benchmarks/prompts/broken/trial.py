"""A payload beside the program that it should mean, in one world after the other.

A difference counts only where the payload of the unbroken compiler has none in the same world.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from flowdsl.simulate.executions import (
    Disagreement,
    disagreements_with,
    on_its_day,
    replay_disagreements_with,
)
from flowdsl.simulate.machine.execute import Payload, Refused, accepted_inputs
from flowdsl.simulate.trace import SUCCESS
from flowdsl.simulate.world import World
from tests.support.meaning.checked import Checked

from .cases import Begun, Case

REPLAYS = 4
"""The worlds, from the first on, in which a recording of another one is replayed."""
LET_IN = 12
"""The generated worlds that are tried where a mutant lets other inputs in."""
SPOILED = 4
"""The worlds of which each part of the inputs is spoiled then, as far as the schema allows."""
SPOILERS = (
    *("a\nb", "a\n", "a\rb", "⟦a⟧", "a⟧ b", 'a"b', "a\\b", "a\n⟦b", '" a'),
    *("{{a}}", "{$a}", "{a", "a{", "$a}", "<b>", "&lt;", "a\\"),
)
"""Texts that a schema keeps out of places where they would end a line, brackets or JSON."""


def inputs_begun(case: Case, begun: Begun) -> dict[str, Any]:
    """What this process gives a run, with the days that it fills in."""
    return dict(on_its_day(case.checked.workflow, begun.world).inputs)


def noticed(case: Case, made: Checked, payload: Payload) -> str:
    """The first difference between a program and a payload; empty where there is none."""
    recorded: Begun | None = None
    for number, begun in enumerate(case.runs):
        before = recorded if made.replayable and number <= REPLAYS else None
        found = _found(payload, inputs_begun(case, begun), begun, before)
        if found and not _found(case.payload, begun.inputs, begun, before):
            return found
        if not found and recorded is None and begun.trace.ending.status == SUCCESS:
            recorded = begun
    if made.input_schema == case.checked.input_schema:
        return ""
    # What must not be let in is seldom.
    worlds = chain(
        _spoiled(case, made), (case.world(1000 + number, made) for number in range(LET_IN))
    )
    for given in worlds:
        begun = case.begun(given)
        if begun is not None and (found := _found(payload, begun.inputs, begun, None)):
            return found
    return ""


def _found(payload: Payload, inputs: dict[str, Any], begun: Begun, recorded: Begun | None) -> str:
    """The first difference in a world, on a first run or where another run is replayed in it."""
    world = _given(begun.world, inputs)
    try:
        for found in disagreements_with(begun.trace, payload, world):
            return _told(found)
        if recorded is None:
            return ""
        first = _given(recorded.world, recorded.inputs)
        for found in replay_disagreements_with(recorded.trace, begun.trace, payload, first, world):
            return f"replay, {_told(found)}"
    except Refused as refused:
        return f"refused: {refused}"
    return ""


def _told(found: Disagreement) -> str:
    return f"{found.variant}: {found.difference}"


def _given(world: World, inputs: dict[str, Any]) -> World:
    return World(inputs, world.answer, world.situations, world.today)


def _spoiled(case: Case, made: Checked) -> Iterator[World]:
    """Worlds with a part of the inputs that only the broken schema takes."""
    for begun in islice(case.runs, SPOILED):
        for inputs in _with_spoiled(begun.inputs):
            if _takes(made, inputs) and not _takes(case.checked, inputs):
                yield _given(begun.world, inputs)


def _takes(checked: Checked, inputs: dict[str, Any]) -> bool:
    try:
        accepted_inputs(checked.payload.get("input_schema"), inputs)
    except Refused:
        return False
    return True


def _with_spoiled(value: Any) -> Iterator[Any]:
    """A value with one part of it spoiled, in every way."""
    match value:
        case str():
            yield from SPOILERS
        case int() if not isinstance(value, bool):
            yield from (0, -1, value + 9)
        case list():
            yield from ([], [*value, *value, *value])
            for index, each in enumerate(value):
                for spoiled in _with_spoiled(each):
                    yield [*value[:index], spoiled, *value[index + 1 :]]
        case dict():
            for name, each in value.items():
                for spoiled in _with_spoiled(each):
                    yield value | {name: spoiled}
