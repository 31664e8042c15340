"""Checks `test` declarations: their inputs, answers and expectations against the subject."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowdsl.diagnostics.suggest import Names, join_names, rename_fix, suggest_known_names
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line
from flowdsl.syntax.visit import walk

from .. import errors, places
from ..calls.call_graph import calls_in, find_reached_bodies
from ..declarations.signatures import check_sections, may_be_omitted
from ..declarations.text_files import rows_file
from ..model import CONST, ENV_ROOT, SECRET, ChainSymbol, TaskSymbol, ValueSymbol, WorkflowSymbol
from ..names.references import resolve_ref
from ..names.scopes import ValueScope, find_declaration
from ..program import ModuleScope, WorkflowFields
from ..statements.arguments import quote_names
from ..types import (
    BOOL,
    PRIMITIVE,
    TODAY,
    UNKNOWN,
    FieldType,
    ListOf,
    Optional,
    RecordOf,
    Type,
    strip_optional,
)
from ..values.bounds import make_quotable
from ..values.expressions import check_text, check_value, infer_type
from ..values.tables import rows_of
from .acts import (
    Selector,
    Subject,
    check_act,
    check_selector,
    check_step,
    describe_nearest_texts,
    inner_text,
    is_possible,
)
from .answers import LIST, NULL, VALUE, answers_in_turn, kind_of
from .items import Given, common_items, needs_run
from .run_texts import (
    CHOOSE,
    EXPECT,
    RUN,
    SEES,
    WAIT,
    RunTexts,
    texts_of_run,
)
from .stated import StatedWords, collect_stated_words, report_misplaced
from .tables import cases_of_table
from .values import (
    COMMAND_WORDS,
    READ_WORDS,
    SCREEN_WORDS,
    Words,
    check_fixture,
    check_pattern,
    find_known_field,
    is_left_out,
    take_words,
)


def check_test(module: ModuleScope, test: ast.TestDecl) -> None:
    """Check one test against its subject.

    Something that is missing there because of another error is reported already, and is not
    reported again.
    """
    program = module.program
    for case in (item for item in test.items if isinstance(item, ast.TestCase)):
        ends = (item for item in test.items if isinstance(item, _ENDS))
        check_sections(module, (*ends, *case.items))
    check_sections(module, test.items)
    kind = "workflow"
    if test.kind is not None and test.kind.text in ("task", "chain"):
        kind = test.kind.text
    elif test.kind is not None:
        module.report(errors.UNKNOWN_SUBJECT, test.kind, word=test.kind.text)
    dotted = ast.Dotted(test.subject.start, test.subject.end, None, test.subject)
    is_known = test.kind is None or test.kind.text == kind
    entry = find_declaration(module, dotted, kind, _FOR) if is_known else None
    subject: Subject | None = None
    match None if entry is None else entry.declaration:
        case ast.WorkflowDecl() as workflow:
            subject = program.workflows[workflow]
        case ast.TaskDecl() as task:
            subject = program.tasks[task]
        case ast.ChainDecl() as chain:
            subject = program.chains[chain]
        case _:
            pass
    if subject is not None:
        program.tested[test] = subject
    report_misplaced(module, test, kind)
    checker = TestChecker(module, test, subject)
    checker.check()


_FOR = {"workflow": "for", "task": "for task", "chain": "for chain"}
"""The words before the name of the subject of a test."""
_ENDS = (
    ast.ExpectAborts,
    ast.ExpectFinishes,
    ast.ExpectOutputs,
    ast.ExpectResult,
    ast.ExpectRefused,
)
_JUDGED = "the answer to a check"

_UNKNOWN = ""
"""A key in `Given`: some inputs are unknown, since their fixture is unknown."""

_KINDS: dict[str | None, tuple[str, ...]] = {
    None: (SEES, EXPECT, CHOOSE, WAIT),
    SEES: (SEES,),
    EXPECT: (EXPECT,),
    CHOOSE: (CHOOSE,),
    WAIT: (WAIT,),
}
"""The kinds of questions that an answer is for, by the word before it."""


class _Calls(Record):
    """The calls in a body by their names in a test, and those with a result by its variable."""

    by_name: dict[str, ast.CallStmt]
    results: dict[str, ast.CallStmt]
    names: Names


class TestChecker:
    """Checks one test.

    `asked` holds the texts of the workflow's run, collected when needed; `answered` maps each
    answer so far to its place, and `expected` each step of a chain to the place of its outputs.
    """

    def __init__(self, module: ModuleScope, test: ast.TestDecl, subject: Subject | None) -> None:
        self.program = module.program
        self.scope = ValueScope(module)
        self.source = module.source
        self.test = test
        self.subject = subject
        self.fields = WorkflowFields(None, (), None)
        self.body: ast.Block | None = None
        self.bodies: tuple[ast.Block | None, ...] = ()
        self._steps: dict[str, TestChecker] = {}
        match subject:
            case TaskSymbol():
                self.fields = _fields_of(subject)
                self.body = subject.declaration.body
                self.bodies = (self.body,)
            case WorkflowSymbol():
                self.fields = module.program.workflow_fields[subject.declaration]
                self.body = subject.declaration.steps
                self.bodies = (self.body,)
            case ChainSymbol():
                self.fields = _fields_of_chain(subject)
                workflows = [workflow for _, workflow in subject.steps]
                self.bodies = tuple(
                    None if each is None else each.declaration.steps for each in workflows
                )
            case _:
                pass
        self.asked: RunTexts | None = None
        self.answered: dict[tuple[str, ...], Span] = {}
        self.expected: dict[tuple[str, ...], Span] = {}
        self._within: tuple[str, ...] = ()
        self._calls: dict[ast.Block | None, _Calls] = {}
        self._ruled_out: list[ast.Act] = []

    def check(self) -> None:
        items = self.test.items
        cases = [item for item in items if isinstance(item, ast.TestCase | ast.CasesFrom)]
        common = common_items(self.test)
        given: Given = {}
        self._items(common, given)
        if not cases:
            self.report_missing(common, given, self.test.subject)
        expected = self.expected
        for case in cases:
            # What a case gives and answers overrides what the cases have in common.
            self.answered, self.expected = {}, dict(expected)
            if isinstance(case, ast.CasesFrom):
                ends = tuple(item for item in common if isinstance(item, _ENDS))
                cases_of_this = cases_of_table(self, case, common, given, ends)
                self.program.table_cases[case] = cases_of_this
                continue
            own: Given = {}
            self._items(case.items, own)
            self.report_missing((*common, *case.items), given | own, case.title)
        # A `never` is vacuous if no value that the test states could make it fail.
        words = self._words() if self._ruled_out else None
        for act in self._ruled_out:
            check_act(self.scope, act, self.subject, self._texts(), words)

    def _words(self) -> StatedWords:
        chain = self.subject.declaration if isinstance(self.subject, ChainSymbol) else None
        workflows = self.subject.steps if isinstance(self.subject, ChainSymbol) else ()
        of_steps = [each for _, each in workflows if each is not None]
        fields = (*(self.fields.inputs or ()), *(f for each in of_steps for f in each.inputs))
        secrets = (*self.fields.secrets, *(f for each in of_steps for f in each.secrets))
        names = [secret.name for secret in secrets]
        bodies = [body for body in self.bodies if body is not None]
        reached = (body for body, _, _ in find_reached_bodies(self.program, *bodies))
        return collect_stated_words(self.program, self.test, fields, names, reached, chain)

    def _items(self, items: tuple[ast.TestItem, ...], given: Given) -> None:
        """Check the items of one run; `given` are the inputs so far."""
        begun: set[type[ast.Node]] = set()
        for item in items:
            # A repeated section is reported as such, and its inputs are checked separately.
            inputs = {} if type(item) in begun else given
            begun.add(type(item))
            match item:
                case ast.TestCase() | ast.CasesFrom():
                    raise AssertionError("cases are apart")
                case ast.GivenSection(bindings=bindings):
                    self._given(bindings, inputs)
                case ast.FixtureSection():
                    self._check_fixture(item, inputs)
                case ast.ThenGiven(section=then):
                    self._items((then,), {})
                case ast.ExpectOfRun(number=number, items=of_run):
                    self._number(number)
                    self._check_run(of_run)
                case ast.ScreenSection() | ast.CommandsSection() | ast.ReadsSection():
                    self._answers(item)
                case ast.ItemAnswers(selector=selector, sections=sections):
                    with self._inside(selector):
                        for section in sections:
                            self._answers(section)
                case ast.StepAnswers(step=step, sections=sections):
                    of_step = self.find_step(step)
                    if of_step is not None:
                        of_step._items(sections, {})
                case ast.ExpectStepOutputs(step=step, bindings=expected):
                    of_step = self.find_step(step)
                    if of_step is not None and self._is_new(
                        (step.text,), step.span(self.source), self.expected
                    ):
                        of_step._outputs(expected, "output")
                case ast.ExpectNever(act=act, selector=among):
                    self._act(act, among, never=True)
                case ast.ExpectDoes(act=act, selector=among):
                    if item.times is not None:
                        self._times(item.times)
                    self._act(act, among)
                case ast.ExpectOrder(acts=ordered, selector=among):
                    for ordered_act in ordered:
                        if ordered_act.times is not None:
                            self._times(ordered_act.times)
                        self._act(ordered_act.act, None, never=ordered_act.never)
                    if among is not None:
                        self._check_selector(among)
                case ast.ExpectReaches(title=title):
                    check_step(self.scope, title, self.subject, self._texts())
                case ast.PromptContains(text=text) | ast.PromptOmits(text=text):
                    self._prompt_text(text)
                case ast.PromptMatches():
                    pass
                case ast.PromptTokens(count=count):
                    self.program.constants[count] = count.value
                case (
                    ast.ExpectAborts(reason=reason)
                    | ast.ExpectFinishes(reason=reason)
                    | ast.ExpectNeverFinishes(reason=reason)
                ):
                    if reason is not None:
                        self.check_reason(reason, aborts=isinstance(item, ast.ExpectAborts))
                case ast.ExpectRefused(reason=written) | ast.ExpectFailedCheck(name=written):
                    self._text(written)
                case ast.ExpectStepRefused(step=step, reason=written):
                    self.find_step(step)
                    self._text(written)
                case ast.JudgedSection(answers=judged):
                    for each in judged:
                        self._text(each.text)
                        self._yes_or_no(each.value, COMMAND_WORDS, "checks", _JUDGED)
                case ast.ExpectOutputs(bindings=expected):
                    self._outputs(expected, "output")
                case ast.ExpectResult(bindings=expected):
                    self._outputs(expected, "result field")

    def _check_run(self, items: tuple[ast.TestItem, ...]) -> None:
        """Check the items of a replay, which override those of the first run."""
        outside = self.answered, self.expected
        self.answered, self.expected = {}, {}
        check_sections(self.scope.module, items)
        self._items(items, {})
        self.answered, self.expected = outside

    def _text(self, written: ast.Text | ast.PartText | None) -> None:
        if written is not None:
            check_text(self.scope, inner_text(written), places.TEST_VALUE)

    def find_step(self, name: ast.Name) -> TestChecker | None:
        """Return the checker for the answers and outputs of a step of a chain; None if unknown."""
        chain = self.subject
        if not isinstance(chain, ChainSymbol):
            return None
        workflows = {step.name.text: workflow for step, workflow in chain.steps}
        if name.text not in workflows:
            span, known = name.span(self.source), [*workflows]
            self.program.report_unknown(
                errors.UNKNOWN_STEP, span, "step", known, name=name.text, chain=chain.name
            )
            return None
        found = self._steps.get(name.text)
        if found is None:
            found = TestChecker(self.scope.module, self.test, workflows[name.text])
            self._steps[name.text] = found
        found.answered, found._within = self.answered, (f"step {name.text}",)
        return found

    def _number(self, number: ast.IntLit) -> None:
        """Check the number of a run; each `then given` of the test adds one run."""
        self.program.constants[number] = number.value
        runs = 1 + sum(isinstance(node, ast.ThenGiven) for node in walk(self.test))
        if not 2 <= number.value <= runs:
            self.scope.report(errors.UNKNOWN_RUN, number, number=number.value)

    def _answers(self, section: ast.ScreenSection | ast.CommandsSection | ast.ReadsSection) -> None:
        match section:
            case ast.ScreenSection(answers=answers):
                for answer in answers:
                    with self._inside(answer.selector):
                        self._screen(answer)
            case ast.CommandsSection(answers=commands):
                for command in commands:
                    with self._inside(command.selector):
                        self._command(command)
            case ast.ReadsSection(answers=reads):
                for read in reads:
                    with self._inside(read.selector):
                        self._read(read)

    @contextmanager
    def _inside(self, selector: Selector | None) -> Iterator[None]:
        """Check answers that apply only to the passes that a selector means."""
        outside = self._within
        if selector is not None:
            self._check_selector(selector)
            self._within = (*outside, selector.span(self.source).text)
        yield
        self._within = outside

    def _times(self, times: ast.IntLit) -> None:
        """Check how often something is done; `0 times` means the same as `never`."""
        self.program.constants[times] = times.value
        if times.value < 0:
            span, help = times.span(self.source), "the least is 0"
            self.scope.report(errors.BOUND_TOO_SMALL, span, value=times.value, help=help)

    def _act(self, act: ast.Act, selector: Selector | None, *, never: bool = False) -> None:
        for written in act.texts:
            check_text(self.scope, inner_text(written), places.TEST_VALUE)
        if never:
            self._ruled_out.append(act)
        else:
            check_act(self.scope, act, self.subject, self._texts(), None)
        if selector is not None:
            self._check_selector(selector)

    def _check_selector(self, selector: Selector) -> None:
        check_selector(self.scope, selector, self.subject, self._texts())

    def _given(self, bindings: tuple[ast.Binding | ast.GivenRows, ...], given: Given) -> None:
        """Check inputs that are given by name, and record them in `given`."""
        fields = self.collect_givable_fields()
        for binding in bindings:
            name, span = binding.name.text, binding.name.span(self.source)
            if not self._is_first(name, span, given):
                if isinstance(binding, ast.Binding):
                    infer_type(self.scope, binding.value, places.TEST_VALUE)
                continue
            if self._is_secret(name, span):
                continue
            field = find_known_field(self.program, fields, name, span)
            if isinstance(binding, ast.GivenRows):
                file = rows_file(self.scope.module, binding)
                if file is not None and field is not None:
                    self.program.constants[binding] = rows_of(self.program, file, field)
                continue
            if is_left_out(self.scope, binding.value):
                self.program.constants[binding.value] = None
                if field is None or not may_be_omitted(field):
                    given[name] = None
                continue
            wanted = UNKNOWN if field is None else field.type
            what = f"input `{name}`"
            value = binding.value
            check_value(self.scope, value, wanted, places.TEST_VALUE, what, field)

    def collect_givable_fields(self) -> tuple[FieldType, ...] | None:
        """Return what `given` may contain: the inputs, and `today` if something depends on it."""
        fields = self.fields.inputs
        if fields is None or any(field.name == TODAY for field in fields):
            return fields
        of_steps = self.subject.steps if isinstance(self.subject, ChainSymbol) else ()
        every = (*fields, *(f for _, step in of_steps if step is not None for f in step.inputs))
        counts = any(field.day is not None and field.day.needs_today for field in every)
        counts = counts or bool(self.program.typed_days)
        return (*fields, FieldType(TODAY, PRIMITIVE["date"])) if counts else fields

    def _check_fixture(self, section: ast.FixtureSection, given: Given) -> None:
        secrets = {field.name for field in self.fields.secrets}
        held = check_fixture(self.scope, section, self.collect_givable_fields(), secrets)
        if held is None:
            given[_UNKNOWN] = section.span(self.source)
            return
        for name, span in held:
            if span is None:
                given.setdefault(name, None)
            elif self._is_first(name, span, given):
                self._is_secret(name, span)

    def _is_first(self, name: str, span: Span, given: Given) -> bool:
        """Whether a name has no value yet; a name that has one is reported."""
        first = given[name] = given.get(name) or span
        spec = errors.DUPLICATE_ARGUMENT
        return self.scope.module.is_first({name: first}, name, span, spec, "given")

    def _is_secret(self, name: str, span: Span) -> bool:
        """Whether a name is that of a secret; if so, it is reported."""
        found = any(field.name == name for field in self.fields.secrets)
        if found:
            self.scope.report(errors.SECRET_IN_TEST, span, name=name)
        return found

    def _outputs(self, expected: tuple[ast.ExpectedValue, ...], noun: str) -> None:
        fields = self.fields.outputs
        named: Given = {}
        for each in expected:
            name, span = each.name.text, each.name.span(self.source)
            field = None
            if self._is_first(name, span, named):
                field = find_known_field(self.program, fields, name, span, noun)
            wanted = UNKNOWN if field is None else field.type
            what = f"{noun} `{name}`"
            check_pattern(self.scope, each.value, wanted, what, field)

    def report_missing(
        self, items: tuple[ast.TestItem, ...], given: Given, place: ast.Node
    ) -> None:
        """Report the required inputs that a run is not given, at `place`.

        A test of the prompt alone needs none.
        """
        if self.subject is None or _UNKNOWN in given:
            return
        if not needs_run(items):
            return
        inputs = self.fields.inputs or ()
        missing = [
            field.name
            for field in inputs
            if given.get(field.name) is None and not may_be_omitted(field)
        ]
        unknown = given.keys() - {field.name for field in (*inputs, *self.fields.secrets)} - {TODAY}
        # A misspelt name is reported, and the input it stands for is not reported as missing.
        if len(missing) > len(unknown):
            self.scope.report(
                errors.MISSING_ARGUMENT, place, names=quote_names(missing), target=self.subject.name
            )
        elif TODAY not in given:
            self._report_days(items, given, place)

    def _report_days(self, items: tuple[ast.TestItem, ...], given: Given, place: ast.Node) -> None:
        """Report inputs whose default depends on `today`, if the test does not set it."""
        assert self.subject is not None
        left_out = self._find_missing_inputs(items, given)
        counted = [field.name for field in left_out if field.day and field.day.needs_today]
        if counted:
            self.scope.report(
                errors.MISSING_ARGUMENT,
                place,
                names=quote_names([TODAY]),
                target=self.subject.name,
                help=f"the default of {quote_names(counted)} counts from the day of the run: write "
                f'`{TODAY} = "2026-03-01"` into `given`, or give {quote_names(counted)} itself',
            )

    def _find_missing_inputs(
        self, items: tuple[ast.TestItem, ...], given: Given
    ) -> Iterator[FieldType]:
        """Yield the inputs of the runs that neither the test nor its chain gives.

        If a test expects an abort, the steps after the first may not run.
        """
        yield from (field for field in self.fields.inputs or () if given.get(field.name) is None)
        steps = self.subject.steps if isinstance(self.subject, ChainSymbol) else ()
        aborts = any(isinstance(item, ast.ExpectAborts) for item in items)
        for step, workflow in steps[:1] if aborts else steps:
            handed = self._find_handed_inputs(step)
            for field in () if workflow is None else workflow.inputs:
                if field.name not in handed:
                    yield field

    def _find_handed_inputs(self, step: ast.ChainStep) -> set[str]:
        """Return the names of the inputs that a chain gives to a step."""
        assert isinstance(self.subject, ChainSymbol)
        sections = self.subject.declaration.items
        shared = (each.bindings for each in sections if isinstance(each, ast.SharedSection))
        names = {each.name.text for bindings in shared for each in bindings}
        return names | {each.name.text for each in step.arguments}

    def check_question(self, section: str, written: ast.PartText) -> None:
        """Check what an answer of a `screen`, of `commands` or of `checks` is named by."""
        if section == "checks":
            self._text(written)
        elif section == "commands":
            self._check_asked(written, (RUN,), RUN)
        else:
            self._check_asked(written, _KINDS[None], None)

    def _screen(self, answer: ast.ScreenAnswer) -> None:
        self._check_asked(answer.text, _KINDS[answer.question], answer.question)
        what = f"the answer to `{answer.question or 'screen'}`"
        self._yes_or_no(answer.value, SCREEN_WORDS, "screen", what)

    def _command(self, answer: ast.CommandAnswer) -> None:
        self._check_asked(answer.text, (RUN,), RUN)
        self._yes_or_no(answer.value, COMMAND_WORDS, "commands", "the answer to `run`")

    def _yes_or_no(self, value: ast.Literal, words: Words, section: str, what: str) -> None:
        """Check one yes/no answer, or a list of them."""
        take_words(self.scope, value, words)
        answers = value.items if isinstance(value, ast.ListExpr) and value.items else (value,)
        strange: list[ast.Node] = [
            each for each in answers if not isinstance(each, ast.BoolLit | ast.ConstRef)
        ]
        strange += self._strange_words(value)
        (word,) = words
        help = f"answers are `true`, `false` and `{word}`, or a list with one for each time"
        for each in strange:
            self._report_answer(each, section, help)
        if not strange:
            wanted: Type = BOOL if self._entries(value) is None else ListOf(BOOL)
            check_value(self.scope, value, wanted, places.TEST_VALUE, what)

    def _strange_words(self, value: ast.Literal) -> list[ast.ConstRef]:
        """Return the names in an answer that are neither words of its section nor anything else."""
        names = self.scope.module.names
        return [
            node
            for node in walk(value)
            if isinstance(node, ast.ConstRef)
            and node.name.namespace is None
            and node not in self.program.words
            and node.name.name.text not in names
        ]

    def _report_answer(self, answer: ast.Node, section: str, help: str) -> None:
        span = answer.span(self.source)
        self.scope.report(
            errors.UNKNOWN_ANSWER, span, answer=make_quotable(span.text), section=section, help=help
        )

    def _entries(self, value: ast.Literal) -> list[str] | None:
        """Return the kinds of the entries of a list; None if the value is not a list."""
        if isinstance(value, ast.ListExpr):
            kinds = {ast.ListExpr: LIST, ast.NullLit: NULL}
            return [
                NULL if item in self.program.words else kinds.get(type(item), VALUE)
                for item in value.items
            ]
        infer_type(self.scope, value, places.TEST_VALUE)
        return kind_of(self.program.constants.get(value))

    def _is_new(self, key: tuple[str, ...], span: Span, known: dict[tuple[str, ...], Span]) -> bool:
        """Whether `key` occurs for the first time; a repetition is reported."""
        spec, name = errors.DUPLICATE_ARGUMENT, make_quotable(key[-1])
        return self.scope.module.is_first(known, key, span, spec, "given", name)

    def _texts(self) -> RunTexts | None:
        """Return the texts of a run; None if some body or called task is unknown."""
        known = [body for body in self.bodies if body is not None]
        if self.asked is None and known and len(known) == len(self.bodies):
            self.asked = texts_of_run(self.program, *known)
        return self.asked if self.asked is not None and self.asked.is_whole else None

    def _check_asked(
        self, written: ast.Text | ast.PartText, kinds: tuple[str, ...], question: str | None
    ) -> None:
        """Report an answer that is repeated, or that nothing in the workflow asks for.

        A text that contains `env` counts as asked for. `question` is the word before the text.
        """
        is_part = isinstance(written, ast.PartText)
        inner = inner_text(written)
        check_text(self.scope, inner, places.TEST_VALUE)
        text = self.program.constants.get(inner)
        span = written.span(self.source)
        mark = "~" if is_part else ""
        if isinstance(text, str) and RUN not in kinds:
            text = on_one_line(text)
        if not isinstance(text, str):
            return
        if not self._is_new((*self._within, mark, *kinds, text), span, self.answered):
            return
        texts = self._texts()
        if texts is None or self.subject is None:
            return
        if is_part and not self._is_certain(texts, kinds, text, span):
            return
        if not is_part and any(texts.questions[kind].matches(text) for kind in kinds):
            return
        others = [kind for kind in texts.questions if kind != RUN and kind not in kinds]
        asking = next((each for each in others if texts.questions[each].matches(text)), None)
        asked = [texts.questions[kind] for kind in kinds]
        names = self.program.names_of(
            (texts, kinds), lambda: {make_quotable(each) for one in asked for each in one.written}
        )
        help = suggest_known_names("question", names, make_quotable(text))
        if asking is not None and question not in (None, RUN):
            help = f"write `{asking}`, which asks it, in place of `{question}`"
        self.scope.report(
            errors.UNUSED_ANSWER,
            span,
            workflow=self.subject.name,
            question="" if question is None else f"{question} ",
            text=mark + make_quotable(text),
            help=help,
        )

    def _is_certain(self, texts: RunTexts, kinds: tuple[str, ...], part: str, span: Span) -> bool:
        """Whether surely no question contains a part; a part of several questions is reported."""
        certain: set[str] = set()
        may = False
        for kind in kinds:
            found, others = texts.questions[kind].find_texts_holding(part)
            certain |= found
            may = may or others
        if len(certain) > 1:
            assert self.subject is not None
            self.scope.report(
                errors.AMBIGUOUS_ANSWER,
                span,
                text=make_quotable(part),
                number=len(certain),
                workflow=self.subject.name,
                help=f"they are {join_names(map(make_quotable, sorted(certain)))}",
            )
        return not certain and not may

    def check_reason(self, written: ast.Text | ast.PartText, *, aborts: bool) -> None:
        reason = inner_text(written)
        check_text(self.scope, reason, places.TEST_VALUE)
        text = self.program.constants.get(reason)
        texts = self._texts()
        if not isinstance(text, str) or texts is None or self.subject is None:
            return
        text = on_one_line(text)
        known = texts.aborts if aborts else texts.finishes
        if not is_possible(known, written, text):
            self.scope.report(
                errors.IMPOSSIBLE_REASON,
                written,
                workflow=self.subject.name,
                ends="aborts" if aborts else "finishes",
                text=make_quotable(text),
                help=describe_nearest_texts(self.program, "reason", known, text),
            )

    def _read(self, answer: ast.ReadAnswer) -> None:
        name = ".".join(part.text for part in answer.path)
        first, last = answer.path[0], answer.path[-1]
        symbol = self.find_read(answer.path)
        if symbol is not None:
            place = Span(self.source, first.start, last.end)
            self._is_new((*self._within, "reads", name), place, self.answered)
        take_words(self.scope, answer.value, READ_WORDS)
        strange = self._strange_words(answer.value)
        for each in strange:
            self._report_answer(each, "reads", "`unreadable` says that there is no value")
        if symbol is None or strange:
            if not strange:
                infer_type(self.scope, answer.value, places.TEST_VALUE)
            return
        # An unreadable value is missing, whatever the type of the variable is.
        wanted = symbol.type
        value = answer.value
        if isinstance(value, ast.NullLit) or value in self.program.words:
            infer_type(self.scope, value, places.TEST_VALUE)
            return
        if answers_in_turn(self._entries(value), wanted):
            if isinstance(value, ast.ListExpr) and not value.items:
                help = "a list has one answer for each time, and this has none"
                self._report_answer(value, "reads", help)
            wanted = ListOf(Optional(strip_optional(wanted)))
        what = f"the answer for `{name}`"
        check_value(self.scope, value, wanted, places.TEST_VALUE, what)

    def find_read(self, path: tuple[ast.Name, ...]) -> ValueSymbol | None:
        """Return the runtime variable that a path names; None, with a report, if there is none.

        A path of one name means a variable of the workflow. In a longer one, all names but the last
        are calls, and the last is a variable of the called task.
        """
        if self.subject is None or isinstance(self.subject, ChainSymbol):
            return None
        runtime = self.subject.runtime
        body = self.body
        for name in path[:-1]:
            task = self._find_called_task(body, name)
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
            self.scope.report(errors.UNKNOWN_READ, span, name=last.text, help=help)
            return None
        if last.text in runtime:
            return runtime[last.text]
        names = self.program.names_of(calls, lambda: runtime.keys() - calls.results.keys())
        noun = "runtime variable"
        self.program.report_unknown(errors.UNKNOWN_READ, span, noun, names, name=last.text)
        return None

    def _find_called_task(self, body: ast.Block | None, name: ast.Name) -> TaskSymbol | None:
        calls = self._calls_of(body)
        if name.text in calls.by_name:
            return self.program.calls.get(calls.by_name[name.text])
        span = name.span(self.source)
        help = suggest_known_names("call", calls.names, name.text)
        if isinstance(self.subject, WorkflowSymbol | TaskSymbol) and body is self.body:
            if name.text == self.subject.name:
                help = f"variables of `{name.text}` itself stand alone, without its name"
            elif name.text in self.subject.runtime:
                help = f"`{name.text}` is read as a whole: write `{name.text} = ...`"
            elif not calls.by_name:
                help = "a variable stands alone: only one of a task has its call in front"
        self.scope.report(
            errors.UNKNOWN_READ,
            span,
            name=name.text,
            help=help,
            fixes=rename_fix(span, calls.names),
        )
        return None

    def _calls_of(self, body: ast.Block | None) -> _Calls:
        """Return the calls in a body, collected once."""
        found = self._calls.get(body)
        if found is None:
            calls = [] if body is None else list(calls_in(self.program, body))
            by_name = {(each.result or each.task.name).text: each for each in reversed(calls)}
            results = {each.result.text: each for each in calls if each.result is not None}
            found = self._calls[body] = _Calls(by_name, results, Names(by_name))
        return found

    def _prompt_text(self, text: ast.Text) -> None:
        """Resolve the consts and `env` of a text that is expected in the prompt.

        Other variables remain as they are written.
        """
        for part in text.parts:
            if not isinstance(part, ast.Ref) or part.secret:
                continue
            if self.scope.kind_of(part.name.text) == CONST or part.name.text == ENV_ROOT:
                resolve_ref(self.scope, part, places.TEST_VALUE, in_text=True)


def _fields_of(task: TaskSymbol) -> WorkflowFields:
    """Return the parameters of a task as inputs and secrets, and its result fields as outputs."""
    fields = [
        (
            parameter.kind == SECRET,
            FieldType(
                parameter.name,
                parameter.type,
                has_default=parameter.name in task.defaults,
                default=task.defaults.get(parameter.name),
            ),
        )
        for parameter in task.params
    ]
    result: tuple[FieldType, ...] | None = () if task.result is None else None
    if isinstance(task.result, RecordOf):
        result = task.result.fields
    return WorkflowFields(
        tuple(field for secret, field in fields if not secret),
        tuple(field for secret, field in fields if secret),
        result,
    )


def _fields_of_chain(chain: ChainSymbol) -> WorkflowFields:
    """Return the inputs and secrets of a chain, and the answers of its pauses."""
    inputs = (*chain.inputs, *(field for pause in chain.pauses for field in pause.inputs))
    secrets = (*chain.secrets, *(field for pause in chain.pauses for field in pause.secrets))
    return WorkflowFields(inputs, secrets, None)
