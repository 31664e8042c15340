"""The declarations of a file as a tree, and those of a project by their names."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.semantics.names.scopes import KIND_OF_DECLARATION
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span, variable_set_by

from ..session import Session

_SECTIONS: dict[type[ast.Node], str] = {
    ast.InputsSection: "input",
    ast.SecretsSection: "secret",
    ast.OutputsSection: "output",
}


class Symbol(Record):
    """A declaration: its place, the place of its name, and what it holds."""

    name: str
    kind: str
    detail: str
    start: int
    end: int
    name_start: int
    name_end: int
    children: tuple[Symbol, ...] = ()


def find_symbols(module: ast.Module) -> tuple[Symbol, ...]:
    """Return the declarations of a file, with their fields, steps, variables and cases."""
    return tuple(_make_declaration(module.source, each) for each in module.declarations)


def find_project_symbols(session: Session, words: str) -> Iterator[tuple[SourceFile, Symbol]]:
    """Yield the declarations of a project whose names hold the letters of `words` in order."""
    for path in sorted(session.entries):
        names = [name for _, name in session.facts_of(path).declared]
        if not any(_has_letters(name, words) for name in names):
            continue
        module = session.module_of(path)
        for declaration in () if module is None else module.declarations:
            symbol = _make_declaration(module.source, declaration)  # type: ignore[union-attr]
            if symbol.kind != "test" and _has_letters(symbol.name, words):
                yield module.source, symbol  # type: ignore[union-attr]


def _has_letters(name: str, words: str) -> bool:
    """Whether a name has the letters of `words` in their order, in any case."""
    letters = iter(name.lower())
    return all(letter in letters for letter in words.lower())


def _make(
    node: ast.Node, name: ast.Node, text: str, kind: str, detail: str, children: tuple[Symbol, ...]
) -> Symbol:
    return Symbol(text or kind, kind, detail, node.start, node.end, name.start, name.end, children)


def _make_declaration(source: SourceFile, declaration: ast.Decl) -> Symbol:
    if isinstance(declaration, ast.TestDecl):
        cases = (item for item in declaration.items if isinstance(item, ast.TestCase))
        children = tuple(
            _make(case, case.title, case.title.value, "case", "", ()) for case in cases
        )
        title, detail = declaration.title, f"for {declaration.subject.text}"
        return _make(declaration, title, title.value, "test", detail, children)
    children = tuple(_find_children(source, declaration))
    kind = KIND_OF_DECLARATION[type(declaration)]
    name = declaration.name
    doc = (declaration.doc or "").partition("\n")[0]
    return _make(declaration, name, name.text, kind, doc, children)


def _find_children(source: SourceFile, declaration: ast.Decl) -> Iterator[Symbol]:
    match declaration:
        case ast.RecordDecl(fields=fields):
            yield from _make_fields(source, fields, "field")
        case ast.TaskDecl(params=params, body=body):
            for param in params:
                type_ = param.type.span(source).text
                yield _make(param, param.name, param.name.text, "parameter", type_, ())
            yield from _make_steps(source, body)
        case ast.WorkflowDecl(items=items):
            for item in items:
                if isinstance(item, ast.StepsSection):
                    yield from _make_steps(source, item.body)
                elif isinstance(item, ast.InputsSection | ast.SecretsSection | ast.OutputsSection):
                    yield from _make_fields(source, item.fields, _SECTIONS[type(item)])
        case ast.ChainDecl(items=chain_items):
            for part in chain_items:
                if isinstance(part, ast.ChainStep):
                    runs = part.workflow.span(source).text
                    yield _make(part, part.name, part.name.text, "step", f"run {runs}", ())
                elif isinstance(part, ast.InputsSection | ast.SecretsSection):
                    yield from _make_fields(source, part.fields, _SECTIONS[type(part)])
        case _:
            pass


def _make_fields(source: SourceFile, fields: tuple[ast.Field, ...], kind: str) -> Iterator[Symbol]:
    for field in fields:
        detail = field.type.span(source).text
        yield _make(field, field.name, field.name.text, kind, detail, ())


def _make_steps(source: SourceFile, body: ast.Block) -> Iterator[Symbol]:
    """Yield the steps of a body with the steps in them, and the variables that it sets."""
    for statement in body.statements:
        if isinstance(statement, ast.StepStmt):
            title = statement.title.span(source).text.strip('"')
            place = keyword_span(statement, source)
            children = tuple(_make_steps(source, statement.body))
            yield Symbol(
                title or "step",
                "step",
                "",
                statement.start,
                statement.end,
                place.start,
                place.end,
                children,
            )
            continue
        name = variable_set_by(statement)
        if name is not None and getattr(statement, "type", None) is not None:
            detail = statement.type.span(source).text  # type: ignore[union-attr]
            yield _make(statement, name, name.text, "variable", detail, ())
