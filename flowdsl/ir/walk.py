"""Walks over the IR.

A statement *holds* bodies, in the fields of `_BODIES_OF`; a node has other nodes in `_NODE_FIELDS`,
which follow from the annotations of its class. A new node with a field of a plain type that
`_PLAIN` lacks is added there; a new statement with bodies in `_BODIES_OF`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal

from flowdsl.source.record import field_names, is_unchanged, replace
from flowdsl.syntax.visit import annotations_of

from . import nodes

BODIES = ("body", "otherwise")
"""The fields of nodes that hold statements."""


def statements(body: nodes.Body) -> Iterator[nodes.Statement]:
    """Yield every statement of a body and of its inner bodies, outer before inner."""
    pending = [*reversed(body)]
    while pending:
        statement = pending.pop()
        yield statement
        if type(statement) in HOLDING:
            for inner in reversed(inner_bodies(statement)):
                pending += reversed(inner)


def inner_bodies(statement: nodes.Statement) -> Sequence[nodes.Body]:
    """Return the bodies that a statement holds: those of the branches of an `If`, then its `else`.

    One that a statement may lack, as the `else` of an `Extract`, is left out if it is None.
    """
    names = _BODIES_OF.get(type(statement))
    if names is None:
        if type(statement) is not nodes.If:
            return ()
        return [*[branch.body for branch in statement.branches], statement.otherwise]
    if len(names) == 1:
        body = getattr(statement, names[0])
        return () if body is None else (body,)
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
"""The fields of statements that hold bodies, or None. `If` holds its own in branches, too."""
HOLDING = frozenset((nodes.If, *_BODIES_OF))
"""The statements that may hold bodies."""


def replace_bodies(statement: nodes.Statement, bodies: Sequence[nodes.Body]) -> nodes.Statement:
    """Replace the bodies of a statement, given in the order of `inner_bodies`."""
    changes: dict[str, Any]
    if isinstance(statement, nodes.If):
        branches = zip(statement.branches, bodies, strict=False)
        changed = tuple([replace(branch, body=body) for branch, body in branches])
        changes = {"branches": changed, "otherwise": bodies[-1]}
    else:
        names = _BODIES_OF.get(type(statement), ())
        held = [name for name in names if getattr(statement, name) is not None]
        changes = dict(zip(held, bodies, strict=True))
    copy = replace(statement, **changes)
    if copy is not statement and (own := getattr(statement, "own", None)) is not None:
        # What `facts.own_facts` has found, which does not depend on the bodies.
        object.__setattr__(copy, "own", own)
    return copy


def map_bodies(
    statement: nodes.Statement, change: Callable[[nodes.Body], nodes.Body]
) -> nodes.Statement:
    """Replace each body of a statement by what `change` makes of it."""
    if type(statement) not in HOLDING:
        return statement
    bodies = inner_bodies(statement)
    changed = [change(inner) for inner in bodies]
    return (
        statement if all(map(is_unchanged, bodies, changed)) else replace_bodies(statement, changed)
    )


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
    class_ = type(value)
    if class_ is nodes.Variable:
        return change(value)
    if class_ is tuple:
        changed = tuple([replace_variables(each, change, without=without) for each in value])
        return value if is_unchanged(value, changed) else changed
    changes: dict[str, Any] = {}
    for name in _NODE_FIELDS[class_] or ():
        if name not in without and (before := getattr(value, name)):
            after = replace_variables(before, change, without=without)
            if after is not before:
                changes[name] = after
    return value.__replace__(**changes) if changes else value


def find_variables(*values: Any) -> list[nodes.Variable]:
    """Return all variables inside some values, in no particular order."""
    found: list[nodes.Variable] = []
    pending = [*values]
    while pending:
        value = pending.pop()
        class_ = type(value)
        if class_ is nodes.Variable:
            found.append(value)
        elif class_ is tuple:
            pending += value
        elif class_ is not nodes.TextPiece:
            pending += [
                inner for name in _NODE_FIELDS[class_] or () if (inner := getattr(value, name))
            ]
    return found


def own_parts(statement: nodes.Statement) -> Sequence[Any]:
    """Return the texts, values and conditions of a statement, without its bodies."""
    if type(statement) is nodes.If:
        return [branch.condition for branch in statement.branches]
    return [getattr(statement, name) for name in _OWN_PARTS[type(statement)]]


def walk(value: Any) -> Iterator[Any]:
    """Yield `value` and all nodes inside it except `Origin`s, in pre-order."""
    pending = [value]
    while pending:
        value = pending.pop()
        class_ = type(value)
        if class_ is tuple:
            pending += reversed(value)
        elif (fields := _NODE_FIELDS[class_]) is not None:
            yield value
            for name in reversed(fields):
                if inner := getattr(value, name):
                    pending.append(inner)


_PLAIN = frozenset(
    (
        *("Origin", "str", "str | None", "int", "int | None", "bool", "Mapping[str, Any]"),
        *("tuple[str, ...]", "tuple[str, ...] | None", "tuple[str | None, ...]"),
        "tuple[str | int, ...]",
    )
)
"""The type annotations of fields without nodes, beside literals."""


class _NodeFields(dict[type, tuple[str, ...] | None]):
    """The fields of a class that may hold nodes; None for what is no node. Filled as needed."""

    def __missing__(self, class_: type) -> tuple[str, ...] | None:
        fields = None
        if field_names(class_) and class_ is not nodes.Origin:
            written = annotations_of(class_)
            fields = tuple(
                name
                for name in field_names(class_)
                if written[name] not in _PLAIN and not written[name].startswith("Literal[")
            )
        self[class_] = fields
        return fields


_NODE_FIELDS = _NodeFields()


class _OwnParts(dict[type, tuple[str, ...]]):
    """The fields of a statement beside its bodies that may hold variables. Filled as needed."""

    def __missing__(self, class_: type) -> tuple[str, ...]:
        own = tuple(name for name in _NODE_FIELDS[class_] or () if name not in (*BODIES, "type"))
        self[class_] = own
        return own


_OWN_PARTS = _OwnParts()


def node_fields(value: Any) -> tuple[str, ...]:
    """Return the fields of a value that may hold nodes."""
    return _NODE_FIELDS[type(value)] or ()
