"""Advice for the syntax errors that people make.

Many use syntax of other languages, of Markdown or of word processors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..edition import DECLARATIONS
from ..parser.driver import (
    Stack,
    count_fitting_tokens,
    find_expected_terminals,
    is_terminal_allowed,
)
from ..parser.lexer import KEYWORDS, TERMINAL, UNKNOWN, Lexemes, is_word
from ..parser.tables import TERMINALS
from . import foreign_syntax as foreign
from .resynchronisation import statement_words

_BACKSLASH_BEFORE_QUOTE = re.compile(r'\\"[ \t]*(?:#.*)?\Z')
"""A `\\"` where the line, but for a comment after it, seems to end the text."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")
_TEXTS = frozenset(("STRING", "BLOCK", "RAW"))
_DECLARING = frozenset(("workflow", "task", "chain", "type"))


def advice_for_unterminated(opened: str) -> str | None:
    """Return the advice for an unterminated text, given its token; None for closing it."""
    if opened.startswith('"""'):
        return None
    if _BACKSLASH_BEFORE_QUOTE.search(opened):
        return (
            'a `\\"` does not end a text; a text that ends in a backslash is written raw: `r"..."`'
        )
    return foreign.DOUBLE_QUOTES if any(mark in opened for mark in foreign.CURLY_QUOTES) else None


def character_advice(tokens: Lexemes, index: int, stack: Stack) -> str | None:
    """Return the advice for a character that begins no token, if there is any."""
    character = tokens.words[index]
    if character == "-" and tokens.words[index + 1] == "-":
        return foreign.COMMENT
    if character in foreign.LIST_MARKS:
        if _is_joined_to_previous(tokens, index):
            return "a name has no hyphens: use `_`"
        if count_fitting_tokens(tokens, stack.states, index + 1, 1):
            return f"leave out `{character}`"
        before = tokens.words[index - 1]
        if "\n" not in tokens.blanks[index] and is_word(before) and before not in KEYWORDS:
            return foreign.ARITHMETIC
        if is_terminal_allowed(stack.states, TERMINAL["DO"]):
            return foreign.INSTRUCTION
        return foreign.WORD_AFTER_WORD.get((tokens.words[index - 1], character))
    if tokens.words[index : index + 3] == ["`"] * 3:
        return "leave out the fence of Markdown"
    if character.isalpha():
        return foreign.ASCII
    return foreign.CHARACTERS.get(character) or (None if character.isprintable() else "delete it")


def advice_for_unfinished(tokens: Lexemes, index: int, allowed: Sequence[int]) -> str | None:
    """Return the advice for a line that ends too early before token `index`, if there is any.

    `allowed` are the terminals that could follow.
    """
    names = {TERMINALS[term] for term in allowed}
    if names <= {"LPAR", "DOT"}:
        return foreign.NO_ARGUMENTS
    if names == {"UNTIL"}:
        return foreign.ENDLESS
    if names == {"AS"} and tokens.words[index - 2] == "import":
        return 'a whole file gets a name: `import "./x.flow" as x`'
    return None


def token_advice(tokens: Lexemes, index: int, stack: Stack) -> str | None:
    """Return the advice for an unexpected token, if there is any."""
    return _Place(tokens, index, stack).advice()


def _is_joined_to_previous(tokens: Lexemes, index: int) -> bool:
    """Whether a token touches the word before it."""
    return tokens.blanks[index] == "" and is_word(tokens.words[index - 1])


class _Place:
    """The token that stopped the parser, and its surroundings.

    `fitting` has the names of the terminals that would fit.
    """

    def __init__(self, tokens: Lexemes, index: int, stack: Stack) -> None:
        self.tokens = tokens
        self.index = index
        self.stack = stack
        self.word = tokens.words[index]
        kind = tokens.kinds[index]
        self.kind = "" if kind == UNKNOWN else TERMINALS[kind]
        self.before = tokens.words[index - 1]
        self.after = [*tokens.words[index + 1 : index + 3], "", ""]
        self.fitting = {TERMINALS[term] for term in find_expected_terminals(stack.states)}

    def advice(self) -> str | None:
        """Return the advice for the token, if there is any; the tables take precedence."""
        found = foreign.WORD_AFTER_WORD.get((self.before, self.word))
        if found is None:
            # In the order of the table, which says what matters most.
            found = next(
                (
                    advice
                    for (word, term), advice in foreign.WORD_WHERE.items()
                    if word == self.word and term in self.fitting
                ),
                None,
            )
        if found is None and self.kind == "KEYNAME":
            found = foreign.DOUBLE_QUOTES
        return (
            found
            or self._quote_in_text()
            or self._advise_on_braces()
            or self._text()
            or self._number()
            or self._advise_on_day()
            or (self._advise_on_word() if is_word(self.word) else self._advise_on_sign())
        )

    def _quote_in_text(self) -> str | None:
        touches = self.tokens.blanks[self.index] == "" and self.before.endswith('"')
        if touches and (is_word(self.word) or self.kind == "STRING"):
            return 'a quote inside text is written `\\"`'
        return None

    def _advise_on_braces(self) -> str | None:
        """Return the advice for a variable in braces outside of text."""
        if self.kind == "RUNTIME":
            name = self.word.strip("{} \t")
            if is_word(name) and self.fitting & {"NAME", "FIELD", "KEY"}:
                return f"a name that is set stands without braces: write `{self._named(name)}`"
            if self.fitting == _TEXTS:
                return f'text stands in double quotes: write `"{{{name}}}"`'
            return None
        words = self.tokens.words
        start = self.index + 1 if self.word == "{" else self.index
        if words[start - 1] != "{" or (start == self.index and "STRING" not in self.fitting):
            return None
        dollar = "$" if words[start] == "$" else ""
        name, closer = [*words[start + len(dollar) : start + len(dollar) + 2], "", ""][:2]
        if is_word(name) and closer == "}" and self.fitting == _TEXTS:
            return f'text stands in double quotes: write `"{{{dollar}{name}}}"`'
        if is_word(name) and closer == "}" and self.fitting & {"NAME", "DOLLAR", "RBRACE"}:
            return f"outside text a variable stands without braces: write `{dollar}{name}`"
        return None

    def _text(self) -> str | None:
        """Return the advice for text where a statement, a name or the end of an `else` belongs."""
        if self.kind not in ("STRING", "BLOCK", "RAW"):
            return None
        if "DO" in self.fitting:
            return foreign.INSTRUCTION
        if {"ABORT", "FAIL", "FINISH"} <= self.fitting:
            return 'an `else` says how it ends: `else abort "..."`'
        if self.after[0] == "|":
            return foreign.CHOICE
        if self.before in ("extract", "copy"):
            return f'what is read has a name and a type: `{self.before} name: type from "..."`'
        if {"FIELD", "RPAR"} <= self.fitting:
            return foreign.ARGUMENTS
        name = _NOT_IN_NAMES.sub("_", self.word.strip('"')).strip("_")
        if is_word(name) and ("NAME" in self.fitting or self.after[0] == ":"):
            return f"a name stands without quotes: write `{self._named(name)}`"
        return None

    def _number(self) -> str | None:
        """Return the advice for an unexpected number."""
        if self.kind == "DURATION" and "INT" in self.fitting:
            return "a duration stands behind `wait` and `timeout` only"
        if self.kind != "INT":
            return None
        if "DO" in self.fitting:
            numbered = self.after[0] in (".", ")")
            if numbered and count_fitting_tokens(self.tokens, self.stack.states, self.index + 2, 1):
                return f"leave out `{self.word}{self.after[0]}`"
            return foreign.INSTRUCTION
        if self.before == "repeat":
            return foreign.COUNT
        if self.before == "step":
            return foreign.TITLE
        if "DURATION" in self.fitting:
            return f"a duration ends in its unit: write `{self.word}s` for seconds"
        return foreign.ARGUMENTS if {"FIELD", "RPAR"} <= self.fitting else None

    def _advise_on_day(self) -> str | None:
        """Return the advice for a date computation in a place that allows none."""
        if self.kind == "START":
            return foreign.DAYS.format(day=" ".join(self.word.split()))
        if self.kind != "SHIFT":
            return None
        counted = f"{self.word[0]} {self.word[1:].strip()}"
        base = self.before if is_word(self.before) else "today"
        return foreign.DAYS.format(day=f"{base} {counted}")

    def _advise_on_word(self) -> str | None:
        """Return the advice for an unexpected word."""
        word, fitting_names = self.word, self.fitting
        lower = word.lower()
        if self.tokens.words[self.index - 2] == "press" and re.fullmatch("x[0-9]+", lower):
            return f"write `press {self.before} {lower[1:]} times`"
        if self.kind in ("FIELD", "KEY") and self._fits_as_keyword(word):
            return f"leave out the `{self.after[0]}` behind `{word}`"
        if self._fits_as_keyword(lower):
            return f"keywords are written in small letters: `{lower}`"
        if lower in foreign.WORDS_OUTSIDE and "WORKFLOW" in fitting_names:
            return foreign.WORDS_OUTSIDE[lower]
        if lower in foreign.WORDS_OF_OTHER_LANGUAGES:
            return foreign.WORDS_OF_OTHER_LANGUAGES[lower]
        if self.before == "is" and "EMPTY" in fitting_names:
            return foreign.COMPARISON
        opened = self.tokens.words[max(self.index - 3, 0) : self.index]
        if opened[1:] == ["=", "{"] and word in KEYWORDS:
            return f"a body stands in braces, without `=`: `{opened[0]} {{ ... }}`"
        if self.tokens.words[self.index - 2] in _DECLARING and "LBRACE" in fitting_names:
            return "a name has no spaces: use `_`"
        if (
            "STRING" in fitting_names
            and self.after[0][:1] in ('"', "'")
            and self._is_touched_by_next()
        ):
            return f"leave out the `{word}`: every text may hold variables"
        if fitting_names == {"FROM"} and self.after[0] == "from":
            return f"a type stands behind a colon: write `{self.before}: {word}`"
        if self.before == "each" and "IN" in fitting_names:
            return foreign.LOOP
        if self.before == "import":
            return 'names are imported in braces: `import { name } from "..."`'
        if _is_joined_to_previous(self.tokens, self.index + 1):
            if self.after[0].startswith("-"):
                return "a name has no hyphens: use `_`"
            if self.after[0].isalpha():
                return foreign.ASCII
        if "DO" in fitting_names and self.kind == "FIELD":
            return foreign.SETTINGS
        if "DO" in fitting_names and self.kind == "KEY":
            return foreign.APPENDED if self.after[0] == "+=" else foreign.ASSIGNED
        if "DO" in fitting_names:
            return None if word in KEYWORDS else foreign.INSTRUCTION
        if "STEPS" in fitting_names and word in statement_words():
            return "statements stand in `steps { ... }`"
        if "WORKFLOW" in fitting_names:
            if self.kind == "FIELD":
                return f"{DECLARATIONS}, not YAML"
            return None if word in KEYWORDS else f"{DECLARATIONS}; a comment begins with `#`"
        if "STRING" in fitting_names and "NAME" not in fitting_names:
            return foreign.DOUBLE_QUOTES
        if fitting_names & {"FIELD", "KEY"} and word not in KEYWORDS:
            return foreign.ARGUMENTS if "RPAR" in fitting_names else f"write `{self._named(word)}`"
        begins_body = "LBRACE" in fitting_names and self.after[0] != "{"
        return foreign.BODY if begins_body and word in KEYWORDS else None

    def _advise_on_sign(self) -> str | None:
        """Return the advice for an unexpected sign."""
        word, fitting_names = self.word, self.fitting
        if (self.before, word) == ("do", "{"):
            return foreign.ROUNDS
        if word == "," and self.tokens.words[self.index - 2] == "for":
            return foreign.ENTRY_ALONE
        if word == "<" and self.before.lower() in ("list", "array"):
            return foreign.LIST_TYPE
        if word == "<" and self.before.lower() in ("map", "dict", "record", "object"):
            return foreign.RECORD_TYPE
        if word == "?" and fitting_names == {"COLON"}:
            return f"what may be missing here is written `{self.before}: type?`"
        if word == "[" and {"STRING", "NAME", "LBRACE"} <= fitting_names:
            return foreign.LIST_TYPE
        if word == "=" and {"AT", "RBRACE"} <= fitting_names:
            return "a default stands in front of the annotations: `name: type = value @min(0)`"
        if word == "@" and "FIELD" in fitting_names:
            return "the annotations of a field stand behind its type"
        if word == "(" and "STRING" in fitting_names:
            return f'a statement takes no round brackets: `{self.before} "..."`'
        if word == "." and self.after[0].isdigit() and not self.before[-1:].isdigit():
            return f"a number begins with a digit: write `0.{self.after[0]}`"
        if word in ("}", "") and fitting_names <= {"LPAR", "DOT"}:
            return foreign.NO_ARGUMENTS
        left_out = word in foreign.OFTEN_TOO_MANY or (word == "}" and "WORKFLOW" in fitting_names)
        if left_out and count_fitting_tokens(self.tokens, self.stack.states, self.index + 1, 1):
            return f"leave out `{word}`"
        if word == "," and "DO" in fitting_names:
            return "every instruction begins with its own `do`"
        return foreign.BODY if word in (":", "=", "[") and "LBRACE" in fitting_names else None

    def _is_touched_by_next(self) -> bool:
        """Whether the next token touches this one."""
        return self.tokens.blanks[self.index + 1] == ""

    def _fits_as_keyword(self, word: str) -> bool:
        return word in KEYWORDS and TERMINALS[KEYWORDS[word]] in self.fitting

    def _named(self, name: str) -> str:
        """Return the name with the sign that must follow it."""
        if "NAME" in self.fitting:
            return name
        return f"{name}: ..." if "FIELD" in self.fitting else f"{name} = ..."
