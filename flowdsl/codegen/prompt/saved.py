"""Values that a focused agent uses: those that it saves, and those that it receives.

A value of the run is never pasted into an instruction, where it could be taken for a part of it. It
is named by a mark, and values saved by other calls are passed as JSON in the first bullet:

    - Data: row = {{row}}
    - Read “the total” as a whole number, save it as "total".
    - Click the field Total, type ⟦⟪row.name⟫: ⟪total⟫⟧
"""

from __future__ import annotations

from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of, own_facts, variables_set_by
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.ir.walk import BODIES, HOLDING, inner_bodies, replace_bodies, replace_variables
from flowdsl.source.record import replace


class Saved:
    """Rewrites the statements of one call, in their order.

    - `bare`: the current entry of the enclosing loop is neither object nor list, so that it is in
      the text; `bare_entry`: the call uses it there.
    - `filled`: inputs that are lists with an entry.
    - `sure`: the variables that the call has saved so far on all paths.
    - `handed`: the variables that were used although the call may not have saved them; `counts`
      are those among them that hold the numbers of entries, which no bullet names.
    """

    def __init__(self, *, bare: bool, filled: frozenset[str]) -> None:
        self.bare = bare
        self.filled = filled
        self.bare_entry = False
        self.sure: frozenset[str] = frozenset()
        self.handed: dict[str, None] = {}
        self.counts: frozenset[str] = frozenset()

    def copy(self) -> Saved:
        """Return a copy with the same state."""
        same = Saved(bare=self.bare, filled=self.filled)
        same.sure, same.handed = self.sure, dict(self.handed)
        same.bare_entry, same.counts = self.bare_entry, self.counts
        return same

    def statement(self, statement: nodes.Statement) -> nodes.Statement:
        """Return a statement that refers to values by marks."""
        facts = facts_of(statement)
        if not facts.reads and not facts.sets:
            return statement
        if isinstance(statement, nodes.Store):
            return self._store(statement)
        if isinstance(statement, nodes.Repeat) and not statement.looks_first:
            return self._rewrite_repeat(statement)
        own = frozenset(variables_set_by(statement))
        rewritten: nodes.Statement = (
            self.marked(statement) if own_facts(statement).reads else statement
        )
        if type(statement) in HOLDING:
            return self._rewrite_bodies(rewritten, own)
        self.sure |= own
        return rewritten

    def verified(self, copy: nodes.Copy, *, saves: bool) -> nodes.Copy:
        """Return a main agent's copy to verify; `saves` means that the call saves the value."""
        rewritten: nodes.Copy = replace(self.marked(copy), otherwise=None)
        sure = self.sure
        body = None if copy.otherwise is None else self.body(copy.otherwise)
        self.sure = sure  # a copy that fits does not execute its `else`
        if saves:
            self.sure |= {copy.variable}
        return replace(rewritten, otherwise=body)

    def _store(self, statement: nodes.Store) -> nodes.Store:
        assignments: list[nodes.Assignment] = []
        for each in statement.assignments:
            if each.append:
                self._mark(nodes.Variable(sigil="runtime", name=each.key))
            if each.numbered:
                self.counts |= {each.key}
            assignments.append(self.marked(each))
            self.sure |= {each.key}
        return replace(statement, assignments=tuple(assignments))

    def body(self, body: nodes.Body) -> nodes.Body:
        """Return the rewritten statements of a body, in order."""
        return tuple(map(self.statement, body))

    def _rewrite_bodies(self, statement: nodes.Statement, own: frozenset[str]) -> nodes.Statement:
        """Rewrite the bodies of a statement, any of which may have been executed.

        A statement's own variables are saved unless it failed: then its `else` comes next.
        """
        start = self.sure
        ends = [start | own]
        inner = inner_bodies(statement)
        if isinstance(statement, nodes.If):
            inner = [inner[-1], *inner[:-1]]  # the order in which values are handed
        bodies = []
        for body in inner:
            self.sure = start
            bodies.append(self.body(body))
            if not is_final_body(body):
                ends.append(self.sure)
        if isinstance(statement, nodes.If):
            bodies = [*bodies[1:], bodies[0]]
        match statement:
            case nodes.Step():
                del ends[0]
            case nodes.If(otherwise=otherwise) | nodes.Retry(otherwise=otherwise) if otherwise:
                del ends[0]
            case nodes.Loop(items=items) if has_entries(items, self.filled):
                del ends[0]
        self.sure = frozenset.intersection(*ends) if ends else start
        return replace_bodies(statement, bodies)

    def _rewrite_repeat(self, statement: nodes.Repeat) -> nodes.Repeat:
        """Rewrite rounds that look after each: their look and `else` know what a round saved."""
        body = self.body(statement.body)
        looking: nodes.Repeat = self.marked(statement)
        after = self.sure
        otherwise = self.body(statement.otherwise)
        self.sure = after
        rewritten: nodes.Repeat = replace(looking, body=body, otherwise=otherwise)
        return rewritten

    def marked(self, node: Any) -> Any:
        """Return a node with the variables outside its bodies marked."""
        return replace_variables(node, self._mark, without=BODIES)

    def _mark(self, variable: nodes.Variable) -> nodes.Variable:
        if variable.sigil != "runtime":
            return variable
        if self.bare and variable.name == LOOP_ITEM and not variable.path:
            self.bare_entry = True
            return variable
        if variable.name not in self.sure:
            self.handed[variable.name] = None
        return replace(variable, sigil="saved")


def has_entries(items: nodes.Value, filled: frozenset[str]) -> bool:
    """Whether a loop certainly has an entry; `filled` are inputs that are non-empty lists."""
    match items:
        case nodes.ConstantValue(value=list() | int() as entries):
            return bool(entries)
        case nodes.ListValue(items=inner):
            return bool(inner)
        case nodes.TextValue(text=(nodes.Variable(sigil="input", name=name, path=()),)):
            return name in filled
        case _:
            return False


def is_final_body(body: nodes.Body) -> bool:
    """Whether no statement after a body is executed after it."""
    return bool(body) and isinstance(body[-1], nodes.Leave)
