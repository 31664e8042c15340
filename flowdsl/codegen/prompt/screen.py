"""Statements that ask what is on screen: `choose`, `wait until`, `expect`."""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import clause, duration
from flowdsl.prompt.words import say

from .context import Agent, Split, consequence, failure

Check = nodes.Choose | nodes.WaitUntil | nodes.Expect


def emit_check(statement: Check, focused: Agent) -> list[Item]:
    """The whole statement as bullets of one instruction."""
    ask, missing = _words(statement)
    return [
        Item(ask, statement.origin, statement.kind),
        *consequence(missing, statement.otherwise, statement.origin, focused, _own(statement)),
    ]


def split_check(statement: Check, main: Agent) -> Split:
    """The check alone as bullets, where its `else` needs the main agent's tools."""
    words, missing = _words(statement)
    origin = statement.origin
    decision, lines = failure(missing, statement.otherwise, origin, main)

    def ask(asked: nodes.Statement, focused: Agent) -> list[Item]:
        assert isinstance(asked, nodes.Choose | nodes.WaitUntil | nodes.Expect)
        return [Item(_words(asked)[0], origin, asked.kind), *decision]

    return [], ask, lambda: lines(words)


def _own(statement: Check) -> nodes.Text:
    return statement.target if isinstance(statement, nodes.Choose) else statement.condition


def _words(statement: Check) -> tuple[str, str]:
    """What to do, and how the sentence on its failure begins."""
    match statement:
        case nodes.Choose(target=target):
            return say("screen.choose", clause(target)), say("screen.choose_missing")
        case nodes.WaitUntil(condition=condition, timeout_milliseconds=timeout):
            return (
                say("screen.wait_until", duration(timeout), clause(condition)),
                say("screen.wait_missing"),
            )
        case nodes.Expect(condition=condition):
            return say("screen.expect", clause(condition)), say("screen.expect_missing")
        case _:
            assert_never(statement)
