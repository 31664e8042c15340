"""Resumes at the next statement after one that cannot be parsed.

The idea: the parser is an LR automaton, so its stack says which bodies are open. Cutting the stack
back to a state in which a statement may be (`place`) is to forget the broken statement and no more.
The statements are not listed here: whether a token may begin one follows from the parser's tables.

From the token where the parser stopped, each token outside of new brackets is asked whether reading
continues there:

1. It closes the body, or begins a line, and the parser reads on from it with some state of the
   stack, the innermost first (`find_innermost_state`). That may be a state inside of brackets of
   the broken statement, as between the fields of a record, or one further out, where a brace was
   forgotten.
2. It begins a line that is indented like the broken statement, and can be meant for one
   (`_may_begin_statement`). The parser will stop there again, and report the next mistake.
3. It is a brace that opens a body of statements (`body_behind`): the head is forgotten, and the
   body is read as that of a `step`.

An example. The parser stops at `x` with `{ list do` on its stack, of which `{ list` can continue:

    steps {
      press "F2"         list: the statements so far
      do x               stops at `x`: the statement is left out
      loop sees "a" {    (2) a line with the same indent, and a word that can be meant for a
                         statement: the parser stops at `loop`, which is reported
        press "F3"       (3) reads on behind the brace, as if `step "" {` stood there
      } until sees "b"   `until` goes on with the same statement: left out without a report
    }                    (1) closes the body of `steps`
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from ..edition import FIRST
from ..parser.driver import (
    Stack,
    is_terminal_allowed,
    resolve_terminal,
    shift_terminal,
    symbols_of_states,
)
from ..parser.lexer import KEYWORDS, NAMES_BY_SIGN, TERMINAL, TEXTS, Lexemes, breaks_line, is_word
from .resynchronisation import begins_line, count_finished_symbols, reads_on, uncover_braces

_BAD_STRING = TERMINAL["BAD_STRING"]
_NAME = TERMINAL["NAME"]
_DO = TERMINAL["DO"]
_STEP_HEAD = (TERMINAL["STEP"], TERMINAL["STRING"], TERMINAL["LBRACE"])
"""The start of a group of statements; the tokens that `resume_body` inserts before a body."""
_BLOCKS = frozenset((TERMINAL["BLOCK"], TERMINAL["BAD_BLOCK"]))
_CLOSERS = frozenset("})]")
_BRACKETS = frozenset(("LBRACE", "LPAR", "LSQB"))
_LOOKED_AHEAD = 60
"""Maximum of tokens after a brace that are searched for a line that begins a statement."""


class Resumed(NamedTuple):
    """Where parsing resumes.

    `start` is the offset where the skipped part begins, `at` the token that continues the body.
    `same_body`: the skipped part is a statement, and its body continues.
    """

    start: int
    at: int
    same_body: bool


def resume_body(tokens: Lexemes, stack: Stack, index: int, restart: int) -> Resumed | None:
    """Cut a stack back to where a body continues before token `restart`.

    The parser has stopped at token `index`. Returns None and leaves the stack unchanged if no token
    continues a body.
    """
    broken = _Broken(tokens, stack, index)
    depth = 0
    at = index
    while at < restart:
        word = tokens.words[at]
        if not depth:
            size = broken.size_for(at)
            if size is not None:
                same_body = broken.is_same_body(size)
                return Resumed(_cut_stack(tokens, stack, size, index), at, same_body)
            if word == "{" and broken.place is not None:
                body = broken.body_behind(at)
                if body is not None:
                    start = _cut_stack(tokens, stack, broken.place, index)
                    return Resumed(start, _open_step(tokens, at, body), same_body=True)
        if tokens.kinds[at] == _BAD_STRING:
            restart += uncover_braces(tokens, at)
        elif word == "{":
            depth += 1
        elif word == "}" and depth:
            depth -= 1
        at += 1
    return None


def _open_step(tokens: Lexemes, brace: int, body: int) -> int:
    """Put `step ""` before a brace whose body begins at token `body`; returns the `step`.

    The tokens between the two move before the step, and are skipped.
    """
    at = brace
    if body > brace + 1:
        tokens.remove(brace)
        at = body - 1
        tokens.insert(at, "{")
    tokens.insert(at, '""')
    tokens.insert(at, "step")
    return at


def breaks_off(tokens: Lexemes, stack: Stack, index: int) -> int | None:
    """Return the offset of the statement whose line ends too early before token `index`.

    The token then begins the next part of the same body, and the stack is cut back to continue
    there. Returns None and leaves the stack unchanged if the line is complete.
    """
    broken = _Broken(tokens, stack, index)
    if not begins_line(tokens, index) or broken.place == len(stack.states):
        return None
    size = broken.find_innermost_state(index)
    if size is None and broken.ends_before(index):
        # The line that begins here has a mistake of its own.
        size = broken.place
    if size is None or not _BRACKETS.isdisjoint(symbols_of_states(stack.states)[size - 1 :]):
        return None
    return _cut_stack(tokens, stack, size, index)


def goes_on_behind_hole(tokens: Lexemes, stack: Stack, index: int) -> bool:
    """Whether token `index` continues a statement whose head could not be parsed.

    That holds for tokens after its closing `}` on the same line, and for an `else` on the next
    line.
    """
    if not _may_go_on(tokens, index):
        return False
    read = symbols_of_states(stack.states)
    if read[-1:] == ["RBRACE"]:
        opening = next((at for at in range(len(read) - 1, -1, -1) if read[at] == "LBRACE"), 0)
    else:
        opening = len(read) - 1 if read[-1:] == ["block"] else 0
    return _lacks_head(tokens, stack, read, opening)


def _may_go_on(tokens: Lexemes, index: int) -> bool:
    """Whether token `index`, after a `}`, may belong to the same statement as the `}`."""
    return tokens.words[index] == "else" or not breaks_line(tokens.blanks[index])


def _lacks_head(tokens: Lexemes, stack: Stack, read: list[str], opening: int) -> bool:
    """Whether `resume_body` has put a `step` before the block that symbol `opening` begins or is.

    `read` are the symbols of the stack.
    """
    if opening < 2 or read[opening - 2] != "STEP":
        return False
    step: int = stack.values[opening - 2]
    return tokens.starts[step] == tokens.ends[step]


def statement_place(stack: Stack) -> int | None:
    """Return the largest number of states of a stack after which a statement may come next.

    None outside every body of statements.
    """
    states = stack.states
    for size in range(len(states), count_finished_symbols(stack) + 1, -1):
        if is_terminal_allowed(states[:size], _DO):
            return size
    return None


def line_indent(tokens: Lexemes, index: int) -> str:
    """Return the indent of the line that a token is on."""
    while index > FIRST and not breaks_line(tokens.blanks[index]):
        index -= 1
    return tokens.blanks[index].replace("\r", "\n").rpartition("\n")[2]


class _Broken:
    """A statement or another part of a body that is skipped.

    The parser has stopped in it at token `index`. `place` is the number of states of the stack
    before the statement, or None outside bodies of statements; `first` is its first token, and
    `indent` the indent of the line of that token.
    """

    def __init__(self, tokens: Lexemes, stack: Stack, index: int) -> None:
        self.tokens = tokens
        self.stack = stack
        self.index = index
        self.place = statement_place(stack)
        self.first = index
        if self.place is not None and self.place <= len(stack.starts):
            start = stack.starts[self.place - 1]
            self.first = bisect_left(tokens.starts, start, FIRST, index)
        self.indent = line_indent(tokens, self.first)

    def size_for(self, at: int) -> int | None:
        """Return the number of states of the stack that token `at` can follow, if any.

        The token must be outside brackets that were opened after `index`.
        """
        new_line = at > self.index and breaks_line(self.tokens.blanks[at])
        if self.tokens.words[at] == "}" or (new_line and begins_line(self.tokens, at)):
            size = self.find_innermost_state(at)
            if size is not None:
                return size
        return self.place if new_line and self._may_begin_statement(at) else None

    def find_innermost_state(self, at: int) -> int | None:
        """Return the largest number of states with which the parser can continue from `at`.

        Up to `place`, only states between the parts of a body count, and after it only states
        inside brackets.
        """
        tokens, states, place = self.tokens, self.stack.states, self.place
        read = symbols_of_states(states)
        # A name with a sign does not end a body: it is no statement, but an outer setting.
        lowest = count_finished_symbols(self.stack) + 1
        if place is not None and tokens.kinds[at] in NAMES_BY_SIGN:
            lowest = place - 1
        for size in range(len(states), lowest, -1):
            if place is not None and size < place and not _behind_part(read[size - 2]):
                continue
            if (
                place is not None
                and size > place
                and _BRACKETS.isdisjoint(read[place - 1 : size - 1])
            ):
                continue
            fits_here = resolve_terminal(tokens, at, states[size - 1]) is not None
            if not fits_here:
                continue
            if self._closes_hole(read, size, at) or reads_on(tokens, states[:size], at, line=True):
                return size
        return None

    def _closes_hole(self, read: list[str], size: int, at: int) -> bool:
        """Whether token `at` closes a body whose head was skipped, and that statement continues.

        The tokens after the `}` do not parse then, but they are as good a proof as tokens that do.
        """
        tokens = self.tokens
        if tokens.words[at] != "}" or not _may_go_on(tokens, at + 1):
            return False
        opening = size - 2 if read[size - 2] == "LBRACE" else size - 3
        return _lacks_head(tokens, self.stack, read, opening)

    def is_same_body(self, size: int) -> bool:
        """Whether the stack, cut to `size` states, is still in the body of the statement."""
        if self.place is None:
            return False
        return "LBRACE" not in symbols_of_states(self.stack.states[size - 1 : self.place])

    def _may_begin_statement(self, at: int) -> bool:
        """Whether the line that token `at` begins may be intended as a statement.

        It has the indent of the skipped one. A statement does not begin with a closing bracket,
        with a keyword that only occurs inside statements, with a block or a text that the previous
        statement lacks, or with a further list entry: a sign, a number or a text if the previous
        statement begins with one.
        """
        tokens, stack = self.tokens, self.stack
        if self.place is None or line_indent(tokens, at) != self.indent:
            return False
        word, kind = tokens.words[at], tokens.kinds[at]
        if is_word(word):
            keyword = KEYWORDS.get(word) if kind not in NAMES_BY_SIGN else None
            return keyword is None or is_terminal_allowed(stack.states[: self.place], keyword)
        if kind in TEXTS and is_terminal_allowed(stack.states, kind):
            return False
        return word not in _CLOSERS and kind not in _BLOCKS and kind != tokens.kinds[self.first]

    def ends_before(self, at: int) -> bool:
        """Whether token `at` is the keyword of the next statement, at the start of a line."""
        tokens, place = self.tokens, self.place
        kind = tokens.kinds[at]
        return (
            place is not None
            and at > self.first
            and breaks_line(tokens.blanks[at])
            and line_indent(tokens, at) == self.indent
            and kind == KEYWORDS.get(tokens.words[at])
            and is_terminal_allowed(self.stack.states[:place], kind)
        )

    def body_behind(self, brace: int) -> int | None:
        """Return the first token of the body of statements that the `{` at token `brace` opens.

        None if it opens none. It opens one if a statement parses after it, or if one of the next
        lines begins with the keyword of a statement, or with a word on its own.
        """
        tokens = self.tokens
        trial = self.stack.states[: self.place]
        if not all(shift_terminal(trial, term) for term in _STEP_HEAD):
            return None
        if tokens.words[brace + 1] != "}" and reads_on(tokens, trial, brace + 1, line=True):
            return brace + 1
        first = None
        depth = 0
        for at in range(brace + 1, min(brace + 1 + _LOOKED_AHEAD, len(tokens.words))):
            word = tokens.words[at]
            if word == "}" and not depth:
                return None
            if breaks_line(tokens.blanks[at]) and not depth:
                first = first or at
                keyword = KEYWORDS.get(word)
                if tokens.kinds[at] == keyword and is_terminal_allowed(trial, keyword):
                    return first
                if at == first and keyword is None and tokens.kinds[at] == _NAME:
                    return first
            depth += {"{": 1, "}": -1}.get(word, 0)
        return None


def _cut_stack(tokens: Lexemes, stack: Stack, size: int, index: int) -> int:
    """Cut a stack to `size` states; returns the offset where the removed part begins.

    The parser has stopped at token `index`.
    """
    start = stack.starts[size - 1] if size <= len(stack.starts) else tokens.starts[index]
    del stack.states[size:], stack.values[size - 1 :], stack.starts[size - 1 :]
    return start


def _behind_part(symbol: str) -> bool:
    """Whether a part of a body may begin after a symbol: a brace, or preceding parts."""
    return symbol == "LBRACE" or ("_star_" in symbol and "comma" not in symbol)
