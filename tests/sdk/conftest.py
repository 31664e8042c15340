from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cyberdesk import CyberdeskClient, RetryConfig

from flowdsl.emulator.app import create_app
from flowdsl.emulator.clock import system_clock
from flowdsl.emulator.store import Store
from tests.support.effort import rows
from tests.support.services.memory_store import share_statements
from tests.support.services.served import running

share_statements()

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's httpx obeys proxy variables; a request to loopback must not leave it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


class Clock:
    """The machine's time, which a test may put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    """A store in memory: a file would have every write wait for the disk."""
    with Store.open(None, clock=clock) as opened:
        yield opened


class Sdk:
    """The official client, called through its synchronous or its asynchronous half."""

    def __init__(self, client: CyberdeskClient, *, use_async: bool) -> None:
        self.client = client
        self._runner = asyncio.Runner() if use_async else None
        self._content = b""
        client._client.get_httpx_client().event_hooks["response"] = [self._keep]
        client._client.get_async_httpx_client().event_hooks["response"] = [self._keep_async]

    def _keep(self, response: httpx.Response) -> None:
        self._content = response.read()

    async def _keep_async(self, response: httpx.Response) -> None:
        self._content = await response.aread()

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
        """The data of a call that must succeed, read without loss and without an absent field."""
        reply = self.reply(resource, method, *arguments, **options)
        assert reply.error is None, reply.error
        assert "Validation" not in type(reply.data).__name__, reply.data
        self._assert_faithful(reply.data)
        return reply.data

    def _assert_faithful(self, data: Any) -> None:
        models = data if isinstance(data, list) else [data]
        if not all(hasattr(model, "to_dict") for model in models):
            return
        written = [model.to_dict() for model in models]
        read = json.loads(self._content)
        assert comparable(written) == comparable(read if isinstance(data, list) else [read])
        for model, values in zip(models, written, strict=True):
            assert type(model).from_dict(values) == model

    def generated(
        self, module: Any, *, statuses: tuple[int, ...] = (200, 201, 204), **options: Any
    ) -> Any:
        """The reply of a generated function, for operations the wrapper lacks."""
        client = self.client._client
        if self._runner is None:
            reply = module.sync_detailed(client=client, **options)
        else:
            reply = self._runner.run(module.asyncio_detailed(client=client, **options))
        assert reply.status_code in statuses, reply
        if reply.parsed is not None:
            self._assert_faithful(reply.parsed)
        return reply


def comparable(value: Any) -> Any:
    """`value` with times in one form: the SDK writes `+00:00` for `Z`."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, str) and TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


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


@pytest.fixture(params=rows([False, True], 1), ids={False: "sync", True: "async"}.get)
def sdk(request: pytest.FixtureRequest, store: Store) -> Iterator[Sdk]:
    """The official SDK against a real server."""
    with (
        running(create_app(store)) as base_url,
        connected(base_url, use_async=request.param) as connected_sdk,
    ):
        yield connected_sdk
