"""The repository says nothing about the machine it is written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_FORBIDDEN = re.compile(
    r"(?<![\w.}])/(?:work|home|root|Users|tmp)/\w"
    r"|pypi\.org|pythonhosted|index-url|find-links|/simple/"
)
"""Folders of one machine, and where one machine gets its packages."""
_LOOPBACK = "127.0.0.1"
_MAY_NAME_LOOPBACK = (
    ".ci/",
    "benchmarks/",
    "ci/flowdsl_ci/rest.py",
    "docs/emulator.md",
    "docs/tutorial.md",
    "flowdsl/cli/commands/emulator/command.py",
    "flowdsl/emulator/",
    "editors/vscode/tests/",
    "editors/web/tests/",
    "tests/",
)


def tracked() -> list[Path]:
    """The files of the repository; those of the folder where git knows none."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "ignore")


def test_no_file_names_a_folder_of_this_machine_or_a_package_index() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path != Path(__file__)
        for match in _FORBIDDEN.finditer(text_of(path))
    ]
    assert found == []


def test_only_what_serves_or_tests_a_local_service_names_a_loopback_address() -> None:
    found = [
        name
        for path in tracked()
        if not (name := path.relative_to(ROOT).as_posix()).startswith(_MAY_NAME_LOOPBACK)
        and _LOOPBACK in text_of(path)
    ]
    assert found == []
