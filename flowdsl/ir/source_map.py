"""The source map: the source of each line of a prompt, and of each post-run check."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from flowdsl.source.record import Record

FORMAT_VERSION = 1
"""The version of a source map as JSON; within one, keys are only added."""


def text_digest(text: str) -> str:
    """Return the SHA-256 of a file's text in hex, which identifies a file that was read before."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Origin(Record, eq=True):
    """A range of source: path relative to the project, 1-based lines and columns, exclusive end."""

    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int

    def to_json(self) -> dict[str, Any]:
        """The range as JSON values."""
        return {
            "path": self.path,
            "start": {"line": self.start_line, "column": self.start_column},
            "end": {"line": self.end_line, "column": self.end_column},
        }


class MappedLine(Record, eq=True):
    """A line of the prompt (1-based) and its source; `statement` names the kind of construct."""

    line: int
    statement: str
    source: Origin


class MappedOutput(Record, eq=True):
    """Where an output gets its value: `kind` is `runtime`, `stored`, `const` or `background`."""

    field: str
    kind: str
    value: str
    source: Origin


class MappedCheck(Record, eq=True):
    """A post-run check, by its name in the payload.

    `kind` is `file`, `image`, `schema`, `output`, or `stored` for a check from the file of `checks
    from`.
    """

    name: str
    kind: str
    source: Origin


class SourceMap(Record, eq=True):
    """The map of one workflow: prompt lines, output fields, and checks in payload order.

    `files` maps the paths of these sources to the digest of their text.
    """

    workflow: str
    lines: tuple[MappedLine, ...]
    outputs: tuple[MappedOutput, ...]
    checks: tuple[MappedCheck, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The map as JSON values."""
        return {
            "format_version": FORMAT_VERSION,
            "workflow": self.workflow,
            "files": {path: {"sha256": text} for path, text in self.files},
            "lines": [
                {"line": each.line, "statement": each.statement, "source": each.source.to_json()}
                for each in self.lines
            ],
            "outputs": [
                {
                    "field": each.field,
                    "kind": each.kind,
                    "value": each.value,
                    "source": each.source.to_json(),
                }
                for each in self.outputs
            ],
            "checks": [
                {"name": each.name, "kind": each.kind, "source": each.source.to_json()}
                for each in self.checks
            ],
        }
