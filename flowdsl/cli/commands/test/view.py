"""The results of tests: for people, as JSON, and as JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.junit import xml_text
from flowdsl.diagnostics.render.summary import counted
from flowdsl.testing.outcome import Place, Problem, Result

from ...views.painted import BAD, GOOD, QUIET, Part, painted
from .sharing import Timed

FORMAT_VERSION = 1


def shown_result(result: Result, show_path: Callable[[str], str], *, color: bool) -> str:
    """A line for a test, and below it why it failed."""
    name = printable(f"{result.subject}: {result.title}")
    if result.passed:
        return painted([[("ok", GOOD), (f"      {name}", "")]], color)
    lines: list[list[Part]] = [[("FAILED", BAD), (f"  {name}", "")]]
    for problem in result.problems:
        lines += _problem(problem, show_path)
    return painted(lines, color)


def _problem(problem: Problem, show_path: Callable[[str], str]) -> list[list[Part]]:
    place = _place(problem.place, show_path)
    lines: list[list[Part]] = [[(f"  {place}: ", QUIET), (printable(problem.message), "")]]
    lines += [[(f"    {printable(line)}", QUIET)] for line in problem.shown]
    if problem.answer:
        lines.append([("  add to the test: ", QUIET), (printable(problem.answer), "")])
    return lines


def _place(place: Place, show_path: Callable[[str], str]) -> str:
    return f"{show_path(place.path)}:{place.line}:{place.column}"


def summary(results: Sequence[Result]) -> str:
    """How many tests there were, and how many failed, in one line."""
    failed = sum(not result.passed for result in results)
    ran = counted(len(results), "test")
    return f"{ran}, {failed} failed" if failed else f"{ran} passed"


def results_json(results: Sequence[Timed]) -> str:
    """One object with every result; paths are those of the project."""
    whole = {
        "format_version": FORMAT_VERSION,
        "items": [_item(each) for each in results],
        "total": len(results),
        "failed": sum(not each.result.passed for each in results),
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _item(timed: Timed) -> dict[str, Any]:
    result = timed.result
    return {
        "title": result.title,
        "subject": result.subject,
        **_position(result.place),
        "passed": result.passed,
        "seconds": round(timed.seconds, 6),
        "problems": [
            {
                "kind": problem.kind,
                "message": problem.message,
                **_position(problem.place),
                "answer": problem.answer or None,
                "trace": list(problem.shown),
            }
            for problem in result.problems
        ],
    }


def _position(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line, "column": place.column}


def junit(results: Sequence[Timed], show_path: Callable[[str], str]) -> str:
    """JUnit XML with a case for each test."""
    failed = sum(not each.result.passed for each in results)
    counts = f'tests="{len(results)}" failures="{failed}" errors="0"'
    seconds = sum(each.seconds for each in results)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="flowdsl" {counts}>',
        f'  <testsuite name="flowdsl test" {counts} skipped="0" time="{seconds:.6f}">',
    ]
    for each in results:
        lines += _case(each, show_path)
    text = "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _case(timed: Timed, show_path: Callable[[str], str]) -> list[str]:
    result = timed.result
    file = xml_text(show_path(result.place.path))
    opening = (
        f'    <testcase classname="{xml_text(result.subject)}" name="{xml_text(result.title)}" '
        f'file="{file}" line="{result.place.line}" time="{timed.seconds:.6f}"'
    )
    if result.passed:
        return [f"{opening}/>"]
    lines = [f"{opening}>"]
    for problem in result.problems:
        shown = "\n".join((_place(problem.place, show_path), *problem.shown, problem.answer))
        message = xml_text(problem.message).replace("\n", "&#10;").replace("\t", "&#9;")
        lines.append(
            f'      <failure type="{problem.kind}" message="{message}">{xml_text(shown)}</failure>'
        )
    return [*lines, "    </testcase>"]
