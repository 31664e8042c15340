"""The results of tests as JUnit XML."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowdsl.diagnostics.render.junit import xml_attribute, xml_text

from .sharing import Timed
from .troubles import Trouble
from .view import format_test_place, pair_of


def render_test_junit(
    results: Sequence[Timed], troubles: Sequence[Trouble], show_path: Callable[[str], str]
) -> str:
    """JUnit XML with a case for each test, and one for each reason why tests did not run."""
    failed = sum(not each.result.passed for each in results)
    number = len(results) + len(troubles)
    counts = f'tests="{number}" failures="{failed}" errors="{len(troubles)}"'
    seconds = sum(each.seconds for each in results)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="flowdsl" {counts}>',
        f'  <testsuite name="flowdsl test" {counts} skipped="0" time="{seconds:.6f}">',
    ]
    for each in results:
        lines += _render_case(each, show_path)
    for trouble in troubles:
        lines += _render_trouble(trouble, show_path)
    text = "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _render_trouble(trouble: Trouble, show_path: Callable[[str], str]) -> list[str]:
    place, where, shown = trouble.place, "", "flowdsl test"
    if place is not None:
        file = xml_attribute(show_path(place.path))
        where, shown = f' file="{file}" line="{place.line}"', format_test_place(place, show_path)
    return [
        f'    <testcase classname="flowdsl" name="{xml_attribute(shown)}"{where}>',
        f'      <error type="{xml_attribute(trouble.name or trouble.kind)}" '
        f'message="{xml_attribute(trouble.message)}"/>',
        "    </testcase>",
    ]


def _render_case(timed: Timed, show_path: Callable[[str], str]) -> list[str]:
    result = timed.result
    file = xml_attribute(show_path(result.place.path))
    subject, title = xml_attribute(result.subject), xml_attribute(result.title)
    opening = (
        f'    <testcase classname="{subject}" name="{title}" '
        f'file="{file}" line="{result.place.line}" time="{timed.seconds:.6f}"'
    )
    if result.passed:
        return [f"{opening}/>"]
    lines = [f"{opening}>"]
    for problem in result.problems:
        shown = "\n".join(
            (
                format_test_place(problem.place, show_path),
                *(f"{word:8}  {value}" for word, value in pair_of(problem)),
                *problem.shown,
                problem.answer,
            )
        )
        kind, message = xml_attribute(problem.kind), xml_attribute(problem.message)
        lines.append(
            f'      <failure type="{kind}" message="{message}">{xml_text(shown)}</failure>'
        )
    return [*lines, "    </testcase>"]
