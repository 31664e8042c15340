"""How the time of every check grows with texts of every kind: n, 2n and 4n characters of it.

    python benchmarks/doubling.py [--size N] [--runs N] [--kind PART] [--phase PART] [--show N] [--quick]

For each kind of text, each phase is timed by itself: the best of several runs, in seconds on a processor, with the garbage collector
off. A ratio above 2.4 for the last doubling is measured again, and exits 1 when it stays. Phases that take under `NOISE` at 4n say
nothing and are left out. N is the characters of the smallest text.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import doubling_texts

from flowdsl.catalog import diagnostics as all_diagnostics
from flowdsl.compiler.pipeline import CompileOptions, analyze, compile_project
from flowdsl.config.load import load_project
from flowdsl.config.redaction import redacted
from flowdsl.diagnostics.baseline import EMPTY, parse_baseline
from flowdsl.diagnostics.fingerprint import fingerprints
from flowdsl.diagnostics.fixes import SAFE, UNSAFE, apply_fixes
from flowdsl.diagnostics.render.github import render_github
from flowdsl.diagnostics.render.json import render_json
from flowdsl.diagnostics.render.junit import render_junit
from flowdsl.diagnostics.render.sarif import render_sarif
from flowdsl.diagnostics.render.terse import render_terse
from flowdsl.diagnostics.render.text import render_text
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.host.gitignore import IgnoreFile
from flowdsl.lint.hearing import heard
from flowdsl.lint.options import read_lint_table
from flowdsl.lint.rules import RULES
from flowdsl.lint.run import Linted, run_rules
from flowdsl.semantics.linked_files import imports_in
from flowdsl.semantics.modules import load
from flowdsl.semantics.resolve import analyze_program
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax.lexer import Lexemes
from flowdsl.syntax.parse import parse_module

LIMIT = 2.4
NOISE = 0.020
"""Seconds at 4n."""

LONGEST = 30.0
"""Seconds after which a phase is given up."""

Job = Callable[[], object]


class TookTooLong(BaseException):
    """A phase that is given up; no error that a program handles."""


class Row(NamedTuple):
    """What one phase took for one kind of text; `ratio` is that of the last doubling."""

    ratio: float
    kind: str
    phase: str
    times: list[float]


def phases(files: dict[str, str]) -> Iterator[tuple[str, Job]]:
    """Every check of a project by itself, on what the ones before it have made."""
    flows = {path: text for path, text in files.items() if path.endswith(".flow")}
    sources = [SourceFile(path, text) for path, text in flows.items()]
    memory = MemoryFiles(dict(files))
    yield "lex", lambda: [Lexemes(source.text) for source in sources]
    yield "parse", lambda: [parse_module(source, Sink()) for source in sources]
    yield "imports", lambda: [imports_in(source.path, source.text) for source in sources]
    yield "format", lambda: [format_source(SourceFile(each.path, each.text)) for each in sources]
    toml = files.get("flowdsl.toml", '[project]\nname = "x"\n')
    project = load_project(toml, "flowdsl.toml", Sink())
    if "flowdsl.toml" in files:
        yield "config", lambda: load_project(toml, "flowdsl.toml", Sink())
        yield "redaction", lambda: redacted(toml)
    if ".gitignore" in files:
        yield "gitignore", lambda: IgnoreFile(files[".gitignore"]).verdict("a/b/c.flow", False)
    options = CompileOptions(project)
    entries = sorted(flows)
    linted = Linted(frozenset(entries), True, RULES)
    model = analyze_program(
        load(memory, entries, Sink()),
        options.environments,
        memory,
        Sink(),
        only=linted.paths,
    )
    yield (
        "semantics",
        lambda: analyze_program(
            load(memory, entries, Sink()),
            options.environments,
            memory,
            Sink(),
            only=linted.paths,
        ),
    )
    lint = read_lint_table(project and project.lint, RULES, all_diagnostics, Sink())
    for rule in RULES:
        alone = Linted(linted.paths, True, (rule,))
        yield f"rule {rule.name}", partial(lambda a: run_rules(model, a, lint, Sink()), alone)
    heard_before = Sink()
    analyze_program(
        load(memory, entries, heard_before),
        options.environments,
        memory,
        heard_before,
        only=linted.paths,
    )
    run_rules(model, linted, lint, heard_before)
    yield "suppressions", lambda: heard(model, linted, lint, all_diagnostics, heard_before)
    yield "whole check", lambda: analyze(memory, entries, options)
    found = analyze(memory, entries, options).findings
    listed = found.diagnostics

    yield "render text", lambda: render_text(listed, 1)
    yield "render text in colour", lambda: render_text(listed, 1, color=True)
    yield "render terse", lambda: render_terse(listed)
    yield "render json", lambda: render_json(listed)
    yield "render sarif", lambda: render_sarif(listed)
    yield "render github", lambda: render_github(listed, 1)
    yield "render junit", lambda: render_junit(listed, found.paths)
    yield "fingerprints", lambda: fingerprints(listed)
    prints = fingerprints(listed)
    known = EMPTY.renewed(listed, prints, lambda path: True)
    written = known.render()
    yield "baseline written", known.render
    yield "baseline read", lambda: parse_baseline(written)
    yield "baseline compared", lambda: known.compare(listed, prints, lambda path: True)
    yield "fixes", lambda: apply_fixes(listed, (SAFE, UNSAFE))
    yield "compile", lambda: compile_project(memory, entries, options)


def seconds(job: Job, runs: int) -> float:
    """The best of `runs` runs, on a processor; infinite for one that takes longer than `LONGEST`."""

    def over(*_: object) -> None:
        raise TookTooLong

    signal.signal(signal.SIGVTALRM, over)
    best = float("inf")
    for _ in range(runs):
        gc.collect()
        gc.disable()
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
            start = time.process_time()
            result = job()
            took = time.process_time() - start
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except TookTooLong:
            return best
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            gc.enable()
        del result
        best = min(best, took)
        if best > 3:
            break
    return best


def measure(
    kind: str, make: Callable[[int], dict[str, str]], size: int, arguments: argparse.Namespace
) -> list[Row]:
    """The rows of one kind of text."""
    by_size = [dict(phases(make(size * factor))) for factor in (1, 2, 4)]
    rows = []
    for phase, last in by_size[-1].items():
        if arguments.phase not in phase:
            continue
        jobs = [jobs[phase] for jobs in by_size[:-1]] + [last]
        times = [seconds(jobs[2], 1)]
        if times[0] < NOISE:
            continue
        times = [seconds(job, arguments.runs) for job in jobs]
        if ratio(times) > LIMIT:
            times = [
                min(t, seconds(j, 2 * arguments.runs)) for t, j in zip(times, jobs, strict=True)
            ]
        rows.append(Row(ratio(times), kind, phase, times))
    return rows


def ratio(times: list[float]) -> float:
    """Of the last doubling; infinite for what was given up."""
    return times[2] / max(times[1], 1e-4) if times[2] < float("inf") else float("inf")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kind", default="")
    parser.add_argument("--phase", default="")
    parser.add_argument("--show", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="a fourth of the size, two runs")
    parser.add_argument("--verbose", action="store_true", help="print each kind when it is done")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.size, arguments.runs = arguments.size // 4, 2
    rows: list[Row] = []
    for kind, make in doubling_texts.KINDS.items():
        if arguments.kind in kind:
            start = time.process_time()
            found = measure(kind, make, arguments.size, arguments)
            if arguments.verbose:
                print(f"{kind}: {time.process_time() - start:.1f} s", flush=True)
            rows += found
            for row in found:
                if row.ratio > LIMIT:
                    print(line(row), flush=True)
    rows.sort(reverse=True)
    missed = [row for row in rows if row.ratio > LIMIT]
    print(f"\n{len(rows)} figures; the largest ratios of the last doubling (limit {LIMIT}):\n")
    print("| ratio | kind of text | phase | n | 2n | 4n (ms) |")
    print("|---|---|---|---|---|---|")
    for row in rows[: max(arguments.show, len(missed))]:
        print(line(row))
    print(f"\n{len(missed)} above the limit")
    return 1 if missed else 0


def line(row: Row) -> str:
    milliseconds = " | ".join(f"{each * 1000:.0f}" for each in row.times)
    return f"| {row.ratio:.2f} | {row.kind} | {row.phase} | {milliseconds} |"


if __name__ == "__main__":
    sys.exit(main())
