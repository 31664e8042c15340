from __future__ import annotations

import logging
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.state.s3_proxy import Proxy, proxied
from tests.state.state_places import (
    AzurePlace,
    FilePlace,
    GitPlace,
    Place,
    S3Place,
    azurite,
)

AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""Azurite's own, the same in every copy of it."""


@pytest.fixture(autouse=True)
def plain_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's settings of git, and no keys of a cloud."""
    for key in os.environ:
        if key.startswith(("AWS_", "AZURE_", "GOOGLE_", "GIT_")):
            monkeypatch.delenv(key)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Proxy]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with proxied(host, port) as proxy:
            yield proxy
    finally:
        server.stop()


@pytest.fixture
def s3(s3_server: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Place]:
    """A bucket behind a proxy."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-canary-77")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.address)
    yield S3Place(s3_server)
    s3_server.reset()


@pytest.fixture(scope="session")
def azurite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("there is no `azurite-blob` on PATH (npm package azurite)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with azurite(program, tmp_path_factory.mktemp("azurite"), port) as address:
        yield address


@pytest.fixture
def az(
    azurite_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AzurePlace:
    """A container of Azurite."""
    monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", AZURITE_ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", AZURITE_KEY)
    monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", azurite_server)
    container = f"state-{abs(hash(request.node.nodeid)):x}"
    create_container(azurite_server, container)
    return AzurePlace(container)


def create_container(address: str, name: str) -> None:
    """Make a container, which the store itself never does."""
    import base64
    import hashlib
    import hmac
    from email.utils import formatdate

    import httpx

    date = formatdate(usegmt=True)
    resource = f"/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/{name}"
    signed = "\n".join(
        [
            *["PUT", *[""] * 11],
            f"x-ms-date:{date}",
            "x-ms-version:2021-12-02",
            f"{resource}\nrestype:container",
        ]
    )
    digest = hmac.digest(base64.b64decode(AZURITE_KEY), signed.encode(), hashlib.sha256)
    token = base64.b64encode(digest).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-12-02",
        "Authorization": f"SharedKey {AZURITE_ACCOUNT}:{token}",
    }
    url = f"{address}/{AZURITE_ACCOUNT}/{name}?restype=container"
    httpx.put(url, headers=headers).raise_for_status()


@pytest.fixture
def in_git(tmp_path: Path) -> GitPlace:
    """A bare repository."""
    return GitPlace(tmp_path)


@pytest.fixture(params=["file", "git", "s3", "az", "gs"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Every kind of place in turn."""
    match request.param:
        case "file":
            return FilePlace(tmp_path, monkeypatch)
        case "gs":
            pytest.skip(
                "not run: no server speaks the conditional writes of Google Cloud Storage offline"
            )
        case "git":
            return request.getfixturevalue("in_git")
        case kind:
            return request.getfixturevalue(kind)
