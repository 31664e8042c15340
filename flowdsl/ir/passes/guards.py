"""Branches of the main agent that no screen decides, as loops of one or no entry.

A replay repeats the main agent's lines without asking it, but evaluates the lists of loops afresh
(assumption `fresh-loop-lists`), and has an agent do a body that was never recorded
(`loops-without-entries`). So a focused agent decides whether a list has an entry:

    if with_proof { capture "proof.png" }     guard = []
                                              if with_proof: guard = ["yes"]
                                              for each entry of guard: capture "proof.png"

The platform has one current item, so no loop may run in a loop. A statement of a branch that is a
loop itself, or becomes one, stands behind the loop of what comes before it, for itself:

    if a { A  if b { B }  C }      guard = [], and if a: guard = ["yes"];  for each: A
                                   guard_2 = [], and if guard and b: ["yes"];  for each: B
                                   for each entry of guard: C
    if a { for x in xs { B } }     entries = [], and if guard: entries = xs;  for each: B

`decompile.reading.guards` takes this back.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import replace
from flowdsl.syntax.statements import FINISH

from .. import nodes
from ..fits import body_tools, fits
from ..lowering.statements import Names
from ..verify import depends_on_screen
from ..walk import inner_bodies, with_bodies

GUARD = "guard"
"""The name of the variable that has the list of a branch, if it is free."""

GUARDED_LIST = "guarded"
"""The name of the variable that has the entries of a loop in a branch, if it is free."""

CHOSEN = nodes.ConstantValue(value=["yes"])
NOT_CHOSEN = nodes.ConstantValue(value=[])
"""The lists of a branch that is taken, and of one that is not."""


def guard_branches(program: nodes.Program, capabilities: Capabilities) -> nodes.Program:
    """The program without branches that a replay would not decide again, as far as that goes.

    Only for an account of which both assumptions are known to hold; loops are placed already.
    """
    if not capabilities.fresh_loop_lists:
        return program
    return replace(
        program, workflows=tuple(_guarded(each, capabilities) for each in program.workflows)
    )


def _guarded(workflow: nodes.Workflow, capabilities: Capabilities) -> nodes.Workflow:
    names = Names(workflow.names)
    body = _Guarding(capabilities, names).body(workflow.body)
    return replace(workflow, body=body, names=names.taken())


class _Guarding:
    """Makes loops of the branches of one workflow; `names` gives out new ones."""

    def __init__(self, capabilities: Capabilities, names: Names) -> None:
        self._capabilities = capabilities
        self._names = names

    def body(self, body: nodes.Body) -> nodes.Body:
        """A body of the main agent that stands in no loop."""
        return tuple(each for statement in body for each in self._statement(statement))

    def _statement(self, statement: nodes.Statement) -> Iterator[nodes.Statement]:
        if self._fits(statement):
            yield statement
        elif self._becomes_loops(statement):
            yield from self._choice(statement, None)
        elif isinstance(statement, nodes.Loop | nodes.Repeat):
            yield statement
        elif isinstance(statement, nodes.Retry):
            yield replace(statement, otherwise=self.body(statement.otherwise))
        else:
            bodies = [self.body(inner) for inner, _ in inner_bodies(statement)]
            yield with_bodies(statement, bodies)

    # What becomes loops

    def _fits(self, *body: nodes.Statement) -> bool:
        return fits(body, self._capabilities)

    def _becomes_loops(self, statement: nodes.Statement) -> bool:
        """Whether a statement is a choice of which loops are made."""
        return (
            isinstance(statement, nodes.If)
            and not self._fits(statement)
            and any(not self._fits(*body) for body, _ in inner_bodies(statement))
            and any(not depends_on_screen(each.condition) for each in statement.branches)
            and FINISH not in body_tools((statement,))
            and not any(self._is_shut_in(body) for body, _ in inner_bodies(statement))
        )

    def _is_shut_in(self, body: nodes.Body) -> bool:
        """Whether a loop stands in a body where it cannot stand for itself."""
        for statement in body:
            if self._fits(statement) or isinstance(statement, nodes.Loop):
                continue
            inner = [inner for inner, _ in inner_bodies(statement)]
            if isinstance(statement, nodes.Step) or self._becomes_loops(statement):
                if any(map(self._is_shut_in, inner)):
                    return True
            elif any(map(self._has_loops, inner)):
                return True
        return False

    def _has_loops(self, body: nodes.Body) -> bool:
        """Whether a body has a loop of the main agent, or what becomes one."""
        return any(
            not self._fits(each)
            and (
                isinstance(each, nodes.Loop)
                or self._becomes_loops(each)
                or any(self._has_loops(inner) for inner, _ in inner_bodies(each))
            )
            for each in body
        )

    # Making them

    def _choice(self, choice: nodes.Statement, guard: str | None) -> Iterator[nodes.Statement]:
        """A choice as one of lists, and a loop for each of them.

        `guard` is the list of the branch in which it stands.
        """
        assert isinstance(choice, nodes.If)
        bodies = [body for body, _ in inner_bodies(choice)]
        alone = [body if self._fits(*body) else () for body in bodies]
        if not self._fits(with_bodies(choice, alone)):
            alone = [()] * len(bodies)  # Each fits one agent, but all of them ask for two models.
        lists = [
            self._names.fresh(GUARD) if body and not kept else None
            for body, kept in zip(bodies, alone, strict=True)
        ]
        named = [each for each in lists if each is not None]
        decided = [
            kept if name is None else (_kept(name, CHOSEN, choice.origin),)
            for kept, name in zip(alone, lists, strict=True)
        ]
        yield _none_chosen(named, choice.origin)
        yield _if_chosen(guard, with_bodies(choice, decided))
        for body, name in zip(bodies, lists, strict=True):
            if name is not None:
                yield from self._under(body, name, choice.origin)

    def _under(
        self, body: nodes.Body, guard: str, origin: nodes.Origin
    ) -> Iterator[nodes.Statement]:
        """The statements of a branch, in loops over its list."""
        together: list[nodes.Statement] = []
        for statement in body:
            if not self._has_loops((statement,)):
                together.append(statement)
                continue
            yield from _loop(together, guard, origin)
            together = []
            match statement:
                case nodes.Step():
                    inner = tuple(self._under(statement.body, guard, origin))
                    yield replace(statement, body=inner)
                case nodes.Loop():
                    yield from self._loop_under(statement, guard)
                case _:
                    yield from self._choice(statement, guard)
        yield from _loop(together, guard, origin)

    def _loop_under(self, loop: nodes.Loop, guard: str) -> Iterator[nodes.Statement]:
        """A loop of a branch: its list has no entries where the branch is not taken."""
        name = self._names.fresh(GUARDED_LIST)
        yield _none_chosen([name], loop.origin)
        yield _if_chosen(guard, _kept(name, _as_list(loop.items), loop.origin))
        yield replace(loop, items=_variable(name))


def _as_list(items: nodes.Value) -> nodes.Value:
    """What a loop runs over, as a list: a count is that of the numbers from 0."""
    match items:
        case nodes.ConstantValue(value=int() as count):
            return nodes.ConstantValue(value=list(range(count)))
        case _:
            return items


def _loop(body: list[nodes.Statement], guard: str, origin: nodes.Origin) -> nodes.Body:
    if not body:
        return ()
    items = _variable(guard)
    return (
        nodes.Loop(
            origin=origin, variable="", items=items, limit=None, counted=False, body=tuple(body)
        ),
    )


def _variable(name: str) -> nodes.TextValue:
    return nodes.TextValue(text=(nodes.Variable(sigil="runtime", name=name),), json=True)


def _none_chosen(names: list[str], origin: nodes.Origin) -> nodes.Store:
    assignments = tuple(
        nodes.Assignment(variable=name, value=NOT_CHOSEN, origin=origin) for name in names
    )
    return nodes.Store(origin=origin, assignments=assignments)


def _kept(name: str, value: nodes.Value, origin: nodes.Origin) -> nodes.Store:
    assignment = nodes.Assignment(variable=name, value=value, origin=origin)
    return nodes.Store(origin=origin, assignments=(assignment,))


def _if_chosen(guard: str | None, statement: nodes.Statement) -> nodes.Statement:
    """A statement that is done only where the branch of the list `guard` is taken."""
    if guard is None:
        return statement
    chosen = nodes.Not(operand=nodes.IsEmpty(operand=_variable(guard), listed=True))
    branch = nodes.Branch(origin=statement.origin, condition=chosen, body=(statement,))
    return nodes.If(origin=statement.origin, branches=(branch,), otherwise=())
