"""Terminal commands, files, screenshots and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.prompt.exact import exact
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import OPEN_PART, clause, quoted, quoted_text
from flowdsl.prompt.values import type_words
from flowdsl.prompt.words import say
from flowdsl.source.record import replace

from .context import Agent, Split, consequence


def emit_run(statement: nodes.Run, agent: Agent) -> list[Item]:
    """The command as it stands in the allowlist.

    An `else` asks for its output and its time limit too, because one driver reports a time-out as
    success.
    """
    items = [_command(statement)]
    if statement.variable is not None and statement.type is not None:
        agent.saves()
        words = say(
            "tools.run_save",
            quoted(statement.variable),
            statement.variable in agent.context.boxed,
            type_words(statement.type),
        )
        items.append(Item(words, statement.origin, "run"))
    return [*items, *_failed(statement, agent)]


def split_run(statement: nodes.Run, main: Agent) -> Split:
    """A command whose output is kept: the main agent runs it, a focused agent saves the output.

    The checker refuses this unless the team has verified that a focused agent has a terminal. Then
    the whole statement fits one instruction, except for an `else` that does not.
    """

    def ask(asked: nodes.Statement, focused: Agent) -> list[Item]:
        assert isinstance(asked, nodes.Run)
        return emit_run(replace(asked, otherwise=None), focused)

    return [], ask, lambda: [*_failed(statement, main)]


def _failed(statement: nodes.Run, agent: Agent) -> Iterator[Item]:
    if statement.otherwise:
        check = say("tools.run_check")
        yield from consequence(check, statement.otherwise, statement.origin, agent)


def _command(statement: nodes.Run) -> Item:
    words = say("tools.run", exact("command", statement.command, block=True))
    return Item(words, statement.origin, "run")


def emit_type_day(statement: nodes.TypeDay) -> list[Item]:
    """One line: the command that sets the clipboard, and where it is pasted."""
    words = say("tools.type_day", quoted(statement.command), clause(statement.target))
    return [Item(words, statement.origin, "type")]


def emit_artifact(statement: nodes.Capture | nodes.Export | nodes.Picture) -> list[Item]:
    return [Item(_artifact_words(statement), statement.origin, statement.kind)]


def _artifact_words(statement: nodes.Capture | nodes.Export | nodes.Picture) -> str:
    match statement:
        case nodes.Capture(file=file):
            return say("tools.capture", quoted_text(file))
        case nodes.Export(file=file):
            return say("tools.export", quoted_text(file))
        case nodes.Picture():
            picture = (
                f"{OPEN_PART}image:{statement.sha256}.{statement.extension}:"
                f"{statement.alternative}{OPEN_PART}"
            )
            shows = clause(statement.shows) if statement.shows is not None else ""
            return say("tools.picture", shows, picture)
        case _:
            assert_never(statement)
