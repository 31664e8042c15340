"""Texts that the platform would read differently from how they are meant.

In prose, a backslash directly before a variable makes a literal brace; in a command, a brace
followed by a name may be read as a variable. `values.assignability` selects the few texts in which
that could happen. They are checked when all calls are resolved: first as written, then with the
arguments of each call substituted for the parameters, from the inner tasks to the workflows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .. import errors, places
from ..calls.call_graph import MAX_PIECES, calls_in
from ..calls.inlining import Frame, Known, Parts, Variables, default_of, part_of, value_of
from ..model import CONST, ENVIRONMENT, PARAMETER, TaskSymbol, ValueSymbol
from ..names.paths import path_of, step_of
from ..places import Place
from ..program import Program
from ..types import ANY
from ..values.spelling import spell_constant

_NEVER_EMITTED = (places.SETTING, places.TEST_VALUE, places.CONSTANT, places.CHAIN_VALUE)
_OFTEN_DATA = (places.VALUE, places.CONDITION)
"""A text without variables in these places is data, and is put into no instruction unchanged."""


# Texts as they are emitted

LITERAL = "literal"
VARIABLE = "variable"
PARAMETER_PIECE = "parameter"
UNKNOWN_PIECE = "unknown"


class Piece(Record):
    """A part of an emitted text: characters, a variable, or a parameter that is not bound yet.

    - `text`: the characters, or the name.
    - `span`: where it is written.
    - `inside`: the place of the parameter that a call has replaced by this.
    - `given`: the current call has put it there.
    - `literal`: the node of the characters, if they are written in the text itself.
    - `symbol`: the const or the parameter; `path` leads into it.
    """

    kind: str
    text: str
    span: Span
    inside: Span | None = None
    given: bool = False
    literal: ast.TextLiteral | None = None
    symbol: ValueSymbol | None = None
    path: tuple[str | int, ...] = ()


class _WaitingText(Record):
    """A text that waits for the arguments of a task; `command`: it is the text of a `run`."""

    pieces: tuple[Piece, ...]
    command: bool


class _TextFault(Record):
    """A sequence that the platform misreads.

    It begins in `first`, at `offset` of its text, and `second` completes it. `shown` is the excerpt
    in the message.
    """

    first: Piece
    offset: int
    second: Piece
    spec: DiagnosticSpec
    shown: str


def check_platform_texts(program: Program, ordered: Sequence[TaskSymbol]) -> None:
    """Report texts that the platform misreads; `ordered` has each task after those it calls."""
    _report_constant_arguments(program, ordered)
    texts = [each for each in program.joined_texts if _is_emitted(program, *each)]
    if not texts:
        return
    for values in program.environments.values() or ({},):
        variables = Variables(values)
        _PlatformTexts(program, variables).check(texts, ordered)
        if not variables.used:
            break


def _is_emitted(program: Program, module: ast.Module, text: ast.Text, place: Place) -> bool:
    if any(place is other for other in _NEVER_EMITTED):
        return False
    if place is places.CHECK and text.form == ast.RAW:
        return False  # the pattern of `files matching`
    return text not in program.constants or not any(place is other for other in _OFTEN_DATA)


def _report_constant_arguments(program: Program, ordered: Sequence[TaskSymbol]) -> None:
    """Report constant arguments with an escaped brace that looks like a variable.

    Inserted into the text of the task, the brace would be misread.
    """
    wrong = {
        argument.value: found[1]
        for call in program.calls
        for argument in call.arguments
        if isinstance(value := program.constants.get(argument.value), str)
        and "\\{" in value
        and (found := _compile_escaped_name().search(value)) is not None
    }
    if wrong:
        for owner, body in program.find_bodies(ordered):
            for call in calls_in(program, body):
                for argument in call.arguments:
                    if argument.value in wrong:
                        program.sink.report(
                            errors.BACKSLASH_BEFORE_VARIABLE,
                            argument.value.span(owner.module.source),
                            variable=wrong[argument.value],
                        )


class _PlatformTexts:
    """Checks texts with the values of one environment.

    `waiting` maps parameters that are not bound yet to the texts that contain them.
    """

    def __init__(self, program: Program, variables: Variables) -> None:
        self.program = program
        self.variables = variables
        self.waiting: dict[ValueSymbol, list[_WaitingText]] = {}
        self.braces: _Braces | None = None

    def check(
        self,
        texts: Iterable[tuple[ast.Module, ast.Text, Place]],
        ordered: Sequence[TaskSymbol],
    ) -> None:
        """Report the faults of texts as written, then those caused by the arguments of calls."""
        for module, text, place in texts:
            pieces = tuple(self._pieces(module.source, text))
            template = _WaitingText(pieces, place is places.COMMAND)
            for fault in _find_faults(template):
                self._report_written(fault)
            self._await_parameters(template)
        if self.waiting:
            for owner, body in self.program.find_bodies(ordered):
                for call in calls_in(self.program, body):
                    self._fill_in_arguments(owner.module.source, call)

    def _await_parameters(self, template: _WaitingText) -> None:
        """Register a template at each of its unbound parameters, to be checked at the calls."""
        for symbol in dict.fromkeys(piece.symbol for piece in template.pieces if _is_open(piece)):
            assert symbol is not None
            self.waiting.setdefault(symbol, []).append(template)

    def _fill_in_arguments(self, source: SourceFile, call: ast.CallStmt) -> None:
        """Substitute the arguments of a call into the texts that wait for them; report faults."""
        task = self.program.calls.get(call)
        if task is None:
            return
        waiting = dict.fromkeys(
            template for param in task.params for template in self.waiting.get(param, ())
        )
        arguments = {each.name.text: each.value for each in reversed(call.arguments)}
        for template in waiting:
            bound: list[Piece] = []
            for piece in template.pieces:
                if _is_open(piece):
                    bound += self._argument(source, call, arguments, task, piece)
                else:
                    bound.append(_release_from_call(piece))
            if len(bound) > MAX_PIECES:
                self.program.sink.report(
                    errors.TOO_LARGE,
                    call.task.span(source),
                    what="a text of this task",
                    size=len(bound),
                    unit="parts",
                    limit=MAX_PIECES,
                )
                continue
            filled = _WaitingText(tuple(bound), template.command)
            for fault in _find_faults(filled):
                self._report_given(fault, task)
            self._await_parameters(filled)

    # Pieces

    def _pieces(self, source: SourceFile, text: ast.Text) -> Iterator[Piece]:
        for part in text.parts:
            if isinstance(part, ast.TextLiteral):
                yield Piece(LITERAL, part.value, part.span(source), literal=part)
            elif isinstance(part, ast.Ref):
                yield self._reference(source, part)

    def _reference(self, source: SourceFile, ref: ast.Ref) -> Piece:
        symbol = self.program.values.get(ref)
        span = ref.span(source)
        if symbol is None:
            return Piece(UNKNOWN_PIECE, "", span)
        if symbol.kind == PARAMETER:
            path = tuple(map(step_of, path_of(ref, symbol)))
            return Piece(PARAMETER_PIECE, symbol.name, span, symbol=symbol, path=path)
        if symbol.kind in (CONST, ENVIRONMENT):
            value = value_of(self.program, ref, Frame(source, self.variables, {}))
            return _literal_piece(value, span, symbol)
        return Piece(VARIABLE, symbol.name, span)

    def _argument(
        self,
        source: SourceFile,
        call: ast.CallStmt,
        arguments: Mapping[str, ast.Expr],
        task: TaskSymbol,
        piece: Piece,
    ) -> list[Piece]:
        """Return the pieces that a call substitutes for the parameter `piece`."""
        assert piece.symbol is not None
        name = piece.symbol.name
        given = arguments.get(name)
        if given is None:
            default = default_of(self.program, task, name, self.variables)
            frame = Frame(task.module.source, self.variables, {})
            default = part_of(self.program, default, piece.symbol.type, piece.path, frame)
            span = call.task.span(source)
            found = [_literal_piece(default, span, None)]
        else:
            span = given.span(source)
            found = self._value(source, given, piece.path)
        inside = piece.inside or piece.span
        return [
            Piece(each.kind, each.text, span, inside, True, symbol=each.symbol, path=each.path)
            for each in found
        ]

    def _value(
        self, source: SourceFile, expr: ast.Expr, path: tuple[str | int, ...]
    ) -> list[Piece]:
        span = expr.span(source)
        if isinstance(expr, ast.Ref):
            piece = self._reference(source, expr)
            if _is_open(piece):
                full = piece.path + path
                return [Piece(piece.kind, piece.text, span, symbol=piece.symbol, path=full)]
            if piece.kind != LITERAL or not path:
                return [piece]
        elif isinstance(expr, ast.Text) and not path:
            return _strip_block_pieces(list(self._pieces(source, expr)), expr)
        frame = Frame(source, self.variables, {})
        value = whole = value_of(self.program, expr, frame)
        wanted = self.program.wanted_types.get(expr, ANY)
        for at, step in enumerate(path):
            if isinstance(value, Parts) and value.entries.get(step) is None:
                entry = _find_written_entry(self.program, expr, step)
                if entry is not None:
                    return self._value(source, entry, path[at + 1 :])
            value = part_of(self.program, whole, wanted, path[: at + 1], frame)
        return [_literal_piece(value, span, None)]

    # Reports

    def _report_written(self, fault: _TextFault) -> None:
        """Report a fault in a text as written."""
        first, second = fault.first, fault.second
        labels: list[Label] = []
        if second.kind == VARIABLE and fault.spec is errors.BACKSLASH_BEFORE_VARIABLE:
            span = second.span
            labels.append(Label(first.span, "ends with a backslash"))
        elif first.literal is not None:
            if self.braces is None or self.braces.literal is not first.literal:
                self.braces = _Braces(first.literal, first.span.source)
            span = _span_of_brace(fault, self.braces)
        else:
            span = first.span
        if first.symbol is not None and first.symbol.kind == CONST:
            labels.append(Label(first.symbol.span, f"`{first.symbol.name}` is declared here"))
        self._report(fault, span, labels)

    def _report_given(self, fault: _TextFault, task: TaskSymbol) -> None:
        """Report a fault that the arguments of a call cause."""
        given = [piece for piece in (fault.first, fault.second) if piece.given]
        if not given:
            return
        inside = given[0].inside
        assert inside is not None
        self._report(fault, given[0].span, [Label(inside, f"`{task.name}` puts it here")])

    def _report(self, fault: _TextFault, span: Span, labels: list[Label]) -> None:
        shown = "written" if fault.spec is errors.BRACE_IN_COMMAND else "variable"
        values: dict[str, Any] = {shown: fault.shown, "labels": tuple(labels)}
        self.program.sink.report(fault.spec, span, **values)


def _is_open(piece: Piece) -> bool:
    return piece.kind == PARAMETER_PIECE


def _literal_piece(value: Known | Parts | None, span: Span, symbol: ValueSymbol | None) -> Piece:
    if not isinstance(value, Known):
        return Piece(UNKNOWN_PIECE, "", span)
    return Piece(LITERAL, spell_constant(value.value), span, symbol=symbol)


def _release_from_call(piece: Piece) -> Piece:
    """Return the piece as an outer call sees it: no longer given by the current call."""
    return Piece(piece.kind, piece.text, piece.span, piece.inside, symbol=piece.symbol)


def _strip_block_pieces(pieces: list[Piece], text: ast.Text) -> list[Piece]:
    """Return the pieces of a block text without its first blank lines and last blanks."""
    if text.form != ast.BLOCK or not pieces:
        return pieces
    for at in (0, -1):
        piece = pieces[at]
        if piece.kind == LITERAL:
            text_ = piece.text.lstrip("\n") if at == 0 else piece.text.rstrip(" \n")
            pieces[at] = Piece(LITERAL, text_, piece.span, symbol=piece.symbol)
    return pieces


def _find_written_entry(program: Program, expr: ast.Expr, step: str | int) -> ast.Expr | None:
    if isinstance(expr, ast.ListExpr) and isinstance(step, int) and step < len(expr.items):
        return expr.items[step]
    if isinstance(expr, ast.ObjectExpr):
        return next((each.value for each in expr.pairs if program.has_key(expr, each, step)), None)
    return None


# Faults


@cache
def _compile_escaped_name() -> re.Pattern[str]:
    return re.compile(r"\\\{([A-Za-z_]\w*)")


@cache
def _variable_like() -> re.Pattern[str]:
    return re.compile(r"\{[A-Za-z_${]\S{0,20}")


def _find_faults(template: _WaitingText) -> Iterator[_TextFault]:
    """Find the faults of a text; a parameter that is not bound yet ends the known text."""
    run: list[Piece] = []
    for piece in template.pieces:
        if piece.kind == LITERAL:
            if piece.text:
                run.append(piece)
            continue
        if run:
            yield from _faults_of_run(run, template.command)
            if piece.kind == VARIABLE:
                yield from _faults_before(run[-1], piece, template.command)
        run = []
    if run:
        yield from _faults_of_run(run, template.command)


def _faults_before(last: Piece, variable: Piece, command: bool) -> Iterator[_TextFault]:
    if last.text.endswith("\\"):
        at = len(last.text) - 1
        yield _TextFault(last, at, variable, errors.BACKSLASH_BEFORE_VARIABLE, variable.text)
    elif command and last.text.endswith("{"):
        at = len(last.text) - 1
        shown = f"{{{{{variable.text}}}"
        yield _TextFault(last, at, variable, errors.BRACE_IN_COMMAND, shown)


def _faults_of_run(run: list[Piece], command: bool) -> Iterator[_TextFault]:
    text = "".join(piece.text for piece in run)
    pattern = _variable_like() if command else _compile_escaped_name()
    spec = errors.BRACE_IN_COMMAND if command else errors.BACKSLASH_BEFORE_VARIABLE
    ends = list(accumulate(len(piece.text) for piece in run))
    for found in pattern.finditer(text):
        start = found.start()
        at = bisect_right(ends, start)
        first, offset = run[at], start - ends[at] + len(run[at].text)
        second = run[bisect_right(ends, start + (1 if command else 2))]
        yield _TextFault(first, offset, second, spec, found[0] if command else found[1])


class _Braces:
    """The opening braces of a literal, which are equally many in the source and in its value."""

    def __init__(self, literal: ast.TextLiteral, source: SourceFile) -> None:
        self.literal = literal
        written = source.text[literal.start : literal.end]
        self.written = [literal.start + at for at, each in enumerate(written) if each == "{"]
        self.meant = [at for at, each in enumerate(literal.value) if each == "{"]


def _span_of_brace(fault: _TextFault, braces: _Braces) -> Span:
    """Return the place where the brace of a fault is written."""
    literal = braces.literal
    number = bisect_left(braces.meant, fault.offset)
    if number == len(braces.meant):
        return fault.first.span
    at = braces.written[number]
    shown = fault.shown if fault.spec is errors.BRACE_IN_COMMAND else "{" + fault.shown
    return Span(fault.first.span.source, at, min(at + len(shown), literal.end))
