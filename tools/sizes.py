"""How large each package is, and the table that holds it.

`python -m tools.sizes` prints files, lines and lines of code of every package beside the
table `tests/meta/sizes.toml`; `--write` makes the table anew, after work that made something
smaller or with a reason in the commit that makes something larger.

A line of code is one that is no blank, docstring, comment or import. Modules that a script makes
say so with `To regenerate:` in their docstring, and are left out.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "meta" / "sizes.toml"
TREES = ("flowdsl", "tests")
_QUOTES = ('"""', "'''")
_HEAD = """\
# What each package may have: files, lines, and lines of code (no blank, docstring, comment or
# import).
# `python -m tools.sizes --write` makes this table; a commit that raises a figure says why.
"""


@dataclass(frozen=True)
class Size:
    """Files, all lines, and those that are code."""

    files: int = 0
    lines: int = 0
    code: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.files + other.files, self.lines + other.lines, self.code + other.code)


def measure_module(text: str) -> Size:
    """The size of one module; nothing at all for one that a script makes.

    A scan of lines, since parsing the whole tree takes seconds: it knows strings in
    triple quotes, of which one that begins its line is a docstring, and imports in brackets.
    """
    if "\nTo regenerate: " in text:
        return Size()
    lines = text.splitlines()
    code = 0
    open_quotes = ""
    is_docstring = is_import = False
    for line in map(str.strip, lines):
        if open_quotes:
            code += not is_docstring
            if line.count(open_quotes) % 2:
                open_quotes = ""
        elif is_import:
            is_import = ")" not in line
        elif line.startswith(("import ", "from ")):
            is_import = "(" in line and ")" not in line
        elif line and not line.startswith("#"):
            is_docstring = line.lstrip("rR").startswith(_QUOTES)
            code += not is_docstring
            open_quotes = next((quotes for quotes in _QUOTES if line.count(quotes) % 2), "")
    return Size(1, len(lines), code)


def measure_packages(files: Iterable[Path]) -> dict[str, Size]:
    """The size of each package `flowdsl.<name>` and `tests.<name>`, and of each whole tree.

    Modules beside the packages count for the tree alone.
    """
    sizes: defaultdict[str, Size] = defaultdict(Size)
    for file in files:
        tree, *folders = file.relative_to(ROOT).parent.parts
        size = measure_module(file.read_text(encoding="utf-8"))
        sizes[tree] += size
        if folders:
            sizes[f"{tree}.{folders[0]}"] += size
    return dict(sorted(sizes.items()))


def measure_repository() -> dict[str, Size]:
    return measure_packages(
        file
        for tree in TREES
        for file in sorted((ROOT / tree).rglob("*.py"))
        if "__pycache__" not in file.parts
    )


def read_table(text: str) -> dict[str, Size]:
    return {package: Size(**row) for package, row in tomllib.loads(text).items()}


def write_table(sizes: dict[str, Size]) -> str:
    rows = (
        f'"{package}" = {{ files = {size.files}, lines = {size.lines}, code = {size.code} }}\n'
        for package, size in sizes.items()
    )
    return _HEAD + "".join(rows)


def find_growth(sizes: dict[str, Size], table: dict[str, Size]) -> list[str]:
    """A line for each figure above the table's, and for each package that it lacks."""
    grown = []
    for package, size in sizes.items():
        allowed = table.get(package)
        if allowed is None:
            grown.append(f"{package} is not in the table")
            continue
        grown.extend(
            f"{package} has {now} {what} of {most}"
            for what, now, most in (
                ("files", size.files, allowed.files),
                ("lines", size.lines, allowed.lines),
                ("lines of code", size.code, allowed.code),
            )
            if now > most
        )
    return grown


def main() -> int:
    sizes = measure_repository()
    if sys.argv[1:] == ["--write"]:
        TABLE.write_text(write_table(sizes), encoding="utf-8")
        return 0
    table = read_table(TABLE.read_text(encoding="utf-8"))
    lines = [f"{'package':24} {'files':>6} {'lines':>8} {'code':>8}   of the table"]
    for package, size in sizes.items():
        allowed = table.get(package, Size())
        lines.append(
            f"{package:24} {size.files:6} {size.lines:8} {size.code:8}"
            f"   {allowed.files} {allowed.lines} {allowed.code}"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
