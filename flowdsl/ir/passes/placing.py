"""Decides which loops a focused agent iterates by itself.

The platform has one loop engine, which the main agent starts, and one current item. A `for` inside
another one, a `retry`, a `repeat` or a branch is iterated by a focused agent if such an agent can
carry out its body: its lines become bullets of one call.

    for invoice in invoices {            the main agent: start_loop, {{loop_item}}
      for line in invoice.lines {        a focused agent, in one call: ⟪entry⟫
        do "Add a line {line}"
      }
    }
"""

from __future__ import annotations

from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import replace

from .. import nodes
from ..facts import fits
from ..lowering.statements import ENTRIES, Names
from ..lowering.values import LOOP_ITEM, holds_unspelled, variable_value
from ..walk import HOLDING, map_bodies, rename_saved_variable

ENTRY = "entry"
"""Preferred name of the current entry of a loop inside a focused call."""


def place_loops(workflow: nodes.Workflow, capabilities: Capabilities) -> nodes.Workflow:
    """Assign each loop to an agent, and name the entries of loops for it.

    `capabilities` are those of the account's focused agents.
    """
    names = Names(workflow.names)
    body = _Placing(capabilities, names).body(workflow.body, inside=False)
    return replace(workflow, body=body, names=names.taken())


class _Placing:
    """Places the loops of one workflow.

    `entries` are the names of entries, by the number of enclosing loops in the same call.
    """

    def __init__(self, capabilities: Capabilities, names: Names) -> None:
        self.capabilities = capabilities
        self.names = names
        self.entries: list[str] = []

    def body(self, body: nodes.Body, *, inside: bool) -> nodes.Body:
        """Place the loops of a body; `inside`: it is inside a statement other than a step."""
        return tuple(
            placed
            for statement in body
            for placed in self._place_statement(statement, inside=inside)
        )

    def _place_statement(self, statement: nodes.Statement, *, inside: bool) -> nodes.Body:
        # Facts are for later: a loop changes what its statements read, so that they were lost.
        if type(statement) not in HOLDING:
            return (statement,)
        if isinstance(statement, nodes.Loop) and statement.entry is not None:
            return self._loop(statement, statement.entry, inside=inside)
        within = inside or not isinstance(statement, nodes.Step)
        return (map_bodies(statement, lambda inner: self.body(inner, inside=within)),)

    def _loop(self, loop: nodes.Loop, entry: str, *, inside: bool) -> nodes.Body:
        if inside and fits((loop,), self.capabilities):
            return (self._focused(loop, 0),)
        body = rename_saved_variable(self.body(loop.body, inside=True), entry, LOOP_ITEM, "runtime")
        loop = replace(loop, entry=None, body=body)
        return self._keep_list_first(loop) if holds_unspelled(loop.items) else (loop,)

    def _keep_list_first(self, loop: nodes.Loop) -> nodes.Body:
        """Store the list of a loop first, if it cannot be passed to `start_loop` as JSON."""
        name = self.names.fresh(ENTRIES)
        kept = nodes.Assignment(variable=name, value=loop.items, origin=loop.origin)
        return (
            nodes.Store(origin=loop.origin, assignments=(kept,)),
            replace(loop, items=variable_value(name)),
        )

    def _focused(self, loop: nodes.Loop, depth: int) -> nodes.Loop:
        """Give a loop, and all loops inside it, to a focused agent."""
        assert loop.entry is not None
        name = self._entry_name(depth)
        body = rename_saved_variable(loop.body, loop.entry, name, "saved")
        return replace(loop, entry=name, body=self._inside_focused(body, depth + 1))

    def _inside_focused(self, body: nodes.Body, depth: int) -> nodes.Body:
        return tuple(
            self._focused(statement, depth)
            if isinstance(statement, nodes.Loop)
            else map_bodies(statement, lambda inner: self._inside_focused(inner, depth))
            for statement in body
        )

    def _entry_name(self, depth: int) -> str:
        while len(self.entries) <= depth:
            self.entries.append(self.names.fresh(ENTRY))
        return self.entries[depth]
