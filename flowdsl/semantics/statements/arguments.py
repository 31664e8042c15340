"""Checks the arguments of tasks, and of the workflows that a chain runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from flowdsl.diagnostics.diagnostic import Label
from flowdsl.diagnostics.suggest import Names, rename_fix, suggest_known_names
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors, places
from ..model import SECRET, TaskSymbol, ValueSymbol
from ..names.references import resolve_ref
from ..names.scopes import ValueScope, find_declaration
from ..places import Place
from ..program import Program
from ..traversal import refs_outside_blocks
from ..types import DESCRIBED, UNKNOWN, Optional
from ..values.expressions import check_value, infer_type

_SHOWN = 8
"""The maximum number of parameters without an argument that a finding lists."""


def check_call(scope: ValueScope, call: ast.CallStmt) -> None:
    """Resolve the task of a call and check its arguments."""
    program = scope.program
    task = task_of(scope, call)
    if task is None:
        for argument in call.arguments:
            resolve_unmatched(scope, argument.value)
        return
    program.calls[call] = task
    if call.result is not None and task.result is None:
        scope.report(
            errors.NO_RESULT,
            call.result,
            name=task.name,
            labels=(Label(_name_span(task), "the task is declared here"),),
        )
    params, required = _resolve_parameters(program, task)
    given = check_names(scope, call.arguments, params, "parameter")
    for argument in call.arguments:
        if argument.name.text not in params:
            resolve_unmatched(scope, argument.value)
    for name, argument in given.items():
        check_binding(scope, argument.value, params[name], places.VALUE, places.SECRET_ARGUMENT)
    missing = len(required) - sum(name in required for name in given)
    if missing:
        shown = list(islice((name for name in required if name not in given), DESCRIBED))
        scope.report(
            errors.MISSING_ARGUMENT,
            call.task,
            names=quote_names(shown, missing),
            target=task.name,
            labels=tuple(Label(params[name].span, "declared here") for name in shown[:_SHOWN]),
        )


def _resolve_parameters(
    program: Program, task: TaskSymbol
) -> tuple[dict[str, ValueSymbol], dict[str, None]]:
    """Return the parameters of a task by name, and the names of the required ones.

    Both are computed once for all calls of a task.
    """
    found = program.parameters.get(task)
    if found is None:
        params = {param.name: param for param in task.params}
        required = {
            name: None
            for name, param in params.items()
            if name not in task.defaults and not isinstance(param.type, Optional)
        }
        found = program.parameters[task] = params, required
    return found


def quote_names(names: Sequence[str], number: int | None = None) -> str:
    """Quote names in backticks, in the order given; of very many, only the first and a count.

    `number` is the total count if `names` are only the first.
    """
    shown = ", ".join(f"`{name}`" for name in names[:DESCRIBED])
    rest = (len(names) if number is None else number) - DESCRIBED
    return f"{shown} and {rest} more" if rest > 0 else shown


def task_of(scope: ValueScope, call: ast.CallStmt) -> TaskSymbol | None:
    """Return the task that a call names; None, with a report, if there is none."""
    program = scope.program
    if call in program.calls:
        return program.calls[call]
    entry = find_declaration(scope.module, call.task, "task")
    if entry is None or not isinstance(entry.declaration, ast.TaskDecl):
        return None
    return program.tasks[entry.declaration]


def _name_span(task: TaskSymbol) -> Span:
    return task.declaration.name.span(task.module.source)


def resolve_unmatched(scope: ValueScope, value: ast.Expr) -> None:
    """Resolve the names of an argument whose parameter is unknown; it may be a secret."""
    if isinstance(value, ast.Ref) and value.secret:
        resolve_ref(scope, value, places.SECRET_ARGUMENT)
    else:
        infer_type(scope, value, places.VALUE)


def check_names(
    scope: ValueScope, arguments: tuple[ast.Argument, ...], known: Collection[str], noun: str
) -> dict[str, ast.Argument]:
    """Return the arguments by name; unknown and repeated ones are reported and left out.

    `known` is a mapping or set of names.
    """
    ordered: Names | None = None
    free: Names | None = None
    given: dict[str, ast.Argument] = {}
    first: dict[str, ast.Name] = {}
    for argument in arguments:
        name = argument.name.text
        if name not in known:
            span = argument.name.span(scope.source)
            if ordered is None or free is None:
                ordered = Names(known)
                free = Names(set(known) - {each.name.text for each in arguments})
            scope.report(
                errors.UNKNOWN_ARGUMENT,
                span,
                name=name,
                noun=noun,
                help=suggest_known_names(noun, ordered, name),
                fixes=rename_fix(span, free),
            )
            continue
        spec = errors.DUPLICATE_ARGUMENT
        if scope.module.is_first(first, name, argument.name, spec, "given"):
            given[name] = argument
    return given


def check_binding(
    scope: ValueScope, value: ast.Expr, target: ValueSymbol, plain: Place, secret: Place
) -> None:
    """Check a value that is bound to a parameter, input or secret.

    Secrets must be bound to secrets, and only to these. `plain` and `secret` are the places of the
    two kinds.
    """
    is_secret = isinstance(value, ast.Ref) and value.secret
    if target.kind == SECRET and not is_secret:
        _check_no_secret(scope, value, target, plain, secret)
    elif target.kind != SECRET and is_secret and target.type != UNKNOWN:
        assert isinstance(value, ast.Ref)
        known = scope.symbols.get(value.name.text)
        if known is not None and known.kind == SECRET:
            scope.report(
                errors.SECRET_FOR_PLAIN,
                value,
                name=target.name,
                kind=target.kind,
                secret=value.name.text,
                labels=(Label(target.span, "declared here"),),
            )
        else:
            resolve_ref(scope, value, plain)
    else:
        place = secret if target.kind == SECRET else plain
        what = f"{target.kind} `{target.name}`"
        check_value(scope, value, target.type, place, what, target.field)


def _check_no_secret(
    scope: ValueScope, value: ast.Expr, target: ValueSymbol, plain: Place, secret: Place
) -> None:
    """Report a value that is not a secret where one is required.

    That is the only finding; errors inside the value are not reported.
    """
    refs = refs_outside_blocks(value)
    known = [scope.symbols.get(ref.name.text) for ref in refs]
    if isinstance(value, ast.Ref) and known[0] is not None and known[0].kind == SECRET:
        resolve_ref(scope, value, secret)
        return
    inside = any(ref.secret for ref in refs)
    if not inside:
        infer_type(scope, value, plain)
        if any(ref not in scope.program.values for ref in refs):
            return
    scope.report(
        errors.PLAIN_VALUE_FOR_SECRET,
        value,
        name=target.name,
        help="write the secret alone, as `$name`: no text, list or object around it"
        if inside
        else None,
        labels=(Label(target.span, "declared here"),),
    )
