"""What a quick run leaves out, as `thorough.toml` says.

Whole files are not imported; tests, and all but some rows of others, are not given to workers.
Whoever names a file or a test on the command line runs all of it.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support.effort import THOROUGH

T = TypeVar("T")

TESTS = Path(__file__).parent
LEFT_OUT = TESTS / "thorough.toml"
WHOLE = "*"
"""Stands for every test of a file."""


@cache
def load_left_out() -> dict[Path, dict[str, int | list[int]]]:
    """For each file, how many rows of each of its tests a quick run tries, or which."""
    files = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8"))
    return {
        TESTS / file: {name: each[0] if isinstance(each, list) else 0 for name, each in of.items()}
        for file, of in files.items()
    }


def is_left_out(file: Path, arguments: Sequence[str] = ()) -> bool:
    """Whether this run imports nothing of a file."""
    return not THOROUGH and WHOLE in load_left_out().get(file, {}) and not _is_in(file, arguments)


def find_left_out(items: Sequence[pytest.Item], arguments: Sequence[str]) -> set[pytest.Item]:
    """The tests, and rows of tests, that this run does not try."""
    tests: dict[tuple[Path, str], list[pytest.Item]] = defaultdict(list)
    if not THOROUGH:
        for item in items:
            name = getattr(item, "originalname", None) or item.name
            if name in load_left_out().get(item.path, {}) and not _is_in(item.path, arguments):
                tests[item.path, name].append(item)
    return {
        row for (path, name), of in tests.items() for row in drop(of, load_left_out()[path][name])
    }


def drop(of: Sequence[T], kept: int | list[int]) -> list[T]:
    """All rows but those at the positions `kept`, or but so many at even distances."""
    positions = [at * len(of) // kept for at in range(kept)] if isinstance(kept, int) else kept
    return [row for at, row in enumerate(of) if at not in positions]


def _is_in(file: Path, arguments: Sequence[str]) -> bool:
    return any(Path(each.partition("::")[0]).resolve() == file for each in arguments)
