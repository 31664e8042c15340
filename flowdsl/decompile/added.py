"""Takes back what the compiler adds to statements, since it adds it again.

- In a loop whose passes may fail, a variable that keeps why, and the check behind the loop.
- In front of a loop over a list that may be missing, the list that is empty instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from flowdsl.ir import nodes
from flowdsl.ir.lower_values import single_variable
from flowdsl.ir.passes import rewrite_body
from flowdsl.ir.walk import statements, variables_set


def source_form(body: nodes.Body) -> nodes.Body:
    """A body as it is written in source."""
    noted = {
        each.noted
        for each in statements(body)
        if isinstance(each, nodes.Leave) and each.noted is not None
    }
    # What the main agent does in a pass names no variable: the check behind the loop does.
    rewrite_body(body, lambda inner: _remembered(inner, noted))
    return rewrite_body(
        body, lambda inner: tuple(_with_own_lists(tuple(_without_notes(inner, noted))))
    )


def _remembered(body: nodes.Body, noted: set[str]) -> nodes.Body:
    """Adds to `noted` the variables that checks behind loops ask for and no pass sets."""
    for loop, behind in pairwise(body):
        check = behind.body[0] if isinstance(behind, nodes.Step) and behind.body else behind
        match loop, check:
            case nodes.Loop(), nodes.If(
                branches=(
                    nodes.Branch(
                        condition=condition,
                        body=(nodes.Leave(action="abort", reason=(nodes.Variable() as reason,)),),
                    ),
                ),
                otherwise=(),
            ) if reason.name == _asked(condition) and reason.name not in variables_set(loop.body):
                noted.add(reason.name)
            case _:
                pass
    return body


def _without_notes(body: nodes.Body, noted: set[str]) -> Iterator[nodes.Statement]:
    for statement in body:
        match statement:
            case nodes.Leave() | nodes.Loop():
                yield replace(statement, noted=None)
            case nodes.Store(assignments=assignments):
                kept = tuple(each for each in assignments if each.variable not in noted)
                if kept:
                    yield replace(statement, assignments=kept)
            case nodes.If(branches=(branch,), otherwise=()) if _asked(branch.condition) in noted:
                pass
            case _:
                yield statement


def _asked(condition: nodes.Condition) -> str:
    """The variable of which a condition asks whether it holds a value; empty for another one."""
    match condition:
        case nodes.Not(operand=nodes.IsEmpty(operand=operand)):
            variable = single_variable(operand)
            return "" if variable is None or variable.path else variable.name
        case _:
            return ""


def _with_own_lists(body: nodes.Body) -> Iterator[nodes.Statement]:
    waiting: nodes.If | None = None
    between: list[nodes.Statement] = []
    for statement in body:
        if waiting is not None and isinstance(statement, nodes.Store):
            between.append(statement)
            continue
        if waiting is not None:
            listed = _listed(waiting, statement)
            if listed is None:
                yield waiting
            else:
                statement = listed
            yield from between
            waiting, between = None, []
        if isinstance(statement, nodes.If) and _stored_list(statement) is not None:
            waiting = statement
        else:
            yield statement
    if waiting is not None:
        yield waiting
    yield from between


def _listed(choice: nodes.If, loop: nodes.Statement) -> nodes.Loop | None:
    """A loop over the list of which `choice` has kept one that is not missing."""
    stored = _stored_list(choice)
    if stored is None or not isinstance(loop, nodes.Loop):
        return None
    variable = single_variable(loop.items)
    if variable is None or variable.name != stored[0] or variable.path:
        return None
    return replace(loop, items=stored[1])


def _stored_list(choice: nodes.If) -> tuple[str, nodes.Value] | None:
    """The variable that keeps a list that may be missing, and that list."""
    match choice:
        case nodes.If(
            branches=(
                nodes.Branch(
                    condition=nodes.IsEmpty(operand=asked),
                    body=(nodes.Store(assignments=(empty,)),),
                ),
            ),
            otherwise=(nodes.Store(assignments=(given,)),),
        ):
            if isinstance(given.value, nodes.FailureReason):
                return None
            same = empty.variable == given.variable
            # The mark that a value is JSON stands only where the value is kept.
            same = same and single_variable(given.value) == single_variable(asked) is not None
            # The first as it is lowered, the second as it is read from a prompt.
            none = empty.value in (nodes.ConstantValue(value=[]), nodes.ListValue(items=()))
            return (given.variable, asked) if same and none else None
        case _:
            return None
