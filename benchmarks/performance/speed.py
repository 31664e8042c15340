"""Start-up, checking, compiling and formatting, as ratios within one run.

    python benchmarks/performance/speed.py [--runs N] [--quick] [--large] [--busy]

Run it with the Python of a virtual environment that has a wheel of FlowDSL and Lark, and byte code
compiled. Every figure is the median of interleaved runs, because machines drift: `P` is `python -c
pass`, `L` is `python -c "import lark"`, `K` is stock Lark (contextual lexer, positions, trees) on
the same sources, in the same process. Exits 1 if a gate is missed. On a machine that is busy it
exits 2 before it measures anything; with `--busy` it measures, and judges nothing.
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

EXAMPLES = Path(__file__).parents[2] / "examples"
ONE_TEST = {
    "clinic": ("flows/appointment_move_tests.flow", "is moved to a free slot"),
    "accounts-payable": ("flows/invoice_batch_tests.flow", "a batch: is entered"),
    "claims-reports": ("flows/claims_export_tests.flow", "archives the report"),
}
"""One test of each example, that takes the longest to begin there: its file, and its words."""


def interleaved(jobs: dict[str, Job], runs: int) -> dict[str, float]:
    """The median seconds of each job; the jobs take turns, so that drift affects all alike."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            gc.collect()
            start = time.perf_counter()
            result = job()
            times[name].append(time.perf_counter() - start)
            del result  # Freeing what a job made is not timed, be it Lark's or ours.
    return {name: statistics.median(found) for name, found in times.items()}


def process(*arguments: str, folder: Path) -> Job:
    """A job that runs a whole process of this Python."""

    def run() -> None:
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, *arguments]
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)

    return run


IDLE = 0.9
"""The share of each core that a process which only computes gets on an idle machine."""


def measure_idleness(seconds: float = 1.0) -> float:
    """The share of the time that processes get which compute all the time, one on each core."""
    code = (
        "import time\n"
        f"wall, cpu = time.perf_counter() + {seconds}, time.process_time()\n"
        "while time.perf_counter() < wall: pass\n"
        f"print((time.process_time() - cpu) / {seconds})"
    )
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return min(float(each.communicate()[0]) for each in running)


class Report:
    """Prints rows, and remembers whether a gate was missed; without `judges` no gate counts."""

    def __init__(self, *, judges: bool = True) -> None:
        self.missed: list[str] = []
        self._judges = judges

    def row(self, goal: str, what: str, value: float, unit: str, gate: float | None = None) -> None:
        verdict = ""
        if gate is not None and self._judges:
            met = value <= gate
            verdict = f"gate {gate:g} {'met' if met else 'MISSED'}"
            if not met:
                self.missed.append(goal)
        print(f"{goal:<4} {what:<52} {value:8.2f} {unit:<10} {verdict}", flush=True)


def start_up(report: Report, folder: Path, runs: int) -> None:
    corpus.write(corpus.project(2), folder)
    flow = "flows/account_1.flow"
    cli = ("-m", "flowdsl")
    tests = {
        name: process(*cli, "test", file, "-k", words, folder=EXAMPLES / name)
        for name, (file, words) in ONE_TEST.items()
    }
    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "lark": process("-c", "import lark", folder=folder),
            "version": process(*cli, "--version", folder=folder),
            "check": process(*cli, "check", flow, folder=folder),
            "compile": process(*cli, "compile", flow, "-o", "out", folder=folder),
            **tests,
        },
        runs,
    )
    print(f"     P = {found['pass'] * 1000:.1f} ms, L = {found['lark'] * 1000:.1f} ms")
    report.row("S1", "flowdsl --version", found["version"] / found["pass"], "P", 2.0)
    report.row("S2", "flowdsl check one.flow", found["check"] / found["lark"], "L", 1.0)
    report.row("S4", "flowdsl compile one.flow", found["compile"] / found["lark"], "L", 3.0)
    longest = max(found[name] for name in tests)
    report.row("V1", "flowdsl test, one test", longest / found["lark"], "L", 2.5)


def whole_project(report: Report, folder: Path, runs: int) -> None:
    """Processes that check 1,000 files.

    With one and two workers, and again when nothing or one file has changed.
    """
    corpus.write(corpus.project(1000), folder)
    cli = ("-m", "flowdsl", "check")
    index = folder / ".flowdsl/cache/check.json"
    changed = folder / "flows/account_1.flow"
    old = time.time() - 3600
    for path in folder.rglob("*.flow"):
        os.utime(path, (old, old))

    def fresh(*words: str) -> Job:
        run = process(*cli, *words, folder=folder)

        def job() -> None:
            index.unlink(missing_ok=True)
            run()

        return job

    def edited() -> None:
        changed.write_text(changed.read_text() + "# an edit\n")
        process(*cli, folder=folder)()

    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "two": fresh("--jobs", "2"),
            "one": fresh("--jobs", "1"),
            "unchanged": process(*cli, folder=folder),
            "edited": edited,
        },
        runs,
    )
    report.row("T4", "check of 1,000 files, two processes", found["two"] / found["one"], "x", 0.65)
    report.row("W1", "nothing changed in 1,000 files", found["unchanged"] / found["pass"], "P", 4.5)
    report.row("W2", "one of 1,000 files changed", found["edited"] / found["pass"], "P", 6.0)


BARE_REQUESTS = """
import asyncio
from pathlib import Path
from flowdsl.config.load import load_project
from flowdsl.deploy.refresh.tracked import PAGE
from flowdsl.diagnostics.sink import Sink
from flowdsl.workspace.service import open_service

project = load_project(Path("flowdsl.toml").read_text("utf-8"), "flowdsl.toml", Sink())

async def ask(client):
    skip, total = 0, 1
    while skip < total:
        page = await client.workflows.list(
            skip=skip, limit=PAGE, include=("tags", "post_run_checks")
        )
        skip, total = skip + PAGE, page.total

with open_service(project.environments["local"], ".") as client:
    asyncio.run(ask(client))
"""


def compiling_and_planning(report: Report, folder: Path, runs: int) -> None:
    """Processes that compile and plan 1,000 files when nothing has changed, or one file."""
    corpus.write(corpus.project(1000), folder)
    cli = ("-m", "flowdsl")
    changed = folder / "flows/account_1.flow"
    old = time.time() - 3600
    for path in folder.rglob("*.flow"):
        os.utime(path, (old, old))
    process(*cli, "deploy", "--yes", folder=folder)()
    compiled, planned = (process(*cli, word, folder=folder) for word in ("compile", "plan"))
    for job in (compiled, compiled, planned):
        job()
        time.sleep(2.1)  # from when on the times of the files that were written count

    def edited() -> None:
        changed.write_text(changed.read_text() + "# an edit\n")
        planned()

    found = interleaved(
        {
            "pass": process("-c", "pass", folder=folder),
            "check": process(*cli, "check", folder=folder),
            "compile": compiled,
            "bare": process("-c", BARE_REQUESTS, folder=folder),
            "plan": planned,
            "edited": edited,
        },
        runs,
    )
    floor = found["check"] + found["bare"]
    report.row("C2", "compile of 1,000 files, unchanged", found["compile"] / found["pass"], "P", 8)
    report.row("W3", "plan of 1,000 files, unchanged", found["plan"] / floor, "x", 2.5)
    report.row("W4", "plan after one edit", found["edited"] / found["plan"], "x W3", 1.3)
    kept = sum(path.stat().st_size for path in (folder / ".flowdsl/cache").rglob("*.*"))
    report.row("", "bytes of the index, a file", kept / 1000, "bytes")


MEMORY = """
import resource, subprocess, sys

subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command and prints the kilobytes of the largest of its processes."""


def peak_memory(report: Report, folder: Path) -> None:
    """The memory of check, compile and plan over 1,000 and 10,000 files: of the largest process."""
    for count, goal, gate in ((1_000, "M1", 64), (10_000, "M2", 200)):
        root = folder / str(count)
        corpus.write(corpus.project(count), root)
        for words in (("check", "--jobs", "1"), ("compile",), ("plan",)):
            command = [sys.executable, "-c", MEMORY, sys.executable, "-m", "flowdsl", *words]
            found = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True)
            what = f"peak of {words[0]}, {count:,} files"
            judged = gate if goal == "M2" or words[0] == "check" else None
            report.row(goal, what, int(found.stdout) / 1024, "MiB", judged)


def ten_thousand(report: Report, folder: Path, runs: int) -> None:
    """Check, plan, and deploy of one change in 10,000 workflows, against ten times the 1,000."""
    jobs: dict[str, Job] = {}
    cli = ("-m", "flowdsl")
    for count in (1_000, 10_000):
        root = folder / str(count)
        corpus.write(corpus.project(count), root)
        process(*cli, "deploy", "--yes", folder=root)()
        jobs[f"check {count}"] = _check_anew(root)
        jobs[f"plan {count}"] = process(*cli, "plan", folder=root)
        jobs[f"deploy {count}"] = _deploy_an_edit(root)
    found = interleaved(jobs, runs)
    for word, what in (
        ("check", "check of 10,000 files, without the index"),
        ("plan", "plan of 10,000 files, unchanged"),
        ("deploy", "deploy of one change in 10,000 files"),
    ):
        report.row("X1", what, found[f"{word} 10000"] / found[f"{word} 1000"], "x 1,000", 11.0)


def _check_anew(root: Path) -> Job:
    run = process("-m", "flowdsl", "check", folder=root)

    def job() -> None:
        (root / ".flowdsl/cache/check.json").unlink(missing_ok=True)
        run()

    return job


def _deploy_an_edit(root: Path) -> Job:
    run = process("-m", "flowdsl", "deploy", "--yes", folder=root)
    changed = root / "flows/account_1.flow"

    def job() -> None:
        changed.write_text(
            changed.read_text("utf-8").replace('title = "', 'title = "New ', 1), "utf-8"
        )
        run()

    return job


def formatting(report: Report, folder: Path, runs: int) -> None:
    """Processes that format 1,000 files in memory, against the check of them without its index."""
    corpus.write(corpus.project(1000), folder)
    raw, index = folder / "raw", folder / ".flowdsl/cache/check.json"
    corpus.write(corpus.project(1000), raw)
    cli = ("-m", "flowdsl")
    process(*cli, "fmt", "flows", folder=folder)()

    def fresh(*words: str) -> Job:
        check = process(*cli, "check", *words, folder=folder)

        def job() -> None:
            index.unlink(missing_ok=True)
            check()

        return job

    found = interleaved(
        {
            "check": fresh(),
            "alone": fresh("--jobs", "1"),
            "fmt": process(*cli, "fmt", "--check", "flows", folder=folder),
            "raw": process(*cli, "fmt", "--diff", folder=raw),
        },
        runs,
    )
    for name, what in (
        ("fmt", "fmt --check of 1,000 files"),
        ("raw", "the same, nine in ten would change"),
    ):
        gate = 1.3 if name == "fmt" else None
        report.row("F1" if gate else "", what, found[name] / found["check"], "x check", gate)
        report.row("", f"{what}, check in one process", found[name] / found["alone"], "x check")


def stock_lark() -> Callable[[str], object]:
    from lark import Lark

    grammar = Path(__file__).parents[2] / "grammars/flowdsl.lark"
    parser = Lark(
        grammar.read_text(encoding="utf-8"),
        parser="lalr",
        start="file",
        maybe_placeholders=True,
        propagate_positions=True,
    )
    return parser.parse


def parse_ours(text: str) -> object:
    sink = Sink()
    with collector_paused():
        module = parse_module(SourceFile("one.flow", text), sink)
    assert not sink.has_errors
    return module


def check(files: Sequence[tuple[str, str]]) -> object:
    analysis = analyze(MemoryFiles(dict(files)), [name for name, _ in files], CompileOptions())
    assert not analysis.has_errors, analysis.diagnostics[0].message
    return analysis


def check_one(text: str) -> object:
    return check([("one.flow", text)])


def compile_all(files: Sequence[tuple[str, str]]) -> object:
    names = [name for name, _ in files]
    compilation = compile_project(MemoryFiles(dict(files)), names, CompileOptions())
    assert compilation.bundle is not None
    return compilation


def one_large_file(report: Report, runs: int) -> None:
    large = corpus.one_file(20_000)
    parse_stock = stock_lark()
    found = interleaved(
        {
            "K": lambda: parse_stock(large),
            "parse": lambda: parse_ours(large),
            "check": lambda: check_one(large),
            "compile": lambda: compile_all([("one.flow", large)]),
        },
        runs,
    )
    lines, size = large.count("\n"), len(large)
    print(f"     one file of {lines:,} lines, {size / 1000:.0f} kB; K = {found['K']:.2f} s")
    report.row("T1", "parse, times faster than K", found["K"] / found["parse"], "x faster")
    if found["K"] / found["parse"] < 4.0:
        report.missed.append("T1")
    report.row(
        "T2", "full check, times faster than K's parse", found["K"] / found["check"], "x faster"
    )
    report.row("", "compile against check", found["compile"] / found["check"], "x")
    tracemalloc.start()
    check_one(large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    report.row("M1", "peak memory of the check", peak / 1024 / lines, "KiB/line", 3.0)


def scaling(report: Report) -> None:
    """Ten times the input, in a process without Lark, as no user's process loads it."""
    child = [sys.executable, __file__, "--scaling"]
    found = subprocess.run(child, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    lines, parse, whole, files = map(float, found)
    report.row("T6", f"parse of {lines:.1f} times the lines", parse, "x", 1.1 * lines)
    report.row("T6", f"check of {lines:.1f} times the lines", whole, "x", 1.1 * lines)
    report.row("T6", "check of 10 times the files (1,000)", files, "x", 11.0)


def measure_scaling(pairs: int = 9) -> None:
    """Prints how many times the lines there are, and medians of paired ratios.

    These are of parsing, of checking, and of checking many files.
    """
    large, small = corpus.one_file(20_000), corpus.one_file(2_000)
    many, few = (list(corpus.project(count).items()) for count in (1_000, 100))
    jobs: list[tuple[Job, Job]] = [
        (lambda: parse_ours(large), lambda: parse_ours(small)),
        (lambda: check_one(large), lambda: check_one(small)),
        (lambda: check(many), lambda: check(few)),
    ]
    ratios: list[list[float]] = [[] for _ in jobs]
    for _ in range(pairs):
        for found, (big, little) in zip(ratios, jobs, strict=True):
            times = interleaved({"big": big, "little": little}, 1)
            found.append(times["big"] / times["little"])
    print(large.count("\n") / small.count("\n"), *map(statistics.median, ratios))


def many_files(report: Report, runs: int, counts: Sequence[int]) -> None:
    parse_stock = stock_lark()
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
        print(
            f"     {count:,} files: check {found['check']:.2f} s, compile "
            f"{found['compile']:.2f} s, K {found['K']:.2f} s"
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


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="100 files instead of 1,000")
    parser.add_argument(
        "--large", action="store_true", help="memory and times of 10,000 files, too"
    )
    parser.add_argument("--scaling", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine as well")
    options = parser.parse_args()
    if options.scaling:
        measure_scaling()
        return 0
    idle = measure_idleness()
    print(f"     a process gets {idle:.0%} of a core")
    if idle < IDLE and not options.busy:
        print(f"this machine is busy: from {IDLE:.0%} on its figures are worth judging")
        return 2
    report = Report(judges=idle >= IDLE)
    with tempfile.TemporaryDirectory() as folder:
        start_up(report, Path(folder), max(options.runs * 3, 9))
    if not options.quick:
        with tempfile.TemporaryDirectory() as folder:
            whole_project(report, Path(folder), max(options.runs, 5))
        with tempfile.TemporaryDirectory() as folder:
            compiling_and_planning(report, Path(folder), max(options.runs, 5))
        with tempfile.TemporaryDirectory() as folder:
            formatting(report, Path(folder), max(options.runs, 5))
    if options.large:
        with tempfile.TemporaryDirectory() as folder:
            peak_memory(report, Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            ten_thousand(report, Path(folder), 3)
    scaling(report)
    one_large_file(report, options.runs)
    many_files(report, options.runs, (1, 10, 100) if options.quick else (1, 100, 1000))
    if report.missed:
        print("missed:", ", ".join(sorted(set(report.missed))))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
