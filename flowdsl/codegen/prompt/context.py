"""Shared state of emitting one prompt: capabilities, free names, and the instructed agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import unmet_reason
from flowdsl.prompt.outline import Item
from flowdsl.prompt.sentences import AND, DONE, FAILED
from flowdsl.prompt.text import (
    OPEN_PART,
    quote_author_text,
    quote_words,
    spell_clause,
    spell_variable,
)
from flowdsl.prompt.words import say_sentence
from flowdsl.semantics.capabilities import Capabilities

from .saved import Saved


class Context:
    """The state of emitting one prompt.

    `names` are variable names in use. `told` are the rules that explain words in the lines, by
    their keys among the sentences of `rules`. `filled` are inputs that are lists with an entry.
    `apart` means that text that spells a secret is escaped. `boxed` are the variables that hold an
    object around their value. `handed` are the variables passed to a focused agent, `told_entries`
    the loops whose entries occur in instructions.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        names: tuple[str, ...],
        filled: frozenset[str] = frozenset(),
        boxed: frozenset[str] = frozenset(),
        *,
        apart: bool = False,
    ) -> None:
        self.capabilities = capabilities
        self.filled = filled
        self._names = names
        self._decided = 0
        self.told: set[str] = set()
        self.boxed = boxed
        self.apart = apart
        self.handed: dict[str, None] = {}
        self.told_entries: list[nodes.Loop] = []
        self._loops: list[nodes.Loop] = []

    def decision(self) -> str:
        """Return a runtime variable for a decision that later lines depend on.

        Its name depends only on the enclosing decisions: adding an earlier one renames none.
        """
        free = (each for each in map("decision_{}".format, count(1)) if each not in self._names)
        return next(islice(free, self._decided, None))

    @contextmanager
    def decided(self) -> Iterator[None]:
        """Return a context for emitting lines that depend on the latest decision."""
        self._decided += 1
        try:
            yield
        finally:
            self._decided -= 1

    def focused(
        self,
        origin: nodes.Origin,
        statement: str,
        bullets: list[Item],
        model: str | None = None,
        handed: Sequence[str] = (),
    ) -> Item:
        """Return a `focused_action` line with its instruction; `handed` are variables it uses."""
        words = say_sentence("screen.focused", model_name(model))
        if handed:
            self.told.add("marks")
            self.handed.update(dict.fromkeys(handed))
            given = AND.join(f"{name} = {spell_runtime_variable(name)}" for name in handed)
            bullets = [Item(say_sentence("data.given", given), origin, statement), *bullets]
        return Item(words, origin, statement, bullets, focused=True)

    def entry_is_told(self) -> None:
        """Record that the entry of the enclosing loop occurs in a focused agent's instruction."""
        self.told_entries.append(self._loops[-1])

    def spell_value(self, name: str) -> str:
        """Return a runtime variable, or the value in its box, in the platform's spelling."""
        path = (nodes.BOX,) if name in self.boxed else ()
        return spell_variable(nodes.Variable(sigil="runtime", name=name, path=path))

    def saved(self) -> Saved:
        """Return the saved values of a call that begins here."""
        return Saved(bare=bool(self._loops) and self._loops[-1].flat, filled=self.filled)

    @contextmanager
    def inside(self, loop: nodes.Loop) -> Iterator[None]:
        """Return a context for emitting the lines of a main agent's loop."""
        self._loops.append(loop)
        try:
            yield
        finally:
            self._loops.pop()


def model_name(alias: str | None) -> str:
    """Return the quoted display name of a model, still open; empty without an alias."""
    return f'"{OPEN_PART}model:{alias}{OPEN_PART}"' if alias else ""


def spell_runtime_variable(name: str) -> str:
    """Return a runtime variable in the platform's spelling."""
    return spell_variable(nodes.Variable(sigil="runtime", name=name))


class Agent:
    """The agent that is being instructed, and how it learns of a failed attempt.

    `attempts` means that this agent itself repeats an attempt that ends here. A focused agent
    `inside` an attempt of the main agent does not: it reports the failure. `notes` are the facts
    that its bullets need to know beforehand.
    """

    def __init__(
        self, context: Context, emit: Callable[[nodes.Body, Agent], list[Item]], *, main: bool
    ) -> None:
        self.context = context
        self.main = main
        self.attempts = main
        self.inside = False
        self.notes: dict[str, None] = {}
        self._emit = emit

    def __call__(self, body: nodes.Body) -> list[Item]:
        return self._emit(body, self)

    def in_attempt(self) -> Agent:
        """Return the same agent, inside attempts that it repeats itself."""
        inner = Agent(self.context, self._emit, main=self.main)
        inner.attempts = True
        inner.inside = self.inside or self.main
        inner.notes = self.notes
        return inner

    def saves(self) -> None:
        """Record that a line saves something."""
        self.context.told.add("save")

    def looks(self) -> None:
        """Record that a bullet looks for something, and states what to do if it is not so."""
        self.context.told.add("unmet")

    def leave(self, leave: nodes.Leave) -> str:
        """Return a leaving statement in words, as the end of a sentence without full stop."""
        match leave.action:
            case "abort":
                return self._fail(leave)
            case "retry" if self.attempts:
                with_reason, without = "control.attempt_failed_with", "control.attempt_failed_last"
            case "retry":
                self.notes[say_sentence("control.report_failure")] = None
                with_reason, without = "control.fail_with", "control.fail_last"
            case "finish":
                return say_sentence(
                    "control.finish", "" if leave.reason is None else spell_clause(leave.reason)
                )
        return (
            say_sentence(without)
            if leave.reason is None
            else say_sentence(with_reason, quote_author_text(leave.reason))
        )

    def goes_unsaid(self, leave: nodes.Leave, own: nodes.Text) -> bool:
        """Whether a failure is the one that the rules describe; `own` is the text looked for."""
        if leave.reason != unmet_reason(own) or self._fails_whole(leave):
            return False
        self.leave(leave)
        return True

    def _fails_whole(self, leave: nodes.Leave) -> bool:
        """Whether a leaving statement fails the task where `fail` means to end an attempt."""
        return leave.action == "abort" and not self.main and (self.attempts or self.inside)

    def _fail(self, leave: nodes.Leave) -> str:
        self.context.told.add("fail")
        if leave.noted is not None and not self.main:
            self.saves()
            boxed = leave.noted in self.context.boxed
            note = say_sentence(
                "control.note_failure", self.inside, quote_words(leave.noted), boxed
            )
            self.notes[note] = None
        if leave.reason is None:
            return say_sentence("control.fail_last")
        name = "control.abort_with" if self._fails_whole(leave) else "control.fail_with"
        return say_sentence(name, quote_author_text(leave.reason))


def emit_consequence(
    condition: str,
    body: nodes.Body,
    origin: nodes.Origin,
    agent: Agent,
) -> Iterator[Item]:
    """Emit `If <condition>, <leave>.` on one line, or `If <condition>:` with the body under it.

    An empty body is emitted too ("go on"), since a failed check would otherwise seem to end the
    run.
    """
    if not body:
        yield Item(
            say_sentence("control.then", condition, say_sentence("control.go_on")),
            origin,
            "otherwise",
        )
    elif (leave := find_leaving(body)) is not None:
        words = agent.leave(leave)
        yield Item(say_sentence("control.then", condition, words), leave.origin, "otherwise")
    else:
        yield Item(say_sentence("control.under", condition), origin, "otherwise", agent(body))


def find_leaving(body: nodes.Body) -> nodes.Leave | None:
    """Return the statement of a body that only leaves: nothing is reached after it."""
    first = body[0] if body else None
    return first if isinstance(first, nodes.Leave) else None


Looks = nodes.Choose | nodes.WaitUntil | nodes.Expect | nodes.Extract | nodes.Copy | nodes.Run
"""Statements that look for something, which may not be there."""


def make_asking_bullet(ask: str, statement: Looks, own: nodes.Text, focused: Agent) -> Item:
    """Return a bullet that looks for something, with what to do if it is not there.

    `own` is the text looked for. A failure with that text as its reason is not mentioned: a rule
    covers it.
    """
    focused.looks()
    body = statement.otherwise or ()
    origin, kind = statement.origin, statement.kind
    if not body:
        return Item(
            say_sentence("control.ask_else", ask, say_sentence("control.go_on")), origin, kind
        )
    leave = find_leaving(body)
    if leave is None:
        return Item(say_sentence("control.ask_else_do", ask), origin, kind, focused(body))
    if focused.goes_unsaid(leave, own):
        return Item(say_sentence("control.ask", ask), origin, kind)
    return Item(say_sentence("control.ask_else", ask, focused.leave(leave)), origin, kind)


Split = tuple[
    list[Item],
    Callable[[nodes.Statement, "Agent"], list[Item]],
    Callable[[], list[Item]] | None,
]
"""The parts of a statement that a focused agent executes in part.

The main agent's lines before it, the focused agent's bullets, and the main agent's lines after it.
"""


Ask = Callable[[Any, "Context"], tuple[list[Item], str]]
"""Returns the bullets before the one by which a statement asks something, and the words of that."""


def split_on_failure(
    statement: Looks, main: Agent, ask_words: Ask, before: Sequence[Item] = ()
) -> Split:
    """Split a statement whose `else` needs the main agent's tools.

    A bullet saves whether it succeeded, and lines after the call depend on that. `before` are lines
    of the main agent before the call.
    """
    decision = main.context.decision()
    main.saves()
    key = quote_words(decision)
    _, said = ask_words(statement, main.context)

    def ask(asking: nodes.Statement, focused: Agent) -> list[Item]:
        focused.looks()
        bullets, words = ask_words(asking, focused.context)
        answers = quote_words(DONE), quote_words(FAILED)
        words = say_sentence("control.ask_decide", words, key, *answers)
        return [*bullets, Item(words, statement.origin, asking.kind)]

    def after() -> list[Item]:
        variable = quote_words(spell_runtime_variable(decision))
        why = say_sentence("control.failed", said)
        body, origin = statement.otherwise, statement.origin
        with main.context.decided():
            return [*emit_guarded_lines(variable, quote_words(FAILED), why, body, origin, main)]

    return [*before], ask, after


def emit_guarded_lines(
    variable: str,
    answer: str,
    why: str,
    body: nodes.Body | None,
    origin: nodes.Origin,
    agent: Agent,
) -> Iterator[Item]:
    """Emit lines that depend on an earlier decision: executed only if `variable` is `answer`.

    `why` states the meaning of that answer.
    """
    if not body:
        return
    if (leave := find_leaving(body)) is not None:
        condition = say_sentence("control.if_decided", variable, answer, why)
        yield Item(say_sentence("control.then", condition, agent.leave(leave)), origin, "otherwise")
    else:
        yield Item(
            say_sentence("control.only_if", variable, answer, why), origin, "otherwise", agent(body)
        )
