"""Values that a focused agent uses in the same call that saves them.

The service may fill in `{{total}}` when a call is made, so that what the call itself saves under
`total` is not there yet (assumption `runtime-values-in-calls`). From where it is saved, such a
value is named by the marks of `data.saved_here`:

    - Save it under "total": a whole number in digits.
    - Click the field Total, then type exactly ⟦⟪total⟫⟧
"""

from __future__ import annotations

from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.walk import BODIES, statements, variables_set, with_variables
from flowdsl.source.record import field_names, replace


def set_whole(body: nodes.Body) -> frozenset[str]:
    """The variables that a body sets on some path, other than by one entry more."""
    return frozenset(
        name
        for statement in statements(body)
        for name in (
            (each.variable for each in statement.assignments if not each.append)
            if isinstance(statement, nodes.Store)
            else variables_set((_without_bodies(statement),))
        )
    )


class Saved:
    """Rewrites the statements of one call, in their order.

    - `names`: the variables that the call has saved so far on some path, `sure` on every path.
    - `kept`: those of `names` to which the call may add an entry behind what it has saved. A failed
      attempt has added none (`append-repeated`).
    - `used`: the saved variables that were used since; `before` those of them that may still have
      the value from before the call.
    - `counts`: the numbers of entries that the call goes on from, of lists under numbered keys.
    """

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self.sure: frozenset[str] = frozenset()
        self.kept: frozenset[str] = frozenset()
        self.used: dict[str, None] = {}
        self.before: dict[str, None] = {}
        self.counts: dict[str, None] = {}

    def copy(self) -> Saved:
        """What a call has saved that is the same so far."""
        same = Saved()
        same.names, same.sure, same.kept = self.names, self.sure, self.kept
        same.used, same.before = dict(self.used), dict(self.before)
        same.counts = dict(self.counts)
        return same

    def statement(self, statement: nodes.Statement) -> nodes.Statement:
        """A statement that names what the call has saved by its mark."""
        match statement:
            case nodes.Store():
                return self._store(statement)
            case nodes.Repeat() | nodes.Retry(entry=False) | nodes.Loop():
                # A further round may use what the round before has saved.
                saved = frozenset(variables_set(statement.body))
                self.names |= saved
                attempts = isinstance(statement, nodes.Retry)
                self.kept |= set_whole(statement.body) if attempts else saved
            case _:
                pass
        rewritten = self._marked(statement)
        own = frozenset(variables_set((_without_bodies(statement),)))
        self.names |= own
        self.kept |= own
        return self._with_bodies(rewritten, own)

    def verified(self, copy: nodes.Copy) -> nodes.Copy:
        """A copy of the main agent that the call verifies; it saves a value of another type."""
        rewritten: nodes.Copy = replace(self._marked(copy), otherwise=None)
        sure = self.sure
        body = None if copy.otherwise is None else self.body(copy.otherwise)
        self.sure = sure  # a copy that fits does none of its `else`
        if copy.type != nodes.ScalarType(name="string"):
            self.names |= {copy.variable}
            self.kept |= {copy.variable}
            self.sure |= {copy.variable}
        return replace(rewritten, otherwise=body)

    def _store(self, statement: nodes.Store) -> nodes.Store:
        assignments: list[nodes.Assignment] = []
        for each in statement.assignments:
            again = each.append and not each.numbered and each.variable in self.kept
            if each.numbered and each.key not in self.sure:
                self.counts[each.key] = None
            assignments.append(replace(self._marked(each), again=again))
            self.names |= {each.key}
            self.kept |= {each.key}
            self.sure |= {each.key}
        return replace(statement, assignments=tuple(assignments))

    def body(self, body: nodes.Body) -> nodes.Body:
        """The statements of a body, one after the other."""
        return tuple(map(self.statement, body))

    def _with_bodies(self, statement: nodes.Statement, own: frozenset[str]) -> nodes.Statement:
        """A statement with its bodies rewritten; any of them may have been carried out.

        What the statement itself saves is saved unless it failed: then its `else` comes next.
        """
        start = (self.names, self.sure, self.kept)
        ends = [(self.names, self.sure | own, self.kept)]
        changes: dict[str, Any] = {}
        for name in (*BODIES, "branches"):
            inner = getattr(statement, name, None)
            if not inner:
                continue
            if name == "otherwise" and isinstance(statement, nodes.Retry):
                # Whatever the attempt has saved until it failed is saved.
                saved = set(variables_set(statement.body))
                start = (start[0] | saved, start[1], start[2] | saved)
            bodies = [each.body for each in inner] if name == "branches" else [inner]
            rewritten = []
            for body in bodies:
                self.names, self.sure, self.kept = start
                rewritten.append(self.body(body))
                if not _leaves(body):
                    ends.append((self.names, self.sure, self.kept))
            changes[name] = (
                tuple(
                    replace(branch, body=body)
                    for branch, body in zip(inner, rewritten, strict=True)
                )
                if name == "branches"
                else rewritten[0]
            )
        if isinstance(statement, nodes.Step) or (
            isinstance(statement, nodes.If | nodes.Retry) and statement.otherwise
        ):
            del ends[0]
        self.names = frozenset().union(*(names for names, _, _ in ends))
        self.sure = frozenset.intersection(*(sure for _, sure, _ in ends)) if ends else start[1]
        self.kept = frozenset().union(*(kept for _, _, kept in ends))
        return replace(statement, **changes) if changes else statement

    def _marked(self, node: Any) -> Any:
        """A node with the variables outside its bodies marked."""

        def mark(variable: nodes.Variable) -> nodes.Variable:
            if variable.sigil != "runtime" or variable.name not in self.names:
                return variable
            self.used[variable.name] = None
            if variable.name not in self.sure:
                self.before[variable.name] = None
            return replace(variable, sigil="saved")

        return with_variables(node, mark, without=BODIES)


def _leaves(body: nodes.Body) -> bool:
    """Whether nothing behind a body is carried out after it."""
    return bool(body) and isinstance(body[-1], nodes.Leave)


def _without_bodies(statement: Any) -> Any:
    changes: dict[str, Any] = {
        name: () for name in field_names(type(statement)) if name in (*BODIES, "branches")
    }
    return replace(statement, **changes) if changes else statement
