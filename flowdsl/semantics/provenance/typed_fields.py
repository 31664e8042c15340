"""Fields on the screen that hold a secret because one was typed into them.

A field is identified by the text that names it. Two texts name the same field if they differ only
in case and blanks. Consts are represented by their names, and the arguments of a call replace the
parameters of its task. A secret in the text of a `do` is not tracked: it may go anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .. import errors
from ..model import CONST, ENVIRONMENT, LOOP, PARAMETER, RUNTIME, SECRET, TaskSymbol
from ..names.paths import path_of, step_of
from ..program import Program
from ..values.bounds import make_quotable
from ..values.spelling import spell_constant
from .origins import Origin, Path

FieldName: TypeAlias = "tuple[str | Origin, ...]"
"""The text that names a field, in a normal form: characters, and values that only a run or a call
knows."""


class Fields(Record, eq=True):
    """The contents of fields at some point of a body.

    `typed` are those that may hold a secret, each with the place where it is typed. `emptied` are
    those that surely hold something else since the body began.
    """

    typed: Mapping[FieldName, Span]
    emptied: frozenset[FieldName]

    def meet(self, other: Fields) -> Fields:
        """Return the state where two paths meet: a field may hold a secret if either says so."""
        if other is self:
            return self
        return Fields({**other.typed, **self.typed}, self.emptied & other.emptied)

    def fill(self, name: FieldName, typed: Span | None) -> Fields:
        """Return the state after a field is filled: with a secret at `typed`, or other text."""
        others = {field: span for field, span in self.typed.items() if field != name}
        if typed is None:
            return Fields(others, self.emptied | {name})
        return Fields(others | {name: typed}, self.emptied - {name})

    def without(self, kind: str, name: str | None = None) -> Fields:
        """Forget the fields whose text contains values of `kind`, since these have changed.

        With `name`, only values of that name count.
        """

        def stays(field: FieldName) -> bool:
            return not any(
                isinstance(piece, Origin)
                and piece.symbol.kind == kind
                and name in (None, piece.symbol.name)
                for piece in field
            )

        if all(map(stays, self.typed)) and all(map(stays, self.emptied)):
            return self
        kept = {field: span for field, span in self.typed.items() if stays(field)}
        return Fields(kept, frozenset(filter(stays, self.emptied)))

    def after_setting(self, variable: str) -> Fields:
        """Return the state after a runtime variable is assigned."""
        return self if self is NO_FIELDS else self.without(RUNTIME, variable)


NO_FIELDS = Fields({}, frozenset())


class FieldUse(Record):
    """What a body does with fields, for its callers.

    `end` is the state at its end; `read` maps the fields that it reads as its caller left them to
    their places.
    """

    end: Fields
    read: Mapping[FieldName, Span]


NOTHING_TYPED = FieldUse(NO_FIELDS, {})


def has_secrets(program: Program) -> bool:
    """Whether any workflow or task is given a secret."""
    return any(fields.secrets for fields in program.workflow_fields.values()) or any(
        param.kind == SECRET for task in program.tasks.values() for param in task.params
    )


class FieldTracker:
    """Follows the fields of one body.

    `read` collects the fields that it reads as its caller left them. A workflow has no caller, so
    its fields matter only after the first secret.
    """

    def __init__(self, program: Program, source: SourceFile, *, is_task: bool) -> None:
        self.program = program
        self.source = source
        self.is_task = is_task
        self.read: dict[FieldName, Span] = {}

    def may_read_back(
        self, body: ast.Block, use_of: Callable[[TaskSymbol | None], FieldUse]
    ) -> bool:
        """Whether a workflow reads any field that it types a secret into, in whatever order.

        Most do not, and their fields need not be tracked. `use_of` returns the field use of a task.
        """
        statements = self.program.statements(body)
        calls = [
            (statement, task, use_of(task))
            for statement in statements
            if type(statement) is ast.CallStmt
            and (task := self.program.calls.get(statement)) is not None
        ]
        typed = {
            self._name(statement.target)
            for statement in statements
            if type(statement) is ast.TypeStmt and _is_secret(statement.value)
        }
        for call, task, use in calls:
            typed.update(name for name, _ in self._translate_to_caller(call, task, use.end.typed))
        if not typed:
            return False
        read = {
            self._name(statement.source)
            for statement in statements
            if isinstance(statement, ast.ExtractStmt | ast.CopyStmt)
        }
        for call, task, use in calls:
            read.update(name for name, _ in self._translate_to_caller(call, task, use.read))
        return not typed.isdisjoint(read)

    def fill(self, statement: ast.TypeStmt | ast.ClearStmt, fields: Fields) -> Fields:
        """Return the state after `statement` has typed something into a field or emptied it."""
        secret = isinstance(statement, ast.TypeStmt) and _is_secret(statement.value)
        name = self._name(statement.target) if secret or self._has_relevant_fields(fields) else None
        if name is None:
            return fields
        return fields.fill(name, statement.target.span(self.source) if secret else None)

    def look(self, field: ast.Text, fields: Fields) -> None:
        """Report the reading of a field that may hold a secret."""
        name = self._name(field) if self._has_relevant_fields(fields) else None
        if name is None:
            return
        span = field.span(self.source)
        if name in fields.typed:
            self._report(span, span.text.strip('"'), fields.typed[name])
        elif name not in fields.emptied:
            self.read.setdefault(name, span)

    def look_in_call(
        self, call: ast.CallStmt, task: TaskSymbol, use: FieldUse, fields: Fields
    ) -> None:
        """Report the fields that a called task reads while they hold a secret of the caller."""
        for name, span in (
            self._translate_to_caller(call, task, use.read)
            if self._has_relevant_fields(fields)
            else ()
        ):
            if name in fields.typed:
                reads = Label(span, f"`{task.name}` reads it here")
                self._report(
                    call.task.span(self.source), _format_field_name(name), fields.typed[name], reads
                )
            elif name not in fields.emptied:
                self.read.setdefault(name, span)

    def after_call(
        self, call: ast.CallStmt, task: TaskSymbol, use: FieldUse, fields: Fields
    ) -> Fields:
        """Return the state after a call of `task`, whose field use is `use`."""
        if self._has_relevant_fields(fields):
            place = call.task.span(self.source)
            for name, _ in self._translate_to_caller(
                call, task, dict.fromkeys(use.end.emptied, place)
            ):
                fields = fields.fill(name, None)
        for name, span in self._translate_to_caller(call, task, use.end.typed):
            fields = fields.fill(name, span)
        return fields

    def _has_relevant_fields(self, fields: Fields) -> bool:
        """Whether changes to fields that hold no secret matter."""
        return self.is_task or bool(fields.typed)

    def _report(self, span: Span, field: str, typed: Span, *labels: Label) -> None:
        """Report at `span` the reading of a field that holds the secret typed at `typed`."""
        self.program.sink.report(
            errors.SECRET_READ_BACK,
            span,
            field=make_quotable(" ".join(field.split())),
            labels=(Label(typed, "a secret is typed here"), *labels),
        )

    # Names of fields

    def _name(self, text: ast.Text) -> FieldName | None:
        pieces = _split_into_pieces(self.program, text, ())
        return None if pieces is None else _normalize_name(pieces)

    def _translate_to_caller(
        self, call: ast.CallStmt, task: TaskSymbol, fields: Mapping[FieldName, Span]
    ) -> Iterator[tuple[FieldName, Span]]:
        """Yield the fields of a task as the caller would name them, each with its place.

        A field whose text has a value that only the task knows is left out.
        """
        if not fields:
            return
        given = {argument.name.text: argument.value for argument in call.arguments}
        for field, span in fields.items():
            if all(isinstance(piece, str) for piece in field):
                yield field, span
                continue
            pieces: list[str | Origin] = []
            for piece in field:
                bound = self._argument(task, given, piece)
                if bound is None:
                    break
                pieces.extend(bound)
            else:
                yield _normalize_name(pieces), span

    def _argument(
        self, task: TaskSymbol, given: Mapping[str, ast.Expr], piece: str | Origin
    ) -> Iterable[str | Origin] | None:
        if isinstance(piece, str):
            return (piece,)
        name = piece.symbol.name
        if piece.symbol.kind != PARAMETER:
            return None  # known inside the task only
        if name in given:
            return _split_into_pieces(self.program, given[name], piece.path)
        default = task.defaults.get(name)
        if isinstance(default, ast.Node):
            return _split_into_pieces(self.program, default, piece.path)
        return _spell_known_part(default, piece.path)


def _is_secret(value: ast.Ref | ast.Text | ast.DayExpr) -> bool:
    if isinstance(value, ast.DayExpr):
        return False
    parts = (value,) if isinstance(value, ast.Ref) else value.parts
    return any(isinstance(part, ast.Ref) and part.secret for part in parts)


def _split_into_pieces(
    program: Program, expr: ast.Node, path: Path
) -> Iterable[str | Origin] | None:
    """Return the pieces of the part of `expr` at `path` as a text; None if they are unknown."""
    if expr in program.constants:
        return _spell_known_part(program.constants[expr], path)
    match expr:
        case ast.Text(parts=parts) if not path:
            found: list[str | Origin] = []
            for part in parts:
                if isinstance(part, ast.TextLiteral):
                    found.append(part.value)
                elif isinstance(part, ast.Ref):
                    pieces = _split_into_pieces(program, part, ())
                    if pieces is None:
                        return None
                    found.extend(pieces)
            return found
        case ast.ListExpr(items=items) if path and isinstance(path[0], int):
            return (
                _split_into_pieces(program, items[path[0]], path[1:])
                if path[0] < len(items)
                else None
            )
        case ast.ObjectExpr(pairs=pairs) if path:
            held = (pair.value for pair in pairs if program.has_key(expr, pair, path[0]))
            value = next(held, None)
            return None if value is None else _split_into_pieces(program, value, path[1:])
        case ast.Ref():
            return _pieces_of_reference(program, expr, path)
        case _:
            return None


def _pieces_of_reference(
    program: Program, ref: ast.Ref, path: Path
) -> Iterable[str | Origin] | None:
    symbol = program.values.get(ref)
    if symbol is None or symbol.kind == SECRET:
        return None
    full = (*(step_of(part) for part in path_of(ref, symbol)), *path)
    if symbol.kind in (CONST, ENVIRONMENT):  # its value is the same everywhere in one environment
        return (f"{{{symbol.name.rpartition('.')[2]}{full}}}",)
    return (Origin(symbol, full),)


def _spell_known_part(value: Any, path: Path) -> Iterable[str] | None:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return (spell_constant(value),)


def _format_field_name(name: FieldName) -> str:
    return "".join(
        piece if isinstance(piece, str) else f"{{{piece.symbol.name}}}" for piece in name
    )


def _normalize_name(pieces: Iterable[str | Origin]) -> FieldName:
    """Normalize a text in pieces.

    Adjacent characters are joined, in lower case, with single blanks inside and none around the
    whole.
    """
    joined: list[str | Origin] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(last := joined[-1], str):
            joined[-1] = last + piece
        else:
            joined.append(piece)
    for at, piece in enumerate(joined):
        if isinstance(piece, str):
            text = " ".join(f"|{piece}|".split()).casefold()[1:-1]
            text = text.lstrip() if at == 0 else text
            joined[at] = text.rstrip() if at == len(joined) - 1 else text
    return tuple(piece for piece in joined if piece != "")


def next_pass(fields: Fields) -> Fields:
    """Return the state when a loop takes its next entry."""
    return fields.without(LOOP)
