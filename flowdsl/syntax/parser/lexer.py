"""Splits text into tokens: in one pass, with one regular expression, lossless.

The lexer has no context. Whether a word is a keyword, a `NAME`, or a name by what follows it (a
`FIELD`, a `KEY`, a `ROOT` or an `ORIGIN`) depends on what the parser accepts there: `Lexemes.kinds`
is a first guess, and `driver.resolve_terminal` decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

from .tables import TERMINALS, WORDS

TERMINAL = {name: number for number, name in enumerate(TERMINALS)}
END = TERMINAL["$END"]
UNKNOWN = len(TERMINALS)
"""The kind of invalid tokens: a stray character, or a number that runs into a word."""

KEYWORDS = {word: number for word, number in WORDS if word.isalpha()}

_NAME = TERMINAL["NAME"]
_FIELD = TERMINAL["FIELD"]
_KEY = TERMINAL["KEY"]
_ROOT = TERMINAL["ROOT"]
_ORIGIN = TERMINAL["ORIGIN"]
_CONST = TERMINAL["CONST"]
_KINDS = (
    dict(WORDS)
    | dict.fromkeys(("==", "!=", "<=", ">=", "<", ">"), TERMINAL["CMP"])
    | {"+=": TERMINAL["EMIT_OP"], "": END}
)
_LETTERS = dict.fromkeys("_abcdefghijklmnopqstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", _NAME)
"""First letters by which a token that is no keyword must be a name; with `r` it may be raw text."""
_MARKS = {
    TERMINAL["COLON"]: _FIELD,
    TERMINAL["EQUAL"]: _KEY,
    TERMINAL["EMIT_OP"]: _KEY,
    TERMINAL["DOT"]: _ROOT,
    TERMINAL["FROM"]: _ORIGIN,
}
TEXTS = frozenset((TERMINAL["STRING"], TERMINAL["BLOCK"], TERMINAL["RAW"]))
NAMES_BY_SIGN = frozenset((_FIELD, _KEY, _ROOT))
"""Kinds of names, even of those spelt like a keyword, by the sign after them."""
_BRACES = {"{": 1, "}": -1}
_OPTIONAL = TERMINAL["OPTIONAL"]
_WORD_KINDS = frozenset((_NAME, *KEYWORDS.values()))

_PHRASES = {
    "at least": TERMINAL["AT_LEAST"],
    "at most": TERMINAL["AT_MOST"],
    "count of": TERMINAL["COUNT_OF"],
    "start of": TERMINAL["START"],
}
"""The first two words of tokens of several words; others, such as `end of month`, are unknown."""

_TRIVIA = re.compile(r"[ \t\r\n\f]+|#[^\r\n]*")
_UNITS = frozenset(("ms", "s", "m", "h"))
_PAIRS = re.compile(
    r"""
    ([ \t\r\n\f]*(?:\#[^\r\n]*[ \t\r\n\f]*)*)
    (
        start[ \t\r\n\f]+of[ \t\r\n\f]+(?:week|month|quarter|year)(?![A-Za-z0-9_])
      | end[ \t\r\n\f]+of[ \t\r\n\f]+(?:week|month|quarter|year)(?![A-Za-z0-9_])
      | count[ \t\r\n\f]+of(?![A-Za-z0-9_])
      | at[ \t\r\n\f]+(?:least|most)(?![A-Za-z0-9_])
      | (?!r")[A-Za-z_][A-Za-z0-9_]*
      | "(?!"")[^"\\\r\n]*(?:\\"?[^"\\\r\n]*)*(?:"|(?=[\r\n]|\Z))
      | \{\{[ \t]*[A-Za-z_][A-Za-z0-9_]*
        (?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\]|\['[^'\r\n]*'\])*[ \t]*\}\}
      | \.\.\.
      | [{}()\[\],:.?@$|~]
      | [=!<>]=|\+=|->|[=<>]
      | [+-][ \t]*[0-9]+(?:d|w|mo|y)(?![A-Za-z0-9_])
      | -?[0-9]+(?:\.[0-9]+|ms|[smh])?(?![A-Za-z0-9_])
      | -?[0-9][A-Za-z0-9_]*
      | \"""(?:[^"\\]+|\\\"""|\\(?!\""")|"(?!""))*(?:\"""|\Z)
      | r"[^"\r\n]*"?
      | '[^'\r\n]*'
      | .|\Z
    )
    """,
    re.VERBOSE | re.DOTALL,
)


Row: TypeAlias = tuple[str, int, int, int, str]
"""One token: its word, kind, start, end, and the blanks before it."""


class Lexemes:
    """The tokens of one text as parallel lists; the last one is the empty end token.

    `blanks[i]` are the spaces and comments before token `i`; `kinds[i]` is the number of a
    terminal, or `UNKNOWN`.
    """

    __slots__ = ("_excess", "blanks", "ends", "kinds", "starts", "words")

    def __init__(self, text: str) -> None:
        # A split gives one flat list, where `findall` would give a tuple for every token.
        pieces: list[str] = _PAIRS.split(text)
        del pieces[::3]
        if pieces[-3:-2] == [""]:
            del pieces[-2:]
        # One object for each spelling: most words and blanks stand many times, and less memory is
        # faster.
        spellings: dict[str, str] = {}
        pieces = list(map(spellings.setdefault, pieces, pieces))
        offsets = list(accumulate(map(len, pieces)))
        self.blanks = pieces[0::2]
        self.words = pieces[1::2]
        self.starts = offsets[0::2]
        self.ends = offsets[1::2]
        known, letter = _KINDS.get, _LETTERS.get
        kind_by_word = {
            word: kind
            if (kind := known(word)) is not None or (kind := letter(word[0])) is not None
            else _classify_literal(word)
            for word in dict.fromkeys(self.words)
        }
        self.kinds = list(map(kind_by_word.__getitem__, self.words))
        phrases = [
            word for word in spellings if word and word[0] in "aces" and not word.isidentifier()
        ]
        if phrases:
            self._mark_phrases(phrases)
        self._mark_names()
        self._excess: int | None = None

    def _mark_phrases(self, phrases: Iterable[str]) -> None:
        """Mark `start of month`, `count of` and the like, one token of several words each."""
        found = {word: _PHRASES.get(" ".join(word.split()[:2]), UNKNOWN) for word in phrases}
        for at, word in enumerate(self.words):
            if word in found:
                self.kinds[at] = found[word]

    def _mark_names(self) -> None:
        """Mark the words that the sign after them makes names, even keywords."""
        kinds, blanks = self.kinds, self.blanks
        signs = [(at, _MARKS[kind]) for at, kind in enumerate(kinds) if kind in _MARKS]
        for at, mark in signs:
            if mark == _ORIGIN and (at < 2 or kinds[at - 2] != _CONST):
                continue
            if kinds[at - 1] == _OPTIONAL and mark == _FIELD and "#" not in blanks[at]:
                at -= 1  # a field that may be left out: `name?:`
            if at and kinds[at - 1] in _WORD_KINDS and "#" not in blanks[at]:
                kinds[at - 1] = mark

    def insert(self, at: int, word: str, *, at_start: bool = False) -> None:
        """Insert a token that is not in the text before token `at`.

        Its place is the start of that token (`at_start`), or the end of the one before.
        """
        place = self.starts[at] if at_start or not at else self.ends[at - 1]
        self.words.insert(at, word)
        self.starts.insert(at, place)
        self.ends.insert(at, place)
        self.blanks.insert(at, "")
        self.kinds.insert(at, kind_of(word))
        if self._excess is not None:
            self._excess += _BRACES.get(word, 0)

    def remove(self, at: int) -> None:
        """Leave out token `at`."""
        if self._excess is not None:
            self._excess -= _BRACES.get(self.words[at], 0)
        for column in (self.words, self.starts, self.ends, self.blanks, self.kinds):
            del column[at]

    def excess_of_opening(self) -> int:
        """Return the number of `{` minus the number of `}`."""
        if self._excess is None:
            self._excess = self.words.count("{") - self.words.count("}")
        return self._excess

    def exchange_tokens(self, first: int, end: int, rows: Sequence[Row]) -> list[Row]:
        """Replace the tokens from `first` up to `end`; returns the replaced ones."""
        columns: tuple[list[Any], ...] = (
            self.words,
            self.kinds,
            self.starts,
            self.ends,
            self.blanks,
        )
        former = list(zip(*(column[first:end] for column in columns), strict=True))
        for number, column in enumerate(columns):
            column[first:end] = [row[number] for row in rows]
        if self._excess is not None:
            self._excess += sum(_BRACES.get(row[0], 0) for row in rows)
            self._excess -= sum(_BRACES.get(row[0], 0) for row in former)
        return former

    def row(self, at: int) -> Row:
        """Return token `at` in the form that `exchange_tokens` takes."""
        return self.words[at], self.kinds[at], self.starts[at], self.ends[at], self.blanks[at]

    def join(self, at: int, last: int) -> None:
        """Merge the tokens from `at` to `last` into one, which keeps the word of the first."""
        for column in (self.words, self.starts, self.blanks, self.kinds):
            del column[at + 1 : last + 1]
        del self.ends[at:last]

    def cut(self, text: str, at: int, end: int) -> None:
        """End token `at` at the offset `end`, and lex the text after it again."""
        rest = Lexemes(text[end:])
        self.ends[at] = end
        self.words[at] = text[self.starts[at] : end]
        self.words[at + 1 :] = rest.words
        self.blanks[at + 1 :] = rest.blanks
        self.kinds[at + 1 :] = rest.kinds
        self.starts[at + 1 :] = [start + end for start in rest.starts]
        self.ends[at + 1 :] = [stop + end for stop in rest.ends]
        self._excess = None

    def replace(self, at: int, word: str) -> None:
        """Replace token `at` by `word`."""
        self.words[at] = word
        self.kinds[at] = _KINDS[word]

    def docs(self) -> dict[int, str]:
        """Return the doc comments by the start of the token after them; their lines are joined.

        `##` begins one if only spaces precede it on its line and no third `#` follows.
        """
        found: dict[int, str] = {}
        for at, blank in enumerate(self.blanks):
            if "##" not in blank:
                continue
            start = self.starts[at] - len(blank)
            lines = []
            own_line = start == 0
            for piece in _TRIVIA.findall(blank):
                if piece[0] != "#":
                    own_line = own_line or "\n" in piece or "\r" in piece
                    continue
                if own_line and piece.startswith("##") and not piece.startswith("###"):
                    lines.append(piece[2:].strip())
                own_line = False
            if lines:
                found[self.starts[at]] = "\n".join(lines)
        return found


def kind_of(word: str) -> int:
    """Return the kind of a word that is not a name."""
    return _KINDS[word] if word in _KINDS else _classify_literal(word)


def breaks_line(blank: str) -> bool:
    """Whether spaces and comments contain a line break."""
    return "\n" in blank or "\r" in blank


def is_word(word: str) -> bool:
    """Whether a token is a name or a keyword."""
    return word.isidentifier() and word.isascii()


def _classify_literal(word: str) -> int:
    """Return the terminal of a token that is neither keyword nor punctuation."""
    first = word[0]
    if first == '"':
        if word.startswith('"""'):
            closed = len(word) > 5 and word.endswith('"""') and not word.endswith('\\"""')
            return TERMINAL["BLOCK" if closed else "BAD_BLOCK"]
        closed = len(word) > 1 and word[-1] == '"' and word[-2] != "\\"
        return TERMINAL["STRING" if closed else "BAD_STRING"]
    if first == "r":
        if word[1:2] != '"':
            return _NAME
        return TERMINAL["RAW" if len(word) > 2 and word[-1] == '"' else "BAD_STRING"]
    if first == "{":
        return TERMINAL["RUNTIME"]
    if first == "'" and len(word) > 1:
        return TERMINAL["KEYNAME"]
    return _classify_number(word) if word.isascii() else UNKNOWN


def _classify_number(word: str) -> int:
    """Return the kind of ASCII text that may be a number; `UNKNOWN` if it is not one."""
    whole, point, fraction = word.removeprefix("-").partition(".")
    if whole.isdigit():
        if not point:
            return TERMINAL["INT"]
        return TERMINAL["NUMBER"] if fraction.isdigit() else UNKNOWN
    if word[-1] in "dwoy":
        amount = word[1:].strip(" \t").rstrip("dwmoy")
        is_shift = word[0] in "+-" and amount.isdigit()
        return TERMINAL["SHIFT"] if is_shift else UNKNOWN
    count = word.rstrip("hms")
    return TERMINAL["DURATION"] if count.isdigit() and word[len(count) :] in _UNITS else UNKNOWN


def lex(text: str) -> list[Token]:
    """Return every token of a text, with spaces (`WS`) and comments (`COMMENT`).

    Joined, they give the text. Words get the kind of their spelling alone: the terminal of a
    keyword, or `NAME`. A stray character is `UNKNOWN`.
    """
    lexemes = Lexemes(text)
    tokens: list[Token] = []
    for blank, word, kind, start, end in zip(
        lexemes.blanks, lexemes.words, lexemes.kinds, lexemes.starts, lexemes.ends, strict=True
    ):
        place = start - len(blank)
        for piece in _TRIVIA.findall(blank):
            tokens.append(Token("COMMENT" if piece[0] == "#" else "WS", place, place + len(piece)))
            place += len(piece)
        if kind in (_FIELD, _KEY, _ROOT, _ORIGIN):
            kind = KEYWORDS.get(word, _NAME)
        if kind != END:
            tokens.append(Token(TERMINALS[kind] if kind != UNKNOWN else "UNKNOWN", start, end))
    return tokens


# Tokens: lossless slices of a file.


class Token:
    """A slice of a file with its terminal, by its name in `grammars/flowdsl.lark`.

    `start` and `end` are offsets, `end` exclusive.
    """

    __slots__ = ("end", "kind", "start")

    def __init__(self, kind: str, start: int, end: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.kind}, {self.start}, {self.end})"
