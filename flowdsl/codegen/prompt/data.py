"""Reading values from the screen, and keeping them."""

from __future__ import annotations

from flowdsl.codegen.outline import Item
from flowdsl.codegen.text import clause, quoted
from flowdsl.codegen.words import say
from flowdsl.ir import nodes

from .context import Context, Emit, Wrap, consequence, model_name, runtime
from .values import type_words, value_words


def emit_extract(statement: nodes.Extract, focused: Emit) -> list[Item]:
    """Read, save with the type spelled out, and say what a missing value means."""
    origin = statement.origin
    items = _read_and_save(statement)
    if statement.otherwise is None:
        items.append(Item(say("data.save_missing"), origin, "extract"))
    else:
        missing = say("data.read_missing")
        items.extend(consequence(missing, statement.otherwise, origin, focused))
    return items


def emit_extract_main(statement: nodes.Extract, context: Context, main: Emit) -> list[Item]:
    """Read in a `focused_action`; what a missing value leads to needs the main agent's tools."""
    origin = statement.origin
    bullets = [*_read_and_save(statement), Item(say("data.save_missing"), origin, "extract")]
    condition = f"{quoted(runtime(statement.variable))} is __EMPTY__"
    return [
        context.focused(origin, "extract", bullets, statement.model),
        Item(
            f"If {condition}, do these lines; else skip them.",
            origin,
            "otherwise",
            main(statement.otherwise or ()),
        ),
    ]


def _read_and_save(statement: nodes.Extract) -> list[Item]:
    type_, _ = _present(statement.type)
    save = say("data.save", *_target(statement.variable), type_words(type_))
    return [
        Item(say("data.read", clause(statement.source)), statement.origin, "extract"),
        Item(save, statement.origin, "extract"),
    ]


def _present(type_: nodes.Type) -> tuple[nodes.Type, bool]:
    """The type of a value that is there, and whether it may be missing."""
    return (type_.inner, True) if isinstance(type_, nodes.OptionalType) else (type_, False)


def emit_background(statement: nodes.BackgroundExtract) -> list[Item]:
    """A reading for the output only; nothing later in the prompt uses it."""
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


def emit_copy(statement: nodes.Copy, emit: Emit, wrap: Wrap) -> list[Item]:
    """Select and copy; a required value is then verified, because an empty clipboard is no error of the tool."""
    origin = statement.origin
    source = clause(statement.source)
    items = [Item(say("data.copy", source, quoted(statement.variable)), origin, "copy")]
    value = runtime(statement.variable)
    checks: list[Item] = []
    if statement.otherwise is not None:
        checks.append(Item(say("data.copy_check", quoted(value), source), origin, "copy"))
        checks.extend(consequence(say("data.copy_missing"), statement.otherwise, origin, emit))
    if statement.type != nodes.ScalarType(name="string") and not _is_optional_text(statement.type):
        words = say(
            "data.store",
            *_target(statement.variable),
            f"the copied value as {type_words(statement.type)}",
        )
        checks.append(Item(words, origin, "copy"))
    return items + (wrap(origin, "copy", checks) if checks else [])


def _is_optional_text(type_: nodes.Type) -> bool:
    return type_ == nodes.OptionalType(inner=nodes.ScalarType(name="string"))


def emit_store(statement: nodes.Store) -> list[Item]:
    """One bullet per value to keep."""
    return [
        Item(_assignment_words(assignment), assignment.origin, "store")
        for assignment in statement.assignments
    ]


def _target(variable: str) -> tuple[str, str]:
    """A variable to save into: as it is documented, and by its bare key in case the former is filled in beforehand."""
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
