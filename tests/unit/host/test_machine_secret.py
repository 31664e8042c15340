"""The secret by which the program knows its own files again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flowdsl.host.machine_secret import cache_folder, machine_secret


def test_it_is_made_once_and_for_its_user_alone(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    secret = machine_secret(str(tmp_path / "project"), environ)
    assert secret is not None and len(secret) == 32
    assert machine_secret(str(tmp_path / "other"), environ) == secret
    assert machine_secret(str(tmp_path), {"XDG_CACHE_HOME": str(tmp_path.parent)}) != secret
    if os.name == "posix":
        assert (tmp_path / "cache/flowdsl/index.key").stat().st_mode & 0o777 == 0o600


def test_it_lies_in_no_project_and_in_no_work_tree(tmp_path: Path) -> None:
    (tmp_path / "tree/.git").mkdir(parents=True)
    (tmp_path / "tree/project").mkdir()
    root = str(tmp_path / "tree/project")
    for folder in ("tree/project", "tree/project/a/b", "tree", "tree/cache"):
        assert machine_secret(root, {"XDG_CACHE_HOME": str(tmp_path / folder)}) is None
    (tmp_path / "link").symlink_to("tree/cache")
    assert machine_secret(root, {"XDG_CACHE_HOME": str(tmp_path / "link")}) is None
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".git", "link", "project", "tree"]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_what_cannot_be_used_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "cache/flowdsl").mkdir(parents=True)
    (tmp_path / "cache/flowdsl/index.key").symlink_to(tmp_path / "key")
    (tmp_path / "key").write_bytes(b"k" * 32)
    for folder in ("file", "cache"):
        made = machine_secret("/nowhere", {"XDG_CACHE_HOME": str(tmp_path / folder)})
        assert made != b"k" * 32
        if folder != "cache":
            assert made is None
    assert (tmp_path / "key").read_bytes() == b"k" * 32


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_where_the_cache_of_a_user_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/mara")
    assert cache_folder({}) == "/srv/mara/.cache/flowdsl"
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == "/srv/mara/.cache/flowdsl"
    assert cache_folder({"XDG_CACHE_HOME": "/var/cache/mara"}) == "/var/cache/mara/flowdsl"
    monkeypatch.setenv("HOME", "relative")
    assert cache_folder({}) is None
