"""Steps inside of what one focused agent does.

    if memo is empty {                  1. Use focused_action:
      step "Without a memo" {              - If ⟦{memo}⟧ is empty or __EMPTY__, fail with "none".
        abort "none"
      }
    }

Such an agent knows no rule that tells titles from instructions, and its lines are bullets. So the
statements of the step take its place, and the prompt is that of the source without the step.
"""

from __future__ import annotations

from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import replace

from .. import nodes
from ..fits import fits
from ..walk import inner_bodies, with_bodies


def drop_titles(program: nodes.Program, capabilities: Capabilities) -> nodes.Program:
    """The program without the steps that no main agent goes through."""
    return replace(
        program,
        workflows=tuple(
            replace(workflow, body=_body(workflow.body, capabilities, focused=False))
            for workflow in program.workflows
        ),
    )


def _body(body: nodes.Body, capabilities: Capabilities, *, focused: bool) -> nodes.Body:
    found: list[nodes.Statement] = []
    for statement in body:
        inside = focused or _is_one_call(statement, capabilities)
        bodies = [
            _body(inner, capabilities, focused=inside) for inner, _ in inner_bodies(statement)
        ]
        if focused and isinstance(statement, nodes.Step):
            found += bodies[0]
        else:
            found.append(with_bodies(statement, bodies))
    return tuple(found)


def _is_one_call(statement: nodes.Statement, capabilities: Capabilities) -> bool:
    """Whether a focused agent does what is inside a statement that a main agent comes to."""
    match statement:
        case nodes.Copy(otherwise=otherwise):
            return otherwise is not None and fits(otherwise, capabilities)
        case (
            nodes.Choose()
            | nodes.WaitUntil()
            | nodes.Expect()
            | nodes.Extract()
            | nodes.If()
            | nodes.Repeat()
            | nodes.Retry()
        ):
            return fits((statement,), capabilities)
        case _:
            return False
