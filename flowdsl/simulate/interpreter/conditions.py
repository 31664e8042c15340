"""Whether a condition holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any, assert_never

from flowdsl.semantics import types
from flowdsl.source.patterns import matches_whole
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..world import SEES, Question
from .expressions import line, reference, value
from .frames import Frame
from .values import is_same, spelled


def holds(frame: Frame, condition: ast.Condition) -> bool:
    """Whether a condition holds; everything that it asks of the screen is asked first."""
    frame.at(condition)
    seen = {node: _sees(frame, node) for node in walk(condition) if isinstance(node, ast.SeesExpr)}
    return _holds(frame, condition, seen)


def _sees(frame: Frame, condition: ast.SeesExpr) -> bool:
    frame.asks(condition)
    return frame.holds(Question(SEES, line(frame, condition.text)))


def _holds(frame: Frame, condition: ast.Condition, seen: Mapping[ast.SeesExpr, bool]) -> bool:
    match condition:
        case ast.SeesExpr():
            return seen[condition]
        case ast.OrExpr(operands=operands):
            return any(list(_each(frame, operands, seen)))
        case ast.AndExpr(operands=operands):
            return all(list(_each(frame, operands, seen)))
        case ast.NotExpr(operand=operand):
            return not _holds(frame, operand, seen)
        case ast.EmptyExpr(operand=ref):
            return frame.take(reference(frame, ref)) in (None, "", [])
        case ast.Ref():
            return frame.take(reference(frame, condition)) in (True, "true")
        case ast.CompareExpr():
            return _compares(frame, condition)
        case ast.TextRelationExpr():
            return _has_text(frame, condition)
        case ast.InExpr(operand=operand, values=values):
            asked = _operand(frame, operand)
            choices = [_operand(frame, each) for each in values.items]
            return asked is not None and any(is_same(asked, each) for each in choices)
        case ast.MatchesExpr(operand=operand, pattern=pattern):
            text = _operand(frame, operand)
            return text is not None and matches_whole(pattern.value, spelled(text))
        case _:
            assert_never(condition)


def _each(
    frame: Frame, operands: tuple[ast.Condition, ...], seen: Mapping[ast.SeesExpr, bool]
) -> Iterator[bool]:
    """Whether each operand holds. All are looked at, so that all they hold counts as used."""
    return (_holds(frame, operand, seen) for operand in operands)


def _compares(frame: Frame, compare: ast.CompareExpr) -> bool:
    """Whether a comparison holds; one with a missing value does not, but for `!=`."""
    left, right = _operand(frame, compare.left), _operand(frame, compare.right)
    match compare.operator:
        case "==":
            return _equal(compare, left, right)
        case "!=":
            return not _equal(compare, left, right)
        case operator:
            pair = _ordered(_kind(frame, compare), left, right)
            return pair is not None and _in_order(operator, *pair)


def _has_text(frame: Frame, condition: ast.TextRelationExpr) -> bool:
    """`contains` and the like; letter case counts. What is missing or empty has and is no part."""
    left, right = _operand(frame, condition.left), _operand(frame, condition.right)
    if left in (None, "") or right in (None, ""):
        return False
    text, part = spelled(left), spelled(right)
    match condition.relation:
        case "contains":
            return part in text
        case "starts with":
            return text[: len(part)] == part
        case "ends with":
            return text[-len(part) :] == part
        case relation:
            raise AssertionError(f"no such relation: {relation}")


def _operand(frame: Frame, operand: ast.Expr) -> Any:
    return frame.take(value(frame, operand, types.ANY))


def _equal(compare: ast.CompareExpr, left: Any, right: Any) -> bool:
    """`x == null` asks what `x is empty` asks."""
    if isinstance(compare.left, ast.NullLit) or isinstance(compare.right, ast.NullLit):
        return left in (None, "", []) and right in (None, "", [])
    return left is not None and right is not None and is_same(left, right)


def _kind(frame: Frame, compare: ast.CompareExpr) -> str:
    """`datetime` or `time` where such values are compared; what else a text says is a text."""
    for operand in (compare.left, compare.right):
        if isinstance(operand, ast.Ref):
            type_ = types.strip_optional(frame.run.model.ref_types[operand])
            if isinstance(type_, types.Primitive) and type_.name in ("datetime", "time"):
                return type_.name
    return ""


def _ordered(kind: str, left: Any, right: Any) -> tuple[Any, Any] | None:
    """Two values as what can be put in order; None where they cannot."""
    if _is_number(left) and _is_number(right):
        return left, right
    if not (isinstance(left, str) and isinstance(right, str)):
        return None
    try:
        return _moment(kind, left), _moment(kind, right)
    except ValueError:
        return left, right


def _is_number(data: Any) -> bool:
    return isinstance(data, int | float) and not isinstance(data, bool)


def _moment(kind: str, text: str) -> Any:
    """A point in time; one that names no zone is taken for UTC. Dates are in order as texts."""
    match kind:
        case "datetime":
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case "time":
            return time.fromisoformat(text).replace(tzinfo=None)
        case _:
            return text


def _in_order(operator: str, left: Any, right: Any) -> bool:
    match operator:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case ">=":
            return bool(left >= right)
        case _:
            raise AssertionError(f"no such operator: {operator}")
