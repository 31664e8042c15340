"""The client on a network with a proxy and a certificate authority of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions

HOST = "api.northwind.test"
REPLY = json.dumps({"status": "ok"}).encode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def service(
    authority: trustme.CA, name: str = HOST
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """An HTTPS server with a certificate for `name`.

    Its port, and the heads of the requests it got.
    """
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(REPLY), REPLY))
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as listener:
        yield listener.sockets[0].getsockname()[1], heads


@asynccontextmanager
async def proxy(target: int, status: bytes = b"200 OK") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A CONNECT proxy that leads every name to the port `target`.

    Its address, and what it was asked.
    """
    heads: list[bytes] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        await writer.drain()
        if status.startswith(b"200"):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        writer.close()

    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as listener:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}", heads


def options(canary: str, base_url: str = f"https://{HOST}") -> ClientOptions:
    return ClientOptions(base_url=base_url, api_key=canary, trusted_hosts={HOST}, max_retries=0)


@pytest.fixture
def trusted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """The environment of a company: `SSL_CERT_FILE` names its authority."""
    path = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return monkeypatch


def test_the_service_is_reached_through_a_proxy_that_sees_no_key(
    authority: trustme.CA, trusted: pytest.MonkeyPatch, canary: str
) -> None:
    async def inside() -> None:
        async with service(authority) as (port, heads), proxy(port) as (address, asked):
            trusted.setenv("HTTPS_PROXY", f"http://clerk:hunter2@{address}")
            client = CyberdeskClient(options(canary))
            async with client, client.make_worker() as worker:
                assert await client.health() == await worker.health() == {"status": "ok"}
            assert len(heads) == len(asked) == 2
            assert f"Bearer {canary}".encode() in heads[0]
            assert asked[0].startswith(f"CONNECT {HOST}:443 HTTP/1.1\r\n".encode())
            assert b"Basic " + b64encode(b"clerk:hunter2") in asked[0]
            assert canary.encode() not in b"".join(asked)
            assert b"hunter2" not in b"".join(heads)

    asyncio.run(inside())


def test_hosts_in_no_proxy_are_asked_directly(
    authority: trustme.CA, trusted: pytest.MonkeyPatch, canary: str
) -> None:
    resolve = socket.getaddrinfo

    def resolve_here(host: object, *more: Any, **named: Any) -> Any:
        ours = host in (HOST, HOST.encode())
        return resolve("127.0.0.1" if ours else host, *more, **named)  # type: ignore[arg-type]

    trusted.setattr(socket, "getaddrinfo", resolve_here)

    async def inside() -> None:
        async with service(authority) as (port, heads), proxy(port) as (address, asked):
            trusted.setenv("HTTPS_PROXY", f"http://{address}")
            trusted.setenv("NO_PROXY", "northwind.test")
            async with CyberdeskClient(options(canary, f"https://{HOST}:{port}")) as client:
                assert await client.health() == {"status": "ok"}
            assert (len(heads), asked) == (1, [])

    asyncio.run(inside())


def test_a_proxy_that_refuses_is_told_without_its_password(
    authority: trustme.CA, trusted: pytest.MonkeyPatch, canary: str
) -> None:
    async def inside() -> None:
        async with proxy(0, b"407 Proxy Authentication Required") as (address, _):
            trusted.setenv("HTTPS_PROXY", f"http://clerk:hunter2@{address}")
            async with CyberdeskClient(options(canary)) as client:
                with pytest.raises(errors.ServiceUnreachable, match="407") as caught:
                    await client.health()
        text = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert "hunter2" not in text
        assert canary not in text
        assert not caught.value.outcome_unknown

    asyncio.run(inside())


@pytest.mark.parametrize(
    ("trusts", "name", "reached"),
    [(True, "localhost", True), (False, "localhost", False), (True, "elsewhere.test", False)],
)
def test_the_key_goes_only_to_a_certificate_that_is_trusted_and_for_this_name(
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    canary: str,
    trusts: bool,
    name: str,
    reached: bool,
) -> None:
    if trusts:
        authority.cert_pem.write_to_path(str(tmp_path / "company.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "company.pem"))

    async def inside() -> None:
        async with service(authority, name) as (port, heads):
            address = f"https://localhost:{port}"
            async with CyberdeskClient(options(canary, address)) as client:
                if reached:
                    assert await client.health() == {"status": "ok"}
                else:
                    with pytest.raises(errors.ServiceUnreachable, match="certificate") as caught:
                        await client.health()
                    assert not caught.value.outcome_unknown
            assert len(heads) == reached

    asyncio.run(inside())
