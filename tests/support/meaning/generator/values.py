"""The types and values of a generated program: what can be read where, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

TEXTUAL = ("string", "date", "datetime", "time", "email", "url", "file")
ORDERED = ("int", "number", "numbers", "date", "datetime", "time")


@dataclass(frozen=True)
class Type:
    """A type as it is written.

    `name` is a built-in one, `list`, `record`, or one with `options`: `enum`, `numbers`, or `open`
    for those beside which any other text is a value.
    """

    written: str
    name: str
    fields: tuple[Field, ...] = ()
    element: Type | None = None
    options: tuple[str, ...] = ()

    @property
    def scalar(self) -> bool:
        return self.name not in ("list", "record", "any")

    @property
    def has_gaps(self) -> bool:
        """Whether a part of a value may be missing."""
        inner = [each.type for each in self.fields] + ([self.element] if self.element else [])
        return any(each.optional for each in self.fields) or any(each.has_gaps for each in inner)

    @property
    def literals(self) -> tuple[str, ...]:
        """The options as source has them."""
        return tuple(each if self.name == "numbers" else f'"{each}"' for each in self.options)

    def many(self) -> Type:
        return Type(f"{self.written}[]", "list", element=self)

    def fits(self, wanted: Type) -> bool:
        """Whether a value of this type may stand where `wanted` is expected."""
        if self.written == wanted.written:
            return True
        if wanted.name == "any":
            return True
        if wanted.name in ("string", "open"):
            return self.name in TEXTUAL or self.name in ("enum", "open")
        if self.written == NUMBERED.written:
            return wanted.written == ODD.written
        if self.written == PAIRS.written:
            return wanted.written == ODD.many().written
        if self.name == "numbers":
            return wanted.name in ("int", "number")
        return (self.name, wanted.name) in (("int", "number"), ("string", "file"))


@dataclass(frozen=True)
class Field:
    """A field of a record, of a result, or an output; one with a default may be left out.

    `absent`: it is optional and is written `name?:`. `value` is the default as it is written,
    `wire` the name in JSON.
    """

    name: str
    type: Type
    optional: bool = False
    default: bool = False
    absent: bool = False
    value: str = ""
    wire: str = ""

    @property
    def written(self) -> str:
        wire = f' @wire("{self.wire}")' if self.wire else ""
        if self.absent:
            return f"{self.name}?: {self.type.written}{wire}"
        default = f" = {self.value}" if self.value else ""
        return f"{self.name}: {self.type.written}{'?' if self.optional else ''}{default}{wire}"


STRING, INT, NUMBER, BOOL, DATE = (
    Type(name, name) for name in ("string", "int", "number", "bool", "date")
)
SCALARS = (STRING, INT, NUMBER, BOOL, DATE)
PERIOD = Type("Period", "enum", options=("daily", "weekly"))
SIZE = Type("Size", "numbers", options=("1", "2", "-40"))
REMARK = Type("Remark", "open", options=("CO-16", "PR. 1"))
ROW = Type(
    "Row",
    "record",
    (
        Field("number", STRING),
        Field("amount", NUMBER, True),
        Field("memo", STRING, True, absent=True),
    ),
)
CLIENT = Type(
    "Client",
    "record",
    (Field("name", STRING), Field("row", ROW, True, absent=True), Field("tags", STRING.many())),
)
ODD = Type(
    "Odd",
    "record",
    (Field("no", STRING), Field("at", DATE, True), Field("state", STRING, default=True)),
)
CASE = Type(
    "Case",
    "record",
    (
        Field("label", STRING, default=True),
        Field("odd", ODD, default=True),
        Field("odds", ODD.many()),
    ),
)
NUMBERED = Type("{ no: string }", "record", (Field("no", STRING),))
"""The type of a const that fits `Odd`, and leaves out what has a default there."""
PAIRS = Type("{ no: string }[]", "list", element=replace(NUMBERED, written="an entry of it"))
PLACES = Type(
    "string[]", "list", element=Type("one of them", "enum", options=("Inv. No.", "a ] b"))
)
"""The types of consts that are lists; the entries of one fit less than a literal does."""
ANY = Type("any", "any")
DATETIME, TIME, EMAIL, URL, FILE = OTHERS = tuple(
    Type(name, name) for name in ("datetime", "time", "email", "url", "file")
)

DECLARED_TYPES = {
    "Row": "type Row { number: string, amount: number?, memo?: string }",
    "Client": "type Client { name: string, row?: Row, tags: string[] }",
    "Odd": """type Odd {
## The number. As it is shown
no: string @wire("Inv. No.")
at: date?
state: string = "open"
}""",
    "Case": 'type Case { label: string = "plain", odd: Odd = { no: "1" }, odds: Odd[] }',
    "Period": 'type Period = "daily" | "weekly"',
    "Size": "type Size = 1 | 2 | -40",
    "Remark": 'type Remark = "CO-16" | "PR. 1" | string',
}
READ_TYPES = (
    *(STRING, STRING, STRING, INT, NUMBER, BOOL, DATE, PERIOD, SIZE, REMARK),
    *(ROW, ROW.many(), STRING.many(), CLIENT, ODD, ODD.many(), CASE, INT.many(), ANY),
    *OTHERS,
)


@dataclass(frozen=True)
class Value:
    """Something that can be read.

    `code` is how code writes it, `runtime` the variable that it is part of, or empty. `optional`:
    it may be missing. `untrusted`: it is text from outside. `command`: a command may hold it.
    `filled`: it is a list with at least one entry. `constant`: it is known to the compiler.
    """

    code: str
    type: Type
    optional: bool = False
    runtime: str = ""
    untrusted: bool = False
    command: bool = False
    filled: bool = False
    constant: bool = False

    @property
    def text(self) -> str:
        """How a text writes it."""
        return f"{{{self.code}}}"

    @cached_property
    def certain(self) -> Value:
        """The same where it is known not to be missing."""
        return replace(self, optional=False)

    @cached_property
    def parts(self) -> tuple[Value, ...]:
        """The fields of a record, which is asked for them at every statement that follows."""
        return tuple(map(self.part, self.type.fields))

    @cached_property
    def entries(self) -> tuple[Value, ...]:
        """The first entries of a list by their numbers; all but those of a const may be missing."""
        element = self.type.element
        assert element is not None
        return tuple(
            replace(
                self,
                code=f"{self.code}[{number}]",
                type=STRING if self.type is PLACES else element,
                optional=not (self.constant or (self.filled and number == 0)),
                command=False,
                filled=False,
            )
            for number in (0, 1)
        )

    def part(self, of: Field) -> Value:
        """A field of it."""
        inner = f"{self.code}.{of.name}"
        return replace(
            self, code=inner, type=of.type, optional=of.optional, command=False, filled=False
        )


def variable(name: str, type_: Type, optional: bool = False) -> Value:
    """A runtime variable."""
    return Value(name, type_, optional, runtime=name)


@dataclass(frozen=True)
class Param:
    """A parameter of a task; `default` is written behind it."""

    name: str
    type: Type
    optional: bool = False
    default: str = ""
    untrusted: bool = False
    secret: bool = False

    @property
    def written(self) -> str:
        default = f" = {self.default}" if self.default else ""
        secret = "secret " if self.secret else ""
        return f"{secret}{self.name}: {self.type.written}{'?' if self.optional else ''}{default}"


@dataclass
class Task:
    """A finished task, as its callers see it.

    `main`: it needs the main agent. `loops`: a `for` in it does. `decides`: the main agent decides
    whether a command of it failed. `returns`: a path leads to its end. `finishes`: a path ends the
    run.
    """

    name: str
    params: tuple[Param, ...]
    result: Type | None
    main: bool
    loops: bool
    decides: bool
    returns: bool
    finishes: bool = False


def root_of(code: str) -> str:
    return re.split(r"[.\[]", code, maxsplit=1)[0]


@dataclass
class State:
    """What holds at one place of a body: variables that are set, what is there, what is emitted.

    `outputs` are those that are set and may be read, which no pass of a loop empties. `lost` are
    those that a copy of nothing has left without a value. `dead`: no path leads here.
    """

    set: dict[str, Value] = field(default_factory=dict)
    outputs: dict[str, Value] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    emitted: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    dead: bool = False

    def copy(self) -> State:
        return replace(self, set=dict(self.set), outputs=dict(self.outputs))

    def next_pass(self) -> State:
        """What holds where a pass of a loop begins: an earlier one may have set any variable."""
        names = self.set.keys() | self.outputs.keys()
        present = frozenset(code for code in self.present if root_of(code) not in names)
        return replace(self.copy(), present=present)

    def assign(self, value: Value) -> None:
        """A variable is set, maybe anew: what was known of it holds no more."""
        self._assign(self.set, value)

    def assign_output(self, value: Value) -> None:
        """An output is set, maybe anew."""
        self._assign(self.outputs, value)
        self.note_emitted(value.runtime)

    def note_emitted(self, name: str) -> None:
        """An output, or a field of a result, has a value."""
        self.emitted |= {name}
        self.lost -= {name}

    def lose(self, name: str) -> None:
        """An output has no value any more."""
        self.outputs.pop(name, None)
        self.emitted -= {name}
        self.lost |= {name}

    def _assign(self, values: dict[str, Value], value: Value) -> None:
        values[value.runtime] = value
        self.present = frozenset(code for code in self.present if root_of(code) != value.runtime)

    def become(self, *ends: State) -> None:
        """Go on where several paths meet."""
        alive = [end for end in ends if not end.dead]
        self.dead = not alive
        if alive:
            self.set = {
                name: value
                for name, value in alive[0].set.items()
                if all(name in end.set for end in alive)
            }
            self.outputs = {
                name: value
                for name, value in alive[0].outputs.items()
                if all(name in end.outputs for end in alive)
            }
            self.present = frozenset.intersection(*(end.present for end in (self, *alive)))
            self.emitted = frozenset.intersection(*(end.emitted for end in alive))
            self.lost = frozenset().union(*(end.lost for end in alive))


def readable(value: Value, present: frozenset[str]) -> Iterator[Value]:
    """A value and what is in it, as far as it is there for certain."""
    if value.optional and value.code in present:
        value = value.certain
    if value.type.element is not None:
        entries = value.entries
        known = [number for number, each in enumerate(entries) if each.code in present]
        value = value.certain if known else value
        if not value.optional:
            for number, entry in enumerate(entries):
                yield from readable(
                    entry.certain if known and number <= known[-1] else entry, present
                )
    yield value
    if value.type.name == "record" and not value.optional:
        for part in value.parts:
            yield from readable(part, present)
