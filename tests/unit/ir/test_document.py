"""Documents of the IR: what is read back, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from flowdsl.ir import nodes
from tests.support.ir_document import dump_program, load_program
from tests.support.rows import in_rows

AT = nodes.Origin(path="a.flow", start_line=1, start_column=1, end_line=1, end_column=2)
TEXT = (nodes.TextPiece(value="Open it."), nodes.Variable(sigil="input", name="x", in_json=True))
PROGRAM = nodes.Program(
    workflows=(
        nodes.Workflow(
            origin=AT,
            name="a",
            title="A",
            inputs=(
                nodes.FieldSpec(
                    name="x",
                    type=nodes.ListType(element=nodes.ScalarType(name="number")),
                    constraints={"maxItems": 2},
                    day=nodes.Day(base="today", name="x", shifts=((1, "days"),)),
                ),
            ),
            body=(
                nodes.Step(
                    origin=AT,
                    title=TEXT,
                    body=(
                        nodes.Do(origin=AT, text=TEXT),
                        nodes.Press(origin=AT, keys="a", times=1),
                    ),
                ),
            ),
        ),
    ),
    chains=(),
)


def document() -> Any:
    return json.loads(dump_program(PROGRAM))


def test_a_program_is_read_back_with_fields_that_are_not_compared() -> None:
    read = load_program(dump_program(PROGRAM))
    assert read == PROGRAM
    assert repr(read) == repr(PROGRAM)


def test_a_document_may_leave_out_what_has_a_default() -> None:
    shorter = document()
    del shorter["version"], shorter["workflows"][0]["terminal"], shorter["workflows"][0]["extra"]
    del shorter["workflows"][0]["body"][0]["description"]
    assert load_program(json.dumps(shorter)) == PROGRAM


@in_rows(
    ("place", "value"),
    [
        (["version"], 2),
        (["chains"], None),
        (["workflows", 0, "name"], 1),
        (["workflows", 0, "origin"], {}),
        (["workflows", 0, "body", 0, "kind"], "stop"),
        (["workflows", 0, "body", 0, "body", 1, "times"], "often"),
        (["workflows", 0, "inputs", 0, "constraints"], []),
        (["workflows", 0, "inputs", 0, "day", "shifts", 0], [1]),
    ],
)
def test_a_document_of_another_shape_is_refused(place: list[Any], value: object) -> None:
    changed = document()
    inner = changed
    for part in place[:-1]:
        inner = inner[part]
    assert inner[place[-1]] != value
    inner[place[-1]] = value
    with pytest.raises(ValidationError):
        load_program(json.dumps(changed))
