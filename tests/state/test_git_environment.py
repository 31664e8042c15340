"""What git gets of our environment: what it needs to reach a server, and no key of others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flowdsl.host.git import checkout_at, git_environment
from flowdsl.state.stores.git import open_git
from flowdsl.state.stores.git_commands import Workshop, helper_variables
from tests.state.state_places import ENVIRONMENT, IDENTITY, PROJECT, git

KEYS = {
    name: f"canary-{number}"
    for number, name in enumerate(
        (
            "CYBERDESK_API_KEY",
            "DESK_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "AZURE_CLIENT_SECRET",
            "GITHUB_TOKEN",
            "CI_JOB_TOKEN",
            "SSH_PRIVATE_KEY",
            "FLOWDSL_NOTE_TOKEN",
            "password",
        )
    )
}
NEEDED = {
    "HOME": "/srv/mara",
    "SSH_AUTH_SOCK": "/run/agent",
    "GIT_SSH_COMMAND": "ssh -i deploy",
    "GIT_ASKPASS": "/opt/askpass",
    "https_proxy": "http://proxy.harbour.test",
    "NO_PROXY": "localhost",
    "SSL_CERT_FILE": "/etc/ours.pem",
    "XDG_CONFIG_HOME": "/srv/mara/.config",
    "LC_MESSAGES": "de_DE",
    "KRB5CCNAME": "/run/ticket",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/bus",
}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the spy is a script for a shell")


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the variables of each call of git, the real one behind a spy of its name."""
    real = os.environ.get("PATH", os.defpath)
    spy, log = tmp_path / "bin/git", tmp_path / "seen"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\nenv >> {log}\nPATH="{real}" exec git "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(spy.parent), prepend=os.pathsep)
    for name, value in {**KEYS, "KEPT_HERE": "yes"}.items():
        monkeypatch.setenv(name, value)
    return log


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, *IDENTITY, "commit", "--quiet", "--allow-empty", "--message=first")
    return folder


def test_no_key_reaches_git(work: Path, seen: Path, tmp_path: Path) -> None:
    checkout_at(str(work))
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    seen.write_text("")  # the calls of this test itself
    url = f"git+file://{tmp_path}/remote"
    store = open_git(url, root=work, project=PROJECT, environment=ENVIRONMENT)
    assert store.load() is None
    checkout_at(str(work))
    said = seen.read_text()
    assert said.count("GIT_OPTIONAL_LOCKS=0") >= 2 and said.count("GIT_TERMINAL_PROMPT=0") >= 3
    assert "canary" not in said and "KEPT_HERE" not in said


def test_what_git_needs_stays() -> None:
    found = git_environment({**NEEDED, **KEYS, "PATH": "/usr/bin"})
    assert found == {**NEEDED, "PATH": "/usr/bin"}


def test_a_person_may_name_more(seen: Path, work: Path) -> None:
    environ = {"FLOWDSL_GIT_ENV": "DESK_KEY, MISSING", **KEYS}
    assert git_environment(environ) == {"DESK_KEY": KEYS["DESK_KEY"]}


def test_a_credential_helper_has_the_variables_that_it_mentions(
    work: Path, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = '!f() { echo username=desk; echo "password=${GIT_HARBOUR:-}$HARBOUR_TOKEN"; }; f'
    git(work, "config", "credential.https://git.harbour.test.helper", helper)
    monkeypatch.setenv("HARBOUR_TOKEN", "s3cret")
    seen.unlink()  # the call of this test itself
    settings = {"credential.https://git.harbour.test.helper": [helper]}
    workshop = Workshop("https://git.harbour.test/x.git", settings, helper_variables(work))
    asked = b"protocol=https\nhost=git.harbour.test\n\n"
    answer = workshop.local("credential", "fill", stdin=asked)
    assert b"password=s3cret\n" in answer
    assert "canary" not in seen.read_text()


@pytest.mark.parametrize(
    ("helper", "name"),
    [
        ("!/usr/bin/gh auth git-credential", "GH_TOKEN"),
        ("!aws codecommit credential-helper $@", "AWS_SECRET_ACCESS_KEY"),
        ("!'/opt/glab' auth git-credential", "GITLAB_TOKEN"),
    ],
)
def test_known_helpers_have_their_token(
    work: Path, monkeypatch: pytest.MonkeyPatch, helper: str, name: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(work, "config", "credential.helper", helper)
    found = helper_variables(work)
    assert name in found and "CYBERDESK_API_KEY" not in found
    git(work, "config", "credential.helper", "store")
    assert helper_variables(work) == frozenset()


def test_a_command_for_ssh_has_the_variables_that_it_mentions(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{sys.executable} -i $DEPLOY_KEY_FILE")
    assert helper_variables(work) == {"DEPLOY_KEY_FILE"}
