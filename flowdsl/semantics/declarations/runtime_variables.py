"""The runtime variables of a body: where they are set, and their types.

The outputs of a workflow, and the fields of a task's result, are variables of its body, too. A
statement without a type sets them: `extract phone from "..."`. An output whose name is also that of
something else, such as an input or a loop variable, is no variable and may only be emitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.diagnostics.suggest import prefix_article, rename_fix, suggest_known_names
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import SETTERS, STATEMENTS, variable_set_by

from .. import errors
from ..model import RUNTIME, ValueSymbol
from ..names.scopes import ValueScope
from ..statements.arguments import task_of
from ..traversal import READINGS
from ..types import STRING, UNKNOWN, FieldType, Type, describe_type, strip_optional
from ..values.assignability import is_same_type
from .type_expressions import resolve_type


class Outputs(Record):
    """What `emit` can set in a body: the outputs of a workflow, or the fields of a task's result.

    `noun` says which, and `places` where each is declared. `loop_names` are the names of loop
    variables outside of the body, in checks. Without `known`, the type that would say what the
    fields are is wrong.
    """

    noun: str
    fields: tuple[FieldType, ...] = ()
    places: Mapping[str, Span] = {}
    loop_names: frozenset[str] = frozenset()
    known: bool = True


def declare_runtime(scope: ValueScope, body: ast.Block, outputs: Outputs) -> dict[str, ValueSymbol]:
    """Declare the runtime variables of `body` in `scope`, outputs among them, and return them.

    A variable that is set with two types is reported, as is one that no statement gives a type.
    Fills `program.set_outputs`.
    """
    declaring = _Declaring(scope, outputs)
    found = scope.program.statements(body)
    setters = [each for each in found if type(each) in SETTERS]
    declaring.declare_outputs(found, setters)
    for statement in setters:
        name = variable_set_by(statement)
        if name is not None:
            declaring.declare_variable(statement, name)
    declaring.check_untyped()
    return declaring.found


class _Declaring:
    """Declares the variables of one body.

    `found` are the symbols declared so far, `rejected` the names that are reported, and `untyped`
    the statements without a type that may set a variable declared further down.
    """

    def __init__(self, scope: ValueScope, outputs: Outputs) -> None:
        self.program = scope.program
        self.scope = scope
        self.source = scope.source
        self.outputs = outputs
        self.found: dict[str, ValueSymbol] = {}
        self.rejected: set[str] = set()
        self.untyped: list[ast.KeepStmt | ast.ExtractStmt | ast.CopyStmt | ast.RunStmt] = []

    def declare_outputs(self, body: Iterable[ast.Stmt], setters: Iterable[ast.Stmt]) -> None:
        """Declare each output whose name means nothing else in the body.

        `setters` are the statements of the body that may set a variable.
        """
        if not self.outputs.fields:
            return
        taken = {each.variable.text for each in body if type(each) is ast.ForStmt}
        taken |= self.outputs.loop_names
        taken.update(self._find_declared_names(setters))
        for field in self.outputs.fields:
            name = field.name
            if name not in taken and name not in self.found and self.scope.may_declare(name):
                span = self.outputs.places[name]
                symbol = ValueSymbol(RUNTIME, name, field.type, span, field, noun=self.outputs.noun)
                self.scope.declare(symbol)
                self.found[name] = symbol

    def _find_declared_names(self, setters: Iterable[ast.Stmt]) -> Iterator[str]:
        """Yield the names of variables that a body declares beside its outputs."""
        types = {field.name: field.type for field in self.outputs.fields}
        for statement in setters:
            name = variable_set_by(statement)
            if name is None or name.text not in types:
                continue
            if isinstance(statement, ast.CallStmt):
                given = self._variable_type(statement)
                if not is_same_type(strip_optional(types[name.text]), given):
                    yield name.text
            elif isinstance(statement, ast.ForStmt) or statement.type is not None:  # type: ignore[union-attr]
                yield name.text

    def declare_variable(self, statement: ast.Stmt, name: ast.Name) -> None:
        """Declare what a statement sets, unless it is an output, which is recorded."""
        earlier = self.found.get(name.text)
        if isinstance(statement, ast.KeepStmt) and statement.type is None:
            self.untyped.append(statement)
            return
        if isinstance(statement, READINGS) and statement.type is None:
            if earlier is not None and earlier.is_output:
                self._set_output(statement, earlier)
                return
            if not isinstance(statement, ast.CopyStmt):
                self.untyped.append(statement)
                return
        type_ = self._variable_type(statement)
        symbol = ValueSymbol(RUNTIME, name.text, type_, name.span(self.source))
        if earlier is not None and earlier.is_output and isinstance(statement, ast.CallStmt):
            self._set_output(statement, earlier)
        elif earlier is not None:
            self._check_same_type(earlier, symbol)
        elif name.text not in self.rejected:
            if self.scope.declare(symbol):
                self.found[name.text] = symbol
            else:
                self.rejected.add(name.text)

    def _set_output(self, statement: ast.Stmt, symbol: ValueSymbol) -> None:
        assert symbol.field is not None
        self.program.set_outputs[statement] = symbol.field

    def _variable_type(self, statement: ast.Stmt) -> Type:
        match statement:
            case (
                ast.ExtractStmt(type=ast.Node() as expr)
                | ast.KeepStmt(type=ast.Node() as expr)
                | ast.CopyStmt(type=ast.Node() as expr)
                | ast.RunStmt(type=ast.Node() as expr)
            ):
                return resolve_type(self.scope.module, expr)
            case ast.CopyStmt() | ast.ForStmt():
                return STRING
            case ast.CallStmt():
                task = task_of(self.scope, statement)
                return UNKNOWN if task is None or task.result is None else task.result
            case _:
                return UNKNOWN

    def _check_same_type(self, earlier: ValueSymbol, later: ValueSymbol) -> None:
        if not is_same_type(earlier.type, later.type):
            self.scope.report(
                errors.RUNTIME_TYPE_CONFLICT,
                later.span,
                name=later.name,
                type=describe_type(later.type),
                earlier=describe_type(earlier.type),
                labels=(Label(earlier.span, f"first set as `{describe_type(earlier.type)}`"),),
            )

    def check_untyped(self) -> None:
        """Report the statements without a type whose variable nothing declares, or is an output."""
        for statement in self.untyped:
            if isinstance(statement, ast.KeepStmt):
                self._check_keep(statement)
            else:
                self._report_reading(statement)

    def _check_keep(self, statement: ast.KeepStmt) -> None:
        name = statement.name
        symbol = self.found.get(name.text)
        if symbol is not None and symbol.is_output:
            self._report_kept_output(statement, symbol)
        if symbol is not None or name.text in self.rejected:
            return
        span = name.span(self.source)
        self.rejected.add(name.text)
        if not self.scope.is_free(name.text):
            self.scope.declare(ValueSymbol(RUNTIME, name.text, UNKNOWN, span))
            return
        # Its readers should not be reported as well.
        self.scope.clashing.add(name.text)
        near = rename_fix(span, self.found)
        self.scope.report(
            errors.KEEP_UNDECLARED,
            span,
            name=name.text,
            operator="+=" if statement.append else "=",
            help=suggest_known_names("runtime variable", self.found, name.text) if near else None,
            fixes=near,
        )

    def _report_kept_output(self, statement: ast.KeepStmt, symbol: ValueSymbol) -> None:
        """Report a `keep` that would set an output."""
        word = Span(self.source, statement.start, statement.start + len("keep"))
        self.scope.report(
            errors.KEEP_OF_OUTPUT,
            statement.name,
            name=symbol.name,
            operator="+=" if statement.append else "=",
            labels=(Label(symbol.span, f"the {symbol.title} is declared here"),),
            fixes=(Fix("write `emit`", (Edit(word, "emit"),)),),
        )

    def _report_reading(self, statement: ast.ExtractStmt | ast.CopyStmt | ast.RunStmt) -> None:
        """Report a reading without a type into something that is no output."""
        name = statement.name
        assert name is not None
        if name.text not in self.found and self.scope.is_free(name.text):
            self.scope.clashing.add(name.text)
        if not self.outputs.known:
            return
        span = name.span(self.source)
        noun = self.outputs.noun
        settable = [each.name for each in self.found.values() if each.is_output]
        word = STATEMENTS[type(statement)].keyword
        before = "run ... as" if word == "run" else word
        fixes: tuple[Fix, ...] = ()
        if any(field.name == name.text for field in self.outputs.fields):
            kind = self.scope.kind_of(name.text) or "loop variable"
            why = (
                f"`{name.text}` is {prefix_article(kind)} here, too, so that the {noun} may only "
                "be emitted"
            )
            help = f"read it under another name, and emit it: `emit {name.text} = ...`"
        else:
            why = f"this is no {noun}"
            help = (
                f"give it a type, as in `{before} {name.text}: string`, and it is a variable of "
                f"the run; or declare `{name.text}` among the {noun}s"
            )
            fixes = rename_fix(span, settable)
            if fixes:
                help = suggest_known_names(noun, settable, name.text)
        self.scope.report(
            errors.READING_WITHOUT_TYPE,
            span,
            name=name.text,
            statement=before,
            why=why,
            help=help,
            fixes=fixes,
        )
