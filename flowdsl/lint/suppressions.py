"""Suppressions, which switch one finding off at one place.

They are in comments, `# flow: ignore[name] reason`, and inside of text, `{# flow: ignore[name]
reason #}`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic, DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.source.files import SUFFIX
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import Token, lex
from flowdsl.syntax.visit import children

from . import errors

_DIRECTIVE = re.compile(r"#+\s*flow:\s*ignore\b\s*(?:\[([^\]\r\n]*)\]?)?([^\r\n]*)")
_WRITTEN = re.compile(r"\S")
_IN_TEXT = re.compile(r"\{#\s*flow:\s*ignore\b\s*(?:\[([^\]\r\n]*)\]?)?(.*?)#\}", re.DOTALL)
_NAME = re.compile(r"[^\s,]+")


class Suppression(Record):
    """One suppression comment.

    `names` are the diagnostics that it names, each with its place; `covers` are the ranges of its
    file in which it holds.
    """

    source: SourceFile
    place: Span
    names: tuple[tuple[str, Span], ...]
    reason: str
    covers: tuple[tuple[int, int], ...]


def find_suppressions(module: ast.Module) -> Iterator[Suppression]:
    """The suppressions of a file, in the order of the source."""
    source = module.source
    text = source.text
    tokens = lex(text)
    followers = _followers(tokens)
    for token, following in zip(tokens, followers, strict=True):
        if token.kind == "COMMENT":
            found = _DIRECTIVE.match(text, token.start, token.end)
            if found is not None:
                alone = not text[_line_start(source, token.start) : token.start].strip()
                covers = _range_of_line(source, token.start)
                if alone:
                    covers = (token.start, token.end)
                    if following is not None:
                        covers = _find_covered_range(module, following.start)
                yield _parse_suppression(source, found, (covers,))
        elif token.kind in ("STRING", "BLOCK"):
            last = text.rfind("#}", token.start, token.end) + 2
            start = end = -1
            for found in _IN_TEXT.finditer(text, token.start, max(last, token.start)):
                # A line may be as long as the file and hold very many of them.
                if found.start() > end:
                    start, end = _range_of_line(source, found.start())
                before = _WRITTEN.search(text, start, found.start())
                alone = before is None and _WRITTEN.search(text, found.end(), end) is None
                covers = _range_of_line(source, _next_line(text, end)) if alone else (start, end)
                yield _parse_suppression(source, found, (covers, (start, end)))


def _followers(tokens: Sequence[Token]) -> list[Token | None]:
    """Return for each token the first one from it on that is neither a comment nor blank."""
    found: list[Token | None] = []
    following = None
    for token in reversed(tokens):
        if token.kind not in ("COMMENT", "WS"):
            following = token
        found.append(following)
    found.reverse()
    return found


def _find_covered_range(module: ast.Module, start: int) -> tuple[int, int]:
    """Return what a comment before `start` covers: the widest node there, or at least its line."""
    end = _range_of_line(module.source, start)[1]
    pending = children(module)
    while pending:
        node = pending.pop()
        if node.start == start:
            return start, max(node.end, end)
        if node.start < start < node.end:
            pending += children(node)
    return start, end


def _line_start(source: SourceFile, offset: int) -> int:
    return source.offset(source.position(offset).line, 1)


def _range_of_line(source: SourceFile, offset: int) -> tuple[int, int]:
    """The range of the line that holds `offset`, without its line break."""
    number = source.position(offset).line
    start = source.offset(number, 1)
    return start, start + len(source.line(number))


def _parse_suppression(
    source: SourceFile, found: re.Match[str], covers: tuple[tuple[int, int], ...]
) -> Suppression:
    names = []
    if found[1] is not None:
        for name in _NAME.finditer(source.text, found.start(1), found.end(1)):
            names.append((name[0], Span(source, name.start(), name.end())))
    place = Span(source, found.start(), found.end())
    return Suppression(source, place, tuple(names), found[2].strip(), covers)


def apply_suppressions(
    found: Iterable[Diagnostic],
    modules: Sequence[ast.Module],
    specs: Mapping[str, DiagnosticSpec],
    ran: Callable[[DiagnosticSpec, str], bool],
    sink: Sink,
) -> tuple[list[Diagnostic], frozenset[str]]:
    """The findings that remain, and the names of errors that were suppressed.

    Errors in suppressions are reported to `sink`. `specs` are all diagnostics by name. `ran(spec,
    path)` says whether a diagnostic could be found in a file at all; if not, its suppression is not
    called unused. In a file that could not be parsed completely, no suppression is.
    """
    suppressions = [each for module in modules for each in find_suppressions(module)]
    usable: dict[tuple[str, str], list[tuple[Suppression, Span]]] = {}
    ranges: dict[tuple[str, str], _Ranges] = {}
    for suppression in suppressions:
        if not suppression.names:
            sink.report(errors.BLANKET_SUPPRESSION, suppression.place)
        for name, span in suppression.names:
            if _is_usable(suppression, name, span, specs, sink):
                key = (suppression.source.path, name)
                usable.setdefault(key, []).append((suppression, span))
    for key, entries in usable.items():
        ranges[key] = _Ranges(
            (*covered, span) for suppression, span in entries for covered in suppression.covers
        )
    used: set[Span] = set()
    kept: list[Diagnostic] = []
    silenced: set[str] = set()
    for each in found:
        # A file that is no flow has no room for a suppression, so that the place in a flow that
        # names the file (a label) counts.
        places = (
            (each.span,)
            if each.span.path.endswith(SUFFIX)
            else tuple(label.span for label in each.labels)
        )
        matching = [
            span
            for place in places
            if (covering := ranges.get((place.path, each.name))) is not None
            for span in covering.around(place.start)
        ]
        used.update(matching)
        if not matching:
            kept.append(each)
        elif each.severity == ERROR:
            silenced.add(each.name)
    unread = {module.source.path for module in modules if module.unread or module.holes}
    for (path, name), entries in usable.items():
        for suppression, span in () if path in unread else entries:
            if span not in used and ran(specs[name], path):
                _report_unused(suppression, name, span, sink)
    return kept, frozenset(silenced)


class _Ranges:
    """Ranges of a file that hold an offset, found without looking at all of them.

    The idea: the ranges are in order of their start, and `further` has for each the nearest one in
    front of it that ends later. From the last range that begins before an offset, the search steps
    back one range after a hit; after a miss it steps to `further`, because everything between ends
    even earlier.

    An example: for `[0, 9] [1, 2] [4, 5]`, `further` is `-1 0 0`. For the offset 7, the search
    looks at the third range, misses, and steps to the first, which holds it.
    """

    def __init__(self, ranges: Iterable[tuple[int, int, Span]]) -> None:
        ordered = sorted(ranges, key=lambda each: each[:2])
        self._starts = [start for start, _, _ in ordered]
        self._ends = [end for _, end, _ in ordered]
        self._spans = [span for _, _, span in ordered]
        self._further: list[int] = []
        for at, end in enumerate(self._ends):
            back = at - 1
            while back >= 0 and self._ends[back] <= end:
                back = self._further[back]
            self._further.append(back)

    def around(self, offset: int) -> Iterator[Span]:
        """The spans of the ranges that hold an offset."""
        at = bisect_right(self._starts, offset) - 1
        while at >= 0:
            if self._ends[at] >= offset:
                yield self._spans[at]
                at -= 1
            else:
                at = self._further[at]


def _is_usable(
    suppression: Suppression,
    name: str,
    span: Span,
    specs: Mapping[str, DiagnosticSpec],
    sink: Sink,
) -> bool:
    spec = specs.get(name)
    if spec is None:
        near = find_closest_name(name, specs)
        help = f"a diagnostic named `{near}` exists" if near else "`flowdsl rules` lists them"
        fixes = (Fix(f"rename to `{near}`", (Edit(span, near),)),) if near else ()
        sink.report(errors.UNKNOWN_SUPPRESSION, span, name=name, help=help, fixes=fixes)
        return False
    if spec.severity == ERROR and not spec.arguable:
        sink.report(errors.IMPOSSIBLE_SUPPRESSION, span, name=name)
        return False
    if spec.category == "secrets" and not suppression.reason:
        sink.report(errors.SUPPRESSION_WITHOUT_REASON, span, name=name)
        return False
    return True


def _report_unused(suppression: Suppression, name: str, span: Span, sink: Sink) -> None:
    """Report an unused name with a fix that removes it, and the comment with the last name."""
    source = suppression.source
    text = source.text
    if len(suppression.names) == 1:
        start, end = suppression.place.start, suppression.place.end
        line_start, line_end = _range_of_line(source, start)
        if not (text[line_start:start] + text[end:line_end]).strip():
            start, end = line_start, _next_line(text, line_end)
        else:
            while text[start - 1 : start] in (" ", "\t"):
                start -= 1
    else:
        start, end = span.start, span.end
        behind = re.compile(r"\s*,\s*").match(text, end)
        if behind is not None:
            end = behind.end()
        else:
            start = suppression.names[-2][1].end
    edit = Edit(Span(source, start, end), "")
    fix = Fix(f"remove `{name}`", (edit,), "safe")
    sink.report(errors.UNUSED_SUPPRESSION, span, name=name, fixes=(fix,))


def _next_line(text: str, end: int) -> int:
    if text.startswith("\r\n", end):
        return end + 2
    return min(end + 1, len(text))
