"""The values and texts in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import CONST, ENVIRONMENT, SemanticModel
from flowdsl.simulate.interpreter.expressions import render_exact_text, resolve_constant
from flowdsl.simulate.interpreter.fields import find_field_of_key, on_the_wire, type_at
from flowdsl.simulate.interpreter.frames import Frame, Run
from flowdsl.simulate.interpreter.values import is_same, spell_value
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import Question, Unanswerable, World
from flowdsl.source.patterns import matches_whole
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from .telling import shorten_line

Pattern = Any
"""JSON that may contain instances of the classes below."""


class Literals:
    """Evaluates values and texts in the tests of one file, with the `vars` of an environment."""

    def __init__(
        self, model: SemanticModel, module: ast.Module, environment: Mapping[str, str]
    ) -> None:
        self.source = module.source
        self.model = model
        run = Run(model, Recorder(World({}, _nothing, {})), {}, environment)
        self._frame = Frame(run, module.source, ast.Block(0, 0, ()), (), {})

    def span(self, node: ast.Node) -> Span:
        """Return the span of a node of the test."""
        return node.span(self.source)

    def json(self, expr: ast.Expr | ast.GivenRows, type_: types.Type = types.ANY) -> Any:
        """Return a value of a type as JSON, with fields by wire name."""
        known = self.model.constants.get(expr, expr)
        return on_the_wire(resolve_constant(self._frame, known), type_)

    def rows(self, section: ast.FixtureSection) -> dict[str, Any]:
        """Return the inputs that a fixture, or its `with`, loads from files."""
        held: dict[str, Any] = resolve_constant(self._frame, self.model.constants[section])
        return held

    def pattern(self, value: ast.Pattern, type_: types.Type = types.ANY) -> Pattern:
        """Return the expected pattern of a value of a type, with fields by wire name."""
        match value:
            case ast.PartText(text=text):
                return Part(self.line(text))
            case ast.MatchingText(pattern=pattern):
                return Matching(pattern.value)
            case ast.OpenList(items=items):
                return Beginning([self.pattern(each, type_at(type_, None)) for each in items])
            case ast.OpenObject(pairs=pairs):
                return Some(dict(self._member(pair, type_) for pair in pairs))
            case ast.ListExpr(items=items) if value not in self.model.constants:
                return [self.pattern(each, type_at(type_, None)) for each in items]
            case ast.ObjectExpr(pairs=pairs) if value not in self.model.constants:
                return dict(self._member(pair, type_) for pair in pairs)
            case _:
                return self.json(value, type_)

    def _member(self, pair: ast.Pair, type_: types.Type) -> tuple[str, Pattern]:
        key = pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value
        field = find_field_of_key(type_, key)
        if field is None:
            return key, self.pattern(pair.value)
        return field.wire_name, self.pattern(pair.value, field.type)

    def line(self, text: ast.Text) -> str:
        """Return a text on one line, the form that questions and reasons have."""
        return on_one_line(render_exact_text(self._frame, text))

    def matched(self, written: ast.Text | ast.PartText, *, exact: bool = False) -> tuple[str, bool]:
        """Return a sought text, on one line unless `exact`, and whether it is only a part."""
        text = written.text if isinstance(written, ast.PartText) else written
        found = self.exact(text) if exact else self.line(text)
        return found, isinstance(written, ast.PartText)

    def exact(self, text: ast.Text) -> str:
        """Return a text with its consts and `env` filled in."""
        return render_exact_text(self._frame, text)

    def prompt_text(self, text: ast.Text) -> str:
        """Return a text to find in a prompt, where only consts and `env` are filled in."""
        return "".join(self._prompt_piece(part) for part in text.parts)

    def _prompt_piece(self, part: ast.TextPart) -> str:
        match part:
            case ast.TextLiteral(value=value):
                return value
            case ast.TextComment():
                return ""
            case ast.Ref():
                symbol = self.model.values.get(part)
                if symbol is None or symbol.kind not in (CONST, ENVIRONMENT):
                    return self.span(part).text
                return render_exact_text(
                    self._frame, ast.Text(part.start, part.end, ast.STRING, (part,))
                )


def _nothing(question: Question, position: int) -> Any:
    raise Unanswerable(f"a literal asks nothing, and not {question} at {position}")


class Part(Record):
    """Matches a text that contains this one."""

    text: str


class Matching(Record):
    """Matches a text that the whole pattern matches."""

    pattern: str


class Beginning(Record):
    """Matches a list that begins with these entries."""

    entries: list[Pattern]


class Some(Record):
    """Matches a record with these fields, whatever other fields it has."""

    fields: Mapping[str, Pattern]


def first_difference(expected: Pattern, found: Any, path: str) -> str | None:
    """Return the first difference of a value from its pattern in a sentence; None if it matches."""
    match expected, found:
        case Part(text), str() if text in found:
            return None
        case Matching(pattern), str() if matches_whole(pattern, found):
            return None
        case ((dict() | Some()), dict()):
            return _of_record(expected, found, path)
        case ((list() | Beginning()), list()):
            return _of_list(expected, found, path)
        case _ if is_same(expected, found):
            return None
        case _:
            return f"`{path}` is {format_pattern(found)}, not {format_pattern(expected)}"


def _of_record(expected: dict[str, Pattern] | Some, found: dict[str, Any], path: str) -> str | None:
    fields = expected.fields if isinstance(expected, Some) else {**expected, **found}
    wanted = expected.fields if isinstance(expected, Some) else expected
    for name in fields:
        here = first_difference(wanted.get(name), found.get(name), f"{path}.{name}")
        if here is not None:
            return here
    return None


def _of_list(expected: list[Pattern] | Beginning, found: list[Any], path: str) -> str | None:
    is_open = isinstance(expected, Beginning)
    entries = expected.entries if isinstance(expected, Beginning) else expected
    for number, (one, other) in enumerate(zip(entries, found, strict=False)):
        here = first_difference(one, other, f"{path}[{number}]")
        if here is not None:
            return here
    if len(found) < len(entries) or (len(found) > len(entries) and not is_open):
        has = "1 entry" if len(found) == 1 else f"{len(found)} entries"
        return f"`{path}` has {has}, not {len(entries)}{' or more' if is_open else ''}"
    return None


def format_pattern(value: Pattern) -> str:
    """Format a value or a pattern for a message."""
    return shorten_line(_format_nested_pattern(value))


def _format_nested_pattern(value: Pattern) -> str:
    match value:
        case None:
            return "missing"
        case Part(text):
            return f'a text with "{text}"'
        case Matching(pattern):
            return f'a text that r"{pattern}" matches'
        case Beginning() | Some():
            return "a list" if isinstance(value, Beginning) else "a record"
        case str():
            return f'"{value}"'
        case list() if any(isinstance(each, Part | Beginning | Some) for each in value):
            return "a list"
        case dict() if any(isinstance(each, Part | Beginning | Some) for each in value.values()):
            return "a record"
        case _:
            return spell_value(value)
