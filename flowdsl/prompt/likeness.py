"""Detect author's words that look like a sentence of ours, which an agent would execute.

The comparison is coarse: the words of a sentence around its holes, and in each hole anything that
looks like its kind. Matching words are refused, so that no prompt has two meanings.
"""

from __future__ import annotations

import re

from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS, NEW_KEYS, NEW_MODIFIERS

from .lines import LINES, REFERENCES

_NAMES = MODIFIERS | NAMED_KEYS | NEW_KEYS.keys() | NEW_MODIFIERS.keys()
_MARKED = r"(?:\"[^\"]*\"|'[^']*'|⟦.*⟧)"
_KINDS = {
    "command": r"the command .*⟦.*⟧",
    "count": r"[0-9]+",
    "duration": r"[0-9]+ (?:hour|minute|second|millisecond)s?",
    "exact": rf"(?:{_MARKED}|the (?:(?:text|JSON value) .*⟦.*⟧|secret .+))",
    "held": _MARKED,
    "items": _MARKED,
    "key": _MARKED,
    "reason": _MARKED,
    # Looked at by `_are_keys`: to compile a pattern of all names takes longer than to check a file.
    "keys": r"(\S+(?: \S+)*)",
    "members": f"{_MARKED}: .+",
    "name": _MARKED,
    "picture": "<img .*>",
    "quoted": _MARKED,
    "shown": ".*",
    "variable": r"\{\{.*\}\}",
}
_HOLE = re.compile(r"\\\{(\w+)\\\}")
_REFERENCES = tuple(words + sign for words in REFERENCES for sign in ":, ")


def like_a_sentence(text: str) -> bool:
    """Whether a line of prose, with a mark for each value, looks like one of our sentences."""
    for line in LINES.get(text.partition(" ")[0].removesuffix("."), ()):
        # Few texts begin as a line does; to compile the patterns of others would take too long.
        if text.startswith(line.partition("{")[0]):
            found = re.fullmatch(_make_pattern(line), text, re.DOTALL)
            if found is not None and _are_keys(found[1] if found.re.groups else None):
                return True
    return text.startswith(_REFERENCES)


def _make_pattern(line: str) -> str:
    """Return the pattern of a line; a group in it stands for keys."""
    return _HOLE.sub(lambda hole: _KINDS.get(hole[1], ".+"), re.escape(line))


def _are_keys(text: str | None) -> bool:
    """Whether a text is a list of keys and chords, as `Ctrl+S F5` is; also without any text."""
    for chord in () if text is None else text.split(" "):
        rest = chord
        while rest not in _NAMES and len(rest) != 1:
            name, plus, rest = rest.partition("+")
            if not plus or name not in _NAMES:
                return False
    return True
