"""Evaluate conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, assert_never

from flowdsl.semantics import types
from flowdsl.source.patterns import matches_whole
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

from ..world import SEES, Question
from .expressions import evaluate_expression, render_line, resolve_reference
from .frames import Frame
from .values import is_same, spell_value


def is_condition_met(frame: Frame, condition: ast.Condition) -> bool:
    """Whether a condition holds; all its questions about the screen are asked first."""
    frame.at(condition)
    seen = {
        node: _ask_screen(frame, node) for node in walk(condition) if isinstance(node, ast.SeesExpr)
    }
    return _is_part_met(frame, condition, seen)


def _ask_screen(frame: Frame, condition: ast.SeesExpr) -> bool:
    frame.asks(condition)
    return frame.holds(Question(SEES, render_line(frame, condition.text)))


def _is_part_met(frame: Frame, condition: ast.Condition, seen: Mapping[ast.SeesExpr, bool]) -> bool:
    match condition:
        case ast.SeesExpr():
            return seen[condition]
        case ast.OrExpr(operands=operands):
            return any(_is_part_met(frame, each, seen) for each in operands)
        case ast.AndExpr(operands=operands):
            return all(_is_part_met(frame, each, seen) for each in operands)
        case ast.NotExpr(operand=operand):
            return not _is_part_met(frame, operand, seen)
        case ast.EmptyExpr(operand=ref):
            return _is_empty(frame, ref)
        case ast.Ref():
            return resolve_reference(frame, condition).data in (True, "true")
        case ast.CompareExpr():
            return _is_comparison_met(frame, condition)
        case ast.TextRelationExpr():
            return _has_text(frame, condition)
        case ast.InExpr(operand=operand, values=values):
            asked = _evaluate_operand(frame, operand)
            choices: list[Any] = (
                _evaluate_operand(frame, values) or []
                if isinstance(values, ast.Ref)
                else [_evaluate_operand(frame, each) for each in values.items]
            )
            return any(_is_equal(asked, each) for each in choices)
        case ast.MatchesExpr(operand=operand, pattern=pattern):
            text = _evaluate_operand(frame, operand)
            return text is not None and matches_whole(pattern.value, spell_value(text))
        case _:
            assert_never(condition)


def _is_empty(frame: Frame, ref: ast.Ref) -> bool:
    """Whether a value is missing, or a list without entries.

    Of the type `any`, the text `[]` is one: a prompt shows both alike.
    """
    data = resolve_reference(frame, ref).data
    is_any = types.strip_optional(frame.run.model.ref_types[ref]) == types.ANY
    return data in (None, "", []) or (is_any and data == "[]")


def _is_comparison_met(frame: Frame, compare: ast.CompareExpr) -> bool:
    """Whether a comparison holds; with a missing value, only `!=` does."""
    left, right = _evaluate_operand(frame, compare.left), _evaluate_operand(frame, compare.right)
    match compare.operator:
        case "==":
            return _is_equal(left, right)
        case "!=":
            return not _is_equal(left, right)
        case operator:
            pair = _make_orderable(_comparison_kind(frame, compare), left, right)
            return pair is not None and _in_order(operator, *pair)


def _has_text(frame: Frame, condition: ast.TextRelationExpr) -> bool:
    """Evaluate `contains` and the like, case-sensitively; missing or empty texts never match."""
    left, right = (
        _evaluate_operand(frame, condition.left),
        _evaluate_operand(frame, condition.right),
    )
    if left in (None, "") or right in (None, ""):
        return False
    text, part = spell_value(left), spell_value(right)
    match condition.relation:
        case "contains":
            return part in text
        case "starts with":
            return text[: len(part)] == part
        case "ends with":
            return text[-len(part) :] == part
        case relation:
            raise AssertionError(f"no such relation: {relation}")


def _evaluate_operand(frame: Frame, operand: ast.Expr) -> Any:
    return evaluate_expression(frame, operand, types.ANY).data


def _is_equal(left: Any, right: Any) -> bool:
    return left is not None and right is not None and is_same(left, right)


def _comparison_kind(frame: Frame, compare: ast.CompareExpr) -> str:
    """Return `datetime` or `time` if such values are compared; other texts compare as texts."""
    for operand in (compare.left, compare.right):
        if isinstance(operand, ast.Ref):
            type_ = types.strip_optional(frame.run.model.ref_types[operand])
            if isinstance(type_, types.Primitive) and type_.name in ("datetime", "time"):
                return type_.name
    return ""


def _make_orderable(kind: str, left: Any, right: Any) -> tuple[Any, Any] | None:
    """Return two values in an orderable form; None if they cannot be ordered."""
    if _is_number(left) and _is_number(right):
        return left, right
    if not (isinstance(left, str) and isinstance(right, str)):
        return None
    try:
        return _parse_moment(kind, left), _parse_moment(kind, right)
    except ValueError:
        return left, right


def _is_number(data: Any) -> bool:
    return isinstance(data, int | float) and not isinstance(data, bool)


def _parse_moment(kind: str, text: str) -> Any:
    """Return a point in time; without a zone it is UTC. Dates are ordered as texts."""
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
