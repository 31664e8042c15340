"""No write leaves its folder through a link, whoever puts one there, and whenever."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowdsl.host import folders, writing
from flowdsl.host.folders import LinkInTheWay, OpenFolder, read_file
from flowdsl.host.writing import (
    append_named,
    make_database,
    open_lock,
    reason_of,
    remove_files,
    write_files,
    write_named,
)
from tests.support.command_line import read_tree

pytestmark = pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder to write below, with another beside it."""
    (tmp_path / "root").mkdir()
    (tmp_path / "outside/deep").mkdir(parents=True)
    (tmp_path / "outside/deep/file").write_bytes(b"theirs")
    (tmp_path / "outside/file").write_bytes(b"theirs")
    return tmp_path / "root"


@pytest.fixture(params=[True, False], ids=["by-descriptor", "by-path"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to go below a folder; that of Windows has to refuse the same links."""
    monkeypatch.setattr(folders, "_BY_DESCRIPTOR", request.param)


def _lock(path: str, below: str) -> None:
    os.close(open_lock(path, below))


def _files(path: str, below: str) -> None:
    write_files({path: b"ours"}, below=below)


def _durable(path: str, below: str) -> None:
    write_files({path: b"ours"}, below=below, durable=False)


def _database(path: str, below: str) -> None:
    make_database(path, below)


def _remove(path: str, below: str) -> None:
    remove_files([path], below=below)


def _read(path: str, below: str) -> None:
    read_file(path, below=below, limit=10)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", [_files, _durable, _lock, _database, _remove, _read])
def test_no_link_below_the_folder_is_followed(
    tmp_path: Path, function: Callable[[str, str], None]
) -> None:
    (tmp_path / "outside/b").mkdir(parents=True)
    (tmp_path / "outside/b/file").write_bytes(b"theirs")
    (tmp_path / "outside/file").write_bytes(b"theirs")
    rows = itertools.product(
        ("a", "a/b", "a/b/file"),
        ("../outside", "{outside}", "{outside}/file", "{outside}/none", "inside", "a", "."),
    )
    for number, (link, to) in enumerate(rows):
        root = tmp_path / str(number)
        (root / "inside/b").mkdir(parents=True)
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).symlink_to(to.format(outside=tmp_path / "outside"))
        before = read_tree(tmp_path)
        with pytest.raises(LinkInTheWay) as refused:
            function(str(root / "a/b/file"), str(root))
        assert reason_of(refused.value).startswith(f"`{root / link}` is a symbolic link")
        assert read_tree(tmp_path) == before, (link, to)
        assert (root / link).is_symlink()


@pytest.mark.usefixtures("way")
def test_what_has_no_links_is_written(root: Path) -> None:
    path = str(root / "a/b/file")
    assert read_file(path, below=str(root), limit=10) is None
    write_files({path: b"ours"}, below=str(root))
    assert read_file(path, below=str(root), limit=10) == b"ours"
    assert read_file(path, below=str(root), limit=2) == b"our"
    os.close(open_lock(str(root / "lock"), str(root)))
    real, identity = make_database(str(root / "data"), str(root))
    found = os.lstat(real)
    assert identity == (found.st_dev, found.st_ino)
    remove_files([path, str(root / "none")], below=str(root))
    assert set(read_tree(root)) == {"lock", "data"}


def test_a_path_of_another_folder_is_refused(root: Path) -> None:
    for path in (root.parent / "outside/x", root / "../outside/x", root / "a/../../outside/x"):
        with pytest.raises(OSError):
            write_files({str(path): b"ours"}, below=str(root))
    assert set(os.listdir(root.parent / "outside")) == {"deep", "file"}


def test_the_innermost_folder_holds(root: Path) -> None:
    inner = root / "inner"
    inner.mkdir()
    (root / "link").symlink_to("inner")
    below = [str(root), str(root / "link"), str(root.parent / "outside")]
    write_files({str(root / "link/x"): b"1", str(root.parent / "outside/x"): b"2"}, below=below)
    assert (inner / "x").read_bytes() == b"1"
    assert (root.parent / "outside/x").read_bytes() == b"2"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("to", ["real", "{root}/real", "up/../real", "up/again"])
def test_what_was_read_through_a_link_inside_is_written_through_it(root: Path, to: str) -> None:
    (root / "up").mkdir()
    (root / "up/again").symlink_to("../real")
    (root / "real").write_bytes(b"old")
    (root / "link").symlink_to(to.format(root=root))
    link = str(root / "link")
    write_files({link: b"new"}, below=str(root), expected={link: b"old"})
    assert (root / "link").is_symlink()
    assert (root / "real").read_bytes() == b"new"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "to", ["../outside/file", "{outside}/file", ".git/config", "link", "none/x"]
)
def test_what_was_read_is_written_through_no_other_link(root: Path, to: str) -> None:
    (root / ".git").mkdir()
    (root / ".git/config").write_bytes(b"theirs")
    (root / "link").symlink_to(to.format(outside=root.parent / "outside"))
    before = {path: content for path, content in read_tree(root.parent).items() if content}
    link = str(root / "link")
    with pytest.raises((OSError, writing.ChangedFile)):
        write_files({link: b"ours"}, below=str(root), expected={link: b"theirs"})
    after = {path: content for path, content in read_tree(root.parent).items() if content}
    assert after == before


def _swaps(root: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> Iterator[None]:
    """Put a link to the outside in the place of the folder `a`, just before a call."""
    real = getattr(OpenFolder, function)

    def call(*arguments: object) -> object:
        if not (root / "a").is_symlink():
            (root / "a").rename(root / "moved")
            (root / "a").symlink_to(root.parent / "outside")
        return real(*arguments)

    monkeypatch.setattr(OpenFolder, function, call)
    yield
    monkeypatch.undo()


@pytest.mark.skipif(not folders._BY_DESCRIPTOR, reason="only opened folders cannot be replaced")
@pytest.mark.parametrize("function", ["create", "replace", "sync", "open", "remove"])
def test_a_folder_that_becomes_a_link_meanwhile_makes_no_difference(
    root: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    (root / "a/deep").mkdir(parents=True)
    (root / "a/deep/file").write_bytes(b"old")
    outside = read_tree(root.parent / "outside")
    path = str(root / "a/deep/file")
    swapping = _swaps(root, monkeypatch, function)
    next(swapping)
    if function == "remove":
        remove_files([path], below=str(root))
    elif function == "open":
        os.close(open_lock(path, str(root)))
    else:
        write_files({path: b"new"}, below=str(root))
    assert (root / "a").is_symlink(), "the folder was replaced while the write was under way"
    assert read_tree(root.parent / "outside") == outside
    expected = {"remove": None, "open": b"old"}.get(function, b"new")
    assert read_tree(root / "moved").get("deep/file") == expected
    next(swapping, None)


def test_more_folders_than_may_be_open(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_AT_ONCE", 3)
    contents = {f"{number}/{number}/x": b"%d" % number for number in range(20)}
    write_files({str(root / path): each for path, each in contents.items()}, below=str(root))
    assert read_tree(root) == contents
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    write_files({str(root / path): each for path, each in contents.items()}, below=str(root))
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", [write_named, append_named])
def test_links_to_a_folder_that_somebody_names_are_theirs(
    root: Path, function: Callable[[str, bytes], None]
) -> None:
    (root / "link").symlink_to("../outside/deep")
    function(str(root / "link/new"), b"ours")
    assert (root.parent / "outside/deep/new").read_bytes() == b"ours"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", [write_named, append_named])
@pytest.mark.parametrize("to", ["../outside/file", "{outside}/file", "../outside/none"])
def test_a_named_file_that_leads_out_of_its_folder_is_refused(
    root: Path, function: Callable[[str, bytes], None], to: str
) -> None:
    (root / "report.xml").symlink_to(to.format(outside=root.parent / "outside"))
    before = read_tree(root.parent)
    with pytest.raises(LinkInTheWay, match="name the file that it leads to"):
        function(str(root / "report.xml"), b"ours")
    assert read_tree(root.parent) == before


def test_a_named_folder_is_no_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    for path in (".", "..", "/", str(root), "./"):
        with pytest.raises(IsADirectoryError):
            write_named(path, b"ours")
    assert read_tree(root) == {}


def test_text_is_added_to_the_end(root: Path) -> None:
    append_named(str(root / "summary"), b"one\n")
    append_named(str(root / "summary"), b"two\n")
    assert (root / "summary").read_bytes() == b"one\ntwo\n"


# What killed writers left

KILLED = """
import os, signal, sys
from flowdsl.host import writing
os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
root = sys.argv[1]
writing.write_files({root + "/a/new": b"half", root + "/a/old": b"half"}, below=root)
"""

linux = pytest.mark.skipif(
    writing._identify_machine() == "0" * 8, reason="only Linux names its machine"
)


@linux
def test_what_a_killed_writer_left_is_cleared_by_the_next(root: Path) -> None:
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, str(root)])
        assert done.returncode == -signal.SIGKILL
    assert len(read_tree(root)) == 4
    write_files({str(root / "a/other"): b"whole"}, below=str(root))
    assert read_tree(root) == {"a/other": b"whole"}


@linux
def test_only_what_is_surely_abandoned_is_cleared(root: Path) -> None:
    machine, other, dead = (
        writing._identify_machine(),
        "0123abcd",
        2**22 + 1,
    )  # more than Linux gives
    kept = {
        f".flowdsl-{machine}-{os.getpid()}-00000000.tmp": 0,  # we live
        f".flowdsl-{other}-{dead}-00000000.tmp": 3600,  # perhaps it lives elsewhere
        f".flowdsl-00000000-{dead}-00000000.tmp": 3600,
        "x.0123abcd.tmp": 10**7,  # not ours
        f".flowdsl-{machine}-{dead}-00000000.tmp.txt": 10**7,
        f"flowdsl-{machine}-{dead}-00000000.tmp": 10**7,
    }
    cleared = {
        f".flowdsl-{machine}-{dead}-00000001.tmp": 0,
        f".flowdsl-{other}-{dead}-00000001.tmp": 25 * 3600,
        f".flowdsl-00000000-{os.getpid()}-00000001.tmp": 25 * 3600,
    }
    (root / f".flowdsl-{machine}-{dead}-00000002.tmp").mkdir()
    (root / f".flowdsl-{machine}-{dead}-00000003.tmp").symlink_to("x")
    write_files({str(root / "now"): b""}, below=str(root))
    now = (root / "now").stat().st_mtime
    for name, age in {**kept, **cleared}.items():
        (root / name).write_bytes(b"")
        os.utime(root / name, (now - age, now - age))
    write_files({str(root / "now"): b"ours"}, below=str(root))
    numbers = {f".flowdsl-{machine}-{dead}-0000000{number}.tmp" for number in (2, 3)}
    assert set(os.listdir(root)) == {"now", *kept, *numbers}
