"""Repairs of one token that is missing, doubled, misspelt or the wrong sign.

A repair is accepted if the parser can then continue.
"""

from __future__ import annotations

from typing import NamedTuple

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.source.text import Span

from .. import errors
from ..parser.driver import (
    Stack,
    count_fitting_tokens,
    find_expected_terminals,
    is_terminal_allowed,
    shift_terminal,
    symbols_of_states,
)
from ..parser.lexer import END, KEYWORDS, TERMINAL, TEXTS, UNKNOWN, breaks_line, is_word
from ..parser.tables import WORDS
from .broken_file import BrokenFile
from .corrections import Correction, find_corrections
from .foreign_syntax import MEANINGLESS, MISSING, SECTION_WORDS
from .resynchronisation import PROOF, reads_on
from .unexpected import report_unexpected, token_phrase

_INSERTED = (
    "}",
    ")",
    "]",
    ":",
    "=",
    ",",
    "{",
    "(",
    "call",
    "file",
    "do",
    "into",
    "from",
    "until",
    "in",
    "for",
    "run",
)
"""Tokens that people leave out, in the order in which they are tried."""
CERTAIN = "certain"
"""The tree is surely what was meant."""
GUESSED = "guessed"
"""The statement may mean something else; the code around it does not."""
UNBALANCED = "unbalanced"
"""It is unknown which body the following statements belong to."""
_BRACES = frozenset("{}")
_GUESSED = frozenset(("[", "]", "=", "do"))
"""Tokens that are inserted on a guess: another sign, place or word may be meant."""
_SEPARATORS = frozenset(",)")
_ELSE_IFS = frozenset(("elif", "elseif", "elsif"))
_SPACED = frozenset("}={")

_PAIRS = {"}": ("LBRACE", "RBRACE"), ")": ("LPAR", "RPAR"), "]": ("LSQB", "RSQB")}

_TERMINAL_OF = dict(WORDS)
_FIELD = TERMINAL["FIELD"]
_KEY = TERMINAL["KEY"]
_SHIFT = TERMINAL["SHIFT"]
_INT = TERMINAL["INT"]
_KEPT_AS_THEY_ARE = frozenset((END, TERMINAL["BAD_STRING"], TERMINAL["BAD_BLOCK"]))


class Repaired(NamedTuple):
    """A mistake that was repaired at a place.

    `trust` says how far the tree can be relied on: `CERTAIN`, `GUESSED` or `UNBALANCED`. The parser
    continues at token `at`.
    """

    trust: str
    place: Span
    at: int


def repair_tokens(file: BrokenFile, stack: Stack, index: int) -> Repaired | None:
    """Try to repair the tokens where the parser stopped, and report the mistake.

    Returns None, without a report, if that fails.
    """
    attempt = _Repair(file, stack, index)
    trust = attempt.trust()
    return None if trust is None else Repaired(trust, attempt.place, attempt.index)


def close_declaration(file: BrokenFile, stack: Stack, index: int, *, quiet: bool) -> bool:
    """Close the brackets that are open before the next declaration or the end of the file.

    Returns False if more than that is missing. With `quiet`, nothing is reported, since brackets
    may be in a part that was skipped.
    """
    return _Repair(file, stack, index).insert_closers(quiet=quiet)


class _Repair:
    """One place where the parser stopped.

    Each attempt either changes the tokens and reports, or does neither.
    """

    def __init__(self, file: BrokenFile, stack: Stack, index: int) -> None:
        self.file = file
        self.source, self.tokens, self.sink = file
        self.stack = stack
        self.index = index
        self.word = self.tokens.words[index]
        self.kind = self.tokens.kinds[index]
        self.place = self.span = file.span(index)

    def trust(self) -> str | None:
        """Try every repair, the surest first; returns how far the tree can be relied on."""
        if (
            self.apply_correction()
            or self.else_if()
            or self.sign()
            or self.repair_comparison()
            or self.keyword()
        ):
            return CERTAIN
        inserted = self.missing()
        if inserted is not None:
            if inserted in _BRACES:
                return UNBALANCED
            return GUESSED if inserted in _GUESSED else CERTAIN
        if self.closing_braces():
            return UNBALANCED
        if self.missing_sign():
            return CERTAIN
        if self.drop_superfluous_token():
            if self.word in _BRACES:
                return UNBALANCED
            return CERTAIN if self.kind == UNKNOWN or self.word in _SEPARATORS else GUESSED
        return None

    def _reads_on(self, index: int) -> bool:
        return reads_on(self.tokens, self.stack.states, index)

    def apply_correction(self) -> bool:
        """Replace syntax of another language by its equivalent."""
        return any(self._try_correction(each) for each in find_corrections(self.tokens, self.index))

    def _try_correction(self, found: Correction) -> bool:
        """Apply a correction if the parser can then continue."""
        tokens, stack = self.tokens, self.stack
        # Tokens before `index` are replaced only if no node has been built of them.
        taken = self.index - found.start
        if taken and stack.starts[-taken:] != tokens.starts[found.start : self.index]:
            return False
        states = stack.states[: len(stack.states) - taken]
        start, end = tokens.starts[found.start], tokens.ends[found.end - 1]
        rows = found.rows(tokens)
        former = tokens.exchange_tokens(found.start, found.end, rows)
        proven = reads_on(tokens, states, found.start)
        tokens.exchange_tokens(found.start, found.start + len(rows), former)
        if not proven:
            return False
        if found.width:
            end = start + found.width
        fix = self._make_fix(start, end, found.written, "safe" if found.sure else "unsafe")
        fixes = (fix,) if found.offered else ()
        report_unexpected(self.file, stack, self.index, help=found.help, fixes=fixes)
        tokens.exchange_tokens(found.start, found.end, rows)
        del stack.states[len(states) :]
        if taken:
            del stack.values[-taken:], stack.starts[-taken:]
        self.index = found.start
        return True

    def _make_fix(self, start: int, end: int, written: str, applicability: str) -> Fix:
        """Return the fix that replaces or removes a range, with spaces where needed."""
        text = self.source.text
        if not written:
            title = f"leave out `{text[start:end]}`"
            if text[end : end + 1] == " " and text[start - 1 : start].isspace():
                end += 1
            elif text[start - 1 : start] == " " and text[end : end + 1] in ("\r", "\n", ""):
                start -= 1
            return Fix(title, (Edit(Span(self.source, start, end), ""),), applicability)
        before = " " if written[0].isalpha() and text[start - 1 : start].isalnum() else ""
        behind = " " if written[-1].isalpha() and text[end : end + 1] not in (" ", "\n", "") else ""
        edit = Edit(Span(self.source, start, end), f"{before}{written}{behind}")
        return Fix(f"write `{written}`", (edit,), applicability)

    def else_if(self) -> bool:
        """Repair `elif` and the like in the place of `else if`, or of `else` without a condition.

        A colon before the body goes as well.
        """
        if self.word not in _ELSE_IFS or not is_terminal_allowed(
            self.stack.states, _TERMINAL_OF["else"]
        ):
            return False
        tokens, at = self.tokens, self.index
        colon = tokens.words[at + 1] == ":"
        keyword = "else" if tokens.words[at + 1 + colon] == "{" else "else if"
        self._report_misspelt(keyword)
        tokens.replace(at, "else")
        if keyword == "else if":
            tokens.insert(at + 1, "if")
        body = next((i for i in range(at, len(tokens.words)) if tokens.words[i] in ("{", "")), at)
        if tokens.words[body - 1] == ":":
            tokens.remove(body - 1)
        return True

    def sign(self) -> bool:
        """Repair `:` for `=`, or `=` for `:`, after a name."""
        wanted = {_FIELD: (_KEY, "="), _KEY: (_FIELD, ":")}.get(self.kind)
        if wanted is None or not is_terminal_allowed(self.stack.states, wanted[0]):
            return False
        tokens, at = self.tokens, self.index + 1
        written, sign = tokens.words[at], wanted[1]
        tokens.replace(at, sign)
        tokens.kinds[self.index] = wanted[0]
        if not self._reads_on(self.index):
            tokens.replace(at, written)
            tokens.kinds[self.index] = self.kind
            return False
        self._report_sign(at, written, sign)
        return True

    def repair_comparison(self) -> bool:
        """Repair `=` for `==` in a condition."""
        if self.kind != _TERMINAL_OF["="] or not is_terminal_allowed(
            self.stack.states, TERMINAL["CMP"]
        ):
            return False
        self.tokens.replace(self.index, "==")
        if not self._reads_on(self.index):
            self.tokens.replace(self.index, "=")
            return False
        self._report_sign(self.index, "=", "==")
        return True

    def _report_sign(self, at: int, written: str, sign: str) -> None:
        span = self.file.span(at)
        fix = Fix(f"write `{sign}`", (Edit(span, sign),))
        name = self.tokens.words[at - 1]
        self.sink.report(
            errors.WRONG_SIGN, span, fixes=(fix,), name=name, written=written, sign=sign
        )

    def keyword(self) -> bool:
        """Repair a misspelt keyword."""
        if not is_word(self.word):
            return False
        allowed = set(find_expected_terminals(self.stack.states))
        fitting_words = [word for word, term in KEYWORDS.items() if term in allowed]
        small = self.word.lower()
        keyword = small if small in fitting_words else find_closest_name(self.word, fitting_words)
        if keyword is None or keyword == self.word:
            return False
        self.tokens.replace(self.index, keyword)
        if not self._reads_on(self.index):
            self.tokens.words[self.index] = self.word
            self.tokens.kinds[self.index] = self.kind
            return False
        self._report_misspelt(keyword)
        return True

    def _report_misspelt(self, keyword: str) -> None:
        fix = Fix(f"write `{keyword}`", (Edit(self.span, keyword),))
        self.sink.report(
            errors.MISSPELT_KEYWORD, self.span, fixes=(fix,), written=self.word, keyword=keyword
        )

    def missing(self) -> str | None:
        """Insert the token that is missing before this one, and return it; None if none helps."""
        if self.kind == UNKNOWN or self.kind in _KEPT_AS_THEY_ARE - {END}:
            return None
        excess = self.tokens.excess_of_opening()
        for word in _INSERTED:
            # A brace is missing only if there are too many of the other kind.
            if (word == "{" and excess >= 0) or (word == "}" and excess <= 0):
                continue
            # An object in an odd place is not meant to be an argument.
            if word == "(" and self.word == "{":
                continue
            # A text that is too many is no command, and nobody forgets a word after itself.
            if word == "run" and self.kind in TEXTS:
                continue
            if word.isalpha() and word == self.tokens.words[self.index - 1]:
                continue
            if word == "call" and not self._has_arguments():
                continue
            # Only of a `wait`: behind `repeat` it would begin a form that is no more.
            if word == "until" and self.tokens.words[self.index - 1] != "wait":
                continue
            trial = list(self.stack.states)
            if shift_terminal(trial, _TERMINAL_OF[word]) and reads_on(
                self.tokens, trial, self.index
            ):
                self._report_missing(word, self.index)
                self.tokens.insert(self.index, word, at_start=word.isalpha())
                return word
        return None

    def _has_arguments(self) -> bool:
        """Whether a name followed by named or empty arguments begins here."""
        tokens, at = self.tokens, self.index + 1
        if tokens.words[at : at + 1] == ["."]:
            at += 2
        after = tokens.words[at : at + 2]
        if after[:1] != ["("]:
            return False
        return after[1:] == [")"] or tokens.kinds[at + 1 : at + 2] == [_FIELD]

    def closing_braces(self) -> bool:
        """Insert several `}` that are missing before this token."""
        if self.tokens.excess_of_opening() <= 0:
            return False
        trial = list(self.stack.states)
        count = 0
        while shift_terminal(trial, _TERMINAL_OF["}"]):
            count += 1
            if reads_on(self.tokens, trial, self.index):
                self._report_missing("}", self.index)
                for _ in range(count):
                    self.tokens.insert(self.index, "}")
                return True
        return False

    def insert_closers(self, *, quiet: bool) -> bool:
        """Insert the closing brackets that are missing before this token.

        The token must be outside every bracket.
        """
        trial = list(self.stack.states)
        missing = []
        while not is_terminal_allowed(trial, END):
            for word in _PAIRS:
                if is_terminal_allowed(trial, _TERMINAL_OF[word]):
                    shift_terminal(trial, _TERMINAL_OF[word])
                    missing.append(word)
                    break
            else:
                return False
        if not quiet:
            self._report_missing(missing[0], self.index)
        for word in reversed(missing):
            self.tokens.insert(self.index, word)
        return True

    def missing_sign(self) -> bool:
        """Insert a `:` or `=` that is missing after this name."""
        if not is_word(self.word) or (self.word in KEYWORDS and self._text_follows()):
            return False
        if self.word in SECTION_WORDS:
            return False
        tokens = self.tokens
        for kind, sign in ((_FIELD, ":"), (_KEY, "=")):
            if not is_terminal_allowed(self.stack.states, kind):
                continue
            tokens.kinds[self.index] = kind
            tokens.insert(self.index + 1, sign)
            if self._reads_on(self.index):
                self._report_missing(sign, self.index + 1)
                return True
            tokens.remove(self.index + 1)
            tokens.kinds[self.index] = self.kind
        return False

    def _text_follows(self) -> bool:
        """Whether the next token is text: this one may then be a statement in the wrong place."""
        return self.tokens.kinds[self.index + 1] in TEXTS

    def drop_superfluous_token(self) -> bool:
        """Remove a superfluous token."""
        if self.kind in _KEPT_AS_THEY_ARE or self._begins_statement():
            return False
        if self.kind == _INT and self.tokens.words[self.index - 1] == "repeat":
            return False  # it says how often
        count = count_fitting_tokens(self.tokens, self.stack.states, self.index + 1, PROOF)
        # Whoever ends one statement with `;` ends the next with it too.
        again = 1 < count < PROOF and self.tokens.words[self.index + 1 + count] == self.word
        if not again and not self._reads_on(self.index + 1):
            return False
        applicability = "safe" if self.word in MEANINGLESS else "unsafe"
        fix = self._make_fix(self.span.start, self.span.end, "", applicability)
        # A word or a `!` has a meaning, as in `is not empty`: without it, the meaning is reversed.
        has_meaning = is_word(self.word) or self.word == "!" or self.kind == _SHIFT
        fixes = () if has_meaning else (fix,)
        report_unexpected(self.file, self.stack, self.index, fixes=fixes)
        self.tokens.remove(self.index)
        return True

    def _begins_statement(self) -> bool:
        """Whether a keyword begins a line; then the previous line lacks something."""
        return self.word in KEYWORDS and breaks_line(self.tokens.blanks[self.index])

    def _report_missing(self, word: str, index: int) -> None:
        """Report `word` as missing before token `index`."""
        tokens = self.tokens
        place = tokens.starts[index] if word.isalpha() else tokens.ends[index - 1]
        span = self.place = Span(self.source, place, place)
        insertion = f"{word} " if word.isalpha() else f" {word}" if word in _SPACED else word
        fix = Fix(f"insert `{word}`", (Edit(span, insertion),))
        after = (
            index + 1 if tokens.words[index] == word and tokens.starts[index] == place else index
        )
        self.sink.report(
            errors.MISSING_TOKEN,
            span,
            labels=self._opening(word),
            help=MISSING.get(word),
            fixes=(fix,),
            missing=word,
            found=token_phrase(tokens, after),
        )

    def _opening(self, closer: str) -> tuple[Label, ...]:
        """Return a label at the bracket that `closer` closes."""
        pair = _PAIRS.get(closer)
        if pair is None:
            return ()
        closed = 0
        read = zip(symbols_of_states(self.stack.states), self.stack.starts, strict=True)
        for symbol, start in reversed(list(read)):
            if symbol == pair[1]:
                closed += 1
            elif symbol == pair[0]:
                closed -= 1
                if closed < 0:
                    return (Label(Span(self.source, start, start + 1), "opened here"),)
        return ()
