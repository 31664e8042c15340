"""Answers of the server: a method for each request, over the projects that are open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from flowdsl.diagnostics.diagnostic import Edit
from flowdsl.host.disk import PROJECT_FILE
from flowdsl.ide.completion.complete import complete
from flowdsl.ide.completion.project_file import complete_project_file, describe_key
from flowdsl.ide.completion.signature import find_signature
from flowdsl.ide.edits.actions import REFACTOR, Action, find_actions
from flowdsl.ide.edits.formatting import format_file, format_lines
from flowdsl.ide.names.hover import Hover, describe_place, describe_word
from flowdsl.ide.names.navigation import (
    find_definition,
    find_named_files,
    find_references,
    highlight,
)
from flowdsl.ide.names.rename import RefusedRename, find_renamable, rename
from flowdsl.ide.occurrences import DECLARES, SETS
from flowdsl.ide.preview import make_preview
from flowdsl.ide.session import Session, Snapshot
from flowdsl.ide.views.folding import find_folds
from flowdsl.ide.views.hints import find_hints, find_lenses
from flowdsl.ide.views.symbols import find_project_symbols, find_symbols
from flowdsl.ide.views.tokens import find_tokens
from flowdsl.source.files import SUFFIX
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax.ast import Module

from . import convert
from .positions import apply_changes, range_of, to_offset, to_range
from .projects import OpenProject, Projects

RUN_TEST = "flowdsl.runTest"

Result = TypeVar("Result")


class Place:
    """What a request is about: a file, and the range or position in it as offsets.

    `params` are those of the request, of the type that the protocol has for it.
    """

    start = 0
    end = 0

    def __init__(self, project: OpenProject, path: str, text: str, params: Any) -> None:
        self.params = params
        self.project = project
        self.path = path
        self.session: Session = project.session
        self.source = SourceFile(path, text)
        self.is_flow = path.endswith(SUFFIX)

    @property
    def snapshot(self) -> Snapshot:
        """Return the analysis of the file, which the session keeps."""
        return self.session.analyze_file(self.path)

    @property
    def module(self) -> Module | None:
        """Return the tree of the file, if it could be read."""
        return self.snapshot.module(self.path)


class Refusal(Exception):
    """A request that cannot be done, with the reason for the person who made it."""


def _about_a_flow(
    answer: Callable[[Editor, Place], Result],
) -> Callable[[Editor, Any], Result | None]:
    """Answer a request about a flow by a method that takes its place; about other files None."""

    def answer_place(editor: Editor, params: Any) -> Result | None:
        place = editor.place_of(params)
        return answer(editor, place) if place.is_flow else None

    return answer_place


def _kind_of(action: Action) -> types.CodeActionKind:
    is_refactoring = action.kind == REFACTOR
    return types.CodeActionKind.RefactorExtract if is_refactoring else types.CodeActionKind.QuickFix


def _includes_kind(wanted: str, kind: types.CodeActionKind) -> bool:
    """Whether `kind` is the kind `wanted` or one that continues it; an empty one is any."""
    return not wanted or f"{kind.value}.".startswith(f"{wanted}.")


class Editor:
    """The state of one editor: its open texts, and its projects."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.projects = Projects()
        self.uris: dict[str, str] = {}

    # Files

    def locate(self, uri: str) -> tuple[OpenProject, str]:
        """Return the project and the path of a file."""
        scheme, _, name = uri.partition(":")
        full = to_fs_path(uri) if scheme == "file" else None
        if not full:
            # A text without a file is a flow in a folder that nobody has.
            name = name.rpartition("/")[2].removesuffix(SUFFIX) or "flow"
            full = os.path.join(os.sep, scheme, name + SUFFIX)
        project, path = self.projects.project_of(full)
        self.uris.setdefault(project.full_path(path), uri)
        return project, path

    def place_of(self, params: Any) -> Place:
        """Return what the parameters of a request name by `text_document` and the like."""
        project, path = self.locate(params.text_document.uri)
        text = self.projects.buffers.get(project.full_path(path))
        if text is None:
            text = project.session.text_of(path) or ""
        place = Place(project, path, text, params)
        if hasattr(params, "position"):
            place.start = place.end = to_offset(place.source, params.position, self.encoding)
        elif hasattr(params, "range"):
            place.start = to_offset(place.source, params.range.start, self.encoding)
            place.end = to_offset(place.source, params.range.end, self.encoding)
        return place

    def uri_of(self, project: OpenProject, path: str) -> str:
        """Return the URI of a file, as the editor spelled it if it did."""
        full = project.full_path(path)
        return self.uris.get(full) or from_fs_path(full) or ""

    def open_text(self, uri: str, text: str) -> tuple[OpenProject, str]:
        project, path = self.locate(uri)
        self.projects.buffers[project.full_path(path)] = text
        project.set_buffer(path, text)
        return project, path

    def change_text(
        self, uri: str, changes: list[types.TextDocumentContentChangeEvent]
    ) -> tuple[OpenProject, str]:
        project, path = self.locate(uri)
        before = self.projects.buffers.get(project.full_path(path), "")
        return self.open_text(uri, apply_changes(before, changes, self.encoding))

    def close_text(self, uri: str) -> tuple[OpenProject, str]:
        project, path = self.locate(uri)
        self.projects.buffers.pop(project.full_path(path), None)
        project.set_buffer(path, None)
        return project, path

    # Places

    def _range(self, place: Place, start: int, end: int) -> types.Range:
        return to_range(place.source, start, end, self.encoding)

    def _location(self, project: OpenProject, span: Span) -> types.Location:
        return types.Location(self.uri_of(project, span.path), range_of(span, self.encoding))

    def _edits(self, place: Place, edits: Iterator[Edit] | tuple[Edit, ...]) -> types.WorkspaceEdit:
        return convert.convert_edits(
            edits, lambda path: self.uri_of(place.project, path), self.encoding
        )

    # Names

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        place = self.place_of(params)
        found: Hover | None = None
        if place.is_flow:
            found = describe_place(place.session, place.path, place.start)
        elif place.path == PROJECT_FILE:
            key = describe_key(place.source.text, place.start)
            found = None if key is None else Hover(*key)
        if found is None:
            return None
        text = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(text, self._range(place, found.start, found.end))

    @_about_a_flow
    def definition(self, place: Place) -> types.Location | None:
        span = find_definition(place.session, place.path, place.start)
        return None if span is None else self._location(place.project, span)

    @_about_a_flow
    def references(self, place: Place) -> list[types.Location]:
        found = find_references(place.session, place.path, place.start)
        return [
            self._location(place.project, Span(source, each.start, each.end))
            for source, each in (() if found is None else found[1])
            if each.role != DECLARES or place.params.context.include_declaration
        ]

    @_about_a_flow
    def document_highlight(self, place: Place) -> list[types.DocumentHighlight]:
        write, read = types.DocumentHighlightKind.Write, types.DocumentHighlightKind.Read
        return [
            types.DocumentHighlight(
                self._range(place, each.start, each.end),
                write if each.role in (DECLARES, SETS) else read,
            )
            for each in highlight(place.session, place.path, place.start)
        ]

    @_about_a_flow
    def prepare_rename(self, place: Place) -> types.PrepareRenamePlaceholder | None:
        found = find_renamable(place.session, place.path, place.start)
        if isinstance(found, RefusedRename):
            raise Refusal(found.reason)
        return types.PrepareRenamePlaceholder(range_of(found, self.encoding), found.text)

    @_about_a_flow
    def rename(self, place: Place) -> types.WorkspaceEdit | None:
        found = rename(place.session, place.path, place.start, place.params.new_name)
        if isinstance(found, RefusedRename):
            raise Refusal(found.reason)
        return self._edits(place, found)

    def completion(self, params: types.CompletionParams) -> types.CompletionList:
        place = self.place_of(params)
        text = place.source.text
        if place.is_flow:
            start, items = complete(place.session, place.path, text, place.start)
        elif place.path == PROJECT_FILE:
            start, items = complete_project_file(text, place.start)
        else:
            return types.CompletionList(False, [])
        return types.CompletionList(
            False,
            [
                convert.convert_item(each, place.source, start, place.start, self.encoding)
                for each in items
            ],
        )

    def resolve_completion(self, item: types.CompletionItem) -> types.CompletionItem:
        """Add the entry of the reference to a word of the language."""
        if item.kind == types.CompletionItemKind.Keyword and item.documentation is None:
            text = describe_word(item.label)
            if text is not None:
                item.documentation = types.MarkupContent(types.MarkupKind.Markdown, text)
        return item

    @_about_a_flow
    def signature_help(self, place: Place) -> types.SignatureHelp | None:
        found = find_signature(place.session, place.path, place.source.text, place.start)
        if found is None:
            return None
        signature = types.SignatureInformation(
            found.text,
            found.doc or None,
            [types.ParameterInformation(each) for each in found.parameters],
            found.active,
        )
        return types.SignatureHelp([signature], 0, found.active)

    # Views

    @_about_a_flow
    def document_symbol(self, place: Place) -> list[types.DocumentSymbol]:
        module = place.session.module_of(place.path)
        return [
            convert.convert_symbol(each, place.source, self.encoding)
            for each in (() if module is None else find_symbols(module))
        ]

    def workspace_symbol(self, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        return [
            types.WorkspaceSymbol(
                self._location(project, Span(source, each.name_start, each.name_end)),
                each.name,
                convert.symbol_kind(each.kind),
                container_name=source.path,
            )
            for project in self.projects
            for source, each in find_project_symbols(project.session, params.query)
        ]

    @_about_a_flow
    def semantic_tokens(self, place: Place) -> types.SemanticTokens:
        tokens = [] if place.module is None else find_tokens(place.snapshot, place.module)
        return types.SemanticTokens(convert.convert_tokens(tokens, place.source, self.encoding))

    @_about_a_flow
    def folding_range(self, place: Place) -> list[types.FoldingRange]:
        return [
            types.FoldingRange(each.first - 1, each.last - 1, kind=each.kind)
            for each in find_folds(place.source)
        ]

    @_about_a_flow
    def inlay_hint(self, place: Place) -> list[types.InlayHint]:
        if place.module is None:
            return []
        return [
            types.InlayHint(
                self._range(place, each.offset, each.offset).start,
                each.text,
                types.InlayHintKind.Type,
            )
            for each in find_hints(place.snapshot, place.module, place.start, place.end)
        ]

    @_about_a_flow
    def code_lens(self, place: Place) -> list[types.CodeLens]:
        if place.module is None:
            return []
        uri = place.params.text_document.uri
        return [
            types.CodeLens(
                self._range(place, each.start, each.end),
                types.Command(
                    each.text,
                    "" if each.test is None else RUN_TEST,
                    arguments=None if each.test is None else [uri, each.test],
                ),
            )
            for each in find_lenses(place.session, place.snapshot, place.module)
        ]

    @_about_a_flow
    def document_link(self, place: Place) -> list[types.DocumentLink]:
        return [
            types.DocumentLink(range_of(span, self.encoding), self.uri_of(place.project, path))
            for span, path in find_named_files(place.snapshot, place.path)
        ]

    @_about_a_flow
    def preview(self, place: Place) -> dict[str, Any] | None:
        """Return the prompt of the workflow at a place, and the source of its lines.

        `lines` has pairs of a line of the prompt, from 0, and the URI and range of its source.
        """
        found = make_preview(place.session, place.path, place.start)
        if found is None:
            return None
        sources: dict[str, SourceFile] = {place.path: place.source}
        lines = []
        for each in found.lines:
            path = each.source.path
            if path not in sources:
                sources[path] = SourceFile(path, place.session.text_of(path) or "")
            source = sources[path]
            start = source.offset(each.source.start_line, each.source.start_column)
            end = source.offset(each.source.end_line, each.source.end_column)
            at = to_range(source, start, end, self.encoding)
            lines.append(
                {
                    "line": each.line - 1,
                    "statement": each.statement,
                    "uri": self.uri_of(place.project, path),
                    "range": {
                        "start": {"line": at.start.line, "character": at.start.character},
                        "end": {"line": at.end.line, "character": at.end.character},
                    },
                }
            )
        return {
            "workflow": found.workflow,
            "text": found.text,
            "lines": lines,
            "errors": found.errors,
        }

    # Edits

    @_about_a_flow
    def formatting(self, place: Place) -> list[types.TextEdit]:
        edits = format_file(place.source)
        return [convert.convert_edit(each, self.encoding) for each in edits]

    @_about_a_flow
    def range_formatting(self, place: Place) -> list[types.TextEdit]:
        edits = format_lines(place.source, place.start, place.end)
        return [convert.convert_edit(each, self.encoding) for each in edits]

    @_about_a_flow
    def code_action(self, place: Place) -> list[types.CodeAction]:
        wanted = [getattr(each, "value", each) for each in place.params.context.only or ()]
        offered = find_actions(
            place.session, place.path, place.start, place.end, place.project.baseline
        )
        return [
            self._convert_action(place, each)
            for each in offered
            if not wanted or any(_includes_kind(kind, _kind_of(each)) for kind in wanted)
        ]

    def _convert_action(self, place: Place, action: Action) -> types.CodeAction:
        answered = None
        if action.diagnostic is not None:
            answered = [
                convert.convert_diagnostic(
                    action.diagnostic,
                    lambda path: self.uri_of(place.project, path),
                    self.encoding,
                )
            ]
        return types.CodeAction(
            title=action.title,
            kind=_kind_of(action),
            diagnostics=answered,
            is_preferred=action.safe or None,
            edit=self._edits(place, action.edits),
        )
