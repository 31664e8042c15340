"""Decides whether parsing may resume at a token, and where the next declaration begins."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache

from ..edition import DECLARATION_WORDS, FIRST
from ..parser.driver import (
    Stack,
    find_expected_terminals,
    is_terminal_allowed,
    resolve_terminal,
    shift_terminal,
    symbols_of_states,
)
from ..parser.lexer import (
    END,
    KEYWORDS,
    NAMES_BY_SIGN,
    TERMINAL,
    TEXTS,
    Lexemes,
    breaks_line,
    is_word,
)

PROOF = 4
"""The number of tokens that the parser must read to prove a guess."""
_LBRACE = TERMINAL["LBRACE"]
_NAME = TERMINAL["NAME"]
_DO = TERMINAL["DO"]
_TASK_HEAD = tuple(
    TERMINAL[name] for name in ("FLOW", "INT", "TASK", "NAME", "LPAR", "RPAR", "LBRACE")
)
"""The start of a file up to the first statement of a task."""
_TASK = TERMINAL["TASK"]
_EDITION = frozenset(("FLOW", "INT", "edition"))
_FINISHED = frozenset(("file", "__file_star_0", "__file_star_1", "import_", "item"))
_IMPORT_WORDS = frozenset(("import", "from", "as"))
_DEPTH = {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}
_LONGEST_ANNOTATION = 12
"""The maximum of tokens in an annotation; anything longer is not one."""
_LOOKED_BACK = 4
"""The most tokens of the next declaration that a name may swallow: after `amount:`, `type Row {`
reads as a type and more."""


def reads_on(tokens: Lexemes, states: list[int], index: int, *, line: bool = False) -> bool:
    """Whether the parser accepts enough tokens from `index` on to prove a guess.

    That is `PROOF` tokens, or all tokens of the line and the first of the next one. With `line`,
    all tokens of the line are enough.
    """
    trial = list(states)
    for at in range(index, index + PROOF):
        new_line = at > index and breaks_line(tokens.blanks[at])
        if new_line and line:
            return True
        term = resolve_terminal(tokens, at, trial[-1])
        if (
            new_line
            and (term is None or not is_terminal_allowed(trial, term))
            and is_terminal_allowed(trial, _DO)
        ):
            # The statement before it is complete; the next line has a mistake of its own.
            return True
        if (
            term is None
            or _takes_for_name(tokens, at, term, trial)
            or not shift_terminal(trial, term)
        ):
            return False
        # A new line proves nothing if its first word is taken for something else than it is, or
        # if it is a text: the previous line may lack one, and this may be the next mistake.
        if term == END or (new_line and term == tokens.kinds[at] and term not in TEXTS):
            return True
    return True


def _takes_for_name(tokens: Lexemes, index: int, term: int, states: list[int]) -> bool:
    """Whether the parser takes the keyword of a section, statement or declaration for a name."""
    if term == _NAME and tokens.words[index] in KEYWORDS:
        after = tokens.kinds[index + 1]
        return after in TEXTS or after == _LBRACE
    outside = tokens.blanks[index][-1:] in ("\n", "\r") and begins_declaration(tokens, index)
    return outside and not is_terminal_allowed(states, _TASK)


def count_finished_symbols(stack: Stack) -> int:
    """Count the symbols of a stack that are the edition, imports and complete declarations."""
    count = 0
    for symbol in symbols_of_states(stack.states):
        if symbol not in _EDITION and symbol not in _FINISHED:
            break
        count += 1
    return count


def follows_mistake(tokens: Lexemes, index: int, mistake: int) -> bool:
    """Whether no declaration seems to begin between a mistake (an offset) and token `index`."""
    first = bisect_left(tokens.starts, mistake, FIRST, index)
    return not any(
        breaks_line(tokens.blanks[at]) and begins_declaration(tokens, at)
        for at in range(first, index)
    )


def at_margin(tokens: Lexemes, text: str, index: int) -> bool:
    """Whether a token is at the very start of its line."""
    start = tokens.starts[index]
    return start == 0 or text[start - 1] in "\r\n"


def begins_declaration(tokens: Lexemes, index: int) -> bool:
    """Whether a token looks like the first of an import or a declaration."""
    word = tokens.words[index]
    if word == "@":
        return breaks_line(tokens.blanks[index]) and is_word(tokens.words[index + 1])
    if word not in DECLARATION_WORDS or tokens.kinds[index] in NAMES_BY_SIGN:
        return False
    # `type name {` is the declaration, and `type name into` the statement.
    after = tokens.words[index + 1 : index + 3]
    return word != "type" or (is_word(after[0]) and after[1:] in (["{"], ["="]))


def find_swallowed_declaration(tokens: Lexemes, text: str, stack: Stack, index: int) -> int | None:
    """Return the first token of the next declaration if an unfinished one has run into it.

    None if that did not happen before token `index`.
    """
    done = count_finished_symbols(stack)
    if done >= len(stack.starts):
        return None
    start = stack.starts[done]
    if start and text[start - 1] not in "\r\n":
        return index if tokens.kinds[index] == END else None
    first = bisect_left(tokens.starts, start, FIRST, index)
    head = _behind_annotations(tokens, first, index)
    for at in range(index, max(index - _LOOKED_BACK, head), -1):
        if tokens.kinds[at] == END or (
            begins_declaration(tokens, at) and at_margin(tokens, text, at)
        ):
            return _in_front_of_annotations(tokens, at, head)
    return None


def _in_front_of_annotations(tokens: Lexemes, index: int, head: int) -> int:
    """Return the first token of the annotations right before token `index`.

    Returns `index` if there are none; the search ends at token `head`.
    """
    for at in range(index - 1, max(index - _LONGEST_ANNOTATION, head), -1):
        if (
            tokens.words[at] == "@"
            and tokens.blanks[at][-1:] in ("\n", "\r")
            and _behind_annotations(tokens, at, index) == index
        ):
            return _in_front_of_annotations(tokens, at, head)
    return index


def next_declaration(tokens: Lexemes, text: str, restart: int, index: int) -> int:
    """Return the token from `index` on that begins the next declaration, or the end of the file.

    The declaration that begins at `restart` is broken. At the margin, the first word of a line
    decides; in an indented file, the braces must be balanced as well.
    """
    indented = not at_margin(tokens, text, restart)
    depth = sum(_DEPTH.get(word, 0) for word in tokens.words[restart:index]) if indented else 0
    last = len(tokens.words) - 1
    for at in range(index, last):
        word = tokens.words[at]
        if (word in DECLARATION_WORDS or word == "@") and begins_declaration(tokens, at):
            if at_margin(tokens, text, at) or (indented and depth <= 0):
                return at
        elif indented:
            depth += _DEPTH.get(word, 0)
    return last


@cache
def statement_words() -> frozenset[str]:
    """Return the keywords that a statement may begin with, derived from the parser's tables."""
    states = [0]
    for term in _TASK_HEAD:
        shift_terminal(states, term)
    allowed = set(find_expected_terminals(states))
    return frozenset(word for word, term in KEYWORDS.items() if term in allowed)


def uncover_braces(tokens: Lexemes, index: int) -> int:
    """Turn braces at the end of an unterminated text into code again; returns their number.

    They are not part of the text if it holds braces other than those of its variables.
    """
    word = tokens.words[index]
    if word.count("{") == word.count("}"):
        return 0
    kept = word.rstrip("{} \t")
    # The last variable keeps its own brace.
    missing = kept.count("{") - kept.count("}")
    braces = [sign for sign in word[len(kept) :] if sign in "{}"][max(missing, 0) :]
    for brace in reversed(braces):
        tokens.insert(index + 1, brace)
    return len(braces)


def begins_line(tokens: Lexemes, index: int) -> bool:
    """Whether a token begins a line, and can begin a statement, a section, a setting or a field."""
    if not breaks_line(tokens.blanks[index]):
        return False
    kind = tokens.kinds[index]
    return kind in NAMES_BY_SIGN or kind == KEYWORDS.get(tokens.words[index])


def find_declared_names(tokens: Lexemes, text: str, start: int, end: int) -> tuple[str, ...] | None:
    """Return the names that the tokens of a range would declare, judging by its first tokens.

    None if these do not tell.
    """
    words = tokens.words
    at = _behind_annotations(tokens, start, end)
    if at >= end or words[at] == "test":
        return ()
    if words[at] == "import":
        # Quotes may be missing, so that names are in a text. Any word may be one.
        written = text[tokens.starts[at] : tokens.ends[end - 1]]
        return tuple(name for name in _word_pattern().findall(written) if name not in _IMPORT_WORDS)
    if words[at] in DECLARATION_WORDS and is_word(words[at + 1]) and at + 1 < end:
        return (words[at + 1],)
    if is_orphan(tokens, at):
        return None
    while at < end and not is_word(words[at]):
        at += 1
    found = words[at : min(at + 3, end)]
    return tuple(word for word in found if is_word(word) and word not in KEYWORDS)


def is_orphan(tokens: Lexemes, index: int) -> bool:
    """Whether a token outside of every declaration begins a statement, a section or a field.

    The mistake is then before it, where a declaration has ended too early.
    """
    return begins_line(tokens, index) and tokens.words[index] not in DECLARATION_WORDS


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _behind_annotations(tokens: Lexemes, start: int, end: int) -> int:
    """Return the first token from `start` on that belongs to no annotation, or `end`."""
    words = tokens.words
    at = start
    while at < end and words[at] == "@":
        at += 2
        if words[at : at + 1] == ["("]:
            while at < end and words[at] != ")":
                at += 1
            at += 1
    return min(at, end)
