"""The dispatch from statements to outline items, for each of the two agents."""

from __future__ import annotations

from typing import assert_never

from flowdsl.ir import nodes
from flowdsl.ir.fits import fits, models_of
from flowdsl.prompt.outline import Item
from flowdsl.prompt.text import spell_text

from . import actions, control, data, screen, tools
from .context import Agent, Context, Wrap


def emit_main(body: nodes.Body, context: Context) -> list[Item]:
    """The numbered lines of the main agent; what is decided or read is in a `focused_action`."""
    return Agent(context, _main_lines, main=True)(body)


def _main_lines(body: nodes.Body, main: Agent) -> list[Item]:
    """The lines of a body.

    Values to keep join a `focused_action` right before them: one call less.
    """
    items: list[Item] = []
    for statement in body:
        if isinstance(statement, nodes.Store) and items and items[-1].focused:
            items[-1].children.extend(data.emit_store(statement))
        else:
            items.extend(_emit_main(statement, main))
    return items


def _bullets(body: nodes.Body, focused: Agent) -> list[Item]:
    """The bullets that instruct a focused agent."""
    items: list[Item] = []
    for statement in body:
        items += _emit_focused(statement, focused)
    return items


def _emit_main(statement: nodes.Statement, main: Agent) -> list[Item]:
    context = main.context
    focused = Agent(context, _bullets, main=False)

    match statement:
        case nodes.Step():
            title = spell_text(statement.title).strip()
            return [Item(title, statement.origin, "step", main(statement.body))]
        case nodes.Do() | nodes.TypeIn(display=None) | nodes.Clear() | nodes.Press() | nodes.Wait():
            return actions.emit_action(statement)
        case nodes.Copy():
            return data.emit_copy_main(statement, main, focused)
        case nodes.BackgroundExtract():
            return data.emit_background(statement)
        case nodes.Capture() | nodes.Export() | nodes.Picture():
            return tools.emit_artifact(statement)
        case nodes.Run() if statement.variable is None:
            return tools.emit_run(statement, main)
        case nodes.Loop():
            return control.emit_loop(statement, main, _in_one(context))
        case nodes.Leave():
            return [_leave(statement, main)]
        case _ if fits((statement,), context.capabilities):
            model = next(models_of((statement,)), None)
            bullets = _emit_focused(statement, focused)
            return [context.focused(statement.origin, statement.kind, bullets, model)]
        case nodes.If():
            return control.emit_if_main(statement, main)
        case nodes.Repeat():
            return control.emit_repeat_main(statement, main)
        case nodes.Retry():
            return control.emit_retry(statement, main)
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
            return screen.emit_check_main(statement, main)
        case nodes.Extract():
            return data.emit_extract_main(statement, main)
        case nodes.Run():
            return tools.emit_run_reading(statement, main)
        case nodes.Store() | nodes.TypeIn():
            raise AssertionError(f"{statement.kind} fits every focused agent")
        case _:
            assert_never(statement)


def _emit_focused(statement: nodes.Statement, focused: Agent) -> list[Item]:
    match statement:
        case nodes.Step():
            title = spell_text(statement.title).strip()
            return [Item(f"{title}:", statement.origin, "step", focused(statement.body))]
        case nodes.Do() | nodes.TypeIn() | nodes.Clear() | nodes.Press() | nodes.Wait():
            return actions.emit_action(statement)
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
            return screen.emit_check(statement, focused)
        case nodes.Extract():
            return data.emit_extract(statement, focused)
        case nodes.Copy():
            return data.emit_copy(statement, focused)
        case nodes.Store():
            return data.emit_store(statement)
        case nodes.If():
            return control.emit_if(statement, focused)
        case nodes.Repeat():
            return control.emit_repeat(statement, focused)
        case nodes.Retry():
            return control.emit_retry(statement, focused)
        case nodes.Run():
            return tools.emit_run(statement, focused)
        case nodes.Capture() | nodes.Export() | nodes.Picture():
            return tools.emit_artifact(statement)
        case nodes.BackgroundExtract():
            return data.emit_background(statement)
        case nodes.Leave():
            return [_leave(statement, focused)]
        case nodes.Loop():
            raise AssertionError("the loop engine belongs to the main agent")
        case _:
            assert_never(statement)


def _in_one(context: Context) -> Wrap:
    def wrap(origin: nodes.Origin, statement: str, bullets: list[Item]) -> list[Item]:
        return [context.focused(origin, statement, bullets)]

    return wrap


def _leave(statement: nodes.Leave, agent: Agent) -> Item:
    words = agent.leave(statement)
    return Item(f"{words[:1].upper()}{words[1:]}.", statement.origin, "leave")
