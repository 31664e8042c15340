"""`flowdsl deploy` as a process of its own against a server that is wrong in one way.

What is said, and how it ends.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.support.command_line import SERVED_PROJECT, SMALL_FLOW, run_here
from tests.support.services.served import REQUEST_ID, Server, serving

CANARY = "key-canary-9c41"


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "flows").mkdir(parents=True)
    (root / "flows/desk.flow").write_text(SMALL_FLOW)
    return root


def deploy(project: Path, api: str, **environ: str | None) -> Ended:
    """One deploy to `api`.

    Nothing of a failed one may quote the key, show a traceback or leave half a state file.
    """
    (project / "flowdsl.toml").write_text(SERVED_PROJECT.format(api=api))
    known = {"CI": "", "DESK_KEY": CANARY, **environ}
    given = {name: value for name, value in known.items() if value is not None}
    words = ("deploy", "--yes", "--json", "--result", "result.json")
    done = run_here(project, *words, **given)
    ended = Ended(done.code, done.text, done.err)
    written = [path for path in project.rglob("*") if path.is_file()]
    everything = ended.out + ended.err + "".join(path.read_text() for path in written)
    assert CANARY not in everything
    assert "Traceback" not in everything and "internal error" not in everything
    for line in ended.out.splitlines():
        json.loads(line)
    assert json.loads((project / "result.json").read_text())["exit_code"] == ended.code
    state = project / ".flowdsl/state/prod.json"
    if state.exists():
        document = json.loads(state.read_text())
        assert document["lease"] is None
    kept = ("source-maps", "sources")
    beside = {path.name for path in written if path.parent.name in kept}
    leftovers = {path.name for path in written} - {"prod.json", "prod.json.lock"} - beside
    assert leftovers == {"flowdsl.toml", "desk.flow", "result.json"}
    return ended


def errors(ended: Ended) -> list[str]:
    return [line for line in ended.err.splitlines() if line.startswith(("error: ", "failed: "))]


def only_error(ended: Ended) -> str:
    (line,) = errors(ended)
    return line


def no_state(project: Path) -> bool:
    return not (project / ".flowdsl/state/prod.json").exists()


def always(make: Callable[[], Response]) -> Callable[[str, str], Response]:
    return lambda _method, _path: make()


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_names_its_variable(project: Path, server: Server, value: str | None) -> None:
    ended = deploy(project, server.url, DESK_KEY=value)

    assert ended.code == 4
    assert "the environment variable `DESK_KEY`" in only_error(ended)
    assert server.seen == [] and no_state(project)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key(project: Path, server: Server, status: int) -> None:
    server.answer = always(lambda: JSONResponse({"detail": f"no key {CANARY}"}, status))

    ended = deploy(project, server.url)

    assert ended.code == 4
    line = only_error(ended)
    assert f"status {status}" in line and "no key [redacted]" in line and REQUEST_ID in line
    assert {key for _, _, key in server.seen} == {f"Bearer {CANARY}"}
    assert no_state(project)


def test_a_foreign_host_never_gets_the_key(project: Path, server: Server) -> None:
    """`127.1` leads to a server that listens but is not among the names allowed.

    No request reaches it.
    """
    port = server.url.rpartition(":")[2]
    assert socket.gethostbyname("127.1") == "127.0.0.1"
    with socket.create_connection(("127.1", int(port))):
        pass

    for api in (f"http://127.1:{port}", f"https://127.1:{port}", "https://api.cyberdesk.io.test"):
        ended = deploy(project, api)
        assert ended.code == 4
        assert "the API key is not sent to" in only_error(ended)
        assert "`FLOWDSL_TRUSTED_HOSTS`" in only_error(ended)
    assert server.seen == [] and no_state(project)


def test_a_redirect_never_takes_the_key_elsewhere(project: Path, server: Server) -> None:
    with serving(elsewhere := Server(server.app)):
        target = f"{elsewhere.url}/v1/workflows"
        server.answer = always(lambda: Response(status_code=307, headers={"Location": target}))
        ended = deploy(project, server.url)

    assert ended.code == 11 and "status 307" in only_error(ended)
    assert server.seen and elsewhere.seen == []


@pytest.mark.parametrize("body", ['{"detail": "Not Found"}', "<html>nothing here</html>"])
def test_404_on_everything(project: Path, server: Server, body: str) -> None:
    server.answer = always(lambda: Response(body, 404))

    ended = deploy(project, server.url)

    assert ended.code == 11 and "status 404" in only_error(ended)
    assert no_state(project)


def test_404_on_everything_later_does_not_create_again(project: Path, server: Server) -> None:
    deploy(project, server.url)
    before = (project / ".flowdsl/state/prod.json").read_bytes()
    server.answer = always(lambda: JSONResponse({"detail": "Not Found"}, 404))
    server.seen.clear()

    ended = deploy(project, server.url)

    assert ended.code == 11 and "status 404" in only_error(ended)
    assert {method for method, _, _ in server.seen} == {"GET"}
    assert (project / ".flowdsl/state/prod.json").read_bytes() == before


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (
            [
                {
                    "loc": ["body", "main_prompt"],
                    "msg": "too long for this plan",
                    "type": "x",
                    "input": "Open",
                }
            ],
            "body.main_prompt: too long for this plan",
        ),
        ("main_prompt is too long", "main_prompt is too long"),
        ({"field": "main_prompt", "reason": "too long"}, "field: main_prompt, reason: too long"),
    ],
    ids=["list", "text", "object"],
)
def test_422_is_told_in_the_words_of_the_service(
    project: Path, server: Server, detail: object, words: str
) -> None:
    def refuse(method: str, path: str) -> Response | None:
        creation = (method, path) == ("POST", "/v1/workflows")
        return JSONResponse({"detail": detail}, 422) if creation else None

    server.answer = refuse

    ended = deploy(project, server.url)

    assert ended.code == 7
    line = only_error(ended)
    assert line.startswith("failed: workflow.look_up: ")
    assert words in line and f"(request {REQUEST_ID})" in line
    state = json.loads((project / ".flowdsl/state/prod.json").read_text())
    assert (state["resources"], state["pending"]) == ({}, [])
    server.answer = lambda _method, _path: None
    assert deploy(project, server.url).code == 0, "a refusal leaves nothing in the way"


BROKEN: dict[str, tuple[Callable[[], Response], str]] = {
    "500": (lambda: JSONResponse({"detail": "on fire"}, 500), "status 500: on fire"),
    "502": (lambda: HTMLResponse("<html>Bad Gateway</html>", 502), "status 502: an HTML page"),
    "200 with HTML": (lambda: HTMLResponse("<html>Log in</html>"), "an HTML page where JSON"),
    "200 with another shape": (lambda: JSONResponse({"rows": []}), "`items` of WorkflowPage"),
    "200 with nothing": (lambda: Response(b""), "an empty body where JSON"),
}


@pytest.mark.parametrize(("reply", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_service_writes_nothing(
    project: Path, server: Server, reply: Callable[[], Response], words: str
) -> None:
    server.answer = always(reply)

    ended = deploy(project, server.url)

    assert ended.code == 11
    line = only_error(ended)
    assert words in line and REQUEST_ID in line
    assert {method for method, _, _ in server.seen} == {"GET"}
    assert no_state(project)


def test_nobody_listens(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    ended = deploy(project, f"http://127.0.0.1:{port}")

    assert ended.code == 11
    assert "gets no reply from `127.0.0.1`" in only_error(ended)
    assert no_state(project)
