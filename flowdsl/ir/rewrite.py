"""Rewriting the bodies of workflows."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TypeAlias

from flowdsl.source.record import is_unchanged, replace

from . import nodes
from .facts import facts_of
from .walk import map_bodies

Rewrite: TypeAlias = Callable[[nodes.Body], nodes.Body]


def rewrite_body(body: nodes.Body, rewrite: Rewrite, kinds: Set[str] | None = None) -> nodes.Body:
    """Apply `rewrite` to a body and every body in it, inner ones first.

    With `kinds`, bodies that hold no statement of one of these kinds are left as they are.
    """

    def inside(inner: nodes.Body) -> nodes.Body:
        return rewrite_body(inner, rewrite, kinds)

    if kinds is None:
        inner = tuple([map_bodies(each, inside) for each in body])
    else:
        holds = [not kinds.isdisjoint(facts_of(each).kinds) for each in body]
        if True not in holds:
            return body
        changed = zip(body, holds, strict=True)
        inner = tuple([map_bodies(each, inside) if held else each for each, held in changed])
    return rewrite(body if is_unchanged(body, inner) else inner)


def rewrite_workflow(
    workflow: nodes.Workflow, rewrite: Rewrite, kinds: Set[str] | None = None
) -> nodes.Workflow:
    """Apply `rewrite` to every body of a workflow, inner ones first, as `rewrite_body` does."""
    return replace(workflow, body=rewrite_body(workflow.body, rewrite, kinds))
