"""Passes over the IR, in order; each returns a simpler program with the same meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from . import nodes
from .walk import statements

Rewrite = Callable[[nodes.Body], nodes.Body]


def rewrite_program(program: nodes.Program, rewrite: Rewrite) -> nodes.Program:
    """`rewrite` applied to every body, inner ones first."""
    return replace(
        program,
        workflows=tuple(
            replace(workflow, body=rewrite_body(workflow.body, rewrite))
            for workflow in program.workflows
        ),
    )


def rewrite_body(body: nodes.Body, rewrite: Rewrite) -> nodes.Body:
    """`rewrite` applied to a body and every body in it, inner ones first."""
    return rewrite(tuple(_rewrite_inner(statement, rewrite) for statement in body))


def _rewrite_inner(statement: nodes.Statement, rewrite: Rewrite) -> nodes.Statement:
    match statement:
        case nodes.Step() | nodes.Loop():
            return replace(statement, body=rewrite_body(statement.body, rewrite))
        case nodes.If():
            return replace(
                statement,
                branches=tuple(
                    replace(branch, body=rewrite_body(branch.body, rewrite))
                    for branch in statement.branches
                ),
                otherwise=rewrite_body(statement.otherwise, rewrite),
            )
        case nodes.Repeat() | nodes.Retry():
            return replace(
                statement,
                body=rewrite_body(statement.body, rewrite),
                otherwise=rewrite_body(statement.otherwise, rewrite),
            )
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
            return replace(statement, otherwise=rewrite_body(statement.otherwise, rewrite))
        case nodes.Extract() | nodes.Copy() | nodes.Run() if statement.otherwise is not None:
            return replace(statement, otherwise=rewrite_body(statement.otherwise, rewrite))
        case _:
            return statement


# Branches that are decided at compile time


def fold_branches(program: nodes.Program) -> nodes.Program:
    """Drops branches whose condition is constant, for example after a call with literals."""
    return rewrite_program(program, lambda body: tuple(_fold_body(body)))


def _fold_body(body: nodes.Body) -> Iterator[nodes.Statement]:
    for statement in body:
        if not isinstance(statement, nodes.If):
            yield statement
            continue
        branches: list[nodes.Branch] = []
        otherwise = statement.otherwise
        for branch in statement.branches:
            match decided(branch.condition):
                case True:
                    otherwise = branch.body
                    break
                case False:
                    continue
                case None:
                    branches.append(branch)
        if branches:
            yield replace(statement, branches=tuple(branches), otherwise=otherwise)
        else:
            yield from otherwise


def decided(condition: nodes.Condition) -> bool | None:
    """The truth of a condition, if constants alone decide it; None if a run has to."""
    match condition:
        case nodes.IsTrue(operand=nodes.ConstantValue(value=value)):
            return value is True
        case nodes.IsEmpty(operand=nodes.ConstantValue(value=value)):
            return value in (None, "", [])
        case nodes.Compare(
            left=nodes.ConstantValue(value=left), right=nodes.ConstantValue(value=right)
        ):
            return _compare(left, condition.operator, right)
        case nodes.Not(operand=operand):
            inner = decided(operand)
            return None if inner is None else not inner
        case nodes.AllOf(operands=operands):
            known = [decided(operand) for operand in operands]
            return False if False in known else None if None in known else True
        case nodes.AnyOf(operands=operands):
            known = [decided(operand) for operand in operands]
            return True if True in known else None if None in known else False
        case _:
            return None


def _compare(left: Any, operator: str, right: Any) -> bool | None:
    match operator:
        case "==":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case _:
            return _order(left, operator, right)


def _order(left: Any, operator: str, right: Any) -> bool | None:
    if not isinstance(left, int | float | Decimal) or not isinstance(right, int | float | Decimal):
        return None
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


# Statements that do nothing


def drop_empty(program: nodes.Program) -> nodes.Program:
    """Drops what does nothing: an agent takes a bare title or condition for an instruction.

    Afterwards no body is empty but the `else` of a statement that acts.
    """
    return rewrite_program(program, _without_empty)


def _without_empty(body: nodes.Body) -> nodes.Body:
    return tuple(left for statement in body for left in _left(statement))


def _left(statement: nodes.Statement) -> nodes.Body:
    """What is left of a statement whose inner bodies have been cleared already."""
    match statement:
        case nodes.Step(title=title, body=body):
            # A picture is no instruction: alone under a title, the title would be taken for one.
            acts = any(each.kind != "picture" for each in body)
            return (statement,) if acts and not _is_blank(title) else body
        case nodes.Do(text=text):
            return () if _is_blank(text) else (statement,)
        case nodes.TypeIn(value=()) | nodes.Expect(otherwise=()) | nodes.Retry(body=()):
            return ()
        case nodes.Loop(body=(), counted=False):
            return ()
        case nodes.Run(otherwise=()):
            return (replace(statement, otherwise=None),)
        case nodes.Repeat(body=(), until=until, otherwise=otherwise):
            missing = nodes.Branch(
                origin=statement.origin, condition=negated(until), body=otherwise
            )
            return _choice(statement.origin, (missing,), ())
        case nodes.If(branches=branches, otherwise=otherwise):
            return _choice(statement.origin, branches, otherwise)
        case _:
            return (statement,)


def _is_blank(text: nodes.Text) -> bool:
    return all(isinstance(piece, nodes.TextPiece) and not piece.value.strip() for piece in text)


def _choice(
    origin: nodes.Origin, branches: tuple[nodes.Branch, ...], otherwise: nodes.Body
) -> nodes.Body:
    """An `if` in which every branch does something.

    An empty branch is dropped at the end, and elsewhere negated to hold the branches behind it.
    """
    for index in range(len(branches) - 1, -1, -1):
        branch = branches[index]
        if branch.body:
            continue
        rest = _chosen(origin, branches[index + 1 :], otherwise)
        turned = (replace(branch, condition=negated(branch.condition), body=rest),)
        branches, otherwise = (*branches[:index], *(turned if rest else ())), ()
    return _chosen(origin, branches, otherwise)


def _chosen(
    origin: nodes.Origin, branches: tuple[nodes.Branch, ...], otherwise: nodes.Body
) -> nodes.Body:
    if not branches:
        return otherwise
    return (nodes.If(origin=origin, branches=branches, otherwise=otherwise),)


def negated(condition: nodes.Condition) -> nodes.Condition:
    """A condition that holds where `condition` does not."""
    match condition:
        case nodes.Not(operand=operand):
            return operand
        case nodes.Compare(operator="=="):
            return replace(condition, operator="!=")
        case nodes.Compare(operator="!="):
            return replace(condition, operator="==")
        case _:
            return nodes.Not(operand=condition)


# Neighbouring values to keep


def merge_stores(program: nodes.Program) -> nodes.Program:
    """Joins neighbouring `Store`s, because each costs a model call on every run."""
    return rewrite_program(program, lambda body: tuple(_merged(body)))


def _merged(body: nodes.Body) -> Iterator[nodes.Statement]:
    pending: nodes.Store | None = None
    for statement in body:
        if isinstance(statement, nodes.Store):
            pending = (
                statement
                if pending is None
                else replace(pending, assignments=pending.assignments + statement.assignments)
            )
            continue
        if pending is not None:
            yield pending
            pending = None
        yield statement
    if pending is not None:
        yield pending


# Objects whose fields are set together


def gather_objects(program: nodes.Program) -> nodes.Program:
    """Makes one object of fields that one `Store` sets and nothing else: it need not be merged."""
    return replace(
        program, workflows=tuple(_gather_workflow(workflow) for workflow in program.workflows)
    )


def _gather_workflow(workflow: nodes.Workflow) -> nodes.Workflow:
    writes = Counter(
        assignment.variable
        for statement in statements(workflow.body)
        for assignment in _assignments(statement)
    )
    return replace(
        workflow, body=rewrite_body(workflow.body, lambda body: tuple(_gathered(body, writes)))
    )


def _assignments(statement: nodes.Statement) -> tuple[nodes.Assignment, ...]:
    match statement:
        case nodes.Store():
            return statement.assignments
        case nodes.Loop():
            return statement.resets
        case _:
            return ()


def _gathered(body: nodes.Body, writes: Counter[str]) -> Iterator[nodes.Statement]:
    for statement in body:
        if not isinstance(statement, nodes.Store):
            yield statement
            continue
        # Only neighbours are joined: an assignment between two fields may use the variable.
        groups = groupby(statement.assignments, key=lambda assignment: assignment.variable)
        yield replace(
            statement,
            assignments=tuple(
                assignment
                for variable, group in groups
                for assignment in _gather_fields(list(group), writes[variable])
            ),
        )


def _gather_fields(group: list[nodes.Assignment], writes: int) -> Iterator[nodes.Assignment]:
    fields = {
        each.field: each.value for each in group if each.field is not None and not each.append
    }
    if len(fields) != len(group) or writes != len(group):
        yield from group
        return
    whole = nodes.ObjectValue(fields=tuple((str(name), value) for name, value in fields.items()))
    yield replace(group[0], field=None, value=whole)


PASSES: tuple[Callable[[nodes.Program], nodes.Program], ...] = (
    fold_branches,
    drop_empty,
    merge_stores,
    gather_objects,
)
