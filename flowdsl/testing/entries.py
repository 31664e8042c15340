"""The passes of loops, and which of them a test means."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from flowdsl.semantics.flow_tests.acts import element_type, means_loop
from flowdsl.simulate.interpreter.fields import written_field
from flowdsl.simulate.interpreter.values import is_same
from flowdsl.syntax import ast

from .literals import Literals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Selector: TypeAlias = ast.ItemNumber | ast.ItemWhere

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": is_same,
    "!=": lambda one, other: not is_same(one, other),
}


class Entry:
    """One pass of a loop: its number from 1, its entry, and the events from `start` to `end`."""

    __slots__ = ("end", "entry", "loop", "number", "start")

    def __init__(self, loop: ast.ForStmt, number: int, entry: Any, start: int) -> None:
        self.loop = loop
        self.number = number
        self.entry = entry
        self.start = start
        self.end = start


def is_meant(selector: Selector, pass_: Entry, literals: Literals) -> bool:
    """Whether a selector means a pass of a loop."""
    if selector.of is not None and not means_loop(selector.of.text, pass_.loop):
        return False
    if isinstance(selector, ast.ItemNumber):
        return selector.number.value == pass_.number
    name, entry = selector.field.text, pass_.entry
    if isinstance(entry, dict):
        field = written_field(element_type(literals.model.ref_types, pass_.loop), name)
        found = entry.get(name if field is None else field.wire_name)
    else:
        found = entry
    sought = literals.json(selector.value)
    if found is None or sought is None:
        equal = found is None and sought is None
        return equal if selector.operator == "==" else selector.operator == "!=" and not equal
    try:
        return bool(COMPARISONS[selector.operator](found, sought))
    except TypeError:
        return False
