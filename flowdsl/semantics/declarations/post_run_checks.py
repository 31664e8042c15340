"""The `checks` section of a workflow."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..model import LOOP, ChainSymbol, ValueSymbol
from ..names.references import resolve_ref
from ..names.scopes import ValueScope
from ..program import Program
from ..types import ANY, INT, UNKNOWN, ListOf, Type, Unknown, describe_type, strip_optional
from ..values.annotations import check_pattern
from ..values.assignability import is_assignable
from ..values.expressions import check_text, infer_type


def check_checks(scope: ValueScope, section: ast.ChecksSection) -> None:
    """Resolve the variables of the checks.

    Repeated labels are reported, as are fields in `extra` that FlowDSL writes itself.
    """
    labels: dict[str, ast.StringLit] = {}
    for check in section.checks:
        _check_body(scope, check.body)
        if check.extra is not None:
            from .wire import CHECK_FIELDS, check_extra

            infer_type(scope, check.extra, places.CHECK)
            check_extra(scope.program, scope.module.module, check.extra, CHECK_FIELDS)
        if check.label is not None:
            spec = errors.DUPLICATE_DECLARATION
            scope.module.is_first(labels, check.label.value, check.label, spec, "declared")


def _check_body(scope: ValueScope, body: ast.CheckBody) -> None:
    match body:
        case ast.FileCheck(target=target):
            _check_target(scope, target, None)
        case ast.ImageCheck(target=target, shows=shows):
            _check_target(scope, target, shows)
        case ast.SchemaCheck():
            pass
        case ast.OutputCheck(statement=text) | ast.CleanupCheck(prompt=text):
            check_text(scope, text, places.CHECK)


def _check_target(scope: ValueScope, target: ast.FileTarget, shows: ast.Text | None) -> None:
    """Check a file target, and the description of the image.

    The variable of `files each` is in scope in both.
    """
    program = scope.program
    loop: ValueSymbol | None = None
    match target:
        case ast.ExactTarget(names=names):
            for name in names:
                check_text(scope, name, places.CHECK)
        case ast.RegexTarget(pattern=pattern, count=count):
            check_text(scope, pattern, places.CHECK)
            value = program.constants.get(pattern)
            if isinstance(value, str):
                check_pattern(program, pattern.span(scope.source), value)
            _check_count(scope, count)
        case ast.EachTarget(variable=variable, iterable=iterable, template=template):
            element = _infer_element_type(scope, iterable)
            span = variable.span(scope.source)
            symbol = ValueSymbol(LOOP, variable.text, element, span)
            program.iterables[symbol] = iterable
            loop = symbol if scope.declare(symbol) else None
            check_text(scope, template, places.CHECK)
    if shows is not None:
        check_text(scope, shows, places.CHECK)
    if loop is not None:
        scope.end_loop(loop)


def _check_count(scope: ValueScope, count: ast.IntLit | ast.Ref | None) -> None:
    program = scope.program
    if count is None:
        return
    span = count.span(scope.source)
    if isinstance(count, ast.IntLit):
        program.constants[count] = count.value
        if count.value < 0:
            scope.report(errors.BOUND_TOO_SMALL, span, value=count.value)
        return
    type_ = resolve_ref(scope, count, places.CHECK)
    inner = strip_optional(type_)
    known = program.constants.get(count)
    if isinstance(known, int) and known < 0:
        scope.report(errors.BOUND_TOO_SMALL, span, value=known)
    if not isinstance(inner, ListOf) and not is_assignable(inner, INT):
        what = "a count"
        scope.report(
            errors.TYPE_MISMATCH,
            span,
            what=what,
            wanted="int",
            found=describe_type(type_),
            help="name an `int` or a list, whose length counts",
        )


def _infer_element_type(scope: ValueScope, iterable: ast.Ref | ast.ListExpr) -> Type:
    type_ = infer_type(scope, iterable, places.CHECK_LIST)
    inner = strip_optional(type_)
    if isinstance(inner, ListOf):
        return inner.element
    if isinstance(inner, Unknown):
        return UNKNOWN
    if inner != ANY:
        span = iterable.span(scope.source)
        scope.report(errors.NOT_A_LIST, span, written=span.text, type=describe_type(type_))
        return UNKNOWN
    return ANY


def report_cleanup_without_chain(program: Program, chains: Iterable[ChainSymbol]) -> None:
    """Report the `cleanup` of each workflow that no chain of the program runs.

    A run outside of chains and sessions never reaches it.
    """
    run = {workflow for chain in chains for _, workflow in chain.steps}
    for workflow in program.workflows.values():
        if workflow in run:
            continue
        for section in workflow.declaration.items:
            for check in section.checks if isinstance(section, ast.ChecksSection) else ():
                if isinstance(check.body, ast.CleanupCheck):
                    span = _span_of_opening(workflow.module, check.body)
                    program.sink.report(errors.CLEANUP_WITHOUT_CHAIN, span, workflow=workflow.name)


def _span_of_opening(module: ast.Module, cleanup: ast.CleanupCheck) -> Span:
    """Return the place of the word `cleanup`, or of its former spelling."""
    written = module.source.text[cleanup.start : cleanup.prompt.start]
    return Span(module.source, cleanup.start, cleanup.start + len(written.rstrip()))
