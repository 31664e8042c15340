"""The projects of the cookbook: each of its situations has flows that check and tests that pass."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.guides.carrying_out import File, Program, read_steps

FOLDER = Path(__file__).parents[3] / "docs/cookbook"
"""A page for each kind of situation, and `README.md`, which names them all."""

PROJECT = '[project]\nname = "cookbook"\nid = "prj_c00cb00c"\n\n[env.local]\napi = "local"\n'
_FLOW = re.compile(r"(?<! -->\n)^```flow\n(flow 1\n.*?)^```$", re.M | re.S)


def read_situations() -> dict[str, str]:
    """The text of every situation by its page and title, without the pages' introductions."""
    found: dict[str, str] = {}
    for page in sorted(FOLDER.glob("[!R]*.md")):
        title, fenced = None, False
        for line in page.read_text("utf-8").splitlines(keepends=True):
            fenced ^= line.startswith("```")
            if line.startswith("## ") and not fenced:
                title = f"{page.stem}: {line[3:].strip()}"
                found[title] = ""
            elif title is not None:
                found[title] += line
    return found


def write_projects(folder: Path) -> list[Path]:
    """Write the projects of all situations; those of a single file share the first one."""
    shared = folder / "shared_project"
    _write(shared / "flowdsl.toml", PROJECT)
    projects = [shared]
    for title, text in read_situations().items():
        name = re.sub(r"\W+", "_", title.lower())
        files = [each for each in read_steps(text) if isinstance(each, File)]
        flows = [found[1] for found in _FLOW.finditer(text)]
        if not files:
            for number, flow in enumerate(flows):
                _write(shared / f"flows/{name}_{number}.flow", flow)
            continue
        # A library lies in the work tree of the project that uses it.
        (folder / name / ".git").mkdir(parents=True)
        project = folder / name / "project"
        projects.append(project)
        _write(project / "flowdsl.toml", PROJECT)
        for number, flow in enumerate(flows):
            _write(project / f"flows/{name}_{number}.flow", flow)
        for file in files:
            library = file.name.startswith("@")
            place = folder / name / "shared" if library else project
            _write(place / file.name.removeprefix("@"), file.text)
    return projects


def check_project(project: Path, program: Program) -> int:
    """Check, format and test a project without any finding; returns how many tests pass."""
    for words in (["fmt", "--check"], ["check", "--fail-on", "info"], ["test"]):
        code, printed = program.run(project, words, {})
        assert code == 0, f"{project.name}: {' '.join(words)} ends with {code}\n{printed}"
    return len(re.findall(r"^ok ", printed, re.M))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
