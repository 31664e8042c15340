"""How a decision is written that a replay, or a further pass of a loop, would not make again.

`replay` finds that something in a branch needs the main agent; here the help learns what to write
instead, for the tool that is needed and the statement that decides.
"""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.syntax.statements import (
    ATTACH,
    CLIPBOARD,
    DATES,
    EXPORT,
    FINISH,
    LOOP,
    PICTURE,
    SCREENSHOT,
    TERMINAL,
)

MODELS = "models"
"""Stands in the place of a tool where two models are named."""

_WAYS = {
    ATTACH: "move the `capture` in front of this `{word}`: every run then has the picture",
    CLIPBOARD: "write `extract` in the place of `copy`: every agent can read the screen",
    DATES: "declare `day: date = today` in `inputs`, and type that in the place of the day",
    EXPORT: "move the `export` behind this `{word}`, and leave what makes the file where it is",
    LOOP: "move the `{word}` into the `for`, around what is done for an entry",
    MODELS: "name one model in all branches, or none",
    PICTURE: "move the `image` in front of this `{word}`",
    SCREENSHOT: "remove `in background`: the value is then read at once, by any agent",
}


class Decision(Record):
    """What decides, and what in it needs the main agent.

    `word` opens the statement that decides, such as `if`; of an `else` it is the statement's that
    it belongs to. `tool` is the name of a tool, or `MODELS`. `condition` is that of an `if` with
    one branch, as written. `in_loop`: it all stands in a `for`.
    """

    word: str
    tool: str
    condition: str | None
    in_loop: bool


def rewrite(decision: Decision) -> str:
    """What to write instead."""
    if decision.tool == TERMINAL:
        return f"move the `run` behind this `{decision.word}`, {_command(decision.condition)}"
    if decision.tool == FINISH:
        return _finish(decision)
    return _WAYS[decision.tool].format(word=decision.word)


def _command(condition: str | None) -> str:
    """How a command decides what the branch has decided so far."""
    if condition is None or not condition.isidentifier():
        return "and let the command itself find out whether there is something to do"
    return f"and let the command decide: `run \"if ('{{{condition}}}' -eq 'true') {{ ... }}\"`"


def _finish(decision: Decision) -> str:
    """What stands in the place of a `finish`."""
    if decision.in_loop:
        return (
            "write `keep done: bool = false` in front of the `for`, `keep done = true` in the "
            "place of the `finish`, and `if not {{done}} { ... }` around what is done for an entry"
        )
    if decision.condition is None:
        return "put what follows into a branch of its own, and leave out the `finish`"
    return (
        f"put what follows under `if {_opposite(decision.condition)} {{ ... }}`, and leave out the "
        "`finish`"
    )


def _opposite(condition: str) -> str:
    """The opposite of a condition, as it is written."""
    words = condition.split()
    if words[0] == "not" and not {"and", "or"} & set(words):
        return " ".join(words[1:])
    return f"not {condition}" if len(words) == 1 else f"not ({' '.join(words)})"
