"""Generates a text that a regular expression matches, with the shortest alternatives.

Supports the parts that patterns of inputs and outputs are made of: literals, classes, groups,
alternatives and counts. Look-arounds, back references and flags are not supported.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flowdsl.source.patterns import Unusable, may_be_found

MAX_LENGTH = 2_000

_CLASSES = {"d": "7", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_TRIED = "".join(map(chr, [*range(0x61, 0x7B), *range(0x41, 0x5B), *range(0x30, 0x3A)])) + (
    "-_. /,:;+*#@!?=&%$()[]{}<>|\\^~'\"`\té"
)


class _Unsupported(Exception):
    """The pattern has a part there is no text for."""


def matching_text(pattern: str, *, at_least: int = 0) -> str | None:
    """A text of `at_least` characters or more that `pattern` matches somewhere; None without one.

    A longer text than the shortest repeats parts that may repeat more often: first the first ones,
    for the characters that are missing, then all of them.
    """
    try:
        text = _Writer(pattern).whole()
        missing = min(max(0, at_least - len(text)), MAX_LENGTH)
        for extra, spare in ((0, 0), (0, missing), (1, 0), (min(at_least, MAX_LENGTH), 0)):
            text = _Writer(pattern, extra, spare).whole()
            if len(text) >= at_least and may_be_found(pattern, text):
                return text
    except (_Unsupported, Unusable, re.error, RecursionError, OverflowError, ValueError):
        return None
    return None


class _Writer:
    """Walks one pattern and writes a text for it.

    `extra` is added to every open count, or else they share `spare` characters: the first takes
    what it can.
    """

    def __init__(self, pattern: str, extra: int = 0, spare: int = 0) -> None:
        self._pattern = pattern
        self._at = 0
        self._extra = extra
        self._spare = spare

    def whole(self) -> str:
        text = self._write_alternatives()
        if self._at < len(self._pattern):
            raise _Unsupported
        return text

    def _write_alternatives(self) -> str:
        first = self._write_sequence()
        spare = self._spare
        while self._take("|"):
            self._write_sequence()
        self._spare = spare
        return first

    def _write_sequence(self) -> str:
        text = ""
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            spare = self._spare
            text += self._write_repetition(self._write_atom(), spare)
            if len(text) > MAX_LENGTH:
                raise _Unsupported
        return text

    def _write_atom(self) -> str:
        character = self._next()
        match character:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "[":
                return self._write_class_member()
            case "(":
                return self._write_group()
            case "\\":
                return self._write_escape()
            case "*" | "+" | "?":
                raise _Unsupported
            case _:
                return character

    def _write_repetition(self, text: str, spare: int) -> str:
        """Write an atom as often as it is counted; `spare` is what there was before it."""
        low, high = 1, MAX_LENGTH
        if self._take("*"):
            low = 0
        elif self._take("+"):
            pass
        elif self._take("?"):
            low, high = 0, 1
        elif counted := re.compile(r"\{(\d+)(,?)(\d*)\}").match(self._pattern, self._at):
            self._at = counted.end()
            low = int(counted[1])
            if counted[3]:
                high = int(counted[3])
            if not counted[2]:
                high = low
        else:
            return text
        if not self._take("?"):
            self._take("+")
        more = self._spare // max(1, len(text)) if self._spare else self._extra
        count = max(low, min(high, low + more))
        if count == 0:
            self._spare = spare
        elif self._spare:
            self._spare -= (count - low) * len(text)
        if count * len(text) > MAX_LENGTH:
            raise _Unsupported
        return text * count

    def _write_group(self) -> str:
        if self._take("?") and not self._take(":") and not self._named():
            raise _Unsupported
        text = self._write_alternatives()
        if not self._take(")"):
            raise _Unsupported
        return text

    def _named(self) -> bool:
        name = re.compile(r"P?<\w+>").match(self._pattern, self._at)
        if name is None:
            return False
        self._at = name.end()
        return True

    def _write_escape(self) -> str:
        character = self._next()
        if character in "AZbz":
            return ""
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in "xu":
            digits = 2 if character == "x" else 4
            code = self._pattern[self._at : self._at + digits]
            self._at += digits
            return _character_of_code(code)
        if character.isalnum():
            raise _Unsupported
        return character

    def _write_class_member(self) -> str:
        """One member: the first that is written, or for `[^...]` one that is not."""
        start = self._at - 1
        negated = self._take("^")
        first = True
        members: list[str] = []
        while first or self._pattern[self._at : self._at + 1] != "]":
            first = False
            character = self._next()
            members.append(self._write_escape() if character == "\\" else character)
        self._at += 1
        written = self._pattern[start : self._at]
        fits: Callable[[str], object] = re.compile(written).fullmatch
        for candidate in _TRIED if negated else "".join(members) + _TRIED:
            if fits(candidate):
                return candidate
        raise _Unsupported

    def _next(self) -> str:
        if self._at >= len(self._pattern):
            raise _Unsupported
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, wanted: str) -> bool:
        if self._pattern.startswith(wanted, self._at):
            self._at += len(wanted)
            return True
        return False


def _character_of_code(code: str) -> str:
    try:
        return chr(int(code, 16))
    except ValueError:
        raise _Unsupported from None
