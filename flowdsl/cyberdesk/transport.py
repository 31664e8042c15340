"""Sending one request: what is repeated, when, and what is known of its outcome when it fails."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256
from itertools import count
from typing import Any

import httpx

from flowdsl.cyberdesk.errors import (
    CyberdeskError,
    NotFound,
    ServiceUnreachable,
    UnreadableReply,
    ValidationRefused,
    printable,
    redacted,
)
from flowdsl.cyberdesk.replies import Reply, error_from_reply, request_id

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Source: the SDK's retry loop, which adds 409 while an earlier attempt of the same key still runs."""

MIN_DELAY_SECONDS = 0.25
MAX_DELAY_SECONDS = 8.0
"""Source: the SDK's defaults for full jitter."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

Params = Mapping[str, str | int | bool]


class Sender:
    """Sends requests of one `httpx.AsyncClient`, one at a time or many; sleeping, chance and time are injected.

    `Retry-After` is waited out in full, plus a little jitter so that workers told the same second do not return together.
    Beyond `retry_after_ceiling` seconds there is no further attempt, since an earlier one would be refused as well.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        api_key: str,
        max_retries: int,
        retry_after_ceiling: float,
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._http = http
        self._api_key = api_key
        self._max_retries = max_retries
        self._retry_after_ceiling = retry_after_ceiling
        self._sleep = sleep
        self._random = random
        self._clock = clock

    async def get(self, path: str, params: Params | None = None) -> Reply:
        """The reply to a GET; raises `CyberdeskError`."""
        return await self.send(self._http.build_request("GET", path, params=params), None)

    async def write(
        self, method: str, path: str, idempotency_key: str, body: Mapping[str, Any]
    ) -> Reply:
        """The reply to a request with a JSON body; raises `CyberdeskError`."""
        secret = body.get("api_key")
        request = self._http.build_request(method, path, json=body)
        return await self.send(request, idempotency_key, (secret,) if secret else ())

    async def upload(self, path: str, idempotency_key: str, file: tuple[str, bytes, str]) -> Reply:
        """The reply to a multipart request with one part `file` (name, content, media type)."""
        # A boundary made from the content gives a later repetition of the same key the same bytes.
        boundary = sha256(file[1]).hexdigest()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = self._http.build_request("POST", path, files={"file": file}, headers=headers)
        return await self.send(request, idempotency_key)

    async def delete(self, path: str, idempotency_key: str, params: Params | None = None) -> bool:
        """True when the object was deleted, False when it was already gone; raises `CyberdeskError` otherwise."""
        request = self._http.build_request("DELETE", path, params=params)
        try:
            reply = await self.send(request, idempotency_key)
        except NotFound:
            return False
        reply.nothing()
        return True

    async def send(
        self, request: httpx.Request, idempotency_key: str | None, secrets: tuple[str, ...] = ()
    ) -> Reply:
        """The 2xx reply to `request`, which is sent again, byte for byte, while that is safe; raises `CyberdeskError`.

        `secrets` are kept out of error messages, as the API key is.
        """
        write = request.method != "GET"
        if idempotency_key is not None:
            request.headers["Idempotency-Key"] = idempotency_key
        retries = 0 if write and idempotency_key is None else self._max_retries
        unknown = False
        for attempt in count():
            outcome = await self._attempt(request, write, (self._api_key, *secrets))
            if isinstance(outcome, Reply):
                return outcome
            error, repeatable = outcome
            # An earlier attempt that may have been carried out is not undone by a later refusal.
            error.outcome_unknown = unknown = unknown or error.outcome_unknown
            delay = self._delay(attempt, error.retry_after)
            if not repeatable or delay is None or attempt >= retries:
                raise error
            await self._sleep(delay)
        raise AssertionError("unreachable: `count()` does not end")

    async def _attempt(
        self, request: httpx.Request, write: bool, secrets: tuple[str, ...]
    ) -> Reply | tuple[CyberdeskError, bool]:
        """A 2xx reply, or an error and whether its kind may be tried again.

        The error is returned instead of chained: an httpx exception holds the request and with it the API key.
        """
        operation = f"{request.method} {request.url.path}"
        try:
            response = await self._http.send(request)
        except httpx.TransportError as failure:
            reason = redacted(printable(str(failure)), secrets) or type(failure).__name__
            unreachable = ServiceUnreachable(
                f"`{operation}` gets no reply from `{request.url.host}`: {reason}",
                outcome_unknown=write and not isinstance(failure, _NOT_SENT),
            )
            return unreachable, True
        except httpx.DecodingError:
            damaged = UnreadableReply(
                f"the reply to `{operation}` is not understood: its compression is damaged",
                outcome_unknown=write,
            )
            return damaged, False
        status, headers = response.status_code, response.headers
        if response.is_success:
            return Reply(operation, write, status, response.content, request_id(headers))
        error = error_from_reply(
            operation,
            status,
            headers,
            response.content,
            secrets=secrets,
            outcome_unknown=write and may_have_run(status, headers),
            retry_after=parse_retry_after(headers.get("Retry-After", ""), self._clock()),
        )
        return error, status in RETRIED_STATUSES or is_in_progress(status, headers)

    def _delay(self, attempt: int, retry_after: float | None) -> float | None:
        """Seconds to wait before the next attempt, or None when the service asks for more than the ceiling."""
        if retry_after is None:
            return self._random() * min(MAX_DELAY_SECONDS, MIN_DELAY_SECONDS * 2.0**attempt)
        if retry_after > self._retry_after_ceiling:
            return None
        return retry_after + self._random() * MIN_DELAY_SECONDS


def is_in_progress(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an earlier attempt with the same idempotency key still runs. Source: the SDK's retry loop."""
    return status == 409 and headers.get("Idempotency-Status", "").lower() == "in_progress"


def may_have_run(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a write answered with `status`, not a 2xx, may have been carried out all the same."""
    return not 400 <= status < 500 or status == 408 or is_in_progress(status, headers)


def parse_retry_after(value: str, now: float) -> float | None:
    """Seconds to wait, 0 or more, from whole or fractional seconds or an HTTP date; None when it is neither.

    `now` is Unix time in seconds.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        # A date without a zone, and "-0000", are read as UTC: HTTP has no local times.
        return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def segment(identifier: str) -> str:
    """`identifier` as one step of a path; raises `ValidationRefused` for text that could name another resource."""
    if not _ID.fullmatch(identifier):
        shown = printable(identifier)[:60]
        raise ValidationRefused(f"`{shown}` is not an id of the service, which is a UUID")
    return identifier


def asgi_transport(app: Any) -> httpx.AsyncBaseTransport:
    """A transport that calls an ASGI application in this process; its lifespan is not run.

    A `ConnectionError` or `TimeoutError` out of the application stands for a lost connection or a reply that never comes;
    any other exception is a bug in the application and passes through.
    """
    return _AppTransport(app=app)


class _AppTransport(httpx.ASGITransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except TimeoutError as lost:
            raise httpx.ReadTimeout("no reply in time", request=request) from lost
        except ConnectionError as lost:
            raise httpx.ReadError("connection lost", request=request) from lost
