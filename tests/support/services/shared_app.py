"""One application of the emulator for all stores of this process.

To build its routes takes longer than a deploy does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from flowdsl.emulator.app import create_app
from flowdsl.emulator.context import Context
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
        self._context = Context(emulator, **behaviour)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = shared_app()
        app.state.emulator = self._context
        await app(scope, receive, send)
