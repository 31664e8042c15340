"""Conditions that hold in every run or in none, branches that no run takes, repeated questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Label
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.semantics.model import INPUT
from flowdsl.semantics.names.paths import field_of, presence_key
from flowdsl.semantics.types import (
    BOOL,
    INT,
    PRIMITIVE,
    Constraints,
    Enum,
    Optional,
    Type,
    Unknown,
    describe_type,
    is_number,
    strip_optional,
)
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import conditions_of
from flowdsl.syntax.visit import walk

from .value_sets import Case, Cases, Choice, Key, Range, TooManyCases, ValueSet, numbers

CONSTANT = SUSPICIOUS.spec("constant-condition", "`{written}` {verdict} holds: {why}")
UNREACHED = SUSPICIOUS.spec(
    "branch-never-taken",
    "no run takes this {what}: the branches above it take every case{of}",
    "{way}",
)
ASKED_TWICE = SUSPICIOUS.spec(
    "asked-twice",
    "this condition asks twice whether the screen shows this",
    "remove one of the two",
)

_TRUE, _TRUTH = Choice(True, frozenset((True,))), Choice(True, frozenset((True, False)))
_ALL_TEXTS, _ALL_NUMBERS = Choice(False, frozenset()), Range(True, ())
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DATE = PRIMITIVE["date"]


def check_constant(context: LintContext, statement: ast.Stmt) -> None:
    """Report the smallest parts of conditions that hold in every run, or in none."""
    for condition in conditions_of(statement):
        reader = _ConditionReader(context)
        if reader.knows(condition):
            with suppress(TooManyCases):
                _check_condition(reader, _as_written(statement, condition))


def check_branches(context: LintContext, statement: ast.IfStmt | ast.MatchStmt) -> None:
    """Report branches that no run takes, since those above them take every case of theirs."""
    reader = _ConditionReader(context)
    with suppress(TooManyCases):
        if isinstance(statement, ast.MatchStmt):
            _check_match(reader, statement)
        elif all(map(reader.knows, conditions_of(statement))):
            _check_chain(reader, statement)


def check_asked_twice(context: LintContext, statement: ast.Stmt) -> None:
    """Report a question that an `and` or an `or` joins with itself."""
    reader = _ConditionReader(context)
    for condition in conditions_of(statement):
        for node in walk(condition):
            if isinstance(node, ast.AndExpr | ast.OrExpr):
                _check_repeated(reader, node)


def _as_written(statement: ast.Stmt, condition: ast.Condition) -> ast.Condition:
    """Return the condition of an `expect` as it is written, and not its negation."""
    if isinstance(statement, ast.IfStmt) and statement.expected:
        assert isinstance(condition, ast.NotExpr)
        return condition.operand
    return condition


def _check_condition(reader: _ConditionReader, condition: ast.Condition) -> bool:
    """Report the smallest parts of a condition that cannot differ; return whether there is any."""
    constant = [_check_condition(reader, each) for each in _parts_of(condition)]
    if any(constant):
        return True
    for verdict, holds in (("never", True), ("always", False)):
        if not reader.cases(condition, holds):
            why, help = _explain(reader, condition, holds)
            span = reader.context.span(condition)
            reader.context.report(
                CONSTANT, span, written=span.text, verdict=verdict, why=why, help=help
            )
            return True
    return False


def _parts_of(condition: ast.Condition) -> Sequence[ast.Condition]:
    """Return the parts of a condition; `is not empty` and `not in` have none."""
    match condition:
        case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
            return operands
        case ast.NotExpr(operand=operand) if operand.start > condition.start:
            return (operand,)
        case _:
            return ()


def _check_repeated(reader: _ConditionReader, condition: ast.AndExpr | ast.OrExpr) -> None:
    first: dict[Key, ast.Node] = {}
    for operand in condition.operands:
        if isinstance(operand, ast.SeesExpr):
            before = first.setdefault(reader.key_of_look(operand), operand)
            if before is not operand:
                label = Label(reader.context.span(before), "asked here first")
                reader.context.report(ASKED_TWICE, reader.context.span(operand), labels=(label,))


def _explain(reader: _ConditionReader, condition: ast.Condition, holds: bool) -> tuple[str, str]:
    """Return why a condition cannot be so (`holds`) or cannot be otherwise, and what to do."""
    constants = reader.context.model.constants
    refs = {
        presence_key(each): each for each in reader.values_in(condition) if each not in constants
    }
    if isinstance(condition, ast.AndExpr | ast.OrExpr):
        word, other = ("and", "or") if isinstance(condition, ast.AndExpr) else ("or", "and")
        help = f"`{other}` may be meant for `{word}`; or correct one of its parts, or remove it"
        if len(refs) != 1:
            return ("its parts exclude each other" if holds else "one of its parts does"), help
        (ref,) = refs.values()
        amount = "no" if holds else "every"
        return f"{amount} value of `{reader.context.span(ref).text}` is so", help
    help = "correct it, or remove it with what it guards"
    if len(refs) != 1:
        return "it asks for what cannot be", help
    (ref,) = refs.values()
    written, type_ = reader.context.span(ref).text, reader.context.model.ref_types[ref]
    bounds = reader.bounds_of(ref)
    if isinstance(condition, ast.EmptyExpr) or (
        isinstance(condition, ast.NotExpr) and isinstance(condition.operand, ast.EmptyExpr)
    ):
        return f"`{written}` is `{describe_type(type_)}` and never missing", help
    if bounds is None:
        return f"`{written}` is `{describe_type(type_)}`", help
    said = {"at least": bounds.minimum, "at most": bounds.maximum}
    named = (f"{words} {bound}" for words, bound in said.items() if bound is not None)
    return f"`{written}` is {' and '.join(named)}", help


def _check_chain(reader: _ConditionReader, statement: ast.IfStmt) -> None:
    left: list[Case] = [{}]
    for branch in statement.branches:
        if left:
            _check_branch(reader, left, branch.condition)
        left = reader.both(left, reader.cases(branch.condition, False))
    is_chain = len(statement.branches) > 1
    if is_chain and not left and statement.otherwise is not None:
        _report_else(reader, statement.branches[-1].body, statement.otherwise)


def _check_branch(reader: _ConditionReader, left: list[Case], condition: ast.Condition) -> None:
    """Report a condition, or each alternative of it, that holds in none of the cases `left`."""
    asked = [(condition, reader.cases(condition, True)), *reader.alternatives(condition)]
    for place, cases in asked:
        if cases and not reader.both(left, cases):
            span = reader.context.span(place)
            way = "put the narrower condition first, correct one of the two, or remove this one"
            of = f" of `{span.text}`"
            reader.context.report(UNREACHED, span, what="branch", of=of, way=way)
            if place is condition:
                return


def _check_match(reader: _ConditionReader, statement: ast.MatchStmt) -> None:
    """Report an `else` behind branches for every value."""
    operand = statement.operand
    if statement.otherwise is None or not statement.branches or not reader.knows(operand):
        return
    model = reader.context.model
    values = [model.constants.get(each) for case in statement.branches for each in case.values]
    named = reader.set_of(operand, values)
    if named is not None and not reader.one(operand, named.complement()):
        _report_else(reader, statement.branches[-1].body, statement.otherwise)


def _report_else(reader: _ConditionReader, before: ast.Block, otherwise: ast.Block) -> None:
    source = reader.context.source
    start = source.text.rindex("else", before.end, otherwise.start)
    span = Span(source, start, start + len("else"))
    way = "remove it, or the branch whose work it is to do"
    reader.context.report(UNREACHED, span, what="`else`", of="", way=way)


class _ConditionReader:
    """Reads conditions as cases; the values of their references are known by type and bounds."""

    def __init__(self, context: LintContext) -> None:
        self.context = context
        self._everything: dict[Key, ValueSet] = {}
        self._cases = Cases(self._everything)

    def knows(self, node: ast.Node) -> bool:
        """Take the values in a condition in; returns whether the types of all are known."""
        types = self.context.model.ref_types
        for ref in self.values_in(node):
            type_ = types.get(ref)
            if type_ is None or isinstance(strip_optional(type_), Unknown):
                return False
            key, found = presence_key(ref), self._values_of_type(ref, type_)
            before = self._everything.setdefault(key, found)
            if found.missing and not before.missing:
                self._everything[key] = found
        return True

    def values_in(self, node: ast.Node) -> Iterator[ast.Ref]:
        """Yield the references of a condition outside of texts."""
        if isinstance(node, ast.Ref):
            yield node
        elif not isinstance(node, ast.Text):
            for each in walk(node):
                if isinstance(each, ast.CompareExpr | ast.TextRelationExpr):
                    yield from (
                        side for side in (each.left, each.right) if isinstance(side, ast.Ref)
                    )
                elif isinstance(each, ast.EmptyExpr | ast.InExpr | ast.MatchesExpr):
                    if isinstance(each.operand, ast.Ref):
                        yield each.operand
                elif isinstance(each, ast.NotExpr) and isinstance(each.operand, ast.Ref):
                    yield each.operand
                elif isinstance(each, ast.AndExpr | ast.OrExpr):
                    yield from (one for one in each.operands if isinstance(one, ast.Ref))

    def bounds_of(self, ref: ast.Ref) -> Constraints | None:
        """Return the bounds of an input, which the service keeps; None if there are none."""
        model = self.context.model
        symbol = model.values.get(ref)
        field = field_of(model, ref) if symbol is not None and symbol.kind == INPUT else None
        if field is None:
            return None
        found = field.constraints
        return None if (found.minimum, found.maximum) == (None, None) else found

    def _values_of_type(self, ref: ast.Ref, type_: Type) -> ValueSet:
        inner, optional = strip_optional(type_), isinstance(type_, Optional)
        if isinstance(inner, Enum):
            values = self._of_constants(inner, inner.values)
            known = values is None or inner.open
            return ValueSet(optional, _ALL_TEXTS if known or values is None else values)
        if inner == BOOL:
            return ValueSet(optional, _TRUTH)
        if inner == _DATE:
            return ValueSet(optional, _ALL_NUMBERS, whole=True)
        if not is_number(inner):
            return ValueSet(True, _ALL_TEXTS)  # an empty text or list is missing in any type
        values, bounds = _ALL_NUMBERS, self.bounds_of(ref)
        if bounds is not None and bounds.minimum is not None:
            values = values.intersect(numbers(">=", Decimal(bounds.minimum)))
        if bounds is not None and bounds.maximum is not None:
            values = values.intersect(numbers("<=", Decimal(bounds.maximum)))
        return ValueSet(optional, values, whole=inner == INT)

    # Cases

    def one(self, ref: ast.Ref, values: ValueSet) -> list[Case]:
        return self._cases.one(presence_key(ref), values)

    def both(self, left: list[Case], right: list[Case]) -> list[Case]:
        return self._cases.both(left, right)

    def cases(self, condition: ast.Condition, holds: bool) -> list[Case]:
        """Return the cases in which a condition holds, or does not."""
        match condition:
            case ast.NotExpr(operand=operand):
                return self.cases(operand, not holds)
            case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
                join = (
                    self.both
                    if isinstance(condition, ast.AndExpr) == holds
                    else (self._cases.either)
                )
                return reduce(join, (self.cases(each, holds) for each in operands))
            case _:
                return self._leaf(condition, holds)

    def alternatives(self, condition: ast.Condition) -> Iterator[tuple[ast.Node, list[Case]]]:
        """Yield the parts of a condition that hold by themselves: of an `or`, and of a list."""
        match condition:
            case ast.OrExpr(operands=operands):
                for operand in operands:
                    yield operand, self.cases(operand, True)
                    yield from self.alternatives(operand)
            case ast.InExpr(operand=ast.Ref() as ref, values=ast.ListExpr(items=items)) if (
                len(items) > 1
            ):
                for item in items:
                    values = self.set_of(ref, [self.context.model.constants.get(item)])
                    if values is not None:
                        yield item, self.one(ref, values)
            case _:
                return

    def key_of_look(self, condition: ast.SeesExpr) -> Key:
        return ("sees", " ".join(self.context.span(condition.text).text.split()))

    def _leaf(self, condition: ast.Condition, holds: bool) -> list[Case]:
        known = self._of_value(condition)
        if known is not None:
            ref, values = known
            return self.one(ref, values if holds else values.complement())
        if isinstance(condition, ast.SeesExpr):
            return self._unknown(self.key_of_look(condition), holds)
        own = self._unknown(("says", " ".join(self.context.span(condition).text.split())), holds)
        if not holds or not isinstance(condition, ast.TextRelationExpr):
            return own
        # A missing text has nothing in it.
        for ref in self.values_in(condition):
            present = ValueSet(True, self._nothing_like(ref)).complement()
            own = self.both(own, self.one(ref, present))
        return own

    def _unknown(self, key: Key, holds: bool) -> list[Case]:
        """Return the case of what may be so or not, whatever else is so."""
        self._everything.setdefault(key, ValueSet(False, _TRUTH))
        values = ValueSet(False, _TRUE)
        return self._cases.one(key, values if holds else values.complement())

    def _of_value(self, condition: ast.Condition) -> tuple[ast.Ref, ValueSet] | None:
        """Return the value that a condition depends on alone, and the set in which it must be."""
        constants = self.context.model.constants
        match condition:
            case ast.Ref():
                is_bool = self._everything[presence_key(condition)].values == _TRUTH
                return (condition, ValueSet(False, _TRUE)) if is_bool else None
            case ast.EmptyExpr(operand=ref):
                return ref, ValueSet(True, self._nothing_like(ref))
            case ast.InExpr(operand=ast.Ref() as ref, values=ast.ListExpr(items=items)):
                values = self.set_of(ref, [constants.get(each) for each in items])
                return None if values is None else (ref, values)
            case ast.CompareExpr(left=left, right=right, operator=operator):
                sides = ((left, right, operator), (right, left, _TURNED.get(operator, operator)))
                for side, other, sign in sides:
                    if isinstance(side, ast.Ref) and other in constants:
                        compared = self._compared(side, sign, constants[other])
                        return None if compared is None else (side, compared)
                return None
            case _:
                return None

    def _nothing_like(self, ref: ast.Ref) -> Range | Choice:
        """Return the empty set of values like those of a reference."""
        is_range = isinstance(self._everything[presence_key(ref)].values, Range)
        return Range(False, ()) if is_range else Choice(True, frozenset())

    def _compared(self, ref: ast.Ref, operator: str, constant: Any) -> ValueSet | None:
        """Return the set of a comparison; None if nothing is known of it."""
        if operator in ("==", "!="):
            same = self.set_of(ref, [constant])
            return same if same is None or operator == "==" else same.complement()
        number = self._number_of(ref, constant)
        return None if number is None else ValueSet(False, numbers(operator, number))

    def set_of(self, ref: ast.Ref, values: Sequence[Any]) -> ValueSet | None:
        """Return the set of some values; None if one of them is not known, or is an error."""
        type_ = strip_optional(self.context.model.ref_types[ref])
        if isinstance(type_, Enum) and not all(map(type_.holds, values)):
            return None
        if any(each in values[:at] for at, each in enumerate(values)):
            return None
        found = self._of_constants(type_, values)
        return None if found is None or not values else ValueSet(False, found)

    def _number_of(self, ref: ast.Ref, constant: Any) -> int | Decimal | None:
        return _as_number(strip_optional(self.context.model.ref_types[ref]), constant)

    def _of_constants(self, type_: Type, values: Sequence[Any]) -> Range | Choice | None:
        """Return the set of some constants, compared with a value of a type."""
        if is_number(type_) or type_ == _DATE:
            known = [_as_number(type_, each) for each in values]
            cuts = sorted((each, side) for each in {*known} if each is not None for side in (0, 1))
            return None if None in known else Range(False, tuple(cuts))
        is_text = isinstance(type_, Enum) or describe_type(type_) in _TEXTS
        wanted = bool if type_ == BOOL else str
        if not (is_text or type_ == BOOL) or not all(isinstance(each, wanted) for each in values):
            return None
        return Choice(True, frozenset(values))


_TEXTS = frozenset(("string", "email", "url", "file"))


def _as_number(type_: Type, constant: Any) -> int | Decimal | None:
    """Return a constant as a number, a date as its day; None if it is none."""
    if type_ == _DATE and isinstance(constant, str):
        try:
            return date.fromisoformat(constant).toordinal()
        except ValueError:
            return None
    is_one = isinstance(constant, int | Decimal) and not isinstance(constant, bool)
    return constant if is_one and is_number(type_) else None


RULES = (
    LoadedRule(CONSTANT, check_constant),
    LoadedRule(UNREACHED, check_branches),
    LoadedRule(ASKED_TWICE, check_asked_twice),
)
