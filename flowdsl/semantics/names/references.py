"""Resolves references: the symbol, and the type at the end of the path."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import Edit, Fix, Label
from flowdsl.diagnostics.suggest import (
    find_closest_name,
    join_names,
    prefix_article,
    rename_fix,
    suggest_known_names,
)
from flowdsl.syntax import ast

from .. import errors
from ..model import CONST, ENV_ROOT, ENVIRONMENT, INPUT, RUNTIME, SECRET, STEP, ValueSymbol
from ..places import CHAIN_VALUE, COMMAND, FILE_NAME, TEST_VALUE, TYPED, Place
from ..program import Program
from ..types import (
    ANY,
    INT,
    STRING,
    TODAY,
    UNKNOWN,
    ListOf,
    Type,
    Unknown,
    describe_type,
    holds_any,
    strip_optional,
)
from .foreign_names import DAYS, foreign_value, make_writing_fix
from .paths import name_span, path_of, step_of, walk_path
from .scopes import ValueScope, names_of_kind


def spell_name(path: str, kind: str, *, in_text: bool) -> str:
    """Spell a path to a value of this kind: with `$` if it is secret, in a text with braces."""
    spelt = f"${path}" if kind == SECRET else path
    return f"{{{spelt}}}" if in_text else spelt


def resolve_ref(scope: ValueScope, ref: ast.Ref, place: Place, *, in_text: bool = False) -> Type:
    """Resolve `ref` and report errors in it; returns the type at the end of its path.

    Fills the tables `values`, `ref_types` and, for a const, `constants` of the program.
    """
    program = scope.program
    symbol = _find_symbol(scope, ref, place, in_text=in_text)
    if symbol is None:
        return UNKNOWN
    kind = symbol.kind
    counted = ref.counted
    is_counted = counted is not None and kind != CONST  # on the run
    if kind not in place.allowed or (is_counted and RUNTIME not in place.allowed):
        _report_place(scope, ref, symbol, place)
        return UNKNOWN
    program.values[ref] = symbol
    if in_text and counted is None:
        scope.module.text_refs.append((ref, symbol))
    if kind == RUNTIME:
        scope.module.runtime_refs.append(ref)
    if kind == ENVIRONMENT:
        type_ = _environment_value(scope, ref)
    elif kind == STEP and in_text:
        span = ref.span(scope.source)
        scope.report(errors.STEP_OUTPUT_IN_TEXT, span, name=span.text)
        type_ = UNKNOWN
    else:
        type_ = walk_path(scope, counted or ref, symbol)
    if counted is not None:
        program.values[counted], program.ref_types[counted] = symbol, type_
        type_ = check_counted(scope, counted, type_)
    program.ref_types[ref] = type_
    if kind == INPUT:
        if place not in (CHAIN_VALUE, COMMAND) and holds_any(type_):
            _report_any_of_input(scope, ref, type_)
    elif place in (TYPED, FILE_NAME) and strip_optional(type_) == ANY:
        _report_any(scope, ref, kind, place)
    if kind == CONST and not isinstance(type_, Unknown):
        _fold_const(scope, counted or ref, symbol)
        if counted in program.constants:
            program.constants[ref] = len(program.constants[counted] or ())
    return type_


def check_counted(scope: ValueScope, counted: ast.Ref, type_: Type) -> Type:
    """Report what `count of` counts if it is no list; returns the type of the number."""
    listed = strip_optional(type_)
    if not isinstance(listed, ListOf | Unknown):
        span = counted.span(scope.source)
        scope.report(errors.COUNT_OF_NO_LIST, span, name=span.text, type=describe_type(listed))
    return INT


def _report_any(scope: ValueScope, ref: ast.Ref, kind: str, place: Place) -> None:
    """Report a value of type `any` that a tool is given, since its actual type is unknown.

    For commands, `texts.destinations` reports it.
    """
    if kind in (CONST, ENVIRONMENT):
        return
    span = ref.span(scope.source)
    name = span.text.strip("{} \t")
    scope.report(errors.ANY_GIVEN_TO_TOOL, span, name=name, place=place.title)


def _report_any_of_input(scope: ValueScope, ref: ast.Ref, type_: Type) -> None:
    """Report an input whose texts `input_schema` cannot keep within their place in a prompt.

    For commands, `texts.destinations` reports it.
    """
    if scope.inputs_verbatim or (scope.inputs_unknown and scope.program.sink.has_errors):
        return  # of unknown ones, what declares them may be at fault
    span = ref.span(scope.source)
    has = "is of" if strip_optional(type_) == ANY else "holds something of"
    scope.report(errors.ANY_OF_INPUT, span, name=span.text.strip("{} \t"), has=has)


def _find_symbol(
    scope: ValueScope, ref: ast.Ref, place: Place, *, in_text: bool
) -> ValueSymbol | None:
    """Return the symbol of the root of a reference; None, with a report, if none fits."""
    name = ref.name.text
    if name in scope.clashing:
        return None
    symbol = scope.symbols.get(name)
    if symbol is None:
        module = scope.module
        if name == ENV_ROOT:
            symbol = ValueSymbol(ENVIRONMENT, ENV_ROOT, ANY, ref.name.span(module.source))
        elif name in module.namespaces:
            return _qualified_const(scope, ref)
        elif name in module.names:
            entry = module.names[name]
            scope.program.use(module, name, entry)
            if entry is None:
                return None
            if isinstance(entry.declaration, ast.ConstDecl):
                symbol = scope.program.consts.get(entry.declaration)
                if symbol is None:
                    return None
        if symbol is None:
            if scope.inputs_unknown and not ref.secret:
                return ValueSymbol(INPUT, name, ANY, ref.name.span(module.source))
            _report_undeclared(scope, ref, place, in_text=in_text)
            return None
    if (symbol.kind == SECRET) != ref.secret:
        _report_sigil(scope, ref, symbol, place, in_text=in_text)
        return None
    return symbol


def _qualified_const(scope: ValueScope, ref: ast.Ref) -> ValueSymbol | None:
    """Return the const that `file.name` means, which is written like a path."""
    program = scope.program
    other = scope.module.namespaces[ref.name.text][0]
    program.use(scope.module, ref.name.text, None)
    if other is None:
        return None
    consts = {
        name: entry.declaration
        for name, entry in other.own.items()
        if isinstance(entry.declaration, ast.ConstDecl)
    }
    first = ref.path[0] if ref.path else None
    if isinstance(first, ast.FieldAccess) and first.name in consts and not ref.secret:
        program.use(other, first.name, other.own[first.name])
        symbol = program.consts.get(consts[first.name])
        if symbol is None:
            return None
        name = f"{ref.name.text}.{symbol.name}"
        return ValueSymbol(
            CONST, name, symbol.type, symbol.span, value=symbol.value, literal=symbol.literal
        )
    wanted = first.name if isinstance(first, ast.FieldAccess) else ""
    if other.hides(wanted):
        return None
    scope.report(
        errors.UNDECLARED_NAME,
        ref,
        name=f"{ref.name.text}.{wanted}" if wanted else ref.name.text,
        help=(
            f"`{ref.name.text}` is an imported file; {suggest_known_names('const', consts, wanted)}"
        ),
    )
    return None


def _fold_const(scope: ValueScope, ref: ast.Ref, symbol: ValueSymbol) -> None:
    """Store the value of the part of a const that `ref` names in `program.constants`.

    An entry or key that the const does not have is reported. A part that depends on `env` has no
    value here.
    """
    program = scope.program
    value = symbol.value if symbol.literal is None else symbol.literal
    for part in path_of(ref, symbol):
        span = part.span(scope.source)
        step = step_of(part)
        value = _open_literal(program, value)
        exists = step in value if isinstance(value, dict) else _has_entry(value, step)
        if not exists:
            scope.report(errors.NOT_IN_CONST, span, name=symbol.name, part=span.text)
            return
        value = value[step]
    if not isinstance(value, ast.Node):
        program.constants[ref] = value


def _open_literal(program: Program, value: Any) -> Any:
    """Return the entries of a literal that depends on `env`; any other value as it is."""
    match value:
        case ast.ListExpr(items=items):
            return [*items]
        case ast.ObjectExpr(pairs=pairs):
            return {
                each.key.text if isinstance(each.key, ast.Name) else each.key.value: each.value
                for each in pairs
            }
        case ast.ConstRef() if value in program.values:
            symbol = program.values[value]
            return _open_literal(program, symbol.literal or symbol.value)
        case _:
            return value


def _has_entry(value: Any, step: str | int) -> bool:
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _report_undeclared(scope: ValueScope, ref: ast.Ref, place: Place, *, in_text: bool) -> None:
    """Report an undeclared name, with the best advice available."""
    name = ref.name.text
    source = scope.source
    own = scope.known()
    consts = names_of_kind(scope.module, CONST)
    help: str | None
    labels: tuple[Label, ...] = ()
    fixes: tuple[Fix, ...] = ()
    near = find_closest_name(name, (ENV_ROOT,), consts, *own)
    kind = None if near is None else scope.kind_of(near)
    foreign = None if in_text else foreign_value(name, ref.name.span(source))
    if foreign is not None and not ref.path:
        help, fixes = foreign
    elif name in DAYS and near is None and place is not TEST_VALUE:
        if place is TYPED and not in_text:
            help = f"a day is counted from today: write `{DAYS[name]}`"
            fixes = make_writing_fix(ref.span(source), DAYS[name], "unsafe")
        else:
            day = "day of the run" if DAYS[name] == TODAY else "day before or after the run"
            help = f"the {day} is an input: declare `{name}: date = {DAYS[name]}` in `inputs`"
    elif name in scope.ended:
        symbol = scope.ended[name]
        help = f"`{name}` is the variable of a loop and exists inside it only"
        labels = (Label(symbol.span, "the loop variable"),)
    elif near is not None and kind is not None:
        known = scope.symbols.get(near)
        title = kind if known is None else known.title
        help = f"{prefix_article(title)} named `{near}` exists"
        if (kind == SECRET) == ref.secret:
            fixes = rename_fix(ref.name.span(source), (near,))
        else:
            help += f"; write `{spell_name(near, kind, in_text=in_text)}`"
    elif place is TEST_VALUE:
        help = (
            "a test knows consts and `env` only: write the value that this test gives, as the "
            "run would show it"
        )
    else:
        names = (own[ref.secret], *(() if ref.secret else (consts,)))
        kind = "secret" if ref.secret else "value"
        help = (
            f"the {kind}s here: {join_names(*names)}"
            if any(names)
            else f"no {kind} is declared here"
        )
    scope.report(errors.UNDECLARED_NAME, ref, name=name, help=help, labels=labels, fixes=fixes)


def _report_sigil(
    scope: ValueScope, ref: ast.Ref, symbol: ValueSymbol, place: Place, *, in_text: bool
) -> None:
    span = ref.span(scope.source)
    path = span.source.text[ref.name.start : ref.end].rstrip("} \t")
    right = spell_name(path, symbol.kind, in_text=in_text)
    allowed = symbol.kind in place.allowed
    fixes = (Fix(f"write `{right}`", (Edit(span, right),)),) if allowed else ()
    help = (
        f"write `{right}`"
        if allowed
        else f"{place.title} may not hold {prefix_article(symbol.kind)}"
    )
    scope.report(
        errors.WRONG_SIGIL,
        span,
        name=symbol.name,
        kind=prefix_article(symbol.kind),
        rule="only a secret" if ref.secret else "a secret",
        help=help,
        labels=(Label(symbol.span, f"the {symbol.title} is declared here"),),
        fixes=fixes,
    )


def _report_place(scope: ValueScope, ref: ast.Ref, symbol: ValueSymbol, place: Place) -> None:
    label = Label(symbol.span, f"the {symbol.title} is declared here")
    if symbol.kind == SECRET:
        spec = errors.MISPLACED_SECRET
    elif symbol.kind == RUNTIME or symbol.kind in place.allowed:
        spec = errors.MISPLACED_RUNTIME_VALUE
    else:
        spec = errors.MISPLACED_VALUE
    labels = () if symbol.kind == ENVIRONMENT else (label,)
    scope.report(
        spec,
        ref,
        name=symbol.name if ref.counted is None else f"count of {symbol.name}",
        kind=prefix_article(symbol.kind),
        place=place.title,
        allowed=describe_allowed_kinds(place),
        labels=labels,
    )


def describe_allowed_kinds(place: Place) -> str:
    """Describe the kinds of values that a place allows, for a sentence."""
    order = ("input", "parameter", "loop variable", "runtime variable", "secret", "chain step")
    kinds = [f"{kind}s" for kind in order if kind in place.allowed]
    if CONST in place.allowed:
        kinds.append("consts")
    if ENVIRONMENT in place.allowed:
        kinds.append("`env`")
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"


def _environment_value(scope: ValueScope, ref: ast.Ref) -> Type:
    """Return the type of `env.name`; UNKNOWN, with a report, if an environment lacks the value."""
    program = scope.program
    span = ref.span(scope.source)
    first = ref.path[0] if len(ref.path) == 1 else None
    if not isinstance(first, ast.FieldAccess):
        scope.report(errors.ENVIRONMENT_NOT_A_VALUE, span, written=span.text)
        return UNKNOWN
    name = first.name
    if not program.environments:
        scope.report(
            errors.UNDEFINED_ENVIRONMENT_VALUE,
            span,
            name=name,
            where="the project, which has no environment",
            help=f"define `{name}` in the `vars` of an environment in `flowdsl.toml`",
        )
        return UNKNOWN
    lacking = [env for env, values in program.environments.items() if name not in values]
    if lacking:
        everywhere = {known for values in program.environments.values() for known in values}
        near = find_closest_name(name, everywhere - {name})
        kind = "environments" if len(lacking) > 1 else "environment"
        scope.report(
            errors.UNDEFINED_ENVIRONMENT_VALUE,
            span,
            name=name,
            where=f"{kind} {join_names(lacking)}",
            help=f"a value named `{near}` exists"
            if near is not None
            else f"define `{name}` in the `vars` of {join_names(lacking)} in `flowdsl.toml`",
            fixes=rename_fix(name_span(scope, first), everywhere) if near is not None else (),
        )
        return UNKNOWN
    return STRING
