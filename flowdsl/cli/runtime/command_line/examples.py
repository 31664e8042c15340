"""Example command lines, which are the last lines of every `-h`.

They are in `examples.txt`: a command in brackets, followed by its command lines, each with its
effect after `#`.
"""

from __future__ import annotations

import os


def read_examples() -> dict[str, list[tuple[str, str]]]:
    """Read the command lines and their effects, by the words after `flowdsl`."""
    path = os.path.join(os.path.dirname(__file__), "examples.txt")
    examples: dict[str, list[tuple[str, str]]] = {}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - `pathlib` is slow to import
        for line in file:
            if line.startswith("["):
                command = line.strip("[]\n").removeprefix("flowdsl").lstrip()
                examples[command] = []
            else:
                words, _, gives = line.rstrip("\n").partition("  # ")
                examples[command].append((words, gives))
    return examples


def examples_of(command: str) -> str:
    """The example lines of `command`, for the end of its help; empty if there are none."""
    rows = read_examples().get(command, ())
    lines = [line for words, gives in rows for line in (f"  {words}", f"      {gives}")]
    return "\n".join(["examples:", *lines]) if lines else ""
