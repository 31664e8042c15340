"""Documents that are carried out: their files are written, and their commands run, in order.

A reader sees plain blocks; what only the tests need stands in a comment on the line before one:

| Comment | The block below it is |
|---|---|
| `<!-- file NAME -->` | a file that the reader writes |
| `<!-- ends with N -->` | commands, the last of which ends with this exit code |
| `<!-- not run -->` | commands for a service that a test does not have |
| `<!-- beside -->` | one command that goes on beside the others, such as a server |

A `sh` block without a comment has commands that end with 0. A `text` block directly after commands
is what the last of them prints, output and messages as a terminal shows them; a line `...` is any
lines there, and `...` in a line any part of it.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from tests.support.command_line import Beside, environment, run_here

TUTORIAL = Path(__file__).parents[3] / "docs/tutorial.md"

PORT = "8100"
"""The port in documents; a free one takes its place."""

SECONDS = 120.0
"""How long a command of a document takes at most."""

_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(\S*)")


class File(NamedTuple):
    """A file that the reader of a document writes."""

    line: int
    name: str
    text: str


class Commands(NamedTuple):
    """Commands with the exit code of the last one, and what that one prints, if it is shown."""

    line: int
    lines: tuple[str, ...]
    code: int
    shown: str | None
    beside: bool


class Program(Protocol):
    """What stands for `flowdsl` in the commands of a document."""

    def run(self, folder: Path, words: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
        """The exit code, and all that is printed."""

    def begin(self, folder: Path, words: list[str]) -> Callable[[], None]:
        """Begin a command beside the others; returns what ends it."""


class Here:
    """The program in this process, and in a fork of one that has imported it."""

    def run(self, folder: Path, words: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
        done = run_here(folder, *words, together=True, **environ)
        return done.code, done.text

    def begin(self, folder: Path, words: list[str]) -> Callable[[], None]:
        return Beside(folder, *words).end


class Installed:
    """The program of another environment, each time in a process of its own."""

    def __init__(self, python: Path) -> None:
        self._command = [str(python), "-m", "flowdsl"]

    def run(self, folder: Path, words: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
        # Both streams are one; only what is not kept back comes in its order.
        given = environment(PYTHONUNBUFFERED="1", **environ)
        return _start([*self._command, *words], folder, given)

    def begin(self, folder: Path, words: list[str]) -> Callable[[], None]:
        process = subprocess.Popen([*self._command, *words], cwd=folder, env=environment())

        def end() -> None:
            process.kill()
            process.wait()

        return end


def read_steps(document: str) -> list[File | Commands]:
    """What a reader does, in order; raises `ValueError` for a comment that means nothing."""
    steps: list[File | Commands] = []
    end = 0
    for block in _BLOCK.finditer(document):
        note, language, text = block["note"], block["language"], block["text"]
        line = document.count("\n", 0, block.start("language")) + 1
        follows = not document[end : block.start()].strip()
        end = block.end()
        if note is not None and note.startswith("file "):
            steps.append(File(line, note.removeprefix("file "), text))
        elif language == "sh" and note != "not run":
            code = re.fullmatch(r"ends with (\d+)", note or "ends with 0")
            if code is None and note != "beside":
                raise ValueError(f"line {line}: `{note}` says nothing of commands")
            lines = tuple(each for each in text.replace("\\\n", "").splitlines() if each.strip())
            steps.append(Commands(line, lines, int(code[1]) if code else 0, None, code is None))
        elif language == "text" and steps and follows:
            last = steps[-1]
            if isinstance(last, Commands):
                steps[-1] = last._replace(shown=text)
    return steps


def run_document(document: str, folder: Path, program: Program) -> int:
    """Do all that a document says below `folder`; returns how many commands that were.

    Raises `AssertionError` where a command ends or prints otherwise than the document says.
    """
    port = _find_free_port()
    number = 0
    with ExitStack() as beside:
        for step in read_steps(document.replace(PORT, port)):
            if isinstance(step, File):
                path = folder / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text, encoding="utf-8", newline="\n")
                continue
            if step.beside:
                beside.enter_context(_serve(step, folder, program, port))
                continue
            for position, line in enumerate(step.lines, 1):
                number += 1
                last = position == len(step.lines)
                code, printed = _run_line(line, folder, program)
                place = f"line {step.line}: {line}\n{printed}"
                assert code == (step.code if last else 0), f"ends with {code}: {place}"
                if last and step.shown is not None and not is_shown(step.shown, printed):
                    raise AssertionError(f"prints something else: {place}")
                if words := re.fullmatch(r"cd (\S+)", line):
                    folder = folder / words[1]
    return number


def name_git_author(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commits be made where nobody has told git a name."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "kim")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "kim@pennywell.test")


def is_shown(shown: str, printed: str) -> bool:
    """Whether a document shows what was printed, where `...` stands for anything."""
    pattern = ""
    for line in shown.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r" *\n"
    return re.fullmatch(pattern, printed if printed.endswith("\n") else printed + "\n") is not None


def _run_line(line: str, folder: Path, program: Program) -> tuple[int, str]:
    """Run one line: `flowdsl` by `program`, Python by this one, anything else by a shell."""
    words = shlex.split(line)
    if line.startswith("cd "):
        return (0, "") if (folder / words[1]).is_dir() else (1, "no such folder")
    environ: dict[str, str] = {}
    while given := _ASSIGNMENT.fullmatch(words[0]):
        environ[given[1]] = given[2]
        del words[0]
    if words[0] == "flowdsl":
        return program.run(folder, words[1:], environ)
    if words[0] == "python":
        return _start([sys.executable, *words[1:]], folder, environment(**environ))
    return _start(["sh", "-c", line], folder, environment(**environ))


def _start(command: list[str], folder: Path, environ: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode()


@contextlib.contextmanager
def _serve(step: Commands, folder: Path, program: Program, port: str) -> Iterator[None]:
    """Run the one command of a step beside the others, from when it answers on its port."""
    (line,) = step.lines
    end = program.begin(folder, shlex.split(line)[1:])
    try:
        deadline = time.monotonic() + SECONDS
        while not _answers(int(port)):
            assert time.monotonic() < deadline, f"`{line}` does not begin"
            time.sleep(0.05)
        yield
    finally:
        end()


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _find_free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])
