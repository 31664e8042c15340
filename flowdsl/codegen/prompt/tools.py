"""Emits the lines of a prompt for `run`, `type today`, `capture`, `export` and `image`.

An `Item` is a line with the lines below it, an `Agent` the one whom it instructs, and a `Split` a
statement of which a focused agent carries out one part and the main agent the other.
"""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.exact import spell_exact_text
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import OPEN_PART, quote_author_text, quote_words, spell_clause
from flowdsl.prompt.values import type_words
from flowdsl.prompt.words import say_sentence

from .context import Agent, Context, Split, emit_consequence, make_asking_bullet
from .data import make_reading_bullet, split_reading


def emit_run(statement: nodes.Run, agent: Agent) -> list[Item]:
    """Emit the command exactly as in the allowlist.

    An `else` asks for its output and its time limit too, because one driver reports a time-out as
    success. If the output is kept, the bullet that reads the output asks for the time limit.
    """
    if statement.variable is not None:
        return [_make_command_bullet(statement), _make_output_bullet(statement, agent)]
    check = say_sentence("tools.run_check")
    items = [_make_command_bullet(statement)]
    if statement.otherwise:
        items += emit_consequence(check, statement.otherwise, statement.origin, agent)
    return items


def _make_output_bullet(statement: nodes.Run, focused: Agent) -> Item:
    focused.saves()
    words = _output_words(statement, focused.context)
    if statement.otherwise is not None:
        return make_asking_bullet(words, statement, (), focused)
    return make_reading_bullet(words, statement, focused)


def _output_words(statement: nodes.Run, context: Context) -> str:
    return output_words(statement, boxed=statement.variable in context.boxed)


def output_words(statement: nodes.Run, *, boxed: bool) -> str:
    """Return how the output of a command is read and saved, as the beginning of a sentence."""
    assert statement.variable is not None and statement.type is not None
    return say_sentence(
        "tools.run_read",
        statement.otherwise is not None,
        type_words(nodes.strip_optional(statement.type)),
        quote_words(statement.variable),
        boxed,
    )


def split_run(statement: nodes.Run, main: Agent) -> Split:
    """Split a command whose output a focused agent keeps, if its `else` needs the main agent.

    The checker refuses this unless the team has verified that a focused agent has a terminal. Then
    the whole statement fits one instruction, except for an `else` that does not.
    """
    return split_reading(
        statement,
        main,
        lambda asking, context: ([_make_command_bullet(asking)], _output_words(asking, context)),
    )


def _make_command_bullet(statement: nodes.Run) -> Item:
    words = say_sentence("tools.run", spell_exact_text("command", statement.command, block=True))
    return Item(words, statement.origin, "run")


def emit_type_day(statement: nodes.TypeDay) -> list[Item]:
    """Emit one line: the command that sets the clipboard, and where to paste it."""
    words = say_sentence(
        "tools.type_day",
        quote_words(statement.command),
        statement.over,
        spell_clause(statement.target),
    )
    return [Item(words, statement.origin, "type")]


def emit_artifact(statement: nodes.Capture | nodes.Export | nodes.Picture) -> list[Item]:
    return [Item(_artifact_words(statement), statement.origin, statement.kind)]


def _artifact_words(statement: nodes.Capture | nodes.Export | nodes.Picture) -> str:
    match statement:
        case nodes.Capture(file=file):
            return say_sentence("tools.capture", quote_author_text(file))
        case nodes.Export(file=file):
            return say_sentence("tools.export", quote_author_text(file))
        case nodes.Picture():
            picture = (
                f"{OPEN_PART}image:{statement.sha256}.{statement.extension}:"
                f"{statement.alternative}{OPEN_PART}"
            )
            shows = spell_clause(statement.shows) if statement.shows is not None else ""
            return say_sentence("tools.picture", shows, picture)
        case _:
            assert_never(statement)
