"""Variables of a run with the name of an output, in files in former spellings.

There, two statements read a value and emit it, and a call set variables alone. Where nothing comes
between a reading and the `emit` of what was read, one statement does both:

    extract total: number from "the sum"      extract total from "the sum"
    emit total = {{total}}

Otherwise the output may only be emitted, and its name is that of the variable. The result of a call
would set it, and gets another name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.fixes import SAFE, UNSAFE
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.errors import FORMER_SPELLING
from flowdsl.syntax.statements import variable_set_by
from flowdsl.syntax.visit import walk

from ..model import ChainSymbol, TaskSymbol, WorkflowSymbol
from ..program import Program
from ..traversal import READINGS
from ..types import FieldType
from .joining import Joining

_ENDINGS = {ast.KeepStmt: "kept", ast.CallStmt: "result", ast.ForStmt: "reason"}
"""What a new name ends in, by the statement that sets the variable; `read` for the others."""


def report_clashes(
    program: Program,
    owner: WorkflowSymbol | TaskSymbol,
    body: ast.Block,
    fields: Sequence[FieldType],
) -> None:
    """Report what set a variable with the name of one of `fields`, the outputs of `owner`."""
    setters: dict[str, list[ast.Stmt]] = {}
    emits: dict[str, list[ast.EmitStmt]] = {}
    for statement in program.statements(body):
        name = variable_set_by(statement)
        if isinstance(statement, ast.EmitStmt):
            emits.setdefault(statement.name.text, []).append(statement)
        elif name is not None and (
            isinstance(statement, ast.CallStmt) or statement not in program.set_outputs
        ):
            setters.setdefault(name.text, []).append(statement)
    for field in fields:
        found = setters.get(field.name)
        if found is not None:
            _Clash(program, owner, body, field, found, emits.get(field.name, [])).report()


class _Clash:
    """A variable with the name of an output `field`: what sets it, and what emits the output."""

    def __init__(
        self,
        program: Program,
        owner: WorkflowSymbol | TaskSymbol,
        body: ast.Block,
        field: FieldType,
        setters: list[ast.Stmt],
        emits: list[ast.EmitStmt],
    ) -> None:
        self.program = program
        self.owner = owner
        self.body = body
        self.field = field
        self.setters = setters
        self.emits = emits
        self.name = field.name
        self.source: SourceFile = owner.module.source

    def report(self) -> None:
        """Report the first statement that sets the variable, if that is to change."""
        first = self.setters[0]
        variable = variable_set_by(first)
        assert variable is not None
        end = first.type.end if isinstance(first, (*READINGS, ast.KeepStmt)) and first.type else 0
        place = Span(self.source, variable.start, max(variable.end, end))
        edits, applicability = self._join(), SAFE
        now = self.name
        if not edits:
            if not any(each in self.program.set_outputs for each in self.setters):
                return
            now = self._find_new_name()
            edits, applicability = [*self._rename(now)], UNSAFE
        self.program.sink.report(
            FORMER_SPELLING,
            place,
            former=place.text,
            now=now,
            fixes=(Fix(f"write `{now}`", tuple(edits), applicability),),
        )

    def _join(self) -> list[Edit]:
        body, statements = self.body, self.program.statements(self.body)
        tables, source = self.program, self.source
        return Joining(
            tables, source, body, statements, self.field, self.setters, self.emits
        ).find_edits()

    # Another name

    def _find_new_name(self) -> str:
        taken = {field.name for field in self._fields()} | self.owner.runtime.keys()
        scope = self.program.scopes[self.owner.module]
        ending = _ENDINGS.get(type(self.setters[0]), "read")
        new, number = f"{self.name}_{ending}", 1
        written = {
            node.name.text for node in walk(self.owner.declaration) if isinstance(node, ast.Ref)
        }
        while new in taken or new in scope.names or new in scope.namespaces or new in written:
            number += 1
            new = f"{self.name}_{ending}_{number}"
        return new

    def _fields(self) -> Iterator[FieldType]:
        if isinstance(self.owner, WorkflowSymbol):
            yield from self.owner.inputs
            yield from self.owner.secrets
            yield from self.owner.outputs
        elif self.owner.result is not None:
            yield from getattr(self.owner.result, "fields", ())

    def _rename(self, new: str) -> Iterator[Edit]:
        """Yield the edits that give the variable another name, with a type where it has none."""
        for each in self.setters:
            variable = variable_set_by(each)
            assert variable is not None
            untyped = isinstance(each, ast.CopyStmt) and each.type is None
            yield Edit(variable.span(self.source), f"{new}: string" if untyped else new)
        for node in walk(self.owner.declaration):
            if isinstance(node, ast.Ref) and node.name.text == self.name:
                yield Edit(node.name.span(self.source), new)
        for module, name in _names_in_tests(self.program, self.owner, self.name):
            yield Edit(name.span(module.source), new)


def _names_in_tests(
    program: Program, owner: WorkflowSymbol | TaskSymbol, name: str
) -> Iterator[tuple[ast.Module, ast.Name]]:
    """Yield the places of tests that name a variable of `owner`, each with its file."""
    for module in program.sources.modules:
        for test in module.declarations:
            if isinstance(test, ast.TestDecl):
                subject = program.tested.get(test)
                for found in _names_below(program, test, subject, owner, name):
                    yield module, found


def _names_below(
    program: Program,
    node: ast.Node,
    subject: WorkflowSymbol | TaskSymbol | ChainSymbol | None,
    owner: WorkflowSymbol | TaskSymbol,
    name: str,
) -> Iterator[ast.Name]:
    for each in walk(node):
        if isinstance(each, ast.StepAnswers) and isinstance(subject, ChainSymbol):
            of_step = {step.name.text: run for step, run in subject.steps}
            run = of_step.get(each.step.text)
            for section in each.sections:
                yield from _names_below(program, section, run, owner, name)
        elif isinstance(each, ast.ReadAnswer):
            yield from _names_of_read(program, each, subject, owner, name)
        elif (
            isinstance(each, ast.ItemNumber | ast.ItemWhere)
            and each.of is not None
            and each.of.text == name
            and subject is owner
        ):
            yield each.of


def _names_of_read(
    program: Program,
    answer: ast.ReadAnswer,
    subject: WorkflowSymbol | TaskSymbol | ChainSymbol | None,
    owner: WorkflowSymbol | TaskSymbol,
    name: str,
) -> Iterator[ast.Name]:
    """Yield the names in the path of a `reads` that mean the variable: calls, and what is read."""
    for part in answer.path:
        if subject is owner and part.text == name:
            yield part
        body = _body_of(subject)
        called = (
            program.calls.get(each)
            for each in (() if body is None else program.statements(body))
            if isinstance(each, ast.CallStmt) and (each.result or each.task.name).text == part.text
        )
        subject = next(called, None)


def _body_of(subject: WorkflowSymbol | TaskSymbol | ChainSymbol | None) -> ast.Block | None:
    if isinstance(subject, TaskSymbol):
        return subject.declaration.body
    return subject.declaration.steps if isinstance(subject, WorkflowSymbol) else None
