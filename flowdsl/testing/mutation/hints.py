"""Lines of a test that would notice an edit, from the first difference of two traces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowdsl.format.literals import value_literal
from flowdsl.simulate import trace as traces
from flowdsl.simulate.trace import SUCCESS, Event, Trace, without_marks
from flowdsl.testing.expectations import VERBS_OF_ACTS


def describe_difference(before: Trace, after: Trace | None) -> str:
    """Return expectations that hold for the trace of a flow and not for that of its edit.

    The result is empty if no expectation can tell them apart.
    """
    expected = _find_expectation(before, after)
    fails = before.ending.status != SUCCESS and not expected.startswith("aborts")
    return f"aborts {expected}" if fails and expected else expected


def _find_expectation(before: Trace, after: Trace | None) -> str:
    if before.ending.status != SUCCESS:
        if after is None or before.ending != after.ending:
            return f"aborts {value_literal(before.ending.reason) or ''}".rstrip()
    elif after is not None and before.ending.outputs != after.ending.outputs:
        for name, value in before.ending.outputs.items():
            written = value_literal(value)
            if value != after.ending.outputs.get(name) and written is not None:
                return f"outputs {{ {name} = {written} ... }}"
    return _tell_events_apart(before.events, () if after is None else after.events)


def _tell_events_apart(before: Sequence[Event], after: Sequence[Event]) -> str:
    """Return the acts around the first difference, or how often an act that is added is done."""
    same = (one == other for one, other in zip(before, after, strict=False))
    number = next((at for at, each in enumerate(same) if not each), min(len(before), len(after)))
    if number < len(before) and before[number].verb == traces.SHOW:
        return f"prompt contains {_render_text(before[number].texts[-1])}"
    start = max(number - 1, 0)
    for end in range(number + 2, len(before) + 2) if number < len(before) else ():
        acts = [act for act in map(_act_of, before[start:end]) if act]
        # Other acts may stand between those of a test.
        left = iter(map(_act_of, after))
        if not all(act in left for act in acts):
            return f"does {{ {' '.join(acts)} }}"
    act = _act_of(after[number]) if number < len(after) else ""
    times = sum(_act_of(each) == act for each in before)
    if not times or not act:
        return act and f"never {act.replace('types ', 'type ', 1)}"
    return "" if "times" in act else f"does {act} {times} times"


def _act_of(event: Event) -> str:
    """Return an event as an act of a test; empty if a test cannot name it."""
    texts = [_render_text(text) for text in event.texts]
    match event.verb:
        case traces.TYPE:
            return f"types {texts[0]} into {texts[1]}"
        case traces.TYPE_AS:
            return f"types {texts[0]} as {texts[1]} into {texts[2]}"
        case traces.PRESS:
            times = "" if event.texts[1] == "1" else f" {event.texts[1]} times"
            return f"press {texts[0]}{times}"
        case traces.PAUSE:
            milliseconds = int(event.texts[0])
            seconds, rest = divmod(milliseconds, 1000)
            return f"wait {milliseconds}ms" if rest else f"wait {seconds}s"
        case verb if verb in _KEYWORDS:
            return f"{_KEYWORDS[verb]} {texts[0]}"
        case _:
            return ""


_SECRET = re.compile(r"\{\$([A-Za-z_][A-Za-z0-9_]*)\}")


def _render_text(text: str) -> str:
    """Return a text as a test writes it, a secret by its name."""
    secret = _SECRET.search(without_marks(text))
    if secret is not None:
        return f'~"{secret[1]}"'
    written = value_literal(text)
    return '~""' if written is None or "\n" in written else written


_KEYWORDS = {
    verb: "export file" if keyword == "export" else keyword
    for keyword, verbs in VERBS_OF_ACTS.items()
    for verb in verbs
}
"""The keywords of acts with one text, by the verbs of their events."""
