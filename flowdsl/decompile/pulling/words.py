"""The finest way of editing: words inside literals."""

from __future__ import annotations

from collections.abc import Iterator

from .attempts import WORDS, Attempt, Site
from .literals import Changes, edits_of, literal_changes, with_tests


def attempts(site: Site) -> Iterator[Attempt]:
    """All words at once, then the literals one by one; each also with the tests that quote them."""
    sure, unsure = literal_changes(site.workspace, site.built, site.goal)
    if len(sure) > 1:
        yield from _both(site, sure)
    for changes in (sure, unsure):
        for token, own in changes.items():
            yield from _both(site, {token: own})


def _both(site: Site, changes: Changes) -> Iterator[Attempt]:
    yield from site.attempt(WORDS, edits_of(site.built, changes))
    quoted = with_tests(site.built, changes)
    if quoted.keys() != changes.keys():
        yield from site.attempt(WORDS, edits_of(site.built, quoted))
