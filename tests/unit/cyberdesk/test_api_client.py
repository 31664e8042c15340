from __future__ import annotations

import asyncio
import io
import json
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl import __version__
from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.log import RequestAttempt
from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfigurationCreate,
)
from flowdsl.cyberdesk.models.run import RunCreate
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.cyberdesk.transport import asgi_transport
from tests.support.effort import THOROUGH
from tests.support.rows import in_rows

WORKFLOW = {"id": "w1", "main_prompt": "p", "updated_at": "t"}
IMAGE = {"supabase_url": "supabase://b/i.png", "path": "o/i.png", "filename": "i.png"}

Call = Callable[[CyberdeskClient], Coroutine[Any, Any, Any]]


class App:
    """An ASGI application that records requests and answers all of them alike."""

    def __init__(self, status: int, body: object = None) -> None:
        self.status = status
        self.body = b"" if body is None else json.dumps(body).encode()
        self.lines: list[str] = []
        self.headers: dict[str, str] = {}
        self.received = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = scope["query_string"].decode()
        self.lines.append(f"{scope['method']} {scope['path']}" + (f"?{query}" if query else ""))
        self.headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        more = True
        self.received = b""
        while more:
            message = await receive()
            self.received += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": self.body})


def run(app: App, call: Call, canary: str) -> Any:
    async def inside() -> Any:
        options = ClientOptions(base_url="http://127.0.0.1", api_key=canary, max_retries=0)
        async with CyberdeskClient(options, transport=asgi_transport(app)) as client:
            return await call(client)

    return asyncio.run(inside())


def test_a_read_says_what_it_asks_for_and_who_asks(canary: str) -> None:
    app = App(200, {"items": [WORKFLOW], "total": 1, "skip": 2, "limit": 5})
    result = run(
        app,
        lambda client: client.workflows.list(
            skip=2, limit=5, search="a&b", tag_ids=["t1", "t2"], include=["tags", "checks"]
        ),
        canary,
    )
    query = "skip=2&limit=5&search=a%26b&tag_ids=t1%2Ct2&include=tags%2Cchecks"
    assert app.lines == [f"GET /v1/workflows?{query}"]
    assert app.received == b""
    assert "idempotency-key" not in app.headers
    assert app.headers["authorization"] == f"Bearer {canary}"
    assert app.headers["user-agent"] == f"flowdsl/{__version__}"
    assert [row.id for row in result.items] == ["w1"]


def test_a_write_has_its_body_and_its_key(canary: str) -> None:
    app = App(200, WORKFLOW)
    patch = {"name": None, "main_prompt": "q"}
    assert run(
        app, lambda client: client.workflows.update("w1", patch, idempotency_key="k"), canary
    )
    assert app.lines == ["PATCH /v1/workflows/w1"]
    assert json.loads(app.received) == patch
    assert app.headers["idempotency-key"] == "k"


def _run_of(value: Any) -> RunCreate:
    return RunCreate(
        workflow_id="0f9b2c04-7f64-4a3e-9d0a-b8f3b0a3f2f5", input_values={"text": value}
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.runs.create(_run_of("canary \ud800"), idempotency_key="k"),
        lambda c: c.runs.create(_run_of({"canary": 10**5000}), idempotency_key="k"),
        lambda c: c.workflows.list(search="canary \udfff"),
    ],
)
def test_what_no_request_can_carry_is_an_error_and_is_not_sent(call: Call, canary: str) -> None:
    app = App(200, {})
    with pytest.raises(errors.ValidationRefused, match="nothing was sent") as refused:
        run(app, call, canary)
    assert refused.value.status is None and not app.lines
    assert "canary" not in str(refused.value) and refused.value.__cause__ is None


def delete_image(client: CyberdeskClient) -> Coroutine[Any, Any, bool]:
    return client.prompt_images.delete("o/a b.png", idempotency_key="k")


def test_a_deletion_of_what_is_gone_is_false(canary: str) -> None:
    app = App(204)
    assert run(app, delete_image, canary) is True
    assert app.lines == ["DELETE /v1/workflows/prompt-image?path=o%2Fa+b.png"]
    assert app.headers["idempotency-key"] == "k"
    assert run(App(404, {"detail": "not found"}), delete_image, canary) is False


@pytest.mark.parametrize(
    ("status", "body"), [(200, {}), (202, {}), (404, None), (409, {}), (422, {"detail": []})]
)
def test_only_204_and_a_json_404_end_a_deletion_well(
    status: int, body: object, canary: str
) -> None:
    with pytest.raises(errors.CyberdeskError):
        run(App(status, body), delete_image, canary)


def test_an_empty_patch_is_not_sent(canary: str) -> None:
    app = App(200, WORKFLOW)
    with pytest.raises(ValueError, match="without fields"):
        run(app, lambda client: client.workflows.update("w1", {}, idempotency_key="k"), canary)
    assert app.lines == []


def test_an_upload_is_multipart_and_the_same_bytes_every_time(canary: str) -> None:
    sent = []
    for _ in range(2):
        app = App(201, IMAGE)
        image = run(
            app,
            lambda client: client.prompt_images.upload(
                'fl"ow.png', b"\x89PNG\r\n", "image/png", idempotency_key="k"
            ),
            canary,
        )
        assert image.supabase_url == IMAGE["supabase_url"]
        assert app.lines == ["POST /v1/workflows/prompt-image"]
        assert app.headers["idempotency-key"] == "k"
        sent.append((app.headers["content-type"], app.received))
    assert sent[0] == sent[1]
    content_type, body = sent[0]
    boundary = content_type.removeprefix("multipart/form-data; boundary=").encode()
    assert body.startswith(b"--" + boundary + b"\r\n")
    assert body.endswith(b"--" + boundary + b"--\r\n")
    assert b'name="file"' in body
    assert b"Content-Type: image/png" in body
    assert b"\r\n\r\n\x89PNG\r\n\r\n--" in body


def test_a_path_in_the_address_is_kept(rig: Callable[..., Any]) -> None:
    for base in ("https://api.cyberdesk.io/gateway", "https://api.cyberdesk.io/gateway/"):
        built = rig(httpx.Response(200, json=WORKFLOW), base_url=base)
        asyncio.run(built.client.workflows.get("w1"))
        assert built.wire.requests[0].url.path == "/gateway/v1/workflows/w1"


def test_no_cookie_is_kept(rig: Callable[..., Any]) -> None:
    answer = httpx.Response(200, headers={"Set-Cookie": "lb=7; Path=/"}, json=WORKFLOW)
    built = rig(answer)
    for _ in range(2):
        asyncio.run(built.client.workflows.get("w1"))
    assert "Cookie" not in built.wire.requests[1].headers


# Connections


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A loopback server that reads one request head per connection, says `answer`, and hangs up."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", heads


def response(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode() + body
    )


async def no_sleep(seconds: float) -> None:
    pass


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        response(b'{"id": "w1"', length=500),
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0\r\n\r\n",
    ],
)
def test_lost_and_truncated_replies_over_a_socket(answer: bytes, canary: str) -> None:
    async def inside() -> None:
        async with server(answer) as (url, heads):
            options = ClientOptions(base_url=url, api_key=canary, max_retries=2)
            async with CyberdeskClient(options, sleep=no_sleep) as client:
                with pytest.raises(errors.ServiceUnreachable) as caught:
                    await client.workflows.create(
                        WorkflowCreate(main_prompt="p"), idempotency_key="k", once=False
                    )
                assert caught.value.outcome_unknown
                assert len(heads) == 3

    asyncio.run(inside())


def test_a_refused_connection_says_that_nothing_was_sent(canary: str) -> None:
    async def inside() -> None:
        async with server(b"") as (url, _):
            pass
        async with CyberdeskClient(
            ClientOptions(base_url=url, api_key=canary), sleep=no_sleep
        ) as client:
            with pytest.raises(errors.ServiceUnreachable, match=r"127\.0\.0\.1") as caught:
                await client.workflows.create(WorkflowCreate(main_prompt="p"), idempotency_key="k")
            assert not caught.value.outcome_unknown

    asyncio.run(inside())


def test_a_silent_server_times_out(canary: str) -> None:
    async def inside() -> None:
        released = asyncio.Event()

        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await released.wait()
            writer.close()

        async with await asyncio.start_server(hold, "127.0.0.1", 0) as listener:
            url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            options = ClientOptions(base_url=url, api_key=canary, read_timeout=0.01, max_retries=0)
            async with CyberdeskClient(options) as client:
                with pytest.raises(errors.ServiceUnreachable, match="ReadTimeout"):
                    await client.health()
            released.set()

    asyncio.run(inside())


def test_workers_have_their_own_connections_and_one_tls_context(
    options: ClientOptions, canary: str
) -> None:
    first = CyberdeskClient(options)
    second = first.make_worker().make_worker()

    def context(client: CyberdeskClient) -> Any:
        transport: Any = client._http._transport
        return transport._pool._ssl_context

    assert context(first) is context(second)
    assert first._http is not second._http

    async def inside() -> None:
        async with server(response(b"{}")) as (url, heads):
            client = CyberdeskClient(ClientOptions(base_url=url, api_key=canary))
            async with client, client.make_worker() as worker:
                await asyncio.gather(client.health(), worker.health())
            assert len(heads) == 2

    asyncio.run(inside())


def test_a_worker_keeps_the_injected_parts(rig: Callable[..., Any]) -> None:
    built = rig(httpx.Response(503), httpx.Response(200, json=WORKFLOW), dice=1.0)
    asyncio.run(built.client.make_worker().workflows.get("w1"))
    assert built.wire.sleeps == [0.25]


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def test_proxies_are_obeyed_except_for_loopback(
    bare_environment: pytest.MonkeyPatch, options: ClientOptions, canary: str
) -> None:
    bare_environment.setenv("HTTPS_PROXY", "http://proxy.northwind.test:3128")
    bare_environment.setenv("HTTP_PROXY", "http://proxy.northwind.test:3128")
    assert CyberdeskClient(options)._http._mounts
    local = CyberdeskClient(ClientOptions(base_url="http://127.0.0.1:9", api_key=canary))
    assert not local._http._mounts

    async def inside() -> Any:
        async with (
            server(response(b'{"status": "ok"}')) as (url, _),
            CyberdeskClient(ClientOptions(base_url=url, api_key=canary)) as client,
        ):
            return await client.health()

    assert asyncio.run(inside()) == {"status": "ok"}


@pytest.mark.parametrize(
    "proxy", ["gopher://user:hunter2@x.test", "http://user:hunter2@x.test:port"]
)
def test_an_unusable_proxy_is_one_sentence_without_its_password(
    bare_environment: pytest.MonkeyPatch, options: ClientOptions, proxy: str
) -> None:
    bare_environment.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(errors.ClientMisconfigured) as caught:
        CyberdeskClient(options)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_certificates_come_from_the_environment(
    bare_environment: pytest.MonkeyPatch, options: ClientOptions, tmp_path: Path
) -> None:
    end = "-----END CERTIFICATE-----\n"
    one = Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end
    bundle = tmp_path / "ca.pem"
    bundle.write_text(one, encoding="utf-8")
    bare_environment.setenv("SSL_CERT_FILE", str(bundle))
    transport: Any = CyberdeskClient(options)._http._transport
    context: ssl.SSLContext = transport._pool._ssl_context
    assert len(context.get_ca_certs()) == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname

    for broken in ("missing.pem", "empty.pem"):
        (tmp_path / "empty.pem").write_text("not a certificate", encoding="utf-8")
        bare_environment.setenv("SSL_CERT_FILE", str(tmp_path / broken))
        with pytest.raises(errors.ClientMisconfigured, match="SSL_CERT_FILE"):
            CyberdeskClient(options)


# The key


@in_rows(
    "key", ["", "canary a", "canary\n", "c\u00e4nary", "canary\x00", " canary", "canary\u2028"]
)
def test_a_key_that_no_header_carries_is_refused_unseen(key: str) -> None:
    with pytest.raises(errors.UnusableApiKey) as caught:
        CyberdeskClient(ClientOptions(base_url="https://api.cyberdesk.io", api_key=key))
    text = "".join(traceback.format_exception(caught.value))
    assert "nary" not in text


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_every_other_key_is_sent_as_it_is(key: str) -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200, json={})

    options = ClientOptions(base_url="https://api.cyberdesk.io", api_key=key)
    client = CyberdeskClient(options, transport=httpx.MockTransport(answer))
    asyncio.run(client.health())
    assert seen == [f"Bearer {key}"]


def echoes(canary: str) -> tuple[list[bytes], list[bytes]]:
    """Failures of a service that repeats what it was sent, in bodies or in heads."""
    echo = json.dumps({"detail": {"message": f"key {canary} is unknown", canary: canary}}).encode()
    deep = json.dumps([[[[[[[{canary: canary}]]]]]]]).encode()
    plain = canary.encode()
    named = b"X-Request-Id: req-" + plain + b"\r\n"
    # The cut of a long text must not leave a part of the key.
    cuts = [b"x" * (200 - kept) + plain for kept in (4, 9, 15)]
    replies = [
        response(echo, status="401 Unauthorized"),
        response(echo, status="422 No"),
        response(echo, status="429 Slow"),
        response(echo, status="500 Oops"),
        response(deep, status="400 Bad"),
        response(plain, status="502 Bad"),
        response(plain, status="307 There"),
        response(plain),
        response(b'{"id": "' + plain + b'"}'),
        response(json.dumps([canary]).encode()),
        response(
            json.dumps({"id": "w", "main_prompt": "p", "post_run_checks": {canary: 1}}).encode()
        ),
        *[response(cut) for cut in cuts],
        *[response(cut, status="503 Bad") for cut in cuts],
        response(plain, length=500),
        b"",
    ]
    heads = [b"HTTP/1.1 200 " + plain + b"\r\nContent-", plain]
    heads += [reply.replace(b"\r\n", b"\r\n" + named, 1) for reply in replies]
    return replies, heads


def test_the_key_is_in_no_log_message_or_representation(
    caplog: pytest.LogCaptureFixture, canary: str
) -> None:
    calls: list[Call] = [
        lambda c: c.workflows.get("w1"),
        lambda c: c.workflows.create(WorkflowCreate(main_prompt="p"), idempotency_key="k"),
        lambda c: c.workflows.delete("w1", idempotency_key="k"),
        lambda c: c.run_attachments.download("a1", io.BytesIO(), limit=10),
        lambda c: c.health_machines(),
    ]
    shown: list[str] = []
    told: list[RequestAttempt] = []

    async def inside(call: Call, url: str) -> None:
        options = ClientOptions(base_url=url, api_key=canary, max_retries=1)
        client = CyberdeskClient(options, sleep=no_sleep, listener=told.append)
        async with client:
            with suppress(errors.CyberdeskError):
                shown.append(repr(await call(client)))
            try:
                await call(client)
            except errors.CyberdeskError as error:
                shown.extend([str(error), repr(error), repr(vars(error))])
                shown.extend(traceback.format_exception(error))
            shown.extend([repr(options), str(options), repr(client), repr(vars(client))])
            shown.extend([repr(client._sender), repr(vars(client._sender).keys())])
            shown.append(repr(client._http.headers))

    async def everything(answers: list[bytes]) -> None:
        for number, answer in enumerate(answers):
            async with server(answer) as (url, heads):
                for call in calls if THOROUGH else calls[number % 3 :: 3]:
                    await inside(call, url)
                assert canary.encode() in heads[0]
        for call in calls:
            await inside(call, url)  # nobody listens there any more

    in_bodies, in_heads = echoes(canary)
    with caplog.at_level(logging.DEBUG):
        asyncio.run(everything(in_bodies))
    # With its log wide open, httpcore repeats the heads of replies.
    with caplog.at_level(logging.INFO):
        asyncio.run(everything(in_heads if THOROUGH else in_heads[::2]))
    shown.extend(attempt.line() for attempt in told)
    shown.extend(repr(attempt) for attempt in told)
    assert len(caplog.records) > (1000 if THOROUGH else 300)
    assert len(told) > (300 if THOROUGH else 100)
    for text in (caplog.text, "\n".join(shown)):
        assert canary not in text
        assert canary[:8] not in text


def test_a_model_providers_key_is_kept_out_of_errors_too(rig: Callable[..., Any]) -> None:
    secret = "sk-provider-canary"
    built = rig(httpx.Response(422, json={"detail": f"`{secret}` is not a key of this provider"}))
    body = ModelConfigurationCreate(name="n", provider="p", model="m", api_key=secret)
    with pytest.raises(errors.ValidationRefused, match=r"`\[redacted\]` is not a key") as caught:
        asyncio.run(built.client.model_configurations.create(body, idempotency_key="k"))
    assert secret not in caught.value.server_message
    assert built.wire.body()["api_key"] == secret
