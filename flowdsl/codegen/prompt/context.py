"""What emitting one prompt shares: capabilities, free names, and which agent is instructed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowdsl.ir import nodes
from flowdsl.prompt.outline import Item
from flowdsl.prompt.sentences import DONE, FAILED
from flowdsl.prompt.text import OPEN_PART, clause, quoted, spell_text, spell_variable
from flowdsl.prompt.words import say
from flowdsl.semantics.capabilities import Capabilities

Wrap = Callable[[nodes.Origin, str, list[Item]], list[Item]]
"""Puts bullets where a focused agent reads them.

Into a `focused_action`, or unchanged if a focused agent reads already. Takes the origin, the kind
of statement and the bullets.
"""


class Context:
    """The state of emitting one prompt.

    `names` are variable names in use, and `decisions` counts the `focused_action` lines.
    """

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
    """The display name of a model in quotation marks, still open; empty without an alias."""
    return f'"{OPEN_PART}model:{alias}{OPEN_PART}"' if alias else ""


def runtime(name: str) -> str:
    """A runtime variable as the platform reads it."""
    return spell_variable(nodes.Variable(sigil="runtime", name=name))


def reason(text: nodes.Text) -> str:
    """The reason of a failure as the argument of a tool."""
    return quoted(" ".join(spell_text(text).split()))


class Agent:
    """The agent that is being instructed, and how a failed attempt is told to it.

    `attempts` says that this agent itself repeats an attempt that fails here. A focused agent
    inside an attempt of the main agent does not: it reports the failure.
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
        """The same agent, inside attempts that it repeats itself."""
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

    An empty body is said too ("go on"), for a failed check would otherwise look like the end.
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
    """Bullets that save how the check `ask` ended, and the main agent's lines if it failed.

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
    """Lines that depend on an earlier decision: done only if `variable` holds `answer`.

    `why` says what that answer means.
    """
    if not body:
        return
    first = body[0]
    if len(body) == 1 and isinstance(first, nodes.Leave):
        condition = say("control.if_decided", variable, answer, why)
        yield Item(say("control.then", condition, agent.leave(first)), origin, "otherwise")
    else:
        yield Item(say("control.only_if", variable, answer, why), origin, "otherwise", agent(body))
