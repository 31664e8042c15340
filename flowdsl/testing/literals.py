"""The values and texts in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdsl.semantics import types
from flowdsl.semantics.model import CONST, ENVIRONMENT
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.interpreter.expressions import render_exact_text, resolve_constant
from flowdsl.simulate.interpreter.fields import find_field_of_key, on_the_wire, type_at
from flowdsl.simulate.interpreter.frames import Frame, Run
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import Question, Unanswerable, World
from flowdsl.source.record import Record
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from .patterns import ANYTHING, Between, Entries, Matching, Part, Pattern, Some, Unlike


class SoughtText(Record, eq=True):
    """A text that a test looks for; `part`: it is only a part of what is meant."""

    text: str
    part: bool

    def fits(self, found: str) -> bool:
        """Whether a text is the one that is meant."""
        return self.text in found if self.part else self.text == found

    def describe(self, noun: str) -> str:
        """Return the text in quotation marks, of a part as `a reason with "..."`."""
        return f'a {noun} with "{self.text}"' if self.part else f'"{self.text}"'


ANY_TEXT = SoughtText("", part=True)


class LiteralValues:
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
            case ast.RangeOfValues(low=low, high=high):
                bounds = (None if each is None else self.json(each, type_) for each in (low, high))
                return Between(*bounds)
            case ast.OtherValue(value=other):
                return Unlike(self.pattern(other, type_))
            case ast.OpenList(items=items, any_order=any_order):
                element = type_at(type_, None)
                entries = [
                    ANYTHING if isinstance(each, ast.Rest) else self.pattern(each, element)
                    for each in items
                ]
                return Entries(entries, any_order)
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

    def sought(self, written: ast.Text | ast.PartText, *, exact: bool = False) -> SoughtText:
        """Return what a test looks for, on one line unless `exact`."""
        text = written.text if isinstance(written, ast.PartText) else written
        spelled = render_exact_text(self._frame, text) if exact else self.line(text)
        return SoughtText(spelled, isinstance(written, ast.PartText))

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
