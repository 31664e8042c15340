"""What a rule sees, and how it reports."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Fix, Label
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import TaskSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import NO_REFS, RefIndex
from flowdsl.semantics.types import FieldType, RecordOf, may_be_missing
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast

from .bodies import body_of
from .options import LintOptions


class Unused(Record):
    """A name that nothing uses.

    `kind` is as in `UnusedName`; `place` is the name, `whole` what can be removed.
    """

    kind: str
    name: str
    place: Span
    whole: Span


class LintContext:
    """The program, and the file and declaration that a rule is called for.

    `module` and `declaration` are those of the node, prose or name that the rule is called with.
    For `LinkedFiles`, they are the first file and None.
    """

    def __init__(self, model: SemanticModel, options: LintOptions, sink: Sink) -> None:
        self.model = model
        self.options = options
        self.sink = sink
        self.module: ast.Module = model.modules[0]
        self.declaration: ast.Decl | None = None
        self._unread: set[str] | None = None
        self._optional_refs: dict[str, RefIndex] | None = None
        self._workflows: dict[ast.WorkflowDecl, WorkflowSymbol] | None = None
        self._tasks: dict[ast.TaskDecl, TaskSymbol] | None = None

    @property
    def body(self) -> ast.Block | None:
        """The statements of the current task or workflow; None in other declarations."""
        return body_of(self.declaration)

    def body_statements(self) -> list[ast.Stmt]:
        """Every statement of the current task or workflow, outer ones first."""
        return [] if self.body is None else self.statements(self.body)

    def emitted_fields(self) -> Sequence[FieldType]:
        """The outputs of the current workflow, or the fields of the result of the current task."""
        declaration = self.declaration
        if isinstance(declaration, ast.WorkflowDecl):
            workflow = self.workflow(declaration)
            return () if workflow is None else workflow.outputs
        task = self.task(declaration) if isinstance(declaration, ast.TaskDecl) else None
        result = None if task is None else task.result
        return result.fields if isinstance(result, RecordOf) else ()

    @property
    def source(self) -> SourceFile:
        """The text of the current file."""
        return self.module.source

    def span(self, node: ast.Node) -> Span:
        """The place of a node of the current file."""
        return node.span(self.module.source)

    def keyword(self, node: ast.Node) -> Span:
        """The keyword that a statement, section or declaration of the current file opens with."""
        start = end = node.start
        text = self.module.source.text
        while text[end : end + 1].isalpha():
            end += 1
        return Span(self.module.source, start, end)

    def statements(self, body: ast.Block) -> list[ast.Stmt]:
        """Every statement of a body, those of inner blocks too, outer ones first."""
        return self.model.statements(body)

    def workflow(self, declaration: ast.WorkflowDecl) -> WorkflowSymbol | None:
        """The symbol of a workflow; None for one that shares its name with another."""
        if self._workflows is None:
            self._workflows = {symbol.declaration: symbol for symbol in self.model.workflows}
        return self._workflows.get(declaration)

    def task(self, declaration: ast.TaskDecl) -> TaskSymbol | None:
        """The symbol of a task; None for one that shares its name with another."""
        if self._tasks is None:
            self._tasks = {symbol.declaration: symbol for symbol in self.model.tasks}
        return self._tasks.get(declaration)

    def may_lack_statements(self) -> bool:
        """Whether the current file has syntax errors, so that its tree may lack statements."""
        if self._unread is None:
            found = self.sink.findings_in_order() if self.sink.has_errors else ()
            self._unread = {each.span.path for each in found if each.spec.category == "syntax"}
        return self.module.source.path in self._unread

    def optional_refs(self, node: ast.Node) -> Sequence[ast.Ref]:
        """The references in texts of a node whose value, or a part of it, may be missing.

        Those under a condition that proves the value to be there are left out. A few may stand
        outside of texts.
        """
        if self._optional_refs is None:
            by_path: dict[str, list[ast.Ref]] = {}
            missing: dict[int, bool] = {}  # by the identity of types, which the model keeps
            for ref, type_ in self.model.ref_types.items():
                found = missing.get(id(type_))
                if found is None:
                    found = missing[id(type_)] = may_be_missing(type_)
                if found:
                    source = self.model.values[ref].span.source
                    # In a text, a reference begins with a brace.
                    if source.text.startswith("{", ref.start):
                        by_path.setdefault(source.path, []).append(ref)
            self._optional_refs = {path: RefIndex(refs) for path, refs in by_path.items()}
        return self._optional_refs.get(self.module.source.path, NO_REFS).within(node)

    def option(self, rule: str, name: str, default: int) -> int:
        """The value of a rule's option: the project's, or else `default`."""
        return self.options.value(rule, name, default)

    def report(
        self,
        spec: DiagnosticSpec,
        span: Span,
        *,
        labels: tuple[Label, ...] = (),
        fixes: tuple[Fix, ...] = (),
        help: str | None = None,
        **values: object,
    ) -> None:
        """Report a finding, unless the project has switched its rule off for the file."""
        if self.options.is_enabled(spec, span.path):
            report = self.sink.report
            report(spec, span, label="", labels=labels, notes=(), fixes=fixes, help=help, **values)
