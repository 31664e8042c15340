"""Writes statements as source text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, assert_never

from flowdsl.format.literals import is_name, plain_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.ir.days import read_command
from flowdsl.ir.lowering.statements import DEFAULT_TIMEOUT_MILLISECONDS, rounds_reason
from flowdsl.ir.lowering.values import (
    join_pieces,
    negate_condition,
    not_come,
    single_variable,
)
from flowdsl.semantics.values.displays import has_displays, problem_of
from flowdsl.syntax.statements import BY_KIND, STATEMENTS

from .lines import Emit, Failed, Keep, Line, adds_entry, loop_key
from .match_cases import match_cases
from .scope import Scope
from .type_names import TypeNames, Unspeakable, doc_lines
from .value_text import Consts, ValueWriter, require_literal
from .value_types import ANY, type_of, type_of_variable, unwrap_optional

INDENT = "  "
PICTURES = "./pictures/"
"""The folder of a workflow's pictures, as its file names it."""


Failing = nodes.Choose | nodes.WaitUntil | nodes.Extract | nodes.Copy | nodes.Expect


class Wanted:
    """The fields that `emit` fills in some body, by wire name: the name in source, and the type."""

    def __init__(self, fields: dict[str, tuple[str, nodes.Type]]) -> None:
        self._fields = fields

    def of(self, emit: Emit) -> tuple[str, nodes.Type]:
        name, type_ = self._fields.get(emit.field, (emit.field, ANY))
        if not is_name(name):
            raise Unspeakable(f"`{name}` is no name of a field")
        if adds_entry(emit):
            inner = unwrap_optional(type_)
            type_ = inner.element if isinstance(inner, nodes.ListType) else ANY
        return name, type_


class Writer(ValueWriter):
    """Writes the statements of one body: of a workflow, or (`in_task`) of a task.

    `bounds` are the `@max_items` of inputs, which a parameter does not have. `outputs` are the
    runtime variables that are outputs, whose types are declared.
    """

    def __init__(
        self,
        scope: Scope,
        types: TypeNames,
        consts: Consts,
        wanted: Wanted,
        bounds: dict[str, int],
        *,
        in_task: bool = False,
        outputs: Collection[str] = (),
    ) -> None:
        super().__init__(scope, consts)
        self.types = types
        self.wanted = wanted
        self.bounds = bounds
        self.in_task = in_task
        self.outputs = outputs
        self.says_match = True
        """Whether a choice between values of an enum is written as `match`."""

    def block(self, lines: list[Line], attempt: bool) -> list[str]:
        """Return the lines of a block, indented, without its braces; blank lines separate steps."""
        written: list[str] = []
        for before, line in zip([None, *lines], lines, strict=False):
            if before is not None and nodes.Step in (type(before.node), type(line.node)):
                written.append("")
            written += _indent_statement_lines(self.statement(line, attempt))
        return written

    def _write_block(
        self, head: str, lines: list[Line], attempt: bool, tail: str = ""
    ) -> list[str]:
        if not lines:
            return [f"{head} {{}}{tail}"]
        return [f"{head} {{", *self.block(lines, attempt), f"}}{tail}"]

    def _write_brief_block(self, head: str, lines: list[Line], attempt: bool) -> list[str]:
        """Return a block on one line if it is one statement without blocks."""
        written = self._write_block(head, lines, attempt)
        if len(written) != 3 or lines[0].bodies or "\n" in written[1]:
            return written
        return [" ".join((written[0], written[1].strip(), written[2]))]

    # Statements

    def statement(self, line: Line, attempt: bool) -> list[str]:
        """Return the lines of a statement, with its blocks indented; raises `Unspeakable`.

        `attempt` says that an enclosing `retry` catches a `fail`.
        """
        node = line.node
        match node:
            case nodes.Step():
                documented = doc_lines(node.description) if node.description else []
                head = f"step {self.write_headline(node.title)}"
                return [*documented, *self._write_block(head, line.bodies[0], attempt)]
            case nodes.Do():
                return [f"do {self.text(node.text)}"]
            case nodes.Choose():
                head = f"choose {self.text(node.target)}{_write_using_clause(node.model)}"
                return self._write_failure_else(head, node, line, attempt)
            case nodes.TypeIn():
                return [self._write_type_in(node)]
            case nodes.TypeDay():
                return [self._type_day(node)]
            case nodes.Clear():
                return [f"clear {self.text(node.target)}"]
            case nodes.Press():
                times = f" {node.times} times" if node.times != 1 else ""
                return [f"press {require_literal(plain_literal(_spell_keys(node.keys)))}{times}"]
            case nodes.Wait():
                return [f"wait {spell_duration(node.milliseconds)}"]
            case nodes.WaitUntil():
                head = f"wait until {self._write_awaited(node.condition)}"
                if node.timeout_milliseconds != DEFAULT_TIMEOUT_MILLISECONDS:
                    head += f" timeout {spell_duration(node.timeout_milliseconds)}"
                return self._write_failure_else(head, node, line, attempt)
            case nodes.Extract():
                head = f"extract {self._read(node)}{_write_using_clause(node.model)}"
                return self._write_missing_else(head, node, line, attempt)
            case nodes.BackgroundExtract():
                return [
                    f"extract {self._read(node)} in background{_write_using_clause(node.model)}"
                ]
            case nodes.Copy():
                head = f"copy {self._read(node)}"
                return self._write_missing_else(head, node, line, attempt)
            case nodes.Expect():
                head = f"expect {self.text(node.condition)}"
                return self._write_failure_else(head, node, line, attempt)
            case nodes.Capture():
                return [f"capture {self.text(node.file)}"]
            case nodes.Export():
                return [f"export file {self.text(node.file)}"]
            case nodes.Picture():
                shows = f" shows {self.text(node.shows)}" if node.shows is not None else ""
                return [
                    f"image {require_literal(plain_literal(PICTURES + node.alternative))}{shows}"
                ]
            case nodes.Run():
                return self._write_run(node, line, attempt)
            case nodes.If():
                return self._write_if(node, line, attempt)
            case nodes.Loop():
                return self._loop(node, line, attempt)
            case nodes.Repeat():
                return self._write_rounds(node, line, attempt)
            case nodes.Retry(entry=False):
                return self._write_retry(node, line, attempt)
            case nodes.Retry() | Failed():
                raise Unspeakable("an entry may fail that is not the whole body of a loop")
            case nodes.Leave():
                return [self._write_leave(node, attempt)]
            case Emit():
                name, type_ = self.wanted.of(node)
                sign = "+=" if node.append else "="
                return [f"emit {name} {sign} {self.value(node.value, type_)}"]
            case Keep():
                return [self._write_keep(node)]
            case nodes.Store():
                raise AssertionError("each value is emitted or kept")
            case _:
                assert_never(node)

    def _write_rounds(self, node: nodes.Repeat, line: Line, attempt: bool) -> list[str]:
        bound = f"max {self._limit(node.limit)}"
        if node.delay_milliseconds:
            bound += f" wait {spell_duration(node.delay_milliseconds)}"
        if node.looks_first:
            head, tail = f"while {self.condition(negate_condition(node.until))} {bound}", ""
        else:
            head, tail = f"repeat {bound}", f" until {self.condition(node.until)}"
        written = self._write_block(head, line.bodies[0], attempt, tail)
        own = rounds_reason(node.limit, node.until, looks_first=node.looks_first)
        return self._append_else(written, line.bodies[1], own, attempt)

    def _write_type_in(self, node: nodes.TypeIn) -> str:
        variable = single_variable(nodes.TextValue(text=node.value))
        target = self.text(node.target)
        if node.display is not None:
            if variable is None:
                raise Unspeakable("a text is typed in another format")
            type_ = unwrap_optional(type_of_variable(variable, self.scope.types))
            if not _is_display(type_, node.display):
                raise Unspeakable("a value is typed in a format that its type does not have")
            shown = require_literal(plain_literal(node.display))
            return f"type {self.scope.in_code(variable)} as {shown} {_place(node)} {target}"
        value = self.text(node.value) if variable is None else self.scope.in_code(variable)
        return f"type {value} {_place(node)} {target}"

    def _type_day(self, node: nodes.TypeDay) -> str:
        found = read_command(node.command)
        if found is None:
            raise Unspeakable("a command types something else than a day")
        day, display = found
        written = "today" if day.base == "today" else f"start of {day.base}"
        shifts = (f" {'-' if count < 0 else '+'} {abs(count)}{unit}" for count, unit in day.shifts)
        shown = require_literal(plain_literal(display))
        target = f"{_place(node)} {self.text(node.target)}"
        return f"type {written}{''.join(shifts)} as {shown} {target}"

    def _read(self, node: nodes.Extract | nodes.BackgroundExtract | nodes.Copy) -> str:
        return f"{self._write_set_name(node.variable, node.type)} from {self.text(node.source)}"

    def _write_set_name(self, variable: str, type_: nodes.Type) -> str:
        """Return the name of what a reading sets, with its type unless it is an output."""
        name = self._spell_own_variable(variable)
        return name if variable in self.outputs else f"{name}: {self.types.type_text(type_)}"

    def _spell_own_variable(self, variable: str) -> str:
        found = self.scope.find(("runtime", variable))
        if found is None or found.sigil != "runtime":
            raise Unspeakable(f"`{variable}` cannot be set here")
        return found.name

    def _write_run(self, node: nodes.Run, line: Line, attempt: bool) -> list[str]:
        head = f"run {self.write_headline(node.command)}"
        if node.variable is not None and node.type is not None:
            head += f" as {self._write_set_name(node.variable, node.type)}"
        if not line.bodies:
            return [head]
        return self._append_else([head], line.bodies[0], None, attempt)

    def _write_if(self, node: nodes.If, line: Line, attempt: bool) -> list[str]:
        cases = match_cases(
            node, has_else=bool(line.bodies[-1]), type_of_variable=self.scope.type_of
        )
        if cases is not None and self.says_match:
            return self._write_match(*cases, line, attempt)
        written: list[str] = []
        for branch, body in zip(node.branches, line.bodies, strict=False):
            head = f"if {self.condition(branch.condition)}"
            if written:
                head = f"{written.pop()} else {head}"
            written += self._write_block(head, body, attempt)
        if otherwise := line.bodies[-1]:
            written += self._write_brief_block(f"{written.pop()} else", otherwise, attempt)
        return written

    def _write_match(
        self, variable: nodes.Variable, cases: list[tuple[str, ...]], line: Line, attempt: bool
    ) -> list[str]:
        written = [f"match {self.scope.in_code(variable)} {{"]
        for values, body in zip(cases, line.bodies, strict=False):
            head = ", ".join(f'"{value}"' for value in values)
            written += _indent_statement_lines(self._write_brief_block(head, body, attempt))
        if otherwise := line.bodies[-1]:
            written += _indent_statement_lines(self._write_brief_block("else", otherwise, attempt))
        return [*written, "}"]

    def _loop(self, node: nodes.Loop, line: Line, attempt: bool) -> list[str]:
        items, bound = self._write_loop_items(node)
        types = self.scope.types
        name = self.scope.enter_loop(node.variable, type_of(node.items, types), loop_key(node))
        try:
            return self._write_loop_body(f"for {name} in {items}{bound}", line.bodies[0], attempt)
        finally:
            self.scope.leave_loop()

    def _write_loop_body(self, head: str, body: list[Line], attempt: bool) -> list[str]:
        """Return the body of a loop, with the block for a failed entry."""
        once = body[0].node if len(body) == 1 else None
        if not isinstance(once, nodes.Retry) or not once.entry:
            return self._write_block(head, body, attempt)
        inner, failure = body[0].bodies
        words = "on failure"
        if failure and isinstance(failed := failure[0].node, Failed):
            words, failure = f"{words} as {self._spell_own_variable(failed.variable)}", failure[1:]
        written = self._write_block(head, inner, True)
        return [*written[:-1], *self._write_brief_block(f"{written[-1]} {words}", failure, attempt)]

    def _write_loop_items(self, node: nodes.Loop) -> tuple[str, str]:
        """Return the items of a loop, and its bound."""
        bound = "" if node.limit is None else f" max {self._limit(node.limit)}"
        match node.items:
            case nodes.ConstantValue(value=int() as count) if not isinstance(count, bool):
                return str(count), bound
            case nodes.ConstantValue(value=list() as entries):
                if any(isinstance(entry, dict | list) for entry in entries):
                    return self.consts.name_of(entries), bound
                return require_literal(value_literal(entries)), bound
            case nodes.ListValue(items=entries):
                return f"[{', '.join(map(self._listed, entries))}]", bound
            case _:
                variable = single_variable(node.items)
                if variable is None:
                    raise Unspeakable("a loop runs over a text")
                limit = node.limit
                if variable.sigil == "input" and not variable.path:
                    declared = self.bounds.get(variable.name)
                    if isinstance(limit, nodes.Variable):
                        declared = None
                    elif declared is not None and declared <= (limit or declared):
                        bound = f" max {limit or declared}" if self.in_task else ""
                return self.scope.in_code(variable), bound

    def _listed(self, entry: nodes.Value) -> str:
        """Return an entry of a list after `in`: a literal, or a text with interpolated values."""
        if isinstance(entry, nodes.TextValue):
            return self.text(entry.text)
        return require_literal(value_literal(constant_of(entry)))

    def _limit(self, limit: nodes.Limit) -> str:
        """Return the bound of a loop: a number, or the name of an input."""
        return self.scope.in_code(limit) if isinstance(limit, nodes.Variable) else str(limit)

    def _write_retry(self, node: nodes.Retry, line: Line, attempt: bool) -> list[str]:
        head = f"retry {node.attempts}"
        if node.delay_milliseconds:
            head += f" wait {spell_duration(node.delay_milliseconds)}"
        written = self._write_block(head, line.bodies[0], True)
        otherwise = line.bodies[1]
        if _is_fail(otherwise, None, attempt):
            return written
        return [*written[:-1], *self._write_brief_block(f"{written[-1]} else", otherwise, attempt)]

    def _write_keep(self, node: Keep) -> str:
        name = self._spell_own_variable(node.variable)
        wanted = self.scope.types.get(("runtime", node.variable), ANY)
        if node.append:
            inner = unwrap_optional(wanted)
            if adds_entry(node):
                wanted = inner.element if isinstance(inner, nodes.ListType) else ANY
            return f"keep {name} += {self.value(node.value, wanted)}"
        declared = "" if node.type is None else f": {self.types.type_text(node.type)}"
        return f"keep {name}{declared} = {self.value(node.value, wanted)}"

    # Leaving

    def _write_leave(self, node: nodes.Leave, attempt: bool) -> str:
        if node.reason is None:
            raise Unspeakable("the reason of the last attempt is given on where nothing was tried")
        word = {"abort": "abort", "retry": "fail", "finish": "finish"}[node.action]
        if node.action == "retry" and not attempt:
            raise Unspeakable("an attempt fails where nothing is tried")
        return f"{word} {self.text(node.reason)}"

    def _write_missing_else(
        self, head: str, node: nodes.Extract | nodes.Copy, line: Line, attempt: bool
    ) -> list[str]:
        """Return an extract or copy with its `else`.

        Without an `else`, a required value that is missing fails, and an optional one is null.
        """
        optional = isinstance(node.type, nodes.OptionalType)
        if not line.bodies:
            if not optional:
                raise Unspeakable("a value that has to be there may be missing")
            return [head]
        if optional:
            return self._append_else([head], line.bodies[0], None, attempt)
        return self._write_failure_else(head, node, line, attempt)

    def _write_awaited(self, condition: nodes.Text | nodes.Condition) -> str:
        if isinstance(condition, tuple):
            return self.text(condition)
        return self.condition(condition)

    def _write_failure_else(self, head: str, node: Failing, line: Line, attempt: bool) -> list[str]:
        ((name, _),) = STATEMENTS[BY_KIND[node.kind][0]].texts
        own = not_come(getattr(node, name))
        return self._append_else([head], line.bodies[0], own, attempt)

    def _append_else(
        self, written: list[str], body: list[Line], default: nodes.Text | None, attempt: bool
    ) -> list[str]:
        """Return a statement with its `else`, omitted if it only fails with the default text."""
        if default is not None and _is_fail(body, default, attempt):
            return written
        if len(body) == 1 and isinstance(node := body[0].node, nodes.Leave):
            return [*written[:-1], f"{written[-1]} else {self._write_leave(node, attempt)}"]
        return [*written[:-1], *self._write_brief_block(f"{written[-1]} else", body, attempt)]


def _is_fail(body: list[Line], reason: nodes.Text | None, attempt: bool) -> bool:
    """Whether a body is what `fail` with this reason is lowered to."""
    if len(body) != 1 or not isinstance(node := body[0].node, nodes.Leave):
        return False
    if node.action != ("retry" if attempt else "abort"):
        return False
    if reason is None or node.reason is None:
        return reason is node.reason
    return join_pieces(node.reason) == join_pieces(reason)


def _place(node: nodes.TypeIn | nodes.TypeDay) -> str:
    return "over" if node.over else "into"


def _indent_statement_lines(written: list[str]) -> list[str]:
    text = "\n".join(written)
    return [INDENT + each for each in text.split("\n")]


def _write_using_clause(model: str | None) -> str:
    return "" if model is None else f" using {require_literal(plain_literal(model))}"


_SPELLED_KEYS = {"pageup": "PageUp", "pagedown": "PageDown", "capslock": "CapsLock"}


def _spell_keys(keys: str) -> str:
    """Return keys in the usual notation."""
    chords = []
    for chord in keys.split(" "):
        parts = [_SPELLED_KEYS.get(part, part[:1].upper() + part[1:]) for part in chord.split("+")]
        chords.append("+".join(parts))
    written = " ".join(chords)
    return written if written.lower() == keys else keys


def spell_duration(milliseconds: int) -> str:
    """Return a duration in the largest unit that divides it; a minute is written as `60s`."""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if milliseconds % size == 0 and milliseconds >= size and milliseconds != 60_000:
            return f"{milliseconds // size}{unit}"
    return "60s" if milliseconds == 60_000 else f"{milliseconds}ms"


def constant_of(value: nodes.Value) -> Any:
    """Return the JSON value of a list or object without variables."""
    match value:
        case nodes.ConstantValue(value=constant):
            return constant
        case nodes.ListValue(items=items):
            return [constant_of(item) for item in items]
        case nodes.ObjectValue(fields=fields):
            return {name: constant_of(item) for name, item in fields}
        case _:
            raise Unspeakable("a variable stands in a list that has to be known")


def _is_display(type_: nodes.Type, display: str) -> bool:
    """Whether `type ... as` can write a value of the type in a format."""
    return (
        isinstance(type_, nodes.ScalarType)
        and has_displays(type_.name)
        and problem_of(type_.name, display) is None
    )
