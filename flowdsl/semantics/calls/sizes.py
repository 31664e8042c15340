"""How large consts, texts and workflows get once everything is in its place.

Each level that uses the one below it twice doubles the text, so that a few dozen short lines could
fill any memory; the limits here stop that.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .. import errors
from ..model import TaskSymbol
from ..program import Program
from .call_graph import calls_in

MAX_CHARACTERS = 1_000_000
"""The most characters of a const: ten times what any model reads as one prompt."""
MAX_STATEMENTS = 20_000
"""The most statements of a workflow with its tasks inlined."""
MAX_PIECES = 5_000
"""The most pieces of a text with the arguments of calls in place."""


def written_size(value: ast.Literal) -> int:
    """The characters that a literal holds itself, and one for each entry and name in it."""
    return sum(
        len(node.value) if isinstance(node, ast.TextLiteral | ast.StringLit) else 1
        for node in walk(value)
    )


def report_too_many_statements(program: Program, ordered: Iterable[TaskSymbol]) -> None:
    """Report the workflows that get too large when their tasks are inlined.

    `ordered` has each task after those it calls.
    """
    sizes: dict[TaskSymbol, int] = {}

    def size_of(body: ast.Block) -> int:
        called = (program.calls.get(call) for call in calls_in(program, body))
        inlined = sum(sizes.get(task, 0) for task in called if task is not None)
        return len(program.statements(body)) + inlined

    for task in ordered:
        sizes[task] = size_of(task.declaration.body)
    for workflow in program.workflows.values():
        for item in workflow.declaration.items:
            size = size_of(item.body) if isinstance(item, ast.StepsSection) else 0
            if size > MAX_STATEMENTS:
                program.sink.report(
                    errors.TOO_LARGE,
                    workflow.declaration.name.span(workflow.module.source),
                    what=f"workflow `{workflow.name}`",
                    size=size,
                    unit="statements",
                    limit=MAX_STATEMENTS,
                )
