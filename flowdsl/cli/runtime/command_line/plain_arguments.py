"""Command lines without an option, read without argparse.

To import argparse takes a twentieth of the time of a whole check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any


class _NeedsParser(Exception):
    """The command declares something that only argparse can read."""


class _Declared:
    """Takes what a command declares, in the place of an `argparse.ArgumentParser`.

    Keeps the defaults.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.rest: str | None = None

    def add_argument(self, *names: str, **declared: Any) -> None:
        """Keep the default; raises `_NeedsParser` for positional arguments other than one list."""
        name = names[0]
        if name.startswith("-"):
            flag = declared.get("action") == "store_true"
            long = next((each for each in names if each.startswith("--")), name)
            dest = declared.get("dest") or long.lstrip("-").replace("-", "_")
            self.values[dest] = declared.get("default", False if flag else None)
        elif declared.get("nargs") == "*" and self.rest is None:
            self.rest = name
        else:
            raise _NeedsParser

    def __getattr__(self, name: str) -> Any:
        raise _NeedsParser


def plain_arguments(declare: Callable[[Any], None], words: Sequence[str]) -> SimpleNamespace | None:
    """The arguments of a command line that has no option; None when argparse has to read it."""
    if any(word.startswith("-") and word != "-" for word in words):
        return None
    declared = _Declared()
    try:
        declare(declared)
    except _NeedsParser:
        return None
    if declared.rest is None:
        return None
    return SimpleNamespace(**declared.values, **{declared.rest: list(words)})
