"""The checker in a page: what an editor asks, answered as JSON. Runs under Pyodide.

Offsets are those of JavaScript, UTF-16 units from the start of a file. The files are held in memory
and, for commands such as `flowdsl test`, in a folder of Pyodide's own file system.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from flowdsl.compiler.pipeline import CompileOptions
from flowdsl.config.load import load_project
from flowdsl.diagnostics.diagnostic import Diagnostic, Edit
from flowdsl.diagnostics.sink import Sink
from flowdsl.ide.completion.complete import complete
from flowdsl.ide.diagnostics import find_diagnostics
from flowdsl.ide.edits.actions import find_fixes
from flowdsl.ide.edits.formatting import format_file
from flowdsl.ide.names.hover import describe_place
from flowdsl.ide.preview import make_preview
from flowdsl.ide.session import Session
from flowdsl.ide.views.tokens import find_tokens
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile

FOLDER = Path("/project")
os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}  # a page has no terminal to ask

_texts: dict[str, str | bytes] = {}
_session = Session(MemoryFiles(_texts), CompileOptions())


def answer(request: str) -> str:
    """Answer `{"do": NAME, ...}` with the result of the function of that name, as JSON."""
    asked: dict[str, Any] = json.loads(request)
    return json.dumps(_ANSWERS[asked.pop("do")](**asked), ensure_ascii=False)


def is_known(request: str) -> bool:
    """Return whether a request is about the texts of before, so that nothing has to be imported."""
    match json.loads(request):
        case {"do": "open", "files": files}:
            return _decode_files(files) == _texts
        case {"do": "change", "path": path, "text": text}:
            return _texts.get(path) == text
    return False


def _decode_files(files: dict[str, str | dict[str, str]]) -> dict[str, str | bytes]:
    return {
        path: content if isinstance(content, str) else base64.b64decode(content["base64"])
        for path, content in files.items()
    }


def open_project(files: dict[str, str | dict[str, str]]) -> None:
    """Begin with other files: texts, and pictures as `{"base64": ...}`."""
    texts = _decode_files(files)
    if texts == _texts:  # what was found in them still holds
        return
    _texts.clear()
    _texts.update(texts)
    settings = files.get("flowdsl.toml")
    project = load_project(settings, "flowdsl.toml", Sink()) if isinstance(settings, str) else None
    _session.configure(_session.files, CompileOptions(project))
    _session.set_entries(path for path in files if path.endswith(".flow"))


def change(path: str, text: str) -> list[dict[str, Any]]:
    """Take the new text of a file, and return its findings."""
    _texts[path] = text
    _session.change(path)
    return check(path)


def check(path: str) -> list[dict[str, Any]]:
    """Return the findings of a file, with their fixes."""
    snapshot = _session.check_group(path)
    return [_finding(each) for each in find_diagnostics(_session, snapshot).get(path, ())]


def colour(path: str) -> list[tuple[int, int, str]]:
    """Return the coloured ranges of a file: start, end, and the type of the token."""
    snapshot = _session.analyze_file(path)
    module = snapshot.module(path)
    if module is None:
        return []
    text, units, at = module.source.text, 0, 0
    found = []
    for token in find_tokens(snapshot, module):
        start = units + _units(text[at : token.start], token.start - at)
        end = start + _units(text[token.start : token.end], token.end - token.start)
        found.append((start, end, token.type))
        units, at = end, token.end
    return found


def preview(path: str, at: int) -> dict[str, Any] | None:
    """Return the compiled prompt of the workflow at a place, and the flow's line of each line.

    `schemas` are the two JSON Schemas. `lines` has a pair for each line that comes from the file:
    of the prompt and of the flow, both from 1.
    """
    found = make_preview(_session, path, _offset(path, at))
    if found is None:
        return None
    own = [each for each in found.lines if each.source.path == path]
    bundle = _session.last_bundles.get(path)
    workflows = () if bundle is None else bundle.workflows
    payload = next((each.payload for each in workflows if each.name == found.workflow), {})
    return {
        "workflow": found.workflow,
        "text": found.text,
        "lines": [(each.line, each.source.start_line) for each in own],
        "errors": found.errors,
        "schemas": {
            name: payload.get(name) for name in ("input_schema", "output_schema") if name in payload
        },
    }


def suggest(path: str, at: int) -> dict[str, Any]:
    """Return what may be written at a place."""
    text = _text(path)
    start, items = complete(_session, path, text, _offset(path, at))
    return {
        "from": _units(text, start),
        "items": [
            {
                "label": each.label,
                "kind": each.kind,
                "detail": each.detail,
                "insert": each.written,
                "edits": [_edit(edit) for edit in each.edits],
            }
            for each in items
        ],
    }


def describe(path: str, at: int) -> dict[str, Any] | None:
    """Return Markdown about what stands at a place."""
    text = _text(path)
    found = describe_place(_session, path, _offset(path, at))
    if found is None:
        return None
    return {
        "from": _units(text, found.start),
        "to": _units(text, found.end),
        "text": found.text,
    }


def lay_out(path: str) -> list[dict[str, Any]]:
    """Return the edits that format a file."""
    return [_edit(each) for each in format_file(SourceFile(path, _text(path)))]


def command(words: list[str]) -> dict[str, Any]:
    """Run a command of FlowDSL over the files; returns its output and exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, content in _texts.items():
        place = FOLDER / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    os.chdir(FOLDER)
    from flowdsl.cli.main import run

    written, before = io.StringIO(), (sys.stdout, sys.stderr)
    try:
        sys.stdout = sys.stderr = written
        with contextlib.suppress(SystemExit):
            code = run(words)
    finally:
        sys.stdout, sys.stderr = before
    return {"code": code, "text": written.getvalue()}


_ANSWERS = {
    "open": open_project,
    "change": change,
    "check": check,
    "colour": colour,
    "preview": preview,
    "suggest": suggest,
    "describe": describe,
    "lay_out": lay_out,
    "command": command,
}


def _text(path: str) -> str:
    return str(_texts.get(path, ""))


def _units(text: str, offset: int) -> int:
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def _offset(path: str, units: int) -> int:
    whole = _text(path).encode("utf-16-le", "surrogatepass")[: units * 2]
    return len(whole.decode("utf-16-le", "ignore"))


def _edit(edit: Edit) -> dict[str, Any]:
    text = edit.span.source.text
    return {
        "path": edit.span.source.path,
        "from": _units(text, edit.span.start),
        "to": _units(text, edit.span.end),
        "insert": edit.replacement,
    }


def _finding(diagnostic: Diagnostic) -> dict[str, Any]:
    text, span = diagnostic.span.source.text, diagnostic.span
    return {
        "from": _units(text, span.start),
        "to": _units(text, span.end),
        "severity": diagnostic.severity,
        "rule": diagnostic.spec.name,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "actions": [
            {"title": each.title, "edits": [_edit(edit) for edit in each.edits]}
            for each in find_fixes([diagnostic], span.start, span.end)
        ],
    }
