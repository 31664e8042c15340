"""Places in the protocol's units: lines from 0, and characters in UTF-16, UTF-8 or code points.

This is the only place that converts; everything else counts offsets in code points.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from flowdsl.source.text import SourceFile, Span


def to_offset(
    source: SourceFile, position: types.Position, encoding: str = types.PositionEncodingKind.Utf16
) -> int:
    """Return the offset of a position; one outside the text or its line is clamped to it."""
    start = source.offset(position.line + 1, 1)
    if position.line + 1 > source.position(len(source.text)).line:
        return len(source.text)
    line = source.line(position.line + 1)
    if line.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return start + min(position.character, len(line))
    left = position.character
    for number, character in enumerate(line):
        if left <= 0:
            return start + number
        left -= _width(character, encoding)
    return start + len(line)


def to_position(
    source: SourceFile, offset: int, encoding: str = types.PositionEncodingKind.Utf16
) -> types.Position:
    """Return the position of an offset."""
    place = source.position(offset)
    before = source.text[offset - place.column + 1 : offset]
    if before.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return types.Position(place.line - 1, place.column - 1)
    return types.Position(place.line - 1, sum(_width(each, encoding) for each in before))


def to_range(
    source: SourceFile,
    start: int,
    end: int,
    encoding: str = types.PositionEncodingKind.Utf16,
) -> types.Range:
    """Return the range between two offsets."""
    return types.Range(to_position(source, start, encoding), to_position(source, end, encoding))


def range_of(span: Span, encoding: str = types.PositionEncodingKind.Utf16) -> types.Range:
    """Return the range of a span."""
    return to_range(span.source, span.start, span.end, encoding)


def _width(character: str, encoding: str) -> int:
    if encoding == types.PositionEncodingKind.Utf8:
        return len(character.encode("utf-8", "surrogatepass"))
    return 2 if ord(character) > 0xFFFF else 1


def apply_changes(
    text: str,
    changes: Sequence[types.TextDocumentContentChangeEvent],
    encoding: str = types.PositionEncodingKind.Utf16,
) -> str:
    """Return a text after the changes that an editor made, in order."""
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            text = change.text
            continue
        source = SourceFile("", text)
        start = to_offset(source, change.range.start, encoding)
        end = to_offset(source, change.range.end, encoding)
        text = text[:start] + change.text + text[max(start, end) :]
    return text
