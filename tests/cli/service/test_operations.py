"""`recover`, `restore`, `destroy` and `diff` as people and scripts meet them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import HTMLResponse, Response

from flowdsl.cyberdesk import retrying
from flowdsl.deploy.recovery import late_writes, recover
from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support.command_line import Result, run_here, write_tree
from tests.support.effort import rows
from tests.support.services.embedded_service import Client
from tests.support.services.served import Server, serving

CANARY = "key-canary-ops-4410"
FLOW = """\
flow 1

workflow {name} {{
  title = "{title}"
  tags = ["ehr"]
  steps {{
    step "Open" {{
      do "{text}"
    }}
  }}
}}
"""
PROJECT = """\
[project]
name = "desk"
id = "prj_1"

[tags.ehr]
description = "of the desk"

[env.prod]
api = "{api}"
api_key = {{ env = "DESK_KEY" }}
protected = {protected}
"""


class Desk:
    """A project of two workflows, and the service that it is deployed to."""

    def __init__(self, root: Path, server: Server, store: Store) -> None:
        self.root, self.server = root, server
        self.service = Client(store)
        self.configure()
        self.write("Open the record.")

    def configure(self, *, protected: bool = False) -> None:
        text = PROJECT.format(api=self.server.url, protected=str(protected).lower())
        write_tree(self.root, {"flowdsl.toml": text})

    def write(self, text: str) -> None:
        flows = {
            f"flows/{name}.flow": FLOW.format(name=name, title=title, text=text)
            for name, title in (("look_up", "Look up"), ("enter", "Enter"))
        }
        write_tree(self.root, dict(flows))

    def __call__(self, *words: str, **environ: str) -> Result:
        ended = run_here(self.root, *words, **{"DESK_KEY": CANARY, "CI": "", **environ})
        files = "".join(p.read_text() for p in self.root.rglob("*.json"))
        assert CANARY not in ended.err + ended.text + files
        return ended

    def deploy(self) -> None:
        ended = self("deploy", "--yes")
        assert ended.code == 0, ended.err

    def rows(self) -> dict[str, dict[str, Any]]:
        listed = self.service("GET", "workflows").json()["items"]
        return {row["name"]: row for row in listed}

    def edit(self, name: str, **patch: Any) -> None:
        path = f"workflows/{self.rows()[name]['id']}"
        assert self.service("PATCH", path, json=patch).status_code == 200

    def state(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.root / ".flowdsl/state/prod.json").read_text())
        return content


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed request is sent again at once, and no write is late."""
    monkeypatch.setattr(retrying, "MAX_DELAY_SECONDS", 0.0)
    for module in (recover, late_writes):
        monkeypatch.setattr(module, "LATE_WRITES_END", timedelta(0))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Store.open(tmp_path / "emulator.sqlite") as store:
        server = Server(create_app(store))
        with serving(server):
            yield Desk(tmp_path / "project", server, store)


def lose_creations(server: Server) -> None:
    """Creations are carried out without a reply, and the list that would show them fails."""

    def answer(method: str, path: str) -> Response | None:
        listing = method == "GET" and path == "/v1/workflows" and created
        if method == "POST" and path == "/v1/workflows":
            created.append(1)
            return HTMLResponse("lost", 502)
        return HTMLResponse("broken", 502) if listing else None

    created: list[int] = []
    server.answer = answer


def test_recover(desk: Desk) -> None:
    nothing = desk("recover", "--yes")
    assert (nothing.code, nothing.err) == (0, "nothing to do: no such write is open in prod\n")
    lose_creations(desk.server)
    assert desk("deploy", "--yes", "--concurrency", "1").code == 8

    unknown = desk("recover", "--yes", "--json", "--result", "result.json")
    assert unknown.code == 8
    address = desk.state()["pending"][0]["address"]
    assert f"`flowdsl recover {address} --env prod --absent`" in unknown.err
    events = [json.loads(line) for line in unknown.text.splitlines()]
    assert events[-1] == {"type": "change_summary", "status": "unknown", "exit_code": 8}
    result = json.loads((desk.root / "result.json").read_text())
    assert (result["kind"], result["exit_code"]) == ("recover_result", 8)
    (desk.root / "result.json").unlink()

    desk.server.answer = lambda _method, _path: None
    mistyped = desk("recover", "workflow.none", "--yes")
    assert mistyped.code == 6 and f"open are those of `{address}`" in mistyped.err
    asked = desk("recover", address)
    assert asked.code == 64 and "`--yes` settles the open writes" in asked.err
    absent = desk("recover", address, "--absent", "--yes")
    assert absent.code == 0, absent.err
    assert desk.state()["pending"] == [] and desk.rows() == {}
    desk.deploy()
    assert sorted(desk.rows()) == ["Enter", "Look up"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--id", "7d444840-9dc0-11d1-b245-5ffdce74fad2"), "name its ADDRESS"),
        (("workflow.a", "workflow.b", "--absent"), "name its ADDRESS"),
        (("workflow.a", "--absent", "--id", "x"), "exclude each other"),
        (("workflow.a", "--id", "../x"), "is not the id of a workflow"),
    ],
)
def test_recover_with_a_verdict_that_means_nothing(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    ended = desk("recover", *words, "--yes")

    assert ended.code == 64 and said in ended.err


def test_restore(desk: Desk) -> None:
    desk.deploy()
    desk.edit("Look up", main_prompt="By hand. \x1b[31m")
    before = desk.state()["resources"]

    listed = desk("restore", "workflow.look_up")
    assert listed.code == 0 and "main_prompt" in listed.text and "   1  " in listed.text
    items = json.loads(desk("restore", "workflow.look_up", "--json").text)
    assert (items["total"], items["items"][0]["differs"]) == (1, ["main_prompt"])
    asked = desk("restore", "workflow.look_up", "--version", "1")
    assert (asked.code, asked.err.count("to version 1")) == (64, 1)
    assert asked.err.endswith("`--yes` brings the version back without asking\n")
    assert desk.rows()["Look up"]["main_prompt"].startswith("By hand")
    for number in ("0", "x", "-1"):
        assert desk("restore", "workflow.look_up", "--version", number, "--yes").code == 64
    missing = desk("restore", "workflow.look_up", "--version", "4", "--yes")
    assert missing.code == 64 and "there is 1 only" in missing.err

    done = desk("restore", "workflow.look_up", "--version", "1", "--yes")
    assert done.code == 0, done.err
    assert "to version 1" in done.err and "[-" in done.err
    assert "\x1b" not in done.err + listed.text
    assert done.err.endswith("restored in prod: 1 workflow, version 1\n")
    assert "Open the record" in desk.rows()["Look up"]["main_prompt"]
    assert desk.state()["resources"] == before
    back = desk("restore", "workflow.look_up", "--version", "2", "--yes", "--json")
    assert back.code == 0 and "`flowdsl pull workflow.look_up --env prod`" in back.err
    assert json.loads(back.text.splitlines()[-1])["exit_code"] == 0


def test_restore_needs_neither_committed_nor_correct_sources(desk: Desk) -> None:
    """It is the emergency brake."""
    desk.deploy()
    desk.edit("Look up", main_prompt="By hand.")
    desk.configure(protected=True)
    write_tree(desk.root, {"flows/look_up.flow": "flow 1\nworkflow {"})

    assert desk("restore", "workflow.look_up", "--version", "1", "--yes").code == 0


def test_destroy(desk: Desk) -> None:
    desk.deploy()

    asked = desk("destroy")
    assert asked.code == 64 and "`--accept-guard deletes=N`" in asked.err
    guarded = desk("destroy", "--yes")
    assert guarded.code == 9 and "`--accept-guard deletes=2`" in guarded.err
    assert "0 runs; 0 trajectories" in guarded.err
    for wrong in ("deletes=3", "deletes=1"):
        assert desk("destroy", "--yes", "--accept-guard", wrong).code == 9
    for wrong in ("everything=2", "deletes=0000000000002", f"deletes={'2' * 5000}"):
        assert desk("destroy", "--yes", "--accept-guard", wrong).code == 64
    assert len(desk.rows()) == 2

    words = ("destroy", "--yes", "--accept-guard", "deletes=2", "--json", "--result", "r.json")
    done = desk(*words)
    assert done.code == 0, done.err
    assert done.err.endswith("destroyed prod: 2 workflows deleted, 1 other object deleted\n")
    assert desk.rows() == {} and desk.state()["resources"] == {}
    result = json.loads((desk.root / "r.json").read_text())
    assert (result["kind"], result["status"]) == ("destroy_result", "done")
    events = [json.loads(line) for line in done.text.splitlines()]
    planned = {e["address"]: e for e in events if e["type"] == "planned_change"}
    assert planned["workflow.enter"]["impact"]["runs_total"] == 0
    again = desk("destroy", "--yes")
    assert (again.code, again.err) == (0, "nothing to do: no workflow is tracked in prod\n")


def test_destroy_needs_no_flows(desk: Desk) -> None:
    desk.deploy()
    for flow in desk.root.glob("flows/*.flow"):
        flow.unlink()

    assert desk("destroy", "--yes", "--accept-guard", "deletes=2").code == 0
    assert desk.rows() == {}


def test_a_partial_destruction_is_7_and_goes_on(desk: Desk) -> None:
    desk.deploy()
    refused = f"/v1/workflows/{desk.rows()['Enter']['id']}"
    desk.server.answer = lambda method, path: (
        HTMLResponse("no", 422) if (method, path) == ("DELETE", refused) else None
    )

    ended = desk("destroy", "--yes", "--accept-guard", "deletes=2")

    assert ended.code == 7 and "failed: workflow.enter" in ended.err
    assert "stopped in prod: 1 workflow deleted, 1 failed, 1 not attempted" in ended.err
    desk.server.answer = lambda _method, _path: None
    assert desk("destroy", "--yes", "--accept-guard", "deletes=1").code == 0


def test_diff(desk: Desk) -> None:
    new = desk("diff")
    assert new.code == 0 and "is not deployed" in new.text
    desk.deploy()
    same = desk("diff", "--detailed-exitcode")
    assert (same.code, same.text) == (0, "no difference: 2 workflows in prod\n")
    desk.edit("Enter", main_prompt="By hand.")
    desk.write("Open the chart.")
    before = (desk.root / ".flowdsl/state/prod.json").read_bytes()
    desk.server.seen.clear()

    differs = desk("diff", "--detailed-exitcode")

    assert differs.code == 2
    assert "main_prompt  edited elsewhere since the last deploy\n" in differs.text
    assert "changed in the source as well; a deploy makes this of the edit\n" in differs.text
    assert "[-record-]{+chart+}" in differs.text
    assert differs.text.endswith("2 workflows of 2 in prod differ, 1 edited elsewhere\n")
    assert desk("diff").code == 0
    unified = desk("diff", "workflow.look_up", "--unified")
    assert "Enter" not in unified.text and "      @@ " in unified.text
    report = json.loads(desk("diff", "workflow.enter", "--json").text)
    assert (report["kind"], report["total"]) == ("diff", 1)
    assert report["items"][0]["fields"][0]["origin"] == "both"
    assert {method for method, _, _ in desk.server.seen} == {"GET"}
    assert (desk.root / ".flowdsl/state/prod.json").read_bytes() == before


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("recover", "--yes"),
    ("restore", "workflow.enter", "--version", "1", "--yes"),
    ("restore", "workflow.enter"),
    ("destroy", "--yes", "--accept-guard", "deletes=2"),
    ("diff",),
)


@pytest.mark.parametrize("words", rows(COMMANDS, 0, 3), ids=" ".join)
def test_what_every_command_says_of_service_and_state(desk: Desk, words: tuple[str, ...]) -> None:
    desk.deploy()
    desk.edit("Enter", main_prompt="By hand.")
    path = desk.root / ".flowdsl/state/prod.json"
    good = path.read_text()
    pending = {
        "id": "0" * 32,
        "action": "create",
        "address": "workflow.late",
        "created_at": "2026-01-01T00:00:00Z",
        "generation": 1,
        "name": "Late",
    }
    if words[0] == "recover":
        path.write_text(json.dumps(json.loads(good) | {"pending": [pending]}))
    before = path.read_text()

    desk.server.answer = lambda _method, _path: HTMLResponse("down", 502)
    assert desk(*words).code == 11
    desk.server.answer = lambda _method, _path: Response(status_code=401)
    assert desk(*words).code == 4
    desk.server.answer = lambda _method, _path: None
    assert desk(*words, DESK_KEY=" ").code == 4
    document = json.loads(path.read_text())
    assert document["resources"] == json.loads(good)["resources"] and document["lease"] is None
    path.write_text(before[: len(before) // 2])
    assert desk(*words).code == 10
    path.unlink()
    assert desk(*words).code == 10, "the state is missing where workflows carry its mark"
    assert desk(*words, "--env", "nowhere").code == 64
    assert len(desk.rows()) == 2
