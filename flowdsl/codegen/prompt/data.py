"""Statements that read values from the screen and store them."""

from __future__ import annotations

from flowdsl.ir import nodes
from flowdsl.ir.facts import fits, names_in
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import (
    bracket_pair,
    enclose_in_brackets,
    quote_screen_text,
    quote_words,
    spell_variable,
)
from flowdsl.prompt.values import members_words, type_words, value_words
from flowdsl.prompt.words import say_sentence

from .context import (
    Agent,
    Ask,
    Context,
    Split,
    make_asking_bullet,
    model_name,
    spell_runtime_variable,
    split_on_failure,
)


def emit_extract(statement: nodes.Extract, focused: Agent) -> list[Item]:
    """Emit a bullet: read, save with the type spelled out, and what to do without a value."""
    focused.saves()
    words = _reading_words(statement, focused.context)
    if statement.otherwise is None:
        return [make_reading_bullet(words, statement, focused)]
    return [make_asking_bullet(words, statement, statement.source, focused)]


def split_extract(statement: nodes.Extract, main: Agent) -> Split:
    """Split a read into a bullet and lines for an `else` that needs the main agent's tools."""

    return split_reading(
        statement, main, lambda asking, context: ([], _reading_words(asking, context))
    )


def split_reading(
    statement: nodes.Extract | nodes.Run,
    main: Agent,
    ask_words: Ask,
) -> Split:
    """Split a statement that reads a value into bullets, and lines for its `else`.

    Whether a value was read is decided by the variable, unless that keeps its former value.
    """
    if statement.keeps:
        return split_on_failure(statement, main, ask_words)

    def ask(asking: nodes.Statement, focused: Agent) -> list[Item]:
        focused.saves()
        before, words = ask_words(asking, focused.context)
        return [*before, make_reading_bullet(words, asking, focused)]

    def after() -> list[Item]:
        assert statement.variable is not None and statement.otherwise is not None
        value = enclose_in_brackets(main.context.spell_value(statement.variable))
        words = say_sentence("data.if_missing", value)
        return [Item(words, statement.origin, "otherwise", main(statement.otherwise))]

    return [], ask, after


def make_reading_bullet(words: str, statement: nodes.Statement, focused: Agent) -> Item:
    """Return a bullet that saves a value, or that it is missing."""
    focused.looks()
    words = say_sentence("control.ask_else", words, say_sentence("data.save_missing"))
    return Item(words, statement.origin, statement.kind)


def _reading_words(statement: nodes.Extract, context: Context) -> str:
    return reading_words(statement, boxed=statement.variable in context.boxed)


def reading_words(statement: nodes.Extract, *, boxed: bool) -> str:
    """Return what to read and where to save it, as the beginning of a sentence."""
    type_ = nodes.strip_optional(statement.type)
    key = quote_words(statement.variable)
    listed = isinstance(statement.type, nodes.ListType)
    return say_sentence(
        "data.read", quote_screen_text(statement.source), type_words(type_), listed, key, boxed
    )


def emit_background(statement: nodes.BackgroundExtract, context: Context) -> list[Item]:
    """Emit a read for an output only; nothing later in the prompt uses it."""
    prompt = say_sentence(
        "data.background_prompt",
        quote_screen_text(statement.source),
        type_words(nodes.strip_optional(statement.type)),
        isinstance(statement.type, nodes.ListType),
        quote_words(statement.variable),
        statement.variable in context.boxed,
        isinstance(statement.type, nodes.OptionalType),
    )
    # A value may contain any quotation mark, and none of the brackets.
    filled = any(isinstance(piece, nodes.Variable) for piece in statement.source)
    prompt = enclose_in_brackets(prompt) if filled else quote_words(prompt)
    words = say_sentence("data.background", prompt, model_name(statement.model))
    return [Item(words, statement.origin, "extract")]


def emit_copy(statement: nodes.Copy, focused: Agent) -> list[Item]:
    """Emit bullets: select and copy; then verify the copied text."""
    return [_make_copy_bullet(statement), _make_verifying_bullet(statement, focused, own=True)]


def split_copy(statement: nodes.Copy, main: Agent) -> Split:
    """Split a copy: the main agent copies, a focused agent verifies.

    The focused agent also handles a failure, if it has the tools.
    """
    copied, otherwise = [_make_copy_bullet(statement)], statement.otherwise
    if otherwise is None or fits(otherwise, main.context.capabilities):
        return copied, _verify_copy_bullets, None
    return split_on_failure(
        statement, main, lambda asking, context: ([], _copy_words(asking, context)), copied
    )


def _verify_copy_bullets(statement: nodes.Statement, focused: Agent) -> list[Item]:
    assert isinstance(statement, nodes.Copy)
    return [_make_verifying_bullet(statement, focused)]


def _make_copy_bullet(statement: nodes.Copy) -> Item:
    words = say_sentence(
        "data.copy", quote_screen_text(statement.source), quote_words(statement.variable)
    )
    return Item(words, statement.origin, "copy")


def _make_verifying_bullet(statement: nodes.Copy, focused: Agent, *, own: bool = False) -> Item:
    """Return the bullet that verifies a copied text, and saves it if it needs conversion.

    `own`: this agent has copied it. The tool does not report an empty clipboard as an error. A
    missing value is saved as `__EMPTY__`, as an empty clipboard may leave an empty text.
    """
    saves = saves_copied(statement, focused.context)
    if saves or statement.otherwise is None:
        focused.saves()
    words = _copy_words(statement, focused.context, own=own)
    if statement.otherwise is not None:
        return make_asking_bullet(words, statement, statement.source, focused)
    if saves:
        return make_reading_bullet(words, statement, focused)
    apart, key = focused.context.apart, quote_words(statement.variable)
    words = say_sentence(
        "data.copy_empty", spell_copied_text(statement.variable, own=own), apart, key
    )
    return Item(words, statement.origin, "copy")


def _copy_words(statement: nodes.Copy, context: Context, *, own: bool = False) -> str:
    boxed = statement.variable in context.boxed
    return copy_words(statement, boxed=boxed, apart=context.apart, own=own)


def copy_words(statement: nodes.Copy, *, boxed: bool, apart: bool, own: bool = False) -> str:
    """Return how a copied text is verified and saved, as the beginning of a sentence."""
    text, source = (
        spell_copied_text(statement.variable, own=own),
        quote_screen_text(statement.source),
    )
    type_ = nodes.strip_optional(statement.type)
    if not boxed and type_ == _TEXT:
        return say_sentence("data.copy_check", text, apart, source)
    key = quote_words(statement.variable)
    return say_sentence("data.copy_save", text, apart, source, key, boxed, type_words(type_))


def spell_copied_text(name: str, *, own: bool) -> str:
    """Return a delimited copied text; the platform fills it in unless it is the agent's `own`."""
    opening, closing = bracket_pair(1)
    mark = spell_variable(nodes.Variable(sigil="saved", name=name))
    return f"{opening}{mark if own else spell_runtime_variable(name)}{closing}"


def saves_copied(statement: nodes.Copy, context: Context) -> bool:
    """Whether the copied text is saved again, as a value of its type or to be passed on."""
    type_ = nodes.strip_optional(statement.type)
    return type_ != _TEXT or statement.variable in context.boxed


_TEXT = nodes.ScalarType(name="string")


def emit_store(statement: nodes.Store, focused: Agent) -> list[Item]:
    """Emit the bullets that store values; neighbours that do not use each other share one."""
    focused.saves()
    if any(each.numbered for each in statement.assignments):
        focused.context.told.add("append")
    items: list[Item] = []
    kept: dict[str, nodes.Value] = {}
    origin = statement.origin
    for each in statement.assignments:
        value = _find_whole_value(each, focused.context)
        depends = value is None or not names_in(value).isdisjoint(kept)
        if kept and (depends or each.variable in kept):
            items.append(
                Item(say_sentence("data.store", members_words(kept.items())), origin, "store")
            )
            kept = {}
        if value is None:
            items.append(Item(_assignment_words(each, focused.context), each.origin, "store"))
            continue
        origin = origin if kept else each.origin
        kept[each.variable] = value
    if kept:
        items.append(Item(say_sentence("data.store", members_words(kept.items())), origin, "store"))
    return items


def _find_whole_value(assignment: nodes.Assignment, context: Context) -> nodes.Value | None:
    """Return the value to save under a key as a whole; None if it needs its own sentence."""
    value = assignment.value
    if isinstance(value, nodes.FailureReason | nodes.CountOf):
        return None
    if assignment.append or assignment.wraps:
        return None
    if assignment.variable not in context.boxed:
        return value
    return nodes.ObjectValue(fields=((nodes.BOX, value),))


def _assignment_words(assignment: nodes.Assignment, context: Context) -> str:
    key = quote_words(assignment.variable)
    if isinstance(assignment.value, nodes.FailureReason):
        return say_sentence("data.store_reason", key, assignment.variable in context.boxed)
    if isinstance(assignment.value, nodes.CountOf):
        boxed, counted = assignment.variable in context.boxed, value_words(assignment.value.items)
        return say_sentence("data.store_count", key, boxed, counted)
    value = value_words(assignment.value)
    if assignment.wraps:
        return say_sentence("data.store_entries", key, value)
    if assignment.numbered:
        numbered = "data.append_every_numbered" if assignment.every else "data.append_numbered"
        return say_sentence(numbered, key, value)
    appended = "data.append_every" if assignment.every else "data.append"
    mark = nodes.Variable(sigil="saved", name=assignment.variable)
    return say_sentence(appended, key, spell_variable(mark), value)
