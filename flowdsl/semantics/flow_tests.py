"""`test` declarations: what they give, answer and expect, against the workflow they are for."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from . import errors, places
from .arguments import quoted
from .call_graph import calls_in
from .expressions import check_text, check_value, infer
from .model import CONST, TaskSymbol, ValueSymbol, WorkflowSymbol
from .program import ModuleScope, Program, WorkflowFields
from .references import resolve_ref
from .scopes import ENV_ROOT, ValueScope, find_declaration, known_names, rename_fix
from .signatures import check_sections, may_be_omitted
from .types import BOOL, UNKNOWN, FieldType, ListOf, Type


def check_test(program: Program, module: ModuleScope, test: ast.TestDecl) -> None:
    """Check one test against its workflow; what it cannot be checked against has been reported already."""
    check_sections(program, module, test.items)
    dotted = ast.Dotted(test.workflow.start, test.workflow.end, None, test.workflow)
    entry = find_declaration(program, module, dotted, "workflow")
    workflow: WorkflowSymbol | None = None
    if entry is not None and isinstance(entry.declaration, ast.WorkflowDecl):
        workflow = program.workflows[entry.declaration]
    checker = _TestChecker(program, module, test, workflow)
    checker.check()


class _TestChecker:
    def __init__(
        self,
        program: Program,
        module: ModuleScope,
        test: ast.TestDecl,
        workflow: WorkflowSymbol | None,
    ) -> None:
        self.program = program
        self.scope = ValueScope(module)
        self.source = module.source
        self.test = test
        self.workflow = workflow
        self.fields = WorkflowFields(None, (), None)
        if workflow is not None:
            self.fields = program.workflow_fields[workflow.declaration]

    def check(self) -> None:
        given: set[str] = set()
        runs = False
        for item in self.test.items:
            match item:
                case ast.GivenSection(bindings=bindings):
                    given |= self._given(bindings)
                case ast.ScreenSection(answers=answers):
                    for answer in answers:
                        self._screen(answer)
                case ast.ReadsSection(answers=reads):
                    for read in reads:
                        self._read(read)
                case ast.PromptContains(text=text) | ast.PromptOmits(text=text):
                    self._prompt_text(text)
                case ast.PromptTokens(count=count):
                    self.program.constants[count] = count.value
                case ast.ExpectAborts(reason=reason) | ast.ExpectFinishes(reason=reason):
                    runs = True
                    if reason is not None:
                        check_text(self.program, self.scope, reason, places.TEST_VALUE)
                case ast.ExpectOutputs(bindings=bindings):
                    runs = True
                    self._bindings(bindings, self.fields.outputs, "output", {})
        if runs:
            self._report_missing(given)

    def _given(self, bindings: tuple[ast.Binding, ...]) -> set[str]:
        secrets = {field.name: field for field in self.fields.secrets}
        return self._bindings(bindings, self.fields.inputs, "input", secrets)

    def _bindings(
        self,
        bindings: tuple[ast.Binding, ...],
        fields: tuple[FieldType, ...] | None,
        noun: str,
        secrets: dict[str, FieldType],
    ) -> set[str]:
        known = None if fields is None else {field.name: field for field in fields}
        first: dict[str, Span] = {}
        free = set(known or ()) - {binding.name.text for binding in bindings}
        for binding in bindings:
            name = binding.name.text
            span = binding.name.span(self.source)
            wanted: Type = UNKNOWN
            if name in first:
                labels = (Label(first[name], "first given here"),)
                self.program.sink.report(errors.DUPLICATE_ARGUMENT, span, name=name, labels=labels)
            elif name in secrets:
                self.program.sink.report(errors.SECRET_IN_TEST, span, name=name)
            elif known is not None and name not in known:
                self.program.sink.report(
                    errors.UNKNOWN_ARGUMENT,
                    span,
                    name=name,
                    noun=noun,
                    help=known_names(noun, known, name),
                    fixes=rename_fix(span, free),
                )
            elif known is not None:
                wanted = known[name].type
            first.setdefault(name, span)
            what = f"{noun} `{name}`"
            check_value(self.program, self.scope, binding.value, wanted, places.TEST_VALUE, what)
        return set(first)

    def _report_missing(self, given: set[str]) -> None:
        """A test that runs the workflow gives every required input; the prompt alone needs none."""
        missing = [
            field.name
            for field in self.fields.inputs or ()
            if field.name not in given and not may_be_omitted(field)
        ]
        if missing and self.workflow is not None:
            self.program.sink.report(
                errors.MISSING_ARGUMENT,
                self.test.workflow.span(self.source),
                names=quoted(missing),
                target=self.workflow.name,
            )

    def _screen(self, answer: ast.ScreenAnswer) -> None:
        check_text(self.program, self.scope, answer.text, places.TEST_VALUE)
        what = f"the answer to `{answer.question}`"
        wanted: Type = ListOf(BOOL) if isinstance(answer.value, ast.ListExpr) else BOOL
        check_value(self.program, self.scope, answer.value, wanted, places.TEST_VALUE, what)

    def _read(self, answer: ast.ReadAnswer) -> None:
        symbol = self._read_symbol(answer.path)
        name = ".".join(part.text for part in answer.path)
        if symbol is None:
            infer(self.program, self.scope, answer.value, places.TEST_VALUE)
            return
        wanted = symbol.type
        value = answer.value
        if isinstance(value, ast.ListExpr) and (
            not isinstance(wanted, ListOf)
            or all(isinstance(item, ast.ListExpr) for item in value.items)
        ):
            wanted = ListOf(wanted)  # one answer for each time it is read
        what = f"the answer for `{name}`"
        check_value(self.program, self.scope, value, wanted, places.TEST_VALUE, what)

    def _read_symbol(self, path: tuple[ast.Name, ...]) -> ValueSymbol | None:
        """The runtime variable that a path names: of the workflow, or of a task by the name of its call."""
        if self.workflow is None:
            return None
        runtime = self.workflow.runtime
        body = _steps(self.workflow)
        for name in path[:-1]:
            task = self._called_as(body, name)
            if task is None:
                return None
            runtime = task.runtime
            body = task.declaration.body
        last = path[-1]
        if last.text in runtime:
            return runtime[last.text]
        span = last.span(self.source)
        self.program.sink.report(
            errors.UNKNOWN_READ,
            span,
            name=last.text,
            help=known_names("runtime variable", runtime, last.text),
            fixes=rename_fix(span, runtime),
        )
        return None

    def _called_as(self, body: ast.Block | None, name: ast.Name) -> TaskSymbol | None:
        calls: dict[str, ast.CallStmt] = {}
        for call in () if body is None else calls_in(body):
            calls.setdefault((call.result or call.task.name).text, call)
        if name.text in calls:
            return self.program.calls.get(calls[name.text])
        span = name.span(self.source)
        self.program.sink.report(
            errors.UNKNOWN_READ,
            span,
            name=name.text,
            help=known_names("call", calls, name.text),
            fixes=rename_fix(span, calls),
        )
        return None

    def _prompt_text(self, text: ast.Text) -> None:
        """Text to look for in the prompt: consts and `env` stand for their values, other variables for themselves."""
        kinds = self.scope.kinds()
        for part in text.parts:
            if not isinstance(part, ast.Ref) or part.sigil != ast.INPUT:
                continue
            if kinds.get(part.name.text) == CONST or part.name.text == ENV_ROOT:
                resolve_ref(self.program, self.scope, part, places.TEST_VALUE, in_text=True)


def _steps(workflow: WorkflowSymbol) -> ast.Block | None:
    for item in workflow.declaration.items:
        if isinstance(item, ast.StepsSection):
            return item.body
    return None
