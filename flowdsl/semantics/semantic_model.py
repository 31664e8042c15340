"""The result of the analysis of a program: the side tables that every later phase reads.

They are keyed by AST node. A node with a mistake is missing from them or has the type `UNKNOWN`.
"""

from __future__ import annotations

from typing import Any

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from .model import ChainSymbol, TaskSymbol, ValueSymbol, WorkflowSymbol
from .program import ModuleScope
from .types import Day, FieldType, Type


class SemanticModel(Record):
    """The side tables of a whole program.

    - `tested`: what each test is for.
    - `table_cases`: the cases that the rows of a table make; all nodes of one have its place, and
      their values are in `constants`.
    - `values`: what each reference means.
    - `ref_types`: the type of each whole reference, path included.
    - `calls`: the task of each call.
    - `declared_types`: the type that each type expression means.
    - `constants`: the JSON value of each literal and of each reference to a const, path included;
      of a test's `given`, the rows of files by the names of their inputs. Values with `{env.x}`
      inside have no entry: they are evaluated per environment, later.
    - `texts`: the content of each file that a section takes verbatim (`prompt from` and the like),
      by project path.
    - `images`: the bytes of each file that an `image` statement names, by project path.
    - `quoted`: references to text from outside in places that only compare it; the prompt marks it
      as data there.
    - `whole_appends`: the `+=` that add every entry of a list.
    - `complete`: the exhaustive choices without an `else`.
    - `typed_days`: the date of each `type` that types one.
    - `set_outputs`: the output, or field of a task's result, that each reading and each call sets
      itself; those that are missing set a runtime variable or nothing.
    - `wire_names`: the JSON name of each field of a record literal whose JSON name differs.
    - `wanted_types`: the record or list type that is expected at a literal or a name. Fields with a
      default may be left out.
    - `declared_values`: the inputs, secrets, parameters, runtime variables and readable outputs of
      each task and workflow.
    - `bodies`: every statement of each body, outer ones first.
    - `used_names`: path and local name of each declaration, import and imported file that is used
      in the file.
    - `used_declarations`: the declarations that these names resolve to.
    - `scopes`: the names of each file.
    - `field_places`: the file and the name of the declaration of each field that a flow declares.

    Declarations are in the order of their file's path, then of the source.
    """

    modules: tuple[ast.Module, ...]
    workflows: tuple[WorkflowSymbol, ...]
    tasks: tuple[TaskSymbol, ...]
    chains: tuple[ChainSymbol, ...]
    tests: tuple[tuple[ast.Module, ast.TestDecl], ...]
    tested: dict[ast.TestDecl, WorkflowSymbol | TaskSymbol | ChainSymbol]
    table_cases: dict[ast.CasesFrom, tuple[ast.TestCase, ...]]
    values: dict[ast.Ref | ast.ConstRef, ValueSymbol]
    ref_types: dict[ast.Ref, Type]
    calls: dict[ast.CallStmt, TaskSymbol]
    declared_types: dict[ast.TypeExpr, Type]
    constants: dict[ast.Node, Any]
    texts: dict[str, str]
    images: dict[str, bytes]
    quoted: set[ast.Ref]
    whole_appends: set[ast.Stmt]
    complete: set[ast.Stmt]
    typed_days: dict[ast.Stmt, Day]
    set_outputs: dict[ast.Stmt, FieldType]
    wire_names: dict[ast.Pair, str]
    wanted_types: dict[ast.Expr, Type]
    declared_values: dict[ast.Decl, tuple[ValueSymbol, ...]]
    bodies: dict[ast.Block, list[ast.Stmt]]
    used_names: set[tuple[str, str]]
    used_declarations: set[ast.Decl]
    scopes: dict[ast.Module, ModuleScope]
    field_places: dict[FieldType, tuple[SourceFile, ast.Name]]
