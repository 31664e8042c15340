"""What starting may import: the reason `check` and `--version` are fast."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

from flowdsl.cli.runtime.target import INDEX_FROM
from tests.support.command_line import write_tree
from tests.support.effort import rows

PROBE = """
import sys
before = set(sys.modules)
from flowdsl.__main__ import main
code = main(sys.argv[1:])
sys.stdout.flush()
imported = sorted(set(sys.modules) - before)
import json
json.dump([code, imported], sys.stderr)
"""

HEAVY = {
    "argcomplete",
    "lark",
    "pydantic",
    "jinja2",
    "httpx",
    "rich",
    "asyncio",
    "dataclasses",
    "fastapi",
    "sqlalchemy",
    "inspect",
}
ON_DEMAND = {
    "decimal",
    "hashlib",
    "json",
    "difflib",
    "locale",
    "pathlib",
    "urllib.parse",
    "watchfiles",
    "flowdsl.cli.commands.check.baseline",
    "flowdsl.cli.commands.check.fixes",
    "flowdsl.cli.runtime.watching",
    "flowdsl.diagnostics.fixes",
    "flowdsl.diagnostics.fingerprint",
}
FOR_FEW_FILES = {
    "flowdsl.config.versions",
    "flowdsl.lint.texts.forbidden",
    "flowdsl.semantics.declarations.chains",
    "flowdsl.semantics.texts.destinations",
    "flowdsl.semantics.flow_tests.check",
    "flowdsl.semantics.statements.images",
    "flowdsl.semantics.control_flow.path_counts",
    "flowdsl.semantics.texts.platform_text",
    "flowdsl.semantics.declarations.post_run_checks",
    "flowdsl.semantics.declarations.prompt_files",
    "flowdsl.semantics.flow_tests.run_texts",
    "flowdsl.semantics.values.schema_files",
    "flowdsl.semantics.declarations.wire",
}
"""What only files with a certain statement, section or mistake need."""

ALWAYS_LOADED = {"program", "program.credential_in_literal", "program.deep_nesting"}
"""Rules that look at every file, and their room."""

FLOW = 'flow 1\nworkflow a { steps { do "Open the file {x}." } inputs { x: string } }\n'


SIMPLE = """flow 1

task sign_in(user: string, secret password: string) {
  do "Open LedgerPro and wait for its sign-in window."
  type "{user}" into "the User field"
  type $password into "the Password field"
  press "Enter"
  expect "the Accounts page is visible" else abort "Sign-in failed for {user}"
}

## Reads the balance of an account.
workflow read_account {
  inputs { account: string @pattern("[0-9]{6}")  user: string  notes: string? }
  secrets { password: string }
  outputs { balance: number  note: string? }
  steps {
    call sign_in(user: user, password: $password)
    choose "the row whose account is {account}" else abort "{account} is missing"
    retry 2 wait 5s {
      press "Ctrl+F"
      expect "the row is highlighted"
    }
    extract balance from "the Balance cell in the last row"
    if not notes is empty {
      extract note from "the Note field"
    }
  }
}
"""


def imported(cwd: Path, *words: str) -> tuple[int, set[str]]:
    process = subprocess.run(
        [sys.executable, "-c", PROBE, *words], capture_output=True, cwd=cwd, check=True, timeout=60
    )
    code, modules = json.loads(process.stderr.splitlines()[-1])
    return code, set(modules)


FORMATS = ["text", "terse", "json", "github", "sarif", "junit"]


@pytest.mark.parametrize(
    ("project", "flow", "format"),
    rows([*product([False, True], [FLOW, FLOW.replace("{x}", "{y}")], FORMATS)], 0, 10, 16, 18),
)
def test_check_imports_nothing_heavy(tmp_path: Path, project: bool, flow: str, format: str) -> None:
    (tmp_path / "a.flow").write_text(flow)
    if project:
        (tmp_path / "flowdsl.toml").write_text('[project]\nname = "x"\nflows = ["*.flow"]\n')
        (tmp_path / ".gitignore").write_text("build\n")
    code, modules = imported(
        tmp_path, "check", *([] if project else ["a.flow"]), "--format", format
    )
    assert code == (flow != FLOW)
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    assert ("tomllib" in modules) == project
    if format in ("text", "terse", "github"):
        assert modules.isdisjoint(ON_DEMAND)


FOR_OTHER_TESTS = {
    "jsonschema",
    "multiprocessing",
    "flowdsl.cli.commands.test.junit",
    "flowdsl.diagnostics.render.junit",
    "flowdsl.prompt.cost",
    "flowdsl.simulate.machine.pictures",
    "html.parser",
    "pathlib",
}
"""What a test needs only where it is one of many, or where a certain thing is asked of it."""

EXECUTED = 'test "t" for a { given { x = "y" } does do "Open the file y." 1 times outputs { } }\n'


def test_a_few_tests_import_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(FLOW + EXECUTED)
    code, modules = imported(tmp_path, "test", "a.flow")
    assert code == 0
    assert "flowdsl.simulate.machine.execute" in modules
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    assert modules.isdisjoint(FOR_OTHER_TESTS)


def test_a_simple_file_needs_no_module_for_rare_things(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(SIMPLE)
    (tmp_path / "flowdsl.toml").write_text('[project]\nname = "x"\n')
    code, modules = imported(tmp_path, "check", "a.flow")
    assert code == 0
    assert modules.isdisjoint(ON_DEMAND | FOR_FEW_FILES)
    rules = "flowdsl.lint.rules."
    loaded = {name.removeprefix(rules) for name in modules if name.startswith(rules)}
    assert loaded <= ALWAYS_LOADED


def test_what_is_not_to_be_imported_exists() -> None:
    every_name = ON_DEMAND | FOR_FEW_FILES | FOR_OTHER_TESTS
    assert [name for name in every_name if find_spec(name) is None] == []


FMT_NEEDS_NO = {"flowdsl.ir", "flowdsl.lint", "flowdsl.semantics", "flowdsl.codegen"}
"""Formatting asks only how a file is written."""

LAID_OUT = """flow 1

## Opens a file.
workflow open_file {
  inputs { path: string }
  steps {
    do "Open the file {path}."
  }
}
"""


FMT = [["fmt"], ["fmt", "--check"], ["fmt", "a.flow"]]


@pytest.mark.parametrize(
    ("words", "flow"),
    rows([*product(FMT, [LAID_OUT, LAID_OUT.replace("  do", "do"), LAID_OUT + "task ("])], 0, 4, 8),
)
def test_fmt_imports_nothing_heavy(tmp_path: Path, words: list[str], flow: str) -> None:
    (tmp_path / "a.flow").write_text(flow)
    (tmp_path / "flowdsl.toml").write_text('[project]\nname = "x"\n')
    code, modules = imported(tmp_path, *words)
    assert code == (flow.endswith("task (") or ("--check" in words and flow != LAID_OUT))
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    assert modules.isdisjoint(ON_DEMAND)
    assert {".".join(name.split(".")[:2]) for name in modules} & FMT_NEEDS_NO == set()
    assert "flowdsl.compiler.pipeline" not in modules
    assert ("tomllib" in modules) == ("a.flow" not in words)


@pytest.mark.parametrize("words", [["init", "--yes"], ["init", "-h"], ["new", "-h"]])
def test_a_new_project_imports_nothing_heavy(tmp_path: Path, words: list[str]) -> None:
    code, modules = imported(tmp_path, *words)
    assert code == 0
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    assert "flowdsl.compiler.pipeline" not in modules


@pytest.mark.parametrize("command", ["check", "test"])
def test_where_nothing_has_changed_there_is_no_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    flows = {
        f"care/a{at}.flow": f'flow 1\nworkflow a{at} {{ steps {{ press "F3" }} }}\n'
        f'test "F3" for a{at} {{ does press "F3" }}\n'
        for at in range(INDEX_FROM)
    }
    project = '[project]\nname = "care"\nflows = ["*.flow"]\n'
    write_tree(tmp_path, {"care/flowdsl.toml": project, **flows})
    first, again = (imported(tmp_path / "care", command) for _ in range(2))
    assert (first[0], again[0]) == (0, 0)
    parts = {"flowdsl.compiler.pipeline", "flowdsl.syntax.parse", "flowdsl.semantics.program"}
    assert parts <= first[1]
    assert not parts & again[1]


def test_version_imports_nothing(tmp_path: Path) -> None:
    code, modules = imported(tmp_path, "--version")
    assert code == 0
    assert modules <= {"__future__", "gc", "flowdsl", "flowdsl.__main__"}


def test_help_and_usage_mistakes_import_no_argument_parser(tmp_path: Path) -> None:
    for words in (["-h"], ["chekc"], []):
        _, modules = imported(tmp_path, *words)
        assert "argparse" not in modules
        assert not any(name.startswith("flowdsl.compiler") for name in modules)


def test_the_python_interface_loads_what_runs_need_when_it_is_used() -> None:
    probe = (
        "import sys; before = set(sys.modules); from flowdsl import api;"
        "print(*sorted(set(sys.modules) - before)); dir(api);"
        "print([name for name in api.__all__ if getattr(api, name).__name__ != name]);"
        "print(sorted(set(api.__all__) - set(dir(api))))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    imported, other_names, hidden = done.stdout.splitlines()
    assert not (HEAVY & set(imported.split()))
    assert (other_names, hidden) == ("[]", "[]")
