"""The emulator inside the caller's process, for `api = "local"`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from flowdsl.emulator.app import NO_SCENARIO, create_app
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from flowdsl.emulator.webhooks import DeliverAfterRequests, Deliveries

EMBEDDED_BASE_URL = "http://localhost"
"""The base URL to give an ASGI transport: the application checks the `Host` header."""


def open_embedded(
    path: Path | None, *, strict: bool = False, scenario: Scenario = NO_SCENARIO
) -> tuple[FastAPI, Callable[[], None]]:
    """Return the application over the data file `path` (None: in memory) and its close function.

    The application needs no lifespan events, which httpx's ASGI transport does not send: the first
    request after the end of a run delivers its webhook, and closing waits for a delivery in
    progress. `strict` and `scenario` are as in `app.create_app`. Neither the file nor its folder
    may be a link: the folder belongs to the project above it. Raises `store.StoreError` if the file
    cannot be used.
    """
    path = None if path is None else path.absolute()
    store = Store.open(path, below=None if path is None else path.parent.parent)
    app = create_app(store, strict=strict, scenario=scenario)
    if app.state.courier is None:
        return app, store.close
    deliveries = Deliveries(app.state.courier)
    app.add_middleware(DeliverAfterRequests, deliveries=deliveries)

    def close() -> None:
        deliveries.finish()
        store.close()

    return app, close
