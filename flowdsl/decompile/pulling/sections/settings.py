"""Edits of settings: title, flags, tags, models, the terminal, fields that are passed through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdsl.codegen.artifacts import ModelAlias, ModelName, Template, WorkflowArtifact
from flowdsl.deploy.planning.models import ModelResolver
from flowdsl.deploy.resources.workflow import CHECKS, MODELS, POLICIES
from flowdsl.format.literals import is_name, plain_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.prompt.text import commands_of
from flowdsl.semantics.capabilities import NO_COMMAND
from flowdsl.syntax import ast

from ...payload import ALLOWLIST
from ..attempts import SETTINGS, Attempt, EditContext
from ..editing import Edit
from ..goal import TAGS
from .sections import insertion, replacement, styled, without

_FLAGS = {"is_webhooks_enabled": "webhooks", "includes_file_exports": "file_exports"}
_MAIN, _CACHE = "main_agent_model_id", "cache_detection_model_id"
_FALLBACKS = ("fallback_model_1_id", "fallback_model_2_id")


def attempts(context: EditContext) -> Iterator[Attempt]:
    """One setting at a time."""
    wanted = context.goal.values
    for path in sorted(context.open_fields):
        if path == "name":
            written = value_literal(wanted.get("name"))
            yield from _set(context, "title", written)
        elif path in _FLAGS:
            yield from _set(context, _FLAGS[path], "true" if wanted.get(path) else "false")
        elif path == TAGS:
            yield from _tags(context, list(wanted.get(TAGS) or ()))
        elif path == ALLOWLIST:
            yield from _terminal(context, wanted.get(ALLOWLIST))
        elif path.startswith(f"{MODELS}."):
            yield from _models(context)
        elif path not in POLICIES and not path.startswith(f"{CHECKS}."):
            yield from _extra(context, path, wanted.get(path))


def _set(context: EditContext, name: str, value: str | None) -> Iterator[Attempt]:
    """The attempt that gives a value to a setting."""
    if value is None:
        return
    setting = context.setting(name)
    if setting is not None:
        edit = Edit(context.path, setting.value.start, setting.value.end, value)
    else:
        edit = insertion(context, ast.Setting, [f"{name} = {value}"])
    yield from context.attempt(SETTINGS, [edit])


# Tags


def _tags(context: EditContext, wanted: list[str]) -> Iterator[Attempt]:
    everywhere = set(context.workspace.target.every_workflow_tags)
    have = set(context.built.workflow(context.goal.address).tags)
    names = sorted((set(wanted) - everywhere) | (have & set(wanted)))
    setting = context.setting("tags")
    if setting is not None and isinstance(setting.value, ast.ListExpr):
        edits = _list_edits(context, setting.value, set(names), [t for t in names if t not in have])
        if edits is not None:
            yield from context.attempt(SETTINGS, edits)
    written = value_literal(names)
    if written is None:
        return
    if names or setting is None:
        yield from _set(context, "tags", written)
    else:
        yield from context.attempt(SETTINGS, [without(context, setting)])


def _list_edits(
    context: EditContext, node: ast.ListExpr, kept: set[str], added: Sequence[str]
) -> list[Edit] | None:
    """Edits that remove entries from a list and append others.

    None for a list that is not all texts.
    """
    constants = context.built.model.constants
    values = [constants.get(item) for item in node.items]
    if not all(isinstance(value, str) for value in values):
        return None
    left = [item for item, value in zip(node.items, values, strict=True) if value in kept]
    new = [value_literal(each) for each in added]
    if None in new:
        return None
    edits: list[Edit] = []
    if not left:
        inside = ", ".join(filter(None, new))
        return [Edit(context.path, node.start, node.end, f"[{inside}]")]
    for at, (item, value) in enumerate(zip(node.items, values, strict=True)):
        if value in kept:
            continue
        first = item is node.items[0]
        start = item.start if first else node.items[at - 1].end
        end = node.items[at + 1].start if first else item.end
        edits.append(Edit(context.path, start, end, ""))
    merged = _merged(edits)
    if new:
        at = left[-1].end
        merged.append(Edit(context.path, at, at, "".join(f", {each}" for each in new)))
    return merged


def _merged(edits: list[Edit]) -> list[Edit]:
    """Removals, with those that touch joined."""
    merged: list[Edit] = []
    for edit in edits:
        if merged and edit.start <= merged[-1].end:
            last = merged.pop()
            edit = Edit(edit.path, last.start, max(last.end, edit.end), "")
        merged.append(edit)
    return merged


# The terminal


def _terminal(context: EditContext, wanted: Any) -> Iterator[Attempt]:
    section = context.item(ast.TerminalSection)
    lines = terminal_lines(context, wanted, keep_runs=True)
    if lines is None:
        return
    if section is None:
        if lines:
            yield from context.attempt(SETTINGS, [insertion(context, ast.TerminalSection, lines)])
        return
    if isinstance(section, ast.TerminalSection) and wanted:
        (allow,) = [each for each in section.settings if each.name.text == "allow"] or (None,)
        if allow is not None and isinstance(allow.value, ast.ListExpr):
            constants = context.built.model.constants
            there = [constants.get(item) for item in allow.value.items]
            added = [each for each in _allowed(context, wanted) if each not in there]
            edits = _list_edits(context, allow.value, set(wanted), added)
            if edits is not None:
                yield from context.attempt(SETTINGS, edits)
    if lines:
        yield from context.attempt(SETTINGS, [replacement(context, section, lines)])
    else:
        yield from context.attempt(SETTINGS, [without(context, section)])


def terminal_lines(context: EditContext, wanted: Any, *, keep_runs: bool) -> list[str] | None:
    """The section that gives an allowlist; empty if none is needed, None if no literal can say it.

    With `keep_runs` the commands of the statements need not be listed.
    """
    if not wanted:
        also = ", dates = true" if keep_runs and _types_days(context) else ""
        return [f"terminal {{ unrestricted = true{also} }}"]
    allowed = _allowed(context, wanted) if keep_runs else list(wanted)
    if not allowed and keep_runs and _types_days(context):
        return ["terminal { dates = true }"]
    if not allowed or (allowed == [NO_COMMAND] and wanted == [NO_COMMAND]):
        return []
    written = value_literal(allowed)
    if written is None:
        return None
    dates = ["dates = true"] if keep_runs and _types_days(context) else []
    return styled("item", ["terminal {", f"allow = {written}", *dates, "}"])


def _types_days(context: EditContext) -> bool:
    workflow = context.built.workflow(context.goal.address)
    return any(isinstance(each, nodes.TypeDay) for each in statements(workflow.body))


def _allowed(context: EditContext, wanted: Sequence[str]) -> list[str]:
    """The commands that no statement runs."""
    workflow = context.built.workflow(context.goal.address)
    runs = {*commands_of(workflow.body)}
    return [each for each in wanted if each not in runs]


# Models


def _models(context: EditContext) -> Iterator[Attempt]:
    wanted = {
        key: context.goal.values.get(f"{MODELS}.{key}") for key in (_MAIN, _CACHE, *_FALLBACKS)
    }
    names: dict[str, str | None] = {}
    notes: list[str] = []
    for key, model in wanted.items():
        names[key] = None if model is None else model_name(context, str(model), key)
        if names[key] == model and model is not None:
            notes.append(raw_id_note(context, str(model)))
    section = context.item(ast.ModelSection)
    lines = ["model {"]
    for word, key in (("main", _MAIN), ("cache_detection", _CACHE)):
        if names[key] is not None:
            lines.append(f"{word} = {plain_literal(str(names[key]))}")
    fallbacks = [names[key] for key in _FALLBACKS]
    while fallbacks and fallbacks[-1] is None:
        fallbacks.pop()
    if fallbacks:
        lines.append(f"fallbacks = {value_literal(fallbacks)}")
    written = styled("item", [*lines, "}"])
    if written is None:
        return
    if isinstance(section, ast.ModelSection):
        yield from _model_settings(context, section, names, notes)
        yield from context.attempt(SETTINGS, [replacement(context, section, written)], *notes)
    elif len(lines) > 1:
        yield from context.attempt(
            SETTINGS, [insertion(context, ast.ModelSection, written)], *notes
        )


def _model_settings(
    context: EditContext, section: ast.ModelSection, names: dict[str, str | None], notes: list[str]
) -> Iterator[Attempt]:
    """The attempt in which only the models that differ change."""
    open_keys = {path.partition(".")[2] for path in context.open_fields if path.startswith(MODELS)}
    edits: list[Edit] = []
    settings = {each.name.text: each.value for each in section.settings}
    for word, key in (("main", _MAIN), ("cache_detection", _CACHE)):
        if key in open_keys and word in settings and names[key] is not None:
            value = settings[word]
            written = plain_literal(str(names[key]))
            edits.append(Edit(context.path, value.start, value.end, written or ""))
            open_keys.discard(key)
    fallbacks = settings.get("fallbacks")
    if isinstance(fallbacks, ast.ListExpr):
        for key, item in zip(_FALLBACKS, fallbacks.items, strict=False):
            if key in open_keys and names[key] is not None:
                written = plain_literal(str(names[key]))
                edits.append(Edit(context.path, item.start, item.end, written or ""))
                open_keys.discard(key)
    if edits and not open_keys:
        yield from context.attempt(SETTINGS, edits, *notes)


def aliases_by_name(context: EditContext) -> dict[str, str]:
    """The aliases of models by the name that prompts show.

    Of several aliases, one that the sources use.
    """
    target = context.workspace.target
    resolver = ModelResolver(target, context.workspace.directory.models)
    used = _aliases(context.built.bundle.workflows)
    names: dict[str, str] = {}
    for alias in sorted({*used, *target.models}, key=lambda each: (each not in used, each)):
        names.setdefault(resolver.name_of(alias), alias)
    return names


def model_name(context: EditContext, model: str, role: str) -> str:
    """What a model is called in source: an alias of the environment that means it, else its id."""
    target = context.workspace.target
    used = _aliases(context.built.bundle.workflows)
    for alias in sorted({*used, *target.models}, key=lambda each: (each not in used, each)):
        resolver = ModelResolver(target, context.workspace.directory.models)
        if resolver.id_of(alias, role).lower() == model.lower() and not resolver.problems:
            return alias
    return model


def _aliases(value: Any) -> set[str]:
    """The aliases of models in artifacts."""
    match value:
        case ModelAlias(alias) | ModelName(alias):
            return {alias}
        case Template():
            return _aliases(value.open_parts)
        case WorkflowArtifact(payload=payload):
            return _aliases(payload)
        case dict():
            return _aliases(tuple(value.values()))
        case list() | tuple():
            return set().union(*map(_aliases, value))
        case _:
            return set()


def raw_id_note(context: EditContext, model: str) -> str:
    """The note for a model that no alias means."""
    name = next(
        (each.name for each in context.workspace.directory.models if each.id == model.lower()), None
    )
    called = f"`{model}`" if name is None else f"`{name}` (`{model}`)"
    table = f"[env.{context.workspace.target.environment}.models]"
    return (
        f"no alias in `{table}` means the model {called}, so it is named by its id, which holds "
        "in one organization only"
    )


# Fields that are passed through


def _extra(context: EditContext, field: str, wanted: Any) -> Iterator[Attempt]:
    section = context.item(ast.ExtraSection)
    key = field if is_name(field) else plain_literal(field)
    if key is None or context.item(ast.ExtraFrom) is not None:
        return  # A file of fields is written by `files`.
    written = None if wanted is None else value_literal(wanted)
    if isinstance(section, ast.ExtraSection):
        for pair in section.value.pairs:
            name = pair.key.text if isinstance(pair.key, ast.Name) else pair.key.value
            if name == field and written is not None:
                edit = Edit(context.path, pair.value.start, pair.value.end, written)
                yield from context.attempt(SETTINGS, [edit])
        return
    if written is not None:
        lines = styled("item", [f"extra {{ {key}: {written} }}"])
        if lines is not None:
            yield from context.attempt(SETTINGS, [insertion(context, ast.ExtraSection, lines)])
