"""Removes statements that the compiler adds, because it will add them again.

- In a loop whose passes may fail: the variable that stores the reason, which is `noted` in `Leave`
  and `Loop`, and the check after the loop (`_without_notes`).
- After a typed day: the check of its field (`_skip_typed_day_checks`).
- Before a loop over a list that may be missing: the empty list that replaces it; before one over a
  list that cannot be written as JSON: the variable that stores it (`_restore_loop_lists`).

For example, `noted` below is a variable that the compiler has added:

    for each row:                                    for each row:
      expect ..., else save the reason in noted        expect ..., else abort
    if noted is not empty: abort with it
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from flowdsl.ir import nodes
from flowdsl.ir.days import day_format_words, read_command
from flowdsl.ir.facts import facts_of_body
from flowdsl.ir.lowering.values import (
    holds_unspelled,
    join_pieces,
    literal_text,
    single_variable,
    unmet_reason,
)
from flowdsl.ir.rewrite import rewrite_body
from flowdsl.ir.walk import statements
from flowdsl.source.record import replace


def source_form(body: nodes.Body) -> nodes.Body:
    """Return a body as it would be written in source."""
    noted = {
        each.noted
        for each in statements(body)
        if isinstance(each, nodes.Leave) and each.noted is not None
    }
    # Where the main agent works through a pass, its `Leave` notes nothing: only the check after the
    # loop names the variable. This walk changes nothing, and collects these names in `noted`.
    rewrite_body(body, lambda inner: _note_checked_variables(inner, noted))
    return rewrite_body(
        body,
        lambda inner: tuple(
            _skip_typed_day_checks(tuple(_restore_loop_lists(tuple(_without_notes(inner, noted)))))
        ),
    )


def _skip_typed_day_checks(body: nodes.Body) -> Iterator[nodes.Statement]:
    """Return the statements without the checks that follow typed days."""
    before: nodes.Statement | None = None
    for statement in body:
        if not (isinstance(before, nodes.TypeDay) and _is_typed_day_check(statement, before)):
            yield statement
        before = statement


def _is_typed_day_check(statement: nodes.Statement, typed: nodes.TypeDay) -> bool:
    """Whether a statement is the check that lowering adds after a typed day."""
    found = read_command(typed.command)
    if found is None or not isinstance(statement, nodes.Expect):
        return False
    shown = join_pieces((*typed.target, *literal_text(day_format_words(found[1]))))
    match statement.otherwise:
        case (nodes.Leave(action="abort" | "retry", reason=reason),):
            return statement.condition == shown and reason == unmet_reason(shown)
        case _:
            return False


def _note_checked_variables(body: nodes.Body, noted: set[str]) -> nodes.Body:
    """Add to `noted` the variables that checks after loops test and that no pass sets."""
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
            ) if (
                reason.name == _find_asked_variable(condition)
                and reason.name not in facts_of_body(loop.body).sets
            ):
                noted.add(reason.name)
            case _:
                pass
    return body


def _without_notes(body: nodes.Body, noted: set[str]) -> Iterator[nodes.Statement]:
    """Return the statements without what stores, names or checks a variable in `noted`."""
    for statement in body:
        match statement:
            case nodes.Leave() | nodes.Loop():
                yield replace(statement, noted=None)
            case nodes.Store(assignments=assignments):
                kept = tuple(each for each in assignments if each.variable not in noted)
                if kept:
                    yield replace(statement, assignments=kept)
            case nodes.If(branches=(branch,), otherwise=()) if (
                _find_asked_variable(branch.condition) in noted
            ):
                pass
            case _:
                yield statement


def _find_asked_variable(condition: nodes.Condition) -> str:
    """Return the variable that a condition tests for presence; empty for any other condition."""
    match condition:
        case nodes.Compare(
            left=operand, operator="!=", right=nodes.ConstantValue(value="__EMPTY__")
        ):
            variable = single_variable(operand)
            return "" if variable is None or variable.path else variable.name
        case _:
            return ""


def _restore_loop_lists(body: nodes.Body) -> Iterator[nodes.Statement]:
    before: list[nodes.Statement] = []
    for statement in body:
        if isinstance(statement, nodes.Loop):
            statement = _over_own_list(before, statement)
        if isinstance(statement, nodes.Store) or _stores_list(statement):
            before.append(statement)
        else:
            yield from before
            before.clear()
            yield statement
    yield from before


def _over_own_list(before: list[nodes.Statement], loop: nodes.Loop) -> nodes.Loop:
    """Return a loop over the list that a statement before it stores, and remove that list there."""
    for at in reversed(range(len(before))):
        rest, listed = _move_list_into_loop(before[at], loop)
        if listed is not loop:
            before[at : at + 1] = rest
            return listed
    return loop


def _stores_list(statement: nodes.Statement) -> bool:
    return isinstance(statement, nodes.If) and _match_stored_list(statement) is not None


def _move_list_into_loop(
    storing: nodes.Statement, loop: nodes.Loop
) -> tuple[nodes.Body, nodes.Loop]:
    """Return the rest of a statement that stores a loop's list, and the loop over that list."""
    variable = single_variable(loop.items)
    if variable is None or variable.path:
        return (storing,), loop
    if isinstance(storing, nodes.Store) and not loop.counted:
        *before, last = storing.assignments
        value = last.value
        if (
            last.variable == variable.name
            and not last.append
            and isinstance(value, nodes.ListValue)
            and holds_unspelled(value)
        ):
            rest = (replace(storing, assignments=tuple(before)),) if before else ()
            return rest, replace(loop, items=value)
    if isinstance(storing, nodes.If):
        stored = _match_stored_list(storing)
        if stored is not None and variable.name == stored[0]:
            return (), replace(loop, items=stored[1])
    return (storing,), loop


def _match_stored_list(choice: nodes.If) -> tuple[str, nodes.Value] | None:
    """Return the variable that stores a list that may be missing, and that list."""
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
            if isinstance(given.value, nodes.FailureReason | nodes.CountOf):
                return None
            same = empty.variable == given.variable
            # Only the statement that stores the value carries the mark that it is JSON.
            same = same and single_variable(given.value) == single_variable(asked) is not None
            # The first form is produced by lowering, the second is read from a prompt.
            none = empty.value in (nodes.ConstantValue(value=[]), nodes.ListValue(items=()))
            return (given.variable, asked) if same and none else None
        case _:
            return None
