"""Edits of settings: title, flags, tags, models, the terminal, fields that are passed through."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from flowdsl.codegen.artifacts import ModelAlias, ModelName, Template, WorkflowArtifact
from flowdsl.cyberdesk.models.workflow import ModelMetadata
from flowdsl.deploy.planning.models import ModelResolver
from flowdsl.deploy.resources.workflow import CHECKS, MODELS, POLICIES
from flowdsl.format.literals import value_literal
from flowdsl.ir import nodes
from flowdsl.prompt.text import commands_of
from flowdsl.semantics.capabilities import NO_COMMAND
from flowdsl.syntax import ast

from ..payload import ALLOWLIST
from ..settings import read_models
from ..writing.type_names import Unspeakable
from ..writing.writer import format_section_lines, model_settings, terminal_settings
from .attempts import SETTINGS, EditContext, SourceVariant
from .goal import TAGS, normalise_fields
from .sections import insert_item, remove_item, rewrite_item, splice_node

_FLAGS = {"is_webhooks_enabled": "webhooks", "includes_file_exports": "file_exports"}


def attempt_settings(context: EditContext) -> Iterator[SourceVariant]:
    """Return attempts that change one setting each."""
    wanted = context.goal.values
    for path in sorted(context.open_fields):
        if path == "name":
            written = value_literal(wanted.get("name"))
            yield from _attempt_setting_value(context, "title", written)
        elif path in _FLAGS:
            yield from _attempt_setting_value(
                context, _FLAGS[path], "true" if wanted.get(path) else "false"
            )
        elif path == TAGS:
            yield from _attempt_tags(context, list(wanted.get(TAGS) or ()))
        elif path == ALLOWLIST:
            yield from _attempt_terminal(context, wanted.get(ALLOWLIST))
        elif path.startswith(f"{MODELS}."):
            yield from _attempt_models(context)
        elif path not in POLICIES and not path.startswith(f"{CHECKS}."):
            yield from _attempt_extra_field(context, path, wanted.get(path))


def _attempt_setting_value(
    context: EditContext, name: str, value: str | None
) -> Iterator[SourceVariant]:
    """Return the attempts that give a value to a setting."""
    if value is None:
        return
    setting = context.find_setting(name)
    lines = [f"{name} = {value}"]
    if setting is None:
        yield from context.attempt(SETTINGS, [insert_item(context, ast.Setting, lines)])
        return
    for edits in splice_node(context, setting, None, lines):
        yield from context.attempt(SETTINGS, edits)


def _attempt_tags(context: EditContext, wanted: list[str]) -> Iterator[SourceVariant]:
    everywhere = set(context.workspace.target.every_workflow_tags)
    have = set(context.built.workflow(context.goal.address).tags)
    names = (set(wanted) - everywhere) | (have & set(wanted))
    setting = context.find_setting("tags")
    if names or setting is None:
        there = _list_setting_texts(context, setting)
        yield from _attempt_setting_value(context, "tags", value_literal(_in_order(names, there)))
    else:
        yield from context.attempt(SETTINGS, [remove_item(context, setting)])


def _list_setting_texts(context: EditContext, setting: ast.Setting | None) -> list[str]:
    """Return the texts in a setting's list, in order; empty if not all its entries are texts."""
    if setting is None or not isinstance(setting.value, ast.ListExpr):
        return []
    values = [context.built.model.constants.get(item) for item in setting.value.items]
    texts = [value for value in values if isinstance(value, str)]
    return texts if len(texts) == len(values) else []


def _in_order(wanted: Collection[str], there: Sequence[str]) -> list[str]:
    """Return the entries of a list: first the existing ones in their order, then the others."""
    return [*filter(wanted.__contains__, there), *sorted(set(wanted) - set(there))]


# The terminal


def _attempt_terminal(context: EditContext, wanted: Any) -> Iterator[SourceVariant]:
    lines = terminal_lines(context, wanted, keep_runs=True)
    for edits in (
        rewrite_item(context, ast.TerminalSection, None, lines) if lines is not None else ()
    ):
        yield from context.attempt(SETTINGS, edits)


def terminal_lines(context: EditContext, wanted: Any, *, keep_runs: bool) -> list[str] | None:
    """Return the section for an allowlist; empty if none is needed, None if no literal can hold it.

    With `keep_runs` the commands of the statements need not be listed.
    """
    body = context.built.workflow(context.goal.address).body if keep_runs else ()
    allowed = _list_allowed_commands(context, wanted or ()) if keep_runs else list(wanted or ())
    if allowed == wanted == [NO_COMMAND]:
        allowed = []
    try:
        settings = terminal_settings(body, allowed, not wanted)
    except Unspeakable:
        return None
    return format_section_lines("item", ["terminal {", *settings, "}"]) if settings else []


def _list_allowed_commands(context: EditContext, wanted: Sequence[str]) -> list[str]:
    """Return the commands to list: those already listed, and those that no statement runs."""
    workflow = context.built.workflow(context.goal.address)
    runs = {*commands_of(workflow.body)}
    section = context.item(ast.TerminalSection)
    settings = section.settings if isinstance(section, ast.TerminalSection) else ()
    there = [
        text
        for each in settings
        if each.name.text == "allow"
        for text in _list_setting_texts(context, each)
    ]
    listed = [each for each in there if each in wanted]
    return [*listed, *(each for each in wanted if each not in runs and each not in listed)]


# Models


def _attempt_models(context: EditContext) -> Iterator[SourceVariant]:
    notes: list[str] = []
    have = normalise_fields(context.built.desired[context.goal.address])
    base = _model_section(context, have, [])
    wanted = _model_section(context, context.goal.values, notes)
    if wanted is None or (len(wanted) == 2 and context.item(ast.ModelSection) is None):
        return
    for edits in rewrite_item(context, ast.ModelSection, base, wanted):
        yield from context.attempt(SETTINGS, edits, *notes)


def _model_section(
    context: EditContext, values: Mapping[str, Any], notes: list[str]
) -> list[str] | None:
    """Return the section for the models in `values`; add a note for each named by its id."""
    names: dict[str, str] = {}
    for key in ModelMetadata.always_sent:
        model = values.get(f"{MODELS}.{key}")
        if model is not None:
            names[key] = model_name(context, str(model), key)
            if names[key] == model:
                notes.append(raw_id_note(context, names[key]))
    try:
        settings = model_settings(read_models(names) or nodes.Models())
    except Unspeakable:
        return None
    return format_section_lines("item", ["model {", *settings, "}"])


def aliases_by_name(context: EditContext) -> dict[str, str]:
    """Return the aliases of models by the name that prompts show.

    Of several aliases, one that the sources use.
    """
    resolver = _make_resolver(context)
    names: dict[str, str] = {}
    for alias in _list_aliases(context):
        names.setdefault(resolver.name_of(alias), alias)
    return names


def model_name(context: EditContext, model: str, role: str) -> str:
    """Return a model's name in source: an alias of the environment, else its id."""
    for alias in _list_aliases(context):
        resolver = _make_resolver(context)
        if resolver.id_of(alias, role).lower() == model.lower() and not resolver.problems:
            return alias
    return model


def _make_resolver(context: EditContext) -> ModelResolver:
    return ModelResolver(context.workspace.target, context.workspace.directory.models)


def _list_aliases(context: EditContext) -> list[str]:
    """Return the aliases of models, those that the sources use first."""
    used = _find_model_aliases(context.built.bundle.workflows)
    every = {*used, *context.workspace.target.models}
    return sorted(every, key=lambda each: (each not in used, each))


def _find_model_aliases(value: Any) -> set[str]:
    """Return the aliases of models in artifacts."""
    match value:
        case ModelAlias(alias) | ModelName(alias):
            return {alias}
        case Template():
            return _find_model_aliases(value.open_parts)
        case WorkflowArtifact(payload=payload):
            return _find_model_aliases(payload)
        case dict():
            return _find_model_aliases(tuple(value.values()))
        case list() | tuple():
            return set().union(*map(_find_model_aliases, value))
        case _:
            return set()


def raw_id_note(context: EditContext, model: str) -> str:
    """Return the note for a model that has no alias."""
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


def _attempt_extra_field(context: EditContext, field: str, wanted: Any) -> Iterator[SourceVariant]:
    if wanted is None or context.item(ast.ExtraFrom) is not None:
        return  # A file of fields is written by `files`.
    written = value_literal(context.symbol.extra | {field: wanted})
    lines = None if written is None else format_section_lines("item", [f"extra {written}"])
    if lines is not None:
        for edits in rewrite_item(context, ast.ExtraSection, None, lines):
            yield from context.attempt(SETTINGS, edits)
