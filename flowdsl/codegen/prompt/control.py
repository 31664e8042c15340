"""Emits `if`, `repeat`, `retry` and `for` as items of the outline.

`emit_if` and `emit_repeat` are for a focused agent that does the whole statement. `split_if`,
`emit_repeat_main` and `emit_loop` are for bodies that need tools of the main agent: a focused agent
only decides. `emit_retry` is for either.
"""

from __future__ import annotations

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import literal_text, single_variable, text_of
from flowdsl.prompt.outline import Item
from flowdsl.prompt.sentences import AGAIN, DONE, NONE
from flowdsl.prompt.text import (
    duration_words,
    limit_words,
    quote_author_text,
    quote_screen_text,
    quote_words,
    spell_text,
    spell_variable,
)
from flowdsl.prompt.values import condition_words, value_words
from flowdsl.prompt.words import say_sentence
from flowdsl.source.record import replace

from .context import (
    Agent,
    Split,
    emit_consequence,
    emit_guarded_lines,
    find_leaving,
    spell_runtime_variable,
)
from .saved import has_entries

# Branches


def emit_if(statement: nodes.If, focused: Agent) -> list[Item]:
    """Emit the whole choice as bullets: the focused agent decides and acts."""
    items: list[Item] = []
    for index, branch in enumerate(statement.branches):
        frame = "control.else_if" if index else "control.if_"
        words = say_sentence(frame, condition_words(branch.condition))
        items.append(_emit_branch(words, branch.body, branch.origin, focused))
    if statement.otherwise:
        items.append(
            _emit_branch(
                say_sentence("control.else_"), statement.otherwise, statement.origin, focused
            )
        )
    return items


def _emit_branch(words: str, body: nodes.Body, origin: nodes.Origin, agent: Agent) -> Item:
    if (leave := find_leaving(body)) is not None:
        return Item(say_sentence("control.then", words, agent.leave(leave)), origin, "if")
    return Item(say_sentence("control.under", words), origin, "if", agent(body))


def split_if(statement: nodes.If, main: Agent) -> Split:
    """Split a choice into no lines before it, the bullets that decide, and lines for each branch.

    The decision is saved as the number of the branch.
    """
    name = main.context.decision()
    main.saves()
    decision, key = quote_words(spell_runtime_variable(name)), quote_words(name)
    origin = statement.origin

    def ask(asked: nodes.Statement, focused: Agent) -> list[Item]:
        # `asked` is `statement`, with the values that earlier steps saved marked as such.
        assert isinstance(asked, nodes.If)
        bullets: list[Item] = []
        for number, branch in enumerate(asked.branches, 1):
            frame = "control.decide_otherwise" if bullets else "control.decide"
            words = say_sentence(
                frame, condition_words(branch.condition), key, quote_words(str(number))
            )
            bullets.append(Item(words, branch.origin, "if"))
        return [
            *bullets,
            Item(say_sentence("control.decide_none", key, quote_words(NONE)), origin, "if"),
        ]

    def after() -> list[Item]:
        groups: list[Item] = []
        with main.context.decided():
            for number, branch in enumerate(statement.branches, 1):
                words = condition_words(branch.condition)
                answer = quote_words(str(number))
                groups.extend(
                    emit_guarded_lines(decision, answer, words, branch.body, branch.origin, main)
                )
            rest = say_sentence("control.no_condition")
            groups.extend(
                emit_guarded_lines(
                    decision, quote_words(NONE), rest, statement.otherwise, origin, main
                )
            )
        return groups

    return [], ask, after


# Repetition


def emit_repeat(statement: nodes.Repeat, focused: Agent) -> list[Item]:
    """Emit rounds of a focused agent: to reach something seen, or until or while a condition."""
    origin, condition, is_negated = statement.origin, statement.until, False
    limit = limit_words(statement.limit)
    delay = _delay_words(statement.delay_milliseconds)
    lines = focused(statement.body) or [Item(say_sentence("control.nothing"), origin, "repeat")]
    if (goal := _find_goal(statement, focused)) is not None:
        focused.looks()
        words = say_sentence("control.reach", quote_screen_text(goal), limit, delay)
        return [Item(words, origin, "repeat", lines)]
    if not statement.looks_first:
        words = say_sentence("control.repeat", condition_words(condition), limit, delay)
    else:
        if isinstance(condition, nodes.Not):
            condition, is_negated = condition.operand, True
        words = say_sentence("control.while_", is_negated, condition_words(condition), limit, delay)
    missing = say_sentence("control.repeat_missing", is_negated)
    return [
        Item(words, origin, "repeat", lines),
        *emit_consequence(missing, statement.otherwise, origin, focused),
    ]


def _find_goal(statement: nodes.Repeat, focused: Agent) -> nodes.Text | None:
    """Return the text to be reached, if the general rules of prompts cover failing to reach it."""
    match statement:
        case nodes.Repeat(
            looks_first=True, until=nodes.Sees(text=goal), otherwise=(nodes.Leave() as leave,)
        ):
            return goal if focused.goes_unsaid(leave, goal) else None
        case _:
            return None


def emit_repeat_main(statement: nodes.Repeat, main: Agent) -> list[Item]:
    """Emit rounds whose body needs the main agent's tools.

    Each round ends with a look at the screen; one more may come first.
    """
    origin = statement.origin
    context = main.context
    name = context.decision()
    main.saves()
    decision, key = quote_words(spell_runtime_variable(name)), quote_words(name)
    saved = context.saved()
    until = condition_words(saved.marked(statement.until))
    bullets = [
        Item(say_sentence("control.decide", until, key, quote_words(DONE)), origin, "repeat"),
        Item(say_sentence("control.decide_none", key, quote_words(AGAIN)), origin, "repeat"),
    ]

    def look() -> Item:
        return context.focused(origin, "repeat", bullets, handed=tuple(saved.handed))

    first = [look()] if statement.looks_first else []
    words = say_sentence("control.rounds", limit_words(statement.limit), decision if first else "")
    stop = Item(say_sentence("control.repeat_stop", decision), origin, "repeat")
    missing = say_sentence("control.rounds_missing", decision)
    wait = _round_wait(statement)
    with context.decided():
        lines = main(statement.body)
        lines = [*lines, *wait] if first else [*wait, *lines]
        otherwise = list(emit_consequence(missing, statement.otherwise, origin, main))
    return [*first, Item(words, origin, "repeat", [*lines, look(), stop]), *otherwise]


def _round_wait(statement: nodes.Repeat) -> list[Item]:
    """Return the wait before a further look, or at the beginning of each round but the first."""
    if not statement.delay_milliseconds:
        return []
    sentence = "actions.wait" if statement.looks_first else "control.round_wait"
    words = say_sentence(sentence, duration_words(statement.delay_milliseconds))
    return [Item(words, statement.origin, "wait" if statement.looks_first else "repeat")]


def _delay_words(milliseconds: int) -> str:
    """Return the words for the time between two rounds or attempts; empty for no time."""
    return duration_words(milliseconds) if milliseconds else ""


def emit_retry(statement: nodes.Retry, agent: Agent) -> list[Item]:
    """Emit attempts of either agent.

    The wait of the main agent is at the beginning of each attempt but the first, where it is
    recorded.
    """
    origin = statement.origin
    lines = agent.in_attempt()(statement.body)
    if statement.entry:  # one entry of a loop, whose failure ends only that entry
        missing = say_sentence("control.attempt_missing")
        return [
            Item(say_sentence("control.attempt"), origin, "for", lines),
            *emit_consequence(missing, statement.otherwise, origin, agent),
        ]
    delay = _delay_words(statement.delay_milliseconds) if statement.attempts > 1 else ""
    if agent.main:
        words = say_sentence("control.attempts", statement.attempts)
        if delay:
            lines.insert(0, Item(say_sentence("control.retry_wait", delay), origin, "retry"))
    else:
        words = say_sentence("control.retry", statement.attempts, delay)
    return [
        Item(words, origin, "retry", lines),
        *emit_consequence(
            say_sentence("control.retry_missing"), statement.otherwise, origin, agent
        ),
    ]


# Loops


def emit_loop(statement: nodes.Loop, main: Agent) -> list[Item]:
    """Emit `start_loop` over the body and `end_loop_iteration`."""
    origin = statement.origin
    items = loop_items(statement.items)
    counts: list[Item] = []
    if statement.counted and statement.limit is not None:
        saved = main.context.saved()
        counted = value_words(saved.marked(_as_list(statement.items)))
        bullet = _make_bound_bullet(statement, statement.limit, counted, main)
        counts.append(main.context.focused(origin, "for", [bullet], handed=tuple(saved.handed)))
    may_be_empty = not has_entries(statement.items, main.context.filled)
    words = say_sentence("control.start_loop", items, may_be_empty)
    with main.context.inside(statement):
        lines = [*main(statement.body), Item(say_sentence("control.end_loop"), origin, "for")]
    return [*counts, Item(words, origin, "for", lines)]


def _as_list(items: nodes.Value) -> nodes.Value:
    """Return the items of a loop, typed as JSON: those read from a prompt have no type."""
    return replace(items, json=True) if isinstance(items, nodes.TextValue) else items


def emit_each(statement: nodes.Loop, focused: Agent) -> list[Item]:
    """Emit a loop that a focused agent iterates itself; its entry is written as `⟪name⟫`."""
    assert statement.entry is not None
    origin, items = statement.origin, statement.items
    bullets: list[Item] = []
    if statement.counted and statement.limit is not None:
        bullets.append(_make_bound_bullet(statement, statement.limit, value_words(items), focused))
    if statement.body:
        mark = spell_variable(nodes.Variable(sigil="saved", name=statement.entry))
        if isinstance(items, nodes.ConstantValue) and isinstance(items.value, int):
            words = say_sentence("control.each_number", mark, items.value - 1)
        else:
            words = say_sentence("control.each", mark, value_words(items))
        bullets.append(Item(words, origin, "for", focused(statement.body)))
    return bullets


def _make_bound_bullet(
    statement: nodes.Loop, limit: nodes.Limit, counted: str, agent: Agent
) -> Item:
    """Return the bullet that fails if a list has more entries than the bound of its loop."""
    origin = statement.origin
    condition = say_sentence("control.loop_too_many", counted, limit_words(limit))
    noted = None if agent.main else statement.noted
    leave = nodes.Leave(origin=origin, action="abort", reason=_too_many(limit), noted=noted)
    return Item(say_sentence("control.then", condition, agent.leave(leave)), origin, "otherwise")


def _too_many(limit: nodes.Limit) -> nodes.Text:
    """Return the reason for not beginning a loop over more entries than its bound."""
    if isinstance(limit, int):
        return literal_text(say_sentence("control.loop_reason", limit))
    before, after = say_sentence("control.loop_reason", _PLACE).split(_PLACE)
    return *literal_text(before), limit, *literal_text(after)


_PLACE = "\0"
"""Placeholder for a variable in our own words, which never contain it."""


def loop_items(value: nodes.Value) -> str:
    """Return the argument of `start_loop` as text: a variable, a JSON array, or a count."""
    text = text_of(_expand_constants(value))
    return (
        quote_author_text(text) if single_variable(value) is None else quote_words(spell_text(text))
    )


def _expand_constants(value: nodes.Value) -> nodes.Value:
    """Return the value, with lists and objects in constants expanded to nodes.

    So each value has only one spelling.
    """
    match value:
        case nodes.ConstantValue(value=list() as items):
            constants = (nodes.ConstantValue(value=item) for item in items)
            return nodes.ListValue(items=tuple(map(_expand_constants, constants)))
        case nodes.ConstantValue(value=dict() as fields):
            return nodes.ObjectValue(
                fields=tuple(
                    (name, _expand_constants(nodes.ConstantValue(value=item)))
                    for name, item in fields.items()
                )
            )
        case nodes.ListValue(items=inner):
            return nodes.ListValue(items=tuple(map(_expand_constants, inner)))
        case nodes.ObjectValue(fields=pairs):
            return nodes.ObjectValue(
                fields=tuple((name, _expand_constants(item)) for name, item in pairs)
            )
        case _:
            return value
