"""A literal that looks like a password or a key.

It would be in the repository, in the prompt and in every log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from flowdsl.diagnostics.diagnostic import SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Literals
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

SPEC = SUSPICIOUS.spec(
    "credential-in-literal",
    "this looks like {what} written into the source",
    (
        "declare it under `secrets` and give it when a run is created; change it where it is "
        "valid, since it stands in the history"
    ),
)

_STEMS = ("pass", "pwd", "pin")
_PASSWORD = r"(?:password|passwd|pwd|passphrase|passcode|pin)"

_STATED = rf"(?i:{_PASSWORD}['\"\\]*(?:\s+is\s*+:?\s*+|\s*[:=]\s*+)['\"\\]*([^\s'\"\\,;{{}}<>]+))"
"""`password: x`, `password is x`, `pwd=x`."""

_TYPED = (
    r"(?i:\btype\s+r?\"([^\"{}\s]+)\"\s+into\s+\"(?:[^\"]|\\\")*"
    rf"\b{_PASSWORD}(?:\\?['\"]|\s+(?:field|box|prompt|line|of|on|in)\b))"
)
"""The statement `type "x" into "the Password field"`."""

_ENTERED = (
    r"(?i:\b(?:type|enter|key in|input)\s+\\?['\"]?([^\s'\"\\{},]+)\\?['\"]?"
    r"\s+(?:in|into|at|as)\s+(?:the\s+)?(?:field\s+|box\s+)?"
    rf"\\?['\"]?{_PASSWORD}\\?(?:['\"]|\s+(?:field|box|prompt)\b|[.,]|\s+and\b))"
)
"""Prose that says to type something into a field for a password."""

_SHAPES = (
    r"(?<![\w/-])(?:sk-(?:[a-z]+-)?[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{36,}"
    r"|github_pat_\w{22,}|xox[abprs]-[A-Za-z0-9-]{15,}|glpat-[\w-]{20,}|AIza[\w-]{35}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]*)?)"
)
"""Keys that are recognised by their prefix."""

_PRIVATE_KEY = r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
_PREFIXES = ("sk-", "AKIA", "ASIA", "gh", "xox", "glpat-", "AIza", "eyJ")
_MARKS = str.maketrans("", "", "+/_=-")
_AROUND = "\"'\\,;.()"
_SHORTEST = 20
"""The least length of a key, in characters."""

_DIFFERENT = 14
"""The least number of different characters in a key."""

_WORDS = r"[A-Z]?[a-z]{3,}|[A-Z]{4,}"
_NO_VALUES = frozenset(("true", "false", "null", "none", "yes", "no", "string"))


class _Candidate(Record):
    start: int
    end: int
    what: str


def check(context: LintContext, module: ast.Module) -> None:
    """Report the credentials in the texts and strings of a file, each once.

    A message never repeats a credential.
    """
    covered = -1
    candidates = [*_find_passwords(module.source.text), *_find_keys(module.source.text)]
    if not candidates:
        return
    literals = Literals(module)
    for each in sorted(candidates, key=lambda each: (each.start, -each.end)):
        if each.start >= covered and literals.at(each.start) is not None:
            covered = each.end
            context.report(SPEC, Span(module.source, each.start, each.end), what=each.what)


def _find_passwords(text: str) -> Iterator[_Candidate]:
    low = text.lower()
    lines: dict[int, _Line] = {}
    for stem in _STEMS:
        line: _Line | None = None
        at = low.find(stem)
        while at >= 0:
            if not low[at - 1 : at].isalpha():
                if line is None or at > line.end:
                    line = _line_at(low, 0 if line is None else line.end, at, lines)
                yield from _password_at(text, low, at, line)
            at = low.find(stem, at + 1)


class _Line:
    """The part of a line before its words for passwords.

    Computed once for each line: a line may be as long as the file and hold very many such words.
    """

    def __init__(self, low: str, start: int, end: int) -> None:
        self.start = start
        self.end = end
        secret = low.find("type $", start, end)
        self.secret_typed = end + 1 if secret < 0 else secret + len("type $")
        words = ("type", "enter", "key", "input")
        ends = [low.find(word, start, end) + len(word) for word in words if word in low[start:end]]
        self.typed = min(ends, default=end + 1)
        self.is_searched = False


def _line_at(low: str, behind: int, at: int, lines: dict[int, _Line]) -> _Line:
    """Return the line that contains `at`, which must not be before `behind`."""
    start = low.rfind("\n", behind, at) + 1 or behind
    line = lines.get(start)
    if line is None:
        end = low.find("\n", at)
        line = lines[start] = _Line(low, start, end if end >= 0 else len(low))
    return line


def _password_at(text: str, low: str, at: int, line: _Line) -> Iterator[_Candidate]:
    """Return the password that belongs to the word for it at `at`.

    It directly follows the word, or is typed into the field that the word names.
    """
    stated = _pattern(_STATED).match(text, at) if _is_stated(low, at) else None
    if stated is not None:
        marked = "=" in text[at : stated.start(1)]
        yield from _password(stated, marked=marked)
    if line.is_searched or line.secret_typed <= at or line.typed > at:
        return
    line.is_searched = True
    for pattern in (_ENTERED, _TYPED):
        found = _pattern(pattern).search(text, line.start, line.end)
        if found is not None:
            yield from _password(found, marked=pattern is _TYPED)


def _is_stated(low: str, at: int) -> bool:
    """Whether the word at `at` is given a value, and not only a type or a secret."""
    while low[at : at + 1].isalpha():
        at += 1
    behind = low[at : at + 20].lstrip(" \n\t'\"\\")
    return behind.startswith(("is", "=", ":")) and not behind[1:].lstrip().startswith(
        ("string", "$")
    )


def _password(found: re.Match[str], *, marked: bool) -> Iterator[_Candidate]:
    value = found[1].rstrip(".?)")
    if _may_be_password(value, marked=marked):
        yield _Candidate(found.start(1), found.start(1) + len(value), "a password")


def _find_keys(text: str) -> Iterator[_Candidate]:
    at = 0
    for token in [word for word in text.split() if len(word) >= _SHORTEST]:
        at = text.index(token, at)
        end = at + len(token)
        if any(prefix in token for prefix in _PREFIXES):
            for found in _pattern(_SHAPES).finditer(text, at, end):
                yield _Candidate(found.start(), found.end(), "an access key")
        key = token.strip(_AROUND)
        if _is_random(key):
            start = at + token.index(key)
            yield _Candidate(start, start + len(key), "an access key")
        at = end
    if "PRIVATE KEY-----" in text:
        for found in _pattern(_PRIVATE_KEY).finditer(text):
            yield _Candidate(found.start(), found.end(), "a private key")


def _may_be_password(value: str, *, marked: bool) -> bool:
    """Whether a value in the place of a password is one, and not a word of the sentence.

    `marked`: only a password can be there, so that any word is one.
    """
    if len(value) < 4 or value.lower() in _NO_VALUES or value[0] in "$*@(":
        return False
    if any(each.isdigit() for each in value) or any(each in "!#%^&*$" for each in value):
        return not re.fullmatch(r"\d+-[a-z]+|[*•.]+", value)
    return marked


def _is_random(token: str) -> bool:
    """Whether a long token is as mixed as a generated key.

    It has three kinds of characters, many different ones, and hardly any words.
    """
    if len(token) < _SHORTEST or not token.translate(_MARKS).isalnum() or not token.isascii():
        return False
    kinds = (any(map(kind, token)) for kind in (str.islower, str.isupper, str.isdigit))
    if not all(kinds) or token.count("/") > 2 or token.count("-") > 3:
        return False
    if 2 * sum(map(len, _pattern(_WORDS).findall(token))) > len(token):
        return False
    return len(set(token)) >= _DIFFERENT


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
