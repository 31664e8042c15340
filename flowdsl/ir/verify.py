"""What code generation relies on, proved after inlining."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import nodes
from .errors import (
    BACKSLASH_BEFORE_VARIABLE,
    BRACE_IN_COMMAND,
    COMMAND_OUTPUT_UNREADABLE,
    CONTROL_CHARACTER,
)
from .walk import field_names, statements, walk

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_VARIABLE_LIKE = re.compile(r"\{[A-Za-z_${]\S{0,20}")


def verify_program(
    program: nodes.Program,
    sources: Mapping[str, SourceFile],
    focused_tools: Collection[str],
    sink: Sink,
) -> None:
    """Report what the platform would read differently from how it was meant, or could not do.

    `focused_tools` are the undocumented tools that the focused agents of the account are known to have.
    """
    for workflow in program.workflows:
        _verify(workflow, sources, focused_tools, sink)


def _verify(
    workflow: nodes.Workflow,
    sources: Mapping[str, SourceFile],
    focused_tools: Collection[str],
    sink: Sink,
) -> None:
    checks = workflow.checks or ()
    for node in (workflow, *statements(workflow.body), *checks):
        span = _span(node.origin, sources)
        for text in _own_texts(node):
            _verify_text(text, span, sink)
        if isinstance(node, nodes.Run):
            _verify_command(node.command, span, sink)
            if node.variable is not None and "execute_terminal_command" not in focused_tools:
                sink.report(COMMAND_OUTPUT_UNREADABLE, span, variable=node.variable)


def _span(origin: nodes.Origin, sources: Mapping[str, SourceFile]) -> Span:
    source = sources[origin.path]
    start = source.offset(origin.start_line, origin.start_column)
    return Span(source, start, source.offset(origin.end_line, origin.end_column))


def _own_texts(node: nodes.Node) -> Iterator[nodes.Text]:
    """The texts of a node itself, without those of the statements in it."""
    for name in field_names(type(node)):
        value: Any = getattr(node, name)
        if (
            isinstance(value, tuple)
            and value
            and isinstance(value[0], nodes.TextPiece | nodes.Variable)
        ):
            yield value
        elif isinstance(value, tuple) and value and isinstance(value[0], tuple):
            yield from value
        elif isinstance(value, nodes.FileTarget):
            yield from value.names
            yield value.template
    if isinstance(node, nodes.Store | nodes.Loop | nodes.If):
        for inner in walk(_values_of(node)):
            if isinstance(inner, nodes.TextValue):
                yield inner.text


def _values_of(node: nodes.Store | nodes.Loop | nodes.If) -> Any:
    match node:
        case nodes.Store():
            return node.assignments
        case nodes.Loop():
            return node.items
        case nodes.If():
            return tuple(branch.condition for branch in node.branches)


def _verify_text(text: nodes.Text, span: Span, sink: Sink) -> None:
    for index, piece in enumerate(text):
        if isinstance(piece, nodes.Variable):
            continue
        if (found := _CONTROL.search(piece.value)) is not None:
            sink.report(CONTROL_CHARACTER, span, code=f"{ord(found[0]):04X}")
        following = text[index + 1] if index + 1 < len(text) else None
        if piece.value.endswith("\\") and isinstance(following, nodes.Variable):
            sink.report(BACKSLASH_BEFORE_VARIABLE, span, variable=following.name)
        elif (found := re.search(r"\\\{([A-Za-z_]\w*)", piece.value)) is not None:
            sink.report(BACKSLASH_BEFORE_VARIABLE, span, variable=found[1])


def _verify_command(command: nodes.Text, span: Span, sink: Sink) -> None:
    for piece in command:
        if isinstance(piece, nodes.TextPiece) and (found := _VARIABLE_LIKE.search(piece.value)):
            sink.report(BRACE_IN_COMMAND, span, written=found[0])
