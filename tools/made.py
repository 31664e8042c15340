"""Documents that are made of tables: written anew, or found to be stale."""

from __future__ import annotations

import sys
from pathlib import Path


def write_or_check(words: list[str], module: str, file: Path, fresh: str) -> int:
    """Carry out `--write` or `--check` of a module that makes a document; the exit code.

    `fresh` is what the file has to hold. Anything else than one of the two words is 64.
    """
    if words == ["--write"]:
        file.write_text(fresh, encoding="utf-8", newline="\n")
        return 0
    if words != ["--check"]:
        sys.stderr.write(f"usage: python -m {module} --write | --check\n")
        return 64
    if file.is_file() and file.read_text(encoding="utf-8") == fresh:
        return 0
    sys.stderr.write(f"{file.parent.name}/{file.name} is stale; run this with `--write`\n")
    return 1
