"""Files of an earlier commit, and what git tells of the present one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from flowdsl.host.git import NoCheckout, checkout_at, file_at

CONTENT = b"\xef\xbb\xbfa\r\nb\xff\n"


@pytest.fixture
def commit(tmp_path: Path) -> str:
    """A commit with a project in a folder of its own; the file has another content by now."""

    def git(*words: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@acme.test", "-c", "core.autocrlf=false"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    (tmp_path / "care/flows").mkdir(parents=True)
    (tmp_path / "care/flows/a b.flow").write_bytes(CONTENT)
    (tmp_path / "key.txt").write_bytes(b"outside")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    (tmp_path / "care/flows/a b.flow").write_bytes(b"another")
    return git("rev-parse", "HEAD")


def test_the_bytes_of_then_come_back_as_they_were(tmp_path: Path, commit: str) -> None:
    root = str(tmp_path / "care")
    assert file_at(root, commit, "flows/a b.flow", limit=100) == CONTENT
    assert file_at(root, commit, "flows/a b.flow", limit=3) is None
    assert file_at(root, commit, "flows/none.flow", limit=100) is None
    assert file_at(root, commit, "flows", limit=100) is None


@pytest.mark.parametrize("path", ["../key.txt", "flows/../../key.txt", "flows/a\0b"])
def test_a_path_out_of_the_project_is_no_file(tmp_path: Path, commit: str, path: str) -> None:
    assert file_at(str(tmp_path / "care"), commit, path, limit=100) is None


@pytest.mark.parametrize("name", ["HEAD", "--help", "0" * 40, ""])
def test_what_is_no_commit_has_no_files(tmp_path: Path, commit: str, name: str) -> None:
    assert file_at(str(tmp_path / "care"), name, "flows/a b.flow", limit=100) is None


@pytest.mark.parametrize("moment", ["@253402300800 +0000", "@1 +9900"])
def test_a_commit_of_no_date_is_no_error_of_python(
    tmp_path: Path, commit: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", moment)
    who = ["-c", "user.name=A", "-c", "user.email=a@acme.test"]
    words = ["git", "-C", str(tmp_path), *who, "commit", "-q", "--allow-empty", "-m", "two"]
    if subprocess.run(words, capture_output=True).returncode != 0:
        pytest.skip("this git makes no such commit")
    with pytest.raises(NoCheckout, match=r"^the time of commit [0-9a-f]{12} is none: "):
        checkout_at(str(tmp_path / "care"))


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_git_that_may_not_be_run_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCheckout, match="git cannot be run: permission denied"):
        checkout_at(str(tmp_path))
