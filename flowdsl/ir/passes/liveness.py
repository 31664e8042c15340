"""Drops assignments that nothing reads, and copies of values that are available anyway.

A variable that holds an input, or a part of the current entry, and is read only by statements that
store values, is replaced there by the input itself (`use_directly`).

    Store r_id = {id}
    Store all += { id: {{r_id}} }     Store all += { id: {id} }

A variable is *live* at a place if some path from there reads it before it is set again. The walk
goes backwards: live before a statement is what it reads, and what is live after it and not set by
it. Loops are repeated to a fixed point.

    Store r_id = null        dropped: set again before it is read
    Extract find_id
    Store r_id = {{find_id}}
    Store r_note = null      dropped: never read
    emit first = {{r_id}}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

from flowdsl.source.record import replace

from .. import nodes
from ..facts import (
    NOTHING,
    facts_of,
    find_statements,
    own_facts,
    runtime_variables,
    variables_set_by,
)
from ..lowering.values import LOOP_ITEM, whole_variable
from ..walk import find_variables, inner_bodies, map_bodies, replace_bodies

Live: TypeAlias = frozenset[str]

# Values that are available anyway

Known: TypeAlias = dict[str, nodes.Stored]
"""Known values of variables: an input or a part of the current entry, by variable."""


def use_directly(workflow: nodes.Workflow) -> nodes.Workflow:
    """Replace variables that only hold inputs or entries by these, where values are stored.

    Only variables whose every read can be replaced: others are stored anyway, and their names are
    shorter.
    """
    found = _Direct(None)
    found.body(workflow.body, {})
    if not found.replaced:
        return workflow
    named = find_variables(workflow.body, workflow.checks)
    reads = Counter(each.name for each in named if each.sigil == "runtime")
    taken = {source.variable for source in workflow.sources}
    whole = {name for name, times in found.replaced.items() if times == reads[name]} - taken
    return replace(workflow, body=_Direct(whole).body(workflow.body, {}))


class _Direct:
    """Replaces variables, those of `chosen` or all; `replaced` counts how often each was."""

    def __init__(self, chosen: set[str] | None) -> None:
        self.chosen = chosen
        self.replaced: Counter[str] = Counter()

    def body(self, body: nodes.Body, known: Known) -> nodes.Body:
        """Rewrite a body; `known` is what is known before it, and then after it."""
        return tuple(self._statement(statement, known) for statement in body)

    def _statement(self, statement: nodes.Statement, known: Known) -> nodes.Statement:
        if isinstance(statement, nodes.Store):
            return self._store(statement, known)
        facts = facts_of(statement)
        if "store" not in facts.kinds and known.keys().isdisjoint(facts.sets):
            return statement
        if isinstance(statement, nodes.Step):
            return replace(statement, body=self.body(statement.body, known))
        # What is set somewhere inside may have been set before, or not, in any of its bodies. What
        # is known inside stays there, so that no entry is taken for one of another loop.
        for name in facts.sets:
            known.pop(name, None)
        return map_bodies(statement, lambda inner: self.body(inner, dict(known)))

    def _store(self, statement: nodes.Store, known: Known) -> nodes.Store:
        assignments: list[nodes.Assignment] = []
        for each in statement.assignments:
            value = self._rewrite_value(each.value, known)
            known.pop(each.variable, None)
            if not each.append and _is_at_hand(value):
                known[each.variable] = value
            assignments.append(replace(each, value=value))
        return replace(statement, assignments=tuple(assignments))

    def _rewrite_value(self, value: Any, known: Known) -> Any:
        match value:
            case nodes.TextValue(
                text=(nodes.Variable(sigil="runtime", name=name, path=()),), spelled=False
            ):
                if name not in known or (self.chosen is not None and name not in self.chosen):
                    return value
                self.replaced[name] += 1
                return known[name]
            case nodes.ListValue(items=items):
                return replace(
                    value, items=tuple(self._rewrite_value(each, known) for each in items)
                )
            case nodes.ObjectValue(fields=fields):
                return replace(
                    value,
                    fields=tuple((name, self._rewrite_value(each, known)) for name, each in fields),
                )
            case _:
                return value


def _is_at_hand(value: nodes.Stored) -> bool:
    """Whether a value is an input, or a part of the current entry."""
    match value:
        case nodes.TextValue(text=(nodes.Variable(sigil=sigil, name=name),)):
            return sigil == "input" or (sigil == "runtime" and name == LOOP_ITEM)
        case _:
            return False


# Values that nothing reads


def drop_unread(workflow: nodes.Workflow) -> nodes.Workflow:
    """Drop assignments whose value nothing reads.

    Assignments to outputs stay, since an aborted run may return them. Restoring an output after a
    failed attempt is dropped if the next attempt always emits it again. Readings that may have to
    leave a value as it was are marked.
    """
    stored = frozenset(
        source.variable
        for source in workflow.sources
        if source.variable and source.kind == "stored"
    )
    taken = frozenset(source.variable for source in workflow.sources if source.variable)
    told = runtime_variables(workflow.checks)
    fails = any(
        getattr(each, "otherwise", None) is not None
        for each in find_statements(workflow.body, {"extract", "run"})
    )
    further = frozenset(_find_further_readings(workflow.body) if fails else ())
    walker = _Walker(stored, taken | told, further)
    body, _ = walker.body(workflow.body, walker.at_end, NOTHING)
    return replace(workflow, body=body)


_READINGS = (nodes.Extract, nodes.Run)
"""The readings that may leave a value as it was."""


def _find_further_readings(body: nodes.Body) -> Iterator[int]:
    """Yield the ids of readings into variables that may have a value already.

    In a loop, it may be that of an earlier pass.
    """
    for statement in find_statements(body, _ROUNDS):
        if isinstance(statement, nodes.Loop | nodes.Repeat):
            giving = find_statements(statement.body, _GIVING)
            yield from (id(each) for each in giving if _sets(each))
    known: set[str] = set()
    for statement in find_statements(body, _GIVING):
        if not known.isdisjoint(names := _sets(statement)):
            yield id(statement)
        known |= names


_ROUNDS = frozenset(("loop", "repeat"))
_GIVING = frozenset(("store", "extract", "copy", "run"))
"""The kinds of statements of `_sets`."""


def _sets(statement: nodes.Statement) -> set[str]:
    """Return the variables to which a statement itself gives a value."""
    match statement:
        case nodes.Store(assignments=assignments):
            return {each.variable for each in assignments if each.value != _MISSING}
        case nodes.Extract() | nodes.Copy() | nodes.Run(variable=str()):
            return {str(statement.variable)}
        case _:
            return set()


_MISSING = nodes.ConstantValue(value=None)


class _Walker:
    """Walks bodies backwards.

    Each method takes the variables live after a part, and `failing`, those live where a `fail`
    leads; it returns the remaining part, and the variables live before it. `outputs` are the
    variables that hold outputs and nothing else, `at_end` is what is live where a run succeeds,
    `further` are the ids of readings into variables that may have a value.
    """

    def __init__(self, outputs: Live, at_end: Live, further: frozenset[int]) -> None:
        self.outputs = outputs
        self.at_end = at_end
        self.further = further

    def body(self, body: nodes.Body, live: Live, failing: Live) -> tuple[nodes.Body, Live]:
        left: list[nodes.Statement] = []
        for statement in reversed(body):
            kept, live = self._statement(statement, live, failing)
            left.extend(kept)
        return tuple(reversed(left)), live

    def _statement(
        self, statement: nodes.Statement, live: Live, failing: Live
    ) -> tuple[nodes.Body, Live]:
        facts = facts_of(statement)
        if facts.kinds.isdisjoint(_DECISIVE):
            return (statement,), live | facts.reads
        if isinstance(statement, nodes.Store):
            return self._store(statement, live)
        reads = own_facts(statement).reads
        bodies: list[nodes.Body] = []
        match statement:
            case nodes.Leave(action=action):
                before = {"abort": NOTHING, "finish": self.at_end, "retry": failing}[action] | reads
            case nodes.Step():
                body, before = self.body(statement.body, live, failing)
                bodies, before = [body], before | reads
            case nodes.If():
                walked = [self.body(inner, live, failing) for inner in inner_bodies(statement)]
                bodies = [body for body, _ in walked]
                if statement.complete and not bodies[-1]:
                    del walked[-1]
                before = reads.union(*[entered for _, entered in walked])
            case nodes.Loop():
                body, _, before = self._walk_rounds(statement.body, live, failing)
                bodies, before = [body], before | reads
            case nodes.Repeat():
                otherwise, missed = self.body(statement.otherwise, live, failing)
                look = live | missed | reads
                body, before, look = self._walk_rounds(statement.body, look, failing)
                bodies, before = [body, otherwise], look if statement.looks_first else before
            case nodes.Retry():
                otherwise, failed = self.body(statement.otherwise, live, failing)
                body, before = self.body(statement.body, live, failed)
                while not before <= failed:
                    failed |= before
                    body, before = self.body(statement.body, live, failed)
                bodies = [body, otherwise]
            case _:
                before = live.difference(variables_set_by(statement)) | reads
                for inner in inner_bodies(statement):  # an `else`
                    otherwise, missed = self.body(inner, live, failing)
                    bodies, before = [otherwise], before | missed
                    if isinstance(statement, _READINGS) and id(statement) in self.further:
                        statement = replace(statement, keeps=statement.variable in missed)
        return ((replace_bodies(statement, bodies) if bodies else statement),), before

    def _walk_rounds(
        self, body: nodes.Body, live: Live, failing: Live
    ) -> tuple[nodes.Body, Live, Live]:
        """Return what remains of a repeated body, and what is live before and after it."""
        while True:
            left, before = self.body(body, live, failing)
            if before <= live:
                return left, before, live
            live |= before

    def _store(self, statement: nodes.Store, live: Live) -> tuple[nodes.Body, Live]:
        kept: list[nodes.Assignment] = []
        for assignment in reversed(statement.assignments):
            variable, value = assignment.variable, assignment.value
            if not assignment.append and whole_variable(value) == variable:
                continue
            if variable not in live and (assignment.restores or variable not in self.outputs):
                continue
            kept.append(assignment)
            live = (live if assignment.append else live - {variable}) | runtime_variables(value)
        if not kept:
            return (), live
        return (replace(statement, assignments=tuple(reversed(kept))),), live


_DECISIVE = frozenset(
    ("store", "leave", "retry", "extract", "background_extract", "copy", "run"),
)
"""Kinds that decide what is live before a statement; of others it is also all that they read."""
