"""What the text before the cursor says about what may follow, whatever is wrong with it.

The tokens of the declaration around the cursor go through the parser's tables. A token that does
not fit closes what is open until it does, or is skipped: so an unfinished statement does not hide
what the next one may be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowdsl.source.record import Record
from flowdsl.syntax.edition import DECLARATION_WORDS, FIRST, fresh_stack
from flowdsl.syntax.parser.driver import (
    find_expected_terminals,
    is_terminal_allowed,
    resolve_terminal,
    shift_terminal,
)
from flowdsl.syntax.parser.lexer import END, TERMINAL, Lexemes
from flowdsl.syntax.parser.tables import TERMINALS

_OPENERS = {"{": "}", "(": ")", "[": "]"}
_UNCLOSED = frozenset((TERMINAL["BAD_STRING"], TERMINAL["BAD_BLOCK"]))
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_IN_BRACES = re.compile(r"(?<!\\)\{(\$?)((?:[A-Za-z_][A-Za-z0-9_]*(?:\[[0-9]+\])?\.)*)\w*\Z")
_BODY_WORDS = ("DO", "STEPS", "WORKFLOW", "INPUTS", "GIVEN")


class CompletionContext(Record):
    """A place that is completed.

    - `start`: where the word begins that is being written; it is `prefix`.
    - `words`: the tokens of the declaration before it, or of the whole file above declarations.
    - `opened`: for each bracket that is open there, the index of its token in `words`.
    - `expected`: the names of the terminals that may come next.
    - `text`: what is written of the text that the place is in; None in code.
    """

    start: int
    prefix: str
    words: tuple[str, ...]
    opened: tuple[int, ...]
    expected: frozenset[str]
    text: str | None = None

    def before(self, count: int = 1) -> str:
        """Return the token that is `count` tokens before the place; empty if there is none."""
        return self.words[-count] if len(self.words) >= count else ""

    @property
    def declaration(self) -> tuple[str, str] | None:
        """Return keyword and name of the declaration around the place."""
        if len(self.words) < 2 or self.words[0] not in DECLARATION_WORDS or not self.opened:
            return None
        return self.words[0], self.words[1]

    def opener(self, depth: int = 1) -> str:
        """Return the words of the line of thought that a bracket ends, such as `call sign_in (`.

        `depth` counts brackets from the innermost. Empty if there are fewer.
        """
        if len(self.opened) < depth:
            return ""
        at = self.opened[-depth]
        return " ".join(self.words[max(0, at - 4) : at + 1])


def find_context(text: str, offset: int) -> CompletionContext:
    """Return the context of an offset in a text."""
    before = text[:offset]
    tokens = Lexemes(before)
    last = len(tokens.kinds) - 2
    if last >= 0 and tokens.kinds[last] in _UNCLOSED:
        written = before[tokens.starts[last] :]
        inside = _IN_BRACES.search(written)
        prefix = _WORD.search(written)
        start = offset - (len(prefix[0]) if prefix and inside else 0)
        words, opened, expected = _read_declaration(tokens, last)
        return CompletionContext(start, before[start:], words, opened, expected, written)
    found = _WORD.search(before)
    if found is not None and last >= 0 and tokens.ends[last] == offset:
        start = tokens.starts[last] if tokens.words[last] == found[0] else found.start()
        tokens = Lexemes(before[:start])
    else:
        start = offset
    words, opened, expected = _read_declaration(tokens, len(tokens.kinds) - 1)
    if not before[before.rfind("\n") + 1 : start].strip():
        expected = expected | _expected_on_new_line(tokens)
    return CompletionContext(start, before[start:], words, opened, expected)


def braces_in_text(written: str) -> tuple[bool, str] | None:
    """Return what stands in open braces at the end of a text: whether `$`, and the path so far."""
    found = _IN_BRACES.search(written)
    return None if found is None else (bool(found[1]), found[2])


def _read_declaration(
    tokens: Lexemes, end: int
) -> tuple[tuple[str, ...], tuple[int, ...], frozenset[str]]:
    """Read the tokens from the last declaration up to token `end`."""
    first = _find_declaration(tokens, end)
    states = _follow(tokens, first, end)
    words = tuple(tokens.words[first:end])
    opened: list[int] = []
    for at, word in enumerate(words):
        if word in _OPENERS:
            opened.append(at)
        elif opened and word == _OPENERS[words[opened[-1]]]:
            opened.pop()
    expected = frozenset(TERMINALS[each] for each in find_expected_terminals(states))
    return words, tuple(opened), expected


def _find_declaration(tokens: Lexemes, end: int) -> int:
    """Return the index of the last token before `end` that begins a declaration on its line."""
    for at in range(end - 1, -1, -1):
        starts_line = at == 0 or tokens.blanks[at].endswith("\n")
        if starts_line and tokens.words[at] in DECLARATION_WORDS:
            return at
    return 0 if tokens.words[0] != "flow" else min(FIRST, end)


def _follow(tokens: Lexemes, first: int, end: int) -> list[int]:
    """Return the states of the parser after the tokens from `first` up to `end`."""
    states = list(fresh_stack(Lexemes("flow 1")).states)
    for at in range(first, end):
        states = _shift(tokens, at, states) or states
    return states


def _shift(tokens: Lexemes, at: int, states: Sequence[int]) -> list[int] | None:
    """Return the states after one more token; None if it fits nowhere."""
    for kept in range(len(states), 1, -1):
        trial = list(states[:kept])
        term = resolve_terminal(tokens, at, trial[-1])
        if term is not None and shift_terminal(trial, term):
            return trial
    return None


def _expected_on_new_line(tokens: Lexemes) -> frozenset[str]:
    """Return what may begin a line if the statement before it is left unfinished."""
    end = len(tokens.kinds) - 1
    states = _follow(tokens, _find_declaration(tokens, end), end)
    bodies = [TERMINAL[name] for name in _BODY_WORDS]
    for kept in range(len(states), 1, -1):
        trial = list(states[:kept])
        if any(is_terminal_allowed(trial, term) for term in bodies):
            found = find_expected_terminals(trial)
            return frozenset(TERMINALS[each] for each in found if each != END)
    return frozenset()
