"""The index of the tests of a project: which groups had only tests that passed, as they are now.

A group counts only if every file that was read for its compilation and its tests has the bytes that
it had then. Groups with a test that failed are not kept, so that what failed always runs again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from flowdsl.semantics.names.files import group_connected_paths
from flowdsl.source.record import Record

from .check import CurrentFiles, share_a_name
from .index import (
    NOTHING,
    Group,
    Request,
    index_document,
    place_of_environment,
    read_index,
    write_sealed,
)


class PassedTest(Record):
    """A test that passed.

    `home` is the file of the test, and `path`, `line` and `column` are the place of its title,
    which may be in a table. `seconds` is the time that it took when it ran.
    """

    home: str
    title: str
    subject: str
    path: str
    line: int
    column: int
    seconds: float


class Tested(Record):
    """A group whose tests all passed, and the digests of the files that were read for them."""

    group: Group
    digests: Mapping[str, str]


class TestIndex:
    """The index of the tests of one environment, whose `settings` are as for a compilation.

    `known` are the groups whose tests need not run, and `stale` the entries of the others.
    """

    def __init__(self, request: Request, settings: Mapping[str, str], secret: bytes) -> None:
        self._request = request
        self._secret = secret
        words = (f"{name}={value}" for name, value in sorted(settings.items()))
        # Tests are run by packages of others, too: of schemas, and of patterns.
        self._key = request.key(*words, *_list_installed_packages())
        self._place = f"{place_of_environment('test', settings)}/index.json"
        index = read_index(request.root, self._place, self._key, secret)
        try:
            for each in index.groups.values():
                passed_tests(each)
        except TypeError:
            index = NOTHING
        self._number = len(index.groups)
        self._current = CurrentFiles(request.root, request.files, index, by_content=True)
        self.known: list[Group] = []
        self.stale: list[tuple[str, ...]] = []
        for names in group_connected_paths(request.entries, self._current.imports_of):
            group = index.groups.get(names)
            if group is None or any(map(self._current.has_changed, group.reads)):
                self.stale.append(names)
            else:
                self.known.append(group)

    def declares_twice(self, fresh: Iterable[Group]) -> bool:
        """Whether two groups declare the same address, which only a whole compilation reports."""
        return share_a_name([*self.known, *fresh])

    def save(self, tested: Sequence[Tested]) -> None:
        """Keep the known groups, and those that were tested now and are still as they were read."""
        current = self._current
        keep = [*self.known, *(each.group for each in tested if current.are_as_read(each.digests))]
        if self.stale or len(keep) != self._number or current.touched:
            document = index_document(current.index(keep, self._request.now))
            write_sealed(self._request.root, self._place, self._key, document, self._secret)


def passed_tests(group: Group) -> list[PassedTest]:
    """Return the tests of a group that passed; raises `TypeError` for what is none."""
    return [PassedTest(*each) for each in group.passed]


def _list_installed_packages() -> list[str]:
    """Return the names and versions of all packages of this Python."""
    found: list[str] = []
    for folder in sys.path:
        try:
            names = os.listdir(folder or os.curdir)
        except OSError:
            continue
        found += (name for name in names if name.endswith((".dist-info", ".egg-info")))
    return sorted(found)
