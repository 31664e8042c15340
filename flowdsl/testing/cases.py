"""The tests of a program, one for each run: a test without cases, or a case with what is common.

Also where the prompts are kept that tests compare with, as they were when somebody looked last:

flows/patient_lookup.flow   ->   flows/__snapshots__/patient_lookup.prompt.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from flowdsl.ir.days import NoDay, fill_in_days
from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.semantics import types
from flowdsl.semantics.model import ChainSymbol, SemanticModel, TaskSymbol, WorkflowSymbol
from flowdsl.simulate.interpreter.fields import find_field_of_key, on_the_wire
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .literals import Literals
from .wrapping import whole_title, wrapper_names


class Case(Record):
    """One run to be judged: where it stands, what it is for, and what it gives and expects.

    `items` are those that the cases of a test have in common, and those of the case. `workflow` is
    what is carried out; for a `task` that is the workflow around it, for a `chain` that of its
    first step.
    """

    module: ast.Module
    declaration: ast.TestDecl
    workflow: WorkflowSymbol
    items: tuple[ast.TestItem, ...]
    title_node: ast.StringLit
    task: TaskSymbol | None = None
    chain: ChainSymbol | None = None

    @property
    def inputs(self) -> tuple[types.FieldType, ...]:
        """The inputs that a case may give; those of a chain with the answers of its pauses."""
        if self.chain is None:
            return self.workflow.inputs
        pauses = (field for pause in self.chain.pauses for field in pause.inputs)
        return (*self.chain.inputs, *pauses)

    @property
    def title(self) -> str:
        """The title of the test, with that of the case behind it."""
        return whole_title(self.declaration, self.title_node)

    @property
    def subject(self) -> str:
        """The name of what is tested."""
        return (self.chain or self.task or self.workflow).name


def cases_of(model: SemanticModel) -> Iterator[Case]:
    """Every case of a program without errors, in the order of files and lines.

    Those of a task are left out where the program has no workflow around it (`wrapping`).
    """
    names = wrapper_names(model)
    workflows = {workflow.name: workflow for workflow in model.workflows}
    for module, test in model.tests:
        subject = model.tested[test]
        workflow: WorkflowSymbol
        task = chain = None
        match subject:
            case TaskSymbol():
                task = subject
                name = names[subject.module.source.path, subject.name]
                if name not in workflows:
                    continue
                workflow = workflows[name]
            case ChainSymbol():
                chain = subject
                first = subject.steps[0][1]
                assert first is not None, "the check found the workflow of every step"
                workflow = first
            case _:
                workflow = subject
        cases = [item for item in test.items if isinstance(item, ast.TestCase)]
        common = tuple(item for item in test.items if not isinstance(item, ast.TestCase))
        if not cases:
            yield Case(module, test, workflow, common, test.title, task, chain)
        for case in cases:
            yield Case(module, test, workflow, (*common, *case.items), case.title, task, chain)


def inputs_of(case: Case, literals: Literals) -> dict[str, Any]:
    """The inputs that a case gives, by their names on the wire; what it leaves out is not there."""
    return collect_given_inputs(case, case.items, literals)


def collect_given_inputs(
    case: Case, items: Iterable[ast.TestItem], literals: Literals
) -> dict[str, Any]:
    """The inputs that some items give, as `inputs_of` tells them."""
    record = types.RecordOf("", case.inputs)
    found: dict[str, Any] = {}
    for item in items:
        match item:
            case ast.GivenSection(bindings=bindings):
                for binding in bindings:
                    value = binding if isinstance(binding, ast.GivenRows) else binding.value
                    found[binding.name.text] = literals.json(value)
            case ast.FixtureSection(fixture=fixture, changes=changes):
                found |= literals.json(fixture) | literals.rows(item)
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
        for field in (find_field_of_key(record, name),)
    }


def day_of_test(case: Case, given: dict[str, Any]) -> tuple[date | None, dict[str, Any]]:
    """The day on which a case begins, if it says one, and the inputs without it.

    The day is given as `today`, where no input has that name.
    """
    if any(field.wire_name == types.TODAY for field in case.inputs):
        return None, given
    today = given.get(types.TODAY)
    inputs = {name: value for name, value in given.items() if name != types.TODAY}
    return None if today is None else date.fromisoformat(today), inputs


def resolve_case_inputs(case: Case, literals: Literals) -> dict[str, Any] | None:
    """What a case gives, with the days that are filled in; None where one cannot be worked out."""
    today, given = day_of_test(case, inputs_of(case, literals))
    fields = TypeLowering(lambda value: value).fields(case.inputs)
    try:
        return fill_in_days(fields, given, today)
    except NoDay:
        return None


def find_given_place(case: Case) -> Span | None:
    """Where a case gives inputs first; None where it gives none."""
    for item in case.items:
        if isinstance(item, ast.GivenSection | ast.FixtureSection):
            return item.span(case.module.source)
    return None


FOLDER = "__snapshots__"
ENDING = ".prompt.md"


class Snapshot(Record):
    """Where the prompt of a workflow is kept, and what stands there; None where there is none.

    `unreadable` is why it cannot be read, or empty.
    """

    path: str
    prompt: str | None
    unreadable: str = ""


def snapshot_path(case: Case) -> str:
    """The project path of the snapshot of a workflow: beside the flow that declares it."""
    folder, slash, _ = case.workflow.module.source.path.rpartition("/")
    return f"{folder}{slash}{FOLDER}/{case.workflow.name}{ENDING}"


def snapshot_paths(cases: Iterable[Case]) -> dict[str, Case]:
    """The paths of all snapshots that tests name, each with a case of its workflow."""
    return {
        snapshot_path(case): case
        for case in cases
        if any(isinstance(node, ast.PromptMatches) for item in case.items for node in walk(item))
    }


def difference_of_prompts(old: str, new: str) -> tuple[str, ...]:
    """What changed from one prompt to another, as a unified difference."""
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), "snapshot", "prompt", lineterm="", n=1)
    return tuple(lines)
