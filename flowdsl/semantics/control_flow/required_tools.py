"""The tools and models that statements require of the agent that carries them out."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import (
    ATTACH,
    CLIPBOARD,
    DATES,
    EXPORT,
    FINISH,
    LOOP,
    PICTURE,
    PLAIN,
    SCREENSHOT,
    STATEMENTS,
    TERMINAL,
    keyword_span,
)

from ..program import Program


class Requirement(Record):
    """The first statement that requires a tool or a model.

    `call` is the call that leads to it, if the statement is in a task. For a `for`, `words`
    describe what in its body needs the main agent, `cause` is the place of that, and `failure` that
    of a statement in it that may fail.
    """

    place: Span
    call: Span | None = None
    words: str = ""
    cause: Span | None = None
    failure: Span | None = None

    def as_seen_from_call(self, call: Span | None) -> Requirement:
        """Return the same requirement for the callers of the task that contains it."""
        if call is None:
            return self
        return Requirement(self.place, call, self.words, self.cause, self.failure)


class Requirements:
    """The requirements of a body for the agent that carries it out.

    `tools` and `models` are by name; `run_elses` maps the place of each `else` of a `run` that the
    main agent decides to whether a `for` encloses it; `loops` has each `for` that needs the main
    agent, by the place of the `for` or of the call that runs it.
    """

    __slots__ = ("loops", "models", "run_elses", "tools")

    def __init__(self) -> None:
        self.tools: dict[str, Requirement] = {}
        self.models: dict[str, Requirement] = {}
        self.run_elses: dict[Span, bool] = {}
        self.loops: dict[Span, Requirement] = {}

    def __bool__(self) -> bool:
        """Whether anything is required."""
        return bool(self.tools or self.models or self.run_elses)

    def add(self, other: Requirements, call: Span | None = None) -> None:
        """Add the requirements of an inner body, or of the task that `call` runs."""
        if not other:
            return
        for own, more in ((self.tools, other.tools), (self.models, other.models)):
            for name, requirement in more.items():
                own.setdefault(name, requirement.as_seen_from_call(call))
        for place, in_loop in other.run_elses.items():
            self.run_elses[place] = in_loop or self.run_elses.get(place, False)
        for place, loop in other.loops.items():
            self.loops.setdefault(call or place, loop.as_seen_from_call(call))


NO_REQUIREMENTS = Requirements()
"""The requirements of a body that every agent can carry out. Never changed."""


def is_plain(program: Program, statement: ast.Stmt) -> bool:
    """Whether every agent can carry out a statement, and it decides nothing."""
    return type(statement) in PLAIN and statement not in program.typed_days


def tool_of(statement: ast.Stmt, source: SourceFile) -> Requirements:
    """Return the tool that a statement requires itself; there must be one."""
    tool = STATEMENTS[type(statement)].tool
    assert tool is not None
    requirements = Requirements()
    requirements.tools[tool] = Requirement(keyword_span(statement, source))
    return requirements


def model_of(statement: ast.ChooseStmt | ast.ExtractStmt, source: SourceFile) -> Requirements:
    """Return the model that a statement names itself, if any."""
    requirements = Requirements()
    if statement.model is not None:
        requirements.models[statement.model.value] = Requirement(statement.model.span(source))
    return requirements


# Suggested rewrites for decisions that a replay, or a further pass of a loop, would not repeat.
#
# `replay` finds that something in a branch needs the main agent; the help says what to write
# instead, for the tool that is needed and the statement that decides.

MODELS = "models"
"""Used in place of a tool if two models are named."""

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

    `word` is the keyword of the deciding statement, such as `if`; for an `else`, that of the
    statement it belongs to. `tool` is the name of a tool, or `MODELS`. `condition` is the source
    text of the condition of an `if` with one branch. `in_loop`: the decision is inside a `for`.
    """

    word: str
    tool: str
    condition: str | None
    in_loop: bool


def suggest_rewrite(decision: Decision) -> str:
    """Return what to write instead."""
    if decision.tool == TERMINAL:
        return (
            f"move the `run` behind this `{decision.word}`, {_suggest_command(decision.condition)}"
        )
    if decision.tool == FINISH:
        return _replace_finish(decision)
    return _WAYS[decision.tool].format(word=decision.word)


def _suggest_command(condition: str | None) -> str:
    """Suggest a command that makes the decision of the branch itself."""
    if condition is None or not condition.isidentifier():
        return "and let the command itself find out whether there is something to do"
    return f"and let the command decide: `run \"if ('{{{condition}}}' -eq 'true') {{ ... }}\"`"


def _replace_finish(decision: Decision) -> str:
    """Suggest a replacement for a `finish`."""
    if decision.in_loop:
        return (
            "write `keep done: bool = false` in front of the `for`, `keep done = true` in the "
            "place of the `finish`, and `if not done { ... }` around what is done for an entry"
        )
    if decision.condition is None:
        return "put what follows into a branch of its own, and leave out the `finish`"
    return (
        f"put what follows under `if {_negate_condition(decision.condition)} {{ ... }}`, and "
        "leave out the `finish`"
    )


def _negate_condition(condition: str) -> str:
    """Return the source text of the negated condition."""
    words = condition.split()
    if words[0] == "not" and not {"and", "or"} & set(words):
        return " ".join(words[1:])
    return f"not {condition}" if len(words) == 1 else f"not ({' '.join(words)})"
