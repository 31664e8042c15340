"""Matches a text against pieces of which some are unknown, such as run-time values."""

from __future__ import annotations

from collections.abc import Sequence


def fill_gaps_from(pieces: Sequence[str | None], text: str) -> list[tuple[int, int]] | None:
    """Return where in `text` the unknown pieces are, if the known ones make up the rest of it.

    `pieces` are the parts of a text in order, None for an unknown one. The result has a pair of
    offsets for each None; the whole result is None if `text` does not consist of these pieces.
    `fill_gaps_from(["Type ", None, " now"], "Type 12 now")` is `[(5, 7)]`.

    Each gap is as short as possible, the first ones first. No backtracking is needed: a piece that
    is found as early as possible leaves the most text to the pieces after it.
    """
    solid: list[list[str]] = [[]]
    for piece in pieces:
        if piece is None:
            solid.append([])
        else:
            solid[-1].append(piece)
    first, *inner = map("".join, solid)
    if not inner:
        return [] if text == first else None
    last = inner.pop()
    at, end = len(first), len(text) - len(last)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return None
    gaps = []
    for piece in inner:
        found = text.find(piece, at, end)
        if found < 0:
            return None
        gaps.append((at, found))
        at = found + len(piece)
    return [*gaps, (at, end)]
