"""Where lines break that do not fit: a range of tokens becomes a stream of the layout algebra.

The loosest bond breaks first. Brackets that break have an entry on each line.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from flowdsl.syntax.parser.lexer import TERMINAL
from flowdsl.syntax.parser.tables import WORDS

from .doc import BREAK, CLOSE, FORCED, OPEN, SOFT, SPACE, WIDTH, Either, Line, Part
from .gaps import Gap
from .sheet import COMMA, LBRACE, RBRACE, REST, Sheet
from .texts import INDENT, Block

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
"""Words that begin a clause only in front of one other word."""
_SUFFIXED = frozenset(_T[name] for name in ["NAME", "RSQB", "OPTIONAL", "STRING", "RBRACE"])
"""Tokens behind which a square bracket is an index or makes a list type."""
_WITHOUT_CLAUSES = frozenset((_T["CALL"], _T["IMPORT"]))
"""Statements whose brackets break instead: `as` and `from` stay behind the closing one."""

_Level: TypeAlias = tuple[Callable[[Sheet, int], bool], int, bool]


def _way_out(sheet: Sheet, at: int) -> bool:
    return sheet.kinds[at] == _ELSE and sheet.kinds[at + 1] in _WAYS_OUT


def _body_instead(sheet: Sheet, at: int) -> bool:
    kinds = sheet.kinds
    return kinds[at] == _ELSE and kinds[at + 1] == LBRACE and kinds[at - 1] != RBRACE


def _clause(sheet: Sheet, at: int) -> bool:
    kind = sheet.kinds[at]
    if sheet.kinds[at - 1] == COMMA and sheet.texts[at - 1]:
        return True
    return kind in _CLAUSES and _PAIRS.get(kind) in (None, sheet.kinds[at + 1])


def _begins_with(kind: int) -> Callable[[Sheet, int], bool]:
    return lambda sheet, at: sheet.kinds[at] == kind


_LEVELS: tuple[_Level, ...] = (
    (_way_out, INDENT, False),
    (_body_instead, 0, False),
    (_clause, INDENT, True),
    (_begins_with(_T["OR"]), 2 * INDENT, False),
    (_begins_with(_T["AND"]), 2 * INDENT, False),
    (_begins_with(_T["VBAR"]), INDENT, False),
)
"""Where a line may break outside of brackets, from the loosest bond to the tightest.

Each level has what begins a line, how deep that is indented, and whether lines are filled (or else
have one part each). Conditions and clauses are set off from the body behind them.
"""


class _Range:
    """Tokens that are not laid out yet, and the loosest level at which they may still break."""

    __slots__ = ("first", "level", "past")

    def __init__(self, first: int, past: int, level: int = 0) -> None:
        self.first = first
        self.past = past
        self.level = level


_Step: TypeAlias = "Part | _Range"


def wrap(sheet: Sheet, first: int, past: int) -> list[Part]:
    """The stream of a range of tokens, without the comments in front of its first token."""
    parts: list[Part] = []
    pending: list[_Step] = [_Range(first, past)]
    while pending:
        step = pending.pop()
        if isinstance(step, _Range):
            pending += reversed(_steps(sheet, step))
        else:
            parts.append(step)
    return parts


def _steps(sheet: Sheet, range_: _Range) -> list[_Step]:
    """A range in parts: divided at its loosest bond, or token by token if there is none."""
    first, past = range_.first, range_.past
    tops = _outside_brackets(sheet, first, past)
    for level in range(range_.level, len(_LEVELS)):
        begins, indent, filled = _LEVELS[level]
        if begins is _clause and sheet.kinds[first] in _WITHOUT_CLAUSES:
            continue
        places = [at for at in tops if at > first and begins(sheet, at)]
        if places:
            return _split(sheet, [first, *places, past], level + 1, indent, filled)
    return _tokens(sheet, tops, past)


def _outside_brackets(sheet: Sheet, first: int, past: int) -> list[int]:
    """The tokens of a range that stand in no bracket of it; opening brackets are among them."""
    tops: list[int] = []
    at = first
    while at < past:
        tops.append(at)
        closing = sheet.partner(at) if sheet.opens(at) else past
        # The brace of a body opens at the end of a range and closes behind it.
        at = closing + 1 if closing < past else at + 1
    return tops


def _split(sheet: Sheet, places: list[int], level: int, indent: int, filled: bool) -> list[_Step]:
    begin, *rest = places
    steps: list[_Step] = [OPEN, _Range(begin, rest[0], level)]
    for first, past in pairwise(rest):
        line = [indent, *_comments(sheet, first), SPACE, _Range(first, past, level), -indent]
        steps += [OPEN, *line, CLOSE] if filled else line
    steps.append(CLOSE)
    return steps


def _tokens(sheet: Sheet, tops: list[int], past: int) -> list[_Step]:
    """Tokens in a row, each with the space in front of it, and what stands in their brackets."""
    steps: list[_Step] = []
    for at in tops:
        text = sheet.texts[at]
        if sheet.kinds[at] == _ARROW and _follows_parameters(sheet, at, past):
            return [*steps, sheet.spaced(at)[:1] + sheet.flat(at, past)]
        gap = "" if at == tops[0] else sheet.spaced(at)[: -len(text) or None]
        if gap == "\n":
            steps += _comments_inside(sheet, at)
            gap = ""
        if "\n" in text:
            steps += [gap, Block(text)]
        elif sheet.opens(at) and sheet.partner(at) < past:
            steps += _bracket(sheet, at, gap + text)
        else:
            steps.append(gap + text)
    return steps


def _follows_parameters(sheet: Sheet, arrow: int, past: int) -> bool:
    """Whether the result type of a task fits on the line of `)`, so that parameters break first."""
    text = sheet.flat(arrow, past)
    fits = "\n" not in sheet.spaced(arrow) + text and len(text) <= WIDTH - len(") ")
    return fits and sheet.kinds[arrow - 2] != _LPAR


def _bracket(sheet: Sheet, opening: int, text: str) -> list[_Step]:
    """A bracket and what stands in it."""
    closing = sheet.partner(opening)
    close = sheet.texts[closing]
    kind, before = sheet.kinds[opening], sheet.kinds[opening - 1]
    if (kind == _LPAR and before != _NAME) or (kind == _LSQB and before in _SUFFIXED):
        steps: list[_Step] = [text]
        if closing > opening + 1:
            steps += [*_comments_inside(sheet, opening + 1), _Range(opening + 1, closing)]
        return [*steps, *_comments_inside(sheet, closing), close]
    comments = _comments(sheet, closing)
    if closing == opening + 1 and not comments:
        return [text + close]
    bare = opening in sheet.bare
    pad: Line = SPACE if kind == LBRACE else SOFT
    steps = [FORCED if opening + 1 in sheet.openings else OPEN, text, INDENT]
    separator: list[_Step] = [pad]
    for first, past in _entries(sheet, opening + 1, closing, bare):
        behind, before_entry = separator[:-1], separator[-1]
        steps += [*behind, *_comments(sheet, first), before_entry, _Range(first, past)]
        separator = [Either(",", "") if bare else ",", SPACE]
    if not bare and len(separator) > 1 and sheet.kinds[closing - 1] != REST:
        steps.append(Either("", ","))
    return [*steps, *comments, -INDENT, pad, close, CLOSE]


def _entries(sheet: Sheet, first: int, past: int, bare: bool) -> list[tuple[int, int]]:
    """The entries of a bracket as ranges, without the commas."""
    tops = _outside_brackets(sheet, first, past)
    kinds = sheet.kinds
    begins = [
        at for at in tops if at == first or kinds[at - 1] == COMMA or (bare and kinds[at] == _FIELD)
    ]
    ends = [at - (kinds[at - 1] == COMMA) for at in (*begins[1:], past)]
    return list(zip(begins, ends, strict=True)) if begins else []


def _comments(sheet: Sheet, at: int) -> list[Part]:
    """The comments in front of a token that begins a line anyway."""
    blank = sheet.blanks[at]
    return [Gap(blank)] if "#" in blank else []


def _comments_inside(sheet: Sheet, at: int) -> list[Part]:
    """The comments in front of a token in the middle of a line, and the line break they need."""
    comments = _comments(sheet, at)
    if not comments:
        return []
    if sheet.kinds[at] in (_ELSE, _ON) and sheet.kinds[at - 1] == RBRACE:
        return [*comments, BREAK]
    return [INDENT, *comments, BREAK, -INDENT]
