"""The commit of FlowDSL that a pipeline names fixes every file that its jobs install."""

from __future__ import annotations

import re
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from flowdsl_ci import installing
from flowdsl_ci.errors import JobError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.effort import only_thorough
from tests.support.services.pipeline import github_job
from tools.pins import CONSTRAINTS, REQUIREMENTS, list_job_needs

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "5f" * 32
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)", re.MULTILINE)


def read_pins(file: Path) -> dict[str, set[str]]:
    """The versions of each distribution that a requirements file names."""
    pins: dict[str, set[str]] = {}
    for found in _PIN.finditer(file.read_text(encoding="utf-8")):
        pins.setdefault(canonicalize_name(found["name"]), set()).add(found["version"])
    return pins


def list_needed_here() -> set[str]:
    """What the job's requirements bring along on this platform, by the installed metadata.

    Other versions than those that jobs install may need something else, and are left out.
    """
    pins = read_pins(CONSTRAINTS)
    needed: set[str] = set()
    waiting = [Requirement(line) for line in list_job_needs()]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in needed or metadata.version(name) not in pins.get(name, ()):
            continue
        needed.add(name)
        for line in metadata.requires(name) or ():
            further = Requirement(line)
            extras = requirement.extras or {""}
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in extras
            ):
                waiting.append(further)
    return needed


def record_pip(monkeypatch: pytest.MonkeyPatch, version: str, scratch: Path) -> list[list[str]]:
    """The arguments of pip in the order in which a job calls it."""
    commands: list[list[str]] = []

    def run(command: list[str], *, folder: Path, environ: dict[str, str]) -> int:
        assert folder == scratch
        commands.append(command)
        return 0

    monkeypatch.setattr(installing, "run", run)
    installing.executable(version, ROOT, scratch, {})
    return [command[4:] for command in commands if command[1:4] == ["-I", "-m", "pip"]]


def test_every_version_of_a_job_is_one_that_the_tests_run_with() -> None:
    tested, installed = read_pins(CONSTRAINTS), read_pins(REQUIREMENTS)
    assert len(installed) > 20
    assert {
        name: versions for name, versions in installed.items() if tested[name] != versions
    } == {}


def test_everything_that_flowdsl_needs_to_build_and_run_is_fixed() -> None:
    assert list_needed_here() - set(read_pins(REQUIREMENTS)) == set()


def test_every_requirement_of_a_job_has_a_digest() -> None:
    lines = REQUIREMENTS.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert len(entries) > 20
    assert [line for line in entries if "--hash=sha256:" not in line] == []
    assert [line for line in entries if not _PIN.match(line)] == []


@pytest.mark.parametrize("version", ["", f"1.2.0 {DIGEST}"])
def test_pip_takes_nothing_from_an_index_without_a_digest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    calls = record_pip(monkeypatch, version, tmp_path)
    from_an_index = [call for call in calls if "install" in call and "--no-index" not in call]
    assert all({"--require-hashes", "--only-binary"} <= set(call) for call in from_an_index)
    others = [call for call in calls if call not in from_an_index and "install" in call]
    assert all({"--no-deps", "--no-build-isolation", str(ROOT)} <= set(call) for call in others)
    assert (len(from_an_index), len(others)) == ((2, 0) if version else (1, 1))


def test_a_release_is_installed_by_its_digests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = "sha256:" + "a0" * 32
    calls = record_pip(monkeypatch, f"1.2.0 {DIGEST} {other}", tmp_path)
    wanted = Path(calls[1][-1]).read_text(encoding="utf-8")
    assert wanted == f"flowdsl==1.2.0 --hash={DIGEST} --hash={other}\n"
    # What the release needs and the commit does not fix is told, not fetched.
    assert "--no-deps" in calls[1]
    assert calls[2][-1] == "check"


@pytest.mark.parametrize(
    "version", ["1.2.0", "1.2.0 md5:5f5f", f"1.2.0 {DIGEST[:-1]}", f" {DIGEST}"]
)
def test_a_release_without_a_digest_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(JobError, match="sha256:") as refused:
        installing.executable(version, ROOT, tmp_path, {})
    assert version.split()[0] in str(refused.value)
    assert not (tmp_path / "venv").exists()


def test_a_release_that_needs_something_else_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(command: list[str], *, folder: Path, environ: dict[str, str]) -> int:
        return int(command[-1] == "check")

    monkeypatch.setattr(installing, "run", run)
    with pytest.raises(JobError, match=r"name the commit of 1\.2\.0"):
        installing.executable(f"1.2.0 {DIGEST}", ROOT, tmp_path, {})


@only_thorough
def test_a_file_with_another_digest_is_not_installed(tmp_path: Path) -> None:
    name, (version,) = next(iter(read_pins(REQUIREMENTS).items()))
    stem = f"{name.replace('-', '_')}-{version}"
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")
    job = github_job(tmp_path, version=f"9999.1 {DIGEST}", command="check")
    log = tmp_path / "pip.log"
    job.environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_LOG": str(log)}
    code, text = job.run("github")
    assert (code, job.calls) == (1, [])
    assert "FlowDSL cannot be installed" in text
    assert "DO NOT MATCH THE HASHES" in log.read_text(encoding="utf-8")
