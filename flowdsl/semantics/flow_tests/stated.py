"""The words that a test states, and items that its kind of subject does not allow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain as chain_nodes
from typing import Any

from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import children, walk

from .. import errors
from ..model import ENVIRONMENT
from ..program import ModuleScope, Program
from ..traversal import type_read_by
from ..types import FieldType, ListOf, RecordOf, Type, strip_optional
from .items import cases_in

_WORD = re.compile(r"[^\W\d_]+")
_UNKNOWN = object()


class StatedWords:
    """The texts that are stated; `is_whole` is False if some value cannot be known."""

    def __init__(self, texts: Iterable[str] | None) -> None:
        self.is_whole = texts is not None
        self._joined = "\n".join(("true", "false", *(texts or ())))

    def have(self, text: str) -> bool:
        """Whether a value may have this text: every word of it is stated.

        A text without letters may be a number or a date, and is always allowed.
        """
        return not self.is_whole or all(word in self._joined for word in _WORD.findall(text))


def collect_stated_words(
    program: Program,
    test: ast.TestDecl,
    fields: Iterable[FieldType],
    secrets: Iterable[str],
    bodies: Iterable[ast.Block],
    chain: ast.ChainDecl | None,
) -> StatedWords:
    """Collect what a test gives and answers, the defaults of inputs, and the values of bodies.

    In what a run does, a secret appears as its name.
    """
    texts: list[str] = [*secrets]
    of_fields = (text for field in fields for text in _of_field(field))
    found = [_of_test(program, test), of_fields, *(_of_body(program, body) for body in bodies)]
    if chain is not None:
        found.append(_of_nodes(program, walk(chain)))
    for some in found:
        for text in some:
            if text is None:
                return StatedWords(None)
            texts.append(text)
    return StatedWords(texts)


def _of_test(program: Program, test: ast.TestDecl) -> Iterator[str | None]:
    cases = cases_in(test, program.table_cases)
    of_tables = (case for case in cases if case not in test.items)
    for node in chain_nodes(walk(test), *map(walk, of_tables)):
        match node:
            case ast.GivenSection(bindings=bindings):
                for binding in bindings:
                    value = binding if isinstance(binding, ast.GivenRows) else binding.value
                    yield from _of_value(program, value)
            case ast.FixtureSection(fixture=fixture, changes=changes, rows=rows):
                yield from _of_value(program, fixture)
                for held in (*rows, *(() if changes is None else (changes,))):
                    yield from _of_value(program, held)
                yield from _texts(program.constants.get(node))
            case ast.ReadAnswer(value=value):
                yield from _of_value(program, value)
            case _:
                pass


def _of_body(program: Program, body: ast.Block) -> Iterator[str | None]:
    """Yield the values that statements name or create, without descriptions of the screen."""
    for statement in program.statements(body):
        match statement:
            case ast.KeepStmt(value=value) | ast.EmitStmt(value=value):
                yield from _of_nodes(program, walk(value))
            case ast.CallStmt(arguments=arguments):
                for argument in arguments:
                    yield from _of_nodes(program, walk(argument.value))
                task = program.calls.get(statement)
                for parameter in () if task is None else task.params:
                    if parameter.field is not None:
                        yield from _of_field(parameter.field)
            case ast.ForStmt(iterable=iterable, reason=reason):
                yield from _of_nodes(program, walk(iterable))
                if reason is not None:
                    yield None  # it contains the words of whatever failed
            case ast.ExtractStmt() | ast.RunStmt(name=ast.Name()):
                yield from _of_type(type_read_by(statement, program))
            case _:
                pass


def _of_value(program: Program, node: ast.Node) -> Iterator[str | None]:
    """Yield the texts in a value that a test writes; None for an unknown one."""
    value = program.constants.get(node, _UNKNOWN)
    if value is _UNKNOWN:
        yield from _of_nodes(program, walk(node))
    else:
        yield from _texts(value)


def _of_nodes(program: Program, nodes: Iterable[ast.Node]) -> Iterator[str | None]:
    for node in nodes:
        match node:
            case ast.TextLiteral(value=text) | ast.StringLit(value=text):
                yield text
            case ast.ConstRef() if node not in program.words:
                value = program.constants.get(node, _UNKNOWN)
                yield from (None,) if value is _UNKNOWN else _texts(value)
            case ast.Ref() if node in program.constants:
                yield from _texts(program.constants[node])
            case ast.Ref():
                symbol = program.values.get(node)
                if symbol is None or symbol.kind == ENVIRONMENT:
                    yield None
            case _:
                pass


def _of_field(field: FieldType) -> Iterator[str | None]:
    if field.has_default:
        yield from (None,) if isinstance(field.default, ast.Node) else _texts(field.default)
    yield from _of_type(field.type)


def _of_type(type_: Type | None) -> Iterator[str | None]:
    """Yield the defaults of the fields of a type."""
    match None if type_ is None else strip_optional(type_):
        case RecordOf(fields=fields):
            for field in fields:
                yield from _of_field(field)
        case ListOf(element):
            yield from _of_type(element)
        case _:
            pass


def _texts(value: Any) -> Iterator[str | None]:
    match value:
        case str():
            yield value
        case dict():
            for name, each in value.items():
                yield name
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)
        case ast.Node():
            yield None
        case _:
            return


# Items for other subjects only: a workflow has no result, a chain no screen.

_STEP = "only a chain has steps: what stands inside of `step name { ... }` stands here without it"
_STEP_ANSWERS = "write it inside of `step name { ... }`, with the name of a step of the chain"
_NO_CHECKS = "a task has no checks: test a workflow that calls it"
_REFUSED = "what a service does not take is `refused`: write `outputs refused`"
_PROMPTS = "a chain has no prompt of its own: test the workflows of its steps"
_FINISHES = "a `finish` ends a step, and the chain goes on"
_REPLAYS = "replays are tested by tests of the workflows of its steps"

_HELP: dict[str, dict[type[ast.Node], tuple[str, str]]] = {
    "workflow": {
        ast.ExpectResult: (
            "result",
            "write `outputs { ... }`, or test the task that has the result with `for task`",
        ),
        ast.StepAnswers: ("step", _STEP),
        ast.ExpectStepOutputs: ("outputs", "write `outputs { ... }`; only a chain has steps"),
        ast.ExpectStepRefused: ("", "write `outputs refused`; only a chain has steps"),
    },
    "task": {
        ast.StepAnswers: ("step", _STEP),
        ast.JudgedSection: ("checks", _NO_CHECKS),
        ast.ExpectFailedCheck: ("fails", _NO_CHECKS),
        ast.ExpectStepRefused: ("", "write `outputs refused`; only a chain has steps"),
        **{
            class_: (word, "write `result { ... }`, or test a workflow that calls the task")
            for class_, word in (
                (ast.ExpectOutputs, "outputs"),
                (ast.ExpectStepOutputs, "outputs"),
            )
        },
    },
    "chain": {
        ast.ScreenSection: ("screen", _STEP_ANSWERS),
        ast.ReadsSection: ("reads", _STEP_ANSWERS),
        ast.CommandsSection: ("commands", _STEP_ANSWERS),
        ast.JudgedSection: ("checks", _STEP_ANSWERS),
        ast.ExpectRefused: ("outputs", "write `outputs name refused`, with the name of a step"),
        ast.ItemAnswers: ("item", _STEP_ANSWERS),
        ast.ExpectOutputs: ("outputs", "write `outputs name { ... }`, with the name of a step"),
        ast.ExpectResult: ("result", "write `outputs name { ... }`, with the name of a step"),
        ast.ExpectFinishes: ("finishes", _FINISHES),
        ast.ExpectNeverFinishes: ("never", _FINISHES),
        ast.ThenGiven: ("then", _REPLAYS),
        ast.ExpectOfRun: ("run", _REPLAYS),
        ast.PromptContains: ("prompt", _PROMPTS),
        ast.PromptOmits: ("prompt", _PROMPTS),
        ast.PromptTokens: ("prompt", _PROMPTS),
        ast.PromptMatches: ("prompt", _PROMPTS),
    },
}
"""For each kind of subject: the items it does not allow, with their first word and a help."""


def report_misplaced(module: ModuleScope, test: ast.TestDecl, kind: str) -> None:
    """Report items that are allowed only for other kinds of subjects, or for none."""
    found = [*_find_misplaced_below(test, _HELP[kind]), *_find_unknown_words(test)]
    for item, word, help in found:
        span = item.span(module.source)
        word = word or span.text.split()[0]
        place = Span(module.source, span.start, span.start + len(word))
        module.report(errors.MISPLACED_EXPECTATION, place, kind=kind, word=word, help=help)


def _find_unknown_words(test: ast.TestDecl) -> Iterator[tuple[ast.Node, str, str]]:
    """Find words other than `refused` in its place."""
    for node in walk(test):
        if isinstance(node, ast.ExpectRefused) and node.word.text != "refused":
            yield node.word, node.word.text, _REFUSED


def _find_misplaced_below(
    node: ast.Node, known: dict[type[ast.Node], tuple[str, str]]
) -> Iterator[tuple[ast.Node, str, str]]:
    """Find misplaced items below a node; steps, and items already found, are not searched."""
    for child in children(node):
        if type(child) in known:
            yield child, *known[type(child)]
        elif not isinstance(child, ast.StepAnswers):
            yield from _find_misplaced_below(child, known)
