"""What an editor shows between the words: types of results, and figures above declarations."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.prompt.cost import prompt_cost
from flowdsl.semantics.flow_tests.items import runs_of
from flowdsl.semantics.model import ValueSymbol
from flowdsl.semantics.types import Unknown, describe_type
from flowdsl.source.record import Record
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by
from flowdsl.syntax.visit import walk

from ..preview import find_bundle, render_prompt
from ..session import Session, Snapshot


class Hint(Record):
    """A text that is shown at an offset."""

    offset: int
    text: str


class Lens(Record):
    """A line of figures above a declaration. `test` is the title of a test that can be run."""

    start: int
    end: int
    text: str
    test: str | None = None


def find_hints(snapshot: Snapshot, module: ast.Module, start: int, end: int) -> Iterator[Hint]:
    """Yield the types of results that are written without one, in a range of a file."""
    model = snapshot.model
    runtime: dict[ast.Decl, dict[str, ValueSymbol]] = {
        **{each.declaration: each.runtime for each in model.workflows},
        **{each.declaration: each.runtime for each in model.tasks},
    }
    for declaration in module.declarations:
        symbols = runtime.get(declaration)
        if symbols is None or declaration.end < start or declaration.start > end:
            continue
        for node in walk(declaration):
            if isinstance(node, ast.ForStmt | ast.KeepStmt) or getattr(node, "type", None):
                continue
            name = variable_set_by(node)
            symbol = None if name is None else symbols.get(name.text)
            if name is None or symbol is None or not start <= name.end <= end:
                continue
            if not isinstance(symbol.type, Unknown):
                yield Hint(name.end, f": {describe_type(symbol.type, 5)}")


def find_lenses(session: Session, snapshot: Snapshot, module: ast.Module) -> Iterator[Lens]:
    """Yield the runs of each test, and what the prompt of each workflow costs."""
    costs = {}
    if any(isinstance(each, ast.WorkflowDecl) for each in module.declarations):
        bundle = find_bundle(session, snapshot)
        for workflow in () if bundle is None else bundle.workflows:
            costs[workflow.name] = workflow
    for declaration in module.declarations:
        if isinstance(declaration, ast.TestDecl):
            count = len(list(runs_of(declaration, snapshot.model.table_cases)))
            title = declaration.title
            text = "run the test" if count == 1 else f"run {count} cases"
            yield Lens(title.start, title.end, text, title.value)
        elif isinstance(declaration, ast.WorkflowDecl) and declaration.name.text in costs:
            cost = prompt_cost(render_prompt(costs[declaration.name.text]))
            calls = cost.calls.focused
            figures = [
                f"{calls} focused {'call' if calls == 1 else 'calls'}",
                f"{cost.all_tokens:,} tokens",
            ]
            name = declaration.name
            yield Lens(name.start, name.end, " · ".join(figures))
