"""Texts, values, conditions and post-run checks as source text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, assert_never

from flowdsl.codegen.checks import emit_checks
from flowdsl.format.literals import (
    is_name,
    literal_of_pieces,
    plain_literal,
    raw_literal,
    value_literal,
)
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import single_variable
from flowdsl.source.record import replace

from .scope import Scope
from .type_names import Unspeakable, doc_lines
from .value_types import ANY, accepts_any_text, is_assignable_type, type_of, unwrap_optional

Spell = Callable[[nodes.Variable], str]


def text_literal(text: nodes.Text, spell: Spell) -> str | None:
    """Return the literal for a text; `spell` gives a variable as source writes it, with braces."""
    return literal_of_pieces(
        [piece if isinstance(piece, str) else (spell(piece),) for piece in _join_text_pieces(text)]
    )


def _join_text_pieces(text: nodes.Text) -> Iterator[str | nodes.Variable]:
    """Return the pieces of a text, with neighbouring characters joined."""
    characters = ""
    for piece in text:
        if isinstance(piece, nodes.TextPiece):
            characters += piece.value
            continue
        if characters:
            yield characters
        characters = ""
        yield piece
    if characters:
        yield characters


class Consts:
    """The constants that a file declares for values where source accepts only a name.

    `fresh` returns the free name for a wanted one. Without it nothing is declared, and what needs a
    constant does not compile.
    """

    def __init__(self, fresh: Callable[[str], str] = str) -> None:
        self._fresh = fresh
        self._names: dict[str, str] = {}

    def name_of(self, value: Any) -> str:
        written = require_literal(value_literal(value))
        if written not in self._names:
            wanted = {"true": "yes", "false": "no", "null": "nothing"}.get(written, "entries")
            self._names[written] = self._fresh(wanted)
        return self._names[written]

    def declarations(self) -> list[str]:
        return [f"const {name} = {written}" for written, name in self._names.items()]


def require_literal(written: str | None) -> str:
    """Return the literal if there is one; raises `Unspeakable`."""
    if written is None:
        raise Unspeakable("a text has no literal")
    return written


class ValueWriter:
    """Writes texts, values and conditions with the names of a scope; raises `Unspeakable`."""

    def __init__(self, scope: Scope, consts: Consts) -> None:
        self.scope = scope
        self.consts = consts

    def text(self, text: nodes.Text) -> str:
        return require_literal(text_literal(text, self.scope.in_text))

    def write_headline(self, text: nodes.Text) -> str:
        """Return a text that may contain no runtime value."""
        for piece in text:
            if isinstance(piece, nodes.Variable) and not self.scope.may_head(piece):
                raise Unspeakable("a runtime value stands in a title or a command")
        return self.text(text)

    def value(self, value: nodes.Value | nodes.CountOf, wanted: nodes.Type = ANY) -> str:
        """Return a value where one of the type `wanted` is expected."""
        inner = unwrap_optional(wanted)
        match value:
            case nodes.CountOf(items=items):
                return f"count of {self._variable(items)[0]}"
            case nodes.TextValue(text=text):
                variable = single_variable(value)
                if variable is None:
                    return self.text(text)
                have = self.scope.type_of(variable)
                if not is_assignable_type(unwrap_optional(have), inner) and accepts_any_text(inner):
                    return self.text(text)
                return self.scope.in_code(variable)
            case nodes.ConstantValue(value=constant):
                return require_literal(value_literal(constant))
            case nodes.ListValue(items=items):
                element = inner.element if isinstance(inner, nodes.ListType) else ANY
                return f"[{', '.join(self.value(item, element) for item in items)}]"
            case nodes.ObjectValue(fields=fields):
                inside = (
                    {field.name: field.type for field in inner.fields}
                    if isinstance(inner, nodes.RecordType)
                    else {}
                )
                pairs = [
                    f"{_spell_object_key(name)}: {self.value(item, inside.get(name, ANY))}"
                    for name, item in fields
                ]
                return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
            case _:
                assert_never(value)

    # Conditions

    def condition(self, condition: nodes.Condition) -> str:
        match condition:
            case nodes.AnyOf(operands=operands):
                return " or ".join(self._write_operand(operand) for operand in operands)
            case nodes.AllOf(operands=operands):
                return " and ".join(self._write_operand(operand) for operand in operands)
            case nodes.Not(operand=nodes.IsEmpty(operand=operand)):
                return f"{self._variable(operand)[0]} is not empty"
            case nodes.Not(operand=nodes.OneOf(operand=operand) as choice):
                return f"{self._write_comparison_side(operand)} not in {self._choices(choice)}"
            case nodes.Not(operand=operand):
                return f"not {self._write_operand(operand)}"
            case nodes.Sees(text=text):
                return f"sees {self.text(text)}"
            case nodes.IsEmpty(operand=operand):
                return f"{self._variable(operand)[0]} is empty"
            case nodes.IsTrue(operand=operand):
                return self._variable(operand)[0]
            case (
                nodes.Compare(left=left, operator=relation, right=right)
                | nodes.TextRelation(left=left, relation=relation, right=right)
            ):
                one, other = map(self._write_comparison_side, (left, right))
                return f"{one} {relation} {other}"
            case nodes.OneOf(operand=operand):
                return f"{self._write_comparison_side(operand)} in {self._choices(condition)}"
            case _:
                assert_never(condition)

    def _write_operand(self, condition: nodes.Condition) -> str:
        """Return a condition inside another."""
        written = self.condition(condition)
        return f"({written})" if isinstance(condition, nodes.AnyOf | nodes.AllOf) else written

    def _variable(self, value: nodes.Value) -> tuple[str, nodes.Type]:
        """Return a value where only a name is allowed, and its type."""
        if isinstance(value, nodes.ConstantValue):
            return self.consts.name_of(value.value), type_of(value, {})
        variable = single_variable(value)
        if variable is None:
            raise Unspeakable("a condition asks a text")
        return self.scope.in_code(variable), self.scope.type_of(variable)

    def _choices(self, choice: nodes.OneOf) -> str:
        if choice.listed:
            return self._write_comparison_side(choice.values[0])
        return f"[{', '.join(map(self._write_comparison_side, choice.values))}]"

    def _write_comparison_side(self, value: nodes.Value) -> str:
        match value:
            case nodes.ConstantValue(value=None | list() | dict() as constant):
                return self.consts.name_of(constant)
            case nodes.ConstantValue(value=constant):
                return require_literal(value_literal(constant))
            case nodes.TextValue(text=text):
                variable = single_variable(value)
                return self.text(text) if variable is None else self.scope.in_code(variable)
            case _:
                raise Unspeakable("a condition compares a list or an object")


def _spell_object_key(name: str) -> str:
    return name if is_name(name) else require_literal(plain_literal(name))


# Post-run checks


def check_entries(
    checks: tuple[nodes.PostRunCheck, ...], cleanup: nodes.Text | None, values: ValueWriter
) -> Iterator[str]:
    """Return the entries of a `checks` section; raises `Unspeakable`.

    A check is named only if its name differs from the one that would be derived from its text.
    """
    for check in _drop_derived_names(checks):
        yield _write_check_entry(check, values)
    if cleanup is not None:
        yield f"cleanup {values.text(cleanup)}"


def _write_check_entry(check: nodes.PostRunCheck, values: ValueWriter) -> str:
    """Return one check, under its doc comment."""
    documented = doc_lines(check.description) if check.description else []
    items = check.target.items if check.target is not None else None
    if check.target is None:
        words = [*_write_check_words(check, "", values)]
    elif items is None:
        words = [*_write_check_words(check, _write_file_target(check.target, values), values)]
    else:
        list_ = values.scope.in_code(items)
        type_ = type_of(nodes.TextValue(text=(items,)), values.scope.types)
        name = values.scope.enter_loop("entry", type_)
        template = values.text(check.target.template)
        words = [
            *_write_check_words(check, f"files each {name} in {list_} named {template}", values)
        ]
        values.scope.leave_loop()
    if check.name:
        words.append(f"as {require_literal(plain_literal(check.name))}")
    if check.extra:
        words.append(f"extra {require_literal(value_literal(check.extra))}")
    return "\n".join((*documented, " ".join(words)))


def _write_check_words(
    check: nodes.PostRunCheck, target: str, values: ValueWriter
) -> Iterator[str]:
    match check.kind:
        case "file":
            yield f"{target} exists"
        case "image":
            bare = target.removeprefix("file ")
            exact = check.target is not None and len(check.target.names) == 1
            yield f"image {bare if exact else target} shows {values.text(check.statement)}"
        case "schema":
            yield "output matches schema"
        case "output":
            yield f"output satisfies {values.text(check.statement)}"
    if check.if_present:
        yield "if present"
    if check.model is not None:
        yield f"using {require_literal(plain_literal(check.model))}"


def _write_file_target(target: nodes.FileTarget, values: ValueWriter) -> str:
    if target.mode == "exact":
        return f"file {', '.join(values.text(name) for name in target.names)}"
    pattern = f"files matching {require_literal(raw_literal(target.pattern or ''))}"
    if target.count is not None:
        return f"{pattern} count {target.count}"
    if target.count_from is not None:
        return f"{pattern} count {values.scope.in_code(target.count_from)}"
    return pattern


def _drop_derived_names(checks: tuple[nodes.PostRunCheck, ...]) -> list[nodes.PostRunCheck]:
    """Return the checks without the names that code generation would derive anyway."""
    wanted = [item["name"] for item in emit_checks(checks)]
    named: list[nodes.PostRunCheck] = [replace(check, name="") for check in checks]
    while True:
        given = [item["name"] for item in emit_checks(tuple(named))]
        wrong = [at for at, name in enumerate(given) if name != wanted[at] and not named[at].name]
        if not wrong:
            return named
        for at in wrong:
            named[at] = replace(checks[at], name=wanted[at])
