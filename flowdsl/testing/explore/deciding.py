"""On which values a way of the program depends, and what they are compared with.

if {{entry.status}} == "duplicate" { … }    the field `status` of `entry`, with "duplicate"
for invoice in invoices { … }               how many `invoices` there are
call enter(invoice: invoice) as entry       what decides in the task decides here

Values are told apart by the name of their variable and the fields behind it, not by entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowdsl.semantics.model import SemanticModel
from flowdsl.semantics.traversal import statements
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by
from flowdsl.syntax.visit import children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Path: TypeAlias = tuple[str, ...]
    """A variable of a body, and names of fields."""
    Site: TypeAlias = tuple[ast.Block, Path]


class Deciding:
    """The values of a workflow on which its ways depend.

    Each is kept by the body in which it is named, with the literals that it is compared with.
    """

    def __init__(self, model: SemanticModel, steps: ast.Block) -> None:
        self._model = model
        self._calls: dict[ast.Block, list[tuple[ast.Block, ast.CallStmt]]] = {}
        self._bodies = list(self._reached(steps))
        self._found: dict[Site, list[Any]] = {}
        self._spread([site for body in self._bodies for site in self._tested(body)])

    def literals(self, body: ast.Block, path: Path) -> list[Any] | None:
        """The literals that a value is compared with; None where no way depends on it."""
        return self._found.get((body, path))

    def _reached(self, steps: ast.Block) -> Iterator[ast.Block]:
        """The bodies that a run can come to; notes who calls them."""
        pending, seen = [steps], {steps}
        while pending:
            body = pending.pop()
            yield body
            for statement in statements(body):
                if isinstance(statement, ast.CallStmt):
                    called = self._model.calls[statement].declaration.body
                    self._calls.setdefault(called, []).append((body, statement))
                    if called not in seen:
                        seen.add(called)
                        pending.append(called)

    def _tested(self, body: ast.Block) -> Iterator[tuple[Site, list[Any]]]:
        """The values that the statements of a body decide by themselves."""
        for statement in statements(body):
            match statement:
                case ast.IfStmt(branches=branches):
                    for branch in branches:
                        yield from self._in_condition(body, branch.condition)
                case ast.MatchStmt(operand=operand, branches=cases):
                    constants = self._model.constants
                    named = [constants[value] for each in cases for value in each.values]
                    yield (body, _path(operand)), named
                case ast.RepeatStmt(until=until):
                    yield from self._in_condition(body, until)
                case ast.ForStmt(iterable=ast.Ref() as iterable):
                    yield (body, _path(iterable)), []
                case _:
                    pass

    def _in_condition(
        self, body: ast.Block, condition: ast.Node
    ) -> Iterator[tuple[Site, list[Any]]]:
        """The values of a condition; operands of one comparison are compared with each other."""
        match condition:
            case ast.SeesExpr():
                return
            case ast.OrExpr() | ast.AndExpr() | ast.NotExpr():
                for child in children(condition):
                    yield from self._in_condition(body, child)
            case ast.Ref():
                yield (body, _path(condition)), []
            case _:
                below = children(condition)
                constants = self._model.constants
                literals = [constants[node] for node in below if node in constants]
                for node in below:
                    if isinstance(node, ast.Ref):
                        yield (body, _path(node)), literals

    def _spread(self, pending: list[tuple[Site, list[Any]]]) -> None:
        """Follow values to where they come from, until nothing new is found."""
        while pending:
            site, literals = pending.pop()
            known = self._found.get(site)
            fresh = [each for each in literals if known is None or each not in known]
            if known is not None and not fresh:
                continue
            self._found[site] = [*(known or ()), *fresh]
            pending += [(source, fresh) for source in self._sources(*site)]

    def _sources(self, body: ast.Block, path: Path) -> Iterator[Site]:
        """Where a value of a body comes from, as far as that is another variable."""
        name, *rest = path
        for caller, call in self._calls.get(body, ()):
            for argument in call.arguments:
                if argument.name.text == name:
                    yield from _named(caller, argument.value, rest)
        for statement in statements(body):
            match statement:
                case ast.ForStmt(variable=variable, iterable=iterable) if variable.text == name:
                    yield from _named(body, iterable, rest)
                case ast.KeepStmt(name=kept, value=value) if kept.text == name:
                    yield from _named(body, value, rest)
                case ast.CallStmt() if (
                    result := variable_set_by(statement)
                ) is not None and result.text == name:
                    yield from self._emitted(statement, rest)
                case _:
                    pass

    def _emitted(self, call: ast.CallStmt, rest: list[str]) -> Iterator[Site]:
        """Where the fields of the result of a call come from; of all of them without a `rest`."""
        body = self._model.calls[call].declaration.body
        for statement in statements(body):
            if isinstance(statement, ast.EmitStmt) and rest[:1] in ([], [statement.name.text]):
                yield from _named(body, statement.value, rest[1:])


def _named(body: ast.Block, value: ast.Node, rest: list[str]) -> Iterator[Site]:
    """The variables that a value has at the end of a path into it."""
    match value:
        case ast.Ref():
            yield body, (*_path(value), *rest)
        case ast.ObjectExpr(pairs=pairs):
            for pair in pairs:
                key = pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value
                if rest[:1] in ([], [key]):
                    yield from _named(body, pair.value, rest[1:])
        case ast.ListExpr(items=items):
            for item in items:
                yield from _named(body, item, rest)
        case _:
            pass


def _path(ref: ast.Ref) -> Path:
    fields = (part.name for part in ref.path if isinstance(part, ast.FieldAccess))
    return (ref.name.text, *fields)
