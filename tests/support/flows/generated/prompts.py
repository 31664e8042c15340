"""Random workflows as code generation gets them.

They have every statement, and texts that look like the words around them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from flowdsl.config.keys import VERIFIABLE_TOOLS
from flowdsl.ir import nodes
from flowdsl.ir.days import command_of
from flowdsl.ir.facts import fits
from flowdsl.ir.images import image_extension, image_hash
from flowdsl.ir.lowering.values import join_pieces, literal_text
from flowdsl.ir.passes.numbering import number_lists
from flowdsl.ir.passes.simplify import drop_empty, merge_stores
from flowdsl.ir.walk import statements
from flowdsl.prompt.sentences import SCALARS
from flowdsl.semantics.capabilities import Capabilities
from flowdsl.source.record import replace

HERE = nodes.Origin(path="w.flow", start_line=1, start_column=1, end_line=1, end_column=2)
STRING = nodes.ScalarType(name="string")
WORDS = (
    "the row",
    "the list “A”",
    'the field "B"',
    "it's",
    "(net)",
    "a (b",
    "c) d",
    "e; f",
    "g, then h",
    "i and j",
    "k: l",
    "m. n",
    "o.",
    "p?",
    "{",
    "}",
    "{x}",
    "{{y}}",
    "{ q }",
    "\\",
    "\u27e6",
    "\u27e7",
    "\u27e62:",
    ":2\u27e7",
    ":02\u27e7",
    "12:30",
    "  ",
    "\t",
    "\u3000",
    "\n  ",
    "\n- Press delete.",
    "\"'\u201d\u00bb\u203a\u300d",
    "__EMPTY__",
    "\n",
    ".\n",
    "\n\n",
    "- r",
    "1.1 s",
    '", "t": u',
    "«v»",
    "5",
    "no",
)
PIECES = (" ", " ", " ", "", "-")
PICTURE = b"\x89PNG\r\n\x1a\nrest"
KEYS = ("enter", "ctrl+s", "tab", "a", "ctrl++", "alt+f4 enter")
INPUTS = ("name", "rows", "memo", "取引先", "first name", "decision_1")


LISTED = "listed"
"""An output that grows entry by entry, and that nothing else takes."""

_NO_ENTRIES = nodes.Assignment(variable=LISTED, value=nodes.ConstantValue(value=[]), origin=HERE)


class PromptWriter:
    """Makes one workflow; `capabilities` are those of its account."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._count = 0
        self._attempts = 0
        self.capabilities = Capabilities(
            frozenset(tool for tool in VERIFIABLE_TOOLS if rng.random() < 0.2)
        )
        self._pictures = rng.random() < 0.1
        self._outputs = ("total", "all", "kind")
        self._listed = rng.random() < 0.3
        self._inputs = tuple(name for name in INPUTS if rng.random() < 0.8) or INPUTS

    def workflow(self) -> nodes.Workflow:
        rng = self._rng
        inputs = tuple(
            nodes.FieldSpec(
                name=name,
                type=nodes.OptionalType(inner=STRING) if name == "memo" else STRING,
                constraints={"maxItems": 20} if name == "rows" else {},
            )
            for name in self._inputs
        )
        body = self._body(0, loop=False)
        if self._listed:
            body = (nodes.Store(origin=HERE, assignments=(_NO_ENTRIES,)), *body)
        kept = set(_set_by(body))
        sources = tuple(
            self._source(name, name in kept)
            for name in self._outputs
            if name in kept or rng.random() < 0.6
        )
        if self._listed:
            sources += (self._source(LISTED, kept=True),)
        made = nodes.Workflow(
            origin=HERE,
            name="w",
            title=rng.choice(("A title", 'Look up "x"', "1. Rules")),
            description=rng.choice((None, "What it does.", "Two - parts.")),
            inputs=inputs,
            secrets=tuple(
                nodes.FieldSpec(name=name, type=STRING) for name in ("pin",) if rng.random() < 0.5
            ),
            outputs=tuple(map(self._output, sources)),
            rules=tuple(self._phrase() for _ in range(rng.randint(0, 2))),
            body=body,
            sources=sources,
            apart=rng.random() < 0.1,
        )
        made = merge_stores(drop_empty(made))
        names = {field.name for field in (*made.inputs, *made.secrets)} | set(_set_by(made.body))
        made = replace(made, names=tuple(sorted(names | set(self._outputs))))
        return number_lists(made)

    def _source(self, name: str, kept: bool) -> nodes.OutputSource:
        common: dict[str, Any] = {"field": name, "origin": HERE}
        if kept:
            return nodes.OutputSource(kind="stored", variable=name, **common)
        match self._rng.randrange(1, 5):
            case 1:
                value = self._rng.choice(
                    (None, 5, -1.5, True, "x", "a \"b\" 'c'", [1, "x"], {"a": 1})
                )
                return nodes.OutputSource(kind="const", value=value, **common)
            case 2:
                return nodes.OutputSource(kind="background", variable="read", **common)
            case 3:
                return nodes.OutputSource(kind="none", **common)
            case _:
                return nodes.OutputSource(
                    kind="runtime", variable="read", path=self._path(), **common
                )

    # Texts, types, values, conditions

    def _path(self) -> tuple[str | int, ...]:
        choices = ((), (), ("a",), (0, "b"), ("k v",), ("it's",), ("番号", 3))
        return self._rng.choice(choices)

    def _variable(self, *, secret: bool = False) -> nodes.Variable:
        rng = self._rng
        sigil: Literal["input", "runtime", "secret"] = rng.choice(("input", "runtime"))
        if secret and rng.random() < 0.3:
            sigil = "secret"
        names = {"input": self._inputs, "runtime": ("loop_item", "read", "v1"), "secret": ("pin",)}[
            sigil
        ]
        return nodes.Variable(
            sigil=sigil,
            name=rng.choice(names),
            path=self._path(),
        )

    def _text(self, *, secret: bool = False) -> nodes.Text:
        rng = self._rng
        pieces: list[nodes.TextPiece | nodes.Variable] = [
            nodes.TextPiece(value=rng.choice(("Open", "the")))
        ]
        for _ in range(rng.randint(0, 5)):
            pieces.append(nodes.TextPiece(value=rng.choice(PIECES)))
            if rng.random() < 0.3:
                if not _ends(pieces).endswith("\\"):
                    pieces.append(self._variable(secret=secret))
            else:
                pieces.append(nodes.TextPiece(value=rng.choice(WORDS)))
        # Lowering leaves no blanks at the ends of lines.
        return tuple(
            nodes.TextPiece(value=re.sub(" +\n", "\n", each.value))
            if isinstance(each, nodes.TextPiece)
            else each
            for each in join_pieces(pieces)
        )

    def _phrase(self, *, secret: bool = False) -> nodes.Text:
        """A text for a sentence of ours.

        Lowering lays the author's words out on one line, but a value in them may have lines. None
        ends with an empty line, which would be taken for the end of a line of the prompt.
        """
        *first, last = self._text(secret=secret)
        if isinstance(last, nodes.TextPiece):
            last = nodes.TextPiece(value=last.value.rstrip())
        return join_pieces((*first, last))

    def _title(self) -> nodes.Text:
        """A title: what a run tells is in none that a prompt shows."""
        words = literal_text(self._rng.choice(("Sign in", "# Rules", "2. Open {it}")))
        name = nodes.Variable(sigil="input", name=self._rng.choice(self._inputs))
        return (*words, name) if self._rng.random() < 0.5 else words

    def _shown(self) -> nodes.Text:
        """Words for something on the screen, which hold none of the marks around them and values.

        An untrusted value stands there like any other.
        """
        return join_pieces(
            nodes.TextPiece(value=re.sub("[⟦⟧“”]", "", piece.value) or "x")
            if isinstance(piece, nodes.TextPiece)
            else piece
            for piece in self._phrase()
        )

    def _type(self, depth: int = 0) -> nodes.Type:
        rng = self._rng
        match rng.randrange(8 if depth < 3 else 4):
            case 4:
                return nodes.ListType(element=self._type(depth + 1))
            case 5:
                inner = self._type(depth + 1)
                return (
                    inner
                    if isinstance(inner, nodes.OptionalType)
                    else nodes.OptionalType(inner=inner)
                )
            case 6:
                names = rng.sample(("a", "b c", '"d"', "e's"), rng.randint(1, 3))
                return nodes.RecordType(fields=tuple(self._field(name, depth) for name in names))
            case 7:
                if rng.random() < 0.3:
                    return nodes.EnumType(values=tuple(rng.sample((1, 20, -3, 0), 2)))
                values = tuple(rng.sample(("x", "y, z", 'q "r"', "{s}"), 2))
                return nodes.EnumType(values=values, open=rng.random() < 0.3)
            case _:
                return nodes.ScalarType(name=rng.choice(sorted(SCALARS)))

    def _output(self, source: nodes.OutputSource) -> nodes.FieldSpec:
        rng = self._rng
        if source.kind == "const":
            any_ = nodes.ScalarType(name="any")
            return nodes.FieldSpec(
                name=source.field, type=any_, constraints={"const": source.value}
            )
        part = nodes.FieldSpec(name="a", type=nodes.OptionalType(inner=STRING), absent=True)
        record = nodes.RecordType(fields=(part,))
        if source.field == LISTED:
            element = rng.choice((STRING, record, nodes.OptionalType(inner=STRING)))
            return nodes.FieldSpec(name=LISTED, type=nodes.ListType(element=element))
        type_ = rng.choice((STRING, record, nodes.ScalarType(name="any")))
        absent = rng.random() < 0.2
        if absent or rng.random() < 0.3:
            type_ = nodes.OptionalType(inner=type_)
        return nodes.FieldSpec(name=source.field, type=type_, absent=absent)

    def _field(self, name: str, depth: int) -> nodes.FieldSpec:
        rng = self._rng
        notes = (None, None, "a note.", "net (of tax)", "a) b", '"quoted" note', '{x}; "b": y')
        default = rng.random() < 0.2
        return nodes.FieldSpec(
            name=name,
            type=nodes.ScalarType(name="number") if default else self._type(depth + 1),
            description=rng.choice(notes),
            has_default=default,
            default=rng.choice((1, -2.5)) if default else None,
        )

    def _value(self, depth: int = 0) -> nodes.Value:
        rng = self._rng
        match rng.randrange(9 if depth < 3 else 6):
            case 0:
                return nodes.TextValue(text=(self._variable(),))
            case 1:
                return nodes.ConstantValue(
                    value=rng.choice(
                        (None, True, 7, -2.5, "x {y}", "", [1, ["a"]], {"a": {"b": 1}})
                    )
                )
            case 4:
                return nodes.ListValue(
                    items=tuple(self._value(depth + 1) for _ in range(rng.randint(0, 3)))
                )
            case 5:
                names = rng.sample(("a", "b c", 'd"'), rng.randint(0, 3))
                return nodes.ObjectValue(
                    fields=tuple((name, self._value(depth + 1)) for name in names)
                )
            case _:
                return _text_value(self._text())

    def _operand(self) -> nodes.Value:
        value = self._rng.choice((None, True, 3, "a and b", "x) or (y", "12:30", "2:a:2"))
        if self._rng.random() < 0.4:
            return nodes.ConstantValue(value=value)
        return self._rng.choice(
            (_text_value(self._text()), nodes.TextValue(text=(self._variable(),)))
        )

    def _condition(self, depth: int = 0) -> nodes.Condition:
        rng = self._rng
        match rng.randrange(7 if depth < 3 else 4):
            case 0:
                return nodes.Sees(text=self._shown())
            case 1:
                return nodes.IsEmpty(operand=nodes.TextValue(text=(self._variable(),)))
            case 2:
                return nodes.IsTrue(operand=nodes.TextValue(text=(self._variable(),)))
            case 3:
                return nodes.Compare(
                    left=self._operand(),
                    operator=rng.choice(("==", "!=", "<=", ">=", "<", ">")),
                    right=self._operand(),
                    numeric=rng.random() < 0.5,
                )
            case 4:
                return nodes.TextRelation(
                    left=self._operand(),
                    relation=rng.choice(("contains", "starts with", "ends with")),
                    right=self._operand(),
                )
            case 5:
                values = rng.sample((True, 3, 2.5, "a, b", "x) or (y", "[]"), rng.randint(1, 3))
                return nodes.OneOf(
                    operand=self._operand(),
                    values=tuple(nodes.ConstantValue(value=each) for each in values),
                    numeric=rng.random() < 0.5,
                )
            case 6:
                return nodes.Not(operand=self._condition(depth + 1))
            case _:
                join = rng.choice((nodes.AllOf, nodes.AnyOf))
                count = rng.randint(2, 3)
                return join(operands=tuple(self._condition(depth + 1) for _ in range(count)))

    # Statements

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _body(self, depth: int, *, loop: bool) -> nodes.Body:
        count = self._rng.randint(1, 4 if depth < 2 else 2)
        body: list[nodes.Statement] = []
        # Lowering drops what stands behind a statement that leaves.
        while len(body) < count and not (body and isinstance(body[-1], nodes.Leave)):
            body.append(self._statement(depth, loop=loop))
        return tuple(body)

    def _otherwise(self, depth: int, *, loop: bool) -> nodes.Body:
        if self._rng.random() < 0.1:
            return ()
        if depth > 3 or self._rng.random() < 0.6:
            return (self._leave(),)
        return self._body(depth + 1, loop=loop)

    def _leave(self) -> nodes.Leave:
        action: Literal["abort", "retry", "finish"] = self._rng.choice(
            ("abort", "abort", "retry", "finish")
        )
        if action == "retry" and not self._attempts:
            action = "abort"  # lowering lets nothing else end an attempt
        bare = action == "retry" and self._rng.random() < 0.2
        return nodes.Leave(origin=HERE, action=action, reason=None if bare else self._phrase())

    def _model(self) -> str | None:
        return self._rng.choice((None, None, "fast", 'the "big" one'))

    def _statement(self, depth: int, *, loop: bool) -> nodes.Statement:
        rng = self._rng
        plain: tuple[Callable[[], nodes.Statement], ...] = (
            lambda: nodes.Do(origin=HERE, text=self._phrase(secret=True)),
            lambda: nodes.TypeIn(
                origin=HERE,
                value=self._text(secret=True),
                display=rng.choice((None, None, "MM/dd/yyyy")),
                target=self._phrase(),
            ),
            lambda: nodes.Clear(origin=HERE, target=self._phrase()),
            lambda: nodes.Press(
                origin=HERE, keys=rng.choice(KEYS), times=rng.choice((1, 1, 2, 10))
            ),
            lambda: nodes.Wait(
                origin=HERE, milliseconds=rng.choice((1, 1500, 1000, 60_000, 7_200_000))
            ),
            lambda: nodes.Store(origin=HERE, assignments=(self._assignment(),)),
            lambda: nodes.Capture(origin=HERE, file=self._phrase()),
            lambda: nodes.Export(origin=HERE, file=self._phrase()),
            *([self._picture] if self._pictures else []),
            self._leave,
            self._background,
            self._day,
        )
        if depth > 3 or rng.random() < 0.4:
            return rng.choice(plain)()
        return self._with_bodies(depth, loop)

    def _day(self) -> nodes.Statement:
        shift = (self._rng.choice((-7, 1, 40)), self._rng.choice(("d", "w", "mo", "y")))
        day = nodes.Day(base=self._rng.choice(("today", "month")), name="", shifts=(shift,))
        command = command_of(day, self._rng.choice(("d", "dd.MM.yyyy", "EEEE")))
        return nodes.TypeDay(origin=HERE, command=command, target=self._phrase())

    def _picture(self) -> nodes.Statement:
        return nodes.Picture(
            origin=HERE,
            sha256=image_hash(PICTURE),
            extension=image_extension(PICTURE),
            alternative=self._rng.choice(("save.png", "a & <b>.png", "'it\"s'.png")),
            shows=self._rng.choice((None, self._phrase())),
        )

    def _background(self) -> nodes.Statement:
        return nodes.BackgroundExtract(
            origin=HERE,
            variable=self._name(),
            type=self._type(),
            source=self._shown(),
            model=self._model(),
        )

    def _assignment(self) -> nodes.Assignment:
        rng = self._rng
        if self._listed and rng.random() < 0.5:
            value = self._value()
            return nodes.Assignment(variable=LISTED, append=True, value=value, origin=HERE)
        return nodes.Assignment(
            variable=rng.choice(("r", *self._outputs)),
            append=rng.random() < 0.3,
            value=self._value(),
            origin=HERE,
        )

    def _looks(self) -> nodes.Condition:
        """Return a condition that asks nothing but the screen."""
        join = self._rng.choice((nodes.AllOf, nodes.AnyOf))
        sees, other = (nodes.Sees(text=self._shown()) for _ in range(2))
        alone = self._rng.choice((sees, nodes.Not(operand=sees)))
        return self._rng.choice((alone, join(operands=(alone, other))))

    def _with_bodies(self, depth: int, loop: bool) -> nodes.Statement:
        rng = self._rng

        def body() -> nodes.Body:
            return self._body(depth + 1, loop=loop)

        def otherwise() -> nodes.Body:
            return self._otherwise(depth, loop=loop)

        match rng.randrange(12):
            case 0 if depth == 0:
                return nodes.Step(origin=HERE, title=self._title(), body=body())
            case 1:
                return nodes.Choose(
                    origin=HERE, target=self._shown(), model=self._model(), otherwise=otherwise()
                )
            case 2:
                return nodes.WaitUntil(
                    origin=HERE,
                    condition=self._looks() if rng.random() < 0.5 else self._shown(),
                    timeout_milliseconds=rng.choice((1000, 90_000)),
                    otherwise=otherwise(),
                )
            case 3:
                return nodes.Expect(origin=HERE, condition=self._shown(), otherwise=otherwise())
            case 4 | 5:
                type_ = self._type()
                missing = isinstance(type_, nodes.OptionalType) and rng.random() < 0.5
                return nodes.Extract(
                    origin=HERE,
                    variable=self._name(),
                    type=type_,
                    source=self._shown(),
                    model=self._model(),
                    otherwise=None if missing else otherwise(),
                )
            case 6:
                type_ = rng.choice((STRING, nodes.OptionalType(inner=STRING), self._type()))
                missing = isinstance(type_, nodes.OptionalType) and rng.random() < 0.7
                return nodes.Copy(
                    origin=HERE,
                    variable=self._name(),
                    type=type_,
                    source=self._shown(),
                    otherwise=None if missing else otherwise(),
                )
            case 7:
                kept = self.capabilities.can_focused_agent_use("execute_terminal_command")
                reads = kept and rng.random() < 0.5
                command = literal_text(rng.choice(("Get-Date", "a { b }", "x\n y \\{ 1 }")))
                return nodes.Run(
                    origin=HERE,
                    command=(*command, self._variable()) if rng.random() < 0.3 else command,
                    variable=self._name() if reads else None,
                    type=self._type() if reads else None,
                    otherwise=rng.choice((None, otherwise())),
                )
            case 8:
                return nodes.If(
                    origin=HERE,
                    branches=tuple(
                        nodes.Branch(origin=HERE, condition=self._condition(), body=body())
                        for _ in range(rng.randint(1, 3))
                    ),
                    otherwise=rng.choice(((), body())),
                )
            case 9 if depth and (each := self._each(depth)) is not None:
                return each
            case 9 if not loop:
                return self._loop(depth)
            case 10:
                return nodes.Repeat(
                    origin=HERE,
                    until=self._condition(),
                    looks_first=rng.random() < 0.6,
                    limit=rng.choice((1, 2, 30, self._limit())),
                    delay_milliseconds=rng.choice((0, 500, 5000)),
                    body=body(),
                    otherwise=otherwise(),
                )
            case _:
                self._attempts += 1
                attempt = body()
                self._attempts -= 1
                return nodes.Retry(
                    origin=HERE,
                    attempts=rng.choice((1, 2, 3)),
                    delay_milliseconds=rng.choice((0, 500, 5000)),
                    body=attempt,
                    otherwise=otherwise(),
                )

    def _limit(self) -> nodes.Variable:
        """An input that bounds a loop."""
        return nodes.Variable(sigil="input", name=self._rng.choice(self._inputs))

    def _each(self, depth: int) -> nodes.Loop | None:
        """A loop that a focused agent goes through; None where its body is more than one can do."""
        inner = self._body(depth + 1, loop=True)
        taken = {each.entry for each in statements(inner) if isinstance(each, nodes.Loop)}
        entry = next(
            name for name in ("entry", "entry_2", "entry_3", "entry_4") if name not in taken
        )
        mark = nodes.Variable(sigil="saved", name=entry, path=self._path())
        body = (*inner, nodes.Do(origin=HERE, text=(nodes.TextPiece(value="Open "), mark)))
        loop = replace(self._loop(depth, body), entry=entry)
        return loop if self._fits_granted((loop,)) else None

    def _fits_granted(self, body: nodes.Body) -> bool:
        """Whether a focused agent can do a body."""
        return fits(body, self.capabilities)

    def _entry(self, body: nodes.Body) -> nodes.Body:
        """The body of a loop, at times as an entry that may fail."""
        reason = nodes.Assignment(variable="read", value=nodes.FailureReason(), origin=HERE)
        recorded = (nodes.Store(origin=HERE, assignments=(reason,)),)
        once = nodes.Retry(
            origin=HERE,
            attempts=1,
            delay_milliseconds=0,
            body=body,
            otherwise=recorded if self._rng.random() < 0.7 else (),
            entry=True,
        )
        return (once,) if self._fits_granted((once,)) and self._rng.random() < 0.5 else body

    def _loop(self, depth: int, body: nodes.Body = ()) -> nodes.Loop:
        rng = self._rng
        body = self._entry(body or self._body(depth + 1, loop=True))
        items: nodes.Value = nodes.TextValue(text=(self._variable(),))
        if rng.random() < 0.4:
            items = rng.choice(
                (
                    nodes.ConstantValue(value=4),
                    nodes.ConstantValue(value=["a", {"b": "it's {c}"}]),
                    nodes.ListValue(items=(self._value(3), self._value(2))),
                )
            )
        counted = isinstance(items, nodes.TextValue) and rng.random() < 0.5
        return nodes.Loop(
            origin=HERE,
            variable="entry",
            items=items,
            limit=rng.choice((9, self._limit())) if counted else None,
            counted=counted,
            body=body,
            flat=len(body) % 3 > 0,
        )


def _ends(pieces: list[nodes.TextPiece | nodes.Variable]) -> str:
    last = join_pieces(pieces)[-1]
    return last.value if isinstance(last, nodes.TextPiece) else ""


def _text_value(text: nodes.Text) -> nodes.Value:
    if any(isinstance(piece, nodes.Variable) for piece in text):
        return nodes.TextValue(text=text)
    return nodes.ConstantValue(
        value="".join(piece.value for piece in text if isinstance(piece, nodes.TextPiece))
    )


def _set_by(body: nodes.Body) -> Iterator[str]:
    for statement in statements(body):
        match statement:
            case nodes.Extract() | nodes.Copy() | nodes.BackgroundExtract():
                yield statement.variable
            case nodes.Run(variable=str() as variable):
                yield variable
            case nodes.Store(assignments=assignments):
                yield from (each.variable for each in assignments)
            case _:
                pass
