"""Takes back that branches of the main agent are loops of one or no entry (`ir.passes.guards`).

Save under "guard": an empty list.                 if with_proof { capture "proof.png" }
If {with_proof} is true: save a list of "yes".  ->
For each entry of the list "guard": …
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable
from flowdsl.ir.passes.guards import CHOSEN, GUARD, GUARDED_LIST, NOT_CHOSEN
from flowdsl.ir.passes.simplify import rewrite_body
from flowdsl.ir.walk import inner_bodies, statements, with_bodies
from flowdsl.prompt.reading.texts import MAX_DIGITS
from flowdsl.source.record import replace

_NAME = re.compile(rf"({GUARD}|{GUARDED_LIST})(_[0-9]{{1,{MAX_DIGITS}}})?")


class _NoGuard(Exception):
    """Raised where lists of these names are no branches."""


def without_guards(body: nodes.Body) -> nodes.Body:
    """The body with the branches that its loops of one or no entry stand for.

    Where not all of them can be told, it stays as it is.
    """
    names = {
        each.variable
        for statement in statements(body)
        if isinstance(statement, nodes.Store)
        for each in statement.assignments
        if _NAME.fullmatch(each.variable)
    }
    if not names:
        return body
    try:
        return _Reader(names).body(rewrite_body(body, lambda inner: _unemptied(inner, names)))
    except _NoGuard:
        return body


def _unemptied(body: nodes.Body, names: set[str]) -> nodes.Body:
    """A body that does not say of any branch that it is not taken."""
    left: list[nodes.Statement] = []
    for statement in body:
        if isinstance(statement, nodes.Store):
            kept = tuple(
                each
                for each in statement.assignments
                if each.variable not in names or _plain(each.value) != NOT_CHOSEN.value
            )
            if not kept:
                continue
            statement = replace(statement, assignments=kept)
        left.append(statement)
    return tuple(left)


class _Reader:
    """Reads the bodies of one prompt; `names` are those of the lists.

    What is known to begin with is saved as late as it can be, and so between the loops of a choice.
    `_before` is what was found there; it stands in front of the whole choice in source.
    """

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._before: list[nodes.Statement] = []

    def body(self, body: nodes.Body) -> nodes.Body:
        """The statements of a body, each with its branches; raises `_NoGuard`."""
        found: list[nodes.Statement] = []
        rest = list(body)
        while rest:
            statement = rest.pop(0)
            if isinstance(statement, nodes.If) and self._lists(statement):
                choice = self._choice(statement, rest)
                found += self._before
                self._before = []
                found.append(choice)
                continue
            if self._named(statement):
                raise _NoGuard
            bodies = [self.body(inner) for inner, _ in inner_bodies(statement)]
            found.append(with_bodies(statement, bodies))
        return tuple(found)

    def _lists(self, choice: nodes.If) -> dict[int, str]:
        """The lists that a choice makes, by the number of the body that each stands for."""
        found: dict[int, str] = {}
        for number, (body, _) in enumerate(inner_bodies(choice)):
            match body:
                case (nodes.Store(assignments=(assignment,)),) if self._is_chosen(assignment):
                    found[number] = assignment.variable
                case _:
                    pass
        return found

    def _is_chosen(self, assignment: nodes.Assignment) -> bool:
        return assignment.variable in self._names and _plain(assignment.value) == CHOSEN.value

    def _choice(self, choice: nodes.If, rest: list[nodes.Statement]) -> nodes.If:
        """A choice with the bodies that are taken from the statements behind it."""
        bodies = [body for body, _ in inner_bodies(choice)]
        for number, name in self._lists(choice).items():
            bodies[number] = tuple(self._under(rest, name))
            if not bodies[number]:
                raise _NoGuard
        whole = with_bodies(choice, bodies)
        assert isinstance(whole, nodes.If)
        return whole

    def _under(self, rest: list[nodes.Statement], name: str) -> Sequence[nodes.Statement]:
        """Takes the statements of the branch of a list from those that come next."""
        found: list[nodes.Statement] = []
        while rest:
            known = self._known(rest)
            statement = rest[0] if rest else None
            match statement:
                case nodes.Loop(limit=None) if _looped(statement) == name:
                    rest.pop(0)
                    found.extend(self.body(statement.body))
                case nodes.If(branches=(nodes.Branch(body=(inner,)),), otherwise=()) if (
                    _asked(statement) == name
                ):
                    rest.pop(0)
                    found.append(self._asked_inside(inner, rest))
                case nodes.Step():
                    inside = list(statement.body)
                    taken = tuple(self._under(inside, name))
                    if not taken:
                        rest[:0] = known
                        break
                    if inside:
                        raise _NoGuard
                    rest.pop(0)
                    found.append(replace(statement, body=taken))
                case _:
                    rest[:0] = known
                    break
            self._before += known
        return found

    def _known(self, rest: list[nodes.Statement]) -> list[nodes.Statement]:
        """Takes what is saved, other than lists of branches, from the statements that come next."""
        known: list[nodes.Statement] = []
        while rest and isinstance(rest[0], nodes.Store) and not self._named(rest[0]):
            known.append(rest.pop(0))
        return known

    def _asked_inside(self, inner: nodes.Statement, rest: list[nodes.Statement]) -> nodes.Statement:
        """What stands for itself in a branch: another choice, or a loop."""
        if isinstance(inner, nodes.If) and self._lists(inner):
            return self._choice(inner, rest)
        self._before += self._known(rest)
        match inner, rest[:1]:
            case nodes.Store(assignments=(assignment,)), [nodes.Loop() as loop]:
                items = assignment.value
                own = assignment.variable in self._names and _looped(loop) == assignment.variable
                if own and not isinstance(items, nodes.FailureReason):
                    rest.pop(0)
                    return replace(loop, items=items, body=self.body(loop.body))
            case _:
                pass
        raise _NoGuard

    def _named(self, statement: nodes.Statement) -> bool:
        """Whether a statement itself loops over a list of a branch, asks for one or makes one."""
        match statement:
            case nodes.Loop():
                return _looped(statement) in self._names
            case nodes.If():
                return _asked(statement) in self._names
            case nodes.Store(assignments=assignments):
                return any(each.variable in self._names for each in assignments)
            case _:
                return False


def _looped(loop: nodes.Loop) -> str | None:
    """The variable over whose list a loop of the main agent runs."""
    variable = single_variable(loop.items)
    if loop.entry is not None or variable is None or variable.path:
        return None
    return variable.name if variable.sigil == "runtime" else None


def _asked(choice: nodes.If) -> str | None:
    """The variable of which a choice with one branch asks whether it has entries."""
    match choice.branches:
        case (nodes.Branch(condition=nodes.Not(operand=nodes.IsEmpty(operand=operand))),):
            variable = single_variable(operand)
            return None if variable is None or variable.path else variable.name
        case _:
            return None


def _plain(value: nodes.Value | nodes.FailureReason) -> Any:
    """A value without variables as JSON has it; None for another one."""
    match value:
        case nodes.ConstantValue():
            return value.value
        case nodes.TextValue(text=(nodes.TextPiece(value=text),)):
            return text
        case nodes.ListValue(items=items):
            return [_plain(each) for each in items]
        case _:
            return None
