"""Lark's reading of the grammar, from which the tables of the parser are made and tested.

The compiler never imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lark import Lark, Token, Tree

if TYPE_CHECKING:
    from lark.lexer import Token as LarkToken


class _AlwaysOffered:
    """Terminals that the lexer offers in every state of the parser.

    With `NAME`, keywords are whole words even where no name may stand. The other two give
    unterminated text one form.
    """

    always_accept = ("NAME", "BAD_STRING", "BAD_BLOCK")

    def process(self, stream: Iterator[LarkToken]) -> Iterator[LarkToken]:
        return stream


def grammar_text() -> str:
    """Return the text of the grammar, from the wheel or the `grammars` folder of a checkout."""
    packed = Path(__file__).with_name("flowdsl.lark")
    checkout = Path(__file__).parents[2] / "grammars" / "flowdsl.lark"
    return (packed if packed.is_file() else checkout).read_text(encoding="utf-8")


def reference_parser(*, strict: bool = False, **options: Any) -> Lark:
    """Return a plain Lark parser for the grammar.

    `strict` also proves that the grammar has no conflicts and no colliding terminals.
    """
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        start="file",
        strict=strict,
        maybe_placeholders=True,
        propagate_positions=True,
        postlex=_AlwaysOffered(),
        **options,
    )


class Leaf(NamedTuple):
    """A token of the generic tree."""

    terminal: str
    start: int
    end: int


class Branch(NamedTuple):
    """A node of the generic tree: Lark's `Tree`, comparable and without line numbers."""

    rule: str
    start: int
    end: int
    children: tuple[Branch | Leaf | None, ...]


def generic_tree(tree: Tree[Token]) -> Branch:
    """Convert a Lark tree."""
    children: list[Branch | Leaf | None] = []
    for child in tree.children:
        if isinstance(child, Tree):
            children.append(generic_tree(child))
        elif child is None:
            children.append(None)
        else:
            assert child.start_pos is not None
            assert child.end_pos is not None
            children.append(Leaf(child.type, child.start_pos, child.end_pos))
    return Branch(str(tree.data), tree.meta.start_pos, tree.meta.end_pos, tuple(children))
