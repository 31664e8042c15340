"""A write is complete or has not happened, whatever fails on the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flowdsl.host.writing import write_files

OLD = {"a": b"old a", "b": b"old b", "c": b"old c"}
NEW = {"a": b"new a", "b": b"new b", "c": b"new c"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def at(folder: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    return {str(folder / name): content for name, content in files.items()}


@pytest.mark.parametrize("durable", [True, False])
def test_files_and_folders_are_made(tmp_path: Path, durable: bool) -> None:
    write_files({str(tmp_path / "x" / "y" / "a"): b"1"}, durable=durable)
    assert (tmp_path / "x" / "y" / "a").read_bytes() == b"1"
    assert contents(tmp_path / "x" / "y") == {"a": b"1"}


class Broken(OSError):
    pass


@pytest.mark.parametrize("call", ["open", "fsync", "chmod"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_failure_before_the_first_rename_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    write_files(at(tmp_path, OLD))
    real, count = getattr(os, call), 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count == nth:
            raise Broken
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(Broken):
        write_files(at(tmp_path, NEW))
    monkeypatch.undo()
    assert contents(tmp_path) == OLD


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_failed_rename_leaves_whole_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    write_files(at(tmp_path, OLD))
    real, count = os.replace, 0

    def failing(source: str, target: str) -> None:
        nonlocal count
        count += 1
        if count == nth:
            raise Broken
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(Broken):
        write_files(at(tmp_path, NEW))
    after = contents(tmp_path)
    assert set(after) == {"a", "b", "c"}
    assert all(after[name] in (OLD[name], NEW[name]) for name in after)


def test_a_folder_in_the_way_changes_nothing(tmp_path: Path) -> None:
    write_files(at(tmp_path, OLD))
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_files(at(tmp_path, NEW | {"folder": b"x"}))
    assert (tmp_path / "a").read_bytes() == b"old a"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_files({str(tmp_path / "link"): b"new"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_files({str(tmp_path / "ours"): b""})
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode
