"""`flowdsl deploy` as people and scripts meet it, in the embedded emulator."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from flowdsl.cli.commands import deploy as command
from flowdsl.cli.runtime.command_line.arguments import CommandParser
from flowdsl.cli.runtime.console import Console, command_error
from flowdsl.cli.runtime.engine import questions
from flowdsl.emulator.store import Store
from flowdsl.host import signals
from flowdsl.source.failure import FlowdslError
from flowdsl.workspace import service

CANARY = "key-canary-77aa"
PROJECT = """\
[project]
name = "desk"
id = "prj_1"

[env.local]
api = "local"

[env.prod]
api = "https://api.cyberdesk.io"
api_key = { env = "DESK_KEY" }

[env.elsewhere]
api = "https://steals-keys.test"
api_key = { env = "DESK_KEY" }

[env.shared]
api = "local"
state = "s3://bucket/state"
"""
FLOW = """\
flow 1

workflow look_up {
  title = "Look up a patient"
  tags = ["ehr"]
  steps {
    step "Open the record" {
      do "Open the record of the day."
    }
  }
}
"""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowdsl.toml").write_text(PROJECT)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/desk.flow").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("FLOWDSL_TRUSTED_HOSTS", raising=False)
    monkeypatch.setenv("DESK_KEY", CANARY)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    def run(*words: str) -> Ended:
        parser = CommandParser("deploy", "")
        command.configure(parser)
        out, err = io.StringIO(), io.StringIO()
        console = Console(out, err, "never")
        try:
            arguments = parser.parse(words)
            assert arguments is not None
            code = command.run(arguments, console)
        except FlowdslError as error:
            failure = command_error(error)
            code = failure.code
            err.write(failure.message)
        return Ended(code, out.getvalue(), err.getvalue())

    return run


def edit_in_the_dashboard(project: Path, prompt: str) -> None:
    data = project / ".flowdsl/emulator.sqlite"
    with Store.open(data) as store, store.write("org_local") as transaction:
        statement = "UPDATE workflows SET main_prompt = ?"
        transaction.connection.exec_driver_sql(statement, (prompt,))


def test_the_first_deploy_says_what_it_does_and_the_second_has_nothing_to_do(run: Run) -> None:
    first, second = run("--env", "local", "--yes"), run("--env", "local", "--yes")

    assert first.code == 0
    assert '+ workflow.look_up  "Look up a patient"' in first.err
    assert "deployed to local: 1 created" in first.err
    assert (second.code, second.out) == (0, "")
    assert second.err == "nothing to do: 1 workflow up to date in local\n"


def test_a_prompt_change_is_shown_word_by_word(run: Run, project: Path) -> None:
    run("--env", "local", "--yes")
    (project / "flows/desk.flow").write_text(FLOW.replace("of the day", "of the week"))

    ended = run("--env", "local", "--yes")

    assert ended.code == 0
    assert "the record of the [-day-]{+week+}" in ended.err
    assert "~ workflow.look_up" in ended.err


def test_drift_stops_with_6_and_shows_both_sides(run: Run, project: Path) -> None:
    run("--env", "local", "--yes")
    edit_in_the_dashboard(project, "By hand. \x1b[31m")

    stopped = run("--env", "local", "--yes", "--result", "result.json")

    assert stopped.code == 6
    assert "edited elsewhere" in stopped.err and "`--on-drift overwrite`" in stopped.err
    assert "\x1b" not in stopped.err, "text of the service cannot drive a terminal"
    result = json.loads((project / "result.json").read_text())
    assert (result["status"], result["exit_code"]) == ("conflict", 6)
    assert run("--env", "local", "--yes", "--on-drift", "overwrite").code == 0


def test_the_machine_format_is_one_object_a_line_without_prompts(run: Run) -> None:
    ended = run("--env", "local", "--yes", "--json", "--result", "result.json")

    events = [json.loads(line) for line in ended.out.splitlines()]
    assert events[0]["type"] == "version"
    planned = {e["address"]: e["action"] for e in events if e["type"] == "planned_change"}
    assert planned == {"tag.ehr": "create", "workflow.look_up": "create"}
    complete = [e for e in events if e["type"] == "apply_complete"]
    assert [e["address"] for e in complete] == ["tag.ehr", "workflow.look_up"]
    assert events[-1] == {"type": "change_summary", "status": "done", "exit_code": 0}
    assert "Open the record" not in ended.out + Path("result.json").read_text()


def test_without_a_terminal_it_takes_yes(run: Run, project: Path) -> None:
    ended = run("--env", "local")

    assert ended.code == 64 and "+ workflow.look_up" in ended.err
    assert "there is no terminal to ask on; `--yes` deploys without asking" in ended.err
    assert not (project / ".flowdsl/state").exists()  # the plan asks the embedded service


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("flowdsl.toml", 'name = "desk"', "name = 3"),
        (
            "flowdsl.toml",
            "[env.shared]",
            '[[removed]]\naddress = "workflow.x"\nmode = "drop"\n[env.shared]',
        ),
        ("flows/desk.flow", "workflow look_up", "workflow"),
    ],
)
def test_what_is_wrong_with_the_project_is_said_before_the_missing_yes(
    run: Run, project: Path, path: str, before: str, after: str
) -> None:
    file = project / path
    file.write_text(file.read_text().replace(before, after))

    ended = run("--env", "local")

    assert ended.code == 3 and "`--yes`" not in ended.err
    assert path in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "tag.ehr"], "there are `workflow.look_up`"),
        (["--accept-guard", "creates=3"], "the guards are `breaking`, `deletes`"),
        (["--accept-guard", "deletes"], "is not the name of a guard and a number"),
        (["--timeout", "soon"], "`soon` is not a time such as `30s`"),
        (["--concurrency", "0"], "`0` is not a number from 1 to 64"),
        (["--concurrency", "1" * 5000], "is not a number from 1 to 64"),
    ],
)
def test_options_that_mean_nothing_are_64(run: Run, words: list[str], message: str) -> None:
    ended = run("--env", "local", "--yes", *words)
    assert ended.code == 64 and message in ended.err


def test_errors_in_the_sources_write_nothing_and_still_leave_a_result(
    run: Run, project: Path
) -> None:
    (project / "flows/desk.flow").write_text(FLOW.replace("workflow look_up", "workflow"))

    ended = run("--env", "local", "--yes", "--result", "result.json")

    assert ended.code == 3
    assert not (project / ".flowdsl").exists()
    assert json.loads((project / "result.json").read_text())["exit_code"] == 3


def test_a_project_without_an_id_is_told_to_get_one(run: Run, project: Path) -> None:
    (project / "flowdsl.toml").write_text(PROJECT.replace('id = "prj_1"\n', ""))

    ended = run("--env", "local", "--yes")

    assert ended.code == 3 and 'id = "prj_' in ended.err


def test_a_host_nobody_allowed_never_sees_the_key(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> str:
        raise AssertionError("the key is read")

    monkeypatch.setattr(service, "read_api_key", read)

    ended = run("--env", "elsewhere", "--yes")

    assert ended.code == 4
    assert "`steals-keys.test`" in ended.err and CANARY not in ended.err


def test_a_store_of_another_kind_is_refused(run: Run) -> None:
    ended = run("--env", "shared", "--yes")

    assert ended.code == 10 and "s3://bucket/state" in ended.err


def test_a_field_passed_through_is_said_once_when_the_service_drops_it(
    run: Run, project: Path
) -> None:
    flow = FLOW.replace("  steps {", "  extra { new_speed: 3 }\n  steps {", 1)
    (project / "flows/desk.flow").write_text(flow)

    first, second = (run("--env", "local", "--yes", "--json") for _ in range(2))

    assert first.code == 0
    said = "workflow.look_up: the service dropped `new_speed`, which it does not know"
    assert f"note: {said}\n" in first.err
    assert second.err == "nothing to do: 1 workflow up to date in local\n"

    (project / "flows/desk.flow").write_text(flow.replace("new_speed: 3", 'updated_at: "now"'))
    refused = run("--env", "local", "--yes")
    assert refused.code == 3 and "the field `updated_at` belongs to the service" in refused.err


def test_a_protected_environment_takes_committed_sources_only(run: Run, project: Path) -> None:
    text = PROJECT.replace('api = "local"\n', 'api = "local"\nprotected = true\n', 1)
    (project / "flowdsl.toml").write_text(text)
    (project / ".gitignore").write_text(".flowdsl/\n")

    outside = run("--env", "local", "--yes")
    assert outside.code == 9 and "the project is not in a git repository" in outside.err

    git(project, "init", "-q")
    empty = run("--env", "local", "--yes")
    assert empty.code == 9 and "the repository has no commit yet" in empty.err

    git(project, "add", ".")
    git(project, "commit", "-qm", "First")
    (project / "flows/desk.flow").write_text(FLOW.replace("the day", "the week"))
    dirty = run("--env", "local", "--yes")
    assert dirty.code == 9 and "the work tree has changes" in dirty.err

    git(project, "commit", "-qam", "Second")
    (project / "plan.json").write_text("{}")
    assert run("--env", "local", "--yes").code == 0, "a file that nothing reads is no source"
    assert run("--env", "local", "--yes").code == 0, "state and the emulator are no changes"
    (project / "flows/new.flow").write_text(FLOW.replace("look_up", "new_one"))
    assert run("--env", "local", "--yes").code == 9, "what is read has to be committed"


def test_an_older_commit_is_deployed_on_purpose_only(run: Run, project: Path) -> None:
    (project / ".gitignore").write_text(".flowdsl/\n")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "First")
    (project / "flows/desk.flow").write_text(FLOW.replace("the day", "the week"))
    git(project, "commit", "-qam", "Second")
    assert run("--env", "local", "--yes").code == 0

    git(project, "checkout", "-q", "HEAD~1")
    stopped = run("--env", "local", "--yes")
    assert stopped.code == 6 and "is older than" in stopped.err
    assert run("--env", "local", "--yes", "--allow-older").code == 0

    git(project, "checkout", "-q", "-")
    assert run("--env", "local", "--yes").code == 0


def test_a_shallow_clone_says_what_it_needs(
    run: Run,
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (project / ".gitignore").write_text(".flowdsl/emulator.sqlite*\n")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "First")
    assert run("--env", "local", "--yes").code == 0
    (project / "flows/desk.flow").write_text(FLOW.replace("the day", "the week"))
    git(project, "commit", "-qam", "Second")
    clone = tmp_path_factory.mktemp("clone") / "project"
    git(project, "clone", "-q", "--depth=1", project.as_uri(), str(clone))
    (clone / ".flowdsl").mkdir()
    for path in (project / ".flowdsl").rglob("*"):
        if path.is_file():
            target = clone / path.relative_to(project)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    monkeypatch.chdir(clone)

    ended = run("--env", "local", "--yes")

    assert ended.code == 6 and "`git fetch --unshallow`" in ended.err


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@desk.test"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_a_refusal_to_answer_yes_changes_nothing(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "is_terminal", lambda _stream: True)
    monkeypatch.setattr(questions.sys, "stdin", io.StringIO("n\n"))

    ended = run("--env", "local")

    assert ended.code == 0 and "nothing was changed" in ended.err
    assert not (project / ".flowdsl/state/local.json").exists()


def test_an_edit_is_shown_as_the_edit_and_once_with_the_way_to_keep_it(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("--env", "local", "--yes")
    with (
        Store.open(project / ".flowdsl/emulator.sqlite") as store,
        store.write("org_local") as transaction,
    ):
        statement = "UPDATE workflows SET main_prompt = replace(main_prompt, 'the day', 'the week')"
        transaction.connection.exec_driver_sql(statement)
    monkeypatch.setattr(questions, "is_terminal", lambda _stream: True)

    def answering(*answers: str) -> Ended:
        monkeypatch.setattr(questions.sys, "stdin", io.StringIO("\n".join(answers) + "\n"))
        return run("--env", "local", "--json")

    stopped = answering("")
    assert stopped.code == 6
    for ended in (stopped, answering("o", "y")):
        assert ended.err.count("~ workflow.look_up") == 1
        assert ("    main_prompt  edited elsewhere since the last deploy\n") in ended.err
        assert "Open the record of the [-day-]{+week+}.\n" in ended.err
        assert (
            ended.err.count("`flowdsl pull workflow.look_up` takes the edits into the source") > 1
        )
        assert ended.out.count('"planned_change"') == 1
    assert ended.code == 0 and "deploy to local? [y/N]" in ended.err


def test_a_signal_lets_what_is_under_way_finish(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes with the first result.

    What was begun is recorded, and the next deploy goes on from there.
    """
    for number in range(6):
        text = FLOW.replace("look_up", f"w{number}")
        (project / f"flows/w{number}.flow").write_text(text)
    applied = command.OperationReport._report_result

    def interrupt(self: command.OperationReport, result: object) -> None:
        applied(self, result)  # type: ignore[arg-type]
        monkeypatch.setattr(command.OperationReport, "_report_result", applied)
        signals.deliver_signal(signal.SIGTERM)

    monkeypatch.setattr(command.OperationReport, "_report_result", interrupt)

    ended = run("--env", "local", "--yes", "--concurrency", "1")

    assert ended.code == 143
    state = json.loads((project / ".flowdsl/state/local.json").read_text())
    assert state["lease"] is None and state["pending"] == []
    assert run("--env", "local", "--yes").code == 0
    state = json.loads((project / ".flowdsl/state/local.json").read_text())
    assert len(state["resources"]) == 7


def test_file_state_in_ci_is_warned_about(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("DESK_KEY")

    assert "warning: the state of `prod` is a file" in run("--env", "prod", "--yes").err
