"""The result of the analysis of a program: the tables that every later phase reads.

Symbols are the meanings of names; `SemanticModel` holds the side tables, keyed by AST node. A node
with a mistake is missing from the tables or has the type `UNKNOWN`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .types import Day, FieldType, Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .program import Program

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


K = TypeVar("K")


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


class Entry(Record):
    """What a name of a module refers to.

    `home` is the module of the declaration, `span` the place that introduces the name: the
    declaration itself, or an import.
    """

    declaration: ast.Decl
    home: ModuleScope
    span: Span


class ModuleScope:
    """The names of one file of a program.

    - `own`: its declarations.
    - `names`: its declarations and imports. None means that the declaration could not be found or
      has a syntax error; its uses are not reported again.
    - `namespaces`: the scope of each `import ... as`, or None likewise.
    - `unread`: the names of declarations with a syntax error.
    - `text_refs`: its references in texts, each with its symbol, filled as they are resolved.
    - `runtime_refs`: its references to runtime variables, filled likewise.
    """

    __slots__ = (
        "_hides_all",
        "module",
        "names",
        "namespaces",
        "own",
        "program",
        "runtime_refs",
        "source",
        "text_refs",
        "unread",
    )

    def __init__(self, program: Program, module: ast.Module) -> None:
        self.program = program
        self.module = module
        self.source: SourceFile = module.source
        self.own: dict[str, Entry] = {}
        self.names: dict[str, Entry | None] = {}
        self.namespaces: dict[str, tuple[ModuleScope | None, Span]] = {}
        self.text_refs: list[tuple[ast.Ref, ValueSymbol]] = []
        self.runtime_refs: list[ast.Ref] = []
        self.unread = frozenset(name for part in module.unread for name in part.names or ())
        self._hides_all = any(part.names is None for part in module.unread)

    def hides(self, name: str) -> bool:
        """Whether a declaration with a syntax error in this file may declare `name`."""
        return self._hides_all or name in self.unread

    def report(self, spec: DiagnosticSpec, place: ast.Node | Span, /, **values: Any) -> None:
        """Report a finding about this file; see `Sink.report`."""
        span = place if isinstance(place, Span) else place.span(self.source)
        self.program.sink.report(spec, span, **values)

    def is_first(
        self,
        seen: dict[K, Span],
        key: K,
        place: ast.Node | Span,
        spec: DiagnosticSpec,
        participle: str,
        name: str | None = None,
    ) -> bool:
        """Whether a key is not yet among those `seen`, to which it is added with its place.

        A repetition is reported with its `name`, which is the key unless it is given; `participle`
        says what was done with it the first time.
        """
        span = place if isinstance(place, Span) else place.span(self.source)
        first = seen.setdefault(key, span)
        if first is not span:
            labels = (Label(first, f"first {participle} here"),)
            self.report(spec, span, name=key if name is None else name, labels=labels)
        return first is span


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
