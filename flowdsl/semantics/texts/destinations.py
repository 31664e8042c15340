"""Where values end up: in instructions, in commands, in expectations.

A reference in such a place is checked by the declared values that it is made of. One that is made
of a parameter cannot be checked inside the task: the task's summary says where its parameters end
up, and the arguments of every call are checked against that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import EXPECTED, TYPED, texts_of

from .. import errors, places
from ..calls.summaries import Reach, Summaries, summary_of
from ..model import INPUT, PARAMETER, RUNTIME, TaskSymbol, ValueSymbol, WorkflowSymbol
from ..names.paths import steps_of
from ..places import Place
from ..program import Program
from ..provenance.origins import (
    EACH,
    TRACED,
    Origin,
    Origins,
    Path,
    Provenance,
    find_origin_declaration,
    refs_at,
)
from ..provenance.untrusted import find_untrusted_part, is_declared_untrusted
from ..traversal import NO_REFS, RefIndex
from ..types import (
    STRING,
    Enum,
    ListOf,
    Primitive,
    RecordOf,
    Type,
    Unknown,
    describe_type,
    strip_optional,
)


class _Use(Record):
    """A reference in a place; `place` is None where a value is only compared.

    `task` is the name of the called task that contains the reference; None if it is in the body
    that is checked.
    """

    place: Place | None
    ref: ast.Ref
    span: Span
    task: str | None = None


class _JudgingContext(Record):
    """The file and name of the task or workflow whose body is checked."""

    source: SourceFile
    name: str


class _PartValue(Record):
    """The part of a reference at a path, and its origins."""

    source: SourceFile
    ref: ast.Ref
    path: Path
    origins: Origins

    @property
    def written(self) -> str:
        """Return the value as it would be written in code, without a sigil."""
        named = self.source.text[self.ref.name.start : self.ref.end].rstrip("} \t")
        steps = (step for step in self.path if step != EACH)
        return named + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)


class Destinations:
    """Checks the bodies of one program, whose names are resolved.

    Tasks must be checked first, each after those it calls.
    """

    def __init__(self, program: Program, summaries: Summaries) -> None:
        self.program = program
        self.summaries = summaries
        self._untrusted = is_declared_untrusted(program)
        self._provenance = Provenance(program)
        self._suspect_values: dict[ValueSymbol, bool] = {}
        self._suspect_parts: dict[tuple[ValueSymbol, Path], bool] = {}
        self._suspects: dict[SourceFile, RefIndex] = {}
        for scope in program.scopes.values() if self._untrusted else ():
            known = self._suspect_values
            suspects = [
                ref
                for ref, symbol in scope.text_refs
                if known.get(symbol, True) and self._is_suspect(ref, symbol)
            ]
            if suspects:
                self._suspects[scope.source] = RefIndex(suspects)

    def task(self, task: TaskSymbol) -> tuple[Reach, ...]:
        """Check the body of a task, and return where its parameters end up."""
        return self._body(_JudgingContext(task.module.source, task.name), task.declaration.body)

    def workflow(self, workflow: WorkflowSymbol) -> None:
        """Check everything in a workflow."""
        context = _JudgingContext(workflow.module.source, workflow.name)
        for item in workflow.declaration.items:
            match item:
                case ast.StepsSection(body=body):
                    self._body(context, body)
                case ast.AlwaysSection(rules=rules):
                    for rule in rules:
                        self._text(context, rule, places.INSTRUCTION)
                case ast.ChecksSection(checks=checks):
                    for check in checks:
                        self._check(context, check.body)
                case _:
                    pass

    def _check(self, context: _JudgingContext, body: ast.CheckBody) -> None:
        match body:
            case ast.ImageCheck(shows=text) | ast.OutputCheck(statement=text):
                self._text(context, text, None)
            case ast.CleanupCheck(prompt=text):
                self._text(context, text, places.INSTRUCTION)
            case _:
                pass

    def _body(self, context: _JudgingContext, body: ast.Block) -> tuple[Reach, ...]:
        found: dict[tuple[Origin, ast.Ref], Reach] = {}
        suspects = self._suspects.get(context.source, NO_REFS)
        inside = bool(suspects.within(body))
        for statement in self.program.statements(body):
            reaches: list[Reach] = []
            if type(statement) is ast.CallStmt:
                reaches += self._call(context, statement)
            elif type(statement) is ast.RunStmt or (inside and suspects.within(statement)):
                for text, place in _places_of(statement):
                    reaches += self._text(context, text, place)
            for reach in reaches:
                found.setdefault((reach.parameter, reach.ref), reach)
        return tuple(found.values())

    def _text(self, context: _JudgingContext, text: ast.Text, place: Place | None) -> list[Reach]:
        refs: Iterable[ast.TextPart] = text.parts
        if place is not places.COMMAND:
            refs = self._suspects.get(context.source, NO_REFS).within(text)
        return [
            reach
            for part in refs
            if isinstance(part, ast.Ref)
            for reach in self._judge_value(
                context, part, (), _Use(place, part, part.span(context.source))
            )
        ]

    def _is_suspect(self, ref: ast.Ref, symbol: ValueSymbol, path: Path = ()) -> bool:
        """Whether the part of a reference at `path` may be text from outside or from a caller.

        Very few are; this test excludes all others at little cost.
        """
        suspect = self._suspect_values.get(symbol)
        if suspect is None:
            if symbol.kind == INPUT:  # it has no origins besides itself
                suspect = find_untrusted_part(self.program, Origin(symbol, ())) is not None
            else:
                suspect = symbol.kind in TRACED and self._is_suspect_part(symbol, ())
            self._suspect_values[symbol] = suspect
        if not suspect or not (ref.path or path):
            return suspect
        part = (symbol, (*steps_of(ref, symbol), *path))
        if part not in self._suspect_parts:
            self._suspect_parts[part] = self._is_suspect_part(*part)
        return self._suspect_parts[part]

    def _is_suspect_part(self, symbol: ValueSymbol, path: Path) -> bool:
        for origin in self._provenance.of_symbol(symbol, path):
            if (
                origin.symbol.kind == PARAMETER
                or find_untrusted_part(self.program, origin) is not None
            ):
                return True
        return False

    def _call(self, context: _JudgingContext, call: ast.CallStmt) -> Iterator[Reach]:
        task = self.program.calls.get(call)
        reaches = summary_of(self.summaries, task).reaches
        given = {argument.name.text: argument.value for argument in call.arguments if reaches}
        for reach in reaches:
            parameter = reach.parameter
            if parameter.symbol.name in given:
                use = _Use(reach.place, reach.ref, reach.span, reach.task)
                for ref, rest in refs_at(
                    self.program, given[parameter.symbol.name], parameter.path
                ):
                    symbol = self.program.values.get(ref)
                    if symbol is not None and (
                        reach.place is places.COMMAND or self._is_suspect(ref, symbol, rest)
                    ):
                        yield from self._judge_value(context, ref, rest, use)

    def _judge_value(
        self, context: _JudgingContext, ref: ast.Ref, path: Path, use: _Use
    ) -> Iterator[Reach]:
        """Report a value that is not allowed in a place; yield what the calls have to check."""
        value = _PartValue(context.source, ref, path, self._provenance.of(ref, path))
        if self._untrusted and self._judge_trust(value, use):
            return
        if use.place is places.COMMAND and self._judge_command(value, use):
            return
        for origin in value.origins:
            if origin.symbol.kind == PARAMETER:
                yield Reach(origin, use.place, use.ref, use.span, use.task or context.name)

    def _judge_trust(self, value: _PartValue, use: _Use) -> bool:
        """Whether text from outside is used where it is not allowed; if so, it is reported.

        If it is only compared, it is recorded in `program.quoted`, and the prompt marks it as data.
        """
        for origin in value.origins:
            part = find_untrusted_part(self.program, origin)
            if part is None:
                continue
            if use.place is None:
                self.program.quoted.add(use.ref)
                return False
            self.program.sink.report(
                errors.UNTRUSTED_IN_INSTRUCTION,
                value.ref.span(value.source),
                place=_title_of_use(use),
                written=value.written,
                why=part.why(direct=self._is_named(value.ref, origin)),
                labels=(*_there(use), Label(part.span, "declared `@untrusted` here")),
            )
            return True
        return False

    def _judge_command(self, value: _PartValue, use: _Use) -> bool:
        """Whether a value is unsafe in a command; if so, it is reported."""
        for origin in value.origins:
            unsafe = unsafe_part(origin)
            if unsafe is None:
                continue
            self.program.sink.report(
                errors.UNSAFE_VALUE_IN_COMMAND,
                value.ref.span(value.source),
                written=value.written,
                why=unsafe.why,
                help=unsafe.help,
                labels=(*_there(use), Label(origin.symbol.span, "declared here")),
            )
            return True
        return False

    def _is_named(self, ref: ast.Ref, origin: Origin) -> bool:
        """Whether a reference names an origin itself, or an entry of it in a loop."""
        symbol = self.program.values[ref]
        iterable = self.program.iterables.get(symbol)
        if isinstance(iterable, ast.Ref):
            return self._is_named(iterable, origin)
        return symbol is origin.symbol


def _title_of_use(use: _Use) -> str:
    assert use.place is not None
    if use.task is None:
        return "this instruction" if use.place is places.CHECK else use.place.title
    return f"{use.place.title.replace('this ', 'an ')} in `{use.task}`"


def _there(use: _Use) -> tuple[Label, ...]:
    return () if use.task is None else (Label(use.span, f"`{use.task}` puts it here"),)


def _places_of(statement: ast.Stmt) -> Iterator[tuple[ast.Text, Place | None]]:
    """Yield the restricted texts of a statement, each with its place."""
    for text, role in texts_of(statement):
        if role != TYPED:  # typing text from outside is allowed
            yield text, None if role == EXPECTED else places.OF_ROLE[role]


# Values that a terminal command may contain: those that cannot inject a command.

_SAFE = frozenset(("int", "number", "bool", "date", "datetime", "time"))
_READ = "is set while the workflow runs, and can hold anything that was on screen"
_READ_HELP = (
    "take the value from an input that is an enum, a number, a date, or a `string` with `@pattern`"
)
_UNBOUND = "has a `@pattern` that only a part of the text needs to match"
_UNBOUND_HELP = (
    "begin the pattern with `^` and end it with `$`, with the choices in brackets, as in "
    '`r"^(day|week)$"`'
)
_ONE_VALUE = "name one value of it that is an enum, a number, a date, or a `string` with `@pattern`"


class UnsafePart(Record):
    """Why a value is unsafe in a command, as the predicate of a sentence, and a remedy."""

    why: str
    help: str


def unsafe_part(origin: Origin) -> UnsafePart | None:
    """Return why an origin is unsafe in a command; None if it is safe.

    None, too, for a parameter that is a plain text: its arguments are checked at the calls.
    """
    symbol = origin.symbol
    if symbol.kind == RUNTIME:
        return UnsafePart(_READ, _READ_HELP)
    found = find_origin_declaration(origin)
    type_ = strip_optional(found.type)
    if isinstance(type_, Enum) and type_.open:
        type_ = STRING
    if isinstance(type_, Enum | Unknown) or (isinstance(type_, Primitive) and type_.name in _SAFE):
        return None
    if type_ == STRING:
        if symbol.kind == PARAMETER and not origin.path:
            return None
        pattern = None if found.field is None else found.field.constraints.pattern
        if pattern is not None:
            return None if _covers_all(pattern) else UnsafePart(_UNBOUND, _UNBOUND_HELP)
        name = symbol.name if found.field is None else found.field.name
        if origin.path and origin.path[-1] == EACH:
            help = (
                f"make the entries of `{name}` an enum, or records with a `string` that has "
                "`@pattern`"
            )
        else:
            help = (
                f'declare `{name}` with `@pattern(r"...")` for the characters it may have, or as '
                "an enum"
            )
        return UnsafePart("is a `string` without `@pattern`", help)
    return UnsafePart(f"is {_describe_unsafe_type(type_)}", _way_out(type_))


def _covers_all(pattern: str) -> bool:
    """Whether `pattern` matches only whole texts: both ends are anchored in every alternative."""
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern)
    while (shorter := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = shorter
    return bare.startswith("^") and bare.endswith("$") and "|" not in bare


def _describe_unsafe_type(type_: Type) -> str:
    match type_:
        case RecordOf():
            return "a record"
        case ListOf():
            return "a list"
        case _:
            return f"of the type `{describe_type(type_)}`"


def _way_out(type_: Type) -> str:
    if isinstance(type_, RecordOf | ListOf) or describe_type(type_) == "any":
        return _ONE_VALUE
    return 'declare it as `string @pattern(r"...")` for the characters it may have'
