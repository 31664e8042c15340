"""Start-up, checking and compiling, as ratios inside one run.

    python benchmarks/speed.py [--runs N] [--quick]

Run it with the Python of a virtual environment that has a wheel of FlowDSL and Lark, and byte code compiled. Every figure is the
median of interleaved runs, because machines drift: `P` is `python -c pass`, `L` is `python -c "import lark"`, `K` is stock Lark
(contextual lexer, positions, trees) on the same sources, in the same process. Exits 1 when a gate is missed.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corpus

from flowdsl.api import CompileOptions, MemoryFiles, analyze, compile_project
from flowdsl.compiler.collector import collector_paused
from flowdsl.diagnostics.sink import Sink
from flowdsl.source.text import SourceFile
from flowdsl.syntax.parse import parse_module

Job = Callable[[], object]


def interleaved(jobs: dict[str, Job], runs: int) -> dict[str, float]:
    """The median seconds of each job; the jobs take turns, so that drift hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            gc.collect()
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def process(*arguments: str, folder: Path) -> Job:
    """A whole process of this Python."""

    def run() -> None:
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)

    return run


class Report:
    """Prints rows, and remembers whether a gate was missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def row(self, goal: str, what: str, value: float, unit: str, gate: float | None = None) -> None:
        verdict = ""
        if gate is not None:
            met = value <= gate
            verdict = f"gate {gate:g} {'met' if met else 'MISSED'}"
            if not met:
                self.missed.append(goal)
        print(f"{goal:<4} {what:<52} {value:8.2f} {unit:<10} {verdict}", flush=True)


def start_up(report: Report, folder: Path, runs: int) -> None:
    corpus.write(corpus.project(2), folder)
    flow = "flows/account_1.flow"
    cli = ("-m", "flowdsl")
    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "lark": process("-c", "import lark", folder=folder),
            "version": process(*cli, "--version", folder=folder),
            "check": process(*cli, "check", flow, folder=folder),
            "compile": process(*cli, "compile", flow, "-o", "out", folder=folder),
        },
        runs,
    )
    print(f"     P = {found['pass'] * 1000:.1f} ms, L = {found['lark'] * 1000:.1f} ms")
    report.row("S1", "flowdsl --version", found["version"] / found["pass"], "P", 2.0)
    report.row("S2", "flowdsl check one.flow", found["check"] / found["lark"], "L", 1.0)
    report.row("S4", "flowdsl compile one.flow", found["compile"] / found["lark"], "L", 3.0)


def stock_lark() -> Callable[[str], object]:
    from lark import Lark

    grammar = Path(__file__).parents[1] / "grammars/flowdsl.lark"
    parser = Lark(
        grammar.read_text(encoding="utf-8"),
        parser="lalr",
        start="file",
        maybe_placeholders=True,
        propagate_positions=True,
    )
    return parser.parse


def parse_ours(text: str) -> None:
    sink = Sink()
    with collector_paused():
        parse_module(SourceFile("one.flow", text), sink)
    assert not sink.has_errors


def check(files: Sequence[tuple[str, str]]) -> None:
    analysis = analyze(MemoryFiles(dict(files)), [name for name, _ in files], CompileOptions())
    assert not analysis.has_errors, analysis.diagnostics[0].message


def compile_all(files: Sequence[tuple[str, str]]) -> None:
    names = [name for name, _ in files]
    assert compile_project(MemoryFiles(dict(files)), names, CompileOptions()).bundle is not None


def one_large_file(report: Report, runs: int) -> None:
    large, small = corpus.one_file(20_000), corpus.one_file(2_000)
    parse_stock = stock_lark()
    found = interleaved(
        {
            "K": lambda: parse_stock(large),
            "parse": lambda: parse_ours(large),
            "parse small": lambda: parse_ours(small),
            "check": lambda: check([("one.flow", large)]),
            "check small": lambda: check([("one.flow", small)]),
            "compile": lambda: compile_all([("one.flow", large)]),
        },
        runs,
    )
    lines, size = large.count("\n"), len(large)
    print(f"     one file of {lines:,} lines, {size / 1000:.0f} kB; K = {found['K']:.2f} s")
    ratio = lines / small.count("\n")
    report.row("T1", "parse, times faster than K", found["K"] / found["parse"], "x faster")
    if found["K"] / found["parse"] < 4.0:
        report.missed.append("T1")
    report.row(
        "T2", "full check, times faster than K's parse", found["K"] / found["check"], "x faster"
    )
    report.row(
        "T6",
        f"parse of {ratio:.1f} times the lines",
        found["parse"] / found["parse small"],
        "x",
        1.1 * ratio,
    )
    report.row(
        "T6",
        f"check of {ratio:.1f} times the lines",
        found["check"] / found["check small"],
        "x",
        1.1 * ratio,
    )
    report.row("", "compile against check", found["compile"] / found["check"], "x")
    tracemalloc.start()
    check([("one.flow", large)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    report.row("M1", "peak memory of the check", peak / 1024 / lines, "KiB/line", 3.0)


def many_files(report: Report, runs: int, counts: Sequence[int]) -> None:
    parse_stock = stock_lark()
    seconds: dict[int, float] = {}
    for count in counts:
        files = list(corpus.project(count).items())
        found = interleaved(
            {
                "K": lambda files=files: [parse_stock(text) for _, text in files],
                "check": lambda files=files: check(files),
                "compile": lambda files=files: compile_all(files),
            },
            runs,
        )
        seconds[count] = found["check"]
        print(
            f"     {count:,} files: check {found['check']:.2f} s, compile {found['compile']:.2f} s, K {found['K']:.2f} s"
        )
        gate = count == counts[-1] and count >= 1000
        report.row(
            "T3",
            f"check of {count:,} files",
            found["check"] / found["K"],
            "K",
            0.40 if gate else None,
        )
        report.row(
            "C1",
            f"compile of {count:,} files against check",
            found["compile"] / found["check"],
            "x",
            2.5 if gate else None,
        )
    if len(counts) > 2:
        ratio = counts[-1] / counts[-2]
        report.row(
            "T6",
            f"check of {ratio:.0f} times the files",
            seconds[counts[-1]] / seconds[counts[-2]],
            "x",
            1.1 * ratio,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="100 files instead of 1,000")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        start_up(report, Path(folder), max(options.runs * 3, 9))
    one_large_file(report, options.runs)
    many_files(report, options.runs, (1, 10, 100) if options.quick else (1, 100, 1000))
    if report.missed:
        print("missed:", ", ".join(sorted(set(report.missed))))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
