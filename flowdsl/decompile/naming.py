"""Derives names in source from the titles of workflows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

LONGEST = 60
"""Maximum length of a name, in characters; the names of its files are a little longer."""

FALLBACK = "workflow"
"""The name of a workflow whose title has no character that is allowed in a name."""

_FOLDED = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "ø": "oe",
        "œ": "oe",
        "å": "aa",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "ı": "i",
    }
)
_RESERVED = frozenset(("true", "false", "null", "not", "sees", "env"))
"""Reserved words of the language."""

_FORWARDED = re.compile(
    r"(?i)(?:\s*(?:(?:fwd?|re|aw|wg|sv|vs|tr|antw)\s*:|\(copy(?:\s+\d+)?\)|copy(?:\s+\(?\d+\)?)?\s+of\s))+\s*(?=\S)"
)
"""Prefixes of forwarded or copied titles."""

_SHOWN = 60
"""Maximum length of a title in a message, in characters."""

_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\Z")
"""Device names that Windows reserves, with any extension."""


def workflow_name(title: str) -> str:
    """Return a name in snake case: ASCII, not a reserved word, and a valid file name."""
    own = title[found.end() :] if (found := _FORWARDED.match(title)) else title
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", own)
    folded = _decompose_title(spaced).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"['`]", "", folded)).strip("_")
    if not name or name[0].isdigit():
        name = f"{FALLBACK}_{name}".rstrip("_")
    name = _cut_name(name, LONGEST)
    return f"{name}_{FALLBACK}" if name in _RESERVED or _DEVICES.match(name) else name


def is_name(name: str) -> bool:
    """Whether a name is valid for a workflow and, on every platform, for its file."""
    lowered = name.lower()
    return (
        re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) is not None
        and len(name) <= LONGEST
        and workflow_name(lowered) != f"{lowered}_{FALLBACK}"
    )


def describe_workflow_name(name: str, title: str | None) -> str:
    """Return a workflow's name for a message, with its title if one is given."""
    return name if title is None else f"{name} (`{title}`)"


def telling_title(title: str) -> str | None:
    """Return the shortened title if fewer than half of its letters are in the name; else None."""
    letters = [letter for letter in _decompose_title(title) if letter.isalpha()]
    kept = sum(letter.isascii() for letter in letters)
    if letters and 2 * kept >= len(letters):
        return None
    return title if len(title) <= _SHOWN else f"{title[:_SHOWN]}..."


def _decompose_title(title: str) -> str:
    """Return a title in lower case, letters split into base letters and combining marks (NFKD)."""
    lowered = unicodedata.normalize("NFC", title).lower().translate(_FOLDED)
    return unicodedata.normalize("NFKD", lowered)


class Names:
    """Assigns unique names, ignoring case; the names in `taken` are not assigned."""

    def __init__(self, taken: Container[str] = ()) -> None:
        self._taken = taken
        self._given: set[str] = set()

    def give(self, wanted: str) -> str:
        """Return `wanted`, or the first of `wanted_2`, `wanted_3`, ... that is not taken."""
        name, number = wanted, 1
        while self._is_taken(name):
            number += 1
            ending = f"_{number}"
            name = _cut_name(wanted, LONGEST - len(ending)) + ending
        self._given.add(name.lower())
        return name

    def _is_taken(self, name: str) -> bool:
        return name.lower() in self._given or name in self._taken or name.lower() in self._taken


def _cut_name(name: str, length: int) -> str:
    return name[:length].rstrip("_")
