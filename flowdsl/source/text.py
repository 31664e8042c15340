"""A file's text, and places in it."""

from __future__ import annotations

from bisect import bisect_right

from .record import Record


class Position(Record, eq=True):
    """A place as people count it: line and column from 1, columns in code points."""

    line: int
    column: int


class SourceFile:
    """The text of one file and the offsets of its lines.

    `path` is POSIX and relative to the project root (`<stdin>` for standard input). Line breaks are
    `\\n`, `\\r\\n` and lone `\\r`; `text` keeps them as they were.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            text = self.text
            end = text.find("\n")
            while end >= 0:
                starts.append(end + 1)
                end = text.find("\n", end + 1)
            if "\r" in text.replace("\r\n", ""):
                starts = [0] + [
                    i + 1
                    for i, c in enumerate(text)
                    if c == "\n" or (c == "\r" and text[i + 1 : i + 2] != "\n")
                ]
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> Position:
        """Line and column of an offset; an offset outside the text is clamped to it."""
        return Position(*self.place(offset))

    def place(self, offset: int) -> tuple[int, int]:
        """The same as `position`, as a pair."""
        offset = max(0, min(offset, len(self.text)))
        starts = self._starts or self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and column, clamped to the text."""
        starts = self._line_starts()
        if line > len(starts):
            return len(self.text)
        return min(starts[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def line(self, number: int) -> str:
        """The text of a 1-based line without its line break."""
        starts = self._line_starts()
        start = starts[number - 1]
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r}, {len(self.text)} characters)"


class Span(Record, eq=True):
    """A half-open range of offsets in one file; empty for a place between two characters."""

    source: SourceFile
    start: int
    end: int

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def first(self) -> Position:
        """Where the range starts."""
        return self.source.position(self.start)

    @property
    def last(self) -> Position:
        """Where the range ends (exclusive)."""
        return self.source.position(self.end)

    @property
    def text(self) -> str:
        """The source text of the range."""
        return self.source.text[self.start : self.end]
