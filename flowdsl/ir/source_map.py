"""Which source produced which line of a prompt."""

from __future__ import annotations

from flowdsl.source.record import Record


class SourceRange(Record, eq=True):
    """A range of a source file: 1-based lines and columns, the end exclusive."""

    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int


class MappedLine(Record, eq=True):
    """One line of the prompt (1-based) and the source it came from; `statement` names the kind of construct."""

    line: int
    statement: str
    source: SourceRange


class MappedOutput(Record, eq=True):
    """Where an output field gets its value: `kind` is `runtime`, `stored`, `const` or `background`."""

    field: str
    kind: str
    value: str
    source: SourceRange


class SourceMap(Record, eq=True):
    """The map of one workflow: every prompt line, and every output field's documented source."""

    workflow: str
    lines: tuple[MappedLine, ...]
    outputs: tuple[MappedOutput, ...]
