"""The result of the analysis of a program: the side tables that every later phase reads.

They are keyed by AST node. A node with a mistake is missing from them or has the type `UNKNOWN`.
"""

from __future__ import annotations

from flowdsl.syntax import ast

from .model import ChainSymbol, TaskSymbol, ValueSymbol, WorkflowSymbol
from .program import SideTables


class SemanticModel(SideTables):
    """The side tables of a whole program, and its declarations.

    - `declared_values`: the inputs, secrets, parameters, runtime variables and readable outputs of
      each task and workflow.

    Declarations are in the order of their file's path, then of the source.
    """

    def __init__(
        self,
        tables: SideTables,
        *,
        modules: tuple[ast.Module, ...],
        workflows: tuple[WorkflowSymbol, ...],
        tasks: tuple[TaskSymbol, ...],
        chains: tuple[ChainSymbol, ...],
        tests: tuple[tuple[ast.Module, ast.TestDecl], ...],
        declared_values: dict[ast.Decl, tuple[ValueSymbol, ...]],
    ) -> None:
        super().__init__()
        for name in vars(self):
            setattr(self, name, getattr(tables, name))
        self.modules = modules
        self.workflows = workflows
        self.tasks = tasks
        self.chains = chains
        self.tests = tests
        self.declared_values = declared_values
