"""The answers of a test, and the world that they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.answers import answers_in_turn, kind_of
from flowdsl.semantics.model import SemanticModel
from flowdsl.simulate import world
from flowdsl.simulate.interpreter.watching import Watcher
from flowdsl.simulate.shapes import (
    EnumShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
)
from flowdsl.simulate.trace import SUCCESS, Ending, Recorder, Trace
from flowdsl.simulate.world import Question, Unanswerable, World
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .coverage import key_of
from .entries import Entry, is_meant
from .literals import Literals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.simulate.shapes import Shape

    from .coverage import Key
    from .entries import Selector

SCREEN = frozenset((world.SEES, world.EXPECT, world.CHOOSE, world.WAIT))
"""Kinds of questions that `screen` answers."""
VALUES = frozenset((world.READ, world.COPY, world.OUTPUT))
"""Kinds of questions that `reads` answers."""
_COMMANDS = frozenset((world.COMMAND,))
_KINDS = {
    None: SCREEN,
    "sees": frozenset((world.SEES,)),
    "expect": frozenset((world.EXPECT,)),
    "choose": frozenset((world.CHOOSE,)),
    "wait": frozenset((world.WAIT,)),
}
"""Kinds of questions by the word in front of an answer of `screen`."""


class Answer(Record):
    """An answer of a test: to the questions of some `kinds` that have its text, or its path.

    - `span`: where it stands in the test.
    - `text`: the text of the question, on one line but for that of a command; None for an answer
      to a read.
    - `part`: whether `text` is only a part of it.
    - `path`: for a read, the calls that lead to its variable, and the variable.
    - `value`: one answer for every time, or a list with one for each time.
    - `within`: the entries of a loop for which it holds; None for the whole run.
    """

    span: Span
    kinds: frozenset[str]
    text: str | None
    part: bool
    path: tuple[str, ...]
    value: ast.Literal
    within: Selector | None = None


class Unanswered(Unanswerable):
    """A question that the test has to answer and does not.

    `asking` names the question, and `place` is where the program asks it. `answer` is a line for
    the test that answers it, or empty where there is none to propose.
    """

    def __init__(self, asking: str, problem: str, place: Span, answer: str = "") -> None:
        super().__init__(f"{asking} {problem}")
        self.asking = asking
        self.place = place
        self.answer = answer


def answers_of(
    items: Iterable[ast.TestItem], literals: Literals, within: Selector | None = None
) -> Iterator[Answer]:
    """The answers of a test, in the order of the source."""
    for item in items:
        match item:
            case ast.ItemAnswers(selector=selector, sections=sections):
                yield from answers_of(sections, literals, selector)
            case ast.ScreenSection(answers=answers):
                for answer in answers:
                    kinds = _KINDS[answer.question]
                    text, part = literals.matched(answer.text)
                    yield Answer(
                        literals.span(answer.text), kinds, text, part, (), answer.value, within
                    )
            case ast.CommandsSection(answers=commands):
                for command in commands:
                    span = literals.span(command.text)
                    text, part = literals.matched(command.text, exact=True)
                    yield Answer(span, _COMMANDS, text, part, (), command.value, within)
            case ast.ReadsSection(answers=reads):
                for read in reads:
                    path = tuple(name.text for name in read.path)
                    span = Span(literals.source, read.path[0].start, read.path[-1].end)
                    yield Answer(span, VALUES, None, False, path, read.value, within)
            case _:
                pass


class Script(Watcher):
    """Answers the questions of one run by the answers of a test, and follows where the run is.

    `outer_calls` are the calls around what is tested, which no answer names.

    `ways` are those that it has taken (`coverage`).

    `places` has where in the program each question was asked, by question and position. `entries`
    are the passes of loops, and `steps` the titles of the steps that began.
    """

    def __init__(
        self,
        model: SemanticModel,
        answers: tuple[Answer, ...],
        literals: Literals,
        outer_calls: int = 0,
    ) -> None:
        self._model = model
        self._outer_calls = outer_calls
        self._answers = answers
        self._literals = literals
        self._times: dict[Answer, int] = {}
        self._turns: dict[Answer, list[Any] | None] = {}
        self._meant: dict[Answer, str] = {}
        self._calls: list[str] = []
        self._recorder: Recorder | None = None
        self._source: SourceFile | None = None
        self._node: ast.Node | None = None
        self._awaited: dict[ast.Node, bool] = {}
        self.ways: set[Key] = set()
        self._begun: set[tuple[SourceFile, int]] = set()
        self.entries: list[Entry] = []
        self.steps: list[str] = []
        self._current: Entry | None = None
        self.places: dict[tuple[Question, int], Span] = {}

    def world(self, inputs: Mapping[str, Any]) -> World:
        """The world of the run, which is given these inputs."""
        return World(inputs, self._answer, {})

    def unused(self) -> Iterator[tuple[Answer, str]]:
        """Each answer that was not needed, or not as often as it is there, with what to say."""
        for answer in self._answers:
            times = self._times.get(answer, 0)
            turns = self._turns.get(answer)
            if not times:
                yield answer, "nothing asks for this answer"
            elif turns is not None and times < len(turns):
                asked = "once" if times == 1 else f"{times} times"
                yield answer, f"this is asked {asked}, and the test has {_answers(len(turns))}"

    def so_far(self) -> Trace | None:
        """What has happened until now; None before the run begins."""
        if self._recorder is None:
            return None
        return self._recorder.trace(("", ""), Ending(SUCCESS, None, {}))

    # Where the run is

    def begins(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def asks(self, source: SourceFile, node: ast.Node) -> None:
        self._source, self._node = source, node
        self._begun.add((source, node.start))
        if isinstance(node, ast.RepeatStmt):
            self._awaited.update(_awaited(node.until, holds=True))

    def begins_call(self, source: SourceFile, call: ast.CallStmt) -> None:
        self._calls.append((call.result or call.task.name).text)

    def ends_call(self) -> None:
        self._calls.pop()

    def begins_step(self, source: SourceFile, step: ast.StepStmt, title: str) -> None:
        self.steps.append(title)

    def begins_entry(self, source: SourceFile, loop: ast.ForStmt, number: int, entry: Any) -> None:
        self._current = Entry(loop, number, entry, self._count())
        self.entries.append(self._current)

    def ends_entry(self) -> None:
        assert self._current is not None, "a pass has begun"
        self._current.end = self._count()
        self._current = None

    def _count(self) -> int:
        return 0 if self._recorder is None else self._recorder.count

    def takes(self, source: SourceFile, node: ast.Node, way: str) -> None:
        self.ways.add(key_of(source, node, way))

    def lines(self) -> frozenset[tuple[str, int]]:
        """The lines with a statement that was carried out, by file."""
        return frozenset(
            (source.path, source.position(start).line) for source, start in self._begun
        )

    # What is asked

    def _answer(self, question: Question, position: int) -> Any:
        self.places[question, position] = self._place()
        variable = getattr(self._node, "name", None) if question.kind in VALUES else None
        calls = self._calls[self._outer_calls :]
        path = (*calls, variable.text) if variable is not None else ()
        fitting = [
            answer
            for answer in self._answers
            if question.kind in answer.kinds
            and _fits(answer, question, path)
            and self._holds_here(answer)
        ]
        if not fitting:
            return self._default(question, path)
        # An answer for an entry goes before one for the run, a whole text before a part of it.
        answer = min(fitting, key=lambda each: (each.within is None, each.part))
        if answer.part:
            self._mean(answer, question)
        return self._next(answer, question, path)

    def _holds_here(self, answer: Answer) -> bool:
        if answer.within is None:
            return True
        here = self._current
        return here is not None and is_meant(answer.within, here, self._literals)

    def _mean(self, answer: Answer, question: Question) -> None:
        """Note which question a part means; it has to be one, whatever values it has."""
        written = self._place().text
        if self._meant.setdefault(answer, written) != written:
            problem = f'has the part "{answer.text}", and so has another question of this run'
            raise Unanswered(_asking(question, ()), problem, self._place())

    def _next(self, answer: Answer, question: Question, path: tuple[str, ...]) -> Any:
        type_ = self._type(question)
        if answer not in self._turns:
            value = self._literals.json(answer.value)
            in_turn = answers_in_turn(kind_of(value), type_)
            self._turns[answer] = value if in_turn else None
        times = self._times[answer] = self._times.get(answer, 0) + 1
        turns = self._turns[answer]
        if turns is None:
            return self._literals.json(answer.value, type_)
        if times > len(turns):
            problem = f"is asked {times} times, and the test has {_answers(len(turns))}"
            raise Unanswered(_asking(question, path), problem, self._place())
        return self._literals.json(answer.value, types.ListOf(type_))[times - 1]

    def _type(self, question: Question) -> types.Type:
        """The type of an answer."""
        if question.kind not in VALUES:
            return types.BOOL
        written = getattr(self._node, "type", None)
        return types.STRING if written is None else self._model.declared_types[written]

    def _default(self, question: Question, path: tuple[str, ...]) -> Any:
        """The answer where a test says nothing."""
        if question.kind == world.SEES:
            return self._node is not None and self._awaited.get(self._node, False)
        if question.kind not in VALUES:
            return True
        if isinstance(self._type(question), types.Optional):
            return None
        line = ""
        if question.shape is not None:
            line = f"reads {{ {'.'.join(path)} = {_sample(question.shape)} }}"
        problem = "is read, and the test has no answer"
        raise Unanswered(_asking(question, path), problem, self._place(), line)

    def _place(self) -> Span:
        assert self._source is not None and self._node is not None, "somebody asks"
        return self._node.span(self._source)


def _fits(answer: Answer, question: Question, path: tuple[str, ...]) -> bool:
    if answer.text is None:
        return answer.path == path
    return answer.text in question.text if answer.part else answer.text == question.text


def _asking(question: Question, path: tuple[str, ...]) -> str:
    return f"`{'.'.join(path)}`" if path else f'"{question.text}"'


def _answers(number: int) -> str:
    return "1 answer" if number == 1 else f"{number} answers"


def _awaited(condition: ast.Condition, *, holds: bool) -> Iterator[tuple[ast.Node, bool]]:
    """What each `sees` of a condition has to answer for the condition to hold."""
    match condition:
        case ast.SeesExpr():
            yield condition, holds
        case ast.NotExpr(operand=operand):
            yield from _awaited(operand, holds=not holds)
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            for each in operands:
                yield from _awaited(each, holds=holds)
        case _:
            pass


_SAMPLES = {
    "int": "1",
    "number": "1.5",
    "bool": "true",
    "date": '"2026-01-31"',
    "datetime": '"2026-01-31T09:30:00Z"',
    "time": '"09:30"',
    "email": '"ann@example.test"',
    "url": '"https://example.test/"',
}


def _sample(shape: Shape) -> str:
    """A value of a shape as a test writes it."""
    match shape:
        case ScalarShape(name):
            return _SAMPLES.get(name, '"text"')
        case EnumShape(values):
            return f'"{values[0]}"'
        case ListShape(element):
            return f"[{_sample(element)}]"
        case OptionalShape(inner):
            return _sample(inner)
        case RecordShape(fields):
            return "{ " + ", ".join(f"{each.name}: {_sample(each.shape)}" for each in fields) + " }"
