"""Renames values whose names could not be read: `true`, `false`, `null`, `not`, `sees`, `env`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.diagnostics.fixes import UNSAFE
from flowdsl.source.text import Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by
from flowdsl.syntax.visit import walk

from ..model import ENV_ROOT

_SECTIONS = (ast.InputsSection, ast.SecretsSection, ast.OutputsSection)


def rename_reserved(module: ast.Module, name: str, span: Span) -> Fix:
    """Return the fix that gives the value declared at `span` another name in its declaration."""
    around = [
        each
        for each in module.declarations
        if each.start <= span.start < each.end and not isinstance(each, ast.ConstDecl)
    ] or module.declarations
    taken = {node.text for each in around for node in walk(each) if isinstance(node, ast.Name)}
    new = next(each for each in _new_names(name) if each not in taken)
    edits = {span.start: Edit(span, new)}
    for declaration in around:
        for edit in _rename(module, declaration, name, new):
            edits.setdefault(edit.span.start, edit)
    for edit in _rename_in_tests(module, around, name, new):
        edits.setdefault(edit.span.start, edit)
    return Fix(f"rename to `{new}`", tuple(edits[at] for at in sorted(edits)), UNSAFE)


def _new_names(name: str) -> Iterator[str]:
    yield f"{name}_value"
    yield from (f"{name}_value_{number}" for number in count(2))


def _rename(module: ast.Module, declaration: ast.Decl, name: str, new: str) -> Iterator[Edit]:
    """Yield the edits that rename a value of a declaration; a field keeps its name in JSON."""
    for node in walk(declaration):
        if isinstance(node, ast.Ref) and node.path and name == ENV_ROOT:
            continue  # a value of the environment
        for found in _names_in(node):
            if found.text == name:
                yield Edit(found.span(module.source), new)
        fields = node.fields if isinstance(node, _SECTIONS) else ()
        for field in fields:
            wired = any(each.name.text == "wire" for each in field.annotations)
            if field.name.text == name and not wired:
                end = max(
                    part.end
                    for part in (field.type, field.default, *field.annotations)
                    if part is not None
                )
                yield Edit(Span(module.source, end, end), f' @wire("{name}")')


def _rename_in_tests(
    module: ast.Module, around: Sequence[ast.Decl], name: str, new: str
) -> Iterator[Edit]:
    """Yield the edits that rename a value where tests of its declaration give or expect it."""
    named = {each.name.text for each in around if not isinstance(each, ast.TestDecl)}
    for test in module.declarations:
        if isinstance(test, ast.TestDecl) and test.subject.text in named:
            for node in walk(test):
                found: ast.Name | None = None
                if isinstance(node, ast.ReadAnswer):
                    found = node.path[0]
                elif isinstance(node, ast.ExpectedValue | ast.Binding | ast.GivenRows):
                    found = node.name
                if found is not None and found.text == name:
                    yield Edit(found.span(module.source), new)


def _names_in(node: ast.Node) -> Iterator[ast.Name]:
    """Yield the names of values that stand in a node itself."""
    match node:
        case ast.InputsSection() | ast.SecretsSection() | ast.OutputsSection():
            yield from (field.name for field in node.fields)
        case ast.ConstRef(name=ast.Dotted(namespace=None, name=name)):
            yield name
        case (
            ast.Ref(name=name)
            | ast.Param(name=name)
            | ast.EmitStmt(name=name)
            | ast.ChainStep(name=name)
            | ast.EachTarget(variable=name)
        ):
            yield name
        case ast.ForStmt(variable=variable, reason=reason):
            yield variable
            if reason is not None:
                yield reason
        case _:
            setter = variable_set_by(node)
            if setter is not None:
                yield setter
