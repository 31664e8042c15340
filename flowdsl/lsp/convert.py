"""Values of `flowdsl.ide` as values of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lsprotocol import types

from flowdsl.diagnostics.diagnostic import ERROR, WARNING, Diagnostic, Edit
from flowdsl.ide.completion.items import Item
from flowdsl.ide.views.legend import MODIFIERS, TYPES
from flowdsl.ide.views.symbols import Symbol
from flowdsl.ide.views.tokens import SemanticToken
from flowdsl.source.text import SourceFile

from .positions import range_of, to_position, to_range

UriOf = Callable[[str], str]
"""Returns the URI of a file of a project, from its path."""

_KINDS = types.CompletionItemKind
_COMPLETION_KINDS = {
    "keyword": _KINDS.Keyword,
    "file": _KINDS.File,
    "value": _KINDS.Value,
    "annotation": _KINDS.Property,
    "setting": _KINDS.Property,
    "field": _KINDS.Field,
    "task": _KINDS.Function,
    "workflow": _KINDS.Class,
    "chain": _KINDS.Class,
    "type": _KINDS.Struct,
    "const": _KINDS.Constant,
    "imported file": _KINDS.Module,
}
_SYMBOLS = types.SymbolKind
_SYMBOL_KINDS = {
    "workflow": _SYMBOLS.Class,
    "chain": _SYMBOLS.Class,
    "task": _SYMBOLS.Function,
    "type": _SYMBOLS.Struct,
    "const": _SYMBOLS.Constant,
    "test": _SYMBOLS.Method,
    "case": _SYMBOLS.Event,
    "step": _SYMBOLS.Namespace,
    "field": _SYMBOLS.Field,
    "input": _SYMBOLS.Property,
    "secret": _SYMBOLS.Key,
    "output": _SYMBOLS.Property,
}


def convert_diagnostic(diagnostic: Diagnostic, uri_of: UriOf, encoding: str) -> types.Diagnostic:
    """Return a finding with its help, notes and further places."""
    severity = {ERROR: types.DiagnosticSeverity.Error, WARNING: types.DiagnosticSeverity.Warning}
    lines = [diagnostic.message]
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    lines += [f"note: {note}" for note in diagnostic.notes]
    tags = []
    if diagnostic.name.startswith("unused-"):
        tags.append(types.DiagnosticTag.Unnecessary)
    return types.Diagnostic(
        range=range_of(diagnostic.span, encoding),
        message="\n".join(lines),
        severity=severity.get(diagnostic.severity, types.DiagnosticSeverity.Information),
        code=diagnostic.name,
        source="flowdsl",
        tags=tags or None,
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(uri_of(label.span.path), range_of(label.span, encoding)), label.text
            )
            for label in diagnostic.labels
        ]
        or None,
    )


def convert_edits(edits: Iterable[Edit], uri_of: UriOf, encoding: str) -> types.WorkspaceEdit:
    """Return edits of files by their URIs."""
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        changes.setdefault(uri_of(edit.span.path), []).append(convert_edit(edit, encoding))
    return types.WorkspaceEdit(changes=changes)


def convert_edit(edit: Edit, encoding: str) -> types.TextEdit:
    """Return an edit of one file, with the line breaks that the file begins with."""
    text = edit.span.source.text
    replacement = edit.replacement
    first = text.find("\n")
    if first > 0 and text[first - 1] == "\r":
        replacement = replacement.replace("\r\n", "\n").replace("\n", "\r\n")
    return types.TextEdit(range_of(edit.span, encoding), replacement)


def convert_item(
    item: Item, source: SourceFile, start: int, end: int, encoding: str
) -> types.CompletionItem:
    """Return a completion that takes the place of the word between two offsets."""
    return types.CompletionItem(
        label=item.label,
        kind=_COMPLETION_KINDS.get(item.kind, _KINDS.Variable),
        detail=item.detail or None,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, item.doc)
        if item.doc
        else None,
        sort_text=f"{item.order + 1000:05}{item.label}",
        text_edit=types.TextEdit(to_range(source, start, end, encoding), item.written),
        additional_text_edits=[convert_edit(each, encoding) for each in item.edits] or None,
    )


def convert_symbol(symbol: Symbol, source: SourceFile, encoding: str) -> types.DocumentSymbol:
    """Return a declaration with what it holds."""
    return types.DocumentSymbol(
        name=symbol.name,
        kind=symbol_kind(symbol.kind),
        detail=symbol.detail or None,
        range=to_range(source, symbol.start, symbol.end, encoding),
        selection_range=to_range(source, symbol.name_start, symbol.name_end, encoding),
        children=[convert_symbol(each, source, encoding) for each in symbol.children] or None,
    )


def symbol_kind(kind: str) -> types.SymbolKind:
    """Return the kind of a declaration in the protocol."""
    return _SYMBOL_KINDS.get(kind, _SYMBOLS.Variable)


def convert_tokens(tokens: Sequence[SemanticToken], source: SourceFile, encoding: str) -> list[int]:
    """Return tokens in the protocol's form: five numbers each, relative to the one before."""
    data: list[int] = []
    line = character = 0
    for token in tokens:
        start = to_position(source, token.start, encoding)
        end = to_position(source, token.end, encoding)
        same_line = start.line == line
        data += [
            start.line - line,
            start.character - (character if same_line else 0),
            end.character - start.character,
            TYPES.index(token.type),
            sum(1 << MODIFIERS.index(each) for each in token.modifiers),
        ]
        line, character = start.line, start.character
    return data
