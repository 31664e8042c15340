"""The working state of one analysis: its sources, the scopes of its files, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.diagnostics.sink import Sink
from flowdsl.diagnostics.suggest import Names, rename_fix, suggest_known_names
from flowdsl.source.files import FileSystem
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .model import ChainSymbol, RowsFile, TaskSymbol, ValueSymbol, WorkflowSymbol
from .modules import Sources
from .places import Place
from .traversal import statements
from .types import Constraints, Day, FieldType, RecordOf, Type

Environments: TypeAlias = Mapping[str, Mapping[str, str]]
"""The `vars` of each environment of a project, by the name of the environment."""
MAX_CHAIN = 100
"""The maximum nesting depth of tasks, types and consts. They are walked recursively, so this stays
below Python's own recursion limit."""


K = TypeVar("K")
P = TypeVar("P", bound=ast.Node | Span)


class Entry(Record):
    """What a name of a module refers to.

    `home` is the file of the declaration, not its scope, which holds its entries: a cycle would
    keep the whole program in memory. `span` is the place that introduces the name: the declaration
    itself, or an import.
    """

    declaration: ast.Decl
    home: ast.Module
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

    def report(self, spec: DiagnosticSpec, node: ast.Node | Span, /, **values: Any) -> None:
        """Report a finding about this file; see `Sink.report`."""
        span = node if isinstance(node, Span) else node.span(self.source)
        self.program.sink.report(spec, span, **values)

    def is_first(
        self,
        seen: dict[K, P],
        key: K,
        place: P,
        spec: DiagnosticSpec,
        participle: str,
        name: str | None = None,
    ) -> bool:
        """Whether a key is not yet among those `seen`, to which it is added with its place.

        A repetition is reported with its `name`, which is the key unless it is given; `participle`
        says what was done with it the first time.
        """
        if key not in seen:
            seen[key] = place
            return True
        first = seen[key]
        if first is not place:
            span = first if isinstance(first, Span) else first.span(self.source)
            labels = (Label(span, f"first {participle} here"),)
            self.report(spec, place, name=key if name is None else name, labels=labels)
        return first is place


class SideTables:
    """The tables that an analysis fills, and later phases read.

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
    - `bodies`: every statement of each body, outer ones first.
    - `used_names`: path and local name of each declaration, import and imported file that is used
      in the file.
    - `used_declarations`: the declarations that these names resolve to.
    - `scopes`: the names of each file.
    - `field_places`: the file and the name of the declaration of each field that a flow declares.
    """

    def __init__(self) -> None:
        self.tested: dict[ast.TestDecl, WorkflowSymbol | TaskSymbol | ChainSymbol] = {}
        self.table_cases: dict[ast.CasesFrom, tuple[ast.TestCase, ...]] = {}
        self.values: dict[ast.Ref | ast.ConstRef, ValueSymbol] = {}
        self.ref_types: dict[ast.Ref, Type] = {}
        self.calls: dict[ast.CallStmt, TaskSymbol] = {}
        self.declared_types: dict[ast.TypeExpr, Type] = {}
        self.constants: dict[ast.Node, Any] = {}
        self.texts: dict[str, str] = {}
        self.images: dict[str, bytes] = {}
        self.quoted: set[ast.Ref] = set()
        self.whole_appends: set[ast.Stmt] = set()
        self.complete: set[ast.Stmt] = set()
        self.typed_days: dict[ast.Stmt, Day] = {}
        self.set_outputs: dict[ast.Stmt, FieldType] = {}
        self.wire_names: dict[ast.Pair, str] = {}
        self.wanted_types: dict[ast.Expr, Type] = {}
        self.bodies: dict[ast.Block, list[ast.Stmt]] = {}
        self.used_names: set[tuple[str, str]] = set()
        self.used_declarations: set[ast.Decl] = set()
        self.scopes: dict[ast.Module, ModuleScope] = {}
        self.field_places: dict[FieldType, tuple[SourceFile, ast.Name]] = {}

    def statements(self, body: ast.Block) -> list[ast.Stmt]:
        """Return every statement of a body and of its inner blocks, in pre-order; walked once."""
        found = self.bodies.get(body)
        if found is None:
            found = self.bodies[body] = statements(body)
        return found


class Program(SideTables):
    """One analysis in progress.

    Beside the side tables, it holds what has been resolved so far. `set_outputs` is filled before
    bodies are checked, `complete` before their paths are followed.

    - `iterables`: the list or count that each loop variable iterates over.
    - `joined_texts`: texts with parts that the platform could misread together, each with its file
      and the kind of its place.
    - `bound_places`: the place of each annotation of a field, by the field's constraints.
    - `resolving`: the types and consts that are being resolved, to find cycles.
    - `words`: words with a special meaning at their place, such as `never` in a test.
    - `read_rows`: the rows that fixtures take from files, by the file and the input.
    - `untrusted_fields`: the first `@untrusted` field in each record that was searched for one.
    """

    def __init__(
        self, sources: Sources, environments: Environments, files: FileSystem, sink: Sink
    ) -> None:
        super().__init__()
        self.sources = sources
        self.environments = environments
        self.files = files
        self.sink = sink

        self.iterables: dict[ValueSymbol, ast.Ref | ast.IntLit | ast.ListExpr] = {}
        self.joined_texts: list[tuple[ast.Module, ast.Text, Place]] = []
        self.words: dict[ast.ConstRef, ValueSymbol] = {}
        self.read_rows: dict[tuple[RowsFile, FieldType], list[Any] | None] = {}
        self.chains: dict[ast.ChainDecl, ChainSymbol] = {}

        self.named_types: dict[ast.RecordDecl | ast.AliasDecl, Type] = {}
        self.const_sizes: dict[ast.ConstDecl, int] = {}
        self.consts: dict[ast.ConstDecl, ValueSymbol] = {}
        self.resolving: list[ast.Decl] = []
        self.tasks: dict[ast.TaskDecl, TaskSymbol] = {}
        self.parameters: dict[TaskSymbol, tuple[dict[str, ValueSymbol], dict[str, None]]] = {}
        self.workflows: dict[ast.WorkflowDecl, WorkflowSymbol] = {}
        self.workflow_fields: dict[ast.WorkflowDecl, WorkflowFields] = {}
        self.bound_places: dict[Constraints, dict[str, Span]] = {}
        self.untrusted_fields: dict[RecordOf, FieldType | None] = {}
        self._names: dict[Hashable, Names] = {}

    def find_bodies(
        self, tasks: Iterable[TaskSymbol] | None = None
    ) -> Iterator[tuple[TaskSymbol | WorkflowSymbol, ast.Block]]:
        """Yield the tasks, or those given, and the workflows with statements, with their bodies."""
        for task in self.tasks.values() if tasks is None else tasks:
            yield task, task.declaration.body
        for workflow in self.workflows.values():
            if workflow.declaration.steps is not None:
                yield workflow, workflow.declaration.steps

    def has_key(self, expr: ast.ObjectExpr, pair: ast.Pair, step: str | int) -> bool:
        """Whether a pair of a literal gives the field that a path names, here or in JSON."""
        key = pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value
        record = self.wanted_types.get(expr)
        field = record.by_either_name(str(step)) if isinstance(record, RecordOf) else None
        return key == step or (field is not None and key in (field.name, field.wire_name))

    def names_of(self, owner: Hashable, names: Callable[[], Iterable[str]]) -> Names:
        """Return the names that `owner` has, sorted once, for all lookups of misspelt names."""
        found = self._names.get(owner)
        if found is None:
            found = self._names[owner] = Names(names())
        return found

    def report_unknown(
        self,
        spec: DiagnosticSpec,
        span: Span,
        called: str,
        known: Iterable[str],
        *,
        name: str,
        **values: Any,
    ) -> None:
        """Report an undeclared name; `called` is the noun for the `known` names."""
        help = suggest_known_names(called, known, name)
        fixes = rename_fix(span, known) if span.text == name else ()
        self.sink.report(spec, span, name=name, help=help, fixes=fixes, **values)

    def use(self, scope: ModuleScope, name: str, entry: Entry | None) -> None:
        """Record that something in a file uses `entry` under the local name `name`."""
        self.used_names.add((scope.source.path, name))
        if entry is not None:
            self.used_declarations.add(entry.declaration)


class WorkflowFields(Record):
    """The fields of a workflow, from its sections or its schema files.

    None for fields that are unknown.
    """

    inputs: tuple[FieldType, ...] | None
    secrets: tuple[FieldType, ...]
    outputs: tuple[FieldType, ...] | None
