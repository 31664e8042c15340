"""Reads the values that a prompt uses or saves without saying in plain words how they are read."""

from __future__ import annotations

import re
from collections.abc import Collection

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.ir.rewrite import rewrite_body
from flowdsl.ir.walk import walk
from flowdsl.source.record import replace

from .statements import make_extract
from .values import Values

_SAVING = (
    r"(?i)\b(?:save|store|remember|note|put|write|add|list|choice|read|count|go|goes)\b[^.;\n]*?"
    r"\b(?:as|in|into|under|to|for)"
    r"(?: the)?(?: list)?[ \"']*$|\b(?:save|store|increase|als)[ \"']*$|(?:[-=]>|→)[ \"']*$"
)
_SAVED_BEHIND = (
    r"(?i)[ \"']*(?:merken|aufnehmen|(?:ab)?speichern|notieren|ablegen|sichern|hinzufügen|"
    r"festhalten|vermerken|sammeln|(?:da)?zu(?:zählen|addieren|rechnen))\b"
)
"""How a German text goes on behind the name of what it saves."""


def read_before_use(
    body: nodes.Body,
    instructions: Values,
    known: set[str],
    read: list[str],
    unset: set[str] | None = None,
) -> nodes.Body:
    """Return a body with a reading of each value that it uses and that nothing has set.

    It stands in front of the first use, or behind a `do` that says to save it: `Save your choice
    in {{choice}}`. `known` are the variables that are set here, and `read` collects those that are
    read so.
    """
    if unset is None:
        named = {
            each.name
            for each in walk(body)
            if isinstance(each, nodes.Variable) and each.sigil == "runtime"
        }
        unset = named - {each for statement in body for each in _set_by(statement)} - {LOOP_ITEM}
        counted = {each for each in _find_saved(body, unset) if instructions.is_counted(each)}
        body, unset = _name_saved(body, counted), unset - counted
    statements: list[nodes.Statement] = []
    for statement in body:
        if isinstance(statement, nodes.Step):
            inner = read_before_use(statement.body, instructions, known, read, unset)
            statements.append(replace(statement, body=inner))
            continue
        own = _set_by(statement)
        if isinstance(statement, nodes.Loop):
            statement, behind = _read_inside_loop(statement, instructions, known, read)
            statements += [statement, *behind]
            continue
        missing = [
            variable.name
            for variable in walk(statement)
            if isinstance(variable, nodes.Variable)
            and variable.sigil == "runtime"
            and variable.name not in known | own | {LOOP_ITEM}
            and not instructions.is_declared(variable.name)
        ]
        told = [
            each
            for each in instructions.in_order(unset - known)
            if each not in missing
            and _tells_to_save(statement, each)
            and not instructions.is_declared(each)
        ]
        readings = {name: instructions.reading_of(name) for name in dict.fromkeys(missing + told)}
        saved = _find_saved(statement, readings) | set(told)
        parts = _name_saved(_cut_behind(statement, saved), saved)
        statements += [each for name, each in readings.items() if name not in saved]
        statements.append(parts[0])
        statements += [each for name, each in readings.items() if name in saved]
        statements += parts[1:]
        known.update(readings)
        read += readings
        if not isinstance(statement, nodes.If):
            known |= own
    return tuple(statements)


def _cut_behind(statement: nodes.Statement, saved: Collection[str]) -> nodes.Body:
    """Return a `do` as two, of which the first ends with the sentence that saves the last value.

    What is done behind it may leave the screen that shows the value.
    """
    text = statement.text if isinstance(statement, nodes.Do) else ()
    places = [at for at, each in enumerate(text) if getattr(each, "name", None) in saved]
    behind = text[places[-1] + 1] if places and places[-1] + 1 < len(text) else None
    if not isinstance(behind, nodes.TextPiece) or any(
        isinstance(each, nodes.TextPiece) and "\n" in each.value for each in text
    ):
        return (statement,)
    first, end, rest = behind.value.partition(". ")
    if not end or not rest[:1].isupper():
        return (statement,)
    at = places[-1] + 1
    return (
        replace(statement, text=(*text[:at], nodes.TextPiece(value=f"{first}."))),
        replace(statement, text=(nodes.TextPiece(value=rest), *text[at + 1 :])),
    )


def let_unused_be_missing(body: nodes.Body, read: Collection[str]) -> nodes.Body:
    """Return a body in which no run ends for lack of a value in `read` that nothing uses."""
    used = {each.name for each in walk(body) if isinstance(each, nodes.Variable)}

    def relax(inner: nodes.Body) -> nodes.Body:
        return tuple(
            make_extract(each.variable, nodes.OptionalType(inner=each.type), each.source)
            if isinstance(each, nodes.Extract)
            and each.variable in read
            and each.variable not in used
            and not isinstance(each.type, nodes.OptionalType)
            else each
            for each in inner
        )

    return rewrite_body(body, relax)


def _tells_to_save(statement: nodes.Statement, name: str) -> bool:
    """Whether a `do` says to save a value under a bare name: `Save them as lpa and fee`."""
    pieces = statement.text if isinstance(statement, nodes.Do) else ()
    words = "".join(each.value if isinstance(each, nodes.TextPiece) else "_" for each in pieces)
    return (
        re.search(rf"\b(?i:as|into|in|under|als|unter)\b[^.;\n]*(?<!\w){name}(?!\w)", words)
        is not None
    )


def _read_inside_loop(
    loop: nodes.Loop, instructions: Values, known: set[str], read: list[str]
) -> tuple[nodes.Loop, list[nodes.Statement]]:
    """Return a loop that reads what its entries use, and readings of what they save behind it."""
    unknown = (
        {
            each.name
            for each in walk(loop)
            if isinstance(each, nodes.Variable) and each.sigil == "runtime"
        }
        - known
        - _set_by(loop)
        - {LOOP_ITEM}
    )
    saved = [
        each for each in sorted(_find_saved(loop, unknown)) if not instructions.is_declared(each)
    ]
    named = _name_saved(loop.body, saved)
    inside: list[str] = []
    body = read_before_use(named, instructions, set(known), inside)
    read += [*inside, *saved]
    known.update(saved)
    return replace(loop, body=body), [instructions.reading_of(each) for each in saved]


def _find_saved(statement: nodes.Statement | nodes.Body, unknown: Collection[str]) -> set[str]:
    """Return those of the `unknown` variables that a statement only says to save."""
    saved: set[str] = set()
    used: set[str] = set()
    for each in walk(statement):
        told = each.text if isinstance(each, nodes.Do) else ()
        words = "".join(
            piece.value if isinstance(piece, nodes.TextPiece) else getattr(piece, "name", "_")
            for piece in told
        )
        around = [piece.value if isinstance(piece, nodes.TextPiece) else "" for piece in told]
        saves, own = False, set[str]()
        for piece, before, behind in zip(told, ["", *around], [*around[1:], ""], strict=False):
            if isinstance(piece, nodes.Variable):
                listed = saves and re.fullmatch(r",? (?:and |und )?|, ", before)
                saves = bool(
                    listed
                    or re.search(_SAVING, before)
                    or re.match(_SAVED_BEHIND, behind)
                    or re.search(rf"(?i)\bset [\w, ]*\b{piece.name}\b[\w, ]* to \d", words)
                )
                if saves or piece.name not in own:  # behind it, its agent has the value
                    (own if saves else used).add(piece.name)
        saved |= own
        if not isinstance(each, nodes.Do):
            held = walk(getattr(each, "text", ()))
            used |= {piece.name for piece in held if isinstance(piece, nodes.Variable)}
    return saved.intersection(unknown) - used


def _name_saved(body: nodes.Body, saved: Collection[str]) -> nodes.Body:
    """Return statements whose texts have the names of `saved` variables in place of them."""

    def name(inner: nodes.Body) -> nodes.Body:
        return tuple(
            replace(each, text=tuple(_name_variable(piece, saved) for piece in each.text))
            if isinstance(each, nodes.Do)
            else each
            for each in inner
        )

    return rewrite_body(body, name)


def _name_variable(piece: nodes.Piece, saved: Collection[str]) -> nodes.Piece:
    if isinstance(piece, nodes.Variable) and piece.name in saved:
        return nodes.TextPiece(value=piece.name)
    return piece


def _set_by(statement: nodes.Statement) -> set[str]:
    """Return the variables that a statement or one inside it reads."""
    return {
        each.variable for each in walk(statement) if isinstance(each, nodes.Extract | nodes.Copy)
    }
