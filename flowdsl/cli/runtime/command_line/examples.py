"""Command lines that show what a command is for: the last lines of every `-h`.

They stand in `examples.txt`: below each command, in brackets, its command lines, each with what it
gives behind `#`.
"""

from __future__ import annotations

import os


def read_examples() -> dict[str, list[tuple[str, str]]]:
    """The command lines and what they give, by the words after `flowdsl`."""
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
    """The lines of the examples of `command`, for the end of its help; empty without any."""
    rows = read_examples().get(command, ())
    lines = [line for words, gives in rows for line in (f"  {words}", f"      {gives}")]
    return "\n".join(["examples:", *lines]) if lines else ""
