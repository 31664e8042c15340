"""The results of tests as JUnit XML."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowdsl.diagnostics.render.junit import xml_text

from .sharing import Timed
from .view import shown_place


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
        shown = "\n".join((shown_place(problem.place, show_path), *problem.shown, problem.answer))
        message = xml_text(problem.message).replace("\n", "&#10;").replace("\t", "&#9;")
        lines.append(
            f'      <failure type="{problem.kind}" message="{message}">{xml_text(shown)}</failure>'
        )
    return [*lines, "    </testcase>"]
