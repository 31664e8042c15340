"""The emulator inside the caller's process, for `api = "local"`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store

EMBEDDED_BASE_URL = "http://localhost"
"""The base URL to give an ASGI transport: the application checks the `Host` header."""


def open_embedded(path: Path | None, *, strict: bool = False) -> tuple[FastAPI, Callable[[], None]]:
    """The application over the data file `path` (None: in memory) and the function closing it.

    The application needs no lifespan events, which httpx's ASGI transport does not send. `strict`
    refuses unknown request keys as in `app.create_app`.
    Raises `store.StoreError` where the file cannot be used.
    """
    store = Store.open(path)
    return create_app(store, strict=strict), store.close
