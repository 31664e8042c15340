"""Walks over the IR."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal

from . import nodes


def statements(body: nodes.Body) -> Iterator[nodes.Statement]:
    """Every statement of a body and of the bodies in it, outer before inner."""
    for statement in body:
        yield statement
        for inner, _ in inner_bodies(statement):
            yield from statements(inner)


def inner_bodies(statement: nodes.Statement) -> Iterator[tuple[nodes.Body, bool]]:
    """The bodies of a statement, each with whether it may be skipped or run more than once."""
    match statement:
        case nodes.Step():
            yield statement.body, False
        case nodes.If():
            for branch in statement.branches:
                yield branch.body, True
            yield statement.otherwise, True
        case nodes.Loop():
            yield statement.body, True
        case nodes.Repeat() | nodes.Retry():
            yield statement.body, True
            yield statement.otherwise, True
        case (
            nodes.Choose()
            | nodes.WaitUntil()
            | nodes.Expect()
            | nodes.Extract()
            | nodes.Copy()
            | nodes.Run()
        ):
            if statement.otherwise is not None:
                yield statement.otherwise, True
        case _:
            pass


def with_bodies(statement: nodes.Statement, bodies: Sequence[nodes.Body]) -> nodes.Statement:
    """A statement with other bodies, in the order of `inner_bodies`."""
    if isinstance(statement, nodes.If):
        branches = zip(statement.branches, bodies, strict=False)
        return replace(
            statement,
            branches=tuple(replace(branch, body=body) for branch, body in branches),
            otherwise=bodies[-1],
        )
    names = [name for name in ("body", "otherwise") if getattr(statement, name, None) is not None]
    if not bodies:
        return statement
    changes: dict[str, Any] = dict(zip(names, bodies, strict=True))
    return replace(statement, **changes)


def renamed(value: Any, name: str, to: str, sigil: Literal["runtime", "saved"]) -> Any:
    """A value in which the marked variable `name` has another name and sigil, bodies included."""
    if isinstance(value, nodes.Variable):
        if (value.sigil, value.name) != ("saved", name):
            return value
        return replace(value, sigil=sigil, name=to)
    if isinstance(value, tuple):
        return tuple(renamed(each, name, to, sigil) for each in value)
    changes = {
        each: renamed(getattr(value, each), name, to, sigil)
        for each in field_names(type(value))
        if each != "origin"
    }
    return replace(value, **changes) if changes else value


def variables_set(body: nodes.Body) -> Iterator[str]:
    """The runtime variables that the statements of a body set, on some path."""
    for statement in statements(body):
        match statement:
            case nodes.Extract() | nodes.BackgroundExtract() | nodes.Copy():
                yield statement.variable
            case nodes.Run(variable=str() as variable):
                yield variable
            case nodes.Store(assignments=assignments):
                yield from (each.variable for each in assignments)
            case _:
                pass


def walk(value: Any) -> Iterator[Any]:
    """Every node inside `value`, itself included, outer before inner, in field order."""
    if isinstance(value, tuple):
        for inner in value:
            yield from walk(inner)
        return
    if names := field_names(type(value)):
        yield value
        for name in names:
            yield from walk(getattr(value, name))


def field_names(class_: type) -> tuple[str, ...]:
    """The field names of a class of nodes; empty for other classes."""
    names = _FIELDS.get(class_)
    if names is None:
        names = tuple(field.name for field in fields(class_)) if is_dataclass(class_) else ()
        _FIELDS[class_] = names
    return names


_FIELDS: dict[type, tuple[str, ...]] = {}
"""What `field_names` has returned: asking `dataclasses` each time is most of the cost of a walk."""
