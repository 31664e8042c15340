"""Sends a request, with retries, log records, and the outcome of a failure."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from itertools import count
from typing import IO, Any

import httpx

from flowdsl.cyberdesk.bodies import SlowReplyLimit, UnusableReply, read_body
from flowdsl.cyberdesk.errors import (
    CyberdeskError,
    DownloadTooLarge,
    NotFound,
    RateLimited,
    ServiceUnreachable,
    UnreadableReply,
    ValidationRefused,
    make_printable,
)
from flowdsl.cyberdesk.limits import ClientOptions, Deadline
from flowdsl.cyberdesk.log import Listener, RequestAttempt
from flowdsl.cyberdesk.pace import Pace
from flowdsl.cyberdesk.redaction import SecretsOfRuns, redact_secrets, secrets_in
from flowdsl.cyberdesk.replies import Reply, error_from_reply, request_id
from flowdsl.cyberdesk.retrying import (
    delay_before,
    may_have_run,
    may_repeat,
    parse_date,
    parse_retry_after,
)

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_MAX_REASON = 300
"""Characters of the reason for a missing reply: the HTTP library quotes unparsed input."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

Params = Mapping[str, str | int | bool | list[str]]


@dataclass(frozen=True, slots=True)
class _ServiceCall:
    """One request, with what all attempts to get its reply share.

    `answers` tells, from a status other than 2xx and a body, whether this is a valid reply all the
    same. The body of a 2xx is written to `file`, if there is one, up to `limit` bytes. With `once`
    the request is not sent again after an attempt that may have been executed.
    """

    request: httpx.Request
    idempotency_key: str | None = None
    secrets: tuple[str, ...] = ()
    answers: Callable[[int, bytes], bool] = lambda _status, _body: False
    file: IO[bytes] | None = None
    limit: int = 0
    once: bool = False

    @property
    def write(self) -> bool:
        return self.request.method != "GET"

    @property
    def operation(self) -> str:
        return f"{self.request.method} {self.request.url.path}"


@dataclass(frozen=True, slots=True)
class _AttemptOutcome:
    """How one attempt ended: with a `reply`, or with an `error`.

    `repeatable` is true for errors after which another attempt may be made.
    """

    seconds: float
    status: int | None = None
    request_id: str | None = None
    reply: Reply | None = None
    error: CyberdeskError | None = None
    repeatable: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """What a client receives from its caller and shares with its workers.

    Sleeping, randomness and time are injected: `clock` returns Unix time, `monotonic` never
    decreases. `listener` is called for each attempt. `before_write` is called before each attempt
    that may change something; when it raises, the attempt is not made and the exception is
    propagated. `deadline` limits reads. `secrets_of_runs` are redacted in errors and in replies
    about runs.
    """

    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    listener: Listener | None
    deadline: Deadline | None
    before_write: Callable[[], None] | None = None
    secrets_of_runs: SecretsOfRuns = field(default_factory=SecretsOfRuns)


class Sender:
    """Sends requests of one `httpx.AsyncClient`, with a shared rate limit `pace`."""

    def __init__(
        self, http: httpx.AsyncClient, options: ClientOptions, pace: Pace, injected: Injected
    ) -> None:
        self.secrets_of_runs = injected.secrets_of_runs
        self._http = http
        self._options = options
        self._pace = pace
        self._injected = injected
        self._base = str(http.base_url).rstrip("/")
        self._extensions = {"timeout": http.timeout.as_dict()}

    async def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        answers: Callable[[int, bytes], bool] = lambda _status, _body: False,
    ) -> Reply:
        """Return the reply to a GET: a 2xx, or what `answers` accepts; raises `CyberdeskError`."""
        request = self._build_request("GET", path, params=params)
        return await self._send_in_time(_ServiceCall(request, answers=answers))

    async def write(
        self,
        method: str,
        path: str,
        idempotency_key: str,
        body: Mapping[str, Any] | None = None,
        *,
        once: bool = False,
    ) -> Reply:
        """Return the reply to a request with a JSON body or none; raises `CyberdeskError`.

        With `once`, an attempt that may have been executed is the last one. That is for callers
        that find out what happened, instead of relying on the service to recognise the key.
        """
        request = self._build_request(method, path, json=body)
        return await self._send_in_time(
            _ServiceCall(request, idempotency_key, secrets_in(body), once=once)
        )

    async def upload(self, path: str, idempotency_key: str, file: tuple[str, bytes, str]) -> Reply:
        """Return the reply to a multipart request with one part `file` (name, content, media type).

        An attempt that may have been executed is the last one, as in `write` with `once`.
        """
        # The boundary depends on the content, so that a later retry with the same key sends the
        # same bytes.
        boundary = sha256(file[1]).hexdigest()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = self._build_request("POST", path, headers, files={"file": file})
        return await self._send_in_time(_ServiceCall(request, idempotency_key, once=True))

    async def download(self, path: str, file: IO[bytes], limit: int) -> int:
        """Write the body of a reply to a seekable `file`, at its position; return its size.

        Raises `DownloadTooLarge` beyond `limit` bytes, and other `CyberdeskError`s; then the file
        is truncated to its original position.
        """
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        request = self._build_request("GET", path, headers)
        start = file.tell()
        await self._send_in_time(_ServiceCall(request, file=file, limit=limit))
        return file.tell() - start

    async def fetch(self, address: str, limit: int) -> bytes:
        """Return the content of a signed URL, requested without the key; raises `CyberdeskError`.

        The service chooses the host: it must use HTTPS, or be the API's own host. At most `limit`
        bytes are read (`DownloadTooLarge`).
        """
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise UnreadableReply("the service gave an address that cannot be read") from None
        if url.scheme != "https" and _origin_of_url(url) != _origin_of_url(self._http.base_url):
            raise UnreadableReply("the service gave an address that is neither HTTPS nor its own")
        own = httpx.Headers(self._http.headers)
        del own["Authorization"]
        own.update({"Accept": "*/*", "Accept-Encoding": "identity"})
        request = httpx.Request("GET", url, headers=own, extensions=self._extensions)
        with BytesIO() as file:
            # Anyone with the query can read the picture.
            secrets = (address, url.query.decode("ascii", "replace"))
            await self._send_in_time(_ServiceCall(request, secrets=secrets, file=file, limit=limit))
            return file.getvalue()

    async def delete(
        self,
        path: str,
        idempotency_key: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bool:
        """Return True when deleted, False when already gone; raises `CyberdeskError`."""
        request = self._build_request("DELETE", path, params=params, json=body)
        try:
            reply = await self._send_in_time(_ServiceCall(request, idempotency_key))
        except NotFound:
            return False
        reply.expect_no_content()
        return True

    def _build_request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Request:
        """Return a request with the client's own headers; raises `ValidationRefused`.

        It is raised for a value that neither JSON nor UTF-8 can represent, such as an unpaired
        surrogate. `httpx.AsyncClient.build_request` would merge the headers anew each time, at
        twice the cost.
        """
        own = httpx.Headers(self._http.headers)
        own.update(headers)
        url = _parse_url(self._base + path)
        try:
            return httpx.Request(method, url, headers=own, extensions=self._extensions, **content)
        except ValueError:
            # The exception contains the whole body, including secrets.
            refused = ValidationRefused(
                f"`{method} {path}` has a value that no request can carry, so that nothing was sent"
            )
        raise refused

    async def _send_in_time(self, call: _ServiceCall) -> Reply:
        """Return the reply to a request, a read within the deadline; raises `CyberdeskError`."""
        deadline = self._injected.deadline
        seconds = None if deadline is None or call.write else deadline.seconds()
        if deadline is None or seconds is None:
            return await self._send_with_retries(call)
        try:
            async with asyncio.timeout(seconds) as clock:
                return await self._send_with_retries(call)
        except TimeoutError:
            if not clock.expired():
                raise
            raise ServiceUnreachable(deadline.words) from None

    async def _send_with_retries(self, call: _ServiceCall) -> Reply:
        """Return the reply to a request, retried byte for byte while that is safe.

        Raises `CyberdeskError`.
        """
        if call.idempotency_key is not None:
            call.request.headers["Idempotency-Key"] = call.idempotency_key
        retries = 0 if call.write and call.idempotency_key is None else self._options.max_retries
        unknown = False
        for attempt in count():
            try:
                async with self._pace.slot():
                    if call.write:
                        self._announce_write()
                    outcome = await self._attempt_call(call)
            except RateLimited as refusal:
                refusal.outcome_unknown = unknown
                raise
            delay = self._seconds_before_retry(outcome, attempt) if attempt < retries else None
            if call.once and outcome.error is not None and outcome.error.outcome_unknown:
                delay = None
            self._tell(call, attempt, outcome, delay)
            if outcome.reply is not None:
                return outcome.reply
            assert outcome.error is not None
            # A later refusal does not undo an earlier attempt that may have been executed.
            outcome.error.outcome_unknown = unknown = unknown or outcome.error.outcome_unknown
            if delay is None:
                raise outcome.error
            await self._injected.sleep(delay)
        raise AssertionError("unreachable: `count()` does not end")

    def _announce_write(self) -> None:
        """Call `before_write`, which raises if a write must not be sent."""
        if self._injected.before_write is not None:
            self._injected.before_write()
        if self._injected.deadline is not None:
            self._injected.deadline.has_written = True

    async def _attempt_call(self, call: _ServiceCall) -> _AttemptOutcome:
        """Return the outcome of one attempt.

        Errors are returned instead of raised: those of httpx hold the request and with it the API
        key.
        """
        secrets = (self._options.api_key, *call.secrets, *self.secrets_of_runs.every())
        limits, monotonic = self._options.limits, self._injected.monotonic
        patience = limits.reply_seconds if call.file is None else limits.download_seconds
        started, begun = monotonic(), asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(patience) as clock:
                pace = SlowReplyLimit(clock, self._http.timeout.read)
                call.request.extensions = {**self._extensions, "trace": pace.trace}
                response = await self._http.send(call.request, stream=True)
                # Each look-up in httpx's headers scans all of them several times.
                headers = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers.raw
                }
                try:
                    body = await read_body(response, headers, limits, pace, call.file, call.limit)
                finally:
                    await response.aclose()
                    # A stream knows its response: a cycle that holds the body of an embedded reply.
                    del response.stream
        except DownloadTooLarge as error:
            return _AttemptOutcome(monotonic() - started, error=error, failure="too large")
        except UnusableReply as unusable:
            problem = UnreadableReply(
                f"the reply to `{call.operation}` is not understood: {unusable}",
                outcome_unknown=call.write,
            )
            return _AttemptOutcome(monotonic() - started, error=problem, failure=unusable.kind)
        except (httpx.TransportError, ssl.SSLError) as failure:  # httpx passes the latter on
            kind = type(failure).__name__
            reason = redact_secrets(make_printable(str(failure)), secrets)[:_MAX_REASON] or kind
            unreachable = ServiceUnreachable(
                f"`{call.operation}` gets no reply from `{call.request.url.host}`: {reason}",
                outcome_unknown=call.write and not isinstance(failure, _NOT_SENT),
            )
            seconds = monotonic() - started
            return _AttemptOutcome(seconds, error=unreachable, repeatable=True, failure=kind)
        except TimeoutError:
            if not clock.expired():
                raise
            # A service that is still sending is not retried: it would take as long again.
            patience = (clock.when() or begun) - begun
            late = ServiceUnreachable(
                f"`{call.operation}` gets no whole reply from `{call.request.url.host}` "
                f"within {patience:.3g} s",
                outcome_unknown=call.write,
            )
            return _AttemptOutcome(monotonic() - started, error=late, failure="too slow")
        seconds = monotonic() - started
        return self._judge_reply(call, response.status_code, headers, body, secrets, seconds)

    def _judge_reply(
        self,
        call: _ServiceCall,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        secrets: tuple[str, ...],
        seconds: float,
    ) -> _AttemptOutcome:
        reference = request_id(headers, (self._options.api_key, *call.secrets))
        # A date is by the service's clock, which may differ from ours.
        now = parse_date(headers.get("date", ""))
        retry_after = parse_retry_after(
            headers.get("retry-after", ""), self._injected.clock() if now is None else now
        )
        self._pace.learn(headers)
        if status == 429 and retry_after is not None:
            self._pace.pause(retry_after)
        if 200 <= status < 300 or call.answers(status, body):
            reply = Reply(call.operation, call.write, status, body, reference, secrets, headers)
            return _AttemptOutcome(seconds, status, reference, reply=reply)
        error = error_from_reply(
            call.operation,
            status,
            body,
            request_id=reference,
            secrets=secrets,
            outcome_unknown=call.write and may_have_run(status, headers),
            retry_after=retry_after,
        )
        repeatable = may_repeat(status, headers)
        return _AttemptOutcome(seconds, status, reference, error=error, repeatable=repeatable)

    def _seconds_before_retry(self, outcome: _AttemptOutcome, attempt: int) -> float | None:
        """Return the seconds to wait before the next attempt; None for no further attempt."""
        if outcome.error is None or not outcome.repeatable:
            return None
        return delay_before(
            attempt,
            outcome.error.retry_after,
            ceiling=self._options.retry_after_ceiling,
            chance=self._injected.random(),
        )

    def _tell(
        self, call: _ServiceCall, attempt: int, outcome: _AttemptOutcome, delay: float | None
    ) -> None:
        listener, request = self._injected.listener, call.request
        if listener is not None:
            told = outcome.seconds, outcome.status, outcome.failure, outcome.request_id
            listener(RequestAttempt(request.method, request.url.path, attempt + 1, *told, delay))


def _origin_of_url(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


@lru_cache(maxsize=4096)
def _parse_url(address: str) -> httpx.URL:
    """Parse a URL; cached, since a deploy reads a workflow three times and writes it once."""
    return httpx.URL(address)


def quote_segment(identifier: str) -> str:
    """Return `identifier` as one segment of a path.

    Raises `ValidationRefused` for a text that could name another resource.
    """
    if not _ID.fullmatch(identifier):
        shown = make_printable(identifier)[:60]
        raise ValidationRefused(f"`{shown}` is not an id of the service, which is a UUID")
    return identifier


def asgi_transport(app: Any) -> httpx.AsyncBaseTransport:
    """Return a transport that calls an ASGI application in this process, without its lifespan.

    A `ConnectionError` or `TimeoutError` raised by the application represents a lost connection or
    a reply that never arrives. Any other exception is a bug in the application and is propagated.
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
