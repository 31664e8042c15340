"""Plain actions: instructions in the author's words, typing, clearing, keys, fixed waits."""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.exact import delimit_text, spell_exact_text
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import duration_words, quote_words, spell_clause, spell_marked_text
from flowdsl.prompt.words import say_sentence


def emit_action(statement: nodes.Action) -> list[Item]:
    """Emit one line for an action; the paragraphs of a `do` are further lines of one item."""
    return [Item(_action_words(statement), statement.origin, statement.kind)]


def _action_words(statement: nodes.Action) -> str:
    match statement:
        case nodes.Do(text=text):
            return spell_marked_text(text)
        case nodes.TypeIn(value=value, display=display, over=over, target=target):
            if display is None:
                return say_sentence(
                    "actions.type_into",
                    over,
                    spell_clause(target),
                    spell_exact_text("text", value, block=True),
                )
            return say_sentence(
                "actions.type_shown",
                over,
                spell_clause(target),
                delimit_text(value),
                quote_words(display),
            )
        case nodes.Clear(target=target):
            return say_sentence("actions.clear", spell_clause(target))
        case nodes.Press(keys=keys, times=times):
            return say_sentence("actions.press", keys, times)
        case nodes.Wait(milliseconds=milliseconds):
            return say_sentence("actions.wait", duration_words(milliseconds))
        case _:
            assert_never(statement)
