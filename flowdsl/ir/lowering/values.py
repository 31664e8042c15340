"""From AST to IR: references, texts, values and conditions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, assert_never

from flowdsl.semantics import model as semantic
from flowdsl.semantics import types
from flowdsl.semantics.declarations.constants import evaluate_constant
from flowdsl.semantics.names.paths import path_of
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.values.fitting import is_textual
from flowdsl.semantics.values.spelling import MISSING, has_pattern, spell_constant
from flowdsl.source.files import resolve_path
from flowdsl.source.record import Record, replace
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import has_lines, in_paragraphs, on_one_line

from .. import nodes
from ..walk import walk
from .types import TypeLowering, find_lacking_fields, to_json

LOOP_ITEM = "loop_item"
"""The runtime variable of the platform that holds the current entry of a loop."""


NO_NAMES: Mapping[str, str] = MappingProxyType({})


class Frame(Record):
    """The context of a piece of source once tasks are inlined.

    - `arguments`: the values of a task's parameters.
    - `variables`: the unique names of runtime variables, by their names as written.
    - `results`: the variables that hold the fields of call results, keyed by the variable that a
      call sets and by the field. A result that is also in `variables` is stored as one object, too.
    - `fields`: the variables that `emit` sets, by output or field.
    - `body`: the whole body of the task or workflow.
    - `attempt`: a `fail` is caught.
    - `passes`: the place is inside a `for` or `repeat` of this body.
    - `inside`: the place is inside a step with a title, or another statement.
    - `entries`: placeholders for the entries of the enclosing loops, by loop variable; the entry
      itself if it is known.
    - `held`: the variables that hold whole arguments, by parameter.
    - `initial`: the initial values of outputs, or of the fields of a task's result; others start as
      missing.
    """

    source: SourceFile
    arguments: dict[str, nodes.Value]
    variables: dict[str, str]
    results: dict[str, dict[str, str]]
    fields: dict[str, str]
    body: ast.Block
    attempt: bool = False
    passes: bool = False
    inside: bool = False
    entries: Mapping[str, str | nodes.Value] = NO_NAMES
    held: Mapping[str, str] = NO_NAMES
    initial: Mapping[str, nodes.Value] = MappingProxyType({})

    def within(
        self,
        *,
        attempt: bool = False,
        passes: bool = False,
        entries: Mapping[str, str | nodes.Value] = NO_NAMES,
    ) -> Frame:
        """Return this frame for a place inside a statement, which may be an attempt or a pass."""
        if self.inside and not (attempt or passes or entries):
            return self
        return replace(
            self,
            attempt=self.attempt or attempt,
            passes=self.passes or passes,
            inside=True,
            entries={**self.entries, **entries} if entries else self.entries,
        )


def origin_of(source: SourceFile, node: ast.Node) -> nodes.Origin:
    """Return the source range of a node, in lines and columns."""
    return nodes.Origin(source.path, *source.place(node.start), *source.place(node.end))


# Constants and text


def literal_text(value: str) -> nodes.Text:
    """Return a text without variables."""
    return (nodes.TextPiece(value=value),) if value else ()


def unmet_reason(own: nodes.Text) -> nodes.Text:
    """Return the default reason of a statement that did not find what it looked for."""
    return join_pieces((*literal_text("not so or not found: "), *own))


def not_come(condition: nodes.Text | nodes.Condition) -> nodes.Text:
    """Return the default reason of a `wait until`."""
    if isinstance(condition, tuple):
        return unmet_reason(condition)
    return literal_text("what was waited for did not come")


def negate_condition(condition: nodes.Condition) -> nodes.Condition:
    """Return the negation of `condition`, with each `not` at what it negates."""
    match condition:
        case nodes.Not(operand=operand):
            return operand
        case nodes.Compare(operator="=="):
            return replace(condition, operator="!=")
        case nodes.Compare(operator="!="):
            return replace(condition, operator="==")
        case nodes.AllOf(operands=operands):
            return nodes.AnyOf(operands=tuple(map(negate_condition, operands)))
        case nodes.AnyOf(operands=operands):
            return nodes.AllOf(operands=tuple(map(negate_condition, operands)))
        case _:
            return nodes.Not(operand=condition)


def _long_constant(value: nodes.Value) -> str | None:
    """Return the text of a multi-line constant, which is laid out like literal text."""
    text = value.value if isinstance(value, nodes.ConstantValue) else None
    return text if isinstance(text, str) and has_lines(text) else None


def command_failed(command: nodes.Text) -> nodes.Text:
    """Return the reason for a command without `else` whose output cannot be stored."""
    first: list[nodes.Piece] = []
    for piece in command:
        if isinstance(piece, nodes.TextPiece) and "\n" in piece.value:
            first.append(nodes.TextPiece(value=piece.value.partition("\n")[0].rstrip()))
            break
        first.append(piece)
    if first and isinstance(last := first[-1], nodes.TextPiece):
        first[-1] = nodes.TextPiece(value=last.value.rstrip())
    return join_pieces((*literal_text("the command failed: "), *first))


def join_pieces(pieces: Iterable[nodes.Piece]) -> nodes.Text:
    """Join neighbouring literals and drop empty ones."""
    merged: list[nodes.Piece] = []
    for piece in pieces:
        if isinstance(piece, nodes.TextPiece):
            if not piece.value:
                continue
            if merged and isinstance(last := merged[-1], nodes.TextPiece):
                merged[-1] = nodes.TextPiece(value=last.value + piece.value)
                continue
        merged.append(piece)
    return tuple(merged)


def text_of(value: nodes.Value) -> nodes.Text:
    """Return a value as text; lists and objects become JSON."""
    match value:
        case nodes.TextValue(text=text):
            return text
        case nodes.ConstantValue(value=constant):
            return literal_text(spell_constant(_as_saved(constant)))
        case nodes.ListValue() | nodes.ObjectValue():
            return join_pieces(_json_pieces(value))
        case _:
            assert_never(value)


def holds_unspelled(value: nodes.Value) -> bool:
    """Whether a list or object contains what cannot be filled in as a part of JSON.

    A text that is known only at run time may contain a quotation mark, which `input_schema` rejects
    in inputs that are texts; a list or an object contains some as a text. A number that may be
    missing is filled in as `__EMPTY__`.
    """
    inside = walk(value) if isinstance(value, nodes.ListValue | nodes.ObjectValue) else ()
    return any(isinstance(each, nodes.TextValue) and each.bare for each in inside) or any(
        isinstance(piece, nodes.Variable)
        and piece.in_json
        and (piece.structured or piece.sigil != "input")
        for piece in text_of(value)
    )


def _json_pieces(value: nodes.Value) -> Iterable[nodes.Piece]:
    match value:
        case nodes.ConstantValue(value=constant):
            yield nodes.TextPiece(value=json.dumps(_as_saved(constant), ensure_ascii=False))
        case nodes.TextValue(text=text, json=True):
            yield from text
        case nodes.TextValue(text=text):
            yield nodes.TextPiece(value='"')
            for piece in text:
                if isinstance(piece, nodes.TextPiece):
                    quoted = json.dumps(piece.value, ensure_ascii=False)
                    yield nodes.TextPiece(value=quoted[1:-1])
                else:
                    yield replace(piece, in_json=True)
            yield nodes.TextPiece(value='"')
        case nodes.ListValue(items=items):
            for index, item in enumerate(items):
                yield nodes.TextPiece(value=", " if index else "[")
                yield from _json_pieces(item)
            yield nodes.TextPiece(value="]" if items else "[]")
        case nodes.ObjectValue(fields=fields):
            for index, (name, item) in enumerate(fields):
                key = json.dumps(name, ensure_ascii=False)
                yield nodes.TextPiece(value=(", " if index else "{") + key + ": ")
                yield from _json_pieces(item)
            yield nodes.TextPiece(value="}" if fields else "{}")
        case _:
            assert_never(value)


def _as_saved(constant: Any) -> Any:
    """Return a part of a list or object as JSON, in which a missing value is spelled out."""
    match constant:
        case None:
            return MISSING
        case list():
            return [_as_saved(each) for each in constant]
        case dict():
            return {name: _as_saved(each) for name, each in constant.items()}
        case _:
            return to_json(constant)


class _EnvironmentValues(dict[str, str]):
    """The `vars` of an environment; a variable that is not set reads as `env.x`."""

    def __missing__(self, name: str) -> str:
        return f"env.{name}"


class ValueLowering:
    """Lowers expressions of one program.

    `environment` are the `vars` of the environment; a variable that is not set reads as its name.
    """

    def __init__(self, model: SemanticModel, environment: Mapping[str, str]) -> None:
        self.model = model
        self.environment = _EnvironmentValues(environment)
        self.count: Callable[[ast.Ref, Frame], nodes.Value]
        """Returns the number of entries of a list, which was stored before it is used."""
        # No method of this object: a cycle would keep the whole program in memory.
        self.types = TypeLowering(partial(evaluate_constant, model, variables=self.environment))
        self._consts: dict[semantic.ValueSymbol, nodes.ConstantValue] = {}
        self.read_outputs = {each.name for each in model.values.values() if each.is_output}

    # References

    def lower_reference(self, ref: ast.Ref, frame: Frame) -> nodes.Value:
        """Return the value of a reference after inlining."""
        if ref.counted is not None:
            return self.count(ref.counted, frame)
        symbol = self.model.values[ref]
        match symbol.kind:
            case semantic.INPUT:
                wire = symbol.field.wire_name if symbol.field else symbol.name
                return _make_variable_value("input", wire, wire_path(symbol.type, ref.path))
            case semantic.SECRET if symbol.name not in frame.arguments:
                wire = symbol.field.wire_name if symbol.field else symbol.name
                return _make_variable_value("secret", wire, wire_path(symbol.type, ref.path))
            case semantic.PARAMETER | semantic.SECRET:
                return select_part(frame.arguments[symbol.name], wire_path(symbol.type, ref.path))
            case semantic.CONST:
                return select_part(
                    self._lower_const(symbol), wire_path(symbol.type, path_of(ref, symbol))
                )
            case semantic.LOOP:
                path = wire_path(symbol.type, ref.path)
                entry = frame.entries.get(symbol.name)
                if entry is None:
                    return _make_variable_value("runtime", LOOP_ITEM, path)
                if not isinstance(entry, str):
                    return select_part(entry, path)
                return _make_variable_value("saved", entry, path)
            case semantic.ENVIRONMENT:
                name = ref.path[0]
                assert isinstance(name, ast.FieldAccess)
                return nodes.ConstantValue(value=self.environment[name.name])
            case semantic.RUNTIME if symbol.name not in frame.variables:
                record = types.strip_optional(symbol.type)
                assert isinstance(record, types.RecordOf)
                whole = result_object(record, frame.results[symbol.name])
                return select_part(whole, wire_path(record, ref.path))
            case semantic.RUNTIME:
                unique = frame.variables[symbol.name]
                return _make_variable_value("runtime", unique, wire_path(symbol.type, ref.path))
            case _:
                raise AssertionError(f"a {symbol.kind} cannot stand in a value")

    def _lower_const(self, symbol: semantic.ValueSymbol) -> nodes.ConstantValue:
        """Return the value of a const, cached since it may be large and used very often."""
        found = self._consts.get(symbol)
        if found is None:
            whole = symbol.value if symbol.literal is None else symbol.literal
            found = nodes.ConstantValue(value=to_json(self.constant(whole)))
            self._consts[symbol] = found
        return found

    def image(self, statement: ast.ImageStmt, source: SourceFile) -> bytes:
        path = resolve_path(source.path, statement.path.value)
        assert path is not None
        return self.model.images[path]

    # Text and values

    def text(self, text: ast.Text, frame: Frame) -> nodes.Text:
        """Lower a text, with its parameters, consts and environment values filled in."""
        return join_pieces(self._pieces(text, frame))

    def line(self, text: ast.Text, frame: Frame) -> nodes.Text:
        """Lower a text whose line breaks mean nothing to one line; values are unchanged."""
        return self._lay_out(text, frame, on_one_line)

    def lower_prose(self, text: ast.Text, frame: Frame) -> nodes.Text:
        """Lower free instructions, with a line for each paragraph and each item of a list."""
        return self._lay_out(text, frame, in_paragraphs)

    def _lay_out(self, text: ast.Text, frame: Frame, layout: Callable[[str], str]) -> nodes.Text:
        parts = text.parts
        if len(parts) == 1 and isinstance(only := parts[0], ast.TextLiteral):
            return literal_text(layout(only.value))
        return join_pieces(self._lay_out_pieces(text, frame, layout))

    def _pieces(self, text: ast.Text, frame: Frame) -> Iterator[nodes.Piece]:
        for part in text.parts:
            match part:
                case ast.TextLiteral():
                    yield nodes.TextPiece(value=part.value)
                case ast.Ref():
                    yield from self._fill_in_reference(
                        part, self.lower_reference(part, frame), frame
                    )
                case ast.TextComment():
                    pass
                case _:
                    assert_never(part)

    def _lay_out_pieces(
        self, text: ast.Text, frame: Frame, layout: Callable[[str], str]
    ) -> Iterator[nodes.Piece]:
        own: list[str] = []
        refs: list[tuple[ast.Ref, nodes.Value]] = []
        for part in text.parts:
            match part:
                case ast.TextLiteral(value=literal):
                    own.append(literal)
                case ast.Ref():
                    value = self.lower_reference(part, frame)
                    if (long := _long_constant(value)) is not None:
                        own.append(long)
                        continue
                    refs.append((part, value))
                    own.append(_PLACE)
                case ast.TextComment():
                    pass
        first, *rest = layout("".join(own)).split(_PLACE)
        yield nodes.TextPiece(value=first)
        for (ref, value), after in zip(refs, rest, strict=True):
            yield from self._fill_in_reference(ref, value, frame)
            yield nodes.TextPiece(value=after)

    def _fill_in_reference(
        self, ref: ast.Ref, value: nodes.Value, frame: Frame
    ) -> Iterable[nodes.Piece]:
        text = self._spell_value(ref, value, frame)
        return _mark_as_data(text) if ref in self.model.quoted else text

    def spelled(self, ref: ast.Ref, frame: Frame) -> nodes.Text:
        """Lower a reference inside a text."""
        return self._spell_value(ref, self.lower_reference(ref, frame), frame)

    def _spell_value(self, ref: ast.Ref, value: nodes.Value, frame: Frame) -> nodes.Text:
        """Return the value of a reference inside a text.

        A part of an argument that cannot be written as JSON becomes a reference to its variable.
        """
        symbol = self.model.values[ref]
        held = frame.held.get(symbol.name) if symbol.kind == semantic.PARAMETER else None
        if held is not None and holds_unspelled(value):
            value = select_part(variable_value(held), wire_path(symbol.type, ref.path))
        marked = self._mark_whole_value(ref, value)
        text = text_of(marked)
        return _mark_as_structured(text) if self._is_structured(ref, marked) else text

    def _is_structured(self, ref: ast.Ref, value: nodes.Value) -> bool:
        """Whether a value that is known only at run time is a list or an object."""
        if not isinstance(value, nodes.TextValue) or not value.json:
            return False
        type_ = types.strip_optional(self.model.ref_types[ref])
        return type_ != types.BOOL and not types.is_number(type_)

    def value(self, expr: ast.Expr, frame: Frame) -> nodes.Value:
        match expr:
            case ast.Ref():
                found = self._mark_whole_value(expr, self.lower_reference(expr, frame))
                wanted = self.model.wanted_types.get(expr)
                return found if wanted is None else self.completed(found, wanted)
            case ast.CountExpr(counted=counted):
                return self.count(counted, frame)
            case ast.Text():
                return self._lower_text_value(expr, frame)
            case ast.ListExpr():
                return nodes.ListValue(items=tuple(self.value(item, frame) for item in expr.items))
            case ast.ObjectExpr():
                fields = {
                    self._json_name(pair): self.value(pair.value, frame) for pair in expr.pairs
                }
                return self._add_field_defaults(fields, self.model.wanted_types.get(expr))
            case ast.IntLit() | ast.NumberLit() | ast.BoolLit() | ast.NullLit() | ast.ConstRef():
                return nodes.ConstantValue(value=to_json(self.constant(expr)))
            case _:
                assert_never(expr)

    def _lower_text_value(self, text: ast.Text, frame: Frame) -> nodes.Value:
        """Lower a text that is a value: `"{rows}"` is JSON as a text, and `rows` a list."""
        value = text_value(self.text(text, frame))
        ref = only_reference(text)
        if ref is None or not isinstance(value, nodes.TextValue):
            return value
        type_ = types.strip_optional(self.model.ref_types[ref])
        is_text = is_textual(type_) or (isinstance(type_, types.Enum) and not type_.numeric)
        named = self.lower_reference(ref, frame)
        is_spelled = isinstance(named, nodes.TextValue) and named.spelled
        return replace(value, spelled=is_spelled or not is_text)

    def find_counted(self, counted: ast.Ref, frame: Frame) -> nodes.ConstantValue | nodes.CountOf:
        """Return the number of entries of a list that is known, or else what an agent counts."""
        match self.value(counted, frame):
            case nodes.ListValue(items=items):
                return nodes.ConstantValue(value=len(items))
            case nodes.ConstantValue(value=constant):
                return nodes.ConstantValue(value=len(constant or ()))
            case listed:
                return nodes.CountOf(items=listed)

    def completed(self, value: nodes.Value, type_: types.Type) -> nodes.Value:
        """Add to a value of a type the defaults of the fields that it lacks.

        Values known only at run time are unchanged.
        """
        match value, types.strip_optional(type_):
            case nodes.ConstantValue(value=constant), inner:
                return nodes.ConstantValue(value=self.types.completed(constant, inner))
            case nodes.ListValue(items=items), types.ListOf(element):
                return nodes.ListValue(items=tuple(self.completed(each, element) for each in items))
            case nodes.ObjectValue(fields=fields), types.RecordOf() as record:
                inner_types = {field.wire_name: field.type for field in record.fields}
                found = {
                    name: self.completed(each, inner_types.get(name, types.ANY))
                    for name, each in fields
                }
                return self._add_field_defaults(found, record)
            case _:
                return value

    def _add_field_defaults(
        self, fields: dict[str, nodes.Value], type_: types.Type | None
    ) -> nodes.ObjectValue:
        """Append to an object the defaults of the fields that it lacks."""
        if isinstance(type_, types.RecordOf):
            fields |= {
                field.wire_name: self.default(field)
                for field in find_lacking_fields(type_, fields, _NOTHING)
            }
        return nodes.ObjectValue(fields=tuple(fields.items()))

    def defaults(self, fields: Iterable[types.FieldType]) -> dict[str, nodes.Value]:
        """Return the defaults of fields, by their names in the source."""
        return {field.name: self.default(field) for field in fields if field.default is not None}

    def default(self, field: types.FieldType) -> nodes.ConstantValue:
        """Return the default of a field that has one."""
        return nodes.ConstantValue(value=self.types.default(field))

    def _json_name(self, pair: ast.Pair) -> str:
        name = pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value
        return self.model.wire_names.get(pair, name)

    def _mark_whole_value(self, ref: ast.Ref, value: nodes.Value) -> nodes.Value:
        """Return the value of a reference, marked if it is not a text."""
        if not isinstance(value, nodes.TextValue):
            return value
        type_ = types.strip_optional(self.model.ref_types[ref])
        if type_ is types.STRING:
            return value
        record = isinstance(type_, types.RecordOf)
        no_text = type_ == types.BOOL or types.is_number(type_)
        listed = isinstance(type_, types.ListOf)
        given = single_variable(value) if type_ == types.ANY else None
        if not (record or no_text or listed or given):
            return value
        # Of the type `any`, an input is a list or a record.
        is_text = given is not None and given.sigil != "input"
        bare = is_text or self.may_be_missing(ref)
        return replace(value, json=True, record=record, listed=listed, bare=bare)

    def constant(self, value: Any) -> Any:
        """Lower a compile-time value to JSON form.

        `value` is a literal, or JSON whose parts depend on the environment.
        """
        return evaluate_constant(self.model, value, self.environment)

    # Conditions

    def condition(self, condition: ast.Condition, frame: Frame) -> nodes.Condition:
        match condition:
            case ast.OrExpr():
                return nodes.AnyOf(
                    operands=tuple(self.condition(c, frame) for c in condition.operands)
                )
            case ast.AndExpr():
                found = (self.condition(c, frame) for c in condition.operands)
                return _all_of(found)
            case ast.NotExpr():
                return nodes.Not(operand=self.condition(condition.operand, frame))
            case ast.SeesExpr():
                return nodes.Sees(text=self.line(condition.text, frame))
            case ast.EmptyExpr():
                return self._is_empty(condition.operand, frame)
            case ast.CompareExpr():
                return self._lower_comparison(condition, frame)
            case ast.TextRelationExpr():
                return self._text_relation(condition, frame)
            case ast.InExpr(operand=operand, values=values):
                if isinstance(values, ast.Ref):
                    return self._lower_entry_test(operand, values, frame)
                return self.lower_membership(operand, values.items, frame)
            case ast.MatchesExpr(operand=operand, pattern=pattern):
                text = self.value(operand, frame)
                assert isinstance(text, nodes.ConstantValue), "the check allows constants only"
                holds = has_pattern(text.value, pattern.value)
                return nodes.IsTrue(operand=nodes.ConstantValue(value=holds))
            case ast.Ref():
                return nodes.IsTrue(operand=self.value(condition, frame))
            case _:
                assert_never(condition)

    def _lower_comparison(self, compare: ast.CompareExpr, frame: Frame) -> nodes.Condition:
        left, right = compare.left, compare.right
        numeric = self._is_number(left) or self._is_number(right)
        values = [self.value(left, frame), self.value(right, frame)]
        operator = compare.operator
        plain = nodes.Compare(left=values[0], operator=operator, right=values[1], numeric=numeric)
        optional = [
            value
            for operand, value in zip((left, right), values, strict=True)
            if isinstance(operand, ast.Ref) and self.may_be_missing(operand)
        ]
        # To an agent a missing value is a text: it equals another missing one, and can be ordered.
        if not optional or (operator in ("==", "!=") and not numeric and len(optional) == 1):
            return plain
        given = [nodes.Not(operand=nodes.IsEmpty(operand=value)) for value in optional]
        if operator == "!=":
            return nodes.Not(operand=_all_of((*given, replace(plain, operator="=="))))
        return _all_of((*given, plain))

    def _is_empty(self, operand: ast.Operand, frame: Frame) -> nodes.IsEmpty:
        found = self.model.ref_types[operand] if isinstance(operand, ast.Ref) else types.STRING
        type_ = types.strip_optional(found)
        listed = isinstance(type_, types.ListOf) or type_ == types.ANY
        return nodes.IsEmpty(operand=self.value(operand, frame), listed=listed)

    def _text_relation(self, relation: ast.TextRelationExpr, frame: Frame) -> nodes.Condition:
        """Lower `x contains y` and the like, which are false if either value is missing or empty.

        To an agent a missing value is a text, and an empty one a part of each.
        """
        left, right = self.value(relation.left, frame), self.value(relation.right, frame)
        plain = nodes.TextRelation(left=left, relation=relation.relation, right=right)
        given = [relation.left] if self._may_lack(relation.left) else []
        if self._may_lack(relation.right) or _may_be_blank(right):
            given.append(relation.right)
        return _all_of((*(nodes.Not(operand=self._is_empty(v, frame)) for v in given), plain))

    def _may_lack(self, operand: ast.Operand) -> bool:
        return isinstance(operand, ast.Ref) and (
            self.may_be_missing(operand) or self.model.ref_types[operand] == types.ANY
        )

    def lower_membership(
        self, operand: ast.Operand, values: Iterable[ast.Node], frame: Frame
    ) -> nodes.OneOf:
        """Lower the test whether a value is one of some constants; a missing one is not."""
        return nodes.OneOf(
            operand=self.value(operand, frame),
            values=tuple(
                nodes.ConstantValue(value=to_json(self.constant(each))) for each in values
            ),
            numeric=self._is_number(operand),
        )

    def _lower_entry_test(
        self, operand: ast.Operand, entries: ast.Ref, frame: Frame
    ) -> nodes.Condition:
        """Lower the test whether a value is an entry of a list; a missing one is in no list."""
        value, listed = self.value(operand, frame), self.value(entries, frame)
        numeric = self._is_number(operand)
        among: nodes.Condition
        match listed:
            case nodes.TextValue():
                among = nodes.OneOf(operand=value, values=(listed,), numeric=numeric, listed=True)
            case nodes.ConstantValue(value=[_, *_] as constants):
                known = tuple(nodes.ConstantValue(value=each) for each in constants)
                among = nodes.OneOf(operand=value, values=known, numeric=numeric)
            case nodes.ListValue(items=[_, *_] as items):
                tests = tuple(
                    nodes.Compare(left=value, operator="==", right=each, numeric=numeric)
                    for each in items
                )
                among = tests[0] if len(tests) == 1 else nodes.AnyOf(operands=tests)
            case _:
                return nodes.IsTrue(operand=nodes.ConstantValue(value=False))
        if not self._may_lack(operand):
            return among
        return _all_of((nodes.Not(operand=nodes.IsEmpty(operand=value)), among))

    def lower_match_case(
        self, operand: ast.Ref, values: Iterable[ast.Node], frame: Frame
    ) -> nodes.OneOf | nodes.Compare:
        """Lower the test of one `match` branch; a branch with one value becomes `==`.

        An optional number is tested against a list: an empty branch is negated later, and to an
        agent a value that is not a number does not differ from a number.
        """
        found = self.lower_membership(operand, values, frame)
        if len(found.values) > 1 or (found.numeric and self.may_be_missing(operand)):
            return found
        return nodes.Compare(
            left=found.operand, operator="==", right=found.values[0], numeric=found.numeric
        )

    def may_be_missing(self, ref: ast.Ref) -> bool:
        return isinstance(self.model.ref_types[ref], types.Optional)

    def _is_number(self, operand: ast.Operand) -> bool:
        if isinstance(operand, ast.IntLit | ast.NumberLit | ast.CountExpr):
            return True
        if isinstance(operand, ast.Ref):
            type_ = types.strip_optional(self.model.ref_types[operand])
            return types.is_number(type_)
        return False


def _all_of(conditions: Iterable[nodes.Condition]) -> nodes.Condition:
    """Return the conjunction of some conditions, without duplicates."""
    operands: list[nodes.Condition] = []
    for each in conditions:
        parts = each.operands if isinstance(each, nodes.AllOf) else (each,)
        operands += [part for part in parts if part not in operands]
    return operands[0] if len(operands) == 1 else nodes.AllOf(operands=tuple(operands))


def _mark_as_data(text: nodes.Text) -> Iterable[nodes.Piece]:
    return (
        replace(piece, quoted=True, in_json=False) if isinstance(piece, nodes.Variable) else piece
        for piece in text
    )


def _mark_as_structured(text: nodes.Text) -> nodes.Text:
    return tuple(
        replace(piece, structured=True) if isinstance(piece, nodes.Variable) else piece
        for piece in text
    )


_NOTHING = nodes.ConstantValue(value=None)

_PLACE = "\0"
"""Stands for a value while the characters around it are laid out; no text holds it."""


def text_value(text: nodes.Text) -> nodes.TextValue | nodes.ConstantValue:
    """Return the value of a text: a constant if it contains no variable."""
    if any(isinstance(piece, nodes.Variable) for piece in text):
        return nodes.TextValue(text=text)
    literals = (piece.value for piece in text if isinstance(piece, nodes.TextPiece))
    return nodes.ConstantValue(value="".join(literals))


def only_reference(text: ast.Text) -> ast.Ref | None:
    parts = [part for part in text.parts if not isinstance(part, ast.TextComment)]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], ast.Ref) else None


def _may_be_blank(value: nodes.Value) -> bool:
    """Whether a value consists of variables only, or is empty."""
    if isinstance(value, nodes.TextValue):
        return all(isinstance(piece, nodes.Variable) for piece in value.text)
    return value == nodes.ConstantValue(value="")


def _make_variable_value(
    sigil: Literal["input", "runtime", "secret", "saved"], name: str, path: tuple[str | int, ...]
) -> nodes.TextValue:
    return nodes.TextValue(text=(nodes.Variable(sigil=sigil, name=name, path=path),))


def variable_value(name: str) -> nodes.TextValue:
    return _make_variable_value("runtime", name, ())


def result_object(record: types.RecordOf, fields: Mapping[str, str]) -> nodes.ObjectValue:
    """Build the whole result of a call from the variables that hold its fields."""
    return nodes.ObjectValue(
        fields=tuple(
            (field.wire_name, _make_variable_value("runtime", fields[field.name], ()))
            for field in record.fields
        )
    )


def single_variable(value: nodes.Stored) -> nodes.Variable | None:
    """Return the variable that a value consists of; None for any other value."""
    if isinstance(value, nodes.TextValue) and len(value.text) == 1 and not value.spelled:
        piece = value.text[0]
        return piece if isinstance(piece, nodes.Variable) else None
    return None


def whole_variable(value: nodes.Stored) -> str | None:
    """Return the runtime variable that a value is, as a whole."""
    variable = single_variable(value)
    if variable is None or variable.sigil != "runtime" or variable.path:
        return None
    return variable.name


def select_part(value: nodes.Value, path: tuple[str | int, ...]) -> nodes.Value:
    """Return the part of a value at a path; a part that does not exist is null."""
    if not path:
        return value
    if (variable := single_variable(value)) is not None:
        return _make_variable_value(variable.sigil, variable.name, variable.path + path)
    head, rest = path[0], path[1:]
    match value:
        case nodes.ObjectValue(fields=fields):
            found = dict(fields).get(str(head))
            return select_part(found, rest) if found else nodes.ConstantValue(value=None)
        case nodes.ListValue(items=items):
            if isinstance(head, int) and 0 <= head < len(items):
                return select_part(items[head], rest)
            return nodes.ConstantValue(value=None)
        case nodes.ConstantValue(value=constant):
            try:
                return select_part(nodes.ConstantValue(value=constant[head]), rest)
            except (KeyError, IndexError, TypeError):
                return nodes.ConstantValue(value=None)
        case _:
            raise AssertionError("a path into a text reached lowering")


def stored_value(value: nodes.Value, variable: str) -> nodes.Value:
    """Return a value that was stored in a variable as what takes its place: the variable.

    A known text of several lines in it stays, since texts lay it out as their own characters; the
    parts beside it are read from the variable.
    """
    return _stored_part(value, variable_value(variable), ())


def _stored_part(
    value: nodes.Value, stored: nodes.Value, path: tuple[str | int, ...]
) -> nodes.Value:
    known = (each.value for each in walk(value) if isinstance(each, nodes.ConstantValue))
    if not any(map(_has_long_text, known)):
        return select_part(stored, path)
    match value:
        case nodes.ObjectValue(fields=fields):
            parts = ((name, _stored_part(each, stored, (*path, name))) for name, each in fields)
            return nodes.ObjectValue(fields=tuple(parts))
        case nodes.ListValue(items=items):
            entries = (_stored_part(each, stored, (*path, at)) for at, each in enumerate(items))
            return nodes.ListValue(items=tuple(entries))
        case _:
            return value


def _has_long_text(data: Any) -> bool:
    """Whether a text in JSON has several lines."""
    if isinstance(data, list | dict):
        return any(map(_has_long_text, data.values() if isinstance(data, dict) else data))
    return isinstance(data, str) and has_lines(data)


def wire_path(type_: types.Type, path: tuple[ast.PathPart, ...]) -> tuple[str | int, ...]:
    """Translate a path into a value of a type to the names of fields on the wire."""
    found: list[str | int] = []
    for part in path:
        type_ = types.strip_optional(type_)
        match part:
            case ast.IndexAccess():
                found.append(part.index)
                type_ = type_.element if isinstance(type_, types.ListOf) else types.ANY
            case ast.FieldAccess():
                record = type_ if isinstance(type_, types.RecordOf) else None
                field = record.by_either_name(part.name) if record else None
                found.append(field.wire_name if field else part.name)
                type_ = field.type if field else types.ANY
            case _:
                assert_never(part)
    return tuple(found)
