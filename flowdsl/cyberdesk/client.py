"""The client: its connection settings and the resource groups."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from random import random as chance
from types import TracebackType
from typing import Any, Self

import httpx

from flowdsl import __version__
from flowdsl.cyberdesk.errors import ClientMisconfigured, UnusableApiKey
from flowdsl.cyberdesk.limits import ClientOptions, Deadline
from flowdsl.cyberdesk.log import Listener
from flowdsl.cyberdesk.models.machine import MachinesHealth
from flowdsl.cyberdesk.pace import Pace
from flowdsl.cyberdesk.replies import Reply
from flowdsl.cyberdesk.retrying import parse_date
from flowdsl.cyberdesk.routes.machines import (
    Connections,
    Machines,
    Pools,
    RequestLogs,
    machines_health,
)
from flowdsl.cyberdesk.routes.model_configurations import ModelConfigurations, ProviderCredentials
from flowdsl.cyberdesk.routes.run_attachments import PromptImages, RunAttachments
from flowdsl.cyberdesk.routes.runs import Runs, Usage
from flowdsl.cyberdesk.routes.tags import TagGroups, Tags
from flowdsl.cyberdesk.routes.trajectories import Trajectories
from flowdsl.cyberdesk.routes.workflows import Workflows
from flowdsl.cyberdesk.transport import Injected, Params, Sender
from flowdsl.cyberdesk.trust import check_api_url, is_loopback


class CyberdeskClient:
    """The Cyberdesk API for one organisation; an async context manager.

    The routes are grouped by resource: `workflows`, `tags`, `runs`, `machines` and so on. One
    client can serve many asyncio tasks, but httpx searches its whole connection pool on every
    request. With many parallel requests (from about 32), give each task its own `make_worker()`,
    which shares the rate limit. The constructor raises `UntrustedHost`, `UnusableApiKey` or
    `ClientMisconfigured`, before any request.
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = chance,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        listener: Listener | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """`transport` replaces the network; the others are described at `Injected`."""
        check_api_url(options.base_url, options.trusted_hosts)
        _check_api_key(options.api_key)
        self._options, self._transport = options, transport
        self._tls = _tls_context(options.base_url) if transport is None else None
        self._pace = Pace(
            max_in_flight=options.max_in_flight,
            ceiling=options.retry_after_ceiling,
            sleep=sleep,
            clock=monotonic,
            wall=clock,
        )
        self._connect_routes(
            Injected(
                sleep=sleep,
                random=random,
                clock=clock,
                monotonic=monotonic,
                listener=listener,
                deadline=deadline,
            )
        )

    def _connect_routes(self, injected: Injected) -> None:
        self._injected = injected
        self._http = _http_client(self._options, self._transport, self._tls)
        self._sender = Sender(self._http, self._options, self._pace, injected)
        self.workflows = Workflows(self._sender)
        self.tags = Tags(self._sender)
        self.tag_groups = TagGroups(self._sender)
        self.model_configurations = ModelConfigurations(self._sender)
        self.provider_credentials = ProviderCredentials(self._sender)
        self.prompt_images = PromptImages(self._sender)
        self.machines = Machines(self._sender)
        self.pools = Pools(self._sender)
        self.connections = Connections(self._sender)
        self.request_logs = RequestLogs(self._sender)
        self.runs = Runs(self._sender)
        self.run_attachments = RunAttachments(self._sender)
        self.trajectories = Trajectories(self._sender)
        self.usage = Usage(self._sender)

    def make_worker(self) -> CyberdeskClient:
        """Return another client with the same settings and pace, but connections of its own.

        It is cheap, since it shares the TLS context.
        """
        return self._copy_with_injected(self._injected)

    def guarded(self, before_write: Callable[[], None]) -> CyberdeskClient:
        """Return a worker that calls `before_write` before each write; so do its own workers."""
        return self._copy_with_injected(replace(self._injected, before_write=before_write))

    def _copy_with_injected(self, injected: Injected) -> CyberdeskClient:
        other = copy(self)
        other._connect_routes(injected)
        return other

    async def health(self) -> dict[str, Any]:
        """Return the body of `GET /v1/health`, which needs no key; raises `CyberdeskError`."""
        return (await self._sender.get("/v1/health")).mapping()

    async def read_clock(self) -> datetime | None:
        """Return the service's time of its reply to `GET /v1/health`; raises `CyberdeskError`.

        None if the reply has no readable `Date`. The header counts whole seconds.
        """
        seconds = parse_date((await self._sender.get("/v1/health")).headers.get("date", ""))
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    async def read(self, path: str, params: Params | None = None) -> Reply:
        """Return the reply to a GET that no route describes, whatever it refuses.

        Raises `CyberdeskError` for a failure of the service (5xx) and for no reply.
        """
        return await self._sender.get(path, params, answers=lambda status, _body: status < 500)

    async def health_database(self) -> object:
        """Return the body of `GET /v1/health/db`, of unknown shape; raises `CyberdeskError`."""
        return (await self._sender.get("/v1/health/db")).json()

    async def health_machines(self) -> MachinesHealth:
        """Return the health of the organisation's machines; raises `CyberdeskError`.

        A failing machine is reported in the result, not as an error.
        """
        return await machines_health(self._sender)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()


def _check_api_key(api_key: str) -> None:
    # Other characters cause an exception of the HTTP library that contains the whole header.
    if not api_key:
        raise UnusableApiKey("the API key is empty")
    if not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise UnusableApiKey("the API key holds blanks or characters that no header can carry")


def _tls_context(base_url: str) -> ssl.SSLContext:
    """Return the certificates to trust, from `SSL_CERT_FILE`, `SSL_CERT_DIR` or a bundled list."""
    if base_url.lower().startswith("http:"):
        # Reading the bundled list takes 30 ms. This context trusts no certificates and is never
        # used.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.create_ssl_context()
    except OSError:
        raise ClientMisconfigured(
            "the certificates that `SSL_CERT_FILE` or `SSL_CERT_DIR` names cannot be read"
        ) from None


def _http_client(
    options: ClientOptions, transport: httpx.AsyncBaseTransport | None, tls: ssl.SSLContext | None
) -> httpx.AsyncClient:
    try:
        return _HttpClient(
            base_url=options.base_url,
            headers={
                "Authorization": f"Bearer {options.api_key}",
                "User-Agent": f"flowdsl/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            timeout=httpx.Timeout(60.0, connect=10.0, read=options.read_timeout),
            follow_redirects=False,
            verify=True if tls is None else tls,
            transport=transport,
            # A proxy cannot reach this machine's loopback.
            trust_env=not is_loopback(options.base_url),
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # The reason may contain a proxy's password.
        raise ClientMisconfigured(
            "a proxy address in `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` cannot be used"
        ) from None


class _NoCookies(httpx.Cookies):
    """A jar that keeps no cookies: the service identifies us by the API key alone."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


class _HttpClient(httpx.AsyncClient):
    @property
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise AttributeError("cookies are neither kept nor sent")


_NO_COOKIES = _NoCookies()
