"""Whether the versions that `pyproject.toml` allows work: the lowest and the newest.

`python benchmarks/installation/version_bounds.py` installs a copy of the tracked files four times,
with the lowest and with the newest direct dependencies, on Python 3.11 and on the newest Python of
the machine. In each it deploys an example, deploys again, runs a workflow and runs the tests. It
prints a table and exits 1 where something fails or warns. It needs `uv` on PATH and the package
index; `--skip-tests` leaves the tests out.

With `--python`, `--resolution` or both it tries one or two of the four, with `--folder` it keeps
installations and results there: what has a result is not tried again, and the table has all of
them. `--workers 2` and `--tests PATH...` make a trial of the tests smaller.

The tests need tools. The newest installation takes the newest tools; the lowest one those of
`constraints.txt`, since what they allow is not what FlowDSL allows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OLDEST_PYTHON = "3.11"
_LOWEST = "lowest-direct"
_NEWEST = "highest"
_RUN = (
    "run patient_lookup --env local --input mrn=4471203 --input birth_date=1980-05-31"
    " --input site=Hill --secret chart_user=env:CHART --secret chart_password=env:CHART --watch"
)


@dataclass(frozen=True)
class Trial:
    """What became of one installation: a short word for each thing that was tried."""

    python: str
    resolution: str
    versions: str
    main_job: str
    tests: str

    @property
    def is_good(self) -> bool:
        return self.main_job == "works" and (self.tests == "-" or " failed" not in self.tests)


def find_pythons() -> list[str]:
    """Python 3.11 and the newest one that is installed, as `uv` takes them."""
    listed = subprocess.run(
        ["uv", "python", "list", "--only-installed", "--no-python-downloads"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {
        (int(minor), int(patch)): f"3.{minor}.{patch}"
        for minor, patch in re.findall(r"^cpython-3\.(\d+)\.(\d+)-", listed, re.MULTILINE)
    }
    return list(dict.fromkeys([OLDEST_PYTHON, found[max(found)]]))


def copy_tracked_files(target: Path) -> Path:
    """A copy of what git tracks, a repository of its own, since some tests ask git."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, names)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *words], cwd=target, check=True)
    return target


def list_pinned_tools() -> list[str]:
    """The tools of the extra `dev` in the versions of `constraints.txt`."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = document["project"]["optional-dependencies"]["dev"]
    pins = {
        name.lower().replace("_", "-"): version
        for name, version in re.findall(
            r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
        )
    }
    tools = []
    for requirement in wanted:
        form = re.match(r"([\w.-]+)(\[[\w,]+\])?", requirement)
        assert form is not None, requirement
        if form[1] != "flowdsl":
            tools.append(f"{form[1]}{form[2] or ''}=={pins[form[1].lower().replace('_', '-')]}")
    return tools


def install(copy: Path, python: str, resolution: str, folder: Path, is_tested: bool) -> Path:
    """A virtual environment in `folder`, and the folder of its commands."""
    subprocess.run(["uv", "venv", "--quiet", "--python", python, str(folder)], check=True)
    wanted = ["."]
    if is_tested and resolution == _LOWEST:
        wanted = ["-e", ".[cloud,lsp,watch]", *list_pinned_tools()]
    elif is_tested:
        wanted = ["-e", ".[dev]"]
    command = ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    subprocess.run([*command, "--resolution", resolution, *wanted], cwd=copy, check=True)
    return folder / "bin"


def try_main_job(commands: Path, project: Path) -> str:
    """Deploys, deploys again and runs; `works`, or what went wrong."""
    shutil.copytree(ROOT / "examples" / "clinic", project, ignore=lambda *_: {".flowdsl"})
    told = []
    for words in ("deploy --env local --yes", "deploy --env local --yes", _RUN):
        done = subprocess.run(
            [str(commands / "flowdsl"), "-C", str(project), *words.split()],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "CHART": "demo"},
        )
        told.append(done.stdout + done.stderr)
        if done.returncode or "Warning" in done.stderr:
            lines = done.stderr.strip().splitlines() or ["no message"]
            return f"`{words.split()[0]}` ended with {done.returncode}: {lines[-1][:80]}"
    if "nothing to do" not in told[1].lower() or '"patient": {' not in told[2]:
        return "does something else than it should"
    return "works"


def try_tests(commands: Path, copy: Path, paths: Sequence[str], workers: str) -> str:
    """The closing line of the quick tests below `paths`; all where there are none."""
    done = subprocess.run(
        [str(commands / "pytest"), "-n", workers, "-q", *paths],
        cwd=copy,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"},
    )
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR", "E  ")):  # the last: why, before the closing list
            print(f"  {line}", file=sys.stderr)
    closing = done.stdout.strip().splitlines()[-1:] or ["no output"]
    return closing[0].strip("= ") if done.returncode == 0 else f"{closing[0].strip('= ')} failed"


def tell_versions(commands: Path) -> str:
    """The versions of those dependencies whose lowest one has been a fault before."""
    listed = subprocess.run(
        ["uv", "pip", "freeze", "--quiet", "--python", str(commands / "python")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return " ".join(re.findall(r"^(?:fastapi|pydantic|sqlalchemy)==\S+", listed, re.MULTILINE))


def try_installation(
    python: str, resolution: str, folder: Path, options: argparse.Namespace
) -> Trial:
    """Installs below `folder`, anew where an earlier trial was left there."""
    shutil.rmtree(folder, ignore_errors=True)
    copy = copy_tracked_files(folder / "copy")
    try:
        plain = install(copy, python, resolution, folder / "plain", False)
        main_job = try_main_job(plain, folder / "project")
        tests = "-"
        if not options.skip_tests:
            tested = install(copy, python, resolution, copy / ".venv", True)
            tests = try_tests(tested, copy, options.tests, options.workers)
    except subprocess.CalledProcessError as error:
        return Trial(python, resolution, "", f"cannot be installed: {error.returncode}", "-")
    return Trial(python, resolution, tell_versions(plain), main_job, tests)


def try_each(folder: Path, options: argparse.Namespace) -> list[Trial]:
    """The trials that are wanted, and those before whose results stand in `folder`."""
    results = folder / "results.json"
    trials = [Trial(**each) for each in json.loads(results.read_text())] if results.exists() else []
    for python in options.python or find_pythons():
        for resolution in options.resolution or (_LOWEST, _NEWEST):
            if any((each.python, each.resolution) == (python, resolution) for each in trials):
                continue
            where = folder / f"{python}-{resolution}"
            trials.append(try_installation(python, resolution, where, options))
            results.write_text(json.dumps([asdict(each) for each in trials], indent=2))
    return trials


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--skip-tests", action="store_true", help="try the main job alone")
    parser.add_argument("--python", action="append", help="only this Python, such as 3.11")
    parser.add_argument(
        "--resolution", action="append", choices=(_LOWEST, _NEWEST), help="only these versions"
    )
    parser.add_argument("--folder", type=Path, help="keep installations and results there")
    parser.add_argument("--workers", default="auto", help="processes of the tests")
    parser.add_argument("--tests", nargs="+", default=[], help="only the tests below these paths")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = (options.folder or Path(name)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        trials = try_each(folder, options)
    for trial in trials:
        print("| " + " | ".join(asdict(trial).values()) + " |")
    return 0 if all(trial.is_good for trial in trials) else 1


if __name__ == "__main__":
    raise SystemExit(main())
