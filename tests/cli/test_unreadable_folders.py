"""A folder of sources that cannot be listed is an error, and never one without flows."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from flowdsl.cli.main import run
from tests.support.command_line import LOCAL_PROJECT, read_tree, run_here, write_tree

FLOW = """\
flow 1

## Opens a record.
workflow {name} {{
  title = "{name}"

  steps {{
    do "Open the record."
  }}
}}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployed project with a folder that has become unreadable for this process."""
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": LOCAL_PROJECT,
            "flows/a.flow": FLOW.format(name="first"),
            "flows/desk/b.flow": FLOW.format(name="second"),
        },
    )
    done = run_here(tmp_path, "deploy", "--yes", "--env", "local", CI="")
    assert done.code == 0, done.err
    real: Callable[..., Any] = os.scandir

    def scandir(path: Any = ".") -> Any:
        if str(path).endswith("desk"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check"], 1),
        (["check", "flows"], 1),
        (["fmt"], 1),
        (["compile", "-o", "out"], 3),
        (["plan", "--env", "local"], 3),
        (["deploy", "--prune", "--yes", "--env", "local", "--accept-guard", "deletes=1"], 3),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else None,
)
def test_every_command_names_it_and_changes_nothing(
    root: Path, words: list[str], code: int
) -> None:
    before = read_tree(root)
    said = io.StringIO()

    with chdir(root), redirect_stdout(said), redirect_stderr(said):
        ended = run(["--color=never", *words])

    assert ended == code, said.getvalue()
    assert "`flows/desk` cannot be read: permission is denied" in said.getvalue()
    assert read_tree(root) == before
