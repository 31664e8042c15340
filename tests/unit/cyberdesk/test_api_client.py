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
from flowdsl.cyberdesk.client import ClientOptions, CyberdeskClient
from flowdsl.cyberdesk.log import Attempt
from flowdsl.cyberdesk.models.model_configuration import (
    ModelConfigurationCreate,
    ModelConfigurationPatch,
)
from flowdsl.cyberdesk.models.run import RunCreate
from flowdsl.cyberdesk.models.tag import TagCreate, TagGroupCreate, TagGroupPatch, TagPatch
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.cyberdesk.transport import asgi_transport
from tests.support.effort import THOROUGH

WORKFLOW = {"id": "w1", "main_prompt": "p", "updated_at": "t"}
TAG = {"id": "t1", "name": "prod"}
MODEL = {"id": "m1", "name": "fast", "provider": "openai", "model": "x"}
IMAGE = {"supabase_url": "supabase://b/i.png", "path": "o/i.png", "filename": "i.png"}

Call = Callable[[CyberdeskClient], Coroutine[Any, Any, Any]]

READS: list[tuple[Call, str, object]] = [
    (lambda c: c.workflows.get("w1"), "/v1/workflows/w1", WORKFLOW),
    (
        lambda c: c.workflows.list(
            skip=2, limit=5, search="a&b", created_at_from="2026-01-01T00:00:00Z", include=["tags"]
        ),
        "/v1/workflows?skip=2&limit=5&search=a%26b&created_at_from=2026-01-01T00%3A00%3A00Z&include=tags",
        {"items": [WORKFLOW], "total": 1, "skip": 2, "limit": 5},
    ),
    (
        lambda c: c.workflows.list_all(include=["tags", "post_run_checks"]),
        "/v1/workflows?skip=0&limit=1000&include=tags%2Cpost_run_checks",
        {"items": [WORKFLOW], "total": 1, "skip": 0, "limit": 1000},
    ),
    (lambda c: c.workflows.versions("w1"), "/v1/workflows/w1/versions", [{"any": "shape"}]),
    (lambda c: c.workflows.tags("w1"), "/v1/workflows/w1/tags", [TAG]),
    (lambda c: c.tags.list(), "/v1/workflow-tags?include_archived=false", [TAG]),
    (
        lambda c: c.tags.list(include_archived=True),
        "/v1/workflow-tags?include_archived=true",
        [TAG],
    ),
    (lambda c: c.tags.get("t1"), "/v1/workflow-tags/t1", TAG),
    (lambda c: c.tag_groups.list(), "/v1/workflow-tag-groups", [TAG]),
    (lambda c: c.model_configurations.list(), "/v1/model-configurations", [MODEL]),
    (lambda c: c.model_configurations.get("m1"), "/v1/model-configurations/m1", MODEL),
    (lambda c: c.prompt_images.list(), "/v1/workflows/prompt-images", [IMAGE]),
    (lambda c: c.health(), "/v1/health", {"status": "ok"}),
]

WRITES: list[tuple[Call, str, object, int, object]] = [
    (
        lambda c: c.workflows.create(WorkflowCreate(main_prompt="p"), idempotency_key="k"),
        "POST /v1/workflows",
        {"main_prompt": "p", "includes_file_exports": False, "is_webhooks_enabled": False},
        201,
        WORKFLOW,
    ),
    (
        lambda c: c.workflows.update("w1", {"name": None, "main_prompt": "q"}, idempotency_key="k"),
        "PATCH /v1/workflows/w1",
        {"name": None, "main_prompt": "q"},
        200,
        WORKFLOW,
    ),
    (
        lambda c: c.workflows.add_tags("w1", ["t1", "t2"], idempotency_key="k"),
        "POST /v1/workflows/w1/tags",
        {"tag_ids": ["t1", "t2"]},
        200,
        [TAG],
    ),
    (
        lambda c: c.tags.create(TagCreate(name="prod"), idempotency_key="k"),
        "POST /v1/workflow-tags",
        {"name": "prod"},
        201,
        TAG,
    ),
    (
        lambda c: c.tags.update("t1", TagPatch(group_id=None, emoji=None), idempotency_key="k"),
        "PATCH /v1/workflow-tags/t1",
        {"group_id": None, "emoji": None},
        200,
        TAG,
    ),
    (
        lambda c: c.tag_groups.create(TagGroupCreate(name="env"), idempotency_key="k"),
        "POST /v1/workflow-tag-groups",
        {"name": "env"},
        201,
        TAG,
    ),
    (
        lambda c: c.tag_groups.update("g1", TagGroupPatch(color=None), idempotency_key="k"),
        "PATCH /v1/workflow-tag-groups/g1",
        {"color": None},
        200,
        TAG,
    ),
    (
        lambda c: c.model_configurations.create(
            ModelConfigurationCreate(name="n", provider="p", model="m"), idempotency_key="k"
        ),
        "POST /v1/model-configurations",
        {"name": "n", "provider": "p", "model": "m"},
        201,
        MODEL,
    ),
    (
        lambda c: c.model_configurations.update(
            "m1", ModelConfigurationPatch(clear_api_key=True), idempotency_key="k"
        ),
        "PATCH /v1/model-configurations/m1",
        {"clear_api_key": True},
        200,
        MODEL,
    ),
]

DELETES: list[tuple[Call, str]] = [
    (lambda c: c.workflows.delete("w1", idempotency_key="k"), "/v1/workflows/w1"),
    (lambda c: c.workflows.remove_tag("w1", "t1", idempotency_key="k"), "/v1/workflows/w1/tags/t1"),
    (lambda c: c.tags.delete("t1", idempotency_key="k"), "/v1/workflow-tags/t1"),
    (lambda c: c.tag_groups.delete("g1", idempotency_key="k"), "/v1/workflow-tag-groups/g1"),
    (
        lambda c: c.model_configurations.delete("m1", idempotency_key="k"),
        "/v1/model-configurations/m1",
    ),
    (
        lambda c: c.prompt_images.delete("o/a b.png", idempotency_key="k"),
        "/v1/workflows/prompt-image?path=o%2Fa+b.png",
    ),
]


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


@pytest.mark.parametrize(("call", "target", "body"), READS)
def test_reads(call: Call, target: str, body: object, canary: str) -> None:
    app = App(200, body)
    result = run(app, call, canary)
    assert app.lines == [f"GET {target}"]
    assert app.received == b""
    assert "idempotency-key" not in app.headers
    assert app.headers["authorization"] == f"Bearer {canary}"
    assert app.headers["user-agent"] == f"flowdsl/{__version__}"
    assert result


@pytest.mark.parametrize(("call", "line", "sent", "status", "body"), WRITES)
def test_writes(
    call: Call, line: str, sent: object, status: int, body: object, canary: str
) -> None:
    app = App(status, body)
    assert run(app, call, canary)
    assert app.lines == [line]
    assert json.loads(app.received) == sent
    assert app.headers["idempotency-key"] == "k"


@pytest.mark.parametrize("call", [write[0] for write in WRITES] + [delete[0] for delete in DELETES])
@pytest.mark.parametrize(
    "detail", [[{"loc": ["path", "id"], "msg": "bad"}], "bad", {"message": "bad"}]
)
def test_a_422_is_an_error_for_every_write(call: Call, detail: object, canary: str) -> None:
    with pytest.raises(errors.ValidationRefused, match="bad"):
        run(App(422, {"detail": detail}), call, canary)


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


@pytest.mark.parametrize(("call", "target"), DELETES)
def test_deletions(call: Call, target: str, canary: str) -> None:
    app = App(204)
    assert run(app, call, canary) is True
    assert app.lines == [f"DELETE {target}"]
    assert app.headers["idempotency-key"] == "k"
    assert run(App(404, {"detail": "not found"}), call, canary) is False


@pytest.mark.parametrize(("status", "body"), [(200, {}), (202, {}), (404, None), (409, {})])
def test_only_204_and_a_json_404_end_a_deletion_well(
    status: int, body: object, canary: str
) -> None:
    with pytest.raises(errors.CyberdeskError):
        run(App(status, body), DELETES[0][0], canary)


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
    second = first.worker().worker()

    def context(client: CyberdeskClient) -> Any:
        transport: Any = client._http._transport
        return transport._pool._ssl_context

    assert context(first) is context(second)
    assert first._http is not second._http

    async def inside() -> None:
        async with server(response(b"{}")) as (url, heads):
            client = CyberdeskClient(ClientOptions(base_url=url, api_key=canary))
            async with client, client.worker() as worker:
                await asyncio.gather(client.health(), worker.health())
            assert len(heads) == 2

    asyncio.run(inside())


def test_a_worker_keeps_the_injected_parts(rig: Callable[..., Any]) -> None:
    built = rig(httpx.Response(503), httpx.Response(200, json=WORKFLOW), dice=1.0)
    asyncio.run(built.client.worker().workflows.get("w1"))
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


@pytest.mark.parametrize(
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
    told: list[Attempt] = []

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
        asyncio.run(everything(in_heads))
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
