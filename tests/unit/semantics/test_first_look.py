"""The first look at bodies settles only what the whole look finds nothing in."""

from __future__ import annotations

import itertools

import pytest

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.control_flow.required_tools import FirstLook, Look
from flowdsl.semantics.modules import load_sources
from flowdsl.semantics.resolve import analyze_program
from flowdsl.semantics.traversal import RefIndex
from flowdsl.source.files import MemoryFiles
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk
from tests.support.effort import every
from tests.support.flows.compiling import workflow
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.rows import in_rows

TASKS = """flow 1
task shoot() { capture "a.png" }
task prove(wanted: bool) { if wanted { call shoot() } }
task look() { if sees "x" { do "y" } }
"""
ASKING = (
    'do "it"',
    'capture "b.png"',
    'for n in 3 { do "x" }',
    'finish "done"',
    'copy copied from "the cell"',
    'extract late: string from "the cell" in background',
    'choose "the row" using "m"',
    'choose "the row" using "m"\nchoose "the cell" using "n"',
    'run "dir" else abort "no"',
    "call shoot()",
    "call prove(wanted: fast)",
    "call look()",
)
AROUND = (
    "%s",
    "if fast { %s }",
    'if sees "x" { do "y" } else { %s }',
    'while not sees "x" max 3 { %s }',
    'retry 2 { expect "x"\n%s }',
    'expect "x" else { %s }',
    'step "S" { %s }',
    'if fast { do "y" }\n%s',
    '%s\nexpect "x" else finish "y"',
)


def found(files: dict[str, str | bytes]) -> list[tuple[str, int, int, str]]:
    memory = MemoryFiles(files)
    sink = Sink()
    entries = [path for path in files if path.endswith(".flow")]
    analyze_program(load_sources(memory, entries, sink), None, memory, sink)

    def key(each: Diagnostic) -> tuple[str, int, int, str]:
        return (each.name, each.span.start, each.span.end, each.message)

    return list(map(key, sink.findings_in_order()))


def without_a_first_look(
    files: dict[str, str | bytes], patch: pytest.MonkeyPatch
) -> list[tuple[str, int, int, str]]:
    with patch.context() as inside:
        inside.setattr(FirstLook, "body", lambda *_: Look(asks=True, safe=False, loops=True))
        return found(files)


@pytest.mark.parametrize("outer", AROUND)
def test_a_body_that_is_safe_has_nothing_to_report(
    outer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = set()
    for inner, asking in every(3, list(itertools.product(AROUND, ASKING))):
        body = outer % (inner % asking)
        files: dict[str, str | bytes] = {
            "main.flow": TASKS + workflow(body, sections="inputs { fast: bool }")
        }
        expected = without_a_first_look(files, monkeypatch)
        assert found(files) == expected, body
        reported.update(name for name, *_ in expected)
    assert "unexpected-token" not in reported
    assert {"branch-frozen-by-replay", "branch-outside-focused-action"} <= reported


@in_rows("case", find_cases(CORPUS / "valid"), ids=lambda case: case.id)
def test_an_index_finds_the_references_of_each_text(case: Case) -> None:
    memory = MemoryFiles(case.files)
    entries = [path for path in case.files if path.endswith(".flow")]
    for module in load_sources(memory, entries, Sink()).modules:
        nodes = list(walk(module))
        index = RefIndex([node for node in reversed(nodes) if isinstance(node, ast.Ref)])
        for node in nodes:
            if isinstance(node, ast.Text):
                assert list(index.within(node)) == [p for p in node.parts if isinstance(p, ast.Ref)]
