"""Walks over the IR."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from flowdsl.source.record import field_names, is_unchanged, replace

from . import nodes

BODIES = ("body", "otherwise")
"""The fields of nodes that hold statements."""


def statements(body: nodes.Body) -> Iterator[nodes.Statement]:
    """Yield every statement of a body and of its inner bodies, outer before inner."""
    pending = [*reversed(body)]
    while pending:
        statement = pending.pop()
        yield statement
        if inside := inner_bodies(statement):
            for inner in reversed(inside):
                pending.extend(reversed(inner))


def inner_bodies(statement: nodes.Statement) -> Sequence[nodes.Body]:
    """Return the bodies of a statement."""
    if isinstance(statement, nodes.If):
        return [*(branch.body for branch in statement.branches), statement.otherwise]
    names = _BODIES_OF.get(type(statement))
    if names is None:
        return ()
    return [body for name in names if (body := getattr(statement, name)) is not None]


_BODIES_OF: dict[type, tuple[str, ...]] = {
    nodes.Step: ("body",),
    nodes.Loop: ("body",),
    nodes.Repeat: BODIES,
    nodes.Retry: BODIES,
    nodes.Choose: ("otherwise",),
    nodes.WaitUntil: ("otherwise",),
    nodes.Expect: ("otherwise",),
    nodes.Extract: ("otherwise",),
    nodes.Copy: ("otherwise",),
    nodes.Run: ("otherwise",),
}
"""The fields of statements that hold bodies, or None."""


def replace_bodies(statement: nodes.Statement, bodies: Sequence[nodes.Body]) -> nodes.Statement:
    """Replace the bodies of a statement, given in the order of `inner_bodies`."""
    if isinstance(statement, nodes.If):
        branches = zip(statement.branches, bodies, strict=False)
        return replace(
            statement,
            branches=tuple(replace(branch, body=body) for branch, body in branches),
            otherwise=bodies[-1],
        )
    names = [name for name in BODIES if getattr(statement, name, None) is not None]
    if not bodies:
        return statement
    changes: dict[str, Any] = dict(zip(names, bodies, strict=True))
    return replace(statement, **changes)


Rewrite: TypeAlias = Callable[[nodes.Body], nodes.Body]


def rewrite_body(body: nodes.Body, rewrite: Rewrite) -> nodes.Body:
    """Apply `rewrite` to a body and every body in it, inner ones first."""
    return rewrite(
        tuple(
            replace_bodies(each, [rewrite_body(inner, rewrite) for inner in inner_bodies(each)])
            for each in body
        )
    )


def rewrite_workflow(workflow: nodes.Workflow, rewrite: Rewrite) -> nodes.Workflow:
    """Apply `rewrite` to every body of a workflow, inner ones first."""
    return replace(workflow, body=rewrite_body(workflow.body, rewrite))


def rename_saved_variable(
    value: Any, name: str, to: str, sigil: Literal["runtime", "saved"]
) -> Any:
    """Rename every `saved` variable `name` to `to` and set its sigil, also inside bodies."""

    def rename(variable: nodes.Variable) -> nodes.Variable:
        if (variable.sigil, variable.name) != ("saved", name):
            return variable
        return replace(variable, sigil=sigil, name=to)

    return replace_variables(value, rename)


def replace_variables(
    value: Any,
    change: Callable[[nodes.Variable], nodes.Variable],
    *,
    without: Collection[str] = (),
) -> Any:
    """Apply `change` to every variable of a value, except those in fields named in `without`."""
    if isinstance(value, nodes.Variable):
        return change(value)
    if isinstance(value, tuple):
        changed = tuple([replace_variables(each, change, without=without) for each in value])
        return value if is_unchanged(value, changed) else changed
    held = [(name, getattr(value, name)) for name in field_names(type(value))]
    changes = {
        name: replace_variables(each, change, without=without)
        for name, each in held
        if type(each) not in _LEAVES and name not in without
    }
    return replace(value, **changes)


def variables_set(body: nodes.Body) -> Iterator[str]:
    """Return the runtime variables that the statements of a body set on some path."""
    for statement in statements(body):
        match statement:
            case nodes.Extract() | nodes.BackgroundExtract() | nodes.Copy():
                yield statement.variable
            case nodes.Run(variable=str() as variable):
                yield variable
            case nodes.Store(assignments=assignments):
                yield from (each.key for each in assignments)
            case _:
                pass


def walk(value: Any) -> Iterator[Any]:
    """Yield `value` and all nodes inside it except `Origin`s, in pre-order."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(reversed(value))
        elif names := field_names(type(value)):
            yield value
            inner = [getattr(value, name) for name in reversed(names)]
            pending.extend([each for each in inner if type(each) not in _LEAVES])


_LEAVES = frozenset((nodes.Origin, str, int, bool, type(None)))
"""Classes of what fields hold that has no node inside."""
