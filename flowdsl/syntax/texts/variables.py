"""Variables, escapes and comments inside text: the part of the second stage that reads braces."""

from __future__ import annotations

import re
from typing import Any

from flowdsl.diagnostics.diagnostic import DiagnosticSpec
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from .. import ast, errors

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PATH = rf"(?:\.{_NAME}|\[[0-9]+\]|\['[^'\r\n]*'\])*"
_COUNT = r"count[ \t]+of[ \t]+"
_VARIABLE = rf"\{{(\$?|{_COUNT})({_NAME})({_PATH})\}}|\{{\{{[ \t]*({_NAME})({_PATH})[ \t]*\}}\}}"
_ESCAPED = 6
_SPECIAL = re.compile(rf"{_VARIABLE}|\\([{{\"])|\{{#|\{{")
TWO_BRACES = re.compile(
    rf"\\[{{\"]|\{{#.*?(?:#\}}|\Z)|\$\{{+|\{{\{{\{{+|(\{{\{{[ \t]*{_NAME}{_PATH}[ \t]*\}}\}})",
    re.DOTALL,
)
"""Finds the variables in a text that are spelt with two braces, as group 1."""
# Patterns as strings: `re` compiles and keeps them once the first path or stray brace needs them.
_STEP = rf"\.({_NAME})|\[([0-9]+)\]|\['([^'\r\n]*)'\]"
_INTENDED = r"\$|[^\W\d]"
_INSIDE = r"(?:[^{}\r\n\"\\]|\\(?![{\"]))*"
_NOT_A_WORD = r"[^A-Za-z0-9_]+"
_SEVERAL_WORDS = r"\$?[\w.]+(?:[ \t-]+[\w.]+)+"

MAX_DIGITS = 18
"""The most digits of a whole number, so that every value fits into 64 bits."""


class FirstFindings(Sink):
    """A sink for texts that passes on the first `limit` findings of one file."""

    def __init__(self, sink: Sink, limit: int) -> None:
        self._sink = sink
        self._left = limit

    def report(self, spec: DiagnosticSpec, span: Span, **values: Any) -> None:
        if self._left:
            self._left -= 1
            self.full = not self._left
            self._sink.report(spec, span, **values)


def whole_number(
    source: SourceFile, sink: Sink, start: int, end: int, digits: str | None = None
) -> int:
    """Return the value of an `INT` in the source; 0, with a report, if it is too long.

    `digits` are those of a corrected token, which the source does not have.
    """
    if digits is None:
        digits = source.text[start:end]
    if len(digits.lstrip("-")) > MAX_DIGITS:
        sink.report(errors.NUMBER_TOO_LONG, Span(source, start, end), limit=MAX_DIGITS)
        return 0
    return int(digits)


def scan_ref(source: SourceFile, sink: Sink, start: int, end: int) -> ast.Ref:
    """Return the variable in a range of the source, including its braces.

    The lexer has checked that it is well formed.
    """
    found = _SPECIAL.match(source.text, start, end)
    assert found is not None
    return _parse_reference(source, sink, found)


class PartScanner:
    """Collects the parts of one text from ranges of its source, in order.

    Neighbouring literals become one, from the start of the first to the end of the last.
    """

    __slots__ = ("_end", "_parts", "_sink", "_source", "_start", "_values")

    def __init__(self, source: SourceFile, sink: Sink) -> None:
        self._source = source
        self._sink = sink
        self._parts: list[ast.TextPart] = []
        self._values: list[str] = []
        self._start = 0
        self._end = 0

    def literal(self, start: int, end: int, value: str) -> None:
        """Add literal characters.

        `value` may differ from the source, as for an escape or a line break.
        """
        if value:
            if not self._values:
                self._start = start
            self._values.append(value)
            self._end = end

    def finish(self) -> tuple[ast.TextPart, ...]:
        """Return the parts added so far."""
        self._close_literal()
        return tuple(self._parts)

    def _close_literal(self) -> None:
        if self._values:
            value = "".join(self._values)
            self._parts.append(ast.TextLiteral(self._start, self._end, value))
            self._values.clear()

    def _add_node(self, node: ast.TextPart) -> None:
        self._close_literal()
        self._parts.append(node)

    def scan_range(self, start: int, end: int) -> None:
        """Add the parts of a range; malformed variables are reported and become literals."""
        source, sink, text = self._source, self._sink, self._source.text
        begin = start
        resume = start
        for found in _SPECIAL.finditer(text, start, end):
            at = found.start()
            if at < resume:
                continue
            group = found.lastindex
            if group == _ESCAPED:
                self.literal(begin, at, text[begin:at])
                self.literal(at, at + 2, text[at + 1])
                begin = at + 2
            elif group is not None:
                if at > start and text[at - 1] == "$":
                    resume = self._stray_brace(at, start, end)
                    continue
                self.literal(begin, at, text[begin:at])
                self._add_node(_parse_reference(source, sink, found))
                begin = found.end()
            elif found.group() == "{#":
                self.literal(begin, at, text[begin:at])
                close = text.find("#}", at + 2, end)
                if close < 0:
                    sink.report(errors.TEXT_COMMENT_UNCLOSED, Span(source, at, at + 2))
                    close = end
                begin = resume = min(close + 2, end)
                self._add_node(ast.TextComment(at, begin, text[at + 2 : close].strip()))
            else:
                resume = self._stray_brace(at, start, end)
        self.literal(begin, end, text[begin:end])

    def _stray_brace(self, at: int, start: int, end: int) -> int:
        """Report a `{` that looks like a variable but is not one; returns where to continue.

        A brace before a space, a quote, a digit, a bracket or any other sign is literal, and so are
        two braces, since JSON in prose is common.
        """
        source, text = self._source, self._source.text
        if self._sink.full:
            return at + 1
        braces = 1
        while at + braces < end and text[at + braces] == "{":
            braces += 1
        name_start = at + braces
        if braces == 2 or re.compile(_INTENDED).match(text, name_start, end) is None:
            return name_start
        inside = re.compile(_INSIDE).match(text, name_start, end)
        assert inside is not None
        stop = inside.end()
        closing = 0
        while closing < braces and stop + closing < end and text[stop + closing] == "}":
            closing += 1
        if not closing:
            self._sink.report(errors.BRACES_UNCLOSED, Span(source, at, name_start))
            return stop
        dollar = at > start and text[at - 1] == "$"
        first = at - 1 if dollar else at
        last = stop + closing
        self._sink.report(
            errors.BRACES_MALFORMED,
            Span(source, first, last),
            help=_advise_on_variable(inside.group(), braces, dollar=dollar),
            written=text[first:last],
        )
        return last


def _parse_reference(source: SourceFile, sink: Sink, found: re.Match[str]) -> ast.Ref:
    path_group = found.lastindex
    assert path_group is not None
    path_start, path_end = found.span(path_group)
    name = found.group(path_group - 1)
    steps = _parse_path(source, sink, path_start, path_end) if path_end > path_start else ()
    root = ast.Name(path_start - len(name), path_start, name)
    before = found.group(1)
    secret = before == "$"
    counts = before and not secret
    counted = ast.Ref(root.start, path_end, False, root, steps) if counts else None
    return ast.Ref(found.start(), found.end(), secret, root, steps, counted)


def _parse_path(source: SourceFile, sink: Sink, start: int, end: int) -> tuple[ast.PathPart, ...]:
    path: list[ast.PathPart] = []
    for step in re.compile(_STEP).finditer(source.text, start, end):
        field, index, key = step.groups()
        if index is None:
            name = key if field is None else field
            path.append(ast.FieldAccess(step.start(), step.end(), name))
        else:
            number = whole_number(source, sink, step.start(2), step.end(2))
            path.append(ast.IndexAccess(step.start(), step.end(), number))
    return tuple(path)


def _advise_on_variable(inside: str, braces: int, *, dollar: bool) -> str | None:
    """Return the advice for one kind of malformed variable; None if the general advice applies."""
    name = re.sub(_NOT_A_WORD, "_", inside.strip()).strip("_")
    if dollar:
        return (
            f"write `{{{name}}}` for a value, `{{${name}}}` for a secret, or `$\\{{` for the signs"
        )
    if braces > 2:
        return f"write `{{{name}}}` for a value, and `\\{{` for a literal brace"
    counted = re.fullmatch(r"(?:count|len|length|size) ?\( ?([\w.]+) ?\)", inside.strip())
    if counted is not None:
        return f"the number of entries is written `{{count of {counted[1]}}}`"
    if name.isidentifier() and re.fullmatch(_SEVERAL_WORDS, inside.strip()):
        return f"a name has no spaces or hyphens: write `{name}`, or `\\{{` for a literal brace"
    return None
