"""What the emission of one prompt shares: capabilities, free names, and who is being instructed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowdsl.ir import nodes
from flowdsl.prompt.outline import Item
from flowdsl.prompt.sentences import DONE, FAILED
from flowdsl.prompt.text import OPEN_PART, clause, quoted, spell_text, spell_variable
from flowdsl.prompt.words import say
from flowdsl.semantics.capabilities import Capabilities

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


class Agent:
    """Who is being instructed, and what a failed attempt is to it.

    `attempts`: an attempt that fails here is this agent's own to repeat. A focused agent whose attempt stands around its instruction
    knows of none, and reports the failure to the main agent.
    """

    def __init__(
        self, context: Context, emit: Callable[[nodes.Body, Agent], list[Item]], *, main: bool
    ) -> None:
        self.context = context
        self.main = main
        self.attempts = main
        self._emit = emit

    def __call__(self, body: nodes.Body) -> list[Item]:
        """The lines of a body."""
        return self._emit(body, self)

    def in_attempt(self) -> Agent:
        """The agent within attempts that it repeats itself."""
        inner = Agent(self.context, self._emit, main=self.main)
        inner.attempts = True
        return inner

    def leave(self, leave: nodes.Leave) -> str:
        """What a leaving statement asks for, as the end of a sentence without its full stop."""
        match leave.action:
            case "abort":
                with_reason, without = "control.abort", "control.abort_last"
            case "retry" if self.attempts:
                with_reason, without = "control.attempt_failed", "control.attempt_failed_last"
            case "retry":
                with_reason, without = "control.attempt_reported", "control.attempt_reported_last"
            case "finish":
                return say("control.finish", "" if leave.reason is None else clause(leave.reason))
        return say(without) if leave.reason is None else say(with_reason, reason(leave.reason))


def consequence(
    condition: str, body: nodes.Body, origin: nodes.Origin, agent: Agent
) -> Iterator[Item]:
    """`If <condition>, <leave>.` on one line, or `If <condition>:` with the body under it.

    Without a body nothing follows, which is said, since a check that fails looks like a failure.
    """
    first = body[0] if body else None
    if first is None:
        yield Item(say("control.then", condition, say("control.go_on")), origin, "otherwise")
    elif len(body) == 1 and isinstance(first, nodes.Leave):
        yield Item(say("control.then", condition, agent.leave(first)), first.origin, "otherwise")
    else:
        yield Item(say("control.under", condition), origin, "otherwise", agent(body))


def failure(
    ask: str, missing: str, body: nodes.Body, origin: nodes.Origin, agent: Agent
) -> tuple[list[Item], list[Item]]:
    """Bullets that save how the check `ask` ended, and what follows from a failure, for the agent that acts on it.

    `missing` is how the sentence about the failure begins.
    """
    decision = agent.context.decision()
    key = quoted(decision)
    bullets = [
        Item(say("control.decide_failed", missing, key, quoted(FAILED)), origin, "decision"),
        Item(say("control.decide_none", key, quoted(DONE)), origin, "decision"),
    ]
    why = say("control.failed", ask.rstrip("."))
    return bullets, [*guarded(quoted(runtime(decision)), quoted(FAILED), why, body, origin, agent)]


def guarded(
    variable: str, answer: str, why: str, body: nodes.Body, origin: nodes.Origin, agent: Agent
) -> Iterator[Item]:
    """Lines that follow an earlier decision: done only where `variable` holds `answer`; `why` says what that means."""
    if not body:
        return
    first = body[0]
    if len(body) == 1 and isinstance(first, nodes.Leave):
        condition = say("control.if_decided", variable, answer, why)
        yield Item(say("control.then", condition, agent.leave(first)), origin, "otherwise")
    else:
        yield Item(say("control.only_if", variable, answer, why), origin, "otherwise", agent(body))
