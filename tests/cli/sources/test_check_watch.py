"""`flowdsl check --watch`: a process that goes on, is told of changes, and ends by Ctrl-C."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command_line import HEARS_INTERRUPTS, environment, run_command, write_tree

PROJECT = '[project]\nname = "care"\nflows = ["flows/*.flow"]\n'
CLEAN = """\
flow 1

## Looks up a patient.
workflow look_up {
  inputs { patient_id: string }
  steps { do "Search for {patient_id}." }
}
"""
BROKEN = CLEAN.replace("{patient_id}", "{patient_ix}")
WAITING = "watching for changes; Ctrl-C ends"
DEADLINE = 60.0


class Watching:
    """A watching process and what it writes, line by line.

    Both streams are one, as on a terminal.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, expected: str) -> list[str]:
        """The lines up to one that holds `expected`.

        Fails the test when the output ends or time is up before.
        """
        seen: list[str] = []
        deadline = time.monotonic() + DEADLINE
        while True:
            line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.001))
            assert line is not None, seen
            seen.append(line)
            if expected in line:
                return seen

    def interrupt(self) -> int:
        """The exit code after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=DEADLINE)
        self._reader.join(timeout=DEADLINE)
        return code

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=DEADLINE)
        self._reader.join(timeout=DEADLINE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def watching(folder: Path, *words: str, command: str = "check") -> Iterator[Watching]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdsl", command, *words, "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1"),
        encoding="utf-8",
        preexec_fn=HEARS_INTERRUPTS,
    )
    watched = Watching(process)
    try:
        yield watched
    finally:
        watched.end()


pytestmark = pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")


def test_a_change_is_checked_until_ctrl_c(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": CLEAN})
    with watching(tmp_path) as watched:
        assert watched.until(WAITING) == ["no problems in 1 file", WAITING]
        write_tree(tmp_path, {"flows/a.flow": BROKEN})
        seen = watched.until(WAITING)
        assert "--- changed: flows/a.flow ---" in seen
        assert any(line.startswith("error[undeclared-name]") for line in seen)
        # An editor that saves by renaming, and a file that is new.
        write_tree(tmp_path, {"flows/a.flow~": CLEAN})
        os.replace(tmp_path / "flows/a.flow~", tmp_path / "flows/a.flow")
        assert "no problems in 1 file" in watched.until(WAITING)
        write_tree(tmp_path, {"flows/b.flow": CLEAN.replace("look_up", "find")})
        assert "no problems in 2 files" in watched.until("in 2 files")
        assert watched.interrupt() == 130


def test_a_table_of_tests_is_watched_too(tmp_path: Path) -> None:
    tests = 'test "ids" for look_up { does do ~"Search for 1" cases from "./ids.csv" }\n'
    write_tree(
        tmp_path,
        {
            "flowdsl.toml": PROJECT,
            "flows/a.flow": CLEAN + tests,
            "flows/ids.csv": "patient_id\n1\n2\n",
        },
    )
    with watching(tmp_path, command="test") as watched:
        assert "FAILED  look_up: ids: row 3" in watched.until(WAITING)
        write_tree(tmp_path, {"flows/ids.csv": "patient_id\n1\n"})
        seen = watched.until(WAITING)
        assert "--- changed: flows/ids.csv ---" in seen and "1 test passed" in seen
        assert watched.interrupt() == 130


def test_a_mistake_in_the_project_file_is_survived(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": CLEAN})
    with watching(tmp_path, "--format", "terse") as watched:
        watched.until(WAITING)
        write_tree(tmp_path, {"flowdsl.toml": PROJECT + "flwos = 1\n"})
        assert any(line.startswith("flowdsl.toml:") for line in watched.until(WAITING))
        write_tree(tmp_path, {"flowdsl.toml": PROJECT.replace("flows/*", "none/*")})
        assert any(line.startswith("error: no flow is found") for line in watched.until(WAITING))
        (tmp_path / "flowdsl.toml").unlink()
        assert any(
            line.startswith("error: there is no `flowdsl.toml`") for line in watched.until(WAITING)
        )
        write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": BROKEN})
        watched.until("flows/a.flow:6:")
        assert watched.interrupt() == 130


def test_a_library_is_watched_too(tmp_path: Path) -> None:
    flow = CLEAN.replace("flow 1\n", 'flow 1\nimport { enter } from "@epic/login.flow"\n')
    library = 'flow 1\ntask enter() { do "Open it" }\n'
    declared = PROJECT + 'libraries = { epic = "../shared/epic" }\n'
    write_tree(
        tmp_path,
        {
            ".git/HEAD": "",
            "desk/flowdsl.toml": declared,
            "desk/flows/a.flow": flow.replace("steps { do", "steps { call enter() do"),
            "shared/epic/login.flow": library,
        },
    )
    with watching(tmp_path / "desk") as watched:
        assert watched.until(WAITING) == ["no problems in 2 files", WAITING]
        write_tree(tmp_path, {"shared/epic/login.flow": library.replace("enter", "entre")})
        seen = watched.until(WAITING)
        assert "--- changed: ../shared/epic/login.flow ---" in seen
        assert any(line.startswith("error[unknown-import]") for line in seen)
        assert watched.interrupt() == 130


def test_a_file_without_a_project_and_what_it_imports(tmp_path: Path) -> None:
    flow = 'flow 1\nimport { id } from "./lib/types.flow"\n## R.\ntype reference = id\n'
    write_tree(tmp_path, {"a.flow": flow, "lib/types.flow": "flow 1\n## I.\ntype id = string\n"})
    with watching(tmp_path, "a.flow", "--format", "terse") as watched:
        watched.until(WAITING)
        write_tree(tmp_path, {"lib/types.flow": "flow 1\n"})
        watched.until("a.flow:2:10: error ")
        assert watched.interrupt() == 130


def test_hidden_folders_and_leftovers_of_editors_are_not_watched(tmp_path: Path) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": CLEAN, ".flowdsl/x": ""})
    with watching(tmp_path) as watched:
        watched.until(WAITING)
        write_tree(tmp_path, {".flowdsl/x": "1", "flows/.a.flow.swp": "1", "flows/a.flow~": "1"})
        write_tree(tmp_path, {"flows/b.flow": CLEAN.replace("look_up", "find")})
        seen = watched.until("--- changed")
        assert seen[-1] == "--- changed: flows/b.flow ---"
        assert watched.interrupt() == 130


def test_without_a_project_a_prompt_in_another_folder_is_watched(tmp_path: Path) -> None:
    flow = (
        'flow 1\n## Takes in.\nworkflow w { inputs { mrn: string } prompt from "./parts/p.md" }\n'
    )
    write_tree(tmp_path, {"a.flow": flow, "parts/p.md": "Type {mrn}."})
    with watching(tmp_path, "a.flow", "--format", "terse") as watched:
        assert watched.until(WAITING) == [WAITING]
        (tmp_path / "parts/p.md").write_text("Type {mnr}.")
        assert "error undeclared-in-prompt" in "".join(watched.until(WAITING))
        assert watched.interrupt() == 130


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-"], "`--watch` only checks files: it goes without `-`, fixes and `--write-baseline`"),
        (["--fix"], "`--watch` only checks files"),
        (["--diff"], "`--watch` only checks files"),
        (["--write-baseline", "x"], "`--watch` only checks files"),
        (["--format", "json"], "`--watch` prints text or terse, not json"),
        (["none.flow"], "`none.flow` does not exist"),
        (["--stdin-filename", "a.flow"], "`--stdin-filename` goes with `-`"),
    ],
)
def test_what_cannot_be_watched(tmp_path: Path, words: list[str], message: str) -> None:
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/a.flow": CLEAN})
    result = run_command(tmp_path, "check", "--watch", *words)
    assert (result.code, result.text) == (64, "")
    assert result.err.startswith(f"error: {message}")


def test_the_missing_package_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.flow": CLEAN, "hidden/watchfiles.py": "raise ImportError"})
    result = run_command(
        tmp_path, "check", "a.flow", "--watch", PYTHONPATH=str(tmp_path / "hidden")
    )
    assert (result.code, result.text) == (64, "")
    assert "pip install 'flowdsl[watch]'" in result.err
