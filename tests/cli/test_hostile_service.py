"""A service that means harm, or takes for ever, seen from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from flowdsl.state.stores.os_lock import hold_exclusive_lock
from tests.support.command_line import SERVED_PROJECT, Result, read_tree, run_here, write_tree
from tests.support.effort import every
from tests.support.services.hostile import FAULTS, PAGE, hostile
from tests.support.services.served import Server, serving

CANARY = "key-canary-5d2e"
FLOW = """\
flow 1

workflow look_up {{
  title = "Look up"
  steps {{
    step "Open" {{
      do "{text}"
    }}
  }}
}}
"""


class Desk:
    """A project and where it is deployed to."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        write_tree(root, {"flowdsl.toml": SERVED_PROJECT.format(api=url)})
        self.write("Open the record.")

    def write(self, text: str) -> None:
        write_tree(self.root, {"flows/look_up.flow": FLOW.format(text=text)})

    def __call__(self, *words: str) -> Result:
        ended = run_here(self.root, *words, DESK_KEY=CANARY, CI="")
        files = b"".join(read_tree(self.root).values())
        assert CANARY not in ended.err + ended.text and CANARY.encode() not in files
        return ended

    def state(self) -> bytes:
        return (self.root / ".flowdsl/state/prod.json").read_bytes()


ASKED_ONCE = {name: fault for name, fault in FAULTS.items() if "gets no reply" not in fault.says}
"""What is not sent again, for which the program would sleep."""
DEADLINES = {name for name, fault in FAULTS.items() if "no whole reply" in fault.says}


@pytest.mark.parametrize("name", every(3, list(ASKED_ONCE)))
def test_a_reply_that_means_harm_is_one_line_and_exit_11(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    limit = ["--timeout", "0.5s"] if name in DEADLINES else ["--timeout", "10m"]
    with hostile(lambda _line: fault.send()) as url:
        desk = Desk(tmp_path / "project", url)
        ended = desk("deploy", "--yes", "--result", "result.json", *limit)
    assert ended.code == 11, ended.err
    errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    says = "`--timeout` gives is over; nothing was written" if name in DEADLINES else fault.says
    assert len(errors) == 1 and says in errors[0]
    assert json.loads((tmp_path / "project/result.json").read_text())["exit_code"] == 11
    assert not (tmp_path / "project/.flowdsl/state/prod.json").exists()


class Swapping:
    """An application that carries out requests of one method and replaces their replies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.method = ""
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != self.method:
            await self.app(scope, receive, send)
            return
        status: list[int] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])

        await self.app(scope, receive, keep)
        await Response(self.body, status[0])(scope, receive, send)


@pytest.fixture
def swapping(tmp_path: Path) -> Iterator[tuple[Swapping, Server, Desk]]:
    with Store.open(tmp_path / "emulator.sqlite") as store:
        app = Swapping(create_app(store))
        server = Server(app)
        with serving(server):
            yield app, server, Desk(tmp_path / "project", server.url)


HARM = {
    "items": b'{"items": [%b], "total": 1}' % b",".join([b"{}"] * 10**6),
    "depth": b"[" * 100_000,
    "number": PAGE.replace(b"1}", b"1e999999}"),
    "surrogate": b'{"id": "\\ud800"}',
}


@pytest.mark.parametrize("harm", HARM)
def test_a_creation_answered_so_is_unknown_and_found_again(
    harm: str, swapping: tuple[Swapping, Server, Desk]
) -> None:
    app, server, desk = swapping
    app.method, app.body = "POST", HARM[harm]
    found = desk("deploy", "--yes")
    # Its mark is found among the workflows there are, though not one of the replies was understood.
    assert found.code in (0, 8), found.err
    assert "POST /v1/workflows` is not understood" in found.err or found.code == 0
    app.method = ""
    assert desk("deploy", "--yes").code == 0
    creations = [
        path for method, path, _ in server.seen if (method, path) == ("POST", "/v1/workflows")
    ]
    assert len(creations) == 1
    assert desk("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("harm", HARM)
def test_an_update_answered_so_is_not_called_undone(
    harm: str, swapping: tuple[Swapping, Server, Desk]
) -> None:
    app, _, desk = swapping
    assert desk("deploy", "--yes").code == 0
    desk.write("Open another record.")
    app.method, app.body = "PATCH", HARM[harm]
    assert desk("deploy", "--yes").code in (0, 7, 8)
    app.method = ""
    assert desk("deploy", "--yes").code == 0
    assert desk("plan", "--detailed-exitcode").code == 0


class Unfinished(Response):
    """A reply that begins and does not go on, until the client has gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        while (await receive())["type"] != "http.disconnect":
            pass


def for_ever(_method: str, _path: str) -> Response:
    """Nothing but the first lines of a reply."""
    return Unfinished(headers={"Content-Length": "10"})


COMMANDS = [
    ["plan"],
    ["deploy", "--yes"],
    ["diff"],
    ["pull", "--all", "--yes"],
    ["import", "--all", "-o", "copy"],
    ["restore", "workflow.look_up"],
    ["restore", "workflow.look_up", "--version", "1", "--yes"],
    ["destroy", "--yes", "--accept-guard", "deletes=1"],
    ["state", "rebuild", "--yes"],
    ["trace", "0b1f33a2-32c5-4f1d-9d92-6c2b9f8f2a77"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_asks_the_service_ends_in_time(
    words: list[str], swapping: tuple[Swapping, Server, Desk]
) -> None:
    _, server, desk = swapping
    assert desk("deploy", "--yes").code == 0
    if words[0] == "state":
        (desk.root / ".flowdsl/state/prod.json").unlink()
    before = read_tree(desk.root)
    server.answer = for_ever
    ended = desk(*words, "--timeout", "0.5s")
    assert ended.code == 11, ended.err
    assert (
        ended.err.count("error: the time that `--timeout` gives is over; nothing was written") == 1
    )
    after = read_tree(desk.root)
    assert {k: v for k, v in after.items() if "lock" not in k} == {
        k: v for k, v in before.items() if "lock" not in k
    }
    server.answer = lambda _method, _path: None
    assert desk("plan").code in (0, 10)


def test_the_time_may_be_over_while_another_deploy_is_at_work(
    swapping: tuple[Swapping, Server, Desk],
) -> None:
    _, _, desk = swapping
    assert desk("deploy", "--yes").code == 0
    desk.write("Open another record.")
    with hold_exclusive_lock(desk.root / ".flowdsl/state/prod.json.lock"):
        ended = desk("deploy", "--yes", "--timeout", "2s")
    assert ended.code == 5, ended.err
    assert "`--timeout` gives is over" in ended.err and "nothing was written" in ended.err


def test_once_it_writes_what_is_under_way_is_finished(
    swapping: tuple[Swapping, Server, Desk],
) -> None:
    """The time is over during the first creation; the second is not begun."""
    app, _, desk = swapping
    second = FLOW.format(text="Close it.").replace("look_up", "close").replace("Look up", "Close")
    write_tree(desk.root, {"flows/close.flow": second})
    limit = 3.0
    inner = app.app

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            await asyncio.sleep(limit)
        await inner(scope, receive, send)

    app.app = slow
    ended = desk(
        "deploy", "--yes", "--concurrency", "1", "--timeout", f"{limit}s", "--result", "r.json"
    )
    assert ended.code == 7, ended.err
    results = json.loads((desk.root / "r.json").read_text())["results"]
    assert sorted(each["outcome"] for each in results) == ["not_attempted", "performed"]
    app.app = inner
    assert desk("deploy", "--yes").code == 0
