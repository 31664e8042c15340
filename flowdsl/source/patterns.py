"""Regular expressions of a project or of the service, run so that none can keep the program busy.

RE2 runs them, in time linear in the text whatever the pattern (decision 25). It is imported where
the first one is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

LONGEST = 10_000
"""Characters that a pattern may have. RE2 takes quadratic time for its brackets."""

DEEPEST = 100
"""How deep groups may be nested."""

_MEMORY = 1 << 20
"""Bytes that a compiled pattern may take, which bounds the time of compiling it, too."""

_MOST_REPEATS = 1_000
"""How often RE2 repeats a part."""

_OFTEN = f"it repeats a part more than {_MOST_REPEATS:,} times"

_TOKEN = re.compile(r"\\.|[()\[\]]", re.DOTALL)
"""An escape, or a bracket."""

_ESCAPE = r"(?s)\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]+)\}|c([A-Za-z])|.)"
"""An escape; groups hold the digits of `\\u00e9` and of `\\u{1F600}`, and the letter of `\\cA`."""

_LOOKS_OR_REFERS = r"(?s)\\(?:[1-9]|k<)|\\.|\(\?<?[=!]"
"""What RE2 lacks: a reference to a group or a group that looks around; else another escape."""

_GROUP_KIND = r"(?<=\()\?(?:<?[=!]|P?<\w+>|[a-zA-Z-]+(?=\))|[a-zA-Z-]+:)"
"""What follows the bracket of a group and Python may write otherwise: `?<=`, `?<name>`, `?i`."""

_COUNT = r"(?s)\\(?:[ux]\{[0-9A-Fa-f]+\}|.)|\[\^?\]?(?:\\.|[^\]\\])*\]?|\{(\d*),?(\d*)\}"
"""An escape, a class, or how often a part is repeated: digits in the first two count nothing."""

_CLASSES_OF_DIALECTS = r"\\[wWdDsSbB]"
"""Escapes that hold only ASCII for some engines, and letters of all alphabets for others."""


class Unusable(Exception):
    """A pattern that is not run.

    `why` finishes a sentence that names the pattern, as in "it is longer than 10,000 characters".
    `is_legal` is true when other engines may read it.
    """

    def __init__(self, why: str, *, is_legal: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_legal = is_legal


def syntax_problem(pattern: str) -> str | None:
    """Return why no dialect accepts `pattern`; None if some engine may, even if RE2 cannot."""
    try:
        _check_pattern_bounds(pattern)
        if pattern.isascii() and not any(mark in pattern for mark in ("(?", "\\p", "\\P", "\\u")):
            # What all dialects share needs no import of RE2, and Python reads it in linear time.
            _read_by_python(pattern)
        else:
            _compile_pattern(pattern)
    except Unusable as unusable:
        return None if unusable.is_legal else unusable.why
    return None


def run_problem(pattern: str) -> str | None:
    """Return why `pattern` is not run, even if other engines accept it; None if it is run."""
    try:
        _compile_pattern(pattern)
    except Unusable as unusable:
        return unusable.why
    return None


def may_be_found(pattern: str, text: str) -> bool:
    """Whether some dialect finds `pattern` in `text`; raises `Unusable`.

    RE2 searches. Where it finds nothing, the answer is still True for a text that is not ASCII if
    the pattern has `\\w` or its like, which other engines read differently.
    """
    if _compile_pattern(pattern).search(_replace_lone_surrogates(text)) is not None:
        return True
    return not text.isascii() and re.search(_CLASSES_OF_DIALECTS, pattern) is not None


def matches_whole(pattern: str, text: str) -> bool:
    """Whether `pattern` matches all of `text`, as RE2 reads it; raises `Unusable`."""
    _compile_pattern(pattern)
    return (
        _compile_pattern(rf"\A(?:{pattern})\Z").search(_replace_lone_surrogates(text)) is not None
    )


def may_match(pattern: str, text: str) -> bool:
    """Return what `may_be_found` does, but True for a pattern that is not run."""
    try:
        return may_be_found(pattern, text)
    except Unusable:
        return True


def find_match_places(pattern: str, text: str, most: int) -> Iterator[tuple[int, int]]:
    """The offsets of the first `most` matches of `pattern` in `text` that are not empty.

    Raises `Unusable`. The bound keeps the time linear where every match has to look at the rest of
    the text.
    """
    found = 0
    for match in _compile_pattern(pattern).finditer(_replace_lone_surrogates(text)):
        start, end = match.span()
        if start < end:
            yield start, end
            found += 1
            if found == most:
                return


def _replace_lone_surrogates(text: str) -> str:
    """`text` with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


@lru_cache(maxsize=256)
def _compile_pattern(pattern: str) -> Any:
    """`pattern` compiled by RE2; raises `Unusable`."""
    _check_pattern_bounds(pattern)
    if any(_repeats_too_often(found) for found in re.finditer(_COUNT, pattern)):
        # RE2 takes a count with very many digits for plain text.
        raise Unusable(_OFTEN, is_legal=True)
    import re2  # type: ignore[import-untyped]  # most programs run no pattern

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(re.sub(_ESCAPE, _spell_for_re2, pattern), options)
    except UnicodeEncodeError:
        raise Unusable("it holds half a character") from None
    except re2.error as error:
        _read_by_python(_simplify_pattern(pattern))
        raise Unusable(_describe_beyond_re2(pattern, error), is_legal=True) from None


def _repeats_too_often(found: re.Match[str]) -> bool:
    """Whether a match of `_COUNT` repeats a part more often than RE2 allows."""
    counts = [count.lstrip("0") for count in found.groups() if count]
    longest = len(str(_MOST_REPEATS))
    return any(len(each) > longest or int(each or 0) > _MOST_REPEATS for each in counts)


def _spell_for_re2(escape: re.Match[str]) -> str:
    """One escape of JSON Schema's dialect or of Python's, as RE2 writes it."""
    short, long, control = escape.groups()
    if control is not None:
        return f"\\x{{{ord(control) % 32:x}}}"
    if short is not None or long is not None:
        return f"\\x{{{short or long}}}"
    return "\\z" if escape[0] == "\\Z" else escape[0]


def _describe_beyond_re2(pattern: str, error: Exception) -> str:
    """What of `pattern` RE2 does not support, in words that finish a sentence."""
    for found in re.finditer(_LOOKS_OR_REFERS, pattern):
        if found[0].startswith("("):
            return f"it looks around with `{found[0]}`"
        if found[0][1].isdigit() or found[0].startswith("\\k<"):
            return f"it refers back to a group with `{found[0]}`"
    reason = error.args[0].decode(errors="replace")
    if reason.startswith("invalid repetition size"):
        return _OFTEN
    if reason.startswith("pattern too large"):
        return "it is too large with its parts repeated"
    return f"it has an {reason}" if reason.startswith("invalid") else f"it has a {reason}"


def _check_pattern_bounds(pattern: str) -> None:
    """Refuse what would take long to compile; raises `Unusable`."""
    if len(pattern) > LONGEST:
        raise Unusable(f"it is longer than {LONGEST:,} characters")
    depth = 0
    for token in _TOKEN.findall(pattern):
        depth += (token == "(") - (token == ")")
        if depth > DEEPEST:
            raise Unusable(f"its groups are nested more than {DEEPEST} deep")


def _simplify_pattern(pattern: str) -> str:
    """`pattern` with `x` for each escape and class, and groups in syntax that Python shares.

    For example `(?<word>\\d+)[a-z]` becomes `(?:x+)x`. If Python refuses that, groups or counts of
    the pattern are wrong in every dialect.
    """
    kept: list[str] = []
    end = class_start = 0
    in_class = False
    for token in _TOKEN.finditer(pattern):
        at = token.start()
        if token[0] == "[" and not in_class:
            kept.append(pattern[end:at])
            in_class, class_start = True, at
        elif token[0] == "]" and in_class and pattern[class_start + 1 : at] not in ("", "^"):
            kept.append("x")
            in_class = False
        elif in_class:
            continue
        elif token[0].startswith("\\"):
            kept += (pattern[end:at], "x")
        else:
            continue
        end = token.end()
    kept.append(pattern[class_start if in_class else end :])
    return re.sub(_GROUP_KIND, lambda found: "?=" if found[0][-1] in "=!" else "?:", "".join(kept))


def _read_by_python(pattern: str) -> None:
    """Raise `Unusable` when Python reads no regular expression in `pattern`."""
    import warnings

    with warnings.catch_warnings():
        # Such as the warning of a bracket in a class, which other engines take for itself.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            re.compile(pattern)
        except re.error as error:
            raise Unusable(error.msg) from None
        except (OverflowError, RecursionError, ValueError):
            raise Unusable("it nests or repeats too much") from None
