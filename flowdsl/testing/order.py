"""Whether a run does the acts of a block of `does` in their order.

The acts are states of a small automaton, and each event moves it on. Several states may hold at
once, since an act that may be the sought one may also stand between two others:

    does {                        events        states
      press "Tab"                               before Tab
      never press "Delete"        press Tab     before Tab, before Enter
      press "Enter"               press Tab     before Tab, before Enter
    }                             press Enter   before Tab, before Enter, done

A state ends where an event may not stand: a forbidden one, and with `only` any of the same kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from flowdsl.simulate.trace import Event
from flowdsl.source.record import Record
from flowdsl.syntax import ast

Matches = Callable[[ast.Act, Event], bool]
"""Whether an event is an act."""


class _Sought(Record):
    """An act to be found.

    - `times`: how often it is done before the next one; None for at least once.
    - `forbidden`: the acts that may not stand between the act before and this one.
    """

    act: ast.Act
    times: int | None
    forbidden: tuple[ast.Act, ...]


_State = tuple[int, int]
"""The number of acts that were found, and how often the next one is still to be done."""


class Mismatch(Record):
    """Why a run does not do the acts in order.

    - `found`: the number of acts that were found in order.
    - `event`: the index of the event that may not stand where it does; None if an act is missing.
    - `left`: how often the next act is still to be done.
    """

    found: int
    event: int | None
    left: int


def acts_to_find(item: ast.ExpectOrder) -> tuple[ast.OrderedAct, ...]:
    """Return the acts of a block that have to be done."""
    return tuple(each for each in item.acts if not _is_forbidden(each))


def find_mismatch(
    item: ast.ExpectOrder,
    events: Sequence[tuple[int, Event]],
    is_act: Matches,
    count_times: Callable[[Event], int],
    is_of_kind: Callable[[ast.Act, Event], bool],
) -> Mismatch | None:
    """Return why the events, each with its index, are not the acts in order; None if they are."""
    sought, after = _collect_sought(item.acts)

    def needed(number: int) -> int:
        return (sought[number].times or 1) if number < len(sought) else 0

    def stops(number: int, left: int, event: Event) -> bool:
        """Whether a state ends at an event that is none of its acts."""
        forbidden: Iterable[ast.Act] = after
        if number < len(sought):
            forbidden = sought[number].forbidden if left == needed(number) else ()
        counted = [each.act for each in sought[max(number - 1, 0) : number + 1] if each.times]
        if any(is_act(act, event) for act in (*forbidden, *counted)):
            return True
        return item.only and any(is_of_kind(each.act, event) for each in item.acts)

    states: set[_State] = {(0, needed(0))}
    ended: tuple[_State, int] | None = None
    """The state that had found most when it ended, and the event that ended it."""
    for index, event in events:
        following: set[_State] = set()
        for number, left in states:
            if number < len(sought) and is_act(sought[number].act, event):
                times = count_times(event) if sought[number].times else 1
                if times == left:
                    following.add((number + 1, needed(number + 1)))
                elif times < left:
                    following.add((number, left - times))
            if not stops(number, left, event):
                following.add((number, left))
            elif ended is None or _progress(ended[0]) < _progress((number, left)):
                ended = (number, left), index
        states = following
    found = max(states, key=_progress, default=None)
    if found is not None and found[0] == len(sought):
        return None
    if ended is not None and (found is None or _progress(found) < _progress(ended[0])):
        (number, left), index = ended
        return Mismatch(number, index, left)
    assert found is not None, "the last state ends at an event"
    return Mismatch(found[0], None, found[1])


def _progress(state: _State) -> tuple[int, int]:
    found, left = state
    return found, -left


def _is_forbidden(each: ast.OrderedAct) -> bool:
    """Whether an act may not be done; `0 times` means the same as `never`."""
    return each.never or (each.times is not None and each.times.value == 0)


def _collect_sought(
    acts: Iterable[ast.OrderedAct],
) -> tuple[tuple[_Sought, ...], tuple[ast.Act, ...]]:
    """Return the acts to be found, and those that may not be done after the last one."""
    sought: list[_Sought] = []
    forbidden: list[ast.Act] = []
    for each in acts:
        if _is_forbidden(each):
            forbidden.append(each.act)
        else:
            times = None if each.times is None else each.times.value
            sought.append(_Sought(each.act, times, tuple(forbidden)))
            forbidden = []
    return tuple(sought), tuple(forbidden)
