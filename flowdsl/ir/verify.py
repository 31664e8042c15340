"""Checks, after inlining, the assumptions of code generation.

Analysis finds all of these errors in the source, with better places; this is the safety net.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.capabilities import TOOLS, Capabilities
from flowdsl.semantics.errors import (
    BACKSLASH_BEFORE_VARIABLE,
    BRACE_IN_COMMAND,
    BRANCH_FROZEN_BY_REPLAY,
    BRANCH_FROZEN_IN_LOOP,
    COMMAND_OUTPUT_UNREADABLE,
    CONTROL_CHARACTER,
    FAILURE_NEEDS_ONE_CALL,
)
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax.statements import TERMINAL

from . import nodes
from .facts import facts_of, facts_of_body, find_statements, fits
from .walk import inner_bodies, node_fields, own_parts, statements

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SUSPECT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\\]")
"""What `_CONTROL` finds, and backslashes, with which `_ESCAPED` begins."""

_ESCAPED = re.compile(r"\\\{([A-Za-z_]\w*)")
_VARIABLE_LIKE = re.compile(r"\{[A-Za-z_${]\S{0,20}")


def verify_program(
    program: nodes.Program,
    sources: Mapping[str, SourceFile],
    capabilities: Capabilities,
    sink: Sink,
) -> None:
    """Report what the platform would misread, or could not do.

    `capabilities` are those of the account's focused agents.
    """
    for workflow in program.workflows:
        _verify_workflow(workflow, sources, capabilities, sink)
        for decision in decisions_outside(workflow.body, capabilities):
            if decision.screen and not decision.in_loop:
                continue
            sink.report(
                BRANCH_FROZEN_IN_LOOP if decision.screen else BRANCH_FROZEN_BY_REPLAY,
                _span_of_origin(decision.statement.origin, sources),
                construct=decision.construct,
                tool=decision.tool,
            )
        for loop in loops_that_lose_failures(workflow.body):
            span = _span_of_origin(loop.origin, sources)
            sink.report(FAILURE_NEEDS_ONE_CALL, span, tool=_tool_words(loop, capabilities))


def _verify_workflow(
    workflow: nodes.Workflow,
    sources: Mapping[str, SourceFile],
    capabilities: Capabilities,
    sink: Sink,
) -> None:
    texts: list[tuple[nodes.Node, Any]] = [
        (workflow, (workflow.rules, workflow.cleanup)),
        *((each, tuple(own_parts(each))) for each in statements(workflow.body)),
        *((check, (check.target, check.statement)) for check in workflow.checks or ()),
    ]
    for node, parts in texts:
        place = partial(_span_of_origin, node.origin, sources)
        command = isinstance(node, nodes.Run)
        for text in _find_texts(parts):
            if command or any(map(_may_be_misread, text)):
                _verify_text(text, place, sink, command=command)
        variable = node.variable if isinstance(node, nodes.Run) else None
        if variable is not None and not capabilities.can_focused_agent_use(TERMINAL):
            sink.report(COMMAND_OUTPUT_UNREADABLE, place(), variable=variable)


def _span_of_origin(origin: nodes.Origin, sources: Mapping[str, SourceFile]) -> Span:
    source = sources[origin.path]
    start = source.offset(origin.start_line, origin.start_column)
    return Span(source, start, source.offset(origin.end_line, origin.end_column))


def _find_texts(value: Any) -> list[nodes.Text]:
    """Return the texts inside a value, in order."""
    found: list[nodes.Text] = []
    pending = [value]
    while pending:
        value = pending.pop()
        if type(value) is not tuple:
            pending += [getattr(value, name) for name in reversed(node_fields(value))]
        elif value and type(value[0]) in _PIECES:
            found.append(value)
        else:
            pending += reversed(value)
    return found


_PIECES = (nodes.TextPiece, nodes.Variable)


def _may_be_misread(piece: nodes.Piece) -> bool:
    """Whether a piece of a text that is no command holds something of what is reported."""
    return type(piece) is nodes.TextPiece and _SUSPECT.search(piece.value) is not None


def _verify_text(text: nodes.Text, place: Callable[[], Span], sink: Sink, *, command: bool) -> None:
    """Report control characters, backslashes before variables, and braces of a command."""
    for piece, following in zip_longest(text, text[1:]):
        if isinstance(piece, nodes.Variable):
            continue
        value, name = piece.value, following.name if isinstance(following, nodes.Variable) else ""
        if (found := _CONTROL.search(value)) is not None:
            sink.report(CONTROL_CHARACTER, place(), code=f"{ord(found[0]):04X}")
        if value.endswith("\\") and name:
            sink.report(BACKSLASH_BEFORE_VARIABLE, place(), variable=name)
        elif not command and (found := _ESCAPED.search(value)) is not None:
            sink.report(BACKSLASH_BEFORE_VARIABLE, place(), variable=found[1])
        if command and (found := _VARIABLE_LIKE.search(value)) is not None:
            sink.report(BRACE_IN_COMMAND, place(), written=found[0])
        if command and value.endswith("{") and name:
            sink.report(BRACE_IN_COMMAND, place(), written=f"{{{{{name}}}")


# Replay, which does not ask the main agent again


class Outside(Record):
    """A decision whose outcome the main agent carries out, with its construct and a tool it needs.

    `screen` says that it depends on what is on screen, or on how a command ended; `in_loop` that
    the main agent reaches it in every pass of a loop.
    """

    statement: nodes.Statement
    screen: bool
    in_loop: bool
    construct: str
    tool: str


def decisions_outside(
    body: nodes.Body, capabilities: Capabilities, *, in_loop: bool = False
) -> Iterator[Outside]:
    """Return the decisions of a body that do not fit one `focused_action`, outer ones first."""
    for statement in body:
        loops = isinstance(statement, nodes.Loop) and statement.entry is None
        if isinstance(statement, nodes.Run):
            if statement.otherwise and _main_runs(statement, capabilities):
                yield Outside(statement, True, in_loop, "`else`", TOOLS[TERMINAL].words)
        elif not loops and not isinstance(statement, nodes.Step):
            if fits((statement,), capabilities):
                continue
            construct = _CONSTRUCTS.get(type(statement))
            if construct and _has_unfitting_body(statement, capabilities):
                screen, words = _screen_decides(statement), _tool_words(statement, capabilities)
                yield Outside(statement, screen, in_loop, construct, words)
        for inner in inner_bodies(statement):
            yield from decisions_outside(inner, capabilities, in_loop=in_loop or loops)


def loops_that_lose_failures(body: nodes.Body) -> Iterator[nodes.Loop]:
    """Return the loops of the main agent with a failure in them that is to end an attempt.

    In a later pass nobody stands by who would begin another one.
    """
    return (
        each
        for each in find_statements(body, {"loop"})
        if isinstance(each, nodes.Loop) and each.entry is None and _ends_attempt(each.body)
    )


def _ends_attempt(body: nodes.Body) -> bool:
    """Whether something in a body ends an attempt that was begun outside of it."""
    for statement in body:
        match statement:
            case nodes.Leave(action="retry"):
                return True
            case nodes.Retry(otherwise=otherwise):
                if _ends_attempt(otherwise):
                    return True
            case _:
                if any(map(_ends_attempt, inner_bodies(statement))):
                    return True
    return False


def _main_runs(statement: nodes.Run, capabilities: Capabilities) -> bool:
    """Whether the main agent runs a command and sees how it ended."""
    return statement.variable is None or not fits((statement,), capabilities)


_CONSTRUCTS: dict[type, str] = {
    nodes.If: "`if`",
    nodes.Repeat: "`repeat`",
    nodes.Retry: "`retry`",
    nodes.Choose: "`else`",
    nodes.WaitUntil: "`else`",
    nodes.Expect: "`else`",
    nodes.Extract: "`else`",
    nodes.Copy: "`else`",
}


def _has_unfitting_body(statement: nodes.Statement, capabilities: Capabilities) -> bool:
    """Whether the part that does not fit is a body that depends on this statement's decision.

    A body that names another model than the rest counts, too.
    """
    return len(facts_of(statement).models) > 1 or (
        not isinstance(statement, nodes.Step)
        and any(not fits(inner, capabilities) for inner in inner_bodies(statement))
    )


def _screen_decides(statement: nodes.Statement) -> bool:
    match statement:
        case nodes.If():
            return all(depends_on_screen(branch.condition) for branch in statement.branches)
        case nodes.Repeat():
            return depends_on_screen(statement.until)
        case _:
            return True


def depends_on_screen(condition: nodes.Condition) -> bool:
    match condition:
        case nodes.Sees():
            return True
        case nodes.AllOf(operands=operands) | nodes.AnyOf(operands=operands):
            return any(depends_on_screen(operand) for operand in operands)
        case nodes.Not(operand=operand):
            return depends_on_screen(operand)
        case nodes.Compare() | nodes.TextRelation() | nodes.OneOf():
            return False
        case nodes.IsEmpty() | nodes.IsTrue():
            return False


def _tool_words(statement: nodes.Statement, capabilities: Capabilities) -> str:
    missing = {
        tool
        for body in inner_bodies(statement)
        for tool in facts_of_body(body).tools
        if not capabilities.can_focused_agent_use(tool)
    }
    return TOOLS[min(missing)].words if missing else "more than one model"
