"""The test cases of a program: a test without cases, or each case with the test's common items.

Also locates the snapshots of prompts that tests compare with:

flows/patient_lookup.flow   ->   flows/__snapshots__/patient_lookup.prompt.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from flowdsl.ir.days import NoDay, fill_in_days
from flowdsl.ir.lowering.types import TypeLowering
from flowdsl.semantics import types
from flowdsl.semantics.flow_tests.items import needs_run, runs_of
from flowdsl.semantics.model import ChainSymbol, TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.interpreter.chains import inputs_of_chain
from flowdsl.simulate.interpreter.fields import find_field_of_key, on_the_wire
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from .literals import LiteralValues
from .outcome import SNAPSHOT_ENDING, SNAPSHOT_FOLDER
from .wrapping import whole_title, wrapper_names


class Case(Record):
    """One test case: its place, its subject, and its inputs and expectations.

    `items` are those that all cases of the test share, then those of this case. `workflow` is the
    workflow that is executed: for a `task` the generated wrapper, for a `chain` the workflow of its
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
        """The inputs that a case may give; for a chain, these include the answers of its pauses."""
        return self.workflow.inputs if self.chain is None else inputs_of_chain(self.chain)

    @property
    def needs_run(self) -> bool:
        """Whether a case is about more than the prompt."""
        return needs_run(self.items)

    @property
    def title(self) -> str:
        """The title of the test, followed by that of the case."""
        return whole_title(self.declaration, self.title_node)

    @property
    def subject(self) -> str:
        """The name of the tested workflow, task or chain."""
        return (self.chain or self.task or self.workflow).name


def cases_of(model: SemanticModel) -> Iterator[Case]:
    """Yield every case of a program without errors, in order of file and line.

    Cases of a task are left out if the program has no wrapper for the task (`wrapping`).
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
        for title, items in runs_of(test, model.table_cases):
            yield Case(module, test, workflow, items, title, task, chain)


def inputs_of(case: Case, literals: LiteralValues) -> dict[str, Any]:
    """Return the inputs that a case gives, by wire name; others are absent."""
    return collect_given_inputs(case, case.items, literals)


def collect_given_inputs(
    case: Case, items: Iterable[ast.TestItem], literals: LiteralValues
) -> dict[str, Any]:
    """Return the inputs that `items` give, in the form of `inputs_of`."""
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
    """Return the day on which a case begins, or None, and the inputs without it.

    A case gives the day as `today`, unless an input has that name.
    """
    if any(field.wire_name == types.TODAY for field in case.inputs):
        return None, given
    today = given.get(types.TODAY)
    inputs = {name: value for name, value in given.items() if name != types.TODAY}
    return None if today is None else date.fromisoformat(today), inputs


def resolve_case_inputs(case: Case, literals: LiteralValues) -> dict[str, Any] | None:
    """Return a case's inputs with computed dates filled in; None if one cannot be computed."""
    today, given = day_of_test(case, inputs_of(case, literals))
    fields = TypeLowering(lambda value: value).fields(case.inputs)
    try:
        return fill_in_days(fields, given, today)
    except NoDay:
        return None


def find_given_place(case: Case) -> Span | None:
    """Return the first place where a case gives inputs; None if it gives none."""
    for item in case.items:
        if isinstance(item, ast.GivenSection | ast.FixtureSection):
            return item.span(case.module.source)
    return None


class PromptSnapshot(Record):
    """The path of a workflow's prompt snapshot and its text, which is None if the file is missing.

    `unreadable` is the reason why the file cannot be read, or empty.
    """

    path: str
    prompt: str | None
    unreadable: str = ""


def snapshot_path(case: Case) -> str:
    """Return the project path of a prompt's snapshot, next to the flow that declares it.

    Tasks of two files may have one name, so that theirs has the name of the file in front.
    """
    folder, slash, file = case.workflow.module.source.path.rpartition("/")
    name = case.subject if case.task is None else f"{file.removesuffix('.flow')}.{case.subject}"
    return f"{folder}{slash}{SNAPSHOT_FOLDER}/{name}{SNAPSHOT_ENDING}"


def snapshot_paths(cases: Iterable[Case]) -> dict[str, Case]:
    """Return the paths of all snapshots that tests use, each with one case of its workflow."""
    return {
        snapshot_path(case): case
        for case in cases
        if any(isinstance(node, ast.PromptMatches) for item in case.items for node in walk(item))
    }


def difference_of_prompts(old: str, new: str) -> tuple[str, ...]:
    """Return the unified diff of two prompts."""
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), "snapshot", "prompt", lineterm="", n=1)
    return tuple(lines)
