"""The real program with standard streams that are closed, full, or without a reader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowdsl.emulator.app import create_app
from flowdsl.emulator.store import Store
from tests.support import forked
from tests.support.command_line import (
    LOCAL_PROJECT,
    Result,
    check_no_traceback,
    environment,
    run_here,
    write_tree,
)
from tests.support.effort import rows
from tests.support.services.served import Server, serving

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="streams of Linux")

FLOW = """\
flow 1

## Opens the record.
workflow {name} {{
  title = "{name}"
  steps {{
    step "Open" {{
      do "Open the record of the {day}."
    }}
  }}
}}
"""
COUNT = 3
FULL = "error: standard output cannot be written: no space left on device\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT})
    write_flows(tmp_path, "day")
    return tmp_path


@pytest.fixture
def served(root: Path) -> Iterator[Path]:
    """The project, deployed to this process: to import the emulator takes half of a command."""
    with Store.open(None) as store:
        server = Server(create_app(store))
        with serving(server):
            api = f'api = "{server.url}"\napi_key = {{ env = "DESK_KEY" }}'
            project = LOCAL_PROJECT.replace('api = "local"', api)
            write_tree(root, {"flowdsl.toml": project})
            yield root


def write_flows(root: Path, day: str) -> None:
    names = [f"look_up_{number}" for number in range(COUNT)]
    write_tree(root, {f"flows/{name}.flow": FLOW.format(name=name, day=day) for name in names})


def run(root: Path, redirections: str, *words: str, **environ: str) -> Result:
    """What a shell starts; `redirections` are in its words."""
    process = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", "flowdsl", *words],
        cwd=root,
        env=environment(CI="", DESK_KEY="key", **environ),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    result = Result(process.returncode, process.stdout, process.stderr.decode())
    check_no_traceback(result)
    return result


def run_full(root: Path, full: int, *words: str) -> Result:
    """The same, forked, with the stream of the number `full` on a full disk."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with open(os.devnull, "rb") as nothing, open("/dev/full", "wb") as disk:
            streams = [nothing.fileno(), out.fileno(), err.fileno()]
            streams[full] = disk.fileno()
            environ = environment(CI="", DESK_KEY="key")
            running = forked.begin_on(words, streams, folder=root, environ=environ)
            code = running.wait(60)
            running.close()
        out.seek(0)
        err.seek(0)
        result = Result(code, out.read(), err.read().decode())
    check_no_traceback(result)
    return result


def check_deployed(root: Path) -> None:
    """Everything was deployed, and nothing is left open."""
    result = json.loads((root / "result.json").read_bytes())
    outcomes = [each["outcome"] for each in result["results"]]
    assert (result["status"], result["exit_code"]) == ("done", 0)
    assert outcomes == ["performed"] * COUNT
    state = json.loads((root / ".flowdsl/state/local.json").read_bytes())
    assert (state["lease"], state["pending"], len(state["resources"])) == (None, [], COUNT)


DEPLOY = ("deploy", "--yes", "--result", "result.json")


def test_a_closed_output_is_written_nowhere(served: Path) -> None:
    root = served
    assert run(root, ">&-", "check") == (0, b"", "")
    assert run(root, ">&-", "--version") == (0, b"", "")
    assert run(root, "2>&-", "check").text == f"no problems in {COUNT} files\n"
    planned = run(root, "2>&-", "plan", "--json")
    assert planned.code == 0 and json.loads(planned.text)["summary"]["create"] == COUNT
    write_tree(root, {"flows/look_up_0.flow": "workflow {"})
    assert run(root, ">&-", "check").code == 1


@pytest.mark.parametrize("closed", rows(["<&-", ">&-", "2>&-", "<&- >&- 2>&-"], 3))
def test_a_deploy_needs_no_stream_and_its_files_take_the_place_of_none(
    served: Path, closed: str
) -> None:
    root = served
    assert run(root, closed, *DEPLOY, "--json", "-v").code == 0
    check_deployed(root)
    again = run(root, closed, *DEPLOY)
    assert again.code == 0
    assert json.loads((root / "result.json").read_bytes())["status"] == "nothing_to_do"


def test_without_a_stream_nobody_is_asked(root: Path) -> None:
    asked = run(root, "<&-", "deploy")
    assert asked.code == 64 and "there is no terminal to ask on" in asked.err


@pytest.mark.parametrize("command", rows(["check", "fmt", "import", "compile"], 0))
def test_a_closed_input_is_an_empty_one(tmp_path: Path, command: str) -> None:
    options = ["-o", "out"] if command == "compile" else []
    ended = run(tmp_path, "<&-", command, "-", *options)
    assert ended == run(tmp_path, "</dev/null", command, "-", *options)
    assert ended.code in (1, 3)


@pytest.mark.parametrize("command", rows(["check", "fmt", "import"], 1))
def test_an_input_that_cannot_be_read_is_said(tmp_path: Path, command: str) -> None:
    ended = run(tmp_path, "0>/dev/null", command, "-")
    assert (ended.code, ended.out) == (64, b"")
    assert ended.err == "error: standard input cannot be read: bad file descriptor\n"


@pytest.mark.parametrize("unbuffered", rows(["", "1"], 1))
@pytest.mark.parametrize(
    "words",
    rows(
        [
            ["--version"],
            ["-h"],
            ["deploy", "-h"],
            ["rules"],
            ["check"],
            ["check", "--color", "never"],
            ["fmt", "--check", "--diff"],
            ["debug", "plan-schema"],
        ],
        0,
        4,
        6,
    ),
)
def test_an_output_that_cannot_be_written_is_64(
    root: Path, words: list[str], unbuffered: str
) -> None:
    write_tree(root, {"flows/look_up_0.flow": FLOW.format(name="a", day="day") + "\n\n"})
    ended = run(root, ">/dev/full", *words, PYTHONUNBUFFERED=unbuffered)
    assert ended.code == (1 if words[0] == "fmt" else 64)
    assert ended.err.endswith(FULL)


def test_state_and_plans_that_cannot_be_written_are_64(served: Path) -> None:
    assert run_here(served, *DEPLOY, DESK_KEY="key").code == 0
    for words in (["state", "list"], ["state", "show", "--json"], ["ids", "export"], ["diff"]):
        assert run_full(served, 1, *words) == (64, b"", FULL)
    planned = run_full(served, 1, "plan", "--json")
    assert planned.code == 64 and planned.err.endswith(FULL)
    assert run_full(served, 2, "plan") == (64, b"", "")


@pytest.mark.parametrize("full", rows([">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"], 0))
@pytest.mark.parametrize("progress", rows(["plain", "tty"], 1))
def test_a_deploy_is_carried_out_although_nobody_hears_of_it(
    served: Path, full: str, progress: str
) -> None:
    words = [*DEPLOY, "--json", "-v", "--progress", progress]
    ended = run(served, full, *words, PYTHONUNBUFFERED="1")
    assert ended.code == 64
    check_deployed(served)
    if full == "2>/dev/full":
        events = [json.loads(line) for line in ended.text.splitlines()]
        assert events[-1] == {"type": "change_summary", "status": "done", "exit_code": 0}
    if full == ">/dev/full":
        assert ended.err.endswith(FULL) and ended.err.count(FULL) == 1


@pytest.mark.parametrize("full", rows([1, 2], 1))
def test_a_code_that_says_more_is_kept(root: Path, full: int) -> None:
    assert run_full(root, full, "deploy", "--yes", "--json", "--env", "nowhere").code == 64
    write_tree(root, {"flows/look_up_0.flow": "workflow {"})
    assert run_full(root, full, *DEPLOY, "--json").code == 3
    assert run_full(root, full, "check").code == 1
    assert json.loads((root / "result.json").read_bytes())["exit_code"] == 3


@pytest.mark.parametrize("words", rows([["check"], [*DEPLOY, "--json", "--progress", "tty"]], 0))
def test_a_reader_that_has_gone_changes_no_exit_code(served: Path, words: list[str]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    process = subprocess.run(
        [sys.executable, "-m", "flowdsl", *words],
        cwd=served,
        env=environment(CI="", DESK_KEY="key", PYTHONUNBUFFERED="1"),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        timeout=60,
    )
    os.close(theirs)
    assert process.returncode == 0
    if words[0] == "deploy":
        check_deployed(served)
