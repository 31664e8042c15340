"""The history that the rule about older commits needs, with real git."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flowdsl_ci.history import complete, has_header, with_credentials

from tests.support.effort import only_thorough
from tests.support.services.pipeline import KEY, TOKEN, Job, github_job

SERVER = "https://forge.test"


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": "a@acme.test"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }


def git(folder: Path, *words: str, home: Path | None = None) -> str:
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env=environment(home or folder),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for number in range(3):
        git(folder, "commit", "--quiet", "--allow-empty", "-m", str(number))
    return folder


def shallow(origin: Path, target: Path) -> Path:
    git(origin, "clone", "--quiet", "--depth", "1", origin.as_uri(), str(target))
    return target


def job_in_a_shallow_clone(origin: Path, tmp_path: Path, **how: Any) -> Job:
    """A job of GitHub whose checkout has one commit of the history."""
    folder = tmp_path / "job"
    folder.mkdir()
    job = github_job(folder, **how)
    (job.workspace / "flowdsl.toml").unlink()
    shallow(origin, job.workspace)
    return job


def test_a_shallow_clone_gets_its_history(origin: Path, tmp_path: Path) -> None:
    clone = shallow(origin, tmp_path / "clone")
    assert git(clone, "rev-list", "--count", "HEAD") == "1"
    assert complete(clone, environment(tmp_path))
    assert git(clone, "rev-list", "--count", "HEAD") == "3"
    assert complete(clone, environment(tmp_path))


def test_a_history_that_cannot_be_fetched_is_told(origin: Path, tmp_path: Path) -> None:
    clone = shallow(origin, tmp_path / "clone")
    origin.rename(tmp_path / "gone")
    assert not complete(clone, environment(tmp_path))


def test_outside_of_git_there_is_nothing_to_fetch(tmp_path: Path) -> None:
    assert complete(
        tmp_path, environment(tmp_path) | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    )
    assert complete(tmp_path, {"PATH": ""})


def test_the_action_completes_the_history_before_it_plans(origin: Path, tmp_path: Path) -> None:
    job = job_in_a_shallow_clone(origin, tmp_path)
    assert job.run("github")[0] == 0
    assert git(job.workspace, "rev-list", "--count", "HEAD") == "3"


def test_a_pull_request_from_a_fork_fetches_nothing(origin: Path, tmp_path: Path) -> None:
    job = job_in_a_shallow_clone(origin, tmp_path, event="workflow_run")
    job.run("github")
    assert git(job.workspace, "rev-list", "--count", "HEAD") == "1"


def test_git_has_the_token_for_its_server_alone(origin: Path, tmp_path: Path) -> None:
    lent = with_credentials(environment(tmp_path), SERVER, TOKEN)
    assert has_header(origin, lent, f"{SERVER}/acme/desktops")
    assert not has_header(origin, lent, "https://forge.test.evil.test/acme/desktops")
    assert not has_header(origin, lent, "http://forge.test/acme/desktops")
    basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert [value for value in lent.values() if basic in value] == [f"AUTHORIZATION: basic {basic}"]


def test_settings_of_git_that_are_there_are_kept(origin: Path, tmp_path: Path) -> None:
    given = environment(tmp_path) | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Kim",
    }
    lent = with_credentials(given, SERVER, TOKEN)
    assert has_header(origin, lent, SERVER)
    shown = subprocess.run(
        ["git", "config", "user.name"],
        cwd=origin,
        env=lent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "Kim\n"


@pytest.mark.parametrize("wish", ["true", "false"])
def test_the_token_is_lent_where_that_is_wished(origin: Path, tmp_path: Path, wish: str) -> None:
    job = job_in_a_shallow_clone(origin, tmp_path, git_credentials=wish)
    job.run("github")
    names = [
        {name for name in job.call(command)["environ"] if name.startswith("GIT_CONFIG_")}
        for command in ("fmt", "check", "plan")
    ]
    assert [bool(found) for found in names] == [False, False, wish == "true"]
    assert TOKEN not in str(job.call("plan")["environ"])


def test_a_header_that_checkout_left_is_not_doubled(origin: Path, tmp_path: Path) -> None:
    job = job_in_a_shallow_clone(origin, tmp_path, git_credentials="true")
    git(job.workspace, "config", f"http.{SERVER}/.extraheader", "AUTHORIZATION: basic kept")
    job.run("github")
    assert not [name for name in job.call("plan")["environ"] if name.startswith("GIT_CONFIG_")]


@only_thorough
def test_the_installation_imports_nothing_of_the_repository_and_has_no_key(tmp_path: Path) -> None:
    job = github_job(tmp_path, version="9999.1 sha256:" + "5f" * 32, command="check")
    trap = tmp_path / "trap"
    for name in ("pip", "venv", "ensurepip"):
        package = job.workspace / name
        package.mkdir()
        (package / "__init__.py").write_text(f"open({str(trap)!r}, 'w')\n")
    # What pip would fetch with tells what its environment holds.
    job.environ |= {"PIP_NO_INDEX": "1", "PIP_LOG": str(tmp_path / "pip.log")}
    code, text = job.run("github")
    assert (code, job.calls) == (1, [])
    assert "FlowDSL cannot be installed" in text
    assert not trap.exists()
    assert KEY not in (tmp_path / "pip.log").read_text()
