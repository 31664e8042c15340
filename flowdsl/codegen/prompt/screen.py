"""Statements that ask what is on screen: `choose`, `wait until`, `expect`."""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import clause, duration
from flowdsl.prompt.words import say

from .context import Agent, consequence, failure

Check = nodes.Choose | nodes.WaitUntil | nodes.Expect


def emit_check(statement: Check, focused: Agent) -> list[Item]:
    """The whole statement as bullets of one instruction."""
    ask, missing = _words(statement)
    return [
        Item(ask, statement.origin, statement.kind),
        *consequence(missing, statement.otherwise, statement.origin, focused),
    ]


def emit_check_main(statement: Check, main: Agent) -> list[Item]:
    """The check alone in a `focused_action`, where its `else` needs the main agent's tools."""
    ask, missing = _words(statement)
    origin = statement.origin
    decision, groups = failure(ask, missing, statement.otherwise, origin, main)
    bullets = [Item(ask, origin, statement.kind), *decision]
    model = statement.model if isinstance(statement, nodes.Choose) else None
    return [main.context.focused(origin, statement.kind, bullets, model), *groups]


def _words(statement: Check) -> tuple[str, str]:
    """What to do, and how the sentence on its failure begins."""
    match statement:
        case nodes.Choose(target=target):
            return say("screen.choose", clause(target)), say("screen.choose_missing")
        case nodes.WaitUntil(condition=condition, timeout_milliseconds=timeout):
            return (
                say("screen.wait_until", clause(condition), duration(timeout)),
                say("screen.wait_missing"),
            )
        case nodes.Expect(condition=condition):
            return say("screen.expect", clause(condition)), say("screen.expect_missing")
        case _:
            assert_never(statement)
