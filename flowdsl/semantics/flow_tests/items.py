"""Which items of a test need a run, and which of them are expectations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from flowdsl.source.text import Span
from flowdsl.syntax import ast

Given: TypeAlias = dict[str, Span | None]
"""Inputs that are given, each with its place; None for a required one that is left out."""
_OF_PROMPT = (ast.PromptContains, ast.PromptOmits, ast.PromptTokens, ast.PromptMatches)
_INPUTS = (ast.GivenSection, ast.FixtureSection)
_ANSWERS = (
    ast.ScreenSection,
    ast.ReadsSection,
    ast.CommandsSection,
    ast.JudgedSection,
    ast.ItemAnswers,
    ast.StepAnswers,
)


def needs_run(items: Sequence[ast.TestItem]) -> bool:
    """Whether a test, or one case with the common items, is about more than the prompt."""
    of_prompt = any(isinstance(item, _OF_PROMPT) for item in items)
    others = any(not isinstance(item, (*_OF_PROMPT, *_INPUTS)) for item in items)
    return others or not of_prompt


def expects_something(items: Iterable[ast.TestItem]) -> bool:
    """Whether items contain an expectation; a replay is one: it has to match its program."""
    return not all(isinstance(item, (*_INPUTS, *_ANSWERS)) for item in items)


Rows = Mapping[ast.CasesFrom, tuple[ast.TestCase, ...]]
"""The cases of tables, one for each row."""


def cases_in(test: ast.TestDecl, rows: Rows) -> list[ast.TestCase]:
    """Return the cases of a test in order, those of its tables included."""
    return [
        case
        for item in test.items
        if isinstance(item, ast.TestCase | ast.CasesFrom)
        for case in ((item,) if isinstance(item, ast.TestCase) else rows.get(item, ()))
    ]


def runs_of(
    test: ast.TestDecl, rows: Rows
) -> Iterator[tuple[ast.StringLit, tuple[ast.TestItem, ...]]]:
    """Yield the title and the items of each run of a test, one for each of its cases."""
    has_cases = any(isinstance(item, ast.TestCase | ast.CasesFrom) for item in test.items)
    common = common_items(test)
    if not has_cases:
        yield test.title, common
    for case in cases_in(test, rows):
        yield case.title, (*common, *case.items)


def common_items(test: ast.TestDecl) -> tuple[ast.TestItem, ...]:
    """Return the items that all cases of a test share."""
    return tuple(item for item in test.items if not isinstance(item, ast.TestCase | ast.CasesFrom))
