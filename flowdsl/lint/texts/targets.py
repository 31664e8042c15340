"""How prose names what to act on.

Holds the words for controls, and tells whether a name says which control is meant.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, cached_property
from itertools import islice

_WORDS_FOR_CONTROLS = """
    box button checkbox dropdown field fields icon key link menu option radio suggestion tab
    textbox tile toggle combobox
"""
CONTROLS = frozenset(_WORDS_FOR_CONTROLS.split())
"""Words for a control that say nothing about which one it is."""

ENDS = frozenset(("again", "and", "once", "then", "twice"))

_OTHER_PURPOSE = r"\bto (?:close|open|reach) $"
_VERBS = (
    r"\b(?:check|choose|clear|click|enter|fill|find|focus|hit|key|look for|open|pick|press|push|put"
    r"|select|tap"
    r"|tick|toggle|type|uncheck|untick|use|write)\b"
)
_PLACES = frozenset(("dialog", "form", "page", "pop-up", "popup", "screen", "window"))
_OWNERS = frozenset(("its", "the", "their", "your"))
_PREPOSITIONS = frozenset(("in", "of", "on"))
_POINTING = frozenset(("that", "the", "this"))


def ends_naming(text: str, at: int) -> bool:
    """Whether `text` from `at` on, after a control, does not specify it further."""
    while True:
        words = list(islice(_word().finditer(text, at), 3))
        if not words or words[0][0][0] in ".;!?":
            return True
        first = words[0][0]
        if first[0] == ",":
            behind = first[1:] or (words[1][0] if len(words) > 1 else "")
            return not behind.startswith(("'", '"', "\\"))
        if first in ENDS:
            return True
        if first == "to":
            return len(words) > 1 and words[1][0] not in _OWNERS
        if len(words) < 3 or first not in _PREPOSITIONS or words[1][0] not in _POINTING:
            return False
        place = words[2][0].rstrip(".;!?,")
        if place not in _PLACES:
            return False
        at = words[2].start() + len(place)


class Acting:
    """Finds what `text` from `start` on tells an agent to act on.

    The text is read once, so that each question costs little, however long it is.
    """

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start
        self._named = -1
        self._clauses: list[int] = []
        self._verbs: list[tuple[int, int]] = []

    def is_alone(self, at: int) -> bool:
        """Whether nothing but blanks is before `at`."""
        return at <= self._first

    @cached_property
    def _first(self) -> int:
        found = re.compile(r"\S").search(self._text, self._start)
        return len(self._text) if found is None else found.start()

    def is_told(self, at: int) -> bool:
        """Whether the text before a control at `at` says to act on it.

        False if it names something, since that may be what to act on.
        """
        if self._named < 0:
            self._read()
        if at > self._named or _other_purpose().search(self._text, self._before(at), at):
            return False
        index = bisect_right(self._verbs, (at, at)) - 1
        while index >= 0 and self._verbs[index][1] > at:
            index -= 1
        clause = bisect_right(self._clauses, at) - 1
        begin = self._clauses[clause] if clause >= 0 else self._start
        return index >= 0 and self._verbs[index][0] >= begin

    def _before(self, at: int) -> int:
        return max(self._start, at - len("to reach "))

    def _read(self) -> None:
        text, start = self._text, self._start
        named = re.compile(r"[\\'\"“‘]|(?<=[\w,;] )[A-Z]").search(text, start)
        self._named = len(text) if named is None else named.start()
        self._clauses = [found.end() for found in re.compile(r"[.;!?]\s").finditer(text, start)]
        self._verbs = [found.span() for found in _verbs().finditer(text, start)]


@cache
def _word() -> re.Pattern[str]:
    return re.compile(r"\S+")


@cache
def _other_purpose() -> re.Pattern[str]:
    return re.compile(_OTHER_PURPOSE)


@cache
def _verbs() -> re.Pattern[str]:
    return re.compile(_VERBS, re.IGNORECASE)
