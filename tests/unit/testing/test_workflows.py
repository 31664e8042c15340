"""Twelve workflows of offices, which leave no decision to an instruction.

They stand in `tests/corpus/valid/workflows`, with tests that take every branch.
"""

from __future__ import annotations

import re
from functools import cache

from flowdsl.diagnostics.diagnostic import INFO
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


@cache
def program() -> Case:
    (found,) = (case for case in find_cases(CORPUS / "valid") if case.id == "valid/workflows")
    return found


@cache
def suite() -> Suite:
    return suite_of(program().files)


def test_they_check_without_errors_and_warnings() -> None:
    found = (*program().all_diagnostics(), *program().linted())
    assert [(each.name, each.span.path) for each in found if each.severity != INFO] == []


def test_their_tests_pass_and_take_every_way() -> None:
    taken = Taken()
    failed = {}
    for case in cases_of(suite().model):
        result = run_test(suite(), case)
        if not result.passed:
            failed[result.title] = [problem.message for problem in result.problems]
        taken.add(result.branches, result.statements)
    assert failed == {}
    bodies = list(bodies_of(suite().model, set(program().entries)))
    assert len({body.path for body in bodies}) == 12
    assert sum(len(body.branches) for body in bodies) >= 200
    assert [
        (branch.path, branch.words)
        for body in bodies
        for branch in body.branches
        if branch.key not in taken.branches
    ] == []


def test_no_instruction_decides() -> None:
    """What an instruction decides is no branch, and a replay may not decide it anew."""
    instructions = [
        (module.source.path, node.text)
        for module in suite().model.modules
        for declaration in module.declarations
        for node in walk(declaration)
        if isinstance(node, ast.DoStmt)
    ]
    assert len(instructions) >= 30
    for path, text in instructions:
        assert [type(part) for part in text.parts] == [ast.TextLiteral], path
        (words,) = (part.value for part in text.parts if isinstance(part, ast.TextLiteral))
        # A label of the screen may hold any word.
        assert DECIDES.search(re.sub(r'"[^"]*"', "", words)) is None, (path, words)
