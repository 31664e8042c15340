"""The path patterns shared by project globs and `.gitignore`.

No library implements them; decision 8 gives the reasons.
"""

from __future__ import annotations

import re

MAGIC = frozenset("*?[")
_NOTHING = "(?!)"
"""A regular expression that never matches."""
_MEMBER = re.compile(r"(?s)\[:(\w*):\]|(\\?.)(?:-(?!\])(\\?.))?")
"""A member of a class: a named set, a character, or a range."""
_SETS = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def is_pattern(text: str) -> bool:
    """Whether `text` has wildcards."""
    return not MAGIC.isdisjoint(text)


def translate_glob(pattern: str) -> str:
    """The regular expression of a glob that matches a whole POSIX path.

    `*` and `?` stay inside one segment, `**` as a segment spans any number of them, `[a-z]`,
    `[!a-z]` and `[[:digit:]]` are classes, and a backslash takes the next character literally. As
    in git, a class that is not closed matches nothing.

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
            read = _read_class(pattern, index)
            if read is None:
                return _NOTHING
            segment.append(read[0])
            index = read[1]
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


def _read_class(pattern: str, index: int) -> tuple[str, int] | None:
    """Return the expression of the class whose bracket is before `index`, and where it ends.

    None for one that is not closed or names a set that does not exist.
    """
    negated = pattern[index : index + 1] in ("!", "^")
    first = index = index + negated
    members: list[str] = []
    while index == first or pattern[index : index + 1] != "]":
        member = _MEMBER.match(pattern, index)
        if member is None or (member[1] is not None and member[1] not in _SETS):
            return None
        if member[1] is not None:
            members.append(_SETS[member[1]])
        else:
            low, high = member[2][-1], (member[3] or member[2])[-1]
            # A range written backwards matches nothing here and is an error for `re`.
            members += [f"{re.escape(low)}-{re.escape(high)}"] if low <= high else []
        index = member.end()
    positive = f"[{''.join(members)}]" if members else _NOTHING
    return (f"(?!{positive})[^/]" if negated else f"(?=[^/]){positive}"), index + 1
