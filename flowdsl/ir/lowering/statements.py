"""From AST to IR: statements. Tasks are inlined, names made unique, every `fail` resolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeGuard, assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics import types
from flowdsl.semantics.names.paths import field_of
from flowdsl.semantics.traversal import inner_blocks, output_set_by, type_read_by
from flowdsl.source.record import Record, replace
from flowdsl.syntax import ast, visit
from flowdsl.syntax.statements import leaving_else, single_look, variable_set_by

from .. import nodes
from ..days import ISO, command_of, day_format_words
from ..facts import names_in
from ..images import image_extension, image_hash
from .decisions import decide_condition, simplify_condition
from .outputs import OutputPlan, find_used_outputs
from .types import to_json
from .values import (
    LOOP_ITEM,
    Frame,
    ValueLowering,
    command_failed,
    holds_unspelled,
    join_pieces,
    literal_text,
    negate_condition,
    not_come,
    only_reference,
    origin_of,
    result_object,
    single_variable,
    stored_value,
    unmet_reason,
    variable_value,
)

DEFAULT_TIMEOUT_MILLISECONDS = 60_000
"""How long `wait until` waits if the source does not say."""

ENTRIES = "entries"
"""Preferred name of the variable that stores the list of a loop."""

BEFORE = "_before"
"""Suffix of the variable that stores the value of an output from before an attempt."""


class Names:
    """The variable names of one workflow; `fresh` gives out each name once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {LOOP_ITEM, *taken}

    def fresh(self, wanted: str) -> str:
        """Return `wanted`, or the first of `wanted_2`, `wanted_3`, ... that is free."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def is_free(self, name: str) -> bool:
        return name not in self._taken

    def taken(self) -> tuple[str, ...]:
        return tuple(sorted(self._taken))


class BodyLowering:
    """Lowers the statements of one workflow.

    `stored` maps each output with a variable of its own to it. After `body`, `input_bounds` are the
    bounds that loops put on lists among the inputs, `bounding_inputs` the inputs that are used as
    bounds.
    """

    def __init__(
        self,
        values: ValueLowering,
        names: Names,
        plans: dict[str, OutputPlan],
        stored: dict[str, str],
        declaration: ast.WorkflowDecl,
    ) -> None:
        self.values = values
        self.names = names
        self.plans = plans
        self.stored = stored
        self.declaration = declaration
        self.input_bounds: dict[str, int] = {}
        self.bounding_inputs: set[str] = set()
        self._entries_of_inputs: set[tuple[str, int]] = set()
        """Where loop variables are declared whose lists are inputs or parts of inputs."""
        self._tasks: dict[semantic.TaskSymbol, Locals] = {}
        self._earlier: dict[str, list[str]] = {}
        self._in_attempt: list[str] = []
        self._loops = 0
        self._taken: dict[tuple[semantic.TaskSymbol, str], str] = {}
        self._counts: list[nodes.Assignment] = []
        """The numbers of entries that the current statement uses."""
        values.count = self._store_count

    def make_prologue(self, frame: Frame) -> nodes.Body:
        """Make the statements that initialise outputs; call it after `body` has been lowered.

        Outputs that collect entries start as empty lists, outputs with a default start with it, and
        those whose value a failed attempt may have to restore start as missing.
        """
        missing = nodes.ConstantValue(value=None)
        return _make_store(
            nodes.Assignment(
                variable=self.stored[name],
                value=nodes.ConstantValue(value=[])
                if plan.append
                else frame.initial.get(name, missing),
                origin=origin_of(
                    frame.source,
                    plan.emission.statement if plan.emission else self.declaration.name,
                ),
            )
            for name, plan in self.plans.items()
            if name in self.stored
            if plan.append or name in frame.initial or self.stored[name] in self._earlier
        )

    def body(self, block: ast.Block, frame: Frame) -> nodes.Body:
        lowered: list[nodes.Statement] = []
        for statement in block.statements:
            lowered += self.statement(statement, frame)
        return tuple(lowered)

    def statement(self, statement: ast.Stmt, frame: Frame) -> nodes.Body:
        """Lower a statement; the lists whose entries it counts are counted before it."""
        around, self._counts = self._counts, []
        lowered = tuple(self._lower_statement(statement, frame))
        counts, self._counts = self._counts, around
        return _make_store(counts) + lowered if counts else lowered

    def _store_count(self, ref: ast.Ref, frame: Frame) -> nodes.Value:
        """Return the number of entries of a list, in a variable if the list is not known."""
        counted = self.values.find_counted(ref, frame)
        if isinstance(counted, nodes.ConstantValue):
            return counted
        known = next((each for each in self._counts if each.value == counted), None)
        if known is None:
            listed = single_variable(counted.items)
            name = "entries" if listed is None else str((listed.name, *listed.path)[-1])
            variable = self.names.fresh(f"number_of_{name}")
            origin = origin_of(frame.source, ref)
            known = nodes.Assignment(variable=variable, value=counted, origin=origin)
            self._counts.append(known)
        return replace(variable_value(known.variable), json=True)

    def _lower_statement(self, statement: ast.Stmt, frame: Frame) -> Iterator[nodes.Statement]:
        origin = origin_of(frame.source, statement)
        match statement:
            case ast.AnnotatedStmt():
                yield from self.statement(statement.statement, frame)
            case ast.StepStmt():
                yield from self._lower_step(statement, frame, origin)
            case ast.DoStmt():
                yield nodes.Do(origin=origin, text=self.values.lower_prose(statement.text, frame))
            case ast.ChooseStmt():
                target = self.values.line(statement.target, frame)
                yield nodes.Choose(
                    origin=origin,
                    target=target,
                    model=_string_value_of(statement.model),
                    otherwise=self._lower_otherwise(
                        statement.otherwise, unmet_reason(target), frame, origin
                    ),
                )
            case ast.TypeStmt():
                if statement in self.values.model.typed_days:
                    yield from self._type_day(statement, frame, origin)
                else:
                    yield from self._lower_type(statement, frame, origin)
            case ast.ClearStmt():
                yield nodes.Clear(origin=origin, target=self.values.line(statement.target, frame))
            case ast.PressStmt():
                yield nodes.Press(
                    origin=origin,
                    keys=statement.keys.value.lower(),
                    times=statement.times.value if statement.times else 1,
                )
            case ast.WaitStmt():
                yield nodes.Wait(origin=origin, milliseconds=statement.duration.milliseconds)
            case ast.WaitUntilStmt():
                written, timeout = statement.condition, statement.timeout
                awaited: nodes.Text | nodes.Condition = (
                    self.values.line(written, frame)
                    if isinstance(written, ast.Text)
                    else self.values.condition(written, frame)
                )
                yield nodes.WaitUntil(
                    origin=origin,
                    condition=awaited,
                    timeout_milliseconds=timeout.milliseconds
                    if timeout
                    else DEFAULT_TIMEOUT_MILLISECONDS,
                    otherwise=self._lower_otherwise(
                        statement.otherwise, not_come(awaited), frame, origin
                    ),
                )
            case ast.ExtractStmt():
                yield self._lower_extract(statement, frame, origin)
            case ast.CopyStmt():
                yield from self._lower_copy(statement, frame, origin)
            case ast.EmitStmt():
                yield from self._emit(statement, frame, origin)
            case ast.KeepStmt():
                variable = frame.variables[statement.name.text]
                value = self._lower_stored(statement, frame)
                yield from self._keep(statement, variable, value, origin)
            case ast.ExpectStmt():
                condition = self.values.line(statement.condition, frame)
                yield nodes.Expect(
                    origin=origin,
                    condition=condition,
                    otherwise=self._lower_otherwise(
                        statement.otherwise, unmet_reason(condition), frame, origin
                    ),
                )
            case ast.CaptureStmt():
                yield nodes.Capture(origin=origin, file=self.values.line(statement.file, frame))
            case ast.ExportStmt():
                yield nodes.Export(origin=origin, file=self.values.line(statement.file, frame))
            case ast.ImageStmt():
                yield self._lower_picture(statement, frame, origin)
            case ast.RunStmt():
                yield self._lower_run(statement, frame, origin)
            case ast.IfStmt() | ast.MatchStmt():
                yield from self._lower_choice(statement, frame, origin)
            case ast.ForStmt():
                yield from self._loop(statement, frame, origin)
            case ast.WhileStmt() | ast.RepeatStmt():
                yield self._lower_rounds(statement, frame, origin)
            case ast.RetryStmt():
                yield from self._lower_retry(statement, frame, origin)
            case ast.CallStmt():
                yield from self._lower_call(statement, frame, origin)
            case ast.FailStmt():
                yield _lower_fail(self.values.line(statement.reason, frame), frame, origin)
            case ast.AbortStmt():
                reason = self.values.line(statement.reason, frame)
                yield nodes.Leave(origin=origin, action="abort", reason=reason)
            case ast.FinishStmt():
                reason = self.values.line(statement.reason, frame)
                yield nodes.Leave(origin=origin, action="finish", reason=reason)
            case _:
                assert_never(statement)

    def _lower_step(
        self, statement: ast.StepStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Body:
        """Lower a step, to its statements alone if no prompt shows its title.

        A prompt shows a title only above lines that begin in the first column, and only if it is
        fully known before the run. Otherwise the prompt is that of the source without the step.

            for row in rows {               1. Use start_loop with text="{rows}" and do ...:
              step "Open the row" {            1.1 Press enter.
                press "Enter"
              }
            }
        """
        title = self.values.line(statement.title, frame)
        variables = (piece for piece in title if isinstance(piece, nodes.Variable))
        if frame.inside or any(piece.sigil != "input" for piece in variables):
            return self.body(statement.body, frame)
        body = self.body(statement.body, frame.within())
        return (nodes.Step(origin=origin, title=title, body=body, description=statement.doc),)

    def _lower_choice(
        self, statement: ast.IfStmt | ast.MatchStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Body:
        """Lower a choice without the branches that constants decide."""
        branches: list[nodes.Branch] = []
        # What is decided is lowered, too: it takes names, and bounds the inputs it loops over.
        certain: nodes.Body | None = None
        for branch in statement.branches:
            place, condition = self._lower_branch_condition(statement, branch, frame)
            holds = decide_condition(condition)
            body = self.body(branch.body, frame if holds and not branches else frame.within())
            if certain is not None or holds is False:
                continue
            if holds:
                certain = body
            else:
                where, left = origin_of(frame.source, place), simplify_condition(condition)
                branches.append(nodes.Branch(origin=where, condition=left, body=body))
        otherwise: nodes.Body = ()
        if statement.otherwise is not None:
            otherwise = self.body(statement.otherwise, frame.within() if branches else frame)
        if certain is not None:
            otherwise = certain
        complete = statement in self.values.model.complete
        if not branches:
            return otherwise
        return (
            nodes.If(
                origin=origin, branches=tuple(branches), otherwise=otherwise, complete=complete
            ),
        )

    def _lower_branch_condition(
        self,
        statement: ast.IfStmt | ast.MatchStmt,
        branch: ast.IfBranch | ast.MatchBranch,
        frame: Frame,
    ) -> tuple[ast.Node, nodes.Condition]:
        """Return where a branch says its condition, and the condition."""
        if isinstance(branch, ast.IfBranch):
            if isinstance(statement, ast.IfStmt) and statement.expected:
                assert isinstance(branch.condition, ast.NotExpr)
                expected = self.values.condition(branch.condition.operand, frame)
                return branch.condition, negate_condition(expected)
            return branch.condition, self.values.condition(branch.condition, frame)
        assert isinstance(statement, ast.MatchStmt)
        condition = self.values.lower_match_case(statement.operand, branch.values, frame)
        return branch.values[0], condition

    def _lower_type(
        self, statement: ast.TypeStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        """Lower a `type`; a formatted optional value is typed only if it is present."""
        value = statement.value
        assert not isinstance(value, ast.DayExpr)
        text = (
            self.values.text(value, frame)
            if isinstance(value, ast.Text)
            else self.values.spelled(value, frame)
        )
        typed = nodes.TypeIn(
            origin=origin,
            value=text,
            display=_string_value_of(statement.display),
            over=statement.over,
            target=self.values.line(statement.target, frame),
        )
        ref = value if isinstance(value, ast.Ref) else only_reference(value)
        if typed.display is None or ref is None or not self.values.may_be_missing(ref):
            yield typed
            return
        if typed.over:
            yield nodes.Clear(origin=origin, target=typed.target)
        given = nodes.Not(operand=nodes.IsEmpty(operand=nodes.TextValue(text=text)))
        branch = nodes.Branch(origin=origin, condition=given, body=(replace(typed, over=False),))
        yield nodes.If(origin=origin, branches=(branch,), otherwise=())

    def _type_day(
        self, statement: ast.TypeStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        """Lower a typed date and its check (assumption `clipboard-of-the-desktop`)."""
        day = self.values.model.typed_days[statement]
        display = _string_value_of(statement.display) or ISO
        target = self.values.line(statement.target, frame)
        yield nodes.TypeDay(
            origin=origin, command=command_of(day, display), over=statement.over, target=target
        )
        shown = join_pieces((*target, *literal_text(day_format_words(display))))
        yield nodes.Expect(
            origin=origin,
            condition=shown,
            otherwise=(_lower_fail(unmet_reason(shown), frame, origin),),
        )

    # Leaving

    def _lower_otherwise(
        self,
        otherwise: ast.Otherwise | None,
        reason: nodes.Text,
        frame: Frame,
        origin: nodes.Origin,
    ) -> nodes.Body:
        """Lower an `else`. Without one the statement fails with the default `reason`."""
        if otherwise is None:
            return (_lower_fail(reason, frame, origin),)
        action = otherwise.action
        if isinstance(action, ast.Block):
            return self.body(action, frame.within())
        return self.statement(action, frame.within())

    # Reading

    def _lower_extract(
        self, statement: ast.ExtractStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Statement:
        type_ = type_read_by(statement, self.values.model)
        source = self.values.line(statement.source, frame)
        common: dict[str, Any] = {
            "origin": origin,
            "variable": frame.variables[statement.name.text],
            "type": self.values.types.type(type_),
            "source": source,
            "model": _string_value_of(statement.model),
        }
        if statement.background:
            return nodes.BackgroundExtract(**common)
        return nodes.Extract(
            otherwise=self._when_missing(type_, statement.otherwise, source, frame, origin),
            **common,
        )

    def _lower_copy(
        self, statement: ast.CopyStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        """Lower a `copy`; the value that names its source is stored for the check that follows."""
        variable = frame.variables[statement.name.text]
        type_ = type_read_by(statement, self.values.model)
        source = self.values.line(statement.source, frame)
        if any(_is_value_of(each, variable) for each in source):
            kept = self.names.fresh(f"{variable}{BEFORE}")
            yield _set_variable(kept, variable_value(variable), origin)
            source = tuple(
                replace(each, name=kept) if _is_value_of(each, variable) else each
                for each in source
            )
        yield nodes.Copy(
            origin=origin,
            variable=variable,
            type=self.values.types.type(type_),
            source=source,
            otherwise=self._when_missing(type_, statement.otherwise, source, frame, origin),
        )

    def _when_missing(
        self,
        type_: types.Type,
        otherwise: ast.Otherwise | None,
        own: nodes.Text,
        frame: Frame,
        origin: nodes.Origin,
    ) -> nodes.Body | None:
        if isinstance(type_, types.Optional) and otherwise is None:
            return None
        return self._lower_otherwise(otherwise, unmet_reason(own), frame, origin)

    def _lower_run(self, statement: ast.RunStmt, frame: Frame, origin: nodes.Origin) -> nodes.Run:
        type_ = None if statement.name is None else type_read_by(statement, self.values.model)
        command, otherwise = self.values.text(statement.command, frame), None
        if statement.otherwise is not None:
            otherwise = self._lower_otherwise(statement.otherwise, (), frame, origin)
        elif type_ is not None and not isinstance(type_, types.Optional):
            otherwise = (_lower_fail(command_failed(command), frame, origin),)
        return nodes.Run(
            origin=origin,
            command=command,
            variable=frame.variables[statement.name.text] if statement.name else None,
            type=self.values.types.type(type_) if type_ is not None else None,
            otherwise=otherwise,
        )

    # Keeping

    def _emit(
        self, statement: ast.EmitStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Store]:
        variable = frame.fields.get(statement.name.text)
        if variable is not None:
            value = self._lower_stored(statement, frame)
            if statement.append or value != variable_value(variable):  # read into it already
                yield from self._keep(statement, variable, value, origin)

    def _lower_stored(
        self, statement: ast.EmitStmt | ast.KeepStmt, frame: Frame
    ) -> nodes.Value | nodes.CountOf:
        """Lower what is stored; a number of entries needs no variable of its own."""
        if isinstance(statement.value, ast.CountExpr) and not statement.append:
            return self.values.find_counted(statement.value.counted, frame)
        return self.values.value(statement.value, frame)

    def _keep(
        self,
        statement: ast.EmitStmt | ast.KeepStmt,
        variable: str,
        value: nodes.Value | nodes.CountOf,
        origin: nodes.Origin,
    ) -> Iterator[nodes.Store]:
        """Store a value, add it to a list, or add every entry of it, of which there may be none."""
        every = statement in self.values.model.whole_appends
        if not every or value not in _NO_ENTRIES:
            kept = nodes.Assignment(
                variable=variable,
                append=statement.append,
                every=every,
                value=value,
                origin=origin,
            )
            yield nodes.Store(origin=origin, assignments=(kept,))

    def _lower_picture(
        self, statement: ast.ImageStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Picture:
        content = self.values.image(statement, frame.source)
        return nodes.Picture(
            origin=origin,
            sha256=image_hash(content),
            extension=image_extension(content),
            alternative=statement.path.value.rpartition("/")[2],
            shows=self.values.line(statement.shows, frame) if statement.shows else None,
        )

    # Repeating

    def _lower_bound(self, bound: ast.IntLit | ast.ConstRef | None) -> nodes.Limit:
        assert bound is not None, "a missing bound reached lowering"
        symbol = self.values.model.values.get(bound) if isinstance(bound, ast.ConstRef) else None
        if symbol is not None and symbol.kind == semantic.INPUT:
            assert symbol.field is not None
            self.bounding_inputs.add(symbol.field.wire_name)
            return nodes.Variable(sigil="input", name=symbol.field.wire_name)
        return self._number(bound)

    def _number(self, bound: ast.IntLit | ast.ConstRef) -> int:
        value = self.values.constant(bound)
        assert isinstance(value, int)
        return value

    def _loop(
        self, statement: ast.ForStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        iterable = statement.iterable
        items = self.values.value(iterable, frame)
        optional = isinstance(iterable, ast.Ref) and self.values.may_be_missing(iterable)
        limit = self._lower_bound(statement.limit) if statement.limit is not None else None
        field = field_of(self.values.model, iterable) if isinstance(iterable, ast.Ref) else None
        declared = field.constraints.max_items if field else None
        if limit is None:
            limit = declared
        variable = single_variable(items)
        counted = limit is not None and variable is not None
        if isinstance(iterable, ast.Ref) and self._is_part_of_input(iterable):
            place = statement.variable.span(frame.source)
            self._entries_of_inputs.add((place.path, place.start))
            # `input_schema` allows no more entries.
            if isinstance(limit, int) and declared is not None and declared <= limit:
                counted = False
        if (
            isinstance(limit, int)
            and variable is not None
            and variable.sigil == "input"
            and not variable.path
        ):
            self.input_bounds[variable.name] = min(
                limit, self.input_bounds.get(variable.name, limit)
            )
            counted = False
        if isinstance(limit, int) and _find_known_length(items) > limit:
            yield nodes.Leave(origin=origin, action="abort", reason=too_many(limit))
            return
        if isinstance(limit, nodes.Variable) and variable is None:
            yield _fewer_allowed(_find_known_length(items), limit, origin)
        if optional and variable is not None:
            entries = self.names.fresh(ENTRIES)
            yield _keep_list_or_empty(items, entries, origin)
            items = nodes.TextValue(text=(nodes.Variable(sigil="runtime", name=entries),))
        name = statement.variable.text
        self._loops += 1
        entry = f"entry {self._loops}"  # no variable has such a name; `placing` gives the real one
        inner = frame.within(passes=True, entries={name: entry})
        yield nodes.Loop(
            origin=origin,
            variable=name,
            items=items,
            limit=limit,
            counted=counted,
            body=self._lower_loop_entry(statement, inner),
            entry=entry,
            flat=self._is_flat(iterable),
        )

    def _is_flat(self, iterable: ast.Expr) -> bool:
        """Whether entries of a list may be scalars, that is, neither objects nor lists."""
        if isinstance(iterable, ast.ListExpr):
            return any(
                not isinstance(each, ast.ObjectExpr | ast.ListExpr) for each in iterable.items
            )
        if not isinstance(iterable, ast.Ref):
            return True
        type_ = types.strip_optional(self.values.model.ref_types[iterable])
        element = type_.element if isinstance(type_, types.ListOf) else types.ANY
        return not isinstance(types.strip_optional(element), types.RecordOf | types.ListOf)

    def _is_part_of_input(self, ref: ast.Ref) -> bool:
        """Whether a reference names an input, an entry of a loop over an input, or a part of these.

        Parameters do not count: the type of a parameter may promise more than that of its argument.
        """
        symbol = self.values.model.values[ref]
        place = symbol.span.path, symbol.span.start
        return symbol.kind == semantic.INPUT or place in self._entries_of_inputs

    def _lower_loop_entry(self, statement: ast.ForStmt, frame: Frame) -> nodes.Body:
        """Lower the body of a loop; with `on failure` it becomes a single attempt."""
        failure = statement.failure
        if failure is None:
            return self.body(statement.body, frame)
        origin = origin_of(frame.source, failure)
        recorded: nodes.Body = ()
        if statement.reason is not None:
            variable = frame.variables[statement.reason.text]
            recorded = (_set_variable(variable, nodes.FailureReason(), origin),)
        once = nodes.Retry(
            origin=origin,
            attempts=1,
            delay_milliseconds=0,
            body=self.body(statement.body, frame.within(attempt=True)),
            otherwise=recorded + self.body(failure, frame.within()),
            entry=True,
        )
        return (once,)

    def _lower_rounds(
        self, statement: ast.WhileStmt | ast.RepeatStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Repeat:
        limit = self._lower_bound(statement.limit)
        looks_first = isinstance(statement, ast.WhileStmt)
        asked = self.values.condition(statement.condition, frame)
        counts = self._counts  # anew before each look
        if not looks_first:
            self._counts = []
        until = negate_condition(asked) if looks_first else asked
        # Equal conditions are merged in the prompt, but the source still has more than one look.
        look = until if single_look(statement.condition) is not None else None
        return nodes.Repeat(
            origin=origin,
            until=until,
            looks_first=looks_first,
            limit=limit,
            delay_milliseconds=statement.delay.milliseconds if statement.delay else 0,
            body=self.body(statement.body, frame.within(passes=True)) + _make_store(counts),
            otherwise=self._lower_otherwise(
                statement.otherwise,
                rounds_reason(limit, look, looks_first=looks_first),
                frame,
                origin,
            ),
        )

    def _lower_retry(
        self, statement: ast.RetryStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        """Lower a `retry`; outputs that a failed attempt emitted are restored.

        An output becomes missing again, or gets its earlier value, which is stored in a variable
        for that. If nothing reads it afterwards, as when an outer `retry` restores it too,
        `liveness` drops the assignment.
        """
        before: list[nodes.Assignment] = []
        again: list[nodes.Assignment] = []
        # Entries are added to a list after everything that may fail, so they are never restored.
        replaced = (
            name
            for each, name in self._find_outputs_set(statement.body)
            if not isinstance(each, ast.EmitStmt) or not each.append
        )
        for name in dict.fromkeys(replaced):
            variable = frame.fields.get(name)
            if variable is None:
                continue
            value = frame.initial.get(name, nodes.ConstantValue(value=None))
            if frame.passes or self._is_emitted_outside(name, statement, frame):
                kept = self._variable_before_attempt(variable)
                before.append(_make_assignment(kept, variable_value(variable), origin))
                value = variable_value(kept)
            again.append(
                nodes.Assignment(variable=variable, restores=True, value=value, origin=origin)
            )
        self._in_attempt += (each.variable for each in before)
        body = self.body(statement.body, frame.within(attempt=True))
        del self._in_attempt[len(self._in_attempt) - len(before) :]
        otherwise = (
            self.body(statement.otherwise, frame.within())
            if statement.otherwise
            else (_lower_fail(None, frame, origin),)
        )
        yield from _make_store(before)
        yield nodes.Retry(
            origin=origin,
            attempts=self._number(statement.attempts),
            delay_milliseconds=statement.delay.milliseconds if statement.delay else 0,
            body=_make_store(again) + body,
            otherwise=_make_store(again) + otherwise,
        )

    def _variable_before_attempt(self, variable: str) -> str:
        """Return the variable that stores the value of `variable` from before an attempt.

        An attempt around this one has a variable of its own.
        """
        known = self._earlier.setdefault(variable, [])
        free = next((each for each in known if each not in self._in_attempt), None)
        if free is None:
            free = self.names.fresh(f"{variable}{BEFORE}")
            known.append(free)
        return free

    def _is_emitted_outside(self, name: str, retry: ast.RetryStmt, frame: Frame) -> bool:
        """Whether an output or field may have a value when a `retry` begins.

        A reading has set nothing where its `else` begins.
        """
        return any(
            output == name
            and (each.end < retry.start or (isinstance(each, ast.EmitStmt) and each.append))
            for each, output in self._find_outputs_set(frame.body)
        )

    def _find_outputs_set(self, body: ast.Block) -> Iterator[tuple[ast.Stmt, str]]:
        """Yield the statements of a body that set outputs, or result fields, with their names."""
        for each in self.values.model.statements(body):
            name = output_set_by(each, self.values.model.set_outputs)
            if name is not None:
                yield each, name.text

    # Tasks

    def _lower_call(
        self, statement: ast.CallStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        task = self.values.model.calls[statement]
        body = task.declaration.body
        result = None if statement.result is None else statement.result.text
        fields = {} if result is None else frame.results[result]
        taken: list[nodes.Assignment] = []
        arguments: dict[str, nodes.Value] = {}
        held: dict[str, str] = {}
        for name, value in self._arguments(statement, task, frame):
            is_changed = not names_in(value).isdisjoint(fields.values())
            if is_changed or holds_unspelled(value):
                held[name] = self._take_argument(task, name, value, taken, origin)
            # What the call itself may change is the copy from its beginning.
            arguments[name] = stored_value(value, held[name]) if is_changed else value
        own = self._find_task_locals(task)
        variables, targets = dict(own.variables), fields
        if fields:
            variables |= {name: fields[own.direct[name]] for name in own.direct}
            variables |= {name: fields[name] for name in own.used}
        else:
            targets = {name: variables[name] for name in own.used}
        inner = Frame(
            task.module.source,
            arguments,
            variables,
            own.results,
            targets,
            body,
            attempt=frame.attempt,
            inside=frame.inside,
            held=held,
            initial=self._find_initial_values(task),
        )
        yield from _make_store(taken)
        missing = nodes.ConstantValue(value=None)
        yield from _make_store(
            _make_assignment(variable, inner.initial.get(name, missing), origin)
            for name, variable in targets.items()
        )
        yield from self.body(body, inner)
        if result is not None and result in frame.variables:
            assert isinstance(task.result, types.RecordOf)
            whole = result_object(task.result, fields)
            yield _set_variable(frame.variables[result], whole, origin)

    def _find_initial_values(self, task: semantic.TaskSymbol) -> dict[str, nodes.Value]:
        """Return the values of result fields at the start of a call; other fields are missing.

        A field that collects entries begins as an empty list, another one with its default.
        """
        fields = task.result.fields if isinstance(task.result, types.RecordOf) else ()
        found = self.values.defaults(fields)
        every = self.values.model.statements(task.declaration.body)
        lists = (each.name.text for each in every if isinstance(each, ast.EmitStmt) and each.append)
        return found | {name: nodes.ConstantValue(value=[]) for name in lists}

    def _arguments(
        self, statement: ast.CallStmt, task: semantic.TaskSymbol, frame: Frame
    ) -> Iterator[tuple[str, nodes.Value]]:
        given = {argument.name.text: argument.value for argument in statement.arguments}
        for parameter in task.params:
            if parameter.name in given:
                yield parameter.name, self.values.value(given[parameter.name], frame)
            else:
                default = to_json(self.values.constant(task.defaults.get(parameter.name)))
                whole = self.values.types.completed(default, parameter.type)
                yield parameter.name, nodes.ConstantValue(value=whole)

    def _take_argument(
        self,
        task: semantic.TaskSymbol,
        parameter: str,
        value: nodes.Value,
        taken: list[nodes.Assignment],
        origin: nodes.Origin,
    ) -> str:
        """Copy an argument into a variable at the start of a call, and return that variable."""
        key = task, parameter
        if key not in self._taken:
            self._taken[key] = self.names.fresh(f"{task.name}_{parameter}")
        taken.append(_make_assignment(self._taken[key], value, origin))
        return self._taken[key]

    def _find_task_locals(self, task: semantic.TaskSymbol) -> Locals:
        """Return the variables of a task.

        All its calls share them, since a task never calls itself.
        """
        found = self._tasks.get(task)
        if found is None:
            body = task.declaration.body
            model, read = self.values.model, self.values.read_outputs
            used = find_used_outputs(task.runtime.values(), body, model, read)
            variables = select_variables(task.runtime, used)
            every = model.statements(body)
            found = local_variables(body, every, variables, self.names, f"{task.name}_")
            self._tasks[task] = found
        return found


class Locals(Record):
    """The runtime variables of one body.

    `variables` are those stored as single values, `results` the results of calls, by field.
    `direct` are variables whose value is read directly into a field of the task's own result.
    `used` are the outputs, or fields of that result, that are variables themselves.
    """

    variables: dict[str, str]
    results: dict[str, dict[str, str]]
    direct: dict[str, str]
    used: frozenset[str]


def select_variables(
    symbols: Mapping[str, semantic.ValueSymbol], used: Collection[str]
) -> dict[str, semantic.ValueSymbol]:
    """Return the symbols of a body without the outputs that are only emitted."""
    return {
        name: symbol for name, symbol in symbols.items() if not symbol.is_output or name in used
    }


def local_variables(
    body: ast.Block,
    statements: Iterable[ast.Stmt],
    symbols: Mapping[str, semantic.ValueSymbol],
    names: Names,
    prefix: str,
) -> Locals:
    """Choose unique names for the runtime variables of a body, whose `statements` are all of it.

    The result of a call is a variable for each of its fields. It also has a variable for the whole
    object if another statement sets it too, if a text contains it as a whole, or if it is an
    output.
    """
    called: set[str] = set()
    used = frozenset(name for name, symbol in symbols.items() if symbol.is_output)
    whole = set(used)
    for each in statements:
        variable = variable_set_by(each)
        if variable is not None:
            (called if isinstance(each, ast.CallStmt) else whole).add(variable.text)
    if called:
        whole.update(ref.name.text for ref in find_spelled_refs(body) if not ref.path)
    variables: dict[str, str] = {}
    results: dict[str, dict[str, str]] = {}
    for name in sorted(symbols) if prefix else symbols:
        if name in whole or name not in called:
            variables[name] = names.fresh(f"{prefix}{name}") if prefix else name
    for name in sorted(called):
        record = types.strip_optional(symbols[name].type)
        assert isinstance(record, types.RecordOf)
        results[name] = {
            field.name: names.fresh(f"{prefix}{name}_{field.name}") for field in record.fields
        }
    return Locals(variables, results, dict(_read_directly(body, statements, used)), used)


def find_spelled_refs(body: ast.Block) -> Iterator[ast.Ref]:
    """Return the references in the texts of a body, and those that `type` types directly."""
    for node in visit.walk(body):
        match node:
            case ast.Text(parts=parts):
                yield from (part for part in parts if isinstance(part, ast.Ref))
            case ast.TypeStmt(value=ast.Ref() as ref):
                yield ref
            case _:
                pass


def _read_directly(
    body: ast.Block, statements: Iterable[ast.Stmt], used: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Return the variables that a body reads only to emit one field, each with that field.

    Fields in `used` are variables themselves. The field is emitted once, in the same block that
    sets the variable, and nothing else sets the variable. Then one variable can be both, which
    saves a `Store`.
    """
    fields = Counter([each.name.text for each in statements if isinstance(each, ast.EmitStmt)])
    if not fields:
        return
    found = map(variable_set_by, statements)
    setters = Counter([variable.text for variable in found if variable is not None])
    taken: set[str] = set()
    for block in (
        body,
        *(inner.block for each in statements for inner in inner_blocks(each)),
    ):
        read: set[str] = set()
        for each in block.statements:
            if isinstance(each, ast.ExtractStmt | ast.CopyStmt):
                if each.otherwise is None or leaving_else(each) is not None:
                    read.add(each.name.text)
            elif isinstance(each, ast.EmitStmt) and isinstance(each.value, ast.Ref):
                name, field = each.value.name.text, each.name.text
                whole = not each.value.path and not each.append
                alone = setters[name] == fields[field] == 1
                if whole and alone and name in read - taken and used.isdisjoint((name, field)):
                    taken.add(name)
                    yield name, field


def _make_store(assignments: Iterable[nodes.Assignment]) -> nodes.Body:
    kept = tuple(assignments)
    return (nodes.Store(origin=kept[0].origin, assignments=kept),) if kept else ()


def _make_assignment(variable: str, value: nodes.Value, origin: nodes.Origin) -> nodes.Assignment:
    return nodes.Assignment(variable=variable, value=value, origin=origin)


_NO_ENTRIES = (
    nodes.ConstantValue(value=None),
    nodes.ConstantValue(value=[]),
    nodes.ListValue(items=()),
)


def _set_variable(variable: str, value: nodes.Stored, origin: nodes.Origin) -> nodes.Store:
    assignment = nodes.Assignment(variable=variable, value=value, origin=origin)
    return nodes.Store(origin=origin, assignments=(assignment,))


def _is_value_of(
    piece: nodes.TextPiece | nodes.Variable, variable: str
) -> TypeGuard[nodes.Variable]:
    """Whether a piece of a text is the value of a runtime variable, or a part of it."""
    return isinstance(piece, nodes.Variable) and (piece.sigil, piece.name) == ("runtime", variable)


def _lower_fail(reason: nodes.Text | None, frame: Frame, origin: nodes.Origin) -> nodes.Leave:
    """Lower a `fail`: it ends the attempt inside a `retry`, else the run."""
    return nodes.Leave(origin=origin, action="retry" if frame.attempt else "abort", reason=reason)


def too_many(limit: nodes.Limit) -> nodes.Text:
    """Return the reason to abort before a loop over more entries than its bound."""
    return join_pieces(
        (
            *literal_text("more than "),
            _limit_piece(limit),
            *literal_text(" entries to work through"),
        )
    )


def rounds_reason(
    limit: nodes.Limit, until: nodes.Condition | None, *, looks_first: bool
) -> nodes.Text:
    """Return the reason of rounds without `else` that are used up.

    `until` is named if it is a single look. A `while not sees` looks for something like an
    `expect`, and fails like it.
    """
    reaches, look = not looks_first, None
    seen = True
    while isinstance(until, nodes.Not):
        until, seen = until.operand, not seen
    if isinstance(until, nodes.Sees):
        reaches, look = seen, until.text
    if look is not None and reaches and looks_first:
        return unmet_reason(look)
    return join_pieces(
        (
            *literal_text("not reached in " if reaches else "still so after "),
            _limit_piece(limit),
            *literal_text(" round" if limit == 1 else " rounds"),
            *(() if look is None else (*literal_text(": "), *look)),
        )
    )


def _limit_piece(limit: nodes.Limit) -> nodes.Piece:
    """Return a bound as a piece of text."""
    return limit if isinstance(limit, nodes.Variable) else nodes.TextPiece(value=str(limit))


def _fewer_allowed(entries: int, limit: nodes.Variable, origin: nodes.Origin) -> nodes.If:
    """Return an abort for the case that an input allows fewer entries than a loop has."""
    leave = nodes.Leave(origin=origin, action="abort", reason=too_many(limit))
    more = nodes.Compare(
        left=nodes.ConstantValue(value=entries),
        operator=">",
        right=nodes.TextValue(text=(limit,)),
        numeric=True,
    )
    branch = nodes.Branch(origin=origin, condition=more, body=(leave,))
    return nodes.If(origin=origin, branches=(branch,), otherwise=())


def _find_known_length(items: nodes.Value) -> int:
    """Return the number of entries if it is known at compile time; else 0."""
    match items:
        case nodes.ListValue(items=entries) | nodes.ConstantValue(value=list() as entries):
            return len(entries)
        case nodes.ConstantValue(value=int() as number):
            return number
        case _:
            return 0


def _keep_list_or_empty(items: nodes.Value, name: str, origin: nodes.Origin) -> nodes.If:
    """Store a list, or an empty one if it is missing: an agent cannot loop over `__EMPTY__`."""

    missing = nodes.Branch(
        origin=origin,
        condition=nodes.IsEmpty(operand=items, listed=True),
        body=(_set_variable(name, nodes.ConstantValue(value=[]), origin),),
    )
    return nodes.If(
        origin=origin, branches=(missing,), otherwise=(_set_variable(name, items, origin),)
    )


def _string_value_of(node: ast.StringLit | None) -> str | None:
    return node.value if node else None
