"""Tests of a large project with its index: only what changed is compiled, and run.

A test whose files are byte for byte those that it passed with is not run again, and its result is
printed as it was. The results are those without the index, in the same order.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from flowdsl.config.project import Environment
from flowdsl.incremental.index import Group
from flowdsl.incremental.tests import PassedTest, Tested, TestIndex, passed_tests
from flowdsl.source.record import Record, replace
from flowdsl.testing.outcome import Place, Result

from ...runtime.console import Console
from ...runtime.target import CommandTarget, has_index, make_request, settings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.incremental.work import Recording
    from flowdsl.testing.cases import Case
    from flowdsl.testing.suite import Suite

    from .sharing import Timed

_NEEDS_ALL = (
    *("last_failed", "list", "html", "update"),
    *("cov", "cov_fail_under", "lcov", "explore", "mutate"),
)
"""Options that need the program of every test, or choose among tests; one may be given as ""."""


class _Part(Record):
    """A group that is compiled and tested now."""

    entries: tuple[str, ...]
    names: tuple[str, ...]
    flows: tuple[str, ...]
    files: Recording
    suite: Suite | None
    tests: Sequence[Case]
    snapshots: tuple[str, ...]

    def group(self, passed: Sequence[PassedTest] = ()) -> Group:
        """The group for the index, with what its tests gave."""
        reads = (*self.flows, *sorted(self.files.read - {*self.flows}))
        found = tuple(_to_row(each) for each in passed)
        number = len(self.flows)
        return Group(
            self.entries, reads, number, self.names, (), passed=found, snapshots=self.snapshots
        )


class IndexedTests:
    """The tests of a project, those that are known to pass among those that have to run."""

    def __init__(self, index: TestIndex, parts: Sequence[_Part]) -> None:
        self._index = index
        self._parts = parts
        self._known = [each for group in index.known for each in passed_tests(group)]

    @property
    def snapshots(self) -> set[str]:
        """The files that the tests compare prompts with."""
        known = (path for group in self._index.known for path in group.snapshots)
        return {*known, *(path for part in self._parts for path in part.snapshots)}

    @property
    def known(self) -> int:
        """The number of tests that do not run."""
        return len(self._known)

    def __len__(self) -> int:
        return len(self._known) + sum(len(part.tests) for part in self._parts)

    def results(self, jobs: int | None) -> Iterator[tuple[str, Timed]]:
        """Yield the result of each test with its file, in order of file and line.

        Keeps afterwards what passed, unless it is closed before the end.
        """
        from .sharing import Timed, run_tests_timed

        pairs: list[tuple[Suite, Case]] = []
        owners: list[tuple[str, int]] = []
        for number, part in enumerate(self._parts):
            for test in part.tests:
                assert part.suite is not None, "what has tests has been compiled"
                pairs.append((part.suite, test))
                owners.append((test.module.source.path, number))
        order = sorted(range(len(pairs)), key=lambda at: owners[at][0])
        ran = run_tests_timed([pairs[at] for at in order], jobs) if order else iter(())
        plan: list[tuple[str, PassedTest | int]] = [(each.home, each) for each in self._known]
        plan += ((owners[at][0], owners[at][1]) for at in order)
        passed: dict[int, list[PassedTest] | None] = {at: [] for at in range(len(self._parts))}
        for home, each in sorted(plan, key=lambda planned: planned[0]):
            if isinstance(each, PassedTest):
                place = Place(each.path, each.line, each.column)
                yield home, Timed(Result(each.title, each.subject, place, ()), each.seconds)
                continue
            timed = next(ran)
            found = passed[each]
            if not timed.result.passed:
                passed[each] = None
            elif found is not None:
                found.append(_to_passed(home, timed))
            yield home, timed
        self._index.save(
            [
                Tested(part.group(found), part.files.digests)
                for part, found in zip(self._parts, passed.values(), strict=True)
                if found is not None and not part.files.failed
            ]
        )


def open_indexed_tests(
    arguments: Namespace, console: Console, target: CommandTarget, environment: Environment | None
) -> IndexedTests | None:
    """Compile what has changed in a project.

    None without an index, and where a flow has an error or nothing has a test: then the command
    compiles all, and says so.
    """
    if not has_index(target) or target.rules or target.buffers:
        return None
    given = (getattr(arguments, name) for name in _NEEDS_ALL)
    if arguments.words or any(each is not None and each is not False for each in given):
        return None
    request = make_request(target, environment)
    if request.secret is None:
        return None
    index = TestIndex(request, settings_of(environment), request.secret)
    parts: list[_Part] = []
    for entries in index.stale:
        part = _compile_part(arguments, console, target, environment, entries)
        if part is None:
            return None
        parts.append(part)
    if index.declares_twice(part.group() for part in parts):
        return None
    found = IndexedTests(index, parts)
    return found if len(found) else None


def _compile_part(
    arguments: Namespace,
    console: Console,
    target: CommandTarget,
    environment: Environment | None,
    entries: tuple[str, ...],
) -> _Part | None:
    """Compile one group; None if it cannot be tested as a whole."""
    from flowdsl.incremental.work import Recording
    from flowdsl.syntax import ast

    from .compiling import TestTarget, compile_tests, tests_of
    from .kept import read_kept_snapshots

    files = Recording(target.files)
    part = replace(target, files=files, entries=entries)
    compiled = compile_tests(part, environment, "")
    if not compiled.is_whole or compiled.compilation.bundle is None:
        return None
    modules = compiled.analysis.model.modules
    names = tuple(
        declaration.name.text
        for module in modules
        for declaration in module.declarations
        if isinstance(declaration, ast.WorkflowDecl | ast.ChainDecl)
    )
    flows = tuple(sorted(module.source.path for module in modules))
    tests = tests_of(compiled.compilation, compiled.entries)
    if not tests:
        return _Part(entries, names, flows, files, None, (), ())
    snapshots, unreadable = read_kept_snapshots(part, tests)
    suite = TestTarget(arguments, console, part, environment, compiled).suite(snapshots, unreadable)
    return _Part(entries, names, flows, files, suite, tests, (*snapshots, *unreadable))


def _to_passed(home: str, timed: Timed) -> PassedTest:
    result, place = timed.result, timed.result.place
    position = (place.path, place.line, place.column)
    return PassedTest(home, result.title, result.subject, *position, round(timed.seconds, 6))


def _to_row(test: PassedTest) -> list[object]:
    position = (test.path, test.line, test.column)
    return [test.home, test.title, test.subject, *position, test.seconds]
