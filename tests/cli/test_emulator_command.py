"""`flowdsl emulator` as a process that serves a port."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest


def start(cwd: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flowdsl", "emulator", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = start(tmp_path, "--port", "0", "--key", "k1=org_a")
    assert process.stderr is not None
    line = process.stderr.readline()
    match = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert match is not None, line + process.stderr.read()
    yield process, match.group()
    process.kill()
    process.communicate()


def status(url: str, key: str) -> int:
    try:
        with urlopen(Request(url, headers={"Authorization": f"Bearer {key}"}), timeout=30) as reply:
            return int(reply.status)
    except HTTPError as error:
        return error.code


def test_it_serves_until_interrupted(
    served: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, url = served
    assert status(f"{url}/v1/health", "") == 200
    assert status(f"{url}/v1/workflows", "k1") == 200
    assert status(f"{url}/v1/workflows", "other") in (401, 403)
    assert (tmp_path / ".flowdsl" / "emulator.sqlite").is_file()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_mistakes_are_one_line_and_64(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to be read as one" * 100)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words, message in (
            (["--port", port], f"port {port} on `127.0.0.1` is in use"),
            (["--port", "0", "--key", "secret-key"], "`--key` takes `KEY=ORG`"),
            (["--port", "99999"], "a port is a number from 0 to 65535"),
            (["--port", "x"], "argument --port: invalid int value: 'x'"),
            (["--port", "0", "--data", "text"], "text"),
        ):
            process = start(tmp_path, *words)
            out, err = process.communicate(timeout=60)
            assert (process.returncode, out) == (64, ""), err
            assert message in err
            assert "secret-key" not in err
            assert err.count("\n") == 1, err
