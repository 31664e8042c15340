"""The format behind `type ... as`."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..names.scopes import ValueScope
from ..program import Program
from ..types import Primitive, Type, Unknown, describe, strip_optional
from ..values.displays import examples, has_displays, meant_by, problem_of


def check_display(program: Program, scope: ValueScope, display: ast.StringLit, type_: Type) -> None:
    """Report a format in which a value of `type_` cannot be written."""
    inner = strip_optional(type_)
    if isinstance(inner, Unknown):
        return
    span = display.span(scope.module.source)
    if not isinstance(inner, Primitive) or not has_displays(inner.name):
        program.sink.report(errors.NO_DISPLAYS, span, type=describe(inner))
        return
    problem = problem_of(inner.name, display.value)
    if problem is None:
        return
    meant = meant_by(inner.name, display.value)
    program.sink.report(
        errors.UNKNOWN_DISPLAY,
        span,
        display=display.value,
        type=inner.name,
        problem=problem,
        help=_help(inner.name, meant.display),
        fixes=(_fix(span, meant.display),) if meant.certain else (),
    )


def _help(type_name: str, near: str) -> str:
    others = " or ".join(f"`{each}`" for each in examples(type_name) if each != near)
    return f"the nearest format is `{near}`; others look like {others}"


def _fix(span: Span, display: str) -> Fix:
    return Fix(f"write `{display}`", (Edit(span, f'"{display}"'),), "safe")
