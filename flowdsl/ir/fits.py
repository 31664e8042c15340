"""Which statements a focused agent can carry out on its own."""

from __future__ import annotations

from flowdsl.semantics.capabilities import Capabilities

from . import nodes
from .facts import facts_of_body


def fits(body: nodes.Body, capabilities: Capabilities) -> bool:
    """Whether one focused agent can carry out `body`: it has the tools, and needs one model."""
    facts = facts_of_body(body)
    return len(facts.models) <= 1 and all(map(capabilities.can_focused_agent_use, facts.tools))
