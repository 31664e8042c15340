"""Which statements a focused agent can carry out on its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from flowdsl.semantics.capabilities import Capabilities

from . import nodes


def tools_of(statement: nodes.Statement) -> Iterator[str]:
    """The tools that a statement needs, those of the bodies in it included."""
    match statement:
        case nodes.Step():
            yield from body_tools(statement.body)
        case nodes.Do() | nodes.TypeIn() | nodes.Clear() | nodes.Press() | nodes.Wait():
            yield "computer"
        case nodes.Choose() | nodes.WaitUntil() | nodes.Expect():
            yield "computer"
            yield from body_tools(statement.otherwise)
        case nodes.Extract():
            yield "upsert_runtime_values"
            yield from body_tools(statement.otherwise or ())
        case nodes.BackgroundExtract():
            yield "screenshot"
        case nodes.Copy():
            yield "copy_to_clipboard"
            yield from body_tools(statement.otherwise or ())
        case nodes.Store():
            yield "upsert_runtime_values"
        case nodes.Capture():
            yield "save_screenshot_as_run_attachment"
        case nodes.Export():
            yield "mark_file_for_export"
        case nodes.Picture():
            yield "picture"
        case nodes.Run():
            yield "execute_terminal_command"
            yield from body_tools(statement.otherwise or ())
        case nodes.If():
            for branch in statement.branches:
                yield from body_tools(branch.body)
            yield from body_tools(statement.otherwise)
        case nodes.Loop():
            yield "start_loop"
            yield from body_tools(statement.body)
        case nodes.Repeat() | nodes.Retry():
            yield from body_tools(statement.body)
            yield from body_tools(statement.otherwise)
        case nodes.Leave(action="finish"):
            yield "finish"
        case nodes.Leave(action="abort"):
            yield "declare_task_failed"
        case nodes.Leave():
            pass
        case _:
            assert_never(statement)


def body_tools(body: nodes.Body) -> Iterator[str]:
    for statement in body:
        yield from tools_of(statement)


def fits(body: nodes.Body, capabilities: Capabilities) -> bool:
    """Whether one `focused_action` can hold `body`: its tools are there, and it names at most one model."""
    return (
        all(capabilities.focused_can(tool) for tool in body_tools(body))
        and len(set(models_of(body))) <= 1
    )


def models_of(body: nodes.Body) -> Iterator[str]:
    """The aliases of the models that a body asks for."""
    for statement in body:
        match statement:
            case nodes.Choose() | nodes.Extract():
                if statement.model is not None:
                    yield statement.model
                yield from models_of(statement.otherwise or ())
            case nodes.WaitUntil() | nodes.Expect() | nodes.Copy() | nodes.Run():
                yield from models_of(statement.otherwise or ())
            case nodes.Step() | nodes.Loop():
                yield from models_of(statement.body)
            case nodes.If():
                for branch in statement.branches:
                    yield from models_of(branch.body)
                yield from models_of(statement.otherwise)
            case nodes.Repeat() | nodes.Retry():
                yield from models_of(statement.body)
                yield from models_of(statement.otherwise)
            case _:
                pass
