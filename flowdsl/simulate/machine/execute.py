"""Carries out a payload: a first run, which is recorded, and the replay of a recording."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from flowdsl.prompt.sentences import MAIN
from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import (
    BROKEN,
    FAILED,
    SUCCESS,
    Ending,
    NotAsked,
    Playback,
    Trace,
)
from flowdsl.simulate.world import World
from flowdsl.source.record import Record

from .agent import Aborted, Finished
from .characters import LiveSecret, filled, inside, with_inputs
from .grammar import Grammar
from .kinds import machine_grammar
from .layout import Defect, Page, read_page
from .main_agent import MainAgent, Recording
from .memory import Memory
from .transformation import outputs
from .variants import Variant


class Refused(Exception):
    """The service would not start the run: the inputs do not fit `input_schema`."""


class Payload(Record):
    """What is deployed, as far as it decides what a run does."""

    prompt: str
    input_schema: str | None = None
    output_schema: str | None = None
    allowlist: tuple[str, ...] | None = None


class Execution(Record):
    """What a run did, and its recording, which exists only where the run ended well."""

    trace: Trace
    recording: Recording | None


@cache
def _grammar() -> Grammar:
    return machine_grammar()


def execute(
    payload: Payload,
    world: World,
    program: Trace,
    variant: Variant,
    recording: Recording | None = None,
) -> Execution:
    """Carry out a payload in the world of a program's trace, or replay a recording of it.

    Raises Refused where the service would not start the run. A prompt that cannot be carried out
    gives a trace with the status BROKEN.
    """
    inputs = _given(payload.input_schema, world.inputs)
    grammar = _grammar()
    recorder = Playback(world, program)
    heading = ("", "")
    agent: MainAgent | None = None
    memory = Memory(variant)
    try:
        page = read_page(with_inputs(payload.prompt, inputs))
        heading = (_heading(page.title), _heading(page.description))
        rules = _rules(page, grammar)
        recorder.rules = tuple(
            inside(filled(rule["rule"], lambda _, spelled: spelled))
            for rule in rules
            if rule.name == "rules.always"
        )
        declares = any(rule.name == "rules.failed" for rule in rules)
        agent = MainAgent(grammar, recorder, memory, page.steps, declares=declares)
        ending = _ending(agent, page, recording, payload, memory, grammar)
    except NotAsked as unasked:
        ending = Ending(
            BROKEN, f"asks {unasked.question} at {unasked.position}, the program does not", {}
        )
    except (Defect, LiveSecret) as defect:
        ending = Ending(BROKEN, f"{type(defect).__name__}: {defect}", {})
    kept = agent.recording if agent is not None and ending.status == SUCCESS else None
    return Execution(recorder.trace(heading, ending), kept)


def _ending(
    agent: MainAgent,
    page: Page,
    recording: Recording | None,
    payload: Payload,
    memory: Memory,
    grammar: Grammar,
) -> Ending:
    reason = None
    try:
        if recording is None:
            agent.body(page.steps)
        else:
            agent.replay(recording)
    except Aborted as failure:
        return Ending(FAILED, str(failure), {})
    except Finished as finished:
        reason = str(finished)
    return Ending(SUCCESS, reason, outputs(payload.output_schema, memory.values, grammar))


def _heading(text: str) -> str:
    return inside(filled(text, lambda _, spelled: spelled))


def _rules(page: Page, grammar: Grammar) -> list[Any]:
    """The rules of the main agent; every line of a paragraph has to be a sentence of it."""
    found = list(_sentences("rules", page.rules, grammar))
    list(_sentences("replay", page.replay, grammar))
    return found


def _sentences(family: str, lines: Iterable[str], grammar: Grammar) -> Iterable[Any]:
    from flowdsl.prompt.sentences import SENTENCES

    names = [
        name
        for name, each in SENTENCES.items()
        if name.startswith(f"{family}.") and MAIN in each.readers
    ]
    for line in lines:
        read = grammar.read(names, line)
        if len(read) != 1:
            raise Defect(f"a line under {family} with {len(read)} meanings", inside(line))
        yield read[0]


def _given(schema: str | None, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that were given, checked as the service checks them (`D:input-validation`)."""
    given = {name: value for name, value in inputs.items() if value not in (None, "", EMPTY)}
    if schema is None:
        return given
    from jsonschema import Draft202012Validator

    read = json.loads(schema)
    secrets = {name: "x" for name in read.get("properties", {}) if name.startswith("$")}
    found = next(
        iter(Draft202012Validator(read).iter_errors(secrets | _without_empty(given))), None
    )
    if found is not None:
        raise Refused(found.message)
    return given


def _without_empty(value: Any) -> Any:
    """A value as it is validated: what is `__EMPTY__` counts as not given (`D:empty-values`)."""
    match value:
        case dict():
            return {name: _without_empty(each) for name, each in value.items() if each != EMPTY}
        case list():
            return [_without_empty(each) for each in value if each != EMPTY]
        case _:
            return value
