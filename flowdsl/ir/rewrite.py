"""Rewriting the bodies of workflows."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TypeAlias

from flowdsl.source.record import replace

from . import nodes
from .facts import facts_of
from .walk import HOLDING, map_bodies

Rewrite: TypeAlias = Callable[[nodes.Body], nodes.Body]


def rewrite_body(body: nodes.Body, rewrite: Rewrite, kinds: Set[str] | None = None) -> nodes.Body:
    """Apply `rewrite` to a body and every body in it, inner ones first.

    With `kinds`, bodies that hold no statement of one of these kinds are left as they are.
    """

    def inside(inner: nodes.Body) -> nodes.Body:
        return rewrite_body(inner, rewrite, kinds)

    found = kinds is None
    changed: list[nodes.Statement] | None = None
    for index, each in enumerate(body):
        if kinds is not None and kinds.isdisjoint(facts_of(each).kinds):
            continue
        found = True
        if type(each) in HOLDING and (inner := map_bodies(each, inside)) is not each:
            changed = changed or [*body]
            changed[index] = inner
    if not found:
        return body
    return rewrite(body if changed is None else tuple(changed))


def rewrite_workflow(
    workflow: nodes.Workflow, rewrite: Rewrite, kinds: Set[str] | None = None
) -> nodes.Workflow:
    """Apply `rewrite` to every body of a workflow, inner ones first, as `rewrite_body` does."""
    return replace(workflow, body=rewrite_body(workflow.body, rewrite, kinds))
