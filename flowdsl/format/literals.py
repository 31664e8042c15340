"""Values as literals of the language.

Every literal is parsed again before it is returned, to check that it has the intended value. None
means that no literal has the value: one with a control character, a line break that the language
does not keep, a backslash before a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parser.lexer import TERMINAL, Lexemes
from flowdsl.syntax.texts.literals import plain_string, scan_text
from flowdsl.syntax.texts.variables import MAX_DIGITS

_MAX_DEPTH = 60
"""How deep values may nest; less than the parser takes, to leave room for what is around them."""

_EMPTY_COMMENT = "{# #}"
"""Separates, inside a text, what would otherwise be read as one sign or be dropped."""

_MAX_WHOLE = 4_299
"""The largest exponent of a number: Python converts a whole one of more digits to no text."""


@cache
def unspeakable_pattern() -> re.Pattern[str]:
    """Return the pattern of characters that no literal can contain.

    These are control characters, carriage returns and lone surrogates.
    """
    return re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f\\ud800-\\udfff]")


@cache
def _name_pattern() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def _variable_start_pattern(braces: int) -> re.Pattern[str]:
    """Return the pattern after braces that makes them begin a variable or comment, valid or not."""
    spaced = r"\$?[A-Za-z_]\w*[ \t]*\}" if braces == 1 else r"\$|[^\W\d]"
    return re.compile(rf"[#$]|[^\W\d]|[ \t]+(?:{spaced})")


def is_name(word: str) -> bool:
    """Whether the language reads a word as one name or keyword."""
    return _name_pattern().fullmatch(word) is not None


# Strings without variables


def plain_literal(value: str) -> str | None:
    """The token for a string without variables: paths, names, values of enums."""
    if unspeakable_pattern().search(value):
        return None
    word = '"' + value.replace('"', '\\"').replace("\\{", "\\\\{") + '"'
    return word if _is_token(word, "STRING") and plain_string(word) == value else None


def raw_literal(value: str) -> str | None:
    """`r"..."`, in which every character means itself; for regular expressions."""
    if '"' in value or "\n" in value or unspeakable_pattern().search(value):
        return None
    word = f'r"{value}"'
    return word if _is_token(word, "RAW") else None


def alike_literals(values: Iterable[str]) -> list[str | None]:
    """Literals for texts without variables: if one needs an escape, raw ones wherever possible."""
    values = list(values)
    plain = [_spell_value(value, 0) for value in values]
    if all(word == f'"{value}"' for word, value in zip(plain, values, strict=True)):
        return plain
    return [raw_literal(value) or word for value, word in zip(values, plain, strict=True)]


def _is_token(word: str, *kinds: str) -> bool:
    """Whether a word is exactly one token, of one of these kinds."""
    found = Lexemes(word)
    return (
        len(found.kinds) == 2
        and found.ends[0] == found.ends[1] == len(word)
        and found.kinds[0] in [TERMINAL[kind] for kind in kinds]
    )


# Text


Written = Sequence["str | tuple[str]"]
"""A text in pieces: characters as a str, and a variable as the 1-tuple of its spelling."""


def literal_of_pieces(wanted: Written) -> str | None:
    """The literal for a text in pieces, of which no two of characters stand side by side."""
    if any(isinstance(piece, str) and unspeakable_pattern().search(piece) for piece in wanted):
        return None
    for form in (_spell_string, _spell_raw, _spell_block, _spell_held_block):
        written = form(wanted)
        if written is not None and _read_pieces(written) == list(wanted):
            return written
    return None


def _read_pieces(written: str) -> list[str | tuple[str]] | None:
    """The pieces of a literal as the language reads it; None if it is none or has a mistake."""
    if not _is_token(written, "STRING", "RAW", "BLOCK"):
        return None
    sink = Sink()
    parts = scan_text(SourceFile("", written), sink, 0, len(written)).parts
    if sink.findings_in_order():
        return None
    read: list[str | tuple[str]] = []
    for part in parts:
        if isinstance(part, ast.Ref):
            read.append((written[part.start : part.end],))
        elif isinstance(part, ast.TextLiteral):
            if read and isinstance(last := read[-1], str):
                read[-1] = last + part.value
            else:
                read.append(part.value)
    return read


def _spell_string(pieces: Written) -> str | None:
    """`"..."`; None if the text has a line break, or if a raw literal spares an escaped brace."""
    if any("\n" in piece for piece in pieces):
        return None
    written = _escape_pieces(pieces, _QUOTES)
    return None if "\\{" in written and _spell_raw(pieces) is not None else f'"{written}"'


def _spell_raw(pieces: Written) -> str | None:
    if len(pieces) != 1 or not isinstance(pieces[0], str):
        return None
    return raw_literal(pieces[0])


def _spell_block(pieces: Written) -> str:
    return f'"""\n{_escape_pieces(pieces, _QUOTES_IN_BLOCK)}\n"""'


def _spell_held_block(pieces: Written) -> str:
    """A block that keeps blanks at line ends and a common indent, by empty comments beside them."""
    lines = _escape_pieces(pieces, _QUOTES_IN_BLOCK).split("\n")
    first = True
    for number, line in enumerate(lines):
        content = line.lstrip(" ")
        if not content:
            continue
        held = first and content != line
        first = False
        if held or content[0] == "\t":
            line = _EMPTY_COMMENT + line
        if line[-1] in " \t":
            line += _EMPTY_COMMENT
        lines[number] = line
    return '"""\n{}\n"""'.format("\n".join(lines))


_QUOTES = r'"'
_QUOTES_IN_BLOCK = r'(?<=\\)"|"""'
"""What needs a backslash in a text for its quotation marks."""


def _escape_pieces(pieces: Written, quotes: str) -> str:
    """The pieces as a literal spells them.

    What `quotes` matches, and braces that mean themselves, get a backslash.
    """
    written = ""
    for index, piece in enumerate(pieces):
        if isinstance(piece, tuple):
            written += piece[0]
            continue
        before_variable = index + 1 < len(pieces)
        characters = _escape_braces(piece, before_variable)
        written += re.sub(quotes, r"\\\g<0>", characters)
        if before_variable and piece[-1] == "$":
            written += _EMPTY_COMMENT
    return written


def _escape_braces(characters: str, before_variable: bool) -> str:
    def written(found: re.Match[str]) -> str:
        braces, (start, end) = found.group(), found.span()
        at_variable = before_variable and end == len(characters)
        if at_variable or _variable_start_pattern(min(len(braces), 2)).match(characters, end):
            return "\\{" * len(braces)
        return f"\\{braces}" if characters[start - 1 : start] == "\\" else braces

    return re.sub(r"\{+", written, characters)


# Other values


def value_literal(value: Any) -> str | None:
    """A JSON value as a literal; None for NaN and infinities, and for values that nest too deep."""
    return _spell_value(value, _MAX_DEPTH)


def _spell_value(value: Any, depth: int) -> str | None:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return literal_of_pieces([value] if value else [])
    if isinstance(value, int | float | Decimal):
        return _spell_number(value)
    if depth == 0:
        return None
    entries: list[str] = []
    if isinstance(value, dict):
        for key, entry in value.items():
            name = key if is_name(key) else plain_literal(key)
            written = _spell_value(entry, depth - 1)
            if name is None or written is None:
                return None
            entries.append(f"{name}: {written}")
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list | tuple):
        for entry in value:
            written = _spell_value(entry, depth - 1)
            if written is None:
                return None
            entries.append(written)
        return f"[{', '.join(entries)}]"
    return None


def _spell_number(value: int | float | Decimal) -> str | None:
    """A number in plain decimal notation.

    A whole one gets `.0` only if it is too long for an integer.
    """
    if not isinstance(value, int) and not isfinite(value):
        return None
    exact = not isinstance(value, float) or value.is_integer()
    number = Decimal(value) if exact else Decimal(repr(value))
    if abs(number.adjusted()) > _MAX_WHOLE:
        return None
    if number != number.to_integral_value():
        return format(number, "f")
    written = format(number, ".0f") if number else "0"
    return written if len(written.lstrip("-")) <= MAX_DIGITS else f"{written}.0"
