"""What stands between two tokens: comments and blank lines."""

from __future__ import annotations

import re

_PIECES = re.compile(r"#[^\n]*|[^#]+")


class Gap:
    """The comments in front of a token.

    `trailing` stands on the line of the token before, behind it. Each of `lines` has a line for
    itself, with whether a blank line stands before it. `parted` says the same of the token.
    """

    __slots__ = ("lines", "parted", "trailing")

    def __init__(self, blank: str, *, at_start: bool = False) -> None:
        self.trailing: str | None = None
        self.lines: list[tuple[bool, str]] = []
        breaks = 0
        behind = not at_start
        for piece in _PIECES.findall(blank):
            if piece[0] != "#":
                breaks = piece.count("\n")
                behind = behind and not breaks
                continue
            if behind:
                self.trailing = piece.rstrip()
            else:
                self.lines.append((breaks > 1, piece.rstrip()))
            behind = False
            breaks = 0
        self.parted = breaks > 1

    @property
    def comments(self) -> list[str]:
        """All comments in order."""
        behind = [] if self.trailing is None else [self.trailing]
        return behind + [comment for _, comment in self.lines]


def doc_lines(blank: str) -> list[str]:
    """The doc comments in front of a token, which describe what begins with it."""
    if "##" not in blank:
        return []
    lines = [comment for _, comment in Gap(blank).lines]
    return [line for line in lines if line.startswith("##") and not line.startswith("###")]


def split_trailing(blank: str) -> tuple[str, str]:
    """The comment on the line of the token before, and all from the end of that line on."""
    end = blank.find("\n")
    if end < 0:
        return (blank, "") if "#" in blank else ("", blank)
    return (blank[:end], blank[end:]) if "#" in blank[:end] else ("", blank)
