"""What the generator of checked programs and their worlds can be relied on for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from flowdsl.semantics.values.formats import has_spelling, is_spelled
from flowdsl.simulate import world as kinds
from flowdsl.simulate.executions import world_with_defaults
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import accept_inputs
from flowdsl.simulate.shapes import (
    EMPTY,
    EnumShape,
    FieldShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    without_missing,
)
from flowdsl.simulate.world import Question
from tests.support.effort import THOROUGH, rows
from tests.support.meaning.checked import Checked, checked, checked_seed, compiled
from tests.support.meaning.constructs import EXPECTED, constructs
from tests.support.meaning.generator.programs import program, programs
from tests.support.meaning.hostile import as_sent, taken_though_forbidden
from tests.support.meaning.law import payload
from tests.support.meaning.pools import ODD_TEXTS, nasty_texts
from tests.support.meaning.shrinking import shrunk
from tests.support.meaning.worlds import Answers, fails_something, world
from tests.support.rows import in_rows

SEEDS = 1500 if THOROUGH else 25
WRITTEN = 1500 if THOROUGH else 400
"""Programs that are only written, and not checked."""
LEAST_SHARE = 0.97
SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


# Programs


@pytest.fixture(scope="module")
def drawn() -> list[Checked | None]:
    """The programs of many seeds, each None where it has errors."""
    return [checked_seed(seed) for seed in range(SEEDS)]


def test_nearly_every_program_checks_without_errors(drawn: list[Checked | None]) -> None:
    assert sum(each is not None for each in drawn) >= LEAST_SHARE * len(drawn)


def test_every_construct_and_every_hard_shape_occurs() -> None:
    # How often, and in which pairs, `benchmarks/prompts/occurrences.py` tells.
    missing = set(EXPECTED)
    for seed in range(WRITTEN):
        missing -= constructs(program(seed))
        if not missing:
            break
    assert missing == set()


def test_most_programs_can_be_replayed(drawn: list[Checked | None]) -> None:
    assert sum(each.replayable for each in drawn if each) > (0.8 if THOROUGH else 0.7) * len(drawn)
    assert not all(each.replayable for each in drawn if each)


def test_a_seed_has_one_program() -> None:
    assert program(11) == program(11) != program(12)


@settings(SLOW, max_examples=300 if THOROUGH else 6)
@given(programs())
def test_programs_of_hypothesis_check_as_those_of_seeds_do(source: str) -> None:
    errors = {
        each.name for each in compiled(source).analysis.diagnostics if each.severity == "error"
    }
    assert errors <= {"too-large", "optional-for-required", "optional-read-unguarded"}, source


SMALL = [
    (r"run ", 10),
    (r"retry ", 8),
    (r"extract (\w+):[^\n]*\n *for \w+ in \1\b", 10),
    (r"call \w+\([^\n]*\) as ", 10),
    (r"call [^\n]*: (\w+)\.[^\n]* as \1\b", 16),
]
"""What a program has to have, and the most lines of the smallest one that does."""


@pytest.mark.parametrize(("pattern", "lines"), rows(SMALL, 0))
def test_programs_shrink_to_what_a_person_can_read(pattern: str, lines: int) -> None:
    def holds(source: str) -> bool:
        return re.search(pattern, source) is not None and checked(source) is not None

    drawn = settings(
        SLOW, max_examples=4000, derandomize=True, database=None, phases=(Phase.generate,)
    )
    smallest = shrunk(find(programs(), holds, settings=drawn), holds, seconds=600)
    assert holds(smallest)
    assert smallest.count("\n") <= lines, smallest


# Worlds

VARIABLE = re.compile(r"\{\s*[A-Za-z_$\{#]")
"""What the platform could read as a variable."""

SHAPE = RecordShape(
    (
        FieldShape("a", ScalarShape("string")),
        FieldShape("b", OptionalShape(ScalarShape("int"))),
        FieldShape("c", ListShape(EnumShape(("x", "y")))),
        FieldShape("d", ScalarShape("date"), default="2026-01-01"),
    )
)
SEEDED = Answers(7, no=30, sees=50, nasty=40, missing=20)


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in _texts(each)]
        case dict():
            return [text for each in value.values() for text in _texts(each)]
        case _:
            return []


def test_inputs_are_what_the_schema_of_the_program_takes(drawn: list[Checked | None]) -> None:
    for program_, world_ in ((each, world(at, each)) for at, each in enumerate(drawn) if each):
        sent = as_sent(program_, world_.inputs)
        accept_inputs(program_.payload.get("input_schema"), sent)
        assert world_with_defaults(payload(program_), world_).inputs == sent
        for field in program_.workflow.inputs:
            value = without_missing(world_.inputs.get(field.wire_name))
            assert value is not None or not field.required or field.has_default, field.name
        assert not any(VARIABLE.search(text) for text in _texts(dict(world_.inputs)))
        assert all(number < program_.rules for number in world_.situations.values())


def test_inputs_that_a_type_forbids_are_refused(drawn: list[Checked | None]) -> None:
    """Those of a raw caller, who has to give what has a default, too."""
    taken = {
        taken_though_forbidden(each, world(seed, each))
        for seed, each in enumerate(drawn[: SEEDS // 2])
        if each is not None
    }
    assert taken == {""}


def test_optional_inputs_are_missing_in_every_way() -> None:
    source = """flow 1
workflow w { inputs { memo: string? } steps { type memo into "Memo" } }
"""
    program_ = checked(source)
    assert program_ is not None
    given_ = [world(seed, program_).inputs.get("memo", "left out") for seed in range(60)]
    assert {"left out", None, "", EMPTY} < set(given_)


def test_one_world_in_three_fails_something(drawn: list[Checked | None]) -> None:
    failing = [
        fails_something(interpret(each.model, each.workflow, world(seed, each), each.environment))
        for seed, each in enumerate(drawn)
        if each is not None
    ]
    assert sum(failing) >= len(failing) / 3


@given(st.integers(0, 40), st.sampled_from(["the total", 'the "x"', ""]))
def test_a_question_has_one_answer_at_one_position(position: int, text: str) -> None:
    question = Question(kinds.READ, text, SHAPE)
    same = Question(kinds.READ, text, SHAPE)
    again = Answers(7, no=30, sees=50, nasty=40, missing=20)
    assert SEEDED(question, position) == SEEDED(same, position) == again(same, position)


def test_questions_and_positions_and_seeds_have_answers_of_their_own() -> None:
    question = Question(kinds.READ, "the cell", ScalarShape("string"))
    assert len({SEEDED(question, position) for position in range(40)}) > 10
    assert len({Answers(seed)(question, 0) for seed in range(40)}) > 3
    others = [Question(kinds.SEES, f"row {number}") for number in range(40)]
    assert {SEEDED(each, 0) for each in others} == {True, False}
    assert {SEEDED(others[0], position) for position in range(40)} == {True, False}


@in_rows("kind", [kinds.EXPECT, kinds.WAIT, kinds.CHOOSE, kinds.COMMAND])
def test_most_questions_are_answered_so_that_a_program_goes_on(kind: str) -> None:
    asked = [Question(kind, f"row {number}") for number in range(200)]
    assert all(Answers(3)(each, 0) is True for each in asked)
    assert 30 < sum(not Answers(3, no=25)(each, 0) for each in asked) < 75


def _fits(value: Any, shape: Any) -> bool:
    """Whether a value, which is there, has a shape."""
    match shape:
        case OptionalShape(inner):
            return without_missing(value) is None or _fits(value, inner)
        case EnumShape(values):
            return value in values
        case ListShape(element):
            return isinstance(value, list) and all(_fits(each, element) for each in value)
        case RecordShape(fields):
            return isinstance(value, dict) and all(
                _fits(value[each.name], each.shape)
                if each.name in value
                else each.default is not None
                for each in fields
            )
        case ScalarShape("string"):
            return isinstance(value, str)
        case ScalarShape("int"):
            return type(value) is int
        case ScalarShape("bool"):
            return type(value) is bool
        case ScalarShape(name):
            return not has_spelling(name) or is_spelled(name, value)
    return False


@in_rows(
    "shape",
    [
        *map(ScalarShape, ("string", "int", "number", "bool", "date", "datetime", "time", "any")),
        *map(ScalarShape, ("email", "url", "file")),
        *(EnumShape(("a", "b")), ListShape(SHAPE), SHAPE, ListShape(OptionalShape(SHAPE))),
    ],
)
def test_what_is_read_has_the_shape_of_the_question(shape: Any) -> None:
    for position in range(0, 40, 5):
        answers = Answers(position, nasty=50)
        value = answers(Question(kinds.READ, "the cell", shape), position)
        assert _fits(value, shape), value
        copied = answers(Question(kinds.COPY, "the cell", shape), position)
        assert isinstance(copied, str)


def test_required_values_are_missing_at_times_in_every_way() -> None:
    question = Question(kinds.READ, "the cell", ScalarShape("int"))
    missing = Answers(1, missing=20)
    given_ = [missing(question, position) for position in range(300)]
    assert {None, "", EMPTY} <= set(given_)
    assert sum(without_missing(each) is None for each in given_) < 100


def test_nasty_texts_hold_what_is_hard_to_carry_and_no_variable() -> None:
    texts = nasty_texts()
    assert not [text for text in texts if VARIABLE.search(text)]
    assert "Press x." in texts, "sentences of the prompt language are among them"
    assert len(texts) > len(ODD_TEXTS) + 60
    whole = "".join(texts)
    assert all(each in whole for each in ("\n- ", '"', "{ ", "⟧", "\u3000", "\r\n", EMPTY, "]"))
    assert max(map(len, texts)) > 1000
