"""Drops steps whose titles no prompt shows.

    for row in rows {                   1. Use start_loop with text="{rows}" and do for each entry:
      step "Open the row" {                1.1 Press enter.
        press "Enter"
      }
    }

A prompt shows a title only above lines that begin in the first column, and only if it is fully
known before the run. The statements of any other step take its place, and the prompt is that of the
source without the step.
"""

from __future__ import annotations

from flowdsl.source.record import replace

from .. import nodes
from ..facts import holds_kind
from ..walk import inner_bodies, replace_bodies


def drop_titles(workflow: nodes.Workflow) -> nodes.Workflow:
    """Replace the steps whose titles the prompt does not show by their statements."""
    return replace(workflow, body=_remove_inner_titles(workflow.body, inside=False))


def _remove_inner_titles(body: nodes.Body, *, inside: bool) -> nodes.Body:
    """Rewrite a body; `inside`: it is inside another statement."""
    found: list[nodes.Statement] = []
    for statement in body:
        dropped = isinstance(statement, nodes.Step) and (inside or not _is_known(statement.title))
        if not dropped and not _holds_steps(statement):
            found.append(statement)
            continue
        within = inside or not dropped
        bodies = [_remove_inner_titles(inner, inside=within) for inner in inner_bodies(statement)]
        if dropped:
            found += bodies[0]
        else:
            found.append(replace_bodies(statement, bodies))
    return tuple(found)


def _holds_steps(statement: nodes.Statement) -> bool:
    """Whether there is a step in the bodies of a statement."""
    return any(holds_kind(inner, "step") for inner in inner_bodies(statement))


def _is_known(title: nodes.Text) -> bool:
    """Whether a title is known before the run."""
    return all(piece.sigil == "input" for piece in title if isinstance(piece, nodes.Variable))
