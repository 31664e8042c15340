"""Where values end up: in instructions, in commands, in expectations.

A reference in such a place is judged by the declared values that it is made of. What is made of a parameter waits for the calls:
the task's summary says where its parameters get to, and every argument is judged by that.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from . import errors, places
from .commands import unsafe_part
from .model import PARAMETER, TaskSymbol, ValueSymbol, WorkflowSymbol
from .places import Place
from .program import Program
from .provenance import EACH, Origin, Origins, Path, Provenance, refs_at
from .summaries import Reach, Summaries, summary_of
from .untrusted import is_declared_untrusted, untrusted_part


class _Use(Record):
    """A reference in a place; None is a place that only looks at it. `task` is None where the reference itself stands there."""

    place: Place | None
    ref: ast.Ref
    span: Span
    task: str | None = None


class _Site(Record):
    """The task or workflow whose body is judged, and its file."""

    source: SourceFile
    name: str


class _Value(Record):
    """The part of a reference at a path, and what that is made of."""

    source: SourceFile
    ref: ast.Ref
    path: Path
    origins: Origins

    @property
    def written(self) -> str:
        """The value as it would be written in code, without a sigil."""
        named = self.source.text[self.ref.name.start : self.ref.end].rstrip("} \t")
        steps = (step for step in self.path if step != EACH)
        return named + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)


class Destinations:
    """Judges the bodies of one program, whose names are resolved: tasks first, each after those it calls."""

    def __init__(self, program: Program, summaries: Summaries) -> None:
        self.program = program
        self.summaries = summaries
        self._untrusted = is_declared_untrusted(program)
        commands = any(
            place is places.COMMAND and any(isinstance(part, ast.Ref) for part in text.parts)
            for _, text, place in program.joined_texts
        )
        self._provenance = Provenance(program) if self._untrusted or commands else None
        self._plain: dict[ValueSymbol | None, bool] = {None: True}

    def task(self, task: TaskSymbol) -> tuple[Reach, ...]:
        """Where the parameters of a task get to."""
        return self._body(_Site(task.module.source, task.name), task.declaration.body)

    def workflow(self, workflow: WorkflowSymbol) -> None:
        """Judge everything in a workflow."""
        site = _Site(workflow.module.source, workflow.name)
        for item in workflow.declaration.items if self._provenance is not None else ():
            match item:
                case ast.StepsSection(body=body):
                    self._body(site, body)
                case ast.AlwaysSection(rules=rules):
                    for rule in rules:
                        self._text(site, rule, places.INSTRUCTION)
                case ast.ChecksSection(checks=checks):
                    for check in checks:
                        self._check(site, check.body)
                case _:
                    pass

    def _check(self, site: _Site, body: ast.CheckBody) -> None:
        match body:
            case ast.ImageCheck(shows=text) | ast.OutputCheck(statement=text):
                self._text(site, text, None)
            case ast.CleanupCheck(prompt=text):
                self._text(site, text, places.INSTRUCTION)
            case _:
                pass

    def _body(self, site: _Site, body: ast.Block) -> tuple[Reach, ...]:
        if self._provenance is None:
            return ()
        found: dict[tuple[Origin, ast.Ref], Reach] = {}
        for statement in self.program.statements(body):
            reaches: list[Reach] = []
            if isinstance(statement, ast.CallStmt):
                reaches += self._call(site, statement)
            elif self._untrusted or isinstance(statement, ast.RunStmt):
                for text, place in _places_of(statement):
                    reaches += self._text(site, text, place)
            for reach in reaches:
                found.setdefault((reach.parameter, reach.ref), reach)
        return tuple(found.values())

    def _text(self, site: _Site, text: ast.Text, place: Place | None) -> list[Reach]:
        if not self._untrusted and place is not places.COMMAND:
            return []
        values = self.program.values
        return [
            reach
            for part in text.parts
            if type(part) is ast.Ref
            and (place is places.COMMAND or not self._is_plain(values.get(part)))
            for reach in self._judge(site, part, (), _Use(place, part, part.span(site.source)))
        ]

    def _is_plain(self, symbol: ValueSymbol | None) -> bool:
        """Whether a value can be trusted whatever part of it is meant, and comes from no caller: what most texts are made of."""
        plain = self._plain.get(symbol)
        if plain is None:
            assert symbol is not None and self._provenance is not None
            plain = self._plain[symbol] = all(
                origin.symbol.kind != PARAMETER and untrusted_part(self.program, origin) is None
                for origin in self._provenance.of_symbol(symbol)
            )
        return plain

    def _call(self, site: _Site, call: ast.CallStmt) -> Iterator[Reach]:
        task = self.program.calls.get(call)
        given = {argument.name.text: argument.value for argument in call.arguments}
        for reach in summary_of(self.summaries, task).reaches:
            parameter = reach.parameter
            if parameter.symbol.name in given:
                use = _Use(reach.place, reach.ref, reach.span, reach.task)
                for ref, rest in refs_at(given[parameter.symbol.name], parameter.path):
                    yield from self._judge(site, ref, rest, use)

    def _judge(self, site: _Site, ref: ast.Ref, path: Path, use: _Use) -> Iterator[Reach]:
        """Report what may not get to a place; what is left to the calls comes back."""
        assert self._provenance is not None
        value = _Value(site.source, ref, path, self._provenance.of(ref, path))
        if self._untrusted and self._judge_trust(value, use):
            return
        if use.place is places.COMMAND and self._judge_command(value, use):
            return
        for origin in value.origins:
            if origin.symbol.kind == PARAMETER:
                yield Reach(origin, use.place, use.ref, use.span, use.task or site.name)

    def _judge_trust(self, value: _Value, use: _Use) -> bool:
        """Whether text from outside is where it may not be, reported; where it is only looked at, it is marked."""
        for origin in value.origins:
            part = untrusted_part(self.program, origin)
            if part is None:
                continue
            if use.place is None:
                self.program.quoted.add(use.ref)
                return False
            self.program.sink.report(
                errors.UNTRUSTED_IN_INSTRUCTION,
                value.ref.span(value.source),
                place=_title(use),
                written=value.written,
                why=part.why(direct=self._is_named(value.ref, origin)),
                labels=(*_there(use), Label(part.span, "declared `@untrusted` here")),
            )
            return True
        return False

    def _judge_command(self, value: _Value, use: _Use) -> bool:
        """Whether a value is not safe in a command, reported."""
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


def _title(use: _Use) -> str:
    assert use.place is not None
    if use.task is None:
        return "this instruction" if use.place is places.CHECK else use.place.title
    return f"{use.place.title.replace('this ', 'an ')} in `{use.task}`"


def _there(use: _Use) -> tuple[Label, ...]:
    return () if use.task is None else (Label(use.span, f"`{use.task}` puts it here"),)


_TEXTS: dict[type, tuple[str, Place | None]] = {
    ast.DoStmt: ("text", places.DO),
    ast.StepStmt: ("title", places.STEP_TITLE),
    ast.ChooseStmt: ("target", places.INSTRUCTION),
    ast.TypeStmt: ("target", places.INSTRUCTION),
    ast.ClearStmt: ("target", places.INSTRUCTION),
    ast.WaitUntilStmt: ("condition", places.INSTRUCTION),
    ast.ExtractStmt: ("source", places.INSTRUCTION),
    ast.CopyStmt: ("source", places.INSTRUCTION),
    ast.ImageStmt: ("shows", places.INSTRUCTION),
    ast.RunStmt: ("command", places.COMMAND),
    ast.CaptureStmt: ("file", places.FILE_NAME),
    ast.ExportStmt: ("file", places.FILE_NAME),
    ast.FailStmt: ("reason", places.REASON),
    ast.AbortStmt: ("reason", places.REASON),
    ast.FinishStmt: ("reason", places.REASON),
    ast.ExpectStmt: ("condition", None),
}
"""The text of a statement that something is done with, and its place."""


def _places_of(statement: ast.Stmt) -> Iterator[tuple[ast.Text, Place | None]]:
    """The texts of a statement that something is done with, each with its place."""
    named = _TEXTS.get(type(statement))
    if named is not None:
        text = getattr(statement, named[0])
        if text is not None:
            yield text, named[1]
    elif isinstance(statement, ast.IfStmt):
        for branch in statement.branches:
            yield from _seen(branch.condition)
    elif isinstance(statement, ast.RepeatStmt):
        yield from _seen(statement.until)
    otherwise = getattr(statement, "otherwise", None)
    if isinstance(otherwise, ast.Otherwise) and not isinstance(otherwise.action, ast.Block):
        yield otherwise.action.reason, places.REASON


def _seen(condition: ast.Condition) -> Iterator[tuple[ast.Text, None]]:
    for node in walk(condition):
        if isinstance(node, ast.SeesExpr):
            yield node.text, None
