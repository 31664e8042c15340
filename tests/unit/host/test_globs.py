"""Patterns, `.gitignore` and listings; git itself is the judge."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.host.disk import DiskFiles
from flowdsl.host.gitignore import IgnoreFile
from flowdsl.host.listing import expand_patterns
from flowdsl.source.files import UnreadableFile
from tests.support.effort import examples
from tests.support.rows import check_rows


def make(root: Path, *paths: str) -> DiskFiles:
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    return DiskFiles(str(root))


def test_patterns(tmp_path: Path) -> None:
    def check(row: tuple[str, list[str]]) -> None:
        pattern, expected = row
        files = make(
            tmp_path,
            "a.flow",
            "f/b.flow",
            "f/g/c.flow",
            "f/g/h/d.flow",
            "f/g/note.md",
            "f/.h/e.flow",
            ".x.flow",
        )
        meant = expand_patterns(files, [pattern])
        assert sorted([*meant.flows, *meant.named, *meant.matched]) == expected
        assert all(path.endswith(".flow") for path in meant.flows)

    check_rows(
        [
            ("**/*.flow", ["a.flow", "f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
            ("f/**/*.flow", ["f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
            ("f/*.flow", ["f/b.flow"]),
            ("f/**", ["f/b.flow", "f/g/c.flow", "f/g/h/d.flow", "f/g/note.md"]),
            ("f/?/*.flow", ["f/g/c.flow"]),
            ("f/[a-c].flow", ["f/b.flow"]),
            ("f/[!a-c].flow", []),
            ("./f/./*.flow", ["f/b.flow"]),
            ("f", ["f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
            ("f/", ["f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
            ("", ["a.flow", "f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
            ("f/g/note.md", ["f/g/note.md"]),
            ("none.flow", ["none.flow"]),
            ("none/*.flow", []),
            ("*.FLOW", []),
        ],
        check,
    )


def test_what_is_no_flow_is_told_apart_by_who_means_it(tmp_path: Path) -> None:
    files = make(tmp_path, "a.flow", "a.md", "b.FLOW", "f/c.json", "f/d.flow", "flowdsl.toml")
    meant = expand_patterns(files, ["*", "f", "b.FLOW", "f/c.json"])
    assert meant.flows == ["a.flow", "f/d.flow"]
    assert meant.named == ["b.FLOW", "f/c.json"]
    assert meant.matched == ["a.md", "flowdsl.toml"]


def test_several_patterns_give_each_file_once_in_order(tmp_path: Path) -> None:
    files = make(tmp_path, "b.flow", "a.flow", "c/z.flow")
    assert expand_patterns(files, ["c", "b.flow", "**/*.flow", "b.flow"]).flows == [
        "a.flow",
        "b.flow",
        "c/z.flow",
    ]


def test_what_exists_is_never_a_pattern(tmp_path: Path) -> None:
    files = make(tmp_path, "[a].flow", "a.flow", "d[1]/x.flow", "d1/y.flow")
    assert expand_patterns(files, ["[a].flow"]).flows == ["[a].flow"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    files = make(tmp_path / "root", "f/a.flow")
    make(tmp_path / "outside", "b.flow")
    (tmp_path / "root" / "f" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "f" / "up").symlink_to("..")
    (tmp_path / "root" / "f" / "b.flow").symlink_to("a.flow")
    assert expand_patterns(files, ["**/*.flow"]).flows == ["f/a.flow"]


def test_nothing_outside_the_project_is_listed(tmp_path: Path) -> None:
    files = make(tmp_path / "root", "f/a.flow")
    make(tmp_path / "outside", "b.flow")
    (tmp_path / "root" / "out").symlink_to(tmp_path / "outside")
    for pattern, path in (
        ("../**", "../**"),
        ("..", ".."),
        ("f/../../outside/*.flow", "f/../../outside/*.flow"),
        ("out/*.flow", "out"),
        ("out", "out"),
        ("f\0/*.flow", "f\0/*.flow"),
    ):
        assert expand_patterns(files, [pattern]).flows == [path]
        with pytest.raises(UnreadableFile, match=r"outside|leads out|not a valid path"):
            files.read_bytes(path)


def test_ignore_files_of_every_level_count(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.tmp.flow\n/app/old/\n")
    root = tmp_path / "app"
    files = make(
        root,
        "a.flow",
        "a.tmp.flow",
        "old/b.flow",
        "f/c.flow",
        "f/d.flow",
        "f/keep.tmp.flow",
        "build/e.flow",
    )
    (root / ".gitignore").write_text("build\n")
    (root / "f" / ".gitignore").write_text("/d.flow\n!keep.tmp.flow\n")
    assert expand_patterns(files, ["**/*.flow"]).flows == ["a.flow", "f/c.flow", "f/keep.tmp.flow"]
    assert expand_patterns(files, ["f"]).flows == ["f/c.flow", "f/keep.tmp.flow"]
    assert expand_patterns(files, ["f/*.flow", "f/d.flow"]).flows == [
        "f/c.flow",
        "f/d.flow",
        "f/keep.tmp.flow",
    ]


def test_ignore_files_outside_a_work_tree_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    assert expand_patterns(make(tmp_path / "app", "a.flow"), ["**/*.flow"]).flows == ["a.flow"]


def unlisted(monkeypatch: pytest.MonkeyPatch, folder: Path, error: type[OSError]) -> None:
    """Let listing `folder` fail."""
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == folder:
            raise error(1, "made up")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize(
    ("folder", "pattern", "expected"),
    [
        ("f/g", "**/*.flow", ["a.flow", "f/b.flow", "f/g"]),
        ("f/g", "f/**/*.flow", ["f/b.flow", "f/g"]),
        ("f/g", "f/*/*.flow", ["f/g"]),
        ("f/g", "*/[f-h]/**", ["f/g"]),
        ("f/g", "f/[a/g]/*.flow", ["f/g"]),
        ("f/g", "f/g/*.flow", ["f/g"]),
        ("f/g", "f/g/h", ["f/g/h/d.flow"]),
        ("f/g", "f/g", ["f/g"]),
        ("f/g", "f", ["f/b.flow", "f/g"]),
        ("f", "**/*.flow", ["a.flow", "f"]),
        ("", "**/*.flow", ["."]),
        # Nothing in it is meant.
        ("f/g", "f/*.flow", ["f/b.flow"]),
        ("f/g", "f/*-new/*.flow", []),
        ("f/g", "*/h/*.flow", []),
        ("f/g", "f/b.flow", ["f/b.flow"]),
        ("f/.h", "**/*.flow", ["a.flow", "f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
        ("build", "**/*.flow", ["a.flow", "f/b.flow", "f/g/c.flow", "f/g/h/d.flow"]),
    ],
)
def test_a_folder_that_cannot_be_listed_is_given_where_it_may_hold_a_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, pattern: str, expected: list[str]
) -> None:
    files = make(
        tmp_path,
        "a.flow",
        "f/b.flow",
        "f/g/c.flow",
        "f/g/h/d.flow",
        "f/.h/e.flow",
        "build/x.flow",
        ".git/HEAD",
    )
    (tmp_path / ".gitignore").write_text("/build/\n")
    unlisted(monkeypatch, tmp_path / folder, PermissionError)
    assert expand_patterns(files, [pattern]).flows == expected


@pytest.mark.parametrize("error", [FileNotFoundError, NotADirectoryError])
def test_a_folder_that_vanishes_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    files = make(tmp_path, "a.flow", "f/b.flow")
    unlisted(monkeypatch, tmp_path / "f", error)
    assert expand_patterns(files, ["**/*.flow"]).flows == ["a.flow"]


SEGMENT = st.text(st.sampled_from("ab*?[]!-.\\ #"), min_size=1, max_size=5)
PATTERN = st.builds(
    lambda start, parts, end: start + "/".join(parts) + end,
    st.sampled_from(["", "", "/", "!", "!/", "**/", "\\", "#"]),
    st.lists(st.one_of(SEGMENT, st.just("**")), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " ", "\\ ", "/**"]),
)
NAMES = ("a", "b", "ab", "a-", "[a]", "!a", "a b", "#a", "b.a", "a ", "-")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")
@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(lines=st.lists(PATTERN, min_size=1, max_size=4))
def test_git_agrees(tmp_path: Path, lines: list[str]) -> None:
    repository = tmp_path / "r"
    if not repository.exists():
        subprocess.run(["git", "init", "-q", str(repository)], check=True)
        for first in NAMES:
            for second in NAMES:
                make(repository, f"{first}/{second}/x", f"{first}/f{second}", f"f{first}")
    (repository / ".gitignore").write_text("\n".join(lines))
    paths = sorted(
        str(path.relative_to(repository))
        for path in repository.rglob("*")
        if ".git" not in str(path)
    )
    output = subprocess.run(
        ["git", "-C", str(repository), "check-ignore", "--stdin", "-z", "--no-index"],
        input="\0".join(paths),
        capture_output=True,
        text=True,
    ).stdout
    expected = set(output.split("\0")) - {""}
    ignore = IgnoreFile("\n".join(lines))
    actual: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        if parent in actual or ignore.verdict(path, (repository / path).is_dir()):
            actual.add(path)
    assert actual == expected


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")
def test_git_agrees_on_lines(tmp_path: Path) -> None:
    contents = [
        b"\xef\xbb\xbf/a.flow\nb.flow\n",
        b"a.flow\r\nb.flow \r\n",
        b"a.flow\n\xef\xbb\xbfb.flow\n",
        b"a.flow\rb.flow\r",
        "x\fa.flow\ny\u2028b.flow\n".encode(),
        b"[[:alpha:]].flow\n",
        b"[a\\-c].flow\n",
        b"[![:no:]].flow\n",
        None,  # a folder of that name
    ]
    files = make(tmp_path, "a.flow", "b.flow", "c.flow")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    def check(content: bytes | None) -> None:
        rules = tmp_path / ".gitignore"
        rules.unlink(missing_ok=True)
        rules.mkdir() if content is None else rules.write_bytes(content)
        listed = subprocess.run(
            ["git", "ls-files", "--others", "--exclude-standard", "*.flow"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert expand_patterns(files, ["**/*.flow"]).flows == listed.stdout.split()

    check_rows(contents, check)


@given(st.text())
def test_no_ignore_file_raises(text: str) -> None:
    IgnoreFile(text).verdict("a/b", is_folder=False)
