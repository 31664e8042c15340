"""The GitHub Action: what it calls, with what, and how it ends."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.services.pipeline import (
    EMPTY,
    KEY,
    SUMMARY,
    TOKEN,
    Job,
    github_job,
    outputs,
    pull_request,
)


def secrets_in(job: Job, command: str) -> set[str]:
    values = " ".join(job.call(command)["environ"].values())
    return {secret for secret in (KEY, TOKEN) if secret in values}


def test_a_plan_checks_first_and_gives_the_key_to_the_plan_alone(tmp_path: Path) -> None:
    job = github_job(tmp_path, breaking="warn")
    job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
    code, _ = job.run("github", started=True)
    assert code == 0
    assert job.commands == ["fmt", "check", "test", "plan"]
    assert job.call("fmt")["words"] == ["fmt", "--check"]
    assert job.call("check")["words"] == ["check", "--format", "github"]
    plan = job.call("plan")["words"]
    assert plan[:4] == ["plan", "--env", "prod", "--detailed-exitcode"]
    assert plan[-4:] == ["--max-bytes", "60000", "--breaking", "warn"]
    assert job.call("test")["words"] == ["test", "--env", "prod", "--pass-with-no-tests"]
    assert [secrets_in(job, command) for command in job.commands] == [set(), set(), set(), {KEY}]
    assert {call["cwd"] for call in job.calls} == {os.path.realpath(job.workspace)}


@pytest.mark.parametrize("command", ["check", "plan"])
def test_the_job_says_what_fails_the_check(tmp_path: Path, command: str) -> None:
    job = github_job(tmp_path, command=command, fail_on="warning")
    job.script = {"codes": {"check": 1}}
    code, _ = job.run("github")
    assert (code, job.commands) == (1, ["fmt", "check"])
    assert job.call("check")["words"] == ["check", "--format", "github", "--fail-on", "warning"]


def test_no_command_can_change_later_steps(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.run("github")
    given = {name for call in job.calls for name in call["environ"]}
    assert not given & {"GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"}
    assert not [name for name in given if name.startswith(("FLOWDSL_ACTION_", "ACTIONS_"))]


def test_outputs_and_summary_of_a_plan(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
    job.run("github")
    found = outputs(job)
    assert (found["changes"], found["exit-code"]) == ("true", "0")
    assert Path(found["plan-file"]).read_text() == "{}"
    assert SUMMARY.strip() in Path(job.environ["GITHUB_STEP_SUMMARY"]).read_text()


def test_an_empty_plan_has_no_changes(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.script = {"codes": {}, "summary": EMPTY}
    assert job.run("github")[0] == 0
    assert outputs(job)["changes"] == "false"


@pytest.mark.parametrize("code", [3, 4, 5, 6, 7, 8, 9, 10, 11, 64, 70])
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_exit_codes_are_passed_through(tmp_path: Path, command: str, code: int) -> None:
    job = github_job(tmp_path, command=command)
    job.script = {"codes": {command: code}}
    ended, text = job.run("github")
    assert ended == code
    assert f"::error title=FlowDSL::exit code {code}: " in text
    assert "not an exit code" not in text
    assert outputs(job)["exit-code"] == str(code)
    assert outputs(job)["changes"] == ""


def test_a_wrong_layout_fails_and_still_shows_the_plan(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.script = {"codes": {"fmt": 1, "plan": 2}, "summary": SUMMARY}
    assert job.run("github")[0] == 1
    assert outputs(job)["changes"] == "true"


def test_a_test_that_fails_fails_the_job_and_still_shows_the_plan(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.script = {"codes": {"test": 1, "plan": 2}, "summary": SUMMARY}
    code, text = job.run("github")
    assert (code, outputs(job)["changes"]) == (1, "true")
    assert "a test of a flow failed" in text


def test_sources_with_errors_are_not_planned(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.script = {"codes": {"check": 1}}
    assert job.run("github")[0] == 1
    assert job.commands == ["fmt", "check"]
    assert outputs(job)["plan-file"] == ""


FORKS: list[Any] = [
    pytest.param("pull_request", pull_request(source=6), id="fork"),
    pytest.param("pull_request_target", pull_request(source=6), id="fork of pull_request_target"),
    pytest.param("pull_request", pull_request(source=None), id="deleted fork"),
    pytest.param("push", pull_request(source=6), id="a fork by another name"),
    pytest.param("workflow_run", {"repository": {"id": 5}}, id="workflow_run"),
    pytest.param("issue_comment", {"issue": {"pull_request": {}}}, id="issue_comment"),
    pytest.param("pull_request", [], id="no payload"),
]


@pytest.mark.parametrize(("event", "payload"), FORKS)
def test_what_is_not_ours_is_only_checked_and_never_meets_the_key(
    tmp_path: Path, event: str, payload: object
) -> None:
    job = github_job(tmp_path, event=event, payload=payload, git_credentials="true")
    code, text = job.run("github")
    assert code == 0
    assert job.commands == ["fmt", "check", "test"]
    assert [secrets_in(job, command) for command in job.commands] == [set(), set(), set()]
    assert "checked without a plan" in text


@pytest.mark.parametrize(("event", "payload"), FORKS)
def test_what_is_not_ours_is_not_deployed(tmp_path: Path, event: str, payload: object) -> None:
    job = github_job(tmp_path, event=event, payload=payload, command="deploy")
    code, text = job.run("github")
    assert code == 64
    assert job.calls == []
    assert "nothing is deployed" in text


def test_an_event_file_that_is_missing_is_not_trusted(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    Path(job.environ["GITHUB_EVENT_PATH"]).unlink()
    job.run("github")
    assert job.commands == ["fmt", "check", "test"]


def test_a_deploy_passes_on_what_was_chosen(tmp_path: Path) -> None:
    job = github_job(
        tmp_path,
        event="push",
        payload={"repository": {"id": 5}},
        command="deploy",
        on_drift="skip",
        timeout="30m",
        lock_timeout="10m",
        allow_older="true",
        plan_file="saved.json",
        result_file="result.json",
    )
    job.script = {"codes": {}, "result": {"results": [{"outcome": "performed"}]}}
    assert job.run("github")[0] == 0
    words = job.call("deploy")["words"]
    saved, result = str(job.workspace / "saved.json"), str(job.workspace / "result.json")
    assert words[:8] == ["deploy", "--env", "prod", "--yes", "--plan", saved, "--result", result]
    assert words[8:12] == ["--on-drift", "skip", "--timeout", "30m"]
    assert words[12:] == ["--lock-timeout", "10m", "--allow-older"]
    assert (outputs(job)["changes"], outputs(job)["result-file"]) == ("true", result)
    given = job.call("deploy")["environ"]
    assert given["GITHUB_STEP_SUMMARY"] == job.environ["GITHUB_STEP_SUMMARY"]
    assert secrets_in(job, "deploy") == {KEY}


def test_a_result_in_the_repository_is_not_taken_for_ours(tmp_path: Path) -> None:
    job = github_job(tmp_path, command="deploy", result_file="result.json")
    (job.workspace / "result.json").write_text('{"results": [{"outcome": "performed"}]}')
    job.script = {"codes": {"deploy": 11}}
    assert job.run("github")[0] == 11
    assert (outputs(job)["changes"], outputs(job)["result-file"]) == ("", "")


def test_output_of_a_plan_is_no_command_to_the_runner(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    job.script = {"codes": {}, "output": "::add-mask::a\n::error::forged"}
    _, text = job.run("github")
    words: list[str] = []
    heard: list[bool] = []
    stopped = ""
    for line in text.splitlines():
        if line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
            words.append(stopped)
        elif line == f"::{stopped}::":
            stopped = ""
        elif line == "::error::forged":
            heard.append(not stopped)
    # `check` writes annotations, and escapes what is not its own.
    assert dict(zip(job.commands, heard, strict=True)) == {
        "fmt": False,
        "check": True,
        "test": False,
        "plan": False,
    }
    assert len(set(words)) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", word) for word in words)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "--yes"),
        ("environment", "prod\nchanges=true"),
        ("environment", "$(id)"),
        ("on_drift", "overwrite --allow-older"),
        ("timeout", "-1m"),
        ("breaking", "no"),
        ("fail_on", "never"),
        ("comment", "yes"),
        ("version", "1.0 --pre"),
        ("version", "-r"),
        ("working_directory", "nowhere"),
        ("command", "destroy"),
    ],
)
def test_inputs_of_another_form_are_refused(tmp_path: Path, name: str, value: str) -> None:
    job = github_job(tmp_path, **{name: value})
    code, text = job.run("github")
    assert (code, job.calls) == (64, [])
    assert text.startswith("::error title=FlowDSL::")
    assert len(text.splitlines()) == 1


def test_files_of_the_repository_are_not_imported(tmp_path: Path) -> None:
    job = github_job(tmp_path)
    for name in ("json", "flowdsl_ci", "tomllib", "sitecustomize"):
        (job.workspace / f"{name}.py").write_text("raise SystemExit(99)\n")
    job.environ["PYTHONPATH"] = str(job.workspace)
    assert job.run("github", started=True)[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_job_that_is_cancelled_lets_the_deploy_stop_in_order(tmp_path: Path) -> None:
    job = github_job(tmp_path, command="deploy")
    job.script = {"codes": {}, "waits": "deploy"}
    with job.start("github") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == b"ready\n":
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read().decode()
        assert process.wait(timeout=60) == 143, rest
    assert rest.startswith("stopped in order\n")
    assert outputs(job)["exit-code"] == "143"
