"""From AST to IR: statements. Tasks are inlined, names made unique, every `fail` decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from flowdsl.semantics import types
from flowdsl.semantics.traversal import statements
from flowdsl.syntax import ast

from . import nodes
from .images import image_extension, image_hash
from .lower_types import to_json
from .lower_values import (
    LOOP_ITEM,
    Frame,
    ValueLowering,
    literal,
    origin_of,
    single_variable,
    text_of,
)
from .outputs import OutputPlan
from .walk import inner_bodies

DEFAULT_TIMEOUT_MILLISECONDS = 60_000
"""How long `wait until` waits if the source does not say."""


class Names:
    """The variable names of one workflow; `fresh` gives out each name once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {LOOP_ITEM, *taken}

    def fresh(self, wanted: str) -> str:
        """`wanted`, or the first of `wanted_2`, `wanted_3`, ... that is free."""
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

    `stored` are the variables of the outputs that are kept by `Store`, by output. After `body`,
    `input_bounds` are the bounds that loops put on lists among the inputs.
    """

    def __init__(
        self,
        values: ValueLowering,
        names: Names,
        plans: dict[str, OutputPlan],
        stored: dict[str, str],
    ) -> None:
        self.values = values
        self.names = names
        self.plans = plans
        self.stored = stored
        self.input_bounds: dict[str, int] = {}

    def prologue(self, frame: Frame) -> nodes.Body:
        """Statements before the first one: outputs that collect entries start as empty lists."""
        return _store(
            nodes.Assignment(
                variable=self.stored[name],
                value=nodes.ConstantValue(value=[]),
                origin=origin_of(frame.source, plan.emission.statement),
            )
            for name, plan in self.plans.items()
            if plan.append and plan.emission is not None
        )

    def body(self, block: ast.Block, frame: Frame) -> nodes.Body:
        return tuple(
            lowered
            for statement in block.statements
            for lowered in self.statement(statement, frame)
        )

    def statement(self, statement: ast.Stmt, frame: Frame) -> Iterator[nodes.Statement]:
        origin = origin_of(frame.source, statement)
        match statement:
            case ast.AnnotatedStmt():
                yield from self.statement(statement.statement, frame)
            case ast.StepStmt():
                yield nodes.Step(
                    origin=origin,
                    title=self.values.text(statement.title, frame),
                    body=self.body(statement.body, frame),
                    description=statement.doc,
                )
            case ast.DoStmt():
                yield nodes.Do(origin=origin, text=self.values.text(statement.text, frame))
            case ast.ChooseStmt():
                target = self.values.text(statement.target, frame)
                yield nodes.Choose(
                    origin=origin,
                    target=target,
                    model=_string(statement.model),
                    otherwise=self._otherwise(
                        statement.otherwise, "not found: ", target, frame, origin
                    ),
                )
            case ast.TypeStmt():
                value = statement.value
                yield nodes.TypeIn(
                    origin=origin,
                    value=self.values.text(value, frame)
                    if isinstance(value, ast.Text)
                    else text_of(self.values.reference(value, frame)),
                    display=_string(statement.display),
                    target=self.values.text(statement.target, frame),
                )
            case ast.ClearStmt():
                yield nodes.Clear(origin=origin, target=self.values.text(statement.target, frame))
            case ast.PressStmt():
                yield nodes.Press(
                    origin=origin,
                    keys=statement.keys.value.lower(),
                    times=statement.times.value if statement.times else 1,
                )
            case ast.WaitStmt():
                yield nodes.Wait(origin=origin, milliseconds=statement.duration.milliseconds)
            case ast.WaitUntilStmt():
                condition = self.values.text(statement.condition, frame)
                timeout = statement.timeout
                yield nodes.WaitUntil(
                    origin=origin,
                    condition=condition,
                    timeout_milliseconds=timeout.milliseconds
                    if timeout
                    else DEFAULT_TIMEOUT_MILLISECONDS,
                    otherwise=self._otherwise(
                        statement.otherwise, "did not happen in time: ", condition, frame, origin
                    ),
                )
            case ast.ExtractStmt():
                yield self._extract(statement, frame, origin)
            case ast.CopyStmt():
                yield self._copy(statement, frame, origin)
            case ast.EmitStmt():
                yield from self._emit(statement, frame, origin)
            case ast.ExpectStmt():
                condition = self.values.text(statement.condition, frame)
                yield nodes.Expect(
                    origin=origin,
                    condition=condition,
                    otherwise=self._otherwise(
                        statement.otherwise, "not as expected: ", condition, frame, origin
                    ),
                )
            case ast.CaptureStmt():
                yield nodes.Capture(origin=origin, file=self.values.text(statement.file, frame))
            case ast.ExportStmt():
                yield nodes.Export(origin=origin, file=self.values.text(statement.file, frame))
            case ast.ImageStmt():
                yield self._picture(statement, frame, origin)
            case ast.RunStmt():
                yield self._run(statement, frame, origin)
            case ast.IfStmt():
                yield nodes.If(
                    origin=origin,
                    branches=tuple(
                        nodes.Branch(
                            origin=origin_of(frame.source, branch.condition),
                            condition=self.values.condition(branch.condition, frame),
                            body=self.body(branch.body, frame),
                        )
                        for branch in statement.branches
                    ),
                    otherwise=self.body(statement.otherwise, frame) if statement.otherwise else (),
                )
            case ast.ForStmt():
                yield self._loop(statement, frame, origin)
            case ast.RepeatStmt():
                yield self._repeat(statement, frame, origin)
            case ast.RetryStmt():
                yield nodes.Retry(
                    origin=origin,
                    attempts=self._bound(statement.attempts),
                    delay_milliseconds=statement.delay.milliseconds if statement.delay else 0,
                    body=self.body(statement.body, frame.within_attempt()),
                    otherwise=self.body(statement.otherwise, frame)
                    if statement.otherwise
                    else (_fail(None, frame, origin),),
                )
            case ast.CallStmt():
                yield from self._call(statement, frame, origin)
            case ast.FailStmt():
                yield _fail(self.values.text(statement.reason, frame), frame, origin)
            case ast.AbortStmt():
                reason = self.values.text(statement.reason, frame)
                yield nodes.Leave(origin=origin, action="abort", reason=reason)
            case ast.FinishStmt():
                reason = self.values.text(statement.reason, frame)
                yield nodes.Leave(origin=origin, action="finish", reason=reason)
            case _:
                assert_never(statement)

    # Leaving

    def _otherwise(
        self,
        otherwise: ast.Otherwise | None,
        prefix: str,
        own: nodes.Text,
        frame: Frame,
        origin: nodes.Origin,
    ) -> nodes.Body:
        """The body of an `else`.

        Without one the statement fails with its own text as the reason.
        """
        if otherwise is None:
            return (_fail((*literal(prefix), *own), frame, origin),)
        action = otherwise.action
        if isinstance(action, ast.Block):
            return self.body(action, frame)
        return tuple(self.statement(action, frame))

    # Reading

    def _extract(
        self, statement: ast.ExtractStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Statement:
        type_ = self.values.model.declared_types[statement.type]
        source = self.values.text(statement.source, frame)
        common: dict[str, Any] = {
            "origin": origin,
            "variable": frame.variables[statement.name.text],
            "type": self.values.types.type(type_),
            "source": source,
            "model": _string(statement.model),
        }
        if statement.background:
            return nodes.BackgroundExtract(**common)
        return nodes.Extract(
            otherwise=self._when_missing(
                type_, statement.otherwise, "not readable: ", source, frame, origin
            ),
            **common,
        )

    def _copy(self, statement: ast.CopyStmt, frame: Frame, origin: nodes.Origin) -> nodes.Copy:
        type_ = (
            types.STRING
            if statement.type is None
            else self.values.model.declared_types[statement.type]
        )
        source = self.values.text(statement.source, frame)
        return nodes.Copy(
            origin=origin,
            variable=frame.variables[statement.name.text],
            type=self.values.types.type(type_),
            source=source,
            otherwise=self._when_missing(
                type_, statement.otherwise, "not copied: ", source, frame, origin
            ),
        )

    def _when_missing(
        self,
        type_: types.Type,
        otherwise: ast.Otherwise | None,
        prefix: str,
        own: nodes.Text,
        frame: Frame,
        origin: nodes.Origin,
    ) -> nodes.Body | None:
        if isinstance(type_, types.Optional) and otherwise is None:
            return None
        return self._otherwise(otherwise, prefix, own, frame, origin)

    def _run(self, statement: ast.RunStmt, frame: Frame, origin: nodes.Origin) -> nodes.Run:
        type_ = None if statement.type is None else self.values.model.declared_types[statement.type]
        otherwise = statement.otherwise
        return nodes.Run(
            origin=origin,
            command=self.values.text(statement.command, frame),
            variable=frame.variables[statement.name.text] if statement.name else None,
            type=self.values.types.type(type_) if type_ is not None else None,
            otherwise=self._otherwise(otherwise, "", (), frame, origin) if otherwise else None,
        )

    # Keeping

    def _emit(
        self, statement: ast.EmitStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Store]:
        field = statement.name.text
        value = self.values.value(statement.value, frame)
        if frame.task is not None:
            if frame.result is None:
                return
            variable, part = frame.result, self.values.result_field(statement, frame.task)
        else:
            if self.plans[field].kind != "stored":
                return
            variable, part = self.stored[field], None
        assignment = nodes.Assignment(
            variable=variable, field=part, append=statement.append, value=value, origin=origin
        )
        yield nodes.Store(origin=origin, assignments=(assignment,))

    def _picture(
        self, statement: ast.ImageStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Picture:
        content = self.values.image(statement, frame.source)
        return nodes.Picture(
            origin=origin,
            sha256=image_hash(content),
            extension=image_extension(content),
            alternative=statement.path.value.rpartition("/")[2],
            shows=self.values.text(statement.shows, frame) if statement.shows else None,
        )

    # Repeating

    def _bound(self, bound: ast.IntLit | ast.ConstRef | None) -> int:
        assert bound is not None, "a missing bound reached lowering"
        value = self.values.constant(bound)
        assert isinstance(value, int)
        return value

    def _loop(self, statement: ast.ForStmt, frame: Frame, origin: nodes.Origin) -> nodes.Loop:
        iterable = statement.iterable
        items = self.values.value(iterable, frame)
        limit = self._bound(statement.limit) if statement.limit is not None else None
        if limit is None and isinstance(iterable, ast.Ref):
            limit = self.values.declared_bound(iterable)
        variable = single_variable(items)
        counted = limit is not None and variable is not None
        if counted and variable is not None and variable.sigil == "input" and not variable.path:
            assert limit is not None
            self.input_bounds[variable.name] = min(
                limit, self.input_bounds.get(variable.name, limit)
            )
            counted = False
        body = self.body(statement.body, frame)
        return nodes.Loop(
            origin=origin,
            variable=statement.variable.text,
            items=items,
            limit=limit,
            counted=counted,
            body=body,
            resets=tuple(_resets(body, set(self.stored.values()), origin)),
        )

    def _repeat(
        self, statement: ast.RepeatStmt, frame: Frame, origin: nodes.Origin
    ) -> nodes.Repeat:
        limit = self._bound(statement.limit)
        until = self.values.condition(statement.until, frame)
        own = literal(f"not reached in {limit} rounds")
        if isinstance(until, nodes.Sees):
            own = (*literal(f"not reached in {limit} rounds: "), *until.text)
        return nodes.Repeat(
            origin=origin,
            until=until,
            limit=limit,
            body=self.body(statement.body, frame),
            otherwise=self._otherwise(statement.otherwise, "", own, frame, origin),
        )

    # Tasks

    def _call(
        self, statement: ast.CallStmt, frame: Frame, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        task = self.values.model.calls[statement]
        given = {argument.name.text: argument.value for argument in statement.arguments}
        arguments: dict[str, nodes.Value] = {}
        for parameter in task.params:
            if parameter.name in given:
                arguments[parameter.name] = self.values.value(given[parameter.name], frame)
            else:
                default = to_json(self.values.constant(task.defaults.get(parameter.name)))
                arguments[parameter.name] = nodes.ConstantValue(value=default)
        inner = Frame(
            task.module.source,
            arguments,
            {name: self.names.fresh(f"{task.name}_{name}") for name in sorted(task.runtime)},
            frame.variables[statement.result.text] if statement.result else None,
            task=task,
            attempt=frame.attempt,
        )
        if inner.result is not None:
            lists = dict.fromkeys(
                self.values.result_field(emit, task)
                for emit in statements(task.declaration.body)
                if isinstance(emit, ast.EmitStmt) and emit.append
            )
            yield from _store(
                nodes.Assignment(
                    variable=inner.result,
                    field=field,
                    value=nodes.ConstantValue(value=[]),
                    origin=origin,
                )
                for field in lists
            )
        yield from self.body(task.declaration.body, inner)


def _store(assignments: Iterable[nodes.Assignment]) -> nodes.Body:
    kept = tuple(assignments)
    return (nodes.Store(origin=kept[0].origin, assignments=kept),) if kept else ()


def _fail(reason: nodes.Text | None, frame: Frame, origin: nodes.Origin) -> nodes.Leave:
    """A `fail`: the end of the attempt if a `retry` stands around it, else the end of the run."""
    return nodes.Leave(origin=origin, action="retry" if frame.attempt else "abort", reason=reason)


def _string(node: ast.StringLit | None) -> str | None:
    return node.value if node else None


# Variables that each pass of a loop empties first


def _resets(
    body: nodes.Body, outputs: set[str], origin: nodes.Origin
) -> Iterator[nodes.Assignment]:
    """The variables that a pass empties first: those that it sets on some paths only.

    Outputs are not emptied.
    """
    certain: set[str] = set()
    possible: dict[str, Any] = {}
    for name, empty, conditional in _sets(body, conditional=False):
        if name in outputs:
            continue
        if conditional or isinstance(empty, dict):
            possible.setdefault(name, empty)
        else:
            certain.add(name)
    for name, empty in possible.items():
        if name not in certain:
            yield nodes.Assignment(
                variable=name, value=nodes.ConstantValue(value=empty), origin=origin
            )


def _sets(body: nodes.Body, conditional: bool) -> Iterator[tuple[str, Any, bool]]:
    """The variables set in a body, with their empty value and whether a path leaves them unset."""
    for statement in body:
        match statement:
            case nodes.Extract() | nodes.Copy():
                yield statement.variable, None, conditional
            case nodes.Run() if statement.variable is not None:
                yield statement.variable, None, conditional
            case nodes.Store():
                for assignment in statement.assignments:
                    empty: Any = None if assignment.field is None else {}
                    yield assignment.variable, empty, conditional
            case _:
                pass
        for inner, may_skip in inner_bodies(statement):
            yield from _sets(inner, conditional or may_skip)
