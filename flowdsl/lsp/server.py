"""The server: which requests it answers, and when files are checked.

A change is checked a moment after the last one: `_DELAY` for the file and its group, `_QUIET` for
what only a check of a whole large group finds. A check that is overtaken by a change is dropped.
The checker is imported after the answer to `initialize`, so that an editor does not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from flowdsl import __version__
from flowdsl.ide.views.legend import MODIFIERS, TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.diagnostics.sink import Sink
    from flowdsl.source.text import SourceFile
    from flowdsl.syntax.ast import Module

    from .editor import Editor
    from .projects import OpenProject

_DELAY = 0.08
_QUIET = 1.0
_TRIGGERS = [".", "{", "$", "@", '"', "/", "[", "="]


class _Overtaken(Exception):
    """A file has changed while its group was checked."""


class _RequestRefused(JsonRpcException):
    """The answer to a request that cannot be done."""

    CODE = -32803  # RequestFailed


class _NoRefusals(logging.Filter):
    """Keeps out of the log what is an answer and no failure of the server."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is None or not isinstance(record.exc_info[1], _RequestRefused)


class FlowServer(LanguageServer):
    """The server of one editor."""

    def __init__(self) -> None:
        super().__init__("flowdsl", __version__)
        self._checks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._whole_checks: dict[str, asyncio.Task[None]] = {}

    @cached_property
    def editor(self) -> Editor:
        """Return the state of the editor; the checker is imported on the first use."""
        from .editor import Editor

        encoding = self.server_capabilities.position_encoding
        return Editor(encoding or types.PositionEncodingKind.Utf16)

    # Checks

    def schedule(self, project: OpenProject, path: str, delay: float = _DELAY) -> None:
        """Check what a change of a file affects, unless another change comes first."""
        for flow in project.stale_flows(path):
            key = self._cancel_check(project, flow)
            self._checks[key] = asyncio.ensure_future(self._check_later(project, flow, delay))

    def _cancel_check(self, project: OpenProject, path: str) -> tuple[str, str]:
        """Cancel the scheduled check of the group of a flow; return the key of the group."""
        key = (project.root, project.session.group_of(path)[0])
        earlier = self._checks.pop(key, None)
        if earlier is not None:
            earlier.cancel()
        return key

    def forget(self, project: OpenProject, path: str) -> None:
        """Show nothing more of a flow that was closed and is not one of the project."""
        self._cancel_check(project, path)
        self._publish_file(project, path, ())

    async def _check_later(self, project: OpenProject, path: str, delay: float) -> None:
        await asyncio.sleep(delay)
        if not project.session.is_large(path):
            self.publish(project, path)
            return
        self.publish_alone(project, path)
        await asyncio.sleep(_QUIET)
        await self._check_large_group(project, path)

    async def _check_large_group(self, project: OpenProject, path: str) -> None:
        """Check a large group beside the requests; the result is dropped after a change."""
        generation = project.generation
        session = project.session
        names = session.group_of(path)

        def parse(source: SourceFile, sink: Sink) -> Module:
            if project.generation != generation:
                raise _Overtaken
            return session.parse(source, sink)

        try:
            snapshot = await asyncio.to_thread(session.analyze_paths, names, session.options, parse)
        except _Overtaken:
            return
        if project.generation == generation:
            session.keep_group(names, snapshot)
            self.publish(project, path)

    def publish(self, project: OpenProject, path: str) -> None:
        """Publish the findings of the group of a file."""
        from flowdsl.ide.diagnostics import find_diagnostics

        session = project.session
        snapshot = session.check_group(path)
        found = find_diagnostics(session, snapshot, project.baseline)
        for file, diagnostics in found.items():
            self._publish_file(project, file, diagnostics)
        read = snapshot.reads
        for file in [each for each in project.shown if each in read and each not in found]:
            self._publish_file(project, file, ())

    def publish_alone(self, project: OpenProject, path: str) -> None:
        """Publish what one file of a large group has by itself, until the group is checked.

        What the last check of the group found in it stays until the next one.
        """
        from flowdsl.ide.diagnostics import find_diagnostics, keep_group_findings

        session = project.session
        found = find_diagnostics(session, session.analyze_file(path), project.baseline)
        kept = keep_group_findings(session, project.shown.get(path, ()), path)
        self._publish_file(project, path, (*found.get(path, ()), *kept))

    def publish_project_file(self, project: OpenProject) -> None:
        """Publish the findings of `flowdsl.toml`."""
        from flowdsl.host.disk import PROJECT_FILE

        self._publish_file(project, PROJECT_FILE, project.check_project_file())

    def _publish_file(self, project: OpenProject, path: str, diagnostics: tuple[Any, ...]) -> None:
        from .convert import convert_diagnostic

        editor = self.editor
        if not diagnostics and not project.shown.get(path) and path in project.shown:
            return
        project.shown[path] = diagnostics
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                editor.uri_of(project, path),
                [
                    convert_diagnostic(
                        each, lambda file: editor.uri_of(project, file), editor.encoding
                    )
                    for each in diagnostics
                ],
            )
        )

    def clear_findings(self, folder: types.WorkspaceFolder) -> None:
        """Show no findings any more of the projects in a folder that was removed."""
        from pygls.uris import to_fs_path

        if (path := to_fs_path(folder.uri)) is None:  # no folder of this machine
            return
        root = os.path.join(os.path.realpath(path), "")
        for project in self.editor.projects:
            if os.path.join(project.root, "").startswith(root):
                for path in list(project.shown):
                    self._publish_file(project, path, ())

    def check_soon(self, project: OpenProject) -> None:
        """Check every group of a project, and drop an earlier such check."""
        earlier = self._whole_checks.pop(project.root, None)
        if earlier is not None:
            earlier.cancel()
        self._whole_checks[project.root] = asyncio.ensure_future(self.check_all(project))

    async def check_all(self, project: OpenProject) -> None:
        """Check every group of a project, one after the other, between the requests."""
        self.publish_project_file(project)
        for names in project.session.groups():
            await asyncio.sleep(0)
            if names[0] not in project.session.entries:
                continue
            if len(names) > 1 and project.session.is_large(names[0]):
                await self._check_large_group(project, names[0])
            else:
                self.publish(project, names[0])


def _answer(server: FlowServer, feature: str, name: str, options: object = None) -> None:
    """Answer a request by the method of the editor with this name."""

    def answer(params: Any) -> Any:
        from .editor import Refusal

        method: Callable[[Any], Any] = getattr(server.editor, name)
        try:
            return method(params)
        except Refusal as refusal:
            raise _RequestRefused(str(refusal)) from None

    server.feature(feature, options)(answer)


def make_server() -> FlowServer:
    """Return a server that has not been started."""
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_NoRefusals())
    server = FlowServer()
    _register_documents(server)
    _register_projects(server)
    legend = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
    rows: list[tuple[str, str, object]] = [
        (types.TEXT_DOCUMENT_HOVER, "hover", None),
        (types.TEXT_DOCUMENT_DEFINITION, "definition", None),
        (types.TEXT_DOCUMENT_REFERENCES, "references", None),
        (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, "document_highlight", None),
        (types.TEXT_DOCUMENT_PREPARE_RENAME, "prepare_rename", None),
        (types.TEXT_DOCUMENT_RENAME, "rename", types.RenameOptions(prepare_provider=True)),
        (
            types.TEXT_DOCUMENT_COMPLETION,
            "completion",
            types.CompletionOptions(trigger_characters=_TRIGGERS, resolve_provider=True),
        ),
        (types.COMPLETION_ITEM_RESOLVE, "resolve_completion", None),
        (
            types.TEXT_DOCUMENT_SIGNATURE_HELP,
            "signature_help",
            types.SignatureHelpOptions(trigger_characters=["(", ","]),
        ),
        (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, "document_symbol", None),
        (types.WORKSPACE_SYMBOL, "workspace_symbol", None),
        (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, "semantic_tokens", legend),
        (types.TEXT_DOCUMENT_FOLDING_RANGE, "folding_range", None),
        (types.TEXT_DOCUMENT_INLAY_HINT, "inlay_hint", None),
        (types.TEXT_DOCUMENT_CODE_LENS, "code_lens", None),
        (types.TEXT_DOCUMENT_DOCUMENT_LINK, "document_link", None),
        (types.TEXT_DOCUMENT_FORMATTING, "formatting", None),
        (types.TEXT_DOCUMENT_RANGE_FORMATTING, "range_formatting", None),
        (
            types.TEXT_DOCUMENT_CODE_ACTION,
            "code_action",
            types.CodeActionOptions(
                code_action_kinds=[
                    types.CodeActionKind.QuickFix,
                    types.CodeActionKind.RefactorExtract,
                ]
            ),
        ),
    ]
    for feature, name, options in rows:
        _answer(server, feature, name, options)

    @server.feature("flowdsl/preview")
    def preview(params: Any) -> Any:
        # A custom request comes as named tuples.
        at = getattr(params, "position", None) or types.Position(0, 0)
        document = types.TextDocumentIdentifier(params.textDocument.uri)
        position = types.Position(at.line, at.character)
        return server.editor.preview(types.TextDocumentPositionParams(document, position))

    return server


def _register_documents(server: FlowServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        project, path = server.editor.open_text(document.uri, document.text)
        _changed(project, path, 0.0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        changes = list(params.content_changes)
        project, path = server.editor.change_text(params.text_document.uri, changes)
        _changed(project, path)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        project, path = server.editor.close_text(params.text_document.uri)
        if path.endswith(".flow") and path not in project.session.entries:
            server.forget(project, path)
        else:
            _changed(project, path)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        project, path = server.editor.locate(params.text_document.uri)
        _saved(server, project, path)

    def _changed(project: OpenProject, path: str, delay: float = _DELAY) -> None:
        if path == "flowdsl.toml":
            server.publish_project_file(project)
        else:
            server.schedule(project, path, delay)


def _saved(server: FlowServer, project: OpenProject, path: str) -> None:
    """Take over what a file on the disk now says: settings, or a flow that is new or gone."""
    baseline = None if project.project is None else project.project.lint.baseline
    if path in ("flowdsl.toml", baseline):
        project.reload()
        server.check_soon(project)
        return
    project.list_flows()
    project.note_change(path)
    server.schedule(project, path)


async def _check_folders(server: FlowServer, folders: Iterable[types.WorkspaceFolder]) -> None:
    from pygls.uris import to_fs_path

    for folder in folders:
        full = to_fs_path(folder.uri)
        for project in () if full is None else server.editor.projects.find_in(full):
            await server.check_all(project)


def _register_projects(server: FlowServer) -> None:
    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await asyncio.sleep(0.05)  # whatever the editor asks at once comes first
        await _check_folders(server, list(server.workspace.folders.values()))
        capabilities = server.client_capabilities.workspace
        watching = None if capabilities is None else capabilities.did_change_watched_files
        if watching is not None and watching.dynamic_registration:
            patterns = ("**/*.flow", "**/flowdsl.toml", "**/*.{md,json,yaml,yml,csv,png,jpg}")
            server.client_register_capability(
                types.RegistrationParams(
                    [
                        types.Registration(
                            "flowdsl-files",
                            types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                            types.DidChangeWatchedFilesRegistrationOptions(
                                [types.FileSystemWatcher(each) for each in patterns]
                            ),
                        )
                    ]
                )
            )

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            project, path = server.editor.locate(change.uri)
            _saved(server, project, path)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            server.clear_findings(folder)
        await _check_folders(server, params.event.added)


def serve() -> None:
    """Serve one editor on the standard streams until it goes."""
    # The server closes its stream at the end, and the process has one to flush after that.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        make_server().start_io(sys.stdin.buffer, output)
