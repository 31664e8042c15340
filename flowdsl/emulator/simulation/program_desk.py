"""The simulated desktop of a program: answers from the scenario, else the usual ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from pydantic import JsonValue

from flowdsl.emulator.simulation.rules import Effects, Replies
from flowdsl.emulator.simulation.sampling import sample_value
from flowdsl.emulator.simulation.schemas import Schema, is_valid_for
from flowdsl.emulator.simulation.variables import EMPTY, Path, Values
from flowdsl.simulate import shapes
from flowdsl.simulate.interpreter.values import spell_value
from flowdsl.simulate.machine.performance import Asking, Spot
from flowdsl.simulate.world import (
    COMMAND,
    COPY,
    DAY,
    OUTPUT,
    READ,
    SEES,
    SOME_DAY,
    Question,
)

MAX_LINES = 5_000
"""Lines after which a run is aborted, more than any run of a desktop executes."""

_TABLES = {READ: "reads", COPY: "reads", OUTPUT: "reads", COMMAND: "commands"}
_SCALARS: dict[str, Schema] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "file": {"type": "string"},
    "any": {},
}


class Unplayable(Exception):
    """The run cannot continue; the message explains why."""


class ScenarioDesk:
    """Answers the questions of a program, and makes it fail where the scenario requires it.

    `labels` are the numbers of the lines of the prompt, `reported` the output schemas by the
    variable that the output is taken from: a value read into such a variable is made up to fit the
    schema.
    """

    def __init__(
        self,
        effects: Effects,
        inputs: Values,
        seed: str,
        labels: Sequence[str],
        reported: Mapping[str, Any],
    ) -> None:
        self.replies = Replies(effects, effects.entries)
        self.has_failed = False
        self._inputs = inputs
        self._seed = seed
        self._reported = reported
        self._fail = effects.fail
        self._failing = ""
        if effects.fail is not None and labels:
            self._failing = effects.fail.step if effects.fail.step in labels else labels[-1]
        self._lines = 0

    def answer(self, question: Question, asking: Asking) -> JsonValue:
        """Answer a question; raises Unplayable if the scenario's answer has the wrong type."""
        if question.kind != SEES and self._fails_at(asking.spot):
            return None if _TABLES.get(question.kind) == "reads" else False
        if question.kind == DAY:
            return SOME_DAY
        table = _TABLES.get(question.kind, "screen")
        names = [question.text] + ([asking.key] if table == "reads" and asking.key else [])
        found, answer = self.replies.find(
            table,
            names,
            [each.entry for each in reversed(asking.spot.passes)],
            is_list=isinstance(question.shape, shapes.ListShape),
        )
        if found:
            self._check_answer(question, answer)
            return answer
        if table == "reads":
            return self._make_up_value(question, asking)
        return asking.usual if question.kind == SEES else True

    def stops(self, done: Spot, following: Spot | None) -> str | None:
        """Return the reason if the scenario makes the task fail between two lines, else None."""
        self._lines += 1
        if self._lines > MAX_LINES:
            raise Unplayable(f"the run comes to more than {MAX_LINES} lines, and is not played on")
        if not self._failing:
            return None
        if following is None:
            at = done.label if self._fails_at(done) else self._failing
        elif self._fails_at(done) and not self._fails_at(following):
            if following.passes == done.passes and _place_of_line(following) < _place_of_line(done):
                return None  # Another attempt: the program limits their number.
            at = done.label
        else:
            return None
        return f"step {at} failed"

    def _fails_at(self, spot: Spot) -> bool:
        """Whether the scenario makes the task fail at this line."""
        if self._fail is None or not f"{spot.label}.".startswith(f"{self._failing}."):
            return False
        if spot.passes:
            innermost = spot.passes[-1]
            if innermost.entry != min(self._fail.entry, innermost.entries):
                return False
        self.has_failed = True
        return True

    def _input_like(self, name: str) -> JsonValue:
        """Return the input of this name, or one whose name is its suffix, as `mrn` for `chart_mrn`.

        Variables of tasks begin with the name of their call.
        """
        names = [each for each in self._inputs if f"_{name}".endswith(f"_{each}")]
        found = self._inputs[max(names, key=len)] if names else None
        return None if found == EMPTY else found

    def _check_answer(self, question: Question, answer: JsonValue) -> None:
        """Raise Unplayable for an answer that cannot have been read; copies are not checked."""
        if answer is None or question.shape is None or question.kind == COPY:
            return
        if not is_valid_for(_schema_of(question.shape), answer):
            raise Unplayable(
                f"the scenario answers `{question.text}` with `{spell_value(answer)}`, which is "
                "not of the type that the program reads"
            )

    def _make_up_value(self, question: Question, asking: Asking) -> JsonValue:
        """Return a plausible value: an input of this name, or one that the outputs accept."""
        shape = question.shape or shapes.ScalarShape("string")
        wanted, name = _schema_of(shape), asking.key or "value"
        entries = ".".join(str(each.entry) for each in asking.spot.passes)

        def known(path: Path) -> JsonValue:
            return self._input_like(str(path[-1])) if path else None

        for schema in (self._reported.get(asking.key), wanted):
            if schema is None:
                continue
            whole = {"type": "object", "properties": {name: schema}, "required": [name]}
            made, value = sample_value(whole, f"{self._seed}/{question.text}/{entries}", known)
            if made and isinstance(value, dict) and is_valid_for(wanted, value[name]):
                return value[name]
        return None


def _place_of_line(spot: Spot) -> list[int]:
    return [int(part) for part in spot.label.split(".")]


def _schema_of(shape: shapes.Shape) -> Schema:
    """Return the JSON Schema of the values of a shape."""
    match shape:
        case shapes.ScalarShape(name):
            return _SCALARS[name]
        case shapes.EnumShape(values):
            listed = {"enum": list(values)}
            return {"anyOf": [listed, _SCALARS["string"]]} if shape.open else listed
        case shapes.ListShape(element):
            return {"type": "array", "items": _schema_of(element)}
        case shapes.OptionalShape(inner):
            return {"anyOf": [_schema_of(inner), {"type": "null"}]}
        case shapes.RecordShape(fields):
            return {
                "type": "object",
                "properties": {each.name: _schema_of(each.shape) for each in fields},
                "required": [
                    each.name
                    for each in fields
                    if each.default is None and not isinstance(each.shape, shapes.OptionalShape)
                ],
            }
        case _:
            assert_never(shape)
