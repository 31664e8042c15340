"""Which statements a focused agent can carry out on its own."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.semantics.capabilities import Capabilities
from flowdsl.syntax.statements import BY_KIND, DATES, FINISH, SCREENSHOT, STATEMENTS

from . import nodes
from .walk import inner_bodies, statements


def tools_of(statement: nodes.Statement) -> Iterator[str]:
    """Return the tools that a statement needs, including those of its inner bodies."""
    match statement:
        case nodes.Leave(action="retry"):
            pass
        case nodes.Leave(action="finish"):
            yield FINISH
        case nodes.TypeDay():
            yield DATES
        case nodes.BackgroundExtract():
            yield SCREENSHOT
        case nodes.Loop(entry=str()):
            pass
        case _:
            tool = STATEMENTS[BY_KIND[statement.kind][0]].tool
            if tool is not None:
                yield tool
    for body in inner_bodies(statement):
        yield from body_tools(body)


def body_tools(body: nodes.Body) -> Iterator[str]:
    for statement in body:
        yield from tools_of(statement)


def fits(body: nodes.Body, capabilities: Capabilities) -> bool:
    """Whether one focused agent can carry out `body`: it has the tools, and needs one model."""
    return (
        all(capabilities.can_focused_agent_use(tool) for tool in body_tools(body))
        and len(set(models_of(body))) <= 1
    )


def models_of(body: nodes.Body) -> Iterator[str]:
    """Return the aliases of the models that a body names."""
    for statement in statements(body):
        if isinstance(statement, nodes.Choose | nodes.Extract) and statement.model is not None:
            yield statement.model
