"""Texts of the IR as literals of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowdsl.format.literals import literal_of_pieces
from flowdsl.ir import nodes

Spell = Callable[[nodes.Variable], str]


def text_literal(text: nodes.Text, spell: Spell) -> str | None:
    """The literal for a text; `spell` gives a variable as it stands in source, braces included."""
    return literal_of_pieces(
        [piece if isinstance(piece, str) else (spell(piece),) for piece in _joined(text)]
    )


def _joined(text: nodes.Text) -> Iterator[str | nodes.Variable]:
    """The pieces of a text, with neighbouring characters joined."""
    characters = ""
    for piece in text:
        if isinstance(piece, nodes.TextPiece):
            characters += piece.value
            continue
        if characters:
            yield characters
        characters = ""
        yield piece
    if characters:
        yield characters
