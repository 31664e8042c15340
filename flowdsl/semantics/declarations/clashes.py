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
from flowdsl.syntax.statements import LEAVES, variable_set_by
from flowdsl.syntax.visit import walk

from ..control_flow.leaving import needs_value
from ..model import ChainSymbol, TaskSymbol, WorkflowSymbol
from ..program import Program
from ..traversal import inner_blocks
from ..types import STRING, FieldType, Type, describe_type
from ..values.assignability import is_assignable

_READINGS = (ast.ExtractStmt, ast.CopyStmt, ast.RunStmt)
_LEAVING = (ast.FailStmt, ast.AbortStmt, ast.FinishStmt, ast.CallStmt)
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
        end = first.type.end if isinstance(first, (*_READINGS, ast.KeepStmt)) and first.type else 0
        place = Span(self.source, variable.start, max(variable.end, end))
        edits, applicability = self._join_readings() or self._emit_kept(), SAFE
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

    # One statement of a reading and its `emit`

    def _join_readings(self) -> list[Edit]:
        """Return the edits that join every reading with its `emit`; none if one has to stay."""
        if not self._is_plain_field() or len(self.setters) != len(self.emits):
            return []
        edits: list[Edit] = []
        joined = 0
        for statements in self._sequences():
            for at, statement in enumerate(statements):
                if statement in self.setters:
                    emit = self._find_emit(statements[at + 1 :])
                    if emit is None or not self._has_type_of_output(statement):
                        return []
                    edits += self._leave_type_out(statement)
                    edits.append(self._remove(emit))
                    joined += 1
        # A reading with an annotation is in no block itself, and stays as it is.
        return edits if joined == len(self.setters) else []

    def _is_plain_field(self) -> bool:
        """Whether nothing but a type is said of the output."""
        field = self.field
        constraints = [
            getattr(field.constraints, each)
            for each in type(field.constraints)._fields  # type: ignore[attr-defined]
        ]
        return not any(constraints) and not field.has_default and not field.absent

    def _find_emit(self, behind: Sequence[ast.Stmt]) -> ast.EmitStmt | None:
        """Return the `emit` of the variable behind its reading, unless something may come between.

        Without an `on failure`, a failure takes back or loses what was emitted before it.
        """
        for statement in behind:
            if statement in self.emits:
                assert isinstance(statement, ast.EmitStmt)
                return statement if self._is_whole(statement) else None
            if not self._is_harmless(statement):
                return None
        return None

    def _is_whole(self, emit: ast.EmitStmt) -> bool:
        value = emit.value
        return (
            isinstance(value, ast.Ref)
            and not value.path
            and not emit.append
            and value.name.text == self.name
        )

    def _is_harmless(self, statement: ast.Stmt) -> bool:
        """Whether a run surely goes on behind a statement, or fails as a whole or an attempt."""
        if isinstance(statement, (*_READINGS, ast.ExpectStmt, ast.ChooseStmt)):
            if statement.otherwise is not None:
                return False
            fails = not isinstance(statement, ast.ExtractStmt | ast.CopyStmt) or needs_value(
                self.program, statement
            )
            return not fails or not self._goes_on_after_failures
        return type(statement) in LEAVES and not isinstance(statement, _LEAVING)

    @property
    def _goes_on_after_failures(self) -> bool:
        """Whether an `on failure` of the body keeps what was emitted before a failure."""
        return any(
            isinstance(each, ast.ForStmt) and each.failure is not None
            for each in self.program.statements(self.body)
        )

    def _has_type_of_output(self, statement: ast.Stmt) -> bool:
        type_: Type | None = None
        if isinstance(statement, ast.CallStmt):
            task = self.program.calls.get(statement)
            type_ = None if task is None else task.result
        elif isinstance(statement, _READINGS):
            type_ = (
                STRING
                if statement.type is None
                else self.program.declared_types.get(statement.type)
            )
        return type_ is not None and _is_same_type(type_, self.field.type)

    def _leave_type_out(self, statement: ast.Stmt) -> Iterator[Edit]:
        if isinstance(statement, _READINGS) and statement.type is not None:
            assert statement.name is not None
            yield Edit(Span(self.source, statement.name.end, statement.type.end), "")

    # A `keep` of an output

    def _emit_kept(self) -> list[Edit]:
        """Return the edits that turn each `keep` into an `emit`, without the `emit` behind them.

        None if the value that is emitted there could be another one.
        """
        keeps = [each for each in self.setters if isinstance(each, ast.KeepStmt)]
        first, last = keeps[:1], self.emits[-1:]
        if len(keeps) != len(self.setters) or len(self.emits) != 1 or not first:
            return []
        if not self._is_plain_field() or not self._is_whole(last[0]):
            return []
        type_ = first[0].type
        if type_ is None or sum(each.type is not None for each in keeps) != 1:
            return []
        known = self.program.declared_types.get(type_)
        if known is None or not _is_same_type(known, self.field.type):
            return []
        around = [each for each in self._sequences() if first[0] in each]
        if not around or last[0] not in around[0] or keeps[-1].start > last[0].start:
            return []
        between = (
            each
            for each in self.program.statements(self.body)
            if first[0].start < each.start < last[0].start
        )
        if any(map(_may_lose, between)):
            return []
        edits = [Edit(Span(self.source, each.start, each.start + 4), "emit") for each in keeps]
        edits.append(Edit(Span(self.source, first[0].name.end, type_.end), ""))
        return [*edits, self._remove(last[0])]

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

    # Places

    def _sequences(self) -> Iterator[list[ast.Stmt]]:
        """Yield the statements of each block, with those of its steps, which always run."""
        yield _with_steps(self.body)
        for statement in self.program.statements(self.body):
            if not isinstance(statement, ast.StepStmt | ast.AnnotatedStmt):
                yield from (_with_steps(inner.block) for inner in inner_blocks(statement))

    def _remove(self, statement: ast.Stmt) -> Edit:
        """Return the edit that removes a statement, with its line if nothing else stands there."""
        text = self.source.text
        start, end = statement.start, statement.end
        line = text.rfind("\n", 0, start) + 1
        behind = text.find("\n", end)
        behind = len(text) if behind < 0 else behind + 1
        if not text[line:start].strip():
            rest = text[end:behind]
            if not rest.strip():
                return Edit(Span(self.source, line, behind), "")
            return Edit(Span(self.source, start, end + len(rest) - len(rest.lstrip(" \t"))), "")
        while text[start - 1 : start] in (" ", "\t"):
            start -= 1
        return Edit(Span(self.source, start, end), "")


def _with_steps(block: ast.Block) -> list[ast.Stmt]:
    found: list[ast.Stmt] = []
    for statement in block.statements:
        found += _with_steps(statement.body) if isinstance(statement, ast.StepStmt) else [statement]
    return found


def _may_lose(statement: ast.Stmt) -> bool:
    """Whether a run may go on after it loses, or ends with, a value that was emitted before."""
    return isinstance(statement, ast.FinishStmt | ast.RetryStmt | ast.CallStmt) or (
        isinstance(statement, ast.ForStmt) and statement.failure is not None
    )


def _is_same_type(one: Type, other: Type) -> bool:
    same = is_assignable(one, other) and is_assignable(other, one)
    return same and describe_type(one, None) == describe_type(other, None)


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
