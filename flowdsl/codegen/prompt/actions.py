"""Plain actions: instructions in the author's words, typing, clearing, keys, fixed waits."""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.exact import delimited, exact
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import clause, duration, marked_text, quoted
from flowdsl.prompt.words import say


def emit_action(statement: nodes.Action) -> list[Item]:
    """One line for each action; the paragraphs of a `do` are further lines of one item."""
    return [Item(_words(statement), statement.origin, statement.kind)]


def _words(statement: nodes.Action) -> str:
    match statement:
        case nodes.Do(text=text):
            return marked_text(text)
        case nodes.TypeIn(value=value, display=display, target=target):
            if display is None:
                return say("actions.type_into", clause(target), exact("text", value, block=True))
            return say("actions.type_shown", clause(target), delimited(value), quoted(display))
        case nodes.Clear(target=target):
            return say("actions.clear", clause(target))
        case nodes.Press(keys=keys, times=times):
            return say("actions.press", keys, times)
        case nodes.Wait(milliseconds=milliseconds):
            return say("actions.wait", duration(milliseconds))
        case _:
            assert_never(statement)
