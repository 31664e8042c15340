"""Select tests by words of their titles: `-k "patient and not (slow or archive.flow)"`.

or      holds if one side does
and     holds if both sides do; words in a row need no `and`
not     holds if what follows does not
word    is a whole word of the title, of the subject or of the path, in any case
'a b'   is a phrase, so that `and`, `or` and `not` are words of it
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flowdsl.source.failure import FlowdslError

Predicate = Callable[[str], bool]
"""Whether a text, in lower case, is selected."""

_TOKEN = re.compile(r"[()]|'[^']*'|[^\s()]+")
_MOST_TOKENS = 200
_OPERATORS = frozenset(("and", "or", "not", "(", ")"))


class UnusableSelection(FlowdslError, ValueError):
    """A selection is no sentence of words with `and`, `or` and `not`."""


class Selection:
    """A parsed selection; an empty one selects every test."""

    def __init__(self, words: str) -> None:
        self._words = words
        tokens = _TOKEN.findall(words.casefold())
        if len(tokens) > _MOST_TOKENS:
            raise UnusableSelection(f"a selection has {_MOST_TOKENS} words at most")
        self._tokens = [*reversed(tokens)]
        self._holds = self._read_or() if self._tokens else lambda text: True
        if self._tokens:
            raise self._unusable()

    def selects(self, *texts: str) -> bool:
        """Whether the texts of a test together have the words."""
        return self._holds("\n".join(texts).casefold())

    def _read_or(self) -> Predicate:
        sides = [self._read_and()]
        while self._tokens and self._tokens[-1] == "or":
            self._tokens.pop()
            sides.append(self._read_and())
        return lambda text: any(side(text) for side in sides)

    def _read_and(self) -> Predicate:
        sides = [self._read_not()]
        while self._tokens and self._tokens[-1] not in ("or", ")"):
            if self._tokens[-1] == "and":
                self._tokens.pop()
            sides.append(self._read_not())
        return lambda text: all(side(text) for side in sides)

    def _read_not(self) -> Predicate:
        token = self._tokens.pop() if self._tokens else ""
        if token == "not":
            inner = self._read_not()
            return lambda text: not inner(text)
        if token == "(":
            inner = self._read_or()
            if not self._tokens or self._tokens.pop() != ")":
                raise self._unusable()
            return inner
        if not token or token in _OPERATORS:
            raise self._unusable()
        word = token.strip("'") if token[0] == token[-1] == "'" else token
        if not word:
            raise self._unusable()
        whole_word = re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])")
        return lambda text: whole_word.search(text) is not None

    def _unusable(self) -> UnusableSelection:
        return UnusableSelection(
            f"`{self._words}` is no selection: write words with `and`, `or`, `not` and "
            "parentheses, as in `patient and not archive`"
        )


def has_words(text: str, words: str) -> bool:
    """Whether a text contains all the words, in any order and case."""
    return all(word in text.casefold() for word in words.casefold().split())
