"""Addresses of state that name no place for it.

An error of `flowdsl.toml` with its place, whatever is written there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowdsl.state.errors import StateError, WrongAddress
from flowdsl.state.stores import open_store
from tests.support.command_line import run_here, write_tree
from tests.support.effort import examples

FLOW = (
    'flow 1\n\nworkflow look_up {\n  title = "Look up"\n  steps { step "Open" { do "Open it." } '
    "}\n}\n"
)


def project(url: str) -> str:
    return (
        f'[project]\nname = "desk"\nid = "prj_1"\n\n[env.local]\napi = "local"\nstate   = "{url}"\n'
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///", "`file:///` names a folder"),
        ("file:/", "`file:/` names a folder"),
        ("file:.", "`file:.` names a folder"),
        ("file:..", "`file:..` names a folder"),
        ("file:states/", "`file:states/` names a folder"),
        ("file:flows/..", "`file:flows/..` names a folder"),
        ("file:flows", "`file:flows` names a folder"),
        ("file:", "`file:` names no file"),
        ("file://", "`file://` is not available"),
        ("file://host/x", "`file://host/x` is not available"),
        ("s3://", "names no bucket"),
        ("s3://me:secret@bucket/x", "holds a credential"),
        ("gs://bb/../x", "has a path of other signs"),
        ("git+https://me:secret@host.test/x", "holds a credential"),
        ("git+ref://", "has no name of a remote"),
        ("git+nothing://x", "is of the kind `git+nothing`"),
        ("ftp://x", "`ftp://x` is not available"),
    ],
)
def test_an_address_that_names_no_place_is_an_error_of_the_project_file(
    tmp_path: Path, url: str, said: str
) -> None:
    write_tree(tmp_path, {"flowdsl.toml": project(url), "flows/a.flow": FLOW})
    for words in (["deploy", "--yes"], ["state", "list"], ["pull", "--all", "--yes"]):
        ended = run_here(tmp_path, *words, CI="")
        assert ended.code == 3, ended.err
        assert "flowdsl.toml:7:11: " in ended.err and said in ended.err
        assert "secret" not in ended.err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["flowdsl.toml", "flows"]


def test_the_default_file_that_is_a_folder(tmp_path: Path) -> None:
    text = project("x").replace('state   = "x"\n', "")
    write_tree(tmp_path, {"flowdsl.toml": text, "flows/a.flow": FLOW})
    (tmp_path / ".flowdsl/state/local.json").mkdir(parents=True)
    ended = run_here(tmp_path, "state", "list", CI="")
    assert ended.code == 3 and "flowdsl.toml: the state address `file` names a folder" in ended.err


SCHEMES = st.sampled_from(
    [
        "file:",
        "file://",
        "file:///",
        "s3:",
        "s3://",
        "gs://",
        "az://",
        "git+https://",
        "git+ssh://",
        "git+file:///",
        "git+",
        "",
        "ftp://",
        "file",
        "FILE:",
    ]
)
PARTS = st.lists(
    st.sampled_from(
        [
            "/",
            ".",
            "..",
            "a",
            "b.json",
            "@",
            ":",
            "?ref=",
            "refs/a/b",
            "#",
            "%2e",
            "%00",
            "[",
            "]",
            "\\",
            " ",
            "~",
            "\0",
            "\n",
            "\ud800",
            "é",
            "x" * 300,
            "*",
            "-",
            ".lock",
            "::1",
            "99999",
        ]
    ),
    max_size=6,
).map("".join)


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCHEMES, PARTS)
def test_no_address_ends_in_anything_but_a_store_or_a_sentence(
    tmp_path: Path, scheme: str, rest: str
) -> None:
    """Files are written and read.

    Of the others only the address is read, because what it names is elsewhere.
    """
    root = tmp_path / "root/of/the/project"
    shutil.rmtree(tmp_path / "root", ignore_errors=True)
    root.mkdir(parents=True)
    # What begins at the top of the disk is put below the test's own folder.
    rest = (
        f"{root}/{rest}"
        if scheme in ("file:///",)
        else rest.lstrip("/")
        if scheme == "file:"
        else rest
    )
    url = f"{scheme}{rest}"
    try:
        store = open_store(url, root=root, project="prj_1", environment="prod")
    except StateError as error:
        assert (
            isinstance(error, WrongAddress)
            or "AZURE" in str(error)
            or "cannot be opened" in str(error)
        )
        assert str(error).isprintable()
        return
    assert store.url.isprintable() or "\\" in url
    if url.startswith("file") and ".." not in rest:
        try:
            assert store.load() is None
            with store.hold():
                pass
        except StateError:
            pass
        assert os.path.isdir(root)
