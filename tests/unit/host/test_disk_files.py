"""Reading a project from a real disk: what is refused, and how."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.host.disk import SIZE_LIMIT, DiskFiles, Overlay, find_root
from flowdsl.source.files import UnreadableFile


def refused(files: DiskFiles | Overlay, path: str) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        files.read_text(path)
    return caught.value


def test_text_keeps_its_line_breaks_and_loses_its_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\x1a\n")
    assert DiskFiles(str(tmp_path)).read_text("a.flow") == "a\r\nb\rc\x1a\n"


def test_every_reason_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "folder.flow").mkdir()
    (tmp_path / "latin.flow").write_bytes(b"ok\n\xe9")
    (tmp_path / "big.flow").write_bytes(b"x" * (20 * 1024 * 1024))
    files = DiskFiles(str(tmp_path))
    assert refused(files, "none.flow").missing
    assert refused(files, "none/none.flow").missing
    assert refused(files, "latin.flow/x.flow").missing
    assert refused(files, "folder.flow").reason == "it is a folder"
    assert "UTF-8" in refused(files, "latin.flow").reason
    assert "line 2" in refused(files, "latin.flow").reason
    assert refused(files, "big.flow").reason == "it has 20.0 MB; the limit is 16 MB"
    assert refused(files, "a\0b.flow").reason == "it is not a valid path"
    assert refused(files, "x" * 300).reason == "file name too long"
    for path in ("../x.flow", "a/../../x.flow", "/etc/hostname", "a\\b.flow"):
        assert refused(files, path).reason == "it is outside the project"


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_bytes(b"x" * SIZE_LIMIT)
    (tmp_path / "b.flow").write_bytes(b"x" * (SIZE_LIMIT + 1))
    files = DiskFiles(str(tmp_path))
    assert len(files.read_bytes("a.flow")) == SIZE_LIMIT
    assert "16.0 MB" in refused(files, "b.flow").reason


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_permission(tmp_path: Path) -> None:
    (tmp_path / "a.flow").touch(mode=0)
    assert refused(DiskFiles(str(tmp_path)), "a.flow").reason == "permission is denied"


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert refused(DiskFiles(str(tmp_path)), ".").reason == "permission is denied"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.flow")
    assert refused(DiskFiles(str(tmp_path)), "a.flow").reason == "it is not a regular file"


def test_links_stay_inside(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "root-2"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (outside / "x.flow").write_text("secret")
    (root / "sub" / "real.flow").write_text("real")
    (root / "inside.flow").symlink_to("sub/real.flow")
    (root / "out.flow").symlink_to(outside / "x.flow")
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to("sub")
    (root / "loop.flow").symlink_to("loop.flow")
    (root / "twice.flow").symlink_to("out.flow")
    (tmp_path / "alias").symlink_to(root)
    for files in (DiskFiles(str(root)), DiskFiles(str(tmp_path / "alias"))):
        assert files.read_text("inside.flow") == "real"
        assert files.read_text("in/real.flow") == "real"
        for path in ("out.flow", "out/x.flow", "twice.flow"):
            assert refused(files, path).reason == "a symbolic link leads out of the project"
        assert "secret" not in str(refused(files, "loop.flow"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text())
def test_no_path_raises_anything_else_or_leaves_the_root(tmp_path: Path, path: str) -> None:
    root = tmp_path / "r"
    root.mkdir(exist_ok=True)
    with pytest.raises(UnreadableFile):
        DiskFiles(str(root)).read_text(path)


def test_siblings_are_the_files_beside(tmp_path: Path) -> None:
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    for name in ("b.flow", "a.flow", "deep/c.flow"):
        (tmp_path / "lib" / name).touch()
    (tmp_path / "top.flow").touch()
    files = DiskFiles(str(tmp_path))
    assert files.siblings("lib/x.flow") == ["lib/a.flow", "lib/b.flow"]
    assert files.siblings("x.flow") == ["top.flow"]
    assert files.siblings("none/x.flow") == []
    assert files.siblings("a\0/x.flow") == []


def test_an_overlay_replaces_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text("disk")
    (tmp_path / "b.flow").write_text("disk")
    disk = DiskFiles(str(tmp_path))
    files = Overlay(
        disk, {"a.flow": b"given", "bad.flow": b"\xff", "big.flow": b"x" * (SIZE_LIMIT + 1)}
    )
    assert (files.read_text("a.flow"), files.read_text("b.flow")) == ("given", "disk")
    assert files.siblings("a.flow") == ["a.flow", "b.flow"]
    assert "UTF-8" in refused(files, "bad.flow").reason
    assert "the limit is 16 MB" in refused(files, "big.flow").reason


def test_the_nearest_project_file_above_decides(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    assert find_root(str(deep)) is None
    (tmp_path / "flowdsl.toml").touch()
    assert find_root(str(deep)) == str(tmp_path.resolve())
    (tmp_path / "a" / "b" / "flowdsl.toml").mkdir()
    assert find_root(str(deep)) == str(tmp_path.resolve())
    (tmp_path / "a" / "flowdsl.toml").touch()
    assert find_root(str(deep)) == str((tmp_path / "a").resolve())
