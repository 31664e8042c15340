"""The declared values that a value is made of.

A runtime variable that holds the result of a call is made of what the task emits, and that of the
arguments of the call. One that a `keep` sets is made of the values that it is given; the reason of
a failed entry, of the texts of the statements that may fail; a loop variable, of the entries of its
list. Origins are computed on demand; most programs need none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import WITH_ELSE, name_set_by, texts_of

from ..model import INPUT, LOOP, PARAMETER, RUNTIME, TaskSymbol, ValueSymbol
from ..names.paths import steps_of
from ..program import Program
from ..types import ANY, FieldType, ListOf, RecordOf, Type, strip_optional

Path: TypeAlias = tuple[str | int, ...]

EACH = "*"
"""The step of a path that stands for any entry of a list."""

TRACED = frozenset((INPUT, PARAMETER, RUNTIME, LOOP))
"""The kinds of values that are made of others, or that others are made of."""

_SETTERS = frozenset((ast.CallStmt, ast.ForStmt, ast.KeepStmt, ast.EmitStmt))
"""The statements that assign a program value to a runtime variable or an output."""
_DEEPEST = 16
"""The maximum length of a path; longer ones are cut. Only calls in a loop that pass their own
result on can make longer ones."""


class Origin(Record):
    """A declared value, or the part of it at the end of a path; compared by value.

    Its kind is INPUT, PARAMETER or RUNTIME, or LOOP if nothing is known about the list.
    """

    symbol: ValueSymbol
    path: Path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin) and self.symbol is other.symbol and self.path == other.path

    def __hash__(self) -> int:
        return hash((self.symbol, self.path))


Origins: TypeAlias = dict[Origin, None]
"""A set in order of discovery."""


class Provenance:
    """Finds the origins of values in one program, whose names are resolved."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._results: dict[ValueSymbol, list[ast.CallStmt]] = {}
        self._emits: dict[TaskSymbol, list[ast.EmitStmt]] = {}
        self._kept: dict[ValueSymbol, list[ast.KeepStmt | ast.EmitStmt]] = {}
        self._loops: dict[ValueSymbol, list[ast.ForStmt]] = {}
        self._of_results: dict[tuple[TaskSymbol, Path], Origins] = {}
        self._of_reasons: dict[TaskSymbol, Origins] = {}
        for owner, body in program.find_bodies():
            for statement in program.statements(body):
                if type(statement) not in _SETTERS:
                    continue
                name = name_set_by(statement)
                variable = None if name is None else owner.runtime.get(name.text)
                if variable is None:
                    continue
                if isinstance(statement, ast.CallStmt):
                    self._results.setdefault(variable, []).append(statement)
                elif isinstance(statement, ast.ForStmt):
                    self._loops.setdefault(variable, []).append(statement)
                elif isinstance(statement, ast.KeepStmt) or (
                    isinstance(statement, ast.EmitStmt) and variable.is_output
                ):
                    self._kept.setdefault(variable, []).append(statement)

    def of(self, ref: ast.Ref, path: Path = ()) -> Origins:
        """Return the origins of the part of `ref` at `path`, as seen in the enclosing body."""
        found: Origins = {}
        self._ref(ref, path, found)
        return found

    def of_symbol(self, symbol: ValueSymbol, path: Path = ()) -> Origins:
        """Return the origins of the part of a value at `path`."""
        found: Origins = {}
        self._symbol(symbol, path[:_DEEPEST], found)
        return found

    def _ref(self, ref: ast.Ref, path: Path, found: Origins) -> None:
        symbol = self.program.values.get(ref)
        if symbol is None:
            return
        self._symbol(symbol, (*steps_of(ref, symbol), *path)[:_DEEPEST], found)

    def _symbol(self, symbol: ValueSymbol, full: Path, found: Origins) -> None:
        iterable = self.program.iterables.get(symbol)
        if symbol.kind == LOOP and iterable is not None:
            self._expr(iterable, (EACH, *full)[:_DEEPEST], found)
        elif symbol.kind in TRACED and (origin := Origin(symbol, full)) not in found:
            found[origin] = None
            for call in self._results.get(symbol, ()):
                self._result(call, full, found)
            for loop in self._loops.get(symbol, ()):
                self._reasons(loop.body, found)
            for keep in self._kept.get(symbol, ()):
                whole = keep in self.program.whole_appends
                rest = full[1:] if keep.append and full and not whole else full
                self._expr(keep.value, rest, found)

    def _expr(self, expr: ast.Expr, path: Path, found: Origins) -> None:
        for ref, rest in refs_at(self.program, expr, path):
            self._ref(ref, rest, found)

    def _result(self, call: ast.CallStmt, path: Path, found: Origins) -> None:
        """Add the origins of a task's result, with the arguments of `call` for its parameters."""
        task = self.program.calls.get(call)
        if task is None:
            return
        inside = self._of_results.get((task, path))
        if inside is None:
            inside = self._of_results[task, path] = {}
            for emit, rest in self._emitted(task, path):
                self._expr(emit.value, rest, inside)
            for symbol in task.runtime.values():
                if not symbol.is_output or symbol not in self._results:
                    continue
                if path[:1] in ((), (symbol.name,), (_wire_name_of(symbol),)):
                    self._symbol(symbol, path[1:], inside)
        self._add_as_called(call, inside, found)

    def _add_as_called(self, call: ast.CallStmt, inside: Origins, found: Origins) -> None:
        """Add the origins inside of a task, with the arguments of a call for its parameters."""
        given = {argument.name.text: argument.value for argument in call.arguments}
        for origin in [*inside]:
            if origin.symbol.kind != PARAMETER:
                found[origin] = None
            elif origin.symbol.name in given:
                self._expr(given[origin.symbol.name], origin.path, found)

    def _reasons(self, body: ast.Block, found: Origins) -> None:
        """Add the origins of the reasons for which a body may fail: texts of failing statements."""
        for statement in self.program.statements(body):
            if isinstance(statement, ast.CallStmt):
                task = self.program.calls.get(statement)
                if task is not None:
                    if task not in self._of_reasons:
                        self._of_reasons[task] = {}
                        self._reasons(task.declaration.body, self._of_reasons[task])
                    self._add_as_called(statement, self._of_reasons[task], found)
            elif type(statement) in WITH_ELSE or isinstance(statement, ast.FailStmt):
                for text, _ in texts_of(statement):
                    self._expr(text, (), found)

    def _emitted(self, task: TaskSymbol, path: Path) -> Iterator[tuple[ast.EmitStmt, Path]]:
        """Yield the `emit`s that make up the part of a result at `path`.

        Each is paired with the path into its own value that leads to that part.
        """
        if task not in self._emits:
            body = self.program.statements(task.declaration.body)
            self._emits[task] = [each for each in body if isinstance(each, ast.EmitStmt)]
        fields = task.result.fields if isinstance(task.result, RecordOf) else ()
        for emit in self._emits[task]:
            name = emit.name.text
            if not path:
                yield emit, ()
            elif path[0] == name or path[0] == _wire_name(fields, name):
                whole = emit in self.program.whole_appends
                yield emit, path[2:] if emit.append and not whole else path[1:]


def refs_at(program: Program, expr: ast.Expr, path: Path) -> Iterator[tuple[ast.Ref, Path]]:
    """Yield the references at `path` in `expr`, each with the rest of the path."""
    match expr:
        case ast.Ref():
            yield expr, path
        case ast.Text(parts=parts):
            for part in parts:
                if isinstance(part, ast.Ref):
                    yield part, ()
        case ast.ListExpr(items=items):
            step = path[0] if path else EACH
            for item in items[step : step + 1] if isinstance(step, int) else items:
                yield from refs_at(program, item, path[1:])
        case ast.ObjectExpr(pairs=pairs):
            for pair in pairs:
                if not path or program.has_key(expr, pair, path[0]):
                    yield from refs_at(program, pair.value, path[1:])
        case _:
            pass


class Declared(Record):
    """The declaration of an origin: its type, its field if it is one, and the fields on its path.

    `way` includes the field itself.
    """

    type: Type
    field: FieldType | None
    way: tuple[FieldType, ...]


def find_origin_declaration(origin: Origin) -> Declared:
    """Return the declaration of an origin; its type is `any` for a part that no type lists."""
    field = origin.symbol.field
    type_ = origin.symbol.type
    way = [] if field is None else [field]
    for step in origin.path:
        type_ = strip_optional(type_)
        field = None
        if isinstance(type_, RecordOf):
            field = type_.by_either_name(step) if isinstance(step, str) else None
            type_ = ANY if field is None else field.type
        else:
            type_ = type_.element if isinstance(type_, ListOf) else ANY
        if field is not None:
            way.append(field)
    return Declared(type_, field, tuple(way))


def _wire_name_of(symbol: ValueSymbol) -> str:
    assert symbol.field is not None
    return symbol.field.wire_name


def _wire_name(fields: Sequence[FieldType], name: str) -> str | None:
    return next((field.wire_name for field in fields if field.name == name), None)
