"""Every construct of the language has a test that fails where the construct does something else.

The programs of `tests/corpus/valid/tested` have tests that pass. A comment at the end of a line
says how the line is to be changed, and then the program has an error or one of its tests fails:

    press "Ctrl+S"   #! press: Ctrl+S => Ctrl+D
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.statements import STATEMENTS
from flowdsl.testing.cases import cases_of
from flowdsl.testing.run import run_test
from tests.support.effort import every
from tests.support.flows.constructs import UNTESTED, constructs, statements_at
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.flows.tested import suite_of
from tests.support.rows import in_rows


class Change(NamedTuple):
    """A line of a file in which `old` becomes `new`, and the construct that this is about."""

    path: str
    line: int
    construct: str
    old: str
    new: str


@cache
def corpus() -> Case:
    (found,) = (case for case in find_cases(CORPUS / "valid") if case.id == "valid/tested")
    return found


def text_of(path: str) -> str:
    content = corpus().files[path]
    return content if isinstance(content, str) else content.decode()


def changes(path: str) -> Iterator[Change]:
    for number, line in enumerate(text_of(path).splitlines(), 1):
        _, *marks = re.split(r"\s#!", line)
        for mark in marks:
            construct, old, new = re.fullmatch(r" (.+?): (.+?) =>(?: (.*))?", mark).groups()  # type: ignore[union-attr]
            yield Change(path, number, construct, old, (new or "").rstrip())


def alone(path: str, text: str) -> dict[str, str | bytes]:
    """One flow of the folder with what is no flow there."""
    others = {name: held for name, held in corpus().files.items() if not name.endswith(".flow")}
    return {**others, path: text}


def passes(files: dict[str, str | bytes]) -> bool:
    """Whether a program has no error, and its tests pass."""
    try:
        suite = suite_of(files)
    except AssertionError:
        return False
    return all(run_test(suite, case).passed for case in cases_of(suite.model))


def changed(change: Change) -> str:
    """The file with the change, and without the comments that say what is changed."""
    lines = [re.split(r"\s+#!", line)[0] for line in text_of(change.path).splitlines()]
    line = lines[change.line - 1]
    assert change.old in line, f"{change}: `{line}`"
    lines[change.line - 1] = line.replace(change.old, change.new, 1)
    return "\n".join(lines) + "\n"


@in_rows("path", corpus().entries)
def test_a_construct_that_does_something_else_fails_a_test(path: str) -> None:
    assert passes(alone(path, text_of(path)))
    for change in every(6, list(changes(path))):
        text, sink = changed(change), Sink()
        parse_module(SourceFile(path, text), sink)
        assert [found.message for found in sink.findings_in_order()] == [], (
            f"{change} cannot be read"
        )
        assert not passes(alone(path, text)), f"{change} is noticed by no test"


def test_every_construct_has_a_test() -> None:
    found = {change.construct for path in corpus().entries for change in changes(path)}
    assert sorted(constructs() - found) == []
    assert sorted(found - constructs()) == []
    assert sorted(found & UNTESTED.keys()) == []


def test_a_change_of_a_statement_stands_on_its_lines() -> None:
    """Names are no claims: what a comment calls `press` changes a `press`."""
    keywords = {row.keyword for row in STATEMENTS.values()}
    analysis = analyze(MemoryFiles(corpus().files), corpus().entries, CompileOptions())
    at = {
        (module.source.path, word, line)
        for module in analysis.model.modules
        for word, first, last in statements_at(module)
        for line in range(first, last + 1)
    }
    for path in corpus().entries:
        for change in changes(path):
            word = change.construct.split()[0]
            if word in keywords and not change.construct.startswith("else"):
                assert (path, word, change.line) in at, change


def test_the_document_shows_tests_that_are_run() -> None:
    """Each example of the table stands in a test of the programs, but for blanks."""
    text = (CORPUS.parents[1] / "docs/testing.md").read_text("utf-8")
    table = text.partition("## Every construct")[2].partition("\n## ")[0]
    examples = [
        example
        for row in table.splitlines()
        if row.startswith("| ") and row.count("|") == 3
        for example in re.findall(r"`([^`]+)`", row.split("|")[2])
    ]
    assert len(examples) >= 30
    tests = " ".join(" ".join(text_of(path).split()) for path in corpus().entries)
    assert [each for each in examples if " ".join(each.split()) not in tests] == []
