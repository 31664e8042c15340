"""A repository that means harm: whatever its files and patterns are, commands end in time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60
"""What a command may take here, start included, on a machine that has much else to do."""

EXPLOSIVE = (
    "(a+)+$",
    "^a*a*a*a*a*a*a*a*a*a*b$",
    "^(a?){45}a{45}$",
    "((a{1000}){1000}){1000}",
    "^(a|a)*$",
    "(" * 3000 + ")" * 3000,
)
A = "a" * 5000 + "!"


def flowdsl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowdsl", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def project(folder: Path, more: str = "", flow: str = "") -> None:
    (folder / "flowdsl.toml").write_text(f'[project]\nname = "x"\nflows = ["*.flow"]\n{more}')
    (folder / "a.flow").write_text(flow or f'flow 1\nworkflow w {{ steps {{ do "Open {A}" }} }}\n')


def names(process: subprocess.CompletedProcess[str]) -> set[str]:
    assert process.returncode in (0, 1), process.stderr
    assert process.stderr == ""
    return {each["name"] for each in json.loads(process.stdout)["diagnostics"]}


@pytest.mark.parametrize("pattern", EXPLOSIVE, ids=lambda pattern: pattern[:24])
def test_patterns_of_a_project_end(tmp_path: Path, pattern: str) -> None:
    flow = f"""flow 1
workflow w {{
  inputs {{ code: string = "{A}" @pattern(r"{pattern}") @example("{A}") }}
  steps {{ do "Open {A} by {{code}}" capture "{A}.png" }}
  checks {{ files matching r"{pattern}" exists }}
}}
"""
    forbid = f"[[lint.forbid]]\npattern = '{pattern}'\nmessage = 'no'\n"
    project(tmp_path, forbid, flow)
    found = names(flowdsl(tmp_path, "check", "--format", "json"))
    if "{1000}" in pattern:
        assert {"invalid-forbidden-words"} <= found
    elif pattern.startswith("((("):
        assert {"invalid-forbidden-words", "invalid-pattern"} <= found
    else:
        assert found.isdisjoint({"invalid-forbidden-words", "invalid-pattern"})


def test_globs_of_a_project_end(tmp_path: Path) -> None:
    name = "a" * 120
    deep = "/".join("a" * 60)
    stars = "*a" * 60 + "*b"
    spans = "**/" * 60 + "b.flow"
    (tmp_path / deep).mkdir(parents=True)
    project(tmp_path, f'[lint.per-file]\n"{stars}" = ["all"]\n"{spans}" = ["all"]\n')
    text = (tmp_path / "flowdsl.toml").read_text()
    globs = f'"*.flow", "{stars}", "{spans}"'
    (tmp_path / "flowdsl.toml").write_text(text.replace('"*.flow"', globs))
    for folder in ("", deep + "/"):
        (tmp_path / f"{folder}{name}.flow").write_text("flow 1\n")
    (tmp_path / ".gitignore").write_text(f"{stars}\n**/{stars}\n{spans}\n")
    names(flowdsl(tmp_path, "check", "--format", "json"))
    names(flowdsl(tmp_path, "check", f"{deep}/{name}.flow", "--format", "json"))


def test_texts_of_a_test_with_many_gaps_end(tmp_path: Path) -> None:
    gaps = "".join(f"{{v{at}}}a" for at in range(12))
    inputs = " ".join(f"v{at}: string" for at in range(12))
    flow = f"""flow 1
workflow w {{
  inputs {{ {inputs} }}
  steps {{ if sees "{gaps}b" {{ abort "no" }} }}
}}
test "t" for w {{ screen {{ sees "{"a" * 3000}" = true }} aborts "no" }}
"""
    project(tmp_path, flow=flow)
    assert "unused-answer" in names(flowdsl(tmp_path, "check", "--format", "json"))
