"""The path patterns shared by project globs and `.gitignore`.

No library implements them; decision 8 gives the reasons.
"""

from __future__ import annotations

import re

MAGIC = frozenset("*?[")
_NOTHING = "(?!)"
"""A regular expression that never matches."""


def is_pattern(text: str) -> bool:
    """Whether `text` has wildcards."""
    return not MAGIC.isdisjoint(text)


def translate_glob(pattern: str) -> str:
    """The regular expression of a glob that matches a whole POSIX path.

    `*` and `?` stay inside one segment, `**` as a segment spans any number of them, `[a-z]` and
    `[!a-z]` are classes, and a backslash takes the next character literally. As in git, a class
    that is not closed matches nothing.

    Matching takes no more than the square of the path's length. Between two wildcards of one kind,
    the first place where the text between them fits is taken for good (an atomic group), since that
    leaves the most to the rest.
    """
    spans: list[list[str]] = [[]]  # between two `**/`: the expressions of the segments
    segment: list[str | None] = []  # None for `*`
    index, end = 0, len(pattern)
    while index < end:
        if pattern.startswith("**", index) and (index == 0 or pattern[index - 1] == "/"):
            if index + 2 == end:
                segment.append(".+")
                break
            if pattern[index + 2] == "/":
                spans[-1].append(_segment_expression(segment))
                spans.append([])
                segment = []
                index += 3
                continue
        character = pattern[index]
        index += 1
        if character == "*":
            while pattern[index : index + 1] == "*":
                index += 1
            segment.append(None)
        elif character == "/":
            spans[-1].append(_segment_expression(segment) + "/")
            segment = []
        elif character == "?":
            segment.append("[^/]")
        elif character == "[":
            closing = pattern.find(
                "]", index + (2 if pattern[index : index + 1] in ("!", "^") else 1)
            )
            if closing < 0:
                return _NOTHING
            segment.append(_character_class(pattern[index:closing]))
            index = closing + 1
        else:
            if character == "\\":
                if index == end:
                    return _NOTHING
                character = pattern[index]
                index += 1
            segment.append(re.escape(character))
    spans[-1].append(_segment_expression(segment))
    first, *others = map("".join, spans)
    if not others:
        return first
    taken = "".join(f"(?>(?:[^/]+/)*?{span})" for span in others[:-1])
    return f"{first}{taken}(?:[^/]+/)*{others[-1]}"


def _segment_expression(parts: list[str | None]) -> str:
    """The expression of one segment; all but its last `*` take what they first find, for good."""
    stars = parts.count(None)
    written, opened = [], ""
    for part in parts:
        if part is None:
            stars -= 1
            part = opened + ("(?>[^/]*?" if stars else "[^/]*")
            opened = ")"
        written.append(part)
    return "".join(written)


def _character_class(inner: str) -> str:
    negated = inner[0] in "!^"
    members = inner[1:] if negated else inner
    # A range written backwards matches nothing in a glob but is an error in a regular expression.
    parts, index = [], 0
    while index < len(members):
        low = members[index]
        if members[index + 1 : index + 2] == "-" and index + 2 < len(members):
            high = members[index + 2]
            if low <= high:
                parts.append(f"{re.escape(low)}-{re.escape(high)}")
            index += 3
        else:
            parts.append(re.escape(low))
            index += 1
    positive = "[" + "".join(parts) + "]" if parts else _NOTHING
    if negated:
        return f"(?!{positive})[^/]"
    return f"(?=[^/]){positive}"
