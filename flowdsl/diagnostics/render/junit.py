"""Findings as JUnit XML, which every CI service shows as test results."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from ..diagnostic import Diagnostic
from .cells import escape_character
from .terse import terse_line
from .text import render_one

_SPECIAL = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_UNFIT = re.compile('[&<>"]|[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')
"""Characters that XML wants escaped, and those that it cannot hold at all."""


def render_junit(
    diagnostics: Iterable[Diagnostic],
    paths: Sequence[str],
    failing: Collection[str],
    show_path: Callable[[str], str] = str,
) -> str:
    """One test suite with a test case for each file of `paths`.

    Findings whose severity is in `failing` are failures of their file's case; others are its
    output.
    """
    by_path: dict[str, list[Diagnostic]] = {path: [] for path in paths}
    for diagnostic in diagnostics:
        by_path.setdefault(diagnostic.span.path, []).append(diagnostic)
    failed = sum(any(found.severity in failing for found in each) for each in by_path.values())
    counts = f'tests="{len(by_path)}" failures="{failed}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="flowdsl" {counts}>',
        f'  <testsuite name="flowdsl check" {counts} skipped="0">',
    ]
    for path, of_file in by_path.items():
        lines += _render_case(show_path(path), of_file, failing, show_path)
    text = "\n".join([*lines, "  </testsuite>", "</testsuites>"])
    # ASCII is right in any encoding that standard output may have.
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _render_case(
    name: str,
    diagnostics: list[Diagnostic],
    failing: Collection[str],
    show_path: Callable[[str], str],
) -> list[str]:
    file = xml_attribute(name)
    opening = f'    <testcase classname="flowdsl.check" name="{file}" file="{file}"'
    if not diagnostics:
        return [f"{opening}/>"]
    lines = [f"{opening}>"]
    for found in diagnostics:
        if found.severity in failing:
            text = xml_text(render_one(found, show_path=show_path))
            kind, message = xml_attribute(found.name), xml_attribute(found.message)
            lines.append(f'      <failure type="{kind}" message="{message}">{text}</failure>')
    remarks = [terse_line(each, show_path) for each in diagnostics if each.severity not in failing]
    if remarks:
        lines.append(f"      <system-out>{xml_text(chr(10).join(remarks))}</system-out>")
    return [*lines, "    </testcase>"]


def xml_attribute(text: str) -> str:
    """A text for an attribute of XML, where readers turn raw line feeds and tabs into spaces."""
    return xml_text(text).replace("\n", "&#10;").replace("\t", "&#9;")


def xml_text(text: str) -> str:
    """A text for XML; what XML cannot hold is escaped as in a terminal."""
    return _UNFIT.sub(lambda match: _SPECIAL.get(match[0]) or escape_character(match[0]), text)
