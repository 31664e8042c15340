"""Checks the statements of a workflow or task: names, types, and where each is allowed."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import STATEMENTS, keyword_span, name_set_by

from .. import errors, places
from ..control_flow.leaving import has_no_path_behind, leaves_after
from ..model import LOOP, RUNTIME, ValueSymbol
from ..names.paths import entries_key, presence_key
from ..names.references import resolve_ref
from ..names.scopes import PresenceKey, ValueScope
from ..traversal import refs_outside_blocks
from ..types import (
    ANY,
    TODAY,
    UNKNOWN,
    FieldType,
    ListOf,
    Optional,
    RecordOf,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)
from ..values.annotations import check_statement_annotations
from ..values.assignability import is_assignable, note_typed
from ..values.expressions import check_text, check_value, infer_type
from ..values.fitting import check_fit
from .arguments import check_call
from .choices import asks_for_all, check_match
from .conditions import NO_FACTS, check_awaited, check_condition
from .keys import check_press
from .loops import (
    check_bound,
    check_duration,
    check_loop_bound,
    check_may_end,
    check_some_list_fits,
    entries_of,
)


class EmitTargets(Record):
    """What `emit` can set: the outputs of a workflow, or the result fields of a task.

    `fields` is None if they are unknown; `noun` says what they are.
    """

    noun: str
    fields: tuple[FieldType, ...] | None


class BodyChecker:
    """Checks one body.

    `scope` already holds the inputs or parameters, the secrets and the runtime variables.
    `counting` and `passes` are stacks: all loops around a statement with their keyword, and the
    bodies of the loops around it. `background` has the variables of background extracts so far,
    `background_outputs` the outputs that are emitted from one, each with its variable, and
    `set_again` every runtime variable that a statement has set so far.
    """

    def __init__(self, scope: ValueScope, targets: EmitTargets) -> None:
        self.program = scope.program
        self.scope = scope
        self._emitted = {field.name: field for field in reversed(targets.fields or ())}
        self.source = scope.source
        self.targets = targets
        self.task = targets.noun == "result field"
        self.background: dict[str, Span] = {}
        self.background_outputs: dict[str, str] = {}
        self.counting: list[tuple[str, Span]] = []
        self.passes: list[ast.Block] = []
        self.set_again: list[str] = []
        self.every: list[ast.Stmt] = []

    def check(self, block: ast.Block) -> None:
        """Check every statement of the body."""
        self.every = self.program.statements(block)
        self._block(block)

    def _block(self, block: ast.Block) -> None:
        before = self.scope.present
        already_set = len(self.set_again)
        for statement in block.statements:
            self._check_statement(statement)
        self.scope.present = before
        if before:
            stale = set(self.set_again[already_set:])
            self.scope.present = frozenset(key for key in before if key[0] not in stale)

    def _block_with(self, block: ast.Block, proven: frozenset[PresenceKey]) -> None:
        before = self.scope.present
        self.scope.present = before | proven
        self._block(block)
        self.scope.present &= before

    def _texts(self, statement: ast.Stmt) -> None:
        """Check each text of a statement for its role."""
        for name, role in STATEMENTS[type(statement)].texts:
            text = getattr(statement, name)
            if type(text) is ast.Text:
                check_text(self.scope, text, places.OF_ROLE[role])

    def _span(self, node: ast.Node) -> Span:
        return node.span(self.source)

    def _check_statement(self, statement: ast.Stmt) -> None:
        """Check one statement and the blocks in it."""
        if self.background:
            self._check_background_uses(statement)
        match statement:  # the most frequent statements first
            case (
                ast.DoStmt()
                | ast.ClearStmt()
                | ast.CaptureStmt()
                | ast.ExportStmt()
                | ast.FailStmt()
                | ast.AbortStmt()
                | ast.FinishStmt()
            ):
                self._texts(statement)
            case ast.StepStmt(body=body):
                self._texts(statement)
                self._block_keeping_facts(body)
            case ast.IfStmt():
                self._check_if(statement)
            case ast.MatchStmt():
                self._check_match(statement)
            case ast.TypeStmt():
                self._check_typing(statement)
            case ast.PressStmt():
                check_press(self.scope, statement)
            case ast.EmitStmt():
                self._emit(statement)
            case ast.KeepStmt():
                self._check_keep(statement)
            case ast.ExtractStmt():
                self._check_extract(statement)
            case ast.ExpectStmt(otherwise=otherwise) | ast.ChooseStmt(otherwise=otherwise):
                self._texts(statement)
                self._otherwise(otherwise)
            case ast.CallStmt():
                check_call(self.scope, statement)
                self._forget_variable(statement.result)
                if statement.result is not None:
                    self._note_present(statement.result)
            case ast.WaitUntilStmt(timeout=timeout, otherwise=otherwise):
                self._texts(statement)
                check_awaited(self.scope, statement)
                check_duration(self.scope, timeout)
                self._otherwise(otherwise)
            case ast.ForStmt():
                self._check_for(statement)
            case ast.RetryStmt():
                self._check_retry(statement)
            case ast.WaitStmt(duration=duration):
                check_duration(self.scope, duration)
            case (
                ast.CopyStmt(otherwise=otherwise, name=name)
                | ast.RunStmt(otherwise=otherwise, name=name)
            ):
                self._texts(statement)
                self._otherwise(otherwise)
                self._set_by_reading(name, otherwise)
            case ast.WhileStmt() | ast.RepeatStmt():
                self._check_rounds(statement)
            case ast.ImageStmt():
                from .images import check_image

                check_image(self.scope.module, statement)
                self._texts(statement)
            case ast.AnnotatedStmt(annotations=annotations, statement=inner):
                check_statement_annotations(self.scope.module, annotations)
                self._check_statement(inner)

    def _block_keeping_facts(self, block: ast.Block) -> None:
        """Check a block that always runs: the facts that it proves remain known after it."""
        for statement in block.statements:
            self._check_statement(statement)

    def _otherwise(self, otherwise: ast.Otherwise | None) -> None:
        if otherwise is None:
            return
        if isinstance(otherwise.action, ast.Block):
            self._block(otherwise.action)
        else:
            self._check_statement(otherwise.action)

    def _forget_variable(self, name: ast.Name | None) -> None:
        """Forget the facts about a runtime variable that is set again."""
        if name is not None:
            self.set_again.append(name.text)
            if self.scope.present:
                self.scope.present = frozenset(
                    key for key in self.scope.present if key[0] != name.text
                )

    def _note_present(self, name: ast.Name) -> None:
        """Note that a variable has a value."""
        self.scope.present |= {(name.text, ())}

    def _note_set(self, statement: ast.KeepStmt | ast.EmitStmt) -> None:
        """Forget what is known of a variable that is set, and note the entries that a list gets.

        What is added takes nothing away.
        """
        if not statement.append:
            self._forget_variable(statement.name)
        count = 0
        if isinstance(statement.value, ast.ListExpr):
            count = len(statement.value.items)
        elif statement.append and statement not in self.program.whole_appends:
            count = 1
        if count:
            self.scope.present |= {(statement.name.text, (-count,))}

    def _set_by_reading(self, name: ast.Name | None, otherwise: ast.Otherwise | None) -> None:
        """Forget what is known of a variable that is read.

        Behind an `else` that leaves, it has a value.
        """
        self._forget_variable(name)
        if name is None or otherwise is None:
            return
        action = otherwise.action
        if not isinstance(action, ast.Block) or has_no_path_behind(action, self.program):
            self._note_present(name)

    def _check_typing(self, statement: ast.TypeStmt) -> None:
        value = statement.value
        if isinstance(value, ast.DayExpr) or self._is_today(value):
            from .typed import check_typed_day

            check_typed_day(self.scope, statement)
        elif isinstance(statement.value, ast.Ref):
            type_ = resolve_ref(self.scope, statement.value, places.TYPED)
            if statement.display is not None:
                from .typed import check_display

                check_display(self.scope, statement.display, type_)
            note_typed(self.program, self.scope.module.module, statement.value)
        elif "$" in self.source.text[value.start : value.end]:
            from .typed import check_typed_signs

            check_typed_signs(self.scope, statement)
        self._texts(statement)

    def _is_today(self, value: ast.Ref | ast.Text) -> bool:
        """Whether a value is `today`; most values are excluded by a quick test."""
        if not isinstance(value, ast.Ref) or value.name.text != TODAY:
            return False
        from .typed import is_today

        return is_today(self.scope, value)

    def _check_extract(self, statement: ast.ExtractStmt) -> None:
        self._texts(statement)
        self._otherwise(statement.otherwise)
        self._set_by_reading(statement.name, statement.otherwise)
        if not statement.background:
            return
        span = self._span(statement.name)
        self.background[statement.name.text] = span
        if statement in self.program.set_outputs:
            self.background_outputs.setdefault(statement.name.text, statement.name.text)
            others = (name_set_by(each) for each in self.every if each is not statement)
            if any(name is not None and name.text == statement.name.text for name in others):
                self._report_background(
                    span, "is set elsewhere, too, and no agent knows which is last"
                )
        if self.task:
            self._report_background(span, "stands in a task, whose result is needed at once")
        elif self.counting:
            self._report_background(span, f"stands in a `{self.counting[-1][0]}`")
        elif statement.otherwise is not None:
            self._report_background(span, "has an `else`, which would need its result at once")

    def _report_background(self, span: Span, problem: str) -> None:
        self.scope.report(errors.BACKGROUND_EXTRACT, span, name=span.text, problem=problem)

    def _check_background_uses(self, statement: ast.Stmt) -> None:
        """Report uses of background extracts other than as the whole value of an `emit`.

        An output may be set from only one of them: no agent knows which of two finished last.
        """
        if isinstance(statement, ast.AnnotatedStmt):
            return
        for ref in refs_outside_blocks(statement):
            if ref.name.text not in self.background:
                continue
            problem = "is used other than as the whole value of an `emit`"
            symbol = self.scope.symbols.get(ref.name.text)
            if symbol is not None and symbol.is_output:
                problem = "is an output, which nothing may read before the run has ended"
            elif isinstance(statement, ast.EmitStmt) and _is_whole(statement, ref):
                output = statement.name.text
                other = self.background_outputs.setdefault(output, ref.name.text)
                if other == ref.name.text:
                    continue
                problem = (
                    f"is emitted to `{output}` as `{other}` is, and no agent knows which came last"
                )
            self.scope.report(
                errors.BACKGROUND_EXTRACT,
                ref,
                name=ref.name.text,
                problem=problem,
                labels=(Label(self.background[ref.name.text], "read in background here"),),
            )

    def _emit(self, statement: ast.EmitStmt) -> None:
        name = statement.name.text
        symbol = self.scope.symbols.get(name)
        target = self._emit_target(statement.name)
        wanted = UNKNOWN if target is None else target.type
        what = f"{self.targets.noun} `{name}`"
        if statement.append:
            self._check_append(statement, wanted, what)
        else:
            if isinstance(strip_optional(wanted), ListOf):
                self._check_overwritten(statement)
            value, place = statement.value, places.VALUE
            check_value(self.scope, value, wanted, place, what, target)
        if symbol is not None and symbol.is_output:
            self._note_set(statement)

    def _check_overwritten(self, statement: ast.EmitStmt) -> None:
        """Warn about a list that each pass of a loop replaces, unless the pass ends the loop."""
        if not self.passes or leaves_after(self.passes[-1], statement):
            return
        kind, span = next(each for each in reversed(self.counting) if each[0] != "retry")
        way = f"emit it after the `{kind}`"
        if kind == "for":
            way = f"write `+=` to add to it, or {way}"
        self.scope.report(
            errors.LIST_OVERWRITTEN,
            statement.name,
            name=statement.name.text,
            kind=kind,
            help=way,
            labels=(Label(span, f"the `{kind}`"),),
        )

    def _emit_target(self, name: ast.Name) -> FieldType | None:
        fields = self.targets.fields
        if fields is None:
            return None
        field = self._emitted.get(name.text)
        if field is not None:
            return field
        names = self.program.names_of(self.targets, lambda: self._emitted)
        spec, noun = errors.UNKNOWN_EMIT_TARGET, self.targets.noun
        self.program.report_unknown(spec, self._span(name), noun, names, name=name.text, noun=noun)
        return None

    def _check_keep(self, statement: ast.KeepStmt) -> None:
        """Check a value that is kept, or an entry that is appended to a kept list."""
        name = statement.name.text
        symbol = self.scope.symbols.get(name)
        wanted = UNKNOWN if symbol is None or symbol.kind != RUNTIME else symbol.type
        if statement.type is not None:
            wanted = self.program.declared_types.get(statement.type, UNKNOWN)
        what = f"`{name}`"
        if statement.append:
            self._check_append(statement, wanted, what)
        else:
            check_value(self.scope, statement.value, wanted, places.VALUE, what)
        self._note_set(statement)

    def _check_append(self, statement: ast.EmitStmt | ast.KeepStmt, type_: Type, what: str) -> None:
        """Check what `+=` adds to a list: an entry, or every entry of another list.

        Where an entry may be a list, anything or missing, a list is one entry.
        """
        program, scope, value = self.program, self.scope, statement.value
        entry = self._entry_type(statement.name, type_)
        plain = not isinstance(entry, ListOf | Optional | Unknown) and entry != ANY
        if plain and isinstance(value, ast.ListExpr):
            program.whole_appends.add(statement)
            check_value(scope, value, ListOf(entry), places.VALUE, what)
        elif plain and isinstance(value, ast.Ref):
            found = infer_type(scope, value, places.VALUE)
            if is_assignable(found, Optional(ListOf(entry))):
                program.whole_appends.add(statement)
                entry = Optional(ListOf(entry))
            check_fit(scope, value, found, entry, places.VALUE, f"an entry of {what}")
            if isinstance(inner := strip_optional(entry), RecordOf | ListOf):
                program.wanted_types[value] = inner
        else:
            check_value(scope, value, entry, places.VALUE, f"an entry of {what}")

    def _entry_type(self, name: ast.Name, type_: Type) -> Type:

        inner = strip_optional(type_)
        if isinstance(inner, ListOf):
            return inner.element
        if not isinstance(inner, Unknown) and inner != ANY:
            self.scope.report(
                errors.APPEND_TO_SCALAR, name, name=name.text, type=describe_type(type_)
            )
        return UNKNOWN

    def _check_if(self, statement: ast.IfStmt) -> None:
        before = self.scope.present
        for branch in statement.branches:
            facts = check_condition(self.scope, branch.condition)
            self._block_with(branch.body, facts.when_true)
            self.scope.present |= facts.when_false
        leave = all(has_no_path_behind(branch.body, self.program) for branch in statement.branches)
        if statement.otherwise is not None:
            self._block(statement.otherwise)
        else:
            conditions = [branch.condition for branch in statement.branches]
            complete = asks_for_all(self.program, before, conditions)
            # If it is undecidable, choose the result that causes no further findings.
            if complete or (complete is None and len(conditions) > 1 and not leave):
                self.program.complete.add(statement)
        if statement.otherwise is not None or not leave:
            self.scope.present &= before

    def _check_match(self, statement: ast.MatchStmt) -> None:
        before = self.scope.present
        fits = check_match(self.scope, statement)
        for branch in statement.branches:
            self._block_with(branch.body, frozenset((presence_key(statement.operand),)))
        if statement.otherwise is not None:
            self._block(statement.otherwise)
        # After an erroneous `match`, nothing more is reported.
        elif fits or not all(
            has_no_path_behind(each.body, self.program) for each in statement.branches
        ):
            self.program.complete.add(statement)
        self.scope.present &= before

    def _check_for(self, statement: ast.ForStmt) -> None:
        span = keyword_span(statement, self.source)
        element = entries_of(self.scope, statement)
        if statement.limit is not None:
            check_loop_bound(self.scope, statement.limit)
            check_some_list_fits(self.program, self.source, statement)
        symbol = ValueSymbol(LOOP, statement.variable.text, element, self._span(statement.variable))
        declared = self.scope.declare(symbol)
        self.program.iterables[symbol] = statement.iterable
        self.counting.append(("for", span))
        before = self.scope.present
        if isinstance(statement.iterable, ast.Ref):
            self.scope.present |= {entries_key(statement.iterable, 1)}
        self._forget_what_passes_set(statement.body)
        self.passes.append(statement.body)
        self._block(statement.body)
        self._forget_variable(statement.reason)
        if statement.failure is not None:
            self._block(statement.failure)
        self.scope.present &= before
        self.passes.pop()
        self.counting.pop()
        if declared:
            self.scope.end_loop(symbol)

    def _check_rounds(self, statement: ast.WhileStmt | ast.RepeatStmt) -> None:
        """Check a `while`, or a `repeat`, whose condition knows what the body has proven."""
        span = keyword_span(statement, self.source)
        looks_first = isinstance(statement, ast.WhileStmt)
        if statement.limit is None:
            after = "the condition" if looks_first else "`repeat`"
            self.scope.report(errors.MISSING_BOUND, span, statement=span.text, after=after)
        else:
            check_loop_bound(self.scope, statement.limit)
        check_duration(self.scope, statement.delay)
        self._forget_what_passes_set(statement.body)
        facts = NO_FACTS
        if looks_first:
            facts = check_condition(self.scope, statement.condition)
        self.counting.append((span.text, span))
        self.passes.append(statement.body)
        if looks_first:
            self._block_with(statement.body, facts.when_true)
            over = facts.when_false
        else:
            self._block(statement.body)
            over = check_condition(self.scope, statement.condition).when_true
        self.passes.pop()
        self.counting.pop()
        check_may_end(self.program, self.source, statement)
        self._otherwise(statement.otherwise)
        action = statement.otherwise.action if statement.otherwise is not None else None
        if (
            action is None
            or not isinstance(action, ast.Block)
            or has_no_path_behind(action, self.program)
        ):
            self.scope.present |= over

    def _check_retry(self, statement: ast.RetryStmt) -> None:
        span = keyword_span(statement, self.source)
        check_bound(self.scope, statement.attempts)
        check_duration(self.scope, statement.delay)
        self._forget_what_passes_set(statement.body)
        before = self.scope.present
        self.counting.append(("retry", span))
        self._block_keeping_facts(statement.body)
        self.counting.pop()
        if statement.otherwise is not None:
            proven, self.scope.present = self.scope.present, before
            self._block(statement.otherwise)
            if has_no_path_behind(statement.otherwise, self.program):
                self.scope.present = proven

    def _forget_what_passes_set(self, body: ast.Block) -> None:
        """Forget the facts about variables that `body` sets: a later pass has other values."""
        if not self.scope.present:
            return
        outputs = {symbol.name for symbol in self.scope.symbols.values() if symbol.is_output}
        set_names = {
            name.text
            for each in self.program.statements(body)
            if (name := name_set_by(each))
            if type(each) is not ast.EmitStmt or name.text in outputs
        }
        self.scope.present = frozenset(key for key in self.scope.present if key[0] not in set_names)


def _is_whole(statement: ast.EmitStmt, ref: ast.Ref) -> bool:
    return statement.value is ref and not ref.path and not statement.append
