"""The answers of a test, and the world built from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from flowdsl.format.literals import value_literal
from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.answers import answers_in_turn, kind_of
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate import world
from flowdsl.simulate.world import Question, Unanswerable, World
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from .following import SCREEN, VALUES, RunFollower, Selector, is_meant
from .literals import LiteralValues, SoughtText
from .telling import shorten_line

_CHECKS = frozenset((world.CHECK,))
_COMMANDS = frozenset((world.COMMAND,))
_KINDS = {
    None: SCREEN,
    "sees": frozenset((world.SEES,)),
    "expect": frozenset((world.EXPECT,)),
    "choose": frozenset((world.CHOOSE,)),
    "wait": frozenset((world.WAIT,)),
}
"""The kinds of questions, by the keyword before an answer in `screen`."""


class Answer(Record):
    """An answer of a test, for questions of certain `kinds` that have its text or its path.

    - `span`: its place in the test.
    - `text`: the text of the question, on one line except for a command; None if it answers a read.
    - `path`: for a read, the calls that lead to the variable, then the variable.
    - `value`: one answer used every time, or a list with one per time.
    - `within`: the passes of loops to which it applies, inside of each other; of the whole run
      without any.
    """

    span: Span
    kinds: frozenset[str]
    text: SoughtText | None
    path: tuple[str, ...]
    value: ast.Literal
    within: tuple[Selector, ...] = ()


class Unanswered(Unanswerable):
    """A question for which the test has no answer but needs one.

    `asking` names the question, and `place` is where the program asks it. `answer` is a suggested
    line for the test, or empty if there is no suggestion.
    """

    def __init__(self, asking: str, problem: str, place: Span, answer: str = "") -> None:
        super().__init__(f"{asking} {problem}")
        self.asking = asking
        self.place = place
        self.answer = answer


def answers_of(items: Iterable[ast.TestItem], literals: LiteralValues) -> tuple[Answer, ...]:
    """Return the answers of a test; answers of a case override those that all cases share."""
    found: dict[tuple[object, ...], Answer] = {}
    for answer in _answers_of(items, literals):
        within = tuple(literals.span(each).text for each in answer.within)
        found[answer.kinds, answer.text, answer.path, within] = answer
    return tuple(found.values())


def _answers_of(
    items: Iterable[ast.TestItem], literals: LiteralValues, within: tuple[Selector, ...] = ()
) -> Iterator[Answer]:
    """Yield the answers of a test, in source order."""
    for item in items:
        match item:
            case ast.ItemAnswers(selector=selector, sections=sections):
                yield from _answers_of(sections, literals, (*within, selector))
            case ast.ScreenSection(answers=answers):
                for answer in answers:
                    kinds = _KINDS[answer.question]
                    span, passes = literals.span(answer.text), _inside(within, answer.selector)
                    text = literals.sought(answer.text)
                    yield Answer(span, kinds, text, (), answer.value, passes)
            case ast.CommandsSection(answers=commands):
                for command in commands:
                    span = literals.span(command.text)
                    text = literals.sought(command.text, exact=True)
                    passes = _inside(within, command.selector)
                    yield Answer(span, _COMMANDS, text, (), command.value, passes)
            case ast.JudgedSection(answers=judged):
                for each in judged:
                    span = literals.span(each.text)
                    text = literals.sought(each.text)
                    yield Answer(span, _CHECKS, text, (), each.value, within)
            case ast.ReadsSection(answers=reads):
                for read in reads:
                    path = tuple(name.text for name in read.path)
                    span = Span(literals.source, read.path[0].start, read.path[-1].end)
                    passes = _inside(within, read.selector)
                    yield Answer(span, VALUES, None, path, read.value, passes)
            case _:
                pass


def _inside(within: tuple[Selector, ...], selector: Selector | None) -> tuple[Selector, ...]:
    return within if selector is None else (*within, selector)


class Script(RunFollower):
    """Answer the questions of one run from the answers of a test, and follow its position.

    `places` maps each question and position to the place in the program where it was asked.
    """

    def __init__(
        self,
        model: SemanticModel,
        answers: tuple[Answer, ...],
        literals: LiteralValues,
        outer_calls: int = 0,
    ) -> None:
        super().__init__(model, outer_calls)
        self.answers = answers
        self._literals = literals
        self._times: dict[Answer, int] = {}
        self._turns: dict[Answer, list[Any] | None] = {}
        self._meant: dict[Answer, str] = {}
        self._today: date | None = None
        self.places: dict[tuple[Question, int], Span] = {}

    def world(self, inputs: Mapping[str, Any], today: date | None = None) -> World:
        """Return the world of the run, with these inputs, beginning on `today`.

        The clock of the desktop shows the same day.
        """
        self._today = today
        return World(inputs, self._answer, {}, today)

    def unused(self) -> Iterator[tuple[Answer, str]]:
        """Yield each answer that was not used, or not fully used, with a message."""
        for answer in self.answers:
            times = self._times.get(answer, 0)
            turns = self._turns.get(answer)
            if not times:
                yield answer, self._why_unused(answer)
            elif turns is not None and times < len(turns):
                asked = "once" if times == 1 else f"{times} times"
                yield answer, f"this is asked {asked}, and the test has {_answers(len(turns))}"

    def _why_unused(self, answer: Answer) -> str:
        for within in answer.within:
            if not any(is_meant(within, each, self._literals) for each in self.entries):
                return self._describe_missing_pass(within)
        return "nothing asks for this answer"

    def _describe_missing_pass(self, within: Selector) -> str:
        written = self._literals.span(within).text
        if isinstance(within, ast.PassNumber):
            return f"the run comes to no `{written}`"
        number = sum(isinstance(each.loop, ast.ForStmt) for each in self.entries)
        worked = "1 entry" if number == 1 else f"{number} entries"
        return f"the run works on no `{written}`: it works on {worked}"

    # Questions

    def _answer(self, question: Question, position: int) -> Any:
        self.places[question, position] = self.place()
        if question.kind == world.DAY:
            return world.SOME_DAY if self._today is None else self._today.isoformat()
        path = self.path(question)
        kinds = self.kinds_of(question)
        fitting = [
            answer
            for answer in self.answers
            if kinds & answer.kinds and _fits(answer, question, path) and self._holds_here(answer)
        ]
        if not fitting:
            return self._choose_default(question, path)
        # An answer for one loop entry precedes one for the run, a whole text precedes a part.
        answer = min(fitting, key=lambda each: (-len(each.within), _is_part(each)))
        if _is_part(answer):
            self._mean(answer, question)
        return self._next(answer, question, path)

    def _holds_here(self, answer: Answer) -> bool:
        return all(
            any(is_meant(within, here, self._literals) for here in self.open)
            for within in answer.within
        )

    def _mean(self, answer: Answer, question: Question) -> None:
        """Record which question a partial text matched; it must be one, apart from its values."""
        written = self.written()
        if self._meant.setdefault(answer, written) != written:
            assert answer.text is not None, "it is a part of a text"
            problem = f'has the part "{answer.text.text}", and so has another question of this run'
            raise Unanswered(_asking(question, ()), problem, self.place())

    def _next(self, answer: Answer, question: Question, path: tuple[str, ...]) -> Any:
        type_ = self.type(question)
        if answer not in self._turns:
            value = self._literals.json(answer.value)
            in_turn = answers_in_turn(kind_of(value), type_)
            self._turns[answer] = value if in_turn else None
        times = self._times[answer] = self._times.get(answer, 0) + 1
        turns = self._turns[answer]
        if turns is None:
            return self._literals.json(answer.value, type_)
        if times > len(turns):
            asked = "once" if times == 1 else f"{times} times"
            problem = f"is asked {asked}, and the test has {_answers(len(turns))}"
            raise Unanswered(_asking(question, path), problem, self.place())
        return self._literals.json(answer.value, types.ListOf(type_))[times - 1]

    def _choose_default(self, question: Question, path: tuple[str, ...]) -> Any:
        """Return the answer to a question that the test does not answer."""
        if question.kind not in VALUES:
            return self.usually(question)
        type_ = self.type(question)
        if isinstance(type_, types.Optional):
            return None
        problem = "is read, and the test has no answer"
        written = value_literal(_make_sample(type_))
        line = "" if written is None else f"reads {{ {'.'.join(path)} = {written} }}"
        raise Unanswered(_asking(question, path), problem, self.place(), line)


def _fits(answer: Answer, question: Question, path: tuple[str, ...]) -> bool:
    if answer.text is None:
        return answer.path == path
    # Values may contain line ends; a command is compared exactly.
    text = question.text if question.kind == world.COMMAND else on_one_line(question.text)
    return answer.text.fits(text)


def _is_part(answer: Answer) -> bool:
    return answer.text is not None and answer.text.part


def _asking(question: Question, path: tuple[str, ...]) -> str:
    return f"`{'.'.join(path)}`" if path else f'"{shorten_line(question.text)}"'


def _answers(number: int) -> str:
    return "1 answer" if number == 1 else f"{number} answers"


_SAMPLES = {
    "int": 1,
    "number": 1.5,
    "bool": True,
    "date": "2026-01-31",
    "datetime": "2026-01-31T09:30:00Z",
    "time": "09:30",
    "email": "ann@example.test",
    "url": "https://example.test/",
}


def _make_sample(type_: types.Type) -> Any:
    """Return a value of a type, with fields by their names in the source."""
    match type_:
        case types.Optional(inner):
            return _make_sample(inner)
        case types.ListOf(element):
            return [_make_sample(element)]
        case types.RecordOf(_, fields):
            return {field.name: _make_sample(field.type) for field in fields}
        case types.Enum(values):
            return values[0]
        case types.Primitive(name):
            return _SAMPLES.get(name, "text")
        case _:
            raise AssertionError("the check resolved every type")
