"""Tokens: lossless slices of a file."""

from __future__ import annotations


class Token:
    """A slice of a file with its terminal, by its name in `grammars/flowdsl.lark`.

    `start` and `end` are offsets, `end` exclusive.
    """

    __slots__ = ("end", "kind", "start")

    def __init__(self, kind: str, start: int, end: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.kind}, {self.start}, {self.end})"
