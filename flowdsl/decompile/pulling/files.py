"""The coarsest way of editing: files that hold a part of a workflow verbatim, those that are there and new ones."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from flowdsl.deploy.kinds.workflow import CHECKS, MODELS, POLICIES
from flowdsl.semantics.json_text import read_json
from flowdsl.semantics.payload_files import NAME, SCHEMAS
from flowdsl.source.files import UnreadableFile
from flowdsl.syntax import ast

from ..checks import checks_document
from ..layout import file_name
from ..payload import ALLOWLIST, CLEANUP, ImportProblem, read_workflow
from .attempts import FILE, Attempt, Site
from .editing import Edit, removal
from .fields import schema_of, section_lines
from .sections import insertion, replacement
from .settings import model_name, terminal_lines

PROMPT, INPUTS, OUTPUTS = "main_prompt", "input_schema", "output_schema"

_INDENTS: tuple[int | str | None, ...] = (2, 4, "\t", 1, 3, None)


def prompt_attempts(site: Site) -> Iterator[Attempt]:
    """The prompt in its file, or in a new one in the place of the steps."""
    open_fields = site.open_fields
    if PROMPT not in open_fields:
        return
    if site.symbol.prompt_from is not None:
        text = str(site.goal.values[PROMPT])
        yield from site.attempt(FILE, [], files={site.symbol.prompt_from: text})
    yield from _prompt_file(site)


def attempts(site: Site) -> Iterator[Attempt]:
    """Files that are there, then a file for each part that nothing else could say."""
    open_fields = site.open_fields
    yield from _existing(site, open_fields)
    yield from _extra_file(site, open_fields)
    for field, part, kinds in (
        (INPUTS, "inputs", (ast.InputsSection, ast.SecretsSection)),
        (OUTPUTS, "outputs", (ast.OutputsSection,)),
    ):
        if field in open_fields:
            edits, files = _schema_file(site, field, part, kinds)
            yield from site.attempt(FILE, edits, _told(part, files), files=files)
    if _is_open(open_fields, CHECKS) or CLEANUP in open_fields:
        yield from _checks_file(site)


def _is_open(open_fields: frozenset[str], prefix: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}.") for path in open_fields)


# Files that are there


def _existing(site: Site, open_fields: frozenset[str]) -> Iterator[Attempt]:
    symbol, wanted = site.symbol, site.goal.values
    for field, path in ((INPUTS, symbol.inputs_from), (OUTPUTS, symbol.outputs_from)):
        if path is not None and field in open_fields and wanted.get(field) is not None:
            text = _json_text(site, path, wanted[field])
            yield from site.attempt(FILE, [], files={path: text})
    if symbol.checks_from is not None and (_is_open(open_fields, CHECKS) or CLEANUP in open_fields):
        text = _json_text(site, symbol.checks_from, _checks(site))
        yield from site.attempt(FILE, [], files={symbol.checks_from: text})
    if symbol.extra_from is not None:
        held = _held(site, symbol.extra_from)
        changed = {key: wanted.get(key, held[key]) for key in held if key in open_fields}
        more = {key: wanted[key] for key in open_fields if _is_passed(key) and key in wanted}
        if changed or more:
            text = _json_text(site, symbol.extra_from, held | changed | more)
            yield from site.attempt(FILE, [], files={symbol.extra_from: text})


def _is_passed(field: str) -> bool:
    return field not in POLICIES and "." not in field


def _held(site: Site, path: str) -> dict[str, Any]:
    try:
        content = read_json(site.built.files.read_text(path))
    except (ValueError, UnreadableFile):
        return {}
    return content if isinstance(content, dict) else {}


def _json_text(site: Site, path: str, value: Any) -> str:
    """A JSON file with a new value: in the style that it has, if that is a usual one."""
    try:
        old = site.built.files.read_text(path)
    except UnreadableFile:
        return _dumped(value, 2) + "\n"
    try:
        held = json.loads(old)
        styles = [each for each in _INDENTS if _dumped(held, each) == old.strip()]
    except ValueError:
        styles = []
    tail = old[len(old.rstrip()) :] if old.strip() else "\n"
    return _dumped(value, styles[0] if styles else 2) + tail


def _dumped(value: Any, indent: int | str | None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


# New files


def _new_file(site: Site, part: str) -> tuple[str, str]:
    """The path of a new file for a part, and how the source names it."""
    folder = posixpath.dirname(site.path)
    number = 1
    while True:
        stem = site.symbol.name if number == 1 else f"{site.symbol.name}_{number}"
        name = file_name(stem, part)
        path = posixpath.join(folder, name)
        try:
            site.built.files.read_bytes(path)
        except UnreadableFile as error:
            if error.missing:
                return path, f"./{name}"
        number += 1


def _told(part: str, files: Mapping[str, str]) -> str:
    (path,) = files
    verb = {"prompt": "prompt is", "checks": "post-run checks are"}.get(
        part, f"schema of the {part} is"
    )
    return f"the {verb} kept verbatim in `{path}`, because no finer edit gives what the service has"


def _extra_file(site: Site, open_fields: frozenset[str]) -> Iterator[Attempt]:
    """A file of `extra from` for settings that nothing else in source can say as they are."""
    wanted = site.goal.values
    kept: dict[str, Any] = {}
    for field in (NAME, ALLOWLIST):
        if field in open_fields and field in wanted:
            kept[field] = wanted[field]
    for field in SCHEMAS:
        # The short notation of the service is no JSON.
        if field in open_fields and isinstance(wanted.get(field), str):
            kept[field] = wanted[field]
    if _is_open(open_fields, MODELS):
        kept[MODELS] = site.wanted_payload().get(MODELS) or {}
    if not kept:
        return
    note = ""
    if NAME in kept and site.symbol.prompt_from is None:
        note = (
            f"the dashboard changed the title to `{kept[NAME]}` and left the prompt, which begins with the old one: "
            '`extra from` holds the new one; to change both, set `title` and take `"name"` out of the file'
        )
    there = site.symbol.extra_from
    if there is not None:
        text = _json_text(site, there, _held(site, there) | kept)
        yield from site.attempt(FILE, [], *_notes(note), files={there: text})
        return
    path, named = _new_file(site, "extra")
    section = site.item(ast.ExtraSection)
    line = [f'extra from "{named}"']
    if isinstance(section, ast.ExtraSection):
        kept |= site.symbol.extra
        edit = replacement(site, section, line)
    else:
        edit = insertion(site, ast.ExtraFrom, line)
    text = _dumped(kept, 2) + "\n"
    yield from site.attempt(FILE, [edit], *_notes(note), files={path: text})


def _notes(note: str) -> list[str]:
    return [note] if note else []


def _prompt_file(site: Site) -> Iterator[Attempt]:
    """The steps become a prompt in a file, and the rest of the workflow what it has to be beside it."""
    steps = site.item(ast.StepsSection)
    if steps is None:
        return
    path, named = _new_file(site, "prompt")
    base = [replacement(site, steps, [f'prompt from "{named}"'])]
    always = site.item(ast.AlwaysSection)
    if always is not None:
        base.append(removal(site.source, site.path, always.start, always.end))
    terminal = _terminal_edit(site)
    if terminal is not None:
        base.append(terminal)
    files = {path: str(site.goal.values[PROMPT])}
    inputs = list(_schema_variants(site, INPUTS, "inputs", (ast.InputsSection,)))
    outputs = list(_schema_variants(site, OUTPUTS, "outputs", (ast.OutputsSection,)))
    for (one, one_files), (other, other_files) in product(inputs, outputs):
        more = {**one_files, **other_files}
        notes = [_told("prompt", files)]
        notes += (_told(posixpath.basename(each).split(".")[-2], {each: ""}) for each in more)
        yield from site.attempt(FILE, [*base, *one, *other], *notes, files=files | more)


def _terminal_edit(site: Site) -> Edit | None:
    """What says in source the commands that statements have said so far."""
    section = site.item(ast.TerminalSection)
    lines = terminal_lines(site, site.goal.values.get(ALLOWLIST), keep_runs=False)
    if not lines:
        if section is None:
            return None
        return removal(site.source, site.path, section.start, section.end)
    if section is not None:
        return replacement(site, section, lines)
    return insertion(site, ast.TerminalSection, lines)


Variant = tuple[list[Edit], dict[str, str]]


def _schema_variants(
    site: Site, field: str, part: str, kinds: Sequence[type[ast.Node]]
) -> Iterator[Variant]:
    """A schema as it is, as fields that give it without statements, and in a file."""
    yield [], {}
    section = site.item(kinds[0])
    lines = section_lines(site, field, sources=())
    if section is not None and lines is not None:
        yield [replacement(site, section, lines)], {}
    if section is not None and site.goal.values.get(field) is not None:
        more: list[type[ast.Node]] = [*kinds, *([ast.SecretsSection] if field == INPUTS else [])]
        yield _schema_file(site, field, part, more)


def _schema_file(site: Site, field: str, part: str, kinds: Sequence[type[ast.Node]]) -> Variant:
    document = schema_of(site.goal.values.get(field))
    if document is None:
        return [], {}
    path, named = _new_file(site, part)
    line = [f'{part} from "{named}"']
    first = True
    edits: list[Edit] = []
    for kind in kinds:
        section = site.item(kind)
        if section is None:
            continue
        if first:
            edits.append(replacement(site, section, line))
        else:
            edits.append(removal(site.source, site.path, section.start, section.end))
        first = False
    if first:
        edits.append(insertion(site, kinds[0], line))
    return edits, {path: _dumped(document, 2) + "\n"}


def _checks(site: Site) -> dict[str, Any]:
    """The content of a file of checks, its models by their aliases where they have some."""
    try:
        document = checks_document(read_workflow(site.wanted_payload(), "the workflow"))
    except ImportProblem:
        return {}
    for check in document.get(CHECKS, ()):
        if isinstance(check.get("model"), str):
            check["model"] = model_name(site, check["model"], "model")
    return document


def _checks_file(site: Site) -> Iterator[Attempt]:
    document = _checks(site)
    if not document:
        return
    path, named = _new_file(site, "checks")
    section = site.item(ast.ChecksSection)
    line = [f'checks from "{named}"']
    edit = (
        insertion(site, ast.ChecksFrom, line)
        if section is None
        else replacement(site, section, line)
    )
    files = {path: _dumped(document, 2) + "\n"}
    yield from site.attempt(FILE, [edit], _told("checks", files), files=files)
