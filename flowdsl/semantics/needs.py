"""What statements ask of the agent that carries them out: its tools, and its model."""

from __future__ import annotations

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

TERMINAL = "execute_terminal_command"

_TOOL_OF: dict[type, tuple[str, str]] = {
    ast.CopyStmt: ("copy", "copy_to_clipboard"),
    ast.CaptureStmt: ("capture", "save_screenshot_as_run_attachment"),
    ast.ExportStmt: ("export", "mark_file_for_export"),
    ast.ImageStmt: ("image", "picture"),
    ast.RunStmt: ("run", TERMINAL),
    ast.ForStmt: ("for", "start_loop"),
    ast.FinishStmt: ("finish", "finish"),
}
"""The keyword and the tool of each statement that a focused agent may lack the tool for; a background `extract` is one, too."""


class Need(Record):
    """The first statement that asks for a tool or a model; `call` is the call that leads to it, when it is in a task."""

    place: Span
    call: Span | None = None


class Needs:
    """What a body asks of the agent that carries it out: tools and models by name, and where a `run` has an `else`."""

    __slots__ = ("models", "run_elses", "tools")

    def __init__(self) -> None:
        self.tools: dict[str, Need] = {}
        self.models: dict[str, Need] = {}
        self.run_elses: dict[Span, None] = {}

    def add(self, other: Needs, call: Span | None = None) -> None:
        """Take in the needs of an inner body, or of the task that `call` names."""
        for own, more in ((self.tools, other.tools), (self.models, other.models)):
            for name, need in more.items():
                if name not in own:
                    own[name] = need if call is None else Need(need.place, call)
        self.run_elses |= other.run_elses


def tool_of(statement: ast.Stmt, source: SourceFile) -> Needs:
    """The tool that a statement itself asks for."""
    keyword, tool = _TOOL_OF[type(statement)]
    needs = Needs()
    place = Span(source, statement.start, statement.start + len(keyword))
    needs.tools[tool] = Need(place)
    return needs


def model_of(statement: ast.ChooseStmt | ast.ExtractStmt, source: SourceFile) -> Needs:
    """The model that a statement itself asks for."""
    needs = Needs()
    if statement.model is not None:
        needs.models[statement.model.value] = Need(statement.model.span(source))
    return needs
