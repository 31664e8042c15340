"""Execute a payload: a first run, which is recorded, or the replay of a recording."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from flowdsl.prompt.sentences import MAIN, SENTENCES
from flowdsl.simulate.schemas import find_refusal
from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import (
    BROKEN,
    FAILED,
    SUCCESS,
    Ending,
    NotAsked,
    Playback,
    Recorder,
    Trace,
    Verdict,
)
from flowdsl.simulate.world import World
from flowdsl.source.record import Record

from .agent import Aborted, Finished
from .characters import LiveSecret, fill_in_inputs, fill_in_variables, move_inside
from .ending.checks import PostRunChecks
from .ending.transformation import make_outputs
from .grammar import Grammar
from .kinds import machine_grammar
from .layout import Defect, Page, read_page
from .main_agent import MainAgent, Recording
from .meanings import check_meanings
from .memory import Memory
from .variants import Variant


class Refused(Exception):
    """The service would not start the run: the inputs do not match `input_schema`."""


class Payload(Record):
    """The parts of a deployed workflow that determine the behaviour of a run."""

    prompt: str
    input_schema: str | None = None
    output_schema: str | None = None
    allowlist: tuple[str, ...] | None = None
    checks: tuple[Mapping[str, Any], ...] = ()


class Execution(Record):
    """The trace of a run, its recording, which exists only if it succeeded, and its values.

    `values` are the final runtime values, by variable.
    """

    trace: Trace
    recording: Recording | None
    values: Mapping[str, Any]


@cache
def load_grammar() -> Grammar:
    """Return the machine's grammar; raise MeaningsChanged if it does not match the sentences."""
    check_meanings()
    return machine_grammar()


def execute_payload(
    payload: Payload,
    world: World,
    program: Trace,
    variant: Variant,
    recording: Recording | None = None,
) -> Execution:
    """Execute a payload in the world of a program's trace, or replay a recording of it.

    Raises Refused if the service would not start the run, and MeaningsChanged if a sentence differs
    from the one that the machine knows. A prompt that cannot be executed gives a trace with the
    status BROKEN.
    """
    inputs = accept_inputs(payload.input_schema, world.inputs)
    return carry_out(payload, inputs, Playback(world, program), variant, recording)


def carry_out(
    payload: Payload,
    inputs: Mapping[str, Any],
    recorder: Recorder,
    variant: Variant,
    recording: Recording | None = None,
) -> Execution:
    """Execute a payload, or replay a recording of it, with inputs that the service has accepted.

    The recorder answers questions and records actions.
    """
    grammar = load_grammar()
    heading = ("", "")
    refused: str | None = None
    checks: tuple[Verdict, ...] = ()
    agent: MainAgent | None = None
    names = input_names(payload.input_schema)
    memory = Memory(variant, _allowed_commands(payload, inputs, names))
    memory.secrets = frozenset(
        name[1:] for name in _property_names(payload.input_schema) if name.startswith("$")
    )
    try:
        page, heading, rules = _read_prompt(fill_in_inputs(payload.prompt, inputs, names))
        recorder.rules = tuple(
            move_inside(fill_in_variables(rule["rule"], lambda _, spelled: spelled))
            for rule in rules
            if rule.name == "rules.always"
        )
        agent = MainAgent(grammar, recorder, memory, page, rules)
        recorder.outline(page.steps)
        ending = _carry_out_lines(agent, page, recording)
        memory.save_late_values()
        if ending.status == SUCCESS:
            made, refused = make_outputs(payload.output_schema, memory.values, grammar)
            ending = ending.__replace__(outputs=made)
            if refused is None:
                after = PostRunChecks(inputs, names, memory.values, recorder)
                has_schema = payload.output_schema is not None
                checks = tuple(
                    after.verdict(each, has_schema=has_schema) for each in payload.checks
                )
    except NotAsked as unasked:
        ending = Ending(
            BROKEN, f"it asks `{unasked.question}`, which the program does not ask there", {}
        )
    except LiveSecret as secret:
        ending = Ending(BROKEN, f"a secret stands in a text that is not typed: {secret}", {})
    except Defect as defect:
        ending = Ending(BROKEN, str(defect), {})
    trace = recorder.trace(heading, ending, refused, checks)
    kept = agent.recording if agent is not None and trace.is_well else None
    return Execution(trace, kept, memory.values)


def _allowed_commands(
    payload: Payload, inputs: Mapping[str, Any], names: Sequence[str]
) -> frozenset[str] | None:
    """Return the commands of the allowlist, with inputs inserted as in the prompt."""
    if payload.allowlist is None:
        return None
    return frozenset(fill_in_inputs(each, inputs, names) for each in payload.allowlist)


def _carry_out_lines(
    agent: MainAgent,
    page: Page,
    recording: Recording | None,
) -> Ending:
    reason = None
    try:
        if recording is None:
            agent.body(page.steps)
        else:
            agent.replay_recording(recording)
        agent.recorder.ends()
    except Aborted as failure:
        return Ending(FAILED, str(failure), {})
    except Finished as finished:
        reason = str(finished)
    return Ending(SUCCESS, reason, {})


@lru_cache(maxsize=4)
def _read_prompt(prompt: str) -> tuple[Page, tuple[str, str], list[Any]]:
    """Return the page, the heading and the rules of a prompt, which variants execute in turn."""
    page, grammar = read_page(prompt), load_grammar()
    return page, heading_of(page, grammar), rules_of(page, grammar)


def heading_of(page: Page, grammar: Grammar) -> tuple[str, str]:
    """Return title and description; every line before the rules must be one of them."""
    said = {each.name: each for each in _read_sentences("heading", page.heading, grammar)}
    if len(said) != len(page.heading):
        raise Defect("what the workflow is, said twice", page.heading[-1])
    title, description = said.get("heading.title"), said.get("heading.description")
    return (
        "" if title is None else _plain_text(title["title"]),
        "" if description is None else _plain_text(description["description"]),
    )


def _plain_text(text: str) -> str:
    return move_inside(fill_in_variables(text, lambda _, spelled: spelled))


def rules_of(page: Page, grammar: Grammar) -> list[Any]:
    """Return the rules of the main agent; every line of a paragraph must be one of them."""
    return list(_read_sentences("rules", page.rules, grammar))


def _read_sentences(family: str, lines: Iterable[str], grammar: Grammar) -> Iterable[Any]:
    for line in lines:
        read = grammar.read(_read_by_main(family), line)
        if len(read) != 1:
            raise Defect(f"a line under {family} with {len(read)} meanings", line)
        yield read[0]


@cache
def _read_by_main(family: str) -> tuple[str, ...]:
    """Return the names of the sentences of a family that the main agent reads."""
    return tuple(
        name
        for name, each in SENTENCES.items()
        if name.startswith(f"{family}.") and MAIN in each.readers
    )


def input_names(schema: str | None) -> list[str]:
    """Return the names of the inputs in a schema, in which secrets are prefixed by `$`."""
    return [name for name in _property_names(schema) if not name.startswith("$")]


@lru_cache(maxsize=64)
def _property_names(schema: str | None) -> tuple[str, ...]:
    return () if schema is None else tuple(json.loads(schema).get("properties", {}))


def accept_inputs(schema: str | None, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given inputs, validated as the service does (`D:input-validation`).

    Raises Refused if it would not start the run.
    """
    given = {name: value for name, value in inputs.items() if value not in (None, "", EMPTY)}
    if schema is None:
        return given
    secrets = {name: "x" for name in _property_names(schema) if name.startswith("$")}
    refused = find_refusal(schema, secrets | _without_empty(given))
    if refused is not None:
        raise Refused(refused)
    return given


def _without_empty(value: Any) -> Any:
    """Return a value as it is validated: `__EMPTY__` counts as not given (`D:empty-values`)."""
    match value:
        case dict():
            return {name: _without_empty(each) for name, each in value.items() if each != EMPTY}
        case list():
            return [_without_empty(each) for each in value if each != EMPTY]
        case _:
            return value
