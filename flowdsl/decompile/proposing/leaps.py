"""Makes an `else` of what a leap to a later entry leaves out: `If it is closed, go to step 11`.

`If A, do X and go to 4` in front of the entries 2, 3 and 4 is `if A { X } else { 2 3 }` in front of
4; in a loop, `next one` leaves out what is left of the body. Only leaps that do not cross are said,
over acts that the agent of the `if` can do, and to which no other step is sent by number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from flowdsl.ir import nodes
from flowdsl.ir.walk import walk
from flowdsl.source.record import Record, replace

from .statements import is_leap

_MOST_NESTED = 8
"""The bound of decisions with leaps inside one another."""


class Segment(Record):
    """The statements of an entry of a list with its label, `4` or `2.6.1`."""

    label: str
    statements: tuple[nodes.Statement, ...]


class Unresolved(ValueError):
    """Raised for leaps of a list that no `else` says."""


Judge = Callable[[nodes.If, Sequence[nodes.Statement]], bool]
"""Whether statements may stand in an `else` of a decision."""


def has_leap(statements: Sequence[nodes.Statement]) -> bool:
    return any(map(is_leap, walk(tuple(statements))))


def resolve_leaps(
    segments: Sequence[Segment], named: Collection[str], may_place: Judge, *, in_loop: bool
) -> list[nodes.Statement]:
    """Return the statements of segments without leaps; raises `Unresolved`.

    `named` are the labels that the prompt mentions: what leaps into an `else` cannot be said.
    """
    flat = [(at, 0, each) for at, segment in enumerate(segments) for each in segment.statements]
    leaps = [leap for _, _, each in flat for leap in _find_leaps(each)]
    inside = {*named, *(leap.noted for leap in leaps)}
    for index in range(len(flat) - 1, -1, -1):
        segment, _, statement = flat[index]
        leaps = _find_leaps(statement)
        if not leaps:
            continue
        end = _find_target(leaps, segments, segment, in_loop=in_loop)
        if end is None or not isinstance(statement, nodes.If):
            raise Unresolved
        last = index + 1
        while last < len(flat) and flat[last][0] < end:
            last += 1
        between = [each for _, _, each in flat[index + 1 : last]]
        depth = 1 + max((nested for _, nested, _ in flat[index + 1 : last]), default=0)
        placed = _place(statement, between)
        if (
            placed is None
            or depth > _MOST_NESTED
            or any(each.label in inside for each in segments[segment + 1 : end])
            or (between and not may_place(statement, between))
        ):
            raise Unresolved
        flat[index:last] = [(segment, depth, placed)]
    return [each for _, _, each in flat]


def _find_leaps(statement: nodes.Statement) -> list[nodes.Leave]:
    return [each for each in walk(statement) if isinstance(each, nodes.Leave) and is_leap(each)]


def _find_target(
    leaps: Sequence[nodes.Leave], segments: Sequence[Segment], start: int, *, in_loop: bool
) -> int | None:
    """Return the segment that all leaps go to, the number of segments for the end of the loop."""
    labels = {each.noted for each in leaps}
    if len(labels) != 1:
        return None
    (label,) = labels
    if not label:
        return len(segments) if in_loop else None
    found = [at for at, each in enumerate(segments) if each.label == label]
    return found[0] if len(found) == 1 and found[0] > start else None


def _place(decision: nodes.If, between: Sequence[nodes.Statement]) -> nodes.If | None:
    """Return a decision of which the case without a leap goes on with what is `between`."""
    bodies = [*(each.body for each in decision.branches), decision.otherwise]
    leaping = [bool(body) and is_leap(body[-1]) for body in bodies]
    bare = [body[:-1] if leaps else body for body, leaps in zip(bodies, leaping, strict=True)]
    if has_leap([each for body in bare for each in body]):
        return None
    going_on = [
        at
        for at, body in enumerate(bare)
        if not leaping[at] and not (body and isinstance(body[-1], nodes.Leave))
    ]
    if between and len(going_on) > 1:
        return _put_rest_inside(decision, bare, leaping, between)
    if between and not going_on:
        return None
    if between:
        bare[going_on[0]] = (*bare[going_on[0]], *between)
    branches = tuple(
        replace(branch, body=body) for branch, body in zip(decision.branches, bare, strict=False)
    )
    return replace(decision, branches=branches, otherwise=bare[-1])


def _put_rest_inside(
    decision: nodes.If,
    bare: Sequence[nodes.Body],
    leaping: Sequence[bool],
    between: Sequence[nodes.Statement],
) -> nodes.If | None:
    """Return a decision whose first cases leap, and whose other cases stand in its `else`."""
    first = leaping.index(False)
    if any(leaping[first:]):
        return None
    branches = [
        replace(branch, body=body) for branch, body in zip(decision.branches, bare, strict=False)
    ]
    rest = replace(decision, branches=tuple(branches[first:]), otherwise=bare[-1])
    return replace(decision, branches=tuple(branches[:first]), otherwise=(rest, *between))
