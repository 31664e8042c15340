"""Symbols: what the names of a program mean."""

from __future__ import annotations

from typing import Any

from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .types import FieldType, Type

# The kinds of a ValueSymbol, which is the root of a reference.
INPUT = "input"  # a workflow's or chain's input
PARAMETER = "parameter"  # a task's parameter
CONST = "const"
LOOP = "loop variable"
ENVIRONMENT = "environment"  # the root `env`
RUNTIME = "runtime variable"
SECRET = "secret"  # a workflow's or chain's secret, or a task's secret parameter
STEP = "chain step"

ENV_ROOT = "env"
RESERVED = frozenset(("true", "false", "null", "not", "sees", ENV_ROOT))
"""Names that no value has, since they could not be read as names."""


class RowsFile(Record):
    """A file that `rows` names: its project path, and the place that names it."""

    path: str
    span: Span


class ValueSymbol(Record):
    """A named value in scope.

    `value` is the constant of a CONST in JSON form, else None. A CONST whose value depends on `env`
    has its expression in `literal` instead. A const of an imported file has a dotted name,
    `file.name`; in a reference to it, the first part of the path belongs to that name. `rows` maps
    the inputs that a fixture takes from files to these files, or to None after an error. A RUNTIME
    symbol with a `field` is an output, or a field of a task's result; `noun` says which.
    """

    kind: str
    name: str
    type: Type
    span: Span
    field: FieldType | None = None
    value: Any = None
    literal: ast.Literal | None = None
    rows: tuple[tuple[str, RowsFile | None], ...] = ()
    noun: str = ""

    @property
    def title(self) -> str:
        """What the symbol is called in a message."""
        return self.noun or self.kind

    @property
    def is_output(self) -> bool:
        """Whether it is an output of a workflow, or a field of a task's result."""
        return self.kind == RUNTIME and self.field is not None


class TaskSymbol(Record):
    """A task.

    `params` are in order; a secret parameter has kind SECRET. `result` is None without `->`.
    """

    name: str
    declaration: ast.TaskDecl
    module: ast.Module
    params: tuple[ValueSymbol, ...]
    defaults: dict[str, Any]
    result: Type | None
    runtime: dict[str, ValueSymbol]


class WorkflowSymbol(Record):
    """A workflow.

    Sections given by file (`inputs from`) leave their fields empty; see `inputs_from`.

    `settings`, `models`, `terminal` and `extra` hold what the source sets, in JSON form; parts that
    depend on `env` remain AST nodes, see `constants.evaluate_constant`.
    """

    name: str
    declaration: ast.WorkflowDecl
    module: ast.Module
    inputs: tuple[FieldType, ...]
    secrets: tuple[FieldType, ...]
    outputs: tuple[FieldType, ...]
    runtime: dict[str, ValueSymbol]
    settings: dict[str, Any]
    models: dict[str, Any]
    terminal: dict[str, Any]
    prompt_from: str | None
    inputs_from: str | None
    outputs_from: str | None
    checks_from: str | None
    extra_from: str | None
    extra: dict[str, Any]


class PauseSymbol(Record):
    """A pause of a chain, with the answers that a person gives there.

    `steps_before` is the number of steps before it.
    """

    declaration: ast.Pause
    inputs: tuple[FieldType, ...]
    secrets: tuple[FieldType, ...]
    steps_before: int


class ChainSymbol(Record):
    """A chain of workflows.

    `steps` pairs each step with the workflow it runs (None if unresolved).
    """

    name: str
    declaration: ast.ChainDecl
    module: ast.Module
    inputs: tuple[FieldType, ...]
    secrets: tuple[FieldType, ...]
    settings: dict[str, Any]
    steps: tuple[tuple[ast.ChainStep, WorkflowSymbol | None], ...]
    pauses: tuple[PauseSymbol, ...] = ()
