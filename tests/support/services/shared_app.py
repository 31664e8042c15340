"""One application of the emulator for all stores of this process, and what they compile.

To build its routes takes longer than a deploy does, and to compile a statement longer than to carry
it out.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection, Engine, event
from starlette.types import Receive, Scope, Send

from flowdsl.emulator.app import create_app
from flowdsl.emulator.context import EmulatorContext
from flowdsl.emulator.store import Store


@cache
def shared_app() -> FastAPI:
    """The application, whose `state.emulator` is the context of whoever asks."""
    with Store.open(None) as placeholder:  # every user brings its own
        return create_app(placeholder, strict=True)


class SharedApp:
    """The shared application over one store.

    Users take turns; none begins while another answers.
    """

    def __init__(self, emulator: Store, **behaviour: Any) -> None:
        self._context = EmulatorContext(emulator, **behaviour)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = shared_app()
        app.state.emulator = self._context
        await app(scope, receive, send)


class _Statements(dict[Any, Any]):
    """Compiled statements by what they say, without the dialect, which each store has of its own.

    All of them are the same SQLite.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        _dialect, *said = key
        return super().get(tuple(said), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        _dialect, *said = key
        super().__setitem__(tuple(said), compiled)


@cache
def share_statements() -> None:
    """Have what one store of this process compiles be there for all others."""
    statements = _Statements()

    @event.listens_for(Engine, "engine_connect")
    def _(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)
