"""The emulator inside the caller's process, for `api = "local"`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from fastapi import FastAPI

from flowdsl.emulator.app import NO_SCENARIO, create_app
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store

EMBEDDED_BASE_URL = "http://localhost"
"""The base URL to give an ASGI transport: the application checks the `Host` header."""


def open_embedded(
    path: Path | None, *, strict: bool = False, scenario: Scenario = NO_SCENARIO
) -> tuple[FastAPI, Callable[[], None]]:
    """Return the application over the data file `path` (None: in memory) and its close function.

    The application needs no lifespan events, which httpx's ASGI transport does not send: a thread
    delivers webhooks, and closing waits for those that are due. `strict` and `scenario` are as in
    `app.create_app`. Neither the file nor its folder may be a link: the folder belongs to the
    project above it. Raises `store.StoreError` if the file cannot be used.
    """
    path = None if path is None else path.absolute()
    store = Store.open(path, below=None if path is None else path.parent.parent)
    app = create_app(store, strict=strict, scenario=scenario)
    opened = ExitStack()
    opened.callback(store.close)
    if app.state.courier is not None:
        opened.enter_context(app.state.courier.polling())
    return app, opened.close
