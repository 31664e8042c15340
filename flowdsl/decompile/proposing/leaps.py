"""Makes an `else` of what a leap to a later entry leaves out: `If it is closed, go to step 11`.

`If A, do X and go to 4` in front of the entries 2, 3 and 4 is `if A { X } else { 2 3 }` in front of
4; in a loop, `next one` leaves out what is left of the body.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.ir import nodes
from flowdsl.ir.walk import walk
from flowdsl.source.record import Record, replace

from .statements import is_leap


class Segment(Record):
    """The statements of an entry of a list with its label, `4` or `2.6.1`."""

    label: str
    statements: tuple[nodes.Statement, ...]


class Unresolved(ValueError):
    """Raised for a leap that no `else` says; the number of its segment is its argument."""


def has_leap(statements: Sequence[nodes.Statement]) -> bool:
    return any(map(is_leap, walk(tuple(statements))))


def resolve_leaps(segments: Sequence[Segment], *, in_loop: bool) -> list[nodes.Statement]:
    """Return the statements of segments without leaps; raises `Unresolved`."""
    flat = [(at, each) for at, segment in enumerate(segments) for each in segment.statements]
    if not has_leap([each for _, each in flat]):
        return [each for _, each in flat]
    for index in range(len(flat) - 1, -1, -1):
        segment, statement = flat[index]
        leaps = [
            each for each in walk(statement) if isinstance(each, nodes.Leave) and is_leap(each)
        ]
        if not leaps:
            continue
        end = _find_target(leaps, segments, segment, in_loop=in_loop)
        if end is None or not isinstance(statement, nodes.If):
            raise Unresolved(segment)
        behind = [each for each in range(index + 1, len(flat)) if flat[each][0] < end]
        last = behind[-1] + 1 if behind else index + 1
        placed = _place(statement, [each for _, each in flat[index + 1 : last]])
        if placed is None:
            raise Unresolved(segment)
        if any(flat[each][0] >= end for each in range(index + 1, last)):
            raise Unresolved(segment)
        flat[index:last] = [(segment, placed)]
    return [each for _, each in flat]


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
    for at in range(start + 1, len(segments)):
        if segments[at].label == label:
            return at
    return None


def _place(decision: nodes.If, between: Sequence[nodes.Statement]) -> nodes.If | None:
    """Return a decision whose branches without a leap go on with what is `between`."""
    bodies = [*(each.body for each in decision.branches), decision.otherwise]
    leaping = [bool(body) and is_leap(body[-1]) for body in bodies]
    bare = [body[:-1] if leaps else body for body, leaps in zip(bodies, leaping, strict=True)]
    if has_leap([each for body in bare for each in body]):
        if between:
            return None
        bare = [_strip_tail(body) for body in bare]
        if has_leap([each for body in bare for each in body]):
            return None
    elif between:
        going_on = [
            at
            for at, body in enumerate(bare)
            if not leaping[at] and not (body and isinstance(body[-1], nodes.Leave))
        ]
        if len(going_on) > 1:
            return _put_leaps_first(decision, bare, leaping, between)
        if not going_on:
            return None
        bare[going_on[0]] = (*bare[going_on[0]], *between)
    branches = tuple(
        replace(branch, body=body) for branch, body in zip(decision.branches, bare, strict=False)
    )
    return replace(decision, branches=branches, otherwise=bare[-1])


def _put_leaps_first(
    decision: nodes.If,
    bare: Sequence[nodes.Body],
    leaping: Sequence[bool],
    between: Sequence[nodes.Statement],
) -> nodes.If | None:
    """Return a decision in which the cases that leap stand first, which cases of a list may."""
    if leaping[-1]:
        return None
    every = [
        (leaps, replace(branch, body=body))
        for leaps, branch, body in zip(leaping, decision.branches, bare, strict=False)
    ]
    first = tuple(branch for leaps, branch in every if leaps)
    rest = tuple(branch for leaps, branch in every if not leaps)
    inner = replace(decision, branches=rest, otherwise=bare[-1])
    return replace(decision, branches=first, otherwise=(inner, *between))


def _strip_tail(body: nodes.Body) -> nodes.Body:
    """Return a body without the leaps at its end, also at the end of the decision there."""
    if not body:
        return body
    last = body[-1]
    if is_leap(last):
        return body[:-1]
    if isinstance(last, nodes.If):
        branches = tuple(replace(each, body=_strip_tail(each.body)) for each in last.branches)
        last = replace(last, branches=branches, otherwise=_strip_tail(last.otherwise))
        return (*body[:-1], last)
    return body
