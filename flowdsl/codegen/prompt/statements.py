"""Dispatch statements to the functions that emit outline items, for each of the two agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.ir.facts import fits
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import spell_marked_text

from . import actions, control, data, screen, tools
from .calls import Calls, Emit
from .context import Agent, Context


def emit_main(body: nodes.Body, context: Context) -> list[Item]:
    """Emit the numbered lines of the main agent; decisions and reads are in a `focused_action`."""
    return Agent(context, _main_lines, main=True)(body)


def _main_lines(body: nodes.Body, main: Agent) -> list[Item]:
    """Return the lines of a body.

    Neighbouring statements of focused agents share one call, which costs as much as each alone.
    """
    items: list[Item] = []
    focused = Agent(main.context, _emit_bullets, main=False)
    focused.inside = main.inside
    calls = Calls(main.context, focused, items, _emit_either, main)
    _collect_body_lines(body, main, calls)
    calls.close()
    return _without_bare_titles(items)


def _collect_body_lines(body: nodes.Body, main: Agent, calls: Calls) -> None:
    for statement in body:
        if isinstance(statement, nodes.Step):
            # A title precedes its own lines: people follow a run by titles.
            calls.close()
            outer = calls.items
            step = Item(spell_marked_text(statement.title), statement.origin, "step", title=True)
            outer.append(step)
            calls.items = step.children
            _collect_body_lines(statement.body, main, calls)
            calls.items = outer
        elif _is_plain(statement):
            calls.pass_by(statement)
        elif _is_focused(statement, main.context):
            calls.add(statement, _emit_focused)
        elif (split := _split_statement(statement, main)) is not None:
            before, ask, after = split
            if before:
                calls.close()
                calls.items.extend(before)
            calls.stay()
            calls.add(statement, ask, alone=after is not None)
            if after is not None:
                calls.close()
                calls.items.extend(after())
        else:
            calls.close()
            calls.items.extend(_emit_main(statement, main))


def _without_bare_titles(items: list[Item]) -> list[Item]:
    return [item for item in items if item.children or not item.title]


def _is_plain(statement: nodes.Statement) -> bool:
    """Whether a statement is an action that either agent can execute, without a decision."""
    shown = isinstance(statement, nodes.TypeIn) and statement.display is not None
    return isinstance(statement, nodes.Action) and not shown


def _is_focused(statement: nodes.Statement, context: Context) -> bool:
    """Whether a focused agent executes a statement, which is neither plain nor a step."""
    match statement:
        case (
            nodes.Copy()
            | nodes.Capture()
            | nodes.Export()
            | nodes.Leave()
            | nodes.Run(variable=None)
        ):
            return False
        case _:
            return fits((statement,), context.capabilities)


def _split_statement(
    statement: nodes.Statement, main: Agent
) -> tuple[list[Item], Emit, Callable[[], list[Item]] | None] | None:
    """Split a statement that a focused agent decides and the main agent executes.

    Returns its lines before the decision, the bullets that decide, and the lines after it.
    """
    match statement:
        case nodes.Copy():
            return data.split_copy(statement, main)
        case nodes.If():
            return control.split_if(statement, main)
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
            return screen.split_check(statement, main)
        case nodes.Extract():
            return data.split_extract(statement, main)
        case nodes.Run() if statement.variable is not None:
            return tools.split_run(statement, main)
        case _:
            return None


def _emit_bullets(body: nodes.Body, focused: Agent) -> list[Item]:
    items: list[Item] = []
    for statement in body:
        items += _emit_focused(statement, focused)
    return items


def _emit_main(statement: nodes.Statement, main: Agent) -> list[Item]:
    match statement:
        case nodes.BackgroundExtract():
            return data.emit_background(statement, main.context)
        case nodes.TypeDay():
            return tools.emit_type_day(statement)
        case nodes.Loop(entry=None):
            return control.emit_loop(statement, main)
        case nodes.Repeat():
            return control.emit_repeat_main(statement, main)
        case _:
            return _emit_either(statement, main)


def _emit_focused(statement: nodes.Statement, focused: Agent) -> list[Item]:
    match statement:
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
            return screen.emit_check(statement, focused)
        case nodes.Extract():
            return data.emit_extract(statement, focused)
        case nodes.Copy():
            return data.emit_copy(statement, focused)
        case nodes.Store():
            return data.emit_store(statement, focused)
        case nodes.If():
            return control.emit_if(statement, focused)
        case nodes.Repeat():
            return control.emit_repeat(statement, focused)
        case nodes.Loop():
            return control.emit_each(statement, focused)
        case _:
            return _emit_either(statement, focused)


def _emit_either(statement: nodes.Statement, agent: Agent) -> list[Item]:
    """Emit a statement in words that both agents understand."""
    match statement:
        case nodes.Capture() | nodes.Export() | nodes.Picture():
            return tools.emit_artifact(statement)
        case nodes.Run():
            return tools.emit_run(statement, agent)
        case nodes.Retry():
            return control.emit_retry(statement, agent)
        case nodes.Leave():
            return [_make_leave_line(statement, agent)]
        case nodes.Do() | nodes.TypeIn() | nodes.Clear() | nodes.Press() | nodes.Wait():
            return actions.emit_action(statement)
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect() | nodes.Extract() | nodes.Copy():
            raise AssertionError(f"{statement.kind} is said to a focused agent")
        case nodes.Store() | nodes.If() | nodes.Repeat() | nodes.Loop():
            raise AssertionError(f"{statement.kind} is said to one of the agents in its own words")
        case nodes.BackgroundExtract() | nodes.TypeDay() | nodes.Step():
            raise AssertionError(f"{statement.kind} is said to the main agent")
        case _:
            assert_never(statement)


def _make_leave_line(statement: nodes.Leave, agent: Agent) -> Item:
    words = agent.leave(statement)
    return Item(f"{words[:1].upper()}{words[1:]}.", statement.origin, "leave")
