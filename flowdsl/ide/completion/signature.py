"""The signature of the task that a place gives arguments to."""

from __future__ import annotations

from flowdsl.source.record import Record

from ..names.hover import spell_signature
from ..session import Session
from .context import find_context
from .names import VisibleNames


class Signature(Record):
    """A signature, its doc comment, the range of each parameter, and which one is written."""

    text: str
    doc: str
    parameters: tuple[tuple[int, int], ...]
    active: int | None


def find_signature(session: Session, path: str, text: str, offset: int) -> Signature | None:
    """Return the signature of the call around an offset; None outside of calls."""
    context = find_context(text, offset)
    scope = VisibleNames(session, path, text, context)
    task = scope.task_called()
    if task is None:
        return None
    opened = next(each for each in reversed(context.opened) if context.words[each] == "(")
    words = context.words[opened + 1 :]
    start = max((at for at, word in enumerate(words) if word == ","), default=-1) + 1
    given = words[start] if start < len(words) else context.prefix
    names = [param.name for param in task.params]
    signature, ranges = spell_signature(task)
    active = names.index(given) if given in names else None
    if active is None:
        free = [at for at, name in enumerate(names) if name not in words]
        active = free[0] if free else None
    return Signature(signature, task.declaration.doc or "", ranges, active)
