"""Tokens: lossless slices of a file."""

from __future__ import annotations


class Token:
    """A terminal of the grammar: its name as in `grammars/flowdsl.lark`, and its offsets (`end` exclusive)."""

    __slots__ = ("end", "kind", "start")

    def __init__(self, kind: str, start: int, end: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.kind}, {self.start}, {self.end})"
