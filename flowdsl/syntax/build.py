"""From reduced grammar rules to AST nodes.

Each rule of `grammars/flowdsl.lark` has one row in a table here, or one method if its node needs
more than its children. Children have the form that Lark's tree shaping gives them: nodes, indices
of kept tokens, and None for an optional part that is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile, Span

from . import ast, errors
from .parser.driver import MAX_DEPTH, Build, make_rules
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
    "not_pattern": ast.OtherValue,
    "clear": ast.ClearStmt,
    "const_ref": ast.ConstRef,
    "do": ast.DoStmt,
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
    "t_never_finishes": ast.ExpectNeverFinishes,
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


def _build_from_children(node: Any) -> Build:
    return lambda _, start, end, children: node(start, end, *children)


def _build_from_tuple(node: Any) -> Build:
    return lambda _, start, end, children: node(start, end, tuple(children))


def _build_act(verb: str) -> Build:
    return lambda _, start, end, children: ast.Act(
        start, end, verb, _present_children(children), None, None
    )


def _present_children(children: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None)


ACTS = ("capture", "choose", "clear", "copy", "do", "export", "press", "run")
"""Keywords of the statements that a test identifies by one text; each has a rule, `act_...`."""


class _Unfinished:
    """A declaration that still lacks the annotations and the doc comment before it."""

    __slots__ = ("fields", "node")

    def __init__(self, node: Any, *fields: Any) -> None:
        self.node = node
        self.fields = fields


class AstBuilder:
    """Builds the nodes of one file.

    `docs` maps the start of a token to the doc comment before it.
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
        """Return the regular expression in a raw text: the characters between its quotes."""
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        return ast.StringLit(start, end, self._word(index)[2:-1])

    def _number(self, start: int, digits: str) -> int:
        return whole_number(self.source, self.sink, start, start + len(digits), digits)

    def _int(self, index: int) -> ast.IntLit:
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        return ast.IntLit(start, end, self._number(start, self._word(index)))

    def _shift(self, index: int) -> ast.Shift:
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        spelling = self.tokens.words[index]
        digits = spelling[1:].strip(" \t").rstrip("dwmoy")
        at = min(start + spelling.index(digits), end)
        count = self._number(at, digits)
        unit = spelling[len(spelling.rstrip("dwmoy")) :]
        return ast.Shift(start, end, -count if spelling[0] == "-" else count, unit)

    def _duration(self, index: int) -> ast.Duration:
        start, end = self.tokens.starts[index], self.tokens.ends[index]
        spelling = self.tokens.words[index]
        digits = spelling.rstrip("hms")
        amount = self._number(start, digits)
        return ast.Duration(
            start, end, spelling, amount * _UNIT_MILLISECONDS[spelling[len(digits) :]]
        )

    def _adds(self, index: int) -> bool:
        """Whether an operator appends to a list (`+=`)."""
        return self.tokens.words[index] == "+="

    def _replaces(self, index: int) -> bool:
        """Whether what a field holds is replaced."""
        return self.tokens.words[index] == "over"

    def _relation(self, index: int) -> str:
        """Return the relation of two texts whose first word this is."""
        first = self.tokens.words[index]
        return first if first == "contains" else f"{first} with"

    def _key(self, index: int) -> ast.Name | ast.StringLit:
        """Return the key of a pair: a name, or any text in quotes."""
        quoted = self.tokens.words[index][0] == '"'
        return self._string(index) if quoted else self._name(index)

    def _value(self, child: ast.IntLit | int) -> ast.IntLit | ast.StringLit:
        """Return a value of an enum: a number, or the text in a token."""
        return child if isinstance(child, ast.IntLit) else self._string(child)

    def _text_if_alone(self, condition: ast.Text | ast.Condition) -> ast.Text | ast.Condition:
        """Return the text of a condition that is a single `sees`, or else the condition."""
        return condition.text if isinstance(condition, ast.SeesExpr) else condition

    def _is_there(self, child: Any) -> bool:
        """Whether an optional part is present."""
        return child is not None

    # Files

    def build_edition(self, start: int, end: int, children: Sequence[Any]) -> None:
        """Build nothing: `parse` has already read the edition."""

    def build_file(self, start: int, end: int, children: Sequence[Any]) -> list[Any]:
        _, *nodes = children
        return nodes

    # Declarations

    def build_item(self, start: int, end: int, children: Sequence[Any]) -> Any:
        *annotations, unfinished = children
        return unfinished.node(
            start, end, *unfinished.fields, tuple(annotations), self.docs.get(start)
        )

    def build_fixture(self, start: int, end: int, children: Sequence[Any]) -> _Unfinished:
        name, (value, rows) = children
        return _Unfinished(ast.ConstDecl, self._name(name), value, None, rows)

    def build_annotation(self, start: int, end: int, children: Sequence[Any]) -> ast.Annotation:
        name, *arguments = children
        return ast.Annotation(
            start,
            end,
            self._name(name),
            tuple(value for value in arguments if not isinstance(value, ast.Argument)),
            tuple(value for value in arguments if isinstance(value, ast.Argument)),
        )

    # Types

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

    # Sections of workflows and chains

    def build_answer(self, start: int, end: int, children: Sequence[Any]) -> ast.Answer:
        secret, written, type_, default, *annotations = children
        name = self._name(written)
        doc = self.docs.get(start)
        field = ast.Field(name.start, end, name, False, type_, default, tuple(annotations), doc)
        return ast.Answer(start, end, field, secret is not None)

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

    def build_type_day(self, start: int, end: int, children: Sequence[Any]) -> ast.TypeStmt:
        base, *shifts, display, over, target = children
        last = self.tokens.ends[shifts[-1]]
        day = ast.DayExpr(base.start, last, base, tuple(map(self._shift, shifts)))
        return ast.TypeStmt(start, end, day, self._optional_string(display), over, target)

    def build_type_day_of_start(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.TypeStmt:
        word, *shifts, display, over, target = children
        words = [word, *shifts]
        day = self.build_day_of_start(self.tokens.starts[word], self.tokens.ends[words[-1]], words)
        return ast.TypeStmt(start, end, day, self._optional_string(display), over, target)

    def build_if_(self, start: int, end: int, children: Sequence[Any]) -> ast.IfStmt:
        *pairs, otherwise = children
        branches = tuple(
            ast.IfBranch(condition.start, body.end, condition, body)
            for condition, body in zip(pairs[::2], pairs[1::2], strict=True)
        )
        return ast.IfStmt(start, end, branches, otherwise)

    def build_expect(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ExpectStmt | ast.IfStmt:
        written, otherwise = children
        condition = self._text_if_alone(written)
        if isinstance(condition, ast.Text):
            return ast.ExpectStmt(start, end, condition, otherwise)
        if otherwise is None:
            span = Span(self.source, condition.start, condition.end)
            behind = Edit(Span(self.source, condition.end, condition.end), ' else abort "..."')
            fix = Fix("say how the run ends", (behind,), "placeholder")
            self.sink.report(errors.EXPECT_WITHOUT_ELSE, span, written=span.text, fixes=(fix,))
            # As if it failed, so that what the condition proves holds behind it.
            failing = ast.FailStmt(end, end, ast.Text(end, end, ast.STRING, ()))
            body = ast.Block(end, end, (failing,))
        else:
            action = otherwise.action
            is_block = isinstance(action, ast.Block)
            body = action if is_block else ast.Block(action.start, action.end, (action,))
        failed = ast.NotExpr(condition.start, condition.end, condition)
        branch = ast.IfBranch(condition.start, body.end, failed, body)
        return ast.IfStmt(start, end, (branch,), None, expected=True)

    def build_for_(self, start: int, end: int, children: Sequence[Any]) -> ast.ForStmt:
        variable, iterable, limit, body, on_failure = children
        reason, failure = (None, None) if on_failure is None else on_failure
        return ast.ForStmt(start, end, self._name(variable), iterable, limit, body, reason, failure)

    def build_former_repeat(self, start: int, end: int, children: Sequence[Any]) -> ast.WhileStmt:
        until, limit, delay, body, otherwise = children
        pause = None if delay is None else self._duration(delay)
        inner = until.operand if isinstance(until, ast.NotExpr) else None
        condition = inner or ast.NotExpr(until.start, until.end, until)
        statement = ast.WhileStmt(start, end, condition, limit, pause, body, otherwise)
        from .former import report_former_repeat

        report_former_repeat(self.source, self.sink, self.tokens, statement, until)
        return statement

    def build_dotted(self, start: int, end: int, children: Sequence[Any]) -> ast.Dotted:
        first, second = children
        if second is None:
            return ast.Dotted(start, end, None, self._name(first))
        return ast.Dotted(start, end, self._name(first), self._name(second))

    # Values and conditions

    def build_text(self, start: int, end: int, children: Sequence[Any]) -> ast.Text:
        return scan_text(self.source, self.sink, start, end)

    def build_int(self, start: int, end: int, children: Sequence[Any]) -> ast.IntLit:
        return self._int(children[0])

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

    def build_count_of(self, start: int, end: int, children: Sequence[Any]) -> ast.CountExpr:
        return ast.CountExpr(start, end, children[-1])

    def build_is_not_in(self, start: int, end: int, children: Sequence[Any]) -> ast.NotExpr:
        operand, values = children
        return ast.NotExpr(start, end, ast.InExpr(start, end, operand, values))

    def build_is_not_empty(self, start: int, end: int, children: Sequence[Any]) -> ast.NotExpr:
        return ast.NotExpr(start, end, ast.EmptyExpr(start, end, *children))

    # Checks

    def build_former_cleanup(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.CleanupCheck:
        from .former import report_former_cleanup

        report_former_cleanup(self.source, self.sink, self.tokens, start)
        return ast.CleanupCheck(start, end, children[0])

    # Tests

    def build_t_types(self, start: int, end: int, children: Sequence[Any]) -> ast.ExpectDoes:
        *typed, selector = children
        act = self.build_act_type(start, typed[-1].end, typed)
        return ast.ExpectDoes(start, end, act, None, selector)

    def build_act_type(self, start: int, end: int, children: Sequence[Any]) -> ast.Act:
        value, display, target = children
        shown = self._optional_string(display)
        return ast.Act(start, end, "type", _present_children((value, target)), shown, None)

    def build_pattern_list(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ListExpr | ast.OpenList:
        if any(isinstance(child, ast.Rest) for child in children):
            return ast.OpenList(start, end, tuple(children), False)
        return ast.ListExpr(start, end, tuple(children))

    def build_rest(self, start: int, end: int, children: Sequence[Any]) -> ast.Rest:
        return ast.Rest(start, end)

    def build_at_least(self, start: int, end: int, children: Sequence[Any]) -> ast.RangeOfValues:
        return ast.RangeOfValues(start, end, children[-1], None)

    def build_at_most(self, start: int, end: int, children: Sequence[Any]) -> ast.RangeOfValues:
        return ast.RangeOfValues(start, end, None, children[-1])

    def build_any_order(self, start: int, end: int, children: Sequence[Any]) -> ast.OpenList:
        return ast.OpenList(start, end, children[0].items, True)

    def build_pattern_object(
        self, start: int, end: int, children: Sequence[Any]
    ) -> ast.ObjectExpr | ast.OpenObject:
        *pairs, rest = children
        return (ast.ObjectExpr if rest is None else ast.OpenObject)(start, end, tuple(pairs))


# What a field of a node is made of: the next child of its rule, or what stands around it

Field: TypeAlias = Callable[[AstBuilder, Any], Any]

NAME: Field = AstBuilder._name
STRING: Field = AstBuilder._string
WORD: Field = AstBuilder._word
INT: Field = AstBuilder._int
DURATION: Field = AstBuilder._duration
PATTERN: Field = AstBuilder._pattern
RAW: Field = AstBuilder._raw
SHIFT: Field = AstBuilder._shift
RELATION: Field = AstBuilder._relation
KEY: Field = AstBuilder._key
VALUE: Field = AstBuilder._value
ASKED: Field = AstBuilder._text_if_alone
THERE: Field = AstBuilder._is_there
ADDS: Field = AstBuilder._adds
REPLACES: Field = AstBuilder._replaces


class AllOf(NamedTuple):
    """All children that the fields beside this one do not take; `read` reads each, if given."""

    read: Field | None


NODE = object()
"""The value that another rule built, or None."""
REST = AllOf(None)
DOC = object()
"""The doc comment before the node; the last field of a row."""


def read_optional(read: Field) -> Field:
    """Return a reader like `read` for a part that may be left out."""
    return lambda builder, child: None if child is None else read(builder, child)


def _keep_child(start: int, end: int, child: Any) -> Any:
    """Build what the only child of a rule is."""
    return child


def _keep_children(start: int, end: int, *children: Any) -> tuple[Any, ...]:
    return children


def _make_declaration(class_: type[ast.Node]) -> Callable[..., _Unfinished]:
    return lambda start, end, *fields: _Unfinished(class_, *fields)


ROWS: dict[str, tuple[Any, ...]] = {
    "act_wait": (ast.Act, "wait", (), None, read_optional(DURATION)),
    "alias": (_make_declaration(ast.AliasDecl), NAME, NODE),
    "attempt_number": (ast.PassNumber, "attempt", INT),
    "between": (ast.RangeOfValues, NODE, NODE),
    "bind": (ast.Binding, NAME, NODE),
    "call": (ast.CallStmt, NODE, REST, read_optional(NAME)),
    "call_arg": (ast.Argument, NAME, NODE),
    "case": (ast.MatchBranch, AllOf(VALUE), NODE),
    "chain": (_make_declaration(ast.ChainDecl), NAME, REST),
    "chain_step": (ast.ChainStep, NAME, NODE, REST),
    "check": (ast.Check, NODE, read_optional(STRING), NODE, DOC),
    "check_file": (ast.FileCheck, NODE, THERE),
    "check_image": (ast.ImageCheck, NODE, NODE, THERE, NODE),
    "checks_from": (ast.ChecksFrom, STRING),
    "compare": (ast.CompareExpr, NODE, WORD, NODE),
    "const": (_make_declaration(ast.ConstDecl), NAME, NODE, None, ()),
    "const_from": (_make_declaration(ast.ConstDecl), NAME, None, STRING, ()),
    "copy": (ast.CopyStmt, NAME, NODE, NODE, NODE),
    "copy_untyped": (ast.CopyStmt, NAME, None, NODE, NODE),
    "day": (ast.DayExpr, NODE, AllOf(SHIFT)),
    "emit": (ast.EmitStmt, NAME, ADDS, NODE),
    "enum_type": (ast.EnumType, AllOf(VALUE), THERE),
    "expected": (ast.ExpectedValue, NAME, NODE),
    "extra_from": (ast.ExtraFrom, STRING),
    "extract": (ast.ExtractStmt, NAME, NODE, NODE, THERE, NODE, NODE),
    "extract_output": (ast.ExtractStmt, NAME, None, NODE, THERE, NODE, NODE),
    "false": (ast.BoolLit, False),
    "field": (ast.Field, NAME, THERE, NODE, NODE, REST, DOC),
    "given_rows": (ast.GivenRows, NAME, NAME, STRING),
    "held_rows": (ast.GivenRows, NAME, NAME, STRING),
    "image": (ast.ImageStmt, STRING, NODE),
    "import_name": (ast.ImportedName, NAME, read_optional(NAME)),
    "import_names": (ast.ImportNames, REST, STRING),
    "import_ns": (ast.ImportModule, STRING, NAME),
    "input_ref": (ast.Ref, False, NAME, REST, None),
    "inputs_from": (ast.InputsFrom, STRING),
    "item_answers": (ast.ItemAnswers, NODE, REST),
    "item_number": (ast.ItemNumber, INT, read_optional(NAME)),
    "item_where": (ast.ItemWhere, NAME, WORD, NODE, read_optional(NAME)),
    "keep": (ast.KeepStmt, NAME, None, ADDS, NODE),
    "keep_new": (ast.KeepStmt, NAME, NODE, False, NODE),
    "match": (ast.MatchStmt, NODE, REST, NODE),
    "matches": (ast.MatchesExpr, NODE, PATTERN),
    "matching": (ast.MatchingText, PATTERN),
    "named_arg": (ast.Argument, NAME, NODE),
    "number": (ast.NumberLit, WORD),
    "o_does": (ast.OrderedAct, NODE, read_optional(INT), False),
    "o_never": (ast.OrderedAct, NODE, None, True),
    "on_failure": (_keep_children, read_optional(NAME), NODE),
    "outputs_from": (ast.OutputsFrom, STRING),
    "pair": (ast.Pair, KEY, NODE),
    "param": (ast.Param, THERE, NAME, NODE, NODE),
    "pattern_pair": (ast.Pair, KEY, NODE),
    "pause": (ast.Pause, REST, DOC),
    "place": (_keep_child, REPLACES),
    "press": (ast.PressStmt, STRING, read_optional(INT)),
    "prompt_from": (ast.PromptFrom, STRING),
    "read": (ast.ReadAnswer, AllOf(NAME), NODE, NODE),
    "record": (_make_declaration(ast.RecordDecl), NAME, REST),
    "repeat": (ast.RepeatStmt, NODE, read_optional(DURATION), NODE, NODE, NODE),
    "retry": (ast.RetryStmt, NODE, read_optional(DURATION), NODE, NODE),
    "round_number": (ast.PassNumber, "round", INT),
    "run": (ast.RunStmt, NODE, None, None, NODE),
    "run_as": (ast.RunStmt, NODE, NAME, NODE, NODE),
    "run_as_output": (ast.RunStmt, NODE, NAME, None, NODE),
    "screen": (ast.ScreenAnswer, None, NODE, NODE, NODE),
    "screen_choose": (ast.ScreenAnswer, "choose", NODE, NODE, NODE),
    "screen_expect": (ast.ScreenAnswer, "expect", NODE, NODE, NODE),
    "screen_sees": (ast.ScreenAnswer, "sees", NODE, NODE, NODE),
    "screen_text": (_keep_child, NODE),
    "screen_wait": (ast.ScreenAnswer, "wait", NODE, NODE, NODE),
    "secret_ref": (ast.Ref, True, NAME, REST, None),
    "setting": (ast.Setting, NAME, NODE),
    "step": (ast.StepStmt, NODE, NODE, DOC),
    "t_case": (ast.TestCase, STRING, REST),
    "t_cases": (ast.CasesFrom, STRING),
    "t_does": (ast.ExpectDoes, NODE, read_optional(INT), NODE),
    "t_matches": (ast.PromptMatches,),
    "t_order": (ast.ExpectOrder, THERE, REST, NODE),
    "t_outputs": (ast.ExpectOutputs, REST, THERE),
    "t_refused": (ast.ExpectRefused, NAME, NODE),
    "t_result": (ast.ExpectResult, REST, THERE),
    "t_run": (ast.ExpectOfRun, INT, REST),
    "t_run_block": (ast.ExpectOfRun, INT, REST),
    "t_step": (ast.StepAnswers, NAME, REST),
    "t_step_outputs": (ast.ExpectStepOutputs, NAME, REST, THERE),
    "t_step_outputs_refused": (ast.ExpectStepRefused, NAME, "outputs", NODE),
    "t_step_refused": (ast.ExpectStepRefused, NAME, "inputs", NODE),
    "t_tokens": (ast.PromptTokens, WORD, INT),
    "target_each": (ast.EachTarget, NAME, NODE, NODE),
    "target_regex": (ast.RegexTarget, RAW, NODE),
    "task": (_make_declaration(ast.TaskDecl), NAME, REST, NODE, NODE),
    "test": (_make_declaration(ast.TestDecl), STRING, read_optional(NAME), NAME, REST),
    "text_relation": (ast.TextRelationExpr, NODE, RELATION, NODE),
    "true": (ast.BoolLit, True),
    "type_into": (ast.TypeStmt, NODE, read_optional(STRING), NODE, NODE),
    "type_text": (ast.TypeStmt, NODE, None, NODE, NODE),
    "using": (_keep_child, STRING),
    "value_pair": (ast.Pair, KEY, NODE),
    "wait_fixed": (ast.WaitStmt, DURATION),
    "wait_until": (ast.WaitUntilStmt, ASKED, read_optional(DURATION), NODE),
    "while_": (ast.WhileStmt, NODE, NODE, read_optional(DURATION), NODE, NODE),
    "workflow": (_make_declaration(ast.WorkflowDecl), NAME, REST),
}
"""The class of each rule's node, and for each field a reader, `REST`, `DOC` or a constant."""


def _build_from_fields(class_: Any, *fields: Any) -> Build:
    """Return the builder for a row."""
    places = [at for at, field in enumerate(fields) if callable(field) or _takes_child(field)]
    readers = [fields[at] if callable(fields[at]) else None for at in places]
    rest = next((nth for nth, at in enumerate(places) if isinstance(fields[at], AllOf)), None)
    past = None if rest is None else rest + 1 - len(places) or None
    read_each = None if rest is None else fields[places[rest]].read
    has_doc = fields[-1:] == (DOC,)

    def build(builder: AstBuilder, start: int, end: int, children: Sequence[Any]) -> Any:
        if rest is not None:
            held = children[rest:past]
            if read_each is not None:
                held = [read_each(builder, child) for child in held]
            children = [*children[:rest], tuple(held), *(children[past:] if past else ())]
        values = list(fields)
        for at, read, child in zip(places, readers, children, strict=True):
            values[at] = child if read is None else read(builder, child)
        if has_doc:
            values[-1] = builder.docs.get(start)
        return class_(start, end, *values)

    return build


def _takes_child(field: object) -> bool:
    return field is NODE or isinstance(field, AllOf)


_TABLED: dict[str, Build] = (
    {name: _build_from_children(node) for name, node in POSITIONAL.items()}
    | {name: _build_from_tuple(node) for name, node in TUPLES.items()}
    | {name: _build_from_fields(*row) for name, row in ROWS.items()}
    | {f"act_{verb}": _build_act(verb) for verb in ACTS}
    | dict.fromkeys(("background", "if_present"), lambda *_: True)
)


def _reject_reduction(_: object, start: int, end: int, children: Sequence[Any]) -> Any:
    """Reject a rule that has no node: Lark's tree shaping folds it into others."""
    raise AssertionError("a rule without a node was reduced")


def _build_of(name: str) -> Build:
    tabled = _TABLED.get(name)
    if tabled is not None:
        return tabled
    method: Build = getattr(AstBuilder, f"build_{name}", _reject_reduction)
    return method


AST_RULES = make_rules(_build_of)
"""The rules of the tables, each with the function that builds its node from an `AstBuilder`."""
