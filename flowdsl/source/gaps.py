"""Texts with gaps that anything fits, as values have that are known later."""

from __future__ import annotations

from collections.abc import Sequence


def fill(pieces: Sequence[str | None], text: str) -> list[tuple[int, int]] | None:
    """Where in `text` each None of `pieces` stands when the other pieces are the rest of it; None when they are not.

    Each gap takes as little as it can, the first ones first. That needs no second try: a piece that is found as early as it can be
    leaves the most to what comes behind.
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
