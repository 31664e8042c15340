"""The tests of a program, one for each run: a test without cases, or a case with what is common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import SemanticModel, TaskSymbol, WorkflowSymbol
from flowdsl.simulate.interpreter.fields import on_the_wire, written_field
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .literals import Literals
from .wrapping import wrapper_names


class Case(Record):
    """One run to be judged: where it stands, what it is for, and what it gives and expects.

    `items` are those that the cases of a test have in common, and those of the case. `workflow` is
    what is carried out; for a `task` that is the workflow around it.
    """

    module: ast.Module
    declaration: ast.TestDecl
    workflow: WorkflowSymbol
    items: tuple[ast.TestItem, ...]
    title_node: ast.StringLit
    task: TaskSymbol | None = None

    @property
    def title(self) -> str:
        """The title of the test, with that of the case behind it."""
        title = self.declaration.title
        if self.title_node is title:
            return title.value
        return f"{title.value}: {self.title_node.value}"

    @property
    def subject(self) -> str:
        """The name of what is tested."""
        return self.workflow.name if self.task is None else self.task.name


def cases_of(model: SemanticModel) -> Iterator[Case]:
    """Every case of a program without errors, in the order of files and lines.

    The program has the workflows around the tasks that are tested (`wrapping`).
    """
    names = wrapper_names(model)
    workflows = {workflow.name: workflow for workflow in model.workflows}
    for module, test in model.tests:
        subject = model.tested[test]
        task = subject if isinstance(subject, TaskSymbol) else None
        if isinstance(subject, TaskSymbol):
            workflow = workflows[names[subject.module.source.path, subject.name]]
        else:
            workflow = subject
        cases = [item for item in test.items if isinstance(item, ast.TestCase)]
        common = tuple(item for item in test.items if not isinstance(item, ast.TestCase))
        if not cases:
            yield Case(module, test, workflow, common, test.title, task)
        for case in cases:
            yield Case(module, test, workflow, (*common, *case.items), case.title, task)


def inputs_of(case: Case, literals: Literals) -> dict[str, Any]:
    """The inputs that a case gives, by their names on the wire; what it leaves out is not there."""
    return given_by(case, case.items, literals)


def given_by(case: Case, items: Iterable[ast.TestItem], literals: Literals) -> dict[str, Any]:
    """The inputs that some items give, as `inputs_of` tells them."""
    record = types.RecordOf("", case.workflow.inputs)
    found: dict[str, Any] = {}
    for item in items:
        match item:
            case ast.GivenSection(bindings=bindings):
                for binding in bindings:
                    value = binding if isinstance(binding, ast.GivenRows) else binding.value
                    found[binding.name.text] = literals.json(value)
            case ast.FixtureSection(fixture=fixture, changes=changes):
                found |= literals.json(fixture)
                if changes is not None:
                    found |= literals.json(changes)
            case _:
                pass
    return {
        name if field is None else field.wire_name: (
            value if field is None else on_the_wire(value, field.type)
        )
        for name, value in found.items()
        if value is not None
        for field in (written_field(record, name),)
    }


def given_place(case: Case) -> Span | None:
    """Where a case gives inputs first; None where it gives none."""
    for item in case.items:
        if isinstance(item, ast.GivenSection | ast.FixtureSection):
            return item.span(case.module.source)
    return None
