"""Runs of neighbouring statements that may become a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from flowdsl.ir import nodes
from flowdsl.source.record import Record

from ..lines import Emit, Line, Node, all_lines, variable_set


class Run(Record):
    """Neighbouring lines of one body, by the positions of the first and the last."""

    body: list[Line]
    first: int
    last: int

    @property
    def lines(self) -> list[Line]:
        return self.body[self.first : self.last + 1]

    @property
    def size(self) -> int:
        """The number of statements, those in bodies included."""
        return sum(1 for _ in all_lines(self.lines))


def results_in(lines: Iterable[Line]) -> list[str]:
    """The results that lines fill, each once, in source order."""
    found = (line.node.variable for line in all_lines(lines) if isinstance(line.node, Emit))
    return list(dict.fromkeys(name for name in found if name is not None))


def fills(lines: Iterable[Line], variable: str) -> bool:
    """Whether lines fill a result."""
    return any(
        isinstance(each.node, Emit) and each.node.variable == variable for each in all_lines(lines)
    )


def touches(lines: Iterable[Line], name: str) -> int:
    """How often lines set or read a runtime variable."""
    count = 0
    for line in all_lines(lines):
        count += (variable_set(line.node) == name) + line.reads().count(("runtime", name))
    return count


def tally(lines: Iterable[Line]) -> Counter[str]:
    """How often lines set or read each runtime variable."""
    counts: Counter[str] = Counter()
    for line in all_lines(lines):
        name = variable_set(line.node)
        if name is not None:
            counts[name] += 1
        counts.update(name for sigil, name in line.reads() if sigil == "runtime")
    return counts


def is_fixed(line: Line, pinned: frozenset[str]) -> bool:
    """Whether something in a line has to stand in the workflow itself, not in a task."""
    return any(
        each.node.variable is None
        if isinstance(each.node, Emit)
        else isinstance(each.node, nodes.BackgroundExtract) or variable_set(each.node) in pinned
        for each in all_lines([line])
    )


def bodies_in(root: list[Line]) -> Iterator[list[Line]]:
    """A body and those in it, outer before inner."""
    yield root
    for line in root:
        for body in line.bodies:
            yield from bodies_in(body)


def way_to(root: list[Line], body: list[Line]) -> tuple[tuple[Node, int], ...] | None:
    """The statements around a body, outer first, each with the index of its body on the way."""
    if root is body:
        return ()
    for line in root:
        for at, inner in enumerate(line.bodies):
            if (found := way_to(inner, body)) is not None:
                return ((line.node, at), *found)
    return None


def prefixes(name: str) -> list[str]:
    """Task names that a private variable allows: `open` and `open_chart` for `open_chart_name`."""
    return [
        name[:at]
        for at, sign in enumerate(name)
        if sign == "_" and name[:at].strip("_") and name[at + 1 :] and not name[at + 1].isdigit()
    ]


def number_of(name: str) -> int:
    """The number that inlining has put behind a name; 1 if there is none."""
    head, _, tail = name.rpartition("_")
    return int(tail) if head and tail.isdigit() and len(tail) < 9 else 1
