"""Texts that would be JSON, did they not nest too deep: texts, wherever one is read leniently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowdsl.decompile.reading.loops import _json_value
from flowdsl.emulator.simulation.prompts import loop_items
from flowdsl.ir import nodes
from flowdsl.semantics import types
from flowdsl.simulate.interpreter.reading import value_of
from flowdsl.simulate.machine.ending.transformation import _from_text
from flowdsl.simulate.machine.memory import from_json
from tests.support.rows import in_rows

DEEP = "[" * 100_000


@in_rows(
    ("read", "found"),
    [
        (from_json, DEEP),
        (lambda text: _from_text(text, ["array"], {}), DEEP),
        (lambda text: value_of(text, types.Primitive("int"), lambda value: value), DEEP),
        (lambda text: loop_items(text, {}, {}), []),
        (lambda text: _json_value((nodes.TextPiece(value=text),)), None),
    ],
)
def test_what_nests_too_deep_is_no_error_of_python(
    read: Callable[[str], Any], found: object
) -> None:
    assert read(DEEP) == found
