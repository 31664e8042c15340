"""A file to its AST, whatever is in the file.

Every top-level declaration is an island: what is wrong in one is reported there, the declaration is dropped, and reading
goes on at the next one. One missing, doubled or misspelt token is repaired instead when the parser then reads on.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Any

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import ast, errors
from .build import AST_RULES, AstBuilder
from .driver import MAX_DEPTH, Stack, fits, nesting, run, shift, symbols
from .lexer import END, TERMINAL, Lexemes
from .repair import repair
from .unexpected import report_unexpected
from .variables import whole_number

EDITIONS = (1,)
MAX_ERRORS = 100
"""Syntax errors after which the rest of a file is left alone."""
MAX_REPAIRS = 40

_FIRST = 2
"""The token after the edition."""
_DECLARATION_WORDS = frozenset(
    ("chain", "const", "import", "task", "test", "type", "workflow", "@")
)
_EDITION = frozenset(("FLOW", "INT", "edition"))
_FINISHED = frozenset(("__file_star_0", "__file_star_1", "import_", "item"))
_IMPORTS = (ast.ImportNames, ast.ImportModule)
_DEPTH = {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}


def parse_module(source: SourceFile, sink: Sink) -> ast.Module:
    """The tree of a file. Never raises: what cannot be read is in the sink and missing from the tree."""
    return _Reader(source, sink).module()


class _Reader:
    """Reads one file, island after island."""

    def __init__(self, source: SourceFile, sink: Sink) -> None:
        self.source = source
        self.sink = sink
        self.tokens = Lexemes(source.text)
        docs = self.tokens.docs() if "##" in source.text else {}
        self.builder = AstBuilder(source, self.tokens, docs, sink)
        self.nodes: list[Any] = []
        self._depths: list[int] | None = None

    def module(self) -> ast.Module:
        edition = self._edition()
        errors_left, repairs_left = MAX_ERRORS, MAX_REPAIRS
        stack, index = self._fresh(), _FIRST
        while errors_left and (index := self._run(stack, index)) >= 0:
            errors_left -= 1
            if nesting(stack.states) >= MAX_DEPTH:
                self.sink.report(errors.NESTING_TOO_DEEP, self._span(index), limit=MAX_DEPTH)
            elif repairs_left and repair(self.source, self.tokens, stack, index, self.sink):
                repairs_left -= 1
                self._depths = None
                continue
            else:
                report_unexpected(self.source, self.tokens, stack, index, self.sink)
            index = self._next_island(stack, index)
            stack = self._fresh()
        self._keep(stack)
        imports = tuple(node for node in self.nodes if isinstance(node, _IMPORTS))
        declarations = tuple(node for node in self.nodes if not isinstance(node, _IMPORTS))
        end = len(self.source.text)
        return ast.Module(0, end, self.source, edition, imports, declarations)

    def _run(self, stack: Stack, index: int) -> int:
        return run(self.tokens, stack, index, AST_RULES, self.builder)

    def _edition(self) -> int:
        """The edition the file says. Where it says none, the tokens get one, so that the parser can begin."""
        tokens = self.tokens
        if tokens.words[0] != "flow":
            place = tokens.starts[0]
            self._missing_edition(place, Span(self.source, place, tokens.ends[0]), "flow 1\n")
            tokens.insert(0, "flow", at_start=True)
            tokens.insert(1, "1")
            return 0
        if tokens.kinds[1] != TERMINAL["INT"]:
            place = tokens.ends[0]
            self._missing_edition(place, Span(self.source, tokens.starts[0], place), " 1")
            if tokens.kinds[1] != END and not _breaks_line(tokens.blanks[1]):
                tokens.remove(1)
            tokens.insert(1, "1")
            return 0
        edition = whole_number(self.source, self.sink, tokens.starts[1], tokens.ends[1])
        if edition not in EDITIONS:
            self.sink.report(
                errors.UNKNOWN_EDITION,
                self._span(1),
                edition=tokens.words[1],
                known=", ".join(map(str, EDITIONS)),
            )
        return edition

    def _missing_edition(self, place: int, span: Span, insertion: str) -> None:
        edit = Edit(Span(self.source, place, place), insertion)
        fix = Fix("name the edition", (edit,), "safe")
        self.sink.report(errors.MISSING_EDITION, span, fixes=(fix,))

    def _fresh(self) -> Stack:
        """The stack of a file of which nothing but the edition has been read."""
        stack = Stack()
        for index in range(_FIRST):
            shift(stack.states, self.tokens.kinds[index])
            stack.values.append(index)
            stack.starts.append(self.tokens.starts[index])
        return stack

    def _span(self, index: int) -> Span:
        return Span(self.source, self.tokens.starts[index], self.tokens.ends[index])

    def _keep(self, stack: Stack) -> int:
        """Take the imports and declarations that a stack holds finished; how many of its symbols they and the edition are."""
        count = 0
        for symbol, value in zip(symbols(stack.states), stack.values, strict=True):
            if symbol == "file":
                self.nodes += value
            elif symbol in _FINISHED:
                self.nodes += value if isinstance(value, list) else [value]
            elif symbol not in _EDITION:
                break
            count += 1
        return count

    def _next_island(self, stack: Stack, index: int) -> int:
        """Where to read on after an error at token `index`; keeps what the stack holds finished."""
        tokens = self.tokens
        if fits(stack.states, END):
            # The error is behind a whole declaration, not in it.
            tokens.insert(index, "")
            self._run(stack, index)
            tokens.remove(index)
            self._keep(stack)
            island = index
        else:
            kept = self._keep(stack)
            offset = stack.starts[kept] if kept < len(stack.starts) else tokens.starts[index]
            island = max(_FIRST, bisect_left(tokens.starts, offset, _FIRST, index))
        if self._depths is None:
            steps = (_DEPTH.get(word, 0) for word in tokens.words)
            self._depths = list(accumulate(steps, initial=0))
        depths = self._depths
        balanced = depths[-1] == 0
        indented = not self._at_line_start(island)
        last = len(tokens.words) - 1
        for at in range(index, last):
            if tokens.words[at] in _DECLARATION_WORDS and not self._is_statement(at):
                outside = depths[at] <= depths[island]
                # Where braces do not balance, only the margin tells declarations from statements.
                if (outside or not balanced) if self._at_line_start(at) else (outside and indented):
                    return at
        return last

    def _at_line_start(self, index: int) -> bool:
        start = self.tokens.starts[index]
        return start == 0 or self.source.text[start - 1] in "\r\n"

    def _is_statement(self, index: int) -> bool:
        """Whether `type` at a token begins the statement, not the declaration."""
        after = self.tokens.words[index + 2 : index + 3]
        return self.tokens.words[index] == "type" and after not in (["{"], ["="])


def _breaks_line(blank: str) -> bool:
    return "\n" in blank or "\r" in blank
