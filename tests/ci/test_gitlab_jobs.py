"""The jobs of the GitLab template: what they call, with what, and how they end."""

from __future__ import annotations

import stat
from pathlib import Path
from shlex import quote

import pytest

from tests.support.services.fake_forge import gitlab, serving
from tests.support.services.pipeline import KEY, PROJECT, SUMMARY, TOKEN, Job, gitlab_job

BOT = {"id": 77, "username": "project_42_bot"}


def secrets_in(job: Job, command: str) -> set[str]:
    values = " ".join(job.call(command)["environ"].values())
    return {secret for secret in (KEY, TOKEN) if secret in values}


def test_a_plan_checks_first_and_leaves_its_artifacts(tmp_path: Path) -> None:
    job = gitlab_job(tmp_path, FLOWDSL_CI_BREAKING="error", FLOWDSL_NOTE_TOKEN="")
    job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
    code, text = job.run("gitlab", "plan", started=True)
    assert code == 0
    assert job.commands == ["fmt", "check", "test", "plan"]
    words = job.call("plan")["words"]
    assert words[:4] == ["plan", "--env", "prod", "--detailed-exitcode"]
    assert words[-2:] == ["--breaking", "error"]
    assert [secrets_in(job, command) for command in job.commands] == [set(), set(), set(), {KEY}]
    assert (job.workspace / "flowdsl-plan.md").read_text() == SUMMARY
    assert (job.workspace / "flowdsl-plan.json").read_text() == "{}"
    assert (job.workspace / "flowdsl-tests.xml").read_text() == "<testsuites/>"
    assert "no note is written" in text


@pytest.mark.parametrize("command", ["check", "plan"])
def test_the_job_says_what_fails_the_check(tmp_path: Path, command: str) -> None:
    job = gitlab_job(tmp_path, FLOWDSL_CI_FAIL_ON="info")
    job.script = {"codes": {"check": 1}}
    code, _ = job.run("gitlab", command)
    assert (code, job.commands) == (1, ["fmt", "check"])
    assert job.call("check")["words"] == ["check", "--format", "text", "--fail-on", "info"]


def test_the_work_tree_is_unchanged_while_planning(tmp_path: Path) -> None:
    job = gitlab_job(tmp_path)
    job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
    job.run("gitlab", "plan")
    words = job.call("plan")["words"]
    written = [words[words.index(option) + 1] for option in ("-o", "--summary-md")]
    written += job.call("test")["words"][-1:]
    assert not [path for path in written if path.startswith(str(job.workspace))]


def test_an_artifact_is_not_written_through_a_link(tmp_path: Path) -> None:
    job = gitlab_job(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (job.workspace / "flowdsl-plan.md").symlink_to(victim)
    job.script = {"codes": {"plan": 2}, "summary": SUMMARY}
    job.run("gitlab", "plan")
    assert victim.read_text() == "kept"
    assert (job.workspace / "flowdsl-plan.md").read_text() == SUMMARY


@pytest.mark.parametrize("code", [3, 4, 5, 6, 7, 8, 9, 10, 11])
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_exit_codes_are_passed_through(tmp_path: Path, command: str, code: int) -> None:
    job = gitlab_job(tmp_path, source="push")
    job.script = {"codes": {command: code}}
    ended, text = job.run("gitlab", command)
    assert ended == code
    assert f"exit code {code}: " in text


FOREIGN = [
    pytest.param({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43"}, id="run in the parent"),
    pytest.param({"CI_PROJECT_ID": "43"}, id="run in the fork"),
    pytest.param(
        {"CI_PROJECT_ID": "43", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43"}, id="all of the fork"
    ),
    pytest.param({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": ""}, id="a deleted fork"),
    pytest.param(
        {"CI_PIPELINE_SOURCE": "parent_pipeline", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43"},
        id="a child pipeline",
    ),
    pytest.param({"CI_PIPELINE_SOURCE": "push", "CI_PROJECT_ID": "43"}, id="by another name"),
    pytest.param({"CI_PIPELINE_SOURCE": "external_pull_request_event"}, id="another forge"),
]


@pytest.mark.parametrize("environ", FOREIGN)
def test_what_is_not_ours_is_only_checked_and_never_meets_the_key(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    with serving(gitlab(BOT)) as forge:
        job = gitlab_job(tmp_path, api=forge.url, **environ)
        code, text = job.run("gitlab", "plan")
        assert forge.requests == []
    assert code == 0
    assert job.commands == ["fmt", "check", "test"]
    assert [secrets_in(job, command) for command in job.commands] == [set(), set(), set()]
    assert "checked without a plan" in text


@pytest.mark.parametrize("environ", FOREIGN)
def test_what_is_not_ours_is_not_deployed(tmp_path: Path, environ: dict[str, str]) -> None:
    job = gitlab_job(tmp_path, **environ)
    assert job.run("gitlab", "deploy")[0] == 64
    assert job.calls == []


def test_a_deploy_leaves_its_result(tmp_path: Path) -> None:
    job = gitlab_job(tmp_path, source="push", FLOWDSL_CI_ON_DRIFT="fail", FLOWDSL_CI_TIMEOUT="30m")
    job.script = {"codes": {"deploy": 7}, "result": {"results": []}}
    assert job.run("gitlab", "deploy")[0] == 7
    words = job.call("deploy")["words"]
    assert words[:4] == ["deploy", "--env", "prod", "--yes"]
    assert words[-4:] == ["--on-drift", "fail", "--timeout", "30m"]
    assert (job.workspace / "flowdsl-result.json").read_text() == '{"results": []}'


def test_the_identity_token_travels_in_a_private_file_that_is_gone_afterwards(
    tmp_path: Path,
) -> None:
    role = "arn:aws:iam::111122223333:role/flowdsl-deploy"
    job = gitlab_job(
        tmp_path,
        source="push",
        FLOWDSL_CI_AWS_ROLE=role,
        FLOWDSL_CI_AWS_REGION="eu-central-1",
        FLOWDSL_ID_TOKEN=TOKEN,
    )
    keeper = tmp_path / "keeper"
    fake = tmp_path / "bin" / "flowdsl"
    keeps = f'\ncp -p "$AWS_WEB_IDENTITY_TOKEN_FILE" {quote(str(keeper))}\n'
    fake.write_text(fake.read_text().replace("\n", keeps, 1))
    assert job.run("gitlab", "deploy")[0] == 0
    given = job.call("deploy")["environ"]
    assert (given["AWS_ROLE_ARN"], given["AWS_REGION"]) == (role, "eu-central-1")
    assert "FLOWDSL_ID_TOKEN" not in given
    assert keeper.read_text() == TOKEN and stat.S_IMODE(keeper.stat().st_mode) == 0o600
    assert not Path(given["AWS_WEB_IDENTITY_TOKEN_FILE"]).exists()
    assert not list((tmp_path / "temp").iterdir())


def test_a_role_without_an_identity_token_is_told(tmp_path: Path) -> None:
    job = gitlab_job(tmp_path, source="push", FLOWDSL_CI_AWS_ROLE="arn:aws:iam::1:role/x")
    code, text = job.run("gitlab", "deploy")
    assert (code, job.calls) == (64, [])
    assert "FLOWDSL_ID_TOKEN" in text


def test_the_project_may_be_in_a_folder(tmp_path: Path) -> None:
    job = gitlab_job(tmp_path, source="push", FLOWDSL_CI_WORKING_DIRECTORY="claims")
    (job.workspace / "claims").mkdir()
    (job.workspace / "claims" / "flowdsl.toml").write_text(PROJECT)
    assert job.run("gitlab", "deploy")[0] == 0
    assert job.call("deploy")["cwd"] == str((job.workspace / "claims").resolve())


@pytest.mark.parametrize("words", [(), ("gitlab",), ("gitlab", "destroy"), ("gitlab", "plan", "x")])
def test_other_commands_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    job = gitlab_job(tmp_path)
    assert job.run(*words)[0] == 64
    assert job.calls == []
