"""Where reading goes on after a mistake.

That is at a later statement of the same body, or at the next declaration.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache
from typing import NamedTuple

from ..driver import Stack, expected, fits, shift, symbols, terminal
from ..edition import DECLARATION_WORDS, FIRST
from ..lexer import END, KEYWORDS, TERMINAL, Lexemes, breaks_line, is_word

PROOF = 4
"""The number of tokens that the parser must read to prove a guess."""
_BAD_STRING = TERMINAL["BAD_STRING"]
_LBRACE = TERMINAL["LBRACE"]
_NAME = TERMINAL["NAME"]
_DO = TERMINAL["DO"]
_TASK_HEAD = tuple(
    TERMINAL[name] for name in ("FLOW", "INT", "TASK", "NAME", "LPAR", "RPAR", "LBRACE")
)
"""The start of a file up to the first statement of a task."""
_STEP_HEAD = (TERMINAL["STEP"], TERMINAL["STRING"], _LBRACE)
"""The start of a group of statements; the words that `resume` puts in front of braces."""
_TASK = TERMINAL["TASK"]
_TEXTS = frozenset((TERMINAL["STRING"], TERMINAL["BLOCK"], TERMINAL["RAW"]))
_BLOCKS = frozenset((TERMINAL["BLOCK"], TERMINAL["BAD_BLOCK"]))
_EDITION = frozenset(("FLOW", "INT", "edition"))
_FINISHED = frozenset(("file", "__file_star_0", "__file_star_1", "import_", "item"))
_NAMES_BY_SIGN = frozenset((TERMINAL["FIELD"], TERMINAL["KEY"], TERMINAL["ROOT"]))
_IMPORT_WORDS = frozenset(("import", "from", "as"))
_DEPTH = {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}
_CLOSERS = frozenset("})]")
_BRACKETS = frozenset(("LBRACE", "LPAR", "LSQB"))
_LONGEST_ANNOTATION = 12
"""The most tokens of an annotation; what looks longer is none."""
_LOOKED_AHEAD = 60
"""The most tokens behind a brace that are looked at for a line that begins a statement."""
_LOOKED_BACK = 4
"""The most tokens of the next declaration that a name may swallow: behind `amount:`, `type Row {`
reads as a type and more."""


def reads_on(tokens: Lexemes, states: list[int], index: int, *, line: bool = False) -> bool:
    """Whether the parser reads enough tokens from `index` on to prove a guess.

    That is `PROOF` tokens, or all up to the next line and the first of it. With `line`, all up to
    the next line are enough.
    """
    trial = list(states)
    for at in range(index, index + PROOF):
        new_line = at > index and breaks_line(tokens.blanks[at])
        if new_line and line:
            return True
        term = terminal(tokens, at, trial[-1])
        if new_line and (term is None or not fits(trial, term)) and fits(trial, _DO):
            # What is in front is a whole statement; the next line has a mistake of its own.
            return True
        if term is None or _takes_for_name(tokens, at, term, trial) or not shift(trial, term):
            return False
        # A new line proves nothing when its first word is taken for something else than it is, or
        # when it is a text: the line in front may lack one, and this may be the next mistake.
        if term == END or (new_line and term == tokens.kinds[at] and term not in _TEXTS):
            return True
    return True


def _takes_for_name(tokens: Lexemes, index: int, term: int, states: list[int]) -> bool:
    """Whether the parser takes for a name what begins a section, a statement or a declaration."""
    if term == _NAME and tokens.words[index] in KEYWORDS:
        after = tokens.kinds[index + 1]
        return after in _TEXTS or after == _LBRACE
    outside = tokens.blanks[index][-1:] in ("\n", "\r") and begins_declaration(tokens, index)
    return outside and not fits(states, _TASK)


def finished(stack: Stack) -> int:
    """The number of symbols of a stack that are the edition, imports and whole declarations."""
    count = 0
    for symbol in symbols(stack.states):
        if symbol not in _EDITION and symbol not in _FINISHED:
            break
        count += 1
    return count


def follows_mistake(tokens: Lexemes, index: int, mistake: int) -> bool:
    """Whether no declaration seems to begin between the offset of a mistake and token `index`."""
    first = bisect_left(tokens.starts, mistake, FIRST, index)
    return not any(
        breaks_line(tokens.blanks[at]) and begins_declaration(tokens, at)
        for at in range(first, index)
    )


def at_margin(tokens: Lexemes, text: str, index: int) -> bool:
    """Whether a token stands at the very start of its line."""
    start = tokens.starts[index]
    return start == 0 or text[start - 1] in "\r\n"


def begins_declaration(tokens: Lexemes, index: int) -> bool:
    """Whether a token looks like the first of an import or a declaration."""
    word = tokens.words[index]
    if word == "@":
        return breaks_line(tokens.blanks[index]) and is_word(tokens.words[index + 1])
    if word not in DECLARATION_WORDS or tokens.kinds[index] in _NAMES_BY_SIGN:
        return False
    # `type name {` is the declaration, and `type name into` the statement.
    after = tokens.words[index + 1 : index + 3]
    return word != "type" or (is_word(after[0]) and after[1:] in (["{"], ["="]))


def swallowed(tokens: Lexemes, text: str, stack: Stack, index: int) -> int | None:
    """The first token of the next declaration when an unfinished one has run into it.

    None when it has not, up to token `index`.
    """
    done = finished(stack)
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
    """The first token of the annotations right in front of token `index`.

    `index` when there are none; the search ends at token `head`.
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
    """The first token from `index` on that begins the next declaration, or the end of the file.

    The declaration that begins at `restart` is broken. At the margin, the first word of a line
    tells; in an indented file, the braces have to be balanced as well.
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


def breaks_off(tokens: Lexemes, stack: Stack, index: int) -> int | None:
    """Where the statement begins whose line breaks off in front of token `index`, as an offset.

    The token then begins the next part of the same body, and the stack is cut back to what goes on
    there. None, and the stack as it was, when the line does not break off.
    """
    if not _begins_line(tokens, index) or fits(stack.states, _DO):
        return None
    place = statement_place(stack)
    size = _innermost(tokens, stack, index, place)
    if size is None and place is not None and _same_indent(tokens, stack, place, index):
        # The line that begins here has a mistake of its own.
        size = place if _is_statement_word(tokens, stack, place, index) else None
    if size is None or not _BRACKETS.isdisjoint(symbols(stack.states)[size - 1 :]):
        return None
    return _cut(tokens, stack, size, index)


@cache
def statement_words() -> frozenset[str]:
    """The keywords that a statement may begin with, as the tables of the parser have them."""
    states = [0]
    for term in _TASK_HEAD:
        shift(states, term)
    allowed = set(expected(states))
    return frozenset(word for word, term in KEYWORDS.items() if term in allowed)


class Resumed(NamedTuple):
    """Where reading goes on.

    `start` is the offset where the part that is left out begins, `at` the token that the body goes
    on with. `same_body`: the part is a statement, and the body it stands in goes on.
    """

    start: int
    at: int
    same_body: bool


def resume(tokens: Lexemes, stack: Stack, index: int, restart: int) -> Resumed | None:
    """Cut a stack back to the innermost body that goes on before token `restart`.

    It goes on with a token that closes it or begins a line: with a part of the body that reads on,
    or with a statement that has a mistake of its own. Or it goes on with a `step` in front of the
    braces of the statement that is left out, so that what they hold is read. None when there is no
    such token; the stack is then as it was.
    """
    place = statement_place(stack)
    first = index if place is None else _first_of_statement(tokens, stack, place, index)
    indent = line_indent(tokens, first)
    depth = 0
    at = index
    while at < restart:
        word = tokens.words[at]
        new_line = at > index and not depth and breaks_line(tokens.blanks[at])
        if new_line and place is not None and line_indent(tokens, at) == indent:
            size = _innermost(tokens, stack, at, place) if _begins_line(tokens, at) else None
            if size is None and _may_begin_statement(tokens, stack, place, first, at):
                size = place
            if size is not None:
                same_body = _is_same_body(stack, size, place)
                return Resumed(_cut(tokens, stack, size, index), at, same_body)
        if tokens.kinds[at] == _BAD_STRING:
            restart += uncover_braces(tokens, at)
        elif word == "{":
            body = None if depth or place is None else _body_behind(tokens, stack, place, at)
            if place is not None and body is not None:
                start = _cut(tokens, stack, place, index)
                if body > at + 1:
                    tokens.remove(at)
                    at = body - 1
                    tokens.insert(at, "{")
                tokens.insert(at, '""')
                tokens.insert(at, "step")
                return Resumed(start, at, same_body=True)
            depth += 1
        elif word == "}" and depth:
            depth -= 1
        elif not depth and (word == "}" or (new_line and _begins_line(tokens, at))):
            size = _innermost(tokens, stack, at, place)
            if size is not None:
                same_body = _is_same_body(stack, size, place)
                return Resumed(_cut(tokens, stack, size, index), at, same_body)
        at += 1
    return None


def _is_same_body(stack: Stack, size: int, place: int | None) -> bool:
    """Whether a stack that is cut to `size` states is still in the body that `place` is in."""
    return place is not None and "LBRACE" not in symbols(stack.states[size - 1 : place])


def _cut(tokens: Lexemes, stack: Stack, size: int, index: int) -> int:
    """Cut a stack to `size` states; returns the offset where what it loses begins.

    The parser has stopped at token `index`.
    """
    start = stack.starts[size - 1] if size <= len(stack.starts) else tokens.starts[index]
    del stack.states[size:], stack.values[size - 1 :], stack.starts[size - 1 :]
    return start


def statement_place(stack: Stack) -> int | None:
    """The number of states of a stack, as large as possible, with which a statement may stand next.

    None outside of every body of statements.
    """
    states = stack.states
    for size in range(len(states), finished(stack) + 1, -1):
        if fits(states[:size], _DO):
            return size
    return None


def _first_of_statement(tokens: Lexemes, stack: Stack, place: int, index: int) -> int:
    """The first token of the statement behind `place` states of a stack, `index` at most."""
    start = stack.starts[place - 1] if place <= len(stack.starts) else tokens.starts[index]
    return bisect_left(tokens.starts, start, FIRST, index)


def _same_indent(tokens: Lexemes, stack: Stack, place: int, index: int) -> bool:
    """Whether token `index` begins a line that is indented like that of the statement in front."""
    first = _first_of_statement(tokens, stack, place, index)
    return (
        index > first
        and breaks_line(tokens.blanks[index])
        and line_indent(tokens, index) == line_indent(tokens, first)
    )


def line_indent(tokens: Lexemes, index: int) -> str:
    """The spaces in front of the line that a token stands on."""
    while index > FIRST and not breaks_line(tokens.blanks[index]):
        index -= 1
    return tokens.blanks[index].replace("\r", "\n").rpartition("\n")[2]


def _may_begin_statement(tokens: Lexemes, stack: Stack, place: int, first: int, at: int) -> bool:
    """Whether what begins a line can be meant for a statement.

    No bracket that closes something can, no keyword that only stands inside of a statement, no text
    that the statement in front lacks or that is a block, and no further entry of a list: what
    begins with a sign, a number or a text like the statement in front, whose token is `first`.
    """
    word = tokens.words[at]
    if is_word(word):
        keyword = KEYWORDS.get(word) if tokens.kinds[at] not in _NAMES_BY_SIGN else None
        return keyword is None or fits(stack.states[:place], keyword)
    kind = tokens.kinds[at]
    if kind in _TEXTS and fits(stack.states, kind):
        return False
    return word not in _CLOSERS and kind not in _BLOCKS and kind != tokens.kinds[first]


def _is_statement_word(tokens: Lexemes, stack: Stack, place: int, index: int) -> bool:
    """Whether a token is the keyword of a statement."""
    kind = tokens.kinds[index]
    return kind == KEYWORDS.get(tokens.words[index]) and fits(stack.states[:place], kind)


def _body_behind(tokens: Lexemes, stack: Stack, place: int, brace: int) -> int | None:
    """The first token of the statements that the `{` at token `brace` opens a body of.

    None when it opens none. It does when a statement reads on behind it, or when one of the next
    lines begins with the keyword of a statement or with a word that stands alone; what is left of
    the line of the brace is then skipped.
    """
    trial = stack.states[:place]
    if not all(shift(trial, term) for term in _STEP_HEAD):
        return None
    first = None
    depth = 0
    for at in range(brace + 1, min(brace + 1 + _LOOKED_AHEAD, len(tokens.words))):
        word = tokens.words[at]
        if word == "}" and not depth:
            return None
        on_new_line = breaks_line(tokens.blanks[at])
        if at == brace + 1 and reads_on(tokens, trial, at, line=True):
            return at
        if on_new_line and not depth:
            first = first or at
            keyword = KEYWORDS.get(word)
            if tokens.kinds[at] == keyword and fits(trial, keyword):
                return first
            if at == first and keyword is None and tokens.kinds[at] == _NAME:
                return first
        depth += {"{": 1, "}": -1}.get(word, 0)
    return None


def goes_on_behind_hole(tokens: Lexemes, stack: Stack, index: int) -> bool:
    """Whether token `index` goes on with a statement whose head could not be read.

    That is what stands behind the `}` of its braces on the same line, and an `else` on the next.
    """
    if tokens.words[index] != "else" and breaks_line(tokens.blanks[index]):
        return False
    read = symbols(stack.states)
    if read[-1:] == ["RBRACE"]:
        opening = next((at for at in range(len(read) - 1, -1, -1) if read[at] == "LBRACE"), 0)
    else:
        opening = len(read) - 1 if read[-1:] == ["block"] else 0
    if opening < 2 or read[opening - 2] != "STEP":
        return False
    step: int = stack.values[opening - 2]
    return tokens.starts[step] == tokens.ends[step]


def uncover_braces(tokens: Lexemes, index: int) -> int:
    """Give the braces at the end of an unterminated text back to the code; returns how many.

    They are not part of the text when it holds other braces than those of its variables.
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


def _begins_line(tokens: Lexemes, index: int) -> bool:
    """Whether a token begins a line, and can begin a statement, a section, a setting or a field."""
    if not breaks_line(tokens.blanks[index]):
        return False
    kind = tokens.kinds[index]
    return kind in _NAMES_BY_SIGN or kind == KEYWORDS.get(tokens.words[index])


def _innermost(tokens: Lexemes, stack: Stack, index: int, place: int | None) -> int | None:
    """The number of states of a stack, as large as possible, with which token `index` goes on.

    In front of `place`, where a statement may begin, only between the parts of a body, and behind
    it only inside of brackets.
    """
    states = stack.states
    read = symbols(states)
    # No name with a sign leads out of a body: it is no statement, but a setting further out.
    in_body = place is not None and tokens.kinds[index] in _NAMES_BY_SIGN
    for size in range(len(states), finished(stack) + 1, -1):
        if place is not None and size < place:
            if in_body:
                return None
            if not _behind_part(read[size - 2]):
                continue
        if place is not None and size > place and _BRACKETS.isdisjoint(read[place - 1 : size - 1]):
            continue
        if terminal(tokens, index, states[size - 1]) is not None and reads_on(
            tokens, states[:size], index, line=True
        ):
            return size
    return None


def _behind_part(symbol: str) -> bool:
    """Whether a part of a body may begin behind a symbol: a brace, or the parts in front."""
    return symbol == "LBRACE" or ("_star_" in symbol and "comma" not in symbol)


def declared_names(tokens: Lexemes, text: str, start: int, end: int) -> tuple[str, ...] | None:
    """The names that the tokens of a range would declare, as far as its first tokens tell.

    None when they do not tell.
    """
    words = tokens.words
    at = _behind_annotations(tokens, start, end)
    if at >= end or words[at] == "test":
        return ()
    if words[at] == "import":
        # Quotes may be missing, so that names stand in a text. Any word may be one.
        written = text[tokens.starts[at] : tokens.ends[end - 1]]
        return tuple(name for name in _words().findall(written) if name not in _IMPORT_WORDS)
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

    The mistake is then in front of it, where a declaration has ended too early.
    """
    return _begins_line(tokens, index) and tokens.words[index] not in DECLARATION_WORDS


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _behind_annotations(tokens: Lexemes, start: int, end: int) -> int:
    """The first token from `start` on that belongs to no annotation, or `end`."""
    words = tokens.words
    at = start
    while at < end and words[at] == "@":
        at += 2
        if words[at : at + 1] == ["("]:
            while at < end and words[at] != ")":
                at += 1
            at += 1
    return min(at, end)
