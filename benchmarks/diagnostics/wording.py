"""How often the rules about wording are right, by the marks of a reviewer in `tests/prose`.

    python benchmarks/diagnostics/wording.py [-v] [tuned | held-out]

The comments `#~ info rule` in those files mark the lines where the advice of a rule helps. For each
rule this prints how many findings there are, how many of them are right, how many are wrong and how
many are missing, on the files that rules may be tuned with and on those held out. `-v` lists what
is missed, too. Exits 1 if a rule about wording is right less than nine times in ten on either.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from flowdsl.api import CompileOptions, MemoryFiles, analyze
from flowdsl.lint.rules import RULES
from flowdsl.source.record import Record

ROOT = Path(__file__).parents[2]
PROSE = ROOT / "tests" / "prose"
SETS = {"tuned": PROSE, "held-out": PROSE / "held_out"}
GATE = 0.9
MARK = re.compile(r"#~ (?:info|warning) ([a-z-]+)")
FOR_INFORMATION = (
    "choice-by-input",
    "credential-in-literal",
    "secret-like-input",
    "statement-in-prose",
    "tool-name-in-prose",
)
WORDING = tuple(rule.name for rule in RULES if rule.load().spec.category == "wording")


class Place(Record, eq=True):
    """Where a rule has, or should have, a finding."""

    path: str
    line: int
    rule: str


class Score(Record):
    """The findings of one rule on one set of files."""

    right: tuple[Place, ...]
    wrong: tuple[Place, ...]
    missed: tuple[Place, ...]

    @property
    def precision(self) -> float:
        """The share of findings that are right; 1 without findings."""
        found = len(self.right) + len(self.wrong)
        return len(self.right) / found if found else 1.0

    @property
    def recall(self) -> float:
        """The share of marked places that are found; 1 without marks."""
        marked = len(self.right) + len(self.missed)
        return len(self.right) / marked if marked else 1.0


def scores(folder: Path) -> dict[str, Score]:
    """The score of each rule on the flows of one folder."""
    rules = (*WORDING, *FOR_INFORMATION)
    found: set[Place] = set()
    marked: set[Place] = set()
    for path in sorted(folder.glob("*.flow")):
        text = path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            marked.update(Place(path.name, number, name) for name in MARK.findall(line))
        analysis = analyze(MemoryFiles({path.name: text}), [path.name], CompileOptions())
        found.update(
            Place(path.name, each.span.first.line, each.name)
            for each in analysis.diagnostics
            if each.name in rules
        )
    return {rule: _score(rule, found, marked) for rule in rules}


def _score(rule: str, found: set[Place], marked: set[Place]) -> Score:
    own = {place for place in found if place.rule == rule}
    wanted = {place for place in marked if place.rule == rule}
    return Score(_in_order(own & wanted), _in_order(own - wanted), _in_order(wanted - own))


def _in_order(places: set[Place]) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda each: (each.path, each.line)))


def below_gate(results: dict[str, Score]) -> list[str]:
    """The rules about wording that are right too seldom."""
    return [rule for rule in WORDING if results[rule].precision < GATE]


def report(title: str, verbose: bool) -> list[str]:
    """Prints the scores of one set; returns the rules below the gate."""
    folder = SETS[title]
    results = scores(folder)
    print(f"{title}: {folder.relative_to(ROOT).as_posix()}")
    heads = "".join(
        f"{head:>10}" for head in ("found", "right", "wrong", "missed", "precision", "recall")
    )
    print(f"  {'':26}{heads}")
    for rule, score in results.items():
        right, wrong, missed = len(score.right), len(score.wrong), len(score.missed)
        counts = "".join(f"{count:10}" for count in (right + wrong, right, wrong, missed))
        print(f"  {rule:26}{counts}{score.precision:10.2f}{score.recall:10.2f}")
    for rule, score in results.items():
        _print_places(folder, "wrong", rule, score.wrong)
        _print_places(folder, "missed", rule, score.missed if verbose else ())
    return below_gate(results)


def _print_places(folder: Path, kind: str, rule: str, places: tuple[Place, ...]) -> None:
    for place in places:
        line = (folder / place.path).read_text(encoding="utf-8").splitlines()[place.line - 1]
        print(f"  {kind}: {rule}: {place.path}:{place.line}: {line.strip()}")


def main() -> int:
    """Prints the scores of the sets that were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("set", nargs="?", choices=SETS)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    failed = []
    for title in SETS if options.set is None else (options.set,):
        failed += [(title, rule) for rule in report(title, options.verbose)]
    for title, rule in failed:
        print(f"below {GATE}: {rule}, {title}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
