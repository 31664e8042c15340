"""A repository of somebody else names programs for git; no call of ours starts one."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from flowdsl.host.git import NoCheckout, checkout_at, file_at

CLEAN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=Ada", "-c", "user.email=ada@desk.test"]
    done = subprocess.run(
        ["git", "-C", folder, *name, *words],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **CLEAN},
    )
    return done.stdout.strip()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.flow").write_text("flow 1\n")
    (folder / ".gitattributes").write_text("*.flow filter=canary diff=canary\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def ask_everything(folder: Path) -> None:
    """Every question that FlowDSL asks of a checkout."""
    try:
        checkout = checkout_at(str(folder))
    except NoCheckout:
        return
    checkout.find_untracked({"a.flow", "b.flow"})
    checkout.relation("0" * 40)
    checkout.relation(git(folder, "rev-parse", "HEAD"))
    file_at(str(folder), checkout.commit, "a.flow", limit=1000)


@pytest.mark.parametrize(
    "name",
    [
        "core.fsmonitor",
        "core.pager",
        "core.askPass",
        "core.sshCommand",
        "core.gitProxy",
        "credential.helper",
        "diff.external",
        "diff.canary.textconv",
        "diff.canary.command",
        "filter.canary.clean",
        "filter.canary.smudge",
        "filter.canary.process",
        "gpg.program",
    ],
)
def test_no_setting_of_a_repository_starts_a_program(
    desk: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(canary))}\ncat\n")
    program.chmod(0o755)
    for key, value in {"log.showSignature": "true", name: str(program)}.items():
        git(desk, "config", key, value)
    if name.startswith("filter."):
        git(desk, "config", "filter.canary.required", "true")
    for key, value in CLEAN.items():
        monkeypatch.setenv(key, value)
    os.utime(desk / "a.flow", (1, 1))  # Git has to look at the file to know that it is the same.
    ask_everything(desk)
    assert not canary.exists()


def test_no_hook_of_a_repository_runs(desk: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hook = desk / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(canary))}\n")
    hook.chmod(0o755)
    os.utime(desk / "a.flow", (1, 1))
    ask_everything(desk)
    assert not canary.exists()


def test_a_bare_repository_that_a_clone_brought_is_none(desk: Path, tmp_path: Path) -> None:
    inner = desk / "flows"
    git(desk, "clone", "-q", "--bare", str(desk), str(inner))
    with pytest.raises(NoCheckout, match="bare repository"):
        checkout_at(str(inner))


def test_a_submodule_is_not_asked(desk: Path, tmp_path: Path) -> None:
    """Git would ask it in a process without our settings."""
    canary = tmp_path / "canary"
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(desk), str(other))
    git(desk, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(desk, "commit", "-q", "-m", "second")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(canary))}\ncat\n")
    program.chmod(0o755)
    git(desk / "sub", "config", "core.fsmonitor", str(program))
    ask_everything(desk)
    assert not canary.exists()


def test_a_change_is_seen_without_the_filter(desk: Path) -> None:
    git(desk, "config", "filter.canary.clean", "false")
    git(desk, "config", "filter.canary.required", "true")
    assert not checkout_at(str(desk)).dirty
    (desk / "a.flow").write_text("flow 1\n# more\n")
    assert checkout_at(str(desk)).dirty
