"""How much room text takes on a terminal, and text that is safe to print there."""

from __future__ import annotations

TAB_STOP = 4

_PRINTABLE_FORMAT = "\u200c\u200d"
"""Joiners: part of ordinary words in some scripts and of many emoji."""


def cells(line: str) -> list[tuple[str, int]]:
    """What to print for each code point of a line, and the columns it takes.

    Tabs become spaces, control and invisible formatting characters (also those that reorder text) an escape; wide
    characters take two columns and combining marks none.
    """
    if line.isascii() and line.isprintable():
        return [(character, 1) for character in line]
    result: list[tuple[str, int]] = []
    column = 0
    for character in line:
        if character == "\t":
            shown, width = " " * (TAB_STOP - column % TAB_STOP), TAB_STOP - column % TAB_STOP
        elif character.isascii():
            shown = character if character.isprintable() else escaped(character)
            width = len(shown)
        else:
            shown, width = _wide_cell(character)
        column += width
        result.append((shown, width))
    return result


def _wide_cell(character: str) -> tuple[str, int]:
    from unicodedata import category, east_asian_width

    kind = category(character)
    if kind in ("Mn", "Me") or character in _PRINTABLE_FORMAT:
        return character, 0
    if kind[0] in "CZ" and kind != "Zs":
        shown = escaped(character)
        return shown, len(shown)
    return character, 2 if east_asian_width(character) in "WF" else 1


def escaped(character: str) -> str:
    """A character as an escape such as `\\x1b` or `\\u202e`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """`text` on one line, with every control or invisible character escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        escaped(character) if character in "\t\r\n" else cells(character)[0][0]
        for character in text
    )
