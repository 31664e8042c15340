"""Values that nothing reads are not kept.

A variable is *live* at a place if some path from there reads it before it is set again. The walk
goes backwards: behind a statement stands what is live there, in front of it what it reads, and what
is live behind it and not set by it. What loops leave is followed until it stays the same.

    Store r_id = null        dropped: set again before it is read
    Extract find_id
    Store r_id = {{find_id}}
    Store r_note = null      dropped: never read
    emit first = {{r_id}}
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from . import nodes
from .walk import field_names, walk

Live: TypeAlias = frozenset[str]

NOTHING: Live = frozenset()


def drop_unread(program: nodes.Program) -> nodes.Program:
    """Drops assignments whose value nothing reads.

    What an output gets stays, since a run that is aborted may show it; what an attempt emitted need
    not be taken back where the next one emits it again.
    """
    return replace(
        program, workflows=tuple(_without_unread(workflow) for workflow in program.workflows)
    )


def _without_unread(workflow: nodes.Workflow) -> nodes.Workflow:
    stored = frozenset(
        source.variable
        for source in workflow.sources
        if source.variable and source.kind == "stored"
    )
    taken = frozenset(source.variable for source in workflow.sources if source.variable)
    told = _read_in((workflow.checks or (), workflow.cleanup or (), workflow.rules))
    walker = _Walker(stored, taken | told)
    body, _ = walker.body(workflow.body, walker.at_end, NOTHING)
    return replace(workflow, body=body)


def _read_in(value: Any) -> Live:
    """The runtime variables that a value, a text or a condition names."""
    return frozenset(
        node.name
        for node in walk(value)
        if isinstance(node, nodes.Variable) and node.sigil == "runtime"
    )


class _Walker:
    """Walks bodies backwards.

    Each method is given what is live behind something, and `failing`, what is live where a `fail`
    leads to; it returns what is left of it, and what is live in front of it. `outputs` are the
    variables that hold outputs and nothing else, `at_end` is what is live where a run ends well.
    """

    def __init__(self, outputs: Live, at_end: Live) -> None:
        self.outputs = outputs
        self.at_end = at_end

    def body(self, body: nodes.Body, live: Live, failing: Live) -> tuple[nodes.Body, Live]:
        left: list[nodes.Statement] = []
        for statement in reversed(body):
            kept, live = self._statement(statement, live, failing)
            left.extend(kept)
        return tuple(reversed(left)), live

    def _statement(
        self, statement: nodes.Statement, live: Live, failing: Live
    ) -> tuple[nodes.Body, Live]:
        match statement:
            case nodes.Store():
                return self._store(statement, live)
            case nodes.Leave(action=action):
                reached = {"abort": NOTHING, "finish": self.at_end, "retry": failing}[action]
                return (statement,), reached | _own_reads(statement)
            case nodes.Step():
                body, before = self.body(statement.body, live, failing)
                return (replace(statement, body=body),), before | _own_reads(statement)
            case nodes.If():
                return self._if(statement, live, failing)
            case nodes.Loop():
                head = live
                while True:
                    body, before = self.body(statement.body, head, failing)
                    if before <= head:
                        return (replace(statement, body=body),), head | _own_reads(statement)
                    head |= before
            case nodes.Repeat():
                otherwise, missed = self.body(statement.otherwise, live, failing)
                head = live | missed | _own_reads(statement)
                while True:
                    body, before = self.body(statement.body, head, failing)
                    if before <= head:
                        return (replace(statement, body=body, otherwise=otherwise),), head
                    head |= before
            case nodes.Retry():
                otherwise, failed = self.body(statement.otherwise, live, failing)
                while True:
                    body, before = self.body(statement.body, live, failed)
                    if before <= failed:
                        return (replace(statement, body=body, otherwise=otherwise),), before
                    failed |= before
            case nodes.Extract() | nodes.Copy() | nodes.Run():
                after = live - {statement.variable} if statement.variable else live
                if statement.otherwise is None:
                    return (statement,), after | _own_reads(statement)
                otherwise, missed = self.body(statement.otherwise, live, failing)
                reading = replace(statement, otherwise=otherwise)
                return (reading,), after | missed | _own_reads(statement)
            case nodes.BackgroundExtract():
                return (statement,), (live - {statement.variable}) | _own_reads(statement)
            case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
                otherwise, missed = self.body(statement.otherwise, live, failing)
                looking = replace(statement, otherwise=otherwise)
                return (looking,), live | missed | _own_reads(statement)
            case _:
                return (statement,), live | _own_reads(statement)

    def _store(self, statement: nodes.Store, live: Live) -> tuple[nodes.Body, Live]:
        kept: list[nodes.Assignment] = []
        for assignment in reversed(statement.assignments):
            variable, value = assignment.variable, assignment.value
            if variable not in live and (assignment.restores or variable not in self.outputs):
                continue
            kept.append(assignment)
            live = (live if assignment.append else live - {variable}) | _read_in(value)
        if not kept:
            return (), live
        return (replace(statement, assignments=tuple(reversed(kept))),), live

    def _if(self, statement: nodes.If, live: Live, failing: Live) -> tuple[nodes.Body, Live]:
        otherwise, before = self.body(statement.otherwise, live, failing)
        if statement.complete and not otherwise:
            before = NOTHING
        branches: list[nodes.Branch] = []
        for branch in statement.branches:
            body, entered = self.body(branch.body, live, failing)
            branches.append(replace(branch, body=body))
            before |= entered | _read_in(branch.condition)
        return (replace(statement, branches=tuple(branches), otherwise=otherwise),), before


_BODIES = frozenset(("body", "otherwise", "branches", "origin"))


def _own_reads(statement: nodes.Statement) -> Live:
    """The runtime variables that a statement reads outside of its bodies."""
    names: Iterable[str] = (name for name in field_names(type(statement)) if name not in _BODIES)
    return _read_in(tuple(getattr(statement, name) for name in names))
