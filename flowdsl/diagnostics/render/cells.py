"""The width of text on a terminal, and text that is safe to print there."""

from __future__ import annotations

TAB_STOP = 4

_JOINER = "\u200d"
_PRINTABLE_FORMAT = "\u200c" + _JOINER
"""Parts of ordinary words in some scripts; the joiner is also in many emoji."""
_EMOJI_STYLE = "\ufe0f"
"""Asks for the wide emoji form of the narrow character before it."""


def split_into_cells(line: str) -> list[tuple[str, int]]:
    """What to print for each code point of a line, and the columns it takes.

    Tabs become spaces. Control and invisible format characters, also those that reorder text,
    become escapes. Wide characters take two columns. What continues the character before it takes
    none: combining marks, skin tones, and emoji after a joiner.
    """
    if line.isascii() and line.isprintable():
        return [(character, 1) for character in line]
    result: list[tuple[str, int]] = []
    column = 0
    before, carrier = "", 0  # the last character, and the columns of the last one that takes any
    for character in line:
        if character == "\t":
            width = TAB_STOP - column % TAB_STOP
            shown = " " * width
        elif character.isascii():
            shown = character if character.isprintable() else escape_character(character)
            width = len(shown)
        else:
            shown, width = _wide_cell(character)
            if shown == character:
                width = _in_context(character, width, before, carrier)
        if character == _EMOJI_STYLE and width:
            carrier = 2
        elif width:
            carrier = width if shown == character else 0
        # Two letters make a flag, so a third one begins another.
        before = "" if _is_flag_letter(before) and _is_flag_letter(character) else character
        column += width
        result.append((shown, width))
    return result


def _in_context(character: str, width: int, before: str, carrier: int) -> int:
    """The columns of a character after `before`, when it takes `width` columns by itself."""
    if _is_flag_letter(character):
        return 0 if _is_flag_letter(before) else 2
    if character == _EMOJI_STYLE:
        return int(carrier == 1 and not before.isalpha())
    if carrier == 2 and (
        (before == _JOINER and not character.isalpha()) or "\U0001f3fb" <= character <= "\U0001f3ff"
    ):
        return 0
    return width


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _wide_cell(character: str) -> tuple[str, int]:
    from unicodedata import category, east_asian_width

    kind = category(character)
    if kind in ("Mn", "Me") or character in _PRINTABLE_FORMAT:
        return character, 0
    if "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7ff":
        return character, 0  # vowels and final consonants of a Hangul syllable
    if kind[0] in "CZ" and kind != "Zs":
        shown = escape_character(character)
        return shown, len(shown)
    return character, 2 if east_asian_width(character) in "WF" else 1


def escape_character(character: str) -> str:
    """A character as an escape such as `\\x1b` or `\\u202e`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def make_printable(text: str) -> str:
    """`text` on one line, with every control or invisible character escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        escape_character(character) if character in "\t\r\n" else split_into_cells(character)[0][0]
        for character in text
    )
