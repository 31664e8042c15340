"""The results of tests: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.testing.outcome import Place, Problem, Result

from ...views.painted import BAD, GOOD, QUIET, Part, paint_lines
from ...views.table import Column, items_json, render_table
from .sharing import Timed
from .troubles import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.testing.coverage import Body, Taken

_TRACE_LINES = 10
"""The most lines of a trace that are shown unless all are wanted."""
_BEHIND_THE_MARK = 3


def render_result(
    result: Result, show_path: Callable[[str], str], *, color: bool, whole: bool = False
) -> str:
    """Render a line for a test, and below it the reasons of its failure.

    Unless traces are wanted `whole`, they are cut down to the lines around the difference.
    """
    name = make_printable(f"{result.subject}: {result.title}")
    if result.passed:
        return paint_lines([[("ok", GOOD), (f"      {name}", "")]], color)
    lines: list[list[Part]] = [[("FAILED", BAD), (f"  {name}", "")]]
    for problem in result.problems:
        lines += _render_problem(problem, show_path, whole)
    return paint_lines(lines, color)


def _render_problem(
    problem: Problem, show_path: Callable[[str], str], whole: bool
) -> list[list[Part]]:
    place = format_test_place(problem.place, show_path)
    cause = make_printable(problem.cause or problem.message)
    lines: list[list[Part]] = [[(f"  {place}: ", QUIET), (cause, "")]]
    for word, value in pair_of(problem):
        lines.append([(f"    {word:8}  ", QUIET), (make_printable(value), "")])
    shown = problem.shown if whole else _cut_trace(problem.shown)
    lines += [[(f"    {make_printable(line)}", QUIET)] for line in shown]
    if problem.answer:
        lines.append([("  add to the test: ", QUIET), (make_printable(problem.answer), "")])
    return lines


def pair_of(problem: Problem) -> Iterable[tuple[str, str]]:
    """Return what is expected and what is found, each after its word; empty without a pair."""
    pair = ("expected", problem.expected), ("got", problem.found)
    return pair if problem.cause else ()


def _cut_trace(shown: Sequence[str]) -> list[str]:
    """Cut a trace down to the lines around its mark, or to its beginning if it has none."""
    from flowdsl.testing.telling import MARK

    marked = next((at for at, line in enumerate(shown) if line.startswith(MARK)), 0)
    end = min(len(shown), marked + 1 + _BEHIND_THE_MARK)
    start = max(0, end - _TRACE_LINES)
    end = min(len(shown), start + _TRACE_LINES)
    before, behind = (
        [f"  … {format_count(number, 'line')} left out; `-v` shows all"] if number else []
        for number in (start, len(shown) - end)
    )
    return [*before, *shown[start:end], *behind]


def format_test_place(place: Place, show_path: Callable[[str], str]) -> str:
    return f"{show_path(place.path)}:{place.line}:{place.column}"


def summarize_results(results: Sequence[Result], unchanged: int = 0) -> str:
    """Count the results, of which some are those of an earlier run of `unchanged` tests."""
    failed = sum(not result.passed for result in results)
    ran = format_count(len(results), "test")
    known = f"; {unchanged:,} of them unchanged since they passed, and not run" if unchanged else ""
    return (f"{ran}, {failed} failed" if failed else f"{ran} passed") + known


def results_json(results: Sequence[Timed], troubles: Sequence[Trouble]) -> str:
    """One object with every result, and why others are missing; paths are project paths."""
    failed = sum(not each.result.passed for each in results)
    errors = [trouble_json(each) for each in troubles]
    return items_json([_result_item(each) for each in results], failed=failed, errors=errors)


def trouble_json(trouble: Trouble) -> dict[str, Any]:
    place = trouble.place
    return {
        "kind": trouble.kind,
        "name": trouble.name or None,
        "message": trouble.message,
        "path": None if place is None else place.path,
        "line": None if place is None else place.line,
        "column": None if place is None else place.column,
    }


def _result_item(timed: Timed) -> dict[str, Any]:
    result = timed.result
    return {
        "title": result.title,
        "subject": result.subject,
        **_position_object(result.place),
        "passed": result.passed,
        "seconds": round(timed.seconds, 6),
        "problems": [
            {
                "kind": problem.kind,
                "message": problem.message,
                "expected": problem.expected or None,
                "got": problem.found or None,
                **_position_object(problem.place),
                "answer": problem.answer or None,
                "trace": list(problem.shown),
            }
            for problem in result.problems
        ],
    }


def _position_object(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line, "column": place.column}


COUNTED = "the statements and branches"
"""What a percentage counts."""


def coverage_text(bodies: Sequence[Body], taken: Taken, show_path: Callable[[str], str]) -> str:
    """A row for each workflow and task, and a line for each statement or branch not covered."""
    from flowdsl.testing.coverage import percent_covered

    columns = (
        Column("STATEMENTS", "statements"),
        Column("REACHED", "reached"),
        Column("BRANCHES", "branches"),
        Column("TAKEN", "taken"),
        Column("", "kind"),
        Column("NAME", "name"),
        Column("FILE", "path"),
    )
    rows = (_coverage_row(body, taken, show_path) for body in bodies)
    lines = [render_table(columns, rows), *_list_missed_parts(bodies, taken, show_path)]
    lines.append(f"{percent_covered(bodies, taken):.1f} % of {COUNTED} are tested")
    return "\n".join(lines)


def _coverage_row(body: Body, taken: Taken, show_path: Callable[[str], str]) -> dict[str, str]:
    taken_branches, statements = taken.counts(body)
    return {
        "statements": str(len(body.statements)),
        "reached": str(statements),
        "branches": str(len(body.branches)),
        "taken": str(taken_branches),
        "kind": body.kind,
        "name": body.name,
        "path": show_path(body.path),
    }


def _list_missed_parts(
    bodies: Iterable[Body], taken: Taken, show_path: Callable[[str], str]
) -> Iterable[str]:
    for body in bodies:
        path = show_path(body.path)
        for first, last in _find_unreached_lines(body, taken):
            lines = f"{first}" if first == last else f"{first}-{last}"
            yield f"  {path}:{lines}: no test comes here"
        for branch in body.branches:
            if branch.key not in taken.branches:
                yield f"  {show_path(branch.path)}:{branch.line}: never: {branch.words}"


def _find_unreached_lines(body: Body, taken: Taken) -> Iterable[tuple[int, int]]:
    """The first and last line of each sequence of statements that no test reaches."""
    first = last = 0
    for start, line in body.statements.items():
        if (body.path, start) not in taken.statements:
            first, last = first or line, line
        elif first:
            yield first, last
            first = 0
    if first:
        yield first, last
