"""The finest way of editing: words inside literals."""

from __future__ import annotations

from collections.abc import Iterator

from ..attempts import WORDS, Attempt, EditContext
from .literals import Changes, edits_of, literal_changes, with_tests


def attempts(context: EditContext) -> Iterator[Attempt]:
    """All changes of words at once, then the literals one by one.

    Each also with the tests that quote them.
    """
    sure, unsure = literal_changes(context.workspace, context.built, context.goal)
    if len(sure) > 1:
        yield from _both(context, sure)
    for changes in (sure, unsure):
        for token, own in changes.items():
            yield from _both(context, {token: own})


def _both(context: EditContext, changes: Changes) -> Iterator[Attempt]:
    yield from context.attempt(WORDS, edits_of(context.built, changes))
    quoted = with_tests(context.built, changes)
    if quoted.keys() != changes.keys():
        yield from context.attempt(WORDS, edits_of(context.built, quoted))
