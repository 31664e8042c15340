"""Redacts secrets in what the service returns: one rule for errors, outputs and files.

Pure functions. Where a secret is replaced depends on its length, since a short one may also be an
ordinary word:

- from `LONG` characters on, everywhere: also escaped as in JSON or in a URL, with escapes in either
  case, and with spaces or line breaks between its characters;
- from `WORD` characters on, as a whole word;
- a shorter one only where it must be the secret: as a whole text, between quotation marks, or after
  `Bearer` or the name of a credential.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

REDACTED = "[redacted]"
"""The text that replaces a secret."""

LONG, WORD = 8, 4

_PIECE = 64
"""Characters of a piece of a long secret; each piece is redacted separately."""
_WHOLE = 256
"""Characters of a secret that are found in every spelling.

The rest of a longer secret, such as the key of a certificate, is found literally, piece by piece: a
pattern for it would take seconds to compile.
"""
_MOST_PIECES = 1024

_INVISIBLE = r"\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_BREAK = (
    rf"[{_INVISIBLE}]|\\{{1,8}}(?:[nrtbf]|u00[01][0-9a-fA-F]|x[01][0-9a-fA-F])"
    r"|%(?:25)*(?:0[9aAdD]|20)"
)
_GAP = rf"(?:{_BREAK})*"
_ENTITIES = {
    "&": r"&amp;|&#38;",
    "<": r"&lt;|&#60;",
    ">": r"&gt;|&#62;",
    '"': r"&quot;|&#34;",
    "'": r"&#39;|&#x27;|&apos;",
}
_BEFORE = r"(?:(?<!\w)|(?<=\\[nrtbf])|(?<=%[0-9a-fA-F]{2})|(?<=\\u00[0-9a-fA-F]{2}))"
_NAMED = (
    r"(?i:(\b(?:bearer|basic)\s+"
    r"|(?:key|token|password|secret|authorization)[\"']?\s*[:=]\s*[\"']?))"
)


def redact_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret replaced by `REDACTED`."""
    known = tuple(sorted(filter(None, set(secrets)), key=lambda each: (-len(each), each)))
    if not known or not text:
        return text
    for literal in dict.fromkeys(each for secret in known for each in _pieces_behind(secret)):
        text = text.replace(literal, REDACTED)
    # Compiling the patterns of hundreds of secrets takes seconds, and few are ever needed.
    likely = dict.fromkeys(
        expression
        for secret in known
        for letters, expression in _expressions_for_secret(secret)
        if _holds_in_order(text, letters)
    )
    return _compile_pattern(tuple(likely)).sub(_replace_secret, text) if likely else text


def redact_value(value: Any, secrets: Iterable[str], *, numbers: bool = True) -> Any:
    """Replace secrets by `REDACTED` in the strings, keys and (with `numbers`) numbers of JSON."""
    known = tuple(secrets)
    if not known:
        return value
    if isinstance(value, str):
        return redact_secrets(value, known)
    if isinstance(value, Mapping):
        return {
            redact_secrets(name, known) if isinstance(name, str) else name: redact_value(
                inner, known, numbers=numbers
            )
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_value(inner, known, numbers=numbers) for inner in value]
    if numbers and isinstance(value, int | float) and not isinstance(value, bool):
        spelled = str(value)
        if len(spelled) >= WORD and redact_secrets(spelled, known) != spelled:
            return REDACTED
    return value


_SECRET_KEYS = frozenset(
    {"api_key", "service_account_json", "aws_access_key_id", "aws_secret_access_key"}
)
"""Names of secrets in bodies that create models and credentials of providers."""


def secrets_in(body: object, *, secret: bool = False) -> tuple[str, ...]:
    """Return the values in a request body that must not be shown, as texts.

    They are the keys of providers, and all values below a name with `sensitive` in it; with
    `secret`, every value.
    """
    if isinstance(body, Mapping):
        return tuple(
            found
            for name, value in body.items()
            for found in secrets_in(value, secret=secret or _is_secret(name))
        )
    if isinstance(body, list | tuple):
        return tuple(found for value in body for found in secrets_in(value, secret=secret))
    if not secret or body is None or isinstance(body, bool):
        return ()
    return (str(body),)


def _is_secret(name: object) -> bool:
    return name in _SECRET_KEYS or (isinstance(name, str) and "sensitive" in name)


class SecretsOfRuns:
    """The secrets that this process gave to runs, for the newest `MOST` runs."""

    MOST = 20_000
    MOST_VALUES = 200

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._values: OrderedDict[str, None] = OrderedDict()

    def give(self, run_ids: Iterable[str], secrets: tuple[str, ...]) -> None:
        """Add `secrets` to those of the given runs."""
        if not secrets:
            return
        for run_id in run_ids:
            before = self._known.pop(run_id, ())
            self._known[run_id] = tuple(dict.fromkeys((*before, *secrets)))
        while len(self._known) > self.MOST:
            self._known.popitem(last=False)
        for value in secrets:
            self._values[value] = None
            self._values.move_to_end(value)
        while len(self._values) > self.MOST_VALUES:
            self._values.popitem(last=False)

    def of(self, run_id: str | None) -> tuple[str, ...]:
        """Return the secrets of one run."""
        return self._known.get(run_id or "", ())

    def every(self) -> tuple[str, ...]:
        """Return the newest `MOST_VALUES` secrets of all runs."""
        return tuple(self._values)


# Patterns


def _replace_secret(found: re.Match[str]) -> str:
    return (found.group(found.lastindex) if found.lastindex else "") + REDACTED


@lru_cache(maxsize=64)
def _compile_pattern(expressions: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(expressions))


@lru_cache(maxsize=SecretsOfRuns.MOST_VALUES * 2)
def _expressions_for_secret(secret: str) -> tuple[tuple[str, str], ...]:
    """Return patterns that find a secret, each with letters that occur in all its matches."""
    visible = "".join(filter(_is_visible, secret))
    if len(visible) < WORD:
        return (
            tuple(
                (_plain_characters(visible), each)
                for each in _expressions_for_short(secret.strip())
            )
            if visible
            else ()
        )
    if len(visible) < LONG:
        return ((_plain_characters(visible), _expression_for_word(secret.strip())),)
    if len(visible) > _WHOLE:
        parts = [visible[at : at + _PIECE] for at in range(0, _WHOLE, _PIECE)]
    else:
        lines = secret.splitlines()
        more = lines if len(lines) > 1 else ()
        parts = [secret, *(line for line in more if sum(map(_is_visible, line)) >= LONG)]
    return tuple((_plain_characters(part), _expression_anywhere(part)) for part in parts)


def _holds_in_order(text: str, letters: str) -> bool:
    """Whether `text` contains all these letters in order, with anything between them."""
    at = 0
    for letter in letters:
        at = text.find(letter, at) + 1
        if not at:
            return False
    return True


def _plain_characters(text: str) -> str:
    """Return the characters of `text` that have only one spelling."""
    return "".join(filter(_is_spelled_as_it_is, text))


@lru_cache(maxsize=SecretsOfRuns.MOST_VALUES * 2)
def _pieces_behind(secret: str) -> tuple[str, ...]:
    """Return the pieces of a secret after the part that a pattern finds, split by lines."""
    if sum(map(_is_visible, secret)) <= _WHOLE:
        return ()
    pieces = [
        line[max(0, min(at, len(line) - _PIECE)) :][:_PIECE]
        for line in secret.splitlines()
        if len(line) >= LONG
        for at in range(0, len(line), _PIECE)
    ]
    return tuple(pieces[:_MOST_PIECES])


def _expression_anywhere(secret: str) -> str:
    parts: list[str] = []
    gap: dict[str, str] = {}
    for character in secret:
        if not _is_visible(character):
            gap |= {character: _spellings_of_character(character)}
            continue
        if parts:
            parts.append(_expression_for_gap(gap))
        parts.append(_spellings_of_character(character))
        gap = {}
    return "".join(parts)


def _expression_for_gap(characters: Mapping[str, str]) -> str:
    """Return a pattern for a gap between visible characters, which may contain `characters`."""
    if not characters:
        return _GAP
    return rf"(?:{_BREAK}|\+|&nbsp;|{'|'.join(characters.values())})*"


def _expression_for_word(secret: str) -> str:
    body = "".join(
        _spellings_of_character(each)
        if _is_visible(each)
        else _expression_for_gap({each: _spellings_of_character(each)})
        for each in secret
    )
    before = _BEFORE if _is_of_word(secret[0]) else ""
    after = r"(?!\w)" if _is_of_word(secret[-1]) else ""
    return before + body + after


def _expressions_for_short(secret: str) -> list[str]:
    body = re.escape(secret)
    return [
        rf"\A\s*{body}\s*\Z",
        rf"(?<=[\"'`]){body}(?=[\"'`\\])",
        rf"{_NAMED}{body}(?!\w)",
    ]


def _spellings_of_character(character: str) -> str:
    """Return a pattern for one character, literal or as escaped in JSON, URLs and HTML."""
    if _is_spelled_as_it_is(character):
        return character
    coded = quote(character, safe="")
    units = character.encode("utf-16-be", "surrogatepass")
    escaped = "".join(
        r"\\{1,8}u" + _any_case(units[at : at + 2].hex()) for at in range(0, len(units), 2)
    )
    spellings = [rf"\\{{0,8}}{re.escape(character)}", escaped]
    if coded != character:
        spellings.append("".join("%(?:25)*" + _any_case(each) for each in coded.split("%")[1:]))
    if character in _ENTITIES:
        spellings.append(_ENTITIES[character])
    return f"(?:{'|'.join(spellings)})"


def _any_case(digits: str) -> str:
    return "".join(f"[{each.lower()}{each.upper()}]" if each.isalpha() else each for each in digits)


def _is_spelled_as_it_is(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_visible(character: str) -> bool:
    return character.isprintable() and not character.isspace()


def _is_of_word(character: str) -> bool:
    return character == "_" or character.isalnum()
