"""Group neighbouring statements into focused calls, as far as one agent can execute them.

Each call costs a model call on every run. A plain action of the main agent would separate two
statements of focused agents, so one such action is included:

    choose "the row"                     one call: find the row, type,
    type "x" into "the field"     ->               check that it is saved
    expect "it is saved"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of
from flowdsl.prompt.outline import Item, walk_items
from flowdsl.prompt.text import spell_variable

from .context import Agent, Context
from .data import saves_copied
from .saved import Saved

MOST_BULLETS = 28
"""The bullets of one call, beyond which no further statement joins it: more are easily missed.

Values that are only saved do not start a call of their own: they join any following statement.
"""

MOST_BETWEEN = 1
"""The most plain actions between two statements of one call."""

Emit: TypeAlias = Callable[[nodes.Statement, Agent], list[Item]]
"""Emits the bullets of a statement."""


class Calls:
    """Collects statements into focused calls, which are added to `items`.

    `plain` emits a plain action for either agent. A step begins a new call. A call may continue
    beyond the end of a step: statements that join it are under the title in which it began.
    """

    def __init__(
        self, context: Context, focused: Agent, items: list[Item], plain: Emit, main: Agent
    ) -> None:
        self._context = context
        self._focused = focused
        self.items = items
        self._plain = plain
        self._main = main
        self._open: _Call | None = None
        self._line = _make_placeholder_line()
        self._between: list[tuple[nodes.Statement, Item, list[Item]]] = []

    def pass_by(self, action: nodes.Statement) -> None:
        """Add a plain action: for the main agent, unless the open call continues after it."""
        if self._open is None or len(self._between) == MOST_BETWEEN:
            self.close()
            self.items.extend(self._plain(action, self._main))
            return
        (line,) = self._plain(action, self._main)
        self.items.append(line)
        self._between.append((action, line, self.items))

    def add(self, statement: nodes.Statement, emit: Emit, *, alone: bool = False) -> None:
        """Add a statement to the open call, or to a new one if it does not fit.

        `alone` means that the call does not contain the statements inside it, nor uses their model.
        """
        own = getattr(statement, "model", None)
        model = own if alone else next(iter(facts_of(statement).models), None)
        if self._open is not None:
            longer = self._lengthen(self._open, statement, emit, model)
            if longer is not None:
                for _, line, items in self._between:
                    items[:] = [each for each in items if each is not line]
                self._open, self._between = longer, []
                return
        self.close()
        self._open = _Call(self._focused, statement, model).add_statements([(statement, emit)])
        # Reserve the line: later lines may be added after it before the call is complete.
        self._line = _make_placeholder_line()
        self.items.append(self._line)

    def _lengthen(
        self, call: _Call, statement: nodes.Statement, emit: Emit, model: str | None
    ) -> _Call | None:
        """Return a call with what comes between, and a statement; None if that does not fit."""
        if not isinstance(statement, nodes.Store) and call.model != model:
            return None
        between = [(action, self._plain) for action, _, _ in self._between]
        longer = call.add_statements([*between, (statement, emit)])
        fits = call.only_saves or longer.length <= MOST_BULLETS
        return longer if fits and not longer.is_handed_unchecked else None

    def stay(self) -> None:
        """End the open call if it is in another list: lines must follow their decision."""
        if all(each is not self._line for each in self.items):
            self.close()

    def close(self) -> None:
        """End the open call."""
        if self._open is not None:
            self._line.become(self._open.item(self._context))
        self._open, self._between = None, []


def _make_placeholder_line() -> Item:
    """Return an empty line for a call that is still open."""
    origin = nodes.Origin(path="", start_line=0, start_column=0, end_line=0, end_column=0)
    return Item("", origin, "")


class _Call:
    """An open call: its first statement, its bullets, and the values that it has saved so far.

    `notes` are the facts that its bullets need to know beforehand. `unchecked` are copies that a
    pass may have left as they were, which failed, and which the call asks about.
    """

    def __init__(self, focused: Agent, first: nodes.Statement, model: str | None) -> None:
        self.model = model
        self.bullets: list[Item] = []
        self.only_saves = True
        self._focused = focused
        self._first = first
        self._notes: dict[str, None] = {}
        self._saved = focused.context.saved()
        self._unchecked: frozenset[str] = frozenset()

    @property
    def is_handed_unchecked(self) -> bool:
        """Whether the call is given a copy that is text still, whose end nothing shows."""
        return not self._unchecked.isdisjoint(self._saved.handed)

    @property
    def length(self) -> int:
        return sum(1 for _ in walk_items(self.bullets))

    def add_statements(self, added: Sequence[tuple[nodes.Statement, Emit]]) -> _Call:
        """Return a copy of the call with further statements; this one is unchanged."""
        longer = _Call(self._focused, self._first, self.model)
        longer._saved = self._saved.copy()
        longer._unchecked = self._unchecked
        longer.bullets = [*self.bullets]
        self._focused.notes.clear()
        for statement, emit in added:
            if isinstance(statement, nodes.If):
                longer._unchecked |= {*statement.unchecked}
            longer.bullets += emit(
                _mark_saved_variables(statement, emit, longer._saved, self._focused.context),
                self._focused,
            )
        longer._notes = self._notes | self._focused.notes
        longer.only_saves = self.only_saves and all(
            isinstance(statement, nodes.Store) for statement, _ in added
        )
        return longer

    def item(self, context: Context) -> Item:
        """Return the line that makes the call."""
        first = self._first
        bullets = [Item(note, first.origin, first.kind) for note in self._notes] + self.bullets
        # What the main agent does after the call is not told here, and needs no values.
        told = "\n".join(each.text for each in walk_items(bullets))
        if self._saved.bare_entry:
            context.entry_is_told()
        counts = self._saved.counts
        handed = [name for name in self._saved.handed if name in counts or _has_mark_of(name, told)]
        return context.focused(first.origin, first.kind, bullets, self.model, handed)


def _has_mark_of(name: str, told: str) -> bool:
    """Whether a text contains the mark of a variable, or of a part of it."""
    mark = spell_variable(nodes.Variable(sigil="saved", name=name))
    return any(mark[:-1] + end in told for end in (mark[-1], ".", "["))


def _mark_saved_variables(
    statement: nodes.Statement, emit: Emit, saved: Saved, context: Context
) -> nodes.Statement:
    if isinstance(statement, nodes.Copy) and not getattr(emit, "whole", False):
        return saved.verified(statement, saves=saves_copied(statement, context))
    return saved.statement(statement)
