"""Which items of a test need a run, and which of them are expectations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flowdsl.syntax import ast

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


def runs_of(test: ast.TestDecl) -> Iterator[tuple[ast.StringLit, tuple[ast.TestItem, ...]]]:
    """Yield the title and the items of each run of a test, one for each of its cases."""
    cases = [item for item in test.items if isinstance(item, ast.TestCase)]
    common = tuple(item for item in test.items if not isinstance(item, ast.TestCase))
    if not cases:
        yield test.title, common
    for case in cases:
        yield case.title, (*common, *case.items)
