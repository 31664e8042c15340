"""Joins the lines of a text: line breaks where the author wrapped it have no meaning.

A single line end becomes a blank, or nothing between two Chinese, Japanese or Korean characters.
Blank lines and list items stay lines of their own. A line after a list continues the last item if
it is indented under it, and otherwise begins a paragraph, after a blank line.

    Open the list and             Open the list and look for
    look for                  ->  - the newest entry of the day
    - the newest entry
      of the day                  Then click Save.
    Then click Save.

The placeholder of a value is one character and not examined. A multi-line value known to the
compiler, such as a const, reads as if its text were written there.
"""

from __future__ import annotations

import re

_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_LINE_END = re.compile(rf"\s*[{_ENDS}]\s*")
_ONE_LINE = re.compile(f"[^{_ENDS}]*")
_MARK = r"(?:[-*\u2022]|[0-9]{1,3}[.)])\s"
_ITEM = re.compile(rf"\s*{_MARK}")
_ITEM_BEHIND_LINES = re.compile(rf"\n[^\S\n]*{_MARK}")
_CJK = (
    ("\u1100", "\u11ff"),
    ("\u2e80", "\u30ff"),
    ("\u3130", "\u318f"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7af"),
    ("\uf900", "\ufaff"),
    ("\uff00", "\uffef"),
)
"""The first and the last character of each block of Chinese, Japanese or Korean.

As one class of a regular expression they take longer to compile than the rest of this package.
"""


def has_lines(text: str) -> bool:
    """Whether a text has several lines."""
    return not _ONE_LINE.fullmatch(text)


def on_one_line(text: str) -> str:
    """Return the text without line ends; other blanks are unchanged, except at its ends."""
    stripped = text.strip()
    if not has_lines(stripped):
        return stripped
    return _LINE_END.sub(lambda found: _find_line_joint(text, found.start(), found.end()), stripped)


def in_paragraphs(text: str) -> str:
    """Return the text with a line for each paragraph and each item of a list."""
    lines: list[str] = []
    item_indent: int | None = None
    for line in text.strip().split("\n"):
        kept = line.rstrip()
        indent = len(kept) - len(kept.lstrip())
        is_item = _ITEM.match(kept) is not None
        if is_item or not kept:
            item_indent = indent if is_item else None
        elif item_indent is not None and indent <= item_indent:
            # It does not belong to the item above it.
            lines.append("")
            item_indent = None
        if not lines or not kept or not lines[-1] or is_item:
            lines.append(kept)
            continue
        kept = kept.lstrip()
        both = f"{lines[-1]}{kept}"
        lines[-1] += _find_line_joint(both, len(lines[-1]), len(lines[-1])) + kept
    return "\n".join(lines)


def may_hold_item(text: str) -> bool:
    """Whether a text, or one in it, may have a list item that has lines before it."""
    return _ITEM_BEHIND_LINES.search(text) is not None


def first_item(text: str) -> tuple[int, int] | None:
    """Return the offset of the first list item that has lines before it; None without one."""
    at = text.find("\n") + 1
    while at:
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        if _ITEM.match(line) is not None:
            return at + len(line) - len(line.lstrip()), at + len(line.rstrip())
        at = end + 1
    return None


def _find_line_joint(text: str, end: int, start: int) -> str:
    """Return the joint of two lines, the first ending at `end`, the second beginning at `start`."""
    around = text[max(end - 1, 0) : end] + text[start : start + 1]
    return "" if len(around) == 2 and all(map(_is_cjk, around)) else " "


def _is_cjk(character: str) -> bool:
    return not character.isascii() and any(first <= character <= last for first, last in _CJK)
