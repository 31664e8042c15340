"""What the emission of one prompt shares: capabilities, free names, and who is being instructed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowdsl.codegen.outline import Item
from flowdsl.codegen.text import OPEN_PART, clause, quoted, spell_text, spell_variable
from flowdsl.codegen.words import say
from flowdsl.ir import nodes
from flowdsl.semantics.capabilities import Capabilities

Emit = Callable[[nodes.Body], list[Item]]
"""Emits a body for the agent that is being instructed."""

Wrap = Callable[[nodes.Origin, str, list[Item]], list[Item]]
"""Puts bullets where a focused agent reads them: into a `focused_action`, or as they are when it is already reading."""


class Context:
    """The emission of one workflow's prompt."""

    def __init__(self, capabilities: Capabilities, names: tuple[str, ...]) -> None:
        self.capabilities = capabilities
        self._names = set(names)
        self.decisions = 0

    def decision(self) -> str:
        """A fresh runtime variable for a decision that later lines depend on."""
        number = 1
        while f"decision_{number}" in self._names:
            number += 1
        name = f"decision_{number}"
        self._names.add(name)
        return name

    def focused(
        self, origin: nodes.Origin, statement: str, bullets: list[Item], model: str | None = None
    ) -> Item:
        """One `focused_action` line with its instruction."""
        self.decisions += 1
        return Item(
            say("screen.focused", model_name(model)), origin, statement, bullets, focused=True
        )


def model_name(alias: str | None) -> str:
    """The display name of a model in quotation marks, to be filled in at deploy time; empty without an alias."""
    return f'"{OPEN_PART}model:{alias}{OPEN_PART}"' if alias else ""


def runtime(name: str) -> str:
    """A runtime variable as the platform reads it."""
    return spell_variable(nodes.Variable(sigil="runtime", name=name))


def reason(text: nodes.Text) -> str:
    """A failure reason as the argument of a tool."""
    return quoted(" ".join(spell_text(text).split()))


def leave_words(leave: nodes.Leave) -> str:
    """What a leaving statement asks for, as the end of a sentence without its full stop."""
    match leave.action:
        case "abort":
            return (
                say("control.abort_last")
                if leave.reason is None
                else say("control.abort", reason(leave.reason))
            )
        case "retry":
            return (
                say("control.attempt_failed_last")
                if leave.reason is None
                else say("control.attempt_failed", reason(leave.reason))
            )
        case "finish":
            return say("control.finish", "" if leave.reason is None else clause(leave.reason))


def consequence(
    condition: str, body: nodes.Body, origin: nodes.Origin, emit: Emit
) -> Iterator[Item]:
    """`If <condition>, <leave>.` on one line, or `If <condition>:` with the body under it; nothing without a body."""
    if not body:
        return
    first = body[0]
    if len(body) == 1 and isinstance(first, nodes.Leave):
        yield Item(f"{condition}, {leave_words(first)}.", first.origin, "otherwise")
    else:
        yield Item(f"{condition}:", origin, "otherwise", emit(body))


def failure(
    context: Context,
    ask: str,
    missing: str,
    body: nodes.Body,
    origin: nodes.Origin,
    emit: Emit,
) -> tuple[list[Item], list[Item]]:
    """Bullets that save how the check `ask` ended, and what follows from a failure, for the agent that acts on it.

    `missing` is how the sentence about the failure begins.
    """
    decision = context.decision()
    key, condition = quoted(decision), missing.removeprefix("If ")
    bullets = [
        Item(say("control.decide", condition, key, '"failed"'), origin, "decision"),
        Item(say("control.decide_none", key, '"done"'), origin, "decision"),
    ]
    why = say("control.failed", ask.rstrip("."))
    return bullets, [*guarded(quoted(runtime(decision)), '"failed"', why, body, origin, emit)]


def guarded(
    variable: str, answer: str, why: str, body: nodes.Body, origin: nodes.Origin, emit: Emit
) -> Iterator[Item]:
    """Lines that follow an earlier decision: done only where `variable` holds `answer`; `why` says what that means."""
    if not body:
        return
    first = body[0]
    if len(body) == 1 and isinstance(first, nodes.Leave):
        condition = say("control.if_decided", variable, answer, why)
        yield Item(f"{condition}, {leave_words(first)}.", origin, "otherwise")
    else:
        yield Item(say("control.only_if", variable, answer, why), origin, "otherwise", emit(body))
