"""What one mistake in a program costs its reader: the diagnostics for random single mutations.

    python benchmarks/diagnostics/syntax_mutations.py [--count 2000] [--seed 1]
        [--programs FOLDER] [--show N]
    python benchmarks/diagnostics/syntax_mutations.py --dense

Each mutation of a sample program is like a slip of the hand or a form of another language, in one
declaration of one file. The table says, by kind: how many still parse, syntax diagnostics for each
mistake that gives any, the share of mutations that leave the declaration's keyword and name intact
and are reported inside that declaration alone, and all errors for each mistake. Exits 1 if a goal
is missed. `--dense` measures how long broken text takes instead, against whole programs.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from mutations import KINDS, Change, Program, Sample, programs_below, samples_of

from flowdsl.api import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module

ROOT = Path(__file__).parents[2]
MAX_PER_MISTAKE = 1.1
MIN_CONFINED = 0.9
MAX_DENSE = 3.0


class Outcome(NamedTuple):
    """The result of one mutation.

    `confined` is None if it changed the header of the declaration.
    """

    kind: str
    text: str
    change: Change
    sample: Sample
    syntax: list[Diagnostic]
    errors: list[Diagnostic]
    confined: bool | None
    crash: str = ""


def outcome(kind: str, sample: Sample, change: Change) -> Outcome:
    text = change.of(sample.text)
    try:
        errors = sample.program.errors(sample.path, text)
    except Exception:  # noqa: BLE001 - counting crashes is the point
        return Outcome(kind, text, change, sample, [], [], None, traceback.format_exc())
    syntax = [each for each in errors if each.spec.category == "syntax"]
    return Outcome(kind, text, change, sample, syntax, errors, confined(sample, change, syntax))


def confined(sample: Sample, change: Change, syntax: Sequence[Diagnostic]) -> bool | None:
    """Whether all reports lie in the declaration that was changed.

    None if its header was changed.
    """
    number = sample.declaration(change.start)
    if number is None or change.start < sample.declarations[number].header_end:
        return None
    if change.end > sample.declarations[number].end:
        return None
    start = sample.declarations[number].start
    after = sample.declarations[number + 1 : number + 2]
    shift = len(change.replacement) - (change.end - change.start)
    stop = after[0].start + shift if after else len(sample.text) + shift
    return all(
        each.span.path == sample.path and start <= each.span.start < stop + (not after)
        for each in syntax
    )


def sample_programs() -> list[Program]:
    return [*programs_below(ROOT / "examples"), *programs_below(ROOT / "tests/corpus/valid")]


def mutate(samples: Sequence[Sample], count: int, seed: int) -> list[Outcome]:
    """The outcomes of `count` mutations; kinds take turns, and files are chosen by size."""
    rng = random.Random(seed)
    weights = [len(sample.tokens.words) for sample in samples]
    kinds = list(KINDS.items())
    found: list[Outcome] = []
    while len(found) < count:
        kind, mutation = kinds[len(found) % len(kinds)]
        (sample,) = rng.choices(samples, weights)
        change = mutation(rng, sample)
        if change is not None and change.of(sample.text) != sample.text:
            found.append(outcome(kind, sample, change))
    return found


class Row(NamedTuple):
    """The figures of a set of outcomes."""

    number: int
    parsing: int
    per_mistake: float
    confined: float
    all_per_mistake: float
    crashes: int


def row(outcomes: Sequence[Outcome]) -> Row:
    broken = [each for each in outcomes if each.syntax]
    judged = [each.confined for each in broken if each.confined is not None]
    wrong = [each for each in outcomes if each.errors]
    return Row(
        len(outcomes),
        sum(not each.syntax and not each.crash for each in outcomes),
        statistics.mean([len(each.syntax) for each in broken] or [0]),
        sum(judged) / len(judged) if judged else 1.0,
        statistics.mean([len(each.errors) for each in wrong] or [0]),
        sum(bool(each.crash) for each in outcomes),
    )


def missed(total: Row) -> list[str]:
    """The goals that the figures of all mutations miss, in words."""
    problems = []
    if total.crashes:
        problems.append(f"{total.crashes} crashes")
    if total.per_mistake > MAX_PER_MISTAKE:
        problems.append(f"{total.per_mistake:.2f} syntax diagnostics per mistake")
    if total.confined < MIN_CONFINED:
        problems.append(f"{total.confined:.1%} confined to their declaration")
    return problems


def print_table(outcomes: Sequence[Outcome]) -> None:
    print(
        f"{'':32} {'number':>6} {'parse':>6} {'syntax':>7} {'inside':>7} {'errors':>7} "
        f"{'crashes':>8}"
    )
    for name in KINDS:
        print_row(name, row([each for each in outcomes if each.kind == name]))
    print_row("total", row(outcomes))


def print_row(name: str, found: Row) -> None:
    print(
        f"{name:32} {found.number:6} {found.parsing:6} {found.per_mistake:7.2f} "
        f"{found.confined:7.1%} "
        f"{found.all_per_mistake:7.2f} {found.crashes:8}"
    )


def print_worst(outcomes: Sequence[Outcome], count: int) -> None:
    """Prints the mutations with the most to read, each with what is reported."""

    def cost(each: Outcome) -> tuple[bool, int, bool, int]:
        return bool(each.crash), len(each.syntax), each.confined is False, len(each.errors)

    for each in sorted(outcomes, key=cost, reverse=True)[:count]:
        start = SourceFile(each.sample.path, each.text).position(each.change.start)
        written = each.sample.text[each.change.start : each.change.end]
        print(f"\n{each.kind}, {each.sample.path}:{start.line}:{start.column}")
        print(f"  {written[:60]!r} -> {each.change.replacement[:60]!r}, confined {each.confined}")
        print(each.crash[-300:], end="")
        for found in each.errors[:12]:
            place = found.span.first
            print(f"  {found.span.path}:{place.line}:{place.column} {found.name}: {found.message}")


DENSE: dict[str, str] = {
    "a stray character on each line": 'task t() {\n  do ; "x"\n}\n',
    "statements without keyword": 'task t() {\n  Click "OK" and "Save"\n}\n',
    "unclosed lists": "const [\n",
    "closing braces": "}\n",
    "single quotes": "const a = 'it'\n",
    "Markdown": "# Heading\n\n- Click **OK**\n- Type `x`\n",
    "JSON": '{"name": "intake", "list": [1, 2, {"a": null}]},\n',
    "a word": "word\n",
    "quotes": '" ',
    "blocks": '"""\n',
    "workflows without end": 'workflow w {\n  steps {\n    do "x"\n',
    "open braces": "{",
    "text with braces": 'const a = "{ x } {x {{y ${z} {a b}"\n',
    "unclosed braces in text": 'const a = "' + "{x " * 400 + '"\n',
    "question marks": "?",
}
"""Broken lines; repeated up to a size they are the hardest texts to read."""
DENSE_BODIES: dict[str, str] = {
    "wrong statements in one body": '  click "x" now\n',
    "stray signs in one body": '  do ;;; "x"\n',
    "broken heads in one body": "  while x {\n",
    "single quotes in one body": "  do 'x'\n",
}
"""The same in one task."""
DENSE_SIZE = 900_000


def print_dense(samples: Sequence[Sample], size: int = DENSE_SIZE) -> bool:
    """Prints the seconds for each megabyte of broken texts and of whole programs.

    Returns whether each stays within the limit.
    """

    def seconds_per_byte(text: str) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            parse_module(SourceFile("dense.flow", text), Sink())
            times.append(time.process_time() - start)
        return min(times) / len(text)

    # Declarations are repeated, so that the time of a call does not count. Imports are left out:
    # they may stand at the top only.
    bodies = [each.text.partition("\n")[2] for each in samples if "\nimport " not in each.text]
    whole = statistics.median(seconds_per_byte("flow 1\n" + body * 20) for body in bodies)
    print(f"whole programs: {whole * 1e6:.2f} s/MB; at most {MAX_DENSE:g} times that")
    good = True
    in_one = {name: ("task t() {\n", line) for name, line in DENSE_BODIES.items()}
    dense = {name: ("", line) for name, line in DENSE.items()} | in_one
    for name, (head, line) in dense.items():
        ratio = seconds_per_byte(f"flow 1\n{head}" + line * (size // len(line))) / whole
        good = good and ratio <= MAX_DENSE
        print(f"{name:32} {ratio:6.2f} {'' if ratio <= MAX_DENSE else 'MISSED'}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--programs", type=Path, help="a folder of programs instead of the samples")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the N worst")
    parser.add_argument("--dense", action="store_true", help="measure the time of broken text")
    options = parser.parse_args()
    programs = programs_below(options.programs) if options.programs else sample_programs()
    samples = samples_of(programs)
    if options.dense:
        return 0 if print_dense(samples) else 1
    outcomes = mutate(samples, options.count, options.seed)
    print_table(outcomes)
    print_worst(outcomes, options.show)
    problems = missed(row(outcomes))
    if problems:
        print("missed:", "; ".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
