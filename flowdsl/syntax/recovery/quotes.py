"""Recovery from texts whose opening or closing quotes are missing.

The idea: find where the text was probably meant to end or begin, and continue after it. An unclosed
block takes the next block's opening quotes for its own end, and so on, so that from there on the
lexer reads code as text and text as code. Indentation tells where the block was meant to end.
"""

from __future__ import annotations

import re
from functools import cache

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.source.text import Span

from .. import errors
from ..parser.driver import Stack, is_terminal_allowed
from ..parser.lexer import TERMINAL, breaks_line
from .advice import advice_for_unterminated
from .broken_file import BrokenFile
from .foreign_syntax import CURLY_QUOTES
from .resynchronisation import reads_on, uncover_braces

_BLOCK = TERMINAL["BLOCK"]
_BAD_BLOCK = TERMINAL["BAD_BLOCK"]
_BAD_STRING = TERMINAL["BAD_STRING"]
_QUOTES = '"""'


def close_text(file: BrokenFile, stack: Stack, index: int, *, again: bool) -> int | None:
    """Treat an unterminated text, or one without its opening quotes, as if it had them.

    Returns the token of that text and reports it if the parser can continue at `index`; else None.
    `again` allows to lex the rest after a block once more, which costs as much as the first time.
    """
    text, tokens = file.source.text, file.tokens
    kind = tokens.kinds[index]
    if kind == _BAD_STRING:
        return index if _close_line(file, stack, index) else None
    if not again:
        return None
    if kind == _BAD_BLOCK and is_terminal_allowed(stack.states, _BLOCK):
        end = _likely_end(text, tokens.starts[index], tokens.ends[index])
        if end is None:
            return None
        report_unterminated(file, index)
        tokens.cut(text, index, end)
        tokens.kinds[index] = _BLOCK
        return index
    if not _has_odd_quotes(text):
        return None
    if tokens.kinds[index - 1] == _BLOCK:
        end = _likely_end(text, tokens.starts[index - 1], tokens.ends[index - 1])
        if end is not None:
            report_unterminated(file, index - 1)
            tokens.cut(text, index - 1, end)
            return index - 1
    return _open_block(file, stack, index)


def report_unterminated(file: BrokenFile, index: int) -> None:
    """Report an unterminated text, at its opening quotes."""
    source, tokens, sink = file
    start, opened = tokens.starts[index], tokens.words[index]
    closer = _QUOTES if opened.startswith(_QUOTES) else '"'
    width = opened.index('"') + len(closer)
    fixes: tuple[Fix, ...] = ()
    if closer == '"':
        kept = opened.rstrip(" \t;")
        curly = kept[-1:] in CURLY_QUOTES and kept[-1:] != ""
        place = start + len(kept)
        edit = Edit(Span(source, place - curly, place), '"')
        fixes = (Fix('close it with `"`', (edit,)),)
    sink.report(
        errors.UNTERMINATED_TEXT,
        Span(source, start, start + width),
        help=advice_for_unterminated(opened),
        fixes=fixes,
        closer=closer,
    )


def _close_line(file: BrokenFile, stack: Stack, index: int) -> bool:
    """Close a text in single `"` at the end of its line, if the parser can then continue."""
    tokens = file.tokens
    tokens.kinds[index] = TERMINAL["RAW" if tokens.words[index][0] == "r" else "STRING"]
    braces = uncover_braces(tokens, index)
    if not reads_on(tokens, stack.states, index):
        tokens.kinds[index] = _BAD_STRING
        for _ in range(braces):
            tokens.remove(index + 1)
        return False
    report_unterminated(file, index)
    return True


def _open_block(file: BrokenFile, stack: Stack, index: int) -> int | None:
    """Treat prose in the place of text as a block without its opening quotes.

    It ends at quotes that are alone on their line.
    """
    source, tokens, sink = file
    statement = is_terminal_allowed(stack.states, TERMINAL["DO"])
    if not statement and not is_terminal_allowed(stack.states, _BLOCK):
        return None
    opener = f"do {_QUOTES}" if statement else _QUOTES
    text = source.text
    for at in range(index, len(tokens.words) - 1):
        if tokens.kinds[at] in (_BLOCK, _BAD_BLOCK):
            start = tokens.starts[at]
            end = start + len(_QUOTES)
            alone = breaks_line(tokens.blanks[at]) and text[end : end + 1] in ("", "\r", "\n")
            if not alone or at == index:
                return None
            first = tokens.starts[index]
            edit = Edit(Span(source, first, first), opener)
            sink.report(
                errors.UNOPENED_TEXT,
                file.span(index),
                labels=(Label(Span(source, start, end), "it ends here"),),
                fixes=(Fix(f"insert `{opener}`", (edit,)),),
                opener=opener,
            )
            tokens.join(index, at)
            tokens.cut(text, index, end)
            tokens.kinds[index] = _BLOCK
            if statement:
                tokens.insert(index, "do", at_start=True)
                return index + 1
            return index
    return None


def _has_odd_quotes(text: str) -> bool:
    """Whether a file has an odd number of triple quotes."""
    return (text.count(_QUOTES) - text.count(f"\\{_QUOTES}")) % 2 == 1


def _likely_end(text: str, start: int, end: int) -> int | None:
    """Return the offset before `end` where a block from `start` was probably meant to end, if any.

    That is the end of the line before the first one that is not indented deeper than the line of
    the opening quotes. If the block's own first line is not indented deeper, it is the line before
    one that begins a declaration or holds only closing braces.
    """
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    opening = text[line_start:start]
    indent = len(opening) - len(opening.lstrip(" \t"))
    flat = False
    first = True
    last_end = start + len(_QUOTES)
    for line in _line_pattern().finditer(text, last_end, end):
        spaces, content = line.group(1, 2)
        if not content:
            continue
        if first:
            flat = len(spaces) <= indent
            first = False
        outside = (
            _code_start_pattern().match(content) is not None if flat else len(spaces) <= indent
        )
        if outside and not content.startswith(_QUOTES):
            return last_end
        last_end = line.end()
    return None


@cache
def _line_pattern() -> re.Pattern[str]:
    """Return the pattern of a line after a line break: its indent, and the rest."""
    return re.compile(r"(?<=[\r\n])([ \t]*)([^\r\n]*)")


@cache
def _code_start_pattern() -> re.Pattern[str]:
    """Return the pattern of code at the start of a line, which cannot be prose."""
    return re.compile(
        r"(?:workflow|task|chain|type|const) [A-Za-z_][A-Za-z0-9_]* ?[{(=]|import [{\"]"
        r"|[}\])]+[ \t]*\Z"
    )
