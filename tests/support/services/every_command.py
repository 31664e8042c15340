"""Every command of the command line on a local Cyberdesk, and which requests each one sends.

`carried_out` tells a story in which each command works at least once. Every line of it is run where
the service refuses every write and as it is; and, in a quick run only if it writes nothing, where
every request is refused. The service refuses in the body that it documents, so that nothing is
changed before the line itself.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.responses import JSONResponse, Response

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.command_line import Result, run_here, write_tree
from tests.support.effort import THOROUGH
from tests.support.services.contract import contract, operations
from tests.support.services.embedded_service import Client
from tests.support.services.served import Server, serving

ROOT = Path(__file__).parents[3]
KEY = "key-canary-7e21"
SECRET = "pw-canary-55d0"
PROJECT = """\
[project]
name = "harbour"
id = "prj_harbour"

[env.prod]
api = "{api}"
api_key = {{ env = "DESK_KEY" }}
dashboard = "https://desk.test/{{run}}"

[env.prod.tags]
all = ["claims"]

[models.careful]
provider = "anthropic"
model = "{model}"
is_computer_use_model = true

[tag_groups.Team]
description = "{team}"

[tags.claims]
group = "Team"
color = "{color}"
"""
FLOW = """\
flow 1

## Reads the total of a day.
workflow report {{
  inputs {{ site: string @machine, day: string }}
  secrets {{ password: string }}
  outputs {{ total: number }}
  steps {{
    step "Sign in" {{
      image "button.png" shows "the button that opens the list"
      do "Open {{site}} for {{day}}{more}."
      type $password into "the password field"
    }}
    step "Read" {{
      extract total: number from "the cell \\"Total\\""
      emit total = total
      capture "final.png"
    }}
  }}
}}

## Writes a total down.
workflow archive {{
  inputs {{ total: number }}
  steps {{ do "Write {{total}} into the log." }}
}}

chain month_end {{
  inputs {{ day: string, site: string }}
  secrets {{ password: string }}
  step report = run report(site: site, day: day, password: $password)
  step archive = run archive(total: report.outputs.total)
}}
"""
REFUSAL = {
    "detail": "the request is refused",
    "errors": {"site\x1b[31m": ["is too long", "is taken"], "day": [f"no {KEY}\r\nis no day"]},
}
"""The documented body of a failure, with what must not reach a terminal."""

SAID = ("the request is refused", "site[31m: is too long", "site[31m: is taken", "is no day")
INPUTS = "--input site=north --input day=2026-05-31 --secret password=env:PW"

LOCAL = frozenset(
    {
        *("init", "new workflow", "new task", "new chain", "check", "fmt", "convert", "compile"),
        *(
            "test",
            "completion",
            "explain",
            "rules",
            "debug parse",
            "debug tables",
            "emulator",
            "lsp",
        ),
        *("debug config-schema", "debug plan-schema", "runs verify-webhook"),
    }
)
"""Commands that send nothing to a service."""

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Story:
    """What was seen: requests by command, and how each line ended on a service that refuses.

    `refused` has the line, what was refused, how many requests were, and the result.
    """

    reached: dict[str, set[str]] = field(default_factory=dict)
    refused: list[tuple[str, str, int, Result]] = field(default_factory=list)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Every operation of the contract with the paths it is sent to, fixed paths first."""
    names = sorted((name for name, _ in operations(contract())), key=lambda each: each.count("{"))
    return [
        (each, re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(each)))) for each in names
    ]


def operation_of(method: str, path: str) -> str | None:
    """The operation of the contract that a request is; None for an address of a file."""
    sent = f"{method} {path}"
    return next((name for name, pattern in _patterns() if pattern.fullmatch(sent)), None)


class World:
    """A project, its service, and the clock of that."""

    def __init__(self, folder: Path, store: Store, server: Server, clock: list[datetime]) -> None:
        self.folder, self._clock = folder, clock
        self._client, self._server = Client(store), server
        self.story = Story()
        self.deployed("m1", "Who looks after it", "#111111")

    def deployed(self, model: str, team: str, color: str, more: str = "") -> None:
        """Write the sources."""
        project = PROJECT.format(api=self._server.url, model=model, team=team, color=color)
        flow = FLOW.format(more=more)
        write_tree(self.folder, {"flowdsl.toml": project, "flows/report.flow": flow})

    def send(self, method: str, path: str, **given: Any) -> Any:
        """Somebody else's request."""
        reply = self._client(method, path, **given)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def passes(self, minutes: int = 5) -> None:
        """Let time pass on the service, so that runs end."""
        self._clock[0] += timedelta(minutes=minutes)

    def newest(self, path: str, **params: Any) -> str:
        """The id of the newest object of a list."""
        rows = self.send("GET", path, params=params)
        found = rows["items"] if isinstance(rows, dict) else rows
        made = max(found, key=lambda each: each["created_at"])
        return str(made["id"])

    def _run(self, words: list[str]) -> Result:
        return run_here(self.folder, *words, DESK_KEY=KEY, PW=SECRET, CI="", COLUMNS="80")

    def here(self, line: str, code: int = 0) -> Result:
        """Run a line that changes nothing but state, and so only once."""
        self._server.seen.clear()
        words = shlex.split(line)
        done = self._run(words)
        assert done.code == code, f"{line}: {done.code}\n{done.err}{done.text}"
        assert not self._server.seen, line
        command = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        self.story.reached.setdefault(command, set())
        return done

    def _run_refused(self, line: str, methods: Sequence[str] | None) -> tuple[Result, int]:
        """Run a line where the service refuses these methods, None for all: how many it was."""
        refused: list[str] = []

        def answer(method: str, path: str) -> Response | None:
            if methods is not None and method not in methods:
                return None
            refused.append(path)
            return JSONResponse(REFUSAL, 422 if methods else 400)

        self._server.answer = answer
        self._server.seen.clear()
        done = self._run(shlex.split(line))
        what = "everything" if methods is None else "writes"
        self.story.refused.append((line, what, len(refused), done))
        return done, len(refused)

    def __call__(self, line: str, code: int = 0) -> Result:
        """Run a line where the service refuses, and then as it is."""
        words = shlex.split(line)
        command = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        done, refused = self._run_refused(line, WRITES)
        if not refused or THOROUGH:
            # One that only reads has just been run as it is.
            seen = list(self._server.seen)
            self._run_refused(line, None)
            self._server.seen[:] = seen
        if refused:
            self._server.answer = lambda _method, _path: None
            self._server.seen.clear()
            done = self._run(words)
        assert done.code == code, f"{line}: {done.code}\n{done.err}{done.text}"
        seen = {operation_of(method, path) for method, path, _ in self._server.seen}
        self.story.reached.setdefault(command, set()).update(each for each in seen if each)
        return done


GROUPS = frozenset(
    {
        *("runs", "state", "ids", "machines", "pools", "connections", "trajectories", "models"),
        *("tags", "tag-groups", "images", "attachments", "credentials", "request-logs"),
    }
)
"""Commands whose second word is a command of its own."""


@contextmanager
def _world() -> Iterator[World]:
    clock = [datetime.now(UTC) - timedelta(hours=3)]
    picture = (ROOT / "examples/claims-reports/pictures/run-button.png").read_bytes()
    with TemporaryDirectory() as folder, Store.open(None, clock=lambda: clock[0]) as store:
        server = Server(create_app(store, keys={KEY: "org_local", "local": "org_local"}))
        with serving(server):
            write_tree(Path(folder), {"flows/button.png": picture, "claim.txt": b"4711\n"})
            yield World(Path(folder), store, server, clock)


def _deployments(do: World) -> None:
    do("plan --env prod", 0)
    do("state probe")
    do("doctor --env prod")
    do("deploy --yes")
    do.deployed("m2", "Who answers for it", "#222222", ", then wait")
    do("diff")
    do("deploy --yes")
    do("restore report")
    do("restore report --version 1 --yes")
    do("pull report --diff")
    do("pull report --yes")
    do("deploy --yes")
    for line in ("state show", "state list", "ids export -o ids.json"):
        do.here(line)
    do("recover --yes")
    do.here("state mv archive archive_log --yes")
    do.here("state mv archive_log archive --yes")
    do.here("state unprotect archive --yes")
    do.here("unlock --lock-id none --yes", 6)
    do("import --all -o taken")


def _machines(do: World) -> None:
    made = {"fingerprint": "f", "unkey_key_id": "k", "name": "desk-1"}
    desk = do.send("POST", "machines", json=made)
    do.send("POST", "machines", json={**made, "name": "desk-2"})
    body = {"machine_id": desk["id"], "websocket_id": "ws"}
    connection = do.send("POST", "connections", json=body)["id"]
    do("machines list")
    do("machines set desk-1 floor:=3 --secret pin=env:PW --alerts off")
    do("machines set desk-1 site=north --unset floor")
    do(f"machines show {desk['id']}")
    do("machines check desk-1 --all")
    do("pools create reception site=north --secret pin=env:PW --description Front")
    do("pools list")
    do("pools show reception")
    do("pools set reception site=south")
    do("pools add reception desk-1 desk-2")
    do("pools remove reception desk-2")
    do("machines set-pools desk-2 reception")
    do("connections list")
    do(f"connections show {connection}")
    do("request-logs list --machine desk-1")
    do("request-logs show 00000000-0000-4000-8000-000000000000", 64)
    do("health")


def _runs(do: World) -> None:
    do(f"run report {INPUTS} --machine desk-1 --model careful")
    do.passes()
    run = do.newest("runs")
    do(f"runs watch {run}")
    do("runs list")
    do(f"runs show {run}")
    do(f"runs open {run}")
    do(f"trace {run} --html trace.html")
    do(f"runs attachments {run} -o files")
    do(f"runs trajectory {run}")
    do("usage")
    do(f"usage --run {run}")
    do(f"attachments add {run} claim.txt")
    file = do.newest("run-attachments", run_id=run, attachment_type="input")
    do(f"attachments list --run {run}")
    for line in ("show {}", "url {}", "expire {} 2027-01-01", "delete {} --yes"):
        do(f"attachments {line.format(file)}")
    again = "--secret password=env:PW --start-session --alias again --release-session --yes"
    do(f"runs retry {run} {again}")
    do.passes()
    do(f"run report {INPUTS} --count 2")
    do(f"run month_end {INPUTS} --start-session", 64)
    do(f"run month_end {INPUTS}")
    other = do.send("POST", "workflows", json={"main_prompt": "Open it."})["id"]
    do.send("POST", "runs", json={"workflow_id": other})
    do(f"runs cancel {do.newest('runs')} --yes")
    do.passes()
    do(f"runs delete {run} --yes")
    do(f"run report {INPUTS} --machine desk-1 --start-session")
    do.passes()
    do("machines clear-session desk-1 --yes")


def _recordings(do: World) -> None:
    recording = do.newest("trajectories", is_generated=False)
    for line in ("list", f"show {recording}", "latest report", f"approve {recording}"):
        do(f"trajectories {line}")
    for line in ("set-main", "unapprove", "duplicate"):
        do(f"trajectories {line} {recording}")
    do(f"trajectories delete {recording} --yes")


def _rest(do: World) -> None:
    do("models list")
    do("models show careful")
    do(f"models show {do.newest('model-configurations')}")
    for number in (1, 2):
        group = do.send("POST", "workflow-tag-groups", json={"name": f"group-{number}"})["id"]
        do.send("POST", "workflow-tags", json={"name": f"tag-{number}", "group_id": group})
    for kind, name in (("tags", "tag"), ("tag-groups", "group")):
        for line in ("list", f"show {name}-1", f"order {name}-2", f"order {name}-1 {name}-2"):
            do(f"{kind} {line}")
    tag = do.newest("workflow-tags")
    for line in ("add", "remove"):
        do(f"tags {line} {tag} report archive")
    do(f"tags archive {tag}")
    do(f"tags unarchive {tag}")
    do(f"tags delete {tag} --yes")
    do(f"tag-groups delete {do.newest('workflow-tag-groups')} --yes")
    do("images list")
    path = do.send("GET", "workflows/prompt-images")[0]["path"]
    do(f"images show {path}")
    for line in ("list", "show openai", "set openai --key env:PW", "validate openai"):
        do(f"credentials {line}")
    do("credentials delete openai --yes")
    do("state rebuild --yes --ids ids.json")


def _end(do: World) -> None:
    do("pools delete reception --yes")
    do("machines delete desk-2 --yes")
    do("destroy --yes --accept-guard deletes=2")
    path = do.send("GET", "workflows/prompt-images")[0]["path"]
    do(f"images delete {path} --yes")
    do.here(f"state migrate --to {(do.folder / 'moved.json').as_uri()} --env prod --yes")


CHAPTERS: tuple[Callable[[World], None], ...] = (
    _deployments,
    _machines,
    _runs,
    _recordings,
    _rest,
    _end,
)


@cache
def carried_out() -> Story:
    """The story, told once in a process."""
    with _world() as world:
        for chapter in CHAPTERS:
            chapter(world)
        return world.story
