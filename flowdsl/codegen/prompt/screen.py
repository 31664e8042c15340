"""Statements that ask about the screen: `choose`, `wait until`, `expect`."""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import duration_words, quote_screen_text
from flowdsl.prompt.values import condition_words
from flowdsl.prompt.words import say_sentence

from .context import Agent, Split, make_asking_bullet, split_on_failure

Check = nodes.Choose | nodes.WaitUntil | nodes.Expect


def emit_check(statement: Check, focused: Agent) -> list[Item]:
    return [
        make_asking_bullet(ask_words(statement), statement, _target_text_of(statement), focused)
    ]


def split_check(statement: Check, main: Agent) -> Split:
    """Split off the check as a bullet, if its `else` needs the main agent's tools."""
    return split_on_failure(statement, main, lambda asking, _: ([], ask_words(asking)))


def _target_text_of(statement: Check) -> nodes.Text:
    """Return the text whose absence a rule makes a failure; empty if there is no single one."""
    if isinstance(statement, nodes.Choose):
        return statement.target
    return statement.condition if isinstance(statement.condition, tuple) else ()


def ask_words(statement: Check) -> str:
    """Return what to look for, as the beginning of a sentence."""
    match statement:
        case nodes.Choose(target=target):
            return say_sentence("screen.choose", quote_screen_text(target))
        case nodes.WaitUntil(condition=condition, timeout_milliseconds=timeout):
            time = duration_words(timeout)
            if isinstance(condition, tuple):
                return say_sentence("screen.wait_until", time, quote_screen_text(condition))
            return say_sentence("screen.wait_condition", time, condition_words(condition))
        case nodes.Expect(condition=condition):
            return say_sentence("screen.expect", quote_screen_text(condition))
        case _:
            assert_never(statement)
