"""Twelve workflows of offices and ten of other trades, which leave no decision to an instruction.

They stand in `tests/corpus/valid/workflows` and `trades`, with tests that take every way.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk
from flowdsl.testing.cases import cases_of
from flowdsl.testing.coverage import Taken, bodies_of
from flowdsl.testing.run import run_test
from flowdsl.testing.suite import Suite
from tests.support.flows.expectations import CORPUS, Case, find_cases
from tests.support.flows.tested import suite_of

DECIDES = re.compile(
    r"\b(if|unless|otherwise|else|when|whether|until|while|each|every|all|repeat|again|times"
    r"|whose|whichever|matching|depending|first|next|last)\b",
    re.IGNORECASE,
)
"""Words by which an instruction would hold a condition, a loop or a choice."""


FOLDERS = {"workflows": (12, 200), "trades": (11, 130)}
"""The files with programs, and the fewest ways, of each folder of `corpus/valid`."""
NEVER = {("green_screen.flow", "`for item in short` has no entry")}
"""Ways that no run takes."""


@cache
def program(folder: str) -> Case:
    (found,) = (case for case in find_cases(CORPUS / "valid") if case.id == f"valid/{folder}")
    return found


@cache
def suite(folder: str) -> Suite:
    return suite_of(program(folder).files)


@pytest.mark.parametrize("folder", FOLDERS)
def test_their_tests_pass_and_take_every_way(folder: str) -> None:
    taken = Taken()
    failed = {}
    for case in cases_of(suite(folder).model):
        result = run_test(suite(folder), case)
        if not result.passed:
            failed[result.title] = [problem.message for problem in result.problems]
        taken.add(result.branches, result.statements)
    assert failed == {}
    bodies = list(bodies_of(suite(folder).model, set(program(folder).entries)))
    files, ways = FOLDERS[folder]
    assert len({body.path for body in bodies}) == files
    assert sum(len(body.branches) for body in bodies) >= ways
    untaken = {
        (branch.path, branch.words)
        for body in bodies
        for branch in body.branches
        if branch.key not in taken.branches
    }
    assert untaken <= NEVER


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_instruction_decides(folder: str) -> None:
    """What an instruction decides is no way of a program, and a replay may not decide it anew."""
    instructions = [
        (module.source.path, node.text)
        for module in suite(folder).model.modules
        for declaration in module.declarations
        for node in walk(declaration)
        if isinstance(node, ast.DoStmt)
    ]
    assert len(instructions) >= 30
    for path, text in instructions:
        # That no value chooses anything is proved by `choice-by-input`, a warning.
        words = "".join(part.value for part in text.parts if isinstance(part, ast.TextLiteral))
        # A label of the screen may hold any word.
        assert DECIDES.search(re.sub(r'"[^"]*"', "", words)) is None, (path, words)
