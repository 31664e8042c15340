"""What several mistakes in one body cost its reader: which are reported, and what else is.

    python benchmarks/diagnostics/mistakes_together.py [--count 1000] [--seed 1] [--show N]

Two to five statements of one body of a sample program get a mistake each, of the kinds of
`mutations.py` that stay within their line and leave braces and blocks alone: with one brace too
few, nobody can tell which body a statement belongs to. Each is a syntax error on its own line when
it is the only one. A correct statement between them gets a name that nothing declares, which a
later phase has to find. The table says, by the number of mistakes: the share of them with a
diagnostic on their own line, syntax diagnostics for each mistake, the share of undeclared names
that are found, and the share of bodies with a finding on any other line. Exits 1 if a goal is
missed.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from mutations import KINDS, Change, Mutation, Sample, samples_of
from syntax_mutations import sample_programs

from flowdsl.api import Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.traversal import statements
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from flowdsl.syntax.visit import walk

MIN_REPORTED = 0.95
MAX_PER_MISTAKE = 1.1
MIN_CHECKED = 0.95
MAX_ELSEWHERE = 0.005
MOST = 5
PLANTED = "nowhere_declared"
_OVER_LINES = ("block", "line", "truncated", "lines", "`{ x }`", "`elif`")
IN_A_LINE = {
    kind: mutation
    for kind, mutation in KINDS.items()
    if not any(word in kind for word in _OVER_LINES) or "Markdown" in kind
}


class Line(Sample):
    """The first line of a statement, as a sample whose tokens are only those of that line."""

    def __init__(self, whole: Sample, first: int, last: int) -> None:
        self.__dict__.update(whole.__dict__)
        self.indices = range(first, last + 1)


class Trial(NamedTuple):
    """A body with several mistakes, and what is found in it.

    `lines` are the changed lines by mistake, `planted` the line of the undeclared name; `others`
    are the findings that the correct program does not have, on any other line.
    """

    sample: Sample
    text: str
    lines: list[range]
    planted: int
    syntax: list[Diagnostic]
    others: list[Diagnostic]
    found_planted: bool

    @property
    def reported(self) -> int:
        places = {each.span.first.line for each in self.syntax}
        return sum(not places.isdisjoint(each) for each in self.lines)


def bodies(sample: Sample) -> Iterator[list[ast.Stmt]]:
    """The statements of each body of a file, those of inner blocks too, each on its own lines."""
    module = parse_module(SourceFile(sample.path, sample.text), Sink())
    for node in walk(module):
        if isinstance(node, ast.TaskDecl | ast.StepsSection):
            found = [
                each
                for each in statements(node.body)
                if not sample.text[sample.line(each.start)[0] : each.start].strip()
            ]
            if found:
                yield found


def line_of(sample: Sample, statement: ast.Stmt) -> Line:
    """The tokens of the first line of a statement."""
    tokens = sample.tokens
    first = tokens.starts.index(statement.start)
    end = min(sample.line(statement.start)[1], statement.end)
    last = first
    while tokens.starts[last + 1] < end:
        last += 1
    return Line(sample, first, last)


def mistake(rng: random.Random, line: Line, kinds: list[tuple[str, Mutation]]) -> Change | None:
    """A change of one line that is a syntax error there and nowhere else."""
    for _ in range(8):
        _, mutation = rng.choice(kinds)
        change = mutation(rng, line)
        if change is None or change.of(line.text) == line.text:
            continue
        touched = [
            line.word(at) for at in line.indices if change.start <= line.span(at)[0] < change.end
        ]
        moved = {"{", "}"}.intersection([*touched, change.replacement.strip()])
        if moved or "\n" in line.text[change.start : change.end]:
            continue
        text = change.of(line.text)
        sink = Sink()
        parse_module(SourceFile(line.path, text), sink)
        found = sink.findings_in_order()
        (lines,) = changed_lines(line.text, [change])
        if found and all(each.span.first.line in lines for each in found):
            return change
    return None


def changed_lines(text: str, changes: Sequence[Change]) -> list[range]:
    """The lines of each of some changes, in the changed text; `changes` are in order."""
    shift = 0
    found = []
    for change in changes:
        first = text.count("\n", 0, change.start) + 1 + shift
        extra = change.replacement.count("\n")
        found.append(range(first, first + extra + 1))
        shift += extra
    return found


def trial(rng: random.Random, sample: Sample, body: list[ast.Stmt], count: int) -> Trial | None:
    """`count` mistakes in a body with an undeclared name; None where they find no room."""
    kinds = list(IN_A_LINE.items())
    if len(body) <= count:
        return None
    chosen = rng.sample(body, count + 1)
    correct = chosen.pop()
    if any(line_start(sample, each) == line_start(sample, correct) for each in chosen):
        return None
    made = [(each, mistake(rng, line_of(sample, each), kinds)) for each in chosen]
    changes = [change for _, change in made if change is not None]
    starts = {line_start(sample, each) for each in chosen}
    if len(changes) < count or len(starts) < count:
        return None
    place = correct.start
    indent = sample.text[line_start(sample, correct) : place]
    planted = Change(place, place, f'do "{{{PLANTED}}}"\n{indent}')
    before = {(each.name, each.message) for each in baseline(sample, planted)}
    ordered = sorted([*changes, planted], key=lambda each: each.start)
    text = sample.text
    for change in reversed(ordered):
        text = change.of(text)
    lines = changed_lines(sample.text, ordered)
    at = ordered.index(planted)
    planted_line = lines.pop(at)[0]
    found = sample.program.findings(sample.path, text)
    allowed = {line for each in lines for line in each}
    return Trial(
        sample,
        text,
        lines,
        planted_line,
        [each for each in found if each.spec.category == "syntax"],
        [
            each
            for each in found
            if each.span.path != sample.path or each.span.first.line not in allowed
            if (each.name, each.message) not in before
        ],
        any(
            each.name == "undeclared-name" and each.span.first.line == planted_line
            for each in found
        ),
    )


def line_start(sample: Sample, statement: ast.Stmt) -> int:
    return sample.line(statement.start)[0]


def baseline(sample: Sample, planted: Change) -> tuple[Diagnostic, ...]:
    return sample.program.findings(sample.path, planted.of(sample.text))


def trials(samples: Sequence[Sample], count: int, seed: int) -> list[Trial]:
    rng = random.Random(seed)
    choices = [(sample, body) for sample in samples for body in bodies(sample) if len(body) > 2]
    weights = [len(body) for _, body in choices]
    found: list[Trial] = []
    while len(found) < count:
        ((sample, body),) = rng.choices(choices, weights)
        made = trial(rng, sample, body, 2 + len(found) % (MOST - 1))
        if made is not None:
            found.append(made)
    return found


class Row(NamedTuple):
    """The figures of some trials."""

    number: int
    reported: float
    per_mistake: float
    checked: float
    elsewhere: float


def row(found: Sequence[Trial]) -> Row:
    mistakes = sum(len(each.lines) for each in found)
    return Row(
        len(found),
        sum(each.reported for each in found) / mistakes,
        sum(len(each.syntax) for each in found) / mistakes,
        sum(each.found_planted for each in found) / len(found),
        sum(bool(each.others) for each in found) / len(found),
    )


def missed(total: Row) -> list[str]:
    """The goals that the figures of all trials miss, in words."""
    problems = []
    if total.reported < MIN_REPORTED:
        problems.append(f"{total.reported:.1%} of mistakes reported")
    if total.per_mistake > MAX_PER_MISTAKE:
        problems.append(f"{total.per_mistake:.2f} syntax diagnostics per mistake")
    if total.checked < MIN_CHECKED:
        problems.append(f"{total.checked:.1%} of undeclared names found")
    if total.elsewhere > MAX_ELSEWHERE:
        problems.append(f"{total.elsewhere:.1%} with a finding on a correct line")
    return problems


def print_table(found: Sequence[Trial]) -> None:
    print(f"{'':12} {'bodies':>7} {'reported':>9} {'syntax':>7} {'checked':>8} {'elsewhere':>10}")
    for number in range(2, MOST + 1):
        print_row(f"{number} mistakes", row([each for each in found if len(each.lines) == number]))
    print_row("total", row(found))


def print_row(name: str, found: Row) -> None:
    print(
        f"{name:12} {found.number:7} {found.reported:9.1%} {found.per_mistake:7.2f} "
        f"{found.checked:8.1%} {found.elsewhere:10.1%}"
    )


def print_worst(found: Sequence[Trial], count: int) -> None:
    """Prints the trials with findings elsewhere, then those with mistakes that nobody sees."""

    def cost(each: Trial) -> tuple[int, bool, int]:
        return len(each.others), not each.found_planted, len(each.lines) - each.reported

    for each in sorted(found, key=cost, reverse=True)[:count]:
        print(f"\n{each.sample.path}, {each.reported} of {len(each.lines)} reported")
        written = each.text.splitlines()
        for line in sorted({line for lines in each.lines for line in lines} | {each.planted}):
            print(f"  {line:4} | {written[line - 1].strip()[:110]}")
        for name, some in (("syntax", each.syntax), ("elsewhere", each.others)):
            for one in some[:8]:
                place = one.span.first
                print(f"  {name} {one.span.path}:{place.line}:{place.column} {one.message[:110]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the N worst")
    options = parser.parse_args()
    found = trials(samples_of(sample_programs()), options.count, options.seed)
    print_table(found)
    print_worst(found, options.show)
    problems = missed(row(found))
    if problems:
        print("missed:", "; ".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
