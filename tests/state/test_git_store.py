"""State on a ref of a git repository.

Other people's refs, settings and work trees stay as they are.
"""

from __future__ import annotations

import os
import select
import tempfile
from pathlib import Path
from typing import Any

import pytest

from flowdsl.state.errors import CorruptState, StateMoved, StoreUnusable, UnsupportedStore
from flowdsl.state.stores import open_store
from flowdsl.state.stores.git import open_git
from flowdsl.state.stores.git_commands import git_settings, run_git
from flowdsl.state.stores.retry import StoreFailure
from tests.state.state_places import ENVIRONMENT, IDENTITY, PROJECT, QUICK, GitPlace, first, git
from tests.state.test_store_conformance import stored
from tests.support.command_line import LOCAL_PROJECT, run_command, write_tree
from tests.support.rows import check_rows

HASH = "0123456789abcdef" * 4


FLOW = 'flow 1\n\nworkflow opens {\n  steps { press "F5" }\n}\n'
IN_GIT = LOCAL_PROJECT.replace(
    "[env.local]\n", '[env.local]\nstate = "git+ref://origin/refs/flowdsl/local"\n'
)


def opened(url: str, root: Path) -> Any:
    return open_store(url, root=root, project=PROJECT, environment=ENVIRONMENT)


@pytest.fixture
def work(in_git: GitPlace) -> Path:
    """A clone with a commit, a staged file, an edited file and an untracked one."""
    folder = in_git.folder / "work"
    git(in_git.folder, "clone", "--quiet", str(in_git.remote), "work")
    (folder / "a.flow").write_text("one\n")
    git(folder, "add", "a.flow")
    git(folder, *IDENTITY, "commit", "--quiet", "-m", "first")
    git(folder, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    (folder / "staged.flow").write_text("two\n")
    git(folder, "add", "staged.flow")
    (folder / "a.flow").write_text("edited\n")
    (folder / "new.flow").write_text("three\n")
    return folder


def all_files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_remote_of_the_repository_is_used_without_touching_the_repository(
    in_git: GitPlace, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, heads = all_files(work), git(in_git.remote, "show-ref", "refs/heads/main")
    monkeypatch.setenv("GIT_DIR", str(work / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(work / ".git/index"))
    store = opened("git+ref://origin/refs/flowdsl/care-ops/prod", work)
    store.put({f"source-maps/{HASH}.json": b"{}"})
    version = store.write(first("a"), store.write(first("z"), None))
    store.probe()
    assert store.get(f"source-maps/{HASH}.json") == b"{}"
    assert all_files(work) == before
    monkeypatch.undo()
    assert git(in_git.remote, "show-ref", "refs/heads/main") == heads
    assert git(in_git.remote, "rev-parse", "refs/flowdsl/care-ops/prod") == version
    assert set(git(in_git.remote, "for-each-ref", "--format=%(refname)").split()) == {
        "refs/heads/main",
        "refs/flowdsl/care-ops/prod",
    }
    assert git(in_git.remote, "ls-tree", "-r", "--name-only", version).split() == [
        f"source-maps/{HASH}.json",
        "state.json",
    ]


def test_a_remote_with_a_relative_address_is_found_from_any_folder(
    in_git: GitPlace, work: Path
) -> None:
    git(work, "remote", "add", "state", "../remote.git")
    (work / "deep").mkdir()
    store = opened("git+ref://state/", work / "deep")
    store.write(first(), None)
    assert git(in_git.remote, "rev-parse", "refs/flowdsl/prj_harbour/prod")
    assert store.url == "git+ref://state/refs/flowdsl/prj_harbour/prod"


def test_a_ref_that_holds_something_else_is_never_overwritten(in_git: GitPlace, work: Path) -> None:
    url = f"git+file://{in_git.remote}?ref=refs/heads/main"
    before = git(in_git.remote, "rev-parse", "main")
    for act in (lambda s: s.load(), lambda s: s.write(first(), None)):
        with pytest.raises(CorruptState, match="holds something else than state"):
            act(opened(url, work))
    assert git(in_git.remote, "rev-parse", "main") == before


@pytest.mark.parametrize("kind", ["blob", "tree"])
def test_a_ref_that_is_no_commit_is_refused(in_git: GitPlace, kind: str) -> None:
    oid = git(in_git.remote, "hash-object", "-w", "--stdin", stdin=b"x")
    if kind == "tree":
        oid = git(in_git.remote, "mktree", stdin=f"100644 blob {oid}\tx\n".encode())
    git(in_git.remote, "update-ref", in_git.ref, oid)
    with pytest.raises(CorruptState, match="something else"):
        in_git.open().load()


def test_the_history_of_the_ref_is_the_history_of_the_state(in_git: GitPlace) -> None:
    store = in_git.open()
    version = store.write(first("a"), None)
    store.write(first("b", serial=1), version)
    log = git(in_git.remote, "log", "--format=%an <%ae> %s", in_git.ref).splitlines()
    assert log == [
        "FlowDSL <flowdsl@localhost> State of prod, serial 1",
        "FlowDSL <flowdsl@localhost> State of prod, serial 0",
    ]


def test_a_ref_that_was_deleted_is_moved_state(in_git: GitPlace) -> None:
    store = in_git.open()
    version = store.write(first("a"), None)
    git(in_git.remote, "update-ref", "-d", in_git.ref)
    with pytest.raises(StateMoved):
        store.write(first("b"), version)
    assert store.load() is None
    with pytest.raises(StateMoved):
        in_git.open().write(first("b"), version)


def test_objects_of_a_store_that_lost_travel_with_its_next_write(in_git: GitPlace) -> None:
    ours, theirs = in_git.open(), in_git.open()
    version = ours.write(first("a"), None)
    ours.put({f"source-maps/{HASH}.json": b"ours"})
    now = theirs.write(first("b"), version)
    with pytest.raises(StateMoved):
        ours.write(first("c"), version)
    ours.write(first("d"), now)
    assert in_git.open().get(f"source-maps/{HASH}.json") == b"ours"


def test_a_push_that_the_remote_declines_says_why(in_git: GitPlace) -> None:
    hook = in_git.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'refs/flowdsl is closed'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StoreUnusable, match="declined"):
        in_git.open().write(first(), None)


def test_hooks_and_settings_of_this_machine_do_not_run(
    in_git: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f"[core]\nhooksPath = {hooks}\n[push]\ngpgSign = true\nfollowTags = true\n[gc]\nauto = 1\n"
        "[init]\ndefaultBranch = ../x\ntemplateDir = /nonexistent\n[user]\nuseConfigOnly = true\n"
        "[fetch]\nprune = true\n[core]\nquotePath = true\n[commit]\ngpgSign = true\n"
    )
    git(in_git.remote, "config", "core.hooksPath", str(in_git.remote / "hooks"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    store = in_git.open()
    version = store.write(first("a"), None)
    assert stored(in_git.open()).version == version
    assert not (tmp_path / "ran").exists()


def test_what_ci_put_into_the_repository_reaches_the_remote(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("", "AUTHORIZATION: basic canary\nx"):
        git(work, "config", "--add", "http.https://git.harbour.test/.extraheader", value)
    git(work, "config", "credential.https://git.harbour.test.username", "desk")
    git(work, "config", "user.name", "me")
    settings = git_settings(work)
    assert settings == {
        "http.https://git.harbour.test/.extraheader": ["", "AUTHORIZATION: basic canary\nx"],
        "credential.https://git.harbour.test.username": ["desk"],
    }
    assert git_settings(work.parent) == {}


@pytest.mark.parametrize(
    "name", ["core.sshCommand", "credential.helper", "credential.https://git.harbour.test.helper"]
)
def test_no_program_that_the_repository_names_reaches_a_remote(work: Path, name: str) -> None:
    git(work, "config", name, "!touch ran")
    assert git_settings(work) == {}


def test_settings_given_in_the_environment_are_kept(
    in_git: GitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{in_git.remote}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.harbour.test/state.git")
    opened("git+https://git.harbour.test/state.git", in_git.folder).write(first(), None)
    assert git(in_git.remote, "rev-parse", "refs/flowdsl/prj_harbour/prod")


def test_a_token_in_a_remote_is_neither_shown_nor_an_argument(
    in_git: GitPlace, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `git` before the real one writes down what it is called with."""
    real = os.defpath if (found := os.environ.get("PATH")) is None else found
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "calls"
    spy = folder / "git"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {log}\nPATH="{real}" exec git "$@"\n')
    spy.chmod(0o755)
    git(work, "remote", "add", "closed", "https://me:canary-9@127.0.0.1:9/x.git")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    store = open_git(
        "git+ref://closed/refs/flowdsl/care-ops/prod",
        root=work,
        project=PROJECT,
        environment=ENVIRONMENT,
        patience=QUICK,
    )
    with pytest.raises(StoreUnusable, match="cannot be read") as caught:
        store.load()
    assert "canary" not in str(caught.value) + store.url
    assert "ls-remote" in log.read_text() and "canary" not in log.read_text()


def test_protocols_that_run_commands_are_refused(work: Path, tmp_path: Path) -> None:
    git(work, "remote", "add", "evil", f"ext::sh -c touch% {tmp_path}/ran")
    with pytest.raises(StoreUnusable, match="not allowed"):
        opened("git+ref://evil/refs/flowdsl/a/b", work).load()
    assert not (tmp_path / "ran").exists()


def test_the_temporary_repository_goes_with_the_store(
    in_git: GitPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    store = in_git.open()
    store.write(first(), None)
    assert len(list(folder.iterdir())) == 1
    del store
    assert list(folder.iterdir()) == []


def test_a_git_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    os.mkfifo(tmp_path / "alive")
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    (folder / "git").write_text("#!/bin/sh\nexec 3> alive\nsleep 30 &\nsleep 30\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    with pytest.raises(StoreFailure, match="did not end within"):
        run_git(["fetch"], folder=tmp_path, environ=os.environ, seconds=0.3)
    try:
        ended, _, _ = select.select([reading], [], [], 10)  # nobody has it open for writing
    finally:
        os.close(reading)
    assert ended


def test_a_missing_git_is_named(in_git: GitPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(in_git.folder))
    with pytest.raises(UnsupportedStore, match="needs the program `git`"):
        in_git.open()


def test_addresses_that_are_not_well_formed_are_refused(work: Path) -> None:
    def check(row: tuple[str, str]) -> None:
        url, said = row
        with pytest.raises(UnsupportedStore, match=said) as caught:
            opened(url, work)
        assert "canary" not in str(caught.value)

    check_rows(
        [
            ("git+https://me:canary@host.test/x.git", "holds a credential"),
            ("git+https://canary@host.test/x.git", "holds a credential"),
            ("git+ssh://git:canary@host.test/x.git", "holds a credential"),
            ("git+ssh://-oProxyCommand=x/x.git", "names no host"),
            ("git+ssh://-x@host.test/x.git", "user name"),
            ("git+https:///x.git", "names no host"),
            ("git+file://host.test/x.git", "names a host"),
            ("git+https://host.test", "no path"),
            ("git+https://host.test/", "no path"),
            ("git+https://host.test/a b", "no path"),
            ("git+https://host.test:x/a", "not well formed"),
            ("git+https://host.test/x.git?ref=refs/flowdsl/x&depth=1", "no ref"),
            ("git+https://host.test/x.git?branch=x", "more after its path"),
            ("git+https://host.test/x.git#x", "more after its path"),
            ("git+https://host.test/x.git?ref=main", "no ref below"),
            ("git+https://host.test/x.git?ref=refs/x", "no ref below"),
            ("git+https://host.test/x.git?ref=refs/heads/../x", "no ref below"),
            ("git+https://host.test/x.git?ref=refs/heads/x.lock", "no ref below"),
            ("git+https://host.test/x.git?ref=refs/heads/-x", "no ref below"),
            ("git+https://host.test/x.git?ref=refs/heads/x:y", "no ref below"),
            ("git+https://host.test/x.git?ref=refs/heads/%2e%2e/y", "no ref below"),
            ("git+ext://x/y", "not known"),
            ("git+http://host.test/x.git", "not known"),
            ("git+https:host.test", "has no"),
            ("git+ref://-x/refs/a/b", "no name of a remote"),
            ("git+ref://nowhere/refs/a/b", "names the remote `nowhere`"),
            ("git+ref://origin/main", "no ref below"),
        ],
        check,
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "git+ssh://git@[::1]:22/x.git",
            "git+ssh://git@[::1]:22/x.git?ref=refs/flowdsl/prj_harbour/prod",
        ),
        (
            "git+https://host.test:8443/team/repo.git",
            "git+https://host.test:8443/team/repo.git?ref=refs/flowdsl/prj_harbour/prod",
        ),
        (
            "git+ssh://git@host.test/team/repo.git?ref=refs/heads/state",
            "git+ssh://git@host.test/team/repo.git?ref=refs/heads/state",
        ),
    ],
)
def test_the_shown_address_opens_the_same_store(tmp_path: Path, url: str, shown: str) -> None:
    store = opened(url, tmp_path)
    assert store.url == shown
    assert opened(store.url, tmp_path).url == shown


@pytest.mark.parametrize(
    ("one", "other"), [("a.b", "a-b"), ("a b", "a=20b"), ("-a", "=2Da"), ("é", "e")]
)
def test_environments_have_refs_of_their_own_that_git_accepts(
    in_git: GitPlace, one: str, other: str
) -> None:
    url = f"git+file://{in_git.remote}"
    for name in (one, other):
        store = open_store(url, root=in_git.folder, project=PROJECT, environment=name)
        assert store.load() is None
        store.write(first(environment=name), None)


def test_a_command_leaves_nothing_in_the_temporary_folder(in_git: GitPlace, work: Path) -> None:
    write_tree(work, {"flowdsl.toml": IN_GIT, "flows/a.flow": FLOW})
    temporary = work.parent / "temporary"
    temporary.mkdir()
    done = run_command(work, "deploy", "--env", "local", "--yes", TMPDIR=str(temporary))
    assert done.code == 0, done.err
    assert git(in_git.remote, "for-each-ref", "refs/flowdsl/local")
    assert list(temporary.iterdir()) == []
