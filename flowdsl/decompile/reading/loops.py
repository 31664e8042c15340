"""Parses the loops of a prompt: the values that they iterate over, and their bounds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable, text_value
from flowdsl.ir.rewrite import rewrite_body
from flowdsl.prompt.reading.phrases import read_constant
from flowdsl.prompt.reading.texts import Texts
from flowdsl.source.record import replace

from ..model import PromptHints
from ..writing.type_names import first_free_name

VARIABLE = "item"
"""The name of loop variables, if it is free; a prompt has a name only for a `Loop.entry`."""


def read_items(spelled: str, texts: Texts) -> nodes.Value | None:
    """Parse the items of a loop from the text that `start_loop` is given; None for other text."""
    text = texts.text(spelled)
    if text is None:
        return None
    whole = text_value(text)
    if single_variable(whole) is not None:
        return whole
    constant = read_constant(spelled, 0)
    if constant is not None and constant[1] == len(spelled):
        return constant[0]
    return _json_value(text)


def _json_value(text: nodes.Text) -> nodes.Value | None:
    """Return the value of a text that is JSON with variables between quotation marks, else None."""
    variables = [piece for piece in text if isinstance(piece, nodes.Variable)]
    marked = "".join(_MARK if isinstance(piece, nodes.Variable) else piece.value for piece in text)
    if marked.count(_MARK) != len(variables):
        return None
    try:
        return _fill_in_variables(json.loads(marked), iter(variables))
    except (ValueError, RecursionError):
        return None


_MARK = "\ufdd0"
"""Placeholder for a variable: a noncharacter, which no text may contain."""


def _fill_in_variables(value: Any, variables: Iterator[nodes.Variable]) -> nodes.Value:
    match value:
        case str():
            pieces: list[nodes.TextPiece | nodes.Variable] = []
            for index, part in enumerate(value.split(_MARK)):
                if index:
                    pieces.append(next(variables))
                if part:
                    pieces.append(nodes.TextPiece(value=part))
            return text_value(tuple(pieces))
        case list():
            return nodes.ListValue(
                items=tuple(_fill_in_variables(item, variables) for item in value)
            )
        case dict():
            return nodes.ObjectValue(
                fields=tuple(
                    (name, _fill_in_variables(item, variables)) for name, item in value.items()
                )
            )
        case _:
            return nodes.ConstantValue(value=value)


# Properties that the lines of a loop do not contain


def finish_loops(body: nodes.Body, taken: Iterable[str], hints: PromptHints) -> nodes.Body:
    """Return the body with the bound and the variable of each loop.

    The bound is `maxItems` of the input that the loop iterates over, unless its lines state one.
    `taken` are the names that the variable must not have.
    """
    name = first_free_name(VARIABLE, set(taken), "_")
    bounds = {field.name: field.constraints.get("maxItems") for field in hints.inputs or ()}

    def rewrite(body: nodes.Body) -> nodes.Body:
        return tuple(
            _finish_loop(statement, name, bounds)
            if isinstance(statement, nodes.Loop)
            else statement
            for statement in body
        )

    return rewrite_body(body, rewrite)


def _finish_loop(loop: nodes.Loop, name: str, bounds: dict[str, Any]) -> nodes.Loop:
    limit = loop.limit
    variable = single_variable(loop.items)
    if limit is None and variable is not None and variable.sigil == "input" and not variable.path:
        bound = bounds.get(variable.name)
        limit = bound if isinstance(bound, int) else None
    return replace(loop, variable=name if loop.entry is None else loop.entry, limit=limit)
