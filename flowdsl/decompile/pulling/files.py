"""The coarsest edits: existing and new files that hold a part of a workflow verbatim."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from flowdsl.deploy.resources.workflow import CHECKS, MODELS, POLICIES
from flowdsl.semantics.declarations.wire import SCHEMAS
from flowdsl.semantics.values.json_text import read_json
from flowdsl.source.files import UnreadableFile
from flowdsl.syntax import ast

from ..checks import checks_document
from ..layout import file_name
from ..payload import ALLOWLIST, CLEANUP, ImportProblem, read_workflow
from .attempts import FILE, EditContext, SourceVariant
from .editing import Edit
from .fields import schema_of, write_first_section
from .sections import insert_item, remove_item, replace_node
from .settings import model_name, terminal_lines

PROMPT, INPUTS, OUTPUTS = "main_prompt", "input_schema", "output_schema"

_INDENTS: tuple[int | str | None, ...] = (2, 4, "\t", 1, 3, None)


def attempt_prompt(context: EditContext) -> Iterator[SourceVariant]:
    """Yield attempts that write the prompt to its file, or to a new one instead of the steps."""
    open_fields = context.open_fields
    if PROMPT not in open_fields:
        return
    if context.symbol.prompt_from is not None:
        text = str(context.goal.values[PROMPT])
        yield from context.attempt(FILE, [], files={context.symbol.prompt_from: text})
    if context.as_file:
        yield from _attempt_prompt_file(context)


def attempt_files(context: EditContext) -> Iterator[SourceVariant]:
    """Yield edits of existing files, then a new file for each part that nothing else expresses."""
    open_fields = context.open_fields
    yield from _attempt_existing_files(context, open_fields)
    yield from _attempt_extra_file(context, open_fields)
    if not context.as_file:
        return
    for field, part, kinds in (
        (INPUTS, "inputs", (ast.InputsSection, ast.SecretsSection)),
        (OUTPUTS, "outputs", (ast.OutputsSection,)),
    ):
        if field in open_fields:
            variant = _move_schema_to_file(context, field, part, kinds)
            if variant is not None:
                edits, files = variant
                note = _describe_verbatim_part(part, files)
                yield from context.attempt(FILE, edits, note, files=files)
    if _is_open(open_fields, CHECKS) or CLEANUP in open_fields:
        yield from _attempt_checks_file(context)


def _is_open(open_fields: frozenset[str], prefix: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}.") for path in open_fields)


# Existing files


def _attempt_existing_files(
    context: EditContext, open_fields: frozenset[str]
) -> Iterator[SourceVariant]:
    symbol, wanted = context.symbol, context.goal.values
    for field, path in ((INPUTS, symbol.inputs_from), (OUTPUTS, symbol.outputs_from)):
        if path is not None and field in open_fields and wanted.get(field) is not None:
            text = _json_text(context, path, wanted[field])
            yield from context.attempt(FILE, [], files={path: text})
    if symbol.checks_from is not None and (_is_open(open_fields, CHECKS) or CLEANUP in open_fields):
        text = _json_text(context, symbol.checks_from, _build_checks_content(context))
        yield from context.attempt(FILE, [], files={symbol.checks_from: text})
    if symbol.extra_from is not None:
        held = _read_json_object(context, symbol.extra_from)
        changed = {key: wanted.get(key, held[key]) for key in held if key in open_fields}
        more = {key: wanted[key] for key in open_fields if _is_passed_on(key) and key in wanted}
        if changed or more:
            text = _json_text(context, symbol.extra_from, held | changed | more)
            yield from context.attempt(FILE, [], files={symbol.extra_from: text})


def _is_passed_on(field: str) -> bool:
    """Whether a field stands in `extra` as the service has it: no setting in source gives it."""
    return field not in POLICIES and "." not in field


def _read_json_object(context: EditContext, path: str) -> dict[str, Any]:
    try:
        content = read_json(context.built.files.read_text(path))
    except (ValueError, UnreadableFile):
        return {}
    return content if isinstance(content, dict) else {}


def _json_text(context: EditContext, path: str, value: Any) -> str:
    """Return a JSON file with a new value, keeping the file's indentation if it is a common one."""
    try:
        old = context.built.files.read_text(path)
    except UnreadableFile:
        return _dump_json(value, 2) + "\n"
    try:
        held = json.loads(old)
        styles = [each for each in _INDENTS if _dump_json(held, each) == old.strip()]
    except (ValueError, RecursionError):
        styles = []
    tail = old[len(old.rstrip()) :] if old.strip() else "\n"
    return _dump_json(value, styles[0] if styles else 2) + tail


def _dump_json(value: Any, indent: int | str | None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


# Files for what nothing else expresses


def _choose_new_path(context: EditContext, part: str) -> tuple[str, str]:
    """Return the path of a new file for a part, and the path by which source names it."""
    folder = posixpath.dirname(context.path)
    number = 1
    while True:
        stem = context.symbol.name if number == 1 else f"{context.symbol.name}_{number}"
        name = file_name(stem, part)
        path = posixpath.join(folder, name)
        try:
            context.built.files.read_bytes(path)
        except UnreadableFile as error:
            if error.missing:
                return path, f"./{name}"
        number += 1


def _describe_verbatim_part(part: str, files: Mapping[str, str]) -> str:
    (path,) = files
    verb = {"prompt": "prompt is", "checks": "post-run checks are"}.get(
        part, f"schema of the {part} is"
    )
    return f"the {verb} kept verbatim in `{path}`, because no finer edit gives what the service has"


def _attempt_extra_file(
    context: EditContext, open_fields: frozenset[str]
) -> Iterator[SourceVariant]:
    """Yield the file of `extra from`, as it is or new, with settings that need it."""
    wanted = context.goal.values
    kept: dict[str, Any] = {}
    if ALLOWLIST in open_fields and ALLOWLIST in wanted:
        kept[ALLOWLIST] = wanted[ALLOWLIST]
    for field in SCHEMAS:
        # The service's short notation is not JSON.
        if field in open_fields and isinstance(wanted.get(field), str):
            kept[field] = wanted[field]
    if _is_open(open_fields, MODELS):
        kept[MODELS] = context.payload_to_reach().get(MODELS) or {}
    if not kept:
        return
    there = context.symbol.extra_from
    if there is not None:
        text = _json_text(context, there, _read_json_object(context, there) | kept)
        yield from context.attempt(FILE, [], files={there: text})
        return
    if not context.as_file:
        return
    path, named = _choose_new_path(context, "extra")
    edit = _replace_or_insert(context, ast.ExtraSection, [f'extra from "{named}"'])
    text = _dump_json(context.symbol.extra | kept, 2) + "\n"
    yield from context.attempt(FILE, [edit], files={path: text})


def _replace_or_insert(context: EditContext, kind: type[ast.Node], lines: Sequence[str]) -> Edit:
    """Return an edit that replaces an item by lines, or inserts them where such an item belongs."""
    item = context.item(kind)
    if item is None:
        return insert_item(context, kind, lines)
    return replace_node(context, item, lines)


def _attempt_prompt_file(context: EditContext) -> Iterator[SourceVariant]:
    """Yield the prompt in a new file instead of the steps, with the changes that this requires."""
    steps = context.item(ast.StepsSection)
    if steps is None:
        return
    path, named = _choose_new_path(context, "prompt")
    base = [replace_node(context, steps, [f'prompt from "{named}"'])]
    always = context.item(ast.AlwaysSection)
    if always is not None:
        base.append(remove_item(context, always))
    terminal = _terminal_edit(context)
    if terminal is not None:
        base.append(terminal)
    files = {path: str(context.goal.values[PROMPT])}
    inputs = list(_ways_to_give_schema(context, INPUTS, "inputs", (ast.InputsSection,)))
    outputs = list(_ways_to_give_schema(context, OUTPUTS, "outputs", (ast.OutputsSection,)))
    for (one, one_files), (other, other_files) in product(inputs, outputs):
        more = {**one_files, **other_files}
        notes = [_describe_verbatim_part("prompt", files)]
        notes += (
            _describe_verbatim_part(posixpath.basename(each).split(".")[-2], {each: ""})
            for each in more
        )
        yield from context.attempt(FILE, [*base, *one, *other], *notes, files=files | more)


def _terminal_edit(context: EditContext) -> Edit | None:
    """Return the edit that lists the commands which the removed statements had allowed."""
    lines = terminal_lines(context, context.goal.values.get(ALLOWLIST), keep_runs=False)
    if lines:
        return _replace_or_insert(context, ast.TerminalSection, lines)
    section = context.item(ast.TerminalSection)
    return None if section is None else remove_item(context, section)


Variant = tuple[list[Edit], dict[str, str]]
"""Edits of source, and new files by their paths."""


def _ways_to_give_schema(
    context: EditContext, field: str, part: str, kinds: Sequence[type[ast.Node]]
) -> Iterator[Variant]:
    """Yield the ways to give a schema: as it is, as fields that need no statements, as a file.

    The last two are left out where they are impossible.
    """
    yield [], {}
    section = context.item(kinds[0])
    lines = write_first_section(context, field, ())
    if section is not None and lines is not None:
        yield [replace_node(context, section, lines)], {}
    if section is not None and context.goal.values.get(field) is not None:
        more: list[type[ast.Node]] = [*kinds, *([ast.SecretsSection] if field == INPUTS else [])]
        in_file = _move_schema_to_file(context, field, part, more)
        if in_file is not None:
            yield in_file


def _move_schema_to_file(
    context: EditContext, field: str, part: str, kinds: Sequence[type[ast.Node]]
) -> Variant | None:
    """Return the edits that put the wanted schema into a new file; None if it is not JSON."""
    document = schema_of(context.goal.values.get(field))
    if document is None:
        return None
    path, named = _choose_new_path(context, part)
    first, *others = [kind for kind in kinds if context.item(kind) is not None] or kinds[:1]
    edits = [_replace_or_insert(context, first, [f'{part} from "{named}"'])]
    edits += [remove_item(context, item) for kind in others if (item := context.item(kind))]
    return edits, {path: _dump_json(document, 2) + "\n"}


def _build_checks_content(context: EditContext) -> dict[str, Any]:
    """Return the content of a file of checks, which names models by alias if they have one."""
    try:
        document = checks_document(read_workflow(context.payload_to_reach(), "the workflow"))
    except ImportProblem:
        return {}
    for check in document.get(CHECKS, ()):
        if isinstance(check.get("model"), str):
            check["model"] = model_name(context, check["model"], "model")
    return document


def _attempt_checks_file(context: EditContext) -> Iterator[SourceVariant]:
    """Yield the checks in a new file instead of those in source."""
    document = _build_checks_content(context)
    if not document:
        return
    path, named = _choose_new_path(context, "checks")
    edit = _replace_or_insert(context, ast.ChecksSection, [f'checks from "{named}"'])
    files = {path: _dump_json(document, 2) + "\n"}
    yield from context.attempt(FILE, [edit], _describe_verbatim_part("checks", files), files=files)
