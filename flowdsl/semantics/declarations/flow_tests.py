"""`test` declarations: what they give, answer and expect, against the workflow they are for."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.suggest import Names
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..calls.call_graph import calls_in
from ..model import CONST, TaskSymbol, ValueSymbol, WorkflowSymbol
from ..names.references import resolve_ref
from ..names.scopes import ENV_ROOT, ValueScope, find_declaration, known_names, rename_fix
from ..program import ModuleScope, Program, WorkflowFields
from ..statements.arguments import quoted
from ..texts.run_texts import EXPECT, SEES, RunTexts, TextPatterns, texts_of_run
from ..types import BOOL, UNKNOWN, FieldType, ListOf, Optional, Type, strip_optional
from ..values.bounds import quotable
from ..values.expressions import check_text, check_value, infer
from .signatures import check_sections, may_be_omitted


def check_test(program: Program, module: ModuleScope, test: ast.TestDecl) -> None:
    """Check one test against its workflow.

    What is missing there because of another mistake is reported already, and is not reported again.
    """
    check_sections(program, module, test.items)
    dotted = ast.Dotted(test.workflow.start, test.workflow.end, None, test.workflow)
    entry = find_declaration(program, module, dotted, "workflow")
    workflow: WorkflowSymbol | None = None
    if entry is not None and isinstance(entry.declaration, ast.WorkflowDecl):
        workflow = program.workflows[entry.declaration]
    checker = _TestChecker(program, module, test, workflow)
    checker.check()


class _Calls(Record):
    """The calls in a body by their names in a test, and those with a result by its variable."""

    by_name: dict[str, ast.CallStmt]
    results: dict[str, ast.CallStmt]
    names: Names


class _TestChecker:
    """Checks one test.

    `asked` are the texts of the workflow's run, collected when they are needed; `answered` is the
    place of each answer so far.
    """

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
        self.body = None if workflow is None else _steps(workflow)
        self.asked: RunTexts | None = None
        self.answered: dict[tuple[str, ...], Span] = {}
        self._calls: dict[ast.Block | None, _Calls] = {}

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
                        self._reason(reason, aborts=isinstance(item, ast.ExpectAborts))
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
        """Check values that a test gives or expects by name; returns the names."""
        known = None if fields is None else {field.name: field for field in fields}
        first: dict[str, Span] = {}
        ordered = Names(known or ())
        free = Names(set(known or ()) - {binding.name.text for binding in bindings})
        for binding in bindings:
            name = binding.name.text
            span = binding.name.span(self.source)
            wanted: Type = UNKNOWN
            field: FieldType | None = None
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
                    help=known_names(noun, ordered, name),
                    fixes=rename_fix(span, free),
                )
            elif known is not None:
                field = known[name]
                wanted = field.type
            first.setdefault(name, span)
            what = f"{noun} `{name}`"
            check_value(
                self.program, self.scope, binding.value, wanted, places.TEST_VALUE, what, field
            )
        return set(first)

    def _report_missing(self, given: set[str]) -> None:
        """Report the required inputs that a test does not give, when it runs the workflow.

        A test of the prompt alone needs none.
        """
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
        self._check_asked(answer)
        what = f"the answer to `{answer.question}`"
        wanted: Type = BOOL if self._entries(answer.value) is None else ListOf(BOOL)
        check_value(self.program, self.scope, answer.value, wanted, places.TEST_VALUE, what)

    def _entries(self, value: ast.Literal) -> list[str] | None:
        """The kinds of the entries of a list: `list`, `null`, `value`; None for what is no list."""
        if isinstance(value, ast.ListExpr):
            kinds = {ast.ListExpr: "list", ast.NullLit: "null"}
            return [kinds.get(type(item), "value") for item in value.items]
        infer(self.program, self.scope, value, places.TEST_VALUE)
        known = self.program.constants.get(value)
        if not isinstance(known, list):
            return None
        names = {list: "list", type(None): "null"}
        return [names.get(type(entry), "value") for entry in known]

    def _answers_each_time(self, value: ast.Literal, wanted: Type) -> bool:
        """Whether `value` holds one answer for each time, and is not itself the answer."""
        entries = self._entries(value)
        if entries is None or not isinstance(strip_optional(wanted), ListOf):
            return entries is not None
        nested = ("list", "null") if isinstance(wanted, Optional) else ("list",)
        return all(entry in nested for entry in entries)

    def _is_new(self, answer: tuple[str, ...], span: Span) -> bool:
        """Whether nothing has answered this yet; an answer for the second time is reported."""
        first = self.answered.setdefault(answer, span)
        if first is not span:
            labels = (Label(first, "first given here"),)
            name = quotable(answer[-1])
            self.program.sink.report(errors.DUPLICATE_ARGUMENT, span, name=name, labels=labels)
        return first is span

    def _texts(self) -> RunTexts | None:
        """The texts of a run; None for a workflow without steps to take them from."""
        if self.asked is None and self.body is not None:
            self.asked = texts_of_run(self.program, self.body)
        return self.asked

    def _check_asked(self, answer: ast.ScreenAnswer) -> None:
        """Report an answer that stands twice, or that nothing in the workflow asks for.

        A text with `env` in it counts as asked for.
        """
        text = self.program.constants.get(answer.text)
        span = answer.text.span(self.source)
        if not isinstance(text, str) or not self._is_new((answer.question, text), span):
            return
        texts = self._texts()
        if texts is None or self.workflow is None:
            return
        asked = texts.questions[answer.question]
        if asked.matches(text):
            return
        other = SEES if answer.question == EXPECT else EXPECT
        help = self._known_texts("question", asked, text)
        if texts.questions[other].matches(text):
            help = f"write `{other}`, which asks it, in place of `{answer.question}`"
        self.program.sink.report(
            errors.UNUSED_ANSWER,
            span,
            workflow=self.workflow.name,
            question=answer.question,
            text=quotable(text),
            help=help,
        )

    def _known_texts(self, noun: str, patterns: TextPatterns, text: str) -> str:
        """The help for a text that nothing in a workflow has."""
        names = self.program.names_of(patterns, lambda: map(quotable, patterns.written))
        return known_names(noun, names, quotable(text))

    def _reason(self, reason: ast.Text, *, aborts: bool) -> None:
        check_text(self.program, self.scope, reason, places.TEST_VALUE)
        text = self.program.constants.get(reason)
        texts = self._texts()
        if not isinstance(text, str) or texts is None or self.workflow is None:
            return
        known = texts.aborts if aborts else texts.finishes
        if not known.matches(text):
            self.program.sink.report(
                errors.IMPOSSIBLE_REASON,
                reason.span(self.source),
                workflow=self.workflow.name,
                ends="aborts" if aborts else "finishes",
                text=quotable(text),
                help=self._known_texts("reason", known, text),
            )

    def _read(self, answer: ast.ReadAnswer) -> None:
        name = ".".join(part.text for part in answer.path)
        first, last = answer.path[0], answer.path[-1]
        symbol = self._read_symbol(answer.path)
        if symbol is not None:
            self._is_new(("reads", name), Span(self.source, first.start, last.end))
        if symbol is None:
            infer(self.program, self.scope, answer.value, places.TEST_VALUE)
            return
        wanted = symbol.type
        value = answer.value
        if self._answers_each_time(value, wanted):
            wanted = ListOf(wanted)
        what = f"the answer for `{name}`"
        check_value(self.program, self.scope, value, wanted, places.TEST_VALUE, what)

    def _read_symbol(self, path: tuple[ast.Name, ...]) -> ValueSymbol | None:
        """The runtime variable that a path names; None, reported, when there is none.

        A path of one name means a variable of the workflow; in a longer one, the names in front are
        those of calls, and the last is a variable of the task.
        """
        if self.workflow is None:
            return None
        runtime = self.workflow.runtime
        body = self.body
        for name in path[:-1]:
            task = self._called_as(body, name)
            if task is None:
                return None
            runtime = task.runtime
            body = task.declaration.body
        last = path[-1]
        span = last.span(self.source)
        calls = self._calls_of(body)
        if last.text in calls.results:
            task_name = calls.results[last.text].task.name.text
            help = (
                f"`{last.text}` is the result of a call: answer what task `{task_name}` reads, "
                f"as in `{last.text}.name`"
            )
            self.program.sink.report(errors.UNKNOWN_READ, span, name=last.text, help=help)
            return None
        if last.text in runtime:
            return runtime[last.text]
        names = self.program.names_of(calls, lambda: runtime.keys() - calls.results.keys())
        self.program.sink.report(
            errors.UNKNOWN_READ,
            span,
            name=last.text,
            help=known_names("runtime variable", names, last.text),
            fixes=rename_fix(span, names),
        )
        return None

    def _called_as(self, body: ast.Block | None, name: ast.Name) -> TaskSymbol | None:
        calls = self._calls_of(body)
        if name.text in calls.by_name:
            return self.program.calls.get(calls.by_name[name.text])
        span = name.span(self.source)
        self.program.sink.report(
            errors.UNKNOWN_READ,
            span,
            name=name.text,
            help=known_names("call", calls.names, name.text),
            fixes=rename_fix(span, calls.names),
        )
        return None

    def _calls_of(self, body: ast.Block | None) -> _Calls:
        """The calls in a body, looked for once."""
        found = self._calls.get(body)
        if found is None:
            calls = [] if body is None else list(calls_in(self.program, body))
            by_name = {(each.result or each.task.name).text: each for each in reversed(calls)}
            results = {each.result.text: each for each in calls if each.result is not None}
            found = self._calls[body] = _Calls(by_name, results, Names(by_name))
        return found

    def _prompt_text(self, text: ast.Text) -> None:
        """Resolve the consts and `env` of a text that is looked for in the prompt.

        Other variables stand for themselves there.
        """
        for part in text.parts:
            if not isinstance(part, ast.Ref) or part.sigil != ast.INPUT:
                continue
            if self.scope.kind_of(part.name.text) == CONST or part.name.text == ENV_ROOT:
                resolve_ref(self.program, self.scope, part, places.TEST_VALUE, in_text=True)


def _steps(workflow: WorkflowSymbol) -> ast.Block | None:
    for item in workflow.declaration.items:
        if isinstance(item, ast.StepsSection):
            return item.body
    return None
