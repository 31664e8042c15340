"""From reduced grammar rules to AST nodes.

Each rule of `grammars/flowdsl.lark` has one method here or one row in a table. Its children come as
Lark's tree shaping leaves them: nodes, indices of kept tokens, and None for an optional part that
is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import ast, errors
from .parser.driver import MAX_DEPTH, Build, rules
from .parser.lexer import Lexemes
from .texts.literals import plain_string, scan_text
from .texts.variables import scan_ref, whole_number

_UNIT_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}

POSITIONAL: dict[str, type[ast.Node]] = {
    "abort": ast.AbortStmt,
    "capture": ast.CaptureStmt,
    "check_agentic": ast.OutputCheck,
    "check_cleanup": ast.CleanupCheck,
    "check_schema": ast.SchemaCheck,
    "choose": ast.ChooseStmt,
    "command": ast.CommandAnswer,
    "clear": ast.ClearStmt,
    "const_ref": ast.ConstRef,
    "do": ast.DoStmt,
    "expect": ast.ExpectStmt,
    "export": ast.ExportStmt,
    "extra": ast.ExtraSection,
    "fail": ast.FailStmt,
    "finish": ast.FinishStmt,
    "is_empty": ast.EmptyExpr,
    "is_in": ast.InExpr,
    "judgement": ast.JudgedAnswer,
    "negation": ast.NotExpr,
    "null": ast.NullLit,
    "otherwise": ast.Otherwise,
    "part": ast.PartText,
    "sees": ast.SeesExpr,
    "steps": ast.StepsSection,
    "t_aborts": ast.ExpectAborts,
    "t_never": ast.ExpectNever,
    "t_reaches": ast.ExpectReaches,
    "t_then": ast.ThenGiven,
    "t_contains": ast.PromptContains,
    "t_fails": ast.ExpectFailedCheck,
    "t_finishes": ast.ExpectFinishes,
    "t_omits": ast.PromptOmits,
}
"""Rules whose children are the fields of their node, in order."""

TUPLES: dict[str, type[ast.Node]] = {
    "always": ast.AlwaysSection,
    "and_": ast.AndExpr,
    "bare_target": ast.ExactTarget,
    "block": ast.Block,
    "checks": ast.ChecksSection,
    "commands": ast.CommandsSection,
    "given": ast.GivenSection,
    "inputs": ast.InputsSection,
    "judgements": ast.JudgedSection,
    "list": ast.ListExpr,
    "model": ast.ModelSection,
    "object": ast.ObjectExpr,
    "object_type": ast.ObjectType,
    "or_": ast.OrExpr,
    "outputs": ast.OutputsSection,
    "reads": ast.ReadsSection,
    "screens": ast.ScreenSection,
    "secrets": ast.SecretsSection,
    "shared": ast.SharedSection,
    "target_exact": ast.ExactTarget,
    "terminal": ast.TerminalSection,
    "value_list": ast.ListExpr,
    "value_object": ast.ObjectExpr,
}
"""Rules whose children are the one field of their node."""


def _positional(node: Any) -> Build:
    return lambda _, start, end, children: node(start, end, *children)


def _tuple(node: Any) -> Build:
    return lambda _, start, end, children: node(start, end, tuple(children))


def _act(verb: str) -> Build:
    return lambda _, start, end, children: ast.Act(start, end, verb, _there(children), None, None)


def _there(children: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None)


ACTS = ("capture", "choose", "clear", "copy", "do", "export", "press", "run")
"""The words of the statements that tests look for by one text; each has a rule, `act_...`."""

_TABLED: dict[str, Build] = (
    {name: _positional(node) for name, node in POSITIONAL.items()}
    | {name: _tuple(node) for name, node in TUPLES.items()}
    | {f"act_{verb}": _act(verb) for verb in ACTS}
)


class _Unfinished:
    """A declaration that still lacks the annotations and the doc comment in front of it."""

    __slots__ = ("fields", "node")

    def __init__(self, node: Any, *fields: Any) -> None:
        self.node = node
        self.fields = fields


class AstBuilder:
    """Makes the nodes of one file.

    `docs` maps the start of a token to the doc comment in front of it.
    """

    def __init__(
        self, source: SourceFile, tokens: Lexemes, docs: dict[int, str], sink: Sink
    ) -> None:
        self.source = source
        self.tokens = tokens
        self.docs = docs
        self.sink = sink

    # Tokens

    def _word(self, index: int) -> str:
        return self.tokens.words[index]

    def _name(self, index: int) -> ast.Name:
        tokens = self.tokens
        return ast.Name(tokens.starts[index], tokens.ends[index], tokens.words[index])

    def _optional_name(self, index: int | None) -> ast.Name | None:
        return None if index is None else self._name(index)

    def _string(self, index: int) -> ast.StringLit:
        tokens = self.tokens
        return ast.StringLit(
            tokens.starts[index], tokens.ends[index], plain_string(tokens.words[index])
        )

    def _optional_string(self, index: int | None) -> ast.StringLit | None:
        return None if index is None else self._string(index)

    def _raw(self, index: int) -> ast.Text:
        return scan_text(self.source, self.sink, self.tokens.starts[index], self.tokens.ends[index])

    def _pattern(self, index: int) -> ast.StringLit:
        """A regular expression: what stands in the quotes of a raw text, character by character."""
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        return ast.StringLit(start, end, self._word(index)[2:-1])

    def _int(self, index: int) -> ast.IntLit:
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        return ast.IntLit(start, end, whole_number(self.source, self.sink, start, end))

    def _shift(self, index: int) -> ast.Shift:
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        spelling = self.tokens.words[index]
        digits = spelling[1:].strip(" \t").rstrip("dwmoy")
        at = start + spelling.index(digits)
        count = whole_number(self.source, self.sink, at, at + len(digits))
        unit = spelling[len(spelling.rstrip("dwmoy")) :]
        return ast.Shift(start, end, -count if spelling[0] == "-" else count, unit)

    def _duration(self, index: int) -> ast.Duration:
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        spelling = self.tokens.words[index]
        digits = spelling.rstrip("hms")
        amount = whole_number(self.source, self.sink, start, start + len(digits))
        return ast.Duration(
            start, end, spelling, amount * _UNIT_MILLISECONDS[spelling[len(digits) :]]
        )

    # Files and imports

    def build_edition(self, start: int, end: int, children: Sequence[Any]) -> None:
        """Make nothing: `parse` has read the edition already."""

    def build_file(self, start: int, end: int, children: Sequence[Any]) -> list[Any]:
        _, *nodes = children
        return nodes

    def build_import_names(self, start: int, end: int, children: Sequence[Any]) -> ast.ImportNames:
        *names, path = children
        return ast.ImportNames(start, end, tuple(names), self._string(path))

    def build_import_ns(self, start: int, end: int, children: Sequence[Any]) -> ast.ImportModule:
        path, name = children
        return ast.ImportModule(start, end, self._string(path), self._name(name))

    def build_if_present(self, start: int, end: int, children: Sequence[Any]) -> bool:
        return True

    build_background = build_if_present

    def build_import_name(self, start: int, end: int, children: Sequence[Any]) -> ast.ImportedName:
        name, alias = children
        return ast.ImportedName(start, end, self._name(name), self._optional_name(alias))

    # Declarations

    def build_item(self, start: int, end: int, children: Sequence[Any]) -> Any:
        *annotations, unfinished = children
        return unfinished.node(
            start, end, *unfinished.fields, tuple(annotations), self.docs.get(start)
        )

    def build_const(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, value = children
        return _Unfinished(ast.ConstDecl, self._name(name), value, None, ())

    def build_fixture(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, (value, rows) = children
        return _Unfinished(ast.ConstDecl, self._name(name), value, None, rows)

    def build_const_from(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, path = children
        return _Unfinished(ast.ConstDecl, self._name(name), None, self._string(path), ())

    def build_record(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, *fields = children
        return _Unfinished(ast.RecordDecl, self._name(name), tuple(fields))

    def build_alias(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, type_ = children
        return _Unfinished(ast.AliasDecl, self._name(name), type_)

    def build_task(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, *params, result, body = children
        return _Unfinished(ast.TaskDecl, self._name(name), tuple(params), result, body)

    def build_workflow(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, *items = children
        return _Unfinished(ast.WorkflowDecl, self._name(name), tuple(items))

    def build_chain(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, *items = children
        return _Unfinished(ast.ChainDecl, self._name(name), tuple(items))

    def build_test(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        title, kind, subject, *items = children
        return _Unfinished(
            ast.TestDecl,
            self._string(title),
            self._optional_name(kind),
            self._name(subject),
            tuple(items),
        )

    def build_param(self, start: int, end: int, children: Sequence[Any]) -> ast.Param:
        secret, name, type_, default = children
        return ast.Param(start, end, self._name(name), type_, default, secret is not None)

    def build_annotation(self, start: int, end: int, children: Sequence[Any]) -> ast.Annotation:
        name, *arguments = children
        return ast.Annotation(
            start,
            end,
            self._name(name),
            tuple(value for value in arguments if not isinstance(value, ast.Argument)),
            tuple(value for value in arguments if isinstance(value, ast.Argument)),
        )

    def build_named_arg(self, start: int, end: int, children: Sequence[Any]) -> ast.Argument:
        name, value = children
        return ast.Argument(start, end, self._name(name), value)

    # Types

    def build_field(self, start: int, end: int, children: Sequence[Any]) -> ast.Field:
        name, absent, type_, default, *annotations = children
        return ast.Field(
            start,
            end,
            self._name(name),
            absent is not None,
            type_,
            default,
            tuple(annotations),
            self.docs.get(start),
        )

    def build_day(self, start: int, end: int, children: Sequence[Any]) -> ast.DayExpr:
        base, *shifts = children
        return ast.DayExpr(start, end, base, tuple(map(self._shift, shifts)))

    def build_day_of_start(self, start: int, end: int, children: Sequence[Any]) -> ast.DayExpr:
        word, *shifts = children
        unit = self._word(word).split()[-1]
        base = ast.StartOf(self.tokens.starts[word], self.tokens.ends[word], unit)
        return ast.DayExpr(start, end, base, tuple(map(self._shift, shifts)))

    def build_type(self, start: int, end: int, children: Sequence[Any]) -> ast.TypeExpr:
        type_: ast.TypeExpr
        type_, *suffixes = children
        if not suffixes:
            return type_
        if len(suffixes) > MAX_DEPTH:
            span = Span(self.source, start, end)
            self.sink.report(errors.NESTING_TOO_DEEP, span, what="brackets", limit=MAX_DEPTH)
            return type_
        for node, suffix_end in suffixes:
            type_ = node(start, suffix_end, type_)
        return type_

    def build_type_suffix(
        self, start: int, end: int, children: Sequence[Any]
    ) -> tuple[type[ast.ListType | ast.OptionalType], int]:
        return (ast.ListType if len(children) == 2 else ast.OptionalType), end

    def build_type_name(self, start: int, end: int, children: Sequence[Any]) -> ast.NamedType:
        return ast.NamedType(start, end, self.build_dotted(start, end, children))

    def build_enum_type(self, start: int, end: int, children: Sequence[Any]) -> ast.EnumType:
        *values, last = children
        literals = tuple(
            each if isinstance(each, ast.IntLit) else self._string(each) for each in values
        )
        return ast.EnumType(start, end, literals, last is not None)

    # Sections of workflows and chains

    def build_setting(self, start: int, end: int, children: Sequence[Any]) -> ast.Setting:
        name, value = children
        return ast.Setting(start, end, self._name(name), value)

    def build_prompt_from(self, start: int, end: int, children: Sequence[Any]) -> ast.PromptFrom:
        return ast.PromptFrom(start, end, self._string(children[0]))

    def build_inputs_from(self, start: int, end: int, children: Sequence[Any]) -> ast.InputsFrom:
        return ast.InputsFrom(start, end, self._string(children[0]))

    def build_outputs_from(self, start: int, end: int, children: Sequence[Any]) -> ast.OutputsFrom:
        return ast.OutputsFrom(start, end, self._string(children[0]))

    def build_checks_from(self, start: int, end: int, children: Sequence[Any]) -> ast.ChecksFrom:
        return ast.ChecksFrom(start, end, self._string(children[0]))

    def build_extra_from(self, start: int, end: int, children: Sequence[Any]) -> ast.ExtraFrom:
        return ast.ExtraFrom(start, end, self._string(children[0]))

    def build_chain_step(self, start: int, end: int, children: Sequence[Any]) -> ast.ChainStep:
        name, workflow, *arguments = children
        return ast.ChainStep(start, end, self._name(name), workflow, tuple(arguments))

    def build_pause(self, start: int, end: int, children: Sequence[Any]) -> ast.Pause:
        return ast.Pause(start, end, tuple(children), self.docs.get(start))

    def build_answer(self, start: int, end: int, children: Sequence[Any]) -> ast.Answer:
        secret, written, type_, default, *annotations = children
        name = self._name(written)
        doc = self.docs.get(start)
        field = ast.Field(name.start, end, name, False, type_, default, tuple(annotations), doc)
        return ast.Answer(start, end, field, secret is not None)

    def build_bind(self, start: int, end: int, children: Sequence[Any]) -> ast.Binding:
        name, value = children
        return ast.Binding(start, end, self._name(name), value)

    def build_given_rows(self, start: int, end: int, children: Sequence[Any]) -> ast.GivenRows:
        name, word, path = children
        return ast.GivenRows(start, end, self._name(name), self._name(word), self._string(path))

    build_held_rows = build_given_rows

    def build_held(
        self, start: int, end: int, children: Sequence[Any]
    ) -> tuple[ast.ObjectExpr, tuple[ast.GivenRows, ...]]:
        pairs = tuple(each for each in children if not isinstance(each, ast.GivenRows))
        rows = tuple(each for each in children if isinstance(each, ast.GivenRows))
        return ast.ObjectExpr(start, end, pairs), rows

    def build_given_fixture(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.FixtureSection:
        fixture, held = children
        changes, rows = (None, ()) if held is None else held
        return ast.FixtureSection(start, end, fixture, changes, rows)

    # Statements

    def build_annotated(self, start: int, end: int, children: Sequence[Any]) -> ast.AnnotatedStmt:
        *annotations, statement = children
        if isinstance(statement, ast.StepStmt) and start in self.docs:
            statement = statement.__replace__(doc=self.docs[start])
        return ast.AnnotatedStmt(start, end, tuple(annotations), statement)

    def build_step(self, start: int, end: int, children: Sequence[Any]) -> ast.StepStmt:
        title, body = children
        return ast.StepStmt(start, end, title, body, self.docs.get(start))

    def build_type_into(self, start: int, end: int, children: Sequence[Any]) -> ast.TypeStmt:
        value, display, target = children
        return ast.TypeStmt(start, end, value, self._optional_string(display), target)

    def build_type_day(self, start: int, end: int, children: Sequence[Any]) -> ast.TypeStmt:
        base, *shifts, display, target = children
        last = self.tokens.ends[shifts[-1]]
        day = ast.DayExpr(base.start, last, base, tuple(map(self._shift, shifts)))
        return ast.TypeStmt(start, end, day, self._optional_string(display), target)

    def build_type_day_of_start(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.TypeStmt:
        word, *shifts, display, target = children
        words = [word, *shifts]
        day = self.build_day_of_start(self.tokens.starts[word], self.tokens.ends[words[-1]], words)
        return ast.TypeStmt(start, end, day, self._optional_string(display), target)

    def build_type_text(self, start: int, end: int, children: Sequence[Any]) -> ast.TypeStmt:
        value, target = children
        return ast.TypeStmt(start, end, value, None, target)

    def build_press(self, start: int, end: int, children: Sequence[Any]) -> ast.PressStmt:
        keys, times = children
        count = None if times is None else self._int(times)
        return ast.PressStmt(start, end, self._string(keys), count)

    def build_wait_fixed(self, start: int, end: int, children: Sequence[Any]) -> ast.WaitStmt:
        return ast.WaitStmt(start, end, self._duration(children[0]))

    def build_wait_until(self, start: int, end: int, children: Sequence[Any]) -> ast.WaitUntilStmt:
        condition, timeout, otherwise = children
        limit = None if timeout is None else self._duration(timeout)
        return ast.WaitUntilStmt(start, end, condition, limit, otherwise)

    def build_extract(self, start: int, end: int, children: Sequence[Any]) -> ast.ExtractStmt:
        name, type_, text, background, model, otherwise = children
        return ast.ExtractStmt(
            start, end, self._name(name), type_, text, background is not None, model, otherwise
        )

    def build_copy(self, start: int, end: int, children: Sequence[Any]) -> ast.CopyStmt:
        name, type_, text, otherwise = children
        return ast.CopyStmt(start, end, self._name(name), type_, text, otherwise)

    def build_copy_untyped(self, start: int, end: int, children: Sequence[Any]) -> ast.CopyStmt:
        name, text, otherwise = children
        return ast.CopyStmt(start, end, self._name(name), None, text, otherwise)

    def build_emit(self, start: int, end: int, children: Sequence[Any]) -> ast.EmitStmt:
        name, operator, value = children
        return ast.EmitStmt(start, end, self._name(name), self._word(operator) == "+=", value)

    def build_keep_new(self, start: int, end: int, children: Sequence[Any]) -> ast.KeepStmt:
        name, type_, value = children
        return ast.KeepStmt(start, end, self._name(name), type_, False, value)

    def build_keep(self, start: int, end: int, children: Sequence[Any]) -> ast.KeepStmt:
        name, operator, value = children
        append = self._word(operator) == "+="
        return ast.KeepStmt(start, end, self._name(name), None, append, value)

    def build_image(self, start: int, end: int, children: Sequence[Any]) -> ast.ImageStmt:
        path, shows = children
        return ast.ImageStmt(start, end, self._string(path), shows)

    def build_run(self, start: int, end: int, children: Sequence[Any]) -> ast.RunStmt:
        command, name, type_, otherwise = children
        return ast.RunStmt(start, end, command, self._optional_name(name), type_, otherwise)

    def build_if_(self, start: int, end: int, children: Sequence[Any]) -> ast.IfStmt:
        *pairs, otherwise = children
        branches = tuple(
            ast.IfBranch(condition.start, body.end, condition, body)
            for condition, body in zip(pairs[::2], pairs[1::2], strict=True)
        )
        return ast.IfStmt(start, end, branches, otherwise)

    def build_match(self, start: int, end: int, children: Sequence[Any]) -> ast.MatchStmt:
        operand, *branches, otherwise = children
        return ast.MatchStmt(start, end, operand, tuple(branches), otherwise)

    def build_case(self, start: int, end: int, children: Sequence[Any]) -> ast.MatchBranch:
        *values, body = children
        found = (each if isinstance(each, ast.IntLit) else self._string(each) for each in values)
        return ast.MatchBranch(start, end, tuple(found), body)

    def build_for_(self, start: int, end: int, children: Sequence[Any]) -> ast.ForStmt:
        variable, iterable, limit, body, on_failure = children
        reason, failure = (None, None) if on_failure is None else on_failure
        return ast.ForStmt(start, end, self._name(variable), iterable, limit, body, reason, failure)

    def build_on_failure(
        self, start: int, end: int, children: Sequence[Any]
    ) -> tuple[ast.Name | None, ast.Block]:
        reason, block = children
        return self._optional_name(reason), block

    def build_repeat(self, start: int, end: int, children: Sequence[Any]) -> ast.RepeatStmt:
        until, limit, delay, body, otherwise = children
        pause = None if delay is None else self._duration(delay)
        return ast.RepeatStmt(start, end, until, limit, pause, body, otherwise)

    def build_retry(self, start: int, end: int, children: Sequence[Any]) -> ast.RetryStmt:
        attempts, delay, body, otherwise = children
        pause = None if delay is None else self._duration(delay)
        return ast.RetryStmt(start, end, attempts, pause, body, otherwise)

    def build_call(self, start: int, end: int, children: Sequence[Any]) -> ast.CallStmt:
        task, *arguments, result = children
        return ast.CallStmt(start, end, task, tuple(arguments), self._optional_name(result))

    def build_call_arg(self, start: int, end: int, children: Sequence[Any]) -> ast.Argument:
        name, value = children
        return ast.Argument(start, end, self._name(name), value)

    def build_dotted(self, start: int, end: int, children: Sequence[Any]) -> ast.Dotted:
        first, second = children
        if second is None:
            return ast.Dotted(start, end, None, self._name(first))
        return ast.Dotted(start, end, self._name(first), self._name(second))

    def build_using(self, start: int, end: int, children: Sequence[Any]) -> ast.StringLit:
        return self._string(children[0])

    # Values and conditions

    def build_text(self, start: int, end: int, children: Sequence[Any]) -> ast.Text:
        return scan_text(self.source, self.sink, start, end)

    def build_number(self, start: int, end: int, children: Sequence[Any]) -> ast.NumberLit:
        return ast.NumberLit(start, end, self._word(children[0]))

    def build_int(self, start: int, end: int, children: Sequence[Any]) -> ast.IntLit:
        return self._int(children[0])

    def build_true(self, start: int, end: int, children: Sequence[Any]) -> ast.BoolLit:
        return ast.BoolLit(start, end, True)

    def build_false(self, start: int, end: int, children: Sequence[Any]) -> ast.BoolLit:
        return ast.BoolLit(start, end, False)

    def build_pair(self, start: int, end: int, children: Sequence[Any]) -> ast.Pair:
        key, value = children
        quoted = self._word(key)[0] == '"'
        return ast.Pair(start, end, self._string(key) if quoted else self._name(key), value)

    build_pattern_pair = build_pair
    build_value_pair = build_pair

    def build_input_ref(self, start: int, end: int, children: Sequence[Any]) -> ast.Ref:
        name, *path = children
        return ast.Ref(start, end, ast.INPUT, self._name(name), tuple(path))

    def build_secret_ref(self, start: int, end: int, children: Sequence[Any]) -> ast.Ref:
        name, *path = children
        return ast.Ref(start, end, ast.SECRET, self._name(name), tuple(path))

    def build_runtime_ref(self, start: int, end: int, children: Sequence[Any]) -> ast.Ref:
        return scan_ref(self.source, self.sink, start, end)

    def build_path(self, start: int, end: int, children: Sequence[Any]) -> ast.PathPart:
        index = children[0]
        word = self._word(index)
        if word[0] == "'":
            return ast.FieldAccess(start, end, word[1:-1])
        if word.isidentifier():
            return ast.FieldAccess(start, end, word)
        return ast.IndexAccess(start, end, self._int(index).value)

    def build_compare(self, start: int, end: int, children: Sequence[Any]) -> ast.CompareExpr:
        left, operator, right = children
        return ast.CompareExpr(start, end, left, self._word(operator), right)

    def build_text_relation(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.TextRelationExpr:
        left, word, right = children
        first = self._word(word)
        relation = first if first == "contains" else f"{first} with"
        return ast.TextRelationExpr(start, end, left, relation, right)

    def build_matches(self, start: int, end: int, children: Sequence[Any]) -> ast.MatchesExpr:
        operand, pattern = children
        return ast.MatchesExpr(start, end, operand, self._pattern(pattern))

    def build_is_not_in(self, start: int, end: int, children: Sequence[Any]) -> ast.NotExpr:
        operand, values = children
        return ast.NotExpr(start, end, ast.InExpr(start, end, operand, values))

    # Checks

    def build_check(self, start: int, end: int, children: Sequence[Any]) -> ast.Check:
        body, label, extra = children
        return ast.Check(
            start, end, body, self._optional_string(label), extra, self.docs.get(start)
        )

    def build_check_file(self, start: int, end: int, children: Sequence[Any]) -> ast.FileCheck:
        target, if_present = children
        return ast.FileCheck(start, end, target, if_present is not None)

    def build_check_image(self, start: int, end: int, children: Sequence[Any]) -> ast.ImageCheck:
        target, shows, if_present, model = children
        return ast.ImageCheck(start, end, target, shows, if_present is not None, model)

    def build_target_regex(self, start: int, end: int, children: Sequence[Any]) -> ast.RegexTarget:
        pattern, count = children
        return ast.RegexTarget(start, end, self._raw(pattern), count)

    def build_target_each(self, start: int, end: int, children: Sequence[Any]) -> ast.EachTarget:
        variable, iterable, template = children
        return ast.EachTarget(start, end, self._name(variable), iterable, template)

    # Tests

    def build_item_number(self, start: int, end: int, children: Sequence[Any]) -> ast.ItemNumber:
        number, of = children
        return ast.ItemNumber(start, end, self._int(number), self._optional_name(of))

    def build_item_where(self, start: int, end: int, children: Sequence[Any]) -> ast.ItemWhere:
        field, comparison, value, of = children
        return ast.ItemWhere(
            start,
            end,
            self._name(field),
            self._word(comparison),
            value,
            self._optional_name(of),
        )

    def build_item_answers(self, start: int, end: int, children: Sequence[Any]) -> ast.ItemAnswers:
        selector, *sections = children
        return ast.ItemAnswers(start, end, selector, tuple(sections))

    def build_t_step(self, start: int, end: int, children: Sequence[Any]) -> ast.StepAnswers:
        step, *sections = children
        return ast.StepAnswers(start, end, self._name(step), tuple(sections))

    def build_t_step_outputs(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ExpectStepOutputs:
        step, *bindings, rest = children
        name = self._name(step)
        return ast.ExpectStepOutputs(start, end, name, tuple(bindings), rest is not None)

    def build_t_step_outputs_refused(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ExpectStepRefused:
        step, reason = children
        return ast.ExpectStepRefused(start, end, self._name(step), "outputs", reason)

    def build_t_step_refused(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ExpectStepRefused:
        step, reason = children
        return ast.ExpectStepRefused(start, end, self._name(step), "inputs", reason)

    def build_t_refused(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectRefused:
        word, reason = children
        return ast.ExpectRefused(start, end, self._name(word), reason)

    def build_t_does(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectDoes:
        act, times, selector = children
        count = None if times is None else self._int(times)
        return ast.ExpectDoes(start, end, act, count, selector)

    def build_t_types(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectDoes:
        *typed, selector = children
        act = self.build_act_type(start, typed[-1].end, typed)
        return ast.ExpectDoes(start, end, act, None, selector)

    def build_act_type(self, start: int, end: int, children: Sequence[Any]) -> ast.Act:
        value, display, target = children
        shown = self._optional_string(display)
        return ast.Act(start, end, "type", _there((value, target)), shown, None)

    def build_act_wait(self, start: int, end: int, children: Sequence[Any]) -> ast.Act:
        (pause,) = children
        duration = None if pause is None else self._duration(pause)
        return ast.Act(start, end, "wait", (), None, duration)

    def build_t_case(self, start: int, end: int, children: Sequence[Any]) -> ast.TestCase:
        title, *items = children
        return ast.TestCase(start, end, self._string(title), tuple(items))

    def build_screen(self, start: int, end: int, children: Sequence[Any]) -> ast.ScreenAnswer:
        text, value = children
        return ast.ScreenAnswer(start, end, None, text, value)

    def build_screen_sees(self, start: int, end: int, children: Sequence[Any]) -> ast.ScreenAnswer:
        text, value = children
        return ast.ScreenAnswer(start, end, "sees", text, value)

    def build_screen_expect(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ScreenAnswer:
        text, value = children
        return ast.ScreenAnswer(start, end, "expect", text, value)

    def build_screen_choose(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ScreenAnswer:
        text, value = children
        return ast.ScreenAnswer(start, end, "choose", text, value)

    def build_screen_wait(self, start: int, end: int, children: Sequence[Any]) -> ast.ScreenAnswer:
        text, value = children
        return ast.ScreenAnswer(start, end, "wait", text, value)

    def build_t_outputs(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectOutputs:
        *bindings, rest = children
        return ast.ExpectOutputs(start, end, tuple(bindings), rest is not None)

    def build_t_result(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectResult:
        *bindings, rest = children
        return ast.ExpectResult(start, end, tuple(bindings), rest is not None)

    def build_expected(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectedValue:
        name, value = children
        return ast.ExpectedValue(start, end, self._name(name), value)

    def build_matching(self, start: int, end: int, children: Sequence[Any]) -> ast.MatchingText:
        return ast.MatchingText(start, end, self._pattern(children[0]))

    def build_pattern_list(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ListExpr | ast.OpenList:
        *items, rest = children
        return (ast.ListExpr if rest is None else ast.OpenList)(start, end, tuple(items))

    def build_pattern_object(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ObjectExpr | ast.OpenObject:
        *pairs, rest = children
        return (ast.ObjectExpr if rest is None else ast.OpenObject)(start, end, tuple(pairs))

    def build_read(self, start: int, end: int, children: Sequence[Any]) -> ast.ReadAnswer:
        *path, value = children
        return ast.ReadAnswer(start, end, tuple(map(self._name, path)), value)

    def build_t_run(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectOfRun:
        number, item = children
        return ast.ExpectOfRun(start, end, self._int(number), item)

    def build_t_matches(self, start: int, end: int, children: Sequence[Any]) -> ast.PromptMatches:
        return ast.PromptMatches(start, end)

    def build_t_tokens(self, start: int, end: int, children: Sequence[Any]) -> ast.PromptTokens:
        operator, count = children
        return ast.PromptTokens(start, end, self._word(operator), self._int(count))


def _never(_: object, start: int, end: int, children: Sequence[Any]) -> Any:
    """Stand for a rule that makes no node, since Lark's tree shaping folds it into others."""
    raise AssertionError("a rule without a node was reduced")


def _build_of(name: str) -> Build:
    tabled = _TABLED.get(name)
    if tabled is not None:
        return tabled
    method: Build = getattr(AstBuilder, f"build_{name}", _never)
    return method


AST_RULES = rules(_build_of)
"""The rules of the tables, each with what makes its node from an `AstBuilder`."""
