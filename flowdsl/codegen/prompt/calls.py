"""Focused calls: neighbouring statements share one, as far as one agent can hold them.

Each call costs a model call on every run. A plain action of the main agent between two statements
of focused agents would part them, so one such action goes along:

    choose "the row"                     one call: find the row, type,
    type "x" into "the field"     ->               check that it is saved
    expect "it is saved"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.fits import models_of
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import spell_variable

from .context import Agent, Context
from .data import saves_copied
from .saved import Saved

MOST_BULLETS = 28
"""The bullets of one call, beyond which no further statement joins it: more are easily missed.

Values that are only saved are no reason for a call of their own: they go in front of any statement.
"""

MOST_BETWEEN = 1
"""The plain actions between two statements of one call."""

Emit: TypeAlias = Callable[[nodes.Statement, Agent], list[Item]]
"""The bullets of a statement."""


class Calls:
    """Collects statements into focused calls, which are added to `items`.

    `plain` tells how a plain action is emitted for either agent. A step begins a call of its own;
    one goes on across the end of a step: what joins it stands under the title that it began in.
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
        """A plain action: the main agent's, unless the open call goes on behind it."""
        if self._open is None or len(self._between) == MOST_BETWEEN:
            self.close()
            self.items.extend(self._plain(action, self._main))
            return
        (line,) = self._plain(action, self._main)
        self.items.append(line)
        self._between.append((action, line, self.items))

    def add(self, statement: nodes.Statement, emit: Emit, *, alone: bool = False) -> None:
        """Add a statement to the open call, or to another where it does not go with it.

        `alone` says that the call does not hold the statements inside it, nor asks for their model.
        """
        own = getattr(statement, "model", None)
        model = own if alone else next(models_of((statement,)), None)
        if self._open is not None:
            between = [(action, self._plain) for action, _, _ in self._between]
            longer = self._open.add_statements([*between, (statement, emit)])
            goes = isinstance(statement, nodes.Store) or self._open.model == model
            if goes and (self._open.only_saves or longer.length <= MOST_BULLETS):
                for _, line, items in self._between:
                    items[:] = [each for each in items if each is not line]
                self._open, self._between = longer, []
                return
        self.close()
        call = _Call(self._focused, statement, model).add_statements([(statement, emit)])
        if call.bullets:
            # The place of the line is kept: what follows may stand behind it before it is whole.
            self._open, self._line = call, _make_placeholder_line()
            self.items.append(self._line)

    def stay(self) -> None:
        """End the open call if it stands elsewhere: lines have to follow what decides on them."""
        if all(each is not self._line for each in self.items):
            self.close()

    def close(self) -> None:
        """End the open call."""
        if self._open is not None:
            self._line.become(self._open.item(self._context))
        self._open, self._between = None, []


def _make_placeholder_line() -> Item:
    """A line without words, for a call that is still open."""
    origin = nodes.Origin(path="", start_line=0, start_column=0, end_line=0, end_column=0)
    return Item("", origin, "")


class _Call:
    """A call under way: its first statement, its bullets, and what it has saved so far.

    `notes` are what its bullets need to be told before them.
    """

    def __init__(self, focused: Agent, first: nodes.Statement, model: str | None) -> None:
        self.model = model
        self.bullets: list[Item] = []
        self.only_saves = True
        self._focused = focused
        self._first = first
        self._notes: dict[str, None] = {}
        self._saved = focused.context.saved()

    @property
    def length(self) -> int:
        return _count_items(self.bullets)

    def add_statements(self, added: Sequence[tuple[nodes.Statement, Emit]]) -> _Call:
        """The call with further statements, from which this one stays apart."""
        longer = _Call(self._focused, self._first, self.model)
        longer._saved = self._saved.copy()
        longer.bullets = [*self.bullets]
        self._focused.notes.clear()
        for statement, emit in added:
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
        """The line that makes the call."""
        first = self._first
        bullets = [Item(note, first.origin, first.kind) for note in self._notes] + self.bullets
        # What the main agent does behind the call is not told here, and needs no values.
        told = "\n".join(_collect_texts(bullets))
        if self._saved.bare_entry:
            context.entry_is_told()
        counts = self._saved.counts
        handed = [name for name in self._saved.handed if name in counts or _has_mark_of(name, told)]
        return context.focused(first.origin, first.kind, bullets, self.model, handed)


def _collect_texts(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        yield item.text
        yield from _collect_texts(item.children)


def _has_mark_of(name: str, told: str) -> bool:
    """Whether a text names a variable, or a part of it, by its mark."""
    mark = spell_variable(nodes.Variable(sigil="saved", name=name))
    return any(mark[:-1] + end in told for end in (mark[-1], ".", "["))


def _mark_saved_variables(
    statement: nodes.Statement, emit: Emit, saved: Saved, context: Context
) -> nodes.Statement:
    if isinstance(statement, nodes.Copy) and not getattr(emit, "whole", False):
        return saved.verified(statement, saves=saves_copied(statement, context))
    return saved.statement(statement)


def _count_items(items: list[Item]) -> int:
    return sum(1 + _count_items(item.children) for item in items)
