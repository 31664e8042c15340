"""Rewriting the bodies of workflows."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TypeAlias

from flowdsl.source.record import replace

from . import nodes
from .facts import facts_of
from .walk import map_bodies

Rewrite: TypeAlias = Callable[[nodes.Body], nodes.Body]


def rewrite_body(body: nodes.Body, rewrite: Rewrite, kinds: Set[str] | None = None) -> nodes.Body:
    """Apply `rewrite` to a body and every body in it, inner ones first.

    With `kinds`, bodies that hold no statement of one of these kinds are left as they are.
    """
    if kinds is not None and all(kinds.isdisjoint(facts_of(each).kinds) for each in body):
        return body

    def inside(inner: nodes.Body) -> nodes.Body:
        return rewrite_body(inner, rewrite, kinds)

    return rewrite(tuple([map_bodies(each, inside) for each in body]))


def rewrite_workflow(
    workflow: nodes.Workflow, rewrite: Rewrite, kinds: Set[str] | None = None
) -> nodes.Workflow:
    """Apply `rewrite` to every body of a workflow, inner ones first, as `rewrite_body` does."""
    return replace(workflow, body=rewrite_body(workflow.body, rewrite, kinds))
