"""The tokens of a file, and the spaces between them on one line.

A space depends on the two kinds of tokens that meet: the parser knows by then what each token is.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise, repeat
from operator import add

from flowdsl.syntax.parser.lexer import TERMINAL, Lexemes
from flowdsl.syntax.parser.tables import TERMINALS

COMMA = TERMINAL["COMMA"]
REST = TERMINAL["REST"]
LBRACE, RBRACE, LPAR = TERMINAL["LBRACE"], TERMINAL["RBRACE"], TERMINAL["LPAR"]
START, SHIFT = TERMINAL["START"], TERMINAL["SHIFT"]
_PHRASES = map(TERMINAL.__getitem__, ("COUNT_OF", "AT_LEAST", "AT_MOST"))
DAYS = frozenset((START, SHIFT, *_PHRASES))
TEXTS = frozenset((TERMINAL["STRING"], TERMINAL["BLOCK"]))
"""Tokens that may be spelled in more than one way, as `DAYS` may."""
_EXPECT, _WAIT, _UNTIL, _SEES = (TERMINAL[name] for name in ("EXPECT", "WAIT", "UNTIL", "SEES"))
_JOINING = frozenset((TERMINAL["AND"], TERMINAL["OR"]))
_OPENERS = frozenset((LBRACE, TERMINAL["LPAR"], TERMINAL["LSQB"]))
_CLOSERS = frozenset((RBRACE, TERMINAL["RPAR"], TERMINAL["RSQB"]))


class Sheet:
    """Columns with one entry for each token, and what reading the file found out about tokens.

    - `words` and `blanks` are those of the lexer, except that comments before a comma, or before
      the brace of a block, are moved after it.
    - `texts` are the words as they are written out.
    - `starts` and `ends` are offsets in `source`.
    - `commented` are the blanks that hold comments, as they were, by token.
    - `openings` are the tokens that must begin a line because they did: the first of an object.
    - `bare` are the braces whose entries need no comma on lines of their own.
    - `described` are the tokens whose doc comments count.
    - `fixed` are the commas that must stay, because a comment after them would become a doc
      comment.
    - `redundant` are the tokens that are left out, because they mean nothing where they stand.
    - `unbroken` are the tokens at the end of a line that must not be broken, however long it is.
    """

    __slots__ = (
        "_flat",
        "_partners",
        "bare",
        "blanks",
        "commented",
        "described",
        "ends",
        "fixed",
        "kinds",
        "openings",
        "redundant",
        "source",
        "starts",
        "texts",
        "unbroken",
        "words",
    )

    def __init__(self, source: str, tokens: Lexemes) -> None:
        self.source = source
        self.words = tokens.words
        self.kinds = tokens.kinds
        self.blanks = tokens.blanks
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.texts = list(tokens.words)
        self.openings: set[int] = set()
        self.bare: set[int] = set()
        self.described: set[int] = set()
        self.fixed: list[int] = []
        self.unbroken: set[int] = set()
        self.commented = [(at, blank) for at, blank in enumerate(tokens.blanks) if "#" in blank]
        self._flat: list[str] = []
        self._partners: dict[int, int] = {}
        self.redundant: list[int] = []
        self._move_comments_behind_commas()

    def _find_redundant(self) -> list[int]:
        """Return each `sees` that alone is what an `expect` or a `wait until` asks."""
        kinds = self.kinds
        return [
            at
            for at, kind in enumerate(kinds)
            if kind == _SEES
            and (kinds[at - 1] == _EXPECT or kinds[at - 2 : at] == [_WAIT, _UNTIL])
            and kinds[at + 2] not in _JOINING
            and "#" not in self.blanks[at] + self.blanks[at + 1]
        ]

    def _move_comments_behind_commas(self) -> None:
        blanks = self.blanks
        for at, blank in self.commented:
            if self.kinds[at] == COMMA:
                behind = blanks[at + 1]
                blanks[at : at + 2] = "", blank + behind
                if doc_lines(blank + behind) != doc_lines(behind):
                    self.fixed.append(at)

    def move_comment_behind(self, brace: int) -> None:
        """Move a comment before the brace of a block into it, so that the brace does not hang.

        One that would describe the first statement, or tells the formatter something, stays.
        """
        blanks = self.blanks
        blank, behind = blanks[brace : brace + 2]
        if "#" not in blank or "# fmt:" in blank:
            return
        if doc_lines(blank + behind) == doc_lines(behind):
            blanks[brace : brace + 2] = "", blank + behind

    def lay_flat(self) -> None:
        """Decides the space before every token; to be called once the file is parsed."""
        self.fixed = [at for at in self.fixed if at + 1 in self.described]
        texts, kinds = self.texts, self.kinds
        for at, kind in enumerate(kinds):
            if kind == COMMA and kinds[at + 1] in NO_ENTRY:
                texts[at] = ""
            elif kind in DAYS:
                texts[at] = format_day(texts[at])
        self.redundant = self._find_redundant()
        for at in self.redundant:
            texts[at] = ""
        gaps = list(map(_token_gaps().get, pairwise(kinds), repeat(" ")))
        gaps.insert(0, "")
        for at, _ in self.commented:
            gaps[at if "#" in self.blanks[at] else at + 1] = "\n"
        for at in self.openings:
            gaps[at] = "\n"
        for at in self.redundant:
            gaps[at] = ""
        self._flat = list(map(add, gaps, texts))

    def flat(self, first: int, past: int) -> str:
        """A range of tokens on one line; with a line break in it if it cannot be on one."""
        return self.texts[first] + "".join(self._flat[first + 1 : past])

    def token_with_space(self, at: int) -> str:
        """The text of a token with the space before it."""
        return self._flat[at]

    def raw(self, first: int, past: int) -> str:
        """The source of a range of tokens."""
        return self.source[self.starts[first] : self.ends[past - 1]]

    def stays_one_line(self, first: int, past: int) -> bool:
        """Whether a range of tokens is a line that must not be broken."""
        return past - 1 in self.unbroken and "\n" not in self.raw(first, past)

    def closing_bracket_of(self, opening: int) -> int:
        """The token that closes the bracket at `opening`."""
        if not self._partners:
            pending: list[int] = []
            for at, kind in enumerate(self.kinds):
                if kind in _OPENERS:
                    pending.append(at)
                elif kind in _CLOSERS:
                    self._partners[pending.pop()] = at
        return self._partners[opening]

    def is_opening_bracket(self, at: int) -> bool:
        """Whether a token is an opening bracket."""
        return self.kinds[at] in _OPENERS


def format_day(word: str) -> str:
    """`start of month` and `- 7d` with one blank between their words."""
    if word[0] in "+-":
        return f"{word[0]} {word[1:].strip()}"
    return " ".join(word.split())


NO_ENTRY = _CLOSERS | {TERMINAL["EXISTS"], TERMINAL["SHOWS"]}
"""What may be after the last comma of a list."""


@cache
def _token_gaps() -> dict[tuple[int, int], str]:
    """What is between two kinds of tokens on one line, if it is not one space."""
    everything = range(len(TERMINALS))

    def kinds(names: str) -> list[int]:
        return [TERMINAL[name] for name in names.split()]

    gaps: dict[tuple[int, int], str] = {}
    for behind in kinds("COMMA COLON DOT RPAR RSQB OPTIONAL"):
        gaps |= {(kind, behind): "" for kind in everything}
    for before in kinds("LPAR LSQB DOT DOLLAR AT TILDE"):
        gaps |= {(before, kind): "" for kind in everything}
    (name,) = kinds("NAME")
    gaps |= {(name, TERMINAL["LPAR"]): "", (LBRACE, RBRACE): ""}
    gaps |= {(kind, TERMINAL["LSQB"]): "" for kind in kinds("NAME RSQB OPTIONAL STRING RBRACE")}
    # A field ends where the next one begins: commas are optional between them.
    begins = kinds("LBRACE LPAR COMMA SECRET EXTRACT COPY KEEP AS")
    gaps |= {(kind, TERMINAL["FIELD"]): ", " for kind in everything if kind not in begins}
    return gaps


# What is between two tokens: comments and blank lines.

_PIECES = re.compile(r"#[^\n]*|[^#]+")


class Gap:
    """The comments before a token.

    `trailing` is on the line of the token before, after it. Each of `lines` has a line for itself,
    with whether a blank line is before it. `parted` says the same of the token.
    """

    __slots__ = ("lines", "parted", "trailing")

    def __init__(self, blank: str, *, at_start: bool = False) -> None:
        self.trailing: str | None = None
        self.lines: list[tuple[bool, str]] = []
        breaks = 0
        behind = not at_start
        for piece in _PIECES.findall(blank):
            if piece[0] != "#":
                breaks = piece.count("\n")
                behind = behind and not breaks
                continue
            if behind:
                self.trailing = piece.rstrip()
            else:
                self.lines.append((breaks > 1, piece.rstrip()))
            behind = False
            breaks = 0
        self.parted = breaks > 1

    @property
    def comments(self) -> list[str]:
        """All comments in order."""
        behind = [] if self.trailing is None else [self.trailing]
        return behind + [comment for _, comment in self.lines]


def doc_lines(blank: str) -> list[str]:
    """The doc comments before a token, which describe what begins with it."""
    if "##" not in blank:
        return []
    lines = [comment for _, comment in Gap(blank).lines]
    return [line for line in lines if line.startswith("##") and not line.startswith("###")]


def split_trailing(blank: str) -> tuple[str, str]:
    """The comment on the line of the token before, and all from the end of that line on."""
    end = blank.find("\n")
    if end < 0:
        return (blank, "") if "#" in blank else ("", blank)
    return (blank[:end], blank[end:]) if "#" in blank[:end] else ("", blank)
