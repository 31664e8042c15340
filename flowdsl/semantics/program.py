"""The working state of one analysis: what it reads, and the tables it fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.files import FileSystem
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .model import TaskSymbol, ValueSymbol, WorkflowSymbol
from .modules import Sources
from .types import FieldType, Type

Environments: TypeAlias = Mapping[str, Mapping[str, str]]
"""The `vars` of each environment of a project, by the name of the environment."""


class Entry(Record):
    """What a name of a module stands for: a declaration, the module it is from, and the place that brings it in."""

    declaration: ast.Decl
    home: ModuleScope
    span: Span


class ModuleScope:
    """The names of one file.

    `own` holds its declarations, `names` also what it imports, `namespaces` its `import ... as`. None stands for
    something that was imported but could not be found: using it is not reported again.
    """

    __slots__ = ("module", "names", "namespaces", "own", "source")

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.source: SourceFile = module.source
        self.own: dict[str, Entry] = {}
        self.names: dict[str, Entry | None] = {}
        self.namespaces: dict[str, tuple[ModuleScope | None, Span]] = {}


class Program:
    """One analysis in progress. The tables are those of `SemanticModel`; the rest is what has been resolved so far."""

    def __init__(
        self, sources: Sources, environments: Environments, files: FileSystem, sink: Sink
    ) -> None:
        self.sources = sources
        self.environments = environments
        self.files = files
        self.sink = sink
        self.scopes: dict[ast.Module, ModuleScope] = {}

        self.values: dict[ast.Ref | ast.ConstRef, ValueSymbol] = {}
        self.ref_types: dict[ast.Ref, Type] = {}
        self.calls: dict[ast.CallStmt, TaskSymbol] = {}
        self.declared_types: dict[ast.TypeExpr, Type] = {}
        self.constants: dict[ast.Node, Any] = {}
        self.texts: dict[str, str] = {}
        self.images: dict[str, bytes] = {}

        self.named_types: dict[ast.RecordDecl | ast.AliasDecl, Type] = {}
        self.consts: dict[ast.ConstDecl, ValueSymbol] = {}
        self.resolving: list[ast.Decl] = []
        self.tasks: dict[ast.TaskDecl, TaskSymbol] = {}
        self.workflows: dict[ast.WorkflowDecl, WorkflowSymbol] = {}
        self.workflow_fields: dict[ast.WorkflowDecl, WorkflowFields] = {}


class WorkflowFields(Record):
    """The fields of a workflow as its sections or its schema files tell them; None where that is not known."""

    inputs: tuple[FieldType, ...] | None
    secrets: tuple[FieldType, ...]
    outputs: tuple[FieldType, ...] | None
