"""Count what the programs of flows take to say: lines, words, statements, and free instructions.

    .venv/bin/python benchmarks/language/size_of_flows.py tests/corpus/valid/trades

A line for each file, and one for all. Blank lines, comments, tests and fixtures do not count. A
word is a run of signs without a blank. `do` is the share of statements that are free instructions.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

STATEMENT = re.compile(
    r"(?:^|[{};]|\belse)\s*(do|choose|type|clear|press|wait|extract|copy|emit|keep|expect|if|match"
    r"|for|while|repeat|retry|fail|abort|finish|run|capture|export|image|call)\b(?!\s*[=:])"
)
TEST = re.compile(r"(?:test|fixture)\b")


def program_lines(text: str) -> Iterator[str]:
    """Yield the lines of a file, without blank ones, comments, tests and fixtures."""
    in_test = False
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace() and line[0] != "}":
            in_test = TEST.match(line) is not None
        if not in_test:
            yield line


def measure(lines: Iterable[str]) -> tuple[int, int, int, int]:
    """Return the numbers of lines, words, statements and free instructions."""
    kept = list(lines)
    words = sum(len(line.split()) for line in kept)
    statements = [word for line in kept for word in STATEMENT.findall(_without_texts(line))]
    return len(kept), words, len(statements), statements.count("do")


def _without_texts(line: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)


def main(places: list[str]) -> None:
    """Print the table of the flows in some files and folders."""
    files: list[Path] = []
    for place in map(Path, places):
        files += sorted(place.rglob("*.flow")) if place.is_dir() else [place]
    total = [0, 0, 0, 0]
    print(f"{'file':28}{'lines':>7}{'words':>7}{'statements':>12}{'do':>6}")
    for path in files:
        found = measure(program_lines(path.read_text("utf-8")))
        total = [one + other for one, other in zip(total, found, strict=True)]
        _print_row(path.stem, *found)
    _print_row(f"{len(files)} files", *total)


def _print_row(name: str, lines: int, words: int, statements: int, free: int) -> None:
    share = f"{free / statements:.0%}" if statements else "-"
    print(f"{name:28}{lines:7}{words:7}{statements:12}{share:>6}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("places", nargs="+", metavar="PATH", help="a flow, or a folder of flows")
    main(parser.parse_args().places)
