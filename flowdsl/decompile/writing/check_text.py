"""Post-run checks as source text."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.codegen.checks import emit_checks
from flowdsl.format.literals import plain_literal, raw_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.source.record import replace

from .type_names import doc_lines
from .value_text import ValueWriter, said
from .value_types import type_of


def check_entries(
    checks: tuple[nodes.PostRunCheck, ...], cleanup: nodes.Text | None, values: ValueWriter
) -> Iterator[str]:
    """The entries of a `checks` section; raises `Unspeakable`.

    A check is named only if its name differs from the one that would be derived from its text.
    """
    for check in _with_few_names(checks):
        yield _entry(check, values)
    if cleanup is not None:
        yield f"on failure {values.text(cleanup)}"


def _entry(check: nodes.PostRunCheck, values: ValueWriter) -> str:
    """One check, under its doc comment."""
    documented = doc_lines(check.description) if check.description else []
    items = check.target.items if check.target is not None else None
    if check.target is None:
        words = [*_words(check, "", values)]
    elif items is None:
        words = [*_words(check, _target(check.target, values), values)]
    else:
        list_ = values.scope.in_code(items)
        type_ = type_of(nodes.TextValue(text=(items,)), values.scope.types)
        name = values.scope.enter_loop("entry", type_)
        template = values.text(check.target.template)
        words = [*_words(check, f"files each {name} in {list_} named {template}", values)]
        values.scope.leave_loop()
    if check.name:
        words.append(f"as {said(plain_literal(check.name))}")
    if check.extra:
        words.append(f"extra {said(value_literal(check.extra))}")
    return "\n".join((*documented, " ".join(words)))


def _words(check: nodes.PostRunCheck, target: str, values: ValueWriter) -> Iterator[str]:
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
        yield f"using {said(plain_literal(check.model))}"


def _target(target: nodes.FileTarget, values: ValueWriter) -> str:
    if target.mode == "exact":
        return f"file {', '.join(values.text(name) for name in target.names)}"
    pattern = f"files matching {said(raw_literal(target.pattern or ''))}"
    if target.count is not None:
        return f"{pattern} count {target.count}"
    if target.count_from is not None:
        return f"{pattern} count {values.scope.in_code(target.count_from)}"
    return pattern


def _with_few_names(checks: tuple[nodes.PostRunCheck, ...]) -> list[nodes.PostRunCheck]:
    """The checks, without each name that code generation derives anyway."""
    wanted = [item["name"] for item in emit_checks(checks)]
    named: list[nodes.PostRunCheck] = [replace(check, name="") for check in checks]
    while True:
        given = [item["name"] for item in emit_checks(tuple(named))]
        wrong = [at for at, name in enumerate(given) if name != wanted[at] and not named[at].name]
        if not wrong:
            return named
        for at in wrong:
            named[at] = replace(checks[at], name=wanted[at])
