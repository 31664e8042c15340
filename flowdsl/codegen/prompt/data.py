"""Statements that read values from the screen and keep them."""

from __future__ import annotations

from flowdsl.ir import nodes
from flowdsl.ir.fits import fits, models_of
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import clause, quoted
from flowdsl.prompt.values import type_words, value_words
from flowdsl.prompt.words import say

from .context import Agent, consequence, failure, model_name, runtime


def emit_extract(statement: nodes.Extract, focused: Agent) -> list[Item]:
    """Bullets: read, save with the type spelled out, and what to do if the value is missing."""
    origin = statement.origin
    items = _read_and_save(statement)
    if statement.otherwise is None:
        items.append(Item(say("data.save_missing"), origin, "extract"))
    else:
        missing = say("data.read_missing")
        items.extend(consequence(missing, statement.otherwise, origin, focused))
    return items


def emit_extract_main(statement: nodes.Extract, main: Agent) -> list[Item]:
    """A reading in a `focused_action`, where the `else` needs the main agent's tools."""
    origin = statement.origin
    bullets = [*_read_and_save(statement), Item(say("data.save_missing"), origin, "extract")]
    words = say("data.if_missing", quoted(runtime(statement.variable)))
    return [
        main.context.focused(origin, "extract", bullets, statement.model),
        Item(words, origin, "otherwise", main(statement.otherwise or ())),
    ]


def _read_and_save(statement: nodes.Extract) -> list[Item]:
    type_, _ = _present(statement.type)
    save = say("data.save", *_target(statement.variable), type_words(type_))
    return [
        Item(say("data.read", clause(statement.source)), statement.origin, "extract"),
        Item(save, statement.origin, "extract"),
    ]


def _present(type_: nodes.Type) -> tuple[nodes.Type, bool]:
    """The type without its `?`, and whether it had one."""
    return (type_.inner, True) if isinstance(type_, nodes.OptionalType) else (type_, False)


def emit_background(statement: nodes.BackgroundExtract) -> list[Item]:
    """A reading for an output only; nothing later in the prompt uses it."""
    type_, optional = _present(statement.type)
    prompt = say(
        "data.background_prompt",
        clause(statement.source),
        *_target(statement.variable),
        type_words(type_),
        optional,
    )
    words = say("data.background", quoted(prompt), model_name(statement.model))
    return [Item(words, statement.origin, "extract")]


def emit_copy(statement: nodes.Copy, focused: Agent) -> list[Item]:
    """Bullets: select and copy; then verify a required value.

    The tool does not report an empty clipboard as an error.
    """
    items = [_copy(statement)]
    if statement.otherwise is not None:
        missing = say("data.copy_missing")
        items.append(_copy_check(statement))
        items.extend(consequence(missing, statement.otherwise, statement.origin, focused))
    return items + _typed(statement)


def emit_copy_main(statement: nodes.Copy, main: Agent, focused: Agent) -> list[Item]:
    """The main agent copies.

    A focused agent verifies, and acts on a failure if it has the tools.
    """
    context = main.context
    origin, otherwise = statement.origin, statement.otherwise
    if otherwise is None or fits(otherwise, context.capabilities):
        copied, *bullets = emit_copy(statement, focused)
        groups: list[Item] = []
    else:
        copied, check = _copy(statement), _copy_check(statement)
        missing = say("data.copy_missing")
        decision, groups = failure(check.text, missing, otherwise, origin, main)
        bullets = [check, *decision, *_typed(statement)]
    if not bullets:
        return [copied]
    model = next(models_of(otherwise), None) if otherwise and not groups else None
    return [copied, context.focused(origin, "copy", bullets, model), *groups]


def _copy(statement: nodes.Copy) -> Item:
    words = say("data.copy", clause(statement.source), quoted(statement.variable))
    return Item(words, statement.origin, "copy")


def _copy_check(statement: nodes.Copy) -> Item:
    value = quoted(runtime(statement.variable))
    words = say("data.copy_check", value, clause(statement.source))
    return Item(words, statement.origin, "copy")


def _typed(statement: nodes.Copy) -> list[Item]:
    """The bullet that keeps the copied text as a value of its type; none for a text."""
    if statement.type == nodes.ScalarType(name="string") or _is_optional_text(statement.type):
        return []
    words = say("data.store_copied", *_target(statement.variable), type_words(statement.type))
    return [Item(words, statement.origin, "copy")]


def _is_optional_text(type_: nodes.Type) -> bool:
    return type_ == nodes.OptionalType(inner=nodes.ScalarType(name="string"))


def emit_store(statement: nodes.Store) -> list[Item]:
    """One bullet for each value to keep."""
    return [
        Item(_assignment_words(assignment), assignment.origin, "store")
        for assignment in statement.assignments
    ]


def _target(variable: str) -> tuple[str, str]:
    """A variable to save into, as `{{name}}` and as a bare key.

    The platform documents the former, but may fill in its value before the agent reads it.
    """
    return runtime(variable), quoted(variable)


def _assignment_words(assignment: nodes.Assignment) -> str:
    target = _target(assignment.variable)
    value = value_words(assignment.value)
    field = assignment.field
    if field is None:
        frame = "data.append" if assignment.append else "data.store"
        return say(frame, *target, value)
    frame = "data.append_field" if assignment.append else "data.store_field"
    return say(frame, *target, quoted(field), value)
