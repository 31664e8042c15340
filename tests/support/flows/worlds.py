"""Worlds for tests: what a desktop answers, and what a program did there, for people to read.

told = traced('press "Tab" extract n: int from "the total"', {"the total": 3})
assert events(told) == ["press 'tab' '1'"]
assert questions(told) == ["1 read 'the total' -> 3"]
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, assert_never

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.diagnostic import ERROR
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate import shapes
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.interpreter.reading import shape_of
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import COPY, DAY, OUTPUT, READ, SOME_DAY, Question, Unanswerable, World
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import Span

from .compiling import workflow

VALUES = (READ, COPY, OUTPUT)
"""Kinds of questions that ask for a value; the others ask for yes or no."""


class Turns:
    """The answers to one question, one for each position at which it is asked."""

    def __init__(self, *answers: Any) -> None:
        self._left = list(answers)

    def next(self, question: Question) -> Any:
        """The answer that is next."""
        if not self._left:
            raise Unanswerable(f"no answer is left to {question}")
        return self._left.pop(0)


def scripted(
    answers: Mapping[str, Any],
    inputs: Mapping[str, Any] | None = None,
    situations: Mapping[int, int] | None = None,
    otherwise: Callable[[Question], Any] | None = None,
) -> World:
    """A world that answers a question by its text, or by its kind and text: `read the total`.

    An answer is JSON or `Turns`. Anything else is asked of `otherwise`, or is `Unanswerable`.
    """

    def answer(question: Question, position: int) -> Any:
        for key in (f"{question.kind} {question.text}", question.text):
            if key in answers:
                found = answers[key]
                return found.next(question) if isinstance(found, Turns) else found
        if otherwise is None:
            raise Unanswerable(f"no answer to {question} at {position}")
        return otherwise(question)

    return World(dict(inputs or {}), answer, dict(situations or {}))


def default_world(
    workflow: WorkflowSymbol, *, agrees: bool, missing: bool, entries: int = 2
) -> World:
    """A world that says yes to everything or to nothing.

    Where a value may be missing it is missing, or it is there; lists have so many `entries`, or as
    many as an input has to have.
    """

    def answer(question: Question) -> Any:
        if question.kind == DAY:  # the clock of a desktop always has one
            return SOME_DAY
        if question.kind not in VALUES:
            return agrees
        assert question.shape is not None
        return sample(question.shape, missing=missing, entries=entries)

    inputs = {
        field.wire_name: sample(
            shape_of(field.type, lambda default: "x"),
            missing=missing,
            entries=max(entries, field.constraints.min_items or 0),
        )
        for field in workflow.inputs
        if not (missing and not field.required)
    }
    world = scripted({}, inputs, otherwise=answer)
    return World(world.inputs, world.answer, world.situations, date(2026, 5, 31))


_SCALARS: Mapping[str, Any] = {
    "string": "some text",
    "int": 3,
    "number": 2.5,
    "bool": True,
    "date": "2026-05-31",
    "datetime": "2026-05-31T14:30:00",
    "time": "14:30:00",
    "email": "ann@clinic.test",
    "url": "https://portal.test/",
    "file": "C:\\Reports\\a.pdf",
    "any": {"any": "value"},
}


def sample(shape: shapes.Shape, *, missing: bool = False, entries: int = 2) -> Any:
    """A value of a shape."""
    match shape:
        case shapes.ScalarShape(name):
            return _SCALARS[name]
        case shapes.EnumShape(values):
            return values[0]
        case shapes.ListShape(element):
            return [sample(element, missing=missing, entries=entries) for _ in range(entries)]
        case shapes.OptionalShape(inner):
            return None if missing else sample(inner, missing=missing, entries=entries)
        case shapes.RecordShape(fields):
            return {
                field.name: sample(field.shape, missing=missing, entries=entries)
                for field in fields
            }
        case _:
            assert_never(shape)


# Programs


def checked(
    files: str | Mapping[str, str | bytes], *, despite: Collection[str] = (), **options: Any
) -> SemanticModel:
    """The tables of a program; fails the test on any error but those named in `despite`."""
    given = {"main.flow": "flow 1\n" + files} if isinstance(files, str) else dict(files)
    entries = sorted(name for name in given if name.endswith(".flow"))
    analysis = analyze(MemoryFiles(given), entries, CompileOptions(**options))
    wrong = [
        f"{found.span.path}:{found.span.first.line}: {found.name}: {found.message}"
        for found in analysis.diagnostics
        if found.severity == ERROR and found.name not in despite
    ]
    assert not wrong, wrong
    return analysis.model


def executed(
    files: str | Mapping[str, str | bytes],
    answers: Mapping[str, Any] | None = None,
    name: str = "w",
    *,
    inputs: Mapping[str, Any] | None = None,
    situations: Mapping[int, int] | None = None,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> Trace:
    """The trace of the workflow `name` of a program in a scripted world."""
    model = checked(files, **options)
    (found,) = (each for each in model.workflows if each.name == name)
    return interpret(model, found, scripted(answers or {}, inputs, situations), environment or {})


def traced(
    body: str,
    answers: Mapping[str, Any] | None = None,
    *,
    sections: str = "",
    before: str = "",
    **given: Any,
) -> Trace:
    """The trace of a workflow of these statements and sections, with declarations before it."""
    return executed(f"{before}\n{workflow(body, sections=sections)}", answers, **given)


# Traces


def events(trace: Trace) -> list[str]:
    """The events, each as its verb and its texts in quotation marks."""
    return [str(event) for event in trace.events]


def questions(trace: Trace) -> list[str]:
    """The questions in the order in which they were asked first, each with position and answer."""
    return [
        f"{each.position} {each.question.kind} {each.question.text!r} -> {each.answer!r}"
        for each in trace.asked
    ]


def lines(trace: Trace) -> list[int]:
    """The line of the source that each event comes from."""
    return [place.first.line if isinstance(place, Span) else 0 for place in trace.places]


def printed(trace: Trace) -> str:
    """A whole trace for people to read."""
    title, description = trace.heading
    parts: Sequence[str] = [
        *(f"{line:>4}  {event}" for line, event in zip(lines(trace), events(trace), strict=True)),
        *(f"   ?  {question}" for question in questions(trace)),
        f"   =  {trace.ending.status} {trace.ending.reason!r} {trace.ending.outputs!r}",
    ]
    return "\n".join([title, description, *parts])


# Prompts that somebody edited


def without_condition(prompt: str, words: str) -> str:
    """A prompt without the line that has these words and the one under it.

    What follows with "otherwise" means nothing then.
    """
    lines = prompt.split("\n")
    (at,) = [number for number, line in enumerate(lines) if words in line]
    return "\n".join(lines[:at] + lines[at + 2 :])
