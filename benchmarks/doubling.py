"""How the time of every check grows with texts of every kind: n, 2n and 4n characters.

    python benchmarks/doubling.py [--kind PATTERN] [--phase PATTERN] [--show N] [--verbose]

Each phase is timed by itself for each kind of text, in seconds on a processor, with the garbage
collector off. n is chosen by kind: its check takes `SMALLEST` seconds, or it has `LONGEST_TEXT`
characters. A ratio of the last doubling above 2.4 is measured again; it exits 1 if the ratio stays.
Every kind runs in a process of its own: what takes longer than `GIVEN_UP` is cut off, and fails as
well. A phase that takes less than `NOISE` at 4n says nothing; such phases are counted in the table.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import doubling_texts

from flowdsl.catalog import diagnostics as all_diagnostics
from flowdsl.cli.runtime.takers import takers
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
from flowdsl.lint.enabled import enabled_findings
from flowdsl.lint.options import read_lint_table
from flowdsl.lint.rule import LoadedRule, Rule
from flowdsl.lint.rules import RULES
from flowdsl.lint.run import Linted, run_rules
from flowdsl.semantics.modules import load
from flowdsl.semantics.names.linked_files import imports_in
from flowdsl.semantics.resolve import analyze_program
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax.lexer import Lexemes
from flowdsl.syntax.parse import parse_module

LIMIT = 2.4
SUSPECT = 2.1
"""A ratio above this is measured again before it counts."""

SMALLEST = 0.015
"""The least seconds that the check of n takes."""

LONGEST_TEXT = 250_000
"""Characters of n: 4n is a megabyte."""

NOISE = 0.020
"""Seconds at 4n; a busy machine measures time on a processor in steps of some milliseconds."""

GIVEN_UP = 5.0
"""Seconds after which a phase is cut off."""

ALTOGETHER = 60
"""Seconds after which a kind is cut off that cannot be interrupted in any other way."""

Job = Callable[[], object]


class TookTooLong(BaseException):
    """Ends a phase that is cut off; no error that a program handles."""


class Row(NamedTuple):
    """The times of one phase for one kind of text, in seconds at n, 2n and 4n.

    Infinite if cut off.
    """

    kind: str
    phase: str
    times: list[float]

    @property
    def is_noise(self) -> bool:
        return self.times[2] < NOISE

    @property
    def ratio(self) -> float:
        """The ratio of the last doubling."""
        if self.times[2] == float("inf"):
            return self.times[2]
        return self.times[2] / max(self.times[1], 1e-4)

    def __str__(self) -> str:
        milliseconds = " | ".join(f"{each * 1000:.0f}" for each in self.times)
        return f"| {self.ratio:.2f} | {self.kind} | {self.phase} | {milliseconds} |"


class Parts(dict[str, float]):
    """The times of the parts of a phase by name, measured by the phase itself."""


SPENT = Parts()


class TimedRule(Rule):
    """A rule that adds the time of its check to `SPENT`."""

    def load(self) -> LoadedRule:
        original = Rule.load(self)
        name = f"rule {self.name}"
        SPENT[name] = 0.0

        def check(context: object, found: object) -> None:
            start = time.process_time()
            original.check(context, found)
            SPENT[name] += time.process_time() - start

        return LoadedRule(original.spec, check, original.options)


def phases(files: dict[str, str]) -> Iterator[tuple[str, Job]]:
    """Every check of a project by itself, on the results of those before it."""
    flows = {path: text for path, text in files.items() if path.endswith(".flow")}
    sources = [SourceFile(path, text) for path, text in flows.items()]
    memory = MemoryFiles(dict(files))
    yield "lex", lambda: [Lexemes(source.text) for source in sources]
    yield "parse", lambda: [parse_module(source, Sink()) for source in sources]
    yield "imports", lambda: [imports_in(source.path, source.text) for source in sources]
    yield "takers", lambda: takers(os.devnull, memory, flows, ("p.md", "s.json"))
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

    def understood(sink: Sink) -> object:
        loaded = load(memory, entries, sink)
        return analyze_program(loaded, options.environments, memory, sink, only=linted.paths)

    yield "semantics", lambda: understood(Sink())
    sink = Sink()
    loaded = load(memory, entries, sink)
    model = analyze_program(loaded, options.environments, memory, sink, only=linted.paths)
    lint = read_lint_table(project and project.lint, RULES, all_diagnostics, Sink())

    timed = Linted(
        linted.paths,
        True,
        tuple(TimedRule(each.name, each.triggers, each.module, each.when) for each in RULES),
    )

    def rules() -> Parts:
        SPENT.clear()
        run_rules(model, timed, lint, Sink())
        return Parts(SPENT)

    yield "rules", rules
    run_rules(model, linted, lint, sink)
    yield "suppressions", lambda: enabled_findings(model, linted, lint, all_diagnostics, sink)
    yield "whole check", lambda: analyze(memory, entries, options)
    found = analyze(memory, entries, options).findings
    listed = found.diagnostics
    if listed:
        yield "render text", lambda: render_text(listed, 1)
        yield "render text in colour", lambda: render_text(listed, 1, color=True)
        yield "render terse", lambda: render_terse(listed)
        yield "render json", lambda: render_json(listed)
        yield "render sarif", lambda: render_sarif(listed)
        yield "render github", lambda: render_github(listed, 1)
        yield "render junit", lambda: render_junit(listed, found.paths, [])
        yield "fingerprints", lambda: fingerprints(listed)
        prints = fingerprints(listed)
        known = EMPTY.renewed(listed, prints, lambda path: True)
        written = known.render()
        yield "baseline written", known.render
        yield "baseline read", lambda: parse_baseline(written)
        yield "baseline compared", lambda: known.compare(listed, prints, lambda path: True)
        yield "fixes", lambda: apply_fixes(listed, (SAFE, UNSAFE))
    yield "compile", lambda: compile_project(memory, entries, options)


def seconds(job: Job, runs: int = 1) -> Parts:
    """The best of `runs` runs on a processor, under the name "", and its parts.

    Infinite if cut off.
    """

    def over(*_: object) -> None:
        raise TookTooLong

    signal.signal(signal.SIGPROF, over)
    best = Parts({"": float("inf")})
    for _ in range(runs):
        gc.collect()
        gc.disable()
        try:
            signal.setitimer(signal.ITIMER_PROF, GIVEN_UP)
            start = time.process_time()
            result = job()
            took = time.process_time() - start
            signal.setitimer(signal.ITIMER_PROF, 0)
        except TookTooLong:
            return best
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            gc.enable()
        parts = result if isinstance(result, Parts) else {}
        del result
        best = _least(best, Parts({"": took, **parts}))
    return best


def _least(one: Mapping[str, float], other: Mapping[str, float]) -> Parts:
    infinite = float("inf")
    names = {**one, **other}
    return Parts({name: min(one.get(name, infinite), other.get(name, infinite)) for name in names})


def measure(kind: str, phase: re.Pattern[str], tell: Callable[[object], None]) -> None:
    """Tells, for one kind of text, the phase that begins and the rows of each that ended."""
    make = doubling_texts.KINDS[kind]
    tell("the choice of n")
    size = _smallest(make)
    by_size: list[dict[str, Job]] = []
    for factor in (1, 2, 4):
        tell(f"all before the last phase, at {factor}n")
        by_size.append(dict(phases(make(size * factor))))
    gc.collect()
    gc.freeze()
    for name in by_size[-1]:
        if not phase.search(name):
            continue
        tell(name)
        jobs = [jobs[name] for jobs in by_size if name in jobs]
        if len(jobs) < 3:
            continue  # Too few characters for a finding.
        for row in _rows(kind, name, jobs):
            tell(row)


def _smallest(make: Callable[[int], dict[str, str]]) -> int:
    """The n of a kind.

    In a kind with a file of configuration or of names, only that file counts.
    """
    size = 4_000
    while size < LONGEST_TEXT:
        files = make(size)
        entries = sorted(path for path in files if path.endswith(".flow"))
        memory = MemoryFiles(files)

        def check(files: dict[str, str], memory: MemoryFiles, entries: list[str]) -> None:
            project = None
            if "flowdsl.toml" in files:
                project = load_project(files["flowdsl.toml"], "flowdsl.toml", Sink())
            analyze(memory, entries, CompileOptions(project))

        if seconds(partial(check, files, memory, entries))[""] >= SMALLEST:
            break
        size *= 2
    return size


def _rows(kind: str, phase: str, jobs: list[Job]) -> list[Row]:
    """The row of a phase and those of its parts."""
    large = seconds(jobs[2])
    if large[""] < NOISE:
        return [Row(kind, phase, [0.0, 0.0, large[""]])]
    times = [seconds(jobs[0]), seconds(jobs[1]), large]
    rows = _by_part(kind, phase, times)
    for runs in (2, 5):
        limit = SUSPECT if runs == 2 else LIMIT
        if not any(row.ratio > limit for row in rows if not row.is_noise):
            break
        if large[""] == float("inf"):
            break
        times[1:] = [
            _least(seconds(job, runs), former)
            for job, former in zip(jobs[1:], times[1:], strict=True)
        ]
        rows = _by_part(kind, phase, times)
    return rows


def _by_part(kind: str, phase: str, times: list[Parts]) -> list[Row]:
    return [
        Row(kind, part or phase, [each.get(part, each[""]) for each in times]) for part in times[2]
    ]


def apart(kind: str, phase: re.Pattern[str]) -> Iterator[Row]:
    """The rows of a kind, measured in a process of its own."""
    forked = multiprocessing.get_context("fork")
    reading, writing = forked.Pipe(duplex=False)
    child = forked.Process(target=_bounded, args=(kind, phase, writing.send))
    child.start()
    writing.close()
    at: object = "nothing"
    with reading:
        while at:
            try:
                at = reading.recv()
            except EOFError:
                break
            if isinstance(at, Row):
                yield at
    child.join()
    if at:
        yield Row(kind, f"cut off in {at}", [float("inf")] * 3)


def _bounded(kind: str, phase: re.Pattern[str], tell: Callable[[object], None]) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (ALTOGETHER, ALTOGETHER))
    measure(kind, phase, tell)
    tell("")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", default="", type=re.compile, help="only kinds with this in them")
    parser.add_argument("--phase", default="", type=re.compile, help="only phases with this")
    parser.add_argument("--show", type=int, default=25, help="rows of the list of the largest")
    parser.add_argument("--verbose", action="store_true", help="print each kind when it is done")
    arguments = parser.parse_args()
    began = time.monotonic()
    for name in ("do", "checks", "words", "unused"):  # So that imports at first use are done.
        for _, job in phases(doubling_texts.KINDS[name](2_000)):
            job()
    gc.collect()
    gc.freeze()
    rows: list[Row] = []
    for kind in doubling_texts.KINDS:
        if not arguments.kind.search(kind):
            continue
        start = time.monotonic()
        found = list(apart(kind, arguments.phase))
        rows += found
        if arguments.verbose:
            print(f"{kind}: {time.monotonic() - start:.1f} s", flush=True)
        for row in found:
            if row.ratio > LIMIT and not row.is_noise:
                print(row, flush=True)
    minutes = (time.monotonic() - began) / 60
    return _report(rows, arguments.show, minutes)


def _report(rows: list[Row], show: int, minutes: float) -> int:
    counted = sorted((row for row in rows if not row.is_noise), key=lambda row: -row.ratio)
    missed = [row for row in counted if row.ratio > LIMIT]
    head = "| ratio | kind of text | phase | n | 2n | 4n (ms) |\n|---|---|---|---|---|---|"
    print(f"\n{len(counted)} figures in {minutes:.1f} minutes, and {len(rows) - len(counted)} of")
    print(f"less than {NOISE * 1000:.0f} ms at 4n. Ratios of the last doubling, limit {LIMIT}.")
    print(f"\nThe largest:\n\n{head}")
    for row in counted[: max(show, len(missed))]:
        print(row)
    for title, by in (("phase", 1), ("kind", 0)):
        print(f"\nThe largest of each {title}:\n\n| {title} | ratio | where | counted | noise |")
        print("|---|---|---|---|---|")
        for name in dict.fromkeys(row[by] for row in (*counted, *rows)):
            its = [row for row in counted if row[by] == name]
            noise = sum(row[by] == name and row.is_noise for row in rows)
            largest = f"{its[0].ratio:.2f} | {its[0][1 - by]}" if its else "- | -"
            print(f"| {name} | {largest} | {len(its)} | {noise} |")
    print(f"\n{len(missed)} above the limit")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
