"""Unwraps values from the objects in which code generation passes them between calls."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM, single_variable
from flowdsl.ir.passes.handing import is_boxed, is_boxed_entry
from flowdsl.ir.rewrite import rewrite_body
from flowdsl.ir.walk import inner_bodies, replace_bodies, replace_variables, statements
from flowdsl.source.record import replace


def without_boxes(body: nodes.Body, boxed: Collection[str]) -> nodes.Body:
    """Return a body before values were wrapped; `boxed` are the variables with objects."""

    def take(variable: nodes.Variable) -> nodes.Variable:
        is_runtime = variable.sigil == "runtime" and variable.name in boxed
        return _unbox_variable(variable) if is_runtime else variable

    wrapped = {
        each.variable: each.value
        for statement in statements(body)
        if isinstance(statement, nodes.Store)
        for each in statement.assignments
        if each.wraps
    }
    unboxed: nodes.Body = replace_variables(body, take)
    return _unwrap_body(
        unboxed, {name: replace_variables(value, take) for name, value in wrapped.items()}
    )


def find_saved_boxes(body: nodes.Body, handed: Collection[str]) -> frozenset[str]:
    """Return the variables that are passed to calls and saved only as objects around a value."""
    plain: set[str] = set()
    boxed: set[str] = set()
    for each in _find_whole_assignments(body):
        (boxed if is_boxed_entry(each.value) else plain).add(each.variable)
    return frozenset(boxed & set(handed) - plain)


def unwrap_saved_boxes(body: nodes.Body, boxed: Collection[str]) -> nodes.Body:
    """Return a body without the objects around values that are stored in these variables."""

    def plain(each: nodes.Assignment) -> nodes.Assignment:
        if each.variable not in boxed or not is_boxed_entry(each.value):
            return each
        return replace(each, value=each.value.fields[0][1])

    def rewrite(inner: nodes.Body) -> nodes.Body:
        return tuple(
            replace(each, assignments=tuple(map(plain, each.assignments)))
            if isinstance(each, nodes.Store)
            else each
            for each in inner
        )

    return rewrite_body(body, rewrite)


def _find_whole_assignments(body: nodes.Body) -> Iterator[nodes.Assignment]:
    """Return the assignments that store a value as a whole, except reasons of failures."""
    for statement in statements(body):
        if isinstance(statement, nodes.Store):
            for each in statement.assignments:
                whole = not each.append and not each.wraps
                if whole and not isinstance(each.value, nodes.FailureReason):
                    yield each


def _unwrap_body(body: nodes.Body, wrapped: dict[str, nodes.Value]) -> nodes.Body:
    return tuple(
        changed
        for statement in body
        if (changed := _unwrap_statement(statement, wrapped)) is not None
    )


def _unwrap_statement(
    statement: nodes.Statement, wrapped: dict[str, nodes.Value]
) -> nodes.Statement | None:
    if isinstance(statement, nodes.Store):
        kept = tuple(each for each in statement.assignments if not each.wraps)
        return replace(statement, assignments=kept) if kept else None
    statement = replace_bodies(
        statement, [_unwrap_body(inner, wrapped) for inner in inner_bodies(statement)]
    )
    if not isinstance(statement, nodes.Loop) or statement.entry is not None:
        return statement
    variable = single_variable(statement.items)
    if variable is not None and variable.name in wrapped:
        items = wrapped[variable.name]
    elif is_boxed(statement) and (own := _own_entries(statement.items)) is not None:
        items = own
    else:
        return statement
    return replace(
        statement, items=items, body=replace_variables(statement.body, _unbox_loop_entry)
    )


def _own_entries(items: nodes.Value) -> nodes.Value | None:
    """Return a list of wrapped entries with these unwrapped; None for another list."""
    if not isinstance(items, nodes.ListValue) or not all(map(is_boxed_entry, items.items)):
        return None
    return nodes.ListValue(
        items=tuple(
            each.fields[0][1] for each in items.items if isinstance(each, nodes.ObjectValue)
        )
    )


def _unbox_loop_entry(variable: nodes.Variable) -> nodes.Variable:
    is_entry = (variable.sigil, variable.name) == ("runtime", LOOP_ITEM)
    return _unbox_variable(variable) if is_entry else variable


def _unbox_variable(variable: nodes.Variable) -> nodes.Variable:
    if variable.path[:1] != (nodes.BOX,):
        return variable
    return replace(variable, path=variable.path[1:])
