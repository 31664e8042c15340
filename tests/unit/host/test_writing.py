"""A write is complete or has not happened, whatever fails on the way."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from flowdsl.host.writing import write_files, write_named

OLD = {"a": b"old a", "b": b"old b", "c": b"old c"}
NEW = {"a": b"new a", "b": b"new b", "c": b"new c"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def at(folder: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    return {str(folder / name): content for name, content in files.items()}


@pytest.mark.parametrize("durable", [True, False])
def test_files_and_folders_are_made(tmp_path: Path, durable: bool) -> None:
    write_files({str(tmp_path / "x" / "y" / "a"): b"1"}, below=str(tmp_path), durable=durable)
    assert (tmp_path / "x" / "y" / "a").read_bytes() == b"1"
    assert contents(tmp_path / "x" / "y") == {"a": b"1"}


class Broken(OSError):
    pass


@pytest.mark.parametrize("call", ["open", "fsync", "chmod"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_failure_before_the_first_rename_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    write_files(at(tmp_path, OLD), below=str(tmp_path))
    real, count = getattr(os, call), 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count == nth:
            raise Broken
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(Broken):
        write_files(at(tmp_path, NEW), below=str(tmp_path))
    monkeypatch.undo()
    assert contents(tmp_path) == OLD


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_failed_rename_leaves_whole_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    write_files(at(tmp_path, OLD), below=str(tmp_path))
    real, count = os.replace, 0

    def failing(source: str, target: str, **folders: int) -> None:
        nonlocal count
        count += 1
        if count == nth:
            raise Broken
        real(source, target, **folders)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(Broken):
        write_files(at(tmp_path, NEW), below=str(tmp_path))
    after = contents(tmp_path)
    assert set(after) == {"a", "b", "c"}
    assert all(after[name] in (OLD[name], NEW[name]) for name in after)


def test_a_folder_in_the_way_changes_nothing(tmp_path: Path) -> None:
    write_files(at(tmp_path, OLD), below=str(tmp_path))
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_files(at(tmp_path, NEW | {"folder": b"x"}), below=str(tmp_path))
    assert (tmp_path / "a").read_bytes() == b"old a"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_named(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_files({str(tmp_path / "ours"): b""}, below=str(tmp_path))
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
descriptors = pytest.mark.skipif(
    not os.path.islink("/proc/self/fd/0"), reason="open files that have paths"
)


@pipes
@pytest.mark.parametrize("name", ["pipe", "link"])
def test_a_pipe_is_written_into_and_stays(tmp_path: Path, name: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to("pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_named(str(tmp_path / name), b"new")
        assert os.read(reader, 100) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "link"}


@pipes
def test_a_pipe_that_nobody_named_gets_nothing_and_changes_nothing(tmp_path: Path) -> None:
    write_files(at(tmp_path, OLD), below=str(tmp_path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(OSError, match="no regular file"):
            write_files(at(tmp_path, NEW | {"pipe": b"x"}), below=str(tmp_path))
        assert os.read(reader, 100) == b""
    finally:
        os.close(reader)
    pipe.unlink()
    assert contents(tmp_path) == OLD


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="sockets with paths")
def test_what_cannot_be_written_into_stays_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(at(tmp_path, OLD), below=str(tmp_path))
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as here:
        here.bind("socket")
        with pytest.raises(OSError):
            write_files(at(tmp_path, NEW | {"socket": b"x"}), below=str(tmp_path))
        with pytest.raises(OSError):
            write_named("socket", b"x")
        assert stat.S_ISSOCK(os.lstat("socket").st_mode)
    os.unlink("socket")
    assert contents(tmp_path) == OLD


@descriptors
@pytest.mark.parametrize("path", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_an_open_file_is_written_to_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryFile(buffering=0) as file:
        os.symlink(f"/dev/fd/{file.fileno()}", "link")
        file.write(b"before ")
        write_named(path.format(file.fileno()), b"new ")
        file.write(b"after")
        file.seek(0)
        assert file.read() == b"before new after"
    assert os.listdir() == ["link"]


@descriptors
def test_an_open_pipe_is_written_to(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    try:
        write_named(f"/dev/fd/{writer}", b"new")
        assert os.read(reader, 100) == b"new"
        with pytest.raises(OSError):
            write_named(f"/dev/fd/{reader}", b"new")
    finally:
        os.close(reader)
        os.close(writer)
