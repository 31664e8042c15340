"""What starting may import: the reason `check` and `--version` are fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
    "hashlib",
    "json",
    "difflib",
    "urllib.parse",
    "watchfiles",
    "flowdsl.cli.baselining",
    "flowdsl.cli.fixing",
    "flowdsl.cli.watching",
    "flowdsl.diagnostics.fixes",
    "flowdsl.diagnostics.fingerprint",
}
FLOW = 'flow 1\nworkflow a { steps { do "Open the file {x}." } inputs { x: string } }\n'


def imported(cwd: Path, *words: str) -> tuple[int, set[str]]:
    process = subprocess.run(
        [sys.executable, "-c", PROBE, *words], capture_output=True, cwd=cwd, check=True, timeout=60
    )
    code, modules = json.loads(process.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize("format", ["text", "terse", "json", "github", "sarif", "junit"])
@pytest.mark.parametrize("flow", [FLOW, FLOW.replace("{x}", "{y}")], ids=["clean", "findings"])
@pytest.mark.parametrize("project", [False, True])
def test_check_imports_nothing_heavy(tmp_path: Path, format: str, flow: str, project: bool) -> None:
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


def test_version_imports_nothing(tmp_path: Path) -> None:
    code, modules = imported(tmp_path, "--version")
    assert code == 0
    assert modules <= {"__future__", "gc", "flowdsl", "flowdsl.__main__"}


def test_help_and_usage_mistakes_import_no_argument_parser(tmp_path: Path) -> None:
    for words in (["-h"], ["chekc"], []):
        _, modules = imported(tmp_path, *words)
        assert "argparse" not in modules
        assert not any(name.startswith("flowdsl.compiler") for name in modules)
