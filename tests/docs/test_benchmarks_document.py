"""What `benchmarks/README.md` says of its scripts is true: they are there, and they start."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.service.many_runs import planned
from tests.support.effort import only_thorough
from tests.support.rows import for_rows

ROOT = Path(__file__).parents[2]
README = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
_CALL = re.compile(r"python (benchmarks/[\w/]+\.py)")


def scripts() -> list[Path]:
    """The modules of `benchmarks` that somebody calls; others are imported by these."""
    return [
        path
        for path in sorted((ROOT / "benchmarks").rglob("*.py"))
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    ]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_document_calls_every_script_and_no_other() -> None:
    assert set(_CALL.findall(README)) == set(map(relative, scripts()))


def test_the_table_of_rooms_names_every_script() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", README, re.MULTILINE)
    named = [
        f"benchmarks/{room}/{script}.py"
        for room, row in rows
        for script in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(named) == sorted(map(relative, scripts()))


@for_rows(scripts, name=relative, fewest=20)
def test_a_script_says_how_it_is_called(script: Path) -> None:
    head = script.read_text(encoding="utf-8").split('"""')[1]
    assert set(_CALL.findall(head)) == {relative(script)}


def test_the_runs_of_the_study_of_many_runs_can_be_planned() -> None:
    planned(2).check(is_placed=False)


@only_thorough
@for_rows(scripts, name=relative, fewest=20)
def test_a_script_starts(script: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(script), "--help"], cwd=ROOT, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
