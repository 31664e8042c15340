"""Seeds of the law, and smaller programs of which the same is true.

    smallest = shrunk(source, lambda text: "choose" in text and checked(text) is not None)

Parts of a program are left out, the largest first, an output with what sets it and a parameter with
what is given for it, blocks take the place of the statements that hold them, and an empty text that
of a reference, until nothing more can go.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.trace import SUCCESS
from flowdsl.simulate.world import World
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.visit import walk

from .checked import PATH, Checked, checked, files_of, joined
from .law import Outcome, both
from .worlds import Answers, world

_NAMED = (ast.Field, ast.Param, ast.Argument, ast.EmitStmt)
"""What goes together where it has one name."""

_NO_TEXT = '""'
"""Takes the place of a longer reference, so that what it names can go."""

TRIES = 4
"""Worlds that are tried for one that can be recorded, and for one that still shows a difference."""

_BEFORE = re.compile(r"(\belse|,|\band|\bor|\bas|->)?\s*$")
"""What goes together with a part that goes: a word or a comma in front of it."""


def two_worlds(
    seed: int,
    program: Checked,
    number: int = 0,
    make: Callable[[int, Checked], World] = world,
) -> tuple[World, World]:
    """The world of a run, one that ends well where some of a few do, and that of its replay."""
    first = 1000 * seed + 10 * number
    found = tried = make(first, program)
    for each in range(TRIES):
        tried = make(first + each, program) if each else found
        try:
            if program.trace(tried).ending.status == SUCCESS:
                found = tried
                break
        except MissingInText:
            continue
    return found, make(first + 500, program)


# Smaller programs


def smaller(program: Checked, outcome: Outcome, seconds: float = 30) -> tuple[Checked, Outcome]:
    """The smallest program that was found that goes wrong in the same way, and how it does."""
    best = program, outcome

    def holds(source: str) -> bool:
        nonlocal best
        found = _still(source, program, outcome)
        if found is not None:
            best = found
        return found is not None

    shrunk(program.source, holds, seconds)
    files = files_of(best[0].source)
    formatted = joined(
        {path: format_source(SourceFile(path, text)).text for path, text in files.items()}
    )
    return _still(formatted, program, best[1]) or best


def _still(source: str, larger: Checked, outcome: Outcome) -> tuple[Checked, Outcome] | None:
    """A program with a difference of the kind of `outcome`, in its worlds or in similar ones."""
    program = checked(source, larger.options)
    if program is None or not program.model.workflows:
        return None
    variants = None if outcome.found is None else [outcome.found.variant]
    for number in range(TRIES):
        again = _similar(program, outcome.world, number)
        first = again if outcome.recorded is None else _similar(program, outcome.recorded, number)
        tried = both(program, first, again, variants)
        if tried.kind == outcome.kind and not tried.holds:
            return program, tried
    return None


def _similar(program: Checked, world: World, number: int) -> World:
    """A world for a program with less in it; the first is the same as far as it can be."""
    inputs = _fitting(world.inputs, program.input_schema)
    answer = world.answer
    if number and isinstance(answer, Answers):
        shares = vars(answer) | {"seed": answer.seed + number}
        answer = Answers(**shares)
    situations = {at: rule for at, rule in world.situations.items() if rule < program.rules}
    return World(inputs, answer, situations, world.today)


def _fitting(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value without the fields that a schema does not have."""
    match value:
        case Mapping():
            fields = schema.get("properties", {})
            return {
                key: _fitting(each, fields[key]) for key, each in value.items() if key in fields
            }
        case list():
            return [_fitting(each, schema.get("items", {})) for each in value]
        case _:
            return value


def shrunk(source: str, holds: Callable[[str], bool], seconds: float = 30) -> str:
    """The smallest program that was found of which `holds` is still true."""
    end = time.monotonic() + seconds
    done = False
    while not done:
        done = True
        for smaller in _smaller(source):
            if time.monotonic() > end:
                return source
            if holds(smaller):
                source, done = smaller, False
                break
    return source


def _smaller(source: str) -> Iterator[str]:
    """Programs with less in them, those that lack most first."""
    yield from sorted(set(_without_parts(source)) - {source}, key=lambda text: (len(text), text))


def _without_parts(source: str) -> Iterator[str]:
    files = files_of(source)
    if len(files) > 1:
        # All in one file: imports go, and names of tasks without that of their file.
        alone = "\n".join(
            re.sub("^flow 1\n|^ *import .*\n", "", f, flags=re.M) for f in files.values()
        )
        yield "flow 1\n" + alone.replace("call tasks.", "call ")
    for path, text in files.items():
        for smaller in _without_parts_of(text):
            yield joined({**files, path: smaller})


def _without_parts_of(source: str) -> Iterator[str]:
    module = parse_module(SourceFile(PATH, source), Sink())
    for node in walk(module):
        start, end = node.start, node.end
        if isinstance(node, ast.Module | ast.TextLiteral) or start >= end:
            continue
        before, behind = source[:start], source[end:]
        yield _tidy(before + behind)
        yield _tidy(_BEFORE.sub("", before) + behind)
        yield _tidy(before + re.sub(r"^\s*,", "", behind))
        if isinstance(node, ast.Ref) and end - start > len(_NO_TEXT):
            yield before + _NO_TEXT + behind
        for block in walk(node):
            if isinstance(block, ast.Block) and block is not node:
                inside = source[block.start : block.end].strip()
                if inside.startswith("{"):
                    inside = inside[1:-1]
                yield _tidy(before + inside + behind)
    yield from _without_names(module, source)


def _without_names(module: ast.Module, source: str) -> Iterator[str]:
    places: dict[str, list[tuple[int, int]]] = {}
    for node in walk(module):
        if isinstance(node, _NAMED):
            places.setdefault(node.name.text, []).append((node.start, node.end))
    for found in places.values():
        rest, last = source, len(source)
        for start, end in sorted(found, reverse=True):
            if end > last:
                continue  # it holds one that has gone
            before, behind = rest[:start], rest[end:]
            comma = re.match(r"\s*,", behind)
            rest = before + behind[comma.end() :] if comma else _BEFORE.sub("", before) + behind
            last = start
        yield _tidy(rest)


def _tidy(source: str) -> str:
    return re.sub(r"\n\s*\n", "\n", source)
