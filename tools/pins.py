"""The generator of `constraints.txt` and of the files of `ci` from `pyproject.toml`.

`python -m tools.pins --write` brings all up to date and keeps the versions that still
fit; `--upgrade` takes the newest ones. It needs `uv` on PATH and the package index.

- `constraints.txt`: the version of everything that FlowDSL and its extra `dev` need.
- `ci/requirements.txt`: of these what the jobs of users install, with the digests of all files of
  each version. The tools that build FlowDSL are among it, so that a job builds nothing with tools
  that nobody reviewed.
- `ci/publishing.txt`: what uploads a release.
"""

from __future__ import annotations

import argparse
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
REQUIREMENTS = ROOT / "ci" / "requirements.txt"
PUBLISHING = ROOT / "ci" / "publishing.txt"

_HEADER = """\
# {what}
# Generated, do not edit: `python -m tools.pins --write`.
"""


def list_job_needs() -> list[str]:
    """The requirements of a job in the words of `pyproject.toml`: to build, run and keep state."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    return [
        *document["build-system"]["requires"],
        *project["dependencies"],
        *project["optional-dependencies"]["cloud"],
    ]


def _compile(target: Path, what: str, needs: Sequence[str], options: Sequence[str]) -> None:
    """Resolves `needs` for every platform and Python that FlowDSL supports into `target`."""
    command = ["uv", "pip", "compile", "-", "--universal", "--python-version", "3.11", "--quiet"]
    layout = ["--no-header", "--no-annotate"]
    subprocess.run(
        [*command, *layout, *options, "--output-file", str(target)],
        input="\n".join(needs),
        text=True,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    resolved = target.read_text(encoding="utf-8")
    target.write_text(_HEADER.format(what=what) + resolved, encoding="utf-8")


def write(upgrade: bool) -> None:
    """Writes the files; raises `CalledProcessError` where the requirements contradict."""
    newest = ["--upgrade"] if upgrade else []
    developing = f"{ROOT}[cloud,watch,dev]"
    _compile(
        CONSTRAINTS,
        "Exact versions that CI and the README install.",
        [developing, *list_job_needs()],
        [*newest, "--no-emit-package", "flowdsl"],
    )
    _compile(
        REQUIREMENTS,
        "What the jobs of users install, with the digests of the files.",
        list_job_needs(),
        [*newest, "--generate-hashes", "--constraints", str(CONSTRAINTS)],
    )
    _compile(
        PUBLISHING,
        "What uploads a release, with the digests of the files.",
        ["uv"],
        [*newest, "--generate-hashes"],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", required=True, help="write the files")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    write(parser.parse_args(arguments).upgrade)


if __name__ == "__main__":
    main()
