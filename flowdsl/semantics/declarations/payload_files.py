"""The files of `checks from` and `extra from`, which contain parts of a payload.

They are copied verbatim from the service: their shape is checked, and variables in them are not
resolved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowdsl.source.files import spell_flow_path
from flowdsl.source.text import Span

from .. import errors
from ..program import Program
from ..values.json_text import read_json
from .wire import SCHEMAS, WORKFLOW_FIELDS

CHECKS = "post_run_checks"
CLEANUP = "post_run_check_failure_cleanup_prompt"
NAME = "name"
ALLOWLIST = "terminal_command_allowlist"
MODELS = "model_metadata"

_TEXTS = (NAME, *SCHEMAS)
"""The fields of an `extra from` file that hold a text: a name that no literal can express, and
schemas that are not JSON objects."""
_OTHER_KEYS = (*_TEXTS, ALLOWLIST, MODELS)


def check_checks_file(program: Program, named_at: Span, path: str) -> None:
    """Report, at `named_at`, why the file at `path` is not a valid list of checks."""
    _check_payload_file(program, named_at, path, "post-run checks", _checks_problem)


def check_extra_file(program: Program, named_at: Span, path: str) -> None:
    """Report, at `named_at`, why the file at `path` is not a valid set of further fields."""
    _check_payload_file(program, named_at, path, "fields of a workflow", _extra_problem)


def _check_payload_file(
    program: Program,
    named_at: Span,
    path: str,
    what: str,
    problem_of: Callable[[dict[str, Any]], str | None],
) -> None:
    problem: str | None
    try:
        content = read_json(program.texts[path])
    except ValueError as error:
        problem = str(error)
    else:
        problem = problem_of(content) if isinstance(content, dict) else "it holds no JSON object"
    if problem is not None:
        spec = errors.MALFORMED_PAYLOAD_FILE
        program.sink.report(spec, named_at, path=spell_flow_path(path), what=what, problem=problem)


def _checks_problem(content: dict[str, Any]) -> str | None:
    for key in content:
        if key not in (CHECKS, CLEANUP):
            return f"it has the key `{key}` beside `{CHECKS}` and `{CLEANUP}`"
    if not isinstance(content.get(CLEANUP, ""), str):
        return f"`{CLEANUP}` is no text"
    checks = content.get(CHECKS, [])
    if not isinstance(checks, list):
        return f"`{CHECKS}` is no list"
    for number, check in enumerate(checks, 1):
        if not isinstance(check, dict):
            return f"check {number} is no JSON object"
        for field in ("name", "type"):
            if not isinstance(check.get(field), str):
                return f"check {number} has no text `{field}`"
    return None


def _extra_problem(content: dict[str, Any]) -> str | None:
    for key in content:
        if key in WORKFLOW_FIELDS and key not in _OTHER_KEYS:
            return f"it sets `{key}`, which {WORKFLOW_FIELDS[key]} sets"
    for key in _TEXTS:
        if not isinstance(content.get(key, ""), str):
            return f"`{key}` is no text"
    if not isinstance(content.get(MODELS, {}), dict):
        return f"`{MODELS}` is no JSON object"
    commands = content.get(ALLOWLIST, [])
    if not isinstance(commands, list) or not all(isinstance(each, str) for each in commands):
        return f"`{ALLOWLIST}` is no list of texts"
    return None
