"""Parses a file to its AST; never raises for bad source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile

from . import ast
from .build import AST_RULES, AstBuilder
from .edition import FIRST, fresh_stack, read_edition
from .parser.driver import run
from .parser.lexer import Lexemes
from .texts.variables import FirstFindings

MAX_TEXT_ERRORS = 100
"""The maximum of errors inside texts that are reported for one file."""

_IMPORTS = (ast.ImportNames, ast.ImportModule)


def parse_module(source: SourceFile, sink: Sink) -> ast.Module:
    """Parse a file; never raises.

    Parts that cannot be parsed are reported to the sink and missing from the tree.
    """
    tokens = Lexemes(source.text)
    docs = tokens.docs() if "##" in source.text else {}
    builder = AstBuilder(source, tokens, docs, FirstFindings(sink, MAX_TEXT_ERRORS))
    edition = read_edition(source, tokens, sink)
    stack = fresh_stack(tokens)
    index = run(tokens, stack, FIRST, AST_RULES, builder)
    nodes: Sequence[Any]
    unread: tuple[ast.Unread, ...] = ()
    holes: tuple[ast.Hole, ...] = ()
    if index < 0:
        (nodes,) = stack.values
    else:
        # Most files have no mistake and do not need this import.
        from .recovery.broken_file import BrokenFile
        from .recovery.recovery import Recovery

        recovery = Recovery(BrokenFile(source, tokens, sink), builder, edition)
        recovery.read(stack, index)
        nodes, unread = recovery.nodes, tuple(recovery.unread)
        holes = tuple(recovery.holes)
    if "{{" in source.text:
        from .former import report_former_values

        report_former_values(source, sink, (*holes, *unread))
    imports = tuple(node for node in nodes if isinstance(node, _IMPORTS))
    declarations = tuple(node for node in nodes if not isinstance(node, _IMPORTS))
    end = len(source.text)
    return ast.Module(0, end, source, edition, imports, declarations, unread, holes)
