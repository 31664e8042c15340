"""What the machine takes for a number, and the interpreter with it: `NaN` is none."""

from __future__ import annotations

from flowdsl.prompt.sentences import NUMERIC
from flowdsl.semantics import types
from flowdsl.simulate.interpreter.reading import is_of_other_type, value_of
from flowdsl.simulate.machine.grammar import Said
from flowdsl.simulate.machine.memory import Memory, evaluate_condition, from_json, read_as
from flowdsl.simulate.machine.variants import Variant
from flowdsl.simulate.shapes import ScalarShape
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import World
from tests.support.rows import in_rows

NO_NUMBERS = ["NaN", "sNaN", "Infinity", "-Infinity", "none"]


def _holds(name: str, **holes: object) -> bool:
    condition = Said(f"conditions.{name}", tuple(holes.items()))
    recorder = Recorder(World({}, lambda question: None, {}))
    return evaluate_condition(condition, Memory(Variant()).view(focused=False), recorder)


@in_rows("text", NO_NUMBERS)
def test_what_is_no_number_is_in_no_relation(text: str) -> None:
    for relation in NUMERIC:
        one, other = ("text", text), ("json", 1)
        assert not _holds("numbers", left=one, relation=relation, right=other)
        assert not _holds("numbers", left=other, relation=relation, right=one)


@in_rows("text", NO_NUMBERS)
def test_what_is_no_number_is_none_of_several(text: str) -> None:
    choices = (("json", 1), ("text", text))
    assert not _holds("number_one_of", value=("text", text), choices=choices, listed=False)


@in_rows("text", [*NO_NUMBERS, "9" * 400 + ".5"])
def test_what_is_no_json_number_is_read_as_none(text: str) -> None:
    assert read_as(text, ScalarShape("number")) is None


@in_rows("text", [*NO_NUMBERS, "9" * 400 + ".5", "true", "false", "5", "-5.5", "EUR 1,000.50"])
def test_the_interpreter_reads_a_copied_text_as_the_machine_does(text: str) -> None:
    for name in ("int", "number", "bool"):
        type_ = types.Primitive(name)
        data = value_of(text, type_, lambda value: value)
        interpreted = None if is_of_other_type(data, type_) else data
        read = read_as(text, ScalarShape(name))
        assert (type(interpreted), interpreted) == (type(read), read)


@in_rows("text", NO_NUMBERS)
def test_the_constants_of_python_are_no_json(text: str) -> None:
    assert from_json(text) == text
