"""Which texts have parts that the platform could misread together."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.syntax import ast

from .. import places
from ..model import CONST, ENVIRONMENT, PARAMETER
from ..places import Place
from ..program import Program


def may_misread(
    program: Program, text: ast.Text, place: Place, known: Sequence[str | None]
) -> bool:
    """Whether the parts of a text could together become something that is misread.

    `known` holds the characters of each part; None for one that only a run or a call knows.
    """
    if place is places.COMMAND:
        return True
    parts = text.parts
    if len(parts) == 1:
        return known[0] is not None and "\\{" in known[0]
    for index, characters in enumerate(known):
        if characters is None:
            following = parts[index + 1] if index + 1 < len(parts) else None
            if _joins(following) and _may_be_literal(program, parts[index]):
                return True
        elif characters.endswith("\\") or "\\{" in characters:
            return True
    return False


def holds_escaped_names(program: Program) -> bool:
    """Whether a constant argument of a call could be misread in a text of the task."""
    constants = program.constants
    return any(
        isinstance(value := constants.get(argument.value), str) and "\\{" in value
        for call in program.calls
        for argument in call.arguments
    )


def _joins(following: ast.TextPart | None) -> bool:
    if isinstance(following, ast.TextLiteral):
        return following.value.startswith("{")
    return isinstance(following, ast.Ref)


def _may_be_literal(program: Program, part: ast.TextPart) -> bool:
    symbol = program.values.get(part) if isinstance(part, ast.Ref) else None
    return symbol is not None and symbol.kind in (PARAMETER, ENVIRONMENT, CONST)


def note_typed(program: Program, module: ast.Module, ref: ast.Ref) -> None:
    """Keep a const that is typed as a whole for `platform_text`, when it could be misread.

    It has no text around it, so it gets one of its own.
    """
    characters = program.constants.get(ref)
    if isinstance(characters, str) and "\\{" in characters:
        text = ast.Text(ref.start, ref.end, ast.STRING, (ref,))
        program.joined_texts.append((module, text, places.TYPED))
