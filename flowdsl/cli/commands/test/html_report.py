"""The results of tests as one HTML page, for whoever approves a flow.

It has each test with all that its run does, and beside it the prompts and the branches of the
flows. A line of a run is linked to the line of the prompt that its statement became.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from flowdsl.diagnostics.render.summary import format_count
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.text import Span
from flowdsl.testing.cases import Case
from flowdsl.testing.coverage import Body, Taken, bodies_of, percent_covered
from flowdsl.testing.outcome import Place, Result
from flowdsl.testing.run import lines_of_runs
from flowdsl.testing.suite import Suite
from flowdsl.testing.telling import MOST_LINES, Line, shorten_line
from flowdsl.tracing.page import ListingRow, PageListing, render_template

from .troubles import Trouble
from .view import COUNTED, format_test_place, pair_of, summarize_results

_Anchors = dict[tuple[str, int], str]
"""The ids of prompt lines in the page, by the file and the line of their source."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What a page needs besides the results: the program, its tests in order, and its files."""

    suite: Suite
    tests: Sequence[Case]
    entries: Sequence[str]
    name: str


@dataclass(frozen=True, slots=True)
class _ReportRow:
    """A line of a run, or a branch; `target` is the id of a prompt line, or empty."""

    place: str
    target: str
    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class _Test:
    subject: str
    title: str
    place: str
    problems: tuple[str, ...]
    rows: tuple[_ReportRow, ...]


def render_tests_page(
    tested: Tested | None,
    results: Sequence[Result],
    troubles: Iterable[Trouble],
    show_path: Callable[[str], str],
) -> str:
    """Return the page; without `tested` nothing could run, and `troubles` tell why."""
    failed = any(not result.passed for result in results)
    reasons = [_describe_trouble(each, show_path) for each in troubles]
    if tested is None:
        tests, listings, branches, covered = [], [], [], "no test ran"
    else:
        anchors: _Anchors = {}
        prompts = [*_collect_prompts(tested, anchors)]
        cases = zip(tested.tests, results, strict=False)
        tests = [_make_test(tested.suite, *each, anchors, show_path) for each in cases]
        visited = {row.target for test in tests for row in test.rows}
        listings = [_make_listing(*each, visited) for each in prompts]
        bodies = [*bodies_of(tested.suite.model, set(tested.entries))]
        branches = [*_make_branches(bodies, results, anchors, show_path)]
        covered = _describe_coverage(bodies, results)
    return render_template(
        "tests.html.j2",
        name="flows" if tested is None else tested.name,
        tone="bad" if failed or reasons else "good",
        summary=summarize_results(results),
        covered=covered,
        troubles=reasons,
        tests=tests,
        branches=branches,
        listings=listings,
    )


def _describe_trouble(trouble: Trouble, show_path: Callable[[str], str]) -> str:
    place = "" if trouble.place is None else f"{format_test_place(trouble.place, show_path)}: "
    return place + trouble.message


def _describe_coverage(bodies: Sequence[Body], results: Iterable[Result]) -> str:
    taken = Taken()
    for result in results:
        taken.add(result.branches, result.statements)
    return f"{percent_covered(bodies, taken):.1f} % of {COUNTED} are tested"


def _collect_prompts(tested: Tested, anchors: _Anchors) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield the title, the prefix of the ids and the lines of each prompt; fill `anchors`."""
    suite = tested.suite
    named: dict[WorkflowSymbol, str] = {}
    for case in tested.tests:
        steps = () if case.chain is None else [each for _, each in case.chain.steps]
        for workflow in steps or (case.workflow,):
            if workflow is not None:
                named.setdefault(workflow, workflow.name if case.chain else case.subject)
    for number, (workflow, name) in enumerate(named.items()):
        for mapped in suite.source_map(workflow).lines:
            place = mapped.source.path, mapped.source.start_line
            anchors.setdefault(place, f"p{number}-{mapped.line}")
        yield f"Prompt of {name}", f"p{number}", suite.payload(workflow).prompt.split("\n")


def _make_listing(title: str, prefix: str, lines: Sequence[str], visited: set[str]) -> PageListing:
    rows = (
        ListingRow(number, anchor, shorten_line(text), anchor in visited, False)
        for number, text in enumerate(lines, 1)
        for anchor in (f"{prefix}-{number}",)
    )
    return PageListing(title, "", tuple(rows))


def _make_test(
    suite: Suite, case: Case, result: Result, anchors: _Anchors, show_path: Callable[[str], str]
) -> _Test:
    lines = lines_of_runs(suite, case) if case.needs_run else []
    rows = [_make_row(line, anchors, show_path) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        left_out = format_count(len(lines) - MOST_LINES, "line")
        rows.append(_ReportRow("", "", f"… {left_out} left out"))
    problems = tuple(
        "\n".join(
            (
                f"{format_test_place(each.place, show_path)}: {each.cause or each.message}",
                *(f"{word}: {value}" for word, value in pair_of(each)),
                *(() if rows else each.shown),
            )
        )
        for each in result.problems
    )
    place = format_test_place(result.place, show_path)
    return _Test(result.subject, result.title, place, problems, tuple(rows))


def _make_row(line: Line, anchors: _Anchors, show_path: Callable[[str], str]) -> _ReportRow:
    place = line.place
    if not isinstance(place, Span):
        return _ReportRow("", "", shorten_line(line.text))
    at = place.path, place.first.line
    return _ReportRow(f"{show_path(at[0])}:{at[1]}", anchors.get(at, ""), shorten_line(line.text))


def _make_branches(
    bodies: Iterable[Body],
    results: Sequence[Result],
    anchors: _Anchors,
    show_path: Callable[[str], str],
) -> Iterator[_ReportRow]:
    """Yield each branch with the number of tests that take it."""
    often = Counter(key for result in results for key in result.branches)
    for body in bodies:
        for branch in body.branches:
            place = Place(branch.path, branch.line, 1)
            target = anchors.get((place.path, place.line), "")
            shown = f"{show_path(place.path)}:{place.line}"
            yield _ReportRow(shown, target, branch.words, often[branch.key])
