"""The nodes of the intermediate representation.

They are plain records, so that lowering does not pay for validation. `kind` is what source maps and
`syntax.statements` call a statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from flowdsl.semantics.types import Day as Day
from flowdsl.source.record import Record, uncompared

from .source_map import Origin as Origin

# Text


class TextPiece(Record, eq=True, kw_only=True):
    """Literal characters."""

    value: str


class Variable(Record, eq=True, kw_only=True):
    """A variable that the platform fills in. `path` holds field names and list positions.

    `quoted` marks untrusted text in an instruction: it is emitted as data. The sigil `saved` marks
    a runtime variable that the same focused call has saved. `in_json` marks a variable inside JSON
    text, where some characters are escaped. `structured` says that its value is a list or an
    object, which a text spells as JSON.
    """

    sigil: Literal["input", "runtime", "secret", "saved"]
    name: str
    path: tuple[str | int, ...] = ()
    quoted: bool = False
    in_json: bool = uncompared(default=False)
    structured: bool = uncompared(default=False)


Limit: TypeAlias = int | Variable
"""A maximum count: a number, or an input that holds one."""

Piece: TypeAlias = TextPiece | Variable
Text: TypeAlias = tuple[Piece, ...]


BOX = "value"
"""The field that holds a text or a number when it is passed to a focused agent as JSON."""


# Types


class ScalarType(Record, eq=True, kw_only=True):
    """A built-in type, by its name in the language."""

    name: str


class EnumType(Record, eq=True, kw_only=True):
    """An enum of texts or of whole numbers; with `open`, any other text is valid, too."""

    values: tuple[str | int, ...]
    open: bool = False

    @property
    def numeric(self) -> bool:
        return isinstance(self.values[0], int) if self.values else False


class ListType(Record, eq=True, kw_only=True):
    element: Type


class OptionalType(Record, eq=True, kw_only=True):
    inner: Type


class RecordType(Record, eq=True, kw_only=True):
    fields: tuple[FieldSpec, ...]


Type: TypeAlias = ScalarType | EnumType | ListType | OptionalType | RecordType


def strip_optional(type_: Type) -> Type:
    """Return a type without its `?`."""
    return type_.inner if isinstance(type_, OptionalType) else type_


class FieldSpec(Record, eq=True, kw_only=True):
    """A field under its name on the wire; `constraints` are JSON Schema keywords with values.

    `machine`: a desktop or a pool may supply the value, so that a run need not give it. `day`: a
    default date that FlowDSL's runner computes; for other clients the field has no default.

    `absent`: in JSON the value may be left out and is never null. The type is optional then.
    """

    name: str
    type: Type
    constraints: Mapping[str, Any] = {}
    has_default: bool = False
    default: Any = None
    description: str | None = None
    machine: bool = False
    absent: bool = False
    day: Day | None = None

    @property
    def required(self) -> bool:
        return not self.has_default and not isinstance(self.type, OptionalType)


# Values


class TextValue(Record, eq=True, kw_only=True):
    """A text; one variable without other pieces is the variable's value, whatever its type.

    `json` says that such a value is not a text but a number, boolean, list or object; `record` that
    it is an object, and `listed` that it is a list. `spelled` says that it is nevertheless the text
    that spells this value. `bare` says that it may be missing, or else be a text, so that it is no
    JSON where it is filled in.
    """

    text: Text
    json: bool = False
    record: bool = False
    listed: bool = uncompared(default=False)
    bare: bool = uncompared(default=False)
    spelled: bool = False


class ConstantValue(Record, eq=True, kw_only=True):
    value: Any


class ListValue(Record, eq=True, kw_only=True):
    items: tuple[Value, ...]


class ObjectValue(Record, eq=True, kw_only=True):
    fields: tuple[tuple[str, Value], ...]


class FailureReason(Record, eq=True, kw_only=True):
    """The reason of the attempt that failed last."""


class CountOf(Record, eq=True, kw_only=True):
    """The number of entries of a list, which an agent counts; a missing list has none."""

    items: Value


Value: TypeAlias = TextValue | ConstantValue | ListValue | ObjectValue


# Conditions


class AllOf(Record, eq=True, kw_only=True):
    operands: tuple[Condition, ...]


class AnyOf(Record, eq=True, kw_only=True):
    operands: tuple[Condition, ...]


class Not(Record, eq=True, kw_only=True):
    operand: Condition


class Compare(Record, eq=True, kw_only=True):
    """A comparison by `==`, `!=`, `<=`, `>=`, `<` or `>`.

    `numeric` says that it compares numbers, not spellings.
    """

    left: Value
    operator: str
    right: Value
    numeric: bool = False


class TextRelation(Record, eq=True, kw_only=True):
    """Holds if the text `left` `contains`, `starts with` or `ends with` the text `right`."""

    left: Value
    relation: str
    right: Value


class OneOf(Record, eq=True, kw_only=True):
    """Holds if a value is one of some constants; `numeric` says that they are numbers.

    `listed`: the one value is a list, and its entries are meant.
    """

    operand: Value
    values: tuple[Value, ...]
    numeric: bool = False
    listed: bool = False


class IsEmpty(Record, eq=True, kw_only=True):
    """Holds if a value is missing, or, if it is `listed`, an empty list."""

    operand: Value
    listed: bool = False


class IsTrue(Record, eq=True, kw_only=True):
    """Holds if a value is true."""

    operand: Value


class Sees(Record, eq=True, kw_only=True):
    """Holds if the screen shows what the text says."""

    text: Text


Condition: TypeAlias = (
    AllOf | AnyOf | Not | Compare | TextRelation | OneOf | IsEmpty | IsTrue | Sees
)


# Statements


class Node(Record, eq=True, kw_only=True, base=True, extra=("known", "own")):
    """A node with a place in the source; `facts.py` keeps what it finds out in the two `extra`s."""

    origin: Origin


class Step(Node, kw_only=True):
    kind = "step"
    title: Text
    body: Body
    description: str | None = None


class Do(Node, kw_only=True):
    kind = "do"
    text: Text


class Choose(Node, kw_only=True):
    kind = "choose"
    target: Text
    model: str | None
    otherwise: Body


class TypeIn(Node, kw_only=True):
    """Types a value into a field.

    `display` is the format to type it in, or None to type it unchanged. `over`: the field is
    emptied first, also if the value is missing.
    """

    kind = "type"
    value: Text
    display: str | None
    over: bool = False
    target: Text


class TypeDay(Node, kw_only=True):
    """Types a date by the desktop's clock into a field, with a command that sets the clipboard."""

    kind = "type_day"
    command: str
    over: bool = False
    target: Text


class Clear(Node, kw_only=True):
    kind = "clear"
    target: Text


class Press(Node, kw_only=True):
    """Presses keys, in the platform's notation (`ctrl+s`)."""

    kind = "press"
    keys: str
    times: int


class Wait(Node, kw_only=True):
    kind = "wait"
    milliseconds: int


class WaitUntil(Node, kw_only=True):
    """Waits until the screen shows a text, or until a condition on the screen holds."""

    kind = "wait_until"
    condition: Text | Condition
    timeout_milliseconds: int
    otherwise: Body


class Extract(Node, kw_only=True):
    """Reads from the screen into a variable; without `otherwise` a missing value becomes null.

    `keeps`: where nothing is read, the value that the variable may have already is needed.
    """

    kind = "extract"
    variable: str
    type: Type
    source: Text
    model: str | None
    otherwise: Body | None
    keeps: bool = uncompared(default=False)


class BackgroundExtract(Node, kw_only=True):
    """Reads an output from the screen in the background, while the run continues."""

    kind = "background_extract"
    variable: str
    type: Type
    source: Text
    model: str | None


class Copy(Node, kw_only=True):
    """Copies selectable text exactly; without `otherwise` a missing value becomes null."""

    kind = "copy"
    variable: str
    type: Type
    source: Text
    otherwise: Body | None


Stored: TypeAlias = Value | FailureReason | CountOf
"""What an agent stores."""


class Assignment(Record, eq=True, kw_only=True):
    """Sets `variable`; `append` adds one entry to the list in it, or `every` entry of a list.

    `restores`: it undoes what a failed attempt emitted. `numbered`: each entry has a key of its
    own, `x_1` and so on, and `x_count` is their number. `wraps`: each entry of the stored list
    becomes an object with the one field `BOX`.
    """

    variable: str
    restores: bool = False
    append: bool = False
    every: bool = False
    numbered: bool = False
    wraps: bool = False
    value: Stored
    origin: Origin

    @property
    def key(self) -> str:
        """Return the variable that changes; nothing reads a numbered entry by name."""
        return count_of(self.variable) if self.numbered else self.variable


def count_of(name: str) -> str:
    """Return the variable that counts the entries of a list with numbered keys."""
    return f"{name}_count"


class Store(Node, kw_only=True):
    """Stores values: outputs, fields of task results, variables of `keep`."""

    kind = "store"
    assignments: tuple[Assignment, ...]


class Expect(Node, kw_only=True):
    kind = "expect"
    condition: Text
    otherwise: Body


class Capture(Node, kw_only=True):
    kind = "capture"
    file: Text


class Export(Node, kw_only=True):
    kind = "export"
    file: Text


class Picture(Node, kw_only=True):
    """Shows a picture in the prompt, by the SHA-256 of its content."""

    kind = "picture"
    sha256: str
    extension: str
    alternative: str
    shows: Text | None


class Run(Node, kw_only=True):
    """Runs a terminal command; with `variable`, its output is read into that variable.

    `keeps`: as of an `Extract`.
    """

    kind = "run"
    command: Text
    variable: str | None
    type: Type | None
    otherwise: Body | None
    keeps: bool = uncompared(default=False)


class Branch(Node, kw_only=True):
    condition: Condition
    body: Body


class If(Node, kw_only=True):
    """`complete`: one of the branches is always taken.

    `unchecked`: it asks whether a pass of a loop failed, and these are the copies of that loop. The
    prompt expresses neither, so they do not count in comparisons.
    """

    kind = "if"
    branches: tuple[Branch, ...]
    otherwise: Body
    complete: bool = uncompared(default=False)
    unchecked: tuple[str, ...] = uncompared(default=())


class Loop(Node, kw_only=True):
    """One pass for each entry of `items` (a list value, or a count).

    `limit` bounds the passes; `counted` says that the input schema does not enforce it. `entry`
    names the current entry if a focused agent iterates over the list itself, and `noted` is the
    variable in which it reports too many entries. `flat` says that the entries are neither objects
    nor lists.
    """

    kind = "loop"
    variable: str
    items: Value
    limit: Limit | None
    counted: bool
    body: Body
    entry: str | None = None
    noted: str | None = None
    flat: bool = uncompared(default=False)


class Repeat(Node, kw_only=True):
    """Up to `limit` rounds, until a condition holds.

    It is looked at after each round, and first if it `looks_first`. `delay_milliseconds` pass
    before each further look if it `looks_first`, and before each further round if not.
    """

    kind = "repeat"
    until: Condition
    looks_first: bool
    limit: Limit
    delay_milliseconds: int = 0
    body: Body
    otherwise: Body


class Retry(Node, kw_only=True):
    """Up to `attempts` passes; `Leave("retry")` ends one, and `otherwise` follows the last.

    `entry`: it is one loop entry, which is tried once and whose failure ends only that entry.
    """

    kind = "retry"
    attempts: int
    delay_milliseconds: int
    body: Body
    otherwise: Body
    entry: bool = False


class Leave(Node, kw_only=True):
    """Ends the run as failed (`abort`) or as successful (`finish`), or the attempt (`retry`).

    A `reason` of None repeats the reason of the attempt that failed last. `noted` is the variable
    in which a focused agent stores the reason, for the lines after the loop that it fails in.
    """

    kind = "leave"
    action: Literal["abort", "retry", "finish"]
    reason: Text | None
    noted: str | None = None


Statement: TypeAlias = (
    Step
    | Do
    | Choose
    | TypeIn
    | TypeDay
    | Clear
    | Press
    | Wait
    | WaitUntil
    | Extract
    | BackgroundExtract
    | Copy
    | Store
    | Expect
    | Capture
    | Export
    | Picture
    | Run
    | If
    | Loop
    | Repeat
    | Retry
    | Leave
)
Body: TypeAlias = tuple[Statement, ...]

Action: TypeAlias = Do | TypeIn | Clear | Press | Wait
"""Statements that either agent carries out with one line, and that decide nothing."""


# Checks


class FileTarget(Record, eq=True, kw_only=True):
    """The files of a check: `exact` names, a `regex`, or one `template` for each entry of a list.

    A `regex` may come with the number of files, fixed or in a variable.
    """

    mode: Literal["exact", "regex", "loop_items"]
    names: tuple[Text, ...] = ()
    pattern: str | None = None
    count: int | None = None
    count_from: Variable | None = None
    items: Variable | None = None
    template: Text = ()


class PostRunCheck(Node, kw_only=True):
    """One post-run check; `statement` is judged by a model."""

    kind: Literal["file", "image", "schema", "output"]
    name: str
    description: str | None = None
    target: FileTarget | None = None
    if_present: bool = False
    statement: Text = ()
    model: str | None = None
    extra: Mapping[str, Any] = {}


# Programs


class OutputSource(Record, eq=True, kw_only=True):
    """Where an output field gets its value, by `kind`.

    - `runtime`: the variable `variable` at `path`.
    - `stored`: the variable `variable`, set by `Store`.
    - `const`: always `value`.
    - `background`: the background reading kept as `variable`.
    - `none`: nothing in the program emits it.

    `numbered`: it is a list whose entries have separate keys. `boxed`: the variable holds an object
    that wraps the value.
    """

    field: str
    kind: Literal["runtime", "stored", "const", "background", "none"]
    variable: str | None = None
    path: tuple[str | int, ...] = ()
    numbered: bool = False
    value: Any = None
    boxed: bool = False
    origin: Origin

    @property
    def place(self) -> tuple[str | int, ...]:
        """The path of the value inside the variable."""
        return (BOX, *self.path) if self.boxed else self.path


class Models(Record, eq=True, kw_only=True):
    """Aliases of `flowdsl.toml`, or UUIDs; None is the default of the service."""

    main: str | None = None
    cache_detection: str | None = None
    fallbacks: tuple[str | None, ...] = ()


class Terminal(Record, eq=True, kw_only=True):
    allow: tuple[str, ...] = ()
    unrestricted: bool = False


class Workflow(Node, kw_only=True):
    """A workflow.

    `prompt`, `input_schema`, `output_schema`, `checks_text` and `extra_text` hold the text of files
    that are taken verbatim. `names` are all variable names in use, so that later phases can add
    names that are free. `boxed` are the runtime variables that hold an object with the one field
    `BOX`, whose paths begin with it; None before that has been decided. `apart`: in text that is
    read, a space breaks up placeholders of secrets.
    """

    name: str
    title: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    webhooks: bool = False
    file_exports: bool = False
    renamed_from: str | None = None
    protect: bool = False
    inputs: tuple[FieldSpec, ...] = ()
    secrets: tuple[FieldSpec, ...] = ()
    outputs: tuple[FieldSpec, ...] = ()
    models: Models | None = None
    terminal: Terminal = Terminal()
    rules: tuple[Text, ...] = ()
    body: Body = ()
    sources: tuple[OutputSource, ...] = ()
    prompt: str | None = None
    input_schema: str | None = None
    output_schema: str | None = None
    checks: tuple[PostRunCheck, ...] | None = None
    cleanup: Text | None = None
    checks_text: str | None = None
    extra: Mapping[str, Any] = {}
    extra_text: str | None = None
    names: tuple[str, ...] = ()
    apart: bool = False
    boxed: tuple[str, ...] | None = None


class StepReference(Record, eq=True, kw_only=True):
    """An output of an earlier step of a chain."""

    path: str


class ChainParameter(Record, eq=True, kw_only=True):
    """An input, secret or answer of the chain itself, known when the step that takes it is sent."""

    name: str
    path: tuple[str | int, ...] = ()
    secret: bool = False


ChainValue: TypeAlias = StepReference | ChainParameter | ConstantValue


class ChainStep(Node, kw_only=True):
    name: str
    workflow: str
    inputs: tuple[tuple[str, ChainValue], ...]
    secrets: tuple[tuple[str, ChainValue], ...]


class Pause(Node, kw_only=True):
    """Where a chain waits for answers of a person; `steps_before` steps precede it."""

    question: str | None
    inputs: tuple[FieldSpec, ...]
    secrets: tuple[FieldSpec, ...]
    steps_before: int


class Chain(Node, kw_only=True):
    name: str
    title: str
    inputs: tuple[FieldSpec, ...]
    secrets: tuple[FieldSpec, ...]
    shared: tuple[tuple[str, ChainValue], ...]
    shared_secrets: tuple[tuple[str, ChainValue], ...]
    steps: tuple[ChainStep, ...]
    pauses: tuple[Pause, ...] = ()
    keep_session: bool = False
    priority: bool = False

    @property
    def parts(self) -> tuple[tuple[ChainStep, ...], ...]:
        """The steps between the pauses: one more part than there are pauses."""
        cuts = [0, *(pause.steps_before for pause in self.pauses), len(self.steps)]
        return tuple(self.steps[start:end] for start, end in pairwise(cuts))


class Program(Record, eq=True, kw_only=True):
    """A compiled project, sorted by name."""

    workflows: tuple[Workflow, ...]
    chains: tuple[Chain, ...]
