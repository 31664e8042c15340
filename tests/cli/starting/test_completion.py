"""How shells complete `flowdsl`: what they are answered, and real ones where installed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flowdsl.cli.commands.completion import SHELLS
from flowdsl.cli.main import COMMANDS
from tests.support.command_line import environment, run_command, write_tree
from tests.support.effort import every, rows
from tests.support.rows import check_rows, for_rows
from tests.support.terminal import Terminal, needs_terminal, terminal

PROJECT = """\
[project]
name = "desk"
id = "prj_1"

[env.local]
api = "local"

[env.staging]
api = "https://api.staging.test"
"""

FLOW = """\
flow 1

## Opens the ledger.
workflow open_ledger {
  steps {
    do "Open the ledger."
  }
}

## Prints the month.
workflow print_month {
  steps {
    do "Print the month."
  }
}

## Opens, then prints.
chain month_end {
  step first = run open_ledger()
  step second = run print_month()
}
"""

SCRIPTS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    write_tree(
        root,
        {
            "desk/flowdsl.toml": PROJECT,
            "desk/flows/month.flow": FLOW,
            "desk/flows/lib/a.flow": "flow 1\n",
            "desk/.hidden": "",
            "broken/flowdsl.toml": "[project\n",
        },
    )
    return root


def completed(folder: Path, line: str) -> list[str]:
    """The words that argcomplete hands to a shell, by way of a file."""
    out = folder / ".answers"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(out),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    done = run_command(folder, **asked)
    assert (done.code, done.out) == (0, b"")
    answers = out.read_text().split("\n")
    out.unlink()
    return [answer for answer in answers if answer]


NEXT = [
    ("desk", "flowdsl dep", ["deploy"]),
    ("desk", "flowdsl --col", ["--color"]),
    ("desk", "flowdsl deploy --env ", ["local", "staging"]),
    ("desk", "flowdsl deploy --env=s", ["--env=staging"]),
    ("desk/flows", "flowdsl --color never deploy --env s", ["staging"]),
    (".", "flowdsl -C desk deploy --env ", ["local", "staging"]),
    (".", "flowdsl deploy -C desk --env ", ["local", "staging"]),
    (".", "flowdsl deploy --env ", []),
    ("broken", "flowdsl deploy --env ", []),
    ("desk", "flowdsl diff ", ["open_ledger", "print_month"]),
    ("desk", "flowdsl diff open_ledger pr", ["print_month"]),
    ("desk", "flowdsl plan --only o", ["open_ledger"]),
    ("desk", "flowdsl state mv ", ["open_ledger", "print_month"]),
    ("desk", "flowdsl state mv open_ledger ", []),
    ("desk", "flowdsl state unprotect p", ["print_month"]),
    ("desk", "flowdsl convert p", ["print_month"]),
    ("desk", "flowdsl run p", ["print_month"]),
    ("desk", "flowdsl run ", ["open_ledger", "print_month", "month_end"]),
    ("desk", "flowdsl runs list --workflow ", ["open_ledger", "print_month"]),
    ("desk", "flowdsl trajectories list --workflow o", ["open_ledger"]),
    ("desk", "flowdsl machines check --workflow o", ["open_ledger"]),
    ("desk", "flowdsl convert f", ["flows/"]),
    ("desk", "flowdsl check ", ["flowdsl.toml", "flows/"]),
    ("desk", "flowdsl check .h", [".hidden"]),
    ("desk", "flowdsl check flows/m", ["flows/month.flow"]),
    (".", "flowdsl -C desk check flows/m", ["flows/month.flow"]),
    (".", "flowdsl -C d", ["desk/"]),
    ("desk", "flowdsl check --format s", ["sarif"]),
    ("desk", "flowdsl check --fail-on ", ["error", "warning", "info"]),
    ("desk", "flowdsl explain undeclared-e", ["undeclared-environment"]),
    ("desk", "flowdsl new ", ["workflow", "task", "chain"]),
    ("desk", "flowdsl new task ", []),
    ("desk", "flowdsl new task a -o flows/l", ["flows/lib/"]),
    ("desk", "flowdsl init --example c", ["clinic"]),
    ("desk", "flowdsl help st", ["state"]),
    ("desk", "flowdsl completion ", [*SHELLS]),
]
"""Where it is asked, the line so far, and what may come next."""


def test_what_may_come_next(project: Path) -> None:
    def check(row: tuple[str, str, list[str]]) -> None:
        folder, line, answers = row
        assert sorted(completed(project / folder, line)) == sorted(answers)

    check_rows(NEXT, check)


def test_every_command_is_offered(project: Path) -> None:
    assert set(completed(project, "flowdsl ")) == {*COMMANDS, "help"}


@for_rows(lambda: every(5, [name for name in COMMANDS if name != "debug"]))
def test_every_command_offers_its_options(name: str) -> None:
    with TemporaryDirectory() as folder:
        assert {"--color"} <= set(completed(Path(folder), f"flowdsl {name} --c"))


def test_a_variable_that_is_left_over_keeps_no_command_from_its_work(project: Path) -> None:
    left = {"_ARGCOMPLETE": "1", "COMP_LINE": "flowdsl ", "COMP_POINT": "8"}
    done = run_command(project / "desk", "check", "--fail-on", "error", **left)
    assert (done.code, done.text.splitlines()[-1]) == (0, "no problems in 2 files")


@pytest.mark.parametrize(
    "left",
    [
        {},
        {"COMP_LINE": "flowdsl "},
        {"COMP_LINE": "flowdsl ", "COMP_POINT": "x"},
        {"COMP_LINE": "flowdsl ", "COMP_POINT": "1", "_ARGCOMPLETE": "yes"},
    ],
)
def test_half_a_question_is_none(project: Path, left: dict[str, str]) -> None:
    assert run_command(project, **{"_ARGCOMPLETE": "1", **left}) == run_command(project)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_registers_the_program(tmp_path: Path, shell: str) -> None:
    done = run_command(tmp_path, "completion", shell)
    assert (done.code, done.err) == (0, "")
    registers = {
        "bash": " -F _python_argcomplete flowdsl\n",
        "zsh": "compdef _python_argcomplete flowdsl\n",
        "fish": "complete --command flowdsl ",
        "powershell": "Register-ArgumentCompleter -Native -CommandName flowdsl ",
    }
    assert registers[shell] in done.text


def test_a_shell_that_is_not_known_is_refused(tmp_path: Path) -> None:
    done = run_command(tmp_path, "completion", "tcsh")
    assert (done.code, done.out) == (64, b"")
    # Some versions of Python quote the choices.
    assert "choose from bash, zsh, fish, powershell" in done.err.replace("'", "")


# In real shells

START = {
    "bash": (
        ["--norc", "--noprofile", "-i"],
        "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; "
        'eval "$(flowdsl completion bash)"',
    ),
    "zsh": (
        ["-f", "-i"],
        'autoload -Uz compinit; compinit -D -u; eval "$(flowdsl completion zsh)"',
    ),
    "fish": (["--no-config", "-i"], "flowdsl completion fish | source"),
}


def typed(screen: Terminal, line: str, shown: str) -> None:
    """Type a line and Tab until `shown` stands there, then take the line back."""
    screen.type(line + "\t")
    screen.until(shown)
    screen.type("\x15")


@needs_terminal
@pytest.mark.parametrize("shell", rows([*START], 0))
def test_a_shell_completes_words_options_environments_and_workflows(
    project: Path, tmp_path: Path, shell: str
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    options, script = START[shell]
    environ = environment(
        PATH=f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", HOME=str(tmp_path), TERM="dumb", PS1="> "
    )
    with terminal([program, *options], folder=project / "desk", environ=environ) as screen:
        screen.type(script + "; echo re''ady\r")
        screen.until("ready")
        typed(screen, "flowdsl dep", "flowdsl deploy ")
        typed(screen, "flowdsl deploy --env st", "--env staging ")
        typed(screen, "flowdsl diff pri", "diff print_month ")
        typed(screen, "flowdsl run mon", "run month_end ")
        typed(screen, "flowdsl check flows/mo", "flows/month.flow")
        typed(screen, "flowdsl check --fail-", "--fail-on ")
