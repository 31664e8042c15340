"""Characters in texts that nobody can see and no desktop expects."""

from __future__ import annotations

from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .. import errors
from ..program import Program

CONTROLS = [chr(code) for code in (*range(0x20), 0x7F) if chr(code) not in "\t\n\r"]
"""Control characters that no text may hold."""


def report_control_characters(program: Program) -> None:
    """Report each control character in a text.

    A file that has none anywhere is not walked.
    """
    for module in program.sources.modules:
        source = module.source
        if any(control in source.text for control in CONTROLS):
            for node in walk(module):
                if isinstance(node, ast.TextLiteral | ast.StringLit):
                    _report_in(program, source, node)


def _report_in(program: Program, source: SourceFile, node: ast.TextLiteral | ast.StringLit) -> None:
    for offset in range(node.start, node.end):
        character = source.text[offset]
        if character in CONTROLS and character in node.value:
            span = Span(source, offset, offset + 1)
            code = f"{ord(character):04X}"
            program.sink.report(errors.CONTROL_CHARACTER, span, code=code)
