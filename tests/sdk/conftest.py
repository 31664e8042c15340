from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cyberdesk import CyberdeskClient, RetryConfig
from starlette.types import ASGIApp

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store

Serve = Callable[[ASGIApp], str]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's httpx obeys proxy variables; a request to loopback must not leave it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """Serves `app` with uvicorn on a free loopback port; the base URL."""
    config = uvicorn.Config(app, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "desk.sqlite") as opened:
        yield opened


class Sdk:
    """The official client, called through its synchronous or its asynchronous half."""

    def __init__(self, client: CyberdeskClient, *, use_async: bool) -> None:
        self.client = client
        self._runner = asyncio.Runner() if use_async else None

    def close(self) -> None:
        if self._runner is not None:
            # The SDK's own `close` leaves its asynchronous half open.
            self._runner.run(self.client._client.get_async_httpx_client().aclose())
            self._runner.close()
        self.client.close()

    def reply(self, resource: str, method: str, *arguments: Any, **options: Any) -> Any:
        """The `ApiResponse` of `client.<resource>.<method>`."""
        api = getattr(self.client, resource)
        if self._runner is None:
            return getattr(api, f"{method}_sync")(*arguments, **options)
        return self._runner.run(getattr(api, method)(*arguments, **options))

    def __call__(self, resource: str, method: str, *arguments: Any, **options: Any) -> Any:
        """The data of a call that must succeed."""
        reply = self.reply(resource, method, *arguments, **options)
        assert reply.error is None, reply.error
        assert "Validation" not in type(reply.data).__name__, reply.data
        return reply.data

    def generated(self, module: Any, **options: Any) -> Any:
        """The reply of a generated function, for operations the wrapper lacks."""
        client = self.client._client
        if self._runner is None:
            reply = module.sync_detailed(client=client, **options)
        else:
            reply = self._runner.run(module.asyncio_detailed(client=client, **options))
        assert reply.status_code == 200, reply
        return reply


@contextmanager
def connected(base_url: str, *, use_async: bool) -> Iterator[Sdk]:
    client = CyberdeskClient(
        "test-key",
        base_url=base_url,
        timeout=httpx.Timeout(20),
        retry=RetryConfig(max_retries=3, min_delay_seconds=0, max_delay_seconds=0),
    )
    sdk = Sdk(client, use_async=use_async)
    try:
        yield sdk
    finally:
        sdk.close()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def sdk(request: pytest.FixtureRequest, store: Store) -> Iterator[Sdk]:
    """The official SDK against a real server."""
    with (
        running(create_app(store)) as base_url,
        connected(base_url, use_async=request.param) as connected_sdk,
    ):
        yield connected_sdk
