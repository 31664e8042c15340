"""The statements of a workflow or task: names, types, and what may stand where."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors, keys, places
from .annotations import check_statement_annotations
from .arguments import check_call
from .conditions import check_condition
from .expressions import check_text, check_value, infer
from .images import check_image
from .joins import note_typed
from .leaving import leaves, leaves_after
from .model import LOOP, ValueSymbol
from .paths import field_of
from .program import Program
from .references import resolve_ref
from .scopes import PresenceKey, ValueScope, known_names, rename_fix
from .traversal import refs_outside_blocks
from .types import (
    ANY,
    INT,
    STRING,
    UNKNOWN,
    Enum,
    FieldType,
    ListOf,
    Type,
    Unknown,
    describe,
    strip_optional,
)


class EmitTargets(Record):
    """What `emit` can set: the outputs of a workflow or the result fields of a task; None when that is not known."""

    noun: str
    fields: tuple[FieldType, ...] | None


class BodyChecker:
    """Checks one body. `scope` holds the inputs or parameters, the secrets and the runtime variables already."""

    def __init__(self, program: Program, scope: ValueScope, targets: EmitTargets) -> None:
        self.program = program
        self.scope = scope
        self.source = scope.module.source
        self.targets = targets
        self.task = targets.noun == "result field"
        self.loops: list[Span] = []
        self.background: dict[str, Span] = {}
        self.counting: list[tuple[str, Span]] = []
        self.passes: list[ast.Block] = []
        self.set_again: list[str] = []

    def check(self, block: ast.Block) -> None:
        """Check every statement of the body."""
        self._block(block)

    def _block(self, block: ast.Block) -> None:
        before = self.scope.present
        already_set = len(self.set_again)
        for statement in block.statements:
            self._statement(statement)
        stale = set(self.set_again[already_set:])
        self.scope.present = frozenset(
            key for key in before if key[0] != ast.RUNTIME or key[1] not in stale
        )

    def _block_with(self, block: ast.Block, proven: frozenset[PresenceKey]) -> None:
        before = self.scope.present
        self.scope.present = before | proven
        self._block(block)
        self.scope.present &= before

    def _text(self, text: ast.Text, place: places.Place = places.INSTRUCTION) -> None:
        check_text(self.program, self.scope, text, place)

    def _span(self, node: ast.Node) -> Span:
        return node.span(self.source)

    def _statement(self, statement: ast.Stmt) -> None:
        self._check_background_uses(statement)
        match statement:
            case ast.AnnotatedStmt(annotations=annotations, statement=inner):
                check_statement_annotations(self.program, self.scope.module, annotations)
                self._statement(inner)
            case ast.StepStmt(title=title, body=body):
                self._text(title, places.STEP_TITLE)
                self._block_keeping_facts(body)
            case ast.DoStmt(text=text):
                self._text(text, places.DO)
            case ast.ChooseStmt(target=target, otherwise=otherwise):
                self._text(target)
                self._otherwise(otherwise)
            case ast.TypeStmt():
                self._type(statement)
            case ast.ClearStmt(target=target):
                self._text(target)
            case ast.PressStmt():
                self._press(statement)
            case ast.WaitStmt(duration=duration):
                self._some_time(duration)
            case ast.WaitUntilStmt(condition=condition, timeout=timeout, otherwise=otherwise):
                self._text(condition)
                self._some_time(timeout)
                self._otherwise(otherwise)
            case ast.ExtractStmt():
                self._extract(statement)
            case ast.CopyStmt(source=source, otherwise=otherwise, name=name):
                self._text(source)
                self._otherwise(otherwise)
                self._forget(name)
            case ast.EmitStmt():
                self._emit(statement)
            case ast.ExpectStmt(condition=condition, otherwise=otherwise):
                self._text(condition)
                self._otherwise(otherwise)
            case ast.CaptureStmt(file=file) | ast.ExportStmt(file=file):
                self._text(file, places.FILE_NAME)
            case ast.ImageStmt(shows=shows):
                check_image(self.program, self.scope.module, statement)
                if shows is not None:
                    self._text(shows)
            case ast.RunStmt(command=command, otherwise=otherwise, name=name):
                self._text(command, places.COMMAND)
                self._otherwise(otherwise)
                self._forget(name)
            case ast.IfStmt():
                self._if(statement)
            case ast.ForStmt():
                self._for(statement)
            case ast.RepeatStmt():
                self._repeat(statement)
            case ast.RetryStmt():
                self._retry(statement)
            case ast.CallStmt():
                check_call(self.program, self.scope, statement)
                self._forget(statement.result)
            case ast.FailStmt(reason=reason) | ast.AbortStmt(reason=reason):
                self._text(reason, places.REASON)
            case ast.FinishStmt(reason=reason):
                self._text(reason, places.REASON)

    def _block_keeping_facts(self, block: ast.Block) -> None:
        """A step is no branch: what its statements prove holds after it."""
        for statement in block.statements:
            self._statement(statement)

    def _otherwise(self, otherwise: ast.Otherwise | None) -> None:
        if otherwise is None:
            return
        if isinstance(otherwise.action, ast.Block):
            self._block(otherwise.action)
        else:
            self._statement(otherwise.action)

    def _forget(self, name: ast.Name | None) -> None:
        """A runtime variable was set again: what was known about its old value no longer holds."""
        if name is not None:
            self.set_again.append(name.text)
            self.scope.present = frozenset(
                key for key in self.scope.present if key[:2] != (ast.RUNTIME, name.text)
            )

    def _type(self, statement: ast.TypeStmt) -> None:
        if isinstance(statement.value, ast.Text):
            self._text(statement.value, places.TYPED)
        else:
            resolve_ref(self.program, self.scope, statement.value, places.TYPED)
            note_typed(self.program, self.scope.module.module, statement.value)
        self._text(statement.target)

    def _press(self, statement: ast.PressStmt) -> None:
        span = self._span(statement.keys)
        if statement.times is not None:
            self._at_least_one(statement.times)
        chords = statement.keys.value.split()
        if not chords:
            self.program.sink.report(
                errors.UNKNOWN_KEY, span, key='""', help="name a key, as in `Enter`"
            )
        for chord in chords:
            names = keys.chord_keys(chord)
            unknown = [name for name in names if not keys.is_key(name)]
            for name in unknown:
                near = keys.suggested_key(name)
                help = (
                    f"a key named `{near}` exists"
                    if near is not None
                    else "keys are `enter`, `tab`, `f5`, single characters and the like, chords `ctrl+s`"
                )
                self.program.sink.report(errors.UNKNOWN_KEY, span, key=name, help=help)
            wrong = keys.misplaced_modifier(names)
            if wrong is not None and not unknown:
                self.program.sink.report(errors.MALFORMED_CHORD, span, key=wrong, chord=chord)

    def _extract(self, statement: ast.ExtractStmt) -> None:
        self._text(statement.source)
        self._otherwise(statement.otherwise)
        self._forget(statement.name)
        if not statement.background:
            return
        span = self._span(statement.name)
        self.background[statement.name.text] = span
        if self.task:
            self._report_background(span, "stands in a task, whose result is needed at once")
        elif self.counting:
            self._report_background(span, f"stands in a `{self.counting[-1][0]}`")
        elif statement.otherwise is not None:
            self._report_background(span, "has an `else`, which would need its result at once")

    def _report_background(self, span: Span, problem: str) -> None:
        self.program.sink.report(errors.BACKGROUND_EXTRACT, span, name=span.text, problem=problem)

    def _check_background_uses(self, statement: ast.Stmt) -> None:
        """A background extract may stand only as the whole value of an `emit`."""
        if not self.background or isinstance(statement, ast.AnnotatedStmt):
            return
        for ref in refs_outside_blocks(statement):
            if ref.sigil != ast.RUNTIME or ref.name.text not in self.background:
                continue
            if isinstance(statement, ast.EmitStmt) and _is_whole(statement, ref):
                continue
            self.program.sink.report(
                errors.BACKGROUND_EXTRACT,
                self._span(ref),
                name=ref.name.text,
                problem="is used other than as the whole value of an `emit`",
                labels=(Label(self.background[ref.name.text], "read in background here"),),
            )

    def _emit(self, statement: ast.EmitStmt) -> None:
        name = statement.name.text
        target = self._emit_target(statement.name)
        wanted = UNKNOWN if target is None else target.type
        what = f"{self.targets.noun} `{name}`"
        if statement.append:
            wanted = self._entry_type(statement, wanted)
            what = f"an entry of {what}"
            for kind, span in self.counting:
                if kind == "for":
                    continue
                self.program.sink.report(
                    errors.APPEND_REPEATED,
                    self._span(statement.name),
                    name=name,
                    kind=kind,
                    labels=(Label(span, f"the `{kind}`"),),
                )
                break
        elif isinstance(strip_optional(wanted), ListOf):
            self._check_overwritten(statement)
        whole = None if statement.append else target
        check_value(self.program, self.scope, statement.value, wanted, places.VALUE, what, whole)

    def _check_overwritten(self, statement: ast.EmitStmt) -> None:
        """Warn of a list that each pass of a loop replaces, unless the run ends in that pass."""
        if not self.passes or leaves_after(self.passes[-1], statement):
            return
        kind, span = next(each for each in reversed(self.counting) if each[0] != "retry")
        way = f"emit it after the `{kind}`"
        if kind == "for":
            way = f"write `+=` to add to it, or {way}"
        self.program.sink.report(
            errors.LIST_OVERWRITTEN,
            self._span(statement.name),
            name=statement.name.text,
            kind=kind,
            help=way,
            labels=(Label(span, f"the `{kind}`"),),
        )

    def _emit_target(self, name: ast.Name) -> FieldType | None:
        fields = self.targets.fields
        if fields is None:
            return None
        for field in fields:
            if field.name == name.text:
                return field
        names = [field.name for field in fields]
        span = self._span(name)
        self.program.sink.report(
            errors.UNKNOWN_EMIT_TARGET,
            span,
            name=name.text,
            noun=self.targets.noun,
            help=known_names(self.targets.noun, names, name.text),
            fixes=rename_fix(span, names),
        )
        return None

    def _entry_type(self, statement: ast.EmitStmt, type_: Type) -> Type:
        inner = strip_optional(type_)
        if isinstance(inner, ListOf):
            return inner.element
        if not isinstance(inner, Unknown) and inner != ANY:
            self.program.sink.report(
                errors.APPEND_TO_SCALAR,
                self._span(statement.name),
                name=statement.name.text,
                type=describe(type_),
            )
        return UNKNOWN

    def _if(self, statement: ast.IfStmt) -> None:
        before = self.scope.present
        for branch in statement.branches:
            facts = check_condition(self.program, self.scope, branch.condition)
            self._block_with(branch.body, facts.when_true)
            self.scope.present |= facts.when_false
        if statement.otherwise is not None:
            self._block(statement.otherwise)
            self.scope.present &= before
        elif not all(leaves(branch.body) for branch in statement.branches):
            self.scope.present &= before

    def _for(self, statement: ast.ForStmt) -> None:
        span = Span(self.source, statement.start, statement.start + len("for"))
        if self.loops:
            labels = (Label(self.loops[-1], "the outer `for`"),)
            self.program.sink.report(errors.NESTED_FOR, span, labels=labels)
        element = self._iterated(statement)
        if statement.limit is not None:
            self._bound(statement.limit)
        symbol = ValueSymbol(LOOP, statement.variable.text, element, self._span(statement.variable))
        declared = self.scope.declare(self.program, symbol)
        self.program.iterables[symbol] = statement.iterable
        self.loops.append(span)
        self.counting.append(("for", span))
        self.passes.append(statement.body)
        self._block(statement.body)
        self.passes.pop()
        self.counting.pop()
        self.loops.pop()
        if declared:
            self.scope.end_loop(symbol)

    def _iterated(self, statement: ast.ForStmt) -> Type:
        """The type of the entries, checked to be a list with a bound."""
        iterable = statement.iterable
        if isinstance(iterable, ast.IntLit):
            infer(self.program, self.scope, iterable, places.LOOP_SOURCE)
            self._at_least_one(iterable)
            return INT
        type_ = infer(self.program, self.scope, iterable, places.LOOP_SOURCE)
        inner = strip_optional(type_)
        constant = iterable in self.program.constants
        if inner == INT and constant:
            return INT
        if isinstance(inner, Unknown):
            return UNKNOWN
        if not isinstance(inner, ListOf) and inner != ANY:
            span = self._span(iterable)
            self.program.sink.report(
                errors.NOT_A_LIST, span, written=span.text, type=describe(type_)
            )
            return UNKNOWN
        if statement.limit is None and not self._is_bounded(iterable, constant=constant):
            self.program.sink.report(
                errors.MISSING_BOUND, self._span(iterable), statement="for", after="the list"
            )
        return _element_of(inner, self.program.constants.get(iterable))

    def _is_bounded(self, iterable: ast.Ref | ast.ListExpr, *, constant: bool) -> bool:
        if constant or isinstance(iterable, ast.ListExpr):
            return True
        field = field_of(self.program, iterable)
        return field is not None and field.constraints.max_items is not None

    def _bound(self, limit: ast.IntLit | ast.ConstRef) -> None:
        what = "a bound"
        check_value(self.program, self.scope, limit, INT, places.CONSTANT, what)
        self._at_least_one(limit)

    def _at_least_one(self, count: ast.IntLit | ast.ConstRef) -> None:
        value = count.value if isinstance(count, ast.IntLit) else self.program.constants.get(count)
        if isinstance(value, int) and value < 1:
            self.program.sink.report(errors.BOUND_TOO_SMALL, self._span(count), value=value)

    def _some_time(self, duration: ast.Duration | None) -> None:
        if duration is not None and duration.milliseconds < 1:
            span = self._span(duration)
            help = "the least is `1ms`"
            self.program.sink.report(errors.BOUND_TOO_SMALL, span, value=duration.text, help=help)

    def _repeat(self, statement: ast.RepeatStmt) -> None:
        span = Span(self.source, statement.start, statement.start + len("repeat"))
        if statement.limit is None:
            self.program.sink.report(
                errors.MISSING_BOUND, span, statement="repeat", after="the condition"
            )
        else:
            self._bound(statement.limit)
        facts = check_condition(self.program, self.scope, statement.until)
        self.counting.append(("repeat", span))
        self.passes.append(statement.body)
        self._block_with(statement.body, facts.when_false)
        self.passes.pop()
        self.counting.pop()
        self._otherwise(statement.otherwise)
        action = statement.otherwise.action if statement.otherwise is not None else None
        if action is None or not isinstance(action, ast.Block) or leaves(action):
            self.scope.present |= facts.when_true

    def _retry(self, statement: ast.RetryStmt) -> None:
        span = Span(self.source, statement.start, statement.start + len("retry"))
        self._bound(statement.attempts)
        self._some_time(statement.delay)
        self.counting.append(("retry", span))
        self._block(statement.body)
        self.counting.pop()
        if statement.otherwise is not None:
            self._block(statement.otherwise)


def _element_of(list_type: Type, value: Any) -> Type:
    """The type of the entries of a list; of a list of texts that is known, those texts."""
    if not isinstance(list_type, ListOf):
        return ANY
    if list_type.element == STRING and isinstance(value, list) and value:
        return Enum(tuple(dict.fromkeys(value)))
    return list_type.element


def _is_whole(statement: ast.EmitStmt, ref: ast.Ref) -> bool:
    return statement.value is ref and not ref.path and not statement.append
