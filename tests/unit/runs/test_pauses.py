"""How far a session is with a chain that pauses, and which values it goes on with."""

from __future__ import annotations

from typing import Any

import pytest

from flowdsl.api import CompileOptions, MemoryFiles, compile_project
from flowdsl.cyberdesk.models.run import Run
from flowdsl.ir import nodes
from flowdsl.runs.inputs.declared import collect_declared
from flowdsl.runs.names import NoSuchName
from flowdsl.runs.starting.parts import find_contradictions, needing_only, parameters_read, parts_in

FLOW = """flow 1
workflow enter {
  inputs { text: string, more: string = "" }
  secrets { pin: string }
  outputs { noted: string }
  steps { do "Enter {text} {more} with {$pin}." emit noted = "{text}" }
}
chain parts {
  inputs { first: string, last: string, shared_one: string }
  secrets { pin: string }
  shared { more = shared_one pin = $pin }
  step a = run enter(text: first)
  step b = run enter(text: a.outputs.noted)
  pause { word: string, secret code: string }
  step c = run enter(text: word, pin: $code)
  pause { other: string }
  step d = run enter(text: last, more: other, pin: $code)
}
"""
IDS = {"enter": "w"}


@pytest.fixture(scope="module")
def program() -> nodes.Program:
    done = compile_project(MemoryFiles({"a.flow": FLOW}), ["a.flow"], CompileOptions())
    assert done.program is not None
    return done.program


@pytest.fixture
def chain(program: nodes.Program) -> nodes.Chain:
    return program.chains[0]


def rows(aliases: str, **inputs: Any) -> list[Run]:
    """Runs of a session, of which the first alias is the newest; `x` is of another workflow."""
    return [
        Run(
            id=f"{at}",
            status="success",
            workflow_id="other" if alias == "x" else "w",
            session_alias="a" if alias == "x" else alias,
            input_values=inputs,
        )
        for at, alias in enumerate(aliases)
    ]


@pytest.mark.parametrize(
    ("listed", "ids"),
    [
        ("ba", [["1", "0"]]),
        ("cba", [["2", "1"], ["0"]]),
        ("dcba", [["3", "2"], ["1"], ["0"]]),
        ("zxba", [["3", "2"]]),
        # The chain began anew in the session: what was done the time before does not count.
        ("badcba", [["1", "0"]]),
        ("cbadcba", [["2", "1"], ["0"]]),
        # Only a run of the last part stands behind: it is of another time.
        ("dba", [["2", "1"]]),
    ],
)
def test_the_parts_that_a_session_has_had(
    chain: nodes.Chain, listed: str, ids: list[list[str]]
) -> None:
    found = parts_in(chain, IDS, "s", rows(listed))
    assert [[run.id for run in part] for part in found] == ids


@pytest.mark.parametrize("listed", ["", "a", "c", "bx", "dc"])
def test_a_session_without_the_whole_first_part_is_none_of_the_chain(
    chain: nodes.Chain, listed: str
) -> None:
    with pytest.raises(NoSuchName, match="session `s` has no runs of the first part of chain"):
        parts_in(chain, IDS, "s", rows(listed))


def test_what_the_parts_still_read(program: nodes.Program, chain: nodes.Chain) -> None:
    workflows = {each.name: collect_declared(each) for each in program.workflows}
    read = [parameters_read(chain, part, workflows) for part in chain.parts]
    assert read == [
        {(False, "first"), (False, "shared_one"), (True, "pin")},
        {(False, "word"), (False, "shared_one"), (True, "code")},
        {(False, "last"), (False, "other"), (True, "code")},
    ]
    left = needing_only(collect_declared(chain), read[2])
    assert [name for name, spec in left.inputs.items() if spec.required] == ["last"]
    assert [name for name, spec in left.secrets.items() if spec.required] == []


def test_a_value_that_the_chain_did_not_begin_with_is_told_once(
    program: nodes.Program, chain: nodes.Chain
) -> None:
    workflows = {each.name: collect_declared(each) for each in program.workflows}
    begun = [rows("ba", text="x", more="y")]
    assert find_contradictions(chain, begun, workflows, {"first": "x", "shared_one": "y"}) == []
    assert find_contradictions(chain, begun, workflows, {"last": "z", "word": "z"}) == []
    (wrong,) = find_contradictions(chain, begun, workflows, {"shared_one": "z"})
    assert wrong.line() == (
        "`shared_one`: step `b` was begun with `y`, not with `z`; a chain goes on with the values "
        "that it began with"
    )
