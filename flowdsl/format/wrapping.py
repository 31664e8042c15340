"""Breaks lines that do not fit: a range of tokens becomes a stream of the layout algebra.

The loosest bond breaks first. Brackets that break have an entry on each line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from flowdsl.source.record import Record
from flowdsl.syntax.parser.lexer import TERMINAL
from flowdsl.syntax.parser.tables import WORDS

from .sheet import COMMA, LBRACE, RBRACE, REST, Gap, Sheet
from .texts import INDENT, QUOTES, Block

_T = TERMINAL
_ARROW, _ELSE, _ON = dict(WORDS)["->"], _T["ELSE"], _T["ON"]
_FIELD, _NAME, _LPAR, _LSQB = _T["FIELD"], _T["NAME"], _T["LPAR"], _T["LSQB"]
_WAYS_OUT = frozenset((_T["FAIL"], _T["ABORT"], _T["FINISH"]))
_CLAUSES = frozenset(
    _T[name]
    for name in [
        "AT",
        "TIMEOUT",
        "USING",
        "INTO",
        "FROM",
        "SHOWS",
        "COUNT",
        "EXTRA",
        "AS",
        "IN",
        "IF",
    ]
)
_PAIRS = {_T["IN"]: _T["BACKGROUND"], _T["IF"]: _T["PRESENT"]}
"""Words that begin a clause only before one other word."""
_SUFFIXED = frozenset(_T[name] for name in ["NAME", "RSQB", "OPTIONAL", "STRING", "RBRACE"])
"""Tokens after which a square bracket is an index or makes a list type."""
_WITHOUT_CLAUSES = frozenset((_T["CALL"], _T["IMPORT"]))
"""Statements whose brackets break instead: `as` and `from` stay after the closing one."""

_Level: TypeAlias = tuple[Callable[[Sheet, int], bool], int, bool]


def _way_out(sheet: Sheet, at: int) -> bool:
    return sheet.kinds[at] == _ELSE and sheet.kinds[at + 1] in _WAYS_OUT


def _body_instead(sheet: Sheet, at: int) -> bool:
    kinds = sheet.kinds
    return kinds[at] == _ELSE and kinds[at + 1] == LBRACE and kinds[at - 1] != RBRACE


def _is_clause_start(sheet: Sheet, at: int) -> bool:
    kind = sheet.kinds[at]
    if sheet.kinds[at - 1] == COMMA and sheet.texts[at - 1]:
        return True
    return kind in _CLAUSES and _PAIRS.get(kind) in (None, sheet.kinds[at + 1])


def _begins_with(kind: int) -> Callable[[Sheet, int], bool]:
    return lambda sheet, at: sheet.kinds[at] == kind


_LEVELS: tuple[_Level, ...] = (
    (_way_out, INDENT, False),
    (_body_instead, 0, False),
    (_is_clause_start, INDENT, True),
    (_begins_with(_T["OR"]), 2 * INDENT, False),
    (_begins_with(_T["AND"]), 2 * INDENT, False),
    (_begins_with(_T["VBAR"]), INDENT, False),
)
"""Where a line may break outside of brackets, from the loosest bond to the tightest.

Each level has what begins a line, how deep that is indented, and whether lines are filled (or else
have one part each). Conditions and clauses are set off from the body after them.
"""


class _TokenRange:
    """Tokens that are not laid out yet, and the loosest level at which they may still break."""

    __slots__ = ("first", "level", "past")

    def __init__(self, first: int, past: int, level: int = 0) -> None:
        self.first = first
        self.past = past
        self.level = level


_Step: TypeAlias = "Part | _TokenRange"


def wrap_range(sheet: Sheet, first: int, past: int) -> list[Part]:
    """The stream of a range of tokens, without the comments before its first token."""
    parts: list[Part] = []
    pending: list[_Step] = [_TokenRange(first, past)]
    while pending:
        step = pending.pop()
        if isinstance(step, _TokenRange):
            pending += reversed(_divide_range(sheet, step))
        else:
            parts.append(step)
    return parts


def _divide_range(sheet: Sheet, range_: _TokenRange) -> list[_Step]:
    """A range in parts: divided at its loosest bond, or token by token if there is none."""
    first, past = range_.first, range_.past
    tops = _outside_brackets(sheet, first, past)
    for level in range(range_.level, len(_LEVELS)):
        begins, indent, filled = _LEVELS[level]
        if begins is _is_clause_start and sheet.kinds[first] in _WITHOUT_CLAUSES:
            continue
        places = [at for at in tops if at > first and begins(sheet, at)]
        if places:
            return _split_at_places(sheet, [first, *places, past], level + 1, indent, filled)
    return _token_steps(sheet, tops, past)


def _outside_brackets(sheet: Sheet, first: int, past: int) -> list[int]:
    """Return the tokens of a range outside its brackets, including the opening brackets."""
    tops: list[int] = []
    at = first
    while at < past:
        tops.append(at)
        closing = sheet.closing_bracket_of(at) if sheet.is_opening_bracket(at) else past
        # The brace of a body opens at the end of a range and closes after it.
        at = closing + 1 if closing < past else at + 1
    return tops


def _split_at_places(
    sheet: Sheet, places: list[int], level: int, indent: int, filled: bool
) -> list[_Step]:
    begin, *rest = places
    steps: list[_Step] = [OPEN, _TokenRange(begin, rest[0], level)]
    for first, past in pairwise(rest):
        line = [
            indent,
            *_comment_parts(sheet, first),
            SPACE,
            _TokenRange(first, past, level),
            -indent,
        ]
        steps += [OPEN, *line, CLOSE] if filled else line
    steps.append(CLOSE)
    return steps


def _token_steps(sheet: Sheet, tops: list[int], past: int) -> list[_Step]:
    """Yield the parts of consecutive tokens, with spaces, and the contents of their brackets."""
    steps: list[_Step] = []
    for at in tops:
        text = sheet.texts[at]
        if sheet.kinds[at] == _ARROW and _follows_parameters(sheet, at, past):
            return [*steps, sheet.token_with_space(at)[:1] + sheet.flat(at, past)]
        gap = "" if at == tops[0] else sheet.token_with_space(at)[: -len(text) or None]
        if gap == "\n":
            steps += _comments_inside(sheet, at)
            gap = ""
        if "\n" in text:
            steps += [gap, Block(text)]
        elif sheet.is_opening_bracket(at) and sheet.closing_bracket_of(at) < past:
            steps += _bracket_steps(sheet, at, gap + text)
        else:
            steps.append(gap + text)
    return steps


def _follows_parameters(sheet: Sheet, arrow: int, past: int) -> bool:
    """Whether the result type of a task fits on the line of `)`, so that parameters break first."""
    text = sheet.flat(arrow, past)
    fits = "\n" not in sheet.token_with_space(arrow) + text and len(text) <= WIDTH - len(") ")
    return fits and sheet.kinds[arrow - 2] != _LPAR


def _bracket_steps(sheet: Sheet, opening: int, text: str) -> list[_Step]:
    """Yield the parts of a bracket and its contents."""
    closing = sheet.closing_bracket_of(opening)
    close = sheet.texts[closing]
    kind, before = sheet.kinds[opening], sheet.kinds[opening - 1]
    if (kind == _LPAR and before != _NAME) or (kind == _LSQB and before in _SUFFIXED):
        steps: list[_Step] = [text]
        if closing > opening + 1:
            steps += [*_comments_inside(sheet, opening + 1), _TokenRange(opening + 1, closing)]
        return [*steps, *_comments_inside(sheet, closing), close]
    comments = _comment_parts(sheet, closing)
    if closing == opening + 1 and not comments:
        return [text + close]
    bare = opening in sheet.bare
    pad: Line = SPACE if kind == LBRACE else SOFT
    steps = [FORCED if opening + 1 in sheet.openings else OPEN, text, INDENT]
    separator: list[_Step] = [pad]
    for first, past in _find_entries(sheet, opening + 1, closing, bare):
        behind, before_entry = separator[:-1], separator[-1]
        steps += [*behind, *_comment_parts(sheet, first), before_entry, _TokenRange(first, past)]
        separator = [Either(",", "") if bare else ",", SPACE]
    if not bare and len(separator) > 1 and sheet.kinds[closing - 1] != REST:
        steps.append(Either("", ","))
    return [*steps, *comments, -INDENT, pad, close, CLOSE]


def _find_entries(sheet: Sheet, first: int, past: int, bare: bool) -> list[tuple[int, int]]:
    """The entries of a bracket as ranges, without the commas."""
    tops = _outside_brackets(sheet, first, past)
    kinds = sheet.kinds
    begins = [
        at for at in tops if at == first or kinds[at - 1] == COMMA or (bare and kinds[at] == _FIELD)
    ]
    ends = [at - (kinds[at - 1] == COMMA) for at in (*begins[1:], past)]
    return list(zip(begins, ends, strict=True)) if begins else []


def _comment_parts(sheet: Sheet, at: int) -> list[Part]:
    """The comments before a token that begins a line anyway."""
    blank = sheet.blanks[at]
    return [Gap(blank)] if "#" in blank else []


def _comments_inside(sheet: Sheet, at: int) -> list[Part]:
    """The comments before a token in the middle of a line, and the line break they need."""
    comments = _comment_parts(sheet, at)
    if not comments:
        return []
    if sheet.kinds[at] in (_ELSE, _ON) and sheet.kinds[at - 1] == RBRACE:
        return [*comments, BREAK]
    return [INDENT, *comments, BREAK, -INDENT]


# A layout algebra: a stream of texts, possible line breaks, groups and indents, and its layout.
#
# A group is on one line if it fits there with what follows up to the next possible line break;
# otherwise the line breaks at each `Line` of the group itself. Streams are flat lists, so nesting
# costs no recursion, and looking ahead ends at the right margin: laying out takes linear time.

WIDTH = 100


class Line(Record):
    """A possible line break; `flat` is in its place if the group is on one line."""

    flat: str


class Either(Record):
    """Text that depends on whether its group is on one line."""

    flat: str
    broken: str


class _LayoutMark(Record):
    name: str


OPEN = _LayoutMark("open")
"""Begins a group."""
FORCED = _LayoutMark("forced")
"""Begins a group that never is on one line."""
CLOSE = _LayoutMark("close")
BREAK = _LayoutMark("break")
"""A line break."""
SPACE = Line(" ")
SOFT = Line("")

Part: TypeAlias = str | int | Line | Either | _LayoutMark | Gap | Block
"""Numbers change the indent. A `Gap` writes its comments; a line break has to follow it."""


def render(parts: Sequence[Part], indent: int) -> str:
    """The text of a stream that begins on a line indented by `indent` already."""
    out: list[str] = []
    flat = [False]
    column = margin = indent
    for at, part in enumerate(parts):
        if type(part) is str:
            out.append(part)
            column += len(part)
        elif type(part) is int:
            indent += part
        elif part is OPEN:
            flat.append(flat[-1] or _is_group_fitting(parts, at + 1, column, margin))
        elif part is FORCED:
            flat.append(False)
        elif part is CLOSE:
            flat.pop()
        elif part is BREAK or (type(part) is Line and not flat[-1]):
            out.append("\n" + " " * indent)
            column = margin = indent
        elif isinstance(part, Line | Either):
            text = part.broken if isinstance(part, Either) and not flat[-1] else part.flat
            out.append(text)
            column += len(text)
        elif isinstance(part, Gap):
            out += [] if part.trailing is None else [f"  {part.trailing}"]
            out += [f"\n{' ' * indent}{comment}" for _, comment in part.lines]
        elif isinstance(part, Block):
            lines = _block_text(part, margin)
            out.append(lines)
            column = len(lines) - lines.rfind("\n") - 1
    return "".join(out)


def _is_group_fitting(parts: Sequence[Part], first: int, column: int, margin: int) -> bool:
    """Whether the group whose parts begin at `first` fits on one line from a column on.

    A text of several lines does not break its group: its first line and its last have to fit.
    """
    room = WIDTH - column
    depth = 1
    for at in range(first, len(parts)):
        part = parts[at]
        if type(part) is str:
            room -= len(part)
        elif type(part) is int:
            pass
        elif part is OPEN:
            depth += depth > 0
        elif part is CLOSE:
            depth -= depth > 0
        elif isinstance(part, Block):
            if room < len(part.opening):
                return False
            if not depth:
                return True
            room = WIDTH - margin - part.end
        elif not depth:
            if part is not FORCED and not isinstance(part, Either):
                return True
        elif isinstance(part, Line | Either):
            room -= len(part.flat)
        else:
            return False
        if room < 0:
            return False
    return True


def _block_text(block: Block, margin: int) -> str:
    """The text of a block literal that begins on a line indented by `margin`."""
    deeper = "\n" + " " * (margin + INDENT)
    lines = "".join(deeper + line if line else "\n" for line in block.lines)
    return block.opening + lines + ("" if block.closed else "\n" + " " * margin + QUOTES)
