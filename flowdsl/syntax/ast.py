"""The syntax tree of a `.flow` file.

Nodes are frozen and compared by identity, so that analyses keep their results in side tables keyed
by node. Every node holds the offsets of its source text (`start`, `end`); the file itself is
`Module.source`. Class names end in `Decl`, `Section`, `Stmt`, `Expr`, `Check`, `Target` or `Type`
where the language has a family of that name.

The families themselves (`Stmt`, `Expr`, ...) are unions at the end of this module, for the type
checker only: it proves with them that a `match` handles every member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span


class Node(Record, base=True):
    """A range of the source: offsets in code points, `end` exclusive."""

    start: int
    end: int

    def span(self, source: SourceFile) -> Span:
        """This node's range as a place in `source`."""
        return Span(source, self.start, self.end)


class Name(Node):
    """An identifier as written."""

    text: str


class Dotted(Node):
    """`name` or `namespace.name`."""

    namespace: Name | None
    name: Name


# References and text


class FieldAccess(Node):
    """`.name` or `['any key']`."""

    name: str


class IndexAccess(Node):
    """`[3]`."""

    index: int


class Ref(Node):
    """A reference to a value: `name.path` in code, `{name.path}` in text.

    A `secret` one is `$name.path` or `{$name.path}`. `name` is the root; in text, the offsets
    include the braces. `{count of xs}` is one whose value is the number of entries of `counted`.
    """

    secret: bool
    name: Name
    path: tuple[PathPart, ...]
    counted: Ref | None = None


class TextLiteral(Node):
    """A run of literal characters; `value` has escapes resolved and indentation dropped."""

    value: str


class TextComment(Node):
    """`{# ... #}` inside text; never emitted."""

    value: str


STRING = "string"
BLOCK = "block"
RAW = "raw"


class Text(Node):
    """A text literal: `"..."`, triple quoted, or `r"..."` (`form`: `STRING`, `BLOCK`, `RAW`).

    Adjacent literals are merged, so that literals never stand side by side in `parts`.
    """

    form: str
    parts: tuple[TextPart, ...]


class StringLit(Node):
    """A plain string in a place that holds no variables (a path, a key chord, a title)."""

    value: str


# Literals and values


class IntLit(Node):
    value: int


class NumberLit(Node):
    """A decimal number; `value` is the spelling in the source, so that no digit is lost."""

    value: str


class BoolLit(Node):
    value: bool


class NullLit(Node):
    pass


class Duration(Node):
    """A duration such as `500ms`, `30s`, `10m` or `2h`, `text` is its spelling."""

    text: str
    milliseconds: int


class ConstRef(Node):
    """A const used in the place of a literal."""

    name: Dotted


class StartOf(Node):
    """`start of month`: the first day of the `week`, `month`, `quarter` or `year` that today is in.

    A week starts on Monday.
    """

    unit: str


class Shift(Node):
    """`+ 7d`: an offset in days (`d`), weeks (`w`), months (`mo`) or years (`y`).

    `count` includes the sign.
    """

    count: int
    unit: str


class DayExpr(Node):
    """A date computed when a run begins: `today - 7d`, `start of month - 1mo`.

    `base` is `today`, a const, an earlier input, or the start of something; in a `type` it is a
    `Ref`, and can only be `today`.
    """

    base: ConstRef | StartOf | Ref
    shifts: tuple[Shift, ...]


class CountExpr(Node):
    """`count of xs`: the number of entries of a list."""

    counted: Ref


class Pair(Node):
    """`key: value` of an object."""

    key: Name | StringLit
    value: Expr


class ListExpr(Node):
    items: tuple[Expr, ...]


class ObjectExpr(Node):
    pairs: tuple[Pair, ...]


# Conditions


class OrExpr(Node):
    operands: tuple[Condition, ...]


class AndExpr(Node):
    operands: tuple[Condition, ...]


class NotExpr(Node):
    operand: Condition


class CompareExpr(Node):
    """`left operator right` with one of `== != < <= > >=`."""

    left: Operand
    operator: str
    right: Operand


class TextRelationExpr(Node):
    """`left relation right` with one of `contains`, `starts with`, `ends with`."""

    left: Operand
    relation: str
    right: Operand


class InExpr(Node):
    """`x in ["a", "b"]`, or `x in names`."""

    operand: Operand
    values: ListExpr | Ref


class MatchesExpr(Node):
    """`x matches r"..."`, evaluated at compile time; `pattern` is the text between the quotes."""

    operand: Operand
    pattern: StringLit


class EmptyExpr(Node):
    """`x is empty`."""

    operand: Ref


class SeesExpr(Node):
    """`sees "..."`, evaluated on the screen."""

    text: Text


# Types


class NamedType(Node):
    """A built-in or declared type by name."""

    name: Dotted


class ObjectType(Node):
    fields: tuple[Field, ...]


class EnumType(Node):
    """`"a" | "b"` or `1 | 2`; `open` with a final `| string`, which allows any other text."""

    values: tuple[StringLit | IntLit, ...]
    open: bool


class ListType(Node):
    element: TypeExpr


class OptionalType(Node):
    inner: TypeExpr


class Argument(Node):
    """`name: value` of a call, or `name = value` of an annotation."""

    name: Name
    value: Expr


class Annotation(Node):
    """`@name(positional, key = named)`."""

    name: Name
    arguments: tuple[Literal, ...]
    named: tuple[Argument, ...]


class Field(Node):
    """A field of a record or of an `inputs`, `secrets` or `outputs` section.

    `absent`: it is declared as `name?:`, and its value may be left out.
    """

    name: Name
    absent: bool
    type: TypeExpr
    default: Literal | DayExpr | None
    annotations: tuple[Annotation, ...]
    doc: str | None


# Statements


class Block(Node):
    statements: tuple[Stmt, ...]


class Otherwise(Node):
    """`else` after a statement: one leaving statement or a block."""

    action: LeavingStmt | Block


class AnnotatedStmt(Node):
    """A statement with annotations; none are known in edition 1."""

    annotations: tuple[Annotation, ...]
    statement: Stmt


class StepStmt(Node):
    title: Text
    body: Block
    doc: str | None


class DoStmt(Node):
    text: Text


class ChooseStmt(Node):
    target: Text
    model: StringLit | None
    otherwise: Otherwise | None


class TypeStmt(Node):
    """`type value [as "format"] into target`, or `over target`, which first empties the field.

    A bare `today` is a `Ref`, as an input may have that name.
    """

    value: Ref | Text | DayExpr
    display: StringLit | None
    over: bool
    target: Text


class ClearStmt(Node):
    target: Text


class PressStmt(Node):
    keys: StringLit
    times: IntLit | None


class WaitStmt(Node):
    duration: Duration


class WaitUntilStmt(Node):
    """`wait until condition`; a single `sees` is the same as its text."""

    condition: Text | Condition
    timeout: Duration | None
    otherwise: Otherwise | None


class ExtractStmt(Node):
    """`extract name: type from source`; without a `type` it sets the output `name`."""

    name: Name
    type: TypeExpr | None
    source: Text
    background: bool
    model: StringLit | None
    otherwise: Otherwise | None


class CopyStmt(Node):
    """`copy name: type from source`; without a `type` it sets the output `name`."""

    name: Name
    type: TypeExpr | None
    source: Text
    otherwise: Otherwise | None


class EmitStmt(Node):
    """`emit name = value`, or `+=` when `append`."""

    name: Name
    append: bool
    value: Expr


class KeepStmt(Node):
    """`keep name: type = value`, `keep name = value`, or `+=` when `append`.

    With a `type`, it declares the variable.
    """

    name: Name
    type: TypeExpr | None
    append: bool
    value: Expr


class ExpectStmt(Node):
    """`expect "..."`, also `expect sees "..."`; with any other condition it is an `IfStmt`."""

    condition: Text
    otherwise: Otherwise | None


class CaptureStmt(Node):
    file: Text


class ExportStmt(Node):
    file: Text


class ImageStmt(Node):
    path: StringLit
    shows: Text | None


class RunStmt(Node):
    """`run command [as name[: type]]`; with a name and no `type` it sets the output `name`."""

    command: Text
    name: Name | None
    type: TypeExpr | None
    otherwise: Otherwise | None


class IfBranch(Node):
    condition: Condition
    body: Block


class IfStmt(Node):
    """A chain of branches.

    `expected`: it is written `expect c else ...`, and is `if not c { ... }` with that `else`.
    """

    branches: tuple[IfBranch, ...]
    otherwise: Block | None
    expected: bool = False


class MatchBranch(Node):
    """One branch of a `match`: some values of an enum, and the body for them."""

    values: tuple[StringLit | IntLit, ...]
    body: Block


class MatchStmt(Node):
    """`match x { "a" { } "b", "c" { } else { } }`."""

    operand: Ref
    branches: tuple[MatchBranch, ...]
    otherwise: Block | None


class ForStmt(Node):
    """A loop; `failure` runs after an entry has failed, with the reason in `reason`."""

    variable: Name
    iterable: Ref | IntLit | ListExpr
    limit: IntLit | ConstRef | None
    body: Block
    reason: Name | None
    failure: Block | None


class WhileStmt(Node):
    """`while c max N { }`: looks before each round, and goes on while the condition holds."""

    condition: Condition
    limit: IntLit | ConstRef | None
    delay: Duration | None
    body: Block
    otherwise: Otherwise | None


class RepeatStmt(Node):
    """`repeat max N { } until c`: looks after each round, and ends when the condition holds."""

    limit: IntLit | ConstRef | None
    delay: Duration | None
    body: Block
    condition: Condition
    otherwise: Otherwise | None


class RetryStmt(Node):
    attempts: IntLit | ConstRef
    delay: Duration | None
    body: Block
    otherwise: Block | None


class CallStmt(Node):
    task: Dotted
    arguments: tuple[Argument, ...]
    result: Name | None


class FailStmt(Node):
    reason: Text


class AbortStmt(Node):
    reason: Text


class FinishStmt(Node):
    reason: Text


# Post-run checks


class ExactTarget(Node):
    """`file "a.pdf", "b.pdf"`; also the bare text of `image "final.png" shows ...`."""

    names: tuple[Text, ...]


class RegexTarget(Node):
    """`files matching r"..." [count n]`."""

    pattern: Text
    count: IntLit | Ref | None


class EachTarget(Node):
    """`files each v in list named "..."`."""

    variable: Name
    iterable: Ref | ListExpr
    template: Text


class FileCheck(Node):
    target: FileTarget
    if_present: bool


class ImageCheck(Node):
    target: FileTarget
    shows: Text
    if_present: bool
    model: StringLit | None


class SchemaCheck(Node):
    """`output matches schema`."""


class OutputCheck(Node):
    """`output satisfies "..."`."""

    statement: Text
    model: StringLit | None


class CleanupCheck(Node):
    """`cleanup "..."`: not a check, but the prompt that runs when a check fails."""

    prompt: Text


class Check(Node):
    body: CheckBody
    label: StringLit | None
    extra: ObjectExpr | None
    doc: str | None


# Sections of workflows and chains


class Setting(Node):
    name: Name
    value: Literal


class InputsSection(Node):
    fields: tuple[Field, ...]


class SecretsSection(Node):
    fields: tuple[Field, ...]


class OutputsSection(Node):
    fields: tuple[Field, ...]


class ModelSection(Node):
    settings: tuple[Setting, ...]


class TerminalSection(Node):
    settings: tuple[Setting, ...]


class AlwaysSection(Node):
    rules: tuple[Text, ...]


class StepsSection(Node):
    body: Block


class PromptFrom(Node):
    path: StringLit


class InputsFrom(Node):
    path: StringLit


class OutputsFrom(Node):
    path: StringLit


class ChecksFrom(Node):
    path: StringLit


class ChecksSection(Node):
    checks: tuple[Check, ...]


class ExtraFrom(Node):
    path: StringLit


class ExtraSection(Node):
    value: ObjectExpr


class Binding(Node):
    """`name = value`."""

    name: Name
    value: Expr


class SharedSection(Node):
    bindings: tuple[Binding, ...]


class ChainStep(Node):
    """`step name = run workflow(arguments)`."""

    name: Name
    workflow: Dotted
    arguments: tuple[Argument, ...]


class Answer(Node):
    """One value that a `pause` asks a person for; a `secret` one is never shown or stored."""

    field: Field
    secret: bool


class Pause(Node):
    """`pause { name: type }`: the chain continues once a person has given the values."""

    answers: tuple[Answer, ...]
    doc: str | None


# Tests


class GivenRows(Node):
    """`name = rows "./file.csv"`, in a fixture `name: rows "./file.csv"`: the rows of a file.

    `word` must be `rows`.
    """

    name: Name
    word: Name
    path: StringLit


class GivenSection(Node):
    bindings: tuple[Binding | GivenRows, ...]


class MatchingText(Node):
    """`~matches r"..."`: any text that the whole pattern matches."""

    pattern: StringLit


class PartText(Node):
    """`~"..."`: any text that contains this one."""

    text: Text


class FixtureSection(Node):
    """`given june with { field: value }`: the inputs in a const, with some of them changed.

    `rows` are the changes that are read from files.
    """

    fixture: ConstRef
    changes: ObjectExpr | None
    rows: tuple[GivenRows, ...]


class ScreenAnswer(Node):
    """`"..." = value`, optionally preceded by the kind of statement that asks.

    `question` is `sees`, `expect`, `choose`, `wait`, or None for any of them. `selector` are the
    passes of a loop to which this and the other answers apply, None for the whole run.
    """

    question: str | None
    text: Text | PartText
    value: Literal
    selector: Selector | None


class ScreenSection(Node):
    answers: tuple[ScreenAnswer, ...]


class CommandAnswer(Node):
    """`"command" = value`: whether a command succeeds."""

    text: Text | PartText
    value: Literal
    selector: Selector | None


class CommandsSection(Node):
    answers: tuple[CommandAnswer, ...]


class JudgedAnswer(Node):
    """`"statement" = value`: whether the model of a post-run check finds it true."""

    text: Text | PartText
    value: Literal


class JudgedSection(Node):
    answers: tuple[JudgedAnswer, ...]


class ReadAnswer(Node):
    path: tuple[Name, ...]
    value: Literal
    selector: Selector | None


class ReadsSection(Node):
    answers: tuple[ReadAnswer, ...]


class ItemNumber(Node):
    """`item 2 of list`: one entry of a loop, counted from 1; without `of`, of the only loop."""

    number: IntLit
    of: Name | None


class ItemWhere(Node):
    """`item where field == value of list`: the entries of a loop for which the condition holds."""

    field: Name
    operator: str
    value: Scalar
    of: Name | None


class PassNumber(Node):
    """`round 2` of a `while` or a `repeat`, `attempt 2` of a `retry`, counted from 1."""

    kind: str
    number: IntLit


class ItemAnswers(Node):
    """Answers that hold in some passes of a loop."""

    selector: Selector
    sections: tuple[ScreenSection | ReadsSection | CommandsSection, ...]


class StepAnswers(Node):
    """`step name { }`: answers for the workflow of one step of a chain."""

    step: Name
    sections: tuple[
        ScreenSection | ReadsSection | CommandsSection | JudgedSection | ItemAnswers, ...
    ]


class Act(Node):
    """An action that a test expects: the keyword of the statement, and its texts.

    Without texts, any action of that kind matches. A `type` has the value and the target, or the
    target alone for any value. `display` is the expected format of a `type`, if given. A `wait` has
    a duration, and no text.
    """

    verb: str
    texts: tuple[Text | PartText, ...]
    display: StringLit | None
    duration: Duration | None


class ExpectNever(Node):
    act: Act
    selector: Selector | None


class ExpectDoes(Node):
    """`does act 3 times`; without a number, at least once."""

    act: Act
    times: IntLit | None
    selector: Selector | None


class OrderedAct(Node):
    """One act of an ordered block: done `times` times up to the next one, or at least once.

    With `never`, it is not done between its neighbours.
    """

    act: Act
    times: IntLit | None
    never: bool


class ExpectOrder(Node):
    """`does { act … }`: the acts in this order; with `only`, no other acts of their kinds."""

    only: bool
    acts: tuple[OrderedAct, ...]
    selector: Selector | None


class ExpectReaches(Node):
    """`reaches step "title"`."""

    title: Text | PartText


class PromptContains(Node):
    text: Text


class PromptOmits(Node):
    text: Text


class PromptMatches(Node):
    """`prompt matches snapshot`: the prompt equals its stored snapshot."""


class PromptTokens(Node):
    operator: str
    count: IntLit


class ExpectAborts(Node):
    reason: Text | PartText | None


class ExpectFinishes(Node):
    reason: Text | PartText | None


class ExpectNeverFinishes(Node):
    """`never finishes "..."`: no `finish` ends the run for this reason, or for any."""

    reason: Text | PartText | None


class Rest(Node):
    """`...` in a list: any number of entries."""


class OpenList(Node):
    """`[a, ..., b]`, or `[b, a] in any order`: a list with these entries, and with any at `...`."""

    items: tuple[Pattern | Rest, ...]
    any_order: bool


class OpenObject(Node):
    """`{ a: 1 ... }`: a record with these fields and any others."""

    pairs: tuple[Pair, ...]


class RangeOfValues(Node):
    """`1 to 3`, `at least 1`, `at most 3`: a number or a date between bounds, inclusive."""

    low: Expr | None
    high: Expr | None


class OtherValue(Node):
    """`not value`: anything else."""

    value: Pattern


class ExpectedValue(Node):
    """`name = value` of `outputs`; lists and records in the value may be open."""

    name: Name
    value: Pattern


class ExpectOutputs(Node):
    """The outputs of a run; `open` (`...`): other outputs may have any value."""

    bindings: tuple[ExpectedValue, ...]
    open: bool


class ExpectResult(Node):
    """The result of a task; `open` (`...`): other fields may have any value."""

    bindings: tuple[ExpectedValue, ...]
    open: bool


class ExpectStepOutputs(Node):
    """`outputs name { }`: the outputs of one step of a chain, as in `ExpectOutputs`."""

    step: Name
    bindings: tuple[ExpectedValue, ...]
    open: bool


class ExpectRefused(Node):
    """`outputs refused "..."`: the service refuses the outputs of the run, for this reason.

    `word` is the word in the place of `refused`, checked later: a step may have any name.
    """

    word: Name
    reason: Text | PartText | None


class ExpectStepRefused(Node):
    """`step name refused`, `outputs name refused`: refused values of a step of a chain.

    `what` says whether the service refuses its `inputs` or its `outputs`.
    """

    step: Name
    what: str
    reason: Text | PartText | None


class ExpectFailedCheck(Node):
    """`fails check "name"`: a post-run check fails; without a name, any of them."""

    name: Text | PartText | None


class ThenGiven(Node):
    """`then given ...`: a replay of the first run, with some other inputs."""

    section: GivenSection | FixtureSection


class ExpectOfRun(Node):
    """`run 2 { }`: answers and expectations of a replay; the first replay is run 2."""

    number: IntLit
    items: tuple[TestItem, ...]


class TestCase(Node):
    """`case "title" { }`: one of several runs that share the rest of a test."""

    title: StringLit
    items: tuple[TestItem, ...]


class CasesFrom(Node):
    """`cases from "./file.csv"`: a case for each row of a table."""

    path: StringLit


# Declarations and files


class RecordDecl(Node):
    name: Name
    fields: tuple[Field, ...]
    annotations: tuple[Annotation, ...]
    doc: str | None


class AliasDecl(Node):
    name: Name
    type: TypeExpr
    annotations: tuple[Annotation, ...]
    doc: str | None


class ConstDecl(Node):
    """`const name = value`, or `const name from "./file"`: in which case `value` is None.

    `fixture name = { ... }` is one whose value is a record. Fields read from files are in `rows`
    and not part of the value: their entries have the type of the input that a test passes them to.
    """

    name: Name
    value: Literal | None
    file: StringLit | None
    rows: tuple[GivenRows, ...]
    annotations: tuple[Annotation, ...]
    doc: str | None


class Param(Node):
    """A task parameter; `secret` parameters accept only secrets."""

    secret: bool
    name: Name
    type: TypeExpr
    default: Literal | None


class TaskDecl(Node):
    name: Name
    params: tuple[Param, ...]
    result: TypeExpr | None
    body: Block
    annotations: tuple[Annotation, ...]
    doc: str | None


class WorkflowDecl(Node):
    name: Name
    items: tuple[WorkflowItem, ...]
    annotations: tuple[Annotation, ...]
    doc: str | None

    @property
    def steps(self) -> Block | None:
        """Return the block of the `steps` section; None for a workflow without one."""
        for item in self.items:
            if type(item) is StepsSection:
                return item.body
        return None


class ChainDecl(Node):
    name: Name
    items: tuple[ChainItem, ...]
    annotations: tuple[Annotation, ...]
    doc: str | None


class TestDecl(Node):
    """`test "title" for name { }`; `kind` is the word before the name, `task` or `chain`."""

    title: StringLit
    kind: Name | None
    subject: Name
    items: tuple[TestItem, ...]
    annotations: tuple[Annotation, ...]
    doc: str | None


class ImportedName(Node):
    """`name [as alias]` inside `import { }`."""

    name: Name
    alias: Name | None


class ImportNames(Node):
    names: tuple[ImportedName, ...]
    path: StringLit


class ImportModule(Node):
    """`import "path" as name`."""

    path: StringLit
    name: Name


class Unread(Node):
    """A range of a file that holds a syntax error and is missing from the tree.

    `names` are the names that it would declare; None if they cannot be told.
    """

    names: tuple[str, ...] | None


class Hole(Node):
    """A range inside a declaration that could not be parsed; the rest of the declaration was."""


class Module(Node):
    """One file; `edition` is 0 if the file does not name it."""

    source: SourceFile
    edition: int
    imports: tuple[Import, ...]
    declarations: tuple[Decl, ...]
    unread: tuple[Unread, ...] = ()
    holes: tuple[Hole, ...] = ()


if TYPE_CHECKING:
    from typing import TypeAlias

    PathPart: TypeAlias = FieldAccess | IndexAccess
    TextPart: TypeAlias = TextLiteral | Ref | TextComment
    Scalar: TypeAlias = Text | IntLit | NumberLit | BoolLit | NullLit
    Literal: TypeAlias = Scalar | ConstRef | ListExpr | ObjectExpr
    Operand: TypeAlias = Ref | Scalar | CountExpr
    Expr: TypeAlias = Literal | Ref | CountExpr
    Pattern: TypeAlias = (
        Expr | OpenList | OpenObject | PartText | MatchingText | RangeOfValues | OtherValue
    )
    Selector: TypeAlias = ItemNumber | ItemWhere | PassNumber
    _Relation: TypeAlias = CompareExpr | TextRelationExpr | InExpr | MatchesExpr | EmptyExpr
    Condition: TypeAlias = OrExpr | AndExpr | NotExpr | _Relation | SeesExpr | Ref
    TypeExpr: TypeAlias = NamedType | ObjectType | EnumType | ListType | OptionalType

    LeavingStmt: TypeAlias = FailStmt | AbortStmt | FinishStmt
    _ScreenStmt: TypeAlias = DoStmt | ChooseStmt | TypeStmt | ClearStmt | PressStmt | ImageStmt
    _WaitingStmt: TypeAlias = WaitStmt | WaitUntilStmt | ExpectStmt
    _ValueStmt: TypeAlias = ExtractStmt | CopyStmt | EmitStmt | KeepStmt
    _MachineStmt: TypeAlias = CaptureStmt | ExportStmt | RunStmt
    _LoopStmt: TypeAlias = ForStmt | WhileStmt | RepeatStmt | RetryStmt
    _LeafStmt: TypeAlias = _ScreenStmt | _WaitingStmt | _ValueStmt | _MachineStmt | LeavingStmt
    Stmt: TypeAlias = (
        AnnotatedStmt | StepStmt | _LeafStmt | IfStmt | MatchStmt | _LoopStmt | CallStmt
    )

    FileTarget: TypeAlias = ExactTarget | RegexTarget | EachTarget
    CheckBody: TypeAlias = FileCheck | ImageCheck | SchemaCheck | OutputCheck | CleanupCheck
    _SectionFrom: TypeAlias = PromptFrom | InputsFrom | OutputsFrom | ChecksFrom | ExtraFrom
    _FieldsSection: TypeAlias = InputsSection | SecretsSection | OutputsSection
    _SettingsSection: TypeAlias = Setting | ModelSection | TerminalSection
    _WorkSection: TypeAlias = AlwaysSection | StepsSection | ChecksSection | ExtraSection
    WorkflowItem: TypeAlias = _SettingsSection | _FieldsSection | _SectionFrom | _WorkSection
    ChainItem: TypeAlias = (
        Setting | InputsSection | SecretsSection | SharedSection | ChainStep | Pause
    )

    _Given: TypeAlias = GivenSection | FixtureSection | ThenGiven
    _Answers: TypeAlias = ScreenSection | ReadsSection | CommandsSection | JudgedSection
    _ExpectAct: TypeAlias = ExpectNever | ExpectDoes | ExpectOrder | ExpectReaches
    _ExpectPrompt: TypeAlias = PromptContains | PromptOmits | PromptTokens | PromptMatches
    _ExpectEnd: TypeAlias = ExpectAborts | ExpectFinishes | ExpectNeverFinishes
    _ExpectValues: TypeAlias = ExpectOutputs | ExpectResult | ExpectStepOutputs
    _ExpectFailure: TypeAlias = ExpectRefused | ExpectStepRefused | ExpectFailedCheck
    _Expectation: TypeAlias = (
        _ExpectAct | _ExpectPrompt | _ExpectEnd | _ExpectValues | _ExpectFailure
    )
    _Run: TypeAlias = TestCase | CasesFrom | ExpectOfRun
    TestItem: TypeAlias = _Run | _Given | _Answers | ItemAnswers | StepAnswers | _Expectation

    _TypeDecl: TypeAlias = RecordDecl | AliasDecl
    Decl: TypeAlias = _TypeDecl | ConstDecl | TaskDecl | WorkflowDecl | ChainDecl | TestDecl
    Import: TypeAlias = ImportNames | ImportModule
