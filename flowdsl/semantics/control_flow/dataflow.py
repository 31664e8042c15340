"""Data flow analysis: variables set, outputs emitted and statements reached on every path.

This is a forward "must" analysis. A state holds what every path to a place has done. Each statement
transforms the state before it into the state after it; the state is None where no path continues.
Where paths meet, the result is the intersection of their states; paths that have ended do not
count.

An example, with the variables that are set after each line:

    extract name: string from "the name"           {name}
    if sees "a warning" {
      extract reason: string from "the warning"    {name, reason}
    }                                              {name}, which holds with and without the branch
    do "Type {name} and {reason}"              error: `reason` is set on 1 of 2 paths to here

The outputs of a workflow, and the fields of a task's result, are variables with two differences: no
pass of a loop empties them, and a failed attempt gives each the value from before its `retry`.

The body of a `for` may run zero times unless its list is known to hold something, that of a `while`
always may, and that of a `repeat` never: its `until` reads what the round has set. Each pass of any
loop begins with the variables of its body emptied; variables that a `keep` outside of it declares
retain their value. After a `retry`, either its body or its `else` has run to the end. The `else`
starts where an attempt failed, at a `fail` or before anything that can fail by itself, and without
the variables of the body.

If the program has secrets, the contents of fields on the screen are tracked as well, in loops up to
a fixed point (`provenance.typed_fields`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import SETTERS, keyword_span, variable_set_by

from .. import errors
from ..calls.summaries import Summaries, summary_of
from ..model import CONST, RUNTIME, WorkflowSymbol
from ..program import Program
from ..provenance.typed_fields import NO_FIELDS, Fields, FieldTracker, FieldUse, next_pass
from ..traversal import KeptVariables, RefIndex, refs_outside_blocks
from ..types import FieldType, Optional
from .leaving import failure_words, needs_value, runs_always

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .findings import FlowFindings


class Done(Record):
    """The state of the analysis: what every path to a place has done.

    `variables` and `outputs` are set on every path; `fields` is what fields on the screen may hold
    after any of them.
    """

    variables: frozenset[str]
    outputs: frozenset[str]
    fields: Fields

    def set(self, name: str) -> Done:
        return Done(self.variables | {name}, self.outputs, self.fields.after_setting(name))

    def without(self, names: frozenset[str]) -> Done:
        """Return the state after some variables are emptied."""
        return Done(self.variables - names, self.outputs, self.fields)

    def emit(self, name: str) -> Done:
        return Done(self.variables, self.outputs | {name}, self.fields.after_setting(name))

    def losing(self, name: str) -> Done:
        """Return the state after a variable or an output loses its value."""
        names = frozenset((name,))
        return Done(self.variables - names, self.outputs - names, self.fields)

    def taking_back(self, outputs: frozenset[str]) -> Done:
        """Return the state after a failed attempt, which had `outputs` before it."""
        return Done(self.variables, outputs, self.fields)

    def hold(self, fields: Fields) -> Done:
        return self if fields is self.fields else Done(self.variables, self.outputs, fields)

    def meet(self, other: Done) -> Done:
        return Done(
            self.variables & other.variables,
            self.outputs & other.outputs,
            self.fields.meet(other.fields),
        )


State: TypeAlias = Done | None


def meet_states(states: Iterable[State]) -> State:
    """Return the state where several paths meet; None if none of them continues."""
    result: State = None
    for state in states:
        if result is None:
            result = state
        elif state is not None:
            result = result.meet(state)
    return result


class Follower:
    """Follows the paths of one body.

    `summaries` are those of the tasks that the body calls, `fields` tracks secrets that are typed
    into fields (None if that is not needed), `reads` has the references to runtime variables, and
    `outputs` are what `emit` can set.

    After `follow`, `failed` is what all failing paths have done (None if none fails), `aborts` says
    whether any path ends in an `abort`, and `finishes` maps each place where a path may end in a
    `finish` to what every path to it has done. While `quiet` is set, nothing is reported.
    """

    def __init__(
        self,
        program: Program,
        source: SourceFile,
        body: ast.Block,
        summaries: Summaries,
        fields: FieldTracker | None,
        reads: RefIndex,
        outputs: tuple[FieldType, ...],
    ) -> None:
        self.program = program
        self.source = source
        self.body = body
        self.summaries = summaries
        self.fields = fields
        self.reads = reads
        self.emptied: frozenset[str] = frozenset()
        self._reports: FlowFindings | None = None
        self.failed: State = None
        self.aborts = False
        self.finishes: dict[ast.FinishStmt | ast.CallStmt, Done] = {}
        self.quiet = False
        self._fixed_points: dict[ast.Block, list[tuple[Fields, Fields]]] = {}
        self._set: list[ast.Name] = []
        self._typed: set[str] = set()
        self._set_from_start = {each.name for each in outputs if each.default is not None}
        for statement in program.statements(body):
            if type(statement) is ast.EmitStmt:
                if statement.append:
                    self._set_from_start.add(statement.name.text)
            elif type(statement) in SETTERS:
                name = variable_set_by(statement)
                if name is not None:
                    self._set.append(name)
                    if type(statement) is not ast.KeepStmt or statement.type is not None:
                        self._typed.add(name.text)
        self._kept = KeptVariables(program.statements(body) if self._set else ())

    def _is_list_unset(self, name: str, state: Done) -> bool:
        """Whether a `+=` that is to be reported appends to a list that some path leaves unset."""
        return not self.quiet and name not in state.variables and name in self._typed

    def _set_afresh(self, passes: ast.Block) -> frozenset[str]:
        """Return the runtime variables that are emptied before each pass of a loop.

        These are the ones that the loop sets, except those that a `keep` outside of it declares.
        """
        return frozenset(
            name.text
            for name in self._set
            if passes.start <= name.start < passes.end
            and not self._kept.outlives(name.text, passes)
        )

    def follow(self) -> State:
        """Return what every path has done when the body ends.

        Reads of unset variables and unreachable statements are reported on the way.
        """
        return self._follow_block(
            self.body, Done(frozenset(), frozenset(self._set_from_start), NO_FIELDS)
        )

    def _follow_block(self, block: ast.Block, state: State) -> State:
        """Return the state after a block; statements that no path reaches are reported."""
        previous: ast.Stmt | None = None
        for statement in block.statements:
            if state is None:
                ended = (
                    ()
                    if previous is None
                    else (Label(self._keyword_of_statement(previous), "no path goes on"),)
                )
                if not self.quiet:
                    at = self._keyword_of_statement(statement)
                    self.program.sink.report(errors.UNREACHABLE, at, labels=ended)
                return None
            state = self._follow_statement(statement, state)
            previous = statement
        return state

    def _keyword_of_statement(self, statement: ast.Stmt) -> Span:
        return keyword_span(statement, self.source)

    def _follow_statement(self, statement: ast.Stmt, state: Done) -> State:
        """Return the state after one statement, given the state before it."""
        match statement:  # the most frequent statements first
            case ast.DoStmt():
                self._read(statement, state)
                return state
            case ast.PressStmt() | ast.WaitStmt():
                return state
            case ast.StepStmt(title=title, body=body):
                self._read(title, state)
                return self._follow_block(body, state)
            case ast.IfStmt() | ast.MatchStmt():
                return self._follow_branches(statement, state)
            case ast.TypeStmt() | ast.ClearStmt():
                self._read(statement, state)
                filled = self._follow_typing(statement, state)
                if statement in self.program.typed_days:
                    return self._follow_else(None, state, filled)
                return filled
            case ast.EmitStmt(name=name, value=value):
                self._read(value, state)
                return state.emit(name.text)
            case ast.KeepStmt(name=name, value=value):
                self._read(value, state)
                if statement.append and self._is_list_unset(name.text, state):
                    self._collect_findings().report_unset(name, name.text, self.emptied)
                return state.set(name.text)
            case (
                ast.ExtractStmt(source=text, otherwise=otherwise, name=name)
                | ast.CopyStmt(source=text, otherwise=otherwise, name=name)
            ):
                self._read(text, state)
                if self.fields is not None and not self.quiet:
                    self.fields.look(text, state.fields)
                done = self._after_setting(statement, name, state)
                fails = needs_value(self.program, statement)
                if isinstance(statement, ast.CopyStmt):  # whoever copies has lost what was there
                    state = state.losing(name.text)
                return self._follow_else(otherwise, state, done, fails=fails)
            case (
                ast.ExpectStmt(condition=text, otherwise=otherwise)
                | ast.WaitUntilStmt(condition=text, otherwise=otherwise)
                | ast.ChooseStmt(target=text, otherwise=otherwise)
            ):
                self._read(text, state)
                return self._follow_else(otherwise, state, state)
            case ast.AbortStmt() | ast.FinishStmt():
                self._read(statement, state)
                self.aborts = self.aborts or isinstance(statement, ast.AbortStmt)
                if isinstance(statement, ast.FinishStmt):
                    self.finishes[statement] = state
                return None
            case ast.FailStmt():
                self._read(statement, state)
                self._fail(state)
                return None
            case ast.CallStmt():
                return self._follow_call(statement, state)
            case ast.ForStmt():
                return self._follow_for(statement, state)
            case ast.RetryStmt():
                return self._follow_retry(statement, state)
            case ast.RunStmt(command=text, otherwise=otherwise, name=variable):
                self._read(text, state)
                done = self._after_setting(statement, variable, state)
                return self._follow_else(otherwise, state, done, fails=variable is not None)
            case ast.WhileStmt():
                return self._follow_while(statement, state)
            case ast.RepeatStmt():
                return self._follow_repeat(statement, state)
            case ast.CaptureStmt() | ast.ExportStmt() | ast.ImageStmt():
                self._read(statement, state)
                return state
            case ast.AnnotatedStmt(statement=inner):
                return self._follow_statement(inner, state)

    def _after_setting(self, statement: ast.Stmt, name: ast.Name | None, state: Done) -> Done:
        """Return the state after a statement sets what it names, a variable or an output."""
        if name is None:
            return state
        is_output = statement in self.program.set_outputs
        return state.emit(name.text) if is_output else state.set(name.text)

    def _follow_typing(self, statement: ast.TypeStmt | ast.ClearStmt, state: Done) -> Done:
        return (
            state if self.fields is None else state.hold(self.fields.fill(statement, state.fields))
        )

    def _follow_else(
        self, otherwise: ast.Otherwise | None, before: Done, after: Done, *, fails: bool = True
    ) -> State:
        """Return the state after a statement that either succeeds (`after`) or takes its `else`.

        The `else` starts from `before`. Without an `else`, a statement that `fails` continues at
        the `else` of the innermost `retry`.
        """
        if otherwise is None:
            if fails:
                self._fail(before)
            return after
        action = otherwise.action
        if isinstance(action, ast.Block):
            return meet_states((after, self._follow_block(action, before)))
        return meet_states((after, self._follow_statement(action, before)))

    def _follow_branches(self, statement: ast.IfStmt | ast.MatchStmt, state: Done) -> State:
        ends = []
        if isinstance(statement, ast.MatchStmt):
            self._read(statement.operand, state)
        for branch in statement.branches:
            if isinstance(branch, ast.IfBranch):
                self._read(branch.condition, state)
            ends.append(self._follow_block(branch.body, state))
        if statement.otherwise is not None:
            ends.append(self._follow_block(statement.otherwise, state))
        elif statement not in self.program.complete:
            ends.append(state)
        return meet_states(ends)

    def _follow_for(self, statement: ast.ForStmt, state: Done) -> State:
        self._read(statement.iterable, state)
        # Each pass starts with the variables of the body emptied, so that no entry reads a value of
        # an earlier one.
        own = self._set_afresh(statement.body)
        around, self.emptied = self.emptied, state.variables & own
        start = state.without(own)

        def follow_entry(start: Done) -> State:
            end = self._entry(statement, start, own)
            return None if end is None else end.hold(next_pass(end.fields))

        start = self._find_fixed_point(statement.body, start, follow_entry)
        end = self._entry(statement, start, own)
        self.emptied = around
        return end if runs_always(self.program, statement.iterable) else meet_states((end, state))

    def _entry(self, statement: ast.ForStmt, start: Done, own: frozenset[str]) -> State:
        """Return the state after one entry of a `for`: after its body, or after `on failure`."""
        if statement.failure is None:
            return self._follow_block(statement.body, start)
        outside = self._swap_failed(None)
        end = self._follow_block(statement.body, start)
        failed = self._swap_failed(outside)
        if failed is None:
            if not self.quiet:
                at = Span(self.source, statement.body.end, statement.failure.start)
                self.program.sink.report(errors.FOR_CANNOT_FAIL, failure_words(at))
            return end
        failing = failed.without(own)
        if statement.reason is not None:
            failing = failing.set(statement.reason.text)
        return meet_states((end, self._follow_block(statement.failure, failing)))

    def _fail(self, state: State) -> None:
        """Record that a path leads from here to the `else` of the innermost `retry`."""
        self.failed = meet_states((self.failed, state))

    def _swap_failed(self, state: State) -> State:
        """Collect failing paths from `state` on, and return those collected before."""
        collected, self.failed = self.failed, state
        return collected

    def _follow_while(self, statement: ast.WhileStmt, state: Done) -> State:
        start, _, failed = self._passes(statement.body, state, after_failure=False)
        self._fail(failed)
        self._read(statement.condition, start)
        return self._follow_else(statement.otherwise, start, start)

    def _follow_repeat(self, statement: ast.RepeatStmt, state: Done) -> State:
        """Return the state after a last round, which is what the condition and `else` read."""
        _, end, failed = self._passes(statement.body, state, after_failure=False)
        self._fail(failed)
        if end is None:
            return None
        self._read(statement.condition, end)
        return self._follow_else(statement.otherwise, end, end)

    def _follow_retry(self, statement: ast.RetryStmt, state: Done) -> State:
        aborts, self.aborts = self.aborts, False
        start, end, failed = self._passes(statement.body, state, after_failure=True)
        # An `abort` instead of a `fail` has a finding of its own: `abort-inside-retry`.
        if failed is None and not self.aborts and not self.quiet:
            self.program.sink.report(
                errors.RETRY_CANNOT_FAIL, self._keyword_of_statement(statement)
            )
        self.aborts = self.aborts or aborts
        if failed is not None:
            failed = failed.taking_back(state.outputs)
        if statement.otherwise is None:
            self._fail(failed)
            return end
        failing = (failed or start).without(self._set_afresh(statement.body))
        return meet_states((end, self._follow_block(statement.otherwise, failing)))

    def _passes(
        self, body: ast.Block, state: Done, *, after_failure: bool
    ) -> tuple[Done, State, State]:
        """Return the states before each pass of a body, after the last one, and where a pass fails.

        Another pass follows one that ended, or (`after_failure`) one that failed. One iteration is
        enough for variables, since those that a pass sets are emptied before the next.
        """
        own = self._set_afresh(body)
        around = self.emptied
        self.emptied = state.variables & own

        def follow_pass(start: Done) -> tuple[State, State]:
            outside = self._swap_failed(None)
            end = self._follow_block(body, start.without(own))
            return end, self._swap_failed(outside)

        start = self._find_fixed_point(body, state, lambda start: follow_pass(start)[after_failure])
        end, failed = follow_pass(start)
        self.emptied = around
        return meet_states((start, failed if after_failure else end)) or start, end, failed

    def _find_fixed_point(
        self, body: ast.Block, start: Done, follow: Callable[[Done], State]
    ) -> Done:
        """Return the state before any pass of a loop, given that before its first one.

        The contents of fields are iterated quietly to a fixed point: `follow` returns the state
        after one pass. Loops inside others are followed again and again, mostly from a state that
        is known already, so the fixed points are kept.
        """
        if self.fields is None:
            return start
        known = self._fixed_points.setdefault(body, [])
        for fields, fixed in known:
            if fields == start.fields:
                return start.hold(fixed)
        first = start.fields
        quiet, self.quiet = self.quiet, True
        outside = self.failed
        while (again := follow(start)) is not None:
            fields = start.fields.meet(again.fields)
            if fields == start.fields:
                break
            start = start.hold(fields)
        self.quiet, self.failed = quiet, outside
        known += ((first, start.fields), (start.fields, start.fields))
        return start

    def _follow_call(self, statement: ast.CallStmt, state: Done) -> State:
        self._read(statement, state)
        task = self.program.calls.get(statement)
        summary = summary_of(self.summaries, task)
        if summary.may_fail:
            self._fail(state)
        self.aborts = self.aborts or summary.aborts
        if summary.finishes:
            self.finishes[statement] = state
        if task is not None and self.fields is not None:
            use = summary.fields
            if not self.quiet:
                self.fields.look_in_call(statement, task, use, state.fields)
            state = state.hold(self.fields.after_call(statement, task, use, state.fields))
        if not summary.returns:
            return None
        return self._after_setting(statement, statement.result, state)

    def _returns(self, statement: ast.CallStmt) -> bool:
        return summary_of(self.summaries, self.program.calls.get(statement)).returns

    def field_use(self, end: State) -> FieldUse:
        """Return what the body does with fields, for its callers."""
        return FieldUse(
            NO_FIELDS if end is None else end.fields,
            self.fields.read if self.fields is not None else {},
        )

    def _read(self, node: ast.Node, state: Done) -> None:
        """Report the unset variables that `node` reads outside its blocks."""
        for ref in self.reads.within(node):
            symbol = self.program.values[ref]
            done = state.outputs if symbol.is_output else state.variables
            if symbol.name not in done and not self.quiet:
                self._collect_findings().report_unset(
                    ref, symbol.name, self.emptied, symbol.is_output
                )

    def read_at_end(self, node: ast.Node, end: State) -> None:
        """Report the unset variables that `node` reads after the run has finished successfully."""
        if end is not None:
            self._read(node, end)

    def report_missing_outputs(
        self,
        end: State,
        fields: tuple[FieldType, ...],
        places: Callable[[], dict[str, Span]],
        noun: str,
    ) -> None:
        """Report the required fields that not every path to `end` has emitted.

        Each is reported at its position in `places`; `noun` says what kind of field it is.
        """
        if end is None:
            return
        missing = _find_missing_fields(fields, end)
        at = places() if missing else {}
        for field in missing:
            self._collect_findings().report_missing_output(field, at[field.name], noun)

    def report_missing_at_finish(
        self, end: State, fields: tuple[FieldType, ...], places: Callable[[], dict[str, Span]]
    ) -> None:
        """Report the required outputs that some path to a `finish` has not emitted.

        An output that no path emits is reported once, at the end. `places` has the position of each
        output.
        """
        known = [] if end is None else _find_missing_fields(fields, end)
        for statement, state in self.finishes.items():
            for field in _find_missing_fields(fields, state):
                if field not in known or self._collect_findings().is_emitted(field.name):
                    place = places()[field.name]
                    self._collect_findings().report_missing_at_finish(statement, field, place)

    def _collect_findings(self) -> FlowFindings:
        if self._reports is None:
            from .findings import FlowFindings
            from .path_counts import Flow

            flow = Flow(
                partial(runs_always, self.program),
                self._returns,
                self.program.complete,
                self.program.typed_days,
            )
            self._reports = FlowFindings(self.program, self.source, self.body, flow)
        return self._reports


def _find_missing_fields(fields: Iterable[FieldType], state: Done) -> list[FieldType]:
    """Return the fields that need a value and lack one on some path to a place.

    One with a default has it from the start, and loses it where a copy finds nothing.
    """
    return [
        each
        for each in fields
        if each.name not in state.outputs
        if each.required or (each.default is not None and not isinstance(each.type, Optional))
    ]


def report_reads_in_rules(program: Program, workflow: WorkflowSymbol) -> None:
    """Report the runtime variables in `always`, which comes before any statement that sets one."""
    source = workflow.module.source
    for item in workflow.declaration.items:
        for rule in item.rules if isinstance(item, ast.AlwaysSection) else ():
            for ref in refs_outside_blocks(rule):
                symbol = program.values.get(ref)
                if symbol is not None and symbol.kind == RUNTIME:
                    program.sink.report(
                        errors.UNSET_RUNTIME_VARIABLE,
                        ref.span(source),
                        name=symbol.name,
                        why=(
                            "is read in a rule, and rules hold from the start, before anything "
                            "sets it"
                        ),
                        help="move the rule into a `do` behind the place that sets the variable",
                        labels=(Label(symbol.span, "set here, later"),),
                    )
                elif symbol is not None and symbol.kind != CONST and ref.counted is not None:
                    program.sink.report(
                        errors.MISPLACED_RUNTIME_VALUE,
                        ref.span(source),
                        name=f"count of {symbol.name}",
                        place="a standing rule",
                        allowed="inputs, consts and `env`",
                    )
