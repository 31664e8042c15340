"""Libraries on a real disk: which folders may be one, and which of their files are read."""

from __future__ import annotations

import os
import subprocess
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.config.project import LibraryFolder
from flowdsl.host.disk import SIZE_LIMIT, DiskFiles
from flowdsl.host.libraries import open_libraries
from flowdsl.source.files import UnknownLibrary, UnreadableFile
from flowdsl.source.text import SourceFile, Span

SECRET = "outside"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with the project `desk`, the folder `shared/epic`, and a secret beside it all."""
    top = tmp_path / "repository"
    for folder in (".git/hooks", "desk/flows", "shared/epic/deep", "shared/other"):
        (top / folder).mkdir(parents=True)
    (top / "shared/epic/login.flow").write_text("login")
    (top / "shared/epic/deep/menu.flow").write_text("menu")
    (top / "shared/other/x.flow").write_text("other")
    (tmp_path / "secret.flow").write_text(SECRET)
    (tmp_path / "away").mkdir()
    (tmp_path / "away/login.flow").write_text(SECRET)
    return top


def declared(**paths: str) -> list[LibraryFolder]:
    nowhere = Span(SourceFile("flowdsl.toml", ""), 0, 0)
    return [LibraryFolder(name, path, lambda: nowhere) for name, path in paths.items()]


def problem(tree: Path, project: str = "desk", **paths: str) -> str:
    """Why the last of the folders is no library; the others are."""
    root = os.path.realpath(tree / project)
    libraries, problems = open_libraries(root, declared(**paths))
    ((wrong, reason),) = problems
    assert wrong.name == list(paths)[-1]
    assert wrong.name not in libraries
    return reason


def opened(tree: Path, **paths: str) -> DiskFiles:
    root = os.path.realpath(tree / "desk")
    libraries, problems = open_libraries(root, declared(**(paths or {"epic": "../shared/epic"})))
    assert problems == []
    return DiskFiles(root, libraries)


def refused(files: DiskFiles, path: str) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        files.read_text(path)
    assert SECRET not in str(caught.value)
    return caught.value


def test_files_of_a_library_are_read_by_its_name(tree: Path) -> None:
    files = opened(tree, epic="../shared/epic", other="../shared/other/")
    assert files.read_text("@epic//login.flow") == "login"
    assert files.read_text("@epic//deep/menu.flow") == "menu"
    assert files.read_text("@other//x.flow") == "other"
    assert files.siblings("@epic//lgin.flow") == ["@epic//login.flow"]
    assert files.siblings("@epic//deep/x") == ["@epic//deep/menu.flow"]
    assert files.siblings("@epic//none/x") == files.siblings("@none//x") == []


def test_a_folder_of_the_project_is_no_library(tree: Path) -> None:
    (tree / "desk/@epic").mkdir()
    (tree / "desk/@epic/login.flow").write_text("own")
    assert opened(tree).read_text("@epic/login.flow") == "own"
    assert opened(tree).read_text("@epic//login.flow") == "login"


@pytest.mark.parametrize("name", ["", "Epic", "epi", "epic/deep", "EPIC"])
def test_a_library_that_is_not_declared_tells_which_are(tree: Path, name: str) -> None:
    with pytest.raises(UnknownLibrary) as caught:
        opened(tree).read_bytes(f"@{name}//login.flow")
    assert (caught.value.name, caught.value.known) == (name, ("epic",))


# Which folders may be a library


def link(to: str) -> Callable[[Path], None]:
    """What puts a symbolic link to a folder of the work tree in the place of `shared/epic`."""

    def make(tree: Path) -> None:
        os.rename(tree / "shared/epic", tree / "shared/real")
        (tree / "shared/epic").symlink_to(to)

    return make


def middle(tree: Path) -> None:
    os.rename(tree / "shared", tree / "real")
    (tree / "shared").symlink_to("real")


def outside(tree: Path) -> None:
    link(str(tree.parent / "away"))(tree)


def own_git(folder: str, content: str | None) -> Callable[[Path], None]:
    def make(tree: Path) -> None:
        place = tree / folder / ".git"
        place.mkdir() if content is None else place.write_text(content)

    return make


def nothing(tree: Path) -> None:
    pass


def no_git(tree: Path) -> None:
    os.rename(tree / ".git", tree / "git")


PROBLEMS: list[tuple[str, Callable[[Path], None], str]] = [
    ("../shared/epic", no_git, "in no git work tree"),
    ("../../away", nothing, "above the git work tree `repository`"),
    ("../../../../../../../../../../etc", nothing, "above the git work tree"),
    ("../shared/none", nothing, "no folder `../shared/none`"),
    ("../shared/Epic", nothing, "no folder `../shared/Epic`"),
    ("../shared/epic\0", nothing, "it is not a valid path"),
    ("../" + "x" * 300, nothing, "file name too long"),
    ("../shared/epic/login.flow", nothing, "is no folder"),
    ("../shared/epic/login.flow/x", nothing, "is no folder"),
    ("../shared/epic", link("real"), "`shared/epic` of the work tree is a symbolic link"),
    ("../shared/epic", outside, "`shared/epic` of the work tree is a symbolic link"),
    ("../shared/epic", middle, "`shared` of the work tree is a symbolic link"),
    ("../shared/epic", own_git("shared/epic", None), "`shared/epic` of the work tree has a `.git`"),
    ("../shared/epic", own_git("shared/epic", "gitdir: ../../x"), "is a submodule"),
    ("../shared/epic", own_git("shared", "gitdir: ../x"), "`shared` of the work tree has a `.git`"),
    ("../.git", nothing, "`.git` of the work tree belongs to git itself"),
    ("../.git/hooks", nothing, "`.git` of the work tree belongs to git itself"),
    ("../desk", nothing, "the project itself"),
    ("../desk/flows", nothing, "lies in the project"),
]


@pytest.mark.parametrize(("path", "change", "expected"), PROBLEMS)
def test_what_cannot_be_a_library_says_why(
    tree: Path, path: str, change: Callable[[Path], None], expected: str
) -> None:
    change(tree)
    assert expected in problem(tree, epic=path)


def test_a_folder_around_the_project_is_no_library(tree: Path) -> None:
    (tree / "desk/inner").mkdir()
    assert "lies around it" in problem(tree, "desk/inner", epic="../../desk")
    assert "above the git work tree" in problem(tree, "", epic="../repository")


@pytest.mark.parametrize("first", ["../shared/epic", "../shared/epic/deep"])
@pytest.mark.parametrize("second", ["../shared/epic", "../shared/epic/deep"])
def test_two_libraries_do_not_overlap(tree: Path, first: str, second: str) -> None:
    reason = problem(tree, one=first, two=second)
    assert f"`{second}` and the library `one`" in reason


def test_one_folder_by_two_paths_is_found_by_its_identity(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bind mount, or a disk without capital letters, shows one folder in two places."""
    lstat = os.lstat
    twin = str(tree / "shared/other")

    def same(path: Any) -> os.stat_result:
        return lstat(tree / "desk") if str(path) == twin else lstat(path)

    monkeypatch.setattr(os, "lstat", same)
    assert "the project itself" in problem(tree, epic="../shared/other")


def test_a_worktree_of_git_has_a_file_at_its_top(tree: Path, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@acme.test"]
        subprocess.run(["git", "-C", str(tree), *who, *words], check=True, capture_output=True)

    (tree / ".git/hooks").rmdir()
    (tree / "desk/flows/a.flow").write_text("a")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    git("worktree", "add", "-q", str(tmp_path / "second"))
    assert (tmp_path / "second/.git").is_file()
    files = opened(tmp_path / "second")
    assert files.read_text("@epic//login.flow") == "login"
    assert "above the git work tree" in problem(
        tmp_path / "second", epic="../../repository/shared/epic"
    )


# Which files of a library are read


def test_every_reason_is_its_own(tree: Path, tmp_path: Path) -> None:
    epic = tree / "shared/epic"
    (epic / "link.flow").symlink_to("login.flow")
    (epic / "out.flow").symlink_to(tmp_path / "secret.flow")
    (epic / "gone.flow").symlink_to("none")
    (epic / "away").symlink_to(tmp_path / "away")
    (epic / "near").symlink_to("deep")
    (epic / "nested/.git").mkdir(parents=True)
    (epic / "nested/a.flow").write_text("nested")
    (epic / "folder.flow").mkdir()
    (epic / "ünten.flow").write_text("mine")
    (epic / "12").write_text("mine")
    (epic / "latin.flow").write_bytes(b"\xe9")
    files = opened(tree)
    for path in (
        "none.flow",
        "deep/none.flow",
        "login.flow/x.flow",
        "Login.flow",
        "deep/MENU.flow",
    ):
        assert refused(files, f"@epic//{path}").missing
    for path in ("../other/x.flow", "deep/../login.flow", "./login.flow", "deep/./menu.flow"):
        assert refused(files, f"@epic//{path}").missing
    assert refused(files, "@epic//" + "x" * 300).reason == "file name too long"
    for path in ("a\0b", "login.flow\0", "\0/login.flow"):
        assert refused(files, f"@epic//{path}").reason == "it is not a valid path"
    for path in ("link.flow", "out.flow", "gone.flow", "away/login.flow", "near/menu.flow"):
        assert "is a symbolic link" in refused(files, f"@epic//{path}").reason
    assert files.read_text("@epic//ünten.flow") == files.read_text("@epic//12") == "mine"
    assert refused(files, "@epic//u\u0308nten.flow").missing
    assert "a `.git` of its own" in refused(files, "@epic//nested/a.flow").reason
    assert refused(files, "@epic//folder.flow").reason == "it is a folder"
    assert refused(files, "@epic//").reason == "it is a folder"
    assert "UTF-8" in refused(files, "@epic//latin.flow").reason


def test_the_limit_of_size_is_that_of_the_project(tree: Path) -> None:
    epic = tree / "shared/epic"
    (epic / "a.flow").write_bytes(b"x" * SIZE_LIMIT)
    (epic / "b.flow").write_bytes(b"x" * (SIZE_LIMIT + 1))
    assert len(opened(tree).read_bytes("@epic//a.flow")) == SIZE_LIMIT
    assert "the limit is 16 MB" in refused(opened(tree), "@epic//b.flow").reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_block(tree: Path) -> None:
    os.mkfifo(tree / "shared/epic/a.flow")
    assert refused(opened(tree), "@epic//a.flow").reason == "it is not a regular file"


STEPS = (
    "../",
    "./",
    "/",
    "deep/",
    "away/",
    "near/",
    "top/",
    *(f"{name}.flow" for name in "abcdef"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=20) | st.lists(st.sampled_from(STEPS), max_size=6).map("".join))
def test_no_path_leaves_a_library(tmp_path: Path, path: str) -> None:
    top = tmp_path / "top"
    if not top.exists():
        (top / "desk").mkdir(parents=True)
        (top / ".git").mkdir()
        (top / "epic/deep").mkdir(parents=True)
        (top / "epic/away").symlink_to(tmp_path)
        (top / "epic/near").symlink_to("deep")
        for place in ("a.flow", "top/b.flow", "top/desk/c.flow", "top/epic/near/d.flow"):
            (tmp_path / place).write_text(SECRET)
        (top / "epic/e.flow").write_text("mine")
        (top / "epic/deep/f.flow").write_text("mine")
    libraries, _ = open_libraries(os.path.realpath(top / "desk"), declared(epic="../epic"))
    files = DiskFiles(str(top / "desk"), libraries)
    try:
        assert files.read_text(f"@epic//{path}") in ("mine", SECRET)
        assert path.strip("/") in ("e.flow", "deep/f.flow", "deep/d.flow")
    except UnreadableFile:
        pass


def forgive(fold: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the disk find what is there by any name that `fold` gives the name of."""
    lstat, open_, lexists = os.lstat, os.open, os.path.lexists
    monkeypatch.setattr(os, "lstat", lambda path: lstat(fold(str(path))))
    monkeypatch.setattr(os, "open", lambda path, *more: open_(fold(str(path)), *more))
    monkeypatch.setattr(os.path, "lexists", lambda path: lexists(fold(str(path))))


def test_a_disk_that_forgives_capital_letters_does_not_give_a_file_two_names(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = str(tree.parent)
    forgive(lambda path: path.replace(path[len(above) :], path[len(above) :].lower()), monkeypatch)
    files = opened(tree)
    assert files.read_text("@epic//login.flow") == "login"
    assert refused(files, "@epic//LOGIN.flow").missing
    assert refused(files, "@epic//Deep/menu.flow").missing
    assert "no folder" in problem(tree, epic="../Shared/epic")


def test_a_disk_that_composes_letters_does_not_give_a_file_two_names(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "shared/epic/\u00fcber.flow").write_text("above")
    forgive(partial(unicodedata.normalize, "NFC"), monkeypatch)
    files = opened(tree)
    assert files.read_text("@epic//\u00fcber.flow") == "above"
    assert refused(files, "@epic//u\u0308ber.flow").missing


SWAPS: dict[str, Callable[[Path], None]] = {
    "the folder": lambda tree: link(str(tree.parent / "away"))(tree),
    "the folder, by a link to it": link("real"),
    "a folder above": lambda tree: (
        os.rename(tree / "shared", tree / "old"),
        os.mkdir(tree.parent / "fake"),
        os.rename(tree.parent / "away", tree.parent / "fake/epic"),
        (tree / "shared").symlink_to(tree.parent / "fake"),
    )[-1],
    "the file": lambda tree: (
        (tree / "shared/epic/login.flow").unlink(),
        (tree / "shared/epic/login.flow").symlink_to(tree.parent / "secret.flow"),
    )[-1],
    "the file, by another": lambda tree: os.replace(
        tree.parent / "secret.flow", tree / "shared/epic/login.flow"
    ),
}


@pytest.mark.parametrize("what", SWAPS)
def test_what_is_swapped_before_it_is_opened_is_not_read(
    tree: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = opened(tree)
    open_ = os.open

    def late(path: str, *more: Any) -> int:
        if str(path).endswith("login.flow"):
            SWAPS[what](tree)
        return open_(path, *more)

    monkeypatch.setattr(os, "open", late)
    assert not refused(files, "@epic//login.flow").missing


def test_what_is_swapped_for_the_moment_of_opening_is_not_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = opened(tree)
    open_ = os.open

    def meanwhile(path: str, *more: Any) -> int:
        outside(tree)
        descriptor = open_(path, *more)
        (tree / "shared/epic").unlink()
        os.rename(tree / "shared/real", tree / "shared/epic")
        return descriptor

    monkeypatch.setattr(os, "open", meanwhile)
    assert "replaced while it was opened" in refused(files, "@epic//login.flow").reason


def test_a_folder_that_becomes_a_link_later_is_not_followed(tree: Path) -> None:
    files = opened(tree)
    assert files.read_text("@epic//login.flow") == "login"
    outside(tree)
    assert "is a symbolic link" in refused(files, "@epic//login.flow").reason
    assert files.siblings("@epic//x") == []
