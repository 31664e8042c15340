"""Every exit code of the deploy engine, by the real program against a real server."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest
from starlette.responses import HTMLResponse, JSONResponse

from flowdsl.cli.main import run
from flowdsl.cli.runtime import exit_codes
from flowdsl.deploy.job import Job
from flowdsl.state.stores.os_lock import hold_exclusive_lock
from tests.support.command_line import (
    HEARS_INTERRUPTS,
    SERVED_PROJECT,
    Beside,
    Result,
    run_here,
)
from tests.support.effort import rows
from tests.support.services.served import Server

CANARY = "key-canary-e01c"
FLOW = """\
flow 1

## Opens a record.
workflow {name} {{
  title = "{name}"
  steps {{
    step "Open" {{
      do "Open the record of {prompt}."
    }}
  }}
}}
"""


class Desk:
    """A project and the service it is deployed to."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root, self.server = root, server
        (root / "flows").mkdir(parents=True)
        self.point_at(server.url)
        self.write("look_up", "the day")

    def point_at(self, api: str, *more: str) -> None:
        lines = "".join(f"{line}\n" for line in more)
        (self.root / "flowdsl.toml").write_text(SERVED_PROJECT.format(api=api) + lines)

    def write(self, name: str, prompt: str) -> None:
        text = FLOW.format(name=name, prompt=prompt)
        (self.root / f"flows/{name}.flow").write_text(text)

    def run(self, *words: str, **environ: str) -> Result:
        result = run_here(self.root, *words, CI="", DESK_KEY=CANARY, **environ)
        everything = result.text + result.err
        everything += "".join(
            path.read_text(errors="replace")
            for path in self.root.rglob("*")
            if path.is_file() and "emulator" not in path.name
        )
        assert CANARY not in everything
        return result

    def deploy(self, *words: str, **environ: str) -> Result:
        return self.run("deploy", "--yes", "--result", "result.json", *words, **environ)

    def ended(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.root / "result.json").read_text())
        return found

    @property
    def state(self) -> Path:
        return self.root / ".flowdsl/state/prod.json"


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Desk:
    return Desk(tmp_path / "project", server)


def test_0_for_success_and_for_nothing_to_do(desk: Desk) -> None:
    assert desk.deploy().code == exit_codes.SUCCESS == 0
    assert desk.deploy().code == 0
    assert desk.ended()["status"] == "nothing_to_do"
    assert desk.run("plan", "--detailed-exitcode").code == 0


def test_1_for_findings(desk: Desk) -> None:
    desk.write("look_up", "{nobody}")
    assert desk.run("check").code == exit_codes.FINDINGS == 1


def test_2_for_changes_and_only_when_asked_for(desk: Desk) -> None:
    assert desk.run("plan", "--detailed-exitcode").code == exit_codes.CHANGES == 2
    assert desk.run("plan").code == 0
    desk.deploy()
    assert desk.run("plan", "--detailed-exitcode").code == 0
    edit_by_hand(desk)
    assert desk.run("plan", "--detailed-exitcode").code == 2, "drift counts as well"


def edit_by_hand(desk: Desk) -> None:
    import httpx

    with httpx.Client(
        base_url=desk.server.url, headers={"Authorization": "Bearer x"}, trust_env=False
    ) as dashboard:
        (row,) = dashboard.get("/v1/workflows").json()["items"]
        reply = dashboard.patch(f"/v1/workflows/{row['id']}", json={"main_prompt": "By hand."})
        assert reply.status_code == 200


@pytest.mark.parametrize("command", [["deploy", "--yes"], ["plan"]])
def test_3_for_sources_that_do_not_compile(desk: Desk, command: list[str]) -> None:
    desk.write("look_up", "{nobody}")
    assert desk.run(*command).code == exit_codes.SOURCE_ERRORS == 3
    assert desk.server.seen == [], "nothing is asked before everything compiles"


@pytest.mark.parametrize("command", [["plan"], ["plan", "--json"]])
def test_4_for_a_foreign_host_which_gets_no_key(desk: Desk, command: list[str]) -> None:
    desk.point_at("https://api.cyberdesk.test")
    result = desk.run(*command)
    assert result.code == exit_codes.ACCESS == 4
    assert "`FLOWDSL_TRUSTED_HOSTS`" in result.err


def test_5_while_another_deploy_is_at_work(desk: Desk) -> None:
    desk.state.parent.mkdir(parents=True)
    with hold_exclusive_lock(desk.state.with_name("prod.json.lock")):
        result = desk.deploy("--lock-timeout", "300ms")
    assert result.code == exit_codes.LOCKED == 5
    assert desk.deploy().code == 0


def test_6_for_drift(desk: Desk) -> None:
    desk.deploy()
    edit_by_hand(desk)
    assert desk.deploy().code == exit_codes.CONFLICT == 6
    assert desk.deploy("--on-drift", "overwrite").code == 0


def test_7_when_the_service_refuses_one_of_two(desk: Desk) -> None:
    refused: list[str] = []

    def answer(method: str, path: str) -> JSONResponse | None:
        if (method, path) == ("POST", "/v1/workflows") and not refused:
            refused.append(path)
            return JSONResponse({"detail": [{"loc": ["body"], "msg": "no", "type": "x"}]}, 422)
        return None

    desk.write("second", "the week")
    desk.server.answer = answer
    assert desk.deploy("--concurrency", "1").code == exit_codes.PARTIAL == 7
    results = desk.ended()["results"]
    assert isinstance(results, list)
    assert sorted(result["outcome"] for result in results) == ["failed", "performed"]
    assert desk.deploy().code == 0


def test_8_when_nobody_knows_whether_it_was_created(desk: Desk) -> None:
    created: list[str] = []

    def answer(method: str, path: str) -> HTMLResponse | None:
        if method == "POST":
            created.append(path)
        return HTMLResponse("<h1>Bad gateway</h1>", 502) if created else None

    desk.server.answer = answer
    result = desk.deploy()
    assert result.code == exit_codes.UNKNOWN_OUTCOME == 8
    assert "`flowdsl recover workflow.look_up --env prod`" in result.err
    assert len(created) == 1, "a creation of unknown outcome is not simply sent again"


def test_9_for_a_guard_and_for_protection(desk: Desk) -> None:
    desk.point_at(desk.server.url, "protected = true")
    result = desk.deploy()
    assert result.code == exit_codes.GUARDED == 9
    assert desk.ended()["status"] == "guarded"


@pytest.mark.parametrize("command", [["deploy", "--yes"], ["plan"]])
def test_10_for_state_that_is_damaged_or_lost(desk: Desk, command: list[str]) -> None:
    desk.deploy()
    whole = desk.state.read_bytes()
    desk.state.write_bytes(whole[:100])
    assert desk.run(*command).code == exit_codes.STATE == 10
    desk.state.unlink()
    result = desk.run(*command)
    assert result.code == 10 and "`flowdsl state rebuild --env prod`" in result.err
    assert not desk.state.exists()


def test_64_for_a_command_line_that_means_nothing(desk: Desk) -> None:
    assert desk.run("deploy", "--yse").code == exit_codes.USAGE == 64
    assert desk.run("deploy").code == 64, "nobody can be asked"
    assert desk.run("plan", "--env", "staging").code == 64
    assert desk.deploy("--env", "\udcff").code == desk.ended()["exit_code"] == 64


def test_70_for_a_bug_with_a_line_to_report_and_nothing_secret(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(job: Job) -> None:
        raise RuntimeError(job.client._sender._api_key)

    monkeypatch.setattr("flowdsl.cli.commands.deploy.deploy", fail)
    monkeypatch.setenv("DESK_KEY", CANARY)
    monkeypatch.chdir(desk.root)
    code = run(["deploy", "--yes", "--json", "--result", "result.json"])
    out, err = capsys.readouterr()
    assert code == exit_codes.INTERNAL == 70
    assert "please report it" in err and "Traceback" not in err
    result = desk.ended()
    assert (result["status"], result["exit_code"]) == ("internal_error", 70)
    assert last_event(out) == change_summary("internal_error", 70)
    assert CANARY not in err + out + str(result)


def last_event(out: str) -> object:
    return json.loads(out.splitlines()[-1])


def change_summary(status: str, code: int) -> dict[str, object]:
    return {"type": "change_summary", "status": status, "exit_code": code}


def start(desk: Desk, *words: str) -> Beside:
    more = ("--json", "--result", "result.json")
    return Beside(desk.root, *words, *more, DESK_KEY=CANARY, CI="")


def wait_for_line(process: Beside, beginning: str) -> None:
    assert any(line.startswith(beginning) for line in process.stderr), beginning


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.skipif(HEARS_INTERRUPTS is None, reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), rows(SIGNALS, 0))
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["deploy", "--yes"], "plan: "),
        (["destroy", "--yes", "--accept-guard", "deletes=1"], "to delete in prod: "),
    ],
)
def test_130_and_143_while_another_deploy_is_at_work(
    desk: Desk, command: list[str], shown: str, number: int, code: int
) -> None:
    desk.deploy()
    desk.write("look_up", "the week")
    state = desk.state.read_bytes()
    with hold_exclusive_lock(desk.state.with_name("prod.json.lock")):
        process = start(desk, *command)
        wait_for_line(process, shown)
        process.send_signal(number)
        out, _ = process.communicate()

    assert process.returncode == code
    result = desk.ended()
    assert (result["kind"], result["status"]) == (f"{command[0]}_result", "interrupted")
    assert (result["exit_code"], result["results"]) == (code, [])
    assert last_event(out) == change_summary("interrupted", code)
    assert desk.state.read_bytes() == state


@pytest.mark.skipif(HEARS_INTERRUPTS is None, reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), rows(SIGNALS, 1))
def test_130_and_143_at_once_with_the_second_signal(desk: Desk, number: int, code: int) -> None:
    desk.deploy()
    for name in ("second", "third"):
        desk.write(name, "the week")
    arrived, go_on = threading.Event(), threading.Event()
    created: list[str] = []

    def answer(method: str, path: str) -> None:
        if method == "POST":
            created.append(path)
        if len(created) == 2:
            arrived.set()
            go_on.wait(30)

    desk.server.answer = answer
    process = start(desk, "deploy", "--yes", "--concurrency", "1")
    assert arrived.wait(30)
    process.send_signal(number)
    wait_for_line(process, "stopping when")
    process.send_signal(number)
    out, _ = process.communicate()
    go_on.set()

    assert process.returncode == code
    result = desk.ended()
    assert (result["status"], result["exit_code"]) == ("interrupted", code)
    results = result["results"]
    assert isinstance(results, list)
    outcomes = {each["address"]: each["outcome"] for each in results}
    assert sorted(outcomes.values()) == ["performed", "unknown"], "one has no reply"
    assert last_event(out) == change_summary("interrupted", code)


@pytest.mark.skipif(HEARS_INTERRUPTS is None, reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), rows(SIGNALS, 0))
def test_130_and_143_after_what_was_under_way(desk: Desk, number: int, code: int) -> None:
    desk.write("second", "the week")
    arrived, go_on = threading.Event(), threading.Event()

    def answer(method: str, path: str) -> None:
        if method == "POST" and not arrived.is_set():
            arrived.set()
            go_on.wait(30)

    desk.server.answer = answer
    process = start(desk, "deploy", "--yes", "--concurrency", "1")
    assert arrived.wait(30)
    process.send_signal(number)
    wait_for_line(process, "stopping when")
    go_on.set()
    process.communicate()

    assert process.returncode == code
    result = desk.ended()
    assert (result["status"], result["exit_code"]) == ("interrupted", code)
    results = result["results"]
    assert isinstance(results, list)
    outcomes = sorted(each["outcome"] for each in results)
    assert outcomes == ["not_attempted", "performed"]
    state = json.loads(desk.state.read_text())
    assert state["lease"] is None and state["pending"] == []
    assert desk.deploy().code == 0
