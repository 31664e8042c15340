"""What only tests of something else can say: a workflow has no result, a chain no screen."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import children, walk

from .. import errors
from ..program import ModuleScope, Program

_STEP = "only a chain has steps: what stands inside of `step name { ... }` stands here without it"
_STEP_ANSWERS = "write it inside of `step name { ... }`, with the name of a step of the chain"
_NO_CHECKS = "a task has no checks: test a workflow that calls it"
_REFUSED = "what a service does not take is `refused`: write `outputs refused`"
_PROMPTS = "a chain has no prompt of its own: test the workflows of its steps"
_REPLAYS = "replays are tested by tests of the workflows of its steps"

_HELP: dict[str, dict[type[ast.Node], tuple[str, str]]] = {
    "workflow": {
        ast.ExpectResult: (
            "result",
            "write `outputs { ... }`, or test the task that has the result with `for task`",
        ),
        ast.StepAnswers: ("step", _STEP),
        ast.ExpectStepOutputs: ("outputs", "write `outputs { ... }`; only a chain has steps"),
        ast.ExpectStepRefused: ("", "write `outputs refused`; only a chain has steps"),
    },
    "task": {
        ast.StepAnswers: ("step", _STEP),
        ast.JudgedSection: ("checks", _NO_CHECKS),
        ast.ExpectFailedCheck: ("fails", _NO_CHECKS),
        ast.ExpectStepRefused: ("", "write `outputs refused`; only a chain has steps"),
        **{
            class_: (word, "write `result { ... }`, or test a workflow that calls the task")
            for class_, word in (
                (ast.ExpectOutputs, "outputs"),
                (ast.ExpectStepOutputs, "outputs"),
                (ast.PromptContains, "prompt"),
                (ast.PromptOmits, "prompt"),
                (ast.PromptTokens, "prompt"),
                (ast.PromptMatches, "prompt"),
            )
        },
    },
    "chain": {
        ast.ScreenSection: ("screen", _STEP_ANSWERS),
        ast.ReadsSection: ("reads", _STEP_ANSWERS),
        ast.CommandsSection: ("commands", _STEP_ANSWERS),
        ast.JudgedSection: ("checks", _STEP_ANSWERS),
        ast.ExpectRefused: ("outputs", "write `outputs name refused`, with the name of a step"),
        ast.ItemAnswers: ("item", _STEP_ANSWERS),
        ast.ExpectOutputs: ("outputs", "write `outputs name { ... }`, with the name of a step"),
        ast.ExpectResult: ("result", "write `outputs name { ... }`, with the name of a step"),
        ast.ExpectFinishes: ("finishes", "a `finish` ends a step, and the chain goes on"),
        ast.ThenGiven: ("then", _REPLAYS),
        ast.ExpectOfRun: ("run", _REPLAYS),
        ast.PromptContains: ("prompt", _PROMPTS),
        ast.PromptOmits: ("prompt", _PROMPTS),
        ast.PromptTokens: ("prompt", _PROMPTS),
        ast.PromptMatches: ("prompt", _PROMPTS),
    },
}
"""By what a test is for: what does not stand there, with its first word, and what to do."""


def report_misplaced(program: Program, module: ModuleScope, test: ast.TestDecl, kind: str) -> None:
    """Report what only a test of something else can say, and what none can."""
    found = [*_misplaced(test, _HELP[kind]), *_unknown(test)]
    for item, word, help in found:
        span = item.span(module.source)
        word = word or span.text.split()[0]
        place = Span(module.source, span.start, span.start + len(word))
        program.sink.report(errors.MISPLACED_EXPECTATION, place, kind=kind, word=word, help=help)


def _unknown(test: ast.TestDecl) -> Iterator[tuple[ast.Node, str, str]]:
    """Other words than `refused` where that stands."""
    for node in walk(test):
        if isinstance(node, ast.ExpectRefused) and node.word.text != "refused":
            yield node.word, node.word.text, _REFUSED


def _misplaced(
    node: ast.Node, known: dict[type[ast.Node], tuple[str, str]]
) -> Iterator[tuple[ast.Node, str, str]]:
    """What is misplaced below a node; inside of a step and of what is found stands nothing more."""
    for child in children(node):
        if type(child) in known:
            yield child, *known[type(child)]
        elif not isinstance(child, ast.StepAnswers):
            yield from _misplaced(child, known)
