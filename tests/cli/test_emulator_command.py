"""`flowdsl emulator` as a process that serves a port."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead, parse_headers
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from flowdsl.__main__ import main
from tests.support.command_line import Beside, run_here


def begin(folder: Path, *words: str) -> tuple[Beside, str]:
    """The emulator, and the address that it says it serves."""
    process = Beside(folder, "emulator", "--port", "0", *words)
    line = process.stderr.readline()
    match = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert match is not None, line + process.stderr.read()
    return process, match.group()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Beside, str]]:
    process, url = begin(tmp_path, "--key", "k1=org_a")
    yield process, url
    process.end()


def status(url: str, key: str) -> int:
    try:
        with urlopen(Request(url, headers={"Authorization": f"Bearer {key}"}), timeout=30) as reply:
            return int(reply.status)
    except HTTPError as error:
        return error.code


def test_it_serves_until_interrupted(served: tuple[Beside, str], tmp_path: Path) -> None:
    process, url = served
    assert status(f"{url}/v1/health", "") == 200
    assert status(f"{url}/v1/workflows", "k1") == 200
    assert status(f"{url}/v1/workflows", "other") in (401, 403)
    assert (tmp_path / ".flowdsl" / "emulator.sqlite").is_file()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_mistakes_are_one_line_and_64(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to be read as one" * 100)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words, message in (
            (["--port", port], f"port {port} on `127.0.0.1` is in use"),
            (["--port", "0", "--key", "secret-key"], "`--key` takes `KEY=ORG`"),
            (
                ["--port", "0", "--key", "secret-key=a", "--key", "k=b", "--key", "secret-key=c"],
                "`--key` gives one key twice, to `a` and `c`",
            ),
            (["--port", "99999"], "a port is a number from 0 to 65535"),
            (["--port", "x"], "argument --port: invalid int value: 'x'"),
            (["--port", "0", "--data", "text"], "text"),
            (["--port", "0", "--host", ""], "`--host` needs an address"),
        ):
            ended = run_here(tmp_path, "emulator", *words)
            assert (ended.code, ended.out) == (64, b""), ended.err
            assert message in ended.err
            assert "secret-key" not in ended.err
            assert ended.err.count("\n") == 1, ended.err


SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

REHEARSAL = """
rate_limit = "50/1h"

[[faults]]
route = "GET /v1/pools"
kind = "drop"

[[faults]]
route = "GET /v1/machines"
kind = "hang"
"""


def ask(url: str, path: str, body: object = None, method: str | None = None, key: str = "k") -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urlopen(Request(url + path, data, headers, method=method), timeout=30) as reply:
        return json.loads(reply.read() or b"null")


def test_a_rehearsal_from_a_file_and_options(tmp_path: Path) -> None:
    (tmp_path / "bad-day.toml").write_text(REHEARSAL)
    process, url = begin(
        tmp_path,
        *("--scenario", "bad-day.toml", "--rate-limit", "60/1h", "--control"),
        *("--fault", "GET /v1/connections html_502 nth=1", "--listing-lag", "1h"),
    )
    try:
        made = ask(url, "/v1/workflows", {"main_prompt": "Open the ledger."})
        assert ask(url, "/v1/workflows")["total"] == 0
        assert ask(url, f"/v1/workflows/{made['id']}")["id"] == made["id"]
        assert status(f"{url}/v1/connections", "k") == 502
        assert status(f"{url}/v1/connections", "k") == 200
        with pytest.raises(IncompleteRead):
            ask(url, "/v1/pools")
        request = Request(f"{url}/v1/runs", headers={"Authorization": "Bearer k"})
        with urlopen(request, timeout=30) as reply:
            assert reply.headers["X-RateLimit-Limit"] == "60"
        host, port = url.removeprefix("http://").split(":")
        hanging = HTTPConnection(host, int(port), timeout=30)
        hanging.request("GET", "/v1/machines", headers={"Authorization": "Bearer k"})
        assert [item["fault"] for item in ask(url, "/_emulator/requests")][-2:] == ["drop", None]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        hanging.close()
        assert (process.returncode, out) == (130, "")
        assert "Traceback" not in err, err
    finally:
        process.end()


BY_OPTION, KEY_BY_OPTION = ("--webhook-url", "HOOK"), ("--webhook-secret", SECRET)


@pytest.mark.parametrize(
    ("settings", "options", "secret"),
    [
        ("", BY_OPTION + KEY_BY_OPTION, SECRET),
        ("", BY_OPTION, None),
        ("[webhooks]\nurl = 'HOOK'", KEY_BY_OPTION, SECRET),
        (f"[webhooks]\nurl = 'http://127.0.0.1:1/'\nsecret = '{SECRET}'", BY_OPTION, SECRET),
    ],
    ids=["options", "new secret", "url of the scenario", "secret of the scenario"],
)
def test_webhooks_are_posted_while_it_serves(
    tmp_path: Path, settings: str, options: tuple[str, ...], secret: str | None
) -> None:
    from svix.webhooks import Webhook

    with socket.create_server(("127.0.0.1", 0)) as receiver:
        hook = f"http://127.0.0.1:{receiver.getsockname()[1]}/cyberdesk"
        (tmp_path / "day.toml").write_text(settings.replace("HOOK", hook))
        words = [word.replace("HOOK", hook) for word in options]
        process, url = begin(tmp_path, "--scenario", "day.toml", *words)
        try:
            if secret is None:
                line = process.stderr.readline()
                assert line.startswith("webhooks are signed with whsec_")
                secret = line.split()[-1]
            body = {"main_prompt": "Open the ledger.", "is_webhooks_enabled": True}
            workflow = ask(url, "/v1/workflows", body)
            run = ask(url, "/v1/runs", {"workflow_id": workflow["id"]})
            receiver.settimeout(60)
            connection, _ = receiver.accept()
            with connection, connection.makefile("rb") as stream:
                assert stream.readline() == b"POST /cyberdesk HTTP/1.1\r\n"
                headers = parse_headers(stream)
                content = stream.read(int(headers["Content-Length"]))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            event = Webhook(secret).verify(content, dict(headers))
            assert event["run"]["id"] == run["id"]
            assert event["run"]["status"] == "success"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate()
            assert (process.returncode, out) == (130, "")
            assert "Traceback" not in err and SECRET not in err, err
        finally:
            process.end()


def test_mistakes_of_rehearsals_are_told_before_anything_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text("listing_lag = 'soon'")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    fault = "[[faults]]\nroute = 'POST /v1/workflow'\nkind = 'after'"
    (tmp_path / "c.toml").write_text(fault)
    (tmp_path / "d.toml").write_text("rate_limit = '50/1h'")
    (tmp_path / "e.toml").write_text("[webhooks]\nurl = 'http://localhost/'")
    for words, message in (
        (["--scenario", "none.toml"], "cannot read scenario `none.toml`: No such file"),
        (["--scenario", "a.toml"], "scenario `a.toml`: `listing_lag`: a duration is"),
        (["--scenario", "b.toml"], "scenario `b.toml` is not UTF-8 text"),
        (["--scenario", "c.toml"], "`POST /v1/workflow`; there is `POST /v1/workflows`"),
        (["--fault", "after"], "a fault is `METHOD PATH KIND [KEY=VALUE...]`"),
        (["--rate-limit", "many"], "as in `100/1m`"),
        (["--idempotency", "off"], "`honour`, `ignore` or how long"),
        (["--webhook-url", "http://hooks.example.test/"], "this machine alone"),
        (["--webhook-secret", SECRET], "`--webhook-secret` needs `--webhook-url`"),
        (["--webhook-secret", ""], "`--webhook-secret` needs `--webhook-url`"),
        (["--scenario", "d.toml", "--webhook-secret", SECRET], "needs `--webhook-url`"),
        (["--scenario", "e.toml", "--webhook-secret", "x1y2z3"], "24 to 64 bytes"),
        (["--webhook-url", "http://localhost/", "--webhook-secret", "x1y2z3"], "24 to 64 bytes"),
    ):
        assert main(["emulator", "--port", "0", *words]) == 64, words
        captured = capsys.readouterr()
        assert message in captured.err
        assert captured.err.count("\n") == 1
        assert SECRET not in captured.err and "x1y2z3" not in captured.err


def test_a_second_server_of_one_file_is_refused(served: tuple[Beside, str], tmp_path: Path) -> None:
    _, url = served
    (tmp_path / "other").symlink_to(".flowdsl", target_is_directory=True)
    for data in ((), ("--data", "other/emulator.sqlite")):
        second = run_here(tmp_path, "emulator", "--port", "0", *data)
        assert second.code == 64
        assert "another `flowdsl emulator` serves" in second.err
    assert status(f"{url}/v1/workflows", "k1") == 200
    # Another file, and a command that embeds the emulator over the same one, are no second server.
    process, _ = begin(tmp_path, "--data", "second.sqlite")
    process.end()


def page(url: str, accept: str = "text/html") -> tuple[int, str, str]:
    try:
        with urlopen(Request(url, headers={"Accept": accept}), timeout=30) as reply:
            return int(reply.status), reply.headers["Content-Type"], reply.read().decode()
    except HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def test_a_browser_sees_the_runs_and_their_traces(tmp_path: Path) -> None:
    flow = """flow 1

workflow greet {
  inputs { who: string }
  steps { do "Greet {who} & all." }
}
"""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/greet.flow").write_text(flow)
    (tmp_path / "flowdsl.toml").write_text(
        '[project]\nname = "desk"\nid = "prj_11111111"\n[env.local]\napi = "local"\n'
    )
    assert run_here(tmp_path, "deploy", "--yes").code == 0
    process, url = begin(tmp_path)
    try:
        (workflow,) = ask(url, "/v1/workflows")["items"]
        asked = {"workflow_id": workflow["id"], "input_values": {"who": "<b>Ada</b>"}}
        run = ask(url, "/v1/runs", asked)
        code, kind, front = page(f"{url}/")
        assert (code, kind) == (200, "text/html; charset=utf-8")
        assert f"/_emulator/traces/{run['id']}" in front
        code, _, trace = page(f"{url}/_emulator/traces/{run['id']}")
        assert code == 200
        # The page is that of `flowdsl trace`: the lines of the flow, and nothing unescaped.
        assert "Greet {who} &amp; all." in trace
        assert "<b>Ada</b>" not in trace + front
        assert page(f"{url}/_emulator/traces/{workflow['id']}")[0] == 404
        assert page(f"{url}/", "application/json")[2] == '{"message":"Cyberdesk emulator"}'
    finally:
        process.end()


def test_pages_show_nothing_of_an_emulator_with_keys(served: tuple[Beside, str]) -> None:
    _, url = served
    workflow = ask(url, "/v1/workflows", {"main_prompt": "p", "name": "Hidden"}, key="k1")
    run_id = ask(url, "/v1/runs", {"workflow_id": workflow["id"]}, key="k1")["id"]
    code, _, front = page(f"{url}/")
    assert (code, "Hidden" in front, run_id in front) == (200, False, False)
    assert page(f"{url}/_emulator/traces/{run_id}")[0] == 404
