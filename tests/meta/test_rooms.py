"""No folder has so many modules side by side that its names say no architecture."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
MOST = 16
"""Modules of one folder; `__init__.py` is none, and one of tests is a module like any other."""


def crowded(names: Iterable[str]) -> dict[str, int]:
    """The folders of these files with more modules than `MOST`, and how many each has."""
    modules = Counter(
        path.parent.as_posix()
        for path in map(PurePosixPath, names)
        if path.suffix == ".py" and path.name != "__init__.py"
    )
    return {folder: count for folder, count in modules.items() if count > MOST}


def test_no_folder_has_more_modules_than_a_stranger_can_look_over() -> None:
    # Those that git does not know yet count, too.
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert "tests/meta/test_rooms.py" in names
    assert crowded(names) == {}, "give them rooms, see docs/adr/0030-rooms-of-fifteen.md"


def test_a_folder_is_crowded_from_the_seventeenth_module_on() -> None:
    names = ["a/room/__init__.py", "a/room/notes.md", "a/room/inner/one.py", "a/other.py"]
    names += [f"a/room/test_{number}.py" for number in range(MOST)]
    assert crowded(names) == {}
    assert crowded([*names, "a/room/one_more.py"]) == {"a/room": MOST + 1}
