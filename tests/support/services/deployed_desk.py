"""A project that is deployed to a service of its own, and the commands that run it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from flowdsl.emulator.app import create_app
from flowdsl.emulator.scenario import Scenario
from flowdsl.emulator.store import Store
from tests.support.command_line import Result, run_here
from tests.support.services.served import Server, serving

CANARY = "secret-canary-51d0"
PROJECT = """\
[project]
name = "desk"
id = "prj_1"

[env.prod]
api = "{api}"
api_key = {{ env = "DESK_KEY" }}
dashboard = "https://desk.example.test/runs/{{run}}"
"""


class Clock:
    """Real time from a day on, so many times as fast."""

    def __init__(self, speed: float, month: int) -> None:
        self._begun, self._speed, self._month = time.monotonic(), speed, month

    def __call__(self) -> datetime:
        passed = (time.monotonic() - self._begun) * self._speed
        return datetime(2026, self._month, 1, tzinfo=UTC) + timedelta(seconds=passed)


class Desk:
    """A project, deployed to a service whose time passes fast."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root, self.server = root, server

    def run(self, *words: str, stdin: bytes = b"", **environ: str) -> Result:
        more = {"CI": "", "DESK_KEY": "key", "PIN": CANARY, **environ}
        result = run_here(self.root, *words, stdin=stdin, **more)
        assert CANARY not in result.text + result.err
        return result

    def http(self, method: str, path: str, **given: Any) -> Any:
        with httpx.Client(
            base_url=self.server.url,
            headers={"Authorization": "Bearer key"},
            trust_env=False,
            verify=False,
        ) as client:
            reply = client.request(method, f"/v1/{path}", **given)
            assert reply.is_success, reply.text
            return reply.json() if reply.content else None

    def write(self, name: str, text: str) -> str:
        (self.root / name).write_text(text)
        return name

    def made(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.http("GET", "runs?limit=1000")["items"]
        return rows

    def posts(self) -> list[str]:
        return [path for method, path, _ in self.server.seen if method == "POST"]


def deploy_once(folder: Path, flow: str) -> str:
    """Deploy the project of one flow, below `folder`; returns the address of the service, which is
    gone.
    """
    project = folder / "project"
    (project / "flows").mkdir(parents=True)
    (project / "flows/desk.flow").write_text(flow)
    with Store.open(folder / "emulator.sqlite", clock=Clock(1, 1)) as store:
        server = Server(create_app(store))
        with serving(server):
            (project / "flowdsl.toml").write_text(PROJECT.format(api=server.url))
            assert run_here(project, "deploy", "--yes", CI="", DESK_KEY="key").code == 0
    return server.url


@contextlib.contextmanager
def opened_desk(tmp_path: Path, deployed: tuple[Path, str], scenario: Scenario) -> Iterator[Desk]:
    """A copy of what `deploy_once`, or such a desk, left in a folder; served as `scenario` says."""
    folder, url = deployed
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with Store.open(tmp_path / "emulator.sqlite", clock=Clock(200, 2)) as store:
        server = Server(create_app(store, scenario=scenario))
        with serving(server):
            project = tmp_path / "project"
            ledgers = project.glob(".flowdsl/runs/prod/*.jsonl")
            for file in (project / "flowdsl.toml", project / ".flowdsl/state/prod.json", *ledgers):
                file.write_text(file.read_text().replace(url, server.url))
            yield Desk(project, server)
